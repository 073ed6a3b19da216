//! Associative matching: once two interviews are scored, what their household says of each assigned pair
//! of persons. Used for persons alone, never for the household's own weight.

use serde::{Deserialize, Serialize};

use super::codes::{DoorClass, IdLevel, RefersLevel, SexLevel};
use super::household_compare::STRONG;
use super::levels::levels;
use super::score::{PersonMatch, Scored};

levels! {
    /// The person's own weight.
    pub enum OwnLevel {
        Below0 = "below 0 bits",
        To2 = "0 to 2 bits",
        To4 = "2 to 4 bits",
        To6 = "4 to 6 bits",
        To8 = "6 to 8 bits",
        To10 = "8 to 10 bits",
        To12 = "10 to 12 bits",
        To14 = "12 to 14 bits",
        To17 = "14 to 17 bits",
        To20 = "17 to 20 bits",
        Over20 = "over 20 bits",
    }
}

levels! {
    /// How likely the two interviews are one household.
    pub enum HomeLevel {
        Under5 = "under 5 %",
        Under50 = "under 50 %",
        Under95 = "under 95 %",
        Sure = "95 % and over",
    }
}

levels! {
    /// Other strong matches between the two interviews.
    pub enum CompanyLevel {
        Nobody = "nobody",
        One = "one",
        More = "more",
    }
}

levels! {
    /// Whether the interviews were made at one door.
    pub enum PlaceLevel {
        Same = "same door",
        Other = "other door",
        Refers = "other door, named as the other address",
    }
}

levels! {
    /// Evidence against that the weight alone understates.
    pub enum DoubtLevel {
        Nothing = "nothing",
        Sex = "sex differs",
        Id = "citizen IDs conflict",
    }
}

/// The level of every context comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextLevels {
    /// Own weight.
    pub own: OwnLevel,
    /// Household.
    pub home: HomeLevel,
    /// Others.
    pub company: CompanyLevel,
    /// Door.
    pub place: PlaceLevel,
    /// Doubt.
    pub doubt: DoubtLevel,
}

impl ContextLevels {
    /// Name and level names of each comparison.
    pub const TABLE: [(&'static str, &'static [&'static str]); 5] = [
        ("own", OwnLevel::NAMES),
        ("home", HomeLevel::NAMES),
        ("company", CompanyLevel::NAMES),
        ("place", PlaceLevel::NAMES),
        ("doubt", DoubtLevel::NAMES),
    ];

    /// Level positions in the order of [`Self::TABLE`].
    pub fn indexes(&self) -> [usize; 5] {
        [self.own.index(), self.home.index(), self.company.index(), self.place.index(), self.doubt.index()]
    }

    /// Levels of one assigned pair of persons; `merged`: the interviews are in one household cluster.
    pub fn of(scored: &Scored, person: &PersonMatch, merged: bool) -> Self {
        let chance = match scored.levels.door.class() {
            DoorClass::Same => 0.0,
            DoorClass::Other => scored.chance,
        };
        let others = scored.people.iter().filter(|m| m.a != person.a && m.weight >= STRONG).count();
        Self {
            own: own(person.weight - chance),
            home: if merged { HomeLevel::Sure } else { home(scored.probability) },
            company: match others {
                0 => CompanyLevel::Nobody,
                1 => CompanyLevel::One,
                _ => CompanyLevel::More,
            },
            place: match (scored.levels.door.class(), scored.levels.refers) {
                (DoorClass::Same, _) => PlaceLevel::Same,
                (DoorClass::Other, RefersLevel::Yes) => PlaceLevel::Refers,
                (DoorClass::Other, RefersLevel::No) => PlaceLevel::Other,
            },
            doubt: if person.levels.citizen == IdLevel::Conflict {
                DoubtLevel::Id
            } else if person.levels.sex == SexLevel::Different {
                DoubtLevel::Sex
            } else {
                DoubtLevel::Nothing
            },
        }
    }
}

fn own(weight: f64) -> OwnLevel {
    match weight {
        w if w < 0.0 => OwnLevel::Below0,
        w if w < 2.0 => OwnLevel::To2,
        w if w < 4.0 => OwnLevel::To4,
        w if w < 6.0 => OwnLevel::To6,
        w if w < 8.0 => OwnLevel::To8,
        w if w < 10.0 => OwnLevel::To10,
        w if w < 12.0 => OwnLevel::To12,
        w if w < 14.0 => OwnLevel::To14,
        w if w < 17.0 => OwnLevel::To17,
        w if w < 20.0 => OwnLevel::To20,
        _ => OwnLevel::Over20,
    }
}

fn home(probability: f64) -> HomeLevel {
    match probability {
        p if p < 0.05 => HomeLevel::Under5,
        p if p < 0.5 => HomeLevel::Under50,
        p if p < 0.95 => HomeLevel::Under95,
        _ => HomeLevel::Sure,
    }
}
