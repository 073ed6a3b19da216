//! Every route of the service, grouped by who uses it. `docs/api.md` follows this order.

use super::app::App;
use super::route::Router;
use super::{
    assignments, batches, cases, changes, completion, devices, enrol, exports, held, links, page, plan, returns, system,
};

/// The table of routes.
pub fn routes() -> Router<App> {
    Router::new()
        // Operators and programs that look around.
        .get("/healthz", system::healthz)
        .get("/readyz", system::readyz)
        .get("/metrics", system::prometheus)
        .get("/v1/codes", system::codes)
        .get("/v1/openapi.json", system::openapi)
        .get("/problems/{slug}", |_: App, request| async move { page::problem(&request) })
        // Getting in.
        .post("/v1/enrol", enrol::enrol)
        .post("/v1/login", enrol::login)
        // Devices.
        .post("/v1/batches", batches::post)
        .get("/v1/batches/{id}", batches::get)
        .get("/v1/changes", changes::get)
        // Doors.
        .get("/v1/cases", cases::list)
        .get("/v1/cases/{id}", cases::get)
        .post("/v1/cases/{id}/decisions", cases::decide)
        .get("/v1/return-visits", returns::list)
        .get("/v1/plan", plan::get)
        .post("/v1/plan", plan::what_if)
        // Supervisors.
        .get("/v1/completion", completion::get)
        .get("/v1/held", held::list)
        .post("/v1/held/{id}/decision", held::decide)
        .get("/v1/links", links::list)
        .get("/v1/links/{id}", links::get)
        .post("/v1/links/{id}/decision", links::decide)
        .get("/v1/devices", devices::list)
        .post("/v1/devices/{id}/revoke", devices::revoke)
        .post("/v1/assignments", assignments::post)
        .get("/v1/pace", plan::pace)
        .get("/v1/model", plan::model)
        .get("/v1/shifts", plan::shifts)
        .post("/v1/shifts", plan::set_shifts)
        .post("/v1/slips", plan::make_slips)
        .get("/v1/export/{file}", exports::get)
        // Residents, under the code of their card.
        .post("/v1/slips/{code}", plan::slip)
}
