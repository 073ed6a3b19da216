//! Supervisors' decisions on cases: append-only.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::tx::{Error, Tx, statements};
use super::{Store, SurveyKey};
use crate::domain::Unmet;
use crate::domain::evidence::{Decision, DecisionKind};
use crate::domain::ids::CaseId;

statements! {
    /// $1 district, $2 survey, $3 case, $4 kind, $5 detail, $6 reason, $7 by, $8 at, $9 policy version, $10 unmet bits, $11 call or null.
    INSERT_DECISION = "-- insert_decision
        insert into decision (district_id, survey_no, case_id, seq, kind, detail, reason, decided_by, decided_at, policy_version, unmet, call_id)
        select $1, $2, $3, coalesce(max(seq), 0) + 1, $4, $5, $6, $7, $8, $9, $10, $11 from decision
        where district_id = $1 and survey_no = $2 and case_id = $3
        returning seq";
    /// $1 district, $2 survey, $3 call. The decisions of that call that are still the last of their cases.
    LAST_OF_CALL = "-- decisions_of_call
        select d.case_id, d.seq, d.seq = (select max(l.seq) from decision l
                  where l.district_id = d.district_id and l.survey_no = d.survey_no and l.case_id = d.case_id) as is_last
        from decision d where d.district_id = $1 and d.survey_no = $2 and d.call_id = $3 order by d.case_id";
    /// $1 district, $2 survey, $3 case. Rises with everything that changes the case.
    CASE_VERSION = "-- case_version
        select list_version from survey_case where district_id = $1 and survey_no = $2 and id = $3";
    /// $1 district, $2 survey, $3 case ids.
    LOAD_DECISIONS = "-- load_decisions
        select case_id, seq, kind, detail, reason, decided_by, decided_at, policy_version, unmet from decision
        where district_id = $1 and survey_no = $2 and case_id = any($3) order by case_id, seq";
}

/// A decision as stored.
#[derive(Clone, Debug)]
pub struct DecisionRow {
    /// The case.
    pub case_id: CaseId,
    /// Order on the case.
    pub seq: i32,
    /// Kind and what it needs, as JSON.
    pub detail: Value,
    /// Kind slug.
    pub kind: String,
    /// Why.
    pub reason: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// The policy it was judged by.
    pub policy_version: i32,
    /// Effort missing then.
    pub unmet: Unmet,
}

/// A decision to be stored.
#[derive(Clone, Debug)]
pub struct NewDecision {
    /// The case.
    pub case_id: CaseId,
    /// What was decided.
    pub kind: DecisionKind,
    /// Kind slug.
    pub slug: &'static str,
    /// Why.
    pub reason: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// The policy in force.
    pub policy_version: i32,
    /// Effort missing now.
    pub unmet: Unmet,
    /// The call that decided several cases at once.
    pub call: Option<Uuid>,
}

/// Appends a decision; returns its number on the case. The case's row is locked by the caller.
pub async fn insert_decision(tx: &Tx, key: SurveyKey, d: &NewDecision) -> Result<i32, Error> {
    let detail = serde_json::to_value(&d.kind).map_err(|_| Error::Corrupt("decision"))?;
    let row = tx
        .query_one(
            &INSERT_DECISION,
            &[
                &key.district,
                &key.no,
                &d.case_id,
                &d.slug,
                &detail,
                &d.reason,
                &d.by,
                &d.at,
                &d.policy_version,
                &d.unmet,
                &d.call,
            ],
        )
        .await?;
    Ok(row.get("seq"))
}

/// Decisions of cases as rows.
pub async fn decision_rows(tx: &Tx, key: SurveyKey, cases: &[CaseId]) -> Result<Vec<DecisionRow>, Error> {
    let rows = tx.query(&LOAD_DECISIONS, &[&key.district, &key.no, &cases]).await?;
    Ok(rows
        .iter()
        .map(|r| DecisionRow {
            case_id: r.get("case_id"),
            seq: r.get("seq"),
            detail: r.get("detail"),
            kind: r.get("kind"),
            reason: r.get("reason"),
            by: r.get("decided_by"),
            at: r.get("decided_at"),
            policy_version: r.get("policy_version"),
            unmet: r.get("unmet"),
        })
        .collect())
}

