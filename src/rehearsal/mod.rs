//! Rehearsals: plausible invented field work for a set-up, as the batches its devices would send. Pure and seeded: the
//! same set-up, options and seed give the same batches on every machine. It plays no server and judges no record.

pub mod address;
pub mod community;
pub mod crew;
pub mod dice;
pub mod family;
pub mod field;
pub mod home;
pub mod interview;
pub mod knock;
pub mod names;
mod notes;
pub mod number;
mod outbox;
pub mod record;
pub mod redate;
mod sheet;
pub mod stay;
#[cfg(test)]
mod tests;
pub mod world;

use crate::domain::code::Role;
use crate::domain::ids::DeviceId;
use crate::setup::Setup;
use field::Field;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use record::Record;
use serde::Serialize;
use std::collections::VecDeque;
use std::rc::Rc;
use uuid::Uuid;

/// Namespace of rehearsed devices' ids.
const DEVICES: Uuid = Uuid::from_u128(0x9a0e_27d4_61c3_4f58_8b1d_e6f2_7c90_35ab);

/// The id of the device `user` carries in rehearsals of `survey`.
pub fn device_id(survey: &str, user: &str) -> DeviceId {
    DeviceId(Uuid::new_v5(&DEVICES, format!("{survey}|{user}").as_bytes()))
}

/// A device and who carries it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Device {
    /// The enumerator's user name.
    pub user: String,
    /// The device to enrol.
    pub device_id: DeviceId,
}

/// The devices of a rehearsal: one for each enumerator, in the order of the staff.
pub fn devices(setup: &Setup) -> Vec<Device> {
    let enumerators = setup.staff.iter().filter(|row| row.role == Role::Enumerator);
    let slug = &setup.survey.slug;
    enumerators.map(|row| Device { user: row.user.clone(), device_id: device_id(slug, &row.user) }).collect()
}

/// What to rehearse.
#[derive(Clone, Debug)]
pub struct Options {
    /// Chooses everything that is left to chance.
    pub seed: u64,
    /// How many days of field work, from the survey's first day on.
    pub days: u16,
    /// Nothing is done or sent at or after this moment.
    pub until: Timestamp,
}

/// One upload.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Place in the order of sending, from 1.
    pub number: u32,
    /// Who carries the device.
    pub user: String,
    /// When it is sent, by a right clock.
    pub sent: Timestamp,
    /// What is sent.
    pub document: Rc<Document>,
}

impl Batch {
    /// Name for a file: number, device and user, so that the files sort in the order of sending.
    pub fn file_name(&self) -> String {
        let device = self.document.device_id.0.simple().to_string();
        let user: String =
            self.user.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect();
        format!("{:05}-{}-{user}.json", self.number, &device[..8])
    }
}

/// The document of an upload.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Document {
    /// Its id.
    pub batch_id: Uuid,
    /// The survey's id.
    pub survey: String,
    /// The device.
    pub device_id: DeviceId,
    /// When it was sent, by the device's clock.
    pub sent_at: String,
    /// Records still on the device.
    pub waiting: usize,
    /// Rises with every batch of the device.
    pub seq: u64,
    /// The records.
    pub records: Vec<Record>,
}

/// The batches of a rehearsal, in the order of sending; one day is made at a time.
pub struct Rehearsal<'a> {
    field: Field<'a>,
    first: Date,
    day: u16,
    days: u16,
    /// Sent later than the days made so far.
    pending: Vec<Batch>,
    ready: VecDeque<Batch>,
    count: u32,
}

impl<'a> Rehearsal<'a> {
    /// A rehearsal of the set-up's own first days.
    pub fn new(setup: &'a Setup, options: &Options) -> Self {
        let survey = &setup.survey;
        let length = survey.starts_on.until(survey.ends_on).map_or(0, |span| span.get_days()) + 1;
        let days = options.days.min(u16::try_from(length).unwrap_or(u16::MAX));
        let field = Field::new(setup, options.seed, options.until, survey.ends_on);
        let (pending, ready) = (Vec::new(), VecDeque::new());
        Self { field, first: survey.starts_on, day: 0, days, pending, ready, count: 0 }
    }

    /// Makes the next day and hands out what is sent before its end.
    fn make_day(&mut self) {
        let day = i64::from(self.day);
        self.day += 1;
        let Ok(date) = self.first.checked_add(day.days()) else {
            return;
        };
        for member in 0..self.field.crew.len() {
            for span in self.field.crew[member].hours(date, &self.field.calendar) {
                let Some(ended) = self.field.work(member, date, day, span) else {
                    continue;
                };
                self.pending.extend(self.field.upload(member, day, ended));
            }
        }
        let end = self.field.calendar.moment(date, 1440);
        let is_last = self.day == self.days;
        let (now, wait): (Vec<_>, Vec<_>) =
            self.pending.drain(..).partition(|batch| is_last || batch.sent < end);
        self.pending = wait;
        self.ready.extend(now);
        let sent = |batch: &Batch| (batch.sent, batch.document.device_id, batch.document.batch_id);
        self.ready.make_contiguous().sort_by_key(sent);
    }
}

impl Iterator for Rehearsal<'_> {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        while self.ready.is_empty() && self.day < self.days {
            self.make_day();
        }
        let mut batch = self.ready.pop_front()?;
        self.count += 1;
        batch.number = self.count;
        Some(batch)
    }
}
