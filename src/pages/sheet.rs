//! The day's sheet on paper: an enumerator's stops in walking order, with room to write. No names, telephones or numbers
//! of identity cards.

use std::collections::HashMap;

use askama::Template;

use super::assign::{Person, people};
use super::frame::{Frame, Tab};
use super::visitor::{Answer, Visitor};
use crate::app::planner::compute;
use crate::domain::{CaseId, State};
use crate::net::problem::Problem;
use crate::planning::{Question, Ready, StopView};
use crate::store::case::CaseRow;

/// From so many stops on a unit begins a page.
const OWN_PAGE: usize = 10;

#[derive(Template)]
#[template(path = "sheet.html")]
struct Page {
    f: Frame,
    day: String,
    on: String,
    user: String,
    people: Vec<Person>,
    name: String,
    is_over: bool,
    printed: String,
    blocks: Vec<Block>,
    total: String,
}

/// The stops of one unit one after another; many of them begin a page of their own.
struct Block {
    title: String,
    stops: Vec<Stop>,
    is_own_page: bool,
}

struct Stop {
    seq: usize,
    door: String,
    state: String,
    when: Option<String>,
    before: String,
    is_spare: bool,
}

/// `GET /print/sheet?area=&enumerator=&on=`: the sheet, or a choice of whose; of the day on which somebody
/// can still go out unless another is asked for. Problems: `bad-parameter`, `not-found`.
pub async fn show(v: Visitor) -> Answer {
    let query = v.query()?;
    let area = v.area(&query).await?;
    let on = query.date("on")?.unwrap_or_else(|| v.survey.rules.calendar.field_day(v.now));
    let user = v.user(query.text("enumerator")).await?;
    let people = people(&v, &area).await?;
    let name = people.iter().find(|p| p.user == user).map(|p| p.name.clone()).unwrap_or_default();
    // After the last field day nothing is planned any more.
    let is_over = on > v.survey.ends_on;
    let stops = if name.is_empty() || is_over { Vec::new() } else { stops(&v, &area, &user, on).await? };
    let blocks = blocks(&v, &stops).await?;
    let page = Page {
        f: v.frame(Tab::Returns, v.words.t("sheet.title")).await?,
        day: v.when().day(on),
        on: on.to_string(),
        total: v.words.count("size.doors", i64::try_from(stops.len()).unwrap_or_default(), &[]),
        user,
        people,
        name,
        is_over,
        printed: v.when().full(v.now),
        blocks,
    };
    v.show(&page)
}

/// The stops of one person by the planner.
async fn stops(
    v: &Visitor,
    area: &crate::store::survey::AreaRow,
    user: &str,
    on: jiff::civil::Date,
) -> Result<Vec<StopView>, Problem> {
    let question = Question { area: area.clone(), on, now: v.now, hours: HashMap::new() };
    let ready = Ready::read(v.app.store(), std::sync::Arc::clone(&v.survey), question).await?;
    let plan = compute(ready, Ready::plan).await?;
    Ok(plan.enumerators.into_iter().find(|s| s.user == user).map(|s| s.stops).unwrap_or_default())
}

/// Stops one after another in the same unit of the same building stand on one page.
async fn blocks(v: &Visitor, stops: &[StopView]) -> Result<Vec<Block>, Problem> {
    let ids: Vec<CaseId> = stops.iter().map(|s| s.case_id).collect();
    let rows: HashMap<CaseId, CaseRow> =
        v.app.store().cases(v.caller.key, &ids).await?.into_iter().map(|r| (r.id, r)).collect();
    let codes: Vec<String> = stops.iter().map(|s| s.area.clone()).collect();
    let areas = v.app.store().areas(v.caller.key, crate::store::survey::Areas::Codes(codes)).await?;
    let mut all: Vec<Block> = Vec::new();
    let mut last: Option<(&str, &str, &str)> = None;
    for stop in stops {
        let place = (stop.area.as_str(), stop.building.as_str(), stop.unit.as_str());
        if last != Some(place) {
            let area = areas.iter().find(|a| a.code == stop.area).map(|a| v.name_of(a)).unwrap_or_default();
            let building = v.words.building_in(&area, &stop.building);
            let unit = if stop.unit.is_empty() {
                String::new()
            } else {
                v.words.say("building.unit", &[("unit", &stop.unit)])
            };
            all.push(Block {
                title: format!("{building} {unit}").trim().to_owned(),
                stops: Vec::new(),
                is_own_page: false,
            });
            last = Some(place);
        }
        let shown = shown(v, stop, rows.get(&stop.case_id));
        if let Some(block) = all.last_mut() {
            block.stops.push(shown);
            block.is_own_page = block.stops.len() >= OWN_PAGE;
        }
    }
    Ok(all)
}

fn shown(v: &Visitor, stop: &StopView, row: Option<&CaseRow>) -> Stop {
    let state = row.map_or(State::New, |r| r.state);
    let last = row.and_then(|r| r.last_at.zip(r.last_outcome));
    let visits = row.map_or(0, |r| r.visits);
    Stop {
        seq: stop.seq,
        door: stop.room.clone(),
        state: state.label(v.words.0).to_owned(),
        when: stop
            .from
            .zip(stop.to)
            .filter(|_| stop.pinned)
            .map(|(from, to)| format!("{}–{}", v.when().clock(from), v.when().clock(to))),
        before: last.map_or_else(
            || "—".to_owned(),
            |(at, outcome)| {
                let line = v.words.say(
                    "door.last",
                    &[("time", &v.when().full(at)), ("outcome", &outcome.label(v.words.0))],
                );
                if visits > 1 {
                    format!("{line} ({})", v.words.count("door.visits", i64::from(visits), &[]))
                } else {
                    line
                }
            },
        ),
        is_spare: stop.spare,
    }
}
