//! Cases: their rows, and what is done with them, one file each.

mod fold;
mod found;
mod lists;

use jiff::Timestamp;
use tokio_postgres::Row;
use uuid::Uuid;

use super::Statement;

pub use fold::{
    CaseUpdate, Recounted, absorbed, aliases, lock_cases, note_folded, set_absorbed, update_cases,
};
pub use found::{BlankCase, FoundDoor, add_found};
pub(in crate::store) use lists::range_of;
pub use lists::{find_by_dwelling, find_cases, list_lent_rows, list_rows, open_ids};

/// The columns of [`CaseRow`], of a case `c` with its door `d`.
macro_rules! case_columns {
    () => {
        "c.id, c.dwelling_id, c.building_id, c.area, c.area_no, c.household, c.is_baseline, c.created_at, c.state, c.class, c.cell, \
         c.persons, c.visits, c.interviews, c.decisions, c.absorbed, c.unmet, c.last_at, c.last_outcome, c.appointment_from, \
         c.appointment_to, c.due_class, c.due_at, c.merged_into, c.holder, d.building, d.unit, d.floor, d.room, d.lon, d.lat, \
         d.external_id"
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
    [fold::ALL, found::ALL, lists::ALL].concat()
}

/// A case with its door, as stored.
#[derive(Clone, Debug)]
pub struct CaseRow {
    /// Case id.
    pub id: Uuid,
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
    /// State number.
    pub state: i16,
    /// Class number.
    pub class: Option<i16>,
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
    /// Bits of effort missing.
    pub unmet: i16,
    /// Latest visit.
    pub last_at: Option<Timestamp>,
    /// Its outcome number.
    pub last_outcome: Option<i16>,
    /// Appointment not used up.
    pub appointment: Option<(Timestamp, Timestamp)>,
    /// Urgency order.
    pub due: Option<(i16, Timestamp)>,
    /// Surviving case.
    pub merged_into: Option<Uuid>,
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
}

impl CaseRow {
    /// Reads a row that holds the columns of the lists of doors.
    pub(super) fn of(r: &Row) -> Self {
        Self {
            id: r.get("id"),
            dwelling_id: r.get("dwelling_id"),
            building_id: r.get("building_id"),
            area: r.get("area"),
            area_no: r.get("area_no"),
            household: r.get("household"),
            is_baseline: r.get("is_baseline"),
            created_at: r.get("created_at"),
            state: r.get("state"),
            class: r.get("class"),
            cell: r.get("cell"),
            persons: r.get("persons"),
            visits: r.get("visits"),
            interviews: r.get("interviews"),
            decisions: r.get("decisions"),
            absorbed: r.get("absorbed"),
            unmet: r.get("unmet"),
            last_at: r.get("last_at"),
            last_outcome: r.get("last_outcome"),
            appointment: r.get::<_, Option<Timestamp>>("appointment_from").zip(r.get("appointment_to")),
            due: r.get::<_, Option<i16>>("due_class").zip(r.get("due_at")),
            merged_into: r.get("merged_into"),
            holder: r.get("holder"),
            building: r.get("building"),
            unit: r.get("unit"),
            floor: r.get("floor"),
            room: r.get("room"),
            position: r.get::<_, Option<f64>>("lon").zip(r.get("lat")),
            external_id: r.get("external_id"),
        }
    }
}
