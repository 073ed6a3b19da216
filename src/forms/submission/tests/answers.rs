//! Answers: every type, what is left out, what comes back in a cell.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::forms::model::{Choice, Kind, Node};
use crate::forms::submission::{cell_text, part_id, read_json, scrubbed_xml, typed};

fn node(path: &str, kind: Kind) -> Node {
    Node { path: path.to_owned(), name: path.rsplit('/').next().unwrap().to_owned(), kind, ..Node::default() }
}

fn sheet() -> FormModel {
    let needs = ["lift", "park"].map(|name| Choice { name: name.to_owned(), ..Choice::default() });
    let home = vec![
        node("/data/home/rooms", Kind::Int),
        node("/data/home/area", Kind::Decimal),
        Node { choices: needs.to_vec(), ..node("/data/home/needs", Kind::SelectMultiple) },
        node("/data/home/moved", Kind::Date),
        node("/data/home/quiet", Kind::Time),
        node("/data/home/seen", Kind::DateTime),
        node("/data/home/place", Kind::Geopoint),
        node("/data/home/way", Kind::Geotrace),
        node("/data/home/agree", Kind::Acknowledge),
    ];
    let child = vec![node("/data/child/nick", Kind::String), node("/data/child/age", Kind::Int)];
    FormModel {
        id: "sheet".to_owned(),
        version: "1".to_owned(),
        root: "data".to_owned(),
        nodes: vec![
            Node { meta: Some("start".to_owned()), ..node("/data/start", Kind::DateTime) },
            Node { binding: Some("case".to_owned()), ..node("/data/door", Kind::String) },
            Node { nodes: home, ..node("/data/home", Kind::Group) },
            node("/data/pic", Kind::Image),
            Node { binding: Some("answer.wish".to_owned()), ..node("/data/p7", Kind::String) },
            Node { nodes: child, ..node("/data/child", Kind::Repeat) },
            node("/data/remark", Kind::String),
            node("/data/info", Kind::Note),
        ],
        ..FormModel::default()
    }
}

#[test]
fn each_type_is_what_the_form_says() {
    let inside = "<start>2026-11-30T19:00:00.000+08:00</start><door>x</door><home><rooms>3</rooms><area>89.50</area><needs>park lift</needs><moved>2019-02-28</moved><quiet>21:30:00.000+08:00</quiet><seen>2026-11-30T19:05:00.000+08</seen><place>34.75 112.97 101.5 8.0</place><way>1 2; 3 4 5</way><agree>OK</agree></home><pic>p9.jpg</pic><p7>yes</p7><child><nick>小一</nick><age>4</age></child><child><nick/><age>7</age></child><info>x</info><extra>?</extra>";
    let done = mapped(&sheet(), &filled(&sheet(), inside, ""), &given(FormRole::Extra)).unwrap();
    assert_eq!(
        done.answers,
        json!({
            "home": {"rooms": 3, "area": 89.5, "needs": ["park", "lift"], "moved": "2019-02-28", "quiet": "21:30:00.000+08:00",
                     "seen": "2026-11-30T19:05:00.000+08:00", "place": {"lon": 112.97, "lat": 34.75, "alt": 101.5, "accuracy_m": 8},
                     "way": [{"lat": 1, "lon": 2}, {"lat": 3, "lon": 4, "alt": 5}], "agree": true},
            "pic": {"file": "p9.jpg", "id": part_id(U, "p9.jpg").to_string()},
            "wish": "yes",
            "child": [{"nick": "小一", "age": 4}, {"nick": null, "age": 7}],
            "extra": "?"
        })
    );
    assert_eq!(done.warnings, []);
    assert_eq!(done.files.len(), 1);
    assert_eq!(done.parts[0].id, part_id(U, "answers"));
    assert_eq!(done.door.unwrap().text, "x");
}

#[test]
fn what_does_not_fit_stays_as_text_with_a_warning() {
    let inside = "<home><rooms>three</rooms><area>9007199254740993.5</area><needs>lift jacuzzi</needs><moved>soon</moved><place>91 1</place><agree>no</agree></home><child><age>1.5</age></child>";
    let done = mapped(&sheet(), &filled(&sheet(), inside, ""), &given(FormRole::Extra)).unwrap();
    let told: Vec<(&str, &str)> = done.warnings.iter().map(|w| (w.path.as_str(), w.reason)).collect();
    assert_eq!(
        told,
        [
            ("/data/home/rooms", "answer-not-typed"),
            ("/data/home/needs", "answer-not-listed"),
            ("/data/home/moved", "answer-not-typed"),
            ("/data/home/place", "answer-not-typed"),
            ("/data/home/agree", "answer-not-typed"),
            ("/data/child[1]/age", "answer-not-typed"),
        ]
    );
    assert_eq!(done.answers["home"]["rooms"], json!("three"));
    assert_eq!(done.answers["home"]["area"], json!("9007199254740993.5"));
    assert_eq!(done.answers["home"].get("seen"), None);
}

