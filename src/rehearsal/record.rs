//! The records of a batch in the words of the wire. Plain data: what they say is decided in `field` and `interview`.

use crate::domain::code::{
    Channel, Datum, HouseholdType, Informant, InterviewResult, Outcome, Relationship, ResidenceStatus,
    Respondent, Sex, Tenure,
};
use serde::Serialize;
use uuid::Uuid;

/// One record.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Record {
    /// One contact attempt.
    Visit(Visit),
    /// One filled-in form.
    Interview(Box<Interview>),
    /// A door that was not on the list.
    Dwelling(Dwelling),
    /// A filled-in form of the survey's own.
    Submission(Filled),
}

impl Record {
    /// The visit, if it is one.
    pub fn visit(&self) -> Option<&Visit> {
        match self {
            Self::Visit(visit) => Some(visit),
            Self::Interview(_) | Self::Dwelling(_) | Self::Submission(_) => None,
        }
    }

    /// The filled-in form, if it is one.
    pub fn interview(&self) -> Option<&Interview> {
        match self {
            Self::Interview(interview) => Some(interview),
            Self::Visit(_) | Self::Dwelling(_) | Self::Submission(_) => None,
        }
    }

    /// The id the device gave it.
    pub fn id(&self) -> Uuid {
        match self {
            Self::Visit(visit) => visit.id,
            Self::Interview(interview) => interview.id,
            Self::Dwelling(dwelling) => dwelling.id,
            Self::Submission(filled) => filled.id,
        }
    }
}

/// A filled-in form of the survey's own.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Filled {
    /// Its id.
    pub id: Uuid,
    /// Which form it is.
    pub form: FormName,
    /// The door.
    pub case_id: Uuid,
    /// The visit at which it was filled in.
    pub visit_id: Uuid,
    /// An object shaped like the form.
    pub answers: serde_json::Value,
}

/// A version of a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FormName {
    /// The form.
    pub id: String,
    /// Its version.
    pub version: String,
}

/// A visit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Visit {
    /// Its id.
    pub id: Uuid,
    /// The door, or the `dwelling` record that found it.
    pub case_id: Uuid,
    /// Begin by the device's clock.
    pub at: String,
    /// End by the device's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<String>,
    /// What came of it.
    pub outcome: Outcome,
    /// How the household was reached.
    #[serde(skip_serializing_if = "is_in_person")]
    pub channel: Channel,
    /// Who else said so.
    #[serde(skip_serializing_if = "is_nobody")]
    pub informant: Informant,
    /// Ids of pictures.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub photo: Vec<Uuid>,
    /// What was agreed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appointment: Option<Appointment>,
    /// Where the device was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<Position>,
    /// The enumerator's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the serialiser passes fields by reference")]
fn is_in_person(channel: &Channel) -> bool {
    *channel == Channel::InPerson
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the serialiser passes fields by reference")]
fn is_nobody(informant: &Informant) -> bool {
    *informant == Informant::None
}

/// A window agreed with the household.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Appointment {
    /// Begin.
    pub from: String,
    /// End.
    pub to: String,
}

/// Where a device was.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Position {
    /// Longitude in degrees, 6 decimals.
    pub lon: f64,
    /// Latitude in degrees, 6 decimals.
    pub lat: f64,
    /// Radius of the circle the device believes to be in, metres.
    pub accuracy_m: i64,
    /// The system of the coordinates.
    pub datum: Datum,
}

/// A filled-in form.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Interview {
    /// Its id, the same in every revision.
    pub id: Uuid,
    /// The door, or the `dwelling` record that found it.
    pub case_id: Uuid,
    /// The visit at which it was taken.
    pub visit_id: Uuid,
    /// 1, higher when corrected.
    pub revision: i32,
    /// Whether all of it was answered.
    pub result: InterviewResult,
    /// When it was begun, by the device's clock.
    pub at: String,
    /// Who answered.
    pub respondent: Respondent,
    /// The household's items.
    pub household: Household,
    /// The address as the enumerator wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address_text: Option<String>,
    /// The persons.
    pub persons: Vec<Person>,
    /// Items of the survey's own.
    pub answers: Accepted,
}

/// Items of the survey's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Accepted {
    /// How the home is heated.
    pub heating: &'static str,
}

/// The household's items.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Household {
    /// Item H1.
    pub household_type: HouseholdType,
    /// A number to call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Item H2a.
    pub n_stayed: usize,
    /// Item H2b.
    pub n_registered_absent: usize,
    /// Item H3, boys.
    pub births_m: usize,
    /// Item H3, girls.
    pub births_f: usize,
    /// Item H4, men.
    pub deaths_m: usize,
    /// Item H4, women.
    pub deaths_f: usize,
    /// Item H5.
    pub dwelling_kind: u8,
    /// Item H6.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub floor_area_m2: Option<f64>,
    /// Item H7.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rooms: Option<u8>,
    /// Owner or tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenure: Option<Tenure>,
}

/// A person of a form.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Person {
    /// 1, 2, …
    pub person_no: usize,
    /// Item D1.
    pub name: String,
    /// Item D4.
    pub sex: Sex,
    /// Item D5 and the day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub birth: Option<Birth>,
    /// Item D3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub citizen_id: Option<String>,
    /// Item D2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relationship: Option<Relationship>,
    /// Item D6.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ethnicity: Option<&'static str>,
    /// Whether counted in H2a.
    pub stayed_here: bool,
    /// Item D7.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stayed_at: Option<u8>,
    /// Item D8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registered_at: Option<u8>,
    /// Item D9.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_away: Option<u8>,
    /// Item D11.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub education: Option<u8>,
    /// Item D12.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub literate: Option<u8>,
    /// As the enumerator codes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub residence_status: Option<ResidenceStatus>,
    /// The other place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_address: Option<String>,
}

/// A date of birth with gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Birth {
    /// Year.
    pub y: i16,
    /// Month.
    pub m: Option<i8>,
    /// Day.
    pub d: Option<i8>,
}

/// A door that was not on the list, or a further household behind one that is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Dwelling {
    /// Its id; other records name the door by it.
    pub id: Uuid,
    /// When it was found, by the device's clock.
    pub at: String,
    /// The area it lies in.
    pub area: String,
    /// Building.
    pub building: String,
    /// Unit.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub unit: String,
    /// Floor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub floor: Option<i32>,
    /// Door.
    pub room: String,
    /// 2 and more: a further household behind the door.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub household: Option<u32>,
}
