//! Tables of due windows and of the order of doors. 2020-11-01 is a Sunday; default hours on duty.

use super::super::fold;
use super::super::script::{at, evidence, rules};
use super::*;

fn found(text: &str, now: &str, document: &str) -> String {
    let rules = rules(document);
    let due = due(&fold(&evidence(text), &rules), &rules, at(now));
    let wall = |moment| rules.calendar.tz.to_datetime(moment).strftime("%dT%H:%M").to_string();
    let window = due.window.map_or_else(|| "-".to_owned(), |w| format!("{}/{}", wall(w.from), wall(w.to)));
    format!("{} {window}", due.urgency)
}

#[test]
fn windows_meet_what_is_missing() {
    let table = [
        ("", "02T09:00", "later 02T18:00/02T21:30"),
        ("", "02T19:00", "now 02T18:00/02T21:30"),
        ("", "02T21:30", "later 03T18:00/03T21:30"),
        ("02T10:00 no_answer", "02T12:00", "later 03T18:00/03T21:30"),
        ("02T19:00 no_answer", "03T09:00", "later 07T09:00/07T12:00"),
        ("07T10:00 no_answer; 02T19:00 no_answer", "07T13:00", "later 08T14:00/08T18:00"),
        ("02T10:00 no_answer; 04T19:00 no_answer; 07T15:00 no_answer", "07T16:00", "later 07T18:00/07T21:00"),
        ("02T10:00 household_away", "02T10:30", "later 02T18:00/02T21:30"),
        ("02T10:00 vacant", "02T12:00", "later 03T18:00/03T21:30"),
        ("02T10:00 refusal_hard", "02T12:00", "later 04T18:00/04T21:30"),
        ("06T19:00 interview_partial", "06T20:00", "later 06T21:00/06T21:30"),
        ("02T10:00 not_found", "03T09:00", "waiting -"),
        ("02T10:00 interview_complete", "03T09:00", "waiting -"),
        ("02T10:00 interview -", "03T09:00", "nothing -"),
        ("02T10:00 appointment_made appt=04T19:00/04T19:30", "03T09:00", "appointment 04T19:00/04T19:30"),
        ("02T10:00 appointment_made appt=04T19:00/04T19:30", "05T09:00", "missed 05T18:00/05T21:30"),
    ];
    for (text, now, expected) in table {
        assert_eq!(found(text, now, ""), expected, "{text} at {now}");
    }
}

#[test]
fn hours_on_duty_are_kept_where_there_are_any() {
    let day = "[shift]\nweekday = \"09:00-11:00\"";
    assert_eq!(found("02T10:00 interview_partial", "03T09:00", day), "now 03T09:00/03T11:00");
    // Nobody is ever on duty: the band itself is the best that can be said.
    let never = "[shift]\nweekday = \"\"\nsaturday = \"\"\nsunday = \"\"";
    assert_eq!(found("", "02T09:00", never), "later 02T18:00/02T21:30");
    // Thursday is an extra weekend day, Saturday a working day.
    let holiday = "weekend_dates = [\"2020-11-05\"]\nworkday_dates = [\"2020-11-07\"]";
    assert_eq!(found("02T19:00 no_answer", "03T09:00", holiday), "later 05T09:00/05T12:00");
    assert_eq!(found("02T19:00 no_answer", "06T09:00", holiday), "later 08T09:00/08T12:00");
}

#[test]
fn the_order_of_doors_does_not_depend_on_the_moment() {
    let rules = rules("");
    let key = |text: &str| urgency_key(&fold(&evidence(text), &rules), &rules);
    let order = [
        "02T10:00 appointment_made appt=04T19:00/04T19:30",
        "02T10:00 appointment_made appt=05T19:00/05T19:30",
        "02T10:00 interview_partial",
        "02T10:00 household_away",
        "02T10:00 vacant",
        "02T10:00 no_answer",
        "03T10:00 no_answer",
        "02T10:00 no_answer; 04T19:00 no_answer",
        "02T10:00 refusal_hard",
        "02T10:00 interview_complete",
        "",
        "02T10:00 interview -",
    ];
    for pair in order.windows(2) {
        assert!(key(pair[0]) < key(pair[1]), "{pair:?}");
    }
}
