//! Messages that were read: stored, and nothing follows from them.

use super::super::Error;
use super::super::record::Parsed;
use super::super::rows::place_in_batch;
use super::{Work, new_ones};
use crate::store::message::{self, NewReading};

impl Work<'_> {
    /// Stores which messages were read.
    pub(super) async fn take_readings(&self) -> Result<(), Error> {
        let found = new_ones(self.reads(), &self.classes, |p| {
            if let Parsed::MessageRead(m) = p { Some(m) } else { None }
        });
        if found.is_empty() {
            return Ok(());
        }
        let rows: Vec<NewReading> = found
            .iter()
            .map(|(i, m)| NewReading {
                id: m.id,
                message: m.message,
                at: m.at.instant,
                batch_index: place_in_batch(self.place_in_batch(*i)),
                digest: self.reads()[*i].digest.to_vec(),
            })
            .collect();
        let stored = message::insert_readings(self.tx, self.at.key, &self.sender(), &rows).await?;
        if stored.len() != rows.len() {
            // Two batches with one record at the same moment: the later one starts over and finds the record known.
            return Err(Error::Store(crate::store::Error::Busy("record_race")));
        }
        Ok(())
    }
}
