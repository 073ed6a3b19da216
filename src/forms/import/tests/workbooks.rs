//! Spreadsheets as people make them, and the forms of this repository.

use super::*;
use crate::forms::binding::role_faults;
use crate::forms::model::{FormRole, Kind};

#[test]
fn a_form_keeps_its_types_labels_and_place_of_choices() {
    let mut sheets = small();
    sheets.get_mut("survey").unwrap().extend(rows(&[
        &["select_multiple need", "needs", "需求", "Needs", ""],
        &["begin_repeat", "child", "子女", "Children", ""],
        &["integer", "age", "年龄", "Age", ""],
        &["end_repeat"],
        &["note", "thanks", "谢谢", "Thanks", ""],
    ]));
    sheets.insert(
        "choices",
        rows(&[
            &["list_name", "name", "label::中文 (zh)", "label::English (en)"],
            &["need", "lift", "电梯", "Lift"],
            &["need", "park", "停车", "Parking"],
        ]),
    );
    let taken = take(&workbook(&sheets, &[])).unwrap();
    let kinds: Vec<(&str, Kind)> = taken.model.walk().iter().map(|n| (n.path.as_str(), n.kind)).collect();
    assert_eq!(
        kinds,
        [
            ("/data/knocks", Kind::Int),
            ("/data/remark", Kind::String),
            ("/data/needs", Kind::SelectMultiple),
            ("/data/child", Kind::Repeat),
            ("/data/child/age", Kind::Int),
            ("/data/thanks", Kind::Note),
        ]
    );
    let needs = taken.model.node("/data/needs").unwrap();
    assert_eq!((needs.labels["zh"].as_str(), needs.choices[1].labels["en"].as_str()), ("需求", "Parking"));
    assert_eq!(taken.model.questions(), 4);
    assert_eq!(taken.warnings, []);
}

#[test]
fn what_is_odd_but_right_is_taken() {
    let mut sheets = small();
    sheets.get_mut("settings").unwrap()[1][2] = "=n 2026113001".to_owned();
    let survey = sheets.get_mut("survey").unwrap();
    survey[0][0] = " type ".to_owned();
    survey[0][2] = "label：：中文 (zh)".to_owned();
    survey[0].push("my notes".to_owned());
    survey[1][0] = "\u{feff}ｉｎｔｅｇｅｒ".to_owned();
    survey.insert(1, Vec::new());
    survey.extend(rows(&[&["text", "last", "“最后”", "last", "", "for us"]]));
    let taken = take(&workbook(&sheets, &[])).unwrap();
    assert_eq!((taken.model.version.as_str(), taken.model.questions()), ("2026113001", 3));
    assert_eq!(taken.model.node("/data/last").unwrap().labels["zh"], "\"最后\"");
}

#[test]
fn a_form_without_a_version_gets_one() {
    let mut sheets = small();
    sheets.get_mut("settings").unwrap()[1][2].clear();
    let made = take(&workbook(&sheets, &[])).unwrap();
    assert_eq!(made.model.version, "2026113001");
    let xform = take(&with(&[])).unwrap().xform.replace(" version=\"1\"", "");
    assert_eq!(take(xform.as_bytes()).unwrap().model.version, "2026113001");
}

#[test]
fn what_is_stored_reads_as_the_same_form_and_is_not_changed_again() {
    let first = take_with(include_bytes!("../../../../forms/door.xlsx"), &[]).unwrap();
    let again = take_with(first.xform.as_bytes(), &[]).unwrap();
    assert_eq!(again.xform, first.xform);
    assert_eq!(again.model, first.model);
}

#[test]
fn all_faults_of_a_spreadsheet_come_at_once_each_with_its_place() {
    let told = lines(&with(&[
        &["no_such_type", "x", "x", "x", ""],
        &["select_one nolist", "y", "y", "y", ""],
        &["integer", "1bad name", "z", "z", ""],
        &["integer", "a", "a", "a", "visit.nothing"],
        &["integer", "b", "b", "b", "person.name"],
    ]));
    for (row, word) in
        [(4, "no_such_type"), (5, "nolist"), (6, "name"), (7, "visit.nothing"), (8, "person.name")]
    {
        let place = format!("survey: row {row}: ");
        assert!(told.iter().any(|line| line.starts_with(&place) && line.contains(word)), "{row}: {told:#?}");
    }
    assert_eq!(told.len(), 5, "{told:#?}");
}

#[test]
fn a_missing_id_and_a_doubled_column_are_said() {
    let mut sheets = small();
    sheets.get_mut("settings").unwrap()[1][1].clear();
    assert!(lines(&workbook(&sheets, &[]))[0].contains("form_id"));
    let mut sheets = small();
    sheets.get_mut("survey").unwrap()[0][4] = "Name".to_owned();
    assert!(lines(&workbook(&sheets, &[]))[0].starts_with("survey: row 1: Name: "));
    let mut sheets = small();
    sheets.get_mut("survey").unwrap().extend(rows(&[&["select_multiple l", "m", "m", "m"]]));
    sheets
        .insert("choices", rows(&[&["list_name", "name", "label"], &["l", "a\tb", "x"], &["l", "c d", "x"]]));
    let told = lines(&workbook(&sheets, &[]));
    assert!(
        told[0].starts_with("choices: row 2: name: ") && told[1].starts_with("choices: row 3: name: "),
        "{told:?}"
    );
}

