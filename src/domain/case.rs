//! Where a case stands: the value that the fold of its evidence gives, and the flags read from it at a moment.
//!
//! A [`Standing`] knows nothing of the time at which it is read; flags, the next action and the due window take `now`.

use std::sync::Arc;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::code::{Class, EffortPart, Flag, Informant, Outcome, State, closed_set};
use super::evidence::{PersonCounts, Window};
use super::ids::{CaseId, InterviewId, VisitId};
use super::rules::Rules;

pub use super::fold::fold;
pub use super::history::{Clock, history};
pub use super::next::{Action, Next, next_action};

closed_set! {
    /// Who answered the interview that completed a case.
    CompletedBy("completed_by") {
        Own = 1, "own", "Household", "本户";
        Proxy = 2, "proxy", "Proxy", "代答";
        SelfResponse = 3, "self_response", "Self-response", "自主填报";
    }
}

closed_set! {
    /// What confirmed that nobody is to be registered.
    ConfirmedBy("confirmed_by") {
        Days = 1, "days", "Visits on several days", "多日核实";
        Informant = 2, "informant", "An informant", "知情人";
        Photo = 3, "photo", "A photo", "照片";
        Supervisor = 4, "supervisor", "A supervisor", "普查指导员";
    }
}

/// The effort made so far, in counted attempts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// Counted attempts.
    pub attempts: u32,
    /// Their distinct local days.
    pub days: u32,
    /// Their distinct bands of the day.
    pub bands: u32,
    /// How many fell in the evening.
    pub evening: u32,
    /// How many fell on a weekend.
    pub weekend: u32,
}

/// One cell of weekday or weekend by band.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cell {
    /// Weekend rather than weekday.
    pub weekend: bool,
    /// The band, an index into the policy's bands.
    pub band: usize,
}

impl Cell {
    /// The cell as written on the wire: `weekday-morning`.
    pub fn slug(self, rules: &Rules) -> String {
        let day = if self.weekend { "weekend" } else { "weekday" };
        format!("{day}-{}", rules.policy.bands.get(self.band).map_or("quiet", |band| band.id.as_str()))
    }
}

/// A claim, still standing, that nobody is to be registered here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// What the last visit that made it found.
    pub outcome: Outcome,
    /// When that was.
    pub at: Timestamp,
    /// The local date of that.
    pub date: Date,
    /// Who said so then, besides the enumerator.
    pub informant: Informant,
    /// What confirmed the claim.
    pub confirmed_by: Option<ConfirmedBy>,
    /// Whether only a supervisor can confirm it: contact speaks against it, or it is about the list of doors.
    pub needs_supervisor: bool,
}

/// Refusals and break-offs since the last reopening.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusals {
    /// Hard ones.
    pub hard: u32,
    /// Soft ones.
    pub soft: u32,
    /// Interviews stopped midway.
    pub break_off: u32,
}

/// What a case counts as: the part of its standing that rates are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tallied {
    /// The state.
    pub state: State,
    /// The class for rates; none for merged and cancelled cases.
    pub class: Option<Class>,
    /// Whether the case was attempted.
    pub is_attempted: bool,
    /// Whether there is a counted attempt.
    pub has_counted_attempt: bool,
    /// Whether the case was completed on its first counted attempt.
    pub is_first_visit_complete: bool,
    /// Who completed the case.
    pub completed_by: Option<CompletedBy>,
    /// The interview that speaks for this door, with its revision.
    pub current: Option<(InterviewId, i32)>,
    /// Persons of the counted complete interview; zero otherwise.
    pub persons: PersonCounts,
}

/// A closing by hand that is in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: Arc<str>,
    /// The class it was given.
    pub class: Class,
}

