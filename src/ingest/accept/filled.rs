//! Filled-in forms of a batch: which are known, which wait as a whole, and which records the others become. Those records stand
//! behind the batch's own and go the same way; what came of them is gathered in `submissions.rs`.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::classify::Shown;
use super::super::models::Models;
use super::super::reason::{Reason, sentence};
use super::super::record::{Body, Context, Parsed, Read, Refused, SubmissionRecord};
use super::super::{Error, digest, scrub};
use super::Prepared;
use super::parts::{self, PartRead};
use crate::domain::CaseId;
use crate::domain::time::parse_time;
use crate::forms::submission::{self, Given, Mapped, PartKind, case_of_entity, map, read_xml, scrubbed_xml};
use crate::forms::{FormModel, FormRole};
use crate::store::batch::Status;
use crate::store::held as store_held;
use crate::store::submission::{
    self as stored, FormAt, KnownSubmission, Latest, NewSubmission, TakenSubmission,
};
use crate::store::{SurveyKey, Tx, Whose};

/// The batch's records with what its filled-in forms became.
pub(super) struct Expanded<'a> {
    /// The records as sent, behind them those that came of forms.
    pub(super) reads: Cow<'a, [Read]>,
    /// Of each record behind the batch's own the place of the form it came of.
    pub(super) owners: Vec<usize>,
    /// The forms, in the order of the batch.
    pub(super) filled: Vec<Filled>,
}

/// One filled-in form.
pub(super) struct Filled {
    /// Its place in the batch.
    pub(super) index: usize,
    /// What became of it.
    pub(super) fate: Fate,
}

/// What became of a filled-in form.
pub(super) enum Fate {
    /// The same stands earlier in this batch.
    Repeats(usize),
    /// Its id belongs to another one.
    Reused,
    /// Stored before: the batch and place of its first receipt, and what of that may be shown.
    Replayed(Uuid, i32, Shown),
    /// It cannot be used as a whole.
    Refused(Refused),
    /// It waits as a whole.
    Held(Box<NewSubmission>),
    /// Records came of it.
    Taken(Box<Taken>),
}

/// A filled-in form that became records.
pub(super) struct Taken {
    /// Its row, all but what came of it.
    pub(super) new: NewSubmission,
    /// Its form.
    pub(super) model: Arc<FormModel>,
    /// The language in which questions are named.
    pub(super) language: &'static str,
    /// The records that came of it.
    pub(super) parts: Vec<PartAt>,
    /// Its sheet of answers, where it is one: the id of that.
    pub(super) sheet: Option<Uuid>,
    /// The case that the chain's latest belonged to.
    pub(super) case_before: Option<CaseId>,
    /// What is odd about its answers: reason, node.
    pub(super) warnings: Vec<(Reason, String)>,
    /// Files it names: (name, id).
    pub(super) files: Vec<(String, Uuid)>,
}

/// A record that came of a form.
pub(super) struct PartAt {
    /// Its place among the records.
    pub(super) read: usize,
    /// What it is.
    pub(super) kind: PartKind,
    /// Its id as the form gives it.
    pub(super) id: Uuid,
}

/// What a person decided of a form that waits as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ingest) enum Word {
    /// Nothing.
    None,
    /// It counts although its form is closed, or another correction came before it.
    Accepted,
}

/// Looks at the batch's filled-in forms. Takes the locks on their chains: what corrects one that is on its way waits for it, or
/// is found by it.
pub(super) async fn expand<'a>(
    tx: &'a Tx,
    batch: &'a Prepared,
    keys: &'a digest::Keys,
    models: &'a Models,
) -> Result<Expanded<'a>, Error> {
    let forms: Vec<(usize, &SubmissionRecord)> = batch
        .reads
        .iter()
        .enumerate()
        .filter_map(|(i, read)| if let Parsed::Submission(s) = &read.parsed { Some((i, &**s)) } else { None })
        .collect();
    if forms.is_empty() {
        return Ok(Expanded { reads: Cow::Borrowed(&batch.reads), owners: Vec::new(), filled: Vec::new() });
    }
    let key = batch.survey.key;
    let mut ids: Vec<Uuid> =
        forms.iter().flat_map(|(_, s)| std::iter::once(s.id).chain(s.deprecated)).collect();
    ids.sort_unstable();
    ids.dedup();
    store_held::lock_chains(tx, key, &ids).await?;
    let meant = meant(tx, key, keys, batch, &ids).await?;
    let mut desk = Desk::open((tx, batch, keys, models), meant, &forms).await?;
    for (index, record) in in_order_of_chains(&forms) {
        let record = desk.renamed(record);
        let digest = batch.reads[index].digest.to_vec();
        let fate = desk.judge(index, record, digest).await?;
        desk.filled.push((index, fate));
    }
    desk.finish().await
}

