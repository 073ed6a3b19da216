//! Forms: what there is, reading a new one in with all that is wrong with it, looking at its questions, publishing, opening and
//! closing. Administrators change them; supervisors read.

use askama::Template;
use http::HeaderMap;

use super::form::{Form as Fields, fault};
use super::frame::{Frame, Tab, quoted, see_other};
use super::visitor::{Answer, Visitor};
use super::words::Words;
use crate::app::forms::{self as sent, MOST_PARTS, Sees, UPLOAD_LIMIT};
use crate::app::{App, auth};
use crate::domain::Role;
use crate::forms::{Fault, FormModel, FormRole, Labels, Node};
use crate::ingest::Error;
use crate::ingest::forms::{Door, Wanted};
use crate::net::answer::to_the_end;
use crate::net::body::read;
use crate::net::kind;
use crate::net::multipart::{Part, parts};
use crate::net::problem::Problem;
use crate::net::request::Request;
use crate::store::form::{Form, VersionRow};

/// Choices of a question that the preview names.
const MOST_CHOICES: usize = 12;

#[derive(Template)]
#[template(path = "forms.html")]
struct Page {
    f: Frame,
    is_admin: bool,
    trouble: Option<String>,
    faults: Vec<String>,
    forms: Vec<Row>,
    roles: Vec<(&'static str, &'static str)>,
}

/// A form as the list shows it.
struct Row {
    id: String,
    title: String,
    role: &'static str,
    version: String,
    /// The version in an address.
    version_path: String,
    questions: i32,
    warnings: usize,
    state: &'static str,
    is_open: bool,
    is_published: bool,
    is_offered: bool,
    /// A draft beside the version in force, and its address.
    draft: Option<(String, String)>,
    answers: i64,
}

#[derive(Template)]
#[template(path = "form.html")]
struct Preview {
    f: Frame,
    is_admin: bool,
    id: String,
    version: String,
    version_path: String,
    is_draft: bool,
    title: String,
    role: &'static str,
    languages: Vec<String>,
    warnings: Vec<String>,
    questions: Vec<Question>,
}

/// A node of a form, as its author looks at it.
struct Question {
    name: String,
    kind: &'static str,
    is_section: bool,
    binding: String,
    /// What is asked, in each language of the form.
    texts: Vec<String>,
    choices: Vec<Vec<String>>,
    more: usize,
}

fn is_admin(v: &Visitor) -> bool {
    v.caller.role == Role::Admin
}

fn need_admin(v: &Visitor) -> Result<(), Problem> {
    if is_admin(v) { Ok(()) } else { Err(Problem::plain(&kind::WRONG_ROLE)) }
}

/// `GET /forms`: the forms of the survey.
pub async fn list(v: Visitor) -> Answer {
    let page = page(&v).await?;
    v.show(&page)
}

async fn page(v: &Visitor) -> Result<Page, Problem> {
    let sees = Sees::of(&v.caller);
    let mut rows = Vec::new();
    for form in v.app.store().forms(v.caller.key).await? {
        let Some(shown) = sees.shown(&form) else { continue };
        let answers = v.app.store().count_form_answers(v.caller.key, &form.row.id, v.caller.range).await?;
        rows.push(row(v.words, &form, shown, answers, sees));
    }
    Ok(Page {
        f: v.frame(Tab::None, v.words.t("forms.title")).await?,
        is_admin: is_admin(v),
        trouble: None,
        faults: Vec::new(),
        forms: rows,
        roles: FormRole::ALL.iter().map(|role| (role.slug(), role.label(v.words.0))).collect(),
    })
}

fn row(words: Words, form: &Form, shown: &VersionRow, answers: i64, sees: Sees) -> Row {
    let is_published = shown.published_at.is_some();
    let role = if is_published { form.row.role } else { shown.role };
    let draft = form.draft().filter(|_| is_published && sees == Sees::Everything);
    Row {
        id: form.row.id.clone(),
        title: words.pick(&form.row.title, &form.row.title_zh).clone(),
        role: role.label(words.0),
        version: shown.version.clone(),
        version_path: quoted(&shown.version),
        questions: shown.questions,
        warnings: shown.warnings.len(),
        state: words.t(match (is_published, form.row.is_open) {
            (false, _) => "forms.draft",
            (true, true) => "forms.open",
            (true, false) => "forms.closed",
        }),
        is_open: form.row.is_open,
        is_published,
        is_offered: form.row.is_offered,
        draft: draft.map(|draft| (draft.version.clone(), quoted(&draft.version))),
        answers,
    }
}

