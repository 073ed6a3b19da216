//! What leaves the devices, and when: after a stretch of work if there is a signal, in batches, some twice, some late,
//! some in a strange order.

use super::dice::Dice;
use super::field::{Field, later};
use super::notes::stamp;
use super::record::Record;
use super::{Batch, Document};
use jiff::Timestamp;
use std::rc::Rc;

/// Most records in one batch.
const BATCH_RECORDS: usize = 200;

impl Field<'_> {
    /// The uploads of one member after a stretch that ended at `ended`: none without a signal or without records.
    pub(super) fn upload(&mut self, member: usize, day: i64, ended: Timestamp) -> Vec<Batch> {
        let me = &mut self.crew[member];
        let mut dice = Dice::of(self.seed, &["signal", &me.user, &ended.to_string()]);
        let dead = (i64::try_from(member).unwrap_or(0) * 3 + day * 5) % 11 == 6;
        let first = later(ended, dice.range(120, 1500));
        if dead || dice.chance(0.04) || first >= self.until {
            return Vec::new();
        }
        let mut waiting = std::mem::take(&mut me.outbox);
        if dice.chance(0.12) {
            turn_around(&mut dice, &mut waiting);
        }
        let mut batches = Vec::new();
        let mut sent = first;
        while !waiting.is_empty() && sent < self.until {
            let halved = batches.is_empty() && waiting.len() > 12 && dice.chance(0.25);
            let size = if halved { waiting.len() / 2 } else { waiting.len().min(BATCH_RECORDS) };
            let records: Vec<_> = waiting.drain(..size).collect();
            if dice.chance(0.03) {
                // The answer was lost: some records go once more in the next batch.
                waiting.extend(records.iter().take(3).cloned());
            }
            let (user, document) = self.document(member, &mut dice, sent, waiting.len(), records);
            let batch = Batch { number: 0, user, sent, document: Rc::new(document) };
            batches.extend(again(&mut dice, &batch, self.until));
            batches.push(batch);
            sent = later(sent, dice.range(2, 30));
        }
        self.crew[member].outbox = waiting;
        batches
    }

    fn document(
        &mut self,
        member: usize,
        dice: &mut Dice,
        sent: Timestamp,
        waiting: usize,
        records: Vec<Record>,
    ) -> (String, Document) {
        let me = &mut self.crew[member];
        me.batches += 1;
        let document = Document {
            batch_id: dice.id_at(sent),
            survey: self.world.setup.survey.slug.clone(),
            device_id: me.device,
            sent_at: stamp(sent, me.clock_s, &self.calendar.tz),
            waiting,
            seq: me.batches,
            records,
        };
        (me.user.clone(), document)
    }
}

/// The records in another order than they were made: all turned around, or the forms before their visits.
fn turn_around(dice: &mut Dice, records: &mut [Record]) {
    if dice.chance(0.5) {
        records.reverse();
    } else {
        records.sort_by_key(|record| match record {
            Record::Interview(_) => 0,
            Record::Visit(_) => 1,
            Record::Dwelling(_) => 2,
            Record::Submission(_) => 3,
        });
    }
}

/// The same batch sent once more, soon after or the next day.
fn again(dice: &mut Dice, batch: &Batch, until: Timestamp) -> Option<Batch> {
    let after = dice.weighted(&[(None, 0.9), (Some(40), 0.06), (Some(86_400), 0.04)])?;
    let sent = later(batch.sent, after);
    (sent < until).then(|| Batch { sent, ..batch.clone() })
}
