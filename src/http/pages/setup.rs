//! Loading a set-up from the browser: all faults at once, then what would change, then applying it. Administrators only,
//! and only their own survey: a new survey is set up at the machine.

use std::sync::Arc;

use askama::Template;

use super::super::answer::to_the_end;
use super::super::app::App;
use super::super::auth;
use super::super::body::read;
use super::super::kind;
use super::super::problem::Problem;
use super::super::request::Request;
use super::figures::thousands;
use super::form::{Form, fault};
use super::frame::{Frame, Tab, quoted, see_other};
use super::leavers;
use super::upload::parts;
use super::visitor::{Answer, Visitor};
use super::words::Words;
use super::zip;
use crate::ingest::setup::{Mode, Report};
use crate::setup::{self, Memory, Setup};

/// Largest upload.
const UPLOAD_LIMIT: usize = 64 << 20;
/// Largest set-up once unpacked.
const PLAIN_LIMIT: usize = 256 << 20;
/// Faults shown.
const MOST_FAULTS: usize = 500;

#[derive(Template)]
#[template(path = "setup.html")]
struct Page {
    f: Frame,
    files: Vec<&'static str>,
    trouble: Option<String>,
    faults: Vec<String>,
    faults_found: String,
    tried: Option<Tried>,
    lines: Vec<String>,
}

struct Tried {
    id: uuid::Uuid,
    lines: Vec<String>,
}

impl Page {
    async fn new(v: &Visitor) -> Result<Self, Problem> {
        Ok(Self {
            f: v.frame(Tab::None, v.words.t("setup.title")).await?,
            files: setup::FILES.to_vec(),
            trouble: None,
            faults: Vec::new(),
            faults_found: String::new(),
            tried: None,
            lines: Vec::new(),
        })
    }
}

/// `GET /setup`: the form. Problems: `wrong-role`.
pub async fn show(v: Visitor) -> Answer {
    need_admin(&v)?;
    let page = Page::new(&v).await?;
    v.show(&page)
}

fn need_admin(v: &Visitor) -> Result<(), Problem> {
    if v.caller.role == "admin" { Ok(()) } else { Err(Problem::plain(&kind::WRONG_ROLE)) }
}

/// `POST /setup`: reads the files, shows every fault, or what would change. Problems: `wrong-role`, `form-expired`,
/// `body-too-large`.
pub async fn submit(app: App, mut request: Request) -> Answer {
    let caller = match auth::session(&app, &request).await {
        Err(problem) if problem.kind == &kind::NOT_SIGNED_IN => {
            // Files cannot be kept over signing in: they are chosen again.
            return Ok(see_other(&format!("/login?next={}", quoted("/setup")), request.connection.carriage));
        }
        other => other?,
    };
    let survey = app.survey(&caller).await?;
    let body =
        if caller.role == "admin" { read(&mut request, UPLOAD_LIMIT).await? } else { bytes::Bytes::new() };
    let (words, now) = (Words::of(&request.headers), app.now());
    let v = Visitor { app, request, caller, survey, words, now };
    need_admin(&v)?;
    let all = parts(&v.request.headers, &body).ok_or_else(|| fault("files", "must be files of a form"))?;
    let token = all.iter().find(|p| p.name == "csrf").map(|p| String::from_utf8_lossy(&p.bytes).into_owned());
    v.check_token(token.as_deref())?;
    let mut page = Page::new(&v).await?;
    match gather(all) {
        Err(key) => page.trouble = Some(v.words.t(key).to_owned()),
        Ok(files) => judge(&v, files, &mut page).await?,
    }
    v.show(&page)
}

/// The set-up's files out of what was sent: a zip archive, or the files themselves.
fn gather(all: Vec<super::upload::Part>) -> Result<Memory, &'static str> {
    let mut memory = Memory::default();
    let mut is_empty = true;
    for part in all.into_iter().filter(|p| p.file.as_deref().is_some_and(|name| !name.is_empty())) {
        let name = part.file.unwrap_or_default();
        let found = if part.bytes.starts_with(b"PK") {
            zip::files(&part.bytes, PLAIN_LIMIT).map_err(zip::Fault::key)?
        } else {
            vec![(name, part.bytes)]
        };
        for (name, bytes) in found.into_iter().filter(|(name, _)| setup::FILES.contains(&name.as_str())) {
            memory.put(&name, bytes);
            is_empty = false;
        }
    }
    if is_empty { Err("setup.no_files") } else { Ok(memory) }
}

