//! The enumerators' page: a shell, its files, the worker that keeps them on the phone, and the manifest to install it.
//!
//! Nothing here knows a survey, a door or a person: the page asks the API for those. Every address below `/phone/` that
//! is no file is answered with the same shell, so that a page opened by its address works without a network too.

mod files;
mod shell;
mod strings;

use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LOCATION, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, X_FRAME_OPTIONS,
};
use http::{HeaderValue, StatusCode};
use jiff::ToSpan;

use crate::app::App;
use crate::net::answer::Response;
use crate::net::problem::Problem;
use crate::net::request::{Carriage, Request};
use files::{Content, Set};
use shell::Policy;

/// The files as they are served now, and the policy that stands over them.
async fn current(app: &App) -> Result<Set, Problem> {
    // A phone's token outlives its survey by two weeks, and so does what its page may do.
    let since = app.now().to_zoned(jiff::tz::TimeZone::UTC).date().saturating_sub(15.days());
    let policy = if app.store().has_own_forms(since).await? { Policy::WithForms } else { Policy::Plain };
    Ok(Set::new(policy))
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
    let mut response = content(Content::html(shell::html(&set)), "no-cache");
    guard(&mut response, &set, request.connection.carriage);
    Ok(response)
}

/// `GET /phone/sw.js`: the worker, which names every file of the shell.
pub async fn worker(app: App, request: Request) -> Result<Response, Problem> {
    let set = current(&app).await?;
    let mut response = content(Content::script(shell::worker(&set)), "no-cache");
    guard(&mut response, &set, request.connection.carriage);
    Ok(response)
}

/// `GET /phone/manifest.webmanifest`: what a phone needs to install the page.
pub async fn manifest(app: App, _: Request) -> Result<Response, Problem> {
    let set = current(&app).await?;
    Ok(content(Content::manifest(shell::manifest(&set)), "no-cache"))
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
    if request.header(&IF_NONE_MATCH).is_some_and(|known| known.contains(&tag)) {
        let mut response = Response::new(String::new().into());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(response);
    }
    let mut response = content(found, "public, max-age=31536000, immutable");
    if let Ok(tag) = HeaderValue::try_from(tag) {
        response.headers_mut().insert(ETAG, tag);
    }
    // A worker of the page that scales pictures is a script of its own and obeys the policy of its own answer.
    guard(&mut response, &set, request.connection.carriage);
    Ok(response)
}

fn content(content: Content, keep: &'static str) -> Response {
    let mut response = Response::new(content.bytes.into_owned().into());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content.media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(keep));
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
