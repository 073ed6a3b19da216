//! Completion and contact rates over the tree of areas: counters read in one statement, rates by the rules of `domain`.
//!
//! Nothing is counted here that the counters do not hold; a past instant is counted from the spans of the cases.

mod devices;
pub mod people;
mod worker;

pub use devices::evening_start;

use std::collections::{BTreeMap, HashMap};

use jiff::{Timestamp, ToSpan};
use serde::Serialize;
use uuid::Uuid;

use crate::domain::rates::{Cell, PersonMeasure, Rates, Ratio, Tally, form_of_counter, rates};
use crate::domain::{Rules, State};
use crate::store::completion::{Clock, Rows};
use crate::store::survey::{AreaRow, Areas};
use crate::store::{Error, Store};
use crate::surveys::Survey;

pub use devices::Devices;

/// How the rows of an answer are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Children of the area; cases directly on it are a row of its own code; a leaf returns itself.
    Area,
    /// Buildings.
    Building,
    /// Present holders, `""` for nobody.
    Enumerator,
    /// Whoever did the work, `self` for self-response, `""` where nobody has been.
    Worker,
    /// Field days, cumulative.
    Day,
}

impl By {
    /// The words on the wire.
    pub const WORDS: [&'static str; 5] = ["area", "building", "enumerator", "worker", "day"];

    /// Reads the word on the wire.
    pub fn of(word: &str) -> Option<Self> {
        match word {
            "area" => Some(Self::Area),
            "building" => Some(Self::Building),
            "enumerator" => Some(Self::Enumerator),
            "worker" => Some(Self::Worker),
            "day" => Some(Self::Day),
            _ => None,
        }
    }
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// The area.
    pub area: AreaRow,
    /// How the rows are cut.
    pub by: By,
    /// A past instant and the clock it is told by; `None` is now.
    pub at: Option<(Timestamp, Clock)>,
    /// The clock of `by=day` without an instant.
    pub clock: Clock,
    /// Now.
    pub now: Timestamp,
}

/// The answer to a question about completion.
#[derive(Clone, Debug, Serialize)]
pub struct Completion {
    /// The instant the figures speak of.
    pub as_of: Timestamp,
    /// The clock a past instant is told by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock: Option<&'static str>,
    /// The area asked for.
    pub area: AreaName,
    /// How the rows are cut.
    pub by: &'static str,
    /// The rows.
    pub rows: Vec<Row>,
    /// All of the area.
    pub total: Row,
}

/// An area by code and name.
#[derive(Clone, Debug, Serialize)]
pub struct AreaName {
    /// Code.
    pub code: String,
    /// English name.
    pub name: String,
    /// Chinese name.
    pub name_zh: String,
    /// Level.
    pub level: String,
}

/// One row of figures.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Code of the area, building id, user or date.
    pub code: String,
    /// Name.
    pub name: String,
    /// Chinese name.
    pub name_zh: String,
    /// Area of a building.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area: Option<String>,
    /// All cases, merged and cancelled included.
    pub cases: i64,
    /// Cases by state.
    pub states: BTreeMap<&'static str, i64>,
    /// Every rate.
    #[serde(flatten)]
    pub rates: Rates,
    /// Figures about persons of the counted interviews.
    pub persons: BTreeMap<&'static str, i64>,
    /// Of each extra form: completed cases with a complete sheet, of completed cases. Only as of now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forms: Option<BTreeMap<String, Ratio>>,
    /// Devices of the row's enumerators; absent where a row has none of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub devices: Option<Devices>,
}

/// Completion of an area.
pub async fn completion(store: &Store, survey: &Survey, q: &Question) -> Result<Completion, Error> {
    let mut groups = match (q.by, q.at) {
        (By::Day, _) => return by_day(store, survey, q).await,
        (By::Worker, _) => worker::groups(store, survey, q.area.range).await?,
        (_, Some((at, clock))) => past(store, survey, q, at, clock).await?,
        (_, None) => present(store, survey, q).await?,
    };
    let total = groups.total.take().unwrap_or_else(|| sum(groups.rows.values()));
    let forms = if q.at.is_none() { Some(store.extra_forms(survey.key).await?) } else { None };
    let shown = Shown { rules: &survey.rules, forms };
    let mut rows = named(store, survey, q, &groups, &shown).await?;
    let mut total = row(&shown, &q.area.code, &q.area.name, &q.area.name_zh, &total);
    if q.at.is_none() {
        devices::add(store, survey, q, &mut rows, &mut total).await?;
    }
    Ok(Completion {
        as_of: q.at.map_or(q.now, |a| a.0),
        clock: q.at.map(|a| clock_word(a.1)),
        area: name_of(&q.area),
        by: match q.by {
            By::Area => "area",
            By::Building => "building",
            By::Enumerator => "enumerator",
            By::Worker => "worker",
            By::Day => "day",
        },
        rows,
        total,
    })
}

