//! The columns of each export and how a cell is written.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::hash::Hash;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::Kind;
use crate::domain::{Class, Outcome, Relationship, ResidenceStatus, Sex};
use crate::store::case::CaseRow;
use crate::store::detail::{Detail, InterviewRow, PersonRow, VisitRow};
use crate::visits::history::with_offset;

/// One cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// A text, made harmless for spreadsheets.
    Text(String),
    /// A number, written as it is.
    Number(f64),
    /// Digits and their signs, written as they are.
    Plain(String),
    /// Yes or no.
    Bool(bool),
}

impl Cell {
    fn text(value: Option<impl Into<String>>) -> Self {
        value.map_or(Self::Empty, |v| Self::Text(v.into()))
    }

    pub(super) fn number(value: Option<impl Into<f64>>) -> Self {
        value.map_or(Self::Empty, |v| Self::Number(v.into()))
    }

    fn to_json(&self) -> Value {
        match self {
            Self::Empty => Value::Null,
            Self::Text(text) | Self::Plain(text) => json!(text),
            // A whole number as one: 6, not 6.0.
            Self::Number(n) => n.to_string().parse::<i64>().map_or_else(|_| json!(n), |whole| json!(whole)),
            Self::Bool(b) => json!(b),
        }
    }
}

const DOOR: [&str; 7] = ["case_id", "area", "building", "unit", "floor", "room", "household"];

const CASES: &[&str] = &[
    DOOR[0],
    DOOR[1],
    DOOR[2],
    DOOR[3],
    DOOR[4],
    DOOR[5],
    DOOR[6],
    "external_id",
    "state",
    "class",
    "visits",
    "unmet",
    "last_at",
    "last_outcome",
    "appointment_from",
    "appointment_to",
    "holder",
    "lon",
    "lat",
    "created_at",
    "merged_into",
];
const VISITS: &[&str] = &[
    DOOR[0],
    DOOR[1],
    DOOR[2],
    DOOR[3],
    DOOR[4],
    DOOR[5],
    DOOR[6],
    "visit_id",
    "at",
    "received_at",
    "ended_at",
    "outcome",
    "channel",
    "informant",
    "enumerator",
    "device_id",
    "batch_id",
    "appointment_from",
    "appointment_to",
    "lon",
    "lat",
    "accuracy_m",
    "distance_m",
    "note",
];
const HOUSEHOLDS: &[&str] = &[
    DOOR[0],
    DOOR[1],
    DOOR[2],
    DOOR[3],
    DOOR[4],
    DOOR[5],
    DOOR[6],
    "interview_id",
    "revision",
    "at",
    "received_at",
    "result",
    "respondent",
    "enumerator",
    "counted_elsewhere",
    "n_persons",
    "household_type",
    "n_stayed",
    "n_registered_absent",
    "births_m",
    "births_f",
    "deaths_m",
    "deaths_f",
    "dwelling_kind",
    "floor_area_m2",
    "rooms",
    "tenure",
    "phone",
    "address_text",
];
const PERSONS: &[&str] = &[
    DOOR[0],
    DOOR[1],
    DOOR[2],
    DOOR[3],
    DOOR[4],
    DOOR[5],
    DOOR[6],
    "interview_id",
    "revision",
    "person_no",
    "name",
    "sex",
    "birth_year",
    "birth_month",
    "birth_day",
    "relationship",
    "residence_status",
    "citizen_id",
    "stayed_at",
    "registered_at",
    "time_away",
    "reason_away",
    "education",
    "literate",
    "ethnicity",
    "other_address",
    "counted_elsewhere",
];

/// Names of the columns.
pub(super) fn columns(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Cases => CASES,
        Kind::Visits => VISITS,
        Kind::Households => HOUSEHOLDS,
        Kind::Persons => PERSONS,
    }
}

/// The rows of these cases, each with the case it stands at.
pub(super) fn rows<'a>(kind: Kind, cases: &'a [CaseRow], detail: &Detail) -> Vec<(&'a CaseRow, Vec<Cell>)> {
    let mut all = Vec::new();
    let visits = grouped(&detail.visits, |v| v.case_id);
    let interviews = grouped(in_force(&detail.interviews), |i| i.case_id);
    let people = grouped(&detail.persons, |p| (p.interview_id, p.revision));
    let of = |i: &InterviewRow| people.get(&(i.id, i.revision)).map_or(&[][..], Vec::as_slice);
    for case in cases {
        match kind {
            Kind::Cases => all.push((case, case_cells(case))),
            Kind::Visits => {
                all.extend(visits.get(&case.id).into_iter().flatten().map(|v| (case, visit_cells(case, v))));
            }
            Kind::Households => {
                for i in interviews.get(&case.id).into_iter().flatten() {
                    all.push((case, household_cells(case, i, of(i).len())));
                }
            }
            Kind::Persons => {
                for i in interviews.get(&case.id).into_iter().flatten() {
                    all.extend(of(i).iter().map(|p| (case, person_cells(case, i, p))));
                }
            }
        }
    }
    all
}

