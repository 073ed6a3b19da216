//! Addresses as typed, to (estate, building, unit, room) in one form of writing.
//! Knows no register: estates are compared as text, since short names (金桂 for 金桂小区) are usual.

use serde::{Deserialize, Serialize};
use strsim::jaro_winkler;

use super::address_scan::{Part, scan};
use super::interview::DwellingGiven;
use super::text::{clean, is_han, is_subsequence};
use crate::domain::numeral::is_numeral;

/// No address is longer; what follows is a story, and comparing stories takes long.
const READ_CHARS: usize = 1_000;

/// An address in one form of writing; empty parts are not known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Address {
    /// Estate, village or suburb, without province, city, street and community.
    pub estate: String,
    /// Building, row or street; digits for a number.
    pub building: String,
    /// Unit (staircase).
    pub unit: String,
    /// Room or house number: floor and door as digits (301).
    pub room: String,
}

/// How two addresses agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressMatch {
    /// Too little is known.
    Unknown,
    /// The same door; a missing unit is not held against it.
    Same,
    /// One of building, unit and room differs by one character or two swapped: a slip of the finger.
    Near,
    /// Same building, another room.
    Building,
    /// Elsewhere.
    Different,
}

impl Address {
    /// Reads a dwelling: the parts where they were typed, the free text for what they leave open.
    pub fn read(given: &DwellingGiven) -> Self {
        let text = given.text.as_deref().unwrap_or_default();
        let typed = Self::typed(given);
        let says_nothing = |p: &String| p.chars().all(|c| !is_han(c) && !c.is_ascii_digit());
        if [&typed.estate, &typed.building, &typed.unit, &typed.room].into_iter().all(says_nothing) {
            return Self::parse_or_latin(text, typed.estate, typed.building);
        }
        if is_latin_place(&typed.building) || is_latin_place(&typed.unit) {
            return typed;
        }
        let typed = Self::from_parts(&typed.estate, &typed.building, &typed.unit, &typed.room);
        if typed.is_door() { typed } else { typed.completed_from(&Self::parse(text)) }
    }

    /// The parts as typed, cleaned. A missing street leaves the house name to stand for it.
    fn typed(given: &DwellingGiven) -> Self {
        let part = |s: &Option<String>| s.as_deref().map(clean).unwrap_or_default();
        let (building, unit, room) = (part(&given.building), part(&given.unit), part(&given.room));
        let (building, unit) =
            if building.is_empty() && is_latin_place(&unit) { (unit, building) } else { (building, unit) };
        let room = if building.is_empty() { room } else { joined_floor_and_door(room) };
        Self { estate: part(&given.estate), building, unit, room }
    }

    fn parse_or_latin(text: &str, estate: String, building: String) -> Self {
        let parsed = Self::parse(text);
        if parsed.building.is_empty() && !building.is_empty() {
            return Self { estate, building, ..parsed };
        }
        parsed
    }

    fn from_parts(estate: &str, building: &str, unit: &str, room: &str) -> Self {
        let mut whole = estate.to_owned();
        for (text, mark) in [(building, "号楼"), (unit, "单元"), (room, "室")] {
            if text.is_empty() {
                continue;
            }
            whole.push('-');
            whole.push_str(text);
            if text.chars().all(|c| c.is_ascii_alphanumeric()) || text.chars().all(is_numeral) {
                whole.push_str(mark);
            }
        }
        Self::parse(&whole)
    }

    /// Reads free text; of a very long one its first [`READ_CHARS`] characters.
    pub fn parse(text: &str) -> Self {
        let head = text.char_indices().nth(READ_CHARS).map_or(text, |(end, _)| &text[..end]);
        let scanned = scan(&clean(head));
        let mut address = Self { estate: scanned.estate, ..Self::default() };
        let mut loose = Vec::new();
        for (part, value) in scanned.parts {
            let slot = match part {
                Part::Building => &mut address.building,
                Part::Unit => &mut address.unit,
                Part::Room => &mut address.room,
                Part::Loose => {
                    loose.push(value);
                    continue;
                }
            };
            if slot.is_empty() {
                *slot = value;
            }
        }
        address.fill_by_position(&loose);
        address
    }

    /// Numbers without a mark fill what is open, from the right: room, then unit, then building; two
    /// numbers alone are building and room.
    fn fill_by_position(&mut self, loose: &[String]) {
        let mut rest = loose.iter().rev();
        if self.room.is_empty() {
            self.room = rest.next().cloned().unwrap_or_default();
        }
        let rest: Vec<&String> = rest.collect();
        let nothing_known = self.building.is_empty() && self.unit.is_empty();
        match (rest.as_slice(), nothing_known) {
            ([building], true) => self.building.clone_from(building),
            ([unit, building, ..], true) => {
                self.unit.clone_from(unit);
                self.building.clone_from(building);
            }
            ([first, ..], false) if self.unit.is_empty() && !self.building.is_empty() => {
                self.unit.clone_from(first);
            }
            ([first, ..], false) if self.building.is_empty() => self.building.clone_from(first),
            _ => {}
        }
    }

