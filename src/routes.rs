//! Every route of the service, grouped by who uses it. `docs/api.md` follows this order.

use http::Method;

use crate::api::{
    assignments, attachments, audit, batches, bulk, cards as card_api, cases, changes, completion, devices,
    enrol, exports, forms, held, links, messages, pace, people, plan, problem_page, returns, self_response,
    shifts, slips, submissions, system,
};
use crate::app::App;
use crate::net::route::{Face, Router};
use crate::odk;
use crate::pages::{
    about, answers, areas, assets, assign, audit as audit_page, building, card_list, cards, case, decide,
    devices as device_page, doors, exports as export_page, forms as form_page, held as held_page, held_many,
    login, managers, model, outlook, overview, people as people_page, reading, returns as return_page,
    review, setup, sheet, slip, switch, telephone, trouble, writing,
};
use crate::phone;

/// The table of routes.
#[expect(clippy::too_many_lines, reason = "a table of routes")]
pub fn routes() -> Router<App> {
    Router::new()
        // Operators and programs that look around.
        .get("/healthz", system::healthz)
        .get("/readyz", system::readyz)
        .get("/metrics", system::prometheus)
        .get("/ca.crt", system::authority)
        .get("/v1/codes", system::codes)
        .get("/v1/openapi.json", system::openapi)
        .get("/problems/{slug}", |_: App, request| async move { problem_page::problem(&request) })
        // Getting in.
        .post("/v1/enrol", enrol::enrol)
        .post("/v1/login", enrol::login)
        // Devices.
        .post("/v1/batches", batches::post)
        .get("/v1/batches/{id}", batches::get)
        .get("/v1/changes", changes::get)
        .route(Face::Api, Method::PUT, "/v1/attachments/{id}", attachments::put)
        .get("/v1/attachments/{id}", attachments::get)
        // Doors.
        .get("/v1/cases", cases::list)
        .get("/v1/cases/{id}", cases::get)
        .post("/v1/cases/{id}/decisions", cases::decide)
        .get("/v1/return-visits", returns::list)
        .get("/v1/plan", plan::get)
        .post("/v1/plan", plan::what_if)
        // Supervisors.
        .get("/v1/submissions/{id}", submissions::get)
        .get("/v1/completion", completion::get)
        .get("/v1/people", people::list)
        .get("/v1/held", held::list)
        .post("/v1/held/{id}/decision", held::decide)
        .post("/v1/held/decisions", bulk::decide_held)
        .post("/v1/held/decisions/{id}/undo", bulk::undo_held)
        .post("/v1/decisions", bulk::decide)
        .post("/v1/decisions/{id}/undo", bulk::undo)
        .get("/v1/links", links::list)
        .get("/v1/links/{id}", links::get)
        .post("/v1/links/{id}/decision", links::decide)
        .get("/v1/devices", devices::list)
        .post("/v1/devices/{id}/revoke", devices::revoke)
        .post("/v1/messages", messages::send)
        .get("/v1/messages", messages::list)
        .route(Face::Api, Method::DELETE, "/v1/messages/{id}", messages::withdraw)
        .post("/v1/assignments", assignments::post)
        .get("/v1/assignments", assignments::list)
        .get("/v1/audit", audit::list)
        .get("/v1/pace", pace::pace)
        .get("/v1/model", pace::model)
        .get("/v1/shifts", shifts::list)
        .post("/v1/shifts", shifts::set)
        .post("/v1/slips", slips::make_slips)
        .get("/v1/cards", card_api::list)
        .post("/v1/cards", card_api::make)
        .get("/v1/export/{file}", exports::get)
        .get("/v1/export/forms/{file}", exports::answers)
        .get("/v1/export/forms/{id}/{file}", exports::repeat)
        // Forms.
        .get("/v1/forms", forms::list)
        .post("/v1/forms", forms::add)
        .get("/v1/forms/{id}", forms::get)
        .get("/v1/forms/{id}/{file}", forms::xform)
        .get("/v1/forms/{id}/{version}/model", forms::model)
        .get("/v1/forms/{id}/{version}/media/{name}", forms::media)
        .post("/v1/forms/{id}/{version}/publish", forms::publish)
        .post("/v1/forms/{id}/open", forms::open)
        .post("/v1/forms/{id}/close", forms::close)
        // Residents, under the code of their card.
        .post("/v1/slips/{code}", slips::slip)
        .post("/v1/self/open", self_response::open)
        .post("/v1/self/save", self_response::save)
        .post("/v1/self/submit", self_response::submit)
        .post("/v1/self/when", self_response::when)
        // People in a browser.
        .page_problems(trouble::page)
        .page("/static/{version}/{*name}", assets::get)
        .page("/language", switch::language)
        .page("/theme", switch::theme)
        .page("/card", slip::show)
        .form("/card", slip::submit)
        .page("/login", login::show)
        .form("/login", login::submit)
        .form("/logout", writing(login::logout))
        // The enumerators' page.
        .page("/phone", phone::moved)
        .page("/phone/", phone::shell)
        .page("/phone/sw.js", phone::worker)
        .page("/phone/manifest.webmanifest", phone::manifest)
        .page("/phone/f/{version}/{*name}", phone::file)
        .page("/phone/{*place}", phone::shell)
        // Collect.
        .odk_problems(odk::paint)
        .odk("/odk/{key}/formList", odk::forms::list)
        .odk("/odk/{key}/forms/{id}/{file}", odk::forms::xform)
        .odk("/odk/{key}/forms/{id}/{version}/manifest", odk::forms::manifest)
        .odk("/odk/{key}/media/{id}/{version}/{name}", odk::forms::media)
        .odk("/odk/{key}/lists/doors/integrity", odk::lists::integrity)
        .odk("/odk/{key}/lists/{name}", odk::lists::get)
        .odk("/odk/{key}/submission", odk::submit::look)
        .route(Face::Odk, Method::POST, "/odk/{key}/submission", odk::submit::post)
        // The supervisor's pages.
        .page("/", reading(overview::home))
        .page("/areas", reading(areas::show))
        .page("/areas/{code}", reading(overview::area))
        .page("/buildings/{id}", reading(building::show))
        .page("/cases/{id}", reading(case::show))
        .form("/cases/{id}/decisions", writing(decide::submit))
        .page("/cases/{id}/form", reading(telephone::show))
        .form("/cases/{id}/form", writing(telephone::submit))
        .page("/doors", reading(doors::show))
        .page("/returns", reading(return_page::show))
        .page("/assign", reading(assign::show))
        .form("/assign", writing(assign::submit))
        .page("/review", reading(review::list))
        .page("/review/{id}", reading(review::show))
        .form("/review/{id}/decision", writing(review::submit))
        .page("/held", reading(held_page::show))
        .form("/held/{id}/decision", writing(held_page::submit))
        .form("/held/decisions", writing(held_many::submit))
        .form("/held/decisions/{id}/undo", writing(held_many::undo))
        .page("/audit", reading(audit_page::show))
        .page("/devices", reading(device_page::show))
        .form("/devices/code", writing(device_page::code))
        .form("/devices/collect", writing(device_page::collect))
        .form("/devices/{id}/revoke", writing(device_page::revoke))
        .page("/pace", reading(outlook::show))
        .page("/people", reading(people_page::show))
        .page("/model", reading(model::show))
        .page("/print/sheet", reading(sheet::show))
        .page("/print/managers", reading(managers::show))
        .form("/print/cards", writing(cards::make))
        .page("/cards", reading(card_list::show))
        .form("/cards", writing(card_list::make))
        .page("/exports", reading(export_page::show))
        .page("/forms", reading(form_page::list))
        .form("/forms", form_page::upload)
        .page("/forms/{id}/versions/{version}", reading(form_page::preview))
        .form("/forms/{id}/versions/{version}/publish", writing(form_page::publish))
        .form("/forms/{id}/open", writing(form_page::open))
        .form("/forms/{id}/close", writing(form_page::close))
        .page("/forms/{id}/answers", reading(answers::show))
        .page("/forms/{id}/answers/{submission}", reading(answers::one))
        .page("/setup", reading(setup::show))
        .form("/setup", setup::submit)
        .form("/setup/answer", writing(setup::answer))
        .form("/setup/apply", writing(setup::apply))
        .page("/about", reading(about::show))
}
