//! The list of doors as a whole: what no single line shows. A number that stands twice is wrong, doors that look alike are told
//! of, everything else is asked about; nothing is changed.
//!
//! A place is far when it lies away from the other doors of its area by ten times as much as is usual there and at least
//! ten kilometres; or from the middle of all, by ten times as much as is usual between areas and at least fifty
//! kilometres, and always from three hundred kilometres on: a district is smaller.

use super::alike;
use super::dwellings::{DwellingRow, EXTERNAL_ID, LON, ROOM, SHEET};
use super::finding::{Findings, Place};
use super::rule::Rule;
use std::collections::HashMap;
use std::sync::Arc;

/// Kilometres within which an area's doors may always lie.
const NEAR_KM: f64 = 10.0;
/// How much farther than usual in its area a far place is.
const TIMES: f64 = 10.0;
/// Kilometres from the middle of all within which areas may always lie.
const NEAR_AREA_KM: f64 = 50.0;
/// Kilometres from the middle of all within which a district lies.
const DISTRICT_KM: f64 = 300.0;
/// Doors with a place from which a middle is judged.
const ENOUGH: usize = 3;
/// Kilometres of one degree of latitude.
const KM_PER_DEGREE: f64 = 111.2;

/// Judges the list.
pub(super) fn judge(rows: &[DwellingRow], findings: &mut Findings) {
    lost_zeros(rows, findings);
    repeated_numbers(rows, findings);
    alike::judge(rows, findings);
    far_places(rows, findings);
}

fn place(row: &DwellingRow, column: usize) -> Place {
    Place::line(SHEET.file, row.line).column(SHEET.columns[column].name)
}

/// In one unit of a building some rooms have a leading zero and others are a digit shorter without one.
fn lost_zeros(rows: &[DwellingRow], findings: &mut Findings) {
    let number = |room: &str| !room.is_empty() && room.bytes().all(|byte| byte.is_ascii_digit());
    let mut kept = HashMap::new();
    for row in rows.iter().filter(|row| number(&row.room) && row.room.len() > 1 && row.room.starts_with('0'))
    {
        kept.entry((row.building_id, &row.unit)).or_insert(&row.room);
    }
    if kept.is_empty() {
        return;
    }
    for row in rows.iter().filter(|row| number(&row.room) && !row.room.starts_with('0')) {
        if let Some(other) =
            kept.get(&(row.building_id, &row.unit)).filter(|other| row.room.len() < other.len())
        {
            findings.add(place(row, ROOM), &row.room, Rule::LostZeros { kept: other.to_string() });
        }
    }
}

/// The office's number names one door.
fn repeated_numbers(rows: &[DwellingRow], findings: &mut Findings) {
    let mut first: HashMap<&str, u64> = HashMap::new();
    for row in rows {
        let Some(number) = row.external_id.as_deref() else { continue };
        let line = *first.entry(number).or_insert(row.line);
        if line != row.line {
            findings.add(place(row, EXTERNAL_ID), number, Rule::ExternalTwice { first: line });
        }
    }
}

type Point = (f64, f64);

/// The doors of one area that have a place.
struct Placed<'a> {
    doors: Vec<(&'a DwellingRow, Point)>,
    middle: Point,
    /// How far from the middle a door may lie.
    reach: f64,
}

fn by_area(rows: &[DwellingRow]) -> Vec<Placed<'_>> {
    let mut areas: HashMap<&Arc<str>, Vec<(&DwellingRow, Point)>> = HashMap::new();
    for row in rows {
        if let Some(point) = row.lon.zip(row.lat) {
            areas.entry(&row.area).or_default().push((row, point));
        }
    }
    let placed = areas.into_values().map(|doors| {
        let points: Vec<Point> = doors.iter().map(|(_, point)| *point).collect();
        let middle = middle(&points);
        let usual = median(points.iter().map(|&point| km(point, middle)).collect());
        let reach = if points.len() < ENOUGH { f64::INFINITY } else { NEAR_KM + TIMES * usual };
        Placed { doors, middle, reach }
    });
    placed.collect()
}

fn far_places(rows: &[DwellingRow], findings: &mut Findings) {
    let areas = by_area(rows);
    let points: Vec<Point> =
        areas.iter().flat_map(|area| area.doors.iter().map(|(_, point)| *point)).collect();
    if points.len() < ENOUGH {
        return;
    }
    let centre = middle(&points);
    let between = median(areas.iter().map(|area| km(area.middle, centre)).collect());
    let reach = DISTRICT_KM.min(NEAR_AREA_KM + TIMES * between);
    let mut far: Vec<(u64, &DwellingRow, f64)> = Vec::new();
    for area in &areas {
        for &(row, point) in &area.doors {
            let (from_own, from_all) = (km(point, area.middle), km(point, centre));
            if from_own > area.reach {
                far.push((row.line, row, from_own));
            } else if from_all > reach {
                far.push((row.line, row, from_all));
            }
        }
    }
    far.sort_by_key(|(line, _, _)| *line);
    for (_, row, distance) in far {
        let value = row.lon.zip(row.lat).map_or_else(String::new, |(lon, lat)| format!("{lon}, {lat}"));
        findings.add(place(row, LON), &value, Rule::FarPlace { km: whole(distance) });
    }
}

fn whole(distance: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a distance on Earth in kilometres"
    )]
    let whole = distance.round() as u64;
    whole
}

/// The point in the middle by each coordinate: a few wrong ones do not move it.
fn middle(points: &[Point]) -> Point {
    let of = |pick: fn(&Point) -> f64| median(points.iter().map(pick).collect());
    (of(|point| point.0), of(|point| point.1))
}

fn median(mut numbers: Vec<f64>) -> f64 {
    let half = numbers.len() / 2;
    if numbers.is_empty() {
        return 0.0;
    }
    *numbers.select_nth_unstable_by(half, f64::total_cmp).1
}

/// Kilometres between two points, as on a plane: good enough to tell ten from a hundred.
fn km(a: Point, b: Point) -> f64 {
    let east = (a.0 - b.0) * f64::midpoint(a.1, b.1).to_radians().cos();
    KM_PER_DEGREE * east.hypot(a.1 - b.1)
}

#[cfg(test)]
mod tests {
    use super::{km, median};

    #[test]
    fn a_few_wrong_places_do_not_move_the_middle() {
        assert!((median(vec![3.0, 1.0, 900.0]) - 3.0).abs() < 1e-9);
        assert!((km((112.97, 34.75), (113.97, 34.75)) - 91.4).abs() < 0.5);
        assert!((km((112.97, 34.75), (112.97, 35.75)) - 111.2).abs() < 0.5);
    }
}
