//! Many ways to write one door, and doors that must not be taken for one another.

use super::*;

fn parts(text: &str) -> (String, String, String, String) {
    let a = Address::parse(text);
    (a.estate, a.building, a.unit, a.room)
}

#[test]
fn one_door_many_writings() {
    for text in [
        "翠园新城6号楼2单元301",
        "翠园新城6-2-301",
        "翠园新城6#2单元301号",
        "翠园新城六号楼二单元301室",
        "翠园新城6栋2门301",
        "翠园新城6幢2门301室",
        "货场路79号翠园新城6号楼2单元301",
        "河南省巩义市桐本社区翠园新城6#2单元301号",
        "巩义市新华路翠园新城6-2-301",
        "翠园新城６＃２单元３０１",
        "翠園新城6號樓2單元301室",
        "翠园新城6号楼2单元3楼东户",
        "翠园新城六号楼二单元三楼东户",
        "翠园新城6号楼2单元3层1号",
        "翠园新城 6 号楼 2 单元 301 室",
        "翠园新城06号楼02单元0301",
        "翠园新城6/2/301",
        "翠园新城，6号楼，2单元，301室",
        "翠园新城6号楼2单元三零一",
        "翠园新城6号2单元301",
        "翠园新城6楼2单元301",
        "人民路街道翠园新城第6栋2单元301房",
    ] {
        let want = ("翠园新城".into(), "6".into(), "2".into(), "301".into());
        assert_eq!(parts(text), want, "{text}");
    }
}

#[test]
fn other_forms() {
    for (text, estate, building, unit, room) in [
        ("嵩洛新城3排6号", "嵩洛新城", "3", "", "6"),
        ("嵩洛新城第三排6号", "嵩洛新城", "3", "", "6"),
        ("和谐小区8-302", "和谐小区", "8", "", "302"),
        ("翠园华府8号楼1601", "翠园华府", "8", "", "1601"),
        ("东方花园六号楼102室", "东方花园", "6", "", "102"),
        ("幸福园6-4-402", "幸福园", "6", "4", "402"),
        ("柏峪村3组12号", "柏峪村", "3", "", "12"),
        ("锦绣公寓十一号楼三单元1103室", "锦绣公寓", "11", "3", "1103"),
        ("翠园新城3号楼2单元五楼西户", "翠园新城", "3", "2", "502"),
        ("金桂小区B座1203", "金桂小区", "b", "", "1203"),
        ("八一花园2号楼1单元201", "八一花园", "2", "1", "201"),
        ("盛世公寓4行12户", "盛世公寓", "4", "", "12"),
        ("郑州市", "郑州市", "", "", ""),
        ("外省", "外省", "", "", ""),
        ("", "", "", "", ""),
    ] {
        let want = (estate.into(), building.into(), unit.into(), room.into());
        assert_eq!(parts(text), want, "{text}");
    }
}

#[test]
fn parts_and_text_give_the_same() {
    let typed = DwellingGiven {
        estate: Some("翠园新城".into()),
        building: Some("六号楼".into()),
        unit: Some("二单元".into()),
        room: Some("三楼东户".into()),
        ..DwellingGiven::default()
    };
    assert_eq!(Address::read(&typed), Address::parse("翠园新城6-2-301"));
    let text_only =
        DwellingGiven { text: Some("翠园新城6#2单元301号".into()), ..DwellingGiven::default() };
    assert_eq!(Address::read(&text_only), Address::read(&typed));
    let with_floor = DwellingGiven { room: Some("3-01".into()), ..typed.clone() };
    assert_eq!(Address::read(&with_floor), Address::read(&typed));
    let bare = DwellingGiven {
        estate: Some("翠园新城".into()),
        building: Some("6".into()),
        unit: Some("2".into()),
        room: Some("301".into()),
        ..DwellingGiven::default()
    };
    assert_eq!(Address::read(&bare), Address::read(&typed));
}

#[test]
fn agreement() {
    use AddressMatch as M;
    for (a, b, want) in [
        ("翠园新城6-2-301", "翠园6号楼2单元301", M::Same),
        ("翠园新城6-2-301", "翠园新城6-301", M::Same),
        ("翠园新城6-2-301", "翠园华府6-2-301", M::Different),
        ("翠园新城6-2-301", "翠园新城6-2-302", M::Building),
        ("翠园新城6-2-1301", "翠园新城6-2-1031", M::Near),
        ("翠园新城6-2-301", "翠园新城6-3-301", M::Near),
        ("翠园新城6-2-301", "翠园新城7-2-301", M::Different),
        ("翠园新城6-2-301", "郑州市", M::Unknown),
    ] {
        assert_eq!(Address::parse(a).compare(&Address::parse(b)), want, "{a} {b}");
        assert_eq!(Address::parse(b).compare(&Address::parse(a)), want, "{b} {a}");
    }
}

#[test]
fn latin_addresses_stay_as_they_are() {
    let given = |room: &str, street: &str| DwellingGiven {
        estate: Some("brighton".into()),
        building: Some(street.into()),
        room: Some(room.into()),
        text: Some("107, greenhood place, brighton".into()),
        ..DwellingGiven::default()
    };
    let a = Address::read(&given("107", "greenhood place"));
    assert_eq!((a.building.as_str(), a.room.as_str()), ("greenhood place", "107"));
    assert_eq!(a.compare(&Address::read(&given("107", "greenhod place"))), AddressMatch::Same);
}

#[test]
fn of_a_story_only_the_beginning_is_read() {
    let story = format!("6号楼2单元301{}", "，门口有一棵很老的树".repeat(2_000));
    let address = Address::parse(&story);
    assert_eq!((address.building.as_str(), address.unit.as_str()), ("6", "2"));
    assert!(address.estate.chars().count() + address.room.chars().count() < 1_100);
}
