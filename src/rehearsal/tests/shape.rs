//! What the records of a rehearsal must be, and what a week of them must contain.

use super::{forms, records, text, visits, week};
use crate::domain::citizen_id;
use crate::domain::code::{Channel, Datum, Informant, InterviewResult, Outcome, ResidenceStatus, State};
use crate::domain::evidence::{Evidence, Interview, PersonCounts, Visit, Window};
use crate::domain::fold::fold;
use crate::domain::form::{self, Asked, Severity, check_form};
use crate::domain::ids::{CaseId, InterviewId, VisitId};
use crate::domain::rules::Rules;
use crate::domain::{phone, place};
use crate::rehearsal::record::{self, Record};
use crate::setup::Setup;
use jiff::Timestamp;
use std::collections::{BTreeMap, HashMap, HashSet};
use uuid::Uuid;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The form as the rules read it.
fn as_read(form: &record::Interview) -> (form::Household, Vec<form::Person>) {
    let household = serde_json::to_value(&form.household).unwrap();
    let persons = form
        .persons
        .iter()
        .map(|person| serde_json::from_value(serde_json::to_value(person).unwrap()).unwrap());
    (serde_json::from_value(household).unwrap(), persons.collect())
}

#[test]
fn every_form_passes_the_checks_or_is_mended_by_a_higher_revision() {
    let (setup, batches) = week(4);
    let reference = setup.survey.zone().to_datetime(setup.survey.reference_at).date();
    let forms = forms(&batches);
    let (mut warned, mut spoilt) = (BTreeMap::new(), 0);
    for form in &forms {
        let (household, persons) = as_read(form);
        let issues = check_form(&household, &persons, Asked { result: form.result, reference });
        let broken = issues.iter().any(|issue| issue.severity == Severity::Error);
        let mended = forms.iter().any(|other| other.id == form.id && other.revision > form.revision);
        // What was to be mended in the last days may still wait on its device.
        assert!(!broken || mended || form.at.as_str() >= "2020-11-06", "{}: {issues:?}", form.at);
        spoilt += usize::from(broken);
        for issue in issues.iter().filter(|issue| issue.severity == Severity::Warning) {
            *warned.entry(issue.reason).or_insert(0) += 1;
        }
    }
    assert!((3..60).contains(&spoilt), "{spoilt}");
    assert!(warned.values().sum::<usize>() * 12 < forms.len(), "{warned:?}");
}

#[test]
fn persons_are_invented_and_their_numbers_nobodys() {
    let (_, batches) = week(4);
    let mut slips = 0;
    let mut numbers = 0;
    for person in forms(&batches).into_iter().flat_map(|form| &form.persons) {
        let Some(number) = &person.citizen_id else {
            continue;
        };
        numbers += 1;
        assert!(number.starts_with("419999") && number.len() == 18);
        match citizen_id::check(number) {
            Ok(id) => assert!(id.agrees(person.birth.map(|birth| (birth.y, birth.m)), Some(person.sex))),
            Err(_) => slips += 1,
        }
    }
    assert!(numbers > 2000 && (5..numbers / 40).contains(&slips), "{slips} of {numbers}");
    for household in forms(&batches).into_iter().map(|form| &form.household) {
        let Some(number) = &household.phone else { continue };
        assert!(number.starts_with("10") && number.len() == 11 && !phone::is_mobile(number));
    }
    // No other run of 18 characters looks like a citizen ID.
    let all = text(&batches);
    let runs = all.split(|c: char| !c.is_ascii_digit() && c != 'X').filter(|run| run.len() == 18);
    assert!(runs.clone().count() > 2000 && runs.into_iter().all(|run| run.starts_with("419999")));
}

