//! Every kind of bad and odd record, and what becomes of it.

mod broken;
mod forms;
mod odd;
mod rule;

use jiff::SignedDuration;

use super::*;
use crate::ingest::digest::Keys;

/// A visit as a device sends it.
const VISIT: &str = r#"{"type":"visit","id":"01900000-0000-7000-8000-000000000001",
    "case_id":"01900000-0000-5000-8000-000000000002","at":"2020-11-03T19:02:11+08:00","outcome":"no_answer"}"#;

/// An interview of a couple and their child.
const INTERVIEW: &str = r#"{"type":"interview","id":"01900000-0000-7000-8000-000000000003",
    "case_id":"01900000-0000-5000-8000-000000000002","visit_id":"01900000-0000-7000-8000-000000000001","revision":1,
    "result":"complete","at":"2020-11-03T19:10:00+08:00","respondent":"member",
    "household":{"household_type":"family","phone":"+86 138-0371-0000","n_stayed":2,"n_registered_absent":1,"births_m":0,
      "births_f":0,"deaths_m":0,"deaths_f":0,"dwelling_kind":1,"floor_area_m2":89.5,"rooms":3,"tenure":"own"},
    "address_text":"6号楼2单元301",
    "persons":[
      {"person_no":1,"name":"王小明","sex":"m","birth":{"y":1985,"m":3,"d":null},"citizen_id":"419999198503074514",
       "relationship":"head","stayed_here":true,"stayed_at":1,"registered_at":1,"time_away":1,
       "residence_status":"here_registered"},
      {"person_no":2,"name":"李丽","sex":"f","birth":{"y":1985,"m":3},"relationship":"spouse","stayed_here":true,
       "stayed_at":1,"registered_at":4,"time_away":5,"other_address":"邻县"},
      {"person_no":3,"name":"王朵","sex":"f","birth":{"y":2001,"m":9},"relationship":"child","stayed_here":false,
       "stayed_at":5,"registered_at":1,"time_away":3}],
    "answers":{"gas":"yes"}}"#;

/// A door found in the field.
const DWELLING: &str = r#"{"type":"dwelling","id":"01900000-0000-7000-8000-000000000004","area":"410181001001-01",
    "building":"6","unit":"2","floor":3,"room":"0301"}"#;

fn keys() -> Keys {
    Keys::new(&[9; 32])
}

/// Reads the record as number 3 of a batch received on 4 November 2020 at 08:00 in Shanghai.
fn read(text: &str) -> Read {
    read_with(text, SignedDuration::ZERO)
}

fn read_with(text: &str, clock_offset: SignedDuration) -> Read {
    let keys = keys();
    let context = Context {
        survey_from: "2020-11-01T00:00:00+08:00".parse().unwrap(),
        survey_to: "2020-12-11T00:00:00+08:00".parse().unwrap(),
        reference: "2020-11-01".parse().unwrap(),
        received_at: "2020-11-04T08:00:00+08:00".parse().unwrap(),
        clock_offset,
        keys: &keys,
    };
    read_record(3, text, &context)
}

/// The record with its member `key` replaced by a JSON text, or added.
fn with(record: &str, key: &str, value: &str) -> String {
    let mut tree: serde_json::Value = serde_json::from_str(record).unwrap();
    tree[key] = serde_json::from_str(value).unwrap();
    tree.to_string()
}

/// The record without its member `key`.
fn without(record: &str, key: &str) -> String {
    let mut tree: serde_json::Value = serde_json::from_str(record).unwrap();
    tree.as_object_mut().unwrap().remove(key).unwrap();
    tree.to_string()
}

/// The interview with one item of one person replaced.
fn with_person(n: usize, key: &str, value: &str) -> String {
    let mut tree: serde_json::Value = serde_json::from_str(INTERVIEW).unwrap();
    tree["persons"][n][key] = serde_json::from_str(value).unwrap();
    tree.to_string()
}

fn visit(text: &str) -> VisitRecord {
    match read(text).parsed {
        Parsed::Visit(visit) => *visit,
        other @ (Parsed::Interview(_)
        | Parsed::Dwelling(_)
        | Parsed::Refused(_)
        | Parsed::Submission(_)
        | Parsed::MessageRead(_)) => {
            panic!("{other:?}")
        }
    }
}

