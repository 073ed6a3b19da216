//! Households of several interviews, and what they do to the interviews: which one counts, who is counted elsewhere.

use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::{CaseId, HouseholdEventKind};
use crate::store::SurveyKey;
use crate::store::tx::{Error, Tx, statements};

statements! {
    /// $1 district, $2 survey, $3 interviews. Every member of their households.
    HOUSEHOLDS = "-- households_of_interviews
        select m.interview, m.cluster_id, m.is_counted from cluster_member m
        where m.district_id = $1 and m.survey_no = $2 and m.cluster_id in (
            select x.cluster_id from cluster_member x where x.district_id = $1 and x.survey_no = $2 and x.interview = any($3))";
    /// $1 district, $2 survey.
    COUNT = "-- count_households
        select count(distinct cluster_id) as n from cluster_member where district_id = $1 and survey_no = $2";
    /// $1 district, $2 survey, $3 interviews.
    DROP = "-- drop_members
        delete from cluster_member where district_id = $1 and survey_no = $2 and interview = any($3)";
    /// $1 district, $2 survey, $3 interviews, $4 clusters, $5 counted.
    PUT = "-- put_members
        insert into cluster_member (district_id, survey_no, interview, cluster_id, is_counted)
        select $1, $2, u.* from unnest($3::uuid[], $4::uuid[], $5::boolean[]) as u (interview, cluster_id, is_counted) order by u.interview
        on conflict on constraint cluster_member_pk do update set cluster_id = excluded.cluster_id, is_counted = excluded.is_counted";
    /// $1 district, $2 survey, $3 cluster, $4 kind, $5 members, $6 counted, $7 cause, $8 by, $9 at.
    LOG = "-- log_cluster
        insert into cluster_event (district_id, survey_no, cluster_id, seq, kind, members, counted, cause, by_user, at)
        select $1, $2, $3, coalesce(max(seq), 0) + 1, $4, $5, $6, $7, $8, $9 from cluster_event
        where district_id = $1 and survey_no = $2 and cluster_id = $3";
    /// $1 district, $2 survey, $3 interviews. Of any accepted revision: they are the same on all.
    FLAGS = "-- counting_flags
        select distinct on (id) id, case_id, counted_elsewhere, paired from interview
        where district_id = $1 and survey_no = $2 and id = any($3) and status = 0 and held_reason is distinct from 'form-error' order by id, revision desc";
    /// $1 district, $2 survey, $3 interviews, $4 counted elsewhere, $5 paired.
    SET_FLAGS = "-- set_counting_flags
        update interview i set counted_elsewhere = u.elsewhere, paired = u.paired
        from unnest($3::uuid[], $4::boolean[], $5::integer[]) as u (id, elsewhere, paired)
        where i.district_id = $1 and i.survey_no = $2 and i.id = u.id";
}

/// A member of a household of several interviews.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    /// The interview.
    pub interview: Uuid,
    /// The household.
    pub cluster: Uuid,
    /// Counts for it.
    pub is_counted: bool,
}

/// All members of the households these interviews belong to.
pub async fn households(tx: &Tx, key: SurveyKey, interviews: &[Uuid]) -> Result<Vec<Member>, Error> {
    let rows = tx.query(&HOUSEHOLDS, &[&key.district, &key.no, &interviews]).await?;
    Ok(rows
        .iter()
        .map(|r| Member {
            interview: r.get("interview"),
            cluster: r.get("cluster_id"),
            is_counted: r.get("is_counted"),
        })
        .collect())
}

/// Brings the rows in line: `gone` lose theirs, `kept` are written.
pub async fn write(tx: &Tx, key: SurveyKey, gone: &[Uuid], kept: &[Member]) -> Result<(), Error> {
    if !gone.is_empty() {
        tx.execute(&DROP, &[&key.district, &key.no, &gone]).await?;
    }
    if !kept.is_empty() {
        let ids: Vec<Uuid> = kept.iter().map(|m| m.interview).collect();
        let clusters: Vec<Uuid> = kept.iter().map(|m| m.cluster).collect();
        let counted: Vec<bool> = kept.iter().map(|m| m.is_counted).collect();
        tx.execute(&PUT, &[&key.district, &key.no, &ids, &clusters, &counted]).await?;
    }
    Ok(())
}

/// What happened to a household.
#[derive(Clone, Debug)]
pub struct ClusterEvent {
    /// The household.
    pub cluster: Uuid,
    /// What it was.
    pub kind: HouseholdEventKind,
    /// Members after it.
    pub members: Vec<Uuid>,
    /// Which counts after it.
    pub counted: Uuid,
}

/// Appends to the log.
pub async fn log(
    tx: &Tx,
    key: SurveyKey,
    events: &[ClusterEvent],
    (cause, by, at): (Uuid, &str, Timestamp),
) -> Result<(), Error> {
    for e in events {
        tx.execute(
            &LOG,
            &[&key.district, &key.no, &e.cluster, &e.kind.slug(), &e.members, &e.counted, &cause, &by, &at],
        )
        .await?;
    }
    Ok(())
}

/// What links make of an interview.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flags {
    /// The interview.
    pub interview: Uuid,
    /// Its case.
    pub case_id: CaseId,
    /// Another interview is counted, at another door.
    pub elsewhere: bool,
    /// People counted at another household.
    pub paired: i32,
}

/// The flags of accepted interviews.
pub async fn flags(tx: &Tx, key: SurveyKey, interviews: &[Uuid]) -> Result<Vec<Flags>, Error> {
    let rows = tx.query(&FLAGS, &[&key.district, &key.no, &interviews]).await?;
    Ok(rows
        .iter()
        .map(|r| Flags {
            interview: r.get("id"),
            case_id: r.get("case_id"),
            elsewhere: r.get("counted_elsewhere"),
            paired: r.get("paired"),
        })
        .collect())
}

/// Writes flags, on every revision.
pub async fn set_flags(tx: &Tx, key: SurveyKey, all: &[Flags]) -> Result<(), Error> {
    let ids: Vec<Uuid> = all.iter().map(|f| f.interview).collect();
    let elsewhere: Vec<bool> = all.iter().map(|f| f.elsewhere).collect();
    let paired: Vec<i32> = all.iter().map(|f| f.paired).collect();
    tx.execute(&SET_FLAGS, &[&key.district, &key.no, &ids, &elsewhere, &paired]).await?;
    Ok(())
}

/// Number of households of several interviews.
pub async fn count(tx: &Tx, key: SurveyKey) -> Result<i64, Error> {
    Ok(tx.query_one(&COUNT, &[&key.district, &key.no]).await?.get("n"))
}
