//! The JSON reader and the batch splitter against texts good and bad.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn what(text: &str) -> What {
    parse(text).unwrap_err().what
}

#[test]
fn a_value_is_read_as_it_was_written() {
    let value =
        parse(" {\"a\" : [1, -0.5e+3 ,true,false,null], \"b\\n\":\"\\u00e9\\ud83d\\ude00\\/\"} ").unwrap();
    assert_eq!(value.to_text(), "{\"a\":[1,-0.5e+3,true,false,null],\"b\\n\":\"é😀/\"}");
    assert_eq!(value.get("a").unwrap().items().unwrap()[1].number(), Some(-500.0));
    assert_eq!(value.get("a").unwrap().items().unwrap()[1].integer(), Some(-500));
    assert_eq!(value.get("b\n").unwrap().text(), Some("é😀/"));
    assert_eq!(parse("3.0").unwrap().integer(), Some(3));
    assert_eq!(parse("3.5").unwrap().integer(), None);
    assert_eq!(parse("99999999999999999999").unwrap().integer(), None);
    assert_eq!(parse("\"\\u0001\\u001f\\\"\"").unwrap().to_text(), "\"\\u0001\\u001f\\\"\"");
}

#[test]
fn what_other_readers_would_take_differently_is_refused() {
    for (text, fault) in [
        ("", What::Ends),
        (" ", What::Ends),
        ("{", What::Ends),
        ("[1", What::Ends),
        ("[1,", What::Ends),
        ("\"abc", What::Ends),
        ("\"abc\\", What::Ends),
        ("\"\\u12", What::Ends),
        ("{\"a\":1}x", What::Trailing),
        ("1 2", What::Trailing),
        ("NaN", What::Value),
        ("nul", What::Value),
        ("[Infinity]", What::Value),
        ("-Infinity", What::Number),
        ("[1,]", What::Value),
        ("{\"a\":1,}", What::Key),
        ("{a:1}", What::Key),
        ("{\"a\" 1}", What::Colon),
        ("[1 2]", What::Comma),
        ("{\"a\":1]", What::Comma),
        ("'a'", What::Value),
        ("/*a*/1", What::Value),
        ("01", What::Number),
        ("-01", What::Number),
        ("+1", What::Value),
        (".5", What::Value),
        ("1.x", What::Number),
        ("1ex", What::Number),
        ("1e999", What::NumberSize),
        ("-1e999", What::NumberSize),
        ("1e-999", What::NumberSize),
        ("\"a\nb\"", What::Control),
        ("\"\\x\"", What::Escape),
        ("\"\\u12g4\"", What::Escape),
        ("\"\\u+123\"", What::Escape),
        ("\"a\\u0000b\"", What::Nul),
        ("\"\\ud83d\"", What::Surrogate),
        ("\"\\ud83dx\"", What::Surrogate),
        ("\"\\ud83d\\u0041\"", What::Surrogate),
        ("\"\\ude00\\ud83d\"", What::Surrogate),
        ("{\"a\":1,\"a\":1}", What::KeyTwice),
        ("{\"a\":1,\"\\u0061\":1}", What::KeyTwice),
        ("{\"a\\u0000\":1}", What::Nul),
    ] {
        assert_eq!(what(text), fault, "{text}");
    }
    assert_eq!(what(&"9".repeat(400)), What::NumberSize);
    assert_eq!(what(&format!("0.{}1", "0".repeat(80))), What::NumberSize);
    assert!(parse("0e-999").is_ok());
    assert!(parse(&format!("\"{}\"", "王".repeat(20_000))).is_ok());
    assert_eq!(what(&format!("\"{}\"", "王".repeat(20_001))), What::LongString);
    assert!(parse(&format!("{}{}", "[".repeat(64), "]".repeat(64))).is_ok());
    assert_eq!(what(&format!("{}{}", "[".repeat(65), "]".repeat(65))), What::Depth);
    assert_eq!(what(&"{\"a\":".repeat(100_000)), What::Depth);
}

#[test]
fn a_key_twice_among_many_is_found() {
    let members: Vec<String> = (0..50_000).map(|n| format!("\"k{n}\":0")).collect();
    assert!(parse(&format!("{{{}}}", members.join(","))).is_ok());
    let fault = parse(&format!("{{{},\"k40000\":1}}", members.join(","))).unwrap_err();
    assert_eq!((fault.what, fault.pointer.as_str()), (What::KeyTwice, "/k40000"));
}

