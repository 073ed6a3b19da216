//! Forms: what there is to be filled in, and bringing new ones in.

use http::header::{CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY};
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use crate::app::forms::{self, Sees, Sending};
use crate::app::{App, auth};
use crate::domain::Role;
use crate::forms::FormRole;
use crate::ingest::forms::{Door, Wanted};
use crate::net::answer::{self, Response, to_the_end};
use crate::net::body;
use crate::net::kind;
use crate::net::problem::Problem;
use crate::net::query::Query;
use crate::net::request::Request;
use crate::store::access::Caller;
use crate::store::form::{Form, VersionRow};
use crate::sync::{form_data, hash};

/// `GET /v1/forms`: for devices what is published and open, for supervisors closed ones too, for administrators drafts too.
pub async fn list(app: App, request: Request) -> Result<Response, Problem> {
    let caller = auth::caller(&app, &request).await?;
    let sees = Sees::of(&caller);
    let forms = app.store().forms(caller.key).await?;
    let items: Vec<Value> = forms.iter().filter_map(|form| row(form, sees)).collect();
    Ok(answer::json(&json!({"items": items, "after": null})))
}

/// A form as lists show it; nothing where it is not seen.
fn row(form: &Form, sees: Sees) -> Option<Value> {
    let shown = sees.shown(form)?;
    let mut row = form_data(form, shown);
    row["is_open"] = form.row.is_open.into();
    row["collect"] = form.row.is_offered.into();
    row["is_built_in"] = form.row.is_built_in.into();
    row["published_at"] = json!(shown.published_at);
    if shown.published_at.is_none() {
        row["role"] = json!(shown.role);
        row["collect"] = shown.is_offered.into();
    }
    if sees == Sees::Everything {
        row["draft"] = json!(form.draft().map(|draft| &draft.version));
    }
    Some(row)
}

/// `GET /v1/forms/{id}`: the form with its versions, newest first. Problems: `not-found`.
pub async fn get(app: App, request: Request) -> Result<Response, Problem> {
    let caller = auth::caller(&app, &request).await?;
    let form = forms::form(&app, &caller, request.param("id")).await?;
    Ok(answer::json(&whole(&form, &caller)?))
}

fn whole(form: &Form, caller: &Caller) -> Result<Value, Problem> {
    let sees = Sees::of(caller);
    // By its id a device may ask for a closed form too.
    let mut all = row(form, sees).or_else(|| row(form, Sees::Published)).ok_or_else(Problem::not_found)?;
    let versions = form.versions.iter().filter(|v| sees.has(v.published_at.is_some()));
    all["versions"] = versions.map(version).collect();
    Ok(all)
}

fn version(v: &VersionRow) -> Value {
    json!({
        "version": v.version, "hash": hash(&v.hash), "published_at": v.published_at, "made_at": v.made_at, "role": v.role,
        "questions": v.questions, "warnings": v.warnings,
    })
}

/// `GET /v1/forms/{id}/{version}.xml`: the `XForm`, the same bytes for everybody. Problems: `not-found`.
pub async fn xform(app: App, request: Request) -> Result<Response, Problem> {
    let caller = auth::caller(&app, &request).await?;
    let version = request.param("file").strip_suffix(".xml").ok_or_else(Problem::not_found)?;
    let found = app.store().xform(caller.key, request.param("id"), version).await?;
    let found = found.filter(|x| Sees::of(&caller).has(x.is_published)).ok_or_else(Problem::not_found)?;
    answer::tagged(&request, &found.hash, "text/xml; charset=utf-8", found.text)
}

/// `GET /v1/forms/{id}/{version}/model`: the questions as a tree. Problems: `not-found`.
pub async fn model(app: App, request: Request) -> Result<Response, Problem> {
    let caller = auth::caller(&app, &request).await?;
    let (id, version) = version_of(&app, &caller, &request).await?;
    let model = app.store().form_model(caller.key, &id, &version).await?;
    Ok(answer::json(&model.ok_or_else(Problem::not_found)?))
}

