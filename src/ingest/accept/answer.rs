//! What is kept of a batch and answered to it: the raw copy, a receipt for each record, word to its device.

use std::collections::HashMap;

use futures_util::future::try_join;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::super::Error;
use super::super::classify::{self, Class, Shown};
use super::super::reason::Reason;
use super::super::receipt::{self, Answer, CaseAfter, Counts, Receipt};
use super::super::record::{Parsed, Warning};
use super::super::refold::Folded;
use super::filled::Fate;
use super::{BY_HAND, Prepared, Stored, Work};
use crate::domain::{CaseId, Unmet};
use crate::store::batch::{self, Status};
use crate::store::device::Contact;
use crate::store::feed::{self, ChangeKind, Mark};

pub(super) fn answer(prepared: &Prepared, stored: Stored) -> Result<Answer, Error> {
    let head = &prepared.head;
    let (batch_id, warnings) = (head.id, receipt::told(&prepared.warnings));
    Ok(match stored {
        Stored::New(receipts, counts) => {
            let (received_at, clock_offset_s) = (head.received_at, head.clock_offset_s);
            Answer { batch_id, replayed: false, received_at, clock_offset_s, counts, warnings, receipts }
        }
        Stored::Replay(first) => {
            let (received_at, clock_offset_s) = (first.received_at, first.clock_offset_s);
            let receipts = parse_receipts(&first.receipts)?;
            let counts = Counts::of(&receipts);
            Answer { batch_id, replayed: true, received_at, clock_offset_s, counts, warnings, receipts }
        }
        Stored::Reused => return Err(Error::BatchIdReused),
    })
}

/// A field of the batch itself that was left out.
pub(super) fn head_warning((pointer, says): (&'static str, &'static str)) -> Warning {
    let detail = format!("{} {says}", pointer.trim_start_matches('/'));
    Warning { pointer: pointer.to_owned(), reason: Reason::FieldDropped, detail }
}

