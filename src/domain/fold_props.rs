//! What holds for every evidence: order, repetition, arrival and reading time change nothing.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::history::moments;
use super::script::{interview_id, rules, visit_id};
use super::*;

const START: &str = "2020-11-01T00:00:00+08:00";

fn moment(minute: i64) -> Timestamp {
    START.parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minute)
}

/// Minutes of two weeks, often close together, so that gaps, copies and appointments meet.
fn minute() -> impl Strategy<Value = i64> {
    prop_oneof![0_i64..14 * 1440, (0_i64..14).prop_flat_map(|day| (day * 1440 + 1120)..(day * 1440 + 1160))]
}

fn pick<T: Copy + std::fmt::Debug>(all: &'static [T]) -> impl Strategy<Value = T> {
    proptest::sample::select(all)
}

prop_compose! {
    fn visit()(
        minute in minute(), late in 0_i64..4000, outcome in pick(Outcome::ALL), by in 1_u8..=3,
        channel in prop_oneof![4 => Just(Channel::InPerson), 1 => pick(Channel::ALL)],
        informant in prop_oneof![3 => Just(Informant::None), 1 => pick(Informant::ALL)],
        has_photo in any::<bool>(), appointment in proptest::option::weighted(0.2, (minute(), 15_i64..90)),
    ) -> Visit {
        let window = appointment.map(|(from, length)| Window { from: moment(from), to: moment(from + length) });
        Visit {
            id: visit_id(0), at: moment(minute), received_at: moment(minute + late), outcome,
            enumerator: Arc::from(format!("e0{by}")), channel, informant, has_photo, appointment: window,
        }
    }
}

prop_compose! {
    fn interview()(
        id in 1_usize..=2, revision in 1_i32..=3, visit in proptest::option::of(1_usize..=9), minute in minute(), late in 0_i64..4000,
        result in pick(InterviewResult::ALL), respondent in pick(Respondent::ALL),
        counted_elsewhere in proptest::bool::weighted(0.2), absent in 0_u32..=2,
    ) -> Interview {
        Interview {
            id: interview_id(id), revision, visit_id: visit.map(visit_id), result, respondent, at: moment(minute),
            received_at: moment(minute + late), counted_elsewhere,
            persons: PersonCounts { recorded: 2, absent_registered: absent, ..PersonCounts::default() },
        }
    }
}

fn kind() -> impl Strategy<Value = DecisionKind> {
    prop_oneof![
        pick(&[Class::R, Class::NC, Class::O, Class::UH]).prop_map(|class| DecisionKind::Close { class }),
        Just(DecisionKind::Reopen),
        pick(Confirmed::ALL).prop_map(|confirmed| DecisionKind::Verify { confirmed }),
        Just(DecisionKind::Cancel),
        Just(DecisionKind::Uncancel),
        (1_usize..=9).prop_map(|n| DecisionKind::Void { visit: visit_id(n) }),
        (1_usize..=9).prop_map(|n| DecisionKind::Unvoid { visit: visit_id(n) }),
        (1_usize..=2, 1_i32..=3)
            .prop_map(|(n, revision)| DecisionKind::RejectInterview { interview: interview_id(n), revision }),
    ]
}

prop_compose! {
    fn evidence()(
        mut visits in proptest::collection::vec(visit(), 0..9),
        mut interviews in proptest::collection::vec(interview(), 0..4),
        decisions in proptest::collection::vec((minute(), kind()), 0..5),
    ) -> Evidence {
        for (n, visit) in visits.iter_mut().enumerate() {
            visit.id = visit_id(n + 1);
        }
        interviews.sort_by_key(|text| (text.id, text.revision));
        interviews.dedup_by_key(|text| (text.id, text.revision));
        let decisions = decisions.into_iter().zip(1..);
        let decisions = decisions.map(|((minute, kind), seq)| Decision { seq, at: moment(minute), by: Arc::from("s1"), kind });
        Evidence { visits, interviews, decisions: decisions.collect() }
    }
}

