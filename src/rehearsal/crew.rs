//! The enumerators of a rehearsal: who walks which staircases, when, with which device. Deals doors out; makes no visit.

use super::device_id;
use super::dice::Dice;
use super::record::Record;
use super::world::World;
use crate::domain::code::{Datum, Role};
use crate::domain::ids::DeviceId;
use crate::domain::rules::{Calendar, Span};
use crate::setup::{AreaRow, Setup, StaffRow};
use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use std::collections::HashMap;
use uuid::Uuid;

/// The doors of one unit of one building, from below upwards.
#[derive(Clone, Debug)]
pub struct Staircase {
    /// Indices of homes.
    pub homes: Vec<usize>,
}

/// An agreed visit.
#[derive(Clone, Copy, Debug)]
pub struct Pin {
    /// The home.
    pub home: usize,
    /// Begin of the window.
    pub from: Timestamp,
    /// End of the window.
    pub to: Timestamp,
}

/// A door found in the field, to be visited again.
#[derive(Clone, Debug)]
pub struct Found {
    /// Id of the `dwelling` record.
    pub id: Uuid,
    /// A listed home of the same staircase.
    pub beside: usize,
    /// The day of the last visit.
    pub last: Date,
}

/// One enumerator with the device and what is still on it.
#[derive(Debug)]
pub struct Enumerator {
    /// User name.
    pub user: String,
    /// The device.
    pub device: DeviceId,
    /// Range of the area the person works in.
    range: Option<(i32, i32)>,
    /// Hours on duty: weekdays, Saturdays, Sundays; `None` where the policy's hold.
    hours: [Option<Vec<Span>>; 3],
    /// The staircases to walk.
    pub stairs: Vec<Staircase>,
    /// Refusals of a colleague, to be tried once more.
    pub conversions: Vec<usize>,
    /// Agreed visits.
    pub pins: Vec<Pin>,
    /// Doors found.
    pub found: Vec<Found>,
    /// Records to be added from a day on.
    pub later: Vec<(Date, Record)>,
    /// Records not sent yet.
    pub outbox: Vec<Record>,
    /// How far the device's clock is ahead, seconds.
    pub clock_s: i64,
    /// The system of the device's coordinates.
    pub datum: Datum,
    /// Batches made so far.
    pub batches: u64,
    /// Interviews taken so far.
    pub interviews: u64,
}

impl Enumerator {
    fn new(setup: &Setup, seed: u64, order: usize, row: &StaffRow) -> Self {
        let mut dice = Dice::of(seed, &["device", &row.user]);
        let slow =
            if order % 7 == 4 { dice.range(180, 560) * dice.pick(&[1, -1]) } else { dice.range(-20, 20) };
        Self {
            user: row.user.clone(),
            device: device_id(&setup.survey.slug, &row.user),
            range: setup.area(&row.area).map(|area| (area.lo, area.hi)),
            hours: [row.shifts.weekday.clone(), row.shifts.saturday.clone(), row.shifts.sunday.clone()],
            stairs: Vec::new(),
            conversions: Vec::new(),
            pins: Vec::new(),
            found: Vec::new(),
            later: Vec::new(),
            outbox: Vec::new(),
            clock_s: slow,
            datum: if order % 5 == 3 { Datum::Gcj02 } else { Datum::Wgs84 },
            batches: 0,
            interviews: 0,
        }
    }

    /// Whether the person works in that area.
    pub fn reaches(&self, area: Option<&AreaRow>) -> bool {
        self.range.zip(area).is_some_and(|((lo, hi), area)| (lo..=hi).contains(&area.lo))
    }

    /// Hours on duty on `date`.
    pub fn hours(&self, date: Date, calendar: &Calendar) -> Vec<Span> {
        let own = match (calendar.is_weekend_date(date), date.weekday()) {
            (false, _) => &self.hours[0],
            (true, Weekday::Saturday) => &self.hours[1],
            (true, _) => &self.hours[2],
        };
        own.clone().unwrap_or_else(|| calendar.shifts(date).to_vec())
    }
}

