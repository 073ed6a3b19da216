//! When people are in: what the visits so far have taught, as a table of chances by building and hour. Darker is more
//! often in; the number stands in each cell. For planning, never about one household.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use askama::Template;

use super::figures::thousands;
use super::frame::{Frame, Tab};
use super::overview::crumbs;
use super::visitor::{Answer, Visitor};
use crate::net::kind;
use crate::net::problem::Problem;
use crate::plan::{ModelRow, ModelView, view};
use crate::planning::{Error as PlanningError, Question, Ready};
use crate::store::survey::{AreaRow, Areas};

#[derive(Template)]
#[template(path = "model.html")]
struct Page {
    f: Frame,
    area_name: String,
    crumbs: Vec<(String, String)>,
    table: Option<Table>,
}

struct Table {
    knocks: i64,
    knocks_shown: String,
    weekday: Vec<String>,
    weekend: Vec<String>,
    rows: Vec<Line>,
    facts: Vec<(&'static str, String)>,
}

struct Line {
    name: String,
    is_whole: bool,
    cells: Vec<Cell>,
    answered: String,
}

struct Cell {
    percent: i64,
    step: i64,
    title: String,
    is_edge: bool,
}

/// `GET /model?area=`. Problems: `not-found`.
pub async fn show(v: Visitor) -> Answer {
    let query = v.query()?;
    let area = v.area(&query).await?;
    let table = match read(&v, &area).await? {
        Some(seen) => Some(table(&v, &seen).await?),
        None => None,
    };
    let above = v.app.store().areas(v.caller.key, Areas::Above(area.range.lo)).await?;
    let page = Page {
        f: v.frame(Tab::Overview, v.words.t("model.title")).await?,
        crumbs: crumbs(&v, &above, &area),
        area_name: v.name_of(&area),
        table,
    };
    v.show(&page)
}

/// The model of an area; none where it is too large to be planned at once.
async fn read(v: &Visitor, area: &AreaRow) -> Result<Option<ModelView>, Problem> {
    let on = v.survey.rules.calendar.local_date(v.now);
    let question = Question { area: area.clone(), on, now: v.now, hours: HashMap::new() };
    let ready = match Ready::read(v.app.store(), Arc::clone(&v.survey), question).await {
        Ok(ready) => ready,
        Err(PlanningError::TooLarge) => return Ok(None),
        Err(other) => return Err(other.into()),
    };
    let seen = tokio::task::spawn_blocking(move || view(&ready.insight()))
        .await
        .map_err(|_| Problem::plain(&kind::INTERNAL))?;
    Ok(Some(seen))
}

async fn table(v: &Visitor, seen: &ModelView) -> Result<Table, Problem> {
    let codes: HashSet<String> = seen.rows.iter().map(|r| r.area.to_string()).collect();
    let areas = v.app.store().areas(v.caller.key, Areas::Codes(codes.into_iter().collect())).await?;
    let names: HashMap<&str, String> = areas.iter().map(|a| (a.code.as_str(), v.name_of(a))).collect();
    let half = seen.slots.len() / 2;
    let from = |slots: &[crate::plan::SlotName]| slots.iter().map(|s| hour(&s.from)).collect();
    let knocks = i64::from(seen.knocks);
    Ok(Table {
        knocks,
        knocks_shown: thousands(knocks),
        weekday: from(&seen.slots[..half]),
        weekend: from(&seen.slots[half..]),
        rows: seen.rows.iter().map(|row| line(v, seen, row, &names)).collect(),
        facts: vec![
            ("model.success", format!("{}%", percent(seen.success))),
            ("model.conversion", format!("{}%", percent(seen.conversion))),
            ("model.neighbour", format!("{}% / {}%", percent(seen.proxy.0), percent(seen.proxy.1))),
            ("model.minutes", format!("{:.1} / {:.1}", seen.knock_minutes, seen.interview_minutes)),
        ],
    })
}

fn line(v: &Visitor, seen: &ModelView, row: &ModelRow, names: &HashMap<&str, String>) -> Line {
    let half = seen.slots.len() / 2;
    let cells = row.chance.iter().zip(&seen.slots).enumerate().map(|(i, (chance, slot))| {
        let percent = percent(*chance);
        Cell {
            percent,
            step: (percent / 20 + 1).min(5),
            title: format!("{}–{} · {}/{}", slot.from, slot.to, row.answered[i], row.knocks[i]),
            is_edge: i == half,
        }
    });
    let sum = |all: &[u32]| thousands(all.iter().map(|n| i64::from(*n)).sum());
    let area = names.get(row.area.as_ref()).cloned().unwrap_or_else(|| row.area.to_string());
    Line {
        name: match &row.building {
            Some(number) => v.words.building(number),
            None => area,
        },
        is_whole: row.building.is_none(),
        cells: cells.collect(),
        answered: format!("{} / {}", sum(&row.answered), sum(&row.knocks)),
    }
}

/// Full hours without their minutes: 26 columns have to fit.
fn hour(clock: &str) -> String {
    clock.strip_suffix(":00").map_or(clock, |h| h.trim_start_matches('0')).to_owned()
}

fn percent(chance: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "0 to 100")]
    let n = (chance.clamp(0.0, 1.0) * 100.0).round() as i64;
    n
}
