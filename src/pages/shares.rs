//! Alerts about devices that have reached what one device may send a day, or send far more than a phone needs.

use super::alerts::{Alert, Material};
use super::figures::thousands;
use super::frame::quoted;
use super::visitor::Visitor;
use crate::domain::quota::RECORDS_ALARM;
use crate::store::quota::DeviceDay;

/// The alerts of every device that is not cut off, those whose refused records are not kept first.
pub fn alerts(v: &Visitor, m: &Material<'_>) -> Vec<Alert> {
    let mut all: Vec<(u8, Alert)> = Vec::new();
    for device in m.devices.iter().filter(|d| d.revoked_at.is_none()) {
        let Some(used) = m.used.iter().find(|used| used.device == device.id) else { continue };
        let name = device.name.as_str();
        let reached =
            [refused(v, name, used), records(v, name, used), pictures(v, name, used), unnamed(v, name, used)];
        for (rank, found) in (0..).zip(reached) {
            all.extend(found.map(|(title, detail)| (rank, alert(v, m, title, detail))));
        }
    }
    all.sort_by_key(|(rank, _)| *rank);
    all.into_iter().map(|(_, alert)| alert).collect()
}

fn alert(v: &Visitor, m: &Material<'_>, title: String, detail: String) -> Alert {
    Alert {
        level: "warn",
        sign: "exhausted",
        title,
        detail,
        href: format!("/devices?area={}", quoted(&m.area.code)),
        action: v.words.t("alert.see_devices").to_owned(),
    }
}

/// Title and detail.
type Words = Option<(String, String)>;

fn refused(v: &Visitor, name: &str, used: &DeviceDay) -> Words {
    (used.left_out > 0).then(|| {
        let limit = v.survey.rules.policy.limits.refused;
        let refused = thousands(used.refused);
        (
            v.words.count("alert.share_refused", used.left_out, &[("name", &name)]),
            v.words.say("alert.share_refused_detail", &[("refused", &refused), ("limit", &limit)]),
        )
    })
}

fn records(v: &Visitor, name: &str, used: &DeviceDay) -> Words {
    (used.records >= RECORDS_ALARM).then(|| {
        let mib = used.records >> 20;
        (
            v.words.say("alert.share_records", &[("name", &name), ("mib", &mib)]),
            v.words.t("alert.share_records_detail").to_owned(),
        )
    })
}

fn pictures(v: &Visitor, name: &str, used: &DeviceDay) -> Words {
    used.pictures_over_at.map(|at| {
        let (limit, since) = (v.survey.rules.policy.limits.picture_mib, v.when().full(at));
        (
            v.words.say("alert.share_pictures", &[("name", &name)]),
            v.words.say("alert.share_pictures_detail", &[("limit", &limit), ("time", &since)]),
        )
    })
}

fn unnamed(v: &Visitor, name: &str, used: &DeviceDay) -> Words {
    used.unnamed_over_at.map(|_| {
        let limits = &v.survey.rules.policy.limits;
        let mib = used.unnamed >> 20;
        (
            v.words.say("alert.share_unnamed", &[("name", &name)]),
            v.words.say(
                "alert.share_unnamed_detail",
                &[("mib", &mib), ("limit", &limits.unnamed_mib), ("days", &limits.unnamed_days)],
            ),
        )
    })
}
