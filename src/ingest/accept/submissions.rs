//! What came of a batch's filled-in forms: their rows, their sheets, their receipts.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::{Value, json};
use uuid::Uuid;

use super::super::classify::Class;
use super::super::reason::Reason;
use super::super::receipt::{Receipt, told};
use super::super::record::{Parsed, Refused, Warning};
use super::super::refold::Folded;
use super::super::rows::Standing;
use super::super::{Error, sheets};
use super::Work;
use super::filled::{Fate, Filled, PartAt, Taken};
use crate::domain::CaseId;
use crate::forms::submission::PartKind;
use crate::store::batch::Status;
use crate::store::submission::{self as stored, NewSubmission};

/// What became of one part.
#[derive(Clone, Debug)]
struct PartFate {
    kind: PartKind,
    id: Uuid,
    revision: Option<i32>,
    status: Status,
    reason: Option<String>,
    detail: Option<String>,
    pointer: Option<String>,
    warnings: Vec<Warning>,
}

impl PartFate {
    fn json(&self, taken: &Taken) -> Value {
        let mut part = json!({"type": self.kind.slug(), "id": self.id, "status": self.status.slug()});
        let mut set = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                part[key] = value;
            }
        };
        set("revision", self.revision.map(Value::from));
        set("reason", self.reason.clone().map(Value::from));
        set("detail", self.detail.clone().map(Value::from));
        set("pointer", self.pointer.clone().map(Value::from));
        set("label", self.pointer.as_deref().and_then(|path| label(taken, path)).map(Value::from));
        part
    }
}

/// The question that a node is.
fn label(taken: &Taken, path: &str) -> Option<String> {
    let node = taken.model.node_of(path)?;
    taken.model.text(&node.labels, taken.language).map(str::to_owned)
}

