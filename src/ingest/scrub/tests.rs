//! Scrubbing: numbers go wherever they stand, everything else stays.

use std::borrow::Cow;

use proptest::prelude::*;

use super::*;

/// Invented numbers: 419999 is no assigned area. The last three have a wrong check digit, 30 February, the old form.
const IDS: [&str; 6] = [
    "419999198503074514",
    "41999919850307002X",
    "419999202001310088",
    "419999198503074515",
    "419999198502304517",
    "419999850307451",
];

fn is_clean(text: &str) -> bool {
    // Digits of any spelling the tests plant, put side by side.
    let digits: String = glyph::chars(text, Source::Escaped)
        .filter_map(|(c, _)| match glyph::Glyph::of(c) {
            glyph::Glyph::Digit(10, _) => Some('X'),
            glyph::Glyph::Digit(d, _) => Some(char::from(b'0' + d)),
            glyph::Glyph::Gap | glyph::Glyph::Mark | glyph::Glyph::Unseen | glyph::Glyph::Other => None,
        })
        .collect();
    IDS.iter().all(|id| !digits.contains(id) && !digits.contains(&id[..15]))
}

#[test]
fn an_id_in_a_note_is_taken_out_and_the_rest_stays() {
    for (note, clean) in [
        ("身份证419999198503074514，明天再来", "身份证[citizen id]，明天再来"),
        ("id 419999198503074514.", "id [citizen id]."),
        ("ID419999198503074514x2", "ID[citizen id]x2"),
        ("41999919850307002x", "[citizen id]"),
        ("41999919850307002Xiao", "[citizen id]iao"),
        ("419999 19850307 4514", "[citizen id]"),
        ("419999-1985-0307-4514", "[citizen id]"),
        ("419999.19850307.4514", "[citizen id]"),
        ("4 1 9 9 9 9 1 9 8 5 0 3 0 7 4 5 1 4", "[citizen id]"),
        ("4-1-9-9-9-9-1-9-8-5-0-3-0-7-0-0-2-X", "[citizen id]"),
        ("41 99 99 19 85 03 07 45 14", "[citizen id]"),
        ("4199 9919 8503 0745 14", "[citizen id]"),
        ("419 999 1985 0307 4514", "[citizen id]"),
        ("419999198 503074514", "[citizen id]"),
        ("41999919850307\n4514", "[citizen id]"),
        ("４１９９９９１９８５０３０７４５１４", "[citizen id]"),
        ("４１９９９９　１９８５０３０７　００２Ｘ", "[citizen id]"),
        ("四一九九九九一九八五〇三〇七四五一四", "[citizen id]"),
        ("4\u{200b}19999\u{200d}198503074514", "[citizen id]"),
        ("419999198503074514 419999198503074522", "[citizen id] [citizen id]"),
        ("419999198503074514419999198503074522", "[citizen id][citizen id]"),
        ("301 419999198503074514 13803710001", "301 [citizen id] 13803710001"),
        ("旧号 419999850307451。", "旧号 [citizen id]。"),
        ("419999 850307 451", "[citizen id]"),
        ("419999850307 451", "[citizen id]"),
        ("419999850307451一家三口", "[citizen id]一家三口"),
        ("41999919850307451", "[citizen id]"),
        ("4419999198503074514", "4[citizen id]"),
    ] {
        assert_eq!(scrub_text(note), clean, "{note}");
    }
}

#[test]
fn other_text_comes_back_unchanged() {
    for text in [
        "",
        "明天晚上七点再来",
        "2020-11-03T19:02:11+08:00",
        "2020-11-03 19:02 2020-11-04 20:15",
        "20201103190211000",
        "1604000000000000",
        "1604000000000000000",
        "01920304-0506-7080-9019-850307451234",
        "41999919-8503-0745-8140-000000000000",
        "photo:41999919-8503-4745-8140-000000000000, next",
        "419999198503074514aaaaaaaaaaaaaa",
        "d41d8cd98f00b204e9800998ecf8427e",
        "34.747212, 112.983019",
        "112.98301985, 34.74721203",
        "13803710001 13803710002",
        "13803710512 1301",
        "电话0371-63123456转301",
        "101 103 201 203 301 303",
        "101,102,201,202,301,302",
        "6-2-301 6-2-302 6-2-303 6-2-304",
        "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16",
        "410181001001-01|6|2|301",
        "410181001001-301",
        "6222021001116245702",
        "9999999999999999999999999999999999999999",
        "a\\b\"c'd$$e%s{0}",
        "\u{202e}محمد\u{202c} 👨‍👩‍👧‍👦 𠮷田",
        MARK,
    ] {
        assert_eq!(scrub_text(text), text);
        assert!(matches!(scrub_text(text), Cow::Borrowed(_)), "{text}");
        let mut json = String::from("{\"note\":");
        crate::ingest::json::write_string(text, &mut json);
        json.push('}');
        assert_eq!(scrub_json(&json), json);
    }
}

