//! `doorknock upload FILE…`: batch files carried by hand, or sent to a running service over HTTP.

use std::collections::HashMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, bail};
use bytes::Bytes;
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use uuid::Uuid;

use super::base::{Base, Common, remark, say};
use super::post::Target;
use crate::http::auth;
use crate::ingest::Ingest;
use crate::ingest::accept::Trust;
use crate::store::access::{Caller, Enrolled, NewToken, TokenKind};

/// Arguments of `upload`.
#[derive(Args, Clone, Debug)]
pub(super) struct UploadArgs {
    /// Batch files: .json, .json.gz or .json.zst
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Send them to a running service over HTTP, as the devices would
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Print only how many receipts of each kind there were
    #[arg(long)]
    summary: bool,
}

/// Largest file, as for HTTP.
const MOST: u64 = 16 << 20;

/// Takes the files in the order given; exit 1 when a record was refused or a file could not be taken.
pub(super) fn run(common: &Common, args: &UploadArgs) -> Result<ExitCode> {
    let mut files = Vec::new();
    for path in &args.files {
        files.push((path.clone(), read(path)?));
    }
    let args = args.clone();
    Base::open(common)?.run(async move |ingest| {
        let target = args.url.as_deref().map(Target::parse).transpose()?;
        let mut work = Work { ingest, target, tokens: HashMap::new(), counts: HashMap::new() };
        let mut failed = false;
        for (n, (path, file)) in files.iter().enumerate() {
            match work.take(file).await {
                Ok(taken) => work.tell(&taken, args.summary),
                Err(error) => {
                    remark(format!("doorknock: {}: {error:#}", path.display()));
                    failed = true;
                    // Nobody listens: the other files would only say the same.
                    if work.target.is_some() && error.is::<std::io::Error>() {
                        remark(format!(
                            "doorknock: stopped here; {} more file(s) were not sent",
                            files.len() - n - 1
                        ));
                        break;
                    }
                }
            }
        }
        if args.summary {
            say(work.sum());
        }
        let refused = work.counts.get("refused").is_some_and(|n| *n > 0);
        Ok(if failed || refused { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    })
}

/// The bytes of a batch file, unpacked by its ending; never more than the limit.
fn read(path: &Path) -> Result<Bytes> {
    let file = std::fs::File::open(path).with_context(|| format!("{} cannot be opened", path.display()))?;
    let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
    let mut reader: Box<dyn std::io::Read> = match ending {
        "gz" => Box::new(flate2::read::MultiGzDecoder::new(file)),
        "zst" => {
            Box::new(zstd::stream::read::Decoder::new(file).with_context(|| path.display().to_string())?)
        }
        _ => Box::new(file),
    };
    let mut all = Vec::new();
    reader
        .by_ref()
        .take(MOST + 1)
        .read_to_end(&mut all)
        .with_context(|| format!("{} cannot be read", path.display()))?;
    if all.len() as u64 > MOST {
        bail!("{} is larger than 16 MiB", path.display());
    }
    Ok(all.into())
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
    tokens: HashMap<(Uuid, String), String>,
    counts: HashMap<&'static str, usize>,
}

impl Work {
    /// Takes one file.
    async fn take(&mut self, file: &Bytes) -> Result<Taken> {
        let (device, survey) = sender(file)?;
        let (caller, trust) = self.caller(device, &survey).await?;
        let Some(target) = self.target.clone() else {
            let accepted = self
                .ingest
                .accept_trusting(&caller, file.clone(), "file", trust, Timestamp::now())
                .await
                .map_err(|error| anyhow!("{error}"))?;
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
        let found = owners.into_iter().find(|(caller, _)| caller.survey == survey);
        let (caller, revoked) =
            found.with_context(|| format!("device {device} is not enrolled in survey {survey:?}"))?;
        if revoked.is_some() && self.target.is_some() {
            bail!("device {device} was cut off; take its files beside the database, without --url");
        }
        if revoked.is_some() {
            remark(format!("device {device} was cut off; its records are held for a supervisor"));
        }
        Ok((caller, if revoked.is_some() { Trust::Review } else { Trust::Usual }))
    }

    /// A short-lived token for sending on behalf of the device.
    async fn token(&mut self, caller: &Caller, device: Uuid) -> Result<String> {
        let place = (device, caller.survey.clone());
        if let Some(token) = self.tokens.get(&place) {
            return Ok(token.clone());
        }
        let (secret, now) = (auth::new_secret(), Timestamp::now());
        let token = NewToken {
            hash: auth::hash(&secret),
            key: caller.key,
            user: caller.user.clone(),
            device: Some(device),
            kind: TokenKind::Device,
            csrf: None,
            created_at: now,
            expires_at: now + SignedDuration::from_hours(1),
        };
        if self.ingest.store.add_token(token, None).await? != Enrolled::Yes {
            bail!(
                "device {device} may not send for itself; take its files beside the database, without --url"
            );
        }
        self.tokens.insert(place, secret.clone());
        Ok(secret)
    }

    fn tell(&mut self, taken: &Taken, is_summary: bool) {
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

    /// The sum of all receipts in one line.
    fn sum(&self) -> String {
        let n = |status: &str| self.counts.get(status).copied().unwrap_or_default();
        let all = n("accepted") + n("held") + n("refused");
        let known = match n("replayed") {
            0 => String::new(),
            1 => "; 1 of them had been sent before".to_owned(),
            n => format!("; {n} of them had been sent before"),
        };
        format!(
            "{all} receipts: {} accepted, {} held, {} refused{known}",
            n("accepted"),
            n("held"),
            n("refused")
        )
    }
}

fn is_replayed(answer: &Value) -> bool {
    answer.get("replayed").and_then(Value::as_bool) == Some(true)
}

/// Device and survey of a batch document.
fn sender(file: &[u8]) -> Result<(Uuid, String)> {
    let text = crate::ingest::json::text_of(file).map_err(|e| anyhow!("{e}"))?;
    let batch = crate::ingest::json::split_batch(text).map_err(|e| anyhow!("{e}"))?;
    Ok((batch.header.device_id.0, batch.header.survey.into_owned()))
}
