//! Devices: when they were heard, what they hold; cutting one off, and the one-time code for a new one.

use std::collections::HashMap;

use askama::Template;
use jiff::Timestamp;
use uuid::Uuid;

use super::assign::{Person, people};
use super::form::{Form, fault};
use super::frame::{Frame, Tab};
use super::overview::crumbs;
use super::visitor::{Answer, Visitor};
use crate::access;
use crate::app::odk::Phone;
use crate::app::{auth, reach};
use crate::net::problem::Problem;
use crate::store::device::DeviceRow;
use crate::store::survey::Areas;
use crate::sync::silent_before;

/// A clock that is off by more is marked.
const CLOCK_S: f64 = 600.0;

/// A device as the pages show it.
#[derive(Clone, Debug)]
pub struct DeviceView {
    /// Its id.
    pub id: Uuid,
    /// The first part of the id.
    pub short: String,
    /// Model, if it said so.
    pub model: String,
    /// Enumerator's user.
    pub user: String,
    /// Enumerator's name.
    pub name: String,
    /// Last heard, in words.
    pub heard: String,
    /// How long ago.
    pub ago: Option<String>,
    /// Silent for too long.
    pub is_silent: bool,
    /// Open doors lent to its enumerator.
    pub doors: i64,
    /// Records it still had.
    pub waiting: Option<i32>,
    /// Interviews begun on it.
    pub drafts: Option<i32>,
    /// Clock offset in words; none when it is small.
    pub clock: Option<String>,
    /// Version of its program.
    pub version: String,
    /// End of the first lease among its doors.
    pub lease: String,
    /// When and by whom it was cut off.
    pub revoked: Option<String>,
}

#[derive(Template)]
#[template(path = "devices.html")]
struct Page {
    f: Frame,
    area_name: String,
    crumbs: Vec<(String, String)>,
    found: String,
    devices: Vec<DeviceView>,
    people: Vec<Person>,
}

#[derive(Template)]
#[template(path = "code.html")]
struct CodePage {
    f: Frame,
    code: String,
    name: String,
    until: String,
    picture: String,
    address: String,
}

#[derive(Template)]
#[template(path = "collect_code.html")]
struct CollectPage {
    f: Frame,
    name: String,
    picture: String,
    address: String,
    is_plain: bool,
    keeps_sent: bool,
}

/// Devices for a page, those silent first.
pub async fn views(v: &Visitor, rows: &[DeviceRow]) -> Result<Vec<DeviceView>, Problem> {
    let mut users: Vec<String> = rows.iter().map(|d| d.user.clone()).collect();
    users.sort_unstable();
    users.dedup();
    let ends = v.app.store().first_lease_ends(v.caller.key, &users).await?;
    let ends: HashMap<String, Option<Timestamp>> = ends.into_iter().collect();
    let since = silent_before(&v.survey, v.now);
    let mut all: Vec<DeviceView> =
        rows.iter().map(|d| view(v, d, since, ends.get(&d.user).copied().flatten())).collect();
    all.sort_by_key(|d| (d.revoked.is_some(), !d.is_silent));
    Ok(all)
}

fn view(v: &Visitor, d: &DeviceRow, since: Timestamp, lease: Option<Timestamp>) -> DeviceView {
    let is_silent = d.is_silent(since);
    DeviceView {
        id: d.id,
        short: d.id.simple().to_string().chars().take(6).collect(),
        model: d.model.clone().unwrap_or_default(),
        user: d.user.clone(),
        name: d.name.clone(),
        heard: d.last_at.map_or_else(|| v.words.t("device.never").to_owned(), |at| v.when().full(at)),
        ago: is_silent.then(|| v.when().ago(d.heard_at(), v.now)),
        is_silent,
        doors: d.doors_held,
        waiting: d.waiting,
        drafts: d.drafts,
        clock: d.clock_offset_s.filter(|s| s.abs() > CLOCK_S).map(|s| clock_words(v, s)),
        version: d.app_version.clone().unwrap_or_default(),
        lease: lease.map_or_else(|| "—".to_owned(), |at| v.when().full(at)),
        revoked: d.revoked_at.map(|at| {
            let by = d.revoked_by.as_deref().unwrap_or("");
            v.words.say("device.revoked", &[("time", &v.when().full(at)), ("by", &by)])
        }),
    }
}

fn clock_words(v: &Visitor, seconds: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "minutes of a clock's error")]
    let minutes = (seconds.abs() / 60.0).round() as i64;
    let key = match (seconds > 0.0, minutes >= 120) {
        (true, false) => "device.fast",
        (false, false) => "device.slow",
        (true, true) => "device.fast_hours",
        (false, true) => "device.slow_hours",
    };
    v.words.count(key, if minutes >= 120 { minutes / 60 } else { minutes }, &[])
}

