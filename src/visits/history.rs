//! One door's whole history, as far as the reader may see it.

use std::collections::{BTreeSet, HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::door::{Door, area_names};
use super::evidence_of;
use crate::domain::case::Counted;
use crate::domain::{
    CaseId, Channel, Flag, Informant, InterviewResult, Language, Next, Outcome, Relationship,
    ResidenceStatus, Respondent, Sex, Standing, VisitId, flags, fold, next_action, voided_visits, why,
};
use crate::ingest::digest::Keys;
use crate::store::attachment::Named;
use crate::store::case::{CaseRow, OtherWriting};
use crate::store::decision::DecisionRow;
use crate::store::detail::{Detail, InterviewRow, PersonRow, VisitRow};
use crate::store::feed::{AssignmentRow, assignments_of};
use crate::store::held::HeldDecision;
use crate::store::plan::Wish;
use crate::store::submission::SheetOfCase;
use crate::store::{Error, Store, Witness};
use crate::surveys::Survey;

/// Own interviews stay readable for their maker this long.
const OWN_DAYS: i64 = 7;
/// A fix with a larger radius says nothing about where somebody stood.
const POOR_ACCURACY_M: f32 = 100.0;

/// Who reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reader {
    /// A supervisor: everything of the area but citizen IDs.
    Supervisor,
    /// An enumerator: of others' interviews only that they were made. Own ones came from these devices.
    Enumerator(HashSet<Uuid>),
}

/// A door with its history.
#[derive(Clone, Debug, Serialize)]
pub struct History {
    /// The door.
    #[serde(flatten)]
    pub door: Door,
    /// What people call the building.
    pub building_name: Option<String>,
    /// How else the door is or was written, the latest first.
    pub other_writings: Vec<OtherWriting>,
    /// Why it stands so.
    pub why: String,
    /// The same in Chinese.
    pub why_zh: String,
    /// Flags as of now.
    pub flags: Vec<Flag>,
    /// Counted attempts.
    pub counted: Counted,
    /// Cells of the week not tried yet.
    pub untried: Vec<String>,
    /// Whether a proxy may answer.
    pub proxy_allowed: bool,
    /// What to do next.
    pub next: Next,
    /// Every visit, oldest first; `visits` of a list is a number, here it is the list.
    #[serde(rename = "visits")]
    pub visit_list: Vec<VisitView>,
    /// Every interview revision.
    pub interviews: Vec<InterviewView>,
    /// Every sheet of answers, the latest first; for a reader who may not see them, that they were filled in.
    pub answers: Vec<SheetView>,
    /// Suspected and decided duplicates.
    pub links: Vec<Value>,
    /// When residents asked to be visited, still to come. Requests, not evidence.
    pub wishes: Vec<WishView>,
    /// How far residents have come with answering by themselves.
    #[serde(rename = "self")]
    pub self_response: Option<SelfView>,
    /// Who was given the door.
    pub assignments: Vec<AssignmentView>,
    /// What supervisors decided.
    pub decisions: Vec<DecisionView>,
    /// What supervisors decided about records of the door that were held.
    pub held_decisions: Vec<HeldView>,
    /// Rises with everything that changes the case.
    pub version: i32,
}

/// A decision about a record that was held.
#[derive(Clone, Debug, Serialize)]
pub struct HeldView {
    /// The visit or interview.
    pub record: Uuid,
    /// Revision of an interview, else 0.
    pub revision: i32,
    /// accept, refuse or undo.
    pub decision: String,
    /// Why it was held until then; null for an undo.
    pub reason: Option<String>,
    /// In the supervisor's words.
    pub note: String,
    /// Who.
    pub by: String,
    /// When, server time.
    pub at: Timestamp,
    /// The record's device time until then.
    pub was_at: Option<Timestamp>,
}

impl From<HeldDecision> for HeldView {
    fn from(d: HeldDecision) -> Self {
        Self {
            record: d.id,
            revision: d.revision,
            decision: d.decision,
            reason: d.before.reason,
            note: d.note,
            by: d.by,
            at: d.at,
            was_at: d.before.at,
        }
    }
}

