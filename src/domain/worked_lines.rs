//! The finer points of each line of the law.

use super::script::{MET, SIX, at, evidence, interview_id, rules, state_and_flags};
use super::*;

#[test]
fn voids_and_rejections_fold_again() {
    let done = "02T10:00 refusal_hard; 03T10:00 interview_complete e02; 03T10:20 interview v2";
    let table = [
        ("", "completed"),
        ("04T09:00 void v2", "refused"),
        ("04T09:00 void v2; 05T09:00 unvoid v2", "completed"),
        ("04T09:00 reject i1", "refused"),
        ("04T09:00 reject i1; 05T09:00 interview v2 id=1 rev=2", "completed"),
        ("04T09:00 interview v2 id=1 rev=2; 05T09:00 reject i1 2", "refused"),
        ("04T09:00 interview v2 id=1 rev=2; 05T09:00 reject i1 1", "completed"),
        ("04T09:00 void v1", "completed"),
        ("04T09:00 void v2; 05T09:00 unvoid v2; 06T09:00 void v2", "refused"),
    ];
    for (added, state) in table {
        let text = format!("{done}; {added}");
        assert_eq!(state_and_flags(&text, "20T09:00"), state, "{added}");
    }
    // The highest revision says what the interview is, whenever it came.
    let shrunk =
        "02T10:00 interview_complete; 02T10:20 interview v1; 03T09:00 interview v1 id=1 rev=2 partial";
    assert_eq!(state_and_flags(shrunk, "20T09:00"), "partial");
}

#[test]
fn reopening_and_denying() {
    let table = [
        ("02T10:00 vacant neighbour; 03T09:00 reopen", "in_progress"),
        ("02T10:00 vacant; 03T09:00 verify yes; 04T09:00 reopen", "in_progress"),
        ("02T10:00 vacant; 03T09:00 verify yes; 04T09:00 reopen; 05T10:00 vacant", "verify"),
        ("02T10:00 refusal_soft; 03T09:00 reopen; 05T10:00 refusal_soft e02", "in_progress"),
        ("02T10:00 refusal_soft; 03T09:00 reopen; 05T10:00 vacant neighbour", "not_eligible"),
        ("02T10:00 vacant; 03T10:00 vacant; 04T09:00 verify no; 05T10:00 vacant", "verify"),
        ("02T10:00 vacant; 03T09:00 verify no; 04T09:00 verify yes", "not_eligible"),
        ("02T10:00 household_away; 03T09:00 close NC; 04T09:00 reopen", "proxy"),
        ("02T10:00 no_answer; 03T09:00 close NC; 04T09:00 reopen; 05T09:00 close UH", "closed"),
    ];
    for (text, state) in table {
        assert_eq!(state_and_flags(text, "20T09:00"), state, "{text}");
    }
    let reopened = fold(&evidence(&format!("{SIX}; 10T09:00 reopen; 11T09:00 reopen")), &rules(""));
    assert_eq!((reopened.state, reopened.cap), (State::InProgress, 12));
}

#[test]
fn appointments_are_used_up_by_visits_in_person() {
    let made = "02T10:00 appointment_made appt=04T19:00/04T19:30";
    let table = [
        ("04T18:49 no_answer e02", "appointment"),
        ("04T18:50 no_answer e02", "in_progress"),
        ("04T19:00 no_answer tel", "appointment"),
        ("04T19:00 no_entry", "in_progress"),
        ("05T19:00 no_answer", "in_progress"),
        ("03T10:00 no_answer appt=08T10:00/08T11:00; 04T19:05 no_answer", "appointment"),
        ("04T19:05 appointment_made appt=08T10:00/08T11:00", "appointment"),
        ("04T19:05 no_answer; 05T09:00 void v2", "appointment"),
        ("03T09:00 void v1; 03T10:00 no_answer", "in_progress"),
    ];
    for (added, state) in table {
        assert_eq!(
            state_and_flags(&format!("{made}; {added}"), "04T19:10").split(' ').next(),
            Some(state),
            "{added}"
        );
    }
    assert_eq!(state_and_flags(made, "04T20:00"), "appointment");
    assert_eq!(state_and_flags(made, "04T20:01"), "appointment appointment_missed");
}