fn interview(text: &str) -> InterviewRecord {
    match read(text).parsed {
        Parsed::Interview(interview) => *interview,
        other @ (Parsed::Visit(_)
        | Parsed::Dwelling(_)
        | Parsed::Refused(_)
        | Parsed::Submission(_)
        | Parsed::MessageRead(_)) => {
            panic!("{other:?}")
        }
    }
}

fn dwelling(text: &str) -> DwellingRecord {
    match read(text).parsed {
        Parsed::Dwelling(dwelling) => *dwelling,
        other @ (Parsed::Visit(_)
        | Parsed::Interview(_)
        | Parsed::Refused(_)
        | Parsed::Submission(_)
        | Parsed::MessageRead(_)) => {
            panic!("{other:?}")
        }
    }
}

fn refusal(text: &str) -> (Reason, String) {
    match read(text).parsed {
        Parsed::Refused(refused) => {
            assert_eq!(refused.reason.effect(), crate::ingest::reason::Effect::Refused);
            assert!(!refused.detail.is_empty());
            let place = refused.pointer.strip_prefix("/records/3").unwrap().to_owned();
            (refused.reason, place)
        }
        other @ (Parsed::Visit(_)
        | Parsed::Interview(_)
        | Parsed::Dwelling(_)
        | Parsed::Submission(_)
        | Parsed::MessageRead(_)) => {
            panic!("taken: {other:?}")
        }
    }
}

/// Reason and place of each warning; the record must have been taken and not held.
fn warnings(text: &str) -> Vec<(Reason, String)> {
    let read = read(text);
    assert!(!matches!(read.parsed, Parsed::Refused(_)), "{:?}", read.parsed);
    assert_eq!(read.held, None);
    let place =
        |warning: Warning| (warning.reason, warning.pointer.strip_prefix("/records/3").unwrap().to_owned());
    read.warnings.into_iter().map(place).collect()
}

/// Reason and places for which a record is held.
fn held(text: &str) -> (Reason, Vec<String>) {
    let held = read(text).held.expect("held");
    let places = held.pointers.iter().map(|p| p.strip_prefix("/records/3").unwrap().to_owned()).collect();
    (held.reason, places)
}

#[test]
fn a_plain_visit_is_read_whole() {
    let visit = visit(VISIT);
    assert_eq!(visit.id.to_string(), "01900000-0000-7000-8000-000000000001");
    assert_eq!(visit.at.offset_minutes, 480);
    assert_eq!(
        (visit.outcome.slug(), visit.channel.slug(), visit.informant.slug()),
        ("no_answer", "in_person", "none")
    );
    assert_eq!((visit.extra, visit.note, visit.position, visit.appointment), (None, None, None, None));
    assert_eq!(warnings(VISIT), []);
}

#[test]
fn everything_a_visit_may_carry_is_read() {
    let text = VISIT.replace(
        "\"outcome\":\"no_answer\"",
        r#""outcome":"appointment_made","ended_at":"2020-11-03T19:05:00+08:00","channel":"telephone","informant":"neighbour",
        "photo":["01900000-0000-7000-8000-00000000000a","01900000-0000-7000-8000-00000000000a"],"mono_s":12.5,
        "mock_location":false,"position":{"lon":112.989183,"lat":34.746125,"accuracy_m":12,"datum":"gcj02"},
        "appointment":{"from":"2020-11-05T19:00:00+08:00","to":"2020-11-05T20:00:00+08:00"},"note":"门口有狗"}"#,
    );
    let text = text.strip_suffix('}').unwrap();
    let visit = visit(text);
    assert_eq!(warnings(text), []);
    assert_eq!(visit.photos.len(), 1);
    assert_eq!((visit.mono_s, visit.mock_location), (Some(12.5), Some(false)));
    assert_eq!(visit.note.as_deref(), Some("门口有狗"));
    assert_eq!(visit.appointment.unwrap().to.to_string(), "2020-11-05T12:00:00Z");
    let fix = visit.position.unwrap();
    assert!((fix.lon - 112.983).abs() < 1e-4 && (fix.lat - 34.7472).abs() < 1e-4);
    assert_eq!((fix.sent_lon.to_bits(), fix.accuracy_m), (112.989_183_f64.to_bits(), Some(12.0)));
    assert_eq!(visit.extra, None);
}

