//! The one rule for every field: what is not sent, what cannot be read, what can be read but cannot be true.

mod table;

use serde_json::{Value, json};

use super::*;
use table::Told::{Held as IsHeld, Warned};
use table::Unread::{LeftOut, Refused as Refuses};
use table::{Field, Told, all_fields};

/// The record with another value at a place, or without what is there.
fn at_place(record: &str, pointer: &str, value: Option<Value>) -> String {
    let mut tree: Value = serde_json::from_str(record).unwrap();
    let (above, key) = pointer.rsplit_once('/').unwrap();
    let object = tree.pointer_mut(above).unwrap().as_object_mut().unwrap();
    match value {
        Some(value) => drop(object.insert(key.to_owned(), value)),
        None => drop(object.remove(key)),
    }
    tree.to_string()
}

/// Nothing, written in all the ways in which people and programs write it.
fn nothings() -> Vec<Value> {
    vec![
        Value::Null,
        json!(""),
        json!("  "),
        json!("\t\r\n"),
        json!("\u{3000}\u{3000}"),
        json!("\u{a0}"),
        json!("\u{200b}\u{feff}"),
    ]
}

#[test]
fn what_says_nothing_was_not_sent() {
    for Field(record, pointer, ..) in all_fields() {
        let absent = read(&at_place(record, pointer, None));
        assert!(
            !matches!(absent.parsed, Parsed::Refused(_)),
            "{pointer} may be left out: {:?}",
            absent.parsed
        );
        for nothing in nothings() {
            let text = at_place(record, pointer, Some(nothing.clone()));
            let empty = read(&text);
            assert_eq!(
                (&empty.parsed, &empty.warnings, &empty.held),
                (&absent.parsed, &absent.warnings, &absent.held),
                "{pointer} {nothing}"
            );
            assert_ne!(empty.digest, absent.digest, "what was sent is compared: {pointer} {nothing}");
        }
    }
}

#[test]
fn an_object_in_which_nothing_is_said_was_not_sent() {
    for (pointer, empty) in [
        ("/position", json!({"lon": null, "lat": ""})),
        ("/position", json!({})),
        ("/appointment", json!({"from": "", "to": null})),
        ("/appointment", json!({})),
    ] {
        let read = read(&at_place(VISIT, pointer, Some(empty.clone())));
        let Parsed::Visit(visit) = read.parsed else { panic!("{pointer} {empty}") };
        assert_eq!((visit.position, visit.appointment, visit.extra), (None, None, None));
        assert_eq!(read.warnings, [], "{pointer} {empty}");
    }
    let place = json!({"lon": 112.98, "lat": 34.75, "accuracy_m": "", "datum": " "});
    let read = read(&at_place(VISIT, "/position", Some(place)));
    assert_eq!(read.warnings, []);
    assert!(matches!(read.parsed, Parsed::Visit(visit) if visit.position.is_some()));
}

#[test]
fn what_cannot_be_read_refuses_the_record_at_its_place() {
    for Field(record, pointer, wrong, unread, _) in all_fields() {
        let text = at_place(record, pointer, Some(wrong.clone()));
        match unread {
            Refuses(reason) => assert_eq!(refusal(&text), (reason, pointer.to_owned()), "{pointer} {wrong}"),
            LeftOut(reason) => {
                let told = told(&text);
                assert!(told.contains(&(pointer.to_owned(), Warned(reason))), "{pointer} {wrong}: {told:?}");
            }
        }
    }
}

/// Places and what is told of them; the record must have been taken.
fn told(text: &str) -> Vec<(String, Told)> {
    let read = read(text);
    assert!(!matches!(read.parsed, Parsed::Refused(_)), "{text}: {:?}", read.parsed);
    let place = |pointer: &str| pointer.strip_prefix("/records/3").unwrap().to_owned();
    let warned = read.warnings.iter().map(|w| (place(&w.pointer), Warned(w.reason)));
    let held = read.held.iter().flat_map(|held| held.pointers.iter().map(|p| (place(p), IsHeld)));
    warned.chain(held).collect()
}

#[test]
fn what_cannot_be_true_is_told_and_never_costs_the_record() {
    for Field(record, pointer, _, _, impossible) in all_fields() {
        for (value, expected) in impossible {
            let text = at_place(record, pointer, Some(value.clone()));
            let told = told(&text);
            assert!(told.contains(&(pointer.to_owned(), expected)), "{pointer} {value}: {told:?}");
        }
    }
}

/// What was left out of a record stands beside it as it was sent.
#[test]
fn what_is_left_out_is_kept() {
    let visit = visit(&with(VISIT, "mono_s", "-1"));
    assert_eq!((visit.mono_s, visit.extra.as_deref()), (None, Some("{\"mono_s\":-1}")));
    let form = interview(&at_place(INTERVIEW, "/household/rooms", Some(json!(-3))));
    assert_eq!((form.household.rooms, form.household_extra.as_deref()), (None, Some("{\"rooms\":-3}")));
    let form = interview(&with_person(1, "education", "70000"));
    assert_eq!(form.persons[1].extra.as_deref(), Some("{\"education\":70000}"));
    let door = dwelling(&with(DWELLING, "floor", "1000"));
    assert_eq!((door.floor, door.extra.as_deref()), (None, Some("{\"floor\":1000}")));
}

