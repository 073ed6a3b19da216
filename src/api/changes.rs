//! The change feed, for devices.

use crate::net::answer::Response;
use http::StatusCode;
use http::header::{ETAG, IF_NONE_MATCH};
use std::time::Duration;

use crate::app::App;
use crate::app::auth;
use crate::net::answer;
use crate::net::problem::Problem;
use crate::net::request::Request;
use crate::store::access::Caller;
use crate::sync::{self, Page};

/// How often a waiting call looks again.
const LOOK: Duration = Duration::from_millis(400);
/// Longest wait, seconds.
const LONGEST: u32 = 50;

/// `GET /v1/changes?cursor=&limit=&wait=`: what the device should hold, or what changed. With `wait` (seconds) the answer
/// waits until something changed. Problems: `bad-parameter`, `wrong-role`.
pub async fn get(app: App, request: Request) -> Result<Response, Problem> {
    let caller = auth::device(&app, &request).await?;
    let query = request.query()?;
    let limit = query.limit(500, 5000)?;
    let wait = query.parsed("wait", "must be a number of seconds from 0 to 50", |t| {
        t.parse::<u32>().ok().filter(|s| *s <= LONGEST)
    })?;
    let cursor = query.given("cursor");
    if let Some(device) = caller.device {
        app.store().note_call(caller.key, device, app.now()).await?;
    }
    let page = waited(&app, &request, &caller, cursor, limit as usize, wait.unwrap_or_default()).await?;
    let mark = format!("\"{}\"", page.cursor);
    let known = request
        .header(&IF_NONE_MATCH)
        .is_some_and(|tags| tags.split(',').any(|t| t.trim().trim_start_matches("W/") == mark));
    let mut response = if known && page.changes.is_empty() {
        let mut response = answer::empty();
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        answer::json(&page)
    };
    if let Ok(value) = mark.parse() {
        response.headers_mut().insert(ETAG, value);
    }
    Ok(response)
}

async fn waited(
    app: &App,
    request: &Request,
    caller: &Caller,
    cursor: Option<&str>,
    limit: usize,
    wait: u32,
) -> Result<Page, Problem> {
    let survey = app.survey(caller).await?;
    let until = tokio::time::Instant::now() + Duration::from_secs(u64::from(wait));
    loop {
        let page = sync::changes(app.store(), &survey, caller, cursor, limit).await?;
        let is_late = tokio::time::Instant::now() + LOOK > until;
        if !page.changes.is_empty() || page.more || is_late || request.connection.stop.is_set() {
            return Ok(page);
        }
        tokio::time::sleep(LOOK).await;
    }
}
