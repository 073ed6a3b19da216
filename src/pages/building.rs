//! A building: its doors by unit and floor, the state of each by colour, sign and words; beside it the chosen door.

use std::collections::{BTreeMap, HashSet};

use askama::Template;
use jiff::Timestamp;
use uuid::Uuid;

use super::asof::AsOf;
use super::figures::Rate;
use super::frame::{Frame, Tab};
use super::look::{Entry, Look, legend, looks, sign_of};
use super::overview::crumbs;
use super::panel::{Panel, panel};
use super::visitor::{Answer, Visitor};
use crate::domain::{CaseId, State};
use crate::net::problem::Problem;
use crate::report::natural;
use crate::store::case::CaseRow;
use crate::store::survey::{AreaRow, Areas};

/// More doors than this and units are shown as small pictures first.
const MANY: usize = 600;
/// Most doors of one building that are read.
const MOST: i64 = 12_000;

#[derive(Template)]
#[template(path = "building.html")]
struct Page {
    f: Frame,
    id: Uuid,
    title: String,
    crumbs: Vec<(String, String)>,
    area: String,
    rate: Rate,
    due_filter: String,
    sizes: String,
    legend: Vec<Entry>,
    chosen_look: Option<Look>,
    units: Vec<Unit>,
    is_small: bool,
    panel: Option<Panel>,
    door: Option<CaseId>,
    holders: String,
}

impl Page {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates pass references")]
    fn is_chosen(&self, look: &Look) -> bool {
        self.chosen_look == Some(*look)
    }
}

struct Unit {
    name: String,
    anchor: String,
    rate: Rate,
    floors: Vec<Floor>,
    picture: Option<String>,
    is_open: bool,
}

struct Floor {
    label: String,
    doors: Vec<Door>,
}

struct Door {
    id: CaseId,
    label: String,
    look: Look,
    sign: Option<&'static str>,
    tries: Option<i32>,
    words: String,
    is_current: bool,
    is_dim: bool,
    is_marked: bool,
}

/// What was asked of the page.
struct Asked {
    look: Option<Look>,
    unit: Option<String>,
    door: Option<CaseId>,
}

/// `GET /buildings/{id}?state=&unit=&door=`: the grid, a look highlighted, a door chosen. Problems: `not-found`.
pub async fn show(v: Visitor) -> Answer {
    let id = v.request.param_uuid("id")?;
    let query = v.query()?;
    let words: Vec<&str> = Look::ALL.iter().map(|l| l.slug()).collect();
    let asked = Asked {
        look: query.one_of("state", &words, Look::from_slug)?,
        unit: query.text("unit").map(str::to_owned),
        door: query.uuid("door")?.map(CaseId),
    };
    let rows = v.app.store().building_doors(v.caller.key, id, MOST).await?;
    let first = rows.first().filter(|r| v.caller.reach().sees(*r)).ok_or_else(Problem::not_found)?;
    let above = v.app.store().areas(v.caller.key, Areas::Above(first.area_no)).await?;
    let area = above.last().cloned().ok_or_else(Problem::not_found)?;
    let waiting = v.waiting_in(area.range).await?;
    let asof = AsOf::of(&v, v.devices_of(waiting).await?).live();
    if query.text("part") == Some("asof") {
        let states: Vec<(State, i32)> = rows.iter().map(|r| (r.state, r.visits)).collect();
        return asof.answer(&v, &format!("{states:?}"));
    }
    let page = build(&v, id, &rows, &above, &area, &asked, asof).await?;
    v.show(&page)
}