impl Work<'_> {
    /// The raw copy, the receipts as they were given, word of the device, and what became of earlier records.
    pub(super) async fn keep_batch(
        &self,
        receipts: &[Box<RawValue>],
        raw: (&[u8], i32),
    ) -> Result<(), Error> {
        let (tx, key, batch) = (self.tx, self.at.key, self.batch);
        let text = serde_json::to_string(receipts).map_err(|_| crate::store::Error::Corrupt("receipt"))?;
        let contact = Contact {
            device: batch.head.device,
            at: batch.head.received_at,
            waiting: batch.head.waiting,
            // A file carried by hand was written at its time of sending, not sent.
            clock_offset_s: (batch.head.via != BY_HAND).then_some(batch.head.clock_offset_s),
            app_version: batch.app_version.clone(),
            drafts: batch.drafts,
            seq: batch.head.seq,
            day: batch.day,
        };
        try_join(
            batch::insert_content(tx, key, self.id, raw, &text, &contact),
            feed::mark(tx, key, self.at.tag, ChangeKind::Receipt, &self.settled),
        )
        .await?;
        Ok(())
    }

    /// A receipt for each record, as text, and how many there are of each kind.
    pub(super) async fn receipts(
        &self,
        folded: &HashMap<CaseId, Folded>,
    ) -> Result<(Vec<Box<RawValue>>, Counts), Error> {
        let of_records = self
            .classes
            .iter()
            .filter_map(|c| if let Class::Replayed(batch, ..) = c { Some(*batch) } else { None });
        let of_forms = self
            .filled
            .iter()
            .filter_map(|f| if let Fate::Replayed(batch, ..) = &f.fate { Some(*batch) } else { None });
        let batches: Vec<Uuid> = of_records.chain(of_forms).collect();
        let mut earlier: HashMap<Uuid, Vec<Box<RawValue>>> = HashMap::new();
        if !batches.is_empty() {
            for (id, text) in batch::receipts_of(self.tx, self.at.key, &batches).await? {
                earlier.insert(id, parse_receipts(&text)?);
            }
        }
        let mut all: Vec<Box<RawValue>> = Vec::with_capacity(self.classes.len());
        let mut counts = Counts::default();
        for (i, class) in self.classes.iter().take(self.batch.reads.len()).enumerate() {
            let receipt = match class {
                Class::Form => self.form_receipt(i, &all, &earlier, folded)?,
                Class::Replayed(batch, place, shown) => first_receipt(&earlier, *batch, *place, *shown)?,
                Class::Repeats(first) => replayed(&all[*first], Shown::Whole)?,
                Class::Refused | Class::New | Class::Reused => self.receipt(i, class, folded),
            };
            counts.add(&receipt.status);
            all.push(to_text(&receipt)?);
        }
        Ok((all, counts))
    }

    /// A batch carried by hand was printed to somebody else: its device hears of each record through the feed.
    pub(super) async fn tell_device(&self, receipts: &[Box<RawValue>]) -> Result<(), Error> {
        let device = self.batch.head.device;
        let (mut marks, mut refused) = (Vec::new(), Vec::new());
        for (receipt, stored) in receipts.iter().zip(self.meant.reads.iter()) {
            let read: Receipt = from_text(receipt)?;
            let sent = read.id.and_then(|id| Uuid::try_parse(&id).ok());
            let own = match &stored.parsed {
                Parsed::Submission(s) => Some(s.id),
                other @ (Parsed::Visit(_)
                | Parsed::Interview(_)
                | Parsed::Dwelling(_)
                | Parsed::MessageRead(_)
                | Parsed::Refused(_)) => classify::identity(other).map(|i| i.0),
            };
            let Some(id) = own.or(sent) else { continue };
            if read.status == Status::Refused.slug() {
                refused.push((id, receipt.get().to_owned()));
            }
            marks.push(Mark { id, area_no: None, device: Some(device), user: None });
        }
        marks.sort_unstable_by_key(|m| m.id);
        marks.dedup_by_key(|m| m.id);
        refused.sort_by_key(|r| r.0);
        refused.dedup_by_key(|r| r.0);
        feed::add_hand_receipts(self.tx, self.at.key, device, &refused).await?;
        feed::mark(self.tx, self.at.key, self.at.tag, ChangeKind::Receipt, &marks).await?;
        Ok(())
    }

    /// The receipt of a filled-in form.
    fn form_receipt(
        &self,
        index: usize,
        before: &[Box<RawValue>],
        earlier: &HashMap<Uuid, Vec<Box<RawValue>>>,
        folded: &HashMap<CaseId, Folded>,
    ) -> Result<Receipt, Error> {
        let corrupt = crate::store::Error::Corrupt("receipt");
        let form = self.filled.iter().find(|f| f.index == index).ok_or(corrupt)?;
        match &form.fate {
            Fate::Repeats(first) => replayed(&before[*first], Shown::Whole),
            Fate::Replayed(batch, place, shown) => first_receipt(earlier, *batch, *place, *shown),
            Fate::Reused | Fate::Refused(_) | Fate::Held(_) | Fate::Taken(_) => {
                let corrupt = crate::store::Error::Corrupt("receipt");
                Ok(self.submission_receipt(form, folded).ok_or(corrupt)?)
            }
        }
    }

    fn receipt(&self, index: usize, class: &Class, folded: &HashMap<CaseId, Folded>) -> Receipt {
        let read = &self.batch.reads[index];
        if let Parsed::Refused(refused) = &read.parsed {
            return Receipt::refused(refused);
        }
        let (id, kind, revision) =
            classify::identity(&read.parsed).unwrap_or((Uuid::nil(), batch::RecordKind::Visit, 0));
        if *class == Class::Reused {
            return Receipt::id_reused(index, id, kind.slug());
        }
        let mut receipt = Receipt::stored(id, kind.slug(), Status::Accepted).warned(&read.warnings);
        let remarks = self.remarks.iter().filter(|(place, _)| *place == index);
        receipt.warnings.extend(receipt::told(remarks.map(|(_, warning)| warning)));
        receipt.revision = (kind == batch::RecordKind::Interview).then_some(revision);
        let Some(standing) = self.standings.get(&index) else { return receipt };
        if let Some((reason, detail)) = standing.held.as_ref().filter(|_| standing.status == Status::Held) {
            receipt = receipt.held(reason, detail);
            receipt.pointers = read.held.as_ref().map(|h| h.pointers.clone()).unwrap_or_default();
            receipt.pointer = receipt.pointers.first().cloned();
        }
        receipt.case = self.case_after(standing.case_id, folded);
        receipt
    }

    /// The case as it stands after the batch; nothing for a case out of reach.
    pub(super) fn case_after(&self, id: CaseId, folded: &HashMap<CaseId, Folded>) -> Option<CaseAfter> {
        let row = self.cases.in_reach(id, &self.batch.reach)?;
        Some(match folded.get(&row.id) {
            Some(f) => CaseAfter {
                id: row.id,
                state: f.standing.state,
                visits: f.visits,
                unmet: Unmet::of(&f.standing.unmet).parts(),
            },
            None => CaseAfter { id: row.id, state: row.state, visits: row.visits, unmet: row.unmet.parts() },
        })
    }
}

/// The receipt at a place of an earlier batch, marked as given before.
fn first_receipt(
    earlier: &HashMap<Uuid, Vec<Box<RawValue>>>,
    batch: Uuid,
    place: i32,
    shown: Shown,
) -> Result<Receipt, Error> {
    let first = earlier.get(&batch).and_then(|list| list.get(usize::try_from(place).ok()?));
    replayed(first.ok_or(crate::store::Error::Corrupt("receipt"))?, shown)
}

/// The receipt first given, marked as such, as far as it may be shown.
fn replayed(first: &RawValue, shown: Shown) -> Result<Receipt, Error> {
    let mut receipt = Receipt { replayed: true, ..from_text(first)? };
    receipt.case = receipt.case.filter(|case| match shown {
        Shown::Whole => true,
        Shown::DoorIf(id) => case.id == id,
        Shown::NoDoor => false,
    });
    Ok(receipt)
}

fn to_text(receipt: &Receipt) -> Result<Box<RawValue>, Error> {
    serde_json::value::to_raw_value(receipt)
        .map_err(|_| Error::Store(crate::store::Error::Corrupt("receipt")))
}

/// A receipt from its text.
pub(super) fn from_text(text: &RawValue) -> Result<Receipt, Error> {
    serde_json::from_str(text.get()).map_err(|_| Error::Store(crate::store::Error::Corrupt("receipt")))
}

fn parse_receipts(text: &str) -> Result<Vec<Box<RawValue>>, Error> {
    serde_json::from_str(text).map_err(|_| Error::Store(crate::store::Error::Corrupt("receipt")))
}