#[test]
fn every_record_points_at_something_and_every_position_at_its_door() {
    let (setup, batches) = week(9);
    let slug = &setup.survey.slug;
    let doors: HashMap<Uuid, _> =
        setup.dwellings.iter().map(|row| (CaseId::of(row.id, slug, 1).0, row)).collect();
    let known: HashSet<Uuid> = setup
        .dwellings
        .iter()
        .flat_map(|row| [1, 2].map(|household| CaseId::of(row.id, slug, household).0))
        .chain(records(&batches).keys().map(|(id, _)| *id))
        .collect();
    let all = visits(&batches);
    let mut unknown = all.iter().filter(|visit| !known.contains(&visit.case_id)).count();
    let ids: HashSet<Uuid> = all.iter().map(|visit| visit.id).collect();
    for form in forms(&batches) {
        unknown += usize::from(!known.contains(&form.case_id));
        assert!(ids.contains(&form.visit_id));
    }
    // Doors found on the last day whose own record waits for tomorrow.
    assert!(unknown < 8, "{unknown}");
    for visit in all {
        let (Some(row), Some(position)) = (doors.get(&visit.case_id), &visit.position) else {
            continue;
        };
        let here = place::to_wgs84(position.lon, position.lat, position.datum);
        let off = place::distance_m(here, (row.lon.unwrap(), row.lat.unwrap()));
        assert!(off < 500.0, "{off}");
    }
}

/// The evidence on every case, as a server that took every record would hold it.
fn evidence(batches: &[super::Batch]) -> BTreeMap<Uuid, Evidence> {
    let mut cases: BTreeMap<Uuid, Evidence> = BTreeMap::new();
    for batch in batches {
        for record in &batch.document.records {
            match record {
                Record::Visit(visit) => cases.entry(visit.case_id).or_default().visits.push(Visit {
                    id: VisitId(visit.id),
                    at: at(&visit.at),
                    received_at: batch.sent,
                    outcome: visit.outcome,
                    enumerator: batch.user.as_str().into(),
                    channel: visit.channel,
                    informant: visit.informant,
                    has_photo: !visit.photo.is_empty(),
                    appointment: visit
                        .appointment
                        .as_ref()
                        .map(|w| Window { from: at(&w.from), to: at(&w.to) }),
                }),
                Record::Interview(form) => {
                    cases.entry(form.case_id).or_default().interviews.push(Interview {
                        id: InterviewId(form.id),
                        revision: form.revision,
                        visit_id: Some(VisitId(form.visit_id)),
                        result: form.result,
                        respondent: form.respondent,
                        at: at(&form.at),
                        received_at: batch.sent,
                        counted_elsewhere: false,
                        persons: PersonCounts::of(&as_read(form).1),
                    });
                }
                Record::Dwelling(_) | Record::Submission(_) => {}
            }
        }
    }
    cases
}

#[test]
fn a_week_leads_cases_into_every_state_the_field_can() {
    let (setup, batches) = week(1);
    let rules = Rules::new(setup.survey.policy.clone(), setup.survey.zone());
    let mut states: BTreeMap<State, usize> = BTreeMap::new();
    for evidence in evidence(&batches).values() {
        *states.entry(fold(evidence, &rules).state).or_default() += 1;
    }
    for state in [
        State::InProgress,
        State::Appointment,
        State::Proxy,
        State::Partial,
        State::Refused,
        State::Verify,
        State::NotEligible,
        State::Completed,
    ] {
        assert!(states.get(&state).is_some_and(|&count| count >= 3), "{state}: {states:?}");
    }
    let untouched = residential(&setup) - states.values().sum::<usize>();
    assert!(
        untouched > 50 && states[&State::Completed] * 10 > residential(&setup) * 3,
        "{untouched} {states:?}"
    );
}

fn residential(setup: &Setup) -> usize {
    setup.dwellings.iter().filter(|row| row.kind == crate::domain::code::DwellingKind::Residential).count()
}

