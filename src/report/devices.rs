//! The devices behind a figure: how many have been heard, and what the silent ones may still hold.

use std::collections::{BTreeMap, HashMap};

use jiff::{Timestamp, ToSpan};
use serde::Serialize;

use super::{By, Question, Row};
use crate::domain::{AreaRange, Rules};
use crate::store::device::DeviceRow;
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
    /// Open doors lent to silent ones.
    pub doors_held: i64,
    /// Enumeration if all those doors were done.
    pub at_most: Option<f64>,
    /// The latest sync.
    pub last_sync: Option<Timestamp>,
}

/// A device belongs to its enumerator's area, and so to the row whose subtree holds that area.
pub(super) async fn add(
    store: &Store,
    survey: &Survey,
    q: &Question,
    rows: &mut [Row],
    total: &mut Row,
) -> Result<(), Error> {
    let devices = store.devices(survey.key, q.area.range, None).await?;
    let live: Vec<&DeviceRow> = devices.iter().filter(|d| d.revoked_at.is_none()).collect();
    total.devices = Some(devices_of(survey, q.now, &live, total));
    match q.by {
        By::Area => {
            let ranges: HashMap<String, AreaRange> = store
                .areas(survey.key, Areas::ChildrenOf(q.area.code.clone()))
                .await?
                .into_iter()
                .map(|a| (a.code, a.range))
                .collect();
            for row in rows {
                let range = ranges.get(&row.code).copied().unwrap_or(AreaRange::one(q.area.range.lo));
                let own: Vec<&DeviceRow> =
                    live.iter().filter(|d| range.contains(d.area_no)).copied().collect();
                row.devices = Some(devices_of(survey, q.now, &own, row));
            }
        }
        By::Enumerator => {
            for row in rows {
                let own: Vec<&DeviceRow> = live.iter().filter(|d| d.user == row.code).copied().collect();
                row.devices = Some(devices_of(survey, q.now, &own, row));
            }
        }
        By::Building | By::Day => {}
    }
    Ok(())
}

fn devices_of(survey: &Survey, now: Timestamp, devices: &[&DeviceRow], row: &Row) -> Devices {
    let silent_since =
        now - jiff::SignedDuration::from_hours(i64::from(survey.rules.policy.pages.silent_hours));
    let evening = evening_start(&survey.rules, now);
    let is_silent = |d: &DeviceRow| d.last_at.is_none_or(|at| at < silent_since);
    let silent: Vec<&&DeviceRow> = devices.iter().filter(|d| is_silent(d)).collect();
    let mut holders: BTreeMap<&str, i64> = BTreeMap::new();
    for d in &silent {
        holders.insert(&d.user, d.doors_held);
    }
    let doors_held: i64 = holders.values().sum();
    let due = row.rates.enumeration.denominator;
    #[expect(clippy::cast_precision_loss, reason = "counts of doors are far below 2^53")]
    let at_most = (due > 0).then(|| {
        let most = (row.rates.enumeration.numerator + doors_held).min(due);
        (most as f64 / due as f64 * 1e6).round() / 1e6
    });
    Devices {
        enrolled: i64::try_from(devices.len()).unwrap_or_default(),
        heard: count(devices.iter().filter(|d| d.last_at.is_some_and(|at| at >= evening))),
        silent: count(silent.iter()),
        waiting: devices.iter().filter_map(|d| d.waiting).map(i64::from).sum(),
        doors_held,
        at_most,
        last_sync: devices.iter().filter_map(|d| d.last_batch_at).max(),
    }
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