#[test]
fn a_fault_names_its_place() {
    let fault = parse("{\"a\":\n [1, {\"王\": tru}]}").unwrap_err();
    assert_eq!((fault.line, fault.column, fault.pointer.as_str()), (2, 12, "/a/1/王"));
    let fault = parse("{\"a/b~c\":{\"41999919850307\":x}}").unwrap_err();
    assert_eq!(fault.pointer, "/a~1b~0c/419999…");
}

fn id(n: u128) -> String {
    Uuid::from_u128(n + (7 << 76) + (2 << 62)).to_string()
}

fn batch(records: &str) -> String {
    format!(
        "{{\"batch_id\":\"{}\",\"survey\":\"census\",\"device_id\":\"{}\",\"sent_at\":\"2020-11-03T21:14:05+08:00\",\
         \"waiting\":12,\"seq\":3,\"app\":{{\"v\":1}},\"records\":{records}}}",
        id(1),
        id(2)
    )
}

#[test]
fn a_batch_is_taken_apart_into_header_and_record_texts() {
    let text = batch(" [ {\"a\":\"]}\\\"\"} ,42,null,[1,[2]] , \"x,y\",NaN ] ");
    let raw = split_batch(&text).unwrap();
    assert_eq!(raw.records, ["{\"a\":\"]}\\\"\"}", "42", "null", "[1,[2]]", "\"x,y\"", "NaN"]);
    assert_eq!(raw.header.batch_id.to_string(), id(1));
    assert_eq!((raw.header.waiting, raw.header.seq), (Some(12), Some(3)));
    assert_eq!(raw.header.sent_at.offset_minutes, 480);
    assert_eq!(raw.header.extra.len(), 1);
    assert!(split_batch(&batch("[]")).unwrap().records.is_empty());
}

#[test]
fn a_bad_record_does_not_spoil_the_document() {
    for bad in [
        "{\"a\":1,\"a\":2}",
        "{\"a\":\"\\u0000\"}",
        "{\"a\":\"\\ud83d\"}",
        "{\"a\":1e999}",
        "{\"a\":NaN}",
        "{\"a\" 1,,}",
        "{\"a\":\"x\ny\"}",
    ] {
        let text = batch(&format!("[{{}},{bad},{{}}]"));
        let raw = split_batch(&text).unwrap();
        assert_eq!(raw.records, ["{}", bad, "{}"]);
        assert!(parse(raw.records[1]).is_err());
    }
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let text = batch(&format!("[{{}},{deep},{{}}]"));
    assert_eq!(split_batch(&text).unwrap().records[1], deep);
}

#[test]
fn a_document_that_is_no_json_says_where() {
    let good = batch("[{}]");
    let cut = &good[..good.len() - 5];
    for text in [
        "",
        "{",
        cut,
        "[[[",
        &format!("{good} {{}}"),
        &good.replace("\"waiting\":12", "\"waiting\":NaN"),
        &"[".repeat(100_000),
        &format!("{}1{}", "{\"a\":".repeat(50_000), "}".repeat(49_999)),
        &good.replace("\"census\"", &format!("\"{}", "x".repeat(30_000))),
        &batch("[{},]"),
        &batch("[{} {}]"),
        &batch("[,]"),
        &batch("[{\"a\":1]}]"),
        &batch("[}"),
    ] {
        assert!(matches!(split_batch(text), Err(DocumentError::NotJson { .. })), "{text:.60}");
    }
    assert_eq!(
        split_batch("{\"batch_id\": "),
        Err(DocumentError::NotJson { line: 1, column: 14, what: What::Ends })
    );
    assert_eq!(
        text_of(b"{\n\"\xc6\xd5\"}"),
        Err(DocumentError::NotJson { line: 2, column: 2, what: What::Utf8 })
    );
    assert_eq!(text_of(b"\xef\xbb\xbf{}"), Ok("{}"));
}

#[test]
fn a_document_that_is_no_batch_says_what_is_wrong() {
    let good = batch("[{}]");
    let pointers = |text: &str| match split_batch(text) {
        Err(DocumentError::NotBatch { errors }) => {
            errors.into_iter().map(|(p, _)| p).collect::<Vec<_>>().join(" ")
        }
        other => panic!("{other:?}"),
    };
    let without = |key: &str| good.replace(&format!("\"{key}\""), "\"other\"");
    assert_eq!(pointers("[1]"), "");
    assert_eq!(pointers("42"), "");
    assert_eq!(pointers("{}"), "/batch_id /survey /device_id /sent_at /records");
    for key in ["batch_id", "survey", "device_id", "sent_at", "records"] {
        assert_eq!(pointers(&without(key)), format!("/{key}"));
    }
    assert_eq!(pointers(&good.replace(&id(1), &Uuid::nil().to_string())), "/batch_id");
    assert_eq!(pointers(&good.replace(&id(1), "batch-1")), "/batch_id");
    assert_eq!(pointers(&good.replace("2020-11-03T", "yesterday")), "/sent_at");
    assert_eq!(pointers(&good.replace(":12,", ":-5,")), "/waiting");
    assert_eq!(pointers(&good.replace(":12,", ":1.5,")), "/waiting");
    assert_eq!(pointers(&good.replace("[{}]", "{\"0\":{}}")), "/records");
    assert_eq!(pointers(&good.replace("[{}]", "[{}],\"records\":[]")), "/records");
    assert_eq!(pointers(&good.replace("\"waiting\"", "\"seq\"")), "/seq");
    assert!(split_batch(&without("waiting")).is_ok());
}

