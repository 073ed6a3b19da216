//! Receipts: what became of each record, as the device reads it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::reason::Reason;
use super::record::{Refused, Warning};
use crate::domain::{CaseId, EffortPart, State};
use crate::store::batch::Status;

/// One receipt. Serialised as the contract says; absent parts are left out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Receipt {
    /// Id of the record as sent; null when it had none that can be repeated.
    pub id: Option<String>,
    /// Type of the record; null when it had none we know.
    #[serde(rename = "type")]
    pub kind: Option<Cow<'static, str>>,
    /// Revision of an interview.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub revision: Option<i32>,
    /// accepted, held or refused.
    pub status: Cow<'static, str>,
    /// Whether this record was stored before.
    pub replayed: bool,
    /// Why it is held or refused.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<Cow<'static, str>>,
    /// A sentence for the person at the door.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub detail: Option<Cow<'static, str>>,
    /// Where in the batch the fault lies.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pointer: Option<String>,
    /// All places, for faults of a form.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub pointers: Vec<String>,
    /// The question at fault, of a filled-in form.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub label: Option<String>,
    /// What came of a filled-in form.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub parts: Vec<Value>,
    /// The case after this batch.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub case: Option<CaseAfter>,
    /// What is merely unlikely, or was dropped.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub warnings: Vec<Value>,
}

/// The case as a receipt shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CaseAfter {
    /// Case id.
    pub id: CaseId,
    /// State slug.
    pub state: State,
    /// Visits stored.
    pub visits: i32,
    /// Effort still missing.
    pub unmet: Vec<EffortPart>,
}

impl Receipt {
    /// A receipt for a stored record, without its case.
    pub fn stored(id: Uuid, kind: &'static str, status: Status) -> Self {
        Self {
            id: Some(id.to_string()),
            kind: Some(Cow::Borrowed(kind)),
            revision: None,
            status: Cow::Borrowed(status.slug()),
            replayed: false,
            reason: None,
            detail: None,
            pointer: None,
            pointers: Vec::new(),
            label: None,
            parts: Vec::new(),
            case: None,
            warnings: Vec::new(),
        }
    }

    /// A receipt for a record that cannot be used as it is.
    pub fn refused(refused: &Refused) -> Self {
        Self {
            id: refused.id.clone(),
            kind: refused.kind.map(|k| Cow::Borrowed(k.slug())),
            revision: None,
            status: Cow::Borrowed(Status::Refused.slug()),
            replayed: false,
            reason: Some(Cow::Borrowed(refused.reason.slug())),
            detail: Some(Cow::Owned(refused.detail.clone())),
            pointer: Some(refused.pointer.clone()),
            pointers: Vec::new(),
            label: None,
            parts: Vec::new(),
            case: None,
            warnings: Vec::new(),
        }
    }

    /// A receipt for a record whose id belongs to another one.
    pub fn id_reused(index: usize, id: Uuid, kind: &'static str) -> Self {
        Self {
            reason: Some(Cow::Borrowed(Reason::IdReused.slug())),
            detail: Some(Cow::Borrowed(Reason::IdReused.sentence())),
            pointer: Some(format!("/records/{index}/id")),
            status: Cow::Borrowed(Status::Refused.slug()),
            ..Self::stored(id, kind, Status::Refused)
        }
    }

    /// With the reason it is held for.
    #[must_use]
    pub fn held(mut self, reason: &str, detail: &str) -> Self {
        self.status = Cow::Borrowed(Status::Held.slug());
        self.reason = Some(Cow::Owned(reason.to_owned()));
        self.detail = Some(Cow::Owned(detail.to_owned()));
        self
    }

    /// With what is unlikely about it.
    #[must_use]
    pub fn warned(mut self, warnings: &[Warning]) -> Self {
        self.warnings = told(warnings);
        self
    }
}

/// Warnings as they are told.
pub fn told<'w>(warnings: impl IntoIterator<Item = &'w Warning>) -> Vec<Value> {
    let told = |w: &Warning| serde_json::json!({"pointer": w.pointer, "reason": w.reason.slug(), "detail": w.detail});
    warnings.into_iter().map(told).collect()
}

/// How many receipts of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Accepted.
    pub accepted: usize,
    /// Held.
    pub held: usize,
    /// Refused.
    pub refused: usize,
}

impl Counts {
    /// Counts receipts.
    pub fn of(receipts: &[Box<RawValue>]) -> Self {
        /// What of a receipt is counted.
        #[derive(Deserialize)]
        struct Brief<'a> {
            status: &'a str,
        }
        let mut counts = Self::default();
        for receipt in receipts {
            counts.add(serde_json::from_str::<Brief<'_>>(receipt.get()).map_or("", |r| r.status));
        }
        counts
    }

    /// Counts one more.
    pub fn add(&mut self, status: &str) {
        match status {
            "accepted" => self.accepted += 1,
            "held" => self.held += 1,
            _ => self.refused += 1,
        }
    }
}

/// The answer to a batch.
#[derive(Clone, Debug, Serialize)]
pub struct Answer {
    /// The batch.
    pub batch_id: Uuid,
    /// Whether it was stored before.
    pub replayed: bool,
    /// When it was first stored.
    pub received_at: jiff::Timestamp,
    /// Device clock minus ours, seconds.
    pub clock_offset_s: f64,
    /// Receipts by status.
    pub counts: Counts,
    /// What was left out of the batch's own fields; of this try, as they are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Value>,
    /// One [`Receipt`] per record as JSON text, in the order sent.
    pub receipts: Vec<Box<RawValue>>,
}
