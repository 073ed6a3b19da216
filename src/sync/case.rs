//! A case as a device holds it: the row, and what its evidence tells colleagues at the door. Nothing here depends on the reading
//! time, and nothing names a resident.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};
use uuid::Uuid;

use super::Change;
use crate::domain::{
    CaseId, Channel, CompletedBy, Evidence, InterviewId, Standing, State, Visit, Window, fold, not_before,
    visits_in_force,
};
use crate::store::card::{self, Progress};
use crate::store::case::CaseRow;
use crate::store::feed::Reader;
use crate::store::form;
use crate::store::told::{self, Made};
use crate::store::{Error, Sight, SurveyKey, Tx};
use crate::surveys::Survey;
use crate::visits::door::{Door, place};
use crate::visits::evidence_in;

/// How many visits a device is told of.
const VISITS: usize = 10;
/// How many wishes a device is told of.
const WISHES: i64 = 8;
/// Who made an interview that came online.
const SELF: &str = "self";

/// What the evidence of some cases tells, and what residents said under their cards.
#[derive(Default)]
struct Told {
    evidence: HashMap<CaseId, Evidence>,
    /// Visits that have a note.
    noted: HashSet<Uuid>,
    /// Revisions of their interviews.
    made: HashMap<Uuid, Vec<Made>>,
    /// How far residents have come with answering by themselves.
    progress: HashMap<CaseId, Progress>,
    /// When they would like to be visited.
    wishes: HashMap<CaseId, Vec<Window>>,
    /// The extra forms of the survey, each with its place among the bits of a case.
    extra: Vec<(i16, String)>,
}

/// These cases, in their order.
pub(super) async fn cases(
    tx: &Tx,
    survey: &Survey,
    reader: &Reader,
    rows: &[CaseRow],
) -> Result<Vec<Change>, Error> {
    let told = Told::read(tx, survey, reader, rows).await?;
    let blank = Evidence::default();
    let none = fold(&blank, &survey.rules);
    let change = |row: &CaseRow| match told.evidence.get(&row.id) {
        Some(evidence) => told.case(row, evidence, &fold(evidence, &survey.rules), survey),
        None => told.case(row, &blank, &none, survey),
    };
    Ok(rows.iter().map(change).collect())
}

impl Told {
    async fn read(tx: &Tx, survey: &Survey, reader: &Reader, rows: &[CaseRow]) -> Result<Self, Error> {
        let has_any = |r: &&CaseRow| r.visits > 0 || r.interviews > 0 || r.decisions > 0 || r.absorbed > 0;
        let touched: Vec<CaseId> = rows.iter().filter(has_any).map(|r| r.id).collect();
        let all: Vec<CaseId> = rows.iter().map(|r| r.id).collect();
        let progress = card::progress(tx, survey.key, &all).await?;
        let mut wishes: HashMap<CaseId, Vec<Window>> = HashMap::new();
        for (case, from, to) in card::windows(tx, survey.key, &all, WISHES).await? {
            wishes.entry(case).or_default().push(Window { from, to });
        }
        let has_sheets = rows.iter().any(|row| row.forms_done != 0);
        let extra = if has_sheets { form::extra_places(tx, survey.key).await? } else { Vec::new() };
        let untouched = Self { progress, wishes, extra, ..Self::default() };
        if touched.is_empty() {
            return Ok(untouched);
        }
        let survivors: Vec<CaseId> = rows.iter().filter(|r| r.absorbed > 0).map(|r| r.id).collect();
        let mut evidence = evidence_in(tx, survey.key, touched.clone(), &survivors).await?;
        evidence.retain(|id, _| touched.contains(id));
        let shown =
            evidence.values().flat_map(|e| last_visits(e, survey)).map(|v| v.id.0).collect::<Vec<_>>();
        let noted = told::noted(tx, survey.key, &shown).await?.into_iter().collect();
        let made = makers(tx, survey.key, reader, &evidence).await?;
        Ok(Self { evidence, noted, made, ..untouched })
    }

