//! Fills in forms: what a family, a neighbour or a second enumerator makes of the same household. Names are misheard,
//! numbers mistyped, days of birth forgotten, another person named as the head.

use super::dice::Dice;
use super::family::{Family, Person as Member};
use super::names;
use super::number;
use super::record::{Accepted, Birth, Household, Interview, Person};
use crate::domain::code::{HouseholdType, InterviewResult, Relationship, ResidenceStatus, Respondent, Sex};
use jiff::ToSpan;
use jiff::civil::Date;
use uuid::Uuid;

/// How well a form is filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Care {
    /// By the household, with its papers on the table.
    Usual,
    /// A second time, by somebody else: everything may be written a little differently.
    Again,
    /// Only the household's size and the head's name.
    Partial,
    /// By a neighbour or the property manager.
    Hearsay,
}

/// What a form is about.
#[derive(Clone, Copy, Debug)]
pub struct Occasion<'a> {
    /// The form's id.
    pub id: Uuid,
    /// The door.
    pub case_id: Uuid,
    /// The visit.
    pub visit_id: Uuid,
    /// When, by the device's clock.
    pub at: &'a str,
    /// The day ages are counted for.
    pub reference: Date,
    /// Who answers.
    pub respondent: Respondent,
    /// How well.
    pub care: Care,
}

/// The form of `family` on one occasion, with `address` as the enumerator wrote it.
pub fn fill(dice: &mut Dice, family: &Family, occasion: &Occasion<'_>, address: Option<String>) -> Interview {
    let members = in_order(dice, family, occasion.care);
    let listed = if occasion.care == Care::Partial { 1 } else { members.len() };
    let persons: Vec<_> = members
        .iter()
        .take(listed)
        .enumerate()
        .map(|(at, member)| match occasion.care {
            Care::Hearsay => by_hearsay(dice, at, member, occasion.reference),
            Care::Usual | Care::Again | Care::Partial => in_full(dice, at, member, occasion),
        })
        .collect();
    Interview {
        id: occasion.id,
        case_id: occasion.case_id,
        visit_id: occasion.visit_id,
        revision: 1,
        result: if occasion.care == Care::Partial {
            InterviewResult::Partial
        } else {
            InterviewResult::Complete
        },
        at: occasion.at.to_owned(),
        respondent: occasion.respondent,
        household: household(dice, family, occasion),
        address_text: address,
        persons,
        answers: Accepted { heating: dice.pick(&["central", "gas", "electric", "none"]) },
    }
}

fn household(dice: &mut Dice, family: &Family, occasion: &Occasion<'_>) -> Household {
    let members = &family.persons;
    let n_stayed = members.iter().filter(|person| person.stay.here).count();
    let year_before = occasion.reference.saturating_sub(1.year());
    let born = |sex| members.iter().filter(|p| p.sex == sex && p.birth >= year_before).count();
    let hearsay = occasion.care == Care::Hearsay;
    let deaths = usize::from(!hearsay && dice.chance(0.006));
    Household {
        household_type: family.household_type,
        phone: if hearsay { None } else { family.phone.clone() },
        n_stayed,
        n_registered_absent: members.len() - n_stayed,
        births_m: born(Sex::M),
        births_f: born(Sex::F),
        deaths_m: deaths,
        deaths_f: 0,
        dwelling_kind: 1,
        floor_area_m2: (!hearsay).then_some(family.floor_area_m2),
        rooms: (!hearsay).then_some(family.rooms),
        tenure: (!hearsay || dice.chance(0.5)).then_some(family.tenure),
    }
}

/// The members, the head first; on a second occasion husband and wife may have changed places.
fn in_order(dice: &mut Dice, family: &Family, care: Care) -> Vec<Member> {
    let mut members = family.persons.clone();
    let changed = match care {
        Care::Again | Care::Hearsay => dice.chance(0.3),
        Care::Usual | Care::Partial => false,
    };
    let Some(spouse) = family.spouse().filter(|_| changed) else {
        return members;
    };
    members.swap(0, spouse);
    for member in &mut members {
        member.relationship = match member.relationship {
            Relationship::Head => Relationship::Spouse,
            Relationship::Spouse => Relationship::Head,
            Relationship::Parent => Relationship::ParentInLaw,
            Relationship::ParentInLaw => Relationship::Parent,
            same @ (Relationship::Child
            | Relationship::Grandparent
            | Relationship::ChildInLaw
            | Relationship::Grandchild
            | Relationship::Sibling
            | Relationship::Other) => same,
        };
    }
    members
}

