//! Every field that may be left out, and what is wrong for it.

use serde_json::{Value, json};

use super::super::*;

/// What becomes of a value that is of another type than the field's, or of none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// The record is refused at the field's place.
    Refused(Reason),
    /// The field is left out with a warning, whatever it is.
    LeftOut(Reason),
}
use Unread::{LeftOut, Refused as Refuses};

const BAD: Unread = Refuses(Reason::BadField);
const CODE: Unread = Refuses(Reason::UnknownCode);

/// A field: the record, its pointer, what is no value of it, what becomes of that, and values that can be read but not be true
/// with what becomes of them: a warning, or the form is held.
pub(super) struct Field(pub &'static str, pub &'static str, pub Value, pub Unread, pub Vec<(Value, Told)>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Warned(Reason),
    Held,
}
use Told::{Held as IsHeld, Warned};

const DROPPED: Told = Warned(Reason::FieldDropped);

fn fields_of_a_visit() -> Vec<Field> {
    let later = |day: &str| json!(format!("2020-11-{day}T19:00:00+08:00"));
    vec![
        Field(
            VISIT,
            "/ended_at",
            json!(5),
            Refuses(Reason::BadTime),
            vec![(later("01"), DROPPED), (later("20"), DROPPED)],
        ),
        Field(VISIT, "/ended_at", json!("late"), Refuses(Reason::BadTime), vec![]),
        Field(VISIT, "/channel", json!("pigeon"), CODE, vec![]),
        Field(VISIT, "/informant", json!(true), CODE, vec![]),
        Field(
            VISIT,
            "/photo",
            json!({"id": 1}),
            LeftOut(Reason::FieldDropped),
            vec![(json!(["x"]), DROPPED)],
        ),
        Field(
            VISIT,
            "/position",
            json!("here"),
            LeftOut(Reason::PositionDropped),
            vec![
                (json!([1, 2]), Warned(Reason::PositionDropped)),
                (json!({"lon": 34.7, "lat": 112.9}), Warned(Reason::PositionDropped)),
            ],
        ),
        Field(
            VISIT,
            "/appointment",
            json!("tomorrow"),
            BAD,
            vec![
                (json!({"from": later("20"), "to": later("19")}), Warned(Reason::AppointmentDropped)),
                (json!({"from": later("01")}), Warned(Reason::AppointmentDropped)),
                (json!({"to": later("20")}), Warned(Reason::AppointmentDropped)),
                (json!({"from": "2021-03-01T19:00:00+08:00"}), Warned(Reason::AppointmentDropped)),
            ],
        ),
        Field(VISIT, "/note", json!(7), BAD, vec![]),
        Field(VISIT, "/mono_s", json!("12"), BAD, vec![(json!(-1), DROPPED)]),
        Field(VISIT, "/mock_location", json!("no"), BAD, vec![]),
    ]
}

fn fields_of_an_interview() -> Vec<Field> {
    let mut all = vec![
        Field(INTERVIEW, "/visit_id", json!("visit-1"), Refuses(Reason::BadId), vec![]),
        Field(INTERVIEW, "/revision", json!("two"), Refuses(Reason::BadRevision), vec![]),
        Field(INTERVIEW, "/result", json!("half"), CODE, vec![]),
        Field(INTERVIEW, "/respondent", json!(3), CODE, vec![]),
        Field(INTERVIEW, "/address_text", json!([]), BAD, vec![]),
        Field(INTERVIEW, "/answers", json!([1]), BAD, vec![]),
        Field(INTERVIEW, "/paused_s", json!(true), BAD, vec![(json!(-0.5), DROPPED)]),
        Field(INTERVIEW, "/household", json!([]), BAD, vec![]),
        Field(INTERVIEW, "/household/household_type", json!("flock"), CODE, vec![]),
        Field(
            INTERVIEW,
            "/household/phone",
            json!(false),
            BAD,
            vec![(json!("none"), Warned(Reason::Unlikely))],
        ),
        Field(INTERVIEW, "/household/tenure", json!("stolen"), CODE, vec![]),
        Field(
            INTERVIEW,
            "/household/dwelling_kind",
            json!("flat"),
            BAD,
            vec![(json!(6), IsHeld), (json!(0), IsHeld), (json!(-1), IsHeld), (json!(1e30), IsHeld)],
        ),
        Field(
            INTERVIEW,
            "/household/floor_area_m2",
            json!("89.5"),
            BAD,
            vec![
                (json!(0), DROPPED),
                (json!(-5.5), DROPPED),
                (json!(1e9), DROPPED),
                (json!(8950), Warned(Reason::Unlikely)),
            ],
        ),
        Field(
            INTERVIEW,
            "/household/rooms",
            json!(2.5),
            BAD,
            vec![(json!(0), DROPPED), (json!(-3), DROPPED), (json!(300), Warned(Reason::Unlikely))],
        ),
    ];
    for key in
        ["n_stayed", "n_registered_absent", "births_m", "births_f", "deaths_m", "deaths_f", "household_no"]
    {
        let pointer: &'static str = format!("/household/{key}").leak();
        let impossible = vec![(json!(-1), DROPPED), (json!(10_000), DROPPED), (json!(1e300), DROPPED)];
        all.push(Field(INTERVIEW, pointer, json!("two"), BAD, impossible));
    }
    for key in ["births_f", "deaths_m"] {
        let pointer: &'static str = format!("/household/{key}").leak();
        all.push(Field(INTERVIEW, pointer, json!([2]), BAD, vec![(json!(500), Warned(Reason::Unlikely))]));
    }
    all
}