#[test]
fn copies_of_a_visit_are_folded_once() {
    let table = [
        ("02T10:00 refusal_soft; 02T10:02 refusal_soft", "in_progress", 1),
        ("02T10:00 refusal_soft; 02T10:03 refusal_soft", "refused", 1),
        ("02T10:00 refusal_soft; 02T10:01 refusal_soft e02", "refused", 1),
        ("02T10:00 vacant; 02T10:01 vacant neighbour", "not_eligible", 1),
        ("02T10:00 no_answer; 02T10:01 no_answer; 02T11:00 no_answer", "in_progress", 2),
    ];
    for (text, state, attempts) in table {
        let standing = fold(&evidence(text), &rules(""));
        assert_eq!((standing.state.slug(), standing.counted.attempts), (state, attempts), "{text}");
        assert_eq!(standing.visits_stored as usize, evidence(text).visits.len());
    }
    // The interview may name either copy.
    let text = "02T10:00 interview_complete; 02T10:01 interview_complete; 02T10:20 interview v2";
    assert_eq!(state_and_flags(text, "20T09:00"), "completed");
}

#[test]
fn interviews_that_are_missed_or_need_no_visit() {
    let table = [
        ("02T10:00 interview_complete", "in_progress interview_missing"),
        ("02T10:00 self_response", "in_progress interview_missing"),
        ("02T10:00 interview_complete; 02T10:20 interview v1; 03T09:00 reject i1", "in_progress"),
        ("02T10:00 interview_complete; 02T10:20 interview -", "completed"),
        ("02T10:20 interview v7", "completed"),
        ("02T10:00 break_off; 02T10:20 interview v1", "partial"),
        ("02T10:00 interview_complete; 02T10:20 interview v1 elsewhere", "in_progress"),
        ("02T10:00 interview_complete; 02T10:20 interview v1 elsewhere absent", "completed"),
        // The first visit's form never came, but the household was counted all the same.
        ("02T10:00 interview_complete; 03T10:00 interview_complete; 03T10:20 interview v2", "completed"),
        ("03T10:00 interview_complete; 03T10:20 interview v1; 02T10:00 self_response", "completed"),
        (
            "02T10:00 interview_complete; 03T10:00 interview_complete; 03T10:20 interview v2 partial",
            "partial interview_missing",
        ),
        (
            "02T10:00 interview_complete; 03T10:00 interview_complete; 03T10:20 interview v2; 04T09:00 reject i1",
            "in_progress interview_missing",
        ),
        (
            "02T10:00 interview_complete; 03T10:00 interview_complete; 03T10:20 interview v2 elsewhere",
            "in_progress interview_missing",
        ),
    ];
    for (text, expected) in table {
        assert_eq!(state_and_flags(text, "20T09:00"), expected, "{text}");
    }
}

#[test]
fn who_completed_it_and_which_interview_counts() {
    let by = |text: &str| fold(&evidence(text), &rules("")).completed_by;
    assert_eq!(by("02T10:00 interview_complete; 02T10:20 interview v1"), Some(CompletedBy::Own));
    assert_eq!(by("02T10:00 interview_complete; 02T10:20 interview v1 manager"), Some(CompletedBy::Proxy));
    assert_eq!(by("02T10:00 interview_proxy; 02T10:20 interview v1"), Some(CompletedBy::Proxy));
    assert_eq!(by("02T10:00 self_response online; 02T10:20 interview v1"), Some(CompletedBy::SelfResponse));
    assert_eq!(
        by("02T10:00 interview_complete online; 02T10:20 interview v1"),
        Some(CompletedBy::SelfResponse)
    );
    assert_eq!(by("02T10:00 self_response; 02T10:20 interview -"), Some(CompletedBy::SelfResponse));
    assert_eq!(by("02T10:00 no_answer"), None);
    let two = "02T10:00 interview -; 03T10:00 interview - neighbour; 04T10:00 interview - partial";
    let standing = fold(&evidence(two), &rules(""));
    assert_eq!(standing.current, Some((interview_id(1), 1)));
    assert_eq!(standing.persons.recorded, 2);
    let absent = fold(&evidence("02T10:00 interview - elsewhere absent"), &rules(""));
    assert_eq!((absent.state, absent.persons), (State::Completed, PersonCounts::default()));
}

#[test]
fn proxies_are_judged_at_their_own_time() {
    let proxy = |base: &str, when: &str| {
        let n = evidence(base).visits.len() + 1;
        state_and_flags(&format!("{base}; {when} interview_proxy; {when} interview v{n}"), "30T09:00")
    };
    assert_eq!(proxy(MET, "09T10:00"), "completed");
    assert_eq!(proxy(MET, "05T10:00"), "completed proxy_too_early");
    assert_eq!(proxy(SIX, "10T10:00"), "completed");
    assert_eq!(proxy("02T10:00 household_away", "02T10:05"), "completed");
    assert_eq!(proxy(&format!("{MET}; 20T09:00 void v3"), "09T10:00"), "completed proxy_too_early");
    assert_eq!(proxy(&format!("{SIX}; 09T12:00 reopen"), "09T15:00"), "completed proxy_too_early");
    let text = "02T10:00 no_answer; 03T10:00 interview_complete; 03T10:20 interview v2 neighbour";
    assert_eq!(state_and_flags(text, "30T09:00"), "completed proxy_too_early");
    // The household has answered for itself since; then that form is taken back.
    let early = "02T10:00 interview_proxy; 02T10:20 interview v1 neighbour";
    let own = format!("{early}; 05T10:00 interview_complete; 05T10:20 interview v2");
    assert_eq!(state_and_flags(&own, "30T09:00"), "completed");
    let taken_back = format!("{own}; 06T09:00 reject i2");
    assert_eq!(state_and_flags(&taken_back, "30T09:00"), "completed proxy_too_early");
}

