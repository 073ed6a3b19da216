//! Tables: a record, and what becomes of it.

use super::*;

#[test]
fn ids_and_types() {
    let nil = "\"00000000-0000-0000-0000-000000000000\"";
    for (text, reason, place) in [
        (without(VISIT, "id"), Reason::MissingField, "/id"),
        (with(VISIT, "id", "null"), Reason::MissingField, "/id"),
        (with(VISIT, "id", "\"visit-1\""), Reason::BadId, "/id"),
        (with(VISIT, "id", "7"), Reason::BadId, "/id"),
        (with(VISIT, "id", nil), Reason::BadId, "/id"),
        (with(VISIT, "id", "\"01900000000070008000000000000001\""), Reason::BadId, "/id"),
        (with(VISIT, "id", "\"{01900000-0000-7000-8000-000000000001}\""), Reason::BadId, "/id"),
        (with(VISIT, "id", "\"'; DROP TABLE visits; --\""), Reason::BadId, "/id"),
        (with(VISIT, "case_id", "\"door 301\""), Reason::BadId, "/case_id"),
        (without(VISIT, "case_id"), Reason::MissingField, "/case_id"),
        (with(VISIT, "type", "\"poem\""), Reason::UnknownType, "/type"),
        (with(VISIT, "type", "7"), Reason::UnknownType, "/type"),
        (without(VISIT, "type"), Reason::MissingField, "/type"),
        (with(INTERVIEW, "visit_id", "\"x\""), Reason::BadId, "/visit_id"),
        ("[1,2,3]".to_owned(), Reason::NotARecord, ""),
        ("42".to_owned(), Reason::NotARecord, ""),
        ("null".to_owned(), Reason::NotARecord, ""),
        ("\"x\"".to_owned(), Reason::NotARecord, ""),
        ("[]".to_owned(), Reason::NotARecord, ""),
    ] {
        assert_eq!(refusal(&text), (reason, place.to_owned()), "{text}");
    }
}

#[test]
fn a_refusal_names_the_record_if_that_is_harmless() {
    let of = |text: &str| match read(text).parsed {
        Parsed::Refused(refused) => (refused.id, refused.kind.map(RecordKind::slug)),
        other @ (Parsed::Visit(_)
        | Parsed::Interview(_)
        | Parsed::Dwelling(_)
        | Parsed::Submission(_)
        | Parsed::MessageRead(_)) => {
            panic!("{other:?}")
        }
    };
    let id = "01900000-0000-7000-8000-000000000001".to_owned();
    assert_eq!(of(&with(VISIT, "outcome", "\"x\"")), (Some(id.clone()), Some("visit")));
    assert_eq!(of(&with(VISIT, "id", "\"visit-1\"")), (Some("visit-1".to_owned()), Some("visit")));
    assert_eq!(of(&with(VISIT, "id", "\"'; DROP TABLE visits; --\"")), (None, Some("visit")));
    assert_eq!(of(&with(VISIT, "id", "\"419999198503074514\"")), (None, Some("visit")));
    assert_eq!(of(&with(VISIT, "id", &format!("\"{}\"", "a".repeat(41)))), (None, Some("visit")));
    assert_eq!(
        of(&format!("{},\"outcome\":\"vacant\"}}", VISIT.strip_suffix('}').unwrap())),
        (Some(id), Some("visit"))
    );
    assert_eq!(of("42"), (None, None));
}

