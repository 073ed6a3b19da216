//! `doorknock upload FILE…`: batch files carried by hand, or sent to a running service over HTTP.
//!
//! Every file stands for itself: one that is damaged is named and passed over, the others are taken. Only where nobody is left
//! to take files (the database or the service is gone, the operator has enough) the rest is not tried.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::signal::unix::{SignalKind, signal};
use uuid::Uuid;

use super::base::{Base, Common, remark, say};
use super::batch_file::{self, BatchFile};
use super::post::{Busy, Target};
use crate::app::auth;
use crate::ingest::Ingest;
use crate::ingest::accept::Trust;
use crate::store::AsStoreError as _;
use crate::store::access::{Caller, Enrolled, NewToken, TokenKind};

/// Arguments of `upload`.
#[derive(Args, Clone, Debug)]
pub(super) struct UploadArgs {
    /// Batch files, plain or packed with gzip or zstd; - is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Send them to a running service over HTTP, as the devices would
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Print only the sum
    #[arg(long)]
    summary: bool,
}

/// Takes the files in the order given; exit 1 when a record was refused or a file could not be taken.
pub(super) fn run(common: &Common, args: &UploadArgs) -> Result<ExitCode> {
    let (files, again) = batch_file::named(&args.files);
    for file in &again {
        remark(format!("doorknock: {file}: named twice, taken once"));
    }
    let target = args.url.as_deref().map(Target::parse).transpose()?;
    let lost: Vec<_> = files.iter().filter_map(|file| Some((file, file.look().err()?))).collect();
    if lost.len() == files.len() {
        let mut sum = Sum::default();
        for (file, error) in &lost {
            sum.failed(file, error);
        }
        return Ok(sum.end(args.summary));
    }
    let is_summary = args.summary;
    Base::open(common)?.run(async move |ingest| {
        let enough = enough()?;
        let mut work = Work { ingest, target, tokens: HashMap::new() };
        let mut sum = Sum::default();
        for (n, file) in files.iter().enumerate() {
            if enough.load(Ordering::Relaxed) {
                sum.stopped("interrupted", files.len() - n);
                break;
            }
            match take(&mut work, file).await {
                Ok(taken) => sum.add(&taken, is_summary),
                Err(error) => {
                    sum.failed(file, &error);
                    if is_away(&error) {
                        sum.stopped("nobody takes any file now", files.len() - n - 1);
                        break;
                    }
                }
            }
        }
        Ok(sum.end(is_summary))
    })
}

/// Reads and takes one file.
async fn take(work: &mut Work, file: &BatchFile) -> Result<Taken> {
    let bytes = file.read().map_err(Unread)?;
    work.take(&bytes).await
}

/// Why a file could not be read; whatever it is, it says nothing of the next file.
#[derive(Debug, thiserror::Error)]
#[error("{0:#}")]
struct Unread(anyhow::Error);

/// Whether the fault lies with who should take the files, so that all others would only say the same.
fn is_away(error: &anyhow::Error) -> bool {
    let is_outage = |cause: &(dyn std::error::Error + 'static)| {
        let stored = cause.downcast_ref::<crate::store::Error>();
        let taken = cause.downcast_ref::<crate::ingest::Error>().and_then(|error| error.as_store_error());
        stored.or(taken).is_some_and(crate::store::Error::is_outage)
    };
    error.chain().any(|cause| {
        is_outage(cause) || cause.is::<std::io::Error>() || cause.is::<hyper::Error>() || cause.is::<Busy>()
    })
}

/// Set once the operator has asked to stop: the file at work is finished first. Who asks again is obeyed at once.
fn enough() -> Result<Arc<AtomicBool>> {
    let asked = Arc::new(AtomicBool::new(false));
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let set = Arc::clone(&asked);
    tokio::spawn(async move {
        tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
        set.store(true, Ordering::Relaxed);
        remark("doorknock: stopping after this file; ask once more to stop at once");
        tokio::select! { _ = term.recv() => {}, _ = int.recv() => {} }
        // What was not committed is not stored; sent again it is taken.
        std::process::exit(130);
    });
    Ok(asked)
}

/// The answer to one file.
struct Taken {
    receipts: Vec<Value>,
    /// The whole batch had been stored before.
    replayed: bool,
}

struct Work {
    ingest: Ingest,
    target: Option<Target>,
    tokens: HashMap<(Uuid, String), (String, Timestamp)>,
}

impl Work {
    /// Takes one batch.
    async fn take(&mut self, file: &Bytes) -> Result<Taken> {
        let (device, survey) = sender(file)?;
        let (caller, trust) = self.caller(device, &survey).await?;
        let Some(target) = self.target.clone() else {
            let accepted =
                self.ingest.accept_trusting(&caller, file.clone(), "file", trust, Timestamp::now()).await?;
            let answer = accepted.answer;
            let receipts =
                answer.receipts.iter().map(|r| serde_json::from_str(r.get())).collect::<Result<_, _>>()?;
            return Ok(Taken { receipts, replayed: answer.replayed });
        };
        let token = self.token(&caller, device).await?;
        let answer = target.post_batch(&token, file).await?;
        let receipts = answer
            .get("receipts")
            .and_then(Value::as_array)
            .cloned()
            .context("the answer has no receipts")?;
        Ok(Taken { receipts, replayed: is_replayed(&answer) })
    }

