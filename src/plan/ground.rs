//! The lie of the land: doors sorted into buildings and staircases, and minutes of walking between them.
//! Geometry only; it knows neither outcomes nor chances.

use super::input::{Door, Place, metres_between};
use crate::domain::policy::Minutes;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Minutes from one door to the next on the same floor.
pub const SAME_FLOOR_MIN: f64 = 0.3;
/// Minutes between neighbouring staircases of one building, at ground level.
pub const UNIT_CHANGE_MIN: f64 = 0.5;
/// Minutes to get into a building.
pub const ENTER_MIN: f64 = 0.5;
/// Minutes of waiting for a lift.
pub const LIFT_WAIT_MIN: f64 = 1.0;
/// Minutes a lift takes per floor.
pub const LIFT_FLOOR_MIN: f64 = 0.1;
/// A building with more floors is taken to have a lift (blocks of seven storeys and more need one by GB 50096).
pub const FLOORS_WITHOUT_LIFT: i32 = 7;
/// Metres between buildings without a position.
const UNKNOWN_DISTANCE_M: f64 = 120.0;

/// A building of the input.
#[derive(Clone, Debug)]
pub struct Building {
    /// Area code.
    pub area: Arc<str>,
    /// Index of the area in [`Ground::areas`].
    pub area_no: usize,
    /// Building number.
    pub name: Arc<str>,
    /// Metres east and north of the first building, if known.
    pub metres: Option<(f64, f64)>,
    /// Highest floor with a door.
    pub top: i32,
}

impl Building {
    /// Minutes to climb `floors` floors.
    pub fn climb_min(&self, floors: f64, minutes: &Minutes) -> f64 {
        if floors <= 0.0 {
            0.0
        } else if self.top > FLOORS_WITHOUT_LIFT {
            LIFT_WAIT_MIN + LIFT_FLOOR_MIN * floors
        } else {
            minutes.stairs_per_floor * floors
        }
    }

    /// Whether the building is taken to have a lift.
    pub fn has_lift(&self) -> bool {
        self.top > FLOORS_WITHOUT_LIFT
    }
}

/// A staircase: the unit of walking.
#[derive(Clone, Debug)]
pub struct Stair {
    /// Index in [`Ground::buildings`].
    pub building: usize,
    /// Unit as written.
    pub unit: Arc<str>,
    /// Position of the unit in its building, for the walk between units.
    pub place: f64,
    /// Doors (indices of the input) by floor, then room.
    pub doors: Vec<usize>,
}

/// Where somebody stands: nowhere yet, or at a floor of a staircase.
pub type Spot = Option<(usize, f64)>;

/// Buildings, staircases and floors of a day's doors.
#[derive(Clone, Debug)]
pub struct Ground {
    /// Area codes, sorted.
    pub areas: Vec<Arc<str>>,
    /// Buildings by area, then natural order of their number.
    pub buildings: Vec<Building>,
    /// Staircases by building, then unit.
    pub stairs: Vec<Stair>,
    /// Staircase of each door.
    pub stair_of: Vec<usize>,
    /// Floors above ground of each door, 0 = ground floor.
    pub height: Vec<f64>,
    minutes: Minutes,
}

impl Ground {
    /// Sorts `doors`; `minutes` are the costs of stairs and paths.
    pub fn new(doors: &[Door], minutes: &Minutes) -> Self {
        let mut tree: BTreeMap<(&str, Natural, Natural), Vec<usize>> = BTreeMap::new();
        for (i, d) in doors.iter().enumerate() {
            tree.entry((&d.area, Natural::new(&d.building), Natural::new(&d.unit))).or_default().push(i);
        }
        let mut ground = Self {
            areas: Vec::new(),
            buildings: Vec::new(),
            stairs: Vec::new(),
            stair_of: vec![0; doors.len()],
            height: doors.iter().map(|d| f64::from(d.floor.unwrap_or(1).max(1) - 1)).collect(),
            minutes: minutes.clone(),
        };
        let origin = doors.iter().find_map(|d| d.place);
        for ((_, _, unit), mut members) in tree {
            members.sort_by_cached_key(|&i| {
                let d = &doors[i];
                (d.floor.unwrap_or(1), Natural::new(&d.room), d.case_id)
            });
            ground.add_stair(doors, &unit, members, origin);
        }
        ground
    }

