//! The overview of an area: how far it got, what waits, its buildings, its parts. The own area is the front page.

use std::collections::{BTreeMap, HashMap};

use askama::Template;
use uuid::Uuid;

use super::alerts::{self, Alert, Material};
use super::asof::AsOf;
use super::chart::chart;
use super::devices::{DeviceView, views};
use super::figures::{Rate, thousands};
use super::frame::{Frame, Tab, quoted};
use super::outlook;
use super::pace::{self, Pace};
use super::people;
use super::plan_svg::{self, Estate, Spot};
use super::rows::{Card, Line, Sort, Table, area_line, area_scope, card, line, sort_lines};
use super::visitor::{Answer, Visitor};
use crate::app::reach;
use crate::domain::State;
use crate::net::problem::Problem;
use crate::planning::evenings::Evenings;
use crate::report::{self, By, Completion, Question, Row};
use crate::store::browse::UnitActivity;
use crate::store::completion::{BuildingRow, Clock};
use crate::store::survey::{AreaRow, Areas};

#[derive(Template)]
#[template(path = "overview.html")]
struct Page {
    f: Frame,
    code: String,
    name: String,
    sizes: String,
    crumbs: Vec<(String, String)>,
    card: Card,
    pace: Option<PaceCard>,
    tonight: Option<people::Tonight>,
    waiting: crate::app::memory::Waiting,
    due_on: String,
    due_words: String,
    estates: Vec<Estate>,
    is_plan_left_out: bool,
    has_stuck: bool,
    alerts: Vec<Alert>,
    table: Table,
    silent: Vec<DeviceView>,
}

struct PaceCard {
    sentence: String,
    lately: Option<String>,
    end: Option<String>,
    is_behind: bool,
    chart: String,
    days: Vec<(String, String, String)>,
}

/// `GET /`: the own area.
pub async fn home(v: Visitor) -> Answer {
    let area = reach::area_by_code(&v.app, &v.caller, v.caller.area.clone()).await?;
    show(v, area, Tab::Overview).await
}

/// `GET /areas/{code}?sort=`: any area of the own tree. Problems: `not-found`.
pub async fn area(v: Visitor) -> Answer {
    let code = v.request.param("code").to_owned();
    let area = reach::area_by_code(&v.app, &v.caller, code).await?;
    show(v, area, Tab::Areas).await
}

async fn show(v: Visitor, area: AreaRow, tab: Tab) -> Answer {
    let query = v.query()?;
    let sort = query.one_of("sort", &Sort::WORDS, Sort::of)?.unwrap_or(Sort::Name);
    let by_area = ask(&v, &area, By::Area).await?;
    let waiting = v.waiting_in(area.range).await?;
    // Where nobody is at home in the area, the devices are those of the own one.
    let asof = AsOf::of(&v, v.devices_of(waiting).await?).live();
    let asof = if waiting.enrolled > 0 { asof.of_area(&area.code) } else { asof };
    if query.text("part") == Some("asof") {
        return asof.answer(&v, &format!("{:?}{waiting:?}", by_area.total.states));
    }
    let parts = Parts::read(&v, &area, by_area).await?;
    let mut f = v.frame(tab, v.name_of(&area)).await?;
    f.asof = Some(asof);
    let page = parts.page(&v, f, &area, sort, waiting).await?;
    v.show(&page)
}

/// Completion of an area now.
pub async fn ask(v: &Visitor, area: &AreaRow, by: By) -> Result<Completion, Problem> {
    let question = Question { area: area.clone(), by, at: None, clock: Clock::Event, now: v.now };
    Ok(report::completion(v.app.store(), &v.survey, &question).await?)
}

/// What the page is made from.
struct Parts {
    by_area: Completion,
    by_building: Option<Completion>,
    n_buildings: i64,
    units: Vec<UnitActivity>,
    buildings: Vec<BuildingRow>,
    names: BTreeMap<String, String>,
    devices: Vec<crate::store::device::DeviceRow>,
    used: Vec<crate::store::quota::DeviceDay>,
    pace: Option<(Pace, crate::app::memory::Days)>,
    evenings: Evenings,
    children: Vec<AreaRow>,
    above: Vec<AreaRow>,
    is_leaf: bool,
}

