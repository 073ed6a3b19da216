//! Citizen IDs that a correction keeps: a person without a number takes over the digest of an earlier revision of the same
//! interview, also where that one comes later.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value};
use uuid::Uuid;

use super::super::reason::Reason;
use super::super::record::{InterviewRecord, PersonRecord};
use super::super::rows::Digested;
use super::super::{Error, digest, held};
use super::{Trust, Work};
use crate::store::batch::{RecordKind, Status};
use crate::store::evidence::{self, StoredPeople};
use crate::store::feed::Mark;

/// A revision of an interview.
type Revision = (Uuid, i32);

/// What the revisions of some interviews know of citizen IDs.
#[derive(Debug, Default)]
pub struct Numbers {
    /// Of each revision that is here and waits for no other: the digests by person.
    here: HashMap<Revision, BTreeMap<u32, Digested>>,
    /// New revisions that keep a number of one that is not here yet.
    waiting: BTreeSet<Revision>,
    /// Stored ones that do.
    waiting_before: Vec<StoredPeople>,
}

impl Numbers {
    /// Whether that revision has to wait for an earlier one.
    pub fn waits(&self, id: Uuid, revision: i32) -> bool {
        self.waiting.contains(&(id, revision))
    }

    /// The digest of a new person: the own one, else the one that is kept.
    pub(in crate::ingest) fn digest(
        &self,
        interview: &InterviewRecord,
        person: &PersonRecord,
        keys: &digest::Keys,
    ) -> Option<Digested> {
        let kept = || {
            let (revision, no) = person.citizen_from?;
            self.here.get(&(interview.id.0, revision))?.get(&no).cloned()
        };
        Digested::of(person, keys).or_else(kept)
    }

    /// The people of a stored revision with the numbers that they keep; `None` while an earlier revision is not here.
    fn filled(&self, row: &StoredPeople) -> Option<Vec<Value>> {
        let mut people = row.people.clone();
        for person in &mut people {
            let Some(person) = person.as_object_mut() else { continue };
            let Some((revision, no)) = named(person) else { continue };
            let kept = self.here.get(&(row.id, revision))?.get(&no);
            person.remove("citizen_id_from");
            if let Some(kept) = kept {
                kept.write(person);
            }
        }
        Some(people)
    }

    fn learn(&mut self, row: &StoredPeople) {
        let digests = row.people.iter().filter_map(Value::as_object).filter_map(Digested::read).collect();
        self.here.insert((row.id, row.revision), digests);
    }
}

/// Revision and person whose number a stored person keeps.
fn named(person: &Map<String, Value>) -> Option<(i32, u32)> {
    let from = person.get("citizen_id_from")?;
    let whole = |key: &str| from.get(key).and_then(Value::as_i64);
    Some((i32::try_from(whole("revision")?).ok()?, u32::try_from(whole("person_no")?).ok()?))
}

impl Work<'_> {
    /// What must be known of citizen IDs to judge these new interviews. Reads nothing where none keeps one and none waits.
    pub(super) async fn numbers(
        &self,
        interviews: &[(usize, &InterviewRecord)],
        keys: &digest::Keys,
    ) -> Result<Numbers, Error> {
        let is_waiting = |reason: Option<&str>| reason == Some(Reason::EditBeforeOriginal.slug());
        let keeping = interviews.iter().filter(|(_, r)| r.persons.iter().any(|p| p.citizen_from.is_some()));
        let before = self.meant.known.iter().filter(|k| {
            k.kind == RecordKind::Interview
                && k.status == Status::Held
                && is_waiting(k.held_reason.as_deref())
        });
        let ids: BTreeSet<Uuid> = keeping.map(|(_, r)| r.id.0).chain(before.map(|k| k.id)).collect();
        let mut numbers = Numbers::default();
        if ids.is_empty() {
            return Ok(numbers);
        }
        let wanted: Vec<Uuid> = ids.iter().copied().collect();
        for row in evidence::people_of(self.tx, self.at.key, &wanted).await? {
            if row.status == Status::Held && is_waiting(row.held_reason.as_deref()) {
                numbers.waiting_before.push(row);
            } else {
                numbers.learn(&row);
            }
        }
        let mut new: Vec<&InterviewRecord> =
            interviews.iter().map(|(_, r)| *r).filter(|r| ids.contains(&r.id.0)).collect();
        // One keeps a number of a lower revision only.
        new.sort_by_key(|r| r.revision);
        for r in new {
            // What names itself or a later one would wait for ever.
            let known =
                |from: (i32, u32)| from.0 >= r.revision || numbers.here.contains_key(&(r.id.0, from.0));
            if r.persons.iter().filter_map(|p| p.citizen_from).all(known) {
                let digests =
                    r.persons.iter().filter_map(|p| Some((p.form.person_no, numbers.digest(r, p, keys)?)));
                let digests = digests.collect();
                numbers.here.insert((r.id.0, r.revision), digests);
            } else {
                numbers.waiting.insert((r.id.0, r.revision));
            }
        }
        Ok(numbers)
    }

    /// Stored corrections that waited for one of the new revisions get their numbers and count.
    pub(super) async fn free_corrections(&mut self, mut numbers: Numbers) -> Result<(), Error> {
        // What a phone that was cut off sends mends nothing before somebody has looked at it.
        if self.batch.trust == Trust::Review || numbers.waiting_before.is_empty() {
            return Ok(());
        }
        let mut waiting = std::mem::take(&mut numbers.waiting_before);
        waiting.sort_by_key(|row| row.revision);
        let (mut complete, mut marks) = (Vec::new(), Vec::new());
        for row in waiting {
            let Some(people) = numbers.filled(&row) else { continue };
            let row = StoredPeople { people, ..row };
            numbers.learn(&row);
            marks.push(Mark { id: row.id, area_no: None, device: Some(row.device_id), user: None });
            complete.push(row);
        }
        evidence::set_people(self.tx, self.at.key, &complete).await?;
        let freed = held::numbers_arrived(self.tx, self.at.key, &mut self.cases, &complete, marks).await?;
        self.take_freed(freed);
        Ok(())
    }
}
