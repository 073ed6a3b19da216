//! What a plan says: one sheet per shift, its stops in walking order, each with a reason in two languages.
//! Data only; ranking and wording are done elsewhere.

use crate::domain::CaseId;
use jiff::Timestamp;
use serde::Serialize;
use std::sync::Arc;

/// The stops of one enumerator in one shift.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Sheet {
    /// User name of the enumerator.
    pub user: Arc<str>,
    /// Start and end of the shift (of what is left of it, for a plan made during the day).
    pub shift: Shift,
    /// Planned minutes of walking, knocking and talking, spare stops left out.
    pub minutes: f64,
    /// Appointments first by time, then the walk. Stops past the end of the shift are spare.
    pub stops: Vec<Stop>,
}

/// A working span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Shift {
    /// First moment.
    pub from: Timestamp,
    /// Last moment.
    pub to: Timestamp,
}

/// One door on a sheet.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stop {
    /// The case to visit.
    pub case_id: CaseId,
    /// What to do there.
    pub action: StopAction,
    /// Not before this moment; `None` where the hour does not matter.
    pub from: Option<Timestamp>,
    /// Not after this moment; `None` where the hour does not matter.
    pub to: Option<Timestamp>,
    /// Kept by the clock: an appointment.
    pub pinned: Pinned,
    /// Filled past the end of the shift, for a day that runs faster than planned.
    pub spare: Spare,
    /// When the planner expects the knock; a forecast, not an order.
    pub expected_at: Timestamp,
    /// Which visit this is, 1 = first.
    pub nth_visit: u32,
    /// Chance that somebody opens. For staff who plan, never for the household.
    pub probability: f64,
    /// One line in English.
    pub reason: String,
    /// The same line in Chinese.
    pub reason_zh: String,
    /// The numbers the line was made of.
    pub grounds: super::reason::Grounds,
}

/// What the enumerator does at a stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StopAction {
    /// Knock.
    Visit,
    /// Knock at the agreed hour.
    VisitAt,
    /// Knock, and if nobody opens ask a neighbour, relative or manager.
    VisitThenProxy,
    /// Ask a neighbour, relative or manager.
    Proxy,
    /// See whether the door is really empty, or not a dwelling.
    Confirm,
}

impl StopAction {
    /// The word used on the wire.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Visit => "visit",
            Self::VisitAt => "visit_at",
            Self::VisitThenProxy => "visit_then_proxy",
            Self::Proxy => "proxy",
            Self::Confirm => "confirm",
        }
    }
}

/// Whether a stop is kept by the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Pinned {
    /// An appointment.
    Yes,
    /// An ordinary stop.
    No,
}

/// Whether a stop lies past the planned minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Spare {
    /// Only if the day runs faster than planned.
    Yes,
    /// Part of the planned minutes.
    No,
}
