//! What every command needs: where the data is, a connection, the keys, a runtime; and how errors are told.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail};
use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser as _};
use jiff::Timestamp;

use super::pairing::pair;
use crate::embedded::{self, Session, Whose};
use crate::ingest::Ingest;
use crate::ingest::key_file::{self, IfMissing};
use crate::ingest::models::Models;
use crate::ingest::recognise::recognise;
use crate::store::access::Membership;
use crate::store::installation::UnderWay;
use crate::store::{self, Aim, ReadBy, Settings, Store, SurveyKey};
use crate::surveys::{Survey, Surveys};

/// Where the data is unless the operator says otherwise.
const DATA_DIR: &str = ".doorknock";

/// An empty variable in the environment is as good as none.
fn data_dir(given: OsString) -> PathBuf {
    if given.is_empty() { DATA_DIR.into() } else { given.into() }
}

/// Arguments of every command.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Where the data is")]
pub(super) struct Common {
    /// Directory of the private database and of the key file doorknock.key
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        default_value = DATA_DIR,
        env = "DOORKNOCK_DATA_DIR",
        value_parser = OsStringValueParser::new().map(data_dir)
    )]
    pub(super) data_dir: PathBuf,
    #[arg(
        help = "Database to use instead of the private one, as postgres://user@host/name",
        long,
        global = true,
        value_name = "URL",
        env = "DATABASE_URL",
        hide_env_values = true
    )]
    pub(super) database_url: Option<String>,
}

impl Common {
    /// The database named by the operator, if any.
    pub(super) fn url(&self) -> Option<&str> {
        self.database_url.as_deref().filter(|url| !url.is_empty())
    }
}

/// Name of the key file in the data directory.
pub(super) const KEY: &str = "doorknock.key";

/// An open installation.
pub(super) struct Base {
    /// Taking field data; holds store, surveys and keys.
    pub(super) ingest: Ingest,
    runtime: tokio::runtime::Runtime,
    session: Option<Session>,
}

/// How to reach the database: the one named, or the private one, whose session is to be closed at the end.
pub(super) fn database(common: &Common) -> Result<(Settings, Option<Session>)> {
    if let Some(url) = common.url() {
        return Ok((Settings::from_url(url)?, None));
    }
    let session = Session::open(&embedded::Options::new(&common.data_dir))?;
    Ok((private(session.connection()), Some(session)))
}

impl Base {
    /// Connects to the database: the one named, or the private one, which is started where nobody runs it.
    pub(super) fn open(common: &Common) -> Result<Self> {
        Self::open_to_finish(common, "")
    }

    /// The same, also while `operation` has begun and is not done.
    pub(super) fn open_to_finish(common: &Common, operation: &str) -> Result<Self> {
        let runtime = runtime()?;
        let (settings, session) = database(common)?;
        let is_own = session.as_ref().is_some_and(|s| s.whose() == Whose::Own);
        let ingest = runtime.block_on(async {
            if is_own {
                store::migrate(&settings).await?;
            } else {
                store::need_fit(&settings, Aim::Command).await?;
            }
            let ingest = open_ingest(&settings, common).await?;
            refuse_half_done(&ingest.store, operation).await?;
            anyhow::Ok(ingest)
        })?;
        Ok(Self { ingest, runtime, session })
    }

    /// Runs `work` to its end and closes what was opened.
    pub(super) fn run<T>(self, work: impl AsyncFnOnce(Ingest) -> Result<T>) -> Result<T> {
        let done = self.runtime.block_on(work(self.ingest.clone()));
        self.ingest.store.close();
        self.runtime.shutdown_timeout(std::time::Duration::from_secs(2));
        if let Some(session) = self.session {
            session.close()?;
        }
        done
    }
}

/// A runtime for a command.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the runtime cannot be started")
}

/// Settings for the private cluster.
pub(super) fn private(connection: &embedded::Connection) -> Settings {
    Settings::socket(&connection.socket_dir, connection.port, &connection.user, &connection.database)
}

/// Refuses a database in which an operation of several steps has begun and is not done, but for the one that finishes it.
pub(super) async fn refuse_half_done(store: &Store, finishing: &str) -> Result<()> {
    let all = store.under_way().await?;
    match all.iter().find(|u| u.operation != finishing) {
        None => Ok(()),
        Some(UnderWay { operation, survey, begun_at, .. }) => bail!(
            "a {operation} of survey {survey} began at {begun_at} and has not ended: wait for it where it still runs, else finish it with doorknock {operation} --survey {survey}. Until then nothing else is done with this database"
        ),
    }
}

