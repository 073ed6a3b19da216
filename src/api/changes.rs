//! The change feed, for devices.

use crate::net::answer::Response;
use http::StatusCode;
use http::header::ETAG;
use std::time::Duration;

use crate::app::App;
use crate::app::auth;
use crate::net::answer;
use crate::net::problem::Problem;
use crate::net::request::Request;
use crate::store::access::Caller;
use crate::sync::{self, Page, Pull};

/// How often a waiting call looks again.
const LOOK: Duration = Duration::from_millis(400);
/// Longest wait, seconds; whoever asks for more waits so long.
const LONGEST: u32 = 25;

/// `GET /v1/changes?cursor=&limit=&wait=`: what the device should hold, or what changed. With `wait` (seconds) the answer
/// waits until something changed. Problems: `bad-parameter`, `wrong-role`.
pub async fn get(app: App, request: Request) -> Result<Response, Problem> {
    let caller = auth::device(&app, &request).await?;
    let query = request.query()?;
    let limit = query.limit(500, 5000)?;
    let wait = query.parsed("wait", "must be a number of seconds", |t| t.parse::<u32>().ok())?;
    let cursor = query.given("cursor");
    if let Some(device) = caller.device {
        app.store().note_call(caller.key, device, app.now()).await?;
    }
    let page = waited(&app, &request, &caller, cursor, limit as usize, wait.unwrap_or_default().min(LONGEST))
        .await?;
    let mark = format!("\"{}\"", page.cursor);
    let mut response = if request.has_tag(&mark) && page.changes.is_empty() {
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
        let pull = Pull { caller, cursor, limit, now: app.now() };
        let page = sync::changes(app.store(), &survey, &app.ingest.keys, pull).await?;
        let is_late = tokio::time::Instant::now() + LOOK > until;
        if !page.changes.is_empty() || page.more || is_late || request.connection.stop.is_set() {
            return Ok(page);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// What the `OpenAPI` document says of this file.
pub(super) mod described {
    use crate::api::openapi::prelude::*;

    /// The calls of this file.
    pub fn calls() -> Vec<Call> {
        vec![
            get("/v1/changes", "changes", "What changed for a device")
                .about(
                    "For devices. No change is skipped. A cursor from before a restore of the database is \
                answered with everything. `survey` carries the survey's settings, its sheets in order \
                (`forms`) and the limits of uploads.",
                )
                .who(Who::Reader)
                .query(
                    "cursor?",
                    "Of the last call; without it everything the device should hold comes, in pages.",
                    text().filled(2000),
                )
                .shared(&["limit"])
                .query(
                    "wait?",
                    "Seconds to wait for news when there are none.",
                    int().about("25 at most are waited."),
                )
                .gives("Done.", refer("Changes"))
                .never(&[404]),
        ]
    }

    /// The components that they speak of.
    pub fn schemas() -> Vec<Named> {
        vec![
        ("Change", object([
            ("kind", words(["survey", "form", "person", "dwelling", "case", "assignment", "sheet", "message", "receipt"])),
            ("op", words(["put", "drop"]).about("drop: it left the device's reach.")),
            ("data", object([
                ("id?", text()),
            ]).open().about("The thing as it is now; for drop its id, and of a case why: merged, cancelled, reassigned, moved. \
                Nothing volatile.")),
        ])),
        ("Changes", object([
            ("changes", list(refer("Change")).about("A thing that changed several times comes once.")),
            ("cursor", text().about("For the next call; opaque.")),
            ("more", flag().about("Whether the next call brings more at once.")),
            ("epoch?", uuid().about("Another one than before: the server was restored; send again what was sent since.")),
            ("reset?", flag().about("A full pull begins: forget what does not come again.")),
            ("resend_since?", time().about("After a restore: records sent since this moment are to be sent again; those known are \
                recognised.")),
        ])),
    ]
    }
}