async fn build(
    v: &Visitor,
    id: Uuid,
    rows: &[CaseRow],
    above: &[AreaRow],
    area: &AreaRow,
    asked: &Asked,
    asof: AsOf,
) -> Result<Page, Problem> {
    let marked = marked(v, area).await?;
    let number = rows.first().map_or("", |r| r.building.as_str());
    let named = v.app.store().buildings(v.caller.key, &[id]).await?;
    let name = named.into_iter().find_map(|b| b.name).filter(|name| name != number);
    let title = v.words.building_in(&v.name_of(area), number);
    let title = name.map_or(title.clone(), |name| format!("{title} · {name}"));
    let counts = looks(&states(rows));
    let is_small = rows.len() > MANY;
    let units = units(v, rows, asked, &marked, is_small);
    let mut path = crumbs(v, above, area);
    path.push((format!("/areas/{}", super::frame::quoted(&area.code)), v.name_of(area)));
    let mut f = v.frame(Tab::Areas, title.clone()).await?;
    f.asof = Some(asof);
    let chosen = asked.door.and_then(|door| rows.iter().find(|r| r.id == door));
    let panel = match chosen {
        Some(row) => Some(panel(v, row).await?),
        None => None,
    };
    Ok(Page {
        id,
        title,
        crumbs: path,
        area: area.code.clone(),
        rate: rate(rows),
        due_filter: Look::due_filter(),
        sizes: sizes(v, rows, units.len()),
        legend: legend(&counts, v.words),
        chosen_look: asked.look,
        units,
        is_small,
        panel,
        door: chosen.map(|r| r.id),
        holders: holders(v, rows).await?,
        f,
    })
}

/// Cases with a record that waits for a decision.
async fn marked(v: &Visitor, area: &AreaRow) -> Result<HashSet<CaseId>, Problem> {
    let held =
        v.app.store().list_held(v.caller.key, area.range, (Timestamp::UNIX_EPOCH, Uuid::nil()), 500).await?;
    Ok(held.into_iter().filter_map(|h| h.case_id).collect())
}

fn states(rows: &[CaseRow]) -> BTreeMap<&'static str, i64> {
    let mut all = BTreeMap::new();
    for state in rows.iter().map(|r| r.state) {
        *all.entry(state.slug()).or_default() += 1;
    }
    all
}

fn rate(rows: &[CaseRow]) -> Rate {
    let mut rate = Rate { above: 0, below: 0 };
    for look in rows.iter().map(|r| Look::of(r.state)) {
        rate.above += i64::from(look == Look::Completed);
        rate.below += i64::from(look != Look::Out);
    }
    rate
}

fn sizes(v: &Visitor, rows: &[CaseRow], units: usize) -> String {
    let out = rows.iter().filter(|r| Look::of(r.state) == Look::Out).count();
    let floors: HashSet<Option<i32>> = rows.iter().map(|r| r.floor).collect();
    let n = |n: usize| i64::try_from(n).unwrap_or_default();
    [
        v.words.count("size.out", n(out), &[]),
        v.words.count("size.units", n(units), &[]),
        v.words.count("size.floors", n(floors.len()), &[]),
    ]
    .join(" · ")
}

/// Who holds open doors here, by name.
async fn holders(v: &Visitor, rows: &[CaseRow]) -> Result<String, Problem> {
    let mut users: Vec<&str> =
        rows.iter().filter(|r| r.due.is_some()).filter_map(|r| r.holder.as_deref()).collect();
    users.sort_unstable();
    users.dedup();
    if users.is_empty() {
        return Ok(v.words.t("building.nobody").to_owned());
    }
    let names = super::panel::names(v).await?;
    let shown: Vec<&str> = users.iter().map(|u| names.get(*u).map_or(*u, String::as_str)).collect();
    Ok(v.words.say("building.holders", &[("names", &shown.join(v.words.pick(", ", "、")))]))
}

