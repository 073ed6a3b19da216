//! The devices behind a figure: how many have been heard, and what the silent ones may still hold.

use std::collections::HashMap;

use jiff::{Timestamp, ToSpan};
use serde::Serialize;

use super::{By, Question, Row};
use crate::domain::{AreaRange, Rules};
use crate::store::device::{DeviceRow, SilentWork};
use crate::store::survey::Areas;
use crate::store::{Error, Store};
use crate::surveys::Survey;

/// Whether the devices behind a figure have been heard.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Devices {
    /// Enrolled and not cut off.
    pub enrolled: i64,
    /// Heard since the evening's start.
    pub heard: i64,
    /// No contact for the survey's `pages.silent_hours`.
    pub silent: i64,
    /// Records waiting on devices as they last said.
    pub waiting: i64,
    /// Open doors of the row that silent devices had lent when they were last heard, wherever their people are at home.
    pub doors_held: i64,
    /// Enumeration if all those doors were done; none where `unbounded`.
    pub at_most: Option<f64>,
    /// A silent device works in the row's area without doors lent to it, so that any open door may be done.
    pub unbounded: bool,
    /// The latest sync of anybody who works there.
    pub last_sync: Option<Timestamp>,
}

/// A device belongs to its enumerator's area, and so to the row whose subtree holds that area; the doors it may have
/// worked at belong to the rows where they are.
pub(super) async fn add(
    store: &Store,
    survey: &Survey,
    q: &Question,
    rows: &mut [Row],
    total: &mut Row,
) -> Result<(), Error> {
    let devices = store.devices(survey.key, q.area.range, None).await?;
    let live: Vec<&DeviceRow> = devices.iter().filter(|d| d.revoked_at.is_none()).collect();
    let since = silent_since(&survey.rules, q.now);
    let work = store.silent_work(survey.key, q.area.range, since).await?;
    let syncs = store.last_syncs(survey.key, q.area.range).await?;
    let last_sync =
        |range: AreaRange| syncs.iter().filter(|(of, _)| overlap(*of, range)).map(|(_, at)| *at).max();
    let seen = |own: &[&DeviceRow], range: AreaRange| Devices {
        last_sync: last_sync(range),
        ..heard(&survey.rules, q.now, own)
    };
    total.devices = Some(bounded(&seen(&live, q.area.range), total, &work, |_, _| true, |_| true));
    match q.by {
        By::Area => {
            let ranges: HashMap<String, AreaRange> = store
                .areas(survey.key, Areas::ChildrenOf(q.area.code.clone()))
                .await?
                .into_iter()
                .map(|a| (a.code, a.range))
                .collect();
            for row in rows {
                // The row of the area itself holds what lies directly on it.
                let range = ranges.get(&row.code).copied().unwrap_or(AreaRange::one(q.area.range.lo));
                let own: Vec<&DeviceRow> =
                    live.iter().filter(|d| range.contains(d.area_no)).copied().collect();
                let (is_here, works_here) =
                    (|area: i32, _: &str| range.contains(area), |of: AreaRange| overlap(of, range));
                row.devices = Some(bounded(&seen(&own, range), row, &work, is_here, works_here));
            }
        }
        By::Enumerator => {
            for row in rows {
                let own: Vec<&DeviceRow> = live.iter().filter(|d| d.user == row.code).copied().collect();
                let last = own.iter().filter_map(|d| d.last_batch_at).max();
                let seen = Devices { last_sync: last, ..heard(&survey.rules, q.now, &own) };
                let code = row.code.clone();
                // Whoever goes by an area visits what nobody holds.
                let is_free = code.is_empty() || own.iter().any(|d| d.is_silent(since));
                row.devices = Some(bounded(&seen, row, &work, |_, holder| holder == code, |_| is_free));
            }
        }
        By::Building | By::Worker | By::Day => {}
    }
    Ok(())
}

fn overlap(a: AreaRange, b: AreaRange) -> bool {
    a.lo <= b.hi && b.lo <= a.hi
}

/// The moment before which a device's last word counts as silence.
fn silent_since(rules: &Rules, now: Timestamp) -> Timestamp {
    now - jiff::SignedDuration::from_hours(i64::from(rules.policy.pages.silent_hours))
}

fn heard(rules: &Rules, now: Timestamp, devices: &[&DeviceRow]) -> Devices {
    let (since, evening) = (silent_since(rules, now), evening_start(rules, now));
    Devices {
        enrolled: i64::try_from(devices.len()).unwrap_or_default(),
        heard: count(devices.iter().filter(|d| d.last_at.is_some_and(|at| at >= evening))),
        silent: count(devices.iter().filter(|d| d.is_silent(since))),
        waiting: devices.iter().filter_map(|d| d.waiting).map(i64::from).sum(),
        ..Devices::default()
    }
}

/// Adds how much higher the row's figure may be.
fn bounded(
    seen: &Devices,
    row: &Row,
    work: &SilentWork,
    is_here: impl Fn(i32, &str) -> bool,
    works_here: impl Fn(AreaRange) -> bool,
) -> Devices {
    let here = work.doors.iter().filter(|(area, holder, _)| is_here(*area, holder));
    let doors_held: i64 = here.map(|d| d.2).sum();
    let e = row.rates.enumeration;
    let unbounded = e.numerator < e.denominator && work.unlent.iter().any(|of| works_here(*of));
    #[expect(clippy::cast_precision_loss, reason = "counts of doors are far below 2^53")]
    let at_most = (e.denominator > 0 && !unbounded).then(|| {
        let most = (e.numerator + doors_held).min(e.denominator);
        (most as f64 / e.denominator as f64 * 1e6).round() / 1e6
    });
    Devices { doors_held, at_most, unbounded, ..seen.clone() }
}

fn count<T>(all: impl Iterator<Item = T>) -> i64 {
    i64::try_from(all.count()).unwrap_or(i64::MAX)
}

/// The latest beginning of an evening band; without such a band, the latest midnight.
pub fn evening_start(rules: &Rules, now: Timestamp) -> Timestamp {
    let calendar = &rules.calendar;
    let today = calendar.local_date(now);
    let minute = rules
        .policy
        .bands
        .iter()
        .position(|b| b.id == crate::domain::rules::EVENING)
        .and_then(|i| calendar.bands().get(i))
        .map_or(0, |span| span.from);
    let start = calendar.moment(today, minute);
    if start <= now { start } else { calendar.moment(today.saturating_sub(1.day()), minute) }
}
