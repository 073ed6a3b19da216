//! Calls about the service itself: health, metrics, codes, the API's description.

use crate::net::answer::Response;
use serde_json::json;

use super::openapi;
use crate::app::App;
use crate::app::auth;
use crate::domain::{Role, code};
use crate::net::answer;
use crate::net::kind;
use crate::net::metrics;
use crate::net::problem::Problem;
use crate::net::request::Request;

/// `GET /healthz`: the process is up.
pub async fn healthz(_: App, _: Request) -> Result<Response, Problem> {
    Ok(answer::json(&json!({"status": "up"})))
}

/// `GET /readyz`: the database answers and is migrated. Problems: `database-away`, `checking`.
pub async fn readyz(app: App, _: Request) -> Result<Response, Problem> {
    app.store().ping().await?;
    if !(app.is_migrated)() {
        return Err(Problem::new(&kind::CHECKING, "The database is not migrated; run doorknock migrate."));
    }
    Ok(answer::json(&json!({"status": "ready"})))
}

/// `GET /metrics`: Prometheus text, for callers on this machine and for admins. Problems: `loopback-only`.
pub async fn prometheus(app: App, request: Request) -> Result<Response, Problem> {
    if !metrics::open_to(request.peer().ip(), &request.headers) {
        let caller = auth::caller(&app, &request).await.map_err(|_| Problem::plain(&kind::LOOPBACK_ONLY))?;
        if caller.role != Role::Admin {
            return Err(Problem::plain(&kind::LOOPBACK_ONLY));
        }
    }
    Ok(answer::text(metrics::MEDIA_TYPE, app.metrics.text()))
}

/// `GET /ca.crt`: the certificate of the local authority, for a phone to install. Problems: `not-found`.
pub async fn authority(app: App, _: Request) -> Result<Response, Problem> {
    let pem = app.authority.as_deref().ok_or_else(Problem::not_found)?;
    let mut response = answer::text("application/x-x509-ca-cert", pem);
    let name = http::HeaderValue::from_static("attachment; filename=\"doorknock-ca.crt\"");
    response.headers_mut().insert(http::header::CONTENT_DISPOSITION, name);
    Ok(response)
}

/// `GET /v1/codes`: every closed list with its labels in both languages.
pub async fn codes(_: App, _: Request) -> Result<Response, Problem> {
    Ok(answer::json(&json!({"tables": code::tables()})))
}

/// `GET /v1/openapi.json`: the description of the API.
pub async fn openapi(_: App, _: Request) -> Result<Response, Problem> {
    Ok(answer::text("application/json", openapi::document()))
}

/// What the `OpenAPI` document says of this file.
pub(super) mod described {
    use crate::api::openapi::prelude::*;

    /// The calls of this file.
    pub fn calls() -> Vec<Call> {
        vec![
            get("/healthz", "health", "The process is up")
                .who(Who::Anybody)
                .gives("Done.", object([("status", only("up"))])),
            get("/readyz", "ready", "The database is reachable and of this version")
                .who(Who::Anybody)
                .gives("Done.", object([("status", only("ready"))]))
                .fails(&[503]),
            get("/metrics", "metrics", "Prometheus text")
                .about("Open to the machine itself and to administrators.")
                .who(Who::Operator)
                .gives_as("The figures.", [("text/plain", text())])
                .fails(&[401, 403]),
            get("/ca.crt", "authority", "The certificate of the local authority")
                .about("Made by `doorknock cert`; a phone installs it once. 404 where there is none.")
                .who(Who::Anybody)
                .gives_as("PEM.", [("application/x-x509-ca-cert", text())])
                .fails(&[404]),
            get("/v1/openapi.json", "openapi", "This document")
                .who(Who::Anybody)
                .gives("Done.", of("object")),
            get("/v1/codes", "codes", "The code tables with labels in Chinese and English")
                .who(Who::Anybody)
                .gives("Done.", object([("tables", list(refer("CodeTable")))])),
        ]
    }

    /// The components that they speak of.
    pub fn schemas() -> Vec<Named> {
        vec![(
            "CodeTable",
            object([
                ("name", text()),
                (
                    "codes",
                    list(object([
                        ("slug", text()),
                        ("en", text()),
                        ("zh", text()),
                        ("class?", text().or_null()),
                        ("aapor?", text().or_null()),
                        ("closes?", text().or_null()),
                        ("next_en?", text().or_null()),
                        ("next_zh?", text().or_null()),
                    ])),
                ),
            ]),
        )]
    }
}