/// Fails with all that is missing.
fn need<'a>(wanted: impl IntoIterator<Item = (&'a str, bool)>) {
    let missing: Vec<_> = wanted.into_iter().filter(|(_, there)| !there).map(|(what, _)| what).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn a_week_has_every_usual_outcome() {
    let (_, batches) = week(1);
    let visits = visits(&batches);
    let usual = [
        Outcome::InterviewComplete,
        Outcome::InterviewProxy,
        Outcome::InterviewPartial,
        Outcome::RefusalSoft,
        Outcome::RefusalHard,
        Outcome::BreakOff,
        Outcome::NoAnswer,
        Outcome::RespondentAway,
        Outcome::HouseholdAway,
        Outcome::NoEntry,
        Outcome::AppointmentMade,
        Outcome::OccupancyUnknown,
        Outcome::Vacant,
        Outcome::Seasonal,
        Outcome::NonResidential,
    ];
    need(usual.map(|outcome| (outcome.slug(), visits.iter().any(|visit| visit.outcome == outcome))));
    need([
        ("telephone", visits.iter().any(|visit| visit.channel == Channel::Telephone)),
        ("a manager's word", visits.iter().any(|visit| visit.informant == Informant::Manager)),
        ("a photo", visits.iter().any(|visit| !visit.photo.is_empty())),
        ("gcj02", visits.iter().any(|v| v.position.as_ref().is_some_and(|p| p.datum == Datum::Gcj02))),
        ("a clock set back", visits.iter().any(|visit| visit.at.as_str() < "2020-11-01")),
    ]);
}

#[test]
fn a_week_has_batches_that_come_twice_late_and_with_a_wrong_clock() {
    let (setup, batches) = week(1);
    let mut sent: HashMap<Uuid, usize> = HashMap::new();
    let mut held_by: HashMap<Uuid, HashSet<Uuid>> = HashMap::new();
    for batch in &batches {
        *sent.entry(batch.document.batch_id).or_default() += 1;
        for record in &batch.document.records {
            held_by.entry(record.id()).or_default().insert(batch.document.batch_id);
        }
    }
    let visits_of = |batch: &'_ super::Batch| -> Vec<String> {
        batch.document.records.iter().filter_map(Record::visit).map(|visit| visit.at.clone()).collect()
    };
    let late = |b: &super::Batch| visits_of(b).iter().any(|visit| visit[..10] < b.document.sent_at[..10]);
    let ahead = |b: &super::Batch| visits_of(b).iter().any(|visit| at(visit) > at(&b.document.sent_at));
    let off = |b: &super::Batch| (at(&b.document.sent_at).as_second() - b.sent.as_second()).abs() > 120;
    need([
        ("a batch sent twice", sent.values().any(|&times| times > 1)),
        ("a record in two batches", held_by.values().any(|batches| batches.len() > 1)),
        ("a record of another day", batches.iter().any(late)),
        ("a clock ahead", batches.iter().any(ahead)),
        ("a slow or fast clock", batches.iter().any(off)),
    ]);
    assert_eq!(super::super::devices(&setup).len(), 8);
}

#[test]
fn a_week_has_families_written_down_in_many_ways() {
    let (_, batches) = week(1);
    let forms = forms(&batches);
    let of =
        |status| forms.iter().flat_map(|f| &f.persons).filter(move |p| p.residence_status == Some(status));
    let away: HashSet<_> =
        of(ResidenceStatus::AbsentRegistered).filter_map(|p| p.citizen_id.clone()).collect();
    let is_away = |id: &String| away.contains(id);
    let found = |wanted: Option<u32>| {
        let all = records(&batches);
        all.values().any(|record| matches!(record, Record::Dwelling(found) if found.household == wanted))
    };
    need([
        ("a partial form", forms.iter().any(|form| form.result == InterviewResult::Partial)),
        ("a vague name", forms.iter().any(|form| form.persons.iter().any(|p| p.name.ends_with('某')))),
        ("pending", of(ResidenceStatus::HerePending).next().is_some()),
        (
            "a residence pair",
            of(ResidenceStatus::HereElsewhere).any(|p| p.citizen_id.as_ref().is_some_and(is_away)),
        ),
        ("a family at two doors", family_at_two_doors(&batches)),
        ("a found door", found(None)),
        ("a further household", found(Some(2))),
    ]);
}

/// Whether somebody who slept here slept at another door as well.
fn family_at_two_doors(batches: &[super::Batch]) -> bool {
    let mut doors: HashMap<&str, HashSet<Uuid>> = HashMap::new();
    for form in forms(batches) {
        for number in form.persons.iter().filter(|p| p.stayed_here).filter_map(|p| p.citizen_id.as_deref()) {
            doors.entry(number).or_default().insert(form.case_id);
        }
    }
    doors.values().any(|doors| doors.len() > 1)
}
