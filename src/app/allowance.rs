//! What a device may still send of pictures: looked at before a body is read, judged where the piece is stored, and told with
//! the moment from which on it goes on. Records are never asked about here.

use jiff::Timestamp;
use uuid::Uuid;

use super::App;
use crate::domain::quota::{Spent, Wanted, next_day, wait_seconds};
use crate::domain::{Calendar, Quota};
use crate::net::kind;
use crate::net::problem::Problem;
use crate::store::access::Caller;
use crate::store::attachment::Allowance;

/// What the device may send today. Turned away at once is a piece up to byte `end` that is too much already; `end` is
/// `None` where only the end of the body will tell. Problems: `device-quota`.
pub async fn look(
    app: &App,
    caller: &Caller,
    device: Uuid,
    picture: Uuid,
    end: Option<u64>,
) -> Result<Allowance, Problem> {
    let survey = app.survey(caller).await?;
    let rules = &survey.rules;
    let day = rules.calendar.local_date(app.now());
    let allowance = Allowance { limits: rules.policy.limits.clone(), day };
    let ids = [picture, app.ingest.keys.stand_in(picture, &caller.user)];
    let used = app.store().picture_use(caller.key, device, day, ids).await?;
    // The first byte at least: a device at its limit need not send the others.
    let wanted = used.wanted(end.map_or(1, |end| i64::try_from(end).unwrap_or(i64::MAX)));
    match allowance.limits.exceeded(used.spent, wanted) {
        Some(quota) => Err(over(app, caller, device, &allowance, (quota, used.spent, wanted)).await?),
        None => Ok(allowance),
    }
}

/// Notes that the device has reached a limit; the answer.
pub async fn over(
    app: &App,
    caller: &Caller,
    device: Uuid,
    allowance: &Allowance,
    (quota, spent, wanted): (Quota, Spent, Wanted),
) -> Result<Problem, Problem> {
    let (now, limits) = (app.now(), &allowance.limits);
    app.store().note_over(caller.key, device, quota, (allowance.day, now)).await?;
    let survey = app.survey(caller).await?;
    let calendar = &survey.rules.calendar;
    let goes_on_at = match quota {
        Quota::Pictures | Quota::Refused => Some(next_day(calendar, now)),
        Quota::Unnamed => {
            let needed = limits.in_the_way(spent, wanted);
            let since = app.store().freed_by(caller.key, device, needed).await?;
            since.map(|since| limits.swept_at(since).max(now))
        }
    };
    let (en, zh) = match quota {
        Quota::Pictures | Quota::Refused => of_the_day(calendar, limits.picture_mib, goes_on_at),
        Quota::Unnamed => without_visit(limits.unnamed_mib),
    };
    Ok(Problem::new(&kind::DEVICE_QUOTA, en)
        .in_chinese(zh)
        .with("quota", quota.slug())
        .with("goes_on_at", goes_on_at.map(|at| at.to_string()))
        .retry_after(wait_seconds(quota, goes_on_at.unwrap_or(Timestamp::MAX), now)))
}

fn of_the_day(calendar: &Calendar, mib: u32, goes_on_at: Option<Timestamp>) -> (String, String) {
    let day = goes_on_at.map_or_else(String::new, |at| calendar.local_date(at).to_string());
    (
        format!(
            "This device has sent the {mib} MiB of pictures it may send a day. It goes on when {day} begins; records are taken all the same."
        ),
        format!("本设备今日的图片已达上限 {mib} MiB，{day} 零时起可继续上传；记录照常接收。"),
    )
}

fn without_visit(mib: u32) -> (String, String) {
    (
        format!(
            "{mib} MiB of this device's pictures wait for visits that name them, and no more may. Send the visits, then the pictures."
        ),
        format!("本设备有 {mib} MiB 图片尚无访问记录引用，已达上限。请先发送访问记录，再发送图片。"),
    )
}
