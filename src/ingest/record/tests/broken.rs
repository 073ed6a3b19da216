//! Records that are no JSON, or not the JSON they should be, by hand and at random.

use proptest::prelude::*;

use super::*;
use crate::ingest::scrub::scrub_json;

#[test]
fn records_that_cannot_be_read_are_refused_for_their_reason() {
    let note = |raw: &str| VISIT.replace("\"outcome\"", &format!("\"note\":{raw},\"outcome\""));
    let megabyte = format!("\"{}\"", "王".repeat(350_000));
    let long = format!("\"{}\"", "a".repeat(20_001));
    let deep = format!("{}{}", "[".repeat(3_000), "]".repeat(3_000));
    for (text, reason, place) in [
        (note("\"a\\u0000b\""), Reason::NulCharacter, "/note"),
        (note("\"\\ud83d\""), Reason::UnreadableText, "/note"),
        (note("\"a\nb\""), Reason::UnreadableText, "/note"),
        (note("NaN"), Reason::UnreadableText, "/note"),
        (note("1e999"), Reason::UnreadableText, "/note"),
        (note(&"9".repeat(400)), Reason::UnreadableText, "/note"),
        (note("{\"x\":1,\"x\":1}"), Reason::DuplicateKey, "/note/x"),
        (note(&deep), Reason::TooDeep, ""),
        (note(&long), Reason::TextTooLong, "/note"),
        (note(&megabyte), Reason::RecordTooLarge, ""),
        (VISIT.replace("\"outcome\"", "\"at\":1,\"outcome\""), Reason::DuplicateKey, "/at"),
        (VISIT.replace(':', " "), Reason::UnreadableText, ""),
        (String::new(), Reason::UnreadableText, ""),
        ("{".to_owned(), Reason::UnreadableText, ""),
        ("NaN".to_owned(), Reason::UnreadableText, ""),
    ] {
        let (found, at) = refusal(&text);
        assert_eq!(found, reason, "{text:.200}");
        if reason != Reason::TooDeep {
            assert_eq!(at, place, "{text:.200}");
        }
    }
}

/// Everything a reader of the answer can see.
fn shown(read: &Read) -> Vec<String> {
    let mut shown = Vec::new();
    if let Parsed::Refused(refused) = &read.parsed {
        shown.extend([refused.detail.clone(), refused.pointer.clone()]);
        shown.extend(refused.id.clone());
    }
    for warning in &read.warnings {
        shown.extend([warning.detail.clone(), warning.pointer.clone()]);
    }
    if let Some(held) = &read.held {
        shown.push(held.detail.clone());
        shown.extend(held.pointers.clone());
    }
    shown
}

fn longest_digits(text: &str) -> usize {
    text.split(|c: char| !c.is_numeric()).map(|run| run.chars().count()).max().unwrap_or(0)
}

/// Whether more than 40 characters in a row of `shown` stand in the input too.
fn echoes(shown: &str, input: &str) -> bool {
    let chars: Vec<char> = shown.chars().collect();
    chars.windows(41).any(|window| input.contains(&window.iter().collect::<String>()))
}

fn any_record() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![VISIT, INTERVIEW, DWELLING])
}

/// Values that stand where others are expected.
fn any_value() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "null",
            "true",
            "0",
            "-1",
            "1e300",
            "[]",
            "{}",
            "[[]]",
            "{\"lon\":1}",
            "\"\"",
            "\"x\"",
            "419999198503074514",
            "\"419999198503074514\"",
            "\"419999850307451\"",
            "\"4 1 9 9 9 9 1 9 8 5 0 3 0 7 4 5 1 4\"",
            "[{}]",
            "[null]",
            "{\"419999198503074514\":{\"x\":1,\"x\":2}}",
            "\"2020-11-03T19:02:11+08:00\"",
            "99999999999999999999",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,60}".prop_map(|text| serde_json::Value::from(text).to_string()),
        any::<f64>().prop_filter("finite", |f| f.is_finite()).prop_map(|f| f.to_string()),
    ]
}

/// Replaces the `n`-th value of a tree, counted from the outside in.
fn replace(tree: &mut serde_json::Value, n: &mut usize, by: &serde_json::Value) {
    if *n == 0 {
        *tree = by.clone();
        *n = usize::MAX;
        return;
    }
    *n -= 1;
    let inner: Vec<&mut serde_json::Value> = match tree {
        serde_json::Value::Array(items) => items.iter_mut().collect(),
        serde_json::Value::Object(members) => members.values_mut().collect(),
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::String(_) => return,
    };
    for value in inner {
        if *n != usize::MAX {
            replace(value, n, by);
        }
    }
}

fn judge(text: &str) -> Result<(), TestCaseError> {
    let read = read(text);
    for shown in shown(&read) {
        prop_assert!(longest_digits(&shown) < 14 && !shown.is_empty(), "{}", shown);
        prop_assert!(!echoes(&shown, text), "{}", shown);
    }
    if let Parsed::Refused(refused) = &read.parsed {
        prop_assert!(refused.pointer.starts_with("/records/3") && !refused.detail.is_empty());
    }
    // Nothing that is kept shows the invented number, whole or in part.
    let kept = format!("{:?}", (&read.parsed, &read.warnings, &read.held));
    prop_assert!(!kept.contains("19850307451"), "{}", kept);
    let clean = scrub_json(text);
    prop_assert!(!clean.contains("41999919850307451"));
    // What a stray quote and comma cut off a number is no longer known as its part.
    prop_assert!(crate::ingest::json::parse(text).is_err() || !clean.contains("19850307451"));
    prop_assert_eq!(read.digest, super::read(text).digest);
    Ok(())
}

proptest! {
    #[test]
    fn any_bytes_are_judged_without_echo(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        judge(&String::from_utf8_lossy(&bytes))?;
    }

    #[test]
    fn a_record_with_wrong_bytes_is_judged_without_echo(
        record in any_record(), at in any::<prop::sample::Index>(), by in "\\PC{0,3}|[\\[\\]{}\",:\\\\0-9]{0,2}",
    ) {
        let mut at = at.index(record.len());
        while !record.is_char_boundary(at) {
            at -= 1;
        }
        let next = record[at..].chars().next().map_or(0, char::len_utf8);
        judge(&format!("{}{by}{}", &record[..at], &record[at + next..]))?;
        judge(&record[..at])?;
    }

    #[test]
    fn a_record_with_another_value_is_judged_without_echo(record in any_record(), n in 0..60_usize, value in any_value()) {
        let mut tree: serde_json::Value = serde_json::from_str(record).unwrap();
        let Ok(by) = serde_json::from_str(&value) else { return Ok(()) };
        replace(&mut tree, &mut n.clone(), &by);
        judge(&tree.to_string())?;
    }

    #[test]
    fn a_record_with_another_field_is_judged_without_echo(record in any_record(), key in "\\PC{0,30}|[0-9]{10,60}", value in any_value()) {
        let inside = record.trim_end().strip_suffix('}').unwrap();
        judge(&format!("{inside},{}:{value}}}", serde_json::Value::from(key)))?;
    }
}
