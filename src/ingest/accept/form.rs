//! A filled-in form that comes by itself: a batch with one record, as a device would send it.

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use uuid::Uuid;

use super::super::receipt::Receipt;
use super::super::record::SubmissionRecord;
use super::super::{Error, Ingest};
use super::{OPENROSA, parse_receipt};
use crate::forms::submission::{Envelope, part_id};
use crate::store::access::Caller;
use crate::store::batch::Status;
use crate::store::submission::{self, KnownSubmission};
use crate::store::{Sight, Whose};

/// A filled-in form as it came.
#[derive(Clone, Debug)]
pub struct FormSent {
    /// The XML.
    pub text: String,
    /// What it says.
    pub envelope: Envelope,
    /// How far the phone's clock is ahead of ours.
    pub clock_offset: SignedDuration,
}

impl Ingest {
    /// Takes a filled-in form on behalf of `caller`'s device; its receipt. One that is stored already makes no batch of its own,
    /// by whatever way it came first.
    pub async fn accept_form(
        &self,
        caller: &Caller,
        form: FormSent,
        now: Timestamp,
    ) -> Result<Receipt, Error> {
        let id = form.envelope.instance;
        if let Some(known) = self.known_form(caller, id).await? {
            let digest = SubmissionRecord::of_xml(&form.text, form.envelope).digest(&self.keys);
            if known.digest != digest {
                return Ok(Receipt::id_reused(0, id, "submission"));
            }
            return self.first_of(caller, &known).await;
        }
        let document = json!({
            "batch_id": part_id(id, "batch"), "survey": caller.survey, "device_id": caller.device,
            "sent_at": now.saturating_add(form.clock_offset).unwrap_or(now),
            "records": [{"type": "submission", "id": id, "xml": form.text,
                "form": {"id": form.envelope.form_id, "version": form.envelope.version}}],
        });
        let taken = self.accept(caller, Bytes::from(document.to_string()), OPENROSA, now).await;
        match taken {
            Ok(accepted) => {
                let corrupt = Error::Store(crate::store::Error::Corrupt("receipt"));
                parse_receipt(accepted.answer.receipts.first().ok_or(corrupt)?)
            }
            Err(Error::BatchIdReused) => Ok(Receipt::id_reused(0, id, "submission")),
            Err(error) => Err(error),
        }
    }

    async fn known_form(&self, caller: &Caller, id: Uuid) -> Result<Option<KnownSubmission>, Error> {
        let (key, sight) = (caller.key, Sight::of(caller));
        let found = self
            .store
            .reading("known_submission", move |tx| {
                let sight = sight.clone();
                Box::pin(async move { submission::known(tx, key, &[id], &sight).await })
            })
            .await?;
        Ok(found.into_iter().find(|known| known.whose != Whose::Foreign))
    }

    /// The receipt that a stored form was first given; the door only where the sender may know of it.
    async fn first_of(&self, caller: &Caller, known: &KnownSubmission) -> Result<Receipt, Error> {
        let stored = self.store.batch(caller.key, known.batch_id).await?;
        let receipts: Vec<Receipt> = match stored {
            Some(batch) => serde_json::from_str(&batch.receipts)
                .map_err(|_| Error::Store(crate::store::Error::Corrupt("receipt")))?,
            None => Vec::new(),
        };
        let place = usize::try_from(known.batch_index).unwrap_or_default();
        let first = receipts.into_iter().nth(place);
        let mut receipt = first.unwrap_or_else(|| Receipt::stored(known.id, "submission", Status::Accepted));
        receipt.replayed = true;
        if known.whose != Whose::Own {
            receipt.case = None;
        }
        Ok(receipt)
    }
}
