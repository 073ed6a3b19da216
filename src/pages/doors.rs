//! The doors behind any number: a filtered list, in pages, and the same as CSV.

use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderValue;
use http::header::CONTENT_DISPOSITION;
use uuid::Uuid;

use super::frame::{Frame, Tab, quoted};
use super::look::{Look, sign_of};
use super::overview::crumbs;
use super::panel::{named, names};
use super::visitor::{Answer, Visitor};
use crate::domain::{CaseId, State};
use crate::net::answer;
use crate::net::problem::Problem;
use crate::net::query::Query;
use crate::report::natural;
use crate::store::browse::DoorFilter;
use crate::store::case::{CasePlace, CaseRow};
use crate::store::survey::{AreaRow, Areas};
use crate::visits::door::{area_names, place};

/// Doors on one page.
const PAGE: i64 = 100;
/// Doors are counted up to here.
const COUNTED: i64 = 100_000;
/// Up to so many doors are put in the order of their addresses; longer lists come in the order of their ids.
pub const SORTED: i64 = 5_000;
/// Most lines of the CSV.
const MOST_LINES: i64 = 20_000;

/// Which doors.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// States.
    pub states: Option<Vec<State>>,
    /// A building.
    pub building: Option<Uuid>,
    /// Its number.
    pub building_name: Option<String>,
    /// A unit of it.
    pub unit: Option<String>,
    /// Who holds them; empty for nobody.
    pub holder: Option<String>,
}

impl Filter {
    /// Reads `state` (several with commas), `building`, `unit`, `holder` and `device`.
    pub async fn read(v: &Visitor, query: &Query) -> Result<Self, Problem> {
        let states = query.parsed("state", "must be one or more states", |text| {
            text.split(',').map(State::from_slug).collect::<Option<Vec<State>>>()
        })?;
        let mut holder = match query.given("holder").filter(|h| h.chars().count() <= 200) {
            None => None,
            named => Some(v.user(named).await?),
        };
        if let Some(device) = query.uuid("device")? {
            let found = v.app.store().devices(v.caller.key, v.caller.range, Some(device)).await?;
            holder = Some(found.into_iter().next().ok_or_else(Problem::not_found)?.user);
        }
        if holder.as_deref() == Some("") && query.text("nobody").is_none() {
            holder = None;
        }
        let building = query.uuid("building")?;
        let building_name = match building {
            None => None,
            Some(id) => number_of(v, id).await?,
        };
        Ok(Self { states, building, building_name, unit: query.text("unit").map(str::to_owned), holder })
    }

    /// Only doors that need a visit.
    pub fn only_open(&mut self) {
        self.states = Some(State::ALL.iter().copied().filter(|s| s.is_open()).collect());
    }

    /// The same for the database.
    pub fn rows(&self) -> DoorFilter {
        DoorFilter {
            states: self.states.clone(),
            building: self.building,
            unit: self.unit.clone(),
            holder: self.holder.clone(),
        }
    }

    /// The same as a query, without the area.
    pub fn query(&self) -> String {
        let mut parts = vec![String::new()];
        if let Some(states) = &self.states {
            let words: Vec<&str> = states.iter().map(|s| s.slug()).collect();
            parts.push(format!("state={}", words.join(",")));
        }
        if let Some(building) = self.building {
            parts.push(format!("building={building}"));
        }
        if let Some(unit) = &self.unit {
            parts.push(format!("unit={}", quoted(unit)));
        }
        if let Some(holder) = &self.holder {
            parts.push(format!("holder={}", quoted(holder)));
            if holder.is_empty() {
                parts.push("nobody=1".to_owned());
            }
        }
        parts.join("&")
    }

    /// Whether a state is let through.
    pub fn has(&self, state: &State) -> bool {
        self.states.as_ref().is_some_and(|all| all.contains(state))
    }

    /// Whether it lets one state through.
    pub fn is_one(&self) -> bool {
        self.states.as_ref().is_some_and(|all| all.len() == 1)
    }

    /// The filter in words; empty when there is none.
    pub fn words(&self, v: &Visitor) -> Vec<String> {
        let mut all = Vec::new();
        if let Some(states) = &self.states {
            let names: Vec<&str> = states.iter().map(|s| s.label(v.words.0)).collect();
            all.push(names.join(v.words.pick(" or ", "或")));
        }
        if let Some(name) = &self.building_name {
            all.push(v.words.building(name));
        }
        if let Some(unit) = &self.unit {
            all.push(v.words.say("building.unit", &[("unit", unit)]));
        }
        if let Some(holder) = &self.holder {
            all.push(if holder.is_empty() {
                v.words.t("doors.held_by_nobody").to_owned()
            } else {
                v.words.say("doors.held_by", &[("name", holder)])
            });
        }
        all
    }
}