    /// The person on whose behalf the device's batch is taken.
    async fn caller(&self, device: Uuid, survey: &str) -> Result<(Caller, Trust)> {
        let owners = self.ingest.store.device_owners(device).await?;
        let is_known = !owners.is_empty();
        let found = owners.into_iter().find(|(caller, _)| caller.survey.eq_ignore_ascii_case(survey));
        let Some((caller, revoked)) = found else {
            bail!(if is_known {
                format!("the device {device} is not enrolled in the survey {survey:?}, but in another one")
            } else {
                format!("the device {device} was never enrolled here")
            });
        };
        if revoked.is_some() && self.target.is_some() {
            bail!("the device {device} was cut off; take its files beside the database, without --url");
        }
        if revoked.is_some() {
            remark(format!("device {device} was cut off; its records are held for a supervisor"));
        }
        Ok((caller, if revoked.is_some() { Trust::Review } else { Trust::Usual }))
    }

    /// A short-lived token for sending on behalf of the device.
    async fn token(&mut self, caller: &Caller, device: Uuid) -> Result<String> {
        let (place, now) = ((device, caller.survey.clone()), Timestamp::now());
        let lasting = |(_, until): &&(String, Timestamp)| *until > now + SignedDuration::from_mins(10);
        if let Some((token, _)) = self.tokens.get(&place).filter(lasting) {
            return Ok(token.clone());
        }
        let (secret, until) = (auth::new_secret(), now + SignedDuration::from_hours(1));
        let token = NewToken {
            hash: auth::hash(&secret),
            key: caller.key,
            user: caller.user.clone(),
            device: Some(device),
            kind: TokenKind::Device,
            csrf: None,
            made_by: None,
            created_at: now,
            expires_at: until,
        };
        if self.ingest.store.add_token(token, None).await? != Enrolled::Yes {
            bail!(
                "the device {device} may not send for itself; take its files beside the database, without --url"
            );
        }
        self.tokens.insert(place, (secret.clone(), until));
        Ok(secret)
    }
}

/// What became of all files and records.
#[derive(Default)]
struct Sum {
    taken: usize,
    failed: usize,
    untried: usize,
    counts: HashMap<&'static str, usize>,
}

impl Sum {
    /// Adds a file that was taken, and prints its receipts unless only the sum is wanted.
    fn add(&mut self, taken: &Taken, is_summary: bool) {
        self.taken += 1;
        for receipt in &taken.receipts {
            let status = match receipt.get("status").and_then(Value::as_str) {
                Some("accepted") => "accepted",
                Some("held") => "held",
                _ => "refused",
            };
            *self.counts.entry(status).or_default() += 1;
            if taken.replayed || is_replayed(receipt) {
                *self.counts.entry("replayed").or_default() += 1;
            }
            if !is_summary {
                say(receipt);
            }
        }
    }

    /// Adds a file that was not taken, and says why.
    fn failed(&mut self, file: &BatchFile, error: &anyhow::Error) {
        self.failed += 1;
        remark(format!("doorknock: {file}: {error:#}"));
    }

    /// The other files are not tried.
    fn stopped(&mut self, why: &str, untried: usize) {
        self.untried = untried;
        remark(format!("doorknock: stopped here, {why}; {} not tried", files(untried)));
    }

    /// Tells the sum, where it is wanted beside the receipts, and what the command's end is.
    fn end(&self, is_summary: bool) -> ExitCode {
        if is_summary {
            say(self);
        } else {
            remark(self);
        }
        let refused = self.counts.get("refused").is_some_and(|n| *n > 0);
        if refused || self.failed + self.untried > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }
}

impl std::fmt::Display for Sum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let n = |status: &str| self.counts.get(status).copied().unwrap_or_default();
        let (accepted, held, refused) = (n("accepted"), n("held"), n("refused"));
        write!(
            f,
            "{} receipts: {accepted} accepted, {held} held, {refused} refused",
            accepted + held + refused
        )?;
        match n("replayed") {
            0 => {}
            1 => f.write_str("; 1 of them had been sent before")?,
            n => write!(f, "; {n} of them had been sent before")?,
        }
        write!(f, "\n{} taken", files(self.taken))?;
        if self.failed > 0 {
            write!(f, ", {} not: see the lines above", self.failed)?;
        }
        if self.untried > 0 {
            write!(f, ", {} not tried", self.untried)?;
        }
        Ok(())
    }
}

fn files(n: usize) -> String {
    if n == 1 { "1 file".to_owned() } else { format!("{n} files") }
}

fn is_replayed(answer: &Value) -> bool {
    answer.get("replayed").and_then(Value::as_bool) == Some(true)
}

/// Device and survey of a batch document.
fn sender(file: &[u8]) -> Result<(Uuid, String), crate::ingest::json::DocumentError> {
    let text = crate::ingest::json::text_of(file)?;
    let batch = crate::ingest::json::split_batch(text)?;
    Ok((batch.header.device_id.0, batch.header.survey.into_owned()))
}