async fn judge(v: &Visitor, files: Memory, page: &mut Page) -> Result<(), Problem> {
    let read = tokio::task::spawn_blocking(move || setup::read(&files, &mut |_| {}))
        .await
        .map_err(|_| Problem::plain(&kind::INTERNAL))?;
    let setup = match read {
        Ok(setup) => Arc::new(setup),
        Err(faults) => {
            let total = i64::try_from(faults.total()).unwrap_or(i64::MAX);
            page.faults = faults.listed().iter().take(MOST_FAULTS).map(ToString::to_string).collect();
            page.faults_found = v.words.count("setup.faults", total, &[]);
            return Ok(());
        }
    };
    if setup.survey.slug != v.survey.slug {
        page.trouble = Some(v.words.say("setup.other_survey", &[("survey", &v.survey.slug)]));
        return Ok(());
    }
    match load(v, &setup, Mode::Try).await {
        Ok(report) => {
            let id = v.app.pages.keep_setup(&v.caller.user, setup, v.now);
            page.tried = Some(Tried { id, lines: told(v, &report, Mode::Try) });
        }
        Err(problem) if problem.kind == &kind::NOT_POSSIBLE_NOW => page.trouble = Some(problem.detail),
        Err(problem) => return Err(problem),
    }
    Ok(())
}

async fn load(v: &Visitor, setup: &Arc<Setup>, mode: Mode) -> Result<Report, Problem> {
    let (app, setup, now) = (v.app.clone(), Arc::clone(setup), v.now);
    to_the_end(
        async move { Ok::<_, Problem>(app.ingest.load_setup(setup, mode, now, Arc::new(|_| {})).await?) },
    )
    .await
}

/// `POST /setup/apply`: applies a set-up tried within the last hour by the same person. Problems: `wrong-role`,
/// `form-expired`.
pub async fn apply(v: Visitor, form: Form) -> Answer {
    need_admin(&v)?;
    let mut page = Page::new(&v).await?;
    match v.app.pages.take_setup(&v.caller.user, form.uuid("id")?, v.now) {
        None => page.trouble = Some(v.words.t("setup.gone").to_owned()),
        Some(setup) => {
            let report = load(&v, &setup, Mode::Apply).await?;
            v.app.surveys().reread(v.caller.key).await?;
            v.app.pages.forget();
            page.f.done = Some(v.words.t("done.setup").to_owned());
            page.lines = told(&v, &report, Mode::Apply);
        }
    }
    v.show(&page)
}

/// The report in words.
fn told(v: &Visitor, r: &Report, mode: Mode) -> Vec<String> {
    let (cases, dwellings, buildings) = r.totals;
    let key = match mode {
        Mode::Try => "setup.would_have",
        Mode::Apply => "setup.has",
    };
    let mut all = vec![v.words.say(
        key,
        &[
            ("dwellings", &thousands(dwellings)),
            ("buildings", &thousands(buildings)),
            ("cases", &thousands(cases)),
        ],
    )];
    let d = &r.doors;
    all.push(v.words.say(
        "setup.doors",
        &[
            ("added", &thousands(d.added)),
            ("changed", &thousands(d.changed)),
            ("removed", &thousands(d.removed)),
            ("kept", &thousands(d.kept)),
        ],
    ));
    all.extend(leavers::told(v, &r.staff));
    if r.policy_changed {
        all.push(v.words.say("setup.policy", &[("version", &r.policy_version)]));
        for (from, to, n) in &r.moved {
            let (from, to) = (from.label(v.words.0), to.label(v.words.0));
            all.push(v.words.count(
                "setup.moved",
                i64::try_from(*n).unwrap_or_default(),
                &[("from", &from), ("to", &to)],
            ));
        }
    }
    all
}