/// The number of a building in the reader's area.
async fn number_of(v: &Visitor, id: Uuid) -> Result<Option<String>, Problem> {
    let found = v.app.store().buildings(v.caller.key, &[id]).await?.into_iter().next();
    let Some(building) = found else { return Ok(None) };
    let areas = v.app.store().areas(v.caller.key, Areas::One(building.area)).await?;
    Ok(areas.first().filter(|a| v.caller.range.contains(a.range.lo)).map(|_| building.building))
}

/// A door in a list.
pub struct DoorLine {
    /// The case.
    pub id: CaseId,
    /// Area, building, unit, door.
    pub address: String,
    /// The state.
    pub state: String,
    /// Its look.
    pub look: Look,
    /// Its sign.
    pub sign: Option<&'static str>,
    /// Visits.
    pub visits: i32,
    /// The latest visit in words.
    pub last: String,
    /// An appointment in words.
    pub appointment: Option<String>,
    /// Who holds it.
    pub holder: String,
    /// Open, so that it may be given to somebody.
    pub is_open: bool,
}

#[derive(Template)]
#[template(path = "doors.html")]
struct Page {
    f: Frame,
    area: String,
    area_name: String,
    crumbs: Vec<(String, String)>,
    found: String,
    filter: Filter,
    filter_words: Vec<String>,
    states: Vec<(State, String)>,
    lines: Vec<DoorLine>,
    back: Option<String>,
    next: Option<String>,
    csv: String,
    assign: String,
}

/// `GET /doors?area=&building=&unit=&state=&holder=&device=&page=&after=&format=csv`: the list. Problems: `bad-parameter`,
/// `not-found`.
pub async fn show(v: Visitor) -> Answer {
    let query = v.query()?;
    let area = v.area(&query).await?;
    let filter = Filter::read(&v, &query).await?;
    if query.text("format") == Some("csv") {
        return csv(&v, &area, &filter).await;
    }
    let store = v.app.store();
    let total = store.count_doors(v.caller.key, area.range, &filter.rows(), COUNTED).await?;
    let base = format!("area={}{}", quoted(&area.code), filter.query());
    let (rows, next) = portion(&v, &query, &area, &filter, total).await?;
    let next = next.map(|place| format!("/doors?{base}&{place}"));
    let is_first = query.text("after").is_none() && query.text("page").is_none_or(|n| n == "1");
    let above = store.areas(v.caller.key, Areas::Above(area.range.lo)).await?;
    let key = if total >= COUNTED { "doors.found_more" } else { "doors.found" };
    let page = Page {
        f: v.frame(Tab::Areas, v.words.t("doors.title")).await?,
        crumbs: crumbs(&v, &above, &area),
        area: area.code.clone(),
        area_name: v.name_of(&area),
        found: v.words.count(key, total, &[]),
        filter_words: filter.words(&v),
        states: State::ALL.iter().map(|s| (*s, s.label(v.words.0).to_owned())).collect(),
        lines: lines(&v, &rows).await?,
        back: (!is_first).then(|| format!("/doors?{base}")),
        next,
        csv: format!("/doors?{base}&format=csv"),
        assign: format!("/assign?{base}"),
        filter,
    };
    v.show(&page)
}

/// One page of the list, and where the next one begins. A list that is not too long is in the order of its addresses.
async fn portion(
    v: &Visitor,
    query: &Query,
    area: &AreaRow,
    filter: &Filter,
    total: i64,
) -> Result<(Vec<CaseRow>, Option<String>), Problem> {
    let (store, first) = (v.app.store(), CasePlace::START);
    let whole = |text: &str| text.parse::<usize>().ok().filter(|n| (1..=10_000).contains(n));
    if total <= SORTED {
        let number = query.parsed("page", "must be a whole number from 1", whole)?.unwrap_or(1);
        let mut rows = store.filtered_doors(v.caller.key, area.range, &filter.rows(), first, SORTED).await?;
        by_address(&mut rows);
        let page = usize::try_from(PAGE).unwrap_or(usize::MAX);
        let next = (rows.len() > number * page).then(|| format!("page={}", number + 1));
        return Ok((rows.into_iter().skip((number - 1) * page).take(page).collect(), next));
    }
    let after = query.parsed("after", "must be one that this service gave out", parse)?.unwrap_or(first);
    let rows = store.filtered_doors(v.caller.key, area.range, &filter.rows(), after, PAGE).await?;
    let is_full = i64::try_from(rows.len()).is_ok_and(|n| n >= PAGE);
    let next = rows.last().filter(|_| is_full).map(|r| format!("after={}", text(CasePlace::of(r))));
    Ok((rows, next))
}

