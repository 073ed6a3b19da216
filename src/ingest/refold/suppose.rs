//! What the fold would say of cases if something else were stored of them: read, folded, and nothing written.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::{At, Gains, Known, fold_one, load};
use crate::domain::{CaseId, Decision, DecisionKind, InterviewId};
use crate::ingest::{Error, decide};
use crate::store::case::{self, CaseUpdate, LockedCase};
use crate::store::link::cluster::Flags;
use crate::store::{SurveyKey, Tx, evidence};
use crate::surveys::Survey;

/// What becomes of a door that was perhaps listed twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DoorChange {
    /// The case goes into another.
    Merge {
        /// The case.
        case: CaseId,
        /// The case that goes on.
        into: CaseId,
    },
    /// The case stands by itself again.
    Unmerge {
        /// The case.
        case: CaseId,
        /// The case it had gone into.
        from: CaseId,
    },
}

impl DoorChange {
    /// The case that is decided on.
    pub fn case(self) -> CaseId {
        match self {
            Self::Merge { case, .. } | Self::Unmerge { case, .. } => case,
        }
    }

    /// The case it is, or was, merged into.
    pub fn survivor(self) -> CaseId {
        match self {
            Self::Merge { into, .. } => into,
            Self::Unmerge { from, .. } => from,
        }
    }

    /// The decision on the case.
    pub fn kind(self) -> DecisionKind {
        match self {
            Self::Merge { into, .. } => DecisionKind::Merge { into },
            Self::Unmerge { .. } => DecisionKind::Unmerge,
        }
    }
}

/// What is supposed of cases, beside what is stored of them.
#[derive(Clone, Copy, Debug)]
pub struct Supposed<'a> {
    /// How interviews would count.
    pub flags: &'a [Flags],
    /// A decision on a door.
    pub door: Option<DoorChange>,
}

impl Supposed<'_> {
    /// What the fold would say of the cases that this touches. Errors: the decision on the door does not fit.
    pub async fn fold(&self, tx: &Tx, at: At, survey: &Survey) -> Result<HashMap<CaseId, CaseUpdate>, Error> {
        if self.flags.is_empty() && self.door.is_none() {
            return Ok(HashMap::new());
        }
        let mut rows = self.rows(tx, at.key).await?;
        let losers = self.at_the_door(tx, at.key, &mut rows).await?;
        let rows: Vec<Arc<LockedCase>> = rows.into_values().map(Arc::new).collect();
        let mut known = load(tx, at.key, &rows, &losers, &Gains::new()).await?;
        self.overlay(&mut known, at);
        let folded = rows.iter().map(|row| {
            let own = known.remove(&row.id).unwrap_or_default();
            (row.id, fold_one(row, &own, survey).0)
        });
        Ok(folded.collect())
    }

    /// The cases touched, and those at which other revisions of their interviews stand.
    async fn rows(&self, tx: &Tx, key: SurveyKey) -> Result<BTreeMap<CaseId, LockedCase>, Error> {
        let mut ids: Vec<CaseId> = self.flags.iter().map(|f| f.case_id).collect();
        ids.extend(self.door.iter().flat_map(|door| [door.case(), door.survivor()]));
        ids.extend(evidence::cases_of_other_revisions(tx, key, &ids).await?);
        Ok(case::look_at_cases(tx, key, &ids).await?.into_iter().map(|row| (row.id, row)).collect())
    }

    /// Decides on the door, adds the survivors, and returns who is merged into whom: (case, survivor).
    async fn at_the_door(
        &self,
        tx: &Tx,
        key: SurveyKey,
        rows: &mut BTreeMap<CaseId, LockedCase>,
    ) -> Result<Vec<(CaseId, CaseId)>, Error> {
        match self.door {
            Some(DoorChange::Merge { case, into }) => {
                let (Some(row), Some(other)) = (rows.get(&case), rows.get(&into)) else {
                    return Err(Error::NotFound);
                };
                decide::check_merge(row, other)?;
                rows.entry(case).and_modify(|row| row.merged_into = Some(into));
                rows.entry(into).and_modify(|row| row.absorbed += 1);
            }
            Some(DoorChange::Unmerge { case, .. }) => {
                rows.entry(case).and_modify(|row| row.merged_into = None);
            }
            None => {}
        }
        let missing: Vec<CaseId> =
            rows.values().filter_map(|r| r.merged_into).filter(|id| !rows.contains_key(id)).collect();
        if !missing.is_empty() {
            let found = case::look_at_cases(tx, key, &missing).await?;
            rows.extend(found.into_iter().map(|row| (row.id, row)));
        }
        let survivors: Vec<CaseId> = rows.values().filter(|r| r.absorbed > 0).map(|r| r.id).collect();
        let mut losers =
            if survivors.is_empty() { Vec::new() } else { case::absorbed(tx, key, &survivors).await? };
        match self.door {
            Some(DoorChange::Merge { case, into }) => losers.push((case, into)),
            Some(DoorChange::Unmerge { case, .. }) => losers.retain(|(loser, _)| *loser != case),
            None => {}
        }
        Ok(losers)
    }

    /// Lays what is supposed over what was read.
    fn overlay(&self, known: &mut HashMap<CaseId, Known>, at: At) {
        let flags: HashMap<InterviewId, &Flags> =
            self.flags.iter().map(|f| (InterviewId(f.interview), f)).collect();
        for own in known.values_mut() {
            for interview in &mut own.evidence.interviews {
                let Some(flags) = flags.get(&interview.id) else { continue };
                interview.counted_elsewhere = flags.elsewhere;
                own.paired.insert(interview.id, flags.paired);
            }
        }
        if let Some(door) = self.door {
            let by = Arc::from("");
            let decision = Decision { seq: i64::MAX, at: at.now, by, kind: door.kind() };
            known.entry(door.case()).or_default().evidence.decisions.push(decision);
        }
    }
}