impl Parts {
    async fn read(v: &Visitor, area: &AreaRow, by_area: Completion) -> Result<Self, Problem> {
        let (store, key) = (v.app.store(), v.caller.key);
        let children = store.areas(key, Areas::ChildrenOf(area.code.clone())).await?;
        let is_leaf = children.is_empty();
        let n_buildings = store.count_buildings(key, area.range, plan_svg::MOST + 1).await?;
        let is_small = n_buildings <= plan_svg::MOST;
        let (mut by_building, mut units, mut buildings) = (None, Vec::new(), Vec::new());
        if is_small || is_leaf {
            let answer = ask(v, area, By::Building).await?;
            let ids: Vec<Uuid> = answer.rows.iter().filter_map(|r| r.code.parse().ok()).collect();
            buildings = store.buildings(key, &ids).await?;
            units = store.unit_activity(key, area.range, State::Refused).await?;
            by_building = Some(answer);
        }
        let mut codes: Vec<String> = buildings.iter().map(|b| b.area.clone()).collect();
        codes.sort_unstable();
        codes.dedup();
        let names = store.areas(key, Areas::Codes(codes)).await?;
        let names = names.iter().map(|a| (a.code.clone(), v.name_of(a))).collect();
        let evenings = Evenings::read(store, &v.survey, area.range, v.now).await?;
        let pace = Self::pace(v, area, &evenings, &by_area.total).await?;
        let today = v.survey.rules.calendar.local_date(v.now);
        Ok(Self {
            by_building,
            n_buildings,
            units,
            buildings,
            names,
            devices: store.devices(key, area.range, None).await?,
            used: store.device_days(key, area.range, today).await?,
            pace,
            evenings,
            children,
            above: store.areas(key, Areas::Above(area.range.lo)).await?,
            is_leaf,
            by_area,
        })
    }

    async fn pace(
        v: &Visitor,
        area: &AreaRow,
        evenings: &Evenings,
        total: &Row,
    ) -> Result<Option<(Pace, crate::app::memory::Days)>, Problem> {
        if total.cases > pace::MOST_CASES {
            return Ok(None);
        }
        let e = total.rates.enumeration;
        Ok(Some(pace::of(v, area, evenings, (e.numerator, e.denominator)).await?))
    }

    async fn page(
        self,
        v: &Visitor,
        f: Frame,
        area: &AreaRow,
        sort: Sort,
        waiting: crate::app::memory::Waiting,
    ) -> Result<Page, Problem> {
        // One statement of where it leads: the planner's where it was computed a moment ago, else the pace's.
        let forecast = v.app.pages.outlook((v.caller.key, area.range), v.now);
        let forecast = forecast.filter(|_| self.pace.as_ref().is_none_or(|(p, _)| !p.is_over()));
        let said = forecast.and_then(|f| outlook::statement(v, &f));
        let pace = self.pace.as_ref().map(|(pace, days)| PaceCard {
            sentence: pace.sentence(v),
            lately: pace.lately(v),
            end: said.as_ref().map(|s| s.0.clone()).or_else(|| pace.end_sentence(v)),
            is_behind: said.as_ref().map_or(pace.is_behind(), |s| s.1),
            chart: chart(v, days),
            days: days
                .iter()
                .map(|(d, done, due)| (v.when().day(*d), thousands(*done), thousands(*due)))
                .collect(),
        });
        let material = Material {
            area,
            units: &self.units,
            buildings: &self.buildings,
            names: &self.names,
            devices: &self.devices,
            used: &self.used,
            pace: self.pace.as_ref().map(|p| p.0),
            forecast: said,
        };
        let alerts = alerts::alerts(v, &material).await?;
        let spots = self.spots(v);
        let has_stuck = spots.values().flatten().any(|s| s.is_stuck);
        Ok(Page {
            code: area.code.clone(),
            name: v.name_of(area),
            sizes: self.sizes(v),
            crumbs: crumbs(v, &self.above, area),
            card: card(v, &self.by_area.total),
            pace,
            tonight: match &self.pace {
                Some((pace, days)) => people::tonight(v, area, pace, days).await?,
                None => None,
            },
            waiting,
            due_words: due_words(v),
            due_on: v.due_day().0.to_string(),
            estates: plan_svg::estates(spots, &self.names, v.words),
            is_plan_left_out: self.n_buildings > plan_svg::MOST,
            has_stuck,
            alerts,
            table: self.table(v, area, sort),
            silent: views(v, &self.devices).await?.into_iter().filter(|d| d.is_silent).collect(),
            f,
        })
    }

