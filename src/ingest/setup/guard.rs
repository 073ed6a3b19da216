//! What is asked about before a set-up is applied: lists that lack so much that they cannot be the whole truth.

use std::collections::HashSet;

use crate::domain::{Policy, Role, UserName};
use crate::ingest::Error;
use crate::setup::{Answered, Question, Setup, StaffRow};
use crate::store::load::{self, Found, Lost};
use crate::store::{SurveyKey, Tx};
use crate::surveys::Survey;

/// So few things may always go without a question.
const FEW: i64 = 20;
/// Where most of the missing doors are: so many places are named.
const PLACES: i64 = 5;
/// So many names are given as examples.
const NAMES: usize = 8;

/// Whether more than a few go, and more than a quarter.
fn is_much(gone: i64, of: i64) -> bool {
    gone > FEW && gone * 4 > of
}

/// Asks about the survey itself: another id for a survey that is under way, a later start, rules that are gone.
pub(super) async fn ask_survey(
    tx: &Tx,
    setup: &Setup,
    survey: &Survey,
    found: Option<&Found>,
    asked: &mut Answered,
) -> Result<(), Error> {
    let Some(found) = found else {
        return Ok(());
    };
    let moved = found.starts_on != survey.starts_on || found.time_zone != survey.time_zone;
    if moved {
        let records = load::recorded_before(tx, found.key, survey.opens_at()).await?;
        if records > 0 {
            asked.ask(Question::StartsLater { records, day: survey.starts_on.to_string() });
        }
    }
    let tables = rules_gone(&found.policy, &setup.survey.policy);
    if !tables.is_empty() && load::has_records(tx, found.key).await? {
        asked.ask(Question::RulesGone { tables });
    }
    Ok(())
}

/// The tables of the stored policy that are not as the defaults, where the new policy is the defaults throughout.
fn rules_gone(stored: &serde_json::Value, new: &Policy) -> Vec<String> {
    let plain = Policy::default();
    let Ok(serde_json::Value::Object(defaults)) = serde_json::to_value(&plain) else { return Vec::new() };
    if *new != plain {
        return Vec::new();
    }
    let own = |(name, value): (&String, &serde_json::Value)| {
        stored.get(name).is_some_and(|own| own != value).then(|| name.clone())
    };
    defaults.iter().filter_map(own).collect()
}

/// Asks whether a new survey is meant where one over the same doors and people is under way. The list has been copied.
pub(super) async fn ask_second(
    tx: &Tx,
    key: SurveyKey,
    setup: &Setup,
    asked: &mut Answered,
) -> Result<(), Error> {
    let days = (setup.survey.starts_on, setup.survey.ends_on);
    for (other, slug) in load::under_way(tx, key.district, days).await? {
        if other == key {
            continue;
        }
        let doors = load::shared_doors(tx, other).await?;
        let listed = i64::try_from(setup.dwellings.len()).unwrap_or(i64::MAX);
        let staff = load::active_staff(tx, other).await?;
        let here = names(&setup.staff);
        let people = staff.iter().filter(|(user, _)| here.contains(UserName::of(user).key())).count();
        if doors > 0 && doors * 2 > listed && people * 2 > staff.len() {
            asked.ask(Question::SecondSurvey { slug: setup.survey.slug.clone(), other: slug, doors });
        }
    }
    Ok(())
}

fn names(staff: &[StaffRow]) -> HashSet<String> {
    staff.iter().map(|s| UserName::of(&s.user).key().to_owned()).collect()
}

/// Asks about staff who are no longer listed: ending their work cuts their phones off.
pub(super) async fn ask_staff(
    tx: &Tx,
    key: SurveyKey,
    setup: &Setup,
    asked: &mut Answered,
) -> Result<(), Error> {
    let before = load::active_staff(tx, key).await?;
    if let Some(question) = staff_gone(&before, &setup.staff) {
        asked.ask(question);
    }
    Ok(())
}

/// A question when everybody goes, everybody of a role (unless it is one person), or most of a role.
fn staff_gone(before: &[(String, Role)], now: &[StaffRow]) -> Option<Question> {
    let listed = names(now);
    let is_gone = |user: &str| !listed.contains(UserName::of(user).key());
    let is_all = before.iter().all(|(user, _)| is_gone(user));
    let (mut roles, mut users) = (Vec::new(), Vec::new());
    for role in Role::ALL {
        let of: Vec<&str> = before.iter().filter(|b| b.1 == *role).map(|b| b.0.as_str()).collect();
        let gone: Vec<&str> = of.iter().copied().filter(|user| is_gone(user)).collect();
        let is_empty = gone.len() > 1 && now.iter().all(|s| s.role != *role);
        if !gone.is_empty() && (is_all || is_empty || (gone.len() > 3 && gone.len() * 2 > of.len())) {
            roles.push((role.slug(), gone.len(), of.len()));
            users.extend(gone.into_iter().map(str::to_owned));
        }
    }
    users.truncate(NAMES);
    (!roles.is_empty()).then_some(Question::StaffGone { roles, users })
}

