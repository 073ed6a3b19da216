//! The enumerators' page: a shell, its files, the worker that keeps them on the phone, and the manifest to install it.
//!
//! Nothing here knows a survey, a door or a person: the page asks the API for those. Every address below `/phone/` that
//! is no file is answered with the same shell, so that a page opened by its address works without a network too.

mod files;
mod shell;
mod strings;

use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, LOCATION,
    REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, VARY, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use jiff::ToSpan;

use std::sync::Arc;

use crate::app::App;
use crate::net::answer::Response;
use crate::net::problem::Problem;
use crate::net::request::{Carriage, Request};
use files::{File, Set};
use shell::Policy;

/// The files as they are served now, and the policy that stands over them.
async fn current(app: &App) -> Result<Arc<Set>, Problem> {
    // A phone's token outlives its survey by two weeks, and so does what its page may do.
    let since = app.now().to_zoned(jiff::tz::TimeZone::UTC).date().saturating_sub(15.days());
    let policy = if app.store().has_own_forms(since).await? { Policy::WithForms } else { Policy::Plain };
    Ok(Set::of(policy))
}

/// `GET /phone`: the address as people type it.
pub async fn moved(_: App, _: Request) -> Result<Response, Problem> {
    let mut response = Response::new(String::new().into());
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    response.headers_mut().insert(LOCATION, HeaderValue::from_static("/phone/"));
    Ok(response)
}

/// `GET /phone/…`: the shell. It is the same for everybody and may be kept by the worker alone.
pub async fn shell(app: App, request: Request) -> Result<Response, Problem> {
    let set = current(&app).await?;
    let mut response = made("text/html; charset=utf-8", shell::html(&set), &request.headers);
    guard(&mut response, &set, request.connection.carriage);
    Ok(response)
}

/// `GET /phone/sw.js`: the worker, which names every file of the shell.
pub async fn worker(app: App, request: Request) -> Result<Response, Problem> {
    let set = current(&app).await?;
    let mut response = made("text/javascript; charset=utf-8", shell::worker(&set), &request.headers);
    guard(&mut response, &set, request.connection.carriage);
    Ok(response)
}

/// `GET /phone/manifest.webmanifest`: what a phone needs to install the page.
pub async fn manifest(app: App, request: Request) -> Result<Response, Problem> {
    let set = current(&app).await?;
    Ok(made("application/manifest+json", shell::manifest(&set), &request.headers))
}

/// `GET /phone/f/{version}/{name}`: one file. Another version than the present one has no files here, so that a page
/// never runs with parts of two versions. Problems: `not-found`.
pub async fn file(app: App, request: Request) -> Result<Response, Problem> {
    let set = current(&app).await?;
    let name = request.param("name");
    let is_library = name.starts_with("vendor/");
    if request.param("version") != set.version() && !is_library {
        return Err(Problem::not_found());
    }
    let found = set.find(name).ok_or_else(Problem::not_found)?;
    let tag = format!("\"{}\"", set.version());
    if request.has_tag(&tag) {
        let mut response = Response::new(String::new().into());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(response);
    }
    let mut response = stored(found, &request.headers);
    if let Ok(tag) = HeaderValue::try_from(tag) {
        response.headers_mut().insert(ETAG, tag);
    }
    // A worker of the page that scales pictures is a script of its own and obeys the policy of its own answer.
    guard(&mut response, &set, request.connection.carriage);
    Ok(response)
}

/// What is made for the present version: to be asked for again each time.
fn made(media_type: &'static str, text: String, asked: &HeaderMap) -> Response {
    let packed = files::packed(text.as_bytes()).filter(|_| takes_gzip(asked));
    content(media_type, "no-cache", packed.is_some(), packed.unwrap_or_else(|| text.into_bytes()))
}

/// A file, which never changes under its address.
fn stored(file: &File, asked: &HeaderMap) -> Response {
    let packed = file.packed().filter(|_| takes_gzip(asked));
    let bytes = packed.unwrap_or(&file.bytes).to_vec();
    content(file.media_type(), "public, max-age=31536000, immutable", packed.is_some(), bytes)
}

fn takes_gzip(asked: &HeaderMap) -> bool {
    asked.get(ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).is_some_and(|list| list.contains("gzip"))
}

fn content(media_type: &'static str, keep: &'static str, is_packed: bool, bytes: Vec<u8>) -> Response {
    let mut response = Response::new(bytes.into());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(keep));
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if is_packed {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

fn guard(response: &mut Response, set: &Set, carriage: Carriage) {
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(set.policy.text()));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    if carriage == Carriage::Tls {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
}

#[cfg(test)]
mod tests;