/// Corrections behind what they correct; otherwise as they stand in the batch.
fn in_order_of_chains<'a>(forms: &[(usize, &'a SubmissionRecord)]) -> Vec<(usize, &'a SubmissionRecord)> {
    let mut left: Vec<(usize, &SubmissionRecord)> = forms.to_vec();
    let mut ordered = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let waits = |s: &SubmissionRecord| {
            s.deprecated.is_some_and(|d| d != s.id && left.iter().any(|(_, other)| other.id == d))
        };
        let (ready, rest): (Vec<_>, Vec<_>) = left.iter().copied().partition(|(_, s)| !waits(s));
        // A circle of corrections has no first.
        if ready.is_empty() {
            ordered.extend(rest);
            break;
        }
        ordered.extend(ready);
        left = rest;
    }
    ordered
}

/// What is stored under the ids the sender means, and the ids that stand for those of somebody else.
struct Meant {
    known: HashMap<Uuid, KnownSubmission>,
    stand_ins: HashMap<Uuid, Uuid>,
}

async fn meant(
    tx: &Tx,
    key: SurveyKey,
    keys: &digest::Keys,
    batch: &Prepared,
    ids: &[Uuid],
) -> Result<Meant, Error> {
    let found = stored::known(tx, key, ids, &batch.sight).await?;
    let (foreign, own): (Vec<_>, Vec<_>) = found.into_iter().partition(|k| k.whose == Whose::Foreign);
    let mut known: HashMap<Uuid, KnownSubmission> = own.into_iter().map(|k| (k.id, k)).collect();
    let stand_ins: HashMap<Uuid, Uuid> =
        foreign.iter().map(|k| (k.id, keys.stand_in(k.id, &batch.sight.user))).collect();
    if !stand_ins.is_empty() {
        let made: Vec<Uuid> = stand_ins.values().copied().collect();
        known.extend(stored::known(tx, key, &made, &batch.sight).await?.into_iter().map(|k| (k.id, k)));
    }
    Ok(Meant { known, stand_ins })
}

/// Where one stands in its chain.
#[derive(Clone, Copy)]
struct InChain {
    root: Uuid,
    revision: i32,
}

/// A form that became records, whose door is not looked up yet.
struct Mapping {
    index: usize,
    record: SubmissionRecord,
    mapped: Mapped,
    taken: Taken,
    is_visit_corrected: bool,
}

/// The forms of a batch while they are judged, in the order of their chains.
struct Desk<'a> {
    tx: &'a Tx,
    batch: &'a Prepared,
    context: Context<'a>,
    models: &'a Models,
    meant: Meant,
    forms: HashMap<(String, String), FormAt>,
    latest: HashMap<Uuid, Latest>,
    /// Of this batch: where each stands in its chain.
    placed: HashMap<Uuid, InChain>,
    first: HashMap<Uuid, (usize, Vec<u8>)>,
    mappings: Vec<Mapping>,
    filled: Vec<(usize, Option<Fate>)>,
}

