//! `doorknock serve`: the service, on its private database or a shared one.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::base::{Common, open_ingest, private, refuse_half_done, runtime, say};
use super::cert;
use super::linking;
use super::pairing::{Unmarked, pair_shelf};
use crate::app::odk::Served;
use crate::app::{App, Room};
use crate::cli::sweeping;
use crate::embedded::{Cluster, DataDir, Options, Purpose};
use crate::net::metrics::PoolFigures;
use crate::net::server::{Limits, Server};
use crate::net::{answer, tls};
use crate::routes;
use crate::shelf::{self, Shelf};
use crate::store::{self, Aim, Settings, Store};

/// Least free bytes on the disk of the private database before uploads are refused.
const MIN_FREE: u64 = 48 << 20;
/// Deltas folded in one go.
const FOLDED_AT_ONCE: i64 = 50_000;
/// Half seconds between two looks at the leases.
const LEASES_EVERY: u64 = 10;

/// Arguments of `serve`.
#[derive(Args, Clone, Debug)]
pub(super) struct ServeArgs {
    /// Address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Certificate chain (PEM), for HTTPS
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// Its private key (PEM)
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Let ODK Collect in over plain HTTP, from private addresses only
    #[arg(long)]
    odk_without_tls: bool,
    /// Write the log as JSON lines
    #[arg(long)]
    log_json: bool,
    /// Free space on the disk, in MiB, below which uploads are refused
    #[arg(long, value_name = "MIB", default_value_t = MIN_FREE >> 20)]
    min_free: u64,
    #[arg(
        help = "Where pictures lie: a directory, or s3://bucket/prefix; the data directory's own when not given",
        long,
        value_name = "DIR|URL",
        env = "DOORKNOCK_ATTACHMENTS"
    )]
    attachments: Option<String>,
    /// Leave the linking of households to another process on the same database
    #[arg(long)]
    no_linking: bool,
}

/// Where pictures lie.
pub(super) fn shelf_of(common: &Common, address: Option<&str>) -> Result<Shelf> {
    match address.filter(|text| !text.is_empty()) {
        Some(address) => Ok(Shelf::at(address)?),
        None => Ok(Shelf::directory(common.data_dir.join("attachments"))),
    }
}

/// Runs until SIGTERM or SIGINT; then drains and stops the private cluster.
pub(super) fn run(common: &Common, args: &ServeArgs) -> Result<ExitCode> {
    start_log(args);
    answer::log_panics_without_words();
    let identity = identity(args)?;
    let (cluster, settings, is_own) = if let Some(url) = common.url() {
        (None, Settings::from_url(url)?, false)
    } else {
        let options = Options::new(&common.data_dir);
        let lock = DataDir::lock(&options.data_dir, Purpose::Service)?;
        let cluster = Cluster::start(lock, &options)?;
        let settings = private(cluster.connection());
        (Some(cluster), settings, true)
    };
    let runtime = runtime()?;
    let served = runtime.block_on(serve(common, args, identity, settings, is_own));
    runtime.shutdown_timeout(Duration::from_secs(1));
    if let Some(cluster) = cluster {
        cluster.stop();
    }
    served.map(|()| ExitCode::SUCCESS)
}

/// Certificate and key, with a line in the log for whatever is doubtful about them.
fn identity(args: &ServeArgs) -> Result<Option<tls::Identity>> {
    let (Some(cert), Some(key)) = (&args.tls_cert, &args.tls_key) else {
        return Ok(None);
    };
    let identity = tls::load(cert, key, jiff::Timestamp::now())?;
    for worry in &identity.worries {
        tracing::warn!("{worry}");
    }
    Ok(Some(identity))
}

fn start_log(args: &ServeArgs) {
    use tracing_subscriber::EnvFilter;
    // tokio_postgres prints parameters at debug, so it stays at info whatever the operator asks for.
    let filter = EnvFilter::try_from_env("DOORKNOCK_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let quiet = ["tokio_postgres=info", "hyper=info", "rustls=warn"];
    let filter = quiet.iter().filter_map(|d| d.parse().ok()).fold(filter, EnvFilter::add_directive);
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false);
    let started = if args.log_json { builder.json().try_init() } else { builder.try_init() };
    // A second start in one process keeps the first log.
    drop(started);
}

