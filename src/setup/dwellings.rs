//! `dwellings.csv`: the doors, judged and given their ids. Repeated texts are kept once, so that a million doors fit
//! into a few hundred megabytes.

use super::areas::Areas;
use super::cells;
use super::desk::Desk;
use super::interner::Interner;
use super::line::{Line, joined};
use super::plausible;
use super::rule::Rule;
use super::sheet::{Cells, Meaning, Sheet, column};
use super::table;
use crate::domain::code::DwellingKind;
use crate::domain::ids::{BuildingId, DwellingId, door_key};
use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Arc;

pub(super) const SHEET: Sheet = Sheet {
    file: "dwellings.csv",
    columns: &[
        column("area", Meaning::Area, Cells::FilledOrMerged),
        column("building", Meaning::Code, Cells::FilledOrMerged),
        column("unit", Meaning::Code, Cells::AnyOrMerged),
        column("floor", Meaning::Whole, Cells::Any),
        column("room", Meaning::Code, Cells::Filled),
        column("kind", Meaning::Word, Cells::Filled),
        column("lon", Meaning::Degrees, Cells::Any),
        column("lat", Meaning::Degrees, Cells::Any),
        column("building_name", Meaning::Text, Cells::Any),
        column("households_expected", Meaning::Whole, Cells::Any),
        column("external_id", Meaning::Code, Cells::Any),
    ],
    required: 8,
};
const AREA: usize = 0;
const BUILDING: usize = 1;
const UNIT: usize = 2;
const FLOOR: usize = 3;
pub(super) const ROOM: usize = 4;
const KIND: usize = 5;
pub(super) const LON: usize = 6;
const LAT: usize = 7;
const BUILDING_NAME: usize = 8;
const HOUSEHOLDS: usize = 9;
pub(super) const EXTERNAL_ID: usize = 10;

/// Longest building, unit and room in characters.
const PART_CHARS: usize = 60;
/// Longest building name and external id in characters.
const NAME_CHARS: usize = 200;
/// Floors that exist.
const FLOORS: std::ops::RangeInclusive<i32> = -20..=250;
/// From here on a number is no slip of degrees: it lost its point, or counts metres.
const NO_POINT: f64 = 1000.0;
/// Most households behind one door.
const HOUSEHOLDS_LIMIT: u16 = 999;

/// One door of the list.
#[derive(Clone, Debug, PartialEq)]
pub struct DwellingRow {
    /// Code of the area it lies in.
    pub area: Arc<str>,
    /// Building as written, trimmed.
    pub building: Arc<str>,
    /// What people call the building, if that was given.
    pub building_name: Option<Arc<str>>,
    /// Unit (staircase) as written; empty where there is none.
    pub unit: Arc<str>,
    /// Floor, below ground negative.
    pub floor: Option<i32>,
    /// Door within the unit as written.
    pub room: Arc<str>,
    /// Whether somebody is to be registered here, or why not.
    pub kind: DwellingKind,
    /// Longitude in degrees, WGS-84; given together with `lat` or not at all.
    pub lon: Option<f64>,
    /// Latitude in degrees, WGS-84.
    pub lat: Option<f64>,
    /// Households expected behind the door.
    pub households_expected: Option<u16>,
    /// The door's name in the register it came from.
    pub external_id: Option<Box<str>>,
    /// Where it stands in the file.
    pub line: u64,
    /// Its id: the same on every machine.
    pub id: DwellingId,
    /// Id of the building.
    pub building_id: BuildingId,
}

impl DwellingRow {
    /// The door's key in `district`, of which the id is the digest.
    pub fn key(&self, district: &str) -> String {
        door_key(district, &self.area, &self.building, &self.unit, &self.room)
    }
}

/// What is shared between the rows while the file is read.
struct Reading<'a> {
    district: &'a str,
    areas: &'a Areas,
    texts: Interner,
    rows: Vec<DwellingRow>,
    seen: HashMap<DwellingId, u64>,
    building: Option<(Arc<str>, Arc<str>, BuildingId)>,
}

/// Reads and judges the file for `district`.
pub(super) fn read(desk: &mut Desk<'_>, district: &str, areas: &Areas) -> Vec<DwellingRow> {
    let mut reading = Reading {
        district,
        areas,
        texts: Interner::default(),
        rows: Vec::new(),
        seen: HashMap::new(),
        building: None,
    };
    table::read(desk, &SHEET, &mut |line| reading.row(line));
    let rows = reading.rows;
    plausible::judge(&rows, &mut desk.findings);
    rows
}