#[test]
fn a_json_text_is_gone_through_whole() {
    for (text, clean) in [
        (r#"{"citizen_id":"419999198503074514","n":1}"#, r#"{"citizen_id":"[citizen id]","n":1}"#),
        (r#"{"citizen_id" : null , "n":1}"#, r#"{"citizen_id" : null , "n":1}"#),
        (r#"{"citizen_id":4514,"n":1}"#, r#"{"citizen_id":"[citizen id]","n":1}"#),
        (r#"{"citizen_id": true }"#, r#"{"citizen_id": "[citizen id]" }"#),
        (r#"{"citizen_id":{"a":["45","14"]},"n":1}"#, r#"{"citizen_id":"[citizen id]","n":1}"#),
        (r#"[{"citizen_id":["4","}]"]}]"#, r#"[{"citizen_id":"[citizen id]"}]"#),
        (r#"{"citizen_\u0069d":"4514"}"#, r#"{"citizen_\u0069d":"[citizen id]"}"#),
        (r#"{"citizenId":"4514"}"#, r#"{"citizenId":"[citizen id]"}"#),
        (r#"{"Citizen_ID":"4514"}"#, r#"{"Citizen_ID":"[citizen id]"}"#),
        (r#"{"citizen_ids":"4514","a":"citizen_id"}"#, r#"{"citizen_ids":"4514","a":"citizen_id"}"#),
        (r#"{"419999198503074514":1}"#, r#"{"[citizen id]":1}"#),
        (r#"{"a":419999198503074514}"#, r#"{"a":"[citizen id]"}"#),
        (r#"{"a":-419999198503074514.0 }"#, r#"{"a":"[citizen id]" }"#),
        ("[4.19999198503074514e17,419999850307451]", r#"["[citizen id]","[citizen id]"]"#),
        ("[4.199991985030745e17]", r#"["[citizen id]"]"#),
        ("[419999198503074.514,1.5e3,160400000000]", "[419999198503074.514,1.5e3,160400000000]"),
        (r#"{"a":"\u0034\u0031\u0039999198503074514"}"#, r#"{"a":"[citizen id]"}"#),
        (r#"{"a":"\uff14\uff1199991985\u0030307451\uff14!"}"#, r#"{"a":"[citizen id]!"}"#),
        (r#"{"a":"\\419999198503074514\n"}"#, r#"{"a":"\\[citizen id]\n"}"#),
        (r#"{"a":"419999\/19850307\/4514"}"#, r#"{"a":"[citizen id]"}"#),
        (
            r#"{"area":"410181001001001","room":"410181001001001"}"#,
            r#"{"area":"410181001001001","room":"[citizen id]"}"#,
        ),
        (r#"{"area":"419999198503074514"}"#, r#"{"area":"[citizen id]"}"#),
    ] {
        assert_eq!(scrub_json(text), clean, "{text}");
        assert_eq!(scrub_json(clean), clean);
    }
}

#[test]
fn text_that_is_no_json_is_gone_through_too() {
    for text in [
        "419999198503074514",
        "{\"a\": 419999198503074514",
        "{\"a\": \"419999198503074514",
        "{'a': '419999198503074514'}",
        "{\"a\" 419999 19850307 4514}",
        "{\"citizen_id\": \"41999919850307451",
        "{\"citizen_id\": {\"41999919850307451",
        "{\"citizen_id\": 41999919850307451",
        "{\"citizen_id\": \"4199\"9919850307451\",\"a\":1}",
        "{\"citizen_id\": {\"4199\"} 9919850307451",
        "\\u0034 x\u{0}419999198503074514",
        "{\"a\":\"\\ud83d419999198503074514\"}",
        "}}]]{\"a\":\"\\x419999198503074514",
    ] {
        let clean = scrub_json(text);
        assert!(is_clean(&clean) && !clean.contains("850307"), "{clean}");
    }
}

#[test]
fn one_long_run_of_digits_takes_neither_memory_nor_time() {
    let mut text = "0 ".repeat(200_000);
    text.push_str("4 1 9 9 9 9 1 9 8 5 0 3 0 7 4 5 1 4 ");
    text.push_str(&"9".repeat(300_000));
    text.push_str("419999198503074514");
    let clean = scrub_text(&text);
    assert!(!clean.contains("1985"));
    assert_eq!(clean.matches(MARK).count(), 2);
}

/// An ID in one of the spellings that must be found.
fn spelt() -> impl Strategy<Value = String> {
    let id = prop::sample::select(IDS.to_vec());
    (id, 0..8_usize).prop_map(|(id, spelling)| {
        let parts = if id.len() == 18 {
            [&id[..6], &id[6..14], &id[14..]]
        } else {
            [&id[..6], &id[6..12], &id[12..]]
        };
        let each = |f: fn(char) -> String| id.chars().map(f).collect::<String>();
        match spelling {
            0 => id.to_owned(),
            1 => parts.join(" "),
            2 => parts.join("-"),
            3 => each(|c| format!("{c} ")).trim_end().to_owned(),
            4 => each(|c| char::from_u32(u32::from(c) + 0xFEE0).unwrap().to_string()),
            5 => each(|c| format!("\\u{:04x}", u32::from(c))),
            6 => each(|c| format!("\\uFF{:02X}", u32::from(c) - 0x20)),
            _ => id.to_lowercase(),
        }
    })
}

proptest! {
    #[test]
    fn a_planted_id_is_found_anywhere(before in "[a-z王。\\n ]{0,20}", id in spelt(), after in "[a-z王。 ]{0,20}", place in 0..4_usize) {
        let before = before.replace('\n', "\\n");
        let text = match place {
            0 => format!("{{\"note\":\"{before}{id}{after}\",\"n\":1}}"),
            1 => format!("{{\"{before}{id}{after}\":[1,2]}}"),
            2 => format!("[[\"{before}\",\"{id}{after}\"],{{\"a\":{{\"b\":\"{before}.{id}\"}}}}]"),
            _ => format!("{{\"citizen_id\":\"{before}{id}{after}\"}}"),
        };
        let clean = scrub_json(&text);
        prop_assert!(is_clean(&clean), "{}", clean);
        prop_assert!(crate::ingest::json::parse(&clean).is_ok());
        if place == 0 {
            prop_assert_eq!(&*clean, format!("{{\"note\":\"{before}{MARK}{after}\",\"n\":1}}"));
        }
        prop_assert_eq!(scrub_json(&clean), clean.clone());
    }

    #[test]
    fn any_text_is_survived(text in "\\PC{0,60}|[\\\\\"0-9uX{}\\[\\],: -]{0,80}") {
        let _ = scrub_text(&text);
        let clean = scrub_json(&text).into_owned();
        if !text.contains("itizen") {
            prop_assert!(clean == text || clean.contains(MARK));
        }
    }

    #[test]
    fn text_with_few_digits_is_left_alone(text in "([^0-9xX〇零一二三四五六七八九]{0,3}[0-9]{0,13}[a-z王\"{}]){0,20}") {
        prop_assert_eq!(scrub_text(&text), &*text);
    }
}

#[test]
fn a_time_is_no_number_and_hides_none() {
    for time in [
        "2020-11-01T08:00:00.123456789+08:00",
        "2020-11-01T08:00:00.123456789Z",
        "2020-11-01T08:00:00.1234567",
    ] {
        assert!(!spans::may_hold(time, Source::Escaped), "{time}");
    }
    for text in ["2020-11-01T08:00:00 419999198503074514", "2020-11-01T08:00:00.419999198503074514"] {
        assert!(is_clean(&scrub_text(text)), "{text}");
        assert!(is_clean(&scrub_json(&format!("{{\"at\": \"{text}\"}}"))), "{text}");
    }
}