/// `POST /forms`: reads a form and keeps it as a draft to be looked at, or says everything that is wrong with it.
/// Problems: `wrong-role`, `form-expired`, `body-too-large`.
pub async fn upload(app: App, mut request: Request) -> Answer {
    let caller = match auth::session(&app, &request).await {
        Err(problem) if problem.kind == &kind::NOT_SIGNED_IN => {
            // Files cannot be kept over signing in: they are chosen again.
            return Ok(see_other(&format!("/login?next={}", quoted("/forms")), request.connection.carriage));
        }
        other => other?,
    };
    let survey = app.survey(&caller).await?;
    let may = caller.role == Role::Admin;
    let body = if may { read(&mut request, UPLOAD_LIMIT).await? } else { bytes::Bytes::new() };
    let (words, now) = (Words::of(&request.headers), app.now());
    let v = Visitor { app, request, caller, survey, words, now };
    need_admin(&v)?;
    let (all, fields) = taken(&v.request.headers, &body).await?;
    v.check_token(fields.given("csrf"))?;
    let role = fields.text("role").and_then(FormRole::from_slug);
    let upload = sent::of_parts(all, &v.survey)?;
    let (app, survey, caller) = (v.app.clone(), v.survey.clone(), v.caller.clone());
    let done = to_the_end(async move {
        let done = async {
            let read = app.ingest.read_form(&survey, upload, now).await?;
            let wanted = Wanted { role, ..Wanted::default() };
            app.ingest.add_form(&survey, &read.prepared, wanted, Some(&caller), now).await?;
            Ok::<_, Error>(read)
        };
        Ok::<_, Problem>(done.await)
    })
    .await?;
    match done {
        Ok(read) => {
            let model = &read.prepared.model;
            v.go(&format!("/forms/{}/versions/{}", model.id, quoted(&model.version)))
        }
        Err(Error::FormFaults(faults)) => {
            let mut page = page(&v).await?;
            page.faults = faults.iter().map(|fault| fault.line(v.words.0)).collect();
            v.show(&page)
        }
        Err(error) => troubled(&v, error.into()).await,
    }
}

/// Parts with files, and the plain fields beside them. A form's own file stands in the part `form`; an empty choice of further files
/// is none.
async fn taken(headers: &HeaderMap, body: &bytes::Bytes) -> Result<(Vec<Part>, Fields), Problem> {
    let all =
        parts(headers, body, MOST_PARTS).await.ok_or_else(|| fault("form", "must be files of a form"))?;
    let (files, fields): (Vec<Part>, Vec<Part>) = all.into_iter().partition(|part| part.file.is_some());
    let text = |part: Part| (part.name, String::from_utf8_lossy(&part.bytes).into_owned());
    let is_file = |part: &Part| part.file.as_deref().is_some_and(|name| !name.is_empty());
    Ok((files.into_iter().filter(is_file).collect(), Fields::of(fields.into_iter().map(text).collect())))
}

/// The list with what stands against what was asked for.
async fn troubled(v: &Visitor, problem: Problem) -> Answer {
    if ![&kind::FORM_IN_USE, &kind::FORM_VERSION_EXISTS, &kind::NOT_POSSIBLE_NOW].contains(&problem.kind) {
        return Err(problem);
    }
    let mut page = page(v).await?;
    page.trouble = Some(problem.in_words(v.words.0).to_owned());
    v.show(&page)
}