/// Rows by what they belong to, in their order.
fn grouped<'a, T: 'a, K: Eq + Hash>(
    rows: impl IntoIterator<Item = &'a T>,
    key: impl Fn(&T) -> K,
) -> HashMap<K, Vec<&'a T>> {
    let mut all: HashMap<K, Vec<&T>> = HashMap::new();
    for row in rows {
        all.entry(key(row)).or_default().push(row);
    }
    all
}

/// The highest usable revision of each interview.
fn in_force(all: &[InterviewRow]) -> Vec<&InterviewRow> {
    let mut highest: HashMap<Uuid, &InterviewRow> = HashMap::new();
    for i in all.iter().filter(|i| !i.is_faulty) {
        let entry = highest.entry(i.id).or_insert(i);
        if i.revision > entry.revision {
            *entry = i;
        }
    }
    all.iter().filter(|i| highest.get(&i.id).is_some_and(|h| h.revision == i.revision)).collect()
}

fn door_cells(c: &CaseRow) -> Vec<Cell> {
    vec![
        Cell::Text(c.id.to_string()),
        Cell::Text(c.area.clone()),
        Cell::Text(c.building.clone()),
        Cell::Text(c.unit.clone()),
        Cell::number(c.floor),
        Cell::Text(c.room.clone()),
        Cell::Number(f64::from(c.household)),
    ]
}

fn case_cells(c: &CaseRow) -> Vec<Cell> {
    let unmet: Vec<&str> = c.unmet.parts().iter().map(|p| p.slug()).collect();
    let mut cells = door_cells(c);
    cells.extend([
        Cell::text(c.external_id.clone()),
        Cell::Text(c.state.slug().to_owned()),
        Cell::text(c.class.map(Class::slug)),
        Cell::Number(f64::from(c.visits)),
        Cell::Text(unmet.join(" ")),
        Cell::text(c.last_at.map(|t| t.to_string())),
        Cell::text(c.last_outcome.map(Outcome::slug)),
        Cell::text(c.appointment.map(|a| a.0.to_string())),
        Cell::text(c.appointment.map(|a| a.1.to_string())),
        Cell::text(c.holder.clone()),
        Cell::number(c.position.map(|p| p.0)),
        Cell::number(c.position.map(|p| p.1)),
        Cell::Text(c.created_at.to_string()),
        Cell::text(c.merged_into.map(|id| id.to_string())),
    ]);
    cells
}

fn visit_cells(c: &CaseRow, v: &VisitRow) -> Vec<Cell> {
    let mut cells = door_cells(c);
    cells.extend([
        Cell::Text(v.id.to_string()),
        Cell::Text(with_offset(v.at, v.at_offset_min)),
        Cell::Text(v.received_at.to_string()),
        Cell::text(v.ended_at.map(|t| t.to_string())),
        Cell::Text(v.outcome.slug().to_owned()),
        Cell::Text(v.channel.slug().to_owned()),
        Cell::Text(v.informant.slug().to_owned()),
        Cell::Text(v.enumerator.clone()),
        Cell::Text(v.device_id.to_string()),
        Cell::Text(v.batch_id.to_string()),
        Cell::text(v.appointment.map(|a| a.0.to_string())),
        Cell::text(v.appointment.map(|a| a.1.to_string())),
        Cell::number(v.position.map(|p| p.0)),
        Cell::number(v.position.map(|p| p.1)),
        Cell::number(v.accuracy_m),
        Cell::number(v.distance_m(c.position)),
        Cell::text(v.note.clone()),
    ]);
    cells
}

/// An item of a stored JSON object as a cell.
fn item(object: &Map<String, Value>, name: &str) -> Cell {
    match object.get(name) {
        None | Some(Value::Null | Value::Array(_) | Value::Object(_)) => Cell::Empty,
        Some(Value::Bool(b)) => Cell::Bool(*b),
        Some(Value::Number(n)) => Cell::number(n.as_f64()),
        Some(Value::String(s)) => Cell::Text(s.clone()),
    }
}