/// `GET /v1/forms/{id}/{version}/media/{name}`: a file of the form. Problems: `not-found`.
pub async fn media(app: App, request: Request) -> Result<Response, Problem> {
    let caller = auth::caller(&app, &request).await?;
    let (id, version) = version_of(&app, &caller, &request).await?;
    let found = app.store().form_media(caller.key, (&id, &version), request.param("name")).await?;
    let found = found.ok_or_else(Problem::not_found)?;
    let mut response = answer::tagged(&request, &found.md5, &found.media_type, found.bytes)?;
    // A file that somebody uploaded is never a page of this service.
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    Ok(response)
}

/// Id and version named by the address, where the caller sees them.
async fn version_of(app: &App, caller: &Caller, request: &Request) -> Result<(String, String), Problem> {
    let form = forms::form(app, caller, request.param("id")).await?;
    let found = form.version(request.param("version"));
    let found = found.filter(|v| Sees::of(caller).has(v.published_at.is_some()));
    let version = found.ok_or_else(Problem::not_found)?.version.clone();
    Ok((form.row.id, version))
}

/// An administrator. Problems: `wrong-role`.
async fn admin(app: &App, request: &Request) -> Result<Caller, Problem> {
    let caller = auth::supervisor(app, request).await?;
    if caller.role == Role::Admin { Ok(caller) } else { Err(Problem::plain(&kind::WRONG_ROLE)) }
}

/// `POST /v1/forms?role=&collect=&publish=`: a spreadsheet or `XForm`, alone or with its files; 201, or 200 where the same is
/// stored already. Problems: `form-faults`, `form-version-exists`, `form-in-use`, `body-too-large`, `unsupported-type`, `wrong-role`.
pub async fn add(app: App, mut request: Request) -> Result<Response, Problem> {
    let caller = admin(&app, &request).await?;
    let wanted = wanted(&request.query()?)?;
    let sending = Sending::of(&request.headers)?;
    let body = body::read(&mut request, sending.limit()).await?;
    let survey = app.survey(&caller).await?;
    let upload = forms::sent(sending, &request.headers, body, &survey).await?;
    let now = app.now();
    to_the_end(async move {
        let read = app.ingest.read_form(&survey, upload, now).await?;
        let is_new = app.ingest.add_form(&survey, &read.prepared, wanted, Some(&caller), now).await?;
        let (model, warnings) = (&read.prepared.model, &read.prepared.warnings);
        let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
        let told =
            json!({"id": model.id, "version": model.version, "warnings": warnings, "changes": read.changes});
        Ok(answer::json_with(status, &told))
    })
    .await
}

fn wanted(query: &Query) -> Result<Wanted, Problem> {
    let flag = |name: &str| {
        query.one_of(name, &["true", "false"], |word| match word {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        })
    };
    let roles: Vec<&str> = FormRole::ALL.iter().map(|r| r.slug()).collect();
    Ok(Wanted {
        role: query.one_of("role", &roles, FormRole::from_slug)?,
        collect: flag("collect")?,
        publish: flag("publish")?.unwrap_or_default(),
    })
}

/// `POST /v1/forms/{id}/{version}/publish`: makes a draft the version in force. Problems: `form-in-use`, `not-found`, `wrong-role`.
pub async fn publish(app: App, request: Request) -> Result<Response, Problem> {
    let caller = admin(&app, &request).await?;
    let (id, version) = (request.param("id").to_owned(), request.param("version").to_owned());
    let (survey, now) = (app.survey(&caller).await?, app.now());
    to_the_end(async move {
        app.ingest.publish_form(&survey, (&id, &version), Some(&caller), now).await?;
        present(&app, &caller, &id).await
    })
    .await
}

/// `POST /v1/forms/{id}/open`: its submissions are taken again, those that waited too. Problems: `form-in-use`, `not-found`,
/// `not-possible-now`, `wrong-role`.
pub async fn open(app: App, request: Request) -> Result<Response, Problem> {
    turn(app, request, Door::Open).await
}

/// `POST /v1/forms/{id}/close?force=`: its submissions wait. Problems: as [`open`].
pub async fn close(app: App, request: Request) -> Result<Response, Problem> {
    let words = ["true", "false"];
    let is_forced =
        request.query()?.one_of("force", &words, |word| words.contains(&word).then_some(word == "true"))?;
    turn(app, request, Door::Close { is_forced: is_forced.unwrap_or_default() }).await
}