impl Reading<'_> {
    fn row(&mut self, line: &mut Line<'_>) {
        let area = self.areas.cell(line, AREA, PART_CHARS);
        let building = line.code(BUILDING, PART_CHARS);
        let unit = line.code_or_none(UNIT, PART_CHARS).unwrap_or_default();
        let room = line.code(ROOM, PART_CHARS);
        let floor = floor(line);
        let kind = kind(line);
        let (lon, lat) = position(line).unzip();
        let building_name = line.text(BUILDING_NAME, NAME_CHARS);
        let households_expected = households(line);
        let external_id = line.text(EXTERNAL_ID, NAME_CHARS).map(String::into_boxed_str);
        let (Some(area), Some(building), Some(room)) = (area, building, room) else {
            return;
        };
        let Some(id) = self.new_door(line, [&area, &building, &unit, &room]) else {
            return;
        };
        let Some(kind) = kind else { return };
        let (area, building) = (self.texts.get(&area), self.texts.get(&building));
        let row = DwellingRow {
            building_id: self.building_id(&area, &building),
            area,
            building,
            building_name: building_name.map(|name| self.texts.get(&name)),
            unit: self.texts.get(&unit),
            floor,
            room: self.texts.get(&room),
            kind,
            lon,
            lat,
            households_expected,
            external_id,
            line: line.number(),
            id,
        };
        self.rows.push(row);
    }

    /// The door's id, unless an earlier line has the same door.
    fn new_door(
        &mut self,
        line: &mut Line<'_>,
        [area, building, unit, room]: [&str; 4],
    ) -> Option<DwellingId> {
        let id = DwellingId::of_key(&door_key(self.district, area, building, unit, room));
        let first = *self.seen.entry(id).or_insert(line.number());
        if first == line.number() {
            return Some(id);
        }
        line.note_showing(ROOM, &joined([building, unit, room]), Rule::SameDoor { first });
        None
    }

    /// The building's id; doors of one building mostly follow one another.
    fn building_id(&mut self, area: &Arc<str>, building: &Arc<str>) -> BuildingId {
        if let Some((last_area, last, id)) = &self.building
            && last_area == area
            && last == building
        {
            return *id;
        }
        let id = BuildingId::of(self.district, area, building);
        self.building = Some((Arc::clone(area), Arc::clone(building), id));
        id
    }
}

fn floor(line: &mut Line<'_>) -> Option<i32> {
    let rule = match i32::from_str(line.cell(FLOOR)?) {
        Ok(floor) if FLOORS.contains(&floor) => return Some(floor),
        Ok(_) => Rule::FloorRange { least: *FLOORS.start(), most: *FLOORS.end() },
        Err(_) => Rule::FloorWhole,
    };
    line.note(FLOOR, rule);
    None
}

fn kind(line: &mut Line<'_>) -> Option<DwellingKind> {
    line.need(KIND);
    line.word(KIND, DwellingKind::ALL.iter().map(|&kind| (kind.slug(), kind)))
}

fn households(line: &mut Line<'_>) -> Option<u16> {
    let cell = line.cell(HOUSEHOLDS)?;
    let number = u16::from_str(cell).ok().filter(|&n| n <= HOUSEHOLDS_LIMIT);
    if number.is_none() {
        line.note(HOUSEHOLDS, Rule::HouseholdsRange { most: HOUSEHOLDS_LIMIT });
    }
    number
}

/// One coordinate: a plain finite number.
fn degrees(line: &mut Line<'_>, column: usize) -> Option<f64> {
    let cell = line.cell(column)?;
    let number = cells::degrees(cell);
    if number.is_none() {
        let has_points = cell.matches('.').count() > 1;
        line.note(column, if has_points { Rule::NoPoint } else { Rule::NotDegrees });
    }
    number
}

/// Longitude and latitude: both or none, in range; exchanged ones are exchanged back, and that is asked about.
fn position(line: &mut Line<'_>) -> Option<(f64, f64)> {
    for (given, other) in [(LON, LAT), (LAT, LON)] {
        if line.cell(given).is_some() && line.cell(other).is_none() && line.has(other) {
            line.note(other, Rule::Together);
        }
    }
    let (lon, lat) = (degrees(line, LON), degrees(line, LAT));
    let (lon, lat) = (lon?, lat?);
    if lon == 0.0 && lat == 0.0 {
        line.note(LON, Rule::ZeroPlace);
        return None;
    }
    if !in_china(lon, lat) && in_china(lat, lon) {
        line.note(LON, Rule::Exchanged);
        return Some((lat, lon));
    }
    let outside = [(LON, lon, 180.0, Rule::LonRange), (LAT, lat, 90.0, Rule::LatRange)];
    let mut is_inside = true;
    for (column, degrees, most, rule) in outside {
        if degrees.abs() > most {
            line.note(column, if degrees.abs() >= NO_POINT { Rule::NoPoint } else { rule });
            is_inside = false;
        }
    }
    is_inside.then_some((lon, lat))
}

/// Whether a point lies in the box around China in which the national datum differs from WGS-84.
fn in_china(lon: f64, lat: f64) -> bool {
    (72.004..=137.8347).contains(&lon) && (0.8293..=55.8271).contains(&lat)
}