#[test]
fn a_required_field_of_blanks_is_missing() {
    let required = [
        (VISIT, vec!["/id", "/case_id", "/at", "/outcome", "/type"]),
        (INTERVIEW, vec!["/id", "/case_id", "/at", "/persons/1/sex", "/persons/1/person_no"]),
        (DWELLING, vec!["/id", "/area", "/building", "/room"]),
    ];
    for (record, pointers) in required {
        for pointer in pointers {
            for nothing in std::iter::once(None).chain(nothings().into_iter().map(Some)) {
                let text = at_place(record, pointer, nothing.clone());
                assert_eq!(refusal(&text), (Reason::MissingField, pointer.to_owned()), "{nothing:?}");
            }
        }
    }
}

/// A person without a name cannot be told from others; the form is corrected, and counts on a partial form all the same.
#[test]
fn a_person_without_a_name_holds_a_complete_form_and_warns_on_a_partial_one() {
    let partial = with(INTERVIEW, "result", "\"partial\"");
    for nothing in std::iter::once(None).chain(nothings().into_iter().map(Some)) {
        let place = "/persons/1/name";
        let complete = held(&at_place(INTERVIEW, place, nothing.clone()));
        assert_eq!(complete, (Reason::FormError, vec![place.to_owned()]), "{nothing:?}");
        assert_eq!(warnings(&at_place(&partial, place, nothing)), [(Reason::Unlikely, place.to_owned())]);
    }
}

#[test]
fn a_person_number_that_no_list_has_is_a_fault_of_the_form() {
    for number in ["0", "-1", "10000", "4294967296", "1e30"] {
        let (reason, places) = held(&with_person(1, "person_no", number));
        assert_eq!(
            (reason, places),
            (Reason::FormError, vec!["/persons/1/person_no".to_owned()]),
            "{number}"
        );
    }
    assert_eq!(refusal(&with_person(1, "person_no", "\"1\"")).0, Reason::BadField);
    assert_eq!(refusal(&with_person(1, "person_no", "1.5")).0, Reason::BadField);
}

#[test]
fn an_appointment_without_an_end_lasts_an_hour() {
    let open =
        |from: &str| visit(&with(VISIT, "appointment", &json!({"from": from}).to_string())).appointment;
    let window = open("2020-11-05T19:00:00+08:00").unwrap();
    assert_eq!(
        (window.from.to_string(), window.to.to_string()),
        ("2020-11-05T11:00:00Z".into(), "2020-11-05T12:00:00Z".into())
    );
    // It is past only when its hour is over.
    assert!(open("2020-11-03T18:30:00+08:00").is_some());
    assert!(open("2020-11-03T18:00:00+08:00").is_none());
}

#[test]
fn a_number_of_a_citizen_sent_as_a_number_is_told() {
    let number = with_person(0, "citizen_id", "419999198503074514");
    assert_eq!(warnings(&number), [(Reason::Unlikely, "/persons/0/citizen_id".to_owned())]);
    let person = interview(&number).persons[0].clone();
    assert_eq!(person.citizen_state, CitizenState::Valid);
    // What a program that reads it as a fraction makes of it.
    let rounded = with_person(0, "citizen_id", "419999198503074500");
    assert_eq!(warnings(&rounded), [(Reason::CitizenIdDropped, "/persons/0/citizen_id".to_owned())]);
}

#[test]
fn ids_are_values() {
    for record in [VISIT, INTERVIEW, DWELLING] {
        let mut loud: Value = serde_json::from_str(record).unwrap();
        for key in ["id", "case_id", "visit_id"] {
            if let Some(id) = loud.get(key).and_then(Value::as_str).map(str::to_uppercase) {
                loud[key] = json!(id);
            }
        }
        let (loud, quiet) = (read(&loud.to_string()), read(record));
        assert_eq!(loud.digest, quiet.digest, "{record}");
        assert_eq!(loud.parsed, quiet.parsed);
    }
    let photo = |id: &str| with(VISIT, "photo", &format!("[\"{id}\"]"));
    let small = "01900000-0000-7000-8000-00000000abcd";
    assert_eq!(read(&photo(small)).digest, read(&photo(&small.to_uppercase())).digest);
    let refused =
        |id: &str| match read(&with(&with(VISIT, "id", &format!("\"{id}\"")), "outcome", "\"x\"")).parsed {
            Parsed::Refused(refused) => refused.id,
            other @ (Parsed::Visit(_)
            | Parsed::Interview(_)
            | Parsed::Dwelling(_)
            | Parsed::Submission(_)
            | Parsed::MessageRead(_)) => panic!("{other:?}"),
        };
    assert_eq!(refused(&small.to_uppercase()), Some(small.to_owned()));
}

/// The page for those who write the program of a phone tells of each field.
#[test]
fn the_page_about_the_api_tells_of_every_field() {
    let page = include_str!("../../../../docs/api.md");
    let table = page.split("## Fields of batches and records").nth(1).unwrap();
    for Field(_, pointer, ..) in all_fields() {
        let key = pointer.rsplit('/').next().unwrap();
        assert!(
            table.lines().any(|line| line.starts_with('|') && line.contains(&format!("`{key}`"))),
            "{pointer}"
        );
    }
}
