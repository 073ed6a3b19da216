//! What the enumerators' page has to know before anybody says which survey it is for.

use jiff::civil::Date;

use super::Store;
use super::tx::{Error, statements};

statements! {
    /// $1 the earliest last day of a survey that still counts as running.
    HAS_OWN_FORMS = "-- has_own_forms
        select exists (
            select from form f
            join survey s on s.district_id = f.district_id and s.survey_no = f.survey_no
            join form_version v on v.district_id = f.district_id and v.survey_no = f.survey_no and v.form_id = f.form_id
            where f.is_open and not f.is_built_in and v.published_at is not null and s.ends_on >= $1) as has";
}

impl Store {
    /// Whether any survey that ended on `since` or later, or has not ended, has a published open form of its own.
    pub async fn has_own_forms(&self, since: Date) -> Result<bool, Error> {
        Ok(self.one(&HAS_OWN_FORMS, &[/* since */ &since]).await?.get("has"))
    }
}
