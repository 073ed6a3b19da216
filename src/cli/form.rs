//! `doorknock form`: questionnaires. `check` reads one file and needs no database; `add`, `list` and `close` work on a survey.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;

use super::base::{self, Base, Common, operator, remark, say, survey};
use super::show::area_of;
use super::whole::{self, For, Old};
use super::words::{Tongue, fit};
use crate::domain::Language;
use crate::export::forms::{self, Source};
use crate::forms::export::Counted;
use crate::forms::media::media_faults;
use crate::forms::model::{Choice, Labels};
use crate::forms::{Fault, FormRole, Given, Imported, limits};
use crate::ingest::Error;
use crate::ingest::forms::{Door, Upload, Wanted};
use crate::store::Disclosure;
use crate::store::form::{Form, VersionRow};

/// Work with questionnaires.
#[derive(Args, Debug)]
pub struct FormArgs {
    #[command(subcommand)]
    command: FormCommand,
}

#[derive(Subcommand, Debug)]
enum FormCommand {
    /// Read a spreadsheet (XLSForm: xlsx, xls, ods) or an XForm and say everything that is wrong with it
    Check(CheckArgs),
    /// Bring a form into a survey, as a draft or published; its files lie beside it in FILE-media
    Add(AddArgs),
    /// List the forms of a survey
    List(ListArgs),
    /// Take no more submissions of a form: those that still come wait
    Close(CloseArgs),
    /// Count the answers to the questions of a form that have choices, one line a question
    Tally(TallyArgs),
}

#[derive(Args, Debug)]
struct CheckArgs {
    /// The spreadsheet or XForm
    file: PathBuf,
    /// Write the XForm into this file; - for standard output, with nothing else on it
    #[arg(long, value_name = "OUT")]
    xform: Option<PathBuf>,
    /// Language of what is said
    #[arg(long, value_enum, default_value = "en")]
    lang: Tongue,
    #[command(flatten)]
    reading: ReadingArgs,
}

