//! `doorknock form check`: what a form is, or everything that is wrong with it, without a database.

use std::path::Path;

use crate::support::place::Place;

fn form(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name).to_string_lossy().into_owned()
}

#[test]
fn the_forms_of_the_repository_are_checked_and_counted() {
    let place = Place::new("forms-well");
    for (file, id) in [
        ("forms/census_short.xlsx", "census_short"),
        ("forms/door.xlsx", "door"),
        ("forms/door_visit.xlsx", "door_visit"),
        ("forms/door_found.xlsx", "door_found"),
        ("forms/receipts.xlsx", "receipts"),
        ("fixtures/yongxin/forms/needs.xlsx", "needs"),
    ] {
        let said = place.well(&["form", "check", &form(file)]);
        let last = said.lines().last().unwrap();
        assert!(last.starts_with(&format!("{id} ")) && last.contains(" question"), "{file}: {said}");
    }
    let xform = place.well(&["form", "check", &form("fixtures/yongxin/forms/needs.xlsx"), "--xform", "-"]);
    assert!(xform.starts_with("<?xml") || xform.starts_with("<h:html"), "{}", &xform[..60]);
    // What was written is read again, and is the same form.
    let out = place.root.join("needs.xml");
    let written = place.well(&[
        "form",
        "check",
        &form("fixtures/yongxin/forms/needs.xlsx"),
        "--xform",
        out.to_str().unwrap(),
    ]);
    let read = place.well(&["form", "check", out.to_str().unwrap()]);
    assert_eq!(read.lines().last(), written.lines().last());
    assert!(!place.data().exists(), "no database was made");
}

#[test]
fn a_file_that_is_no_form_is_named_with_what_is_wrong() {
    let place = Place::new("forms-bad");
    let bad = place.root.join("bad.xml");
    for (text, sentence) in [
        ("<html/>", "this XML holds no form"),
        ("<a><b></a>", "not well-formed at line 1"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", "document type declaration"),
        ("", ""),
    ] {
        std::fs::write(&bad, text).unwrap();
        let said = place.refused(&["form", "check", bad.to_str().unwrap()]);
        assert!(said.starts_with(bad.to_str().unwrap()) && said.contains(sentence), "{said}");
    }
    std::fs::write(&bad, "<html/>").unwrap();
    let said = place.refused(&["form", "check", bad.to_str().unwrap(), "--lang", "zh"]);
    assert!(said.contains("没有表单"), "{said}");
    let none = place.root.join("none.xlsx");
    assert!(place.refused(&["form", "check", none.to_str().unwrap()]).contains("cannot be read"));
    assert!(place.refused(&["form", "check", place.root.to_str().unwrap()]).contains("is no file"));
    assert_eq!(place.run(&["form", "check"]).status.code(), Some(2));
}
