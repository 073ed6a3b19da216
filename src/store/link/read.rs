//! Links as people read them: lists by state, the evidence of one, its log.

use jiff::Timestamp;
use serde_json::Value;
use tokio_postgres::Row;
use tokio_postgres::types::Json;
use uuid::Uuid;

use super::cluster::{Member, households};
use super::pair::{LinkRow, by_id, link_row, of_cases};
use super::text::{FormRow, LinkedInterview, forms, load};
use crate::domain::{AreaRange, CaseId, LinkEventKind, LinkState, MergedAs, Refusal};
use crate::link::explain::Explanation;
use crate::store::sql_types::ReadRow;
use crate::store::tx::{Error, Tx, statements};
use crate::store::{Store, SurveyKey, Witness};

statements! {
    /// $1 district, $2 survey, $3 state, $4 after time, $5 after id, $6 lo, $7 hi, $8 limit. Oldest first; one side in the area is enough.
    LIST = "-- list_links
        select l.id, l.a, l.b, l.a_case, l.b_case, l.state, l.merged_as, l.refusal, l.proposal, l.bar, l.weight, l.probability,
               l.a_revision, l.b_revision, l.a_away, l.b_away, l.model_version, l.model_name, l.policy_version, l.verdict,
               l.evidence_changed, l.decided_by, l.decided_at, l.made_at, l.version
        from link l
        where l.district_id = $1 and l.survey_no = $2 and l.state = $3 and (l.made_at, l.id) > ($4, $5)
          and exists (select 1 from survey_case c where c.district_id = $1 and c.survey_no = $2 and c.id in (l.a_case, l.b_case)
                and c.area_no between $6 and $7)
        order by l.made_at, l.id limit $8";
    /// $1 district, $2 survey, $3 lo, $4 hi. How many are in each state.
    COUNT = "-- count_links
        select l.state, count(*) as n from link l
        where l.district_id = $1 and l.survey_no = $2 and l.state <> 'withdrawn'
          and exists (select 1 from survey_case c where c.district_id = $1 and c.survey_no = $2 and c.id in (l.a_case, l.b_case)
                and c.area_no between $3 and $4)
        group by l.state";
    /// $1 district, $2 survey, $3 link. The areas of its sides.
    PLACES = "-- places_of_link
        select c.area_no, c.area from link l
        join survey_case c on c.district_id = $1 and c.survey_no = $2 and c.id in (l.a_case, l.b_case)
        where l.district_id = $1 and l.survey_no = $2 and l.id = $3 order by c.area_no";
    /// $1 district, $2 survey, $3 ids.
    EVIDENCE = "-- link_evidence
        select id, nullif(evidence, '{}'::jsonb) as evidence from link where district_id = $1 and survey_no = $2 and id = any($3)";
    /// $1 district, $2 survey, $3 link.
    EVENTS = "-- link_events
        select link_id, version, kind, state, merged_as, weight, probability, model_version, by_user, at, note, changed from link_event
        where district_id = $1 and survey_no = $2 and link_id = $3 order by version";
}

/// An entry of a link's log.
#[derive(Clone, Debug)]
pub struct EventRow {
    /// Version of the link after it.
    pub version: i32,
    /// What it was.
    pub kind: LinkEventKind,
    /// State after it.
    pub state: LinkState,
    /// What the merge meant, when merged.
    pub merged_as: Option<MergedAs>,
    /// Weight then.
    pub weight: f64,
    /// Probability then.
    pub probability: f64,
    /// Model then.
    pub model_version: i32,
    /// Who.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// In the person's words; empty for what the linking job did.
    pub note: String,
    /// Why a likely merge waited, as the linking job found.
    pub refusal: Option<Refusal>,
    /// What it changed in numbers.
    pub changed: Option<Value>,
}

/// A link with both forms.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The link.
    pub link: LinkRow,
    /// Form of `a`, as compared.
    pub a: FormRow,
    /// Form of `b`.
    pub b: FormRow,
    /// What was compared and what it weighed; none where it was purged.
    pub evidence: Option<Explanation>,
}

/// Everything about one link.
#[derive(Clone, Debug)]
pub struct LinkDetail {
    /// The link with both forms.
    pub pair: Pair,
    /// Its log, oldest first.
    pub events: Vec<EventRow>,
    /// Both interviews as they are compared.
    pub compared: Vec<LinkedInterview>,
    /// Members of the households they stand in.
    pub members: Vec<Member>,
}

async fn pairs(tx: &Tx, key: SurveyKey, links: Vec<LinkRow>) -> Result<Vec<Pair>, Error> {
    let mut wanted: Vec<(Uuid, i32)> =
        links.iter().flat_map(|l| [(l.a, l.revisions.0), (l.b, l.revisions.1)]).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let forms = forms(tx, key, &wanted).await?;
    let ids: Vec<Uuid> = links.iter().map(|l| l.id).collect();
    let rows = tx.query(&EVIDENCE, &[&key.district, &key.no, &ids]).await?;
    let find = |id: Uuid, revision: i32| {
        forms
            .iter()
            .find(|f| f.interview == id && f.revision == revision)
            .cloned()
            .ok_or(Error::Corrupt("link"))
    };
    links
        .into_iter()
        .map(|link| {
            let row = rows.iter().find(|r| r.get::<_, Uuid>("id") == link.id);
            Ok(Pair {
                a: find(link.a, link.revisions.0)?,
                b: find(link.b, link.revisions.1)?,
                evidence: row.map(evidence).transpose()?.flatten(),
                link,
            })
        })
        .collect()
}