/// Decisions of cases as evidence.
pub async fn load_decisions(
    tx: &Tx,
    key: SurveyKey,
    cases: &[CaseId],
) -> Result<Vec<(CaseId, Decision)>, Error> {
    if cases.is_empty() {
        return Ok(Vec::new());
    }
    let all = decision_rows(tx, key, cases)
        .await?
        .into_iter()
        .map(|r| {
            let kind = serde_json::from_value(r.detail).map_err(|_| Error::Corrupt("decision"))?;
            let decision = Decision { seq: i64::from(r.seq), at: r.at, by: Arc::from(r.by.as_str()), kind };
            Ok((r.case_id, decision))
        })
        .collect::<Result<Vec<_>, Error>>()?;
    Ok(in_force(all))
}

/// The decisions without those taken back and what took them back. One that was itself taken back takes nothing back.
fn in_force(all: Vec<(CaseId, Decision)>) -> Vec<(CaseId, Decision)> {
    let mut undone: HashSet<(CaseId, i64)> = HashSet::new();
    for (case, decision) in all.iter().rev() {
        if let DecisionKind::Undo { seq } = decision.kind
            && !undone.contains(&(*case, decision.seq))
        {
            undone.insert((*case, seq));
        }
    }
    all.into_iter()
        .filter(|(case, d)| !matches!(d.kind, DecisionKind::Undo { .. }) && !undone.contains(&(*case, d.seq)))
        .collect()
}

/// The decisions of one call on several cases: (case, number on it, whether nothing was decided there since).
pub async fn of_call(tx: &Tx, key: SurveyKey, call: Uuid) -> Result<Vec<(CaseId, i32, bool)>, Error> {
    let rows = tx.query(&LAST_OF_CALL, &[&key.district, &key.no, &call]).await?;
    Ok(rows.iter().map(|r| (r.get("case_id"), r.get("seq"), r.get("is_last"))).collect())
}

/// The version of a case, whose row is locked by the caller.
pub async fn case_version(tx: &Tx, key: SurveyKey, case: CaseId) -> Result<Option<i32>, Error> {
    Ok(tx.query_opt(&CASE_VERSION, &[&key.district, &key.no, &case]).await?.map(|r| r.get(0)))
}

impl Store {
    /// The version of a case as it stands now.
    pub async fn case_version(&self, key: SurveyKey, case: CaseId) -> Result<i32, Error> {
        let row = self.row(&CASE_VERSION, &[&key.district, &key.no, &case]).await?;
        Ok(row.map_or(0, |r| r.get(0)))
    }

    /// Decisions of one case, oldest first.
    pub async fn decisions(&self, key: SurveyKey, case: CaseId) -> Result<Vec<DecisionRow>, Error> {
        self.reading("decisions", move |tx| Box::pin(async move { decision_rows(tx, key, &[case]).await }))
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_a_decision_back_leaves_with_it() {
        let case = CaseId::default();
        let of = |kinds: &[DecisionKind]| {
            let all = kinds.iter().zip(1..).map(|(kind, seq)| {
                (case, Decision { seq, at: Timestamp::UNIX_EPOCH, by: Arc::from("s"), kind: kind.clone() })
            });
            in_force(all.collect()).iter().map(|(_, d)| d.seq).collect::<Vec<_>>()
        };
        let (cancel, undo) = (DecisionKind::Cancel, |seq| DecisionKind::Undo { seq });
        assert_eq!(of(&[cancel.clone(), undo(1)]), [0_i64; 0]);
        assert_eq!(of(&[cancel.clone(), DecisionKind::Reopen, undo(1)]), [2]);
        // Taken back, and that taken back: it stands again.
        assert_eq!(of(&[cancel.clone(), undo(1), undo(2)]), [1]);
        assert_eq!(of(&[cancel, undo(1), undo(2), undo(1)]), [0_i64; 0]);
    }
}
