//! Visits and interviews of a batch: which stand, which are held, and how those that name each other meet.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::super::classify::{self, Class};
use super::super::reason::{Reason, sentence};
use super::super::record::{InterviewRecord, Parsed, Read, VisitRecord};
use super::super::rows::{self, Standing};
use super::super::{Error, digest, held};
use super::numbers::Numbers;
use super::{Prepared, Trust, Work, new_ones};
use crate::domain::CaseId;
use crate::store::attachment;
use crate::store::batch::{RecordKind, Status};
use crate::store::evidence::{self, NewInterview, NewVisit, Others, Sender};
use crate::store::held::{self as store_held, Hold};
use futures_util::future::try_join4;

/// How the visits that interviews name come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrivals {
    /// No visit comes and none is named.
    None,
    /// Every named visit comes in this batch.
    Together,
    /// Some interview names a visit that came or will come by another batch.
    Apart,
}

impl Arrivals {
    /// Of a batch as it comes; what comes of filled-in forms is not known yet.
    pub(super) fn of_batch(batch: &Prepared) -> Self {
        if batch.has_forms() { Self::Apart } else { Self::of(&batch.reads) }
    }

    fn of(reads: &[Read]) -> Self {
        let (mut visits, mut named) = (HashSet::new(), Vec::new());
        for read in reads {
            match &read.parsed {
                Parsed::Visit(v) => drop(visits.insert(v.id)),
                Parsed::Interview(r) => named.extend(r.visit),
                Parsed::Dwelling(_) | Parsed::Submission(_) | Parsed::MessageRead(_) | Parsed::Refused(_) => {
                }
            }
        }
        if named.iter().any(|id| !visits.contains(id)) {
            Self::Apart
        } else if visits.is_empty() {
            Self::None
        } else {
            Self::Together
        }
    }
}