    fn add_stair(&mut self, doors: &[Door], unit: &Natural, members: Vec<usize>, origin: Option<Place>) {
        let Some(first) = members.first().map(|&i| &doors[i]) else {
            return;
        };
        let building = self.building_for(first);
        let b = &mut self.buildings[building];
        for &i in &members {
            b.top = b.top.max(doors[i].floor.unwrap_or(1));
            if let (None, Some(place), Some(origin)) = (b.metres, doors[i].place, origin) {
                b.metres = Some(metres_between(origin, place));
            }
            self.stair_of[i] = self.stairs.len();
        }
        let before = self.stairs.iter().rev().take_while(|s| s.building == building).count();
        #[expect(clippy::cast_precision_loss, reason = "a handful of staircases")]
        let place = unit.number().unwrap_or(before as f64);
        self.stairs.push(Stair { building, unit: first.unit.clone(), place, doors: members });
    }

    /// Index of a door's building; doors come building by building.
    fn building_for(&mut self, door: &Door) -> usize {
        let same = |b: &Building| b.area == door.area && b.name == door.building;
        if !self.buildings.last().is_some_and(same) {
            if self.areas.last() != Some(&door.area) {
                self.areas.push(door.area.clone());
            }
            let (area, name) = (door.area.clone(), door.building.clone());
            self.buildings.push(Building { area, area_no: self.areas.len() - 1, name, metres: None, top: 1 });
        }
        self.buildings.len() - 1
    }

    /// Building of a staircase.
    pub fn building_of(&self, stair: usize) -> &Building {
        &self.buildings[self.stairs[stair].building]
    }

    /// Minutes from a spot to the foot of a staircase.
    pub fn approach_min(&self, from: Spot, stair: usize) -> f64 {
        let Some((here, height)) = from else {
            return ENTER_MIN;
        };
        if here == stair {
            return self.building_of(stair).climb_min(height, &self.minutes);
        }
        let (a, b) = (self.building_of(here), self.building_of(stair));
        let down = a.climb_min(height, &self.minutes);
        if self.stairs[here].building == self.stairs[stair].building {
            return down
                + UNIT_CHANGE_MIN * (self.stairs[here].place - self.stairs[stair].place).abs().max(1.0);
        }
        let metres = match (a.metres, b.metres) {
            (Some(p), Some(q)) => (p.0 - q.0).hypot(p.1 - q.1),
            _ => UNKNOWN_DISTANCE_M,
        };
        down + metres / self.minutes.walk_m_per_min + ENTER_MIN
    }

    /// Minutes from a spot to a door.
    pub fn walk_min(&self, from: Spot, door: usize) -> f64 {
        let (stair, height) = (self.stair_of[door], self.height[door]);
        let building = self.building_of(stair);
        match from {
            Some((here, at)) if here == stair => {
                SAME_FLOOR_MIN + building.climb_min((at - height).abs(), &self.minutes)
            }
            _ => self.approach_min(from, stair) + building.climb_min(height, &self.minutes),
        }
    }

    /// Where one stands at a door.
    pub fn spot(&self, door: usize) -> Spot {
        Some((self.stair_of[door], self.height[door]))
    }

    /// Costs of stairs and paths.
    pub fn minutes(&self) -> &Minutes {
        &self.minutes
    }

    /// Minutes per floor up (and again down) in a staircase without lift, 0 with one.
    pub fn stairs_per_floor(&self) -> f64 {
        self.minutes.stairs_per_floor
    }
}

/// Text in the order people count: numbers by value, then everything else by letter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Natural(u64, String);

impl Natural {
    /// Key of `text`.
    pub fn new(text: &str) -> Self {
        let digits: String =
            text.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
        Self(digits.parse().unwrap_or(u64::MAX), text.to_owned())
    }

    /// The first number in the text.
    pub fn number(&self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "staircase numbers are small")]
        (self.0 != u64::MAX).then_some(self.0 as f64)
    }
}