async fn turn(app: App, request: Request, door: Door) -> Result<Response, Problem> {
    let caller = admin(&app, &request).await?;
    let id = request.param("id").to_owned();
    let (survey, now) = (app.survey(&caller).await?, app.now());
    to_the_end(async move {
        app.ingest.open_form(&survey, &id, door, Some(&caller), now).await?;
        present(&app, &caller, &id).await
    })
    .await
}

async fn present(app: &App, caller: &Caller, id: &str) -> Result<Response, Problem> {
    let form = forms::form(app, caller, id).await?;
    Ok(answer::json(&whole(&form, caller)?))
}

/// What the `OpenAPI` document says of this file.
pub(super) mod described {
    use crate::api::openapi::prelude::*;
    use crate::forms::FormRole;
    use crate::forms::changes::What;

    const ID: &str = "The form's id.";
    const VERSION: &str = "The author's version.";

    fn roles() -> Schema {
        words(FormRole::ALL.iter().map(|r| r.slug()))
    }

    /// The calls of this file.
    pub fn calls() -> Vec<Call> {
        vec![
            get("/v1/forms", "forms", "Forms that can be filled in")
                .about("Devices see what is published and open, supervisors closed forms too, administrators drafts too.")
                .who(Who::Reader)
                .gives("Done.", page(refer("Form"))),
            post("/v1/forms", "addForm", "Brings a form in")
                .about(
                    "For administrators. The body is the form itself, or `multipart/form-data` with the part `form` and its files \
                as further parts. A version that is published never changes; a draft is replaced. The same again is a 200.",
                )
                .who(Who::Token)
                .query("role?", "As survey.toml says, as before, or as its bindings suggest.", roles())
                .query("collect?", "Whether ODK Collect is offered it.", words(["true", "false"]))
                .query("publish?", "Make it the version in force at once.", words(["true", "false"]))
                .takes_as("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", bytes())
                .takes_as("application/vnd.oasis.opendocument.spreadsheet", bytes())
                .takes_as("application/vnd.ms-excel", bytes())
                .takes_as("application/xml", text())
                .takes_as("multipart/form-data", object([("form", bytes())]).open())
                .gives("Nothing differs from what is stored.", refer("FormTaken"))
                .also_gives(201, "Stored.", refer("FormTaken"))
                .fails(&[409]),
            get("/v1/forms/{id}", "form", "One form with its versions")
                .about("Drafts are shown to administrators.")
                .who(Who::Reader)
                .part("id", ID, text())
                .gives("Versions newest first.", refer("FormWhole")),
            get("/v1/forms/{id}/{file}", "xform", "The XForm of a version")
                .about("The same bytes for everybody; `ETag` is their MD5.")
                .who(Who::Reader)
                .part("id", ID, text())
                .part("file", "The version with `.xml` behind it.", text())
                .gives_as("The XForm.", [("text/xml", text())]),
            get("/v1/forms/{id}/{version}/model", "formModel", "The questions of a version as a tree")
                .who(Who::Reader)
                .part("id", ID, text())
                .part("version", VERSION, text())
                .gives("The model.", refer("FormModel")),
            get("/v1/forms/{id}/{version}/media/{name}", "formMedia", "A file that belongs to a version")
                .who(Who::Reader)
                .part("id", ID, text())
                .part("version", VERSION, text())
                .part("name", "As the form names it.", text())
                .gives_as("The file.", [("*/*", bytes())]),
            post("/v1/forms/{id}/{version}/publish", "publishForm", "Makes a draft the version in force")
                .about("For administrators. Older versions are accepted for ever.")
                .who(Who::Token)
                .part("id", ID, text())
                .part("version", VERSION, text())
                .gives("As it stands now.", refer("FormWhole"))
                .fails(&[409]),
            post("/v1/forms/{id}/open", "openForm", "Takes submissions of a form again")
                .about("For administrators. What waited for the form is taken.")
                .who(Who::Token)
                .part("id", ID, text())
                .gives("As it stands now.", refer("FormWhole"))
                .fails(&[409]),
            post("/v1/forms/{id}/close", "closeForm", "Takes no more submissions of a form")
                .about("For administrators. Submissions that still come wait. The main form is closed while doors are open only with force.")
                .who(Who::Token)
                .part("id", ID, text())
                .query("force?", "Close it all the same.", words(["true", "false"]))
                .gives("As it stands now.", refer("FormWhole"))
                .fails(&[409]),
        ]
    }