async fn serve(
    common: &Common,
    args: &ServeArgs,
    identity: Option<tls::Identity>,
    settings: Settings,
    is_own: bool,
) -> Result<()> {
    if is_own {
        store::migrate(&settings).await?;
    }
    store::need_fit(&settings, Aim::Serve).await?;
    let ingest = open_ingest(&settings, common).await?;
    refuse_half_done(&ingest.store, "").await?;
    ingest
        .renew_built_in_forms(jiff::Timestamp::now())
        .await
        .context("the program's own forms cannot be stored")?;
    let mut app = App::new(ingest);
    app.shelf = shelf_of(common, args.attachments.as_deref())?;
    find_pictures(&app).await?;
    let authority = common.data_dir.join(cert::DIRECTORY).join(cert::AUTHORITY);
    app.authority = std::fs::read_to_string(authority).ok().map(Arc::from);
    app.odk = Served::serving(args.odk_without_tls);
    if args.odk_without_tls {
        tracing::warn!(
            "ODK Collect is let in over plain HTTP from private addresses; anybody on that network can read what it sends"
        );
    }
    if is_own {
        let path = std::fs::canonicalize(&common.data_dir).unwrap_or_else(|_| common.data_dir.clone());
        app.room = Some(Room { path, least: args.min_free << 20 });
    }
    watch_pool(&app);
    if let Some(ends_at) = identity.as_ref().and_then(|it| it.ends_at) {
        app.metrics.certificate_ends(ends_at);
    }
    let acceptor = identity.map(|it| it.acceptor);
    let server = Server::bind(args.listen, acceptor, Limits::default(), app.metrics.clone())
        .await
        .with_context(|| format!("cannot listen on {}", args.listen))?;
    let stop = Arc::new(AtomicBool::new(false));
    let keeper = tokio::spawn(keep_counters(app.clone(), Arc::clone(&stop)));
    let (linking, linking_stop) = (app.clone(), Arc::clone(&stop));
    let is_linking = !args.no_linking;
    let linker = tokio::spawn(async move {
        if is_linking {
            linking::keep_linking(linking, linking_stop).await;
        }
    });
    let leases = tokio::spawn(end_leases(app.clone(), Arc::clone(&stop)));
    let sweeper = tokio::spawn(sweeping::keep_sweeping(app.clone(), Arc::clone(&stop)));
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    say(format!("listening on {}", server.url()));
    let site = routes::routes().into_filter(app.clone(), app.metrics.clone());
    let cut = server
        .run(site, async move {
            tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
            tracing::info!("stopping");
        })
        .await;
    stop.store(true, Ordering::Relaxed);
    // The keeper looks at the flag between two folds.
    drop(tokio::time::timeout(Duration::from_secs(2), keeper).await);
    drop(tokio::time::timeout(Duration::from_secs(2), linker).await);
    drop(tokio::time::timeout(Duration::from_secs(2), leases).await);
    drop(tokio::time::timeout(Duration::from_secs(2), sweeper).await);
    app.store().close();
    tracing::info!(connections_cut = cut, "stopped");
    Ok(())
}

/// Refuses pictures of another database. A place that does not answer now stops no records: pictures wait on the phones.
async fn find_pictures(app: &App) -> Result<()> {
    match pair_shelf(app.store(), &app.shelf, Unmarked::Taken).await {
        Err(error) if error.is::<shelf::Error>() => {
            tracing::warn!(%error, "the place of pictures cannot be looked at");
            Ok(())
        }
        done => done,
    }
}

fn watch_pool(app: &App) {
    let store = app.store().clone();
    app.metrics.watch_pool(move || {
        let [most, open, idle, waiting] = store.pool_status().map(|n| u32::try_from(n).unwrap_or(u32::MAX));
        PoolFigures { open, idle, waiting, most }
    });
}

/// How long answers begun under a card are kept.
const DRAFTS_FOR: jiff::SignedDuration = jiff::SignedDuration::from_hours(14 * 24);

/// Ends the messages whose time is over, and forgets answers begun long ago.
async fn end_messages(app: &App) -> Result<(), crate::store::Error> {
    for key in app.store().survey_keys().await? {
        app.store().end_messages(key, app.now()).await?;
    }
    app.store().forget_drafts(app.now() - DRAFTS_FOR).await?;
    Ok(())
}

/// Ends the leases and messages that are over, every few seconds: the door leaves its holder's sheet at the next contact.
async fn end_leases(app: App, stop: Arc<AtomicBool>) {
    let mut rounds: u64 = 0;
    while !stop.load(Ordering::Relaxed) {
        if rounds.is_multiple_of(LEASES_EVERY) {
            free_forms(&app).await;
            match app.ingest.end_leases(app.now()).await {
                Ok(0) => {}
                Ok(ended) => tracing::info!(ended, "leases are over"),
                Err(error) => tracing::debug!(%error, "leases were not looked at"),
            }
            if let Err(error) = end_messages(&app).await {
                tracing::debug!(%error, "messages were not looked at");
            }
        }
        rounds += 1;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Takes filled-in forms that waited for something that came while this was not looked at, as when a process ended between the two.
async fn free_forms(app: &App) {
    let Ok(keys) = app.store().survey_keys().await else {
        return;
    };
    for key in keys {
        match app.ingest.free_submissions(key, app.now()).await {
            Ok(0) => {}
            Ok(freed) => tracing::info!(freed, "filled-in forms that waited count now"),
            Err(error) => tracing::debug!(%error, "waiting forms were not looked at"),
        }
    }
}

/// Folds the deltas of every survey into its counters and numbers its changes, about every second; compares with a fresh count now and then.
async fn keep_counters(app: App, stop: Arc<AtomicBool>) {
    let mut rounds: u64 = 0;
    while !stop.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_secs(1)).await;
        rounds += 1;
        if let Err(error) = settle_all(app.store()).await {
            // An outage shows in the log of the requests; here it would only repeat itself each second.
            tracing::debug!(%error, "counters were not folded");
            continue;
        }
        // Four times a day.
        if rounds.is_multiple_of(21_600) {
            compare(&app).await;
        }
    }
}

/// What the transactions of every survey left to be done: numbers in the feed, deltas to be summed.
async fn settle_all(store: &Store) -> Result<(), store::Error> {
    for survey in store.survey_keys().await? {
        store.number_changes(survey).await?;
        while store.fold_deltas(survey, FOLDED_AT_ONCE).await?.is_some_and(|n| n == FOLDED_AT_ONCE) {}
    }
    Ok(())
}

/// Reports a difference, never repairs it: somebody must look.
async fn compare(app: &App) {
    let Ok(keys) = app.store().survey_keys().await else {
        return;
    };
    let mut difference = 0;
    for key in keys {
        match app.store().recount(key).await {
            Ok(found) => difference += found.iter().map(|d| d.2.abs()).sum::<i64>(),
            Err(error) => tracing::warn!(%error, "the counters could not be compared with a fresh count"),
        }
    }
    app.metrics.recount_difference(difference);
    if difference != 0 {
        tracing::error!(difference, "the counters differ from a fresh count; see doorknock recount");
    }
}
