//! The outlook of an area: its pace so far, what the planner expects, doors at risk, whether the staff suffices.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;

use super::chart::chart;
use super::figures::{Rate, thousands};
use super::frame::{Frame, Tab};
use super::overview::{ask, crumbs};
use super::pace;
use super::visitor::{Answer, Visitor};
use crate::app::memory::Forecast;
use crate::app::planner::compute;
use crate::domain::CaseId;
use crate::net::problem::Problem;
use crate::plan::pace::Level;
use crate::planning::evenings::Evenings;
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
    is_over: bool,
    sentence: Option<String>,
    lately: Option<String>,
    end: Option<String>,
    chart: String,
    days: Vec<(String, String, String)>,
    plan: Option<Plan>,
}

struct Plan {
    made: String,
    statement: String,
    expected: Vec<(String, Rate, String)>,
    staffing: String,
    is_short: bool,
    risks: Vec<Risk>,
    found: String,
    unstaffed: i64,
}

struct Risk {
    id: CaseId,
    address: String,
    is_red: bool,
    reason: String,
}

/// `GET /pace?area=`: what is to be expected, said once: by the planner where it looks at the area, else by the pace so far.
/// After the last shift nothing is expected. Problems: `not-found`.
pub async fn show(v: Visitor) -> Answer {
    let query = v.query()?;
    let area = v.area(&query).await?;
    let total = ask(&v, &area, By::Area).await?.total;
    let e = total.rates.enumeration;
    let evenings = Evenings::read(v.app.store(), &v.survey, area.range, v.now).await?;
    let is_over = evenings.left(area.range).is_empty();
    let plan = if is_over { None } else { plan(&v, &area).await? };
    let (mut sentence, mut lately, mut end) = (None, None, None);
    let (mut drawn, mut days) = (String::new(), Vec::new());
    if total.cases <= pace::MOST_CASES {
        let (so_far, known) = pace::of(&v, &area, &evenings, (e.numerator, e.denominator)).await?;
        sentence = Some(so_far.sentence(&v));
        lately = so_far.lately(&v);
        end = so_far.end_sentence(&v).filter(|_| plan.is_none());
        drawn = chart(&v, &known);
        days = known
            .iter()
            .map(|(d, done, due)| (v.when().day(*d), thousands(*done), thousands(*due)))
            .collect();
    }
    let above = v.app.store().areas(v.caller.key, Areas::Above(area.range.lo)).await?;
    let page = Page {
        f: v.frame(Tab::Overview, v.words.t("outlook.title")).await?,
        crumbs: crumbs(&v, &above, &area),
        area_name: v.name_of(&area),
        rate: Rate::from(e),
        is_over,
        sentence,
        lately,
        end,
        chart: drawn,
        days,
        plan,
    };
    v.show(&page)
}

/// What the planner expects; none where the area is too large to be planned at once. Kept for some minutes.
async fn plan(v: &Visitor, area: &AreaRow) -> Result<Option<Plan>, Problem> {
    let place = (v.caller.key, area.range);
    if let Some(known) = v.app.pages.outlook(place, v.now) {
        return Ok(Some(shown(v, &known)));
    }
    let today = v.survey.rules.calendar.local_date(v.now).max(v.survey.starts_on);
    let question = Question { area: area.clone(), on: today, now: v.now, hours: HashMap::new() };
    let ready = match Ready::read(v.app.store(), Arc::clone(&v.survey), question).await {
        Ok(ready) => ready,
        Err(PlanningError::TooLarge) => return Ok(None),
        Err(other) => return Err(other.into()),
    };
    let made_at = v.now;
    let forecast = compute(ready, move |ready| {
        let outlook = ready.pace();
        let named =
            outlook.warnings.iter().filter_map(|w| Some((w.case_id, ready.door(w.case_id)?.address.clone())));
        let addresses = named.collect();
        Forecast { made_at, pace: outlook, addresses }
    })
    .await?;
    let forecast = Arc::new(forecast);
    v.app.pages.keep_outlook(place, v.now, Arc::clone(&forecast));
    Ok(Some(shown(v, &forecast)))
}

/// What a forecast says of the last field day, and whether doors worth a warning will be left.
pub fn statement(v: &Visitor, forecast: &Forecast) -> Option<(String, bool)> {
    let last = forecast.pace.days.last()?;
    let rate = expected(last.mean, forecast);
    let range = format!("{}–{}", whole(last.low), whole(last.high));
    let day = v.when().day(last.on);
    let text = v.words.say("outlook.statement", &[("rate", &rate.said()), ("day", &day), ("range", &range)]);
    Some((text, pace::falls_short(rate.above, rate.below)))
}

/// Doors expected to be resolved, of all active ones.
fn expected(mean: f64, forecast: &Forecast) -> Rate {
    #[expect(clippy::cast_possible_truncation, reason = "a count of doors")]
    let above = mean.round() as i64;
    Rate { above, below: i64::from(forecast.pace.doors) }
}

/// A number of cases or hours without its fraction.
fn whole(x: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "a count of cases or hours")]
    let n = x.round() as i64;
    thousands(n)
}

fn shown(v: &Visitor, forecast: &Forecast) -> Plan {
    let (outlook, s) = (&forecast.pace, &forecast.pace.staffing);
    let (staffed, needed) = (whole(s.staffed_minutes / 60.0), whole(s.needed_minutes / 60.0));
    let (statement, _) = statement(v, forecast).unwrap_or_default();
    let left = outlook.days.last().map_or(0, |d| {
        let rate = expected(d.mean, forecast);
        (rate.below - rate.above).max(0)
    });
    let hours: [(&str, &(dyn std::fmt::Display + Sync)); 2] = [("staffed", &staffed), ("needed", &needed)];
    // Hours may suffice and doors be left all the same: nobody opens. Never say the one without the other.
    let staffing = if s.extra_shifts > 0 {
        v.words.count("outlook.short", i64::from(s.extra_shifts), &hours)
    } else if left > 0 {
        v.words.count("outlook.hours", left, &hours)
    } else {
        v.words.say("outlook.enough", &hours)
    };
    let found = i64::try_from(outlook.warnings.len()).unwrap_or_default();
    Plan {
        made: v.when().full(forecast.made_at),
        statement,
        expected: outlook
            .days
            .iter()
            .map(|d| {
                let range = format!("{}–{}", whole(d.low), whole(d.high));
                (v.when().day(d.on), expected(d.mean, forecast), range)
            })
            .collect(),
        staffing,
        is_short: s.extra_shifts > 0,
        risks: outlook
            .warnings
            .iter()
            .take(MOST)
            .map(|w| Risk {
                id: w.case_id,
                address: forecast.addresses.get(&w.case_id).cloned().unwrap_or_default(),
                is_red: w.level == Level::Red,
                reason: v.words.pick(w.reason.clone(), w.reason_zh.clone()),
            })
            .collect(),
        found: if found > 0 {
            v.words.count("outlook.risks", found, &[])
        } else {
            v.words.t("outlook.risks_none").to_owned()
        },
        unstaffed: i64::try_from(s.unstaffed_appointments.len()).unwrap_or_default(),
    }
}
