//! Pairs of interviews and the log of what happened to them.

use jiff::Timestamp;
use serde_json::Value;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::domain::{CaseId, LinkEventKind, LinkState, MergedAs, Proposal, Refusal, Verdict};
use crate::store::SurveyKey;
use crate::store::completion::array_text;
use crate::store::sql_types::ReadRow;
use crate::store::tx::{Error, Tx, statements};
use crate::store::wire::column;

statements! {
    /// $1 district, $2 survey, $3 ids.
    BY_ID = "-- links_by_id
        select id, a, b, a_case, b_case, state, merged_as, refusal, proposal, bar, weight, probability, a_revision, b_revision, a_away,
               b_away, model_version, model_name, policy_version, verdict, evidence_changed, decided_by, decided_at, made_at, version
        from link where district_id = $1 and survey_no = $2 and id = any($3)";
    /// $1 district, $2 survey, $3 cases. Links that touch one of these cases.
    OF_CASES = "-- links_of_cases
        select id, a, b, a_case, b_case, state, merged_as, refusal, proposal, bar, weight, probability, a_revision, b_revision, a_away,
               b_away, model_version, model_name, policy_version, verdict, evidence_changed, decided_by, decided_at, made_at, version
        from link where district_id = $1 and survey_no = $2 and (a_case = any($3) or b_case = any($3))";
    /// Columns of `LinkRow` as parallel arrays. Evidence null: as stored.
    PUT = "-- put_links
        insert into link as l (district_id, survey_no, id, a, b, a_case, b_case, state, merged_as, refusal, proposal, bar, is_edge, weight,
            probability, a_revision, b_revision, a_away, b_away, evidence, model_version, model_name, policy_version, verdict,
            evidence_changed, decided_by, decided_at, made_at, version)
        select $1, $2, u.id, u.a, u.b, u.a_case, u.b_case, u.state, u.merged_as, u.refusal, u.proposal, u.bar, u.is_edge, u.weight,
            u.probability, u.a_revision, u.b_revision, u.a_away::integer[], u.b_away::integer[], coalesce(u.evidence::jsonb, '{}'),
            u.model_version, u.model_name, u.policy_version, u.verdict, u.evidence_changed, u.decided_by, u.decided_at, u.made_at, u.version
        from unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::uuid[], $7::uuid[], $8::text[], $9::text[], $10::text[], $11::text[],
            $12::text[], $13::boolean[], $14::float8[], $15::float8[], $16::integer[], $17::integer[], $18::text[], $19::text[],
            $20::text[], $21::integer[], $22::text[], $23::integer[], $24::text[], $25::boolean[], $26::text[], $27::timestamptz[],
            $28::timestamptz[], $29::integer[])
          as u (id, a, b, a_case, b_case, state, merged_as, refusal, proposal, bar, is_edge, weight, probability, a_revision, b_revision,
            a_away, b_away, evidence, model_version, model_name, policy_version, verdict, evidence_changed, decided_by, decided_at,
            made_at, version)
        order by u.id
        on conflict on constraint link_pk do update set a_case = excluded.a_case,
            b_case = excluded.b_case, state = excluded.state, merged_as = excluded.merged_as, refusal = excluded.refusal,
            proposal = excluded.proposal, bar = excluded.bar, is_edge = excluded.is_edge, weight = excluded.weight,
            probability = excluded.probability, a_revision = excluded.a_revision, b_revision = excluded.b_revision,
            a_away = excluded.a_away, b_away = excluded.b_away,
            evidence = case when excluded.evidence = '{}' then l.evidence else excluded.evidence end,
            model_version = excluded.model_version, model_name = excluded.model_name, policy_version = excluded.policy_version,
            verdict = excluded.verdict, evidence_changed = excluded.evidence_changed, decided_by = excluded.decided_by,
            decided_at = excluded.decided_at, version = excluded.version";
    /// Columns of `link_event` as parallel arrays.
    LOG = "-- log_links
        insert into link_event (district_id, survey_no, link_id, version, kind, state, merged_as, weight, probability, model_version,
            by_user, at, note, changed)
        select $1, $2, u.link_id, u.version, u.kind, u.state, u.merged_as, u.weight, u.probability, u.model_version, u.by_user, u.at,
            u.note, u.changed::jsonb
        from unnest($3::uuid[], $4::integer[], $5::text[], $6::text[], $7::text[], $8::float8[], $9::float8[], $10::integer[], $11::text[],
            $12::timestamptz[], $13::text[], $14::text[])
          as u (link_id, version, kind, state, merged_as, weight, probability, model_version, by_user, at, note, changed)
        on conflict on constraint link_event_pk do nothing";
    /// $1 district, $2 survey, $3 cases. Who is counted elsewhere, by links in state paired.
    PAIRED = "-- paired_of_cases
        select id, a, b, a_away, b_away from link
        where district_id = $1 and survey_no = $2 and state = 'paired' and (a_case = any($3) or b_case = any($3))
          and not exists (select 1 from link_interview x where x.district_id = $1 and x.survey_no = $2
                and x.interview in (link.a, link.b) and not x.is_in_force)";
    /// $1 district, $2 survey, $3 link. The case that the last merge as a door took in.
    TAKEN_IN = "-- case_taken_in_by_link
        select (changed ->> 'taken_in')::uuid as loser from link_event
        where district_id = $1 and survey_no = $2 and link_id = $3 and kind = 'merge' and merged_as = 'door'
        order by version desc limit 1";
}