/// Where a case stands. Depends on the set of evidence and the rules, never on order, repetition or the reading time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is one independent fact of the report")]
pub struct Standing {
    /// The state.
    pub state: State,
    /// The class for rates; none for merged and cancelled cases.
    pub class: Option<Class>,
    /// The class the supervisor gave, while the closing is in force.
    pub close_class: Option<Class>,
    /// The effort made.
    pub counted: Counted,
    /// The visits that are counted attempts, in time order.
    pub counted_visits: Vec<VisitId>,
    /// Visits stored, voided ones and copies included.
    pub visits_stored: u32,
    /// Parts of the effort rule still missing.
    pub unmet: Vec<EffortPart>,
    /// Cells without a counted attempt, weekday before weekend, then by band.
    pub untried: Vec<Cell>,
    /// Whether a proxy may be asked now.
    pub proxy_allowed: bool,
    /// The latest appointment, unless a visit used it up.
    pub appointment: Option<Window>,
    /// The interview that speaks for this door, with its revision; may be a partial one.
    pub current: Option<(InterviewId, i32)>,
    /// Persons of the counted complete interview; zero otherwise.
    pub persons: PersonCounts,
    /// Who completed the case.
    pub completed_by: Option<CompletedBy>,
    /// Whether the case was attempted: a visit not voided, an interview, or a state other than new.
    pub is_attempted: bool,
    /// Whether the case was completed on its first counted attempt.
    pub is_first_visit_complete: bool,
    /// Whether there is a counted attempt.
    pub has_counted_attempt: bool,
    /// The last visit not voided.
    pub last: Option<(Timestamp, Outcome)>,
    /// Who made it.
    pub last_by: Option<Arc<str>>,
    /// The last counted attempt.
    pub last_counted: Option<Timestamp>,
    /// Enumerators who were refused since the last reopening, sorted.
    pub refused_by: Vec<Arc<str>>,
    /// The last of those refusals.
    pub last_refusal: Option<Timestamp>,
    /// Those refusals by kind.
    pub refusals: Refusals,
    /// Counted attempts at which the visits are used up, reopenings included.
    pub cap: u32,
    /// Informants asked in vain.
    pub asked_in_vain: u32,
    /// The last outcome that allows a proxy at once.
    pub proxy_now: Option<Outcome>,
    /// The claim that nobody is to be registered, if one stands.
    pub claim: Option<Claim>,
    /// Who took the partial interview.
    pub partial_by: Option<Arc<str>>,
    /// Enumerators who met a language barrier, sorted.
    pub language_by: Vec<Arc<str>>,
    /// The earliest visit whose interview has not arrived.
    pub interview_missing_since: Option<Timestamp>,
    /// The flags that do not depend on the reading time.
    pub marks: Vec<Flag>,
    /// The closing by hand, while in force.
    pub closing: Option<Closing>,
    /// The effort unmet when the case was closed by hand, as far as it was known then.
    pub closed_unmet: Option<Vec<EffortPart>>,
    /// The last reopening.
    pub reopened_at: Option<Timestamp>,
    /// The case this one was merged into.
    pub merged_into: Option<CaseId>,
}

impl Standing {
    /// The standing of a case that counts as this, of which nothing else is known; the fold fills it in.
    pub(super) const fn of(tallied: Tallied) -> Self {
        let state = tallied.state;
        Self {
            state,
            class: tallied.class,
            close_class: None,
            counted: Counted { attempts: 0, days: 0, bands: 0, evening: 0, weekend: 0 },
            counted_visits: Vec::new(),
            visits_stored: 0,
            unmet: Vec::new(),
            untried: Vec::new(),
            proxy_allowed: matches!(state, State::Proxy | State::Exhausted),
            appointment: None,
            current: tallied.current,
            persons: tallied.persons,
            completed_by: tallied.completed_by,
            is_attempted: tallied.is_attempted,
            is_first_visit_complete: tallied.is_first_visit_complete,
            has_counted_attempt: tallied.has_counted_attempt,
            last: None,
            last_by: None,
            last_counted: None,
            refused_by: Vec::new(),
            last_refusal: None,
            refusals: Refusals { hard: 0, soft: 0, break_off: 0 },
            cap: 0,
            asked_in_vain: 0,
            proxy_now: None,
            claim: None,
            partial_by: None,
            language_by: Vec::new(),
            interview_missing_since: None,
            marks: Vec::new(),
            closing: None,
            closed_unmet: None,
            reopened_at: None,
            merged_into: None,
        }
    }

    /// What the case counts as.
    pub const fn tallied(&self) -> Tallied {
        Tallied {
            state: self.state,
            class: self.class,
            is_attempted: self.is_attempted,
            has_counted_attempt: self.has_counted_attempt,
            is_first_visit_complete: self.is_first_visit_complete,
            completed_by: self.completed_by,
            current: self.current,
            persons: self.persons,
        }
    }

    /// Whether the appointment's end and grace have passed with nobody there.
    pub fn is_appointment_missed(&self, rules: &Rules, now: Timestamp) -> bool {
        let grace = SignedDuration::from_mins(i64::from(rules.policy.appointment.grace_minutes));
        self.appointment.is_some_and(|window| now.duration_since(window.to) > grace)
    }

    /// Whether the cap of counted attempts is reached.
    pub const fn is_cap_reached(&self) -> bool {
        self.counted.attempts >= self.cap
    }
}

/// The flags at a moment, sorted by slug.
pub fn flags(standing: &Standing, rules: &Rules, now: Timestamp) -> Vec<Flag> {
    let mut flags = standing.marks.clone();
    if standing.state.is_open() && standing.is_appointment_missed(rules, now) {
        flags.push(Flag::AppointmentMissed);
    }
    flags.sort_unstable();
    flags
}
