//! The short form of the seventh national census (R601) as types, and what of it can be counted.
//!
//! Codes of D7–D12 and H5 keep the form's numbers. What may be missing is an option; nothing is thrown away for being
//! unlikely, see [`check_form`].

mod check;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::citizen_id::CitizenId;
use super::code::{HouseholdType, InterviewResult, Relationship, Residence, ResidenceStatus, Sex, Tenure};
use super::evidence::PersonCounts;
use super::residence::{Stay, is_resident, residence_status};

pub use check::{FormIssue, FormReason, Severity, check_form};

/// The household number of a household whose members all died in the year before the reference moment.
pub const DIED_OUT: u32 = 999;

/// Items H1–H7 of a household.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Household {
    /// H1; a family household where missing.
    pub household_type: Option<HouseholdType>,
    /// The number in the small area, [`DIED_OUT`] for a household that died out.
    pub household_no: Option<u32>,
    /// A telephone number, as written.
    pub phone: Option<String>,
    /// H2a: who slept here.
    pub n_stayed: Option<u32>,
    /// H2b: registered here, slept elsewhere.
    pub n_registered_absent: Option<u32>,
    /// H3, boys; 0 is written, missing = not asked.
    pub births_m: Option<u32>,
    /// H3, girls.
    pub births_f: Option<u32>,
    /// H4, men and boys.
    pub deaths_m: Option<u32>,
    /// H4, women and girls.
    pub deaths_f: Option<u32>,
    /// H5, 1–5.
    pub dwelling_kind: Option<u8>,
    /// H6, square metres; asked where H5 = 1.
    pub floor_area_m2: Option<f64>,
    /// H7; asked where H5 = 1.
    pub rooms: Option<u32>,
    /// Owned or rented.
    pub tenure: Option<Tenure>,
}

/// A date of birth with gaps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Birth {
    /// Year.
    pub y: Option<i16>,
    /// Month, 1–12.
    pub m: Option<i8>,
    /// Day, 1–31.
    pub d: Option<i8>,
}

impl Birth {
    /// The earliest date it can be; none without a year, or where it is no date.
    pub fn earliest(self) -> Option<Date> {
        Date::new(self.y?, self.m.unwrap_or(1), self.d.unwrap_or(1)).ok()
    }

    /// Whether the parts given can belong to one real date.
    pub fn is_possible(self) -> bool {
        // A leap year stands in where the year is missing, a long month where the month is.
        let (year, month) = (self.y.unwrap_or(2000), self.m.unwrap_or(1));
        (1..=2200).contains(&year) && Date::new(year, month, self.d.unwrap_or(1)).is_ok()
    }

    /// Year and month for comparing with a citizen ID.
    pub fn year_month(self) -> Option<(i16, Option<i8>)> {
        self.y.map(|year| (year, self.m))
    }
}

/// Items D1–D12 of a person. Serialised are those that are kept together; the others are kept each by itself, the identity
/// number only as a hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The number in the list, 1 and up; with the interview it is the person's identity.
    #[serde(skip_serializing)]
    pub person_no: u32,
    /// D1, as written.
    #[serde(skip_serializing)]
    pub name: String,
    /// D2.
    #[serde(default, skip_serializing)]
    pub relationship: Option<Relationship>,
    /// D3, checked.
    #[serde(skip)]
    pub citizen_id: Option<CitizenId>,
    /// D4.
    #[serde(default, skip_serializing)]
    pub sex: Option<Sex>,
    /// D5.
    #[serde(default, skip_serializing)]
    pub birth: Option<Birth>,
    /// D6, two digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ethnicity: Option<String>,
    /// Whether counted in H2a.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stayed_here: Option<bool>,
    /// D7, 1–6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stayed_at: Option<u8>,
    /// D8, 1–5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registered_at: Option<u8>,
    /// D9, 1–9.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_away: Option<u8>,
    /// D10, a slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason_away: Option<String>,
    /// D11, 1–9.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub education: Option<u8>,
    /// D12, 1–2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub literate: Option<u8>,
    /// What the record itself says of the residence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub residence_status: Option<ResidenceStatus>,
}

impl Person {
    /// Whether the person slept here: as stated, else from D7, else from the status stated.
    pub fn stay(&self) -> Option<Stay> {
        let by_status = |status| match status {
            ResidenceStatus::HereRegistered
            | ResidenceStatus::HereElsewhere
            | ResidenceStatus::HerePending => Stay::Here,
            ResidenceStatus::AbsentRegistered => Stay::Away,
        };
        let stated = self.stayed_here.map(Stay::from);
        let by_place = || self.stayed_at.map(|d7| Stay::from(d7 == 1));
        stated.or_else(by_place).or_else(|| self.residence_status.map(by_status))
    }

    /// The residence status derived from the answers; none where they do not tell.
    pub fn derived_status(&self) -> Option<ResidenceStatus> {
        residence_status(self.stay()?, self.registered_at?)
    }

    /// The residence status: derived where the answers tell, else as stated.
    pub fn status(&self) -> Option<ResidenceStatus> {
        self.derived_status().or(self.residence_status)
    }

    /// Whether the person is of the resident population. Where the answers do not tell, the status does: people living
    /// and registered here, or pending, are; others are not.
    pub fn residence(&self) -> Residence {
        let answered = self
            .stay()
            .and_then(|stay| is_resident(stay, self.stayed_at, self.registered_at, self.time_away));
        let by_status =
            matches!(self.status(), Some(ResidenceStatus::HereRegistered | ResidenceStatus::HerePending));
        if answered.unwrap_or(by_status) { Residence::Resident } else { Residence::NotResident }
    }
}

impl PersonCounts {
    /// Counts the persons of one interview.
    pub fn of(persons: &[Person]) -> Self {
        let mut counts = Self::default();
        for person in persons {
            counts.recorded += 1;
            counts.resident += u32::from(person.residence() == Residence::Resident);
            match person.status() {
                Some(ResidenceStatus::HereRegistered) => counts.here_registered += 1,
                Some(ResidenceStatus::HereElsewhere) => counts.here_elsewhere += 1,
                Some(ResidenceStatus::AbsentRegistered) => counts.absent_registered += 1,
                Some(ResidenceStatus::HerePending) => counts.here_pending += 1,
                None => {}
            }
        }
        counts
    }
}

/// What a form is checked against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Whether the form is said to be complete; of a partial one less is asked.
    pub result: InterviewResult,
    /// The local date of the survey's reference moment: nobody born on it or later is registered.
    pub reference: Date,
}

#[cfg(test)]
mod tests;
