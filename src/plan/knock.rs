//! What a visit says about somebody being in: the model's reading of the outcome list.
//! It judges nothing about states or closing; those are the domain's.

use super::input::Door;
use super::slot::{Slot, kind_of, wall};
use crate::domain::Calendar;
use crate::domain::{Channel, Informant, Outcome};
use jiff::civil::Date;

/// What a knock met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Met {
    /// Somebody was in, whatever they said.
    Somebody,
    /// Nobody opened.
    Nobody,
    /// Nobody opened and the place looked empty.
    Emptiness,
}

/// One knock at a door, in person.
#[derive(Clone, Copy, Debug)]
pub struct Knock {
    /// When in the day.
    pub slot: Slot,
    /// Local date.
    pub date: Date,
    /// Wall-clock minute.
    pub minute: f64,
    /// What came of it.
    pub met: Met,
}

/// How an outcome reads; `None` for visits that say nothing (nobody stood before the door, or nobody knocked).
pub fn met(outcome: Outcome) -> Option<Met> {
    match outcome {
        Outcome::InterviewComplete
        | Outcome::InterviewPartial
        | Outcome::RefusalSoft
        | Outcome::RefusalHard
        | Outcome::BreakOff
        | Outcome::RespondentAway
        | Outcome::AppointmentMade
        | Outcome::Language
        | Outcome::Incapable => Some(Met::Somebody),
        Outcome::NoAnswer | Outcome::HouseholdAway | Outcome::OccupancyUnknown | Outcome::ScreenFailed => {
            Some(Met::Nobody)
        }
        Outcome::Vacant | Outcome::Seasonal | Outcome::VacantOther | Outcome::NoEligiblePerson => {
            Some(Met::Emptiness)
        }
        Outcome::InterviewProxy
        | Outcome::SelfResponse
        | Outcome::NoEntry
        | Outcome::Unsafe
        | Outcome::NotFound
        | Outcome::NonResidential
        | Outcome::Institution
        | Outcome::Collective
        | Outcome::Demolished
        | Outcome::UnderConstruction
        | Outcome::DuplicateAddress
        | Outcome::OutOfArea => None,
    }
}

/// What is known about a door apart from its building.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// Knocks in order of time.
    pub knocks: Vec<Knock>,
    /// A manager or neighbour said that nobody lives there.
    pub told_empty: bool,
}

impl Past {
    /// Reads the visits of a door.
    pub fn of(door: &Door, calendar: &Calendar) -> Self {
        let mut past = Self::default();
        for v in &door.visits {
            if v.informant != Informant::None {
                past.told_empty |= met(v.outcome) == Some(Met::Emptiness);
                continue;
            }
            if v.channel != Channel::InPerson {
                continue;
            }
            if let Some(met) = met(v.outcome) {
                let (date, minute) = wall(v.at, calendar);
                past.knocks.push(Knock {
                    slot: Slot::at(kind_of(date, calendar), minute),
                    date,
                    minute,
                    met,
                });
            }
        }
        past.knocks.sort_by(|a, b| {
            (a.date, a.minute).partial_cmp(&(b.date, b.minute)).unwrap_or(std::cmp::Ordering::Equal)
        });
        past
    }

    /// Misses since somebody was last met.
    pub fn misses(&self) -> usize {
        self.knocks.iter().rev().take_while(|k| k.met != Met::Somebody).count()
    }

    /// Somebody was met at least once.
    pub fn has_contact(&self) -> bool {
        self.knocks.iter().any(|k| k.met == Met::Somebody)
    }
}
