//! Documents and forms: what is refused, where, and in which words.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn slug(bytes: &[u8]) -> &'static str {
    parse(bytes).map_or_else(|problem| problem.kind.slug, |_| "fine")
}

#[test]
fn what_is_no_json_is_told_from_what_is_not_what_was_asked() {
    let deep = |n: usize| [vec![b'['; n], vec![b']'; n]].concat();
    let table: [(&[u8], &str); 14] = [
        (b"", "not-json"),
        (b"{\"a\":1", "not-json"),
        (b"{\"a\":NaN}", "not-json"),
        (b"{} {}", "not-json"),
        (b"{\"a\":1e999}", "not-json"),
        (b"{\"a\":\"\\ud83d\"}", "not-json"),
        (b"{\"a\":\"\xd6\xd0\"}", "not-json"),
        (b"\xef\xbb\xbf{}", "not-json"),
        (b"{\"a\":1,\"a\":2}", "duplicate-key"),
        (b"[{\"a\":{\"b\":1,\"b\":1}}]", "duplicate-key"),
        (&deep(64), "fine"),
        (&deep(65), "body-not-valid"),
        (&deep(100_000), "not-json"),
        (b"[1,-2,3.5,true,null,\"x\",{}]", "fine"),
    ];
    for (bytes, want) in table {
        assert_eq!(slug(bytes), want, "{}", String::from_utf8_lossy(&bytes[..bytes.len().min(40)]));
    }
    let problem = parse(b"{\n \"a\": nul }").unwrap_err();
    assert!(problem.detail.contains("line 2, column"), "{}", problem.detail);
}

#[derive(Debug, PartialEq)]
struct Decision {
    word: usize,
    note: Option<String>,
    version: i64,
    cases: Vec<Uuid>,
}

fn decision(bytes: &[u8]) -> Result<Decision, Problem> {
    parse(bytes)?.form(|form| {
        let words = ["merge", "apart"];
        let word = form.one_of("decision", &words, |w| words.iter().position(|known| *known == w));
        let note = form.optional_text("note", 5);
        let version = form.integer("version", 0, 9);
        let cases = form.objects("cases", 2, |case| case.uuid("case_id"));
        Some(Decision { word: word?, note, version: version?, cases: cases? })
    })
}

#[test]
fn every_fault_is_reported_at_its_place_without_the_value() {
    let problem =
        decision(b"{\"decision\":\"secret\",\"note\":\"123456\",\"cases\":[{\"case_id\":\"secret\"},7]}")
            .unwrap_err();
    let places: Vec<String> = problem
        .errors
        .iter()
        .map(|error| match &error.place {
            crate::net::problem::Place::Pointer(pointer) => pointer.clone(),
            crate::net::problem::Place::Parameter(name) => name.clone(),
        })
        .collect();
    assert_eq!(places, ["/decision", "/note", "/version", "/cases/0/case_id", "/cases/1"]);
    assert!(!problem.to_json(None).to_string().contains("secret"));
}

#[test]
fn what_fits_is_read_and_unknown_members_are_passed_over() {
    let id = "00000000-0000-4000-8000-000000000001";
    let body = format!(
        "{{\"decision\":\"apart\",\"note\":\"  \",\"version\":3,\"new\":[1],\"cases\":[{{\"case_id\":\"{id}\"}}]}}"
    );
    let want = Decision { word: 1, note: None, version: 3, cases: vec![id.parse().unwrap()] };
    assert_eq!(decision(body.as_bytes()).unwrap(), want);
}

#[test]
fn a_body_that_is_no_object_is_a_422() {
    for body in [&b"42"[..], b"[]", b"null", b"\"x\""] {
        assert_eq!(decision(body).unwrap_err().kind, &kind::BODY_NOT_VALID);
    }
}

#[test]
fn texts_with_nul_nil_ids_and_wrong_numbers_are_refused() {
    for (body, at) in [
        (&b"{\"t\":\"a\\u0000\"}"[..], "t"),
        (b"{\"t\":\"\"}", "t"),
        (b"{\"t\":7}", "t"),
        (b"{\"u\":\"00000000-0000-0000-0000-000000000000\"}", "u"),
        (b"{\"i\":1.5}", "i"),
        (b"{\"i\":99999999999999999999}", "i"),
        (b"{\"i\":\"1\"}", "i"),
    ] {
        let got = parse(body).unwrap().form(|form| match at {
            "t" => form.text("t", 9).map(drop),
            "u" => form.uuid("u").map(drop),
            _ => form.integer("i", 0, i64::MAX).map(drop),
        });
        assert_eq!(got.unwrap_err().errors.len(), 1, "{}", String::from_utf8_lossy(body));
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Err(problem) = parse(&bytes) {
            prop_assert!(problem.detail.len() < 100);
        }
    }
}
