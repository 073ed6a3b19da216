//! What each record of a batch is to the store: new, a repetition, or an id that belongs to something else.

use std::collections::HashMap;

use uuid::Uuid;

use super::reason::Reason;
use super::record::{Parsed, Read};
use crate::domain::CaseId;
use crate::store::Whose;
use crate::store::batch::{Known, RecordKind, Status};
use crate::store::submission::KnownSubmission;

/// What a record is, seen from what is stored and from the records before it in the batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Cannot be used as it is.
    Refused,
    /// Not stored before.
    New,
    /// The same record stands earlier in this batch.
    Repeats(usize),
    /// Stored before: the batch and place of its first receipt, and what of that may be shown.
    Replayed(Uuid, i32, Shown),
    /// The id belongs to something else.
    Reused,
    /// A filled-in form, which is judged by itself.
    Form,
}

/// What a sender may see of a record's first receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// All of it: it was given to the sender.
    Whole,
    /// The door only where it is this one, which lies within reach.
    DoorIf(CaseId),
    /// No door.
    NoDoor,
}

impl Shown {
    fn of(known: &Known) -> Self {
        Self::seen(known.whose, known.case_id)
    }

    /// What may be shown of a filled-in form.
    pub(super) fn of_submission(known: &KnownSubmission) -> Self {
        Self::seen(known.whose, known.case_id)
    }

    fn seen(whose: Whose, case: Option<CaseId>) -> Self {
        match (whose, case) {
            (Whose::Own, _) => Self::Whole,
            (Whose::Near, Some(case)) => Self::DoorIf(case),
            (Whose::Near, None) | (Whose::Foreign, _) => Self::NoDoor,
        }
    }
}

/// Identity of a record: id, kind, revision (0 unless an interview).
pub(super) fn identity(parsed: &Parsed) -> Option<(Uuid, RecordKind, i32)> {
    match parsed {
        Parsed::Visit(v) => Some((v.id.0, RecordKind::Visit, 0)),
        Parsed::Interview(i) => Some((i.id.0, RecordKind::Interview, i.revision)),
        Parsed::Dwelling(d) => Some((d.id, RecordKind::Dwelling, 0)),
        Parsed::MessageRead(m) => Some((m.id, RecordKind::MessageRead, 0)),
        Parsed::Submission(_) | Parsed::Refused(_) => None,
    }
}

/// The ids of all records that can be used, each once.
pub(super) fn ids(reads: &[Read]) -> Vec<Uuid> {
    let mut all: Vec<Uuid> = reads.iter().filter_map(|r| identity(&r.parsed)).map(|i| i.0).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Classifies every record of a batch.
pub(super) fn classify(reads: &[Read], known: &[Known]) -> Vec<Class> {
    let mut stored: HashMap<Uuid, Vec<&Known>> = HashMap::new();
    for k in known {
        stored.entry(k.id).or_default().push(k);
    }
    let mut before: HashMap<Uuid, Vec<(RecordKind, i32, usize)>> = HashMap::new();
    reads
        .iter()
        .enumerate()
        .map(|(index, read)| {
            let Some((id, kind, revision)) = identity(&read.parsed) else {
                let is_form = matches!(read.parsed, Parsed::Submission(_));
                return if is_form { Class::Form } else { Class::Refused };
            };
            let there = stored.get(&id).map_or(&[][..], Vec::as_slice);
            if let Some(class) = against_stored(there, kind, revision, read.digest.as_ref()) {
                return class;
            }
            let earlier = before.entry(id).or_default();
            if let Some((_, _, first)) = earlier.iter().find(|e| e.0 == kind && e.1 == revision) {
                return if reads[*first].digest == read.digest {
                    Class::Repeats(*first)
                } else {
                    Class::Reused
                };
            }
            if earlier.iter().any(|e| e.0 != kind) {
                return Class::Reused;
            }
            earlier.push((kind, revision, index));
            Class::New
        })
        .collect()
}

fn against_stored(there: &[&Known], kind: RecordKind, revision: i32, digest: &[u8]) -> Option<Class> {
    if there.iter().any(|k| k.kind != kind) {
        return Some(Class::Reused);
    }
    let same = there.iter().find(|k| k.revision == revision)?;
    Some(if same.digest == digest {
        Class::Replayed(same.batch_id, same.batch_index, Shown::of(same))
    } else {
        Class::Reused
    })
}

/// The highest revision of each interview whose form can be used, among what is stored and what comes with `new`.
pub(super) fn usable_revisions(known: &[Known], new: &[(Uuid, i32)]) -> HashMap<Uuid, i32> {
    let stored = known.iter().filter(|k| {
        k.kind == RecordKind::Interview
            && k.status != Status::Refused
            && k.held_reason.as_deref() != Some(Reason::FormError.slug())
            && (k.status == Status::Accepted
                || k.held_reason.as_deref() != Some(Reason::RevokedDevice.slug()))
    });
    let mut highest: HashMap<Uuid, i32> = HashMap::new();
    for (id, revision) in stored.map(|k| (k.id, k.revision)).chain(new.iter().copied()) {
        let entry = highest.entry(id).or_default();
        *entry = (*entry).max(revision);
    }
    highest
}
