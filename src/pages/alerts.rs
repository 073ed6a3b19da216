//! Alerts of an area: computed from the same reads as its page, each with one thing to do about it.

use std::collections::{BTreeMap, HashMap};

use jiff::SignedDuration;
use uuid::Uuid;

use super::pace::Pace;
use super::shares;
use super::visitor::Visitor;
use crate::net::problem::Problem;
use crate::store::browse::UnitActivity;
use crate::store::completion::BuildingRow;
use crate::store::device::DeviceRow;
use crate::store::quota::DeviceDay;
use crate::store::survey::AreaRow;

/// Days without a visit after which a building with open doors is an alert.
const STUCK_DAYS: i64 = 3;
/// Refusals in one unit from which on they may be a cluster …
const CLUSTER: i64 = 5;
/// … when their share is this many times the area's.
const CLUSTER_TIMES: i64 = 3;
/// A clock that is fast by more is an alert.
const CLOCK_S: f64 = 600.0;
/// A clock that seems slower than this is a batch sent long after it was made, which looks the same.
const SENT_LATE_S: f64 = -3_600.0;
/// Most alerts of one kind; the rest is named by their number.
const MOST_OF_A_KIND: usize = 4;

/// Something that somebody should look at.
#[derive(Clone, Debug)]
pub struct Alert {
    /// `bad`, `warn` or `info`.
    pub level: &'static str,
    /// Sign of the sprite.
    pub sign: &'static str,
    /// What.
    pub title: String,
    /// More about it; empty when there is nothing to add.
    pub detail: String,
    /// Where to do something about it.
    pub href: String,
    /// What to do.
    pub action: String,
}

/// What alerts are made from.
pub struct Material<'a> {
    /// The area.
    pub area: &'a AreaRow,
    /// Its units; empty when there are too many to look at.
    pub units: &'a [UnitActivity],
    /// Its buildings.
    pub buildings: &'a [BuildingRow],
    /// Names of areas by code.
    pub names: &'a BTreeMap<String, String>,
    /// Its devices.
    pub devices: &'a [DeviceRow],
    /// What they used today.
    pub used: &'a [DeviceDay],
    /// Its pace.
    pub pace: Option<Pace>,
    /// What the planner's forecast says, where there is one, and whether doors worth a warning will be left.
    pub forecast: Option<(String, bool)>,
}

/// Whether nobody has been to a building with open doors for days, while the field work goes on.
pub fn is_stuck(v: &Visitor, units: &[&UnitActivity]) -> bool {
    let limit = SignedDuration::from_hours(24 * STUCK_DAYS);
    let since = v.survey.opens_at();
    let last = units.iter().filter_map(|u| u.last_at).max().unwrap_or(since).max(since);
    let is_field_time = v.now >= since && v.now < v.survey.closes_at();
    is_field_time && units.iter().any(|u| u.open > 0) && v.now.duration_since(last) > limit
}

/// All alerts, the gravest first.
pub async fn alerts(v: &Visitor, m: &Material<'_>) -> Result<Vec<Alert>, Problem> {
    let mut all = Vec::new();
    all.extend(few(v, stuck_buildings(v, m)));
    all.extend(behind(v, m));
    all.extend(few(v, clusters(v, m)));
    all.extend(few(v, devices(v, m)));
    all.extend(few(v, shares::alerts(v, m)));
    all.extend(few(v, leases(v, m).await?));
    all.extend(old_held(v, m).await?);
    all.sort_by_key(|a| match a.level {
        "bad" => 0,
        "warn" => 1,
        _ => 2,
    });
    Ok(all)
}

/// The first of a kind, and how many more there are.
fn few(v: &Visitor, mut all: Vec<Alert>) -> Vec<Alert> {
    let more = all.len().saturating_sub(MOST_OF_A_KIND);
    all.truncate(MOST_OF_A_KIND);
    if let (true, Some(last)) = (more > 0, all.last_mut()) {
        let more = v.words.count("alert.more", i64::try_from(more).unwrap_or_default(), &[]);
        last.detail = if last.detail.is_empty() { more } else { format!("{} · {more}", last.detail) };
    }
    all
}

fn building_name(m: &Material<'_>, v: &Visitor, b: &BuildingRow) -> String {
    let estate = m.names.get(&b.area).map_or("", String::as_str);
    v.words.building_in(estate, &b.building)
}

fn stuck_buildings(v: &Visitor, m: &Material<'_>) -> Vec<Alert> {
    let mut by_building: HashMap<Uuid, Vec<&UnitActivity>> = HashMap::new();
    for unit in m.units {
        by_building.entry(unit.building).or_default().push(unit);
    }
    let mut found: Vec<(i64, Alert)> = m
        .buildings
        .iter()
        .filter_map(|b| {
            let units = by_building.get(&b.id)?;
            if !is_stuck(v, units) {
                return None;
            }
            let open: i64 = units.iter().map(|u| u.open).sum();
            let last = units.iter().filter_map(|u| u.last_at).max();
            let since = last.map_or_else(
                || v.words.t("alert.never_visited").to_owned(),
                |at| v.words.say("alert.last_visit", &[("time", &v.when().full(at))]),
            );
            let doors = v.words.count("alert.open_doors", open, &[]);
            let name = building_name(m, v, b);
            let alert = Alert {
                level: "bad",
                sign: "exhausted",
                title: v.words.say("alert.stuck", &[("building", &name), ("days", &STUCK_DAYS)]),
                detail: format!("{doors} · {since}"),
                href: format!("/buildings/{}", b.id),
                action: v.words.t("alert.open_building").to_owned(),
            };
            Some((open, alert))
        })
        .collect();
    found.sort_by_key(|(open, _)| -open);
    found.into_iter().map(|f| f.1).collect()
}

