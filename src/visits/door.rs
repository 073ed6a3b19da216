//! A door as an item of a list.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::domain::{CaseId, EffortPart, Outcome, State, Window};
use crate::store::case::CaseRow;
use crate::store::survey::Areas;
use crate::store::{Error, Store};
use crate::surveys::Survey;

/// A door in a list; everything that does not depend on the reading time.
#[derive(Clone, Debug, Serialize)]
pub struct Door {
    /// Case id.
    pub id: CaseId,
    /// The same, under the name that other lists use.
    pub case_id: CaseId,
    /// Door id.
    pub dwelling_id: Uuid,
    /// Building id.
    pub building_id: Uuid,
    /// Address in one line; with the area's name where it is known.
    pub address: String,
    /// Area code.
    pub area: String,
    /// Building as written.
    pub building: String,
    /// Unit as written, empty where there is none.
    pub unit: String,
    /// Storey.
    pub floor: Option<i32>,
    /// Door number.
    pub room: String,
    /// 1 for the listed household.
    pub household: i32,
    /// The office's own number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// WGS-84.
    pub position: Option<Position>,
    /// State.
    pub state: State,
    /// Visits stored; absent where the visits themselves are given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visits: Option<i32>,
    /// Effort still missing.
    pub unmet: Vec<EffortPart>,
    /// Latest visit.
    pub last: Option<Last>,
    /// Appointment not used up.
    pub appointment: Option<Window>,
    /// Who holds it.
    pub holder: Option<String>,
    /// The case that goes on, when this door was listed twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<CaseId>,
}

/// A place on earth, WGS-84 degrees.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Position {
    /// Longitude.
    pub lon: f64,
    /// Latitude.
    pub lat: f64,
}

/// The latest visit.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Last {
    /// When.
    pub at: Timestamp,
    /// What came of it.
    pub outcome: Outcome,
}

/// Building, unit and room in one line.
pub fn place(row: &CaseRow) -> String {
    let parts = [row.building.as_str(), row.unit.as_str(), row.room.as_str()];
    let line = parts.iter().filter(|p| !p.is_empty()).copied().collect::<Vec<_>>().join("-");
    if row.household > 1 { format!("{line} #{}", row.household) } else { line }
}

/// The door within its building: `2-301`.
pub fn short_place(row: &CaseRow) -> String {
    let parts = [row.unit.as_str(), row.room.as_str()];
    let line = parts.iter().filter(|p| !p.is_empty()).copied().collect::<Vec<_>>().join("-");
    if row.household > 1 { format!("{line} #{}", row.household) } else { line }
}

impl Door {
    /// The item of a case; `area` is the area's name where the reader sees more than one.
    pub fn of(row: &CaseRow, area: Option<&str>) -> Self {
        let line = place(row);
        Self {
            id: row.id,
            case_id: row.id,
            dwelling_id: row.dwelling_id,
            building_id: row.building_id,
            address: area.map_or(line.clone(), |name| format!("{name} {line}")),
            area: row.area.clone(),
            building: row.building.clone(),
            unit: row.unit.clone(),
            floor: row.floor,
            room: row.room.clone(),
            household: row.household,
            external_id: row.external_id.clone(),
            position: row.position.map(|(lon, lat)| Position { lon, lat }),
            state: row.state,
            visits: Some(row.visits),
            unmet: row.unmet.parts(),
            last: row.last_at.zip(row.last_outcome).map(|(at, outcome)| Last { at, outcome }),
            appointment: row.appointment.map(|(from, to)| Window { from, to }),
            holder: row.holder.clone(),
            merged_into: row.merged_into,
        }
    }
}

/// Names of the areas of these cases: (English, Chinese) by code.
pub async fn area_names(
    store: &Store,
    survey: &Survey,
    rows: &[CaseRow],
) -> Result<HashMap<String, (String, String)>, Error> {
    let mut codes: Vec<String> = rows.iter().map(|r| r.area.clone()).collect();
    codes.sort_unstable();
    codes.dedup();
    let areas = store.areas(survey.key, Areas::Codes(codes)).await?;
    Ok(areas.into_iter().map(|a| (a.code, (a.name, a.name_zh))).collect())
}

/// Items of a list, addresses with the areas' Chinese names.
pub async fn doors(store: &Store, survey: &Survey, rows: &[CaseRow]) -> Result<Vec<Door>, Error> {
    let names = area_names(store, survey, rows).await?;
    Ok(rows.iter().map(|r| Door::of(r, names.get(&r.area).map(|n| n.1.as_str()))).collect())
}
