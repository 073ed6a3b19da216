//! Submissions that are none or too much: each a clear reason, never a panic.

use proptest::prelude::*;

use super::*;
use crate::forms::submission::{Why, scrubbed_xml};

fn why(xml: &str) -> Why {
    read_xml(xml).unwrap_err().why
}

fn free() -> FormModel {
    FormModel {
        id: "daily".to_owned(),
        version: "1".to_owned(),
        root: "data".to_owned(),
        ..FormModel::default()
    }
}

#[test]
fn what_cannot_be_read_is_not_a_form() {
    let good = filled(&free(), "<remark>a</remark>", "");
    for (what, xml) in [
        ("no XML", "<data".to_owned()),
        ("empty", String::new()),
        ("no meta", "<data id=\"a\"/>".to_owned()),
        ("no id", good.replace(" id=\"daily\"", "")),
        ("no instanceID", good.replace(&format!("<orx:instanceID>uuid:{U}</orx:instanceID>"), "")),
        ("empty instanceID", good.replace(&format!("uuid:{U}"), " ")),
        ("two meta", good.replace("</data>", "<meta><instanceID>uuid:x</instanceID></meta></data>")),
        ("two instanceID", good.replace("<orx:meta>", "<orx:meta><instanceID>x</instanceID>")),
        ("DTD", good.replace("<data ", "<!DOCTYPE data [<!ENTITY x \"y\">]><data ")),
        ("NUL", good.replace(">a<", ">\u{0}<")),
        ("NUL by reference", good.replace(">a<", ">&#0;<")),
        ("surrogate", good.replace(">a<", ">&#xD800;<")),
        ("cut", good[..good.len() - 9].to_owned()),
    ] {
        assert_eq!(read_xml(&xml).err().map(|refused| refused.why), Some(Why::NotAForm), "{what}");
    }
}

#[test]
fn limits_have_their_own_reasons() {
    let with = |inside: &str| filled(&free(), inside, "");
    assert_eq!(why(&with(&format!("{}{}", "<a>".repeat(70), "</a>".repeat(70)))), Why::TooDeep);
    assert_eq!(why(&with(&"<remark>x</remark>".repeat(20_001))), Why::TooLarge);
    assert_eq!(why(&with(&"<n>xxxxxxxxxxxxxxxxxx</n>".repeat(60_000))), Why::TooLarge);
    let long = read_xml(&with(&format!("<g><remark>{}</remark></g>", "字".repeat(20_001)))).unwrap_err();
    assert_eq!((long.why, long.path.as_deref()), (Why::TextTooLong, Some("/data/g/remark")));
    assert!(read_xml(&with(&format!("<remark>{}</remark>", "字".repeat(20_000)))).is_ok());
    assert!(read_xml(&with(&"<row><x>1</x></row>".repeat(9_990))).is_ok());
}

#[test]
fn an_instance_with_another_name_has_an_id_of_its_own() {
    let named =
        |name: &str| read_xml(&filled(&free(), "", "").replace(&format!("uuid:{U}"), name)).unwrap().instance;
    assert_eq!(named("first"), named("first"));
    assert_ne!(named("first"), named("second"));
    assert_eq!(named(&U.to_string().to_uppercase()), U);
}

#[test]
fn without_anything_that_can_be_used_a_submission_has_no_binding() {
    let model = door();
    let xml = filled(&model, "<scope>all</scope>", "");
    assert_eq!(mapped(&model, &xml, &given(FormRole::Visit)).unwrap_err().why, Why::NoBinding);
    assert!(mapped(&free(), &filled(&free(), "", ""), &given(FormRole::Visit)).unwrap().parts.is_empty());
    assert_eq!(mapped(&free(), &filled(&free(), "", ""), &given(FormRole::Free)).unwrap().parts.len(), 1);
    let main = mapped(&census(), &filled(&census(), "", ""), &given(FormRole::Main)).unwrap();
    assert_eq!(main.parts.len(), 1, "a main form is an interview even if nothing was answered");
}

proptest! {
    #[test]
    fn no_text_makes_the_mapper_panic(text in "(</?(data|meta|instanceID|person|sex|outcome|birth|door|census)( id=\"door\")?/?>|[a-z0-9 &;#.-]){0,60}") {
        let all = format!("<data id=\"door\" version=\"1\">{text}<meta><instanceID>x</instanceID></meta></data>");
        let model = door_once();
        for xml in [&text, &all] {
            if let Ok(envelope) = read_xml(xml) {
                for role in [FormRole::Main, FormRole::Extra, FormRole::Visit, FormRole::Free] {
                    let _ = map(&envelope, model, &given(role), &scrub);
                }
            }
            let _ = scrubbed_xml(xml, Some(model), &scrub);
        }
    }

    #[test]
    fn no_answers_in_json_make_the_mapper_panic(value in json_value()) {
        let model = door_once();
        if let Ok(envelope) = crate::forms::submission::read_json(&value, model, U, None) {
            let _ = map(&envelope, model, &given(FormRole::Visit), &scrub);
        }
    }
}

fn door_once() -> &'static FormModel {
    static MODEL: std::sync::OnceLock<FormModel> = std::sync::OnceLock::new();
    MODEL.get_or_init(door)
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<f64>().prop_map(Value::from),
        "[a-z0-9 -]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        let name = prop_oneof![
            Just("person"),
            Just("census"),
            Just("outcome"),
            Just("birth"),
            Just("door"),
            Just("sex"),
            Just("x")
        ];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::Array),
            proptest::collection::btree_map(name.prop_map(str::to_owned), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}
