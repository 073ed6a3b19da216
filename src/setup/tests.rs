//! The set-up reader against a small good set-up and many ways to spoil it.

use super::{Accepted, Faults, Finding, Memory, Progress, Reading, Setup, examine, read};
use crate::domain::Language;

mod answers;
mod damage;
mod lists;
mod properties;
mod survey;

const SURVEY: &str = r#"id = "census-2020"
name = "Census"
name_zh = "普查"
district = "410181"
time_zone = "Asia/Shanghai"
reference_at = "2020-11-01T00:00:00+08:00"
starts_on = "2020-11-01"
ends_on = 2020-11-15

[closing]
max_attempts = 5
min_attempts = 3
"#;
const AREAS: &str = "code,parent,level,name,name_zh
410181,,district,Gongyi,巩义市
c1,410181,community,Yongxin Road,永新路社区
e1,c1,estate,East,东苑
e2,c1,estate,West,
";
const DWELLINGS: &str = "area,building,unit,floor,room,kind,lon,lat,external_id,colour
e1,1,1,1,101,residential,112.97,34.75,x1,red
e1,1,1,1,102,residential,,,,
e1,1,,,0103,business,112.97,34.75,,
e2,6,2,-1,101,residential,112.98,34.76,,
";
const STAFF: &str = "user,name,role,area,shift_weekend,shift_sunday
e01,Liu Yang 刘洋,enumerator,e1,09:00-12:00;14:00-21:00,
s01,Zhang Min 张敏,supervisor,c1,,10:00-12:00
root,Wang Wei 王伟,admin,410181,,
";

fn good() -> Memory {
    let mut files = Memory::default();
    for (name, text) in
        [("survey.toml", SURVEY), ("areas.csv", AREAS), ("dwellings.csv", DWELLINGS), ("staff.csv", STAFF)]
    {
        files.put(name, text);
    }
    files
}

fn outcome(files: &Memory) -> Result<Setup, Faults> {
    read(files, &mut |_| {})
}

fn reading(files: &Memory) -> Reading {
    examine(files, &mut |_| {})
}

/// The faults after replacing `from` by `to` in `file`, as printed.
fn faults(file: &str, from: &str, to: &str) -> Vec<String> {
    let mut files = good();
    let text = String::from_utf8(files.0[file].clone()).unwrap();
    assert!(text.contains(from), "{file} has no {from:?}");
    files.put(file, text.replacen(from, to, 1));
    match outcome(&files) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.listed().iter().map(|one| one.say(Language::En)).collect(),
    }
}