/// Where links stand.
const TABLE: &str = "link";

/// A link without its evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkRow {
    /// `UUIDv5` of the two interviews.
    pub id: Uuid,
    /// Interview with the lower id.
    pub a: Uuid,
    /// The other.
    pub b: Uuid,
    /// Case of `a`.
    pub a_case: CaseId,
    /// Case of `b`.
    pub b_case: CaseId,
    /// Where it stands.
    pub state: LinkState,
    /// What the merge means; only in state merged.
    pub merged_as: Option<MergedAs>,
    /// Why a likely merge waits.
    pub refusal: Option<Refusal>,
    /// What the score says.
    pub proposal: Proposal,
    /// Why the two may not stand in one household by themselves.
    pub bar: Option<Refusal>,
    /// Bits.
    pub weight: f64,
    /// The same as a probability.
    pub probability: f64,
    /// Revisions compared.
    pub revisions: (i32, i32),
    /// People of `a` counted at `b` while paired.
    pub a_away: Vec<i32>,
    /// People of `b` counted at `a` while paired.
    pub b_away: Vec<i32>,
    /// Model version.
    pub model_version: i32,
    /// Model name.
    pub model_name: String,
    /// Policy version.
    pub policy_version: i32,
    /// Last decision of a person.
    pub verdict: Option<Verdict>,
    /// Changed after that decision.
    pub evidence_changed: bool,
    /// Who brought it into its state.
    pub decided_by: String,
    /// When.
    pub decided_at: Timestamp,
    /// When it was first found.
    pub made_at: Timestamp,
    /// Counts up.
    pub version: i32,
}

impl LinkRow {
    /// Joins its ends when households are clustered.
    pub fn is_edge(&self) -> bool {
        match self.verdict {
            Some(Verdict::Merge) => true,
            Some(Verdict::Pair | Verdict::Apart | Verdict::Undo) => false,
            None => self.proposal == Proposal::Merge,
        }
    }

    /// The other end.
    pub fn other(&self, interview: Uuid) -> Uuid {
        if self.a == interview { self.b } else { self.a }
    }

    /// Whether the interview is one of its ends.
    pub fn has(&self, interview: Uuid) -> bool {
        self.a == interview || self.b == interview
    }
}

pub(super) fn link_row(r: &Row) -> Result<LinkRow, Error> {
    let id: Uuid = r.get("id");
    Ok(LinkRow {
        id,
        a: r.get("a"),
        b: r.get("b"),
        a_case: r.get("a_case"),
        b_case: r.get("b_case"),
        state: r.read(TABLE, "state")?,
        merged_as: r.read(TABLE, "merged_as")?,
        refusal: r.read(TABLE, "refusal")?,
        proposal: r.read(TABLE, "proposal")?,
        bar: r.read(TABLE, "bar")?,
        weight: r.get("weight"),
        probability: r.get("probability"),
        revisions: (r.get("a_revision"), r.get("b_revision")),
        a_away: r.get("a_away"),
        b_away: r.get("b_away"),
        model_version: r.get("model_version"),
        model_name: r.get("model_name"),
        policy_version: r.get("policy_version"),
        verdict: r.read(TABLE, "verdict")?,
        evidence_changed: r.get("evidence_changed"),
        decided_by: r.get("decided_by"),
        decided_at: r.get("decided_at"),
        made_at: r.get("made_at"),
        version: r.get("version"),
    })
}

/// Links by id.
pub async fn by_id(tx: &Tx, key: SurveyKey, ids: &[Uuid]) -> Result<Vec<LinkRow>, Error> {
    tx.query(&BY_ID, &[&key.district, &key.no, &ids]).await?.iter().map(link_row).collect()
}