/// It is JSON all the same, so the document is not at fault, but a value in it.
#[test]
fn a_value_of_the_batch_that_breaks_a_limit_is_named() {
    let good = batch("[{}]");
    let faults = |text: &str| match split_batch(text) {
        Err(DocumentError::NotBatch { errors }) => errors,
        other => panic!("{other:?}"),
    };
    let long = "x".repeat(20_001);
    let with = |value: &str| good.replace("\"app\"", &format!("\"pad\":{value},\"app\""));
    for (value, pointer, says) in [
        (format!("\"{long}\""), "/pad", "20,000 characters"),
        (format!("{{\"a\":[\"{long}\"]}}"), "/pad/a/0", "20,000 characters"),
        (format!("{}{}", "[".repeat(70), "]".repeat(70)), "/pad", "64 levels"),
        ("{\"x\":1,\"x\":2}".to_owned(), "/pad/x", "twice"),
        ("\"a\\u0000\"".to_owned(), "/pad", "NUL"),
        ("\"\\ud83d\"".to_owned(), "/pad", "surrogate"),
        ("1e999".to_owned(), "/pad", "too large"),
    ] {
        let errors = faults(&with(&value));
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert!(errors[0].0.starts_with(pointer) && errors[0].1.contains(says), "{errors:?}");
    }
    assert_eq!(faults(&good.replace("census", &long))[0].0, "/survey");
    assert_eq!(faults(&with(&format!("1,\"{long}\":2"))).len(), 1, "a name may be too long too");
    assert_eq!(
        faults(&format!("{}{}", "[".repeat(70), "]".repeat(70))).last().unwrap().1,
        "must be an object"
    );
    let several = with("1e999").replace(":12,", ":-5,");
    let places: Vec<_> = faults(&several).into_iter().map(|fault| fault.0).collect();
    assert_eq!(places, ["/pad", "/waiting"]);
}

#[test]
fn what_says_nothing_of_a_batch_was_not_sent() {
    let good = batch("[{}]");
    for nothing in ["null", "\"\"", "\"  \"", "\"\\u3000\"", "\"\\u200b\""] {
        let empty = good
            .replace(":12,", &format!(":{nothing},\"app_version\":{nothing},"))
            .replace(":3,", &format!(":{nothing},"));
        let header = split_batch(&empty).unwrap().header;
        assert_eq!((header.waiting, header.seq, header.app_version), (None, None, None), "{nothing}");
        assert_eq!(header.left_out, [], "{nothing}");
        for key in ["batch_id", "survey", "device_id", "sent_at"] {
            let mut tree: serde_json::Value = serde_json::from_str(&good).unwrap();
            tree[key] = serde_json::from_str(nothing).unwrap();
            let Err(DocumentError::NotBatch { errors }) = split_batch(&tree.to_string()).map(|_| ()) else {
                panic!("{key} is needed")
            };
            assert_eq!(errors[0].0, format!("/{key}"), "{nothing}");
        }
    }
}

/// What a device says about itself never costs it its records.
#[test]
fn what_cannot_be_used_of_a_device_is_left_out_and_told() {
    let good = batch("[{}]");
    let odd = good.replace(":3,", ":\"x\",\"app_version\":7,");
    let header = split_batch(&odd).unwrap().header;
    assert_eq!((header.seq, header.app_version), (None, None));
    assert_eq!(header.left_out.iter().map(|left| left.0).collect::<Vec<_>>(), ["/seq", "/app_version"]);
    let fine = good.replace(":3,", ":3.0,\"app_version\":\"2.1\",");
    let header = split_batch(&fine).unwrap().header;
    assert_eq!((header.seq, header.app_version.as_deref(), header.left_out.len()), (Some(3), Some("2.1"), 0));
    let long = good.replace(":3,", &format!(":3,\"app_version\":\"{}\",", "9".repeat(201)));
    assert_eq!(split_batch(&long).unwrap().header.left_out.len(), 1);
}