/// A person as the household tells it.
fn in_full(dice: &mut Dice, at: usize, member: &Member, occasion: &Occasion<'_>) -> Person {
    let again = occasion.care == Care::Again;
    let age = member.age(occasion.reference);
    let day_known = !dice.chance(if again { 0.3 } else { 0.12 });
    let birth = Birth {
        y: member.birth.year(),
        m: Some(member.birth.month()),
        d: day_known.then(|| member.birth.day()),
    };
    Person {
        person_no: at + 1,
        name: told_name(dice, member, age, again),
        sex: member.sex,
        birth: Some(birth),
        citizen_id: told_number(dice, member, again),
        relationship: Some(member.relationship),
        ethnicity: Some(if dice.chance(0.012) { "03" } else { "01" }),
        stayed_here: member.stay.here,
        stayed_at: member.stay.stayed_at,
        registered_at: member.stay.registered_at,
        time_away: member.stay.time_away,
        education: education(dice, age),
        literate: (age >= 15).then_some(if age > 70 && dice.chance(0.15) { 2 } else { 1 }),
        residence_status: Some(member.stay.status),
        other_address: member.stay.other_address.clone(),
    }
}

/// The name as it is written down.
fn told_name(dice: &mut Dice, member: &Member, age: i16, again: bool) -> String {
    if dice.chance(if again { 0.14 } else { 0.015 }) {
        names::misheard(dice, &member.name).full()
    } else if age == 0 && dice.chance(0.3) {
        "宝宝".to_owned()
    } else {
        member.name.full()
    }
}

/// The citizen ID as it is written down: now and then not at all, or with a slip.
fn told_number(dice: &mut Dice, member: &Member, again: bool) -> Option<String> {
    let number = member.citizen_id.as_deref()?;
    if dice.chance(if again { 0.15 } else { 0.06 }) {
        return None;
    }
    Some(if dice.chance(0.012) { number::mistyped(dice, number) } else { number.to_owned() })
}

/// Item D11 by age: asked from 3 years on.
fn education(dice: &mut Dice, age: i16) -> Option<u8> {
    let code = match age {
        ..3 => return None,
        3..6 => 2,
        6..12 => 3,
        12..15 => 4,
        15..18 => 5,
        18..45 => dice.weighted(&[(4, 3.0), (5, 3.0), (6, 2.0), (7, 1.6), (8, 0.2)]),
        45.. => dice.weighted(&[(1, 0.4), (3, 2.0), (4, 4.0), (5, 2.0), (6, 0.6)]),
    };
    Some(code)
}

/// A person as somebody else tells it: no papers, a rough age, often hardly a name.
fn by_hearsay(dice: &mut Dice, at: usize, member: &Member, reference: Date) -> Person {
    let name = if dice.chance(0.3) {
        names::misheard(dice, &member.name).full()
    } else {
        names::vague(dice, &member.name, member.sex, member.age(reference))
    };
    let off = i16::try_from(dice.range(-3, 3)).unwrap_or(0);
    let year = (member.birth.year() + off).min(reference.year());
    Person {
        person_no: at + 1,
        name,
        sex: member.sex,
        birth: dice.chance(0.75).then_some(Birth { y: year, m: None, d: None }),
        citizen_id: None,
        relationship: Some(member.relationship),
        ethnicity: None,
        stayed_here: member.stay.here,
        stayed_at: None,
        registered_at: None,
        time_away: None,
        education: None,
        literate: None,
        residence_status: Some(if member.stay.here {
            ResidenceStatus::HereRegistered
        } else {
            member.stay.status
        }),
        other_address: None,
    }
}

/// The form with one of the errors that make it unusable until a higher revision mends it.
pub fn spoilt(dice: &mut Dice, form: &Interview) -> Interview {
    let mut form = form.clone();
    let several = form.persons.len() > 1 && form.household.household_type == HouseholdType::Family;
    match dice.range(0, 2) {
        0 if several => form.persons[1].relationship = Some(Relationship::Head),
        1 if several => form.persons[1].person_no = 1,
        _ => form.household.n_stayed += 1,
    }
    form
}

/// The next revision of a form, with something set right that was wrong or missing.
pub fn corrected(dice: &mut Dice, form: &Interview) -> Interview {
    let mut form = form.clone();
    form.revision += 1;
    let at = dice.below(form.persons.len());
    if let Some(birth) = form.persons.get_mut(at).and_then(|person| person.birth.as_mut()) {
        birth.d = i8::try_from(dice.range(1, 28)).ok();
    }
    form.household.rooms = form.household.rooms.map(|rooms| rooms % 4 + 1);
    form
}