/// A visit.
#[derive(Clone, Debug, Serialize)]
pub struct VisitView {
    /// Its id.
    pub id: Uuid,
    /// The case it was made for; another one where two doors were merged.
    pub case_id: CaseId,
    /// Device time, with the offset as sent.
    pub at: String,
    /// The same instant in UTC.
    pub event_at: Timestamp,
    /// When the server knew.
    pub received_at: Timestamp,
    /// Outcome.
    pub outcome: Outcome,
    /// Who.
    pub enumerator: String,
    /// Device.
    pub device_id: Uuid,
    /// Batch.
    pub batch_id: Uuid,
    /// Counted as an attempt.
    pub counted: bool,
    /// Taken out by a supervisor.
    pub voided: bool,
    /// Channel.
    pub channel: Channel,
    /// Informant.
    pub informant: Informant,
    /// End.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// Agreed window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appointment: Option<crate::domain::Window>,
    /// Pictures named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub photo: Vec<Uuid>,
    /// Those of them that are here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pictures: Vec<Picture>,
    /// Metres from the fix to the door, and how good the fix was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distance: Option<Distance>,
    /// Note.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A picture that is here.
#[derive(Clone, Debug, Serialize)]
pub struct Picture {
    /// Its id.
    pub id: Uuid,
    /// What it is.
    pub media_type: String,
    /// Bytes.
    pub length: i64,
}

/// How far from the door a visit was made.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Distance {
    /// Metres between fix and door.
    pub metres: f64,
    /// Radius of the fix as the device said.
    pub accuracy_m: Option<f32>,
    /// near, far (over 50 m beyond the fix's radius), `very_far` (over 200 m); null when the fix is too poor to judge.
    pub verdict: Option<&'static str>,
}

/// An interview revision.
#[derive(Clone, Debug, Serialize)]
pub struct InterviewView {
    /// Its id.
    pub id: Uuid,
    /// Revision.
    pub revision: i32,
    /// In force.
    pub current: bool,
    /// Device time, with the offset as sent.
    pub at: String,
    /// When the server knew.
    pub received_at: Timestamp,
    /// Who interviewed.
    pub enumerator: String,
    /// The visit it names.
    pub visit_id: Option<Uuid>,
    /// Who answered.
    pub respondent: Respondent,
    /// Complete or partial.
    pub result: InterviewResult,
    /// Another interview counts instead.
    pub counted_elsewhere: bool,
    /// Number of persons.
    pub n_persons: usize,
    /// The people; empty for a reader who may not see them.
    pub persons: Vec<PersonView>,
    /// Household items; absent for a reader who may not see them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub household: Option<Value>,
    /// Address as written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address_text: Option<String>,
    /// The survey's own items.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answers: Option<Value>,
    /// The form it was taken with; absent for the short form sent as an interview.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
    /// The version of that form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub form_version: Option<String>,
}

/// A sheet of answers.
#[derive(Clone, Debug, Serialize)]
pub struct SheetView {
    /// Its id, the same through its corrections.
    pub id: Uuid,
    /// The filled-in form it came with.
    pub submission: Uuid,
    /// That form.
    pub form: String,
    /// The version of the form.
    pub version: String,
    /// Revision.
    pub revision: i32,
    /// The one of its form that holds for the household.
    pub current: bool,
    /// Device time, with the offset as sent.
    pub at: String,
    /// Who filled it in.
    pub enumerator: String,
    /// Complete or partial.
    pub result: InterviewResult,
    /// The answers; absent for a reader who may not see them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answers: Option<Value>,
}

/// A person.
#[derive(Clone, Debug, Serialize)]
pub struct PersonView {
    /// Number on the form.
    pub person_no: i32,
    /// Name.
    pub name: String,
    /// Sex.
    pub sex: Option<Sex>,
    /// Year, month, day; each may be null.
    pub birth: Birth,
    /// To the head.
    pub relationship: Option<Relationship>,
    /// Residence.
    pub residence_status: Option<ResidenceStatus>,
    /// present, repaired or missing; never the number.
    pub citizen_id: &'static str,
    /// Where else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_address: Option<String>,
    /// The other items of the form as they were sent, so that a correction can begin from them.
    #[serde(flatten)]
    pub items: Map<String, Value>,
}

/// A date of birth with gaps.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Birth {
    /// Year.
    pub y: Option<i16>,
    /// Month.
    pub m: Option<i16>,
    /// Day.
    pub d: Option<i16>,
}

/// How far answering online has come.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct SelfView {
    /// When it began.
    pub started_at: Timestamp,
    /// When an answer was taken.
    pub submitted_at: Option<Timestamp>,
}

