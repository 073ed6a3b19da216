//! What the people of an area did on one day: knocks, contacts, interviews, doors completed, hours. Counted from the evidence
//! in force, by the clock of the field.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};
use uuid::Uuid;

use crate::domain::{
    AreaRange, CaseId, Channel, Class, CompletedBy, Evidence, Outcome, State, fold, interviews_in_force,
    visits_in_force,
};
use crate::store::case::CasePlace;
use crate::store::evidence::load_evidence;
use crate::store::worker::WorkedCase;
use crate::store::{Error, Store, SurveyKey};
use crate::surveys::Survey;

/// Cases read at once.
const PAGE: usize = 2_000;
/// A longer pause between two visits is no work.
const PAUSE: SignedDuration = SignedDuration::from_mins(60);

/// One person's day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Day {
    /// Visits in person, one that two devices sent once.
    pub knocks: i64,
    /// Those of them at which somebody was met.
    pub contacts: i64,
    /// Interviews in force.
    pub interviews: i64,
    /// Doors that these interviews complete now.
    pub completed: i64,
    /// Refusals among the knocks.
    pub refusals: i64,
    /// The first knock.
    pub first_at: Option<Timestamp>,
    /// The last knock.
    pub last_at: Option<Timestamp>,
    /// From the first to the last, less long pauses.
    pub minutes: i64,
}

impl Day {
    /// Adds another one's counts.
    pub fn add(&mut self, other: &Self) {
        self.knocks += other.knocks;
        self.contacts += other.contacts;
        self.interviews += other.interviews;
        self.completed += other.completed;
        self.refusals += other.refusals;
        self.minutes += other.minutes;
    }
}

/// An interview of the day, and whether it completes its door.
struct Taken {
    id: Uuid,
    revision: i32,
    completes: bool,
}

/// What each person did in a range of areas on a day of the survey's zone.
pub async fn day(
    store: &Store,
    survey: &Survey,
    range: AreaRange,
    on: Date,
) -> Result<BTreeMap<String, Day>, Error> {
    let calendar = &survey.rules.calendar;
    let span = (calendar.day_start(on), calendar.day_start(on.saturating_add(1.day())));
    let mut knocks: BTreeMap<String, Vec<Timestamp>> = BTreeMap::new();
    let mut days: BTreeMap<String, Day> = BTreeMap::new();
    let mut taken = Vec::new();
    let mut after = CasePlace::START;
    loop {
        let most = i64::try_from(PAGE).unwrap_or(i64::MAX);
        let page = store.active_cases(survey.key, range, span.0, after, most).await?;
        let decided: Vec<CaseId> =
            page.iter().filter(|c| c.decisions > 0 || c.taken.is_none()).map(|c| c.id).collect();
        let mut read = evidence(store, survey.key, decided).await?;
        for case in &page {
            let evidence = read.remove(&case.id).unwrap_or_else(|| own(case));
            note_visits(&evidence, survey, span, (&mut days, &mut knocks));
            note_interviews(&evidence, survey, span, case.state, &mut taken);
        }
        match page.last() {
            Some(last) if page.len() == PAGE => after = last.place,
            Some(_) | None => break,
        }
    }
    let ids: Vec<Uuid> = taken.iter().map(|t| t.id).collect();
    let interviewers = store.interviewers(survey.key, &ids).await?;
    for t in &taken {
        if let Some(user) = interviewers.get(&(t.id, t.revision)).filter(|user| !user.is_empty()) {
            let day = days.entry(user.clone()).or_default();
            day.interviews += 1;
            day.completed += i64::from(t.completes);
        }
    }
    for (user, times) in knocks {
        let day = days.entry(user).or_default();
        (day.first_at, day.last_at, day.minutes) = hours(times);
    }
    Ok(days)
}

fn own(case: &WorkedCase) -> Evidence {
    let taken = case.taken.clone().unwrap_or_default();
    let interviews = taken.interviews.into_iter().map(|(i, _)| i).collect();
    Evidence { visits: taken.visits, interviews, decisions: Vec::new() }
}

async fn evidence(
    store: &Store,
    key: SurveyKey,
    cases: Vec<CaseId>,
) -> Result<HashMap<CaseId, Evidence>, Error> {
    if cases.is_empty() {
        return Ok(HashMap::new());
    }
    store
        .reading("evidence_of_people", move |tx| {
            let cases = cases.clone();
            Box::pin(async move { load_evidence(tx, key, &cases).await })
        })
        .await
}

fn note_visits(
    evidence: &Evidence,
    survey: &Survey,
    (from, to): (Timestamp, Timestamp),
    (days, knocks): (&mut BTreeMap<String, Day>, &mut BTreeMap<String, Vec<Timestamp>>),
) {
    for visit in visits_in_force(evidence, &survey.rules) {
        if visit.channel != Channel::InPerson || visit.at < from || visit.at >= to {
            continue;
        }
        let class = visit.outcome.class();
        let day = days.entry(visit.enumerator.to_string()).or_default();
        day.knocks += 1;
        let is_contact = matches!(class, Class::I | Class::P | Class::R | Class::O);
        day.contacts += i64::from(is_contact || visit.outcome == Outcome::RespondentAway);
        day.refusals += i64::from(class == Class::R);
        knocks.entry(visit.enumerator.to_string()).or_default().push(visit.at);
    }
}

fn note_interviews(
    evidence: &Evidence,
    survey: &Survey,
    (from, to): (Timestamp, Timestamp),
    state: State,
    taken: &mut Vec<Taken>,
) {
    let in_force = interviews_in_force(evidence, &survey.rules);
    if in_force.is_empty() {
        return;
    }
    let standing = fold(evidence, &survey.rules);
    let is_own = standing.completed_by != Some(CompletedBy::SelfResponse);
    for force in in_force {
        let text = evidence.interviews.iter().find(|i| i.id == force.id && i.revision == force.revision);
        if !text.is_some_and(|i| i.at >= from && i.at < to) {
            continue;
        }
        let is_current = standing.current == Some((force.id, force.revision));
        taken.push(Taken {
            id: force.id.0,
            revision: force.revision,
            completes: state == State::Completed && is_own && is_current,
        });
    }
}

/// First and last of some moments, and the minutes between them less long pauses.
fn hours(mut times: Vec<Timestamp>) -> (Option<Timestamp>, Option<Timestamp>, i64) {
    times.sort_unstable();
    let worked: SignedDuration =
        times.windows(2).map(|pair| pair[1].duration_since(pair[0])).filter(|gap| *gap <= PAUSE).sum();
    (times.first().copied(), times.last().copied(), worked.as_mins())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_pauses_are_no_work() {
        let at = |text: &str| format!("2020-11-05T{text}:00+08:00").parse::<Timestamp>().unwrap();
        let (first, last, minutes) = hours(vec![at("20:10"), at("18:00"), at("18:30"), at("20:00")]);
        assert_eq!((first, last, minutes), (Some(at("18:00")), Some(at("20:10")), 40));
        assert_eq!(hours(Vec::new()), (None, None, 0));
    }
}