#[test]
fn ids_of_a_batch_are_values() {
    let good = batch("[{}]");
    let (quiet, loud) = (good.replace(&id(1), &id(0xabcd)), good.replace(&id(1), &id(0xabcd).to_uppercase()));
    assert_eq!(split_batch(&quiet).unwrap().header.batch_id, split_batch(&loud).unwrap().header.batch_id);
    for other in [format!("{{{}}}", id(1)), format!("urn:uuid:{}", id(1)), id(1).replace('-', "")] {
        assert!(split_batch(&good.replace(&id(1), &other)).is_err(), "{other}");
    }
}

#[test]
fn a_batch_has_at_most_5000_records() {
    let list = |n: usize| format!("[{}]", vec!["{}"; n].join(","));
    assert_eq!(split_batch(&batch(&list(5_000))).unwrap().records.len(), 5_000);
    assert_eq!(split_batch(&batch(&list(5_001))), Err(DocumentError::TooManyRecords));
}

#[test]
fn an_unreadable_record_still_has_its_label() {
    assert_eq!(label("{\"type\":\"visit\",\"id\":\"x\",\"a\":1,\"a\":2}"), (Some("x"), Some("visit")));
    assert_eq!(label("{\"a\":[[[{\"id\":\"no\"}]]],\"b\":\"\\ud83d\" ,\"id\" : \"x\""), (Some("x"), None));
    assert_eq!(label("{\"id\":7,\"type\":\"a\\u0000\"}"), (None, None));
    assert_eq!(label("[1]"), (None, None));
    assert_eq!(label("{\"id\""), (None, None));
}

fn json_text() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|b| b.to_string()),
        any::<i32>().prop_map(|n| n.to_string()),
        (any::<i64>(), -25..25_i32).prop_map(|(digits, power)| format!("{digits}e{power}")),
        (any::<i32>(), any::<u16>()).prop_map(|(whole, part)| format!("{whole}.{part:05}")),
        "\\PC{0,12}".prop_map(|s| {
            let mut out = String::new();
            write_string(&s, &mut out);
            out
        }),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(|v| format!("[{}]", v.join(" , "))),
            prop::collection::btree_map("[a-z]{1,4}", inner, 0..6).prop_map(|m| {
                let members: Vec<String> = m.into_iter().map(|(k, v)| format!("\"{k}\" : {v}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(text in json_text()) {
        let value = parse(&text).unwrap();
        let again = value.to_text();
        prop_assert_eq!(parse(&again).unwrap(), value.clone());
        // The common reader agrees about the value.
        let theirs: serde_json::Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&again).unwrap(), theirs);
    }

    #[test]
    fn bytes_are_survived_and_judged_as_by_the_common_reader(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        if let Ok(text) = text_of(&bytes) {
            let mine = parse(text).is_ok();
            let theirs = serde_json::from_str::<serde_json::Value>(text).is_ok();
            prop_assert!(theirs || !mine);
            let _ = split_batch(text);
            let _ = label(text);
        }
    }

    #[test]
    fn json_like_text_is_judged_as_by_the_common_reader(text in "[\\[\\]{}\":,0-9eE.+\\\\untrfals -]{0,24}") {
        let mine = parse(&text);
        let theirs = serde_json::from_str::<serde_json::Value>(&text);
        match mine {
            Ok(_) => prop_assert!(theirs.is_ok(), "{}", text),
            Err(Fault { what: What::KeyTwice | What::Nul | What::NumberSize | What::Depth, .. }) => {}
            Err(fault) => prop_assert!(theirs.is_err(), "{} {}", text, fault),
        }
    }

    #[test]
    fn a_broken_batch_names_a_place(cut in any::<prop::sample::Index>(), byte in any::<u8>(), more in json_text()) {
        let good = batch(&format!("[{more},{{}}]"));
        let mut bytes = good.clone().into_bytes();
        let at = cut.index(bytes.len());
        bytes[at] = byte;
        let outcome = text_of(&bytes).map(|text| split_batch(text).map(|_| ()));
        match outcome {
            Ok(Ok(()) | Err(DocumentError::TooManyRecords)) => {}
            Err(DocumentError::NotJson { line, column, .. }) | Ok(Err(DocumentError::NotJson { line, column, .. })) => {
                prop_assert!(line >= 1 && column >= 1);
            }
            Ok(Err(DocumentError::NotBatch { errors })) => prop_assert!(!errors.is_empty()),
            Err(other) => prop_assert!(false, "{other}"),
        }
    }
}
