//! From stored forms to interviews as the linker reads them. Citizen IDs are digests already and stay so.

use crate::domain::code::Respondent;
use crate::link::address::Address;
use crate::link::interview::{
    BirthGiven, DwellingGiven, HouseholdGiven, Interview, PersonGiven, Respondent as Speaker,
};
use crate::link::{Citizen, Digest, DigestKey, IdGiven, IdQuality, Prepared, prepare};
use crate::store::link::text::{FormPerson, FormRow};

/// Levels of areas whose name people write into an address.
const ESTATES: [&str; 8] = ["estate", "village", "compound", "neighbourhood", "小区", "村", "社区", "院"];

/// A stored form, normalised. IDs hashed under another key than `key_id` cannot be compared and are left out.
pub(super) fn prepared(form: &FormRow, key_id: &str) -> Prepared {
    // No plain number is left in a stored form, so this key never hashes anything.
    prepare(&interview(form, key_id), &DigestKey::new([0; 32]))
}

fn interview(form: &FormRow, key_id: &str) -> Interview {
    Interview {
        interview_id: form.interview.to_string(),
        device_time: Some(form.at.to_string()),
        respondent: Some(speaker(form.respondent)),
        dwelling: dwelling(form),
        household: HouseholdGiven {
            phone: form.phone.clone(),
            persons_living_here: None,
            tenure: tenure(&form.household),
        },
        persons: form.people.iter().map(|p| person(p, key_id)).collect(),
    }
}

fn speaker(respondent: Respondent) -> Speaker {
    match respondent {
        Respondent::Head => Speaker::Head,
        Respondent::Member => Speaker::Member,
        Respondent::Neighbour => Speaker::Neighbour,
        Respondent::Manager => Speaker::Manager,
        Respondent::Relative => Speaker::Relative,
    }
}

fn tenure(household: &str) -> Option<String> {
    let items: serde_json::Value = serde_json::from_str(household).ok()?;
    items.get("tenure")?.as_str().map(str::to_owned)
}

/// The door chosen and the address written down are kept apart: where they disagree, either may be right.
fn dwelling(form: &FormRow) -> DwellingGiven {
    let text = form.address_text.clone().unwrap_or_default();
    let written = Address::parse(&text);
    let is_named = form.area_level.as_deref().is_some_and(|level| ESTATES.contains(&level));
    let estate = form.area_name.clone().filter(|_| is_named && written.estate.is_empty());
    let listed = |part: &str| (!written.is_door()).then(|| part.to_owned());
    DwellingGiven {
        area: Some(form.area.clone()),
        code: Some(form.dwelling_id.to_string()),
        provisional: Some(!form.is_listed),
        estate,
        building: listed(&form.building),
        unit: listed(&form.unit),
        room: listed(&form.room),
        text: Some(text),
    }
}

fn person(p: &FormPerson, key_id: &str) -> PersonGiven {
    let [y, m, d] = p.birth.map(|part| part.map(i32::from));
    PersonGiven {
        person_no: u32::try_from(p.person_no).unwrap_or_default(),
        name: Some(p.name.clone()),
        given_name: p.given_name.clone(),
        surname: p.surname.clone(),
        sex: p.sex.map(|s| s.slug().to_owned()),
        birth: Some(BirthGiven { y, m, d }),
        citizen_id: citizen(p, key_id).map(IdGiven::Digested),
        relationship: p.relationship.map(|r| r.slug().to_owned()),
        residence_status: p.residence_status.map(|s| s.slug().to_owned()),
        other_address: p.other_address.clone(),
    }
}

fn citizen(p: &FormPerson, key_id: &str) -> Option<Citizen> {
    let (hash, _) = p.citizen.as_ref().filter(|(_, key)| key == key_id)?;
    let head = hash.get(..16)?.iter().fold(0_u128, |sum, byte| (sum << 8) | u128::from(*byte));
    let quality = if p.is_id_repaired { IdQuality::Repaired } else { IdQuality::Valid };
    Some(Citizen { digest: Digest(head), quality })
}