/// Puts doors in the order in which people read them: area, building, unit, floor, door.
pub fn by_address(rows: &mut [CaseRow]) {
    rows.sort_by_cached_key(|r| {
        (r.area_no, natural(&r.building), natural(&r.unit), r.floor, natural(&r.room), r.household)
    });
}

fn text(place: CasePlace) -> String {
    URL_SAFE_NO_PAD.encode(place.to_text())
}

fn parse(text: &str) -> Option<CasePlace> {
    CasePlace::parse(&String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?)
}

/// Doors as lines of a list.
pub async fn lines(v: &Visitor, rows: &[CaseRow]) -> Result<Vec<DoorLine>, Problem> {
    let areas = area_names(v.app.store(), &v.survey, rows).await?;
    let people = names(v).await?;
    Ok(rows
        .iter()
        .map(|r| {
            let state = r.state;
            let area = areas.get(&r.area).map_or("", |n| v.words.pick(n.0.as_str(), n.1.as_str()));
            let last = r.last_at.zip(r.last_outcome);
            DoorLine {
                id: r.id,
                address: format!("{area} {}", place(r)).trim().to_owned(),
                state: state.label(v.words.0).to_owned(),
                look: Look::of(state),
                sign: sign_of(state, v.words),
                visits: r.visits,
                last: last.map_or_else(String::new, |(at, outcome)| {
                    v.words.say(
                        "door.last",
                        &[("time", &v.when().full(at)), ("outcome", &outcome.label(v.words.0))],
                    )
                }),
                appointment: r
                    .appointment
                    .map(|(from, to)| v.when().window(crate::domain::Window { from, to })),
                holder: r.holder.as_deref().map_or_else(String::new, |user| named(&people, user).to_owned()),
                is_open: state.is_open(),
            }
        })
        .collect())
}

/// The same list as CSV, UTF-8 with a byte order mark; cells that a spreadsheet would run are made text.
async fn csv(v: &Visitor, area: &AreaRow, filter: &Filter) -> Answer {
    let mut rows = v
        .app
        .store()
        .filtered_doors(v.caller.key, area.range, &filter.rows(), CasePlace::START, MOST_LINES)
        .await?;
    by_address(&mut rows);
    let mut out = String::from("\u{feff}");
    let head = [
        "doors.address",
        "doors.state",
        "doors.visits",
        "doors.last",
        "doors.appointment",
        "doors.holder",
        "doors.id",
    ];
    let head: Vec<String> = head.iter().map(|key| cell(v.words.t(key))).collect();
    out.push_str(&head.join(","));
    out.push_str("\r\n");
    for line in lines(v, &rows).await? {
        let cells = [
            line.address,
            line.state,
            line.visits.to_string(),
            line.last,
            line.appointment.unwrap_or_default(),
            line.holder,
            line.id.to_string(),
        ];
        let cells: Vec<String> = cells.iter().map(|c| cell(c)).collect();
        out.push_str(&cells.join(","));
        out.push_str("\r\n");
    }
    let mut response = answer::text("text/csv; charset=utf-8", out);
    let name = HeaderValue::from_static("attachment; filename=\"doors.csv\"");
    response.headers_mut().insert(CONTENT_DISPOSITION, name);
    Ok(response)
}

fn cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if is_formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_never_runs_and_never_breaks_its_line() {
        assert_eq!(cell("=1+1"), "'=1+1");
        assert_eq!(cell("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(cell("敲门"), "敲门");
    }

    #[test]
    fn a_place_in_the_list_survives_the_address() {
        let place = CasePlace { area_no: 7, building: Uuid::max(), id: CaseId(Uuid::from_u128(9)) };
        assert_eq!(parse(&text(place)), Some(place));
        assert_eq!(parse("x"), None);
    }
}