fn fields_of_a_person() -> Vec<Field> {
    let at = |key: &str| -> &'static str { format!("/persons/1/{key}").leak() };
    let mut all = vec![
        Field(INTERVIEW, at("given_name"), json!(7), BAD, vec![]),
        Field(INTERVIEW, at("surname"), json!({}), BAD, vec![]),
        Field(INTERVIEW, at("other_address"), json!(7), BAD, vec![]),
        Field(INTERVIEW, at("relationship"), json!("cat"), CODE, vec![]),
        Field(INTERVIEW, at("residence_status"), json!("gone"), CODE, vec![]),
        Field(INTERVIEW, at("reason_away"), json!(1), BAD, vec![]),
        Field(INTERVIEW, at("stayed_here"), json!(1), BAD, vec![]),
        Field(
            INTERVIEW,
            at("ethnicity"),
            json!([]),
            BAD,
            vec![
                (json!("57"), Warned(Reason::Unlikely)),
                (json!(150), Warned(Reason::Unlikely)),
                (json!(-1), Warned(Reason::Unlikely)),
            ],
        ),
        Field(
            INTERVIEW,
            at("birth"),
            json!("1984-05"),
            BAD,
            vec![
                (json!({"y": 1984, "m": 13}), IsHeld),
                (json!({"y": 1984, "m": 2, "d": 30}), IsHeld),
                (json!({"y": 300_000}), IsHeld),
                (json!({"m": -5}), IsHeld),
                (json!({"y": 2091, "m": 1}), Warned(Reason::Unlikely)),
            ],
        ),
        Field(
            INTERVIEW,
            at("citizen_id"),
            json!(true),
            LeftOut(Reason::CitizenIdDropped),
            vec![
                (json!("419999850307451"), Warned(Reason::CitizenIdDropped)),
                (json!("419999198502304517"), Warned(Reason::CitizenIdDropped)),
                // One digit of a right number lost, as a program that reads numbers loses them: never mended.
                (json!(419_999_198_503_074_515_i64), Warned(Reason::CitizenIdDropped)),
                (json!(419_999_198_503_074_522_i64), Warned(Reason::Unlikely)),
            ],
        ),
    ];
    for (key, beyond) in
        [("stayed_at", 7), ("registered_at", 6), ("time_away", 10), ("education", 12), ("literate", 3)]
    {
        let impossible = vec![(json!(beyond), IsHeld), (json!(-1), IsHeld), (json!(70_000), IsHeld)];
        all.push(Field(INTERVIEW, at(key), json!("x"), BAD, impossible));
    }
    all
}

fn fields_of_a_door() -> Vec<Field> {
    vec![
        Field(DWELLING, "/unit", json!([]), BAD, vec![]),
        Field(
            DWELLING,
            "/floor",
            json!("third"),
            BAD,
            vec![(json!(1_000), DROPPED), (json!(-1e20), DROPPED)],
        ),
        Field(DWELLING, "/kind", json!("castle"), CODE, vec![]),
        // Left out it would be the household of somebody else.
        Field(DWELLING, "/household", json!(0), BAD, vec![]),
        Field(DWELLING, "/household", json!("second"), BAD, vec![]),
        Field(DWELLING, "/position", json!(1), LeftOut(Reason::PositionDropped), vec![]),
        Field(DWELLING, "/building_name", json!(1), BAD, vec![]),
        Field(DWELLING, "/external_id", json!(true), BAD, vec![]),
        Field(
            DWELLING,
            "/at",
            json!("soon"),
            Refuses(Reason::BadTime),
            vec![(json!("2020-11-20T19:00:00+08:00"), DROPPED)],
        ),
        Field(DWELLING, "/note", json!(1), BAD, vec![]),
    ]
}

pub(super) fn all_fields() -> Vec<Field> {
    let of = [fields_of_a_visit(), fields_of_an_interview(), fields_of_a_person(), fields_of_a_door()];
    of.into_iter().flatten().collect()
}