/// Links that touch one of these cases.
pub async fn of_cases(tx: &Tx, key: SurveyKey, cases: &[CaseId]) -> Result<Vec<LinkRow>, Error> {
    tx.query(&OF_CASES, &[&key.district, &key.no, &cases]).await?.iter().map(link_row).collect()
}

/// A link to be written; `evidence` `None` leaves the stored evidence as it is.
#[derive(Clone, Debug)]
pub struct LinkPut {
    /// The link.
    pub row: LinkRow,
    /// Its evidence as JSON.
    pub evidence: Option<String>,
}

/// Writes links, new ones and changed ones.
pub async fn put(tx: &Tx, key: SurveyKey, links: &[LinkPut]) -> Result<(), Error> {
    let array = |numbers: &[i32]| array_text(numbers.iter().copied().map(i64::from));
    for v in links.chunks(500) {
        tx.execute(
            &PUT,
            &[
                &key.district,
                &key.no,
                column!(v, l => l.row.id),
                column!(v, l => l.row.a),
                column!(v, l => l.row.b),
                column!(v, l => l.row.a_case),
                column!(v, l => l.row.b_case),
                column!(v, l => l.row.state),
                column!(v, l => l.row.merged_as),
                column!(v, l => l.row.refusal),
                column!(v, l => l.row.proposal),
                column!(v, l => l.row.bar),
                column!(v, l => l.row.is_edge()),
                column!(v, l => l.row.weight),
                column!(v, l => l.row.probability),
                column!(v, l => l.row.revisions.0),
                column!(v, l => l.row.revisions.1),
                column!(v, l => array(&l.row.a_away)),
                column!(v, l => array(&l.row.b_away)),
                column!(v, l => l.evidence.as_deref()),
                column!(v, l => l.row.model_version),
                column!(v, l => l.row.model_name.as_str()),
                column!(v, l => l.row.policy_version),
                column!(v, l => l.row.verdict),
                column!(v, l => l.row.evidence_changed),
                column!(v, l => l.row.decided_by.as_str()),
                column!(v, l => l.row.decided_at),
                column!(v, l => l.row.made_at),
                column!(v, l => l.row.version),
            ],
        )
        .await?;
    }
    Ok(())
}

/// What happened to a link.
#[derive(Clone, Debug)]
pub struct LinkEvent {
    /// The link after it.
    pub link: LinkRow,
    /// What it was.
    pub kind: LinkEventKind,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// In the person's words.
    pub note: String,
    /// What it changed in numbers.
    pub changed: Option<Value>,
}

/// Appends to the log.
pub async fn log(tx: &Tx, key: SurveyKey, events: &[LinkEvent]) -> Result<(), Error> {
    for v in events.chunks(500) {
        tx.execute(
            &LOG,
            &[
                &key.district,
                &key.no,
                column!(v, e => e.link.id),
                column!(v, e => e.link.version),
                column!(v, e => e.kind.slug()),
                column!(v, e => e.link.state),
                column!(v, e => e.link.merged_as),
                column!(v, e => e.link.weight),
                column!(v, e => e.link.probability),
                column!(v, e => e.link.model_version),
                column!(v, e => e.by.as_str()),
                column!(v, e => e.at),
                column!(v, e => e.note.as_str()),
                column!(v, e => e.changed.as_ref().map(Value::to_string)),
            ],
        )
        .await?;
    }
    Ok(())
}

/// People counted at another household by a link in state paired: each interview with the numbers on its form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Away {
    /// The link.
    pub link: Uuid,
    /// Both interviews, with who of each is counted at the other.
    pub sides: [(Uuid, Vec<i32>); 2],
}

/// Who is counted at another household, by links in state paired that touch these cases and whose interviews are in force.
pub async fn paired(tx: &Tx, key: SurveyKey, cases: &[CaseId]) -> Result<Vec<Away>, Error> {
    let rows = tx.query(&PAIRED, &[&key.district, &key.no, &cases]).await?;
    let away = |r: &Row| Away {
        link: r.get("id"),
        sides: [(r.get("a"), r.get("a_away")), (r.get("b"), r.get("b_away"))],
    };
    Ok(rows.iter().map(away).collect())
}

/// The case that was merged into another when this link was last merged as a door; `None` where they were one already.
pub async fn taken_in(tx: &Tx, key: SurveyKey, link: Uuid) -> Result<Option<CaseId>, Error> {
    Ok(tx.query_opt(&TAKEN_IN, &[&key.district, &key.no, &link]).await?.and_then(|r| r.get("loser")))
}
