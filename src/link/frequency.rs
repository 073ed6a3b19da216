//! How common names are and how often a contact number occurs: the tables of one frozen round.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::codes::{LatinLevel, NameLevel, PersonLevels};
use super::name::Name;
use super::phone::MOST_USES;
use super::prepared::Prepared;
use super::text::{hash, hash32};

/// Persons below which the tables say little; the adjustment fades in around it.
const ENOUGH: f64 = 2000.0;
/// A value is never taken to be rarer than this.
const RAREST: f64 = 2e-5;
/// Bounds of one adjustment, in bits.
const BOUND: f64 = 5.0;

/// Counts of one kind of value.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Counts {
    total: u32,
    /// Chance that two random values are equal: the sum of squared shares.
    agreement: f64,
    of: HashMap<u64, u32>,
}

impl Counts {
    fn add(&mut self, value: u64) {
        if value != 0 {
            self.total += 1;
            *self.of.entry(value).or_insert(0) += 1;
        }
    }

    fn close(&mut self) {
        let total = f64::from(self.total.max(1));
        let mut counts: Vec<u32> = self.of.values().copied().collect();
        counts.sort_unstable();
        self.agreement = counts.iter().map(|c| (f64::from(*c) / total).powi(2)).sum();
    }

    /// log2(average agreement / this value's share): positive for a rare value.
    fn adjustment(&self, value: u64) -> f64 {
        if self.total == 0 || value == 0 {
            return 0.0;
        }
        let total = f64::from(self.total);
        let share = f64::from(self.of.get(&value).copied().unwrap_or(1)) / total;
        let raw = (self.agreement.max(RAREST) / share.max(RAREST)).log2();
        raw.clamp(-BOUND, BOUND) * total / (total + ENOUGH)
    }
}

/// The tables. Empty tables adjust nothing.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Frequencies {
    full: Counts,
    sound: Counts,
    surname: Counts,
    given: Counts,
    phone: HashMap<u64, u32>,
    /// Persons of the round, and by hash of the area.
    persons: u32,
    by_area: HashMap<u64, u32>,
}

/// Persons of the round the shipped model was fitted on, and of one of its areas.
const FITTED_ROUND: f64 = 28_000.0;
const FITTED_AREA: f64 = 7_000.0;

impl Frequencies {
    /// Counts a round.
    pub fn of(interviews: &[Prepared]) -> Self {
        let mut tables = Self::default();
        for interview in interviews {
            if interview.phone != 0 {
                *tables.phone.entry(interview.phone).or_insert(0) += 1;
            }
            let listed = u32::try_from(interview.persons.len()).unwrap_or(u32::MAX);
            tables.persons += listed;
            *tables.by_area.entry(hash(&[&interview.area])).or_insert(0) += listed;
            for person in &interview.persons {
                let name = &person.name;
                if name.is_full() {
                    tables.full.add(name.full);
                    tables.sound.add(name.sound);
                    tables.surname.add(u64::from(name.surname_sound));
                    tables.given.add(given_key(name));
                }
            }
        }
        for counts in [&mut tables.full, &mut tables.sound, &mut tables.surname, &mut tables.given] {
            counts.close();
        }
        tables
    }

    /// True when so many interviews gave this number that it is nobody's own.
    pub fn is_shared_phone(&self, phone: u64) -> bool {
        self.phone.get(&phone).is_some_and(|n| *n as usize > MOST_USES)
    }

    /// How much more often two persons of these areas agree by chance than in the round the model was fitted
    /// on, in bits: chance agreements grow with the number of people, true ones do not.
    pub fn chance_bits(&self, area_a: &str, area_b: &str) -> f64 {
        if self.persons == 0 {
            return 0.0;
        }
        let of_area = |area: &str| f64::from(self.by_area.get(&hash(&[area])).copied().unwrap_or(1));
        if area_a == area_b {
            (of_area(area_a) / FITTED_AREA).log2().clamp(-3.0, 6.0)
        } else {
            (f64::from(self.persons) / FITTED_ROUND).log2().clamp(-3.0, 6.0)
        }
    }

    /// Term-frequency adjustment of the name's weight, in bits (Winkler 1988).
    pub fn name_adjustment(&self, levels: PersonLevels, a: &Name, b: &Name) -> f64 {
        if levels.name == NameLevel::Missing {
            return self.latin_adjustment(levels, a, b);
        }
        match levels.name {
            NameLevel::Same => self.full.adjustment(a.full),
            NameLevel::SameSound | NameLevel::SwappedGiven | NameLevel::NearSound => {
                self.sound.adjustment(a.sound).min(self.sound.adjustment(b.sound))
            }
            NameLevel::OneOfTwo | NameLevel::Contained | NameLevel::VagueSurname => {
                self.surname.adjustment(u64::from(a.surname_sound))
            }
            NameLevel::Missing
            | NameLevel::SurnameOnly
            | NameLevel::GivenSame
            | NameLevel::GivenShort
            | NameLevel::Nickname
            | NameLevel::Spouse
            | NameLevel::VagueOther
            | NameLevel::Other => 0.0,
        }
    }

    fn latin_adjustment(&self, levels: PersonLevels, a: &Name, b: &Name) -> f64 {
        let mut bits = 0.0;
        if levels.given == LatinLevel::Same && a.given == b.given {
            bits += self.given.adjustment(given_key(a));
        }
        if levels.surname == LatinLevel::Same && a.surname == b.surname {
            bits += self.surname.adjustment(u64::from(a.surname_sound));
        }
        bits
    }
}

fn given_key(name: &Name) -> u64 {
    u64::from(hash32(&name.given))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_values_weigh_more_and_small_tables_little() {
        let table = |n: u32| {
            let mut counts = Counts::default();
            for i in 0..n {
                counts.add(if i % 10 == 0 { 1 } else { u64::from(i) + 10 });
            }
            counts.close();
            counts
        };
        let big = table(20_000);
        assert!(big.adjustment(11) > 3.0);
        assert!(big.adjustment(1) < -2.0);
        assert!(table(20).adjustment(11).abs() < 0.1);
        assert!(Counts::default().adjustment(5).abs() < f64::EPSILON);
    }
}
