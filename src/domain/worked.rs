//! The law in examples: worked cases, the transition table and its flags.

use super::script::{MET, SIX, evidence, rules, state_and_flags, unmet};
use super::*;

const ALL: &str = "attempts days bands evening weekend";

#[test]
fn worked_cases() {
    let table = [
        ("02T10:00 no_answer", "in_progress", ALL),
        (MET, "proxy", ""),
        ("02T17:59 no_answer; 03T18:00 no_answer", "in_progress", "attempts days weekend"),
        ("02T10:00 no_entry; 03T19:00 no_entry", "in_progress", ALL),
        ("02T19:00 no_answer; 03T19:10 no_answer; 05T20:00 no_answer", "in_progress", "bands weekend"),
        ("07T19:00 no_answer; 07T19:30 no_answer; 07T20:30 no_answer", "in_progress", "attempts days bands"),
        (SIX, "exhausted", "bands evening weekend"),
        ("02T10:00 vacant", "verify", ALL),
        ("02T10:00 vacant neighbour", "not_eligible", ALL),
        ("02T10:00 vacant; 03T10:00 vacant", "not_eligible", ALL),
        (
            "02T10:00 vacant; 03T15:00 refusal_soft; 04T10:00 vacant",
            "verify occupancy_conflict",
            "evening weekend",
        ),
        (
            "02T10:00 refusal_hard; 05T19:00 interview_complete; 05T19:20 interview v2",
            "completed",
            "attempts days weekend",
        ),
        ("02T10:00 interview_complete; 02T10:20 interview v1; 03T10:00 no_answer", "completed", ALL),
        ("02T10:00 refusal_hard; 03T09:00 close R; 04T09:00 reopen", "in_progress", ALL),
        ("02T10:00 household_away manager", "proxy", ALL),
        ("02T10:00 no_answer tel; 03T19:00 no_answer tel", "in_progress", ALL),
    ];
    for (text, state, parts) in table {
        assert_eq!(state_and_flags(text, "30T09:00"), state, "{text}");
        assert_eq!(unmet(text), parts, "{text}");
    }
}

/// One state a row, one kind of evidence a column; `=` for no change.
#[test]
fn transitions() {
    let rows = [
        ("new", ""),
        ("in_progress", "02T10:00 no_answer"),
        ("appointment", "02T10:00 appointment_made appt=20T19:00/20T19:30"),
        ("proxy", MET),
        ("exhausted", SIX),
        ("partial", "02T10:00 interview_partial; 02T10:09 interview v1 partial"),
        ("refused", "02T10:00 refusal_hard"),
        ("verify", "02T10:00 vacant"),
        ("not_eligible", "02T10:00 vacant neighbour"),
        ("closed", "02T10:00 no_answer; 03T09:00 close NC"),
        ("completed", "02T10:00 no_answer; 02T12:00 interview -"),
        ("cancelled", "02T10:00 no_answer; 03T09:00 cancel"),
        ("merged", "02T10:00 no_answer; 03T09:00 merge"),
    ];
    let columns = [
        "16T10:00 interview -",
        "16T10:00 interview - partial",
        "16T10:00 refusal_soft",
        "16T10:00 refusal_hard",
        "16T10:00 no_answer",
        "16T10:00 appointment_made tel appt=20T19:00/20T19:30",
        "16T10:00 vacant",
        "16T10:00 vacant manager",
        "16T10:00 close R",
        "16T10:00 reopen",
    ];
    let expected = [
        "completed partial in_progress refused in_progress appointment verify not_eligible closed =",
        "completed partial = refused = appointment verify not_eligible closed =",
        "completed partial = refused = = verify verify closed =",
        "completed partial = refused = appointment verify not_eligible closed =",
        "completed partial = refused = appointment verify not_eligible closed in_progress",
        "completed = = = = = verify verify closed =",
        "completed partial = = = = verify verify closed in_progress",
        "completed = = = = = not_eligible not_eligible closed in_progress",
        "completed verify verify verify = verify = = closed in_progress",
        "completed = = = = = = = = in_progress",
        "= = = = = = = = = =",
        "= = = = = = = = = =",
        "= = = = = = = = = =",
    ];
    for ((state, base), row) in rows.into_iter().zip(expected) {
        let after = |added: &str| {
            let standing = fold(&evidence(&format!("{base}; {added}")), &rules(""));
            if standing.state.slug() == state { "=" } else { standing.state.slug() }
        };
        let got: Vec<_> = columns.iter().map(|column| after(column)).collect();
        assert_eq!(got.join(" "), row, "from {state}");
    }
}

#[test]
fn flags_of_the_transition_table() {
    let table = [
        ("02T10:00 vacant; 03T10:00 interview -", "completed occupancy_conflict"),
        ("02T10:00 interview -; 03T10:00 vacant", "completed occupancy_conflict"),
        ("02T10:00 vacant neighbour; 03T10:00 refusal_soft", "verify occupancy_conflict"),
        (
            "02T10:00 interview_partial; 02T10:09 interview v1 partial; 03T10:00 vacant neighbour",
            "verify occupancy_conflict",
        ),
        ("02T10:00 vacant; 03T10:00 refusal_soft; 04T09:00 verify yes", "not_eligible occupancy_conflict"),
        ("02T10:00 vacant; 03T09:00 verify yes; 04T10:00 refusal_hard", "not_eligible occupancy_conflict"),
        ("02T10:00 vacant tel; 03T10:00 vacant tel", "verify"),
        ("02T10:00 vacant relative", "verify"),
        ("02T10:00 demolished photo", "not_eligible"),
        ("02T10:00 duplicate_address neighbour photo; 03T10:00 duplicate_address", "verify"),
        ("02T10:00 out_of_area; 03T09:00 verify yes", "not_eligible"),
        ("02T10:00 no_answer; 03T09:00 cancel; 04T10:00 vacant", "cancelled late_evidence"),
        ("02T10:00 no_answer; 05T09:00 close NC; 04T10:00 vacant rec=06T09:00", "closed late_evidence"),
        ("02T10:00 no_answer; 05T09:00 close NC; 04T10:00 vacant", "closed"),
        (
            "02T10:00 no_answer; 05T09:00 close NC; 04T10:00 interview - partial rec=06T09:00",
            "closed late_evidence",
        ),
        (
            "02T10:00 no_answer; 05T09:00 close NC; 04T10:00 vacant rec=06T09:00; 07T09:00 reopen",
            "in_progress",
        ),
        ("02T10:00 no_answer; 02T12:00 cancel; 03T10:00 interview -", "cancelled late_evidence"),
        ("02T10:00 appointment_made appt=04T19:00/04T19:30", "appointment appointment_missed"),
        ("02T10:00 appointment_made appt=04T19:00/04T19:30; 05T09:00 close NC", "closed"),
    ];
    for (text, expected) in table {
        assert_eq!(state_and_flags(text, "20T09:00"), expected, "{text}");
    }
}
