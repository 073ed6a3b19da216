//! Sums of cells: what an area's rates are made from. Adding and taking away are exact inverses.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::super::case::CompletedBy;
use super::super::code::{Class, State, closed_set};
use super::super::evidence::PersonCounts;
use super::Cell;

closed_set! {
    /// A figure about persons.
    PersonMeasure("person_measure") {
        Recorded = 1, "recorded", "Recorded", "登记人数";
        Resident = 2, "resident", "Resident", "常住人口";
        HereRegistered = 3, "here_registered", "Lives and is registered here", "人在户在";
        HereElsewhere = 4, "here_elsewhere", "Lives here, registered elsewhere", "人在户不在";
        AbsentRegistered = 5, "absent_registered", "Registered here, lives elsewhere", "户在人不在";
        HerePending = 6, "here_pending", "Lives here, registration undetermined", "户口待定";
        Paired = 7, "paired", "Also recorded elsewhere", "两处登记";
    }
}

impl PersonMeasure {
    /// The figure that a counter of this number sums: those of people count below zero.
    pub fn of_counter(measure: i32) -> Option<Self> {
        measure.checked_neg().and_then(|n| i16::try_from(n).ok()).and_then(Self::from_number)
    }

    /// What an interview's persons add to this figure; links, not interviews, make pairs.
    pub const fn of(self, persons: &PersonCounts) -> u32 {
        match self {
            Self::Recorded => persons.recorded,
            Self::Resident => persons.resident,
            Self::HereRegistered => persons.here_registered,
            Self::HereElsewhere => persons.here_elsewhere,
            Self::AbsentRegistered => persons.absent_registered,
            Self::HerePending => persons.here_pending,
            Self::Paired => 0,
        }
    }
}

/// Extra forms that can be counted.
pub const MOST_FORMS: usize = 8;
/// Counters of forms are numbered downwards from here, below those of persons.
const FORM_COUNTERS: i32 = -20;

/// The counter of an extra form by its place among them.
pub const fn form_counter(place: i32) -> i32 {
    FORM_COUNTERS - place
}

/// The place of the extra form that a counter of this number sums.
pub fn form_of_counter(measure: i32) -> Option<usize> {
    usize::try_from(FORM_COUNTERS - measure).ok().filter(|place| *place < MOST_FORMS)
}

/// Sums over cases, and over the persons of their counted interviews.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    states: [i64; State::ALL.len()],
    classes: [i64; Class::ALL.len()],
    persons: [i64; PersonMeasure::ALL.len()],
    forms: [i64; MOST_FORMS],
    pub(super) attempted: i64,
    pub(super) counted: i64,
    pub(super) first_visit: i64,
    pub(super) by_proxy: i64,
    pub(super) by_self: i64,
    pub(super) baseline: i64,
    pub(super) baseline_resolved: i64,
}

/// Codes are numbered from 1 without gaps in the sets summed here.
const fn slot(number: i16) -> usize {
    number.unsigned_abs() as usize - 1
}

impl Tally {
    /// Adds `n` cases of one cell; a negative `n` takes them away. Merged and cancelled cases leave every count but
    /// that of their state.
    pub fn add(&mut self, cell: Cell, n: i64) {
        self.states[slot(cell.state.number())] += n;
        if !cell.state.is_active() {
            return;
        }
        if let Some(class) = cell.class {
            self.classes[slot(class.number())] += n;
        }
        self.attempted += if cell.is_attempted { n } else { 0 };
        self.counted += if cell.has_counted { n } else { 0 };
        self.first_visit += if cell.is_first_visit && cell.has_counted { n } else { 0 };
        match cell.completed_by {
            Some(CompletedBy::Proxy) => self.by_proxy += n,
            Some(CompletedBy::SelfResponse) => self.by_self += n,
            Some(CompletedBy::Own) | None => {}
        }
        if cell.is_baseline {
            self.baseline += n;
            self.baseline_resolved += if cell.state.is_resolved() { n } else { 0 };
        }
    }

