//! What is behind one door, by itself: who may live there, when they are in, how they take a visit.

use super::dice::Dice;
use super::family::Shape;
use crate::domain::code::Outcome;
use crate::setup::DwellingRow;

/// When a household is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rhythm {
    /// Works by day.
    OutByDay,
    /// Mostly at home.
    InByDay,
    /// Home late.
    Late,
    /// Shifts, now so, now so.
    Irregular,
    /// Hardly ever there.
    Seldom,
}

impl Rhythm {
    /// Chance that somebody is in, by the minute of a day.
    pub fn chance_in(self, minute: u16, is_weekend: bool) -> f64 {
        // Edges: 10:00, 12:00, 14:00, 17:00, 18:30, 20:00.
        let part = [600, 720, 840, 1020, 1110, 1200].iter().filter(|&&edge| minute >= edge).count();
        let (weekday, weekend): ([f64; 7], [f64; 7]) = match self {
            Self::OutByDay => {
                ([0.12, 0.07, 0.18, 0.08, 0.36, 0.74, 0.82], [0.56, 0.46, 0.52, 0.42, 0.5, 0.66, 0.72])
            }
            Self::InByDay => {
                ([0.74, 0.6, 0.84, 0.58, 0.74, 0.88, 0.84], [0.7, 0.58, 0.8, 0.56, 0.7, 0.84, 0.82])
            }
            Self::Late => {
                ([0.16, 0.1, 0.12, 0.1, 0.12, 0.26, 0.56], [0.4, 0.4, 0.44, 0.34, 0.36, 0.42, 0.54])
            }
            Self::Irregular => {
                ([0.36, 0.32, 0.36, 0.32, 0.36, 0.42, 0.42], [0.36, 0.34, 0.36, 0.34, 0.36, 0.42, 0.42])
            }
            Self::Seldom => {
                ([0.05, 0.04, 0.05, 0.04, 0.07, 0.1, 0.12], [0.12, 0.12, 0.12, 0.12, 0.12, 0.14, 0.14])
            }
        };
        if is_weekend { weekend[part] } else { weekday[part] }
    }
}

/// How a household takes a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Temper {
    /// Accepted, now or by appointment.
    Willing,
    /// Not to the first who asks.
    Reluctant,
    /// Hardly to anybody.
    Unwilling,
}

/// What a door opens on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behind {
    /// A household of this shape.
    Lived(Shape),
    /// A household that is registered here while all its people live elsewhere.
    AllAway(Shape),
    /// The household of another door, which lives at both.
    AlsoAt(usize),
    /// Nobody; which outcome fits.
    Empty(Outcome),
    /// Not a home; which outcome fits.
    NoHome(Outcome),
}

/// The truth about one listed door.
#[derive(Clone, Copy, Debug)]
pub struct Home {
    /// Index in the set-up's list.
    pub row: usize,
    /// What it opens on.
    pub behind: Behind,
    /// When somebody is in.
    pub rhythm: Rhythm,
    /// How a visit is taken.
    pub temper: Temper,
    /// The door of the parents at whose home the head is still registered.
    pub parents_at: Option<usize>,
    /// The door of the grown child who is still registered here.
    pub child_at: Option<usize>,
}

impl Home {
    /// Makes up one door by itself; `at` is its place in the list.
    pub fn draw(seed: u64, at: usize, row: &DwellingRow) -> Self {
        let mut dice = Dice::of(seed, &["home", &row.id.to_string()]);
        let is_high = row.floor.is_some_and(|floor| floor > 7);
        let nobody = nobody(&mut dice, row, is_high);
        let shape = shape(&mut dice, is_high);
        let all_away = dice.chance(0.03);
        let behind = nobody.unwrap_or(if all_away { Behind::AllAway(shape) } else { Behind::Lived(shape) });
        let rhythm = match behind {
            Behind::AllAway(_) | Behind::Empty(_) => Rhythm::Seldom,
            Behind::Lived(_) | Behind::AlsoAt(_) | Behind::NoHome(_) => rhythm(&mut dice, shape),
        };
        let temper =
            dice.weighted(&[(Temper::Willing, 0.89), (Temper::Reluctant, 0.085), (Temper::Unwilling, 0.025)]);
        Home { row: at, behind, rhythm, temper, parents_at: None, child_at: None }
    }
}

/// What is behind the door, if it is no household.
fn nobody(dice: &mut Dice, row: &DwellingRow, is_high: bool) -> Option<Behind> {
    // Blocks of new flats have more that nobody has moved into; offices are rare high up.
    let is_new = Dice::of(0, &["block", &row.building_id.to_string()]).chance(0.12);
    let (not_moved_in, office) = (if is_new { 0.2 } else { 0.012 }, if is_high { 0.006 } else { 0.014 });
    dice.weighted(&[
        (None, 0.865),
        (Some(Behind::Empty(Outcome::Vacant)), 0.065),
        (Some(Behind::Empty(Outcome::Seasonal)), 0.015),
        (Some(Behind::Empty(Outcome::VacantOther)), not_moved_in),
        (Some(Behind::NoHome(Outcome::NonResidential)), office),
        (Some(Behind::NoHome(Outcome::NotFound)), 0.002),
    ])
}

fn shape(dice: &mut Dice, is_high: bool) -> Shape {
    let old = if is_high { 0.5 } else { 1.3 };
    dice.weighted(&[
        (Shape::Single, 10.0),
        (Shape::Couple, 10.0),
        (Shape::OneChild, 23.0),
        (Shape::Children, 12.0),
        (Shape::ThreeGenerations, 15.0),
        (Shape::OldCouple, 13.0 * old),
        (Shape::OldSingle, 7.0 * old),
        (Shape::OneParent, 3.0),
        (Shape::Sharers, 3.0),
    ])
}

fn rhythm(dice: &mut Dice, shape: Shape) -> Rhythm {
    let by_day = match shape {
        Shape::ThreeGenerations | Shape::OldCouple | Shape::OldSingle => 6.0,
        Shape::Children => 1.5,
        Shape::Single | Shape::Couple | Shape::OneChild | Shape::OneParent | Shape::Sharers => 0.4,
    };
    let late = match shape {
        Shape::Single | Shape::Couple | Shape::Sharers => 1.6,
        Shape::OneChild | Shape::Children | Shape::OneParent => 0.6,
        Shape::ThreeGenerations | Shape::OldCouple | Shape::OldSingle => 0.1,
    };
    dice.weighted(&[
        (Rhythm::OutByDay, 4.0),
        (Rhythm::InByDay, by_day),
        (Rhythm::Late, late),
        (Rhythm::Irregular, 0.8),
        (Rhythm::Seldom, 0.25),
    ])
}
