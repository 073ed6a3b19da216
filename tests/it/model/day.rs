//! Days of the field, generated: doors, visits, interviews with their revisions, decisions, and an order of arrival.

use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::record::{dwelling, id, id_of, interview_with, person, visit_at, with};
use crate::support::survey::Survey;

/// Doors of the set-up.
pub const LISTED: usize = 3;
/// Doors that may be found.
pub const FOUND: usize = 2;

/// What happened at one door, before anybody knows in which order it arrives.
#[derive(Clone, Debug)]
pub enum Event {
    /// Door, minute of the field days, outcome, whether its time is impossible.
    Visit(usize, u16, usize, bool),
    /// Door, which conversation, revision, kind of form, and the visit it names.
    Talk(usize, usize, i32, Form, Option<usize>),
    /// A found door's record.
    Door(usize),
}

/// Kinds of interview forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Complete.
    Complete,
    /// Partial.
    Partial,
    /// Without a head: cannot be used.
    Faulty,
}

/// A decision, in numbers that the model turns into ids.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The door whose case it is about.
    pub door: usize,
    /// Which kind.
    pub kind: usize,
    /// Which visit, conversation or door it names.
    pub target: usize,
}

/// What happens at the server.
#[derive(Clone, Debug)]
pub enum Op {
    /// These records arrive, each collector's in one batch.
    Send(Vec<usize>),
    /// An earlier batch arrives again.
    Again(usize),
    /// A supervisor decides.
    Decide(Choice),
    /// The counters are folded.
    Fold,
    /// A phone pulls one page.
    Pull,
}

/// A whole day.
#[derive(Clone, Debug)]
pub struct Day {
    /// What happened.
    pub events: Vec<Event>,
    /// How it arrives.
    pub ops: Vec<Op>,
}

/// A record with what the model has to know of it.
#[derive(Clone, Debug)]
pub struct Fact {
    /// Collector, 0 or 1.
    pub by: usize,
    /// As sent.
    pub record: Value,
    /// As it happened.
    pub event: Event,
    /// Its id.
    pub id: Uuid,
}

const OUTCOMES: [&str; 12] = [
    "no_answer",
    "no_answer",
    "refusal_soft",
    "refusal_hard",
    "vacant",
    "interview_complete",
    "interview_partial",
    "no_entry",
    "household_away",
    "demolished",
    "appointment_made",
    "respondent_away",
];

impl Day {
    /// The records of the day. Ids of found doors are those of their own records.
    pub fn facts(&self, survey: &Survey, area: &str) -> Vec<Fact> {
        let doors: Vec<Value> = (0..FOUND).map(|n| dwelling(area, &format!("7{n}"))).collect();
        let case = |door: usize| {
            if door < LISTED { survey.case(door) } else { id_of(&doors[door - LISTED]) }
        };
        let visits: Vec<Uuid> = self.events.iter().map(|_| id()).collect();
        let talks: Vec<Uuid> = (0..8).map(|_| id()).collect();
        let records = self.events.iter().enumerate().map(|(i, event)| match event {
            Event::Visit(door, minute, outcome, impossible) => {
                let at = if *impossible { "2021-03-01T10:00:00+08:00".to_owned() } else { moment(*minute) };
                with(visit_at(case(*door), OUTCOMES[*outcome], &at), "id", visits[i].to_string())
            }
            Event::Talk(door, talk, revision, form, visit) => {
                let head = if *form == Form::Faulty { "child" } else { "head" };
                let mut record =
                    interview_with(case(*door), vec![person(1, "王秀英", head), person(2, "李明", "spouse")]);
                record["id"] = json!(talks[*talk]);
                record["revision"] = json!(revision);
                record["result"] = json!(if *form == Form::Partial { "partial" } else { "complete" });
                if let Some(visit) = visit {
                    record["visit_id"] = json!(visits[*visit % visits.len()]);
                }
                record
            }
            Event::Door(n) => doors[*n].clone(),
        });
        let facts = records.zip(&self.events).enumerate();
        facts
            .map(|(i, (record, event))| Fact { by: i % 2, id: id_of(&record), record, event: event.clone() })
            .collect()
    }
}

/// A minute of the field days as a time: days 2 to 8, from eight in the morning.
fn moment(minute: u16) -> String {
    let (day, minute) = (minute / 720 % 7 + 2, minute % 720 + 480);
    format!("2020-11-{day:02}T{:02}:{:02}:00+08:00", minute / 60, minute % 60)
}

fn event() -> impl Strategy<Value = Event> {
    let door = 0..LISTED + FOUND;
    prop_oneof![
        5 => (door.clone(), 0_u16..5040, 0..OUTCOMES.len(), prop::bool::weighted(0.1))
            .prop_map(|(door, minute, outcome, bad)| Event::Visit(door, minute, outcome, bad)),
        4 => (door, 0_usize..4, 1_i32..4, 0_u8..5, prop::option::weighted(0.5, 0_usize..24)).prop_map(|(door, talk, revision, form, visit)| {
            let form = match form { 0 | 1 => Form::Complete, 2 => Form::Partial, _ => Form::Faulty };
            Event::Talk(door, talk, revision, form, visit)
        }),
    ]
}

/// The same id and revision with other content would be refused for its order of arrival: only the first stays.
fn distinct(events: Vec<Event>) -> Vec<Event> {
    let mut seen = std::collections::BTreeSet::new();
    events
        .into_iter()
        .filter(|event| match event {
            Event::Talk(_, talk, revision, ..) => seen.insert((*talk, *revision)),
            Event::Visit(..) | Event::Door(_) => true,
        })
        .collect()
}

fn choice() -> impl Strategy<Value = Choice> {
    (0..LISTED + FOUND, 0_usize..11, 0_usize..24).prop_map(|(door, kind, target)| Choice {
        door,
        kind,
        target,
    })
}

/// Days of up to two dozen records.
pub fn days() -> impl Strategy<Value = Day> {
    let events = (prop::collection::vec(event(), 1..22), prop::collection::vec(0..FOUND, 0..=FOUND))
        .prop_map(|(mut all, mut doors)| {
            doors.sort_unstable();
            doors.dedup();
            all.extend(doors.into_iter().map(Event::Door));
            distinct(all)
        });
    events
        .prop_flat_map(|events| {
            let order = Just((0..events.len()).collect::<Vec<_>>()).prop_shuffle();
            let cuts = prop::collection::vec(1_usize..6, events.len());
            let others = prop::collection::vec(
                prop_oneof![
                    2 => (0_usize..40).prop_map(Op::Again),
                    4 => choice().prop_map(Op::Decide),
                    1 => Just(Op::Fold),
                    2 => Just(Op::Pull),
                ],
                0..8,
            );
            (Just(events), order, cuts, others)
        })
        .prop_map(|(events, order, cuts, others)| {
            let (mut rest, mut ops, mut others) = (order.as_slice(), Vec::new(), others.into_iter());
            for cut in cuts {
                let (now, later) = rest.split_at(cut.min(rest.len()));
                if !now.is_empty() {
                    ops.push(Op::Send(now.to_vec()));
                }
                rest = later;
                ops.extend(others.next());
            }
            ops.extend(others);
            Day { events, ops }
        })
}