#[test]
fn a_good_set_up_is_read_whole() {
    let setup = outcome(&good()).unwrap();
    let survey = &setup.survey;
    assert_eq!((survey.slug.as_str(), survey.name_zh.as_str()), ("census-2020", "普查"));
    assert_eq!(survey.ends_on.to_string(), "2020-11-15");
    assert_eq!(survey.reference_at.to_string(), "2020-10-31T16:00:00Z");
    assert_eq!(survey.policy.closing.max_attempts, 5);
    let tree: Vec<_> = setup.areas.iter().map(|a| (&*a.code, a.lo, a.hi, a.depth)).collect();
    assert_eq!(tree, [("410181", 1, 4, 0), ("c1", 2, 4, 1), ("e1", 3, 3, 2), ("e2", 4, 4, 2)]);
    assert_eq!(setup.area("e2").unwrap().name_zh, "West");
    assert!(setup.areas[1].holds(&setup.areas[3]) && !setup.areas[2].holds(&setup.areas[3]));
    let doors: Vec<_> = setup.dwellings.iter().map(|d| (setup.key(d), d.line, d.floor, d.lon)).collect();
    assert_eq!(doors[0], ("410181|E1|1|1|101".to_owned(), 2, Some(1), Some(112.97)));
    assert_eq!(doors[2], ("410181|E1|1||0103".to_owned(), 4, None, Some(112.97)));
    assert_eq!(doors[3].2, Some(-1));
    assert_eq!(setup.dwellings[0].building_id, setup.dwellings[2].building_id);
    assert_eq!(setup.dwellings[0].external_id.as_deref(), Some("x1"));
    let hours = &setup.staff[0].shifts;
    assert_eq!(hours.weekday, None);
    assert_eq!(hours.saturday.as_ref().map(Vec::len), Some(2));
    assert_eq!(hours.sunday, Some(Vec::new()));
    let stored = serde_json::to_string(hours).unwrap();
    assert_eq!(stored, r#"{"weekday":null,"saturday":[[540,720],[840,1260]],"sunday":[]}"#);
    assert_eq!(serde_json::from_str::<super::Shifts>(&stored).unwrap(), *hours);
}

#[test]
fn survey_defaults_are_filled_in() {
    let mut files = good();
    let text = SURVEY
        .replace("name_zh = \"普查\"\n", "")
        .replace("reference_at = \"2020-11-01T00:00:00+08:00\"\n", "");
    files.put("survey.toml", text);
    let survey = outcome(&files).unwrap().survey;
    assert_eq!(survey.name_zh, "Census");
    assert_eq!(survey.reference_at.to_string(), "2020-10-31T16:00:00Z");
}

/// File, what is replaced in it, by what.
#[rustfmt::skip]
const ODD_BUT_RIGHT: &[[&str; 3]] = &[
    ["areas.csv", "Yongxin Road", "\"Yongxin \"\"Road\"\", the\nlong one\""],
    ["areas.csv", "code,parent", "\u{feff}Code , parent"],
    ["areas.csv", "c1,410181,community,Yongxin Road,永新路社区\n", "c1,410181,community,,永新路社区\n\n,,,,\n"],
    ["dwellings.csv", "lon,lat,external_id,colour", "lon,lat,remark,colour"],
    ["dwellings.csv", "e1,1,1,1,101", " e1 ,１,2,1,0101"],
    ["survey.toml", "starts_on = \"2020-11-01\"", "starts_on = 2020-11-01 # Sunday"],
    ["survey.toml", "\"2020-11-01T00:00:00+08:00\"", "2020-11-01T00:00:00"],
    ["survey.toml", "id = ", "\u{feff}id = "],
    ["staff.csv", "e01,Liu Yang 刘洋,enumerator", "刘.洋-1@x,\"Liu, Yang\",enumerator"],
];

#[test]
fn odd_but_right_files_are_read() {
    for [file, from, to] in ODD_BUT_RIGHT {
        assert_eq!(faults(file, from, to), Vec::<String>::new(), "{file}: {from:?} -> {to:?}");
    }
    let mut files = good();
    for bytes in files.0.values_mut() {
        *bytes =
            [b"\xef\xbb\xbf", String::from_utf8(bytes.clone()).unwrap().replace('\n', "\r\n").as_bytes()]
                .concat();
    }
    assert_eq!(outcome(&files).unwrap(), outcome(&good()).unwrap());
}

#[test]
fn all_faults_of_all_files_come_in_one_go() {
    let mut files = good();
    files.put(
        "survey.toml",
        SURVEY.replace("Asia/Shanghai", "Asia/Atlantis").replace("max_attempts = 5", "x = 1\ny = 2"),
    );
    files.put("dwellings.csv", DWELLINGS.replace("business,112.97", "castle,east").replace("e2,", "e9,"));
    files.put("staff.csv", STAFF.replace("supervisor,c1", "emperor,nowhere"));
    let faults = outcome(&files).unwrap_err();
    let places: Vec<_> =
        faults.listed().iter().map(|f| (&*f.file, f.lines.first(), f.column.as_str())).collect();
    assert_eq!(
        places,
        [
            ("survey.toml", Some(5), "time_zone"),
            ("survey.toml", Some(11), "closing.x"),
            ("survey.toml", Some(12), "closing.y"),
            ("dwellings.csv", Some(4), "kind"),
            ("dwellings.csv", Some(4), "lon"),
            ("dwellings.csv", Some(5), "area"),
            ("staff.csv", Some(3), "role"),
            ("staff.csv", Some(3), "area"),
        ]
    );
}

#[test]
fn a_broken_areas_file_does_not_make_every_door_a_fault() {
    let mut files = good();
    let gbk = [AREAS.replace("巩义市", "").as_bytes(), b"e3,c1,estate,North,\xb1\xb1\xd4\xb7\n"].concat();
    files.put("areas.csv", gbk);
    files.put("dwellings.csv", DWELLINGS.replace("e2,", "e3,"));
    let faults = outcome(&files).unwrap_err();
    assert_eq!(faults.to_string().lines().count(), 1, "{faults}");
    assert!(faults.to_string().starts_with("areas.csv:6: not UTF-8 text"), "{faults}");
    for name in super::FILES {
        let mut files = good();
        files.0.remove(name);
        assert_eq!(outcome(&files).unwrap_err().to_string(), format!("{name}: the file is missing"));
        files.put(name, "");
        let faults = outcome(&files).unwrap_err();
        assert!(faults.listed().iter().all(|fault| fault.file == name), "{faults}");
    }
}

#[test]
fn progress_is_told_for_long_files_and_at_each_end() {
    let mut files = good();
    let door = |n: u32| format!("e1,{},1,,{n},residential,,,,", n % 50);
    let doors = (0..45_000).map(door).collect::<Vec<_>>().join("\n");
    files.put("dwellings.csv", DWELLINGS.lines().next().unwrap().to_owned() + "\n" + &doors);
    let mut told = Vec::new();
    read(&files, &mut |progress: Progress| {
        told.push((progress.file, progress.rows));
    })
    .unwrap();
    let rows: Vec<_> =
        told.iter().filter(|(file, _)| *file == "dwellings.csv").map(|&(_, rows)| rows).collect();
    assert_eq!(rows, [20_000, 40_000, 45_000]);
    assert!(told.contains(&("areas.csv", 4)) && told.contains(&("staff.csv", 3)));
}