#[test]
fn a_formula_without_a_value_and_a_cell_without_a_header_are_warned_of() {
    let taken = take(&with(&[&["text", "x", "=f", "X", ""], &["text", "y", "Y", "Y", "", "lost"]])).unwrap();
    let told: Vec<String> = taken.warnings.iter().map(ToString::to_string).collect();
    assert!(
        told.iter().any(|line| line.starts_with("survey: row 4: label::中文 (zh): the formula")),
        "{told:?}"
    );
    assert!(
        told.iter().any(|line| line.starts_with("survey: row 5: ") && line.contains("header")),
        "{told:?}"
    );
}

#[test]
fn a_column_of_choices_that_could_be_no_element_is_left_out() {
    let mut sheets = small();
    sheets.get_mut("survey").unwrap().extend(rows(&[&["select_one l", "s", "s", "s", ""]]));
    sheets.insert(
        "choices",
        rows(&[&["list_name", "name", "label", "my own notes", "park"], &["l", "a", "A", "x", "p"]]),
    );
    let taken = take(&workbook(&sheets, &[])).unwrap();
    assert!(taken.xform.contains("<park>p</park>") && !taken.xform.contains("my own notes"));
    assert!(taken.warnings.iter().any(|w| w.column.as_deref() == Some("my own notes")));
}

#[test]
fn references_inside_a_repeat_are_relative_and_bindings_are_attributes() {
    let census = take(include_bytes!("../../../../forms/census_short.xlsx")).unwrap();
    assert!(census.xform.contains("../registered_at"));
    assert!(!census.xform.contains("/data/person/registered_at  !="));
    let field = |path: &str| census.model.node(path).and_then(|node| node.binding.clone());
    assert_eq!(field("/data/person").as_deref(), Some("persons"));
    assert_eq!(field("/data/person/citizen_id").as_deref(), Some("person.citizen_id"));
    assert!(census.xform.contains("client-editable=\"true\""));
    assert!(census.xform.contains("xmlns:dk=\"urn:doorknock:xforms\""));
}

#[test]
fn a_condition_for_being_required_may_name_questions() {
    let form = |condition: &str| {
        let mut sheets = small();
        sheets.get_mut("survey").unwrap()[0].push("required".to_owned());
        sheets.get_mut("survey").unwrap().extend(rows(&[&["text", "why", "w", "w", "", condition]]));
        workbook(&sheets, &[])
    };
    let taken = take(&form("${knocks} > 3 and ${remark} = ''")).unwrap();
    assert!(
        taken.xform.contains("required=\" /data/knocks  &gt; 3 and  /data/remark  = ''\""),
        "{}",
        taken.xform
    );
    assert!(!taken.model.node("/data/why").unwrap().required);
    assert!(lines(&form("${nobody} = 1"))[0].starts_with("survey: row 4: required: "));
}

#[test]
fn headers_of_two_words_may_have_a_blank() {
    let mut sheets = small();
    sheets.get_mut("survey").unwrap()[0]
        .extend(["constraint", "Constraint Message::English (en)"].map(str::to_owned));
    sheets.get_mut("survey").unwrap().extend(rows(&[&[
        "integer",
        "n",
        "n",
        "n",
        "",
        ". > 1",
        "More than one",
    ]]));
    sheets.get_mut("settings").unwrap()[0][1] = "Form ID".to_owned();
    let taken = take(&workbook(&sheets, &[])).unwrap();
    assert_eq!(taken.model.node("/data/n").unwrap().constraint_message["en"], "More than one");
}

#[test]
fn a_range_with_decimal_steps_holds_decimals() {
    let mut sheets = small();
    sheets.get_mut("survey").unwrap()[0].push("parameters".to_owned());
    sheets.get_mut("survey").unwrap().extend(rows(&[&[
        "range",
        "r",
        "r",
        "r",
        "",
        "start=0 end=2 step=0.5",
    ]]));
    let taken = take(&workbook(&sheets, &[])).unwrap();
    assert_eq!(taken.model.node("/data/r").unwrap().kind, Kind::Decimal);
}

#[test]
fn the_forms_of_this_repository_are_right_in_both_languages() {
    let forms: [(&str, &[u8], FormRole, bool); 6] = [
        ("census_short", include_bytes!("../../../../forms/census_short.xlsx"), FormRole::Main, false),
        ("door", include_bytes!("../../../../forms/door.xlsx"), FormRole::Visit, true),
        ("door_visit", include_bytes!("../../../../forms/door_visit.xlsx"), FormRole::Visit, true),
        ("door_found", include_bytes!("../../../../forms/door_found.xlsx"), FormRole::Visit, true),
        ("receipts", include_bytes!("../../../../forms/receipts.xlsx"), FormRole::Free, true),
        ("needs", include_bytes!("../../../../fixtures/yongxin/forms/needs.xlsx"), FormRole::Extra, true),
    ];
    for (id, bytes, role, collect) in forms {
        let taken = take(bytes).unwrap_or_else(|faults| panic!("{id}: {faults:?}"));
        assert_eq!(taken.model.id, id);
        assert_eq!(taken.warnings, [], "{id}");
        assert_eq!(taken.model.languages, ["zh", "en"], "{id}");
        assert_eq!(role_faults(&taken.model, role, collect), [], "{id}");
    }
}