fn clock_word(clock: Clock) -> &'static str {
    match clock {
        Clock::Event => "event",
        Clock::Received => "received",
    }
}

fn name_of(area: &AreaRow) -> AreaName {
    AreaName {
        code: area.code.clone(),
        name: area.name.clone(),
        name_zh: area.name_zh.clone(),
        level: area.level.clone(),
    }
}

/// Tallies by code of the row.
struct Groups {
    rows: BTreeMap<String, Tally>,
    /// The whole area where it is known apart from its rows.
    total: Option<Tally>,
}

fn sum<'a>(tallies: impl Iterator<Item = &'a Tally>) -> Tally {
    let mut total = Tally::default();
    tallies.for_each(|t| total.merge(t));
    total
}

fn add(tally: &mut Tally, measure: i32, amount: i64) {
    if measure < 0 {
        if let Some(place) = form_of_counter(measure) {
            tally.add_form(place, amount);
        } else if let Some(person) = PersonMeasure::of_counter(measure) {
            tally.add_persons(person, amount);
        }
    } else if let Some(cell) = Cell::from_code(measure) {
        tally.add(cell, amount);
    }
}

/// What the store counts by.
fn rows_of(by: By) -> Rows {
    match by {
        By::Area | By::Day => Rows::Areas,
        By::Building => Rows::Buildings,
        By::Enumerator | By::Worker => Rows::Holders,
    }
}

async fn present(store: &Store, survey: &Survey, q: &Question) -> Result<Groups, Error> {
    let rows = rows_of(q.by);
    let mut groups: BTreeMap<String, Tally> = BTreeMap::new();
    for (code, measure, amount) in store.counters(survey.key, rows, &q.area.code, q.area.range).await? {
        add(groups.entry(code).or_default(), measure, amount);
    }
    if rows != Rows::Areas {
        return Ok(Groups { rows: groups, total: None });
    }
    let total = groups.remove(&q.area.code).unwrap_or_default();
    let own = minus(&total, &sum(groups.values()));
    if own.cases() != 0 {
        groups.insert(q.area.code.clone(), own);
    }
    Ok(Groups { rows: groups, total: Some(total) })
}

/// The difference of two tallies.
fn minus(a: &Tally, b: &Tally) -> Tally {
    let mut d = a.clone();
    d.take_away(b);
    d
}

async fn past(
    store: &Store,
    survey: &Survey,
    q: &Question,
    at: Timestamp,
    clock: Clock,
) -> Result<Groups, Error> {
    let children = store.areas(survey.key, Areas::ChildrenOf(q.area.code.clone())).await?;
    let starts: Vec<i32> = children.iter().map(|c| c.range.lo).collect();
    let rows = rows_of(q.by);
    let mut groups: BTreeMap<String, Tally> = BTreeMap::new();
    for g in store.past(survey.key, q.area.range, (rows, &starts), (at, clock)).await? {
        let code = match rows {
            Rows::Areas => {
                let child = g.code.parse::<usize>().ok().and_then(|n| children.get(n.checked_sub(1)?));
                child.map_or(&q.area.code, |c| &c.code).clone()
            }
            Rows::Buildings | Rows::Holders => g.code,
        };
        let tally = groups.entry(code).or_default();
        add(tally, g.cell, g.cases);
        for (i, n) in (1..=7).zip(&g.persons) {
            add(tally, -i, n.unwrap_or_default());
        }
    }
    Ok(Groups { rows: groups, total: None })
}

/// One row per day from the first field day up to today (or to the instant asked for), also past the last field day: work
/// counted late is in the total, so it must stand in a row. Each is as of the end of its day.
async fn by_day(store: &Store, survey: &Survey, q: &Question) -> Result<Completion, Error> {
    let calendar = &survey.rules.calendar;
    let (until, clock) = q.at.unwrap_or((q.now, q.clock));
    let last = calendar.local_date(until).min(survey.ends_on.max(calendar.local_date(q.now)));
    let mut days = Vec::new();
    let mut day = survey.starts_on;
    while day <= last {
        days.push(day);
        day = day.saturating_add(1.day());
    }
    let mut ends: Vec<Timestamp> =
        days.iter().map(|d| calendar.day_start(d.saturating_add(1.day())).min(until)).collect();
    // Before the first day there is a total without a row. As of now the last day holds all there is: a phone whose clock
    // is ahead has made visits "later today".
    let present = if q.at.is_none() { Timestamp::MAX } else { until };
    match ends.last_mut() {
        Some(last) if q.at.is_none() => *last = present,
        Some(_) => {}
        None => ends.push(present),
    }
    let mut tallies = vec![Tally::default(); ends.len()];
    for (day, cell, cases, persons) in store.days(survey.key, q.area.range, &ends, clock).await? {
        for tally in tallies.iter_mut().skip(day) {
            add(tally, cell, cases);
            for (i, n) in (1..=7).zip(&persons) {
                add(tally, -i, *n);
            }
        }
    }
    let shown = Shown { rules: &survey.rules, forms: None };
    let rows: Vec<Row> = days
        .iter()
        .zip(&tallies)
        .map(|(day, tally)| {
            let code = day.to_string();
            row(&shown, &code, &code, &code, tally)
        })
        .collect();
    let total =
        row(&shown, &q.area.code, &q.area.name, &q.area.name_zh, tallies.last().unwrap_or(&Tally::default()));
    Ok(Completion {
        as_of: until,
        clock: Some(clock_word(clock)),
        area: name_of(&q.area),
        by: "day",
        rows,
        total,
    })
}

