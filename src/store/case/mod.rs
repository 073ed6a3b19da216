//! Cases: their rows, and what is done with them, one file each.

mod alias;
mod due;
mod fold;
mod found;
mod lists;
mod place;
mod walk;

use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use super::Statement;
use super::evidence::{Pack, Taken};
use super::tx::Error;
use super::wire::{InOrder, Place};
use crate::domain::{CaseId, Class, Outcome, Placed, State, Unmet};

pub use alias::{
    DoorAlias, KnownDoor, OtherWriting, add_case_aliases, add_door_aliases, aliases, doors_of_keys, resolved,
};
pub use due::DuePlace;
pub use fold::{
    CaseUpdate, Find, History, Recounted, Span, absorbed, lock_cases, look_at_cases, set_absorbed,
    set_forms_done, seven, update_cases,
};
pub use found::{BlankCase, FoundDoor, ListedDoor, add_found, buildings_of_areas, listed_doors};
pub(in crate::store) use lists::range_of;
pub use lists::{
    event_histories, find_by_dwelling, find_cases, ids_after, list_lent_rows, list_rows, open_ids,
};
pub use place::CasePlace;
pub(in crate::store) use walk::{Areas, Walk, room};

/// Where the rows of this part stand.
const TABLE: &str = "survey_case";

/// The columns of [`CaseRow`], of a case `c` with its door `d`.
macro_rules! case_columns {
    () => {
        "c.id, c.dwelling_id, c.building_id, c.area, c.area_no, c.household, c.is_baseline, c.created_at, c.state, c.class, c.cell, \
         c.persons, c.visits, c.interviews, c.decisions, c.absorbed, c.unmet, c.last_at, c.last_outcome, c.appointment_from, \
         c.appointment_to, c.due_class, c.due_at, c.merged_into, c.holder, d.building, d.unit, d.floor, d.room, d.lon, d.lat, \
         d.external_id, c.forms_done"
    };
}
pub(in crate::store) use case_columns;

/// Cases with their doors, to be followed by a condition.
macro_rules! select_cases {
    () => {
        concat!(
            "select ",
            $crate::store::case::case_columns!(),
            " from survey_case c \
             join dwelling d on d.district_id = c.district_id and d.survey_no = c.survey_no and d.id = c.dwelling_id"
        )
    };
}
pub(in crate::store) use select_cases;

/// The statements of this part of the room.
pub(super) fn all() -> Vec<&'static Statement> {
    [alias::ALL, due::ALL, fold::ALL, found::ALL, lists::ALL, walk::ALL].concat()
}

/// A case with its door, as stored.
#[derive(Clone, Debug)]
pub struct CaseRow {
    /// Case id.
    pub id: CaseId,
    /// The door.
    pub dwelling_id: Uuid,
    /// The building.
    pub building_id: Uuid,
    /// Area code.
    pub area: String,
    /// Nested-set number of the area.
    pub area_no: i32,
    /// 1 for the listed household.
    pub household: i32,
    /// Belongs to the frozen frame.
    pub is_baseline: bool,
    /// When it entered the workload.
    pub created_at: Timestamp,
    /// Where it stands.
    pub state: State,
    /// Class of its outcome.
    pub class: Option<Class>,
    /// Packed cell.
    pub cell: i32,
    /// Person figures, empty or seven.
    pub persons: Vec<i32>,
    /// Visits stored.
    pub visits: i32,
    /// Interview revisions stored.
    pub interviews: i32,
    /// Decisions taken.
    pub decisions: i32,
    /// Cases merged into it.
    pub absorbed: i32,
    /// Effort missing.
    pub unmet: Unmet,
    /// Latest visit.
    pub last_at: Option<Timestamp>,
    /// Its outcome.
    pub last_outcome: Option<Outcome>,
    /// Appointment not used up.
    pub appointment: Option<(Timestamp, Timestamp)>,
    /// Urgency order.
    pub due: Option<(i16, Timestamp)>,
    /// Surviving case.
    pub merged_into: Option<CaseId>,
    /// Who holds it.
    pub holder: Option<String>,
    /// Building as written.
    pub building: String,
    /// Unit as written.
    pub unit: String,
    /// Storey.
    pub floor: Option<i32>,
    /// Door number.
    pub room: String,
    /// Door's longitude and latitude.
    pub position: Option<(f64, f64)>,
    /// The office's own number.
    pub external_id: Option<String>,
    /// Extra forms with a complete sheet in force: a bit for the place of each.
    pub forms_done: i16,
}

