//! The audit log, for admins.

use crate::domain::Role;
use crate::net::answer::Response;
use serde_json::{Value, json};

use crate::app::App;
use crate::app::{auth, reach};
use crate::net::answer;
use crate::net::kind;
use crate::net::problem::Problem;
use crate::net::request::Request;
use crate::store::audit::{Action, Filter};

/// `GET /v1/audit?area=&action=&user=&after=&limit=`: who read personal data, decided, or was let in; newest first.
/// Problems: `bad-parameter`, `not-found`, `wrong-role`.
pub async fn list(app: App, request: Request) -> Result<Response, Problem> {
    let caller = auth::supervisor(&app, &request).await?;
    if caller.role != Role::Admin {
        return Err(Problem::plain(&kind::WRONG_ROLE));
    }
    let query = request.query()?;
    let limit = i64::from(query.limit(100, 1000)?);
    let words: Vec<&str> = Action::ALL.iter().map(|a| a.slug()).collect();
    let action =
        query.one_of("action", &words, |word| Action::ALL.iter().map(|a| a.slug()).find(|w| *w == word))?;
    let before = query.parsed("after", "must be one that this service gave out", |text| {
        text.parse::<i64>().ok().filter(|id| *id > 0)
    })?;
    let area = reach::area(&app, &caller, &query).await?;
    let user = match query.text("user") {
        Some(user) => Some(app.store().spelled(user).await?),
        None => None,
    };
    let filter = Filter { range: area.range, before: before.unwrap_or(i64::MAX), action, user };
    let rows = app.store().list_audit(caller.key, &filter, limit).await?;
    let is_full = i64::try_from(rows.len()).is_ok_and(|n| n >= limit);
    let next = rows.last().filter(|_| is_full).map(|r| r.id.to_string());
    let items: Vec<Value> = rows
        .iter()
        .map(|r| {
            json!({"id": r.id.to_string(), "at": r.at, "user": r.user, "role": r.role, "action": r.action, "area": r.area,
                "subject": r.subject, "detail": r.detail})
        })
        .collect();
    Ok(answer::json(&json!({"items": items, "after": next})))
}

/// What the `OpenAPI` document says of this file.
pub(super) mod described {
    use crate::api::openapi::prelude::*;
    use crate::store::audit;

    /// The calls of this file.
    pub fn calls() -> Vec<Call> {
        vec![
            get("/v1/audit", "audit", "Who read personal data, decided, or was let in")
                .about("For admins; newest first.")
                .who(Who::Reader)
                .query(
                    "action?",
                    "Only this action.",
                    words(audit::Action::ALL.iter().map(|action| action.slug())),
                )
                .query("user?", "Only this user.", text().filled(200))
                .shared(&["area", "after", "limit"])
                .gives(
                    "Done.",
                    page(object([
                        ("id", text()),
                        ("at", time()),
                        ("user", text().or_null()),
                        ("role", text().or_null()),
                        ("action", text()),
                        ("area", text().or_null()),
                        ("subject", text().or_null()),
                        ("detail", anything().about("What belongs to the action; never personal data.")),
                    ])),
                ),
        ]
    }
}
