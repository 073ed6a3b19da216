//! Pairs of names, IDs and roles, and the level each must reach, whichever comes first.

use super::*;
use crate::link::birth::Birth;
use crate::link::citizen::{Citizen, Digest};
use crate::link::interview::PersonGiven;
use crate::link::{DigestKey, IdGiven};

fn person(name: &str) -> PreparedPerson {
    let given = PersonGiven { name: Some(name.to_owned()), ..PersonGiven::default() };
    PreparedPerson::read(&given, &DigestKey::new([0; 32]))
}

fn name_level(a: &str, b: &str) -> NameLevel {
    let (x, y) = (person(a), person(b));
    let level = compare_person(&x, &y).name;
    assert_eq!(compare_person(&y, &x).name, level, "{a} {b} must be symmetric");
    level
}

#[test]
fn han_names() {
    use NameLevel as L;
    for (a, b, want) in [
        ("王伟", "王伟", L::Same),
        ("劉曉東", "刘晓东", L::Same),
        ("付润", "傅闰", L::SameSound),
        ("何志", "贺志", L::SameSound),
        ("赵峰强", "赵强峰", L::SwappedGiven),
        ("程亮", "陈亮", L::NearSound),
        ("王英", "王银", L::NearSound),
        ("李秀英", "刘秀英", L::GivenSame),
        ("志强", "王志强", L::GivenSame),
        ("刘雨琪", "刘琪琪", L::OneOfTwo),
        ("张冉菲", "张小菲", L::OneOfTwo),
        ("杨雯静", "杨静", L::Contained),
        ("周丽丽", "周丽", L::Contained),
        ("小芳", "杨改芳", L::Nickname),
        ("阿亮", "王亮", L::Nickname),
        ("老王", "王孬天", L::VagueSurname),
        ("王某", "王孬天", L::VagueSurname),
        ("李未取名", "李梓涵", L::VagueSurname),
        ("李未取名", "张梓涵", L::Missing),
        ("王某", "李孬天", L::VagueOther),
        ("王先生", "王女士", L::VagueSurname),
        ("不详", "王孬天", L::Missing),
        ("王伟", "王军", L::SurnameOnly),
        ("王伟", "李伟", L::GivenShort),
        ("王伟", "李军", L::Other),
        ("wang xiaoming", "王晓明", L::SameSound),
        ("Xiaoming Wang", "王晓明", L::SameSound),
        ("Li Na", "王晓明", L::Other),
    ] {
        assert_eq!(name_level(a, b), want, "{a} {b}");
    }
}

#[test]
fn latin_names() {
    use LatinLevel as L;
    for (a, b, given, surname) in [
        ("kyle rundle", "kyle rundle", L::Same, L::Same),
        ("kylie rundle", "kyle rundel", L::Close, L::Close),
        ("k rundle", "kyle rundle", L::Initial, L::Same),
        ("rundle", "kyle rundle", L::Missing, L::Same),
        ("thomas jolly", "sarah haggett", L::Other, L::Other),
    ] {
        let levels = compare_person(&person(a), &person(b));
        assert_eq!((levels.given, levels.surname), (given, surname), "{a} {b}");
    }
    let crossed = compare_person(&person("rundle kyle"), &person("kyle rundle"));
    assert_eq!((crossed.given, crossed.order), (L::Missing, OrderLevel::Crossed));
}

#[test]
fn named_by_the_spouse() {
    let mut husband_known = person("向书英");
    husband_known.partner = person("吴德文").name.sound;
    assert_eq!(compare_person(&person("吴德文妻"), &husband_known).name, NameLevel::Spouse);
    assert_eq!(compare_person(&person("吴德文妻"), &person("向书英")).name, NameLevel::Missing);
}

fn with_id(name: &str, id: u128, quality: IdQuality) -> PreparedPerson {
    let mut p = person(name);
    p.citizen = Some(Citizen { digest: Digest(id), quality });
    p.birth = Birth { year: Some(if name == "王伟" { 1980 } else { 2001 }), ..Birth::default() };
    p
}

#[test]
fn ids() {
    use IdQuality::{Opaque, Repaired, Valid};
    let wang = |id, quality| with_id("王伟", id, quality);
    for (a, b, want) in [
        (wang(1, Valid), wang(1, Valid), IdLevel::Same),
        (wang(1, Valid), wang(1, Repaired), IdLevel::SameRepaired),
        (wang(1, Valid), wang(2, Valid), IdLevel::Conflict),
        (wang(1, Valid), with_id("李军", 1, Valid), IdLevel::Borrowed),
        (wang(1, Opaque), wang(2, Opaque), IdLevel::OtherNumber),
        (wang(1, Opaque), wang(1, Opaque), IdLevel::Same),
    ] {
        assert_eq!(compare_person(&a, &b).citizen, want);
    }
    assert_eq!(format!("{:?}", IdGiven::Plain("419999198503074514".into())), "IdGiven(..)");
}
