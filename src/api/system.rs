//! Calls about the service itself: health, metrics, codes, the API's description.

use crate::net::answer::Response;
use serde_json::json;

use super::openapi;
use crate::app::App;
use crate::app::auth;
use crate::domain::code;
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
        if caller.role != "admin" {
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