/// Somebody else of the crew who may knock at a door of that area: the usual partner, else the first who may.
pub fn colleague(crew: &[Enumerator], me: usize, area: Option<&AreaRow>) -> Option<usize> {
    let may = |other: &usize| *other != me && crew.get(*other).is_some_and(|person| person.reaches(area));
    Some(me ^ 1).filter(may).or_else(|| (0..crew.len()).find(may))
}

/// The enumerators of the set-up with their staircases: a door belongs to those who work in the smallest area around
/// it, and among these whole staircases are dealt out in walking order, about the same number of doors to each.
pub fn muster(world: &World<'_>, seed: u64) -> Vec<Enumerator> {
    let setup = world.setup;
    let rows = setup.staff.iter().filter(|row| row.role == Role::Enumerator);
    let mut crew: Vec<_> =
        rows.clone().enumerate().map(|(order, row)| Enumerator::new(setup, seed, order, row)).collect();
    let places: Vec<Option<&AreaRow>> = rows.map(|row| setup.area(&row.area)).collect();
    let mut by_area: HashMap<&str, Vec<usize>> = HashMap::new();
    for (member, place) in places.iter().enumerate() {
        let code = place.map_or("", |area| &*area.code);
        by_area.entry(code).or_default().push(member);
    }
    let mut pools: Vec<(Vec<usize>, Vec<Staircase>)> = Vec::new();
    let mut pool_of: HashMap<&str, Option<usize>> = HashMap::new();
    for stair in staircases(world) {
        let area = &*world.row(stair.homes[0]).area;
        let pool = *pool_of.entry(area).or_insert_with(|| {
            let team = smallest_around(setup, area, &by_area)?;
            let known = pools.iter().position(|(members, _)| *members == team);
            Some(known.unwrap_or_else(|| {
                pools.push((team, Vec::new()));
                pools.len() - 1
            }))
        });
        if let Some(pool) = pool {
            pools[pool].1.push(stair);
        }
    }
    for (team, stairs) in pools {
        deal(&mut crew, &team, stairs);
    }
    crew
}

/// The team of the smallest area around `area` that has one.
fn smallest_around(setup: &Setup, area: &str, by_area: &HashMap<&str, Vec<usize>>) -> Option<Vec<usize>> {
    let mut at = setup.area(area)?;
    loop {
        if let Some(team) = by_area.get(&*at.code) {
            return Some(team.clone());
        }
        at = setup.area(at.parent.as_deref()?)?;
    }
}

/// All staircases in walking order.
fn staircases(world: &World<'_>) -> Vec<Staircase> {
    let mut homes: Vec<usize> = (0..world.homes.len()).collect();
    homes.sort_by_cached_key(|&home| {
        let row = world.row(home);
        let place = world.area(home).map_or(0, |area| area.lo);
        (place, natural(&row.building), natural(&row.unit), row.floor, natural(&row.room))
    });
    let mut stairs: Vec<Staircase> = Vec::new();
    for home in homes {
        let row = world.row(home);
        let same = stairs.last().is_some_and(|stair| {
            let first = world.row(stair.homes[0]);
            first.building_id == row.building_id && first.unit == row.unit
        });
        match stairs.last_mut().filter(|_| same) {
            Some(stair) => stair.homes.push(home),
            None => stairs.push(Staircase { homes: vec![home] }),
        }
    }
    stairs
}

/// Sort key that puts 2 before 10 and numbers before names.
fn natural(text: &str) -> (u64, String) {
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    (digits.parse().unwrap_or(u64::MAX), text.to_owned())
}

/// Deals staircases in order, about the same number of doors to each of the team.
fn deal(crew: &mut [Enumerator], team: &[usize], stairs: Vec<Staircase>) {
    let doors: usize = stairs.iter().map(|stair| stair.homes.len()).sum();
    let mut dealt = 0;
    for stair in stairs {
        let turn = (dealt * team.len() / doors.max(1)).min(team.len() - 1);
        dealt += stair.homes.len();
        crew[team[turn]].stairs.push(stair);
    }
}
