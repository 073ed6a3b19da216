//! Faults of the TOML file, one at a time, with the line each must name.

use super::faults;

/// What is replaced in the file, by what, and how the first fault begins.
#[rustfmt::skip]
const CASES: &[[&str; 3]] = &[
    ["id = \"census-2020\"\n", "", "survey.toml: id: missing"],
    ["census-2020", "Census 2020", "survey.toml:1: id: \"Census 2020\": 1 to 64 small letters"],
    ["name = \"Census\"", "name = 7", "survey.toml:2: name: in quotation marks, not as integer"],
    ["name = \"Census\"", "name = \" \"", "survey.toml:2: name: 1 to 200 characters"],
    ["410181", "4101811", "survey.toml:4: district: \"4101811\": a district code has 6 digits"],
    ["Asia/Shanghai", "Asia/Atlantis", "survey.toml:5: time_zone: \"Asia/Atlantis\": not a time zone"],
    ["2020-11-01T00:00:00+08:00", "yesterday", "survey.toml:6: reference_at: \"yesterday\": a moment like"],
    ["starts_on = \"2020-11-01\"", "starts_on = \"2020-11-31\"", "survey.toml:7: starts_on: \"2020-11-31\": a date like"],
    ["ends_on = 2020-11-15", "ends_on = \"2001-01-01\"", "survey.toml:8: ends_on: \"2001-01-01\": before starts_on"],
    ["ends_on = 2020-11-15", "ends_on = 15", "survey.toml:8: ends_on: in quotation marks"],
    ["ends_on = 2020-11-15", "ends_on = ", "survey.toml:8: not valid TOML"],
    ["max_attempts = 5", "max_attempts = 2", "survey.toml:11: closing.max_attempts: \"2\": "],
    ["max_attempts = 5", "max_attempts = \"five\"", "survey.toml:11: closing.max_attempts: \"five\": expected "],
    ["max_attempts = 5", "max_tries = 5", "survey.toml:11: closing.max_tries: not a key of this place; known are"],
    ["[closing]", "[limits]\npicture_mib = 0\n[closing]", "survey.toml:11: limits.picture_mib: \"0\": must be 1 to 1000000"],
    ["[closing]", "[limits]\nunnamed_days = \"a week\"\n[closing]", "survey.toml:11: limits.unnamed_days: \"a week\": expected "],
    ["[closing]", "[limits]\npictures = 5\n[closing]", "survey.toml:11: limits.pictures: not a key of this place; known are"],
    ["[closing]", "[closings]", "survey.toml:10: closings: not a key of this place; known are"],
    ["[closing]", "[[band]]\nid = \"m\"\n[closing]", "survey.toml:"],
];

#[test]
fn one_fault_of_the_survey_is_named_with_its_line() {
    for [from, to, expected] in CASES {
        let found = faults("survey.toml", from, to);
        assert!(!found.is_empty(), "{from:?} -> {to:?}");
        assert!(found[0].starts_with(expected), "{from:?} -> {to:?}\n{expected}\n{found:?}");
    }
}
