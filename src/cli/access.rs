//! Letting people in: tokens, enrolment codes, passwords.

use std::io::{BufRead, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use uuid::Uuid;

use super::base::{Base, Common, member, remark, say};
use crate::access;
use crate::app::auth;
use crate::app::odk::Phone;
use crate::domain::Role;
use crate::ingest::Ingest;
use crate::store::access::{Enrolled, Membership, NewToken, TokenKind};

/// `doorknock token USER`.
#[derive(Args, Clone, Debug)]
pub(super) struct TokenArgs {
    /// Login name from staff.csv
    #[arg(required_unless_present = "devices")]
    user: Option<String>,
    /// Survey, when the person works in several
    #[arg(long, value_name = "ID")]
    survey: Option<String>,
    /// Device to enrol for an enumerator; a new id is made when none is given
    #[arg(long, value_name = "UUID")]
    device: Option<Uuid>,
    /// Enrol every device of a list, such as the devices.json of a rehearsal; prints user, device and token of each
    #[arg(long, value_name = "FILE", conflicts_with_all = ["user", "device"])]
    devices: Option<PathBuf>,
}

/// `doorknock enrol-code USER`.
#[derive(Args, Clone, Debug)]
pub(super) struct EnrolCodeArgs {
    /// Login name of an enumerator
    user: String,
    /// Survey, when the person works in several
    #[arg(long, value_name = "ID")]
    survey: Option<String>,
    /// Address of the service, for a code that a phone's camera can open
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

/// `doorknock odk-code USER --url URL`.
#[derive(Args, Clone, Debug)]
pub(super) struct OdkCodeArgs {
    /// Login name of an enumerator
    user: String,
    /// Survey, when the person works in several
    #[arg(long, value_name = "ID")]
    survey: Option<String>,
    /// Address of the service as the phone reaches it
    #[arg(long, value_name = "URL")]
    url: String,
}

/// `doorknock passwd USER`.
#[derive(Args, Clone, Debug)]
pub(super) struct PasswdArgs {
    /// Login name of a supervisor or admin
    user: String,
}

/// `doorknock revoke USER`.
#[derive(Args, Clone, Debug)]
pub(super) struct RevokeArgs {
    /// Login name
    user: String,
    /// Survey, when the person works in several
    #[arg(long, value_name = "ID")]
    survey: Option<String>,
}

/// A line of a list of devices.
#[derive(Clone, Debug, Deserialize)]
struct Listed {
    user: String,
    device_id: Uuid,
}

/// Prints a token, alone on standard output; of a list of devices one line each.
pub(super) fn token(common: &Common, args: &TokenArgs) -> Result<ExitCode> {
    ensure!(args.device.is_none_or(|d| !d.is_nil()), "--device: the nil UUID names no device");
    let listed = args.devices.as_deref().map(read_devices).transpose()?;
    let args = args.clone();
    Base::open(common)?.run(async move |ingest| {
        let slug = args.survey.as_deref();
        for Listed { user, device_id } in listed.iter().flatten() {
            let member = member(&ingest, user, slug).await?;
            let (token, _) = issue(&ingest, &member, Some(*device_id)).await?;
            say(format!("{user} {device_id} {token}"));
        }
        if let Some(user) = &args.user {
            let member = member(&ingest, user, slug).await?;
            let (token, device) = issue(&ingest, &member, args.device).await?;
            if let Some(device) = device {
                remark(format!("device {device}"));
            }
            say(token);
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn read_devices(path: &Path) -> Result<Vec<Listed>> {
    let text = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    serde_json::from_slice(&text).map_err(|error| {
        anyhow!(
            "{}: line {}, column {}: must be a list like [{{\"user\": \"e01\", \"device_id\": \"UUID\"}}]",
            path.display(),
            error.line(),
            error.column()
        )
    })
}

/// Stores a new token of a member; an enumerator's is bound to `device`, or to a new one.
async fn issue(ingest: &Ingest, member: &Membership, device: Option<Uuid>) -> Result<(String, Option<Uuid>)> {
    let user = &member.user;
    let is_enumerator = member.role == Role::Enumerator;
    ensure!(is_enumerator || device.is_none(), "{user} is {}; only an enumerator has a device", member.role);
    let device = is_enumerator.then(|| device.unwrap_or_else(Uuid::new_v4));
    let survey = ingest.surveys.reread(member.key).await?;
    let (secret, now) = (auth::new_secret(), Timestamp::now());
    let token = NewToken {
        hash: auth::hash(&secret),
        key: member.key,
        user: user.clone(),
        device,
        kind: if is_enumerator { TokenKind::Device } else { TokenKind::Staff },
        csrf: None,
        made_by: None,
        created_at: now,
        expires_at: access::token_end(&survey).max(now + SignedDuration::from_hours(24)),
    };
    match ingest.store.add_token(token, None).await? {
        Enrolled::Yes => Ok((secret, device)),
        Enrolled::DeviceTaken | Enrolled::NotYours => {
            bail!("the device of {user} is enrolled for somebody else or was cut off; use another id")
        }
        Enrolled::NotListed | Enrolled::CodeUsed => bail!("{user} has just left the staff list"),
    }
}

/// Prints a one-time code, on a terminal with its QR picture.
pub(super) fn enrol_code(common: &Common, args: &EnrolCodeArgs) -> Result<ExitCode> {
    let args = args.clone();
    Base::open(common)?.run(async move |ingest| {
        let member = member(&ingest, &args.user, args.survey.as_deref()).await?;
        ensure!(
            member.role == Role::Enumerator,
            "only an enumerator enrols a phone; {} is {}",
            member.user,
            member.role
        );
        let now = Timestamp::now();
        let code = access::new_code();
        let hash = auth::hash(&access::plain_code(&code));
        let is_listed =
            ingest.store.add_enrol_code(&hash, member.key, &member.user, access::code_end(now), None).await?;
        ensure!(is_listed, "{} has just left the staff list", member.user);
        say(&code);
        let address = args.url.map(|url| format!("{}/phone/enrol#{code}", url.trim_end_matches('/')));
        if let Some(address) = &address {
            say(address);
        }
        if std::io::stdout().is_terminal() {
            let text = address.unwrap_or_else(|| code.clone());
            let picture = qrcode::QrCode::new(text.as_bytes()).context("the QR picture cannot be drawn")?;
            say(picture.render::<qrcode::render::unicode::Dense1x2>().build());
            remark("one use, 24 hours");
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Prints the server address of a new Collect phone and the text of its QR picture; on a terminal the picture too.
pub(super) fn odk_code(common: &Common, args: &OdkCodeArgs) -> Result<ExitCode> {
    let is_address = args.url.starts_with("http://") || args.url.starts_with("https://");
    ensure!(is_address, "--url: must begin with http:// or https://, as the phone reaches the service");
    let args = args.clone();
    Base::open(common)?.run(async move |ingest| {
        let member = member(&ingest, &args.user, args.survey.as_deref()).await?;
        ensure!(
            member.role == Role::Enumerator,
            "only an enumerator's phone uses Collect; {} is {}",
            member.user,
            member.role
        );
        let whose = (member.key, member.user.as_str());
        let phone = Phone::enrol(&ingest, whose, &args.url, (None, Timestamp::now())).await?;
        let Some(phone) = phone else { bail!("{} has just left the staff list", member.user) };
        say(&phone.base);
        say(&phone.qr);
        if std::io::stdout().is_terminal() {
            let picture =
                qrcode::QrCode::new(phone.qr.as_bytes()).context("the QR picture cannot be drawn")?;
            say(picture.render::<qrcode::render::unicode::Dense1x2>().build());
            remark("shown once; in Collect: add a project, scan the picture");
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Sets a password, read as one line from standard input.
pub(super) fn passwd(common: &Common, args: &PasswdArgs) -> Result<ExitCode> {
    if std::io::stdin().is_terminal() {
        remark("new password (it is shown while you type; end with Enter):");
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("the password cannot be read")?;
    let password = line.trim_end_matches(['\r', '\n']).to_owned();
    ensure!(password.chars().count() >= 8, "a password needs at least 8 characters");
    ensure!(password.len() <= 1000, "the password is too long");
    let user = args.user.clone();
    Base::open(common)?.run(async move |ingest| {
        let member = ingest.store.memberships(&user).await?;
        ensure!(!member.is_empty(), "no survey has a user {user:?} in its staff.csv");
        ensure!(
            member.iter().any(|m| m.role != Role::Enumerator),
            "{user:?} is an enumerator; a phone enrols by enrol-code"
        );
        let hash = access::hash_password(&password).context("the password cannot be hashed")?;
        let is_set = ingest.store.set_password(&user, &hash, Timestamp::now()).await?;
        ensure!(is_set, "{user} has just left the staff list");
        let user = &member[0].user;
        remark(format!("password of {user} set; earlier sessions have ended"));
        Ok(ExitCode::SUCCESS)
    })
}

/// Withdraws every token and session of a person.
pub(super) fn revoke(common: &Common, args: &RevokeArgs) -> Result<ExitCode> {
    let args = args.clone();
    Base::open(common)?.run(async move |ingest| {
        let member = member(&ingest, &args.user, args.survey.as_deref()).await?;
        let n = ingest.store.revoke_user(member.key, &member.user, Timestamp::now()).await?;
        remark(format!("{n} token(s) of {} withdrawn; codes not used yet are void", member.user));
        Ok(ExitCode::SUCCESS)
    })
}