impl<'a> Desk<'a> {
    async fn open(
        (tx, batch, keys, models): (&'a Tx, &'a Prepared, &'a digest::Keys, &'a Models),
        meant: Meant,
        all: &[(usize, &SubmissionRecord)],
    ) -> Result<Self, Error> {
        let key = batch.survey.key;
        let mut names: Vec<(String, String)> =
            all.iter().map(|(_, s)| (s.form.clone(), s.version.clone())).collect();
        names.sort_unstable();
        names.dedup();
        let found = stored::forms(tx, key, &names).await?;
        let forms = names.into_iter().zip(found).filter_map(|(name, at)| Some((name, at?))).collect();
        let mut roots: Vec<Uuid> = meant.known.values().filter(|k| !k.is_whole).map(|k| k.root).collect();
        roots.sort_unstable();
        roots.dedup();
        let latest = stored::latest(tx, key, &roots).await?.into_iter().map(|l| (l.root, l)).collect();
        Ok(Self {
            tx,
            batch,
            context: batch.context(keys),
            models,
            meant,
            forms,
            latest,
            placed: HashMap::new(),
            first: HashMap::new(),
            mappings: Vec::new(),
            filled: Vec::new(),
        })
    }

    /// The record under the ids it has here.
    fn renamed(&self, record: &SubmissionRecord) -> SubmissionRecord {
        let here = |id: Uuid| self.meant.stand_ins.get(&id).copied().unwrap_or(id);
        SubmissionRecord { id: here(record.id), deprecated: record.deprecated.map(here), ..record.clone() }
    }

    /// What becomes of one; `None` where records come of it, which [`Desk::finish`] reads.
    async fn judge(
        &mut self,
        index: usize,
        record: SubmissionRecord,
        digest: Vec<u8>,
    ) -> Result<Option<Fate>, Error> {
        if let Some((first, same)) = self.first.get(&record.id) {
            return Ok(Some(if *same == digest { Fate::Repeats(*first) } else { Fate::Reused }));
        }
        if let Some(k) = self.meant.known.get(&record.id)
            && self.batch.freed != Some(record.id)
        {
            let shown = Shown::of_submission(k);
            let replayed = Fate::Replayed(k.batch_id, k.batch_index, shown);
            return Ok(Some(if k.digest == digest { replayed } else { Fate::Reused }));
        }
        self.first.insert(record.id, (index, digest.clone()));
        let form = self.forms.get(&(record.form.clone(), record.version.clone()));
        let (form, hash) = match form.map(|form| (form, form.hash.clone())) {
            Some((form, Some(hash))) if form.is_open || self.batch.word == Word::Accepted => {
                (form.clone(), hash)
            }
            Some((_, Some(_))) => return Ok(Some(self.waits(index, &record, digest, Reason::FormClosed))),
            Some((form, None)) if form.is_published => {
                return Ok(Some(self.waits(index, &record, digest, Reason::UnknownFormVersion)));
            }
            Some(_) | None => return Ok(Some(self.waits(index, &record, digest, Reason::UnknownForm))),
        };
        let chain = match self.place(&record) {
            Ok(chain) => chain,
            Err(reason) => return Ok(Some(self.waits(index, &record, digest, reason))),
        };
        let model = self.models.get((self.tx, self.key()), &record.form, &record.version, &hash).await?;
        self.take(index, record, digest, (form.role, model, chain)).await
    }

    fn key(&self) -> SurveyKey {
        self.batch.survey.key
    }

    /// Its place in its chain, or why it has none yet.
    fn place(&self, record: &SubmissionRecord) -> Result<InChain, Reason> {
        let Some(before) = record.deprecated else {
            return Ok(InChain { root: record.id, revision: 1 });
        };
        let of_batch = self.placed.get(&before).copied();
        let of_store = self.meant.known.get(&before);
        let root = match (of_batch, of_store) {
            (Some(placed), _) => placed.root,
            (None, Some(k)) if !k.is_whole => k.root,
            (None, Some(k)) if k.status == Status::Refused => return Err(Reason::EditForked),
            (None, Some(_) | None) => return Err(Reason::EditBeforeOriginal),
        };
        let latest = self.latest.get(&root).ok_or(Reason::EditBeforeOriginal)?;
        if latest.id != before && self.batch.word != Word::Accepted {
            return Err(Reason::EditForked);
        }
        Ok(InChain { root, revision: latest.revision + 1 })
    }

