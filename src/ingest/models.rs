//! Models of forms, read once: a published version never changes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::Error;
use crate::forms::FormModel;
use crate::store::{SurveyKey, Tx, submission};

/// Most models that are kept; above it all are read anew.
const MOST: usize = 256;

/// Which version of which form, by its hash: a draft that was replaced has another one.
type Name = (SurveyKey, String, String);

/// The models read so far.
#[derive(Clone, Debug, Default)]
pub struct Models(Arc<Mutex<HashMap<Name, Arc<FormModel>>>>);

impl Models {
    /// The model of a version that is known to be there.
    pub(super) async fn get(
        &self,
        (tx, key): (&Tx, SurveyKey),
        form: &str,
        version: &str,
        hash: &str,
    ) -> Result<Arc<FormModel>, Error> {
        let name = (key, form.to_owned(), hash.to_owned());
        if let Some(model) = self.kept().get(&name) {
            return Ok(Arc::clone(model));
        }
        let corrupt = || crate::store::Error::Corrupt("form");
        let stored = submission::model(tx, key, form, version).await?.ok_or_else(corrupt)?;
        let model: Arc<FormModel> = Arc::new(serde_json::from_value(stored).map_err(|_| corrupt())?);
        let mut kept = self.kept();
        if kept.len() >= MOST {
            kept.clear();
        }
        kept.insert(name, Arc::clone(&model));
        Ok(model)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, HashMap<Name, Arc<FormModel>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
