//! The models interviews are linked by, one row each.

use crate::store::SurveyKey;
use crate::store::tx::{Error, Tx, statements};

statements! {
    /// $1 district, $2 survey.
    CURRENT = "-- current_link_model
        select version, name, norm_version, interviews from link_model where district_id = $1 and survey_no = $2
        order by version desc limit 1";
    /// $1 district, $2 survey, $3 version.
    DOCUMENT = "-- link_model_document
        select document, frequencies from link_model where district_id = $1 and survey_no = $2 and version = $3";
    /// $1 district, $2 survey, $3 version, $4 name, $5 norm version, $6 document, $7 frequencies, $8 interviews.
    INSERT = "-- insert_link_model
        insert into link_model (district_id, survey_no, version, name, norm_version, document, frequencies, interviews, loaded_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, now()) on conflict on constraint link_model_pk do nothing";
}

/// The head of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelHead {
    /// 1 and up.
    pub version: i32,
    /// Name in the document.
    pub name: String,
    /// Version of the normalising rules.
    pub norm_version: i32,
    /// Interviews its tables were counted over.
    pub interviews: i64,
}

/// A model as stored.
#[derive(Clone, Debug)]
pub struct ModelRow {
    /// Its head.
    pub head: ModelHead,
    /// JSON parameters.
    pub document: String,
    /// zstd of JSON tables.
    pub frequencies: Option<Vec<u8>>,
}

/// The model in force; `None` before the first interview was linked.
pub async fn current(tx: &Tx, key: SurveyKey) -> Result<Option<ModelHead>, Error> {
    let row = tx.query_opt(&CURRENT, &[&key.district, &key.no]).await?;
    Ok(row.map(|r| ModelHead {
        version: r.get("version"),
        name: r.get("name"),
        norm_version: r.get("norm_version"),
        interviews: r.get("interviews"),
    }))
}

/// Document and tables of a model.
pub async fn document(tx: &Tx, key: SurveyKey, version: i32) -> Result<(String, Option<Vec<u8>>), Error> {
    let row = tx.query_one(&DOCUMENT, &[&key.district, &key.no, &version]).await?;
    Ok((row.get("document"), row.get("frequencies")))
}

/// Stores a model; it is in force from the end of the transaction.
pub async fn insert(tx: &Tx, key: SurveyKey, m: &ModelRow) -> Result<(), Error> {
    let head = &m.head;
    tx.execute(
        &INSERT,
        &[
            &key.district,
            &key.no,
            &head.version,
            &head.name,
            &head.norm_version,
            &m.document,
            &m.frequencies,
            &head.interviews,
        ],
    )
    .await?;
    Ok(())
}