    /// It waits as a whole.
    fn waits(&self, index: usize, record: &SubmissionRecord, digest: Vec<u8>, reason: Reason) -> Fate {
        let (text, entity, digests) = match &record.body {
            Body::Xml(text, envelope) => (
                scrubbed_xml(text, None, &scrub::scrub_text),
                envelope.entity.as_ref().and_then(|entity| entity.id),
                parts::id_digests(&envelope.data, &self.context),
            ),
            Body::Answers(text) => (scrub::scrub_json(text).into_owned(), None, None),
        };
        let named = record.case.or_else(|| entity.map(|id| case_of_entity(id).unwrap_or(id)));
        let taken = TakenSubmission {
            root: record.id,
            revision: 0,
            case_id: named.map(CaseId),
            visit_id: record.visit,
            at: self.context.received_at,
            at_offset_min: 0,
            ended_at: None,
            is_complete: false,
            sheet: None,
            text,
            answers: None,
            parts: json!([]),
        };
        let mut new = self.row(index, record, digest, taken);
        (new.status, new.is_whole, new.id_digests) = (Status::Held, true, digests);
        new.held = Some(sentence(reason));
        Fate::Held(Box::new(new))
    }

    /// The row of a submission that is accepted as far as it is known.
    fn row(
        &self,
        index: usize,
        record: &SubmissionRecord,
        digest: Vec<u8>,
        taken: TakenSubmission,
    ) -> NewSubmission {
        NewSubmission {
            id: record.id,
            form: record.form.clone(),
            version: record.version.clone(),
            status: Status::Accepted,
            held: None,
            is_whole: false,
            digest,
            batch_index: i32::try_from(self.batch.first_place + index).unwrap_or(i32::MAX),
            client: self.batch.client,
            deprecated: record.deprecated,
            given: json!({"case_id": record.case, "visit_id": record.visit, "paused_s": record.paused_s,
                "keep_ids": record.keep_ids, "is_json": matches!(record.body, Body::Answers(_))}),
            id_digests: None,
            taken,
        }
    }

    /// Makes records of it.
    async fn take(
        &mut self,
        index: usize,
        record: SubmissionRecord,
        digest: Vec<u8>,
        (role, model, chain): (FormRole, Arc<FormModel>, InChain),
    ) -> Result<Option<Fate>, Error> {
        let received_at = self.context.received_at.to_string();
        let given = Given {
            role,
            root: chain.root,
            revision: u32::try_from(chain.revision).unwrap_or(u32::MAX),
            case_id: record.case,
            visit_id: record.visit,
            received_at: &received_at,
            paused_s: record.paused_s,
            keep_ids: record.keep_ids,
        };
        let mut mapped = match mapped_of(&record, &model, &given) {
            Ok(mapped) => mapped,
            Err(refused) => return Ok(Some(Fate::Refused(refused_as_whole(index, &record, refused)))),
        };
        let text = match &record.body {
            Body::Xml(text, _) => scrubbed_xml(text, Some(&model), &scrub::scrub_text),
            Body::Answers(text) => scrub::scrub_json(text).into_owned(),
        };
        let before = self.latest.get(&chain.root).cloned();
        let is_visit_corrected = match &before {
            Some(before) => self.follow_visit(&mut mapped, before, (role, &model, &text), &record).await?,
            None => false,
        };
        let own_visit = mapped.part(PartKind::Visit).map(|part| part.id);
        let visit_id = record
            .visit
            .or(own_visit.filter(|_| !is_visit_corrected))
            .or_else(|| before.as_ref().and_then(|latest| latest.visit_id));
        let began = mapped.started.as_deref().and_then(|text| parse_time(text).ok());
        let taken = TakenSubmission {
            root: chain.root,
            revision: chain.revision,
            case_id: None,
            visit_id,
            at: began.map_or(self.context.received_at, |at| at.instant),
            at_offset_min: began.map_or(0, |at| at.offset_minutes),
            ended_at: mapped.ended.as_deref().and_then(|text| parse_time(text).ok()).map(|at| at.instant),
            is_complete: mapped.is_complete,
            sheet: mapped.part(PartKind::Answers).map(|part| part.id),
            text: text.clone(),
            answers: Some(scrub::scrub_json(&mapped.answers.to_string()).into_owned()),
            parts: Value::Null,
        };
        let new = self.row(index, &record, digest, taken);
        self.placed.insert(record.id, chain);
        self.latest.insert(
            chain.root,
            Latest {
                root: chain.root,
                id: record.id,
                revision: chain.revision,
                form: record.form.clone(),
                version: record.version.clone(),
                text,
                received_at: self.context.received_at,
                visit_id,
                case_id: before.as_ref().and_then(|latest| latest.case_id),
                given: new.given.clone(),
            },
        );
        let taken = Taken {
            new,
            model,
            language: self.batch.survey.rules.policy.forms.language().slug(),
            parts: Vec::new(),
            sheet: mapped.part(PartKind::Answers).map(|part| part.id),
            case_before: before.and_then(|latest| latest.case_id),
            warnings: mapped
                .warnings
                .iter()
                .filter_map(|w| Some((Reason::from_slug(w.reason)?, w.path.clone())))
                .collect(),
            files: mapped.files.iter().map(|file| (file.name.clone(), file.id)).collect(),
        };
        self.mappings.push(Mapping { index, record, mapped, taken, is_visit_corrected });
        Ok(None)
    }