/// How a spreadsheet is read.
#[derive(Args, Debug)]
struct ReadingArgs {
    /// What makes the XForm of a spreadsheet; pyxform has to be installed (xls2xform)
    #[arg(long, value_enum, default_value = "built-in")]
    converter: Converter,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Converter {
    BuiltIn,
    Pyxform,
}

#[derive(Args, Debug)]
struct AddArgs {
    /// The spreadsheet or XForm
    file: PathBuf,
    /// Publish it at once
    #[arg(long)]
    publish: bool,
    /// Its role [default: as survey.toml says, as before, or as its bindings suggest]
    #[arg(long, value_parser = role)]
    role: Option<FormRole>,
    /// Whether ODK Collect is offered it [default: as survey.toml says, or as before]
    #[arg(long, value_name = "true|false", num_args = 0..=1, default_missing_value = "true")]
    collect: Option<bool>,
    #[command(flatten)]
    reading: ReadingArgs,
    /// Survey, when there are several
    #[arg(long, value_name = "ID")]
    survey: Option<String>,
}

#[derive(Args, Debug)]
struct ListArgs {
    /// Survey, when there are several
    #[arg(long, value_name = "ID")]
    survey: Option<String>,
}

#[derive(Args, Debug)]
struct CloseArgs {
    /// The form's id
    form: String,
    /// Also the main form while doors are open
    #[arg(long)]
    force: bool,
    /// Survey, when there are several
    #[arg(long, value_name = "ID")]
    survey: Option<String>,
}

#[derive(Args, Clone, Debug)]
struct TallyArgs {
    /// The form's id
    form: String,
    /// Only this question, by its name or its path (group/name)
    question: Option<String>,
    /// Area, with all below it
    #[arg(long, value_name = "CODE")]
    area: Option<String>,
    /// Language of questions and choices
    #[arg(long, value_enum, default_value = "en")]
    lang: Tongue,
    /// Survey, when there are several
    #[arg(long, value_name = "ID")]
    survey: Option<String>,
}

fn role(word: &str) -> Result<FormRole, String> {
    let known = FormRole::ALL.iter().map(|r| r.slug()).collect::<Vec<_>>().join(", ");
    FormRole::from_slug(word).ok_or_else(|| format!("known are {known}"))
}

/// Runs the command. Exit status 1 when the form has faults or the file cannot be read.
pub(super) fn run(common: &Common, args: &FormArgs) -> Result<ExitCode> {
    match &args.command {
        FormCommand::Check(args) => check(args),
        FormCommand::Add(args) => add(common, args),
        FormCommand::List(args) => list(common, args),
        FormCommand::Close(args) => close(common, args),
        FormCommand::Tally(args) => tally(common, args),
    }
}

fn check(args: &CheckArgs) -> Result<ExitCode> {
    let language = match args.lang {
        Tongue::En => Language::En,
        Tongue::Zh => Language::Zh,
    };
    let upload = upload(&args.file, args.reading.converter)?;
    let imported = match read(upload) {
        Ok(imported) => imported,
        Err(faults) => return Ok(tell_faults(&args.file, &faults, language)),
    };
    match args.xform.as_deref() {
        Some(out) if out == Path::new("-") => {
            say(imported.xform.trim_end());
            return Ok(ExitCode::SUCCESS);
        }
        Some(out) => whole::write(out, For::Anyone, Old::Replaced, imported.xform.as_bytes())?,
        None => {}
    }
    tell_warnings(&args.file, &imported.warnings, language);
    let model = &imported.model;
    say(format_args!("{} {}: {}", model.id, model.version, questions(model.questions(), language)));
    Ok(ExitCode::SUCCESS)
}

fn tell_faults(file: &Path, faults: &[Fault], language: Language) -> ExitCode {
    for fault in faults {
        remark(format_args!("{}: {}", file.display(), fault.line(language)));
    }
    ExitCode::FAILURE
}

fn tell_warnings(file: &Path, warnings: &[Fault], language: Language) {
    for warning in warnings {
        say(format_args!("warning: {}: {}", file.display(), warning.line(language)));
    }
}

fn questions(n: usize, language: Language) -> String {
    match (language, n) {
        (Language::En, 1) => "1 question".to_owned(),
        (Language::En, _) => format!("{n} questions"),
        (Language::Zh, _) => format!("{n} 个问题"),
    }
}

/// Reads the form and its files, without judging them.
fn upload(path: &Path, converter: Converter) -> Result<Upload> {
    let unreadable = || format!("{} cannot be read", path.display());
    let found = std::fs::metadata(path).with_context(unreadable)?;
    if !found.is_file() {
        bail!("{} is no file", path.display());
    }
    if found.len() > limits::FILE_BYTES as u64 {
        bail!("{} is larger than 5 MiB", path.display());
    }
    let bytes = std::fs::read(path).with_context(unreadable)?;
    let is_book = crate::forms::import::is_spreadsheet(&bytes) == Some(true);
    let xform = (is_book && converter == Converter::Pyxform).then(|| by_pyxform(path)).transpose()?;
    let given = Given {
        bytes: bytes.into(),
        converted: xform,
        default_version: format!("{}01", Timestamp::now().strftime("%Y%m%d")),
        ..Given::default()
    };
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    Ok(Upload { given, name, media: media(path)? })
}

fn read(upload: Upload) -> Result<Imported, Vec<Fault>> {
    let lengths: Vec<(&str, usize)> =
        upload.media.iter().map(|(name, bytes)| (name.as_str(), bytes.len())).collect();
    let faults = media_faults(&lengths);
    if !faults.is_empty() {
        return Err(faults);
    }
    let files = upload.media.iter().map(|(name, _)| name.clone()).collect();
    Given { files, ..upload.given }.import()
}

/// The XForm that the reference converter makes of a spreadsheet.
fn by_pyxform(path: &Path) -> Result<String> {
    let folder = std::env::temp_dir().join(format!("doorknock-form-{}", uuid::Uuid::new_v4().simple()));
    std::fs::create_dir(&folder).context("no temporary directory could be made")?;
    let done = converted_in(&folder, path);
    drop(std::fs::remove_dir_all(&folder));
    done
}

fn converted_in(folder: &Path, path: &Path) -> Result<String> {
    let out = folder.join("form.xml");
    let done = Command::new("xls2xform").arg("--skip_validate").arg(path).arg(&out).output();
    let done = done.context("xls2xform cannot be started; install pyxform, or leave --converter out")?;
    if !done.status.success() || !out.is_file() {
        let said = String::from_utf8_lossy(&done.stderr);
        let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it says nothing");
        bail!("pyxform does not convert {}: {}", path.display(), last.trim());
    }
    std::fs::read_to_string(&out).context("what pyxform made cannot be read")
}

/// The files that belong to `forms/x.xlsx`: those in `forms/x-media`.
fn media(path: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let Some(stem) = path.file_stem() else { return Ok(Vec::new()) };
    let folder = path.with_file_name(format!("{}-media", stem.to_string_lossy()));
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let mut all = Vec::new();
    for entry in entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file())) {
        let file = entry.path();
        let bytes = std::fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        all.push((entry.file_name().to_string_lossy().into_owned(), bytes));
    }
    all.sort();
    Ok(all)
}

fn add(common: &Common, args: &AddArgs) -> Result<ExitCode> {
    let upload = upload(&args.file, args.reading.converter)?;
    let wanted = Wanted { role: args.role, collect: args.collect, publish: args.publish };
    let base = Base::open(common)?;
    base.run(async move |ingest| {
        let survey = survey(&ingest, args.survey.as_deref()).await?;
        let mut upload = upload;
        upload.given.languages.clone_from(&survey.rules.policy.forms.languages);
        let now = Timestamp::now();
        let done = async {
            let read = ingest.read_form(&survey, upload, now).await?;
            let is_new = ingest.add_form(&survey, &read.prepared, wanted, None, now).await?;
            Ok::<_, Error>((read, is_new))
        };
        let (read, is_new) = match done.await {
            Ok(done) => done,
            Err(Error::FormFaults(faults)) => return Ok(tell_faults(&args.file, &faults, Language::En)),
            Err(error) => return Err(error).context("nothing was stored"),
        };
        let model = &read.prepared.model;
        tell_warnings(&args.file, &read.prepared.warnings, Language::En);
        let what = match (is_new, args.publish) {
            (false, _) => "already stored",
            (true, true) => "published",
            (true, false) => "stored as a draft",
        };
        say(format_args!(
            "{} {}: {}, {what}",
            model.id,
            model.version,
            questions(model.questions(), Language::En)
        ));
        Ok(ExitCode::SUCCESS)
    })
}