fn evidence(row: &Row) -> Result<Option<Explanation>, Error> {
    let stored: Option<Json<Explanation>> = row.read("link", "evidence")?;
    Ok(stored.map(|Json(told)| told))
}

fn event_row(row: &Row) -> Result<EventRow, Error> {
    const TABLE: &str = "link_event";
    let kind: LinkEventKind = row.read(TABLE, "kind")?;
    let note: String = row.get("note");
    let (note, refusal) = if kind.is_of_a_person() || note.is_empty() {
        (note, None)
    } else {
        (String::new(), Some(row.read::<Refusal>(TABLE, "note")?))
    };
    Ok(EventRow {
        version: row.get("version"),
        kind,
        state: row.read(TABLE, "state")?,
        merged_as: row.read(TABLE, "merged_as")?,
        weight: row.get("weight"),
        probability: row.get("probability"),
        model_version: row.get("model_version"),
        by: row.get("by_user"),
        at: row.get("at"),
        note,
        refusal,
        changed: row.get("changed"),
    })
}

async fn list(
    tx: &Tx,
    key: SurveyKey,
    state: LinkState,
    range: AreaRange,
    after: (Timestamp, Uuid),
    limit: i64,
) -> Result<Vec<LinkRow>, Error> {
    let params: [crate::store::tx::Param<'_>; 8] =
        [&key.district, &key.no, &state, &after.0, &after.1, &range.lo, &range.hi, &limit];
    tx.query(&LIST, &params).await?.iter().map(link_row).collect()
}

impl Store {
    /// One page of the links in a state that touch an area, oldest first, with what both forms say.
    pub async fn list_links(
        &self,
        _: &Witness,
        key: SurveyKey,
        state: LinkState,
        range: AreaRange,
        after: (Timestamp, Uuid),
        limit: i64,
    ) -> Result<Vec<Pair>, Error> {
        self.reading("list_links", move |tx| {
            Box::pin(async move {
                let links = list(tx, key, state, range, after, limit).await?;
                pairs(tx, key, links).await
            })
        })
        .await
    }

    /// The same without the forms: which links there are, and nothing of anybody.
    pub async fn list_link_rows(
        &self,
        key: SurveyKey,
        state: LinkState,
        range: AreaRange,
        after: (Timestamp, Uuid),
        limit: i64,
    ) -> Result<Vec<LinkRow>, Error> {
        self.reading("list_link_rows", move |tx| Box::pin(list(tx, key, state, range, after, limit))).await
    }

    /// The area of a link's side within a range, and the link without its forms; `None` where neither side lies there.
    pub async fn link_in(
        &self,
        key: SurveyKey,
        id: Uuid,
        range: AreaRange,
    ) -> Result<Option<(String, LinkRow)>, Error> {
        self.reading("link_in", move |tx| {
            Box::pin(async move {
                let places = tx.query(&PLACES, &[&key.district, &key.no, &id]).await?;
                let own = places.iter().find(|r| range.contains(r.get("area_no")));
                let Some(area) = own.map(|r| r.get("area")) else { return Ok(None) };
                Ok::<_, Error>(by_id(tx, key, &[id]).await?.into_iter().next().map(|link| (area, link)))
            })
        })
        .await
    }

    /// How many links that touch an area are in each state.
    pub async fn count_links(
        &self,
        key: SurveyKey,
        range: AreaRange,
    ) -> Result<Vec<(LinkState, i64)>, Error> {
        let rows = self.rows(&COUNT, &[&key.district, &key.no, &range.lo, &range.hi]).await?;
        rows.iter().map(|r| Ok((r.read("link", "state")?, r.get("n")))).collect()
    }

    /// One link with everything about it.
    pub async fn link(&self, _: &Witness, key: SurveyKey, id: Uuid) -> Result<Option<LinkDetail>, Error> {
        self.reading("link", move |tx| {
            Box::pin(async move {
                let found = by_id(tx, key, &[id]).await?;
                let Some(pair) = pairs(tx, key, found).await?.into_iter().next() else {
                    return Ok(None);
                };
                let rows = tx.query(&EVENTS, &[&key.district, &key.no, &id]).await?;
                let events = rows.iter().map(event_row).collect::<Result<_, _>>()?;
                let compared = load(tx, key, &[pair.link.a, pair.link.b]).await?;
                let members = households(tx, key, &[pair.link.a, pair.link.b]).await?;
                Ok::<_, Error>(Some(LinkDetail { pair, events, compared, members }))
            })
        })
        .await
    }

    /// Links of cases, in every state but withdrawn.
    pub async fn links_of_cases(&self, key: SurveyKey, cases: &[CaseId]) -> Result<Vec<LinkRow>, Error> {
        let cases = cases.to_vec();
        self.reading("links_of_cases", move |tx| {
            let cases = cases.clone();
            Box::pin(async move {
                let mut all = of_cases(tx, key, &cases).await?;
                all.retain(|l| l.state != LinkState::Withdrawn);
                all.sort_by_key(|l| (l.made_at, l.id));
                Ok::<_, Error>(all)
            })
        })
        .await
    }
}
