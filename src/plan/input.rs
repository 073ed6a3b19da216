//! What the planner is told about one day: doors with their past, staff with their hours, rules, the moment.
//! Plain data that a caller fills from rows; it must not decide anything.

use crate::domain::{CaseId, Channel, Informant, Outcome, Rules, Standing};
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use std::sync::Arc;

/// Everything one plan is made from. The same input always gives the same sheets.
#[derive(Clone, Debug)]
pub struct DayInput<'a> {
    /// The local date that is planned.
    pub on: Date,
    /// The moment the plan is judged at: start of `on` for a day ahead, "now" for a plan made during the day.
    /// Shifts before it are cut off.
    pub as_of: Timestamp,
    /// Now: an appointment before the day planned may still be kept.
    pub now: Timestamp,
    /// First and last local date of the field work, both included.
    pub field: (Date, Date),
    /// The survey's rules and calendar.
    pub rules: &'a Rules,
    /// Every door of the area, settled ones too: their visits teach the model.
    pub doors: Vec<Door>,
    /// Enumerators who may be planned.
    pub enumerators: Vec<Enumerator>,
}

/// One case and its door.
#[derive(Clone, Debug)]
pub struct Door {
    /// The case behind the door.
    pub case_id: CaseId,
    /// Code of the area the door lies in; also the middle level of the at-home model.
    pub area: Arc<str>,
    /// Building number inside the area.
    pub building: Arc<str>,
    /// Staircase (unit) inside the building; empty where there is one.
    pub unit: Arc<str>,
    /// Storey, 1 = ground floor; `None` counts as ground floor.
    pub floor: Option<i32>,
    /// Room as written on the door.
    pub room: Arc<str>,
    /// WGS 84 position of the building or door.
    pub place: Option<Place>,
    /// Where the case stands: the fold of its evidence.
    pub standing: Standing,
    /// All visits ever made, in any order, voided ones left out.
    pub visits: Vec<PastVisit>,
    /// The enumerator the case is assigned to: a known face, preferred while that person is on shift.
    pub assigned: Option<Arc<str>>,
    /// A device holds the case; nobody else is sent there until the lease ends.
    pub lease: Option<Lease>,
}

/// Degrees, WGS 84.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// East.
    pub lon: f64,
    /// North.
    pub lat: f64,
}

/// A case lent to an enumerator's device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Who holds it.
    pub user: Arc<str>,
    /// When the lease ends.
    pub until: Timestamp,
}

/// One visit as the model needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastVisit {
    /// When it was made.
    pub at: Timestamp,
    /// What came of it.
    pub outcome: Outcome,
    /// Who made it.
    pub enumerator: Arc<str>,
    /// In person or not; only visits in person are knocks.
    pub channel: Channel,
    /// Who was asked instead of the household, if anybody.
    pub informant: Informant,
}

/// One enumerator.
#[derive(Clone, Debug)]
pub struct Enumerator {
    /// User name.
    pub user: Arc<str>,
    /// Area codes (of [`Door::area`]) the person may work in; `None`: all doors of the input.
    pub areas: Option<Vec<Arc<str>>>,
    /// Weekly hours; `None`: the hours of the survey's policy.
    pub hours: Option<Hours>,
    /// Local dates on which the person is away.
    pub absent: Vec<Date>,
    /// What the person is doing at `as_of`, for a plan made during the day.
    pub doing: Option<Doing>,
}

/// Spans of wall-clock time, from and to, for the three kinds of day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hours {
    /// Monday to Friday, and days made working days.
    pub weekday: Vec<(Time, Time)>,
    /// Saturdays.
    pub saturday: Vec<(Time, Time)>,
    /// Sundays and holidays.
    pub sunday: Vec<(Time, Time)>,
}

/// Work in hand when a plan is made during the day: it is left where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doing {
    /// Stops already on the sheet that the person keeps, in order: what is left of the staircase in hand.
    pub keep: Vec<CaseId>,
    /// When the person is expected to be free for the first of them.
    pub free_at: Timestamp,
}

/// Metres east and north of `origin`, on a plane that is good for one town.
pub fn metres_between(origin: Place, place: Place) -> (f64, f64) {
    const M_PER_DEGREE: f64 = 111_195.0;
    let east = (place.lon - origin.lon) * M_PER_DEGREE * origin.lat.to_radians().cos();
    (east, (place.lat - origin.lat) * M_PER_DEGREE)
}