impl Work<'_> {
    /// Takes the lock under which visits and the interviews that name them find each other.
    pub(super) async fn lock_arrivals(&self) -> Result<(), Error> {
        let new = |i: &usize| self.classes[*i] == Class::New;
        let (mut visits, mut named) = (HashSet::new(), Vec::new());
        for (_, read) in self.reads().iter().enumerate().filter(|(i, _)| new(i)) {
            match &read.parsed {
                Parsed::Visit(v) => drop(visits.insert(v.id.0)),
                Parsed::Interview(r) => named.extend(r.visit.map(|v| v.0)),
                Parsed::Dwelling(_) | Parsed::Submission(_) | Parsed::MessageRead(_) | Parsed::Refused(_) => {
                }
            }
        }
        named.retain(|id| !visits.contains(id));
        let known = if named.is_empty() {
            HashMap::new()
        } else {
            evidence::visit_cases(self.tx, self.at.key, &named, &self.batch.sight).await?
        };
        if named.iter().any(|id| !known.contains_key(id)) {
            store_held::lock_arrivals(self.tx, self.at.key, Hold::Alone).await?;
        } else if !visits.is_empty() {
            store_held::lock_arrivals(self.tx, self.at.key, Hold::Shared).await?;
        }
        Ok(())
    }

    /// Judges the new visits and interviews and stores them together: none needs another to be there first.
    pub(super) async fn take_visits_and_interviews(&mut self, keys: &digest::Keys) -> Result<(), Error> {
        let (batch, tx, key) = (self.batch, self.tx, self.at.key);
        let visits =
            new_ones(
                self.reads(),
                &self.classes,
                |p| if let Parsed::Visit(v) = p { Some(&**v) } else { None },
            );
        let interviews = new_ones(self.reads(), &self.classes, |p| {
            if let Parsed::Interview(i) = p { Some(&**i) } else { None }
        });
        let (visit_rows, counted) = self.judge_visits(&visits);
        let there = self.visits_named(&interviews, &counted).await?;
        // What a phone that was cut off sends mends nothing before somebody has looked at it.
        let usable: Vec<(Uuid, i32)> = interviews
            .iter()
            .filter(|(i, _)| batch.trust == Trust::Usual && !self.is_faulty(*i))
            .map(|(_, r)| (r.id.0, r.revision))
            .collect();
        let numbers = self.numbers(&interviews, keys).await?;
        let interview_rows = self.judge_interviews(&interviews, &there, &usable, (&numbers, keys));
        let pictures: Vec<(Uuid, Uuid)> =
            visits.iter().flat_map(|(_, v)| v.photos.iter().map(|photo| (*photo, v.id.0))).collect();
        // Another batch may bring the first revision at this very moment, so not only what is known speaks for others.
        let has_others = interviews.iter().any(|(_, r)| r.revision > 1)
            || self.meant.known.iter().any(|k| k.kind == RecordKind::Interview);
        let others = if has_others { Others::Maybe } else { Others::None };
        let sender = self.sender();
        self.note_gains(&sender, &visit_rows, &interview_rows);
        let counted: Vec<Uuid> = counted.into_keys().collect();
        self.rename_awaited(&visits).await?;
        // On the heap: four statements in flight are too much for the stack of a task.
        let ((), (), (), waiting) = Box::pin(try_join4(
            evidence::insert_visits(tx, key, &sender, visit_rows),
            evidence::insert_interviews(tx, key, &sender, interview_rows, others),
            attachment::link(tx, key, &sender, &pictures),
            evidence::awaiting_interviews(tx, key, &counted),
        ))
        .await?;
        if !waiting.is_empty() {
            let freed = held::visits_arrived(tx, key, &mut self.cases, &counted).await?;
            self.take_freed(freed);
        }
        if self.meant.known.iter().any(|k| k.status == Status::Held) {
            self.settled.extend(held::revisions_mended(tx, key, &mut self.cases, &usable).await?);
        }
        self.free_corrections(numbers).await?;
        Ok(())
    }

    /// The sender's interviews that wait for a visit whose id is somebody else's wait for the sender's own.
    async fn rename_awaited(&self, visits: &[(usize, &VisitRecord)]) -> Result<(), Error> {
        let names: Vec<(Uuid, Uuid)> = visits
            .iter()
            .filter_map(|(i, v)| Some((self.sent_id(*i)?, v.id.0)).filter(|n| n.0 != n.1))
            .collect();
        if !names.is_empty() {
            evidence::rename_awaited(self.tx, self.at.key, &self.batch.head.user, &names).await?;
        }
        Ok(())
    }

    /// What the cases get that the fold is to see. A first revision stands for itself; where an interview has others, which of
    /// them counts where is to be read.
    fn note_gains(&mut self, sender: &Sender, visits: &[NewVisit], interviews: &[NewInterview]) {
        for v in visits.iter().filter(|v| v.status == Status::Accepted) {
            self.gains.entry(v.case_id).or_default().visits.push(v.evidence(sender));
        }
        let mut revisions: HashMap<Uuid, usize> = HashMap::new();
        for id in self.meant.known.iter().map(|k| k.id).chain(interviews.iter().map(|i| i.id)) {
            *revisions.entry(id).or_default() += 1;
        }
        for i in interviews {
            if i.revision > 1 || revisions.get(&i.id).is_some_and(|n| *n > 1) {
                self.unsure.insert(i.case_id);
            } else if i.status == Status::Accepted && i.held_reason.is_none() {
                self.gains.entry(i.case_id).or_default().interviews.push((i.evidence(sender), 0));
            }
        }
    }

    pub(super) fn take_freed(&mut self, freed: held::Freed) {
        self.unsure.extend(freed.touched.iter().copied());
        self.touched.extend(freed.touched);
        self.settled.extend(freed.marks);
    }

    /// The rows of the new visits, and the cases of those that count.
    fn judge_visits(&mut self, visits: &[(usize, &VisitRecord)]) -> (Vec<NewVisit>, HashMap<Uuid, CaseId>) {
        let (mut new, mut counted) = (Vec::with_capacity(visits.len()), HashMap::new());
        for (i, v) in visits {
            let standing = self.standing(*i, v.case);
            new.push(rows::visit_row(
                self.place_in_batch(*i),
                self.reads()[*i].digest.as_ref(),
                v,
                &standing,
            ));
            if standing.status == Status::Accepted {
                counted.insert(v.id.0, standing.case_id);
                self.touched.insert(standing.case_id);
            }
            self.standings.insert(*i, standing);
        }
        (new, counted)
    }

    /// The cases of the accepted visits that interviews name, whether they come now or came before.
    async fn visits_named(
        &self,
        interviews: &[(usize, &InterviewRecord)],
        counted: &HashMap<Uuid, CaseId>,
    ) -> Result<HashMap<Uuid, CaseId>, Error> {
        let named = interviews.iter().filter_map(|(_, r)| r.visit.map(|v| v.0));
        let before: Vec<Uuid> = named.filter(|id| !counted.contains_key(id)).collect();
        let mut there = evidence::visit_cases(self.tx, self.at.key, &before, &self.batch.sight).await?;
        there.extend(counted);
        Ok(there)
    }

    /// The rows of the new interviews.
    fn judge_interviews(
        &mut self,
        interviews: &[(usize, &InterviewRecord)],
        visits: &HashMap<Uuid, CaseId>,
        usable: &[(Uuid, i32)],
        (numbers, keys): (&Numbers, &digest::Keys),
    ) -> Vec<NewInterview> {
        let highest = classify::usable_revisions(&self.meant.known, usable);
        let mut new = Vec::with_capacity(interviews.len());
        for (i, r) in interviews {
            let mut standing = self.interview_standing(*i, r, visits, &highest);
            if standing.status == Status::Accepted && numbers.waits(r.id.0, r.revision) {
                standing.status = Status::Held;
                standing.held = Some(sentence(Reason::EditBeforeOriginal));
            }
            let awaited = !self.is_faulty(*i) && r.visit.is_some_and(|v| !visits.contains_key(&v.0));
            let digest = self.reads()[*i].digest.as_ref();
            new.push(rows::interview_row(
                self.place_in_batch(*i),
                digest,
                r,
                &standing,
                awaited,
                (numbers, keys),
            ));
            if standing.status == Status::Accepted && standing.held.is_none() {
                self.touched.insert(standing.case_id);
            }
            self.standings.insert(*i, standing);
        }
        new
    }

    /// Whether the form itself cannot be used.
    fn is_faulty(&self, index: usize) -> bool {
        self.reads()[index].held.as_ref().is_some_and(|h| h.reason == Reason::FormError)
    }

    /// An interview at a visit of another door is held. A faulty form is history once a usable revision above it has come,
    /// whatever became of that one; as its reason stays with it, it never is evidence.
    fn interview_standing(
        &self,
        index: usize,
        r: &InterviewRecord,
        visits: &HashMap<Uuid, CaseId>,
        highest: &HashMap<Uuid, i32>,
    ) -> Standing {
        let mut standing = self.standing(index, r.case);
        if self.is_faulty(index) {
            if self.batch.trust == Trust::Usual && highest.get(&r.id.0).is_some_and(|h| *h > r.revision) {
                standing.status = Status::Accepted;
            }
            return standing;
        }
        let elsewhere = r.visit.and_then(|v| visits.get(&v.0)).is_some_and(|case| *case != standing.case_id);
        if standing.status == Status::Accepted && elsewhere {
            standing.status = Status::Held;
            standing.held = Some(sentence(Reason::VisitElsewhere));
        }
        standing
    }
}
