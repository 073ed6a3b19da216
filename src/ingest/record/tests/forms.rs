//! Tables: interviews and fields, and what becomes of them.

use super::*;

#[test]
fn forms_that_contradict_themselves_are_held() {
    let form = |text: &str| {
        let (reason, places) = held(text);
        assert_eq!(reason, Reason::FormError);
        places.join(" ")
    };
    assert_eq!(form(&with(INTERVIEW, "persons", "[]")), "/persons /persons");
    assert_eq!(form(&with_person(1, "relationship", "\"head\"")), "/persons/1/relationship");
    assert_eq!(form(&with_person(1, "person_no", "1")), "/persons/1/person_no");
    assert_eq!(form(&with_person(1, "birth", r#"{"y":1984,"m":13}"#)), "/persons/1/birth");
    assert_eq!(form(&with_person(1, "stayed_at", "7")), "/persons/1/stayed_at");
    let dead = r#"{"household_type":"family","deaths_m":1,"household_no":999}"#;
    assert_eq!(warnings(&with(&with(INTERVIEW, "household", dead), "persons", "[]")), []);
    let many: Vec<String> = (1..=500)
        .map(|n| {
            let relationship = if n == 1 { "head" } else { "child" };
            format!(r#"{{"person_no":{n},"name":"人{n}","sex":"f","birth":{{"y":2001,"m":2}},"relationship":"{relationship}"}}"#)
        })
        .collect();
    let text = with(&with(INTERVIEW, "household", "null"), "persons", &format!("[{}]", many.join(",")));
    assert_eq!(interview(&text).persons.len(), 500);
}

#[test]
fn unlikely_answers_are_taken_with_a_warning() {
    for (text, reason, place) in [
        (with_person(2, "birth", r#"{"y":2091,"m":1}"#), Reason::Unlikely, "/persons/2/birth"),
        (
            with_person(0, "residence_status", "\"here_elsewhere\""),
            Reason::ResidenceDiffers,
            "/persons/0/residence_status",
        ),
        (with_person(0, "time_away", "4"), Reason::TimeAwayDiffers, "/persons/0/time_away"),
        (with_person(0, "birth", r#"{"y":1985,"m":4}"#), Reason::CitizenIdDisagrees, "/persons/0/birth"),
        (with(INTERVIEW, "household", r#"{"phone":"none"}"#), Reason::Unlikely, "/household/phone"),
    ] {
        assert_eq!(warnings(&text), [(reason, place.to_owned())], "{text}");
    }
    let elder = with_person(2, "birth", r#"{"y":1950,"m":1}"#);
    assert_eq!(warnings(&elder), []);
}

#[test]
fn a_citizen_id_that_cannot_be_right_is_left_out() {
    for value in
        ["\"419999850307451\"", "\"419999198502304517\"", "\"1\"", "true", "[\"419999198503074514\"]", "12"]
    {
        // Without a stated birth several repairs fit, so that none is made.
        let text = with_person(2, "citizen_id", value);
        assert_eq!(
            warnings(&text),
            [(Reason::CitizenIdDropped, "/persons/2/citizen_id".to_owned())],
            "{value}"
        );
        let person = interview(&text).persons[2].clone();
        assert_eq!((person.citizen, person.citizen_state, person.extra), (None, CitizenState::Dropped, None));
    }
    let slip = with_person(0, "citizen_id", "\"419999198503074541\"");
    assert_eq!(warnings(&slip), [(Reason::CitizenIdRepaired, "/persons/0/citizen_id".to_owned())]);
}

#[test]
fn fields_of_the_wrong_kind() {
    for (text, reason, place) in [
        (with(INTERVIEW, "persons", "\"three\""), Reason::BadField, "/persons"),
        (with(INTERVIEW, "persons", "[7]"), Reason::BadField, "/persons/0"),
        (with(INTERVIEW, "household", "[]"), Reason::BadField, "/household"),
        (with(INTERVIEW, "answers", "[1]"), Reason::BadField, "/answers"),
        (with(INTERVIEW, "household", r#"{"rooms":2.5}"#), Reason::BadField, "/household/rooms"),
        (
            with(INTERVIEW, "household", r#"{"floor_area_m2":"big"}"#),
            Reason::BadField,
            "/household/floor_area_m2",
        ),
        (with_person(0, "person_no", "null"), Reason::MissingField, "/persons/0/person_no"),
        (with_person(0, "name", "7"), Reason::BadField, "/persons/0/name"),
        (
            with_person(0, "name", &format!("\"{}\"", "王".repeat(201))),
            Reason::TextTooLong,
            "/persons/0/name",
        ),
        (with_person(0, "sex", "null"), Reason::MissingField, "/persons/0/sex"),
        (with_person(0, "stayed_here", "1"), Reason::BadField, "/persons/0/stayed_here"),
        (with_person(0, "birth", "\"1984-05\""), Reason::BadField, "/persons/0/birth"),
        (with_person(0, "birth", r#"{"m":"May"}"#), Reason::BadField, "/persons/0/birth/m"),
        (with(INTERVIEW, "revision", "0"), Reason::BadRevision, "/revision"),
        (with(INTERVIEW, "revision", "1.5"), Reason::BadRevision, "/revision"),
        (with(INTERVIEW, "revision", "2147483648"), Reason::BadRevision, "/revision"),
        (
            INTERVIEW.replace("\"revision\":1", "\"revision\":99999999999999999999"),
            Reason::BadRevision,
            "/revision",
        ),
        (with(VISIT, "note", "7"), Reason::BadField, "/note"),
        (with(DWELLING, "floor", "\"third\""), Reason::BadField, "/floor"),
        (with(DWELLING, "floor", "2.5"), Reason::BadField, "/floor"),
        (with(DWELLING, "household", "0"), Reason::BadField, "/household"),
        (with(DWELLING, "room", "\"\""), Reason::MissingField, "/room"),
        (with(DWELLING, "room", "\" \""), Reason::MissingField, "/room"),
        (with(DWELLING, "room", "\"3|1\""), Reason::BadField, "/room"),
        (without(DWELLING, "area"), Reason::MissingField, "/area"),
        (with(DWELLING, "area", "[]"), Reason::BadField, "/area"),
        (without(DWELLING, "building"), Reason::MissingField, "/building"),
    ] {
        assert_eq!(refusal(&text), (reason, place.to_owned()), "{text}");
    }
    assert_eq!(interview(&with(INTERVIEW, "revision", "77.0")).revision, 77);
    assert_eq!(interview(&without(INTERVIEW, "revision")).revision, 1);
    assert_eq!(warnings(&with(VISIT, "photo", "[\"x\"]")), [(Reason::FieldDropped, "/photo".to_owned())]);
}

#[test]
fn unknown_fields_are_kept_without_citizen_ids() {
    let text = with(&with(VISIT, "battery", "0.70"), "app", r#"{"v":"9.9","who":"419999198503074514"}"#);
    assert_eq!(warnings(&text), []);
    let extra: serde_json::Value = serde_json::from_str(&visit(&text).extra.unwrap()).unwrap();
    assert_eq!(extra, serde_json::json!({"app":{"v":"9.9","who":"[citizen id]"},"battery":0.7}));
    let text = with_person(0, "citizenId", "\"4514\"");
    assert_eq!(interview(&text).persons[0].extra.as_deref(), Some("{\"citizenId\":\"[citizen id]\"}"));
    let text = with(INTERVIEW, "answers", r#"{"id":419999198503074514}"#);
    assert_eq!(interview(&text).answers.as_deref(), Some("{\"id\":\"[citizen id]\"}"));
}

#[test]
fn texts_come_back_unchanged_but_for_citizen_ids() {
    for note in [
        "Robert'); DROP TABLE visits;--",
        "\u{202e}محمد\u{202c} 👨‍👩‍👧‍👦 𠮷田",
        "a\\b\"c'd$$e%s{0}",
        "<script>alert(1)</script>",
        "2020-11-03 19:02, 34.747212, 112.983019, 13803710000",
    ] {
        let text = with(VISIT, "note", &serde_json::Value::from(note).to_string());
        assert_eq!(visit(&text).note.as_deref(), Some(note));
    }
    assert_eq!(
        visit(&with(VISIT, "note", "\"id 419999198503074514\"")).note.as_deref(),
        Some("id [citizen id]")
    );
}
