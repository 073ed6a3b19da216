//! Which database this is: its id, the check value of its key, and operations of several steps that are not done.

use jiff::Timestamp;
use uuid::Uuid;

use super::connect::Settings;
use super::tx::{Error, Outcome, statements};
use super::{Store, SurveyKey};

statements! {
    /// The row there is.
    INSTALLATION = "-- installation
        select id, key_check from installation";
    /// $1 check value, $2 now.
    NOTE_KEY = "-- note_key
        update installation set key_check = $1, key_seen_at = $2 where key_check is null";
    /// Operations that are not done, the oldest first.
    UNDER_WAY = "-- under_way
        select u.operation, u.district_id, u.survey_no, s.slug, u.begun_at from under_way u
        join survey s on s.district_id = u.district_id and s.survey_no = u.survey_no order by u.begun_at, u.survey_no";
    /// $1 district, $2 survey, $3 operation, $4 now.
    BEGIN = "-- begin_operation
        insert into under_way (district_id, survey_no, operation, begun_at) values ($1, $2, $3, $4)
        on conflict on constraint under_way_pk do nothing";
    /// $1 district, $2 survey, $3 operation.
    END = "-- end_operation
        delete from under_way where district_id = $1 and survey_no = $2 and operation = $3";
}

/// Names of the keys of some digests of citizen IDs.
const KEY_NAMES: &str = "select distinct p.citizen_id_key from (
        select people from interview where people like '%citizen_id_key%' limit 500) i
    cross join lateral jsonb_to_recordset(i.people::jsonb) as p (citizen_id_key text) where p.citizen_id_key is not null";

/// Which database this is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    /// Its id; goes along with a backup.
    pub id: Uuid,
    /// Check value of its key; `None` until a program with a key file has opened it.
    pub key_check: Option<Vec<u8>>,
}

/// An operation that has begun and is not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnderWay {
    /// The command.
    pub operation: String,
    /// The survey.
    pub key: SurveyKey,
    /// Its name on the wire.
    pub survey: String,
    /// When it began first.
    pub begun_at: Timestamp,
}

impl Store {
    /// Which database this is.
    pub async fn installation(&self) -> Result<Installation, Error> {
        let r = self.one(&INSTALLATION, &[]).await?;
        Ok(Installation { id: r.get("id"), key_check: r.get("key_check") })
    }

    /// Notes the check value of a key where none is noted yet; returns the one that is noted now.
    pub async fn note_key(&self, check: &[u8], now: Timestamp) -> Result<Vec<u8>, Error> {
        let check = check.to_vec();
        self.retrying("note_key", move |tx| {
            let check = check.clone();
            Box::pin(async move {
                tx.execute(&NOTE_KEY, &[&check, &now]).await?;
                let noted: Option<Vec<u8>> = tx.query_one(&INSTALLATION, &[]).await?.get("key_check");
                Ok::<_, Error>(Outcome::Commit(noted.ok_or(Error::Corrupt("key check"))?))
            })
        })
        .await
    }

    /// What is not done.
    pub async fn under_way(&self) -> Result<Vec<UnderWay>, Error> {
        let rows = self.rows(&UNDER_WAY, &[]).await?;
        Ok(rows
            .iter()
            .map(|r| UnderWay {
                operation: r.get("operation"),
                key: SurveyKey { district: r.get("district_id"), no: r.get("survey_no") },
                survey: r.get("slug"),
                begun_at: r.get("begun_at"),
            })
            .collect())
    }

    /// Marks an operation as under way; one that is keeps the moment at which it began.
    pub async fn begin_operation(
        &self,
        key: SurveyKey,
        operation: &'static str,
        now: Timestamp,
    ) -> Result<(), Error> {
        self.run(&BEGIN, &[&key.district, &key.no, &operation, &now]).await?;
        Ok(())
    }
}

/// Takes the mark of an operation away, in the transaction that says it is done.
pub(super) async fn end_operation(
    tx: &super::Tx,
    key: SurveyKey,
    operation: &'static str,
) -> Result<(), Error> {
    tx.execute(&END, &[&key.district, &key.no, &operation]).await.map(drop)
}

/// Names of the keys under which stored digests of citizen IDs were made, of some of them. Reads the interviews until it has
/// found enough, so it has no time limit; asked for once in the life of a database.
pub async fn key_names(settings: &Settings) -> Result<Vec<String>, Error> {
    let client = settings.connect_alone().await?;
    let rows = client.query(KEY_NAMES, &[]).await.map_err(|e| Error::of("key_names", &e))?;
    Ok(rows.iter().map(|r| r.get(0)).collect())
}
