//! One listed person in the form that is compared.

use serde::{Deserialize, Serialize};

use super::address::Address;
use super::birth::Birth;
use super::citizen::{Citizen, DigestKey, IdGiven, IdQuality, Reading, read, year_month};
use super::interview::PersonGiven;
use super::name::{Name, NameForm};
use super::text::clean;

/// Sex as stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sex {
    /// Male.
    Male,
    /// Female.
    Female,
}

/// Relationship to the head, by generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Head.
    Head,
    /// Spouse.
    Spouse,
    /// Child, own or by marriage.
    Child,
    /// Parent, own or by marriage.
    Parent,
    /// Grandparent.
    Grandparent,
    /// Grandchild.
    Grandchild,
    /// Sibling.
    Sibling,
    /// Anybody else.
    Other,
}

/// Where a listed person lives, from the viewpoint of this door.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Lives here.
    Living,
    /// Registered here, lives elsewhere.
    Absent,
}

/// A person ready to be compared.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct PreparedPerson {
    /// Number within the interview.
    pub person_no: u32,
    /// Name.
    pub name: Name,
    /// Sex.
    pub sex: Option<Sex>,
    /// Birth, gaps filled from a valid ID.
    pub birth: Birth,
    /// ID digest; `None` when absent or unreadable.
    pub citizen: Option<Citizen>,
    /// Relationship to the head.
    pub role: Option<Role>,
    /// Lives here or not.
    pub presence: Presence,
    /// The other address, where it names a door.
    pub elsewhere: Option<Address>,
    /// Sound of the spouse's full name when both are head and spouse of this interview; 0 otherwise.
    pub partner: u64,
}

impl PreparedPerson {
    /// Normalises one person; `partner` is filled in by the interview.
    pub fn read(given: &PersonGiven, key: &DigestKey) -> Self {
        let stated = Birth::read(given.birth.as_ref());
        let sex = given.sex.as_deref().and_then(read_sex);
        let (citizen, birth) = read_id(given.citizen_id.as_ref(), stated, sex, key);
        let elsewhere = given.other_address.as_deref().map(Address::parse).filter(Address::is_door);
        Self {
            person_no: given.person_no,
            name: Name::read(given),
            sex,
            birth,
            citizen,
            role: given.relationship.as_deref().map(read_role),
            presence: match given.residence_status.as_deref() {
                Some("absent_registered") => Presence::Absent,
                Some(_) | None => Presence::Living,
            },
            elsewhere,
            partner: 0,
        }
    }

    /// Lives at this interview's door.
    pub fn is_living(&self) -> bool {
        self.presence == Presence::Living
    }

    /// The surname at least is certain: clear enough that a missing counterpart counts.
    pub fn is_clear(&self) -> bool {
        match self.name.form {
            NameForm::Full | NameForm::Latin | NameForm::SurnameOnly => true,
            NameForm::Nickname | NameForm::Unnamed | NameForm::Unknown => false,
        }
    }
}

fn read_id(
    given: Option<&IdGiven>,
    birth: Birth,
    sex: Option<Sex>,
    key: &DigestKey,
) -> (Option<Citizen>, Birth) {
    match given {
        None => (None, birth),
        Some(IdGiven::Digested(citizen)) => (Some(*citizen), birth),
        Some(IdGiven::Plain(text)) => match read(text, birth, sex) {
            Reading::Absent | Reading::Unreadable => (None, birth),
            Reading::Number(number, quality) => {
                let citizen = Citizen { digest: key.digest(&number), quality };
                let filled = match quality {
                    IdQuality::Valid => year_month(&number).map_or(birth, |ym| birth.filled_from_id(ym)),
                    IdQuality::Repaired | IdQuality::Opaque => birth,
                };
                (Some(citizen), filled)
            }
        },
    }
}

fn read_sex(text: &str) -> Option<Sex> {
    match clean(text).as_str() {
        "m" | "male" | "男" | "1" => Some(Sex::Male),
        "f" | "female" | "女" | "2" => Some(Sex::Female),
        _ => None,
    }
}

fn read_role(text: &str) -> Role {
    match text {
        "head" => Role::Head,
        "spouse" => Role::Spouse,
        "child" | "child_in_law" => Role::Child,
        "parent" | "parent_in_law" => Role::Parent,
        "grandparent" => Role::Grandparent,
        "grandchild" => Role::Grandchild,
        "sibling" => Role::Sibling,
        _ => Role::Other,
    }
}
