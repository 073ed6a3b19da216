//! Many ways to write a name, and what each must be read as.

use super::*;

fn read(text: &str) -> Name {
    Name::read(&PersonGiven { name: Some(text.to_owned()), ..PersonGiven::default() })
}

#[test]
fn full_names() {
    for (text, surname, given) in [
        ("王伟", "王", "伟"),
        ("赵 峰永", "赵", "峰永"),
        ("马·文东", "马", "文东"),
        ("欧阳利紫", "欧阳", "利紫"),
        ("歐陽麗華", "欧阳", "丽华"),
        ("陳曉燕（户主）", "陈", "晓燕"),
        ("　张　三　", "张", "三"),
        ("买买提·艾力", "买", "买提艾力"),
        ("單雲龍", "单", "云龙"),
        ("小林光一", "小", "林光一"),
    ] {
        let name = read(text);
        assert_eq!(
            (name.form, name.surname.as_str(), name.given.as_str()),
            (NameForm::Full, surname, given),
            "{text}"
        );
        assert_ne!(name.full, 0);
    }
}

#[test]
fn one_name_many_writings() {
    let want = read("刘晓东").full;
    for text in ["劉曉東", "刘 晓东", "刘·晓东", "刘晓东(子)", " 刘晓东\u{200b}"] {
        assert_eq!(read(text).full, want, "{text}");
    }
    assert_eq!(read("付润").sound, read("傅闰").sound);
    assert_ne!(read("付润").full, read("傅闰").full);
}

#[test]
fn vague_names() {
    use NameForm as F;
    for (text, form, surname) in [
        ("王某", F::SurnameOnly, "王"),
        ("王某某", F::SurnameOnly, "王"),
        ("赵××", F::SurnameOnly, "赵"),
        ("赵XX", F::SurnameOnly, "赵"),
        ("李*", F::SurnameOnly, "李"),
        ("王先生", F::SurnameOnly, "王"),
        ("欧阳女士", F::SurnameOnly, "欧阳"),
        ("老王头", F::SurnameOnly, "王"),
        ("王师傅", F::SurnameOnly, "王"),
        ("王姐", F::SurnameOnly, "王"),
        ("王", F::SurnameOnly, "王"),
        ("老王", F::Nickname, "王"),
        ("小芳", F::Nickname, "芳"),
        ("阿亮", F::Nickname, "亮"),
        ("李未取名", F::Unnamed, "李"),
        ("上官宝宝", F::Unnamed, "上官"),
        ("宝宝", F::Unnamed, ""),
        ("不详", F::Unknown, ""),
        ("", F::Unknown, ""),
        ("某人", F::Unknown, ""),
        ("张三儿子", F::Unknown, ""),
    ] {
        let name = read(text);
        assert_eq!((name.form, name.surname.as_str()), (form, surname), "{text}");
        assert!(form == F::Full || name.full == 0, "{text}");
    }
}

#[test]
fn named_by_the_spouse() {
    let wife = read("侯晓辉妻");
    assert_eq!(wife.form, NameForm::Unknown);
    assert_eq!(wife.spouse_of, read("侯晓辉").sound);
    let either = read("刘会夫");
    assert_eq!(either.form, NameForm::Full);
    assert_eq!(either.spouse_of, read("刘会").sound);
}

#[test]
fn latin_names() {
    for (text, given, surname) in [
        ("Robert D Thomas", "robert", "thomas"),
        ("kyle rundle", "kyle", "rundle"),
        ("Wang, Xiaoming", "xiaoming", "wang"),
        ("O'Brien", "", "obrien"),
        ("José Núñez", "jose", "nunez"),
    ] {
        let name = read(text);
        assert_eq!((name.given.as_str(), name.surname.as_str()), (given, surname), "{text}");
        assert_eq!(name.form, NameForm::Latin);
    }
    let given_missing = Name::read(&PersonGiven {
        name: Some("J Thomas".into()),
        surname: Some("Thomas".into()),
        ..PersonGiven::default()
    });
    assert_eq!((given_missing.given.as_str(), given_missing.surname.as_str()), ("", "thomas"));
}