    /// A correction makes no visit of its own where its visit is told as before; one told otherwise is a new visit, which waits.
    async fn follow_visit(
        &self,
        mapped: &mut Mapped,
        before: &Latest,
        (role, model, text): (FormRole, &FormModel, &str),
        record: &SubmissionRecord,
    ) -> Result<bool, Error> {
        if mapped.part(PartKind::Visit).is_none() {
            mapped.without_visit(record.visit.or(before.visit_id));
            return Ok(false);
        }
        let now = visit_told(text, model, (role, before.received_at), &json!({}));
        let name = (before.form.clone(), before.version.clone());
        let model_before = match self.forms.get(&name).and_then(|form| form.hash.clone()) {
            Some(hash) => Some(self.models.get((self.tx, self.key()), &name.0, &name.1, &hash).await?),
            None => self.model_of(&name.0, &name.1).await?,
        };
        let told = model_before
            .and_then(|model| visit_told(&before.text, &model, (role, before.received_at), &before.given));
        match (told, now) {
            (Some(told), Some(now)) if submission::is_same_visit(&told, &now) => {
                mapped.without_visit(before.visit_id);
                Ok(false)
            }
            (Some(_), Some(_)) => {
                if let Some(interview) = mapped.parts.iter_mut().find(|part| part.kind == PartKind::Interview)
                {
                    interview.record["visit_id"] = json!(before.visit_id);
                }
                Ok(true)
            }
            (None, _) | (_, None) => Ok(false),
        }
    }

    /// The model of a version that no submission of this batch is of.
    async fn model_of(&self, form: &str, version: &str) -> Result<Option<Arc<FormModel>>, Error> {
        let name = [(form.to_owned(), version.to_owned())];
        let found = stored::forms(self.tx, self.key(), &name).await?;
        let Some(hash) = found.into_iter().flatten().next().and_then(|form| form.hash) else {
            return Ok(None);
        };
        Ok(Some(self.models.get((self.tx, self.key()), form, version, &hash).await?))
    }