/// `GET /forms/{id}/versions/{version}`: the questions of a version in the form's languages. Problems: `not-found`.
pub async fn preview(v: Visitor) -> Answer {
    let form = sent::form(&v.app, &v.caller, v.request.param("id")).await?;
    let found = form.version(v.request.param("version"));
    let found = found.filter(|version| Sees::of(&v.caller).has(version.published_at.is_some()));
    let version = found.ok_or_else(Problem::not_found)?;
    let model = v.app.store().form_model(v.caller.key, &form.row.id, &version.version).await?;
    let model = model.ok_or_else(Problem::not_found)?;
    let page = Preview {
        f: v.frame(Tab::None, model.title.clone()).await?,
        is_admin: is_admin(&v),
        id: form.row.id.clone(),
        version: version.version.clone(),
        version_path: quoted(&version.version),
        is_draft: version.published_at.is_none(),
        title: model.title.clone(),
        role: version.role.label(v.words.0),
        languages: languages(&model),
        warnings: version.warnings.iter().map(|warning: &Fault| warning.line(v.words.0)).collect(),
        questions: model
            .walk()
            .into_iter()
            .filter(|node| is_shown(node))
            .map(|node| question(&model, node))
            .collect(),
    };
    v.show(&page)
}

/// The languages that have a column: those of the form, or one for a form of no language.
fn languages(model: &FormModel) -> Vec<String> {
    if model.languages.is_empty() { vec!["–".to_owned()] } else { model.languages.clone() }
}

/// Metadata and calculations without a binding are no questions.
fn is_shown(node: &Node) -> bool {
    node.asked || node.kind.is_section() || !node.labels.is_empty() || node.binding.is_some()
}

fn question(model: &FormModel, node: &Node) -> Question {
    let said = |labels: &Labels| -> Vec<String> {
        languages(model)
            .iter()
            .map(|code| labels.get(code).or_else(|| labels.values().next()).cloned().unwrap_or_default())
            .collect()
    };
    let named = |choice: &crate::forms::Choice| {
        let mut texts = vec![choice.name.clone()];
        texts.extend(said(&choice.labels));
        texts
    };
    Question {
        name: node.name.clone(),
        kind: node.kind.slug(),
        is_section: node.kind.is_section(),
        binding: node.binding.clone().unwrap_or_default(),
        texts: said(&node.labels),
        choices: node.choices.iter().take(MOST_CHOICES).map(named).collect(),
        more: node.choices.len().saturating_sub(MOST_CHOICES),
    }
}

/// `POST /forms/{id}/versions/{version}/publish`: makes a draft the version in force. Problems: `wrong-role`, `not-found`.
pub async fn publish(v: Visitor, _: Fields) -> Answer {
    need_admin(&v)?;
    let (id, version) = (v.request.param("id").to_owned(), v.request.param("version").to_owned());
    let (app, survey, caller, now) = (v.app.clone(), v.survey.clone(), v.caller.clone(), v.now);
    let done = to_the_end(async move {
        Ok::<_, Problem>(app.ingest.publish_form(&survey, (&id, &version), Some(&caller), now).await)
    });
    after(&v, done.await?, "form_published").await
}

/// `POST /forms/{id}/open`: its submissions are taken. Problems: `wrong-role`, `not-found`.
pub async fn open(v: Visitor, _: Fields) -> Answer {
    turn(v, Door::Open, "form_open").await
}

/// `POST /forms/{id}/close`: its submissions wait. Problems: `wrong-role`, `not-found`.
pub async fn close(v: Visitor, form: Fields) -> Answer {
    let is_forced = form.text("force") == Some("true");
    turn(v, Door::Close { is_forced }, "form_closed").await
}

async fn turn(v: Visitor, door: Door, word: &str) -> Answer {
    need_admin(&v)?;
    let id = v.request.param("id").to_owned();
    let (app, survey, caller, now) = (v.app.clone(), v.survey.clone(), v.caller.clone(), v.now);
    let done = to_the_end(async move {
        Ok::<_, Problem>(app.ingest.open_form(&survey, &id, door, Some(&caller), now).await)
    });
    after(&v, done.await?, word).await
}

async fn after(v: &Visitor, done: Result<bool, Error>, word: &str) -> Answer {
    match done {
        Ok(_) => v.go(&format!("/forms?done={word}")),
        Err(error) => troubled(v, error.into()).await,
    }
}
