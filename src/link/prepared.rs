//! An interview in the form that is blocked and compared. It can be stored: everything in it is derived by
//! the rules of one [`NORM_VERSION`], and IDs are digests.

use serde::{Deserialize, Serialize};

use super::address::Address;
use super::citizen::DigestKey;
use super::interview::{DwellingGiven, Interview, Respondent};
use super::name::NameForm;
use super::person::{PreparedPerson, Role};
use super::phone;
use super::text::{clean, hash};

/// Version of the normalisation; rows derived under another version must be derived anew.
pub const NORM_VERSION: u16 = 1;

/// Who spoke, as far as it matters for trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// The household itself.
    Own,
    /// Somebody else.
    Proxy,
}

/// Owner or tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tenure {
    /// Owner.
    Own,
    /// Tenant.
    Rent,
}

/// The script most names of the interview are written in; it selects the parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Script {
    /// Han characters, or nothing legible.
    Han,
    /// Latin letters.
    Latin,
}

/// An interview ready to be compared.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Prepared {
    /// The rules it was derived by.
    pub norm_version: u16,
    /// Interview id.
    pub id: String,
    /// Seconds since 1970, UTC; orders interviews, `None` first.
    pub event_time: Option<i64>,
    /// Who spoke.
    pub speaker: Speaker,
    /// Script of the names.
    pub script: Script,
    /// Enumeration area; empty when not given.
    pub area: String,
    /// Hash of the register code; 0 when none was chosen or it is provisional.
    pub code: u64,
    /// The address as read.
    pub address: Address,
    /// Hash of the contact number; 0 when none.
    pub phone: u64,
    /// Owner or tenant.
    pub tenure: Option<Tenure>,
    /// The people listed.
    pub persons: Vec<PreparedPerson>,
}

impl Prepared {
    /// People who live at the door.
    pub fn living(&self) -> usize {
        self.persons.iter().filter(|p| p.is_living()).count()
    }

    /// The order of interviews: event time, then id. It never depends on arrival.
    pub fn order(&self) -> (Option<i64>, &str) {
        (self.event_time, &self.id)
    }
}

/// Normalises an interview; plain IDs become digests under `key` and are gone.
pub fn prepare(interview: &Interview, key: &DigestKey) -> Prepared {
    let mut persons: Vec<PreparedPerson> =
        interview.persons.iter().map(|p| PreparedPerson::read(p, key)).collect();
    drop_shared_ids(&mut persons);
    link_partners(&mut persons);
    let dwelling = &interview.dwelling;
    Prepared {
        norm_version: NORM_VERSION,
        id: interview.interview_id.clone(),
        event_time: interview.device_time.as_deref().and_then(seconds),
        speaker: speaker(interview.respondent),
        script: script(&persons),
        area: dwelling.area.as_deref().map(clean).unwrap_or_default(),
        code: code(dwelling),
        address: Address::read(dwelling),
        phone: interview.household.phone.as_deref().map_or(0, phone::key),
        tenure: match interview.household.tenure.as_deref() {
            Some("own") => Some(Tenure::Own),
            Some("rent") => Some(Tenure::Rent),
            Some(_) | None => None,
        },
        persons,
    }
}

fn seconds(time: &str) -> Option<i64> {
    time.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
}

fn speaker(respondent: Option<Respondent>) -> Speaker {
    match respondent {
        Some(Respondent::Neighbour | Respondent::Manager | Respondent::Relative) => Speaker::Proxy,
        Some(Respondent::Head | Respondent::Member | Respondent::Unknown) | None => Speaker::Own,
    }
}

fn code(dwelling: &DwellingGiven) -> u64 {
    match (&dwelling.code, dwelling.provisional) {
        (Some(code), Some(false) | None) if !code.trim().is_empty() => hash(&[&clean(code)]),
        (Some(_) | None, _) => 0,
    }
}

fn script(persons: &[PreparedPerson]) -> Script {
    let count = |form: NameForm| persons.iter().filter(|p| p.name.form == form).count();
    if count(NameForm::Latin) * 2 > persons.len() { Script::Latin } else { Script::Han }
}

/// A number given for two people of one form belongs to one of them at most, and it is not known to whom.
fn drop_shared_ids(persons: &mut [PreparedPerson]) {
    let digests: Vec<_> = persons.iter().map(|p| p.citizen.map(|c| c.digest)).collect();
    for (person, digest) in persons.iter_mut().zip(&digests) {
        if digest.is_some() && digests.iter().filter(|d| *d == digest).count() > 1 {
            person.citizen = None;
        }
    }
}

/// Head and spouse learn each other's name, for people named by their spouse elsewhere.
fn link_partners(persons: &mut [PreparedPerson]) {
    let only = |role: Role, persons: &[PreparedPerson]| {
        let mut found = persons.iter().enumerate().filter(|(_, p)| p.role == Some(role)).map(|(i, _)| i);
        found.next().filter(|_| found.next().is_none())
    };
    let (Some(head), Some(spouse)) = (only(Role::Head, persons), only(Role::Spouse, persons)) else {
        return;
    };
    persons[head].partner = persons[spouse].name.sound;
    persons[spouse].partner = persons[head].name.sound;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prepared_interview_can_be_stored_and_holds_no_plain_id() {
        let json = r#"{"interview_id":"a","device_time":"2026-11-01T09:05:14+08:00","respondent":"neighbour",
            "dwelling":{"area":"41","code":"N-1","provisional":true,"text":"翠园新城6-2-301"},
            "household":{"phone":"+86 1048 1248 839","tenure":"rent"},
            "persons":[{"person_no":1,"name":"王伟","sex":"m","birth":{"y":1985,"m":null,"d":null},
            "citizen_id":"419999198503074514","relationship":"head","residence_status":"absent_registered"},
            {"person_no":2,"name":"李妹","relationship":"spouse","residence_status":"here_pending"}]}"#;
        let interview: Interview = serde_json::from_str(json).unwrap();
        let prepared = prepare(&interview, &DigestKey::new([7; 32]));
        assert_eq!((prepared.speaker, prepared.code, prepared.living()), (Speaker::Proxy, 0, 1));
        assert_eq!(prepared.persons[0].birth.month, Some(3));
        assert_eq!(prepared.persons[1].partner, prepared.persons[0].name.sound);
        let stored = serde_json::to_string(&prepared).unwrap();
        assert!(!stored.contains("19850307"));
        assert_eq!(serde_json::from_str::<Prepared>(&stored).unwrap(), prepared);
    }

    #[test]
    fn order_is_by_instant_then_id() {
        let at = |time: &str| seconds(time);
        assert_eq!(at("2026-11-01T09:05:14+08:00"), at("2026-11-01T01:05:14Z"));
        assert_eq!(at("yesterday"), None);
    }
}
