//! From rows to the planner's input.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::civil::{Date, Time};
use jiff::{SignedDuration, Timestamp};

use super::{Error, MOST, Question};
use crate::domain::rules::Span;
use crate::domain::{CaseId, Clock, Evidence, Role, fold, voided_visits};
use crate::plan::{Doing, Door as PlanDoor, Enumerator, Hours, Lease, PastVisit, Place};
use crate::setup::{Shifts, parse_hours};
use crate::store::Store;
use crate::store::survey::{Areas, StaffRow};
use crate::surveys::Survey;
use crate::visits::door::{Door, doors as shown_doors};
use crate::visits::evidence_of;

/// A visit no older than this says in which staircase somebody is.
const STILL_THERE: SignedDuration = SignedDuration::from_mins(45);

/// Every case of the area with its past, as the planner and as lists see it.
pub(super) async fn doors(
    store: &Store,
    survey: &Survey,
    q: &Question,
) -> Result<(Vec<PlanDoor>, HashMap<CaseId, Door>), Error> {
    let rows = store.area_cases(survey.key, q.area.range, MOST + 1).await?;
    if i64::try_from(rows.len()).is_ok_and(|n| n > MOST) {
        return Err(Error::TooLarge);
    }
    let ids: Vec<CaseId> = rows.iter().map(|r| r.id).collect();
    let mut evidence = evidence_of(store, survey, &rows).await?;
    let leases = store.standing_assignments(survey.key, &ids).await?;
    let mut held: HashMap<CaseId, Lease> = HashMap::new();
    for a in leases {
        if let Some(until) = a.until {
            held.insert(a.case_id, Lease { user: Arc::from(a.enumerator.as_str()), until });
        }
    }
    let as_of = q.as_of(&survey.rules);
    let all = rows
        .iter()
        .map(|row| {
            let known = evidence.remove(&row.id).unwrap_or_default().as_of(Clock::Event, as_of);
            let standing = fold(&known, &survey.rules);
            PlanDoor {
                case_id: row.id,
                area: Arc::from(row.area.as_str()),
                building: Arc::from(row.building.as_str()),
                unit: Arc::from(row.unit.as_str()),
                floor: row.floor,
                room: Arc::from(row.room.as_str()),
                place: row.position.map(|(lon, lat)| Place { lon, lat }),
                standing,
                visits: past_visits(&known),
                assigned: row.holder.as_deref().map(Arc::from),
                lease: held.get(&row.id).cloned(),
            }
        })
        .collect();
    let shown = shown_doors(store, survey, &rows).await?;
    Ok((all, shown.into_iter().map(|d| (d.id, d)).collect()))
}

/// Doors that began to answer online a short while ago: nobody is sent there, once, unless they have an appointment.
pub(super) async fn answering(
    store: &Store,
    survey: &Survey,
    q: &Question,
    doors: &[PlanDoor],
) -> Result<HashSet<CaseId>, Error> {
    let grace = SignedDuration::from_hours(i64::from(survey.rules.policy.self_response.grace_hours));
    let is_late = survey.rules.calendar.self_response_until().is_some_and(|until| q.on > until);
    if grace.is_zero() || is_late {
        return Ok(HashSet::new());
    }
    let moment = q.now.max(survey.rules.calendar.day_start(q.on));
    let free = doors.iter().filter(|d| d.standing.appointment.is_none());
    let ids: Vec<CaseId> = free.map(|d| d.case_id).collect();
    let begun = store.card_progress(survey.key, &ids).await?;
    let is_recent = |at: Timestamp| at.saturating_add(grace).is_ok_and(|end| end > moment);
    Ok(begun.into_iter().filter(|(_, p)| is_recent(p.started_at)).map(|(case, _)| case).collect())
}

/// The visits that count, voided ones left out.
fn past_visits(evidence: &Evidence) -> Vec<PastVisit> {
    let voided = voided_visits(evidence);
    evidence
        .visits
        .iter()
        .filter(|v| !voided.contains(&v.id))
        .map(|v| PastVisit {
            at: v.at,
            outcome: v.outcome,
            enumerator: Arc::clone(&v.enumerator),
            channel: v.channel,
            informant: v.informant,
        })
        .collect()
}

