//! Answers to a form as a table, page by page, and one filled-in form with its questions in words.

use askama::Template;
use uuid::Uuid;

use super::frame::{Frame, Tab};
use super::visitor::{Answer, Visitor};
use crate::app::forms;
use crate::domain::CaseId;
use crate::forms::FormModel;
use crate::forms::export::{Column, Table, Values, cell, repeat_rows, tables};
use crate::net::problem::Problem;
use crate::store::Disclosure;
use crate::store::answers::{AnswerPlace, AnswerRow, FIRST};

/// Rows of a page.
const ROWS: i64 = 50;

#[derive(Template)]
#[template(path = "answers.html")]
struct Page {
    f: Frame,
    id: String,
    title: String,
    total: i64,
    heads: Vec<String>,
    rows: Vec<Row>,
    /// Names of the repeats, for their files.
    repeats: Vec<String>,
    /// Where the next page starts.
    after: Option<String>,
}

struct Row {
    id: Uuid,
    case: Option<CaseId>,
    door: String,
    who: String,
    at: String,
    cells: Vec<String>,
}

#[derive(Template)]
#[template(path = "answer.html")]
struct OnePage {
    f: Frame,
    id: String,
    title: String,
    version: String,
    row: Row,
    /// Questions with their answers.
    said: Vec<(String, String)>,
    repeats: Vec<Repeat>,
}

/// The rows that one submission has in a repeat.
struct Repeat {
    name: String,
    heads: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// `GET /forms/{id}/answers?after=`: answers in force in the own area, oldest first. Problems: `not-found`, `bad-parameter`.
pub async fn show(v: Visitor) -> Answer {
    let form = forms::form(&v.app, &v.caller, v.request.param("id")).await?;
    let query = v.query()?;
    let after = query.parsed("after", "must be one that this page gave", place)?.unwrap_or(FIRST);
    let (store, key, id) = (v.app.store(), v.caller.key, form.row.id.clone());
    let models = store.form_models(key, &id).await?;
    let all = tables(&models.iter().collect::<Vec<_>>());
    let read = Disclosure::Answers { form: id.clone(), format: "page", area: Some(v.caller.area.clone()) };
    let witness = v.witness(read).await?;
    let rows = store.form_answers(&witness, key, &id, v.caller.range, after, ROWS).await?;
    let is_full = i64::try_from(rows.len()).is_ok_and(|n| n >= ROWS);
    let next = rows.last().filter(|_| is_full).map(|row| named(row.place()));
    let empty = Vec::new();
    let columns = all.first().map_or(&empty, |table| &table.columns);
    let title = v.words.pick(&form.row.title, &form.row.title_zh).clone();
    let page = Page {
        f: v.frame(
            Tab::None,
            v.words.say("app.of", &[("title", &v.words.t("forms.answers")), ("name", &title)]),
        )
        .await?,
        total: store.count_form_answers(key, &id, v.caller.range).await?,
        heads: columns.iter().map(|column| head(&v, column)).collect(),
        rows: rows.iter().map(|one| row(&v, one, columns)).collect(),
        repeats: all
            .iter()
            .filter(|table| !table.repeat.is_empty())
            .map(|table| table.name.clone())
            .collect(),
        after: next,
        title,
        id,
    };
    v.show(&page)
}

/// `GET /forms/{id}/answers/{submission}`: one filled-in form in force, in the own area. Problems: `not-found`.
pub async fn one(v: Visitor) -> Answer {
    let form = forms::form(&v.app, &v.caller, v.request.param("id")).await?;
    let submission = v.request.param_uuid("submission")?;
    let (store, key, id) = (v.app.store(), v.caller.key, form.row.id.clone());
    let witness =
        v.witness(Disclosure::Submission { id: submission, area: Some(v.caller.area.clone()) }).await?;
    let found = store.form_answer(&witness, key, &id, v.caller.range, submission).await?;
    let found = found.ok_or_else(Problem::not_found)?;
    let model: Option<FormModel> = store.form_model(key, &id, &found.version).await?;
    let all: Vec<Table> = model.as_ref().map(|model| tables(&[model])).unwrap_or_default();
    let answers = found.said();
    let labels = Values::Labels(v.words.0.slug());
    let columns = all.first().map(|table| table.columns.as_slice()).unwrap_or_default();
    let repeats = all.iter().filter(|table| !table.repeat.is_empty()).map(|table| Repeat {
        name: table.name.clone(),
        heads: table.columns.iter().map(|column| head(&v, column)).collect(),
        rows: repeat_rows(&answers, table)
            .iter()
            .map(|one| table.columns.iter().map(|column| cell(one.row, column, labels)).collect())
            .collect(),
    });
    let title = v.words.pick(&form.row.title, &form.row.title_zh).clone();
    let page = OnePage {
        f: v.frame(Tab::None, title.clone()).await?,
        said: columns.iter().map(|column| (head(&v, column), cell(&answers, column, labels))).collect(),
        repeats: repeats.filter(|repeat| !repeat.rows.is_empty()).collect(),
        row: row(&v, &found, &[]),
        version: found.version.clone(),
        title,
        id,
    };
    v.show(&page)
}

/// The question in the reader's language, else its path.
fn head(v: &Visitor, column: &Column) -> String {
    let said = column.labels.get(v.words.0.slug()).or_else(|| column.labels.values().next());
    said.cloned().unwrap_or_else(|| column.header())
}

fn row(v: &Visitor, one: &AnswerRow, columns: &[Column]) -> Row {
    let answers = one.said();
    let labels = Values::Labels(v.words.0.slug());
    let door = one.door.as_ref().map(|[_, building, unit, room]| {
        [building, unit, room]
            .into_iter()
            .filter(|part| !part.is_empty())
            .cloned()
            .collect::<Vec<_>>()
            .join("-")
    });
    Row {
        id: one.stood.id,
        case: one.case_id.filter(|_| one.door.is_some()),
        door: door.unwrap_or_else(|| "—".to_owned()),
        who: one.stood.user.clone(),
        at: v.when().full(one.at),
        cells: columns.iter().map(|column| cell(&answers, column, labels)).collect(),
    }
}

/// A place as it stands in an address.
fn named((at, id): AnswerPlace) -> String {
    format!("{}.{}", at.as_microsecond(), id.simple())
}

fn place(text: &str) -> Option<AnswerPlace> {
    let (at, id) = text.split_once('.')?;
    let at = jiff::Timestamp::from_microsecond(at.parse().ok()?).ok()?;
    Some((at, Uuid::try_parse(id).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_comes_back_as_it_went() {
        let at: jiff::Timestamp = "2020-11-10T04:00:00.000123Z".parse().unwrap();
        let place_ = (at, Uuid::from_u128(7));
        assert_eq!(place(&named(place_)), Some(place_));
        assert_eq!(place("x"), None);
    }
}
