//! Digests: equal for equal values however they are spelled, and for nothing else.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::ingest::json::parse;

fn keys() -> Keys {
    Keys::new(&[7; 32])
}

fn of(text: &str) -> ContentDigest {
    keys().content_digest(&parse(text).unwrap())
}

#[test]
fn the_spelling_of_a_value_makes_no_difference() {
    for (a, b) in [
        ("{\"a\":1,\"b\":2}", " {\"b\" : 2.0,\n\"a\":1e0} "),
        ("100", "1e2"),
        ("100", "1.00E+2"),
        ("0", "-0.0"),
        ("0", "0e5"),
        ("89.5", "895e-1"),
        ("0.05", "5e-2"),
        ("100000000000000000000", "1e20"),
        ("0.1", "0.1000000000000000055511151231257827"),
        ("\"é/\"", "\"\\u00e9\\/\""),
        ("\"😀\"", "\"\\ud83d\\ude00\""),
        ("{\"\\u0061\":[]}", "{\"a\":[ ]}"),
        ("\"0190ABCD-0000-7000-8000-00000000ABCD\"", "\"0190abcd-0000-7000-8000-00000000abcd\""),
    ] {
        assert_eq!(of(a), of(b), "{a} {b}");
    }
}

#[test]
fn different_values_differ() {
    let texts = [
        "null",
        "true",
        "false",
        "0",
        "1",
        "-1",
        "10",
        "0.1",
        "\"\"",
        "\"0\"",
        "\"null\"",
        "\"ABCD\"",
        "\"abcd\"",
        "\"0190ABCD0000700080000000000000AB\"",
        "\"0190abcd0000700080000000000000ab\"",
        "[]",
        "{}",
        "[[]]",
        "[null]",
        "[0,1]",
        "[1,0]",
        "[\"ab\",\"c\"]",
        "[\"a\",\"bc\"]",
        "[[1],2]",
        "[[1,2]]",
        "{\"a\":1}",
        "{\"a\":null}",
        "{\"b\":1}",
        "{\"a\":{\"b\":1}}",
        "{\"a\":1,\"b\":1}",
        "[\"a\",1]",
        "\"é\"",
        "\"e\u{301}\"",
        "9007199254740993",
        "9007199254740992",
        "123456789012345678901",
        "123456789012345678902",
    ];
    for (n, a) in texts.iter().enumerate() {
        for b in &texts[n + 1..] {
            assert_ne!(of(a), of(b), "{a} {b}");
        }
        assert_ne!(of(a), keys().text_digest(a));
    }
}

#[test]
fn a_digest_depends_on_its_key_and_its_use() {
    let (one, two) = (Keys::new(&[1; 32]), Keys::new(&[2; 32]));
    assert_ne!(one.key_id(), two.key_id());
    assert_eq!(one.key_id().len(), 8);
    assert_ne!(one.text_digest("x"), two.text_digest("x"));
    assert!(!format!("{one:?}").contains("ids"));
}

#[test]
fn a_batch_is_its_survey_device_and_records_in_order() {
    let (a, b) = (of("1"), of("2"));
    let device = DeviceId(Uuid::from_u128(5));
    let whole = keys().batch_digest("s", device, &[a, b]);
    assert_eq!(whole, keys().batch_digest("s", device, &[a, b]));
    assert_ne!(whole, keys().batch_digest("t", device, &[a, b]));
    assert_ne!(whole, keys().batch_digest("s", DeviceId(Uuid::from_u128(6)), &[a, b]));
    assert_ne!(whole, keys().batch_digest("s", device, &[b, a]));
    assert_ne!(whole, keys().batch_digest("s", device, &[a]));
}

/// A value as a generator knows it, and how it may be spelt.
#[derive(Clone, Debug)]
enum Tree {
    Number(i32, u32),
    Text(String),
    List(Vec<Tree>),
    Members(std::collections::BTreeMap<String, Tree>),
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        (any::<i32>(), 0..6_u32).prop_map(|(n, d)| Tree::Number(n, d)),
        "\\PC{0,6}".prop_map(Tree::Text)
    ];
    leaf.prop_recursive(4, 30, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Tree::List),
            prop::collection::btree_map("\\PC{1,3}", inner, 0..5).prop_map(Tree::Members),
        ]
    })
}

/// Spells a value; `style` decides about order, white space, escapes and the form of numbers.
fn spell(tree: &Tree, style: u32, out: &mut String) {
    match tree {
        Tree::Number(n, digits) => {
            let number = match style % 3 {
                0 => format!("{n}e-{digits}"),
                1 => format!("{n}.000E-0{digits}"),
                _ => format!("{n}0e-{}", digits + 1),
            };
            out.push_str(&number);
        }
        Tree::Text(text) => word(text, style, out),
        Tree::List(items) => {
            out.push('[');
            for (n, item) in items.iter().enumerate() {
                out.push_str(if n > 0 { "," } else { "" });
                spell(item, style.rotate_left(3), out);
            }
            out.push(']');
        }
        Tree::Members(members) => {
            out.push('{');
            let mut members: Vec<_> = members.iter().collect();
            if style % 2 == 1 {
                members.reverse();
            }
            for (n, (key, value)) in members.into_iter().enumerate() {
                out.push_str(if n > 0 { "," } else { "" });
                word(key, style, out);
                out.push_str(if style.is_multiple_of(5) { " : \n" } else { ":" });
                spell(value, style.rotate_left(5), out);
            }
            out.push('}');
        }
    }
}

fn word(text: &str, style: u32, out: &mut String) {
    use std::fmt::Write as _;
    if !style.is_multiple_of(4) {
        return crate::ingest::json::write_string(text, out);
    }
    out.push('"');
    for unit in text.encode_utf16() {
        write!(out, "\\u{unit:04X}").unwrap();
    }
    out.push('"');
}

/// The same tree with its first leaf changed; none if it has no leaf.
fn changed(tree: &Tree) -> Option<Tree> {
    match tree {
        Tree::Number(n, digits) => Some(Tree::Number(n.wrapping_add(1), *digits)),
        Tree::Text(text) => Some(Tree::Text(format!("{text}x"))),
        Tree::List(items) => {
            let at = items.iter().position(|item| changed(item).is_some())?;
            let mut items = items.clone();
            items[at] = changed(&items[at])?;
            Some(Tree::List(items))
        }
        Tree::Members(members) => {
            let key = members.iter().find(|(_, value)| changed(value).is_some())?.0.clone();
            let mut members = members.clone();
            let value = changed(&members[&key])?;
            members.insert(key, value);
            Some(Tree::Members(members))
        }
    }
}

proptest! {
    #[test]
    fn any_spelling_has_one_digest_and_any_change_another(tree in tree(), a in any::<u32>(), b in any::<u32>()) {
        let (mut one, mut two) = (String::new(), String::new());
        spell(&tree, a, &mut one);
        spell(&tree, b, &mut two);
        prop_assert_eq!(of(&one), of(&two));
        if let Some(other) = changed(&tree) {
            let mut three = String::new();
            spell(&other, b, &mut three);
            prop_assert_ne!(of(&one), of(&three));
        }
    }
}
