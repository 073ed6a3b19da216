//! Loading a set-up from the browser: all faults at once, then what is asked, then what would change, then applying it.
//! Administrators only, and only their own survey: a new survey is set up at the machine.

use std::sync::Arc;

use askama::Template;

use super::figures::thousands;
use super::form::{Form, fault};
use super::frame::{Frame, Tab, quoted, see_other};
use super::leavers;
use super::visitor::{Answer as Shown, Visitor};
use super::words::Words;
use super::zip;
use crate::app::App;
use crate::app::auth;
use crate::domain::Role;
use crate::ingest::Error;
use crate::ingest::forms::Taken;
use crate::ingest::setup::{Load, Mode, Report};
use crate::net::answer::to_the_end;
use crate::net::body::read;
use crate::net::kind;
use crate::net::multipart::{Part, parts};
use crate::net::problem::Problem;
use crate::net::request::Request;
use crate::setup::{self, Accepted, Answer, Class, Faults, Memory, Question, Reading, Setup, Table};

/// Largest upload, all files of the form together.
const UPLOAD_LIMIT: usize = 64 << 20;
/// Largest set-up once unpacked, all archives of the form together.
const PLAIN_LIMIT: usize = 256 << 20;
/// Most parts of the form.
const MOST_PARTS: usize = 100;
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
    doubts: Vec<Doubt>,
    /// Under which number the doubts are answered; none while something is wrong besides.
    answer_to: Option<uuid::Uuid>,
    notices: Vec<String>,
    tables: Vec<Table>,
    tried: Option<Tried>,
    asked: Option<Asked>,
    lines: Vec<String>,
}

/// Something in the files that may be right, with the name of its tick box.
struct Doubt {
    name: String,
    text: String,
}

struct Tried {
    id: uuid::Uuid,
    lines: Vec<String>,
    /// Answers that were given, to be given again.
    answers: Vec<&'static str>,
}

/// What has to be answered before anything is applied.
struct Asked {
    id: uuid::Uuid,
    questions: Vec<Item>,
    answers: Vec<&'static str>,
}

struct Item {
    name: &'static str,
    text: String,
    answers: Vec<(&'static str, &'static str)>,
}

impl Page {
    async fn new(v: &Visitor) -> Result<Self, Problem> {
        Ok(Self {
            f: v.frame(Tab::None, v.words.t("setup.title")).await?,
            files: setup::FILES.to_vec(),
            trouble: None,
            faults: Vec::new(),
            faults_found: String::new(),
            doubts: Vec::new(),
            answer_to: None,
            notices: Vec::new(),
            tables: Vec::new(),
            tried: None,
            asked: None,
            lines: Vec::new(),
        })
    }
}

/// `GET /setup`: the form. Problems: `wrong-role`.
pub async fn show(v: Visitor) -> Shown {
    need_admin(&v)?;
    let page = Page::new(&v).await?;
    v.show(&page)
}

fn need_admin(v: &Visitor) -> Result<(), Problem> {
    if v.caller.role == Role::Admin { Ok(()) } else { Err(Problem::plain(&kind::WRONG_ROLE)) }
}

/// `POST /setup`: reads the files, shows every fault, or what would change. Problems: `wrong-role`, `form-expired`,
/// `body-too-large`.
pub async fn submit(app: App, mut request: Request) -> Shown {
    let caller = match auth::session(&app, &request).await {
        Err(problem) if problem.kind == &kind::NOT_SIGNED_IN => {
            // Files cannot be kept over signing in: they are chosen again.
            return Ok(see_other(&format!("/login?next={}", quoted("/setup")), request.connection.carriage));
        }
        other => other?,
    };
    let survey = app.survey(&caller).await?;
    let body = if caller.role == Role::Admin {
        read(&mut request, UPLOAD_LIMIT).await?
    } else {
        bytes::Bytes::new()
    };
    let (words, now) = (Words::of(&request.headers), app.now());
    let v = Visitor { app, request, caller, survey, words, now };
    need_admin(&v)?;
    let all = parts(&v.request.headers, &body, MOST_PARTS)
        .await
        .ok_or_else(|| fault("files", "must be files of a form"))?;
    let token = all.iter().find(|p| p.name == "csrf").map(|p| String::from_utf8_lossy(&p.bytes).into_owned());
    v.check_token(token.as_deref())?;
    let mut page = Page::new(&v).await?;
    let accepted: Vec<_> = all.iter().filter(|p| p.name == "accept" && p.file.is_none()).collect();
    let accepted: Vec<_> = accepted.iter().map(|p| String::from_utf8_lossy(&p.bytes).into_owned()).collect();
    let accepted = Accepted::of(accepted.iter().map(String::as_str));
    match gather(all) {
        Err(key) => page.trouble = Some(v.words.t(key).to_owned()),
        Ok((files, strangers)) => {
            if !strangers.is_empty() {
                let list = strangers.join(", ");
                page.notices.push(v.words.say("setup.strangers", &[("files", &list)]));
            }
            let read = tokio::task::spawn_blocking(move || setup::examine(&files, &mut |_| {})).await;
            let reading = Arc::new(read.map_err(|_| Problem::plain(&kind::INTERNAL))?);
            judge(&v, reading, &accepted, &mut page).await?;
        }
    }
    v.show(&page)
}

