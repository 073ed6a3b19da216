//! The outlook of an area: its pace so far, what the planner expects, doors at risk, whether the staff suffices.

use std::collections::HashMap;

use askama::Template;
use uuid::Uuid;

use super::super::kind;
use super::super::problem::Problem;
use super::chart::chart;
use super::figures::{Rate, thousands};
use super::frame::{Frame, Tab};
use super::overview::{ask, crumbs};
use super::pace;
use super::visitor::{Answer, Visitor};
use crate::plan::Pace as Outlook;
use crate::plan::pace::Level;
use crate::planning::{Error as PlanningError, Question, Ready};
use crate::report::By;
use crate::store::survey::{AreaRow, Areas};

/// Doors at risk shown.
const MOST: usize = 100;

#[derive(Template)]
#[template(path = "pace.html")]
struct Page {
    f: Frame,
    area_name: String,
    crumbs: Vec<(String, String)>,
    rate: Rate,
    sentence: Option<String>,
    end: Option<String>,
    chart: String,
    days: Vec<(String, String, String)>,
    plan: Option<Plan>,
}

struct Plan {
    expected: Vec<(String, String, String)>,
    staffing: String,
    is_short: bool,
    risks: Vec<Risk>,
    found: String,
    unstaffed: i64,
}

struct Risk {
    id: Uuid,
    address: String,
    is_red: bool,
    reason: String,
}

/// `GET /pace?area=`. Problems: `not-found`.
pub async fn show(v: Visitor) -> Answer {
    let query = v.query()?;
    let area = v.area(&query).await?;
    let total = ask(&v, &area, By::Area).await?.total;
    let e = total.rates.enumeration;
    let today = v.survey.rules.calendar.local_date(v.now);
    let (mut sentence, mut end, mut drawn, mut days) = (None, None, String::new(), Vec::new());
    if total.cases <= pace::MOST_CASES {
        let known = pace::days(&v, &area).await?;
        let field = (v.survey.starts_on, v.survey.ends_on);
        let so_far = pace::pace(&known, today, field, e.numerator, e.denominator);
        sentence = Some(so_far.sentence(&v));
        end = so_far.end_sentence(&v);
        drawn = chart(&v, &known);
        days = known
            .iter()
            .map(|(d, done, due)| (v.when().day(*d), thousands(*done), thousands(*due)))
            .collect();
    }
    let above = v.app.store().areas(v.caller.key, Areas::Above(area.range.0)).await?;
    let page = Page {
        f: v.frame(Tab::Overview, v.words.t("outlook.title")).await?,
        crumbs: crumbs(&v, &above, &area),
        area_name: v.name_of(&area),
        rate: Rate::from(e),
        sentence,
        end,
        chart: drawn,
        days,
        plan: plan(&v, &area).await?,
    };
    v.show(&page)
}

/// What the planner expects; none where the area is too large to be planned at once.
async fn plan(v: &Visitor, area: &AreaRow) -> Result<Option<Plan>, Problem> {
    let today = v.survey.rules.calendar.local_date(v.now).clamp(v.survey.starts_on, v.survey.ends_on);
    let question = Question { area: area.clone(), on: today, now: v.now, hours: HashMap::new() };
    let ready = match Ready::read(v.app.store(), std::sync::Arc::clone(&v.survey), question).await {
        Ok(ready) => ready,
        Err(PlanningError::TooLarge) => return Ok(None),
        Err(other) => return Err(other.into()),
    };
    // The planner computes for a while: on a thread of its own.
    let (outlook, ready) = tokio::task::spawn_blocking(move || (ready.pace(), ready))
        .await
        .map_err(|_| Problem::plain(&kind::INTERNAL))?;
    Ok(Some(shown(v, &outlook, &ready)))
}

fn shown(v: &Visitor, outlook: &Outlook, ready: &Ready) -> Plan {
    let n = |x: f64| {
        #[expect(clippy::cast_possible_truncation, reason = "a count of cases")]
        let whole = x.round() as i64;
        thousands(whole)
    };
    let s = &outlook.staffing;
    let hours = |minutes: f64| n(minutes / 60.0);
    let places = [("staffed", hours(s.staffed_minutes)), ("needed", hours(s.needed_minutes))];
    let places: Vec<(&str, &(dyn std::fmt::Display + Sync))> =
        places.iter().map(|(name, value)| (*name, value as &(dyn std::fmt::Display + Sync))).collect();
    let staffing = if s.extra_shifts > 0 {
        v.words.count("outlook.short", i64::from(s.extra_shifts), &places)
    } else {
        v.words.say("outlook.enough", &places)
    };
    Plan {
        expected: outlook
            .days
            .iter()
            .map(|d| (v.when().day(d.on), n(d.mean), format!("{}–{}", n(d.low), n(d.high))))
            .collect(),
        staffing,
        is_short: s.extra_shifts > 0,
        risks: outlook
            .warnings
            .iter()
            .take(MOST)
            .map(|w| Risk {
                id: w.case_id.0,
                address: ready.door(w.case_id.0).map(|d| d.address.clone()).unwrap_or_default(),
                is_red: w.level == Level::Red,
                reason: v.words.pick(w.reason.clone(), w.reason_zh.clone()),
            })
            .collect(),
        found: v.words.count("outlook.risks", i64::try_from(outlook.warnings.len()).unwrap_or_default(), &[]),
        unstaffed: i64::try_from(s.unstaffed_appointments.len()).unwrap_or_default(),
    }
}