/// The enumerators who work in the area, with their hours on the day.
pub(super) async fn staff(store: &Store, survey: &Survey, q: &Question) -> Result<Vec<Enumerator>, Error> {
    let rows = store.staff(survey.key, q.area.range).await?;
    let areas = store.areas(survey.key, Areas::Subtree(q.area.range)).await?;
    let mut overrides = q.hours.clone();
    for o in store.overrides(survey.key, q.on, q.on).await? {
        let spans: Vec<Span> = serde_json::from_value(o.spans).unwrap_or_default();
        overrides.entry(o.user).or_insert(spans);
    }
    Ok(rows
        .iter()
        .filter(|s| s.role == Role::Enumerator)
        .map(|s| {
            let own = areas.iter().find(|a| a.code == s.area);
            let reach = own.map(|own| {
                areas
                    .iter()
                    .filter(|a| own.range.contains(a.range.lo))
                    .map(|a| Arc::from(a.code.as_str()))
                    .collect()
            });
            let changed = overrides.get(&s.user);
            Enumerator {
                user: Arc::from(s.user.as_str()),
                areas: reach,
                hours: Some(changed.map_or_else(|| hours(survey, s), |spans| same_every_day(spans))),
                absent: absences(changed, q.on),
                doing: None,
            }
        })
        .collect())
}

/// A plan made during the day leaves alone what somebody is just doing: the stops of the published sheet that lie in the
/// staircase of that person's latest visit today and have not been visited yet.
pub(super) async fn keep_work_in_hand(
    store: &Store,
    survey: &Survey,
    q: &Question,
    doors: &[PlanDoor],
    staff: &mut [Enumerator],
) -> Result<(), Error> {
    let users: Vec<String> = staff.iter().map(|e| e.user.to_string()).collect();
    let sheets = store.sheets(survey.key, Some(&users), q.on).await?;
    if sheets.is_empty() {
        return Ok(());
    }
    let places: HashMap<CaseId, &PlanDoor> = doors.iter().map(|d| (d.case_id, d)).collect();
    let today = survey.rules.calendar.day_start(q.on);
    for person in staff {
        let Some(sheet) = sheets.iter().find(|s| *s.user == *person.user) else {
            continue;
        };
        let stops = sheet.document.get("stops").and_then(serde_json::Value::as_array);
        let planned = stops
            .into_iter()
            .flatten()
            .filter_map(|stop| places.get(&stop.get("case_id")?.as_str()?.parse::<CaseId>().ok()?).copied());
        person.doing = in_hand(&person.user, planned, doors, today, q.now);
    }
    Ok(())
}

/// The stops still to be made in the staircase of the person's latest visit since `today` began.
fn in_hand<'a>(
    user: &str,
    planned: impl Iterator<Item = &'a PlanDoor>,
    doors: &[PlanDoor],
    today: Timestamp,
    now: Timestamp,
) -> Option<Doing> {
    let own = |d: &PlanDoor| {
        d.visits.iter().filter(|v| &*v.enumerator == user && v.at >= today).map(|v| v.at).max()
    };
    let (at, last) =
        doors.iter().filter_map(|d| own(d).map(|at| (at, d))).max_by_key(|(at, d)| (*at, d.case_id))?;
    if now.duration_since(at) > STILL_THERE {
        return None;
    }
    let keep: Vec<_> = planned
        .filter(|d| d.area == last.area && d.building == last.building && d.unit == last.unit)
        .filter(|d| own(d).is_none())
        .map(|d| d.case_id)
        .collect();
    (!keep.is_empty()).then_some(Doing { keep, free_at: now })
}

fn absences(changed: Option<&Vec<Span>>, on: Date) -> Vec<Date> {
    if changed.is_some_and(Vec::is_empty) { vec![on] } else { Vec::new() }
}

/// A person's weekly hours: the staff file's, else the policy's.
pub(super) fn hours(survey: &Survey, staff: &StaffRow) -> Hours {
    let own: Shifts = serde_json::from_value(staff.shifts.clone()).unwrap_or_default();
    let policy = &survey.rules.policy.shift;
    let or = |own: Option<Vec<Span>>, usual: &str| -> Vec<(Time, Time)> {
        times(&own.unwrap_or_else(|| parse_hours(usual).unwrap_or_default()))
    };
    Hours {
        weekday: or(own.weekday, &policy.weekday),
        saturday: or(own.saturday, &policy.saturday),
        sunday: or(own.sunday, &policy.sunday),
    }
}

fn same_every_day(spans: &[Span]) -> Hours {
    Hours { weekday: times(spans), saturday: times(spans), sunday: times(spans) }
}

fn times(spans: &[Span]) -> Vec<(Time, Time)> {
    spans.iter().map(|s| (time(s.from), time(s.to))).collect()
}

/// Minutes since midnight as wall-clock time; the end of the day is its last minute.
fn time(minutes: u16) -> Time {
    let minutes = minutes.min(24 * 60 - 1);
    let (hour, minute) = (i8::try_from(minutes / 60).unwrap_or(23), i8::try_from(minutes % 60).unwrap_or(59));
    Time::new(hour, minute, 0, 0).unwrap_or(Time::MAX)
}
