//! The API's description is true: it names every route and no other, and its worked ids are those that are computed.
//!
//! That answers are as described is tested with every call that any test makes, see `support::contract`.

use std::collections::BTreeSet;

use doorknock::domain::{CaseId, DwellingId};

use crate::support::contract::{document, faults};

#[test]
fn the_description_names_every_route_and_no_other() {
    let is_api = |path: &str| path.starts_with("/v1/") || ["/healthz", "/readyz", "/metrics"].contains(&path);
    let routes: BTreeSet<String> = doorknock::routes::routes()
        .list()
        .into_iter()
        .filter(|(_, path)| is_api(path))
        .map(|(method, path)| format!("{method} {path}"))
        .collect();
    let paths = document()["paths"].as_object().unwrap();
    let described: BTreeSet<String> = paths
        .iter()
        .filter(|(path, _)| is_api(path))
        .flat_map(|(path, calls)| {
            calls.as_object().unwrap().keys().map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect();
    let missing: Vec<_> = routes.difference(&described).collect();
    let invented: Vec<_> = described.difference(&routes).collect();
    assert!(missing.is_empty() && invented.is_empty(), "not described: {missing:?}; no route: {invented:?}");
}

#[test]
fn the_worked_ids_are_those_that_are_computed() {
    let text = doorknock::api::openapi::document();
    let key = "410181|A1|6|2|301";
    assert!(text.contains(key));
    let door = DwellingId::of_key(key);
    assert!(text.contains(&door.to_string()), "{door}");
    let case = CaseId::of(door, "census-2020", 1);
    assert!(text.contains(&case.to_string()), "{case}");
}

#[test]
fn the_validator_finds_what_is_wrong() {
    let fine = br#"{"status":"up"}"#;
    assert!(faults("GET", "/healthz", 200, "application/json", fine).is_empty());
    for body in [&br#"{"status":7}"#[..], b"{}", b"[]", br#"{"status":"up","colour":1}"#] {
        assert!(!faults("GET", "/healthz", 200, "application/json", body).is_empty(), "{body:?}");
    }
    assert!(!faults("GET", "/healthz", 299, "application/json", fine).is_empty());
}