fn household_cells(c: &CaseRow, i: &InterviewRow, n_persons: usize) -> Vec<Cell> {
    let items: Map<String, Value> = serde_json::from_str(&i.household).unwrap_or_default();
    let mut cells = door_cells(c);
    cells.extend([
        Cell::Text(i.id.to_string()),
        Cell::Number(f64::from(i.revision)),
        Cell::Text(with_offset(i.at, i.at_offset_min)),
        Cell::Text(i.received_at.to_string()),
        Cell::Text(i.result.slug().to_owned()),
        Cell::Text(i.respondent.slug().to_owned()),
        Cell::Text(i.enumerator.clone()),
        Cell::Bool(i.counted_elsewhere),
        Cell::number(u32::try_from(n_persons).ok()),
    ]);
    let names = [
        "household_type",
        "n_stayed",
        "n_registered_absent",
        "births_m",
        "births_f",
        "deaths_m",
        "deaths_f",
        "dwelling_kind",
        "floor_area_m2",
        "rooms",
        "tenure",
    ];
    cells.extend(names.iter().map(|name| item(&items, name)));
    cells.push(Cell::text(i.phone.clone()));
    cells.push(Cell::text(i.address_text.clone()));
    cells
}

fn person_cells(c: &CaseRow, i: &InterviewRow, p: &PersonRow) -> Vec<Cell> {
    let items: Map<String, Value> = serde_json::from_str(&p.items).unwrap_or_default();
    let mut cells = door_cells(c);
    cells.extend([
        Cell::Text(p.interview_id.to_string()),
        Cell::Number(f64::from(p.revision)),
        Cell::Number(f64::from(p.person_no)),
        Cell::Text(p.name.clone()),
        Cell::text(p.sex.map(Sex::slug)),
        Cell::number(p.birth[0]),
        Cell::number(p.birth[1]),
        Cell::number(p.birth[2]),
        Cell::text(p.relationship.map(Relationship::slug)),
        Cell::text(p.residence_status.map(ResidenceStatus::slug)),
        Cell::Text(if p.has_citizen_id { "present" } else { "missing" }.to_owned()),
    ]);
    let names =
        ["stayed_at", "registered_at", "time_away", "reason_away", "education", "literate", "ethnicity"];
    cells.extend(names.iter().map(|name| item(&items, name)));
    cells.push(Cell::text(p.other_address.clone()));
    cells.push(Cell::Bool(i.counted_elsewhere));
    cells
}

/// Appends one line of CSV (RFC 4180). A text that a spreadsheet would run gets an apostrophe in front.
pub(super) fn push_csv(out: &mut String, cells: &[Cell]) {
    for (i, cell) in cells.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        match cell {
            Cell::Empty => {}
            Cell::Number(n) => {
                // Writing to a String cannot fail.
                let _ = write!(out, "{n}");
            }
            Cell::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
            Cell::Plain(text) => out.push_str(text),
            Cell::Text(text) => push_text(out, text),
        }
    }
    out.push_str("\r\n");
}

fn push_text(out: &mut String, text: &str) {
    let is_run = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let is_quoted = is_run || text.contains(['"', ',', '\n', '\r']);
    if is_quoted {
        out.push('"');
    }
    if is_run {
        out.push('\'');
    }
    out.push_str(&text.replace('"', "\"\""));
    if is_quoted {
        out.push('"');
    }
}

/// Appends one GeoJSON feature.
pub(super) fn push_feature(out: &mut String, names: &[&str], cells: &[Cell], position: Option<(f64, f64)>) {
    let properties: Map<String, Value> =
        names.iter().zip(cells).map(|(name, cell)| ((*name).to_owned(), cell.to_json())).collect();
    let geometry = position.map(|(lon, lat)| json!({"type": "Point", "coordinates": [lon, lat]}));
    out.push_str(&json!({"type": "Feature", "geometry": geometry, "properties": properties}).to_string());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_run_is_made_harmless() {
        let mut out = String::new();
        let cells = ["=1+1", "+x", "-x", "@x", "a,b", "say \"hi\"", "王"].map(|t| Cell::Text(t.to_owned()));
        push_csv(&mut out, &cells);
        assert_eq!(out, "\"'=1+1\",\"'+x\",\"'-x\",\"'@x\",\"a,b\",\"say \"\"hi\"\"\",王\r\n");
        let mut numbers = String::new();
        push_csv(&mut numbers, &[Cell::Number(-1.0), Cell::Empty, Cell::Bool(true)]);
        assert_eq!(numbers, "-1,,true\r\n");
    }

    #[test]
    fn every_kind_has_a_cell_for_each_column() {
        for kind in [Kind::Cases, Kind::Visits, Kind::Households, Kind::Persons] {
            let mut names = columns(kind).to_vec();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), columns(kind).len(), "{kind:?}");
        }
    }
}