impl Work<'_> {
    /// Cases that the new sheets of answers name, and those that lost one to a correction.
    pub(super) fn cases_of_sheets(&self) -> Vec<CaseId> {
        let sheets = self.filled.iter().filter_map(|f| match &f.fate {
            Fate::Taken(taken) if taken.sheet.is_some() => Some(taken),
            Fate::Taken(_)
            | Fate::Repeats(_)
            | Fate::Reused
            | Fate::Replayed(..)
            | Fate::Refused(_)
            | Fate::Held(_) => None,
        });
        sheets.flat_map(|taken| taken.new.taken.case_id.into_iter().chain(taken.case_before)).collect()
    }

    /// Stores the batch's filled-in forms with what came of them. Their records have been stored before.
    pub(super) async fn take_submissions(&mut self) -> Result<(), Error> {
        if self.filled.is_empty() {
            return Ok(());
        }
        let filled = std::mem::take(&mut self.filled);
        let (mut rows, mut files, mut of_sheets, mut named) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for f in &filled {
            match &f.fate {
                Fate::Held(new) => {
                    named.extend(self.case_in_reach(new.taken.case_id));
                    rows.push((**new).clone());
                }
                Fate::Taken(taken) => {
                    let new = self.row_of(taken);
                    named.extend(new.taken.case_id);
                    if taken.sheet.is_some() {
                        of_sheets.extend(new.taken.case_id.into_iter().chain(taken.case_before));
                    }
                    let root = new.taken.root;
                    files.extend(taken.files.iter().map(|(name, id)| (root, name.clone(), *id)));
                    rows.push(new);
                }
                Fate::Repeats(_) | Fate::Reused | Fate::Replayed(..) | Fate::Refused(_) => {}
            }
        }
        self.filled = filled;
        self.store_rows(&rows).await?;
        stored::expect_files(self.tx, self.at.key, &files).await?;
        of_sheets.sort_unstable();
        of_sheets.dedup();
        let changed = sheets::note(self.tx, self.at.key, &mut self.cases, &of_sheets).await?;
        self.touched.extend(changed);
        named.sort_unstable();
        named.dedup();
        named.retain(|case| !self.touched.contains(case));
        Ok(stored::touch_lists(self.tx, self.at.key, &named).await?)
    }

    async fn store_rows(&self, rows: &[NewSubmission]) -> Result<(), Error> {
        let (tx, key) = (self.tx, self.at.key);
        match (self.batch.freed, rows) {
            (Some(id), [new]) => {
                Ok(stored::take(tx, key, id, (new.status, new.held.as_ref()), &new.taken).await?)
            }
            (Some(_), _) | (None, []) => Ok(()),
            (None, rows) => Ok(stored::insert(tx, key, &self.sender(), rows).await?),
        }
    }

    pub(super) fn case_in_reach(&self, case: Option<CaseId>) -> Option<CaseId> {
        self.cases.in_reach(case?, &self.batch.reach).map(|row| row.id)
    }

    /// The case at which the first of its records stands.
    fn case_of_parts(&self, taken: &Taken) -> Option<CaseId> {
        taken.parts.iter().find_map(|part| self.standings.get(&part.read)).map(|s| s.case_id)
    }

    /// The row of a form that became records: the case it belongs to, what came of it, where its sheet stands.
    fn row_of(&self, taken: &Taken) -> NewSubmission {
        let mut new = taken.new.clone();
        let known =
            self.case_in_reach(new.taken.case_id).or_else(|| self.case_in_reach(self.case_of_parts(taken)));
        new.taken.case_id = known.or(new.taken.case_id);
        let fates = self.fates(taken);
        new.taken.parts = Value::Array(fates.iter().map(|fate| fate.json(taken)).collect());
        if taken.sheet.is_some() {
            let standing = self.sheet_standing(taken);
            new.status = standing.status;
            new.held = standing.held;
        }
        new
    }

    /// Where a sheet of answers stands.
    fn sheet_standing(&self, taken: &Taken) -> Standing {
        match taken.new.taken.case_id {
            Some(case) => self.standing_at(case),
            None if self.batch.trust == super::Trust::Review => {
                super::held_for(CaseId::default(), Reason::RevokedDevice)
            }
            None => Standing { case_id: CaseId::default(), status: Status::Accepted, held: None },
        }
    }

    /// What became of each part, in the order of the parts.
    fn fates(&self, taken: &Taken) -> Vec<PartFate> {
        let mut fates: Vec<PartFate> = taken.parts.iter().map(|part| self.fate_of(part)).collect();
        if let Some(id) = taken.sheet {
            let standing = self.sheet_standing(taken);
            fates.push(PartFate {
                kind: PartKind::Answers,
                id,
                revision: Some(taken.new.taken.revision),
                status: standing.status,
                reason: standing.held.as_ref().map(|h| h.0.clone()),
                detail: standing.held.map(|h| h.1),
                pointer: None,
                warnings: Vec::new(),
            });
        }
        fates
    }

    fn fate_of(&self, part: &PartAt) -> PartFate {
        let read = &self.reads()[part.read];
        let mut fate = PartFate {
            kind: part.kind,
            id: part.id,
            revision: None,
            status: Status::Accepted,
            reason: None,
            detail: None,
            pointer: None,
            warnings: read.warnings.clone(),
        };
        if let Parsed::Interview(interview) = &read.parsed {
            fate.revision = Some(interview.revision);
        }
        let refused = |fate: &mut PartFate, refused: &Refused| {
            fate.status = Status::Refused;
            fate.reason = Some(refused.reason.slug().to_owned());
            fate.detail = Some(refused.detail.clone());
            fate.pointer = Some(refused.pointer.clone());
        };
        match (&read.parsed, &self.classes[part.read]) {
            (Parsed::Refused(why), _) => refused(&mut fate, why),
            (_, Class::Reused) => {
                fate.status = Status::Refused;
                fate.reason = Some(Reason::IdReused.slug().to_owned());
                fate.detail = Some(Reason::IdReused.sentence().to_owned());
            }
            (_, _) => {
                let standing = self.standings.get(&part.read);
                if let Some((reason, detail)) =
                    standing.filter(|s| s.status == Status::Held).and_then(|s| s.held.clone())
                {
                    (fate.status, fate.reason, fate.detail) = (Status::Held, Some(reason), Some(detail));
                    fate.pointer = read.held.as_ref().and_then(|held| held.pointers.first().cloned());
                }
            }
        }
        fate
    }

    /// The receipt of a filled-in form; `None` for one whose receipt was given before.
    pub(super) fn submission_receipt(&self, f: &Filled, folded: &HashMap<CaseId, Folded>) -> Option<Receipt> {
        let sent = self.sent_id(f.index)?;
        let stored = |status| Receipt::stored(sent, "submission", status);
        Some(match &f.fate {
            Fate::Repeats(_) | Fate::Replayed(..) => return None,
            Fate::Reused => Receipt::id_reused(f.index, sent, "submission"),
            Fate::Refused(refused) => Receipt::refused(refused),
            Fate::Held(new) => {
                let (reason, detail) = new.held.clone().unwrap_or_default();
                stored(Status::Held).held(&reason, &detail)
            }
            Fate::Taken(taken) => self.taken_receipt(stored(Status::Accepted), taken, folded),
        })
    }

    fn taken_receipt(
        &self,
        mut receipt: Receipt,
        taken: &Taken,
        folded: &HashMap<CaseId, Folded>,
    ) -> Receipt {
        let fates = self.fates(taken);
        let worst =
            [Status::Refused, Status::Held].into_iter().find(|s| fates.iter().any(|f| f.status == *s));
        receipt.parts = fates.iter().map(|fate| fate.json(taken)).collect();
        receipt.warnings = warnings(taken, &fates);
        if let Some(fate) = worst.and_then(|status| fates.iter().find(|f| f.status == status)) {
            receipt.status = Cow::Borrowed(fate.status.slug());
            receipt.reason = fate.reason.clone().map(Cow::Owned);
            receipt.detail = fate.detail.clone().map(Cow::Owned);
            receipt.pointer.clone_from(&fate.pointer);
            receipt.label = fate.pointer.as_deref().and_then(|path| label(taken, path));
        }
        receipt.case = [taken.new.taken.case_id, self.case_of_parts(taken)]
            .into_iter()
            .flatten()
            .find_map(|case| self.case_after(case, folded));
        receipt
    }
}

/// What is odd about the form's records and answers, each with its question.
fn warnings(taken: &Taken, fates: &[PartFate]) -> Vec<Value> {
    let odd = taken.warnings.iter().map(|(reason, path)| Warning {
        pointer: path.clone(),
        reason: *reason,
        detail: reason.sentence().to_owned(),
    });
    let all: Vec<Warning> = fates.iter().flat_map(|fate| fate.warnings.iter().cloned()).chain(odd).collect();
    let mut told = told(&all);
    for (warning, said) in all.iter().zip(&mut told) {
        if let Some(label) = label(taken, &warning.pointer) {
            said["label"] = Value::from(label);
        }
    }
    told
}
