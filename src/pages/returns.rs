//! Return visits: the doors to go to again, most urgent first, each with its reason; to be given to somebody or printed.

use askama::Template;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

use super::areas::choices;
use super::assign::{Person, people};
use super::frame::{Frame, Tab, quoted};
use super::look::{Look, sign_of};
use super::overview::crumbs;
use super::panel::{named, names, next_words};
use super::visitor::{Answer, Visitor};
use crate::domain::{CaseId, Viewed, Window};
use crate::net::problem::Problem;
use crate::store::case::DuePlace;
use crate::store::survey::Areas;
use crate::visits::returns::{ReturnVisit, items};

/// Most doors read for one page.
const MOST: i64 = 2_000;
/// Most doors shown on one page.
const SHOWN: usize = 100;

#[derive(Template)]
#[template(path = "returns.html")]
struct Page {
    f: Frame,
    area: String,
    areas: Vec<(String, String)>,
    area_name: String,
    crumbs: Vec<(String, String)>,
    on: String,
    on_words: String,
    only: Only,
    holder: String,
    found: String,
    is_cut: bool,
    lines: Vec<Line>,
    people: Vec<Person>,
    until: String,
    back: String,
    has_filter: bool,
}

/// Which of the doors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Only {
    /// Due by the end of the day asked for.
    Due,
    /// Those with an appointment.
    Agreed,
    /// All tried before.
    Tried,
    /// All that need a visit, also those nobody has been to.
    All,
}

impl Only {
    const WORDS: [&'static str; 4] = ["due", "agreed", "tried", "all"];

    fn of(word: &str) -> Option<Self> {
        match word {
            "due" => Some(Self::Due),
            "agreed" => Some(Self::Agreed),
            "tried" => Some(Self::Tried),
            "all" => Some(Self::All),
            _ => None,
        }
    }

    fn is(self, word: &str) -> bool {
        Self::of(word) == Some(self)
    }
}

struct Line {
    id: CaseId,
    address: String,
    look: Look,
    sign: Option<&'static str>,
    state: String,
    visits: i64,
    last: String,
    next: String,
    reason: String,
    untried: String,
    flags: Vec<String>,
    holder: String,
}

/// `GET /returns?area=&on=&only=&holder=`: due on a day, by that day's end; on the day on which somebody can still go out
/// unless another is asked for. Problems: `bad-parameter`, `not-found`.
pub async fn show(v: Visitor) -> Answer {
    let query = v.query()?;
    let area = v.area(&query).await?;
    let calendar = &v.survey.rules.calendar;
    let (today, usual) = (calendar.local_date(v.now), calendar.field_day(v.now));
    let on = query.date("on")?.unwrap_or(usual);
    let only = query.one_of("only", &Only::WORDS, Only::of)?.unwrap_or(Only::Due);
    let holder = v.user(query.text("holder")).await?;
    let at = if on == today { v.now } else { calendar.day_start(on) };
    let end = calendar.day_start(on.saturating_add(1.day()));
    let rows = v.app.store().list_due(v.caller.key, area.range, DuePlace::START, MOST + 1).await?;
    let is_cut = i64::try_from(rows.len()).is_ok_and(|n| n > MOST);
    let most = usize::try_from(MOST).unwrap_or(usize::MAX);
    let rows: Vec<_> = rows
        .into_iter()
        .take(most)
        .filter(|r| only == Only::All || r.visits > 0 || r.appointment.is_some())
        .filter(|r| holder.is_empty() || r.holder.as_deref() == Some(holder.as_str()))
        .collect();
    let mut all = items(v.app.store(), &v.survey, &rows, Viewed { at, now: v.now }).await?;
    all.retain(|item| fits(item, only, end));
    let found = v.words.count("returns.found", i64::try_from(all.len()).unwrap_or_default(), &[]);
    let is_cut = is_cut || all.len() > SHOWN;
    all.truncate(SHOWN);
    let above = v.app.store().areas(v.caller.key, Areas::Above(area.range.lo)).await?;
    let lease = jiff::SignedDuration::from_hours(i64::from(v.survey.rules.policy.lease.hours));
    let page = Page {
        f: v.frame(Tab::Returns, v.words.t("returns.title")).await?,
        crumbs: crumbs(&v, &above, &area),
        areas: choices(&v, &area).await?,
        area: area.code.clone(),
        area_name: v.name_of(&area),
        on: on.to_string(),
        on_words: day_words(&v, on, today),
        only,
        has_filter: !holder.is_empty() || only != Only::Due || on != usual,
        holder,
        found,
        is_cut,
        lines: lines(&v, &all).await?,
        people: people(&v, &area).await?,
        until: v.when().field(v.now + lease),
        back: super::visitor::here(&v.request),
    };
    v.show(&page)
}

fn day_words(v: &Visitor, on: Date, today: Date) -> String {
    if on == today { v.words.say("returns.today", &[("day", &v.when().day(on))]) } else { v.when().day(on) }
}

fn fits(item: &ReturnVisit, only: Only, end: Timestamp) -> bool {
    let is_before = |w: Option<Window>| w.is_some_and(|w| w.from < end);
    match only {
        Only::Due => is_before(item.due),
        Only::Agreed => is_before(item.door.appointment),
        Only::Tried | Only::All => true,
    }
}

async fn lines(v: &Visitor, all: &[ReturnVisit]) -> Result<Vec<Line>, Problem> {
    let people = names(v).await?;
    let codes: Vec<String> = all.iter().map(|i| i.door.area.clone()).collect();
    let areas = v.app.store().areas(v.caller.key, Areas::Codes(codes)).await?;
    Ok(all
        .iter()
        .map(|item| {
            let d = &item.door;
            let area = areas.iter().find(|a| a.code == d.area).map(|a| v.name_of(a)).unwrap_or_default();
            let parts = [d.building.as_str(), d.unit.as_str(), d.room.as_str()];
            let place = parts.iter().filter(|p| !p.is_empty()).copied().collect::<Vec<_>>().join("-");
            let cells: Vec<String> =
                item.untried.iter().map(|slug| super::case::cell_words(v, slug)).collect();
            Line {
                id: d.case_id,
                address: format!("{area} {place}").trim().to_owned(),
                look: Look::of(d.state),
                sign: sign_of(d.state, v.words),
                state: d.state.label(v.words.0).to_owned(),
                visits: i64::from(d.visits.unwrap_or_default()),
                last: d.last.map_or_else(String::new, |l| {
                    v.words.say(
                        "door.last",
                        &[("time", &v.when().full(l.at)), ("outcome", &l.outcome.label(v.words.0))],
                    )
                }),
                next: next_words(v, &item.next, item.due),
                reason: v.words.pick(item.reason.clone(), item.reason_zh.clone()),
                untried: cells.join(v.words.pick(", ", "、")),
                flags: item.flags.iter().map(|f| f.label(v.words.0).to_owned()).collect(),
                holder: d.holder.as_deref().map_or_else(String::new, |user| named(&people, user).to_owned()),
            }
        })
        .collect())
}

/// The address of this page for an area.
pub fn address(area: &str) -> String {
    format!("/returns?area={}", quoted(area))
}