    /// Looks up the doors and reads the records that came of the forms.
    async fn finish(mut self) -> Result<Expanded<'a>, Error> {
        let doors = self.doors().await?;
        let mut reads = self.batch.reads.clone();
        let (mut owners, mut done) = (Vec::new(), HashMap::new());
        for mut m in std::mem::take(&mut self.mappings) {
            let case = m.record.case.or_else(|| named_case(&m.mapped, &doors, m.record.id));
            if let Some(case) = case {
                m.mapped.set_case(case);
            }
            let found = m.mapped.part(PartKind::Dwelling).map(|part| part.id);
            m.taken.new.taken.case_id = case.or(found).map(CaseId);
            for part in m.mapped.parts.iter().filter(|part| part.kind != PartKind::Answers) {
                let PartRead { mut read, kind, id } =
                    parts::read(part, &m.mapped, &m.taken, self.digests(), &self.context);
                if kind == PartKind::Visit && m.is_visit_corrected {
                    parts::hold(&mut read, Reason::VisitCorrected);
                }
                m.taken.parts.push(PartAt { read: reads.len(), kind, id });
                reads.push(read);
                owners.push(m.index);
            }
            done.insert(m.index, Fate::Taken(Box::new(m.taken)));
        }
        let mut filled: Vec<Filled> = self
            .filled
            .into_iter()
            .filter_map(|(index, fate)| Some(Filled { index, fate: fate.or_else(|| done.remove(&index))? }))
            .collect();
        filled.sort_unstable_by_key(|f| f.index);
        Ok(Expanded { reads: Cow::Owned(reads), owners, filled })
    }

    /// Digests of citizen IDs that were taken out when it began to wait.
    fn digests(&self) -> Option<&'a HashMap<String, String>> {
        self.batch.id_digests.as_ref()
    }

    /// The cases that the forms' names of doors stand for.
    async fn doors(&self) -> Result<HashMap<String, CaseId>, Error> {
        let named: Vec<_> = self.mappings.iter().filter_map(|m| m.mapped.door.as_ref()).collect();
        let mut ids: Vec<Uuid> = named.iter().flat_map(|door| door.id.into_iter().chain(door.case)).collect();
        ids.sort_unstable();
        ids.dedup();
        let numbers: Vec<&str> =
            named.iter().filter(|door| door.id.is_none()).map(|door| door.text.as_str()).collect();
        let reach = (self.batch.reach.range, self.batch.reach.user.as_str());
        let found = stored::named_doors(self.tx, self.key(), (&ids, &numbers), reach).await?;
        Ok(found.into_iter().collect())
    }
}

/// What a form makes of a submission.
fn mapped_of(
    record: &SubmissionRecord,
    model: &FormModel,
    given: &Given<'_>,
) -> Result<Mapped, submission::Refused> {
    match &record.body {
        Body::Xml(_, envelope) => {
            // Parts have ids made from the id that the submission has here.
            let mut envelope = (**envelope).clone();
            envelope.instance = record.id;
            map(&envelope, model, given, &scrub::scrub_text)
        }
        Body::Answers(text) => {
            let answers: Value = serde_json::from_str(text).unwrap_or_default();
            let envelope = submission::read_json(&answers, model, record.id, record.deprecated)?;
            map(&envelope, model, given, &scrub::scrub_text)
        }
    }
}

/// The visit that a submission without citizen IDs tells of, where it tells of one.
fn visit_told(
    text: &str,
    model: &FormModel,
    (role, received_at): (FormRole, Timestamp),
    beside: &Value,
) -> Option<Value> {
    let received_at = received_at.to_string();
    let uuid = |key: &str| beside.get(key).and_then(Value::as_str).and_then(|id| Uuid::parse_str(id).ok());
    let given = Given {
        role,
        root: Uuid::nil(),
        revision: 1,
        case_id: uuid("case_id"),
        visit_id: uuid("visit_id"),
        received_at: &received_at,
        paused_s: None,
        keep_ids: false,
    };
    let envelope = if text.trim_start().starts_with('{') {
        let answers: Value = serde_json::from_str(text).ok()?;
        submission::read_json(&answers, model, Uuid::nil(), None).ok()?
    } else {
        read_xml(text).ok()?
    };
    let mapped = map(&envelope, model, &given, &scrub::scrub_text).ok()?;
    mapped.part(PartKind::Visit).map(|part| part.record.clone())
}

/// The id under which a form names its door: the case where it is known, else what will be one when it comes.
fn named_case(mapped: &Mapped, doors: &HashMap<String, CaseId>, submission: Uuid) -> Option<Uuid> {
    let door = mapped.door.as_ref()?;
    let by_id = |id: Option<Uuid>| id.and_then(|id| doors.get(&id.to_string()));
    let found = by_id(door.id).or_else(|| by_id(door.case)).or_else(|| doors.get(&door.text));
    let unknown = || door.id.unwrap_or_else(|| submission::part_id(submission, "door"));
    Some(found.map_or_else(unknown, |case| case.0))
}

fn refused_as_whole(index: usize, record: &SubmissionRecord, refused: submission::Refused) -> Refused {
    Refused {
        id: Some(record.id.to_string()),
        kind: Some(super::super::record::RecordKind::Submission),
        reason: super::super::record::reason_of(refused.why),
        pointer: refused.path.unwrap_or_else(|| format!("/records/{index}")),
        detail: refused.detail,
    }
}
