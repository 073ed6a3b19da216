//! Who calls: tokens and sessions, roles, and what lies within reach.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderValue, Method};
use sha2::{Digest, Sha256};

use super::App;
use crate::net::kind;
use crate::net::problem::Problem;
use crate::net::request::{Carriage, Request, TokenHash};
use crate::store::access::{Caller, TokenKind};
use crate::store::{Disclosure, ReadBy, Way, Witness};

/// Name of the session cookie.
pub const SESSION: &str = "doorknock_session";

/// A cookie that no script reads and no other site's form brings along; `life` in seconds, else as long as the browser runs.
pub fn cookie(
    name: &str,
    value: &str,
    life: Option<u32>,
    carriage: Carriage,
) -> Result<HeaderValue, Problem> {
    let life = life.map_or_else(String::new, |seconds| format!("; Max-Age={seconds}"));
    let secure = if carriage == Carriage::Tls { "; Secure" } else { "" };
    HeaderValue::try_from(format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{life}{secure}"))
        .map_err(|_| Problem::plain(&kind::INTERNAL))
}

/// A new secret of 256 random bits, in 43 characters.
pub fn new_secret() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// What is stored of a secret.
pub fn hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

/// Who calls, by bearer token; for reading also by session cookie.
/// Problems: `device-revoked`, `not-signed-in`, `busy`.
pub async fn caller(app: &App, request: &Request) -> Result<Caller, Problem> {
    let bearer = request.bearer();
    let is_read = matches!(request.method, Method::GET | Method::HEAD);
    let session = request.cookie(SESSION).filter(|_| is_read && bearer.is_none());
    let secret = bearer.or(session).filter(|s| s.len() <= 200).ok_or_else(not_signed_in)?;
    by_secret(app, request, secret, bearer.is_some()).await
}

/// Who calls, by session cookie only: for the pages and their forms.
pub async fn session(app: &App, request: &Request) -> Result<Caller, Problem> {
    let secret = request.cookie(SESSION).filter(|s| s.len() <= 200).ok_or_else(not_signed_in)?;
    by_secret(app, request, secret, false).await
}

async fn by_secret(app: &App, request: &Request, secret: &str, is_bearer: bool) -> Result<Caller, Problem> {
    let hash = hash(secret);
    take_turn(app, request, &hash).await?;
    let Some(found) = app.store().caller(&hash, app.now()).await? else {
        // A phone that was cut off and asks once more is told to forget what it holds.
        let is_cut_off = is_bearer && app.store().was_cut_off(&hash).await?;
        return Err(if is_cut_off {
            Problem::plain(&kind::DEVICE_REVOKED).with("wipe", true)
        } else {
            not_signed_in()
        });
    };
    if (found.kind == TokenKind::Session) == is_bearer || found.kind == TokenKind::Odk {
        return Err(not_signed_in());
    }
    if let Some(device) = found.device {
        request.device.set(device);
    }
    if found.kind == TokenKind::Session {
        app.store().touch_session(&hash, app.now()).await?;
    }
    Ok(found)
}

/// Of the requests of one token only so many are worked on at once; also before anybody has looked whether it is one.
pub async fn take_turn(app: &App, request: &Request, hash: &[u8]) -> Result<(), Problem> {
    let key: TokenHash = hash.try_into().map_err(|_| Problem::plain(&kind::INTERNAL))?;
    if request.turn.get().is_none() {
        let turn = app.turns.take(key, &kind::BUSY).await?;
        request.turn.get_or_init(|| turn);
    }
    Ok(())
}

fn not_signed_in() -> Problem {
    Problem::plain(&kind::NOT_SIGNED_IN)
}

/// A device's enumerator. Problems: `wrong-role`.
pub async fn device(app: &App, request: &Request) -> Result<Caller, Problem> {
    let caller = caller(app, request).await?;
    if caller.device.is_some() { Ok(caller) } else { Err(wrong_role()) }
}

/// A supervisor or admin. Problems: `wrong-role`.
pub async fn supervisor(app: &App, request: &Request) -> Result<Caller, Problem> {
    let caller = caller(app, request).await?;
    if is_supervisor(&caller) { Ok(caller) } else { Err(wrong_role()) }
}

/// Whether the caller supervises.
pub fn is_supervisor(caller: &Caller) -> bool {
    caller.device.is_none() && caller.role.supervises()
}

fn wrong_role() -> Problem {
    Problem::plain(&kind::WRONG_ROLE)
}

/// Notes that a caller of the API reads personal data, before it is done.
pub async fn witness(app: &App, caller: &Caller, read: Disclosure) -> Result<Witness, Problem> {
    Ok(app.store().witness(&ReadBy::caller(caller, Way::Api), read, app.now()).await?)
}