    fn sizes(&self, v: &Visitor) -> String {
        let mut all = Vec::new();
        if !self.is_leaf {
            all.push(v.words.count(
                "size.areas",
                i64::try_from(self.by_area.rows.len()).unwrap_or_default(),
                &[],
            ));
        }
        if self.n_buildings <= plan_svg::MOST {
            // As many as stand on the plan.
            let n = i64::try_from(self.buildings.len()).unwrap_or_default();
            all.push(v.words.count("size.buildings", n, &[]));
        }
        all.push(v.words.count("size.doors", self.by_area.total.cases, &[]));
        all.join(" · ")
    }

    fn spots(&self, v: &Visitor) -> BTreeMap<String, Vec<Spot>> {
        let mut all: BTreeMap<String, Vec<Spot>> = BTreeMap::new();
        if self.n_buildings > plan_svg::MOST {
            return all;
        }
        let rates: HashMap<&str, Rate> = self
            .by_building
            .iter()
            .flat_map(|c| &c.rows)
            .map(|r| (r.code.as_str(), Rate::from(r.rates.enumeration)))
            .collect();
        for b in &self.buildings {
            let units: Vec<&UnitActivity> = self.units.iter().filter(|u| u.building == b.id).collect();
            all.entry(b.area.clone()).or_default().push(Spot {
                id: b.id,
                number: b.building.clone(),
                position: b.position,
                rate: rates.get(b.id.to_string().as_str()).copied().unwrap_or(Rate { above: 0, below: 0 }),
                is_stuck: alerts::is_stuck(v, &units),
            });
        }
        all
    }

    fn table(&self, v: &Visitor, area: &AreaRow, sort: Sort) -> Table {
        let left = |range| i64::try_from(self.evenings.left(range).len()).unwrap_or_default();
        let evenings = left(area.range);
        let of_row = |r: &Row| {
            self.children.iter().find(|c| c.code == r.code).map_or(evenings, |child| left(child.range))
        };
        let buildings = self.by_building.as_ref().filter(|_| self.is_leaf);
        let mut rows: Vec<Line> = match buildings {
            Some(answer) => answer.rows.iter().map(|r| self.building_line(v, r, evenings)).collect(),
            None => self.by_area.rows.iter().map(|r| area_line(v, r, area, of_row(r))).collect(),
        };
        sort_lines(&mut rows, sort);
        let level = self.by_area.rows.first().map_or("", |_| "area");
        let key = if buildings.is_some() { "building" } else { level };
        let mut total = line(v, &self.by_area.total, &area_scope(area), evenings);
        if buildings.is_some() {
            total.heard_at = rows.iter().filter_map(|l| l.heard_at).max();
            total.heard = total.heard_at.map_or_else(|| "—".to_owned(), |at| v.when().brief(at, v.now));
        }
        Table {
            title: v.words.t(&format!("table.by_{}", if key.is_empty() { "area" } else { key })).to_owned(),
            first: v.words.t(&format!("table.{}", if key.is_empty() { "area" } else { key })).to_owned(),
            is_buildings: buildings.is_some(),
            rows,
            total,
            sort,
        }
    }

    fn building_line(&self, v: &Visitor, r: &Row, evenings: i64) -> Line {
        let mut line = line(v, r, &format!("building={}", r.code), evenings);
        let building = self.buildings.iter().find(|b| b.id.to_string() == r.code);
        if let Some(b) = building {
            let own = v.words.building(&b.building);
            let name = b.name.as_deref().filter(|name| *name != b.building);
            line.name = name.map_or(own.clone(), |name| format!("{own} · {name}"));
            line.heard_at = self.units.iter().filter(|u| u.building == b.id).filter_map(|u| u.last_at).max();
        }
        line.heard = line.heard_at.map_or_else(|| "—".to_owned(), |at| v.when().brief(at, v.now));
        line.href = Some(format!("/buildings/{}", r.code));
        line
    }
}

/// Which day's return visits the tile counts, in words.
fn due_words(v: &Visitor) -> String {
    let (on, _, _) = v.due_day();
    let today = v.survey.rules.calendar.local_date(v.now);
    if on == today {
        v.words.t("tiles.returns").to_owned()
    } else {
        v.words.say("tiles.returns_on", &[("day", &v.when().day(on))])
    }
}

/// The way down from the own area to the area's parent: (address, name).
pub fn crumbs(v: &Visitor, above: &[AreaRow], area: &AreaRow) -> Vec<(String, String)> {
    above
        .iter()
        .filter(|a| a.code != area.code && v.caller.range.contains(a.range.lo))
        .map(|a| (format!("/areas/{}", quoted(&a.code)), v.name_of(a)))
        .collect()
}
