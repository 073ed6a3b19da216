//! The table of bindings. A name is added, never changed: forms in the field carry them.

use crate::domain::code::ClosedSet;
use crate::domain::{
    Channel, DwellingKind, HouseholdType, Informant, InterviewResult, Outcome, Relationship, ResidenceStatus,
    Respondent, Sex, Tenure,
};

/// One field that a question can be bound to.
#[derive(Debug)]
pub struct Field {
    /// As the cell names it: `household.rooms`.
    pub name: &'static str,
    /// What its value must be.
    pub want: Want,
    /// Where the question may stand.
    pub place: Place,
}

impl PartialEq for Field {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}
impl Eq for Field {}

impl Field {
    /// The part before the point: `household`.
    pub fn family(&self) -> &'static str {
        self.name.split('.').next().unwrap_or_default()
    }

    /// The part behind the first point: `rooms`; empty where there is none.
    pub fn key(&self) -> &'static str {
        self.name.split_once('.').map_or("", |(_, key)| key)
    }
}

/// Where a bound question may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Outside every repeat.
    Once,
    /// Inside the repeat of the persons, in no further one.
    Person,
    /// Anywhere, as often as wished.
    Anywhere,
}

/// What a bound question must ask for.
#[derive(Clone, Copy, Debug)]
pub enum Want {
    /// The door: a choice from `doors.csv`, or text.
    Door,
    /// One choice whose names are codes; nothing else will do.
    Chosen(fn() -> Vec<&'static str>),
    /// A code, chosen or written.
    Code(fn() -> Vec<&'static str>),
    /// A code that is a number.
    Number(&'static [u8]),
    /// Yes or no.
    YesNo,
    /// A text.
    Text,
    /// A text that is often a number, such as a room's.
    Label,
    /// A whole number.
    Count,
    /// A number.
    Decimal,
    /// A day.
    Date,
    /// A moment.
    Instant,
    /// A position.
    Position,
    /// A picture.
    Picture,
    /// The repeat of persons.
    Roster,
}

impl Want {
    /// The names that choices must have; `None` where they are free.
    pub fn codes(self) -> Option<Vec<String>> {
        match self {
            Self::Chosen(codes) | Self::Code(codes) => Some(codes().into_iter().map(str::to_owned).collect()),
            Self::Number(codes) => Some(codes.iter().map(u8::to_string).collect()),
            Self::YesNo => Some(["yes", "no"].map(str::to_owned).to_vec()),
            Self::Door
            | Self::Text
            | Self::Label
            | Self::Count
            | Self::Decimal
            | Self::Date
            | Self::Instant
            | Self::Position
            | Self::Picture
            | Self::Roster => None,
        }
    }
}

fn slugs<T: ClosedSet + 'static>() -> Vec<&'static str> {
    T::CODES.iter().map(|code| code.code_slug()).collect()
}

const fn once(name: &'static str, want: Want) -> Field {
    Field { name, want, place: Place::Once }
}

const fn person(name: &'static str, want: Want) -> Field {
    Field { name, want, place: Place::Person }
}

/// Every field.
pub static FIELDS: [Field; 57] = [
    once("case", Want::Door),
    once("visit.outcome", Want::Chosen(slugs::<Outcome>)),
    once("visit.at", Want::Instant),
    once("visit.ended_at", Want::Instant),
    once("visit.channel", Want::Code(slugs::<Channel>)),
    once("visit.informant", Want::Code(slugs::<Informant>)),
    once("visit.note", Want::Text),
    once("visit.card", Want::Label),
    once("visit.position", Want::Position),
    Field { name: "visit.photo", want: Want::Picture, place: Place::Anywhere },
    once("visit.appointment.from", Want::Instant),
    once("visit.appointment.to", Want::Instant),
    once("interview.result", Want::Code(slugs::<InterviewResult>)),
    once("interview.respondent", Want::Code(slugs::<Respondent>)),
    once("interview.address_text", Want::Text),
    once("household.household_type", Want::Code(slugs::<HouseholdType>)),
    once("household.household_no", Want::Count),
    once("household.phone", Want::Label),
    once("household.n_stayed", Want::Count),
    once("household.n_registered_absent", Want::Count),
    once("household.births_m", Want::Count),
    once("household.births_f", Want::Count),
    once("household.deaths_m", Want::Count),
    once("household.deaths_f", Want::Count),
    once("household.dwelling_kind", Want::Number(&[1, 2, 3, 4, 5])),
    once("household.floor_area_m2", Want::Decimal),
    once("household.rooms", Want::Count),
    once("household.tenure", Want::Code(slugs::<Tenure>)),
    once("persons", Want::Roster),
    person("person.person_no", Want::Count),
    person("person.name", Want::Text),
    person("person.given_name", Want::Text),
    person("person.surname", Want::Text),
    person("person.sex", Want::Code(slugs::<Sex>)),
    person("person.birth", Want::Date),
    person("person.citizen_id", Want::Text),
    person("person.relationship", Want::Code(slugs::<Relationship>)),
    person("person.ethnicity", Want::Label),
    person("person.stayed_here", Want::YesNo),
    person("person.stayed_at", Want::Number(&[1, 2, 3, 4, 5, 6])),
    person("person.registered_at", Want::Number(&[1, 2, 3, 4, 5])),
    person("person.time_away", Want::Number(&[1, 2, 3, 4, 5, 6, 7, 8, 9])),
    person("person.reason_away", Want::Text),
    person("person.education", Want::Number(&[1, 2, 3, 4, 5, 6, 7, 8, 9])),
    person("person.literate", Want::Number(&[1, 2])),
    person("person.residence_status", Want::Code(slugs::<ResidenceStatus>)),
    person("person.other_address", Want::Text),
    once("dwelling.area", Want::Label),
    once("dwelling.building", Want::Label),
    once("dwelling.unit", Want::Label),
    once("dwelling.floor", Want::Count),
    once("dwelling.room", Want::Label),
    once("dwelling.kind", Want::Code(slugs::<DwellingKind>)),
    once("dwelling.household", Want::Count),
    once("dwelling.building_name", Want::Text),
    once("dwelling.external_id", Want::Label),
    once("dwelling.note", Want::Text),
];