/// When a resident would like to be visited.
#[derive(Clone, Debug, Serialize)]
pub struct WishView {
    /// Start of the window.
    pub from: Timestamp,
    /// Its end.
    pub to: Timestamp,
    /// In the resident's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// When it was said.
    pub made_at: Timestamp,
}

impl From<Wish> for WishView {
    fn from(w: Wish) -> Self {
        Self { from: w.from, to: w.to, note: w.note, made_at: w.made_at }
    }
}

/// An assignment.
#[derive(Clone, Debug, Serialize)]
pub struct AssignmentView {
    /// Its id.
    pub id: Uuid,
    /// The case.
    pub case_id: CaseId,
    /// Who holds it.
    pub enumerator: String,
    /// End of the lease.
    pub until: Option<Timestamp>,
    /// Who assigned.
    pub assigned_by: String,
    /// When.
    pub assigned_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Why it ended.
    pub end_reason: Option<String>,
}

impl From<AssignmentRow> for AssignmentView {
    fn from(a: AssignmentRow) -> Self {
        Self {
            id: a.id,
            case_id: a.case_id,
            enumerator: a.enumerator,
            until: a.until,
            assigned_by: a.by,
            assigned_at: a.at,
            ended_at: a.ended_at,
            end_reason: a.end_reason,
        }
    }
}

/// A decision.
#[derive(Clone, Debug, Serialize)]
pub struct DecisionView {
    /// Order on the case.
    pub seq: i32,
    /// What was decided, with what it needs.
    #[serde(flatten)]
    pub detail: Value,
    /// Why.
    pub reason: String,
    /// Who.
    pub by: String,
    /// When, server time.
    pub at: Timestamp,
    /// The policy it was judged by.
    pub policy_version: i32,
    /// Effort missing at that moment.
    pub unmet: Vec<crate::domain::EffortPart>,
}

impl From<DecisionRow> for DecisionView {
    fn from(d: DecisionRow) -> Self {
        Self {
            seq: d.seq,
            detail: d.detail,
            reason: d.reason,
            by: d.by,
            at: d.at,
            policy_version: d.policy_version,
            unmet: d.unmet.parts(),
        }
    }
}

/// The history of a door as of `now`; to be read before a witness, whoever reads.
pub async fn history(
    store: &Store,
    witness: &Witness,
    survey: &Survey,
    row: &CaseRow,
    reader: &Reader,
    now: Timestamp,
    keys: &Keys,
) -> Result<History, Error> {
    let rules = &survey.rules;
    let rows = std::slice::from_ref(row);
    let evidence = evidence_of(store, survey, rows).await?.remove(&row.id).unwrap_or_default();
    let standing = fold(&evidence, rules);
    let mut cases: Vec<CaseId> = evidence_cases(store, survey, row).await?;
    cases.insert(0, row.id);
    let detail = store.detail(witness, survey.key, &cases).await?;
    let sheets = store.sheets_of_case(witness, survey.key, row.id).await?;
    let wishes = store.wishes(witness, survey.key, &[row.id], now).await?;
    let decisions = store.decisions(survey.key, row.id).await?;
    let records: Vec<Uuid> =
        detail.visits.iter().map(|v| v.id).chain(detail.interviews.iter().map(|i| i.id)).collect();
    // A supervisor's words about a record are for supervisors.
    let held = match reader {
        Reader::Supervisor => store.held_decisions(survey.key, &records).await?,
        Reader::Enumerator(_) => Vec::new(),
    };
    let progress = store.card_progress(survey.key, &[row.id]).await?.remove(&row.id);
    let names = area_names(store, survey, rows).await?;
    let mut door = Door::of(row, names.get(&row.area).map(|n| n.1.as_str()));
    door.visits = None;
    let voided = voided_visits(&evidence);
    let (other_writings, building_name) =
        store.writings(survey.key, row.dwelling_id, row.building_id).await?;
    let pictures = pictures(store, survey, &detail.visits, keys).await?;
    Ok(History {
        building_name,
        other_writings,
        why: why(&standing, rules, Language::En),
        why_zh: why(&standing, rules, Language::Zh),
        flags: flags(&standing, rules, now),
        counted: standing.counted,
        untried: standing.untried.iter().map(|cell| cell.slug(rules)).collect(),
        proxy_allowed: standing.proxy_allowed,
        next: next_action(&standing, rules, now),
        visit_list: detail
            .visits
            .iter()
            .map(|v| visit_view(v, row.position, &standing, &voided, &pictures))
            .collect(),
        interviews: interview_views(&detail, &standing, reader, now),
        answers: sheet_views(&sheets, reader, now),
        links: Vec::new(),
        self_response: progress.map(|p| SelfView { started_at: p.started_at, submitted_at: p.submitted_at }),
        wishes: wishes.into_iter().map(WishView::from).collect(),
        assignments: assignments(store, survey, row).await?,
        decisions: decisions.into_iter().map(DecisionView::from).collect(),
        held_decisions: held.into_iter().map(HeldView::from).collect(),
        version: store.case_version(survey.key, row.id).await?,
        door,
    })
}