#[test]
fn answers_in_json_give_what_the_xml_gives() {
    let model = sheet();
    let inside = "<door>x</door><home><rooms>2</rooms><needs>park lift</needs><place>1 2</place></home><p7>yes</p7><child><age>4</age></child>";
    let by_xml = mapped(&model, &filled(&model, inside, ""), &given(FormRole::Extra)).unwrap();
    for answers in [
        json!({"door": "x", "home": {"rooms": 2, "needs": ["park", "lift"], "place": {"lon": 2, "lat": 1}}, "p7": "yes", "child": [{"age": 4}]}),
        json!({"wish": "yes", "child": {"age": "4"}, "home": {"needs": "park lift", "rooms": "2", "place": "1 2"}, "door": "x"}),
    ] {
        let envelope = read_json(&answers, &model, U, None).unwrap();
        let by_json = map(&envelope, &model, &given(FormRole::Extra), &scrub).unwrap();
        assert_eq!((by_json.answers, by_json.door), (by_xml.answers.clone(), by_xml.door.clone()));
    }
    let interview = json!({"census": {"person": [{"name": "a", "sex": "f", "stayed_here": true}]}, "door": "x", "outcome": "no_answer"});
    let done =
        map(&read_json(&interview, &door(), U, None).unwrap(), &door(), &given(FormRole::Visit), &scrub)
            .unwrap();
    assert_eq!(record(&done, PartKind::Interview)["persons"][0]["stayed_here"], json!(true));
    assert!(read_json(&json!([1]), &model, U, None).is_err());
}

#[test]
fn citizen_ids_are_in_no_answer_and_in_no_copy() {
    let model = census();
    let id = "419999198405010024";
    let hidden = id.chars().map(|c| format!("&#{};", c as u32)).collect::<Vec<_>>().concat();
    let inside = format!(
        "<person><name>a</name><sex>f</sex><citizen_id>4199-991984 05010024</citizen_id></person><address_text>见<![CDATA[{id}]]>。</address_text><other a=\"{id}\"><x>{hidden}</x><y>41999919<!-- -->8405010024</y></other>"
    );
    let xml = filled(&model, &inside, "");
    let clean = scrubbed_xml(&xml, Some(&model), &scrub);
    assert!(!clean.contains(id) && !clean.contains("05010024") && !clean.contains("&#5"), "{clean}");
    assert_eq!(clean.matches("[citizen id]").count(), 5, "{clean}");
    let again = read_xml(&clean).unwrap();
    assert_eq!((again.instance, again.form_id.as_str()), (U, "census_short"));
    let done = mapped(&model, &xml, &given(FormRole::Main)).unwrap();
    assert!(!done.answers.to_string().contains("0501002"), "{}", done.answers);
    let plain = filled(&model, "<rooms>3</rooms>", "");
    assert_eq!(scrubbed_xml(&plain, Some(&model), &scrub), plain);
}

/// Texts that clients write for a type.
#[expect(clippy::wildcard_enum_match_arm, reason = "every other type is written as text here")]
fn written(kind: Kind) -> BoxedStrategy<String> {
    let number = || (-90_000..90_000_i32).prop_map(|n| (f64::from(n) / 1000.0).to_string());
    match kind {
        Kind::Int => (-1_000_000_000_i64..1_000_000_000).prop_map(|n| n.to_string()).boxed(),
        Kind::Decimal => number().boxed(),
        Kind::Date => {
            (1900..2100_i32, 1..13_u8, 1..29_u8).prop_map(|(y, m, d)| format!("{y}-{m:02}-{d:02}")).boxed()
        }
        Kind::Geopoint => (number(), number(), number(), number())
            .prop_map(|(a, b, c, d)| format!("{a} {b} {c} {d}"))
            .boxed(),
        Kind::SelectMultiple => {
            proptest::collection::vec("[a-z0-9_]{1,8}", 1..5).prop_map(|names| names.join(" ")).boxed()
        }
        Kind::DateTime => {
            (0..24_u8, 0..60_u8).prop_map(|(h, m)| format!("2026-11-30T{h:02}:{m:02}:00.000+08:00")).boxed()
        }
        Kind::Image => "[a-z]{1,8}\\.jpg".boxed(),
        _ => "[^\\s\\p{C}][^\\p{C}]{0,30}".boxed(),
    }
}

proptest! {
    #[test]
    fn a_typed_answer_comes_back_in_its_cell(
        (kind, text) in prop_oneof![
            Just(Kind::Int), Just(Kind::Decimal), Just(Kind::Date), Just(Kind::Geopoint), Just(Kind::SelectMultiple),
            Just(Kind::DateTime), Just(Kind::Image), Just(Kind::String)
        ].prop_flat_map(|kind| (Just(kind), written(kind)))
    ) {
        let made = typed(&text, &node("/data/x", kind), U);
        prop_assert_eq!(made.warning, None);
        prop_assert_eq!(cell_text(&made.value), text);
    }

    #[test]
    fn no_text_makes_a_type_panic(text in "\\PC{0,40}", n in 0_usize..17) {
        const KINDS: [Kind; 17] = [
            Kind::String, Kind::Int, Kind::Decimal, Kind::Date, Kind::Time, Kind::DateTime, Kind::SelectOne, Kind::SelectMultiple,
            Kind::Rank, Kind::Geopoint, Kind::Geotrace, Kind::Geoshape, Kind::Acknowledge, Kind::Image, Kind::Audio, Kind::Video, Kind::File,
        ];
        let _ = typed(&text, &node("/data/x", KINDS[n]), U);
    }

    #[test]
    fn times_of_any_shape_are_judged_without_panic(text in "[0-9T:.+Z-]{0,32}") {
        let _ = typed(&text, &node("/data/x", Kind::DateTime), U);
        let _ = typed(&text, &node("/data/x", Kind::Time), U);
    }
}
