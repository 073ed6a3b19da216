//! The model: what is known is a set of records and a list of decisions; every answer is computed from both afresh.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use doorknock::domain::{
    CaseId, Channel, Class, Confirmed, Decision, DecisionKind, Evidence, Informant, Interview, InterviewId,
    InterviewResult, Outcome, PersonCounts, Respondent, Rules, Standing, State, Visit, VisitId, fold,
};
use jiff::Timestamp;
use uuid::Uuid;

use super::day::{Choice, Event, FOUND, Fact, Form, LISTED};
use crate::support::survey::Survey;

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Counts,
    /// Stored, but a form that was corrected: never evidence.
    History,
    Held(&'static str),
}

/// Everything the server was told.
pub struct Model<'a> {
    facts: &'a [Fact],
    rules: &'a Rules,
    doors: Vec<Uuid>,
    arrived: BTreeMap<usize, Timestamp>,
    decisions: Vec<(Uuid, Decision)>,
}

impl<'a> Model<'a> {
    /// Nothing has arrived.
    pub fn new(facts: &'a [Fact], survey: &Survey, rules: &'a Rules) -> Self {
        let mut listed: Vec<Uuid> = (0..LISTED).map(|n| survey.case(n)).collect();
        let key = |n: usize| {
            doorknock::domain::door_key("410181", crate::support::survey::A1, "99", "1", &format!("7{n}"))
        };
        listed.extend(
            (0..FOUND).map(|n| CaseId::of(doorknock::domain::DwellingId::of_key(&key(n)), &survey.slug, 1).0),
        );
        Self { facts, rules, doors: listed, arrived: BTreeMap::new(), decisions: Vec::new() }
    }

    /// These records arrive.
    pub fn arrive(&mut self, which: &[usize], now: Timestamp) {
        for i in which {
            self.arrived.entry(*i).or_insert(now);
        }
    }

    fn known(&self) -> impl Iterator<Item = (usize, &'a Fact)> {
        self.arrived.keys().map(|i| (*i, &self.facts[*i]))
    }

    fn is_known_door(&self, door: usize) -> bool {
        door < LISTED || self.known().any(|(_, f)| matches!(f.event, Event::Door(n) if n + LISTED == door))
    }

    fn fate(&self, fact: &Fact) -> Fate {
        match &fact.event {
            Event::Door(_) => Fate::Counts,
            Event::Visit(_, _, _, true) => Fate::Held("implausible-time"),
            Event::Visit(door, ..) if !self.is_known_door(*door) => Fate::Held("unknown-case"),
            Event::Visit(..) => Fate::Counts,
            Event::Talk(_, talk, revision, Form::Faulty, _) => {
                let is_corrected = self.known().any(|(_, f)| {
                    matches!(&f.event, Event::Talk(_, t, r, form, _) if t == talk && r > revision && *form != Form::Faulty)
                });
                if is_corrected { Fate::History } else { Fate::Held("form-error") }
            }
            Event::Talk(door, ..) if !self.is_known_door(*door) => Fate::Held("unknown-case"),
            Event::Talk(door, _, _, _, visit) => {
                let elsewhere = self.known().any(|(_, f)| {
                    matches!(&f.event, Event::Visit(d, ..) if d != door && self.fate(f) == Fate::Counts)
                        && visit.is_some_and(|v| self.named(v) == f.id)
                });
                if elsewhere { Fate::Held("visit-elsewhere") } else { Fate::Counts }
            }
        }
    }

    /// The id of the visit with that number; visits that never were have ids too.
    fn named(&self, visit: usize) -> Uuid {
        let holder = self.facts.iter().find_map(|f| match &f.event {
            Event::Talk(_, _, _, _, Some(v)) if *v == visit => f.record["visit_id"].as_str()?.parse().ok(),
            Event::Talk(..) | Event::Visit(..) | Event::Door(_) => None,
        });
        holder.expect("some conversation names it")
    }

    /// The own evidence of a door's case.
    fn own(&self, door: usize) -> Evidence {
        let mut evidence = Evidence::default();
        for (i, fact) in self.known().filter(|(_, f)| self.fate(f) == Fate::Counts) {
            match &fact.event {
                Event::Visit(d, ..) if *d == door => evidence.visits.push(visit_of(fact, self.arrived[&i])),
                Event::Talk(d, talk, revision, form, _) if *d == door => {
                    let is_moved = self.known().any(|(_, f)| {
                        matches!(&f.event, Event::Talk(d, t, r, ..) if t == talk && r > revision && *d != door)
                            && self.fate(f) == Fate::Counts
                    });
                    if !is_moved {
                        evidence.interviews.push(interview_of(fact, *revision, *form, self.arrived[&i]));
                    }
                }
                Event::Visit(..) | Event::Talk(..) | Event::Door(_) => {}
            }
        }
        let own = self.decisions.iter().filter(|(case, _)| *case == self.doors[door]);
        evidence.decisions.extend(own.map(|(_, d)| d.clone()));
        evidence
    }

    fn merged_into(&self, door: usize) -> Option<usize> {
        let into = fold(&self.own(door), self.rules).merged_into?;
        self.doors.iter().position(|id| *id == into.0)
    }

    fn losers(&self, door: usize) -> Vec<usize> {
        (0..self.doors.len())
            .filter(|d| self.is_known_door(*d) && self.merged_into(*d) == Some(door))
            .collect()
    }

    fn standing(&self, door: usize) -> Standing {
        let mut evidence = self.own(door);
        for loser in self.losers(door) {
            evidence.absorb(&self.own(loser));
        }
        fold(&evidence, self.rules)
    }