/// `POST /setup/answer`: says of a set-up read within the last hour that what was asked is right. Problems: `wrong-role`,
/// `form-expired`.
pub async fn answer(v: Visitor, form: Form) -> Shown {
    need_admin(&v)?;
    let mut page = Page::new(&v).await?;
    match v.app.pages.take_reading(&v.caller.user, form.uuid("id")?, v.now) {
        None => page.trouble = Some(v.words.t("setup.gone").to_owned()),
        Some(reading) => judge(&v, reading, &Accepted::of(form.all("accept")), &mut page).await?,
    }
    v.show(&page)
}

/// The set-up's files out of what was sent, zip archives or the files themselves, and the names of files that are none.
fn gather(all: Vec<Part>) -> Result<(Memory, Vec<String>), &'static str> {
    let (mut memory, mut strangers) = (Memory::default(), Vec::new());
    let mut budget = zip::Budget::of(PLAIN_LIMIT);
    let mut is_empty = true;
    for part in all {
        let Some(name) = part.file.filter(|name| !name.is_empty()) else { continue };
        let found = if setup::is_wanted(&name) {
            budget.take(part.bytes.len()).map_err(zip::Fault::key)?;
            vec![(name, Some(part.bytes.to_vec()))]
        } else if part.bytes.starts_with(b"PK") {
            zip::files(&part.bytes, &mut budget, setup::is_wanted).map_err(zip::Fault::key)?
        } else {
            vec![(name, None)]
        };
        for (name, bytes) in found {
            match bytes {
                Some(bytes) => {
                    memory.receive(&name, bytes);
                    is_empty = false;
                }
                None => strangers.push(setup::shown(&name)),
            }
        }
    }
    if is_empty { Err("setup.no_files") } else { Ok((memory, strangers)) }
}

/// Shows what was found in the files, and what would change where nothing stands against it.
async fn judge(
    v: &Visitor,
    reading: Arc<Reading>,
    accepted: &Accepted,
    page: &mut Page,
) -> Result<(), Problem> {
    let language = v.words.0;
    page.notices.extend(reading.told().map(|one| one.say(language)));
    let (files, contents) = reading.understood(language);
    page.tables.extend(std::iter::once(files).chain(contents));
    if let Some(faults) = reading.faults(accepted) {
        show_faults(v, &faults, page);
        if faults.wrong() == 0 {
            page.answer_to = Some(v.app.pages.keep_reading(&v.caller.user, reading, v.now));
        }
        return Ok(());
    }
    let Some(setup) = reading.setup().map(Arc::clone) else {
        return Err(Problem::plain(&kind::INTERNAL));
    };
    if setup.survey.slug != v.survey.slug {
        page.trouble = Some(v.words.say("setup.other_survey", &[("survey", &v.survey.slug)]));
        return Ok(());
    }
    show_load(v, setup, Mode::Try.into(), page).await
}

fn show_faults(v: &Visitor, faults: &Faults, page: &mut Page) {
    let language = v.words.0;
    let of = |class: Class| faults.listed().iter().filter(move |one| one.class() == class);
    page.faults = of(Class::Bad).take(MOST_FAULTS).map(|one| one.say(language)).collect();
    if !page.faults.is_empty() {
        let total = i64::try_from(faults.wrong()).unwrap_or(i64::MAX);
        page.faults_found = v.words.count("setup.faults", total, &[]);
    }
    page.doubts = of(Class::Asked).map(|one| Doubt { name: one.name(), text: one.say(language) }).collect();
}

