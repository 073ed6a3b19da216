//! Where the people of a family are registered and slept on the reference night: residents, migrants, students away,
//! newborns whose registration is pending.

use super::dice::Dice;
use super::family::Family;
use crate::domain::code::{HouseholdType, ResidenceStatus, Tenure};
use jiff::civil::Date;

/// Where a person slept and is registered, seen from the door.
#[derive(Clone, Debug, PartialEq)]
pub struct Stay {
    /// Slept here on the reference night.
    pub here: bool,
    /// Item D7, if written down.
    pub stayed_at: Option<u8>,
    /// Item D8, if written down.
    pub registered_at: Option<u8>,
    /// Item D9, if asked.
    pub time_away: Option<u8>,
    /// As the enumerator codes it.
    pub status: ResidenceStatus,
    /// The other place.
    pub other_address: Option<String>,
}

impl Stay {
    /// Lives and is registered here.
    pub const HOME: Self = Self {
        here: true,
        stayed_at: Some(1),
        registered_at: Some(1),
        time_away: Some(1),
        status: ResidenceStatus::HereRegistered,
        other_address: None,
    };
}

/// Places people are registered at or have gone to, other than this county.
const ELSEWHERE: &[&str] = &[
    "河南省洛阳市偃师区",
    "河南省郑州市中原区",
    "河南省周口市太康县",
    "河南省南阳市邓州市",
    "河南省开封市杞县",
    "山西省晋城市泽州县",
    "安徽省阜阳市临泉县",
    "河北省邯郸市大名县",
    "山东省菏泽市曹县",
    "广东省深圳市龙岗区",
    "浙江省金华市义乌市",
    "江苏省苏州市昆山市",
];
/// Other townships of the county.
const COUNTY: &[&str] = &["回郭镇", "站街镇", "小关镇", "米河镇", "鲁庄镇", "涉村镇"];

/// Decides for each person where they are registered and whether they were away on the reference night.
pub(super) fn settle(dice: &mut Dice, family: &mut Family, reference: Date) {
    let migrant = match family.tenure {
        Tenure::Rent => 0.7,
        Tenure::Own => 0.12,
    };
    let together = registered_elsewhere(dice, migrant);
    for at in 0..family.persons.len() {
        let age = family.persons[at].age(reference);
        let apart = family.household_type == HouseholdType::Collective;
        let stay = match &together {
            Some(stay) if !apart => stay.clone(),
            Some(_) | None if apart => registered_elsewhere(dice, migrant).unwrap_or(Stay::HOME),
            Some(_) | None => Stay::HOME,
        };
        family.persons[at].stay = if age == 0 && dice.chance(0.3) {
            let status = ResidenceStatus::HerePending;
            Stay { registered_at: Some(5), time_away: None, status, other_address: None, ..Stay::HOME }
        } else if at > 0 && stay == Stay::HOME && (17..=40).contains(&age) && dice.chance(0.25) {
            away(dice)
        } else {
            stay
        };
    }
}

/// Registered at another place: another county, or another township of this one.
fn registered_elsewhere(dice: &mut Dice, p: f64) -> Option<Stay> {
    dice.chance(p).then(|| {
        let far = dice.chance(0.75);
        let place = if far { dice.pick(ELSEWHERE) } else { dice.pick(COUNTY) };
        Stay {
            registered_at: Some(if far { 4 } else { 3 }),
            time_away: u8::try_from(dice.range(2, 8)).ok(),
            status: ResidenceStatus::HereElsewhere,
            other_address: dice.chance(0.8).then(|| place.to_owned()),
            ..Stay::HOME
        }
    })
}

/// Registered here, away to study or work.
fn away(dice: &mut Dice) -> Stay {
    let stayed_at = dice.weighted(&[(5, 0.75), (4, 0.2), (6, 0.05)]);
    let place = if stayed_at == 4 { dice.pick(COUNTY) } else { dice.pick(ELSEWHERE) };
    Stay {
        here: false,
        stayed_at: Some(stayed_at),
        registered_at: Some(1),
        time_away: u8::try_from(dice.range(2, 6)).ok(),
        status: ResidenceStatus::AbsentRegistered,
        other_address: (stayed_at != 6 && dice.chance(0.8)).then(|| place.to_owned()),
    }
}

/// Everybody of the family is registered here and lives elsewhere.
pub(super) fn all_away(dice: &mut Dice, family: &mut Family) {
    let place = dice.pick(&["郑州市金水区", "洛阳市西工区", "上海市闵行区", "新郑市"]);
    let years = u8::try_from(dice.range(3, 8)).unwrap_or(4);
    for person in &mut family.persons {
        person.stay = Stay {
            here: false,
            stayed_at: Some(5),
            registered_at: Some(1),
            time_away: Some(years),
            status: ResidenceStatus::AbsentRegistered,
            other_address: Some(place.to_owned()),
        };
    }
}