    /// State and number of stored visits of every known case.
    pub fn cases(&self) -> BTreeMap<String, (String, i64)> {
        let known = (0..self.doors.len()).filter(|d| self.is_known_door(*d));
        known
            .map(|d| {
                let visits = i64::try_from(self.own(d).visits.len()).expect("few");
                (self.doors[d].to_string(), (self.standing(d).state.slug().to_owned(), visits))
            })
            .collect()
    }

    /// How many cases in each state.
    pub fn states(&self) -> BTreeMap<&'static str, i64> {
        let mut all: BTreeMap<&str, i64> = State::ALL.iter().map(|s| (s.slug(), 0)).collect();
        for door in (0..self.doors.len()).filter(|d| self.is_known_door(*d)) {
            *all.entry(self.standing(door).state.slug()).or_default() += 1;
        }
        all
    }

    /// What waits, as `id/revision reason`, sorted.
    pub fn held(&self) -> Vec<String> {
        let mut all: BTreeSet<String> = BTreeSet::new();
        for (_, fact) in self.known() {
            if let Fate::Held(reason) = self.fate(fact) {
                let revision = if let Event::Talk(_, _, revision, ..) = &fact.event { *revision } else { 0 };
                all.insert(format!("{}/{revision} {reason}", fact.id));
            }
        }
        all.into_iter().collect()
    }

    /// The case and the decision that a choice stands for.
    pub fn spell(&self, choice: &Choice) -> (Uuid, DecisionKind) {
        let fact = self.facts.get(choice.target % self.facts.len().max(1));
        let named = fact.map_or(Uuid::max(), |f| f.id);
        let kind = match choice.kind {
            0 => DecisionKind::Close { class: [Class::R, Class::NC, Class::O, Class::UH][choice.target % 4] },
            1 => DecisionKind::Reopen,
            2 => DecisionKind::Verify { confirmed: Confirmed::Yes },
            3 => DecisionKind::Verify { confirmed: Confirmed::No },
            4 => DecisionKind::Cancel,
            5 => DecisionKind::Uncancel,
            6 => DecisionKind::Void { visit: VisitId(named) },
            7 => DecisionKind::Unvoid { visit: VisitId(named) },
            8 => DecisionKind::RejectInterview { interview: InterviewId(named), revision: 1 },
            9 => DecisionKind::Merge { into: CaseId(self.doors[choice.target % self.doors.len()]) },
            _ => DecisionKind::Unmerge,
        };
        (self.doors[choice.door], kind)
    }

    /// Takes a decision; whether it fits.
    pub fn decide(&mut self, case: Uuid, kind: &DecisionKind, now: Timestamp) -> bool {
        let door = self.doors.iter().position(|id| *id == case).expect("a door of ours");
        if !self.is_known_door(door) || !self.fits(door, kind) {
            return false;
        }
        let seq = i64::try_from(self.decisions.len()).expect("few") + 1;
        self.decisions.push((case, Decision { seq, at: now, by: Arc::from("sa"), kind: kind.clone() }));
        true
    }

    fn fits(&self, door: usize, kind: &DecisionKind) -> bool {
        match kind {
            DecisionKind::Close { .. }
            | DecisionKind::Reopen
            | DecisionKind::Verify { .. }
            | DecisionKind::Cancel
            | DecisionKind::Uncancel => true,
            DecisionKind::Void { visit } | DecisionKind::Unvoid { visit } => {
                self.own(door).visits.iter().any(|v| v.id == *visit)
            }
            DecisionKind::RejectInterview { interview, revision } => {
                self.own(door).interviews.iter().any(|i| i.id == *interview && i.revision >= *revision)
            }
            DecisionKind::Merge { into } => {
                let Some(other) = self.doors.iter().position(|id| *id == into.0) else {
                    return false;
                };
                self.is_known_door(other)
                    && other != door
                    && self.merged_into(other).is_none()
                    && self.merged_into(door).is_none()
                    && self.losers(door).is_empty()
            }
            DecisionKind::Unmerge => self.merged_into(door).is_some(),
            // The model never takes a decision back by its number.
            DecisionKind::Undo { .. } => false,
        }
    }
}

fn instant(fact: &Fact) -> Timestamp {
    fact.record["at"].as_str().and_then(|t| t.parse().ok()).expect("a time")
}

fn collector(fact: &Fact) -> Arc<str> {
    Arc::from(["ea1", "ea2"][fact.by])
}

fn visit_of(fact: &Fact, received_at: Timestamp) -> Visit {
    let outcome = fact.record["outcome"].as_str().and_then(Outcome::from_slug).expect("an outcome");
    Visit {
        id: VisitId(fact.id),
        at: instant(fact),
        received_at,
        outcome,
        enumerator: collector(fact),
        channel: Channel::InPerson,
        informant: Informant::None,
        has_photo: false,
        appointment: None,
    }
}

fn interview_of(fact: &Fact, revision: i32, form: Form, received_at: Timestamp) -> Interview {
    Interview {
        id: InterviewId(fact.id),
        revision,
        visit_id: fact.record["visit_id"].as_str().and_then(|t| t.parse().ok()).map(VisitId),
        result: if form == Form::Partial { InterviewResult::Partial } else { InterviewResult::Complete },
        respondent: Respondent::Member,
        at: instant(fact),
        received_at,
        counted_elsewhere: false,
        persons: PersonCounts { recorded: 2, resident: 2, here_registered: 2, ..PersonCounts::NONE },
    }
}
