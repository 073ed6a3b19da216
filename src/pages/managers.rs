//! The list to go through with a property manager: doors about which the manager's word helps, on paper, with room to
//! tick. No names, telephones or numbers of identity cards.

use askama::Template;

use super::areas::choices;
use super::doors::by_address;
use super::frame::{Frame, Tab};
use super::visitor::{Answer, Visitor};
use crate::domain::{Outcome, State};
use crate::net::problem::Problem;
use crate::store::browse::DoorFilter;
use crate::store::case::{CasePlace, CaseRow};
use crate::store::survey::AreaRow;
use crate::visits::door::area_names;

/// Most doors on one list.
const MOST: i64 = 2_000;
/// From so many doors on a building begins a page of its own.
const OWN_PAGE: usize = 12;
/// So many visits in vain, and the manager is asked.
const IN_VAIN: i32 = 2;

#[derive(Template)]
#[template(path = "managers.html")]
struct Page {
    f: Frame,
    area: String,
    area_name: String,
    areas: Vec<(String, String)>,
    printed: String,
    found: String,
    blocks: Vec<Block>,
    is_cut: bool,
}

/// The doors of one building.
struct Block {
    title: String,
    doors: Vec<Door>,
    is_own_page: bool,
}

struct Door {
    unit: String,
    room: String,
    state: String,
    last: String,
}

/// `GET /print/managers?area=`. Problems: `not-found`.
pub async fn show(v: Visitor) -> Answer {
    let query = v.query()?;
    let area = v.area(&query).await?;
    let (rows, is_cut) = doors(&v, &area).await?;
    let found = v.words.count("size.doors", i64::try_from(rows.len()).unwrap_or_default(), &[]);
    let page = Page {
        f: v.frame(Tab::Returns, v.words.t("managers.title")).await?,
        areas: choices(&v, &area).await?,
        area: area.code.clone(),
        area_name: v.name_of(&area),
        printed: v.when().full(v.now),
        found,
        blocks: blocks(&v, &rows).await?,
        is_cut,
    };
    v.show(&page)
}

/// Doors about which a manager may know more than a further knock would tell.
async fn doors(v: &Visitor, area: &AreaRow) -> Result<(Vec<CaseRow>, bool), Problem> {
    let states = [State::Verify, State::Proxy, State::Exhausted, State::InProgress];
    let filter = DoorFilter { states: Some(states.to_vec()), ..DoorFilter::default() };
    let from = CasePlace::START;
    let found = v.app.store().filtered_doors(v.caller.key, area.range, &filter, from, 10_000).await?;
    let mut rows: Vec<CaseRow> = found.into_iter().filter(is_for_the_manager).collect();
    by_address(&mut rows);
    let most = usize::try_from(MOST).unwrap_or(usize::MAX);
    let is_cut = rows.len() > most;
    rows.truncate(most);
    Ok((rows, is_cut))
}

fn is_for_the_manager(row: &CaseRow) -> bool {
    let last = row.last_outcome;
    let is_shut = matches!(last, Some(Outcome::NoEntry | Outcome::OccupancyUnknown));
    let in_vain = row.visits >= IN_VAIN && last == Some(Outcome::NoAnswer);
    row.state != State::InProgress || is_shut || in_vain
}

async fn blocks(v: &Visitor, rows: &[CaseRow]) -> Result<Vec<Block>, Problem> {
    let areas = area_names(v.app.store(), &v.survey, rows).await?;
    let mut all: Vec<Block> = Vec::new();
    let mut last = None;
    for row in rows {
        if last != Some(row.building_id) {
            let name = areas.get(&row.area).map_or("", |n| v.words.pick(n.0.as_str(), n.1.as_str()));
            let title = v.words.building_in(name, &row.building);
            all.push(Block { title, doors: Vec::new(), is_own_page: false });
            last = Some(row.building_id);
        }
        if let Some(block) = all.last_mut() {
            block.doors.push(door(v, row));
            block.is_own_page = block.doors.len() >= OWN_PAGE;
        }
    }
    Ok(all)
}

fn door(v: &Visitor, row: &CaseRow) -> Door {
    let last = row.last_at.zip(row.last_outcome);
    Door {
        unit: row.unit.clone(),
        room: if row.household > 1 { format!("{}·{}", row.room, row.household) } else { row.room.clone() },
        state: row.state.label(v.words.0).to_owned(),
        last: last.map_or_else(
            || "—".to_owned(),
            |(at, outcome)| {
                let outcome = outcome.label(v.words.0);
                v.words.say("door.last", &[("time", &v.when().full(at)), ("outcome", &outcome)])
            },
        ),
    }
}
