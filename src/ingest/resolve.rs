//! Which case a record speaks of: by case id, by the id of a dwelling record, within the collector's reach.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::domain::{CaseId, Reach};
use crate::store::case::{self, LockedCase};
use crate::store::{Error, SurveyKey, Tx, held, lease};

/// Locked cases, and what the ids in the records stand for.
#[derive(Debug, Default)]
pub(super) struct Cases {
    rows: HashMap<CaseId, Arc<LockedCase>>,
    aliases: HashMap<CaseId, CaseId>,
    /// Ids of dwelling records that are somebody else's, with those under which the collector's own are stored.
    own_doors: HashMap<CaseId, CaseId>,
    lent_before: HashSet<CaseId>,
}

impl Cases {
    /// Finds and locks the cases of `refs`. What is not found is looked for a second time under the lock that an
    /// arriving door takes too, so that a record and its door cannot miss each other.
    pub(super) async fn lock(&mut self, tx: &Tx, key: SurveyKey, refs: &[CaseId]) -> Result<(), Error> {
        self.find(tx, key, refs).await?;
        let missing = self.missing(refs);
        if !missing.is_empty() {
            held::lock_targets(tx, key, &missing).await?;
            self.find(tx, key, &missing).await?;
        }
        Ok(())
    }

    /// Looks for more ids; those already known cost nothing.
    pub(super) async fn find(&mut self, tx: &Tx, key: SurveyKey, refs: &[CaseId]) -> Result<(), Error> {
        let wanted = self.missing(refs);
        if wanted.is_empty() {
            return Ok(());
        }
        self.take(case::lock_cases(tx, key, &wanted).await?);
        let named = self.missing(&wanted);
        if named.is_empty() {
            return Ok(());
        }
        let found = case::aliases(tx, key, &named).await?;
        let targets: Vec<CaseId> =
            found.iter().map(|a| a.1).filter(|id| !self.rows.contains_key(id)).collect();
        self.aliases.extend(found);
        if !targets.is_empty() {
            self.take(case::lock_cases(tx, key, &targets).await?);
        }
        Ok(())
    }

    /// Remembers which of the locked cases beyond the collector's area were lent to that person at any time: work done
    /// before word of the recall arrived is work all the same.
    pub(super) async fn remember_lent(
        &mut self,
        tx: &Tx,
        key: SurveyKey,
        reach: &Reach,
    ) -> Result<(), Error> {
        let beyond: Vec<CaseId> =
            self.rows.values().filter(|r| !reach.knows(r.as_ref())).map(|r| r.id).collect();
        if !beyond.is_empty() {
            self.lent_before.extend(lease::ever_lent(tx, key, &beyond, &reach.user).await?);
        }
        Ok(())
    }

    /// Dwelling records of the collector that are stored under another id than sent: (sent, stored).
    pub(super) fn remember_own_doors(&mut self, names: &[(CaseId, CaseId)]) {
        self.own_doors.extend(names.iter().copied());
    }

    /// Where an id is that of somebody else's dwelling record, looks for the collector's own, stored under `stand_in` of it.
    pub(super) async fn find_own_doors(
        &mut self,
        tx: &Tx,
        key: SurveyKey,
        (refs, reach): (&[CaseId], &Reach),
        stand_in: impl Fn(CaseId) -> CaseId,
    ) -> Result<(), Error> {
        let is_record = |id: &CaseId| self.own_doors.contains_key(id) || self.aliases.contains_key(id);
        let others = refs.iter().filter(|id| is_record(id) && self.in_reach(**id, reach).is_none());
        let names: Vec<(CaseId, CaseId)> = others.map(|id| (*id, stand_in(*id))).collect();
        if names.is_empty() {
            return Ok(());
        }
        self.remember_own_doors(&names);
        let stored: Vec<CaseId> = names.iter().map(|n| n.1).collect();
        self.find(tx, key, &stored).await
    }

    fn take(&mut self, rows: Vec<Arc<LockedCase>>) {
        self.rows.extend(rows.into_iter().map(|r| (r.id, r)));
    }

    /// A locked case as it stands after something of it was written.
    pub(super) fn replace(&mut self, row: LockedCase) {
        self.rows.insert(row.id, Arc::new(row));
    }

    fn missing(&self, refs: &[CaseId]) -> Vec<CaseId> {
        let mut all: Vec<CaseId> = refs.iter().filter(|id| self.any(**id).is_none()).copied().collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The case an id stands for, whoever asks.
    pub(super) fn any(&self, id: CaseId) -> Option<&Arc<LockedCase>> {
        if let Some(row) = self.rows.get(&id) {
            return Some(row);
        }
        let door = self.own_doors.get(&id).unwrap_or(&id);
        self.rows.get(self.aliases.get(door)?)
    }

    /// The case an id stands for, if the collector may know of it.
    pub(super) fn in_reach(&self, id: CaseId, reach: &Reach) -> Option<&Arc<LockedCase>> {
        self.any(id).filter(|row| reach.knows(row.as_ref()) || self.lent_before.contains(&row.id))
    }

    /// All locked rows.
    pub(super) fn rows(&self) -> impl Iterator<Item = &Arc<LockedCase>> {
        self.rows.values()
    }
}
