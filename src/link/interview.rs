//! The linker's input: one accepted interview as a device sent it or as a stored row is read back.
//! Holds no rule and knows no file format beyond the serde names.

use serde::{Deserialize, Serialize};

use super::citizen::IdGiven;

/// One interview: a form filled at one door at one time.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Interview {
    /// Id made by the device; unique, opaque here.
    pub interview_id: String,
    /// RFC 3339 local time with offset; orders interviews, `None` sorts first.
    #[serde(default)]
    pub device_time: Option<String>,
    /// Who answered.
    #[serde(default)]
    pub respondent: Option<Respondent>,
    /// The door.
    #[serde(default)]
    pub dwelling: DwellingGiven,
    /// What the form says of the household as a whole.
    #[serde(default)]
    pub household: HouseholdGiven,
    /// The people listed, in the form's order.
    #[serde(default)]
    pub persons: Vec<PersonGiven>,
}

/// Who answered the questions. Anything not known here counts as a member's own answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Respondent {
    /// The head of the household.
    Head,
    /// Another member.
    Member,
    /// A neighbour: a proxy.
    Neighbour,
    /// The property manager: a proxy.
    Manager,
    /// A relative living elsewhere: a proxy.
    Relative,
    /// A value this version does not know.
    #[serde(other)]
    Unknown,
}

/// The door as chosen in the register and as typed.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct DwellingGiven {
    /// Enumeration area.
    #[serde(default)]
    pub area: Option<String>,
    /// Register code of the door; `None` when none was chosen.
    #[serde(default)]
    pub code: Option<String>,
    /// True when `code` was made up in the field and says nothing.
    #[serde(default)]
    pub provisional: Option<bool>,
    /// Estate as typed.
    #[serde(default)]
    pub estate: Option<String>,
    /// Building as typed.
    #[serde(default)]
    pub building: Option<String>,
    /// Unit (staircase) as typed.
    #[serde(default)]
    pub unit: Option<String>,
    /// Room as typed.
    #[serde(default)]
    pub room: Option<String>,
    /// Free-text address.
    #[serde(default)]
    pub text: Option<String>,
}

/// Household items of the form.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct HouseholdGiven {
    /// Contact number as typed.
    #[serde(default)]
    pub phone: Option<String>,
    /// Stated number of people living here.
    #[serde(default)]
    pub persons_living_here: Option<u32>,
    /// Owner or tenant.
    #[serde(default)]
    pub tenure: Option<String>,
}

/// One listed person.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct PersonGiven {
    /// Number within the form, unique there.
    pub person_no: u32,
    /// Name as typed.
    #[serde(default)]
    pub name: Option<String>,
    /// Given name where the source keeps it apart (Latin sources).
    #[serde(default)]
    pub given_name: Option<String>,
    /// Surname where the source keeps it apart (Latin sources).
    #[serde(default)]
    pub surname: Option<String>,
    /// `m` or `f`.
    #[serde(default)]
    pub sex: Option<String>,
    /// Birth date, perhaps with gaps.
    #[serde(default)]
    pub birth: Option<BirthGiven>,
    /// Citizen ID: plain text, or the digest a server stored in its place.
    #[serde(default)]
    pub citizen_id: Option<IdGiven>,
    /// Relationship to the head of this interview.
    #[serde(default)]
    pub relationship: Option<String>,
    /// `here_registered`, `here_elsewhere`, `here_pending` or `absent_registered`.
    #[serde(default)]
    pub residence_status: Option<String>,
    /// Where the person is registered, or lives, when elsewhere.
    #[serde(default)]
    pub other_address: Option<String>,
}

/// A birth date with gaps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct BirthGiven {
    /// Year.
    #[serde(default)]
    pub y: Option<i32>,
    /// Month, 1 to 12.
    #[serde(default)]
    pub m: Option<i32>,
    /// Day, 1 to 31.
    #[serde(default)]
    pub d: Option<i32>,
}