/// `GET /devices?area=`: devices of the area's enumerators. Problems: `not-found`.
pub async fn show(v: Visitor) -> Answer {
    let query = v.query()?;
    let area = v.area(&query).await?;
    let store = v.app.store();
    let rows = store.devices(v.caller.key, area.range, None).await?;
    let above = store.areas(v.caller.key, Areas::Above(area.range.lo)).await?;
    let page = Page {
        f: v.frame(Tab::Devices, v.words.t("devices.title")).await?,
        crumbs: crumbs(&v, &above, &area),
        area_name: v.name_of(&area),
        found: v.words.count("devices.found", i64::try_from(rows.len()).unwrap_or_default(), &[]),
        devices: views(&v, &rows).await?,
        people: people(&v, &area).await?,
    };
    v.show(&page)
}

/// `POST /devices/{id}/revoke`: cuts a device off at once. Problems: `not-found`, `form-expired`.
pub async fn revoke(v: Visitor, form: Form) -> Answer {
    let id = v.request.param_uuid("id")?;
    let store = v.app.store();
    if store.devices(v.caller.key, v.caller.range, Some(id)).await?.is_empty() {
        return Err(Problem::not_found());
    }
    let note = Some(form.required("note", 2_000)?);
    store.revoke_device(&v.caller, id, note, v.now).await?;
    v.app.pages.forget();
    v.go("/devices?done=revoked")
}

/// `POST /devices/code`: a one-time code for an enumerator of the own area, shown this once.
/// Problems: `body-not-valid`, `form-expired`.
pub async fn code(v: Visitor, form: Form) -> Answer {
    let user = form.required("user", 200)?;
    let person = reach::enumerator(&v.app, &v.caller, &user).await?;
    let person = person.ok_or_else(|| fault("user", "must be an enumerator of your area"))?;
    let code = access::new_code();
    let hash = auth::hash(&access::plain_code(&code));
    let end = access::code_end(v.now);
    if !v.app.store().add_enrol_code(&hash, v.caller.key, &person.user, end, Some(&v.caller)).await? {
        return Err(fault("user", "must be an enumerator of your area"));
    }
    let address = format!("{}/phone/#{code}", v.request.origin());
    let page = CodePage {
        f: v.frame(Tab::Devices, v.words.t("code.title")).await?,
        picture: picture(&address),
        code,
        name: person.name,
        until: v.when().full(end),
        address,
    };
    v.show(&page)
}

/// `POST /devices/collect`: a device of ODK Collect for an enumerator of the own area; its address and picture are shown this once.
/// Problems: `body-not-valid`, `form-expired`.
pub async fn collect(v: Visitor, form: Form) -> Answer {
    let user = form.required("user", 200)?;
    let person = reach::enumerator(&v.app, &v.caller, &user).await?;
    let no_enumerator = || fault("user", "must be an enumerator of your area");
    let person = person.ok_or_else(no_enumerator)?;
    let origin = v.request.origin();
    let whose = (v.caller.key, person.user.as_str());
    let phone = Phone::enrol(&v.app.ingest, whose, &origin, (Some(&v.caller), v.now)).await?;
    let phone = phone.ok_or_else(no_enumerator)?;
    v.app.pages.forget();
    let page = CollectPage {
        f: v.frame(Tab::Devices, v.words.t("collect.title")).await?,
        picture: picture(&phone.qr),
        name: person.name,
        address: phone.base,
        is_plain: !origin.starts_with("https://"),
        keeps_sent: v.survey.rules.policy.forms.collect_keep_sent,
    };
    v.show(&page)
}

/// The QR picture of an address; empty when it cannot be drawn.
pub(super) fn picture(text: &str) -> String {
    use std::fmt::Write;
    let Ok(code) = qrcode::QrCode::new(text.as_bytes()) else {
        return String::new();
    };
    let wide = code.width();
    let mut path = String::new();
    for (i, colour) in code.to_colors().into_iter().enumerate() {
        if colour == qrcode::Color::Dark {
            // Writing to a String cannot fail.
            let _ = write!(path, "M{} {}h1v1h-1z", i % wide + 4, i / wide + 4);
        }
    }
    let side = wide + 8;
    format!(
        "<svg class=\"qr\" viewBox=\"0 0 {side} {side}\" aria-hidden=\"true\"><rect width=\"{side}\" height=\"{side}\"/><path d=\"{path}\"/></svg>"
    )
}