    fn completed_from(mut self, other: &Self) -> Self {
        for (mine, theirs) in [
            (&mut self.estate, &other.estate),
            (&mut self.building, &other.building),
            (&mut self.unit, &other.unit),
            (&mut self.room, &other.room),
        ] {
            if mine.is_empty() {
                mine.clone_from(theirs);
            }
        }
        self
    }

    /// Enough to name one door.
    pub fn is_door(&self) -> bool {
        !self.building.is_empty() && !self.room.is_empty()
    }

    /// Streets and house names stand in either order in Latin addresses; numbers are lost or misread.
    fn compare_latin(&self, other: &Self) -> AddressMatch {
        let places = |x: &Self| [x.building.clone(), x.unit.clone()].into_iter().filter(|p| !p.is_empty());
        let street = places(self).any(|x| places(other).any(|y| places_agree(&x, &y)));
        let estate =
            self.estate.is_empty() || other.estate.is_empty() || places_agree(&self.estate, &other.estate);
        let number = self.room == other.room;
        match (street, estate, number) {
            (true, true, true) => AddressMatch::Same,
            (true, false, true) | (false, true, true) => AddressMatch::Near,
            (true, true, false) if strsim::osa_distance(&self.room, &other.room) == 1 => AddressMatch::Near,
            (true, true, false) => AddressMatch::Building,
            (true | false, false, false) | (false, false, true) | (false, true, false) => {
                AddressMatch::Different
            }
        }
    }

    /// How this address and another of the same area agree.
    pub fn compare(&self, other: &Self) -> AddressMatch {
        if !self.is_door() || !other.is_door() {
            return AddressMatch::Unknown;
        }
        if is_latin_place(&self.building) && is_latin_place(&other.building) {
            return self.compare_latin(other);
        }
        let estate = estates_agree(&self.estate, &other.estate);
        let building = places_agree(&self.building, &other.building);
        let unit = self.unit.is_empty() || other.unit.is_empty() || places_agree(&self.unit, &other.unit);
        let room = self.room == other.room;
        if !estate {
            return AddressMatch::Different;
        }
        match (building, unit, room) {
            (true, true, true) => AddressMatch::Same,
            (true, true, false) if is_slip(&self.room, &other.room) => AddressMatch::Near,
            (true, false, true) => AddressMatch::Near,
            (false, true, true) if is_slip(&self.building, &other.building) => AddressMatch::Near,
            (true, _, _) => AddressMatch::Building,
            (false, _, _) => AddressMatch::Different,
        }
    }
}

/// 3-01 typed as the room of a building is floor 3, door 01.
fn joined_floor_and_door(room: String) -> String {
    match room.split_once(['-', '/']) {
        Some((floor, door)) if door.len() == 2 && [floor, door].iter().all(|p| p.parse::<u32>().is_ok()) => {
            format!("{floor}{door}")
        }
        Some(_) | None => room,
    }
}

/// A street or suburb in Latin letters rather than a building number.
fn is_latin_place(text: &str) -> bool {
    text.chars().filter(char::is_ascii_alphabetic).count() >= 3 && !text.chars().any(is_han)
}

fn places_agree(a: &str, b: &str) -> bool {
    a == b || (is_latin_place(a) && is_latin_place(b) && jaro_winkler(a, b) > 0.9)
}

/// Equal, one a shortened form of the other, or not known.
fn estates_agree(a: &str, b: &str) -> bool {
    if a.is_empty() || b.is_empty() || a == b {
        return true;
    }
    if is_latin_place(a) || is_latin_place(b) {
        return places_agree(a, b);
    }
    let (short, long) = if a.chars().count() <= b.chars().count() { (a, b) } else { (b, a) };
    is_subsequence(short, long)
}

/// One character replaced, lost, added, or two neighbours swapped; of strings of two or more characters.
fn is_slip(a: &str, b: &str) -> bool {
    a.len() >= 2
        && b.len() >= 2
        && strsim::osa_distance(a, b) == 1
        && (a.len() != b.len() || is_swap(a, b) || a.len() > 3)
}

fn is_swap(a: &str, b: &str) -> bool {
    let (mut x, mut y) = (a.as_bytes().to_vec(), b.as_bytes().to_vec());
    x.sort_unstable();
    y.sort_unstable();
    x == y
}

#[cfg(test)]
#[path = "address_tests.rs"]
mod tests;