    /// Adds `n` persons to a figure.
    pub fn add_persons(&mut self, measure: PersonMeasure, n: i64) {
        self.persons[slot(measure.number())] += n;
    }

    /// Adds `n` completed cases with a complete sheet of the extra form at a place.
    pub fn add_form(&mut self, place: usize, n: i64) {
        if let Some(sum) = self.forms.get_mut(place) {
            *sum += n;
        }
    }

    /// Completed cases with a complete sheet of the extra form at a place.
    pub fn form(&self, place: usize) -> i64 {
        self.forms.get(place).copied().unwrap_or_default()
    }

    /// Adds the persons of `n` interviews that list the same numbers; a negative `n` takes them away.
    pub fn add_person_counts(&mut self, persons: &PersonCounts, n: i64) {
        for measure in PersonMeasure::ALL {
            self.add_persons(*measure, i64::from(measure.of(persons)) * n);
        }
    }

    /// Adds another tally: a parent area is the sum of its children.
    pub fn merge(&mut self, other: &Self) {
        let pairs = self.states.iter_mut().zip(other.states);
        let pairs = pairs.chain(self.classes.iter_mut().zip(other.classes));
        let pairs = pairs.chain(self.forms.iter_mut().zip(other.forms));
        for (sum, n) in pairs.chain(self.persons.iter_mut().zip(other.persons)) {
            *sum += n;
        }
        self.attempted += other.attempted;
        self.counted += other.counted;
        self.first_visit += other.first_visit;
        self.by_proxy += other.by_proxy;
        self.by_self += other.by_self;
        self.baseline += other.baseline;
        self.baseline_resolved += other.baseline_resolved;
    }

    /// Takes another tally away, the inverse of [`Tally::merge`].
    pub fn take_away(&mut self, other: &Self) {
        let pairs = self.states.iter_mut().zip(other.states);
        let pairs = pairs.chain(self.classes.iter_mut().zip(other.classes));
        let pairs = pairs.chain(self.forms.iter_mut().zip(other.forms));
        for (rest, n) in pairs.chain(self.persons.iter_mut().zip(other.persons)) {
            *rest -= n;
        }
        self.attempted -= other.attempted;
        self.counted -= other.counted;
        self.first_visit -= other.first_visit;
        self.by_proxy -= other.by_proxy;
        self.by_self -= other.by_self;
        self.baseline -= other.baseline;
        self.baseline_resolved -= other.baseline_resolved;
    }

    /// Cases in a state.
    pub const fn state(&self, state: State) -> i64 {
        self.states[slot(state.number())]
    }

    /// Active cases of a class.
    pub const fn class(&self, class: Class) -> i64 {
        self.classes[slot(class.number())]
    }

    /// Persons of a figure.
    pub const fn person(&self, measure: PersonMeasure) -> i64 {
        self.persons[slot(measure.number())]
    }

    /// All cases, merged and cancelled ones included.
    pub fn cases(&self) -> i64 {
        self.states.iter().sum()
    }

    /// The workload W: cases neither merged nor cancelled.
    pub fn active(&self) -> i64 {
        self.cases() - self.state(State::Merged) - self.state(State::Cancelled)
    }

    /// Cases by state for a completion row, zero counts included.
    pub const fn states(&self) -> States<'_> {
        States(self)
    }

    /// Figures about persons for a completion row.
    pub const fn persons(&self) -> Persons<'_> {
        Persons(self)
    }
}

/// Serialises as `{"new": 10, …}`.
#[derive(Clone, Copy, Debug)]
pub struct States<'a>(&'a Tally);

impl Serialize for States<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(State::ALL.len()))?;
        for state in State::ALL {
            map.serialize_entry(state.slug(), &self.0.state(*state))?;
        }
        map.end()
    }
}

/// Serialises as `{"recorded": 310, …}`.
#[derive(Clone, Copy, Debug)]
pub struct Persons<'a>(&'a Tally);

impl Serialize for Persons<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(PersonMeasure::ALL.len()))?;
        for measure in PersonMeasure::ALL {
            map.serialize_entry(measure.slug(), &self.0.person(*measure))?;
        }
        map.end()
    }
}
