//! Questions and their answers, and what is told of a set-up as a whole.

use super::{AREAS, Accepted, Finding, good, reading};
use crate::domain::Language;
use crate::setup::{Class, Rule};

#[test]
fn every_rule_has_a_sentence_in_both_languages_and_a_code_of_its_own_class() {
    let mut seen = std::collections::HashMap::new();
    for &(code, class) in Rule::CODES {
        assert!(code.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{code}");
        let known = seen.entry(code).or_insert(class);
        // One question may be told or asked by what the column says, never both asked and wrong.
        assert!(*known == class || (*known != Class::Bad && class != Class::Bad), "{code}");
    }
    for rule in [Rule::Gaps, Rule::ColumnTwice, Rule::SameDoor { first: 3 }] {
        assert_ne!(rule.say(Language::En), rule.say(Language::Zh));
    }
}

#[test]
fn a_question_is_answered_by_its_name_and_by_no_other() {
    let mut files = good();
    let text = String::from_utf8(files.0["dwellings.csv"].clone()).unwrap();
    files.put("dwellings.csv", text.replace(",102,", ",1月2日,").replace("112.98,34.76", "34.76,112.98"));
    let read = reading(&files);
    let names: Vec<_> = read.asked().map(Finding::name).collect();
    assert_eq!(names, ["dwellings.room.date", "dwellings.lon.exchanged"]);
    let left =
        |answers: &[&str]| read.faults(&Accepted::of(answers.iter().copied())).map(|faults| faults.total());
    assert_eq!(left(&[]), Some(2));
    assert_eq!(left(&["dwellings.room.date"]), Some(1));
    assert_eq!(left(&["Dwellings.ROOM.date ", "dwellings.lon.exchanged"]), None);
    assert_eq!(left(&["dwellings.room", "all", "*"]), Some(2));
    assert_eq!(Accepted::of(["dwellings.room.date", "x.y"]).idle(&read), ["x.y"]);
    let faults = read.faults(&Accepted::default()).unwrap();
    assert_eq!((faults.wrong(), faults.asked()), (0, 2));
    let text = faults.to_string();
    assert!(text.contains("dwellings.csv:3: room: \"1月2日\": reads like a date"), "{text}");
    assert!(text.contains("or add --accept dwellings.room.date if it is right"), "{text}");
    let setup = read.answered(&Accepted::of(names.iter().map(String::as_str))).unwrap();
    assert_eq!(&*setup.dwellings[1].room, "1月2日", "kept as written");
    assert_eq!(
        (setup.dwellings[3].lon, setup.dwellings[3].lat),
        (Some(112.98), Some(34.76)),
        "exchanged back"
    );
}

#[test]
fn many_lines_with_one_fault_are_one_finding_and_many_values_are_bounded() {
    let mut files = good();
    let header = "area,building,unit,floor,room,kind,lon,lat\n";
    let door = |n: u32, kind: &str| format!("e1,1,1,1,{n},{kind},,\n");
    files
        .put("dwellings.csv", header.to_owned() + &(100..200).map(|n| door(n, "castle")).collect::<String>());
    let faults = reading(&files).faults(&Accepted::default()).unwrap();
    let only = &faults.listed()[0];
    assert_eq!((faults.total(), only.lines.count(), only.lines.first()), (1, 100, Some(2)));
    assert!(faults.to_string().ends_with("under_construction (also on lines 3-101)"), "{faults}");
    files.put(
        "dwellings.csv",
        header.to_owned() + &(100..200).map(|n| door(n, &format!("k{n}"))).collect::<String>(),
    );
    let faults = reading(&files).faults(&Accepted::default()).unwrap();
    assert_eq!(faults.total(), 9);
    assert!(faults.to_string().contains("other values with such a fault on more lines: 10-101"), "{faults}");
}

#[test]
fn no_finding_shows_a_name_or_a_long_number() {
    let mut files = good();
    let text = String::from_utf8(files.0["staff.csv"].clone()).unwrap();
    let name = "Zhang \u{fffd} 419999198503074514";
    files.put("staff.csv", text.replace("Zhang Min 张敏", name).replace("e01,", "419999198503074514 x,"));
    let read = reading(&files);
    let all = read.faults(&Accepted::default()).unwrap();
    assert!(all.listed().iter().any(|one| one.name() == "staff.name.lost-signs"));
    for one in all.listed().iter().chain(read.told()) {
        for language in [Language::En, Language::Zh] {
            let said = one.say(language);
            assert!(!said.contains("Zhang") && !said.contains("419999198503074514"), "{said}");
        }
    }
}

#[test]
fn what_was_understood_is_told_as_tables() {
    let mut files = good();
    files.put("areas.csv", AREAS.replace(',', ";"));
    let (read, contents) = reading(&files).understood(Language::En);
    let row = |file: &str| read.rows.iter().find(|row| row[0] == file).unwrap().join(" | ");
    assert_eq!(
        row("areas.csv"),
        "areas.csv | UTF-8 | semicolons | LF | 4 | 0 | code, parent, level, name, name_zh | –"
    );
    assert!(row("dwellings.csv").ends_with("external_id | colour"), "{}", row("dwellings.csv"));
    let contents = contents.unwrap();
    let value = |what: &str| contents.rows.iter().find(|row| row[0] == what).unwrap()[1].clone();
    assert_eq!(value("areas"), "4 (1 district, 1 community, 2 estate)");
    assert_eq!(value("buildings"), "2");
    assert_eq!(value("doors"), "4 (3 Dwelling, 1 Business)");
    assert_eq!(value("places"), "3 of 4 doors, lon 112.97 – 112.98, lat 34.75 – 34.76");
    assert_eq!(value("staff"), "3 (1 Enumerator, 1 Supervisor, 1 Administrator)");
    assert_eq!(
        value("a device may send"),
        "500 MiB of pictures a day; 100 MiB without a visit, for 7 days; 500 refused records a day kept"
    );
    assert!(
        value("hours on duty").contains("3 with hours of their own (09:00-21:00)"),
        "{}",
        value("hours on duty")
    );
    let (zh, _) = reading(&files).understood(Language::Zh);
    assert_eq!(zh.head[0], "文件");
}