    fn case(&self, row: &CaseRow, evidence: &Evidence, standing: &Standing, survey: &Survey) -> Change {
        let door = Door::of(row, None);
        let visits = last_visits(evidence, survey);
        let data = json!({
            "id": row.id, "case_id": row.id, "dwelling_id": row.dwelling_id, "area": row.area, "address": place(row),
            "household": row.household, "state": door.state, "visits": door.visits, "unmet": door.unmet, "last": door.last,
            "appointment": door.appointment, "holder": row.holder, "created_at": row.created_at,
            "history": visits.iter().map(|v| visit(v)).collect::<Vec<_>>(),
            "completed": self.completed(evidence, standing), "interviews": self.own(evidence),
            "not_before": not_before(standing, &survey.rules), "wishes": self.wishes.get(&row.id).map_or(&[][..], Vec::as_slice),
            "forms_done": self.forms_done(row),
            "self": self.progress.get(&row.id).map(|p| json!({"started_at": p.started_at, "submitted_at": p.submitted_at})),
        });
        let noted = visits.iter().map(|v| v.id.0).filter(|id| self.noted.contains(id)).collect();
        Change { noted, ..Change::put("case", data) }
    }

    /// The extra forms that the household has answered completely.
    fn forms_done(&self, row: &CaseRow) -> Vec<&String> {
        self.extra.iter().filter(|(place, _)| row.forms_done >> place & 1 == 1).map(|(_, id)| id).collect()
    }

    /// Who completed the case, when, how, and how many people the form lists.
    fn completed(&self, evidence: &Evidence, standing: &Standing) -> Option<Value> {
        let (id, revision) = standing.current.filter(|_| standing.state == State::Completed)?;
        let interview = evidence.interviews.iter().find(|i| i.id == id && i.revision == revision)?;
        let by = match standing.completed_by {
            Some(CompletedBy::SelfResponse) => SELF,
            Some(CompletedBy::Own | CompletedBy::Proxy) | None => &self.revision(id, revision)?.enumerator,
        };
        let visit = evidence.visits.iter().find(|v| Some(v.id) == interview.visit_id);
        let channel = visit.map_or(Channel::InPerson, |v| v.channel);
        Some(json!({"by": by, "at": interview.at, "channel": channel, "persons": interview.persons.recorded}))
    }

    fn revision(&self, id: InterviewId, revision: i32) -> Option<&Made> {
        self.made.get(&id.0)?.iter().find(|m| m.revision == revision)
    }

    /// The reader's own interviews at the case, the last revision of each, by time.
    fn own(&self, evidence: &Evidence) -> Vec<Value> {
        let ids: HashSet<Uuid> = evidence.interviews.iter().map(|i| i.id.0).collect();
        let last = |id| self.made.get(id)?.iter().filter(|m| m.is_own).max_by_key(|m| m.revision);
        let mut own: Vec<&Made> = ids.iter().filter_map(last).collect();
        own.sort_by_key(|m| (m.at, m.id));
        own.iter()
            .map(|m| json!({"id": m.id, "revision": m.revision, "result": m.result, "at": m.at}))
            .collect()
    }
}

/// The last visits in force, oldest first.
fn last_visits<'a>(evidence: &'a Evidence, survey: &Survey) -> Vec<&'a Visit> {
    let mut visits = visits_in_force(evidence, &survey.rules);
    visits.drain(..visits.len().saturating_sub(VISITS));
    visits
}

/// Who made a visit; residents have no login name.
fn by(enumerator: &str) -> &str {
    if enumerator.is_empty() { SELF } else { enumerator }
}

/// A visit without its note, which is read apart.
fn visit(v: &Visit) -> Value {
    json!({"id": v.id, "at": v.at, "outcome": v.outcome, "by": by(&v.enumerator), "channel": v.channel,
        "informant": v.informant, "note": null})
}

async fn makers(
    tx: &Tx,
    key: SurveyKey,
    reader: &Reader,
    evidence: &HashMap<CaseId, Evidence>,
) -> Result<HashMap<Uuid, Vec<Made>>, Error> {
    let ids: Vec<Uuid> = evidence.values().flat_map(|e| &e.interviews).map(|i| i.id.0).collect();
    let sight = Sight { devices: reader.devices.clone(), user: reader.user.clone(), range: reader.range };
    let mut all: HashMap<Uuid, Vec<Made>> = HashMap::new();
    for made in told::makers(tx, key, &ids, &sight).await? {
        all.entry(made.id).or_default().push(made);
    }
    Ok(all)
}