fn list(common: &Common, args: &ListArgs) -> Result<ExitCode> {
    let base = Base::open(common)?;
    let forms = base.run(async move |ingest| {
        let survey = survey(&ingest, args.survey.as_deref()).await?;
        Ok(ingest.store.forms(survey.key).await?)
    })?;
    for form in &forms {
        line(form);
    }
    Ok(ExitCode::SUCCESS)
}

/// One line a form: id, role, version in force, how it stands, questions.
fn line(form: &Form) {
    let Some(shown) = form.current().or_else(|| form.draft()) else { return };
    let state = match (form.current(), form.row.is_open) {
        (None, _) => "draft",
        (Some(_), true) => "open",
        (Some(_), false) => "closed",
    };
    let role = form.current().map_or(shown.role, |_| form.row.role);
    let count = usize::try_from(shown.questions).unwrap_or_default();
    let draft: Option<&VersionRow> = form.current().and_then(|_| form.draft());
    let draft = draft.map_or_else(String::new, |draft| format!(", draft {}", draft.version));
    say(format_args!(
        "{} {} {} {} {}{draft}",
        fit(&form.row.id, 20),
        fit(role.slug(), 6),
        fit(&shown.version, 12),
        fit(state, 7),
        questions(count, Language::En),
    ));
}

fn close(common: &Common, args: &CloseArgs) -> Result<ExitCode> {
    let base = Base::open(common)?;
    let is_done = base.run(async move |ingest| {
        let survey = survey(&ingest, args.survey.as_deref()).await?;
        let door = Door::Close { is_forced: args.force };
        match ingest.open_form(&survey, &args.form, door, None, Timestamp::now()).await {
            Err(Error::NotFound) => bail!("the survey has no form {:?}", args.form),
            done => Ok(done?),
        }
    })?;
    base::say(format_args!("{}: {}", args.form, if is_done { "closed" } else { "was closed already" }));
    Ok(ExitCode::SUCCESS)
}

fn tally(common: &Common, args: &TallyArgs) -> Result<ExitCode> {
    let args = args.clone();
    Base::open(common)?.run(async move |ingest| {
        let survey = survey(&ingest, args.survey.as_deref()).await?;
        let area = area_of(&ingest, &survey, args.area.as_deref()).await?;
        let read = Disclosure::Answers { form: args.form.clone(), format: "tally", area: args.area.clone() };
        let witness = ingest.store.witness(&operator(survey.key), read, Timestamp::now()).await?;
        let source = Source {
            witness,
            store: ingest.store.clone(),
            survey,
            range: area.range,
            form: args.form.clone(),
        };
        let tally = forms::tally(source).await?;
        let tally = tally.with_context(|| format!("the survey has no published form {}", args.form))?;
        let is_wanted = |q: &&Counted| {
            let name = q.column.names.last();
            args.question.as_ref().is_none_or(|wanted| name == Some(wanted) || q.column.header() == *wanted)
        };
        let wanted: Vec<&Counted> = tally.questions.iter().filter(is_wanted).collect();
        if let (Some(question), true) = (&args.question, wanted.is_empty()) {
            bail!("{} has no question {question:?} with choices", args.form);
        }
        let language = match args.lang {
            Tongue::En => Language::En,
            Tongue::Zh => Language::Zh,
        };
        for question in wanted {
            say(counted(question, language));
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// A question and its choices, those taken most often first, with their share of whoever answered.
fn counted(question: &Counted, language: Language) -> String {
    let label = |labels: &Labels, name: &str| {
        let label = labels.get(language.slug()).or_else(|| labels.values().next());
        label.map_or_else(|| name.to_owned(), Clone::clone)
    };
    let share = |n: u64| match question.answered {
        0 => "–".to_owned(),
        all => format!("{} %", (200 * n + all) / (2 * all)),
    };
    let one = |(choice, n): &(&Choice, u64)| format!("{} {}", label(&choice.labels, &choice.name), share(*n));
    let choices: Vec<String> = question.by_count().iter().map(one).collect();
    let asked = label(&question.column.labels, &question.column.header());
    match language {
        Language::En => format!("{asked} ({} answers): {}", question.answered, choices.join(", ")),
        Language::Zh => format!("{asked}（{} 份）：{}", question.answered, choices.join("，")),
    }
}
