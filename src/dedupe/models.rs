//! The model in force: the first interview of a survey freezes the one this program carries; only relinking changes it.

use std::sync::Arc;

use super::judge::Judge;
use super::{Dedupe, Error};
use crate::link::model::{ModelFile, shipped_file};
use crate::link::{Frequencies, NORM_VERSION};
use crate::store::link::model::{self, ModelHead, ModelRow};
use crate::store::{SurveyKey, Tx};
use crate::surveys::Survey;

impl Dedupe {
    /// The judge of a survey: the stored model under the present policy. The first interview freezes the shipped model.
    pub(super) async fn judge(&self, tx: &Tx, survey: &Survey) -> Result<Arc<Judge>, Error> {
        let key = survey.key;
        let head = match model::current(tx, key).await? {
            Some(head) => head,
            None => first_model(tx, key).await?,
        };
        if let Some(known) = self.known_judge(key, head.version, survey.policy_version) {
            return Ok(known);
        }
        if head.norm_version != i32::from(NORM_VERSION) {
            return Err(Error::Model("it belongs to other normalising rules".to_owned()));
        }
        let (document, tables) = model::document(tx, key, head.version).await?;
        let file: ModelFile = serde_json::from_str(&document).map_err(|e| Error::Model(e.to_string()))?;
        let frequencies = tables.as_deref().map(read_tables).transpose()?.unwrap_or_default();
        let policy = (survey.policy_version, &survey.rules.policy.link);
        let judge = Arc::new(Judge::new((head.version, &file, frequencies), policy)?);
        self.keep_judge(key, &judge);
        Ok(judge)
    }
}

async fn first_model(tx: &Tx, key: SurveyKey) -> Result<ModelHead, Error> {
    let file = shipped_file();
    let head = ModelHead {
        version: 1,
        name: file.version.clone(),
        norm_version: i32::from(file.norm_version),
        interviews: 0,
    };
    let document = serde_json::to_string(&file).map_err(|e| Error::Model(e.to_string()))?;
    model::insert(tx, key, &ModelRow { head: head.clone(), document, frequencies: None }).await?;
    Ok(head)
}

/// Tables as stored. Errors: not what this program wrote.
fn read_tables(packed: &[u8]) -> Result<Frequencies, Error> {
    let text = zstd::decode_all(packed).map_err(|_| Error::Model("its tables are damaged".to_owned()))?;
    serde_json::from_slice(&text).map_err(|e| Error::Model(e.to_string()))
}