#[test]
fn a_plain_interview_is_read_whole() {
    let interview = interview(INTERVIEW);
    assert_eq!(read(INTERVIEW).held, None);
    assert_eq!(warnings(INTERVIEW), []);
    assert_eq!(interview.phone.as_deref(), Some("13803710000"));
    assert_eq!(interview.household.phone.as_deref(), Some("+86 138-0371-0000"));
    assert_eq!(interview.answers.as_deref(), Some("{\"gas\":\"yes\"}"));
    assert_eq!((interview.counts.recorded, interview.counts.resident), (3, 2));
    let residence: Vec<_> = interview.persons.iter().map(|p| p.status.unwrap().slug()).collect();
    assert_eq!(residence, ["here_registered", "here_elsewhere", "absent_registered"]);
    let states: Vec<_> = interview.persons.iter().map(|p| p.citizen_state).collect();
    assert_eq!(states, [CitizenState::Valid, CitizenState::Absent, CitizenState::Absent]);
    assert!(interview.persons[0].citizen.is_some() && interview.persons[0].form.citizen_id.is_none());
    assert_eq!(interview.persons[1].other_address.as_deref(), Some("邻县"));
    assert_eq!((interview.extra, interview.household_extra), (None, None));
}

#[test]
fn a_plain_dwelling_is_read_whole() {
    let door = dwelling(DWELLING);
    assert_eq!(
        (door.area.as_str(), door.building.as_str(), door.unit.as_str()),
        ("410181001001-01", "6", "2")
    );
    assert_eq!(
        (door.floor, door.room.as_str(), door.kind.slug(), door.household),
        (Some(3), "0301", "residential", 1)
    );
    let text = with(&with(DWELLING, "lon", "112.98"), "lat", "34.75");
    assert!(dwelling(&text).position.is_some());
    let text = with(DWELLING, "position", r#"{"lon":112.98,"lat":34.75}"#);
    assert!(dwelling(&text).position.is_some());
    assert_eq!(dwelling(&with(DWELLING, "household", "2")).household, 2);
    assert_eq!(dwelling(&with(DWELLING, "building", "6")).building, "6");
    assert_eq!(dwelling(&without(DWELLING, "unit")).unit, "");
    assert_eq!(dwelling(&with(DWELLING, "area", "\"410181001001001\"")).area, "410181001001001");
}

#[test]
fn equal_content_has_one_digest_and_any_other_another() {
    let spelt = VISIT
        .replace("\"type\":\"visit\",", "")
        .replace("no_answer\"", "no_\\u0061nswer\" , \"type\" : \"visit\"");
    assert_eq!(read(VISIT).digest, read(&spelt).digest);
    assert_ne!(read(VISIT).digest, read(&with(VISIT, "note", "\"x\"")).digest);
    assert_ne!(read(INTERVIEW).digest, read(&with_person(0, "citizen_id", "\"41999919850307002X\"")).digest);
    assert_ne!(read(INTERVIEW).digest, read(&with_person(0, "citizen_id", "null")).digest);
    assert_ne!(read("{\"a\":1,\"a\":1}").digest, read("{\"a\":1,\"a\":2}").digest);
}

#[test]
fn one_citizen_has_one_digest_however_written() {
    let of = |value: &str| interview(&with_person(0, "citizen_id", value)).persons[0].clone();
    let plain = of("\"419999198503074514\"");
    for value in
        ["\" 419999198503074514 \"", "\"４１９９９９１９８５０３０７４５１４\"", "419999198503074514"]
    {
        assert_eq!(of(value).citizen, plain.citizen, "{value}");
    }
    let mended = of("\"419999198503074541\"");
    assert_eq!((mended.citizen, mended.citizen_state), (plain.citizen, CitizenState::Repaired));
    assert_eq!(of("\"\"").citizen_state, CitizenState::Absent);
}