#[test]
fn classes_of_open_and_closed_cases() {
    let table = [
        ("", Some("UH")),
        ("02T10:00 no_answer", Some("NC")),
        ("02T10:00 no_answer; 03T10:00 refusal_soft", Some("R")),
        ("02T10:00 no_answer; 03T10:00 language", Some("O")),
        ("02T10:00 no_answer; 03T10:00 interview_complete", Some("O")),
        ("02T10:00 screen_failed; 03T10:00 not_found", Some("UO")),
        ("02T10:00 not_found", Some("UH")),
        ("02T10:00 vacant", Some("UH")),
        ("02T10:00 vacant; 03T09:00 verify no", Some("UH")),
        ("02T10:00 vacant neighbour", Some("NE")),
        ("02T10:00 interview_partial", Some("P")),
        ("02T10:00 interview -", Some("I")),
        ("02T10:00 no_answer; 03T09:00 close O", Some("O")),
        ("02T10:00 no_answer; 03T09:00 cancel", None),
        ("02T10:00 no_answer; 03T09:00 merge", None),
    ];
    for (text, class) in table {
        assert_eq!(fold(&evidence(text), &rules("")).class.map(Class::slug), class, "{text}");
    }
}

#[test]
fn the_first_visit_and_the_effort_at_closing() {
    let first = |text: &str| fold(&evidence(text), &rules("")).is_first_visit_complete;
    assert!(first("02T10:00 interview_complete; 02T10:20 interview v1"));
    assert!(first("01T10:00 no_entry; 02T10:00 interview_complete; 02T10:20 interview v2"));
    assert!(!first("01T10:00 no_answer; 02T10:00 interview_complete; 02T10:20 interview v2"));
    assert!(!first("02T10:20 interview -"));
    let late = "02T10:00 no_answer; 05T09:00 close NC; 04T19:00 no_answer rec=06T09:00";
    let standing = fold(&evidence(late), &rules(""));
    assert_eq!(standing.unmet, [EffortPart::Attempts, EffortPart::Days, EffortPart::Weekend]);
    assert_eq!(standing.closed_unmet.as_deref(), Some(EffortPart::ALL));
}

#[test]
fn the_past_by_either_clock() {
    let text =
        "02T10:00 no_answer rec=04T21:00; 03T19:00 interview_complete; 03T19:20 interview v2 rec=06T09:00";
    let (evidence, rules) = (evidence(text), rules(""));
    let states: Vec<_> = history(&evidence, &rules).into_iter().map(|(when, t)| (when, t.state)).collect();
    assert_eq!(
        states,
        [
            (at("02T10:00"), State::InProgress),
            (at("03T19:00"), State::InProgress),
            (at("03T19:20"), State::Completed)
        ]
    );
    let known = |moment| {
        let standing = fold(&evidence.as_of(Clock::Received, at(moment)), &rules);
        (standing.state, standing.visits_stored)
    };
    assert_eq!(
        ["03T18:59", "03T19:00", "04T20:59", "04T21:00", "06T08:59", "06T09:00"].map(known),
        [
            (State::New, 0),
            (State::InProgress, 1),
            (State::InProgress, 1),
            (State::InProgress, 2),
            (State::InProgress, 2),
            (State::Completed, 2)
        ]
    );
    assert_eq!(history(&evidence, &rules).last().unwrap().1, fold(&evidence, &rules).tallied());
}

#[test]
fn a_merged_door_brings_its_records_but_not_its_closing() {
    let mut survivor = evidence("02T10:00 no_answer");
    let mut loser = evidence(
        "02T19:00 no_answer; 04T19:00 no_answer; 05T09:00 void v2; 06T09:00 close NC; 07T09:00 merge",
    );
    for (n, visit) in loser.visits.iter_mut().enumerate() {
        visit.id = super::script::visit_id(20 + n);
    }
    loser.decisions[0].kind = DecisionKind::Void { visit: super::script::visit_id(21) };
    survivor.absorb(&loser);
    let standing = fold(&survivor, &rules(""));
    assert_eq!(
        (standing.state, standing.counted.attempts, standing.visits_stored),
        (State::InProgress, 2, 3)
    );
}