/// Pictures of these visits that are here, by visit. A picture that somebody else sent under the same id is not the visit's.
async fn pictures(
    store: &Store,
    survey: &Survey,
    visits: &[VisitRow],
    keys: &Keys,
) -> Result<HashMap<Uuid, Vec<Picture>>, Error> {
    let (mut named, mut wanted) = (Vec::new(), Vec::new());
    for v in visits {
        for photo in &v.photo {
            for id in [*photo, keys.stand_in(*photo, &v.enumerator)] {
                named.push((v.id, *photo));
                wanted.push(Named { id, device: v.device_id, user: v.enumerator.clone() });
            }
        }
    }
    let mut all: HashMap<Uuid, Vec<Picture>> = HashMap::new();
    if wanted.is_empty() {
        return Ok(all);
    }
    for (place, media_type, length) in store.attachments_here(survey.key, &wanted).await? {
        if let Some((visit, id)) = named.get(place) {
            let of_visit = all.entry(*visit).or_default();
            if !of_visit.iter().any(|p| p.id == *id) {
                of_visit.push(Picture { id: *id, media_type, length });
            }
        }
    }
    Ok(all)
}

/// The cases merged into this one.
async fn evidence_cases(store: &Store, survey: &Survey, row: &CaseRow) -> Result<Vec<CaseId>, Error> {
    if row.absorbed == 0 {
        return Ok(Vec::new());
    }
    let (key, id) = (survey.key, row.id);
    store
        .reading("absorbed", move |tx| {
            Box::pin(async move {
                Ok::<_, Error>(
                    crate::store::case::absorbed(tx, key, &[id]).await?.into_iter().map(|p| p.0).collect(),
                )
            })
        })
        .await
}

async fn assignments(store: &Store, survey: &Survey, row: &CaseRow) -> Result<Vec<AssignmentView>, Error> {
    let (key, id) = (survey.key, row.id);
    let rows = store
        .reading("assignments_of", move |tx| Box::pin(async move { assignments_of(tx, key, &[id]).await }))
        .await?;
    Ok(rows.into_iter().map(AssignmentView::from).collect())
}

/// An instant with the offset it was sent with.
pub fn with_offset(at: Timestamp, minutes: i16) -> String {
    let offset = jiff::tz::Offset::from_seconds(i32::from(minutes) * 60).unwrap_or(jiff::tz::Offset::UTC);
    at.display_with_offset(offset).to_string()
}

/// `door` is where the case's door stands, longitude and latitude.
fn visit_view(
    v: &VisitRow,
    door: Option<(f64, f64)>,
    standing: &Standing,
    voided: &BTreeSet<VisitId>,
    pictures: &HashMap<Uuid, Vec<Picture>>,
) -> VisitView {
    VisitView {
        id: v.id,
        case_id: v.case_id,
        at: with_offset(v.at, v.at_offset_min),
        event_at: v.at,
        received_at: v.received_at,
        outcome: v.outcome,
        enumerator: v.enumerator.clone(),
        device_id: v.device_id,
        batch_id: v.batch_id,
        counted: standing.counted_visits.iter().any(|id| id.0 == v.id),
        voided: voided.contains(&VisitId(v.id)),
        channel: v.channel,
        informant: v.informant,
        ended_at: v.ended_at,
        appointment: v.appointment.map(|(from, to)| crate::domain::Window { from, to }),
        photo: v.photo.clone(),
        pictures: pictures.get(&v.id).cloned().unwrap_or_default(),
        distance: v.distance_m(door).map(|metres| distance(metres, v.accuracy_m)),
        note: v.note.clone(),
    }
}