/// Loads or tries a set-up and shows what came of it: what has changed, what would change, or what has to be answered first.
async fn show_load(v: &Visitor, setup: Arc<Setup>, load: Load, page: &mut Page) -> Result<(), Problem> {
    let answers: Vec<&'static str> = load.answers.iter().map(|a| a.slug()).collect();
    let keep = |setup| v.app.pages.keep_setup(&v.caller.user, setup, v.now);
    let mode = load.mode;
    match loaded(v, &setup, load).await {
        Ok(Ok(report)) if mode == Mode::Try => {
            page.tried = Some(Tried { id: keep(setup), lines: told(v, &report, mode), answers });
        }
        Ok(Ok(report)) => {
            v.app.surveys().reread(v.caller.key).await?;
            v.app.pages.forget();
            page.f.done = Some(v.words.t("done.setup").to_owned());
            page.lines = told(v, &report, mode);
        }
        Ok(Err(questions)) => {
            let questions = questions.iter().map(|q| item(v, q)).collect();
            page.asked = Some(Asked { id: keep(setup), questions, answers });
        }
        Err(problem) if problem.kind == &kind::NOT_POSSIBLE_NOW => page.trouble = Some(problem.detail),
        Err(problem) => return Err(problem),
    }
    Ok(())
}

fn item(v: &Visitor, question: &Question) -> Item {
    let language = v.words.0;
    Item {
        name: question.slug(),
        text: question.text(language),
        answers: question.answers().iter().map(|a| (a.slug(), a.label(language))).collect(),
    }
}

async fn loaded(
    v: &Visitor,
    setup: &Arc<Setup>,
    load: Load,
) -> Result<Result<Report, Vec<Question>>, Problem> {
    let (app, setup, now) = (v.app.clone(), Arc::clone(setup), v.now);
    let load = Load { by: Some(v.caller.clone()), ..load };
    to_the_end(async move {
        match app.ingest.load_setup(setup, load, now, Arc::new(|_| {})).await {
            Ok(report) => Ok(Ok(report)),
            Err(Error::Asked(questions)) => Ok(Err(questions)),
            Err(error) => Err(Problem::from(error)),
        }
    })
    .await
}

/// `POST /setup/apply`: applies a set-up tried within the last hour by the same person, or with `do=try` tries it again with
/// the answers given. Problems: `wrong-role`, `form-expired`.
pub async fn apply(v: Visitor, form: Form) -> Shown {
    need_admin(&v)?;
    let mut page = Page::new(&v).await?;
    let answers = form.fields().filter(|(name, _)| name.starts_with("answer"));
    let load = Load {
        mode: if form.text("do") == Some("try") { Mode::Try } else { Mode::Apply },
        answers: answers.filter_map(|(_, value)| Answer::from_slug(value)).collect(),
        by: None,
    };
    match v.app.pages.take_setup(&v.caller.user, form.uuid("id")?, v.now) {
        None => page.trouble = Some(v.words.t("setup.gone").to_owned()),
        Some(setup) => show_load(&v, setup, load, &mut page).await?,
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
    if d.rewritten > 0 {
        let doors = i64::try_from(d.rewritten).unwrap_or(i64::MAX);
        all.push(v.words.count("setup.rewritten", doors, &[]));
    }
    for (column, doors) in &d.columns_kept {
        let doors = i64::try_from(*doors).unwrap_or_default();
        all.push(v.words.count("setup.column_kept", doors, &[("column", &column.name())]));
    }
    if r.areas_gone > 0 {
        all.push(v.words.count("setup.areas_gone", i64::try_from(r.areas_gone).unwrap_or_default(), &[]));
    }
    if r.freed > 0 {
        all.push(v.words.count("setup.freed", i64::try_from(r.freed).unwrap_or_default(), &[]));
    }
    all.extend(leavers::told(v, &r.staff));
    for form in &r.forms {
        let key = match form.taken {
            Taken::New => "setup.form_new",
            Taken::Changed => "setup.form_changed",
            Taken::Same => "setup.form_same",
        };
        all.push(v.words.say(key, &[("form", &form.id), ("version", &form.version)]));
    }
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