impl CaseRow {
    /// Reads a row of [`case_columns`].
    pub(super) fn of(row: &Row) -> Result<Self, Error> {
        let mut r = InOrder::of(row);
        Ok(Self {
            id: r.take(),
            dwelling_id: r.take(),
            building_id: r.take(),
            area: r.take(),
            area_no: r.take(),
            household: r.take(),
            is_baseline: r.take(),
            created_at: r.time(),
            state: r.read(TABLE)?,
            class: r.read(TABLE)?,
            cell: r.take(),
            persons: r.take(),
            visits: r.take(),
            interviews: r.take(),
            decisions: r.take(),
            absorbed: r.take(),
            unmet: r.take(),
            last_at: r.maybe_time(),
            last_outcome: r.read(TABLE)?,
            appointment: r.maybe_time().zip(r.maybe_time()),
            due: r.take::<Option<i16>>().zip(r.maybe_time()),
            merged_into: r.take(),
            holder: r.take(),
            building: r.take(),
            unit: r.take(),
            floor: r.take(),
            room: r.take(),
            position: r.take::<Option<f64>>().zip(r.take()),
            external_id: r.take(),
            forms_done: r.take(),
        })
    }
}

macro_rules! placed {
    ($row:ident) => {
        impl Placed for $row {
            fn area_no(&self) -> i32 {
                self.area_no
            }

            fn holder(&self) -> Option<&str> {
                self.holder.as_deref()
            }

            fn state(&self) -> State {
                self.state
            }
        }
    };
}
placed!(CaseRow);
placed!(LockedCase);

/// A case as its last fold left it, locked until the transaction ends.
#[derive(Clone, Debug)]
pub struct LockedCase {
    /// Case id.
    pub id: CaseId,
    /// The door.
    pub dwelling_id: Uuid,
    /// The building.
    pub building_id: Uuid,
    /// Area code.
    pub area: String,
    /// Nested-set number of the area.
    pub area_no: i32,
    /// Belongs to the frozen frame.
    pub is_baseline: bool,
    /// When it entered the workload.
    pub created_at: Timestamp,
    /// Where it stands.
    pub state: State,
    /// Packed cell.
    pub cell: i32,
    /// Person figures, empty or seven.
    pub persons: Vec<i32>,
    /// Bits of the extra forms of which it has a complete sheet in force.
    pub forms_done: i16,
    /// Visits stored.
    pub visits: i32,
    /// Interview revisions stored.
    pub interviews: i32,
    /// Decisions taken.
    pub decisions: i32,
    /// Cases merged into it.
    pub absorbed: i32,
    /// Effort missing.
    pub unmet: Unmet,
    /// Surviving case.
    pub merged_into: Option<CaseId>,
    /// Who holds it.
    pub holder: Option<String>,
    /// Its own evidence at the last fold.
    pub evidence: Pack,
    /// Where the row lies.
    pub place: Place,
}

/// The columns of [`LockedCase`], of a case `c`.
macro_rules! locked_columns {
    () => {
        "c.id, c.dwelling_id, c.building_id, c.area, c.area_no, c.is_baseline, c.created_at, c.state, c.cell, c.persons, \
         c.forms_done, c.visits, c.interviews, c.decisions, c.absorbed, c.unmet, c.merged_into, c.holder, c.evidence, c.ctid"
    };
}
use locked_columns;

impl LockedCase {
    /// Reads a row of [`locked_columns`].
    fn of(row: &Row) -> Result<Self, Error> {
        let mut r = InOrder::of(row);
        Ok(Self {
            id: r.take(),
            dwelling_id: r.take(),
            building_id: r.take(),
            area: r.take(),
            area_no: r.take(),
            is_baseline: r.take(),
            created_at: r.time(),
            state: r.read(TABLE)?,
            cell: r.take(),
            persons: r.take(),
            forms_done: r.take(),
            visits: r.take(),
            interviews: r.take(),
            decisions: r.take(),
            absorbed: r.take(),
            unmet: r.take(),
            merged_into: r.take(),
            holder: r.take(),
            evidence: r.take(),
            place: r.take(),
        })
    }

    /// Its own evidence, as far as it stands on the case; `None`: read the tables.
    pub fn taken(&self) -> Option<Taken> {
        match &self.evidence {
            Some(pack) => Taken::unpack(pack),
            None => (self.visits == 0 && self.interviews == 0).then(Taken::default),
        }
    }
}