/// What figures of a row are shown beside those of every survey.
struct Shown<'a> {
    rules: &'a Rules,
    /// The extra forms with their places; `None` where they are not counted.
    forms: Option<Vec<(String, usize)>>,
}

impl Shown<'_> {
    fn forms_of(&self, tally: &Tally) -> Option<BTreeMap<String, Ratio>> {
        let completed = tally.state(State::Completed);
        let ratio = |(id, place): &(String, usize)| (id.clone(), Ratio::new(tally.form(*place), completed));
        Some(self.forms.as_ref()?.iter().map(ratio).collect())
    }
}

fn row(shown: &Shown<'_>, code: &str, name: &str, name_zh: &str, tally: &Tally) -> Row {
    Row {
        code: code.to_owned(),
        name: name.to_owned(),
        name_zh: name_zh.to_owned(),
        area: None,
        cases: tally.cases(),
        states: State::ALL.iter().map(|s| (s.slug(), tally.state(*s))).collect(),
        rates: rates(tally, shown.rules.policy.rates.e),
        persons: PersonMeasure::ALL.iter().map(|m| (m.slug(), tally.person(*m))).collect(),
        forms: shown.forms_of(tally),
        devices: None,
    }
}

/// Gives the rows their names, in an order that people expect.
async fn named(
    store: &Store,
    survey: &Survey,
    q: &Question,
    groups: &Groups,
    shown: &Shown<'_>,
) -> Result<Vec<Row>, Error> {
    match q.by {
        By::Area | By::Day => {
            let mut children = store.areas(survey.key, Areas::ChildrenOf(q.area.code.clone())).await?;
            if children.is_empty() || groups.rows.contains_key(&q.area.code) {
                children.push(q.area.clone());
            }
            let empty = Tally::default();
            Ok(children
                .iter()
                .map(|a| row(shown, &a.code, &a.name, &a.name_zh, groups.rows.get(&a.code).unwrap_or(&empty)))
                .collect())
        }
        By::Building => {
            let ids: Vec<Uuid> = groups.rows.keys().filter_map(|k| k.parse().ok()).collect();
            let mut buildings = store.buildings(survey.key, &ids).await?;
            buildings.sort_by_key(|b| (b.area.clone(), natural(&b.building)));
            Ok(buildings
                .iter()
                .filter_map(|b| {
                    let tally = groups.rows.get(&b.id.to_string())?;
                    let name = b.name.as_ref().unwrap_or(&b.building);
                    let mut row = row(shown, &b.id.to_string(), name, name, tally);
                    row.area = Some(b.area.clone());
                    Some(row)
                })
                .collect())
        }
        By::Worker => {
            let users: Vec<String> = groups.rows.keys().cloned().collect();
            let names = store.names_of(survey.key, &users).await?;
            Ok(groups
                .rows
                .iter()
                .map(|(user, tally)| {
                    let name = names.get(user).unwrap_or(user);
                    let mut row = row(shown, user, name, name, tally);
                    // A share of one's own work says nothing: only the counts stand.
                    row.rates = row.rates.without_shares();
                    row
                })
                .collect())
        }
        By::Enumerator => {
            let staff = store.staff(survey.key, q.area.range).await?;
            let names: HashMap<&str, &str> =
                staff.iter().map(|s| (s.user.as_str(), s.name.as_str())).collect();
            Ok(groups
                .rows
                .iter()
                .map(|(user, tally)| {
                    let name = names.get(user.as_str()).copied().unwrap_or(user);
                    row(shown, user, name, name, tally)
                })
                .collect())
        }
    }
}

/// Sorts 2 before 10 and both before A.
pub fn natural(text: &str) -> (u64, String) {
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    (digits.parse().unwrap_or(u64::MAX), text.to_owned())
}
