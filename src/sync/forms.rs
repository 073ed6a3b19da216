//! Forms as a device gets them: those that are published and open, each in its current version.

use std::collections::HashMap;

use serde_json::{Value, json};
use uuid::Uuid;

use super::Change;
use crate::domain::FormRole;
use crate::domain::policy::Forms;
use crate::store::form::{self, Form, VersionRow};
use crate::store::{Error, SurveyKey, Tx};

/// What a list and the feed say of a version of a form.
pub fn form_data(form: &Form, version: &VersionRow) -> Value {
    let media: Vec<Value> = version
        .media
        .iter()
        .map(|file| json!({"name": file.name, "hash": hash(&file.md5), "length": file.length}))
        .collect();
    json!({
        "id": form.row.id, "role": form.row.role, "title": form.row.title, "title_zh": form.row.title_zh,
        "version": version.version, "hash": hash(&version.hash), "languages": version.languages,
        "questions": version.questions, "media": media,
    })
}

/// MD5 as clients of forms write it.
pub fn hash(md5: &str) -> String {
    format!("md5:{md5}")
}

fn put(form: &Form, version: &VersionRow) -> Change {
    Change::put("form", form_data(form, version))
}

fn standing(form: &Form) -> Change {
    match form.current().filter(|_| form.is_in_use()) {
        Some(version) => put(form, version),
        None => Change { data: json!({"id": form.row.id}), ..Change::drop("form", form.change_id()) },
    }
}

/// The survey's sheets in the order in which they are asked: the main form, then the extra ones as `survey.toml` has them, then
/// others as they came.
pub(super) async fn sheets(tx: &Tx, key: SurveyKey, policy: &Forms) -> Result<Value, Error> {
    let all = form::forms(tx, key, None).await?;
    let of_role = |role: FormRole| all.iter().filter(move |form| form.is_in_use() && form.row.role == role);
    let main = of_role(FormRole::Main).next().map(|form| &form.row.id);
    let named = |id: &String| policy.extra.iter().position(|extra| extra == id).unwrap_or(usize::MAX);
    let mut extra: Vec<&Form> = of_role(FormRole::Extra).collect();
    extra.sort_by_key(|form| (named(&form.row.id), form.row.place));
    let extra: Vec<&String> = extra.into_iter().map(|form| &form.row.id).collect();
    Ok(json!({"main": main, "extra": extra}))
}

/// Forms after an id of the feed, in its order, with that id.
pub(super) async fn listed(
    tx: &Tx,
    key: SurveyKey,
    after: Uuid,
    room: usize,
) -> Result<Vec<(Uuid, Change)>, Error> {
    let all = form::forms(tx, key, None).await?;
    let mut listed: Vec<(Uuid, Change)> = all
        .iter()
        .filter(|form| form.is_in_use())
        .filter_map(|form| Some((form.change_id(), put(form, form.current()?))))
        .filter(|(id, _)| *id > after)
        .collect();
    listed.sort_by_key(|(id, _)| *id);
    listed.truncate(room);
    Ok(listed)
}

/// Forms that changed; closed ones are dropped.
pub(super) async fn changed(tx: &Tx, key: SurveyKey, ids: &[Uuid]) -> Result<Vec<Change>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let all = form::forms(tx, key, None).await?;
    let by_id: HashMap<Uuid, &Form> = all.iter().map(|form| (form.change_id(), form)).collect();
    Ok(ids.iter().filter_map(|id| by_id.get(id)).map(|form| standing(form)).collect())
}
