//! Giving doors to an enumerator, or taking them back: a list to choose from, and the order itself.

use std::collections::HashMap;

use askama::Template;
use jiff::Timestamp;
use jiff::civil::DateTime;

use super::doors::{DoorLine, Filter, SORTED, by_address, lines};
use super::form::{Form, fault, local_path};
use super::frame::{Frame, Tab, quoted};
use super::visitor::{Answer, Visitor};
use crate::domain::Role;
use crate::ingest::assign::{Assigned, Doors, Item};
use crate::net::answer::to_the_end;
use crate::net::problem::Problem;
use crate::store::case::CasePlace;
use crate::store::completion::Clock;
use crate::store::survey::AreaRow;

/// Most doors that the page lists.
const MOST: i64 = 500;

/// Somebody doors can be given to.
#[derive(Clone, Debug)]
pub struct Person {
    /// User.
    pub user: String,
    /// Name.
    pub name: String,
    /// Open doors held now.
    pub holds: String,
}

#[derive(Template)]
#[template(path = "assign.html")]
struct Page {
    f: Frame,
    filter: Filter,
    area: String,
    area_name: String,
    lines: Vec<DoorLine>,
    is_cut: bool,
    people: Vec<Person>,
    until: String,
    total: String,
    back: String,
}

/// Enumerators of an area and above it, with the open doors they hold.
pub async fn people(v: &Visitor, area: &AreaRow) -> Result<Vec<Person>, Problem> {
    use crate::report::{By, Question, completion};
    let staff = v.app.store().staff(v.caller.key, area.range).await?;
    let question =
        Question { area: area.clone(), by: By::Enumerator, at: None, clock: Clock::Event, now: v.now };
    let held: HashMap<String, i64> = completion(v.app.store(), &v.survey, &question)
        .await?
        .rows
        .into_iter()
        .map(|r| {
            let open = crate::domain::State::ALL.iter().filter(|s| s.is_open());
            (r.code, open.filter_map(|s| r.states.get(s.slug())).sum())
        })
        .collect();
    Ok(staff
        .into_iter()
        .filter(|s| s.role == Role::Enumerator)
        .map(|s| {
            let n = held.get(&s.user).copied().unwrap_or_default();
            Person { holds: v.words.count("assign.holds", n, &[]), user: s.user, name: s.name }
        })
        .collect())
}

/// `GET /assign?area=&building=&unit=&state=&holder=`: open doors to choose from.
pub async fn show(v: Visitor) -> Answer {
    let query = v.query()?;
    let area = v.area(&query).await?;
    let mut filter = Filter::read(&v, &query).await?;
    if filter.states.is_none() {
        filter.only_open();
    }
    let store = v.app.store();
    let total = store.count_doors(v.caller.key, area.range, &filter.rows(), 100_000).await?;
    let most = if total <= SORTED { SORTED } else { MOST + 1 };
    let mut rows =
        store.filtered_doors(v.caller.key, area.range, &filter.rows(), CasePlace::START, most).await?;
    by_address(&mut rows);
    let is_cut = i64::try_from(rows.len()).is_ok_and(|n| n > MOST);
    let shown: Vec<_> = rows.into_iter().take(usize::try_from(MOST).unwrap_or(usize::MAX)).collect();
    let lease = jiff::SignedDuration::from_hours(i64::from(v.survey.rules.policy.lease.hours));
    let page = Page {
        f: v.frame(Tab::Returns, v.words.t("assign.title")).await?,
        area: area.code.clone(),
        area_name: v.name_of(&area),
        lines: lines(&v, &shown).await?,
        is_cut,
        people: people(&v, &area).await?,
        until: v.when().field(v.now + lease),
        total: v.words.count("doors.found", total, &[]),
        back: super::visitor::here(&v.request),
        filter,
    };
    v.show(&page)
}

/// `POST /assign`: ticked doors (`case`), or all open doors of an `area`, to an `enumerator` (empty: taken back) `until`.
/// Problems: `body-not-valid`, `form-expired`.
pub async fn submit(v: Visitor, form: Form) -> Answer {
    let back = local_path(form.text("back"));
    let enumerator = match form.given("enumerator") {
        None => return Err(fault("enumerator", "must be chosen")),
        Some("") => None,
        Some(user) => Some(user.to_owned()),
    };
    let until = until(&v, form.text("until"))?;
    let cases = form.uuids("case")?;
    let doors: Vec<Doors> = match (form.text("from"), cases.is_empty()) {
        (Some(user), _) => held_by(&v, user).await?,
        (None, true) => return Err(fault("case", "must name at least one door")),
        (None, false) => cases.into_iter().map(|id| Doors::Case(id.into())).collect(),
    };
    let items: Vec<Item> =
        doors.into_iter().map(|doors| Item { doors, enumerator: enumerator.clone(), until }).collect();
    let (app, caller, now) = (v.app.clone(), v.caller.clone(), v.now);
    let results =
        to_the_end(async move { Ok::<_, Problem>(app.ingest.assign(&caller, items, now).await?) }).await?;
    let given: usize = results.iter().map(|r| if let Assigned::Done(n) = r { *n } else { 0 }).sum();
    if let Some(refusal) = results.iter().find(|r| !matches!(r, Assigned::Done(_))).filter(|_| given == 0) {
        return Err(fault("enumerator", refusal_words(*refusal)));
    }
    v.app.pages.forget();
    let done = if enumerator.is_some() { "assigned" } else { "withdrawn" };
    let joint = if back.contains('?') { '&' } else { '?' };
    v.go(&format!("{}{joint}done={done}&n={given}", without_done(&back)))
}

/// Every open door that somebody holds in the own area.
async fn held_by(v: &Visitor, user: &str) -> Result<Vec<Doors>, Problem> {
    let mut filter = Filter::default();
    filter.only_open();
    filter.holder = Some(v.user(Some(user)).await?);
    let from = CasePlace::START;
    let rows =
        v.app.store().filtered_doors(v.caller.key, v.caller.range, &filter.rows(), from, 5_000).await?;
    Ok(rows.into_iter().map(|r| Doors::Case(r.id)).collect())
}

fn refusal_words(refusal: Assigned) -> &'static str {
    match refusal {
        Assigned::Done(_) => "is done",
        Assigned::UnknownDoors => "cannot get doors outside your area",
        Assigned::UnknownEnumerator => "must be an enumerator of the survey",
        Assigned::EndsInThePast => "cannot hold a door until a time that is past",
        Assigned::NotOpen => "cannot get doors that need no visit any more",
    }
}

/// A path without the words of an earlier form, which would be said again.
pub fn without_done(path: &str) -> String {
    let Some((path, query)) = path.split_once('?') else {
        return path.to_owned();
    };
    let kept: Vec<&str> = query
        .split('&')
        .filter(|pair| !["done=", "n=", "visit="].iter().any(|name| pair.starts_with(name)))
        .collect();
    if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) }
}

/// A time of a form's field, by the survey's clock; none when it is empty.
pub fn until(v: &Visitor, text: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let wall: DateTime = text.parse().map_err(|_| fault("until", "must be a date and a time"))?;
    let at = v
        .survey
        .rules
        .calendar
        .tz
        .to_timestamp(wall)
        .map_err(|_| fault("until", "must be a date and a time"))?;
    Ok(Some(at))
}

/// The address of this page for a filter.
pub fn address(area: &str, more: &str) -> String {
    format!("/assign?area={}{more}", quoted(area))
}