/// Store, surveys and keys. The key file is made at first start; once there is data, it must be there, and it must be the one
/// that the database was made under. The data directory must belong to this database or to none yet.
pub(super) async fn open_ingest(settings: &Settings, common: &Common) -> Result<Ingest> {
    let (store, data_dir) = (Store::new(settings)?, &common.data_dir);
    let found = store.installation().await?;
    let is_new = found.key_check.is_none() && !store.has_batches().await?;
    make_private_dir(data_dir)?;
    pair(common, found.id)?;
    let path = data_dir.join(KEY);
    let keys = key_file::open(&path, if is_new { IfMissing::Create } else { IfMissing::Refuse })?;
    recognise(&store, &keys, &path, Timestamp::now()).await?;
    let surveys = Surveys::new(store.clone());
    Ok(Ingest { store, surveys, keys: Arc::new(keys), models: Models::default() })
}

fn make_private_dir(path: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    if path.is_dir() {
        return Ok(());
    }
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("the data directory {} cannot be made", path.display()))
}

/// The survey named, or the only one there is.
pub(super) async fn survey(ingest: &Ingest, slug: Option<&str>) -> Result<Arc<Survey>> {
    let all = ingest.surveys.all().await?;
    let names: Vec<String> = all.iter().map(|s| s.slug.clone()).collect();
    match (slug, all.len()) {
        (_, 0) => bail!("there is no survey yet; run doorknock setup DIR first"),
        (None, 1) => all.into_iter().next().context("there is no survey"),
        (None, _) => bail!("there are several surveys; name one with --survey: {}", names.join(", ")),
        (Some(slug), _) => all
            .into_iter()
            .find(|s| s.slug.eq_ignore_ascii_case(slug))
            .with_context(|| format!("there is no survey {slug:?}; there is: {}", names.join(", "))),
    }
}

/// A person's place in the survey named, or in the only one the person works in.
pub(super) async fn member(ingest: &Ingest, user: &str, slug: Option<&str>) -> Result<Membership> {
    let all = ingest.store.memberships(user).await?;
    let names: Vec<String> = all.iter().map(|m| m.survey.clone()).collect();
    match (slug, all.len()) {
        (_, 0) => bail!("no survey has a user {user:?} in its staff.csv"),
        (None, 1) => all.into_iter().next().context("no such user"),
        (None, _) => bail!("{user:?} works in several surveys; name one with --survey: {}", names.join(", ")),
        (Some(slug), _) => all.into_iter().find(|m| m.survey == slug).with_context(|| {
            format!("{user:?} does not work in survey {slug:?}, but in: {}", names.join(", "))
        }),
    }
}

/// Who runs this command, for the audit log.
pub(super) fn operator(key: SurveyKey) -> ReadBy {
    ReadBy::operator(key, &os_user())
}

/// The machine's name of the person at the shell: who called sudo, else whose process this is.
fn os_user() -> String {
    let uid = rustix::process::getuid();
    let behind = std::env::var("SUDO_USER").ok().filter(|_| uid.is_root());
    behind.or_else(|| name_of(uid.as_raw())).unwrap_or_else(|| uid.as_raw().to_string())
}

/// The login name of a user of this machine.
fn name_of(uid: u32) -> Option<String> {
    let users = std::fs::read_to_string("/etc/passwd").ok()?;
    let mut fields = users.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let own = fields.find(|f| f.get(2).is_some_and(|id| id.parse() == Ok(uid)))?;
    own.first().map(|&name| name.to_owned())
}

/// One clear sentence with its causes.
pub(super) fn complain(error: &anyhow::Error) {
    let mut said: Vec<String> = Vec::new();
    for cause in error.chain() {
        let text = cause.to_string();
        // Errors that only pass their cause on would say everything twice.
        if !said.iter().any(|s| s.contains(&text)) {
            said.push(text);
        }
    }
    remark(format!("doorknock: {}", said.join(": ")));
}

/// Whether a line of a result could not be written.
static UNSAID: AtomicBool = AtomicBool::new(false);

/// Prints one line of a command's result. A reader that has gone away (`| head`) is no fault: the work goes on unheard.
pub(super) fn say(line: impl std::fmt::Display) {
    match writeln!(io::stdout().lock(), "{line}") {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        Err(_) => UNSAID.store(true, Ordering::Relaxed),
    }
}

/// Whether something said by [`say`] was lost, as on a full disk.
pub(super) fn is_unsaid() -> bool {
    UNSAID.load(Ordering::Relaxed)
}

/// Prints one line beside the result; where nobody can be told, nothing is to be done about it.
pub(super) fn remark(line: impl std::fmt::Display) {
    drop(writeln!(io::stderr().lock(), "{line}"));
}