fn behind(v: &Visitor, m: &Material<'_>) -> Option<Alert> {
    let pace = m.pace?;
    let title = match &m.forecast {
        Some((sentence, true)) => sentence.clone(),
        None if pace.is_behind() => pace.end_sentence(v).unwrap_or_else(|| pace.sentence(v)),
        Some((_, false)) | None => return None,
    };
    Some(Alert {
        level: "bad",
        sign: "exhausted",
        title,
        detail: pace.lately(v).unwrap_or_default(),
        href: format!("/pace?area={}", super::frame::quoted(&m.area.code)),
        action: v.words.t("alert.see_pace").to_owned(),
    })
}

fn clusters(v: &Visitor, m: &Material<'_>) -> Vec<Alert> {
    let (refused, doors) = m.units.iter().fold((0, 0), |(r, d), u| (r + u.refused, d + u.doors));
    let is_cluster = |u: &&UnitActivity| {
        u.refused >= CLUSTER && u.refused * doors >= CLUSTER_TIMES * refused * u.doors && u.refused < refused
    };
    m.units
        .iter()
        .filter(is_cluster)
        .filter_map(|u| {
            let b = m.buildings.iter().find(|b| b.id == u.building)?;
            let name = building_name(m, v, b);
            let unit = if u.unit.is_empty() {
                String::new()
            } else {
                v.words.say("alert.all_in_unit", &[("unit", &u.unit)])
            };
            Some(Alert {
                level: "warn",
                sign: "refused",
                title: v.words.count("alert.refusals", u.refused, &[("building", &name)]),
                detail: unit,
                href: format!(
                    "/doors?building={}&state=refused&unit={}",
                    u.building,
                    super::frame::quoted(&u.unit)
                ),
                action: v.words.t("alert.see_doors").to_owned(),
            })
        })
        .collect()
}

fn devices(v: &Visitor, m: &Material<'_>) -> Vec<Alert> {
    m.devices
        .iter()
        .filter(|d| d.revoked_at.is_none() && d.clock_offset_s.is_some_and(is_off))
        .map(|d| {
            let offset = d.clock_offset_s.unwrap_or_default();
            #[expect(clippy::cast_possible_truncation, reason = "minutes of a clock's error")]
            let minutes = (offset.abs() / 60.0).round() as i64;
            let key = if offset > 0.0 { "alert.clock_fast" } else { "alert.clock_slow" };
            Alert {
                level: "warn",
                sign: "clock",
                title: v.words.count(key, minutes, &[("name", &d.name)]),
                detail: v.words.t("alert.clock_detail").to_owned(),
                href: "/devices".to_owned(),
                action: v.words.t("alert.see_devices").to_owned(),
            }
        })
        .collect()
}

fn is_off(seconds: f64) -> bool {
    seconds > CLOCK_S || (SENT_LATE_S..-CLOCK_S).contains(&seconds)
}

async fn leases(v: &Visitor, m: &Material<'_>) -> Result<Vec<Alert>, Problem> {
    if v.now >= v.survey.closes_at() {
        return Ok(Vec::new());
    }
    let soon = v.now + SignedDuration::from_hours(24);
    let ending = v.app.store().leases_ending(v.caller.key, m.area.range, soon).await?;
    Ok(ending
        .into_iter()
        .map(|l| Alert {
            level: "info",
            sign: "clock",
            title: v.words.count("alert.lease", l.doors, &[("name", &l.enumerator)]),
            detail: v.words.say("alert.lease_detail", &[("time", &v.when().full(l.first))]),
            href: format!(
                "/assign?area={}&holder={}",
                super::frame::quoted(&m.area.code),
                super::frame::quoted(&l.enumerator)
            ),
            action: v.words.t("alert.give_again").to_owned(),
        })
        .collect())
}

async fn old_held(v: &Visitor, m: &Material<'_>) -> Result<Option<Alert>, Problem> {
    let limit = v.now - SignedDuration::from_hours(24);
    let from = (jiff::Timestamp::UNIX_EPOCH, Uuid::nil());
    let rows = v.app.store().list_held(v.caller.key, m.area.range, from, 500).await?;
    let old = rows.iter().filter(|r| r.received_at < limit).count();
    Ok((old > 0).then(|| Alert {
        level: "info",
        sign: "verify",
        title: v.words.count("alert.held", i64::try_from(old).unwrap_or_default(), &[]),
        detail: String::new(),
        href: format!("/held?area={}", super::frame::quoted(&m.area.code)),
        action: v.words.t("alert.see_held").to_owned(),
    }))
}
