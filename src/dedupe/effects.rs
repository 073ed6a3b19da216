//! What links change in numbers: doors, people, cases before and after.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::domain::{AreaRange, CaseId, MergedAs, State, Verdict};
use crate::store::case::LockedCase;

/// A case whose state or people changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CaseChange {
    /// The case.
    pub case_id: CaseId,
    /// State before.
    pub before: State,
    /// State after.
    pub after: State,
    /// Nested-set number of its area, for judging reach.
    #[serde(skip)]
    pub area_no: i32,
}

/// Changes of the figures of completion.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Changes {
    /// Completed cases.
    pub completed: i32,
    /// Cases that are open work.
    pub open: i32,
    /// Cases that count at all: neither merged nor cancelled.
    pub workload: i32,
    /// Person figures by name, those that changed.
    pub persons: BTreeMap<&'static str, i32>,
    /// Cases whose state changed or whose people are counted otherwise.
    pub cases: Vec<CaseChange>,
}

/// Names of the person figures, in the order in which they are stored.
const FIGURES: [&str; 7] = [
    "recorded",
    "resident",
    "here_registered",
    "here_elsewhere",
    "absent_registered",
    "here_pending",
    "paired",
];

impl Changes {
    /// The difference between cases as they were and as they are.
    pub(super) fn between(before: &[Arc<LockedCase>], after: &[Arc<LockedCase>]) -> Self {
        let mut all = Self::default();
        for (was, is) in before.iter().filter_map(|b| after.iter().find(|a| a.id == b.id).map(|a| (b, a))) {
            let (from, to) = (was.state, is.state);
            all.completed += one(to == State::Completed) - one(from == State::Completed);
            all.open += one(to.is_open()) - one(from.is_open());
            all.workload += one(counts(to)) - one(counts(from));
            for (n, name) in FIGURES.iter().enumerate() {
                let figure = |row: &LockedCase| row.persons.get(n).copied().unwrap_or_default();
                *all.persons.entry(name).or_default() += figure(is) - figure(was);
            }
            if from != to || was.persons != is.persons {
                all.cases.push(CaseChange { case_id: is.id, before: from, after: to, area_no: is.area_no });
            }
        }
        all.persons.retain(|_, n| *n != 0);
        all.cases.sort_by_key(|c| c.case_id);
        all
    }

    /// Cases outside a range of areas whose state changes.
    pub(super) fn beyond(&self, range: AreaRange) -> usize {
        let is_out = |c: &&CaseChange| !range.contains(c.area_no) && c.before != c.after;
        self.cases.iter().filter(is_out).count()
    }

    /// The same, without naming cases outside a range of areas.
    #[must_use]
    pub fn seen_from(mut self, range: AreaRange) -> Self {
        self.cases.retain(|c| range.contains(c.area_no));
        self
    }
}

fn one(holds: bool) -> i32 {
    i32::from(holds)
}

fn counts(state: State) -> bool {
    !matches!(state, State::Merged | State::Cancelled)
}

/// A decision that can be taken on a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// One household: one of the interviews counts.
    MergeHousehold,
    /// One door: the two cases become one.
    MergeDoor,
    /// The same person in two households.
    Pair,
    /// Not the same.
    Apart,
    /// Back to review.
    Undo,
}

impl Choice {
    /// Every choice, in the order in which they are offered.
    pub const ALL: [Self; 5] = [Self::MergeHousehold, Self::MergeDoor, Self::Pair, Self::Apart, Self::Undo];

    /// What it decides, and what a merge means.
    pub fn ruling(self) -> (Verdict, MergedAs) {
        match self {
            Self::MergeHousehold => (Verdict::Merge, MergedAs::Household),
            Self::MergeDoor => (Verdict::Merge, MergedAs::Door),
            Self::Pair => (Verdict::Pair, MergedAs::Household),
            Self::Apart => (Verdict::Apart, MergedAs::Household),
            Self::Undo => (Verdict::Undo, MergedAs::Household),
        }
    }
}

impl Effects {
    /// What that choice would change.
    pub fn of(&self, choice: Choice) -> &Effect {
        match choice {
            Choice::MergeHousehold => &self.merge_household,
            Choice::MergeDoor => &self.merge_door,
            Choice::Pair => &self.pair,
            Choice::Apart => &self.apart,
            Choice::Undo => &self.undo,
        }
    }
}

/// What each decision on a link would change, or why it cannot be taken.
#[derive(Clone, Debug, Serialize)]
pub struct Effects {
    /// One household: one of the interviews counts.
    pub merge_household: Effect,
    /// One door: the two cases become one.
    pub merge_door: Effect,
    /// The same person in two households.
    pub pair: Effect,
    /// Not the same.
    pub apart: Effect,
    /// Back to review.
    pub undo: Effect,
}

/// What one decision would change.
#[derive(Clone, Debug, Serialize)]
pub struct Effect {
    /// Whether the reader may take it now.
    pub possible: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Cases outside the reader's area whose state it would change.
    pub beyond_reach: usize,
    /// The numbers; absent where the decision cannot be taken by anybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changes: Option<Changes>,
}