/// The same evidence in another order, some of it repeated.
fn scrambled() -> impl Strategy<Value = (Evidence, Evidence)> {
    evidence().prop_flat_map(|evidence| {
        let doubled = |n: usize| proptest::collection::vec(any::<bool>(), n);
        let sizes = (evidence.visits.len(), evidence.interviews.len(), evidence.decisions.len());
        (Just(evidence), doubled(sizes.0), doubled(sizes.1), doubled(sizes.2), any::<u64>()).prop_map(
            |(evidence, visits, interviews, decisions, seed)| {
                let other = Evidence {
                    visits: mixed(&evidence.visits, &visits, seed),
                    interviews: mixed(&evidence.interviews, &interviews, seed),
                    decisions: mixed(&evidence.decisions, &decisions, seed),
                };
                (evidence, other)
            },
        )
    })
}

fn mixed<T: Clone>(items: &[T], twice: &[bool], seed: u64) -> Vec<T> {
    let again = items.iter().zip(twice).filter(|(_, twice)| **twice).map(|(item, _)| item.clone());
    let mut all: Vec<T> = items.iter().cloned().chain(again).collect();
    let mut state = seed | 1;
    for n in (1..all.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        all.swap(n, usize::try_from(state >> 33).unwrap() % (n + 1));
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn order_and_repetition_change_nothing((evidence, other) in scrambled()) {
        let rules = rules("");
        prop_assert_eq!(fold(&evidence, &rules), fold(&other, &rules));
    }

    #[test]
    fn two_batches_may_come_in_either_order(a in evidence(), b in evidence()) {
        let rules = rules("");
        let join = |first: &Evidence, second: &Evidence| Evidence {
            visits: [first.visits.clone(), second.visits.clone()].concat(),
            interviews: [first.interviews.clone(), second.interviews.clone()].concat(),
            decisions: [first.decisions.clone(), second.decisions.clone()].concat(),
        };
        let mut b = b;
        for (n, visit) in b.visits.iter_mut().enumerate() {
            visit.id = visit_id(n + 20);
        }
        for text in &mut b.interviews {
            text.id = InterviewId(uuid::Uuid::from_u128(text.id.0.as_u128() + 20));
        }
        for decision in &mut b.decisions {
            decision.seq += 100;
        }
        prop_assert_eq!(fold(&join(&a, &b), &rules), fold(&join(&b, &a), &rules));
    }

    #[test]
    fn arrival_changes_no_state(evidence in evidence(), delay in 0_i64..10_000) {
        let rules = rules("");
        let mut other = evidence.clone();
        for visit in &mut other.visits {
            visit.received_at += SignedDuration::from_mins(delay);
        }
        for text in &mut other.interviews {
            text.received_at += SignedDuration::from_mins(delay);
        }
        let (a, b) = (fold(&evidence, &rules), fold(&other, &rules));
        prop_assert_eq!((a.state, a.class, a.counted, a.untried, a.current), (b.state, b.class, b.counted, b.untried, b.current));
    }

    #[test]
    fn a_later_reading_only_adds_flags(evidence in evidence(), first in 0_i64..20_000, later in 0_i64..20_000) {
        let rules = rules("");
        let standing = fold(&evidence, &rules);
        let before = flags(&standing, &rules, moment(first));
        let after = flags(&standing, &rules, moment(first + later));
        prop_assert!(before.iter().all(|flag| after.contains(flag)), "{before:?} {after:?}");
        prop_assert!(after.windows(2).all(|pair| pair[0].slug() < pair[1].slug()));
        let next = next_action(&standing, &rules, moment(first));
        prop_assert_eq!(next.action == Action::None, !standing.state.is_open());
        if let Some(window) = due(&standing, &rules, moment(first)).window {
            prop_assert!(window.from < window.to);
        }
        for language in [Language::En, Language::Zh] {
            let viewed = Viewed { at: moment(first + later), now: moment(first) };
            prop_assert!(!reason(&standing, &next, &rules, viewed, language).is_empty());
        }
    }

    #[test]
    fn counted_attempts_keep_the_gap_and_none_is_left_out(evidence in evidence()) {
        let rules = rules("");
        let standing = fold(&evidence, &rules);
        let gap = SignedDuration::from_hours(1);
        let time = |id: &VisitId| evidence.visits.iter().find(|visit| visit.id == *id).unwrap().at;
        let counted: Vec<_> = standing.counted_visits.iter().map(time).collect();
        prop_assert!(counted.windows(2).all(|pair| pair[1].duration_since(pair[0]) >= gap));
        prop_assert_eq!(counted.len(), standing.counted.attempts as usize);
        let voided = evidence.decisions.iter().any(|d| matches!(d.kind, DecisionKind::Void { .. }));
        for visit in evidence.visits.iter().filter(|v| v.channel == Channel::InPerson && rules.counts(v.outcome)) {
            let covered = counted.iter().any(|at| *at <= visit.at && visit.at.duration_since(*at) < gap);
            prop_assert!(covered || voided, "{visit:?}");
        }
    }

    #[test]
    fn voiding_and_taking_it_back_changes_nothing(mut evidence in evidence(), n in 1_usize..=9, minute in minute()) {
        let rules = rules("");
        let has_void = |d: &Decision| matches!(d.kind, DecisionKind::Void { .. } | DecisionKind::Unvoid { .. });
        // Taken out rather than refused: most evidence has one, and a run refuses only so much.
        evidence.decisions.retain(|d| !has_void(d));
        let mut other = evidence.clone();
        for (seq, kind) in [(50, DecisionKind::Void { visit: visit_id(n) }), (51, DecisionKind::Unvoid { visit: visit_id(n) })] {
            other.decisions.push(Decision { seq, at: moment(minute), by: Arc::from("s1"), kind });
        }
        prop_assert_eq!(fold(&evidence, &rules), fold(&other, &rules));
    }

    #[test]
    fn every_entry_of_the_history_is_what_the_fold_of_its_moment_says(mut evidence in evidence(), has_decisions: bool) {
        let rules = rules("");
        if !has_decisions {
            evidence.decisions.clear();
        }
        let at = |moment| fold(&evidence.as_of(Clock::Event, moment), &rules).tallied();
        let mut expected = Vec::new();
        for moment in moments(&evidence) {
            if expected.last().is_none_or(|(_, before)| *before != at(moment)) {
                expected.push((moment, at(moment)));
            }
        }
        prop_assert_eq!(history(&evidence, &rules), expected);
    }

    #[test]
    fn once_everything_has_happened_and_is_known_the_past_is_the_present(evidence in evidence()) {
        let rules = rules("");
        let received = evidence.visits.iter().map(|v| v.received_at).chain(evidence.interviews.iter().map(|i| i.received_at));
        let last = moments(&evidence).into_iter().chain(received).max().unwrap_or(Timestamp::MIN);
        for clock in [Clock::Event, Clock::Received] {
            prop_assert_eq!(fold(&evidence.as_of(clock, last), &rules), fold(&evidence, &rules));
        }
        let entry = history(&evidence, &rules).pop().map(|(_, tallied)| tallied);
        prop_assert_eq!(entry.unwrap_or_else(|| fold(&Evidence::default(), &rules).tallied()), fold(&evidence, &rules).tallied());
    }

    #[test]
    fn a_history_can_be_continued(evidence in evidence(), since in minute()) {
        let (rules, since) = (rules(""), moment(since));
        let whole = history(&evidence, &rules);
        let mut pieced: Vec<_> = whole.iter().filter(|(at, _)| *at < since).copied().collect();
        for entry in history_since(&evidence, &rules, since) {
            if pieced.last().is_none_or(|(_, before)| *before != entry.1) {
                pieced.push(entry);
            }
        }
        prop_assert_eq!(pieced, whole);
    }

    #[test]
    fn a_standing_survives_being_stored(evidence in evidence()) {
        let standing = fold(&evidence, &rules(""));
        let text = serde_json::to_string(&standing).unwrap();
        prop_assert_eq!(serde_json::from_str::<Standing>(&text).unwrap(), standing.clone());
        let cell = rates::Cell::of(&standing.tallied(), rates::Baseline::In);
        prop_assert_eq!(rates::Cell::from_code(cell.code()), Some(cell));
    }
}
