//! Supervisors' decisions on cases: append-only.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::tx::{Error, Tx, statements};
use super::{Store, SurveyKey};
use crate::domain::Unmet;
use crate::domain::evidence::{Decision, DecisionKind};
use crate::domain::ids::CaseId;

statements! {
    /// $1 district, $2 survey, $3 case, $4 kind, $5 detail, $6 reason, $7 by, $8 at, $9 policy version, $10 unmet bits.
    INSERT_DECISION = "-- insert_decision
        insert into decision (district_id, survey_no, case_id, seq, kind, detail, reason, decided_by, decided_at, policy_version, unmet)
        select $1, $2, $3, coalesce(max(seq), 0) + 1, $4, $5, $6, $7, $8, $9, $10 from decision
        where district_id = $1 and survey_no = $2 and case_id = $3
        returning seq";
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
    decision_rows(tx, key, cases)
        .await?
        .into_iter()
        .map(|r| {
            let kind = serde_json::from_value(r.detail).map_err(|_| Error::Corrupt("decision"))?;
            let decision = Decision { seq: i64::from(r.seq), at: r.at, by: Arc::from(r.by.as_str()), kind };
            Ok((r.case_id, decision))
        })
        .collect()
}

impl Store {
    /// Decisions of one case, oldest first.
    pub async fn decisions(&self, key: SurveyKey, case: CaseId) -> Result<Vec<DecisionRow>, Error> {
        self.reading("decisions", move |tx| Box::pin(async move { decision_rows(tx, key, &[case]).await }))
            .await
    }
}