fn units(
    v: &Visitor,
    rows: &[CaseRow],
    asked: &Asked,
    marked: &HashSet<CaseId>,
    is_small: bool,
) -> Vec<Unit> {
    let mut by_unit: BTreeMap<(u64, String), Vec<&CaseRow>> = BTreeMap::new();
    for row in rows {
        by_unit.entry(natural(&row.unit)).or_default().push(row);
    }
    by_unit
        .into_iter()
        .map(|((_, unit), rows)| {
            let is_asked = asked.unit.as_deref() == Some(unit.as_str());
            let has_door = asked.door.is_some_and(|door| rows.iter().any(|r| r.id == door));
            let is_open = !is_small || is_asked || has_door;
            let owned: Vec<CaseRow> = rows.iter().map(|r| (*r).clone()).collect();
            Unit {
                name: if unit.is_empty() {
                    v.words.t("building.no_unit").to_owned()
                } else {
                    v.words.say("building.unit", &[("unit", &unit)])
                },
                rate: rate(&owned),
                floors: if is_open { floors(v, &rows, asked, marked) } else { Vec::new() },
                picture: (!is_open).then(|| picture(&rows)),
                anchor: unit,
                is_open,
            }
        })
        .collect()
}

/// Floors from the top down, doors in the order of their numbers.
fn floors(v: &Visitor, rows: &[&CaseRow], asked: &Asked, marked: &HashSet<CaseId>) -> Vec<Floor> {
    let mut by_floor: BTreeMap<std::cmp::Reverse<Option<i32>>, Vec<&CaseRow>> = BTreeMap::new();
    for row in rows {
        by_floor.entry(std::cmp::Reverse(row.floor)).or_default().push(row);
    }
    by_floor
        .into_iter()
        .map(|(floor, mut rows)| {
            // Further households of a door stand behind the listed ones, so that doors keep their columns.
            rows.sort_by_key(|r| (r.household > 1, natural(&r.room), r.household));
            Floor {
                label: floor
                    .0
                    .map_or_else(|| "–".to_owned(), |n| v.words.say("building.floor", &[("n", &n)])),
                doors: rows.iter().map(|r| door(v, r, asked, marked)).collect(),
            }
        })
        .collect()
}

fn door(v: &Visitor, row: &CaseRow, asked: &Asked, marked: &HashSet<CaseId>) -> Door {
    let state = row.state;
    let look = Look::of(state);
    let label = if row.household > 1 { format!("{}·{}", row.room, row.household) } else { row.room.clone() };
    let visits = v.words.count("door.visits", i64::from(row.visits), &[]);
    let name = if look == Look::Out || look == Look::Again {
        state.label(v.words.0).to_owned()
    } else {
        look.label(v.words)
    };
    let is_marked = marked.contains(&row.id);
    let mut words =
        if row.visits > 0 { format!("{name}{}{visits}", v.words.pick(", ", "，")) } else { name };
    if is_marked {
        words.push_str(v.words.pick(", ", "，"));
        words.push_str(v.words.t("door.held"));
    }
    Door {
        id: row.id,
        label,
        look,
        sign: sign_of(state, v.words),
        tries: (look == Look::Again && row.visits > 0).then_some(row.visits),
        words,
        is_current: asked.door == Some(row.id),
        is_dim: asked.look.is_some_and(|wanted| wanted != look),
        is_marked,
    }
}

/// A unit as a small picture: one square per door, floors from the top down.
fn picture(rows: &[&CaseRow]) -> String {
    use std::fmt::Write;
    let mut by_floor: BTreeMap<std::cmp::Reverse<Option<i32>>, Vec<&CaseRow>> = BTreeMap::new();
    for row in rows {
        by_floor.entry(std::cmp::Reverse(row.floor)).or_default().push(row);
    }
    let wide = by_floor.values().map(Vec::len).max().unwrap_or(1);
    let mut svg = format!(
        "<svg class=\"small\" viewBox=\"0 0 {} {}\" aria-hidden=\"true\">",
        wide * 6,
        by_floor.len() * 6
    );
    for (y, mut floor) in by_floor.into_values().enumerate() {
        floor.sort_by_key(|r| natural(&r.room));
        for (x, row) in floor.iter().enumerate() {
            let look = Look::of(row.state).slug();
            // Writing to a String cannot fail.
            let _ = write!(svg, "<path class=\"f-{look}\" d=\"M{} {}h5v5h-5z\"/>", x * 6, y * 6);
        }
    }
    svg.push_str("</svg>");
    svg
}