    /// The components that they speak of.
    #[expect(clippy::too_many_lines, reason = "a table of components")]
    pub fn schemas() -> Vec<Named> {
        let labels = || map(text()).about("By BCP 47 code.");
        vec![
            (
                "Form",
                object([
                    ("id", text()),
                    ("role", roles()),
                    ("title", text()),
                    ("title_zh", text()),
                    (
                        "version",
                        text().about("The one in force; of a form that was never published the draft."),
                    ),
                    ("hash", text().about("`md5:` and 32 hexadecimal digits, of the XForm.")),
                    ("languages", list(text())),
                    ("questions", count().about("What is asked: no groups, notes, calculations, metadata.")),
                    ("media", list(object([("name", text()), ("hash", text()), ("length", count())]))),
                    ("is_open", flag()),
                    ("collect", flag().about("Whether ODK Collect is offered it.")),
                    ("is_built_in", flag().about("It came with the program.")),
                    ("published_at", time().or_null()),
                    ("draft?", text().or_null().about("For administrators: the draft that came last.")),
                ]),
            ),
            (
                "FormWhole",
                all_of([
                    refer("Form"),
                    object([(
                        "versions",
                        list(object([
                            ("version", text()),
                            ("hash", text()),
                            ("published_at", time().or_null().about("Null for a draft.")),
                            ("made_at", time()),
                            ("role", roles()),
                            ("questions", count()),
                            ("warnings", list(refer("FormFault"))),
                        ])),
                    )]),
                ]),
            ),
            (
                "FormTaken",
                object([
                    ("id", text()),
                    ("version", text()),
                    ("warnings", list(refer("FormFault"))),
                    (
                        "changes",
                        list(object([("path", text()), ("what", words(What::ALL.map(What::slug)))]))
                            .about("What differs from the version in force."),
                    ),
                ]),
            ),
            (
                "FormFault",
                object([
                    ("sheet?", text()),
                    ("row?", int().least(1)),
                    ("column?", text()),
                    ("path?", text().about("The node, of an XForm.")),
                    ("detail", text()),
                    ("detail_zh", text()),
                ]),
            ),
            (
                "FormModel",
                object([
                    ("id", text()),
                    ("version", text()),
                    ("title", text()),
                    ("languages", list(text()).about("The default first.")),
                    ("nodes", list(refer("FormNode"))),
                    ("root", text().about("Name of the root element of a filled-in form.")),
                    (
                        "entity?",
                        object([("list", text()), ("creates", flag()), ("updates", flag())])
                            .about("The list of entities that it writes to."),
                    ),
                    ("files", list(text()).about("Names of the files that it uses.")),
                ]),
            ),
            (
                "FormNode",
                object([
                    ("path", text()),
                    ("name", text()),
                    ("type", text().about("As in the forms' standard, and `group`, `repeat`, `note`.")),
                    ("labels?", labels()),
                    ("binding?", text().about("Which field of a record it fills.")),
                    ("choices?", list(object([("name", text()), ("labels?", labels())]))),
                    ("choices_from?", text().about("The file that lists the choices.")),
                    ("appearance?", text()),
                    (
                        "required?",
                        flag().about("It must always be answered; one required under a condition is not."),
                    ),
                    ("constraint_message?", labels()),
                    ("asked?", flag().about("Somebody is asked: no group, note, calculation or metadata.")),
                    ("calculated?", flag()),
                    ("meta?", text().about("Which metadata it holds: start, end, today and the like.")),
                    ("nodes?", list(refer("FormNode"))),
                ]),
            ),
        ]
    }
}