#[test]
fn codes() {
    for (text, reason, place) in [
        (with(VISIT, "outcome", "\"went_well\""), Reason::UnknownOutcome, "/outcome"),
        (with(VISIT, "outcome", "5"), Reason::UnknownOutcome, "/outcome"),
        (without(VISIT, "outcome"), Reason::MissingField, "/outcome"),
        (with(VISIT, "channel", "\"pigeon\""), Reason::UnknownCode, "/channel"),
        (with(VISIT, "informant", "true"), Reason::UnknownCode, "/informant"),
        (with(INTERVIEW, "result", "\"half\""), Reason::UnknownCode, "/result"),
        (with(INTERVIEW, "respondent", "\"dog\""), Reason::UnknownCode, "/respondent"),
        (with(INTERVIEW, "household", r#"{"tenure":"stolen"}"#), Reason::UnknownCode, "/household/tenure"),
        (with_person(1, "sex", "\"x\""), Reason::UnknownCode, "/persons/1/sex"),
        (with_person(1, "relationship", "\"cat\""), Reason::UnknownCode, "/persons/1/relationship"),
        (with(DWELLING, "kind", "\"castle\""), Reason::UnknownCode, "/kind"),
    ] {
        assert_eq!(refusal(&text), (reason, place.to_owned()), "{text}");
    }
}

#[test]
fn times() {
    for time in [
        "\"2026-11-03T19:02:11\"",
        "\"2026-11-03T24:00:00+08:00\"",
        "\"2026-02-30T10:00:00+08:00\"",
        "1604000000",
        "\"2026-11-03\"",
        "\"2026-11-03T10:00:00+25:00\"",
        "\"2026-11-03T10:00:00-00:00\"",
        "\"0000-01-01T00:00:00+08:00\"",
        "\"9999-12-31T23:59:59+08:00\"",
        "{}",
    ] {
        assert_eq!(refusal(&with(VISIT, "at", time)), (Reason::BadTime, "/at".to_owned()), "{time}");
        assert_eq!(refusal(&with(INTERVIEW, "at", time)), (Reason::BadTime, "/at".to_owned()), "{time}");
    }
    assert_eq!(refusal(&without(VISIT, "at")), (Reason::MissingField, "/at".to_owned()));
    assert_eq!(refusal(&with(VISIT, "ended_at", "\"late\"")), (Reason::BadTime, "/ended_at".to_owned()));
    let early_end = with(VISIT, "ended_at", "\"2020-11-03T19:02:10+08:00\"");
    assert_eq!(warnings(&early_end), [(Reason::FieldDropped, "/ended_at".to_owned())]);
    assert!(visit(&early_end).extra.unwrap().contains("19:02:10"));
}

#[test]
fn a_time_is_held_before_the_survey_and_ahead_of_the_corrected_clock() {
    let at = |time: &str| with(VISIT, "at", &format!("\"{time}\""));
    for time in [
        "2020-10-31T23:59:59+08:00",
        "2016-12-31T23:59:60Z",
        "1970-01-01T00:00:00Z",
        "2020-11-04T08:10:01+08:00",
    ] {
        assert_eq!(held(&at(time)), (Reason::ImplausibleTime, vec!["/at".to_owned()]), "{time}");
    }
    for time in ["2020-11-01T00:00:00+08:00", "2020-11-04T08:10:00+08:00", "2020-11-04T00:10:00Z"] {
        assert_eq!(read(&at(time)).held, None, "{time}");
    }
    let fast = SignedDuration::from_mins(30);
    assert_eq!(read_with(&at("2020-11-04T08:40:00+08:00"), fast).held, None);
    assert!(read_with(&at("2020-11-04T08:40:01+08:00"), fast).held.is_some());
    let slow = SignedDuration::from_mins(-30);
    assert!(read_with(&at("2020-11-04T08:00:00+08:00"), slow).held.is_some());
    assert!(read_with(&at("2020-11-04T08:00:00+08:00"), SignedDuration::MAX).held.is_none());
    let late_form = with(INTERVIEW, "at", "\"2020-11-05T08:00:00+08:00\"");
    assert_eq!(held(&late_form).0, Reason::ImplausibleTime);
    assert_eq!(held(&with(&late_form, "persons", "[]")).0, Reason::FormError);
}

#[test]
fn an_unusable_position_is_left_out_and_kept_as_sent() {
    for (position, place) in [
        (r#"{"lon":34.75,"lat":112.98}"#, ""),
        (r#"{"lon":181.0,"lat":34.75}"#, ""),
        (r#"{"lon":0.0,"lat":0}"#, ""),
        (r#"{"lon":"112.98","lat":34.75}"#, "/lon"),
        (r#"{"lon":112.98}"#, "/lat"),
        (r#"{"lon":112.98,"lat":34.75,"datum":"mars"}"#, "/datum"),
        (r#"{"lon":112.98,"lat":34.75,"datum":4326}"#, "/datum"),
        ("[112.98,34.75]", ""),
        ("\"here\"", ""),
    ] {
        let text = with(VISIT, "position", position);
        assert_eq!(warnings(&text), [(Reason::PositionDropped, format!("/position{place}"))], "{position}");
        let visit = visit(&text);
        assert_eq!(visit.position, None);
        assert!(visit.extra.unwrap().starts_with("{\"position\":"));
    }
    let odd = with(VISIT, "position", r#"{"lon":112.98,"lat":34.75,"accuracy_m":"bad","speed":3}"#);
    assert_eq!(warnings(&odd), [(Reason::FieldDropped, "/position/accuracy_m".to_owned())]);
    assert!(visit(&odd).position.unwrap().accuracy_m.is_none() && visit(&odd).extra.is_some());
    assert_eq!(warnings(&with(DWELLING, "lon", "512")), [(Reason::PositionDropped, "/lat".to_owned())]);
}

#[test]
fn an_unusable_appointment_is_left_out_and_kept_as_sent() {
    let with_times = |from: &str, to: &str| {
        with(VISIT, "appointment", &format!(r#"{{"from":"2020-{from}:00+08:00","to":"2020-{to}:00+08:00"}}"#))
    };
    for (from, to) in [
        ("11-05T20:00", "11-05T19:00"),
        ("11-02T19:00", "11-02T20:00"),
        ("11-03T18:00", "11-03T19:02"),
        ("12-11T00:00", "12-11T01:00"),
    ] {
        let text = with_times(from, to);
        assert_eq!(warnings(&text), [(Reason::AppointmentDropped, "/appointment".to_owned())], "{from} {to}");
        assert!(visit(&text).appointment.is_none() && visit(&text).extra.unwrap().contains("\"to\""));
    }
    for (from, to) in
        [("11-05T19:00", "11-05T19:00"), ("11-03T18:00", "11-03T19:03"), ("12-10T23:00", "12-11T00:00")]
    {
        let text = with_times(from, to);
        assert_eq!(warnings(&text), []);
        assert!(visit(&text).appointment.is_some());
    }
    for (value, reason, place) in [
        (r#"{"from":"tomorrow","to":"later"}"#, Reason::BadTime, "/appointment/from"),
        (r#"{"from":"2020-11-05T19:00:00+08:00","to":"eight"}"#, Reason::BadTime, "/appointment/to"),
        ("\"tomorrow\"", Reason::BadField, "/appointment"),
    ] {
        assert_eq!(refusal(&with(VISIT, "appointment", value)), (reason, place.to_owned()));
    }
    assert_eq!(warnings(&with(VISIT, "outcome", "\"appointment_made\"")), []);
}
