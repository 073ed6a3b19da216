//! What is known about one case: visits, interviews, decisions, exactly as given, in any order.
//!
//! Nothing is judged here. Records may be repeated: an id (for interviews with its revision, for decisions their
//! number) is taken once.

use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::code::{Channel, Class, Confirmed, Informant, InterviewResult, Outcome, Respondent};
use super::ids::{CaseId, InterviewId, VisitId};

/// A stretch of time, `from` before `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Window {
    /// When it begins.
    pub from: Timestamp,
    /// When it ends.
    pub to: Timestamp,
}

/// One contact attempt. Append-only: a mistake is voided by a decision, never edited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit {
    /// The device's id.
    pub id: VisitId,
    /// When the visit began (event time).
    pub at: Timestamp,
    /// When the server learnt of it.
    pub received_at: Timestamp,
    /// What came of it.
    pub outcome: Outcome,
    /// Who made it.
    pub enumerator: Arc<str>,
    /// How.
    pub channel: Channel,
    /// Who else said so, or was asked.
    pub informant: Informant,
    /// Whether it names a picture.
    pub has_photo: bool,
    /// The appointment agreed on, if one was.
    pub appointment: Option<Window>,
}

/// One revision of an interview.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interview {
    /// The device's id, the same through all revisions.
    pub id: InterviewId,
    /// 1 and up; the highest is the current text.
    pub revision: i32,
    /// The visit it was taken at, where the record names one.
    pub visit_id: Option<VisitId>,
    /// What the record says of itself.
    pub result: InterviewResult,
    /// Who answered.
    pub respondent: Respondent,
    /// When it was taken (event time).
    pub at: Timestamp,
    /// When the server learnt of this revision.
    pub received_at: Timestamp,
    /// Whether a link counts another interview of the same household instead of this one.
    pub counted_elsewhere: bool,
    /// Its persons, counted.
    pub persons: PersonCounts,
}

/// A supervisor's decision on a case, or on one record of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The server's order; of two decisions on one matter the higher one holds.
    pub seq: i64,
    /// The server's time.
    pub at: Timestamp,
    /// Who decided.
    pub by: Arc<str>,
    /// What was decided.
    pub kind: DecisionKind,
}

/// The kinds of decisions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "decision", rename_all = "snake_case")]
pub enum DecisionKind {
    /// Closed by hand, with the class it counts as (R, NC, O or UH).
    Close {
        /// The class it counts as.
        class: Class,
    },
    /// Open again: claims, refusals and verifications up to then no longer hold; visits still count as attempts.
    Reopen,
    /// The answer to a claim that nobody is to be registered here.
    Verify {
        /// The answer.
        confirmed: Confirmed,
    },
    /// Taken out of the survey.
    Cancel,
    /// Put back into the survey.
    Uncancel,
    /// A visit is no evidence (wrong door, never made).
    Void {
        /// That visit.
        visit: VisitId,
    },
    /// A voided visit is evidence again.
    Unvoid {
        /// That visit.
        visit: VisitId,
    },
    /// An interview is no evidence, up to the revision named.
    RejectInterview {
        /// That interview.
        interview: InterviewId,
        /// The highest revision rejected.
        revision: i32,
    },
    /// The door was listed twice: this case goes into another.
    Merge {
        /// The case that goes on.
        into: CaseId,
    },
    /// The merge is taken back.
    Unmerge,
    /// An earlier decision on the case is taken out of the fold, as if it had never been made. Whoever reads the evidence
    /// leaves both out.
    Undo {
        /// The number of that decision on the case.
        seq: i64,
    },
}

/// Everything known about one case, or about the part of it known at some moment.
///
/// For a case into which others were merged as a door, the caller appends the others' visits, interviews and those
/// decisions that speak of a single record (void, unvoid, rejections), but not their decisions on the case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Every visit stored, voided ones too.
    pub visits: Vec<Visit>,
    /// Every revision of every interview stored.
    pub interviews: Vec<Interview>,
    /// Every decision.
    pub decisions: Vec<Decision>,
}

impl Evidence {
    /// Takes in the evidence of a case that was merged into this one as a door: its visits, its interviews and the
    /// decisions on single records, but not the decisions on the case.
    pub fn absorb(&mut self, merged: &Self) {
        self.visits.extend_from_slice(&merged.visits);
        self.interviews.extend_from_slice(&merged.interviews);
        let decisions = merged.decisions.iter().filter(|decision| decision.kind.speaks_of_a_record());
        self.decisions.extend(decisions.cloned());
    }
}

/// How many persons an interview lists, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PersonCounts {
    /// All persons listed.
    pub recorded: u32,
    /// Those of the resident population (常住人口).
    pub resident: u32,
    /// Living and registered here.
    pub here_registered: u32,
    /// Living here, registered elsewhere.
    pub here_elsewhere: u32,
    /// Registered here, living elsewhere.
    pub absent_registered: u32,
    /// Living here, registration undetermined.
    pub here_pending: u32,
}

impl PersonCounts {
    /// Nobody.
    pub const NONE: Self = Self {
        recorded: 0,
        resident: 0,
        here_registered: 0,
        here_elsewhere: 0,
        absent_registered: 0,
        here_pending: 0,
    };

    /// Whether there are persons and all of them live elsewhere.
    pub const fn lists_only_absent(&self) -> bool {
        self.recorded > 0 && self.recorded == self.absent_registered
    }
}

impl Add for PersonCounts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            recorded: self.recorded + other.recorded,
            resident: self.resident + other.resident,
            here_registered: self.here_registered + other.here_registered,
            here_elsewhere: self.here_elsewhere + other.here_elsewhere,
            absent_registered: self.absent_registered + other.absent_registered,
            here_pending: self.here_pending + other.here_pending,
        }
    }
}

/// Takes away what was added before; never below zero.
impl Sub for PersonCounts {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            recorded: self.recorded.saturating_sub(other.recorded),
            resident: self.resident.saturating_sub(other.resident),
            here_registered: self.here_registered.saturating_sub(other.here_registered),
            here_elsewhere: self.here_elsewhere.saturating_sub(other.here_elsewhere),
            absent_registered: self.absent_registered.saturating_sub(other.absent_registered),
            here_pending: self.here_pending.saturating_sub(other.here_pending),
        }
    }
}

impl AddAssign for PersonCounts {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for PersonCounts {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}