/// Asks about areas that are left out; returns how many are.
pub(super) async fn ask_areas(
    tx: &Tx,
    key: SurveyKey,
    setup: &Setup,
    asked: &mut Answered,
) -> Result<usize, Error> {
    let before = load::area_codes(tx, key).await?;
    let listed: HashSet<&str> = setup.areas.iter().map(|a| &*a.code).collect();
    let mut codes: Vec<String> =
        before.iter().filter(|code| !listed.contains(code.as_str())).cloned().collect();
    let (gone, there) = (codes.len(), before.len());
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    if is_much(count(gone), count(there)) {
        codes.truncate(NAMES);
        asked.ask(Question::AreasGone { gone, there, codes });
    }
    Ok(gone)
}

/// Asks about doors that the list lacks; `there` were known before.
pub(super) async fn ask_doors(
    tx: &Tx,
    setup: &Setup,
    lost: Lost,
    there: i64,
    asked: &mut Answered,
) -> Result<(), Error> {
    if setup.dwellings.is_empty() {
        asked.ask(Question::NoDoors { there });
    } else if lost.removed > FEW && is_much(lost.removed + lost.kept_now, there) {
        let places = load::places_of_lost(tx, PLACES).await?;
        asked.ask(Question::DoorsGone { removed: lost.removed, kept: lost.kept_now, there, places });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setup::Shifts;

    fn staff(list: &[(&str, Role)]) -> Vec<StaffRow> {
        let row = |(user, role): &(&str, Role)| StaffRow {
            user: (*user).to_owned(),
            name: String::new(),
            role: *role,
            area: "A".into(),
            shifts: Shifts::default(),
            line: 2,
        };
        list.iter().map(row).collect()
    }

    fn before(list: &[(&str, Role)]) -> Vec<(String, Role)> {
        list.iter().map(|(user, role)| ((*user).to_owned(), *role)).collect()
    }

    #[test]
    fn a_few_people_come_and_go_without_a_question() {
        use Role::{Enumerator as E, Supervisor as S};
        let was = before(&[("e1", E), ("e2", E), ("e3", E), ("s1", S)]);
        let goes = |now: &[(&str, Role)]| staff_gone(&was, &staff(now));
        assert_eq!(goes(&[("E1", E), ("s1", S)]), None, "two of three, and names by any case");
        assert_eq!(goes(&[("e1", E), ("s2", S)]), None, "a supervisor is replaced");
        assert_eq!(goes(&[("e7", E), ("e8", E), ("s1", S)]), None, "a crew is replaced");
        assert!(goes(&[]).is_some());
        assert!(goes(&[("s1", S)]).is_some(), "no enumerator is left");
        assert!(goes(&[("x1", E), ("x2", S)]).is_some(), "nobody of before is left");
    }

    #[test]
    fn most_of_a_large_crew_does_not_go_without_a_question() {
        use Role::Enumerator as E;
        let all: Vec<(&str, Role)> = ["a", "b", "c", "d", "e", "f", "g"].iter().map(|u| (*u, E)).collect();
        assert_eq!(staff_gone(&before(&all), &staff(&all[3..])), None, "three of seven");
        let Some(Question::StaffGone { roles, users }) = staff_gone(&before(&all), &staff(&all[4..])) else {
            panic!("four of seven go without a question")
        };
        assert_eq!((roles, users.len()), (vec![("enumerator", 4, 7)], 4));
    }

    #[test]
    fn rules_are_gone_when_nothing_but_defaults_is_left() {
        let plain = Policy::default();
        let mut own = plain.clone();
        own.closing.max_attempts = 9;
        let stored = serde_json::to_value(&own).unwrap();
        assert_eq!(rules_gone(&stored, &plain), ["closing"]);
        assert_eq!(rules_gone(&stored, &own), Vec::<String>::new());
        assert_eq!(rules_gone(&serde_json::to_value(&plain).unwrap(), &plain), Vec::<String>::new());
    }
}
