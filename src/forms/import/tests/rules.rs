//! The project's own rules about an `XForm`, whoever made it.

use super::*;
use crate::forms::import::{Options, import};

/// The small form as an `XForm`, with a replacement made in it.
fn changed(from: &str, to: &str) -> Vec<u8> {
    let xform = take(&with(&[])).unwrap().xform;
    assert!(xform.contains(from), "{xform}");
    xform.replacen(from, to, 1).into_bytes()
}

#[test]
fn an_id_a_version_and_where_it_is_sent_are_judged() {
    for (from, to, word) in [
        ("id=\"daily\"", "", "no id"),
        ("id=\"daily\"", "id=\"9 lives\"", "form_id"),
        ("version=\"1\"", "version=\"1/2\"", "version"),
        ("version=\"1\"", "version=\" 1\"", "version"),
        ("<submission ", "<submission base64RsaPublicKey=\"MIIB\" ", "encrypted"),
        ("<submission ", "<submission action=\"https://example.org/x\" ", "submission_url"),
        ("<instanceID/>", "<instanceID/><entity dataset=\"trees\" id=\"\" create=\"1\"/>", "entity list"),
    ] {
        let told = lines(&changed(from, to));
        assert!(told[0].contains(word), "{to}: {told:?}");
    }
}

#[test]
fn a_file_that_is_named_must_be_given_unless_the_service_makes_it() {
    let form = |name: &str| with(&[&[&format!("select_one_from_file {name}"), "street", "s", "s", ""]]);
    assert!(lines(&form("streets.csv"))[0].contains("streets.csv"));
    assert!(take_with(&form("streets.csv"), &["streets.csv"]).is_ok());
    assert!(take(&form("doors.csv")).is_ok());
}

#[test]
fn long_lists_that_many_questions_use_are_refused() {
    let mut sheets = small();
    let asked: Vec<Vec<String>> =
        (0..210).map(|n| vec!["select_one l".to_owned(), format!("q{n}"), "x".to_owned()]).collect();
    sheets.get_mut("survey").unwrap().extend(asked);
    let mut list = rows(&[&["list_name", "name", "label"]]);
    list.extend((0..1000).map(|n| vec!["l".to_owned(), format!("c{n}"), "x".to_owned()]));
    sheets.insert("choices", list);
    assert!(lines(&workbook(&sheets, &[]))[0].contains("200,000"));
}

#[test]
fn another_entity_list_is_a_fault_in_a_spreadsheet_too() {
    let mut sheets = small();
    sheets.insert("entities", rows(&[&["list_name", "label"], &["trees", "x"]]));
    assert!(lines(&workbook(&sheets, &[]))[0].contains("entity list"));
}

#[test]
fn warnings_tell_what_an_author_should_know() {
    let mut sheets = small();
    sheets.get_mut("survey").unwrap()[0].extend(["appearance", "relevant"].map(str::to_owned));
    sheets.get_mut("survey").unwrap().extend(rows(&[
        &["barcode", "code", "码", "Code", "", "", ""],
        &["image", "sign", "签名", "Sign", "", "signature", ""],
        &["text", "half", "一半", "", "", "", ""],
        &["text", "idno", "身份证号", "ID", "", "", ""],
        &["text", "odd", "奇", "Odd", "", "", "frobnicate(${half}) and /data/nowhere = 1"],
    ]));
    let taken = take(&workbook(&sheets, &[])).unwrap();
    let told: Vec<String> = taken.warnings.iter().map(ToString::to_string).collect();
    for (row, word) in [
        (4, "barcode"),
        (5, "signature"),
        (6, "en"),
        (7, "person.citizen_id"),
        (8, "frobnicate"),
        (8, "/data/nowhere"),
    ] {
        let place = format!("survey: row {row}: ");
        assert!(
            told.iter().any(|line| line.starts_with(&place) && line.contains(word)),
            "{row} {word}: {told:#?}"
        );
    }
}

#[test]
fn what_changed_since_the_last_version_is_told() {
    let first = take(&with(&[])).unwrap().model;
    let mut sheets = small();
    sheets.get_mut("survey").unwrap()[1][0] = "decimal".to_owned();
    let languages = BTreeMap::new();
    let options = Options {
        default_version: "1",
        fallback_id: None,
        languages: &languages,
        files: &[],
        previous: Some(&first),
    };
    let second = import(&workbook(&sheets, &[]), &options).unwrap();
    assert!(second.warnings[0].detail.contains("int in version 1"), "{:?}", second.warnings);
}

#[test]
fn renamed_namespaces_and_a_mark_at_the_beginning_change_nothing() {
    let plain = take(&with(&[])).unwrap();
    let renamed = plain.xform.replace("h:", "html:").replace("xmlns:h=", "xmlns:html=");
    let marked = format!("\u{feff}{renamed}").replace('\n', "\r\n");
    assert_eq!(take(marked.as_bytes()).unwrap().model, plain.model);
}
