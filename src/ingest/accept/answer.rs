//! What is kept of a batch and answered to it: the raw copy, a receipt for each record, word to its device.

use std::collections::HashMap;

use futures_util::future::try_join3;
use serde_json::Value;
use uuid::Uuid;

use super::super::Error;
use super::super::classify::{self, Class};
use super::super::receipt::{Answer, CaseAfter, Counts, Receipt};
use super::super::record::Parsed;
use super::super::refold::{Folded, unmet_bits, unmet_parts};
use super::{Prepared, Stored, Work};
use crate::domain::State;
use crate::store::batch::{self, Status};
use crate::store::device::{self, Contact};
use crate::store::feed::{self, ChangeKind, Mark};

pub(super) fn answer(prepared: &Prepared, stored: Stored) -> Result<Answer, Error> {
    let head = &prepared.head;
    let (replayed, received_at, clock_offset_s, receipts) = match stored {
        Stored::New(receipts) => (false, head.received_at, head.clock_offset_s, receipts),
        Stored::Replay(first) => {
            let receipts = serde_json::from_str(&first.receipts);
            let receipts = receipts.map_err(|_| crate::store::Error::Corrupt("receipt"))?;
            (true, first.received_at, first.clock_offset_s, receipts)
        }
        Stored::Reused => return Err(Error::BatchIdReused),
    };
    let statuses = receipts.iter().map(|r| r.get("status").and_then(Value::as_str).unwrap_or_default());
    let counts = Counts::of(statuses);
    Ok(Answer { batch_id: head.id, replayed, received_at, clock_offset_s, counts, receipts })
}

impl Work<'_> {
    /// The raw copy, the receipts as they were given, word of the device, and what became of earlier records.
    pub(super) async fn keep_batch(&self, receipts: &[Value]) -> Result<(), Error> {
        let (tx, key, batch) = (self.tx, self.at.key, self.batch);
        let text = serde_json::to_string(receipts).map_err(|_| crate::store::Error::Corrupt("receipt"))?;
        let contact = Contact {
            device: batch.head.device,
            at: batch.head.received_at,
            waiting: batch.head.waiting,
            clock_offset_s: batch.head.clock_offset_s,
            app_version: batch.app_version.clone(),
            seq: batch.head.seq,
        };
        try_join3(
            batch::insert_content(tx, key, batch.head.id, &batch.raw, batch.raw_length, &text),
            device::note_batch(tx, key, &contact),
            feed::mark(tx, key, self.at.tag, ChangeKind::Receipt, &self.settled),
        )
        .await?;
        Ok(())
    }

    pub(super) async fn receipts(&self, folded: &HashMap<Uuid, Folded>) -> Result<Vec<Value>, Error> {
        let batches: Vec<Uuid> = self
            .classes
            .iter()
            .filter_map(|c| if let Class::Replayed(batch, _) = c { Some(*batch) } else { None })
            .collect();
        let earlier = if batches.is_empty() {
            HashMap::new()
        } else {
            parse_receipts(batch::receipts_of(self.tx, self.at.key, &batches).await?)?
        };
        let mut all: Vec<Value> = Vec::with_capacity(self.classes.len());
        for (i, class) in self.classes.iter().enumerate() {
            let receipt = match class {
                Class::Replayed(batch, place) => earlier
                    .get(batch)
                    .and_then(|list| list.get(usize::try_from(*place).ok()?))
                    .cloned()
                    .map(replayed)
                    .ok_or(crate::store::Error::Corrupt("receipt"))?,
                Class::Repeats(first) => replayed(all.get(*first).cloned().unwrap_or_default()),
                Class::Refused | Class::New | Class::Reused => to_value(&self.receipt(i, class, folded))?,
            };
            all.push(receipt);
        }
        Ok(all)
    }

    /// A batch carried by hand was printed to somebody else: its device hears of each record through the feed.
    pub(super) async fn tell_device(&self, receipts: &[Value]) -> Result<(), Error> {
        let device = self.batch.head.device;
        let (mut marks, mut refused) = (Vec::new(), Vec::new());
        for receipt in receipts {
            let Some(id) = receipt.get("id").and_then(Value::as_str).and_then(|id| Uuid::try_parse(id).ok())
            else {
                continue;
            };
            if receipt.get("status").and_then(Value::as_str) == Some(Status::Refused.slug()) {
                refused.push((id, receipt.to_string()));
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

    fn receipt(&self, index: usize, class: &Class, folded: &HashMap<Uuid, Folded>) -> Receipt {
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
    fn case_after(&self, id: Uuid, folded: &HashMap<Uuid, Folded>) -> Option<CaseAfter> {
        let row = self.cases.in_reach(id, &self.batch.reach)?;
        Some(match folded.get(&row.id) {
            Some(f) => CaseAfter {
                id: row.id,
                state: f.standing.state,
                visits: f.visits,
                unmet: unmet_parts(unmet_bits(&f.standing.unmet)),
            },
            None => CaseAfter {
                id: row.id,
                state: State::from_number(row.state)?,
                visits: row.visits,
                unmet: unmet_parts(row.unmet),
            },
        })
    }
}

fn replayed(mut receipt: Value) -> Value {
    if let Some(object) = receipt.as_object_mut() {
        object.insert("replayed".to_owned(), Value::Bool(true));
    }
    receipt
}

fn to_value(receipt: &Receipt) -> Result<Value, Error> {
    serde_json::to_value(receipt).map_err(|_| Error::Store(crate::store::Error::Corrupt("receipt")))
}

fn parse_receipts(texts: HashMap<Uuid, String>) -> Result<HashMap<Uuid, Vec<Value>>, Error> {
    texts
        .into_iter()
        .map(|(id, text)| {
            serde_json::from_str(&text)
                .map(|list| (id, list))
                .map_err(|_| Error::Store(crate::store::Error::Corrupt("receipt")))
        })
        .collect()
}
