//! Identities: one newtype per kind of thing, and the name-based ids by which two machines agree without talking.
//!
//! An id is never interpreted: no time or place is read out of it. The door's key is built here and nowhere else.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

/// The namespace of every name-based id. It must never change: stored ids would stop agreeing with computed ones.
const NAMESPACE: Uuid = Uuid::from_u128(0x6f1d_a8c2_53b7_4e09_9c84_2ad7_e05b_91f6);

macro_rules! uuid_ids {
    ($($(#[$meta:meta])* $name:ident;)+) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    )+};
}

uuid_ids! {
    /// A case: one household behind one door in one survey. Computed by [`CaseId::of`].
    CaseId;
    /// A door. Computed from its key by [`DwellingId::of_key`].
    DwellingId;
    /// A building of one area. Computed by [`BuildingId::of`].
    BuildingId;
    /// A visit. The device makes it, so a batch may be sent again without counting a visit twice.
    VisitId;
    /// An interview through all its revisions; made by the device.
    InterviewId;
    /// A batch of records as one device sent it.
    BatchId;
    /// An enrolled device.
    DeviceId;
    /// A suspected or decided duplicate: computed from its two interviews by [`LinkId::of`].
    LinkId;
    /// A record that waits for something.
    HeldId;
    /// One day's sheets as the planner made them.
    PlanId;
    /// A member of the staff. Computed by [`StaffId::of`].
    StaffId;
}

/// The number of a survey inside one installation; never shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SurveyNo(pub i32);

impl fmt::Display for SurveyNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One part of a door's key: compatibility-normalised, trimmed, upper case; leading zeros are kept.
pub fn key_part(text: &str) -> String {
    let folded: String = text.nfkc().collect();
    folded.trim().to_uppercase()
}

/// The key of a door, `district|area|building|unit|room`, each part as [`key_part`] writes it.
pub fn door_key(district: &str, area: &str, building: &str, unit: &str, room: &str) -> String {
    [district, area, building, unit, room].map(key_part).join("|")
}

impl DwellingId {
    /// The id of the door whose key (as [`door_key`] writes it) is given.
    pub fn of_key(key: &str) -> Self {
        Self(Uuid::new_v5(&NAMESPACE, key.as_bytes()))
    }
}

impl BuildingId {
    /// The id of a building, from `district|area|building`, each part as [`key_part`] writes it.
    pub fn of(district: &str, area: &str, building: &str) -> Self {
        let key = [district, area, building].map(key_part).join("|");
        Self(Uuid::new_v5(&NAMESPACE, key.as_bytes()))
    }
}

impl CaseId {
    /// The case of the `household`-th household (counted from 1; 0 is read as 1) behind a door in a survey.
    ///
    /// The first household is named by the survey's slug alone, the n-th by `slug#n`.
    pub fn of(dwelling: DwellingId, survey_slug: &str, household: u32) -> Self {
        if household <= 1 {
            return Self(Uuid::new_v5(&dwelling.0, survey_slug.as_bytes()));
        }
        Self(Uuid::new_v5(&dwelling.0, format!("{survey_slug}#{household}").as_bytes()))
    }
}

impl StaffId {
    /// The id of the person with this login name, as it is stored.
    pub fn of(user: &str) -> Self {
        Self(Uuid::new_v5(&NAMESPACE, format!("staff|{user}").as_bytes()))
    }
}

impl LinkId {
    /// The id of the link between two interviews; the same whichever is named first.
    pub fn of(a: InterviewId, b: InterviewId) -> Self {
        let (low, high) = if a <= b { (a, b) } else { (b, a) };
        Self(Uuid::new_v5(&NAMESPACE, format!("{low}|{high}").as_bytes()))
    }
}

/// The id under which the feed speaks of a form, whose own id is a text.
pub fn form_change_id(form_id: &str) -> Uuid {
    Uuid::new_v5(&NAMESPACE, format!("form|{form_id}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_door_key_is_normalised_and_keeps_leading_zeros() {
        assert_eq!(door_key("410181", " a1 ", "６", "2", "0301"), "410181|A1|6|2|0301");
        assert_eq!(door_key("410181", "A1", "b", "", "ｘ１"), "410181|A1|B||X1");
    }

    #[test]
    fn two_machines_agree_on_ids() {
        let door = DwellingId::of_key(&door_key("410181", "a1", "6", "2", "301"));
        assert_eq!(door, DwellingId::of_key("410181|A1|6|2|301"));
        assert_eq!(CaseId::of(door, "census", 1), CaseId::of(door, "census", 0));
        assert_ne!(CaseId::of(door, "census", 1), CaseId::of(door, "census", 2));
        assert_ne!(CaseId::of(door, "census", 1), CaseId::of(door, "other", 1));
        assert_eq!(BuildingId::of("410181", "a1", " 6"), BuildingId::of("410181", "A1", "６"));
    }

    #[test]
    fn a_link_has_one_id_from_both_sides() {
        let (a, b) = (InterviewId(Uuid::from_u128(1)), InterviewId(Uuid::from_u128(2)));
        assert_eq!(LinkId::of(a, b), LinkId::of(b, a));
    }

    #[test]
    fn ids_are_plain_text_on_the_wire() {
        let id: VisitId = "01900000-0000-7000-8000-000000000001".parse().unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"01900000-0000-7000-8000-000000000001\"");
        assert_eq!(id.to_string(), "01900000-0000-7000-8000-000000000001");
    }
}