fn distance(metres: f64, accuracy_m: Option<f32>) -> Distance {
    let beyond = (metres - accuracy_m.map_or(0.0, f64::from)).max(0.0);
    let verdict = match accuracy_m {
        Some(radius) if radius > POOR_ACCURACY_M => None,
        Some(_) | None if beyond > 200.0 => Some("very_far"),
        Some(_) | None if beyond > 50.0 => Some("far"),
        Some(_) | None => Some("near"),
    };
    Distance { metres, accuracy_m, verdict }
}

fn interview_views(
    detail: &Detail,
    standing: &Standing,
    reader: &Reader,
    now: Timestamp,
) -> Vec<InterviewView> {
    detail
        .interviews
        .iter()
        .map(|i| {
            let persons: Vec<&PersonRow> = detail
                .persons
                .iter()
                .filter(|p| p.interview_id == i.id && p.revision == i.revision)
                .collect();
            interview_view(i, &persons, standing, may_read(i.device_id, i.received_at, reader, now))
        })
        .collect()
}

/// What a reader sees of an interview.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sight {
    Whole,
    Outline,
}

/// What a reader sees of what came from a device at a time.
fn may_read(device: Uuid, received_at: Timestamp, reader: &Reader, now: Timestamp) -> Sight {
    match reader {
        Reader::Supervisor => Sight::Whole,
        Reader::Enumerator(devices) => {
            let fresh = now.duration_since(received_at) < SignedDuration::from_hours(24 * OWN_DAYS);
            if devices.contains(&device) && fresh { Sight::Whole } else { Sight::Outline }
        }
    }
}

/// Of each form the latest sheet that no correction replaced holds for the household.
fn sheet_views(sheets: &[SheetOfCase], reader: &Reader, now: Timestamp) -> Vec<SheetView> {
    let mut of_form: HashSet<&str> = HashSet::new();
    sheets
        .iter()
        .map(|s| {
            let whole = may_read(s.device, s.received_at, reader, now) == Sight::Whole;
            SheetView {
                id: s.sheet,
                submission: s.submission,
                form: s.form.clone(),
                version: s.version.clone(),
                revision: s.revision,
                current: s.in_force && of_form.insert(&s.form),
                at: with_offset(s.at, s.at_offset_min),
                enumerator: s.user.clone(),
                result: if s.is_complete { InterviewResult::Complete } else { InterviewResult::Partial },
                answers: s
                    .answers
                    .as_deref()
                    .filter(|_| whole)
                    .and_then(|text| serde_json::from_str(text).ok()),
            }
        })
        .collect()
}

fn interview_view(
    i: &InterviewRow,
    persons: &[&PersonRow],
    standing: &Standing,
    sight: Sight,
) -> InterviewView {
    let whole = sight == Sight::Whole;
    InterviewView {
        id: i.id,
        revision: i.revision,
        current: standing.current.is_some_and(|(id, revision)| id.0 == i.id && revision == i.revision),
        at: with_offset(i.at, i.at_offset_min),
        received_at: i.received_at,
        enumerator: i.enumerator.clone(),
        visit_id: i.visit_id,
        respondent: i.respondent,
        result: i.result,
        counted_elsewhere: i.counted_elsewhere,
        n_persons: persons.len(),
        persons: if whole { persons.iter().map(|p| person_view(p)).collect() } else { Vec::new() },
        household: whole.then(|| serde_json::from_str(&i.household).unwrap_or_default()),
        address_text: i.address_text.clone().filter(|_| whole),
        answers: i.answers.as_deref().filter(|_| whole).and_then(|text| serde_json::from_str(text).ok()),
        form: i.form.as_ref().map(|f| f.0.clone()),
        form_version: i.form.as_ref().map(|f| f.1.clone()),
    }
}

fn person_view(p: &PersonRow) -> PersonView {
    PersonView {
        person_no: p.person_no,
        name: p.name.clone(),
        sex: p.sex,
        birth: Birth { y: p.birth[0], m: p.birth[1], d: p.birth[2] },
        relationship: p.relationship,
        residence_status: p.residence_status,
        citizen_id: match (p.has_citizen_id, p.is_id_repaired) {
            (true, true) => "repaired",
            (true, false) => "present",
            (false, _) => "missing",
        },
        other_address: p.other_address.clone(),
        items: other_items(&p.items),
    }
}

/// The items of a person that have no field of their own here.
fn other_items(stored: &str) -> Map<String, Value> {
    let mut items: Map<String, Value> = serde_json::from_str(stored).unwrap_or_default();
    for shown in ["residence_status", "other_address"] {
        items.remove(shown);
    }
    items
}
