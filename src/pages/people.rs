//! Who worked on a day, and what came of it; the strip of tonight's figures on the overview.

use askama::Template;

use super::figures::thousands;
use super::frame::{Frame, Tab, quoted};
use super::overview::crumbs;
use super::pace::Pace;
use super::visitor::{Answer, Visitor};
use crate::domain::Role;
use crate::net::problem::Problem;
use crate::report::people::{Day, day};
use crate::store::survey::{AreaRow, Areas};

#[derive(Template)]
#[template(path = "people.html")]
struct Page {
    f: Frame,
    area_name: String,
    area: String,
    crumbs: Vec<(String, String)>,
    on: String,
    on_words: String,
    lines: Vec<Line>,
    total: Line,
}

struct Line {
    name: String,
    holder: String,
    is_silent: bool,
    day: Day,
    hours: String,
    heard: String,
    held: String,
}

/// `GET /people?area=&on=`: the enumerators of an area and whoever worked in it that day. Problems: `bad-parameter`, `not-found`.
pub async fn show(v: Visitor) -> Answer {
    let query = v.query()?;
    let area = v.area(&query).await?;
    let today = v.survey.rules.calendar.local_date(v.now);
    let on = query.date("on")?.unwrap_or(today);
    let store = v.app.store();
    let mut days = day(store, &v.survey, area.range, on).await?;
    let staff = store.staff(v.caller.key, area.range).await?;
    for person in staff.iter().filter(|s| s.role == Role::Enumerator) {
        days.entry(person.user.clone()).or_default();
    }
    let devices = store.devices(v.caller.key, area.range, None).await?;
    let users: Vec<String> = days.keys().cloned().collect();
    let names = store.names_of(v.caller.key, &users).await?;
    let since = crate::sync::silent_before(&v.survey, v.now);
    let mut total = Day::default();
    let lines: Vec<Line> = days
        .into_iter()
        .map(|(user, day)| {
            total.add(&day);
            let own: Vec<_> = devices.iter().filter(|d| d.user == user && d.revoked_at.is_none()).collect();
            let heard = own.iter().filter_map(|d| d.last_batch_at).max();
            Line {
                name: names.get(&user).cloned().unwrap_or_else(|| user.clone()),
                is_silent: own.iter().any(|d| d.is_silent(since)),
                hours: day.first_at.zip(day.last_at).map_or_else(
                    || "—".to_owned(),
                    |(a, b)| format!("{}–{}", v.when().clock(a), v.when().clock(b)),
                ),
                heard: heard.map_or_else(|| "—".to_owned(), |at| v.when().brief(at, v.now)),
                held: own.iter().map(|d| d.doors_held).max().map_or_else(|| "—".to_owned(), thousands),
                holder: quoted(&user),
                day,
            }
        })
        .collect();
    let above = store.areas(v.caller.key, Areas::Above(area.range.lo)).await?;
    let page = Page {
        f: v.frame(Tab::Overview, v.words.t("people.title")).await?,
        crumbs: crumbs(&v, &above, &area),
        area_name: v.name_of(&area),
        area: area.code.clone(),
        on: on.to_string(),
        on_words: v.when().day(on),
        lines,
        total: Line {
            name: String::new(),
            holder: String::new(),
            is_silent: false,
            day: total,
            hours: String::new(),
            heard: String::new(),
            held: String::new(),
        },
    };
    v.show(&page)
}

/// Tonight in one line of figures: what was done, by how many, against yesterday and what an evening has to bring.
pub struct Tonight {
    /// The day in words.
    pub day: String,
    /// Doors completed today.
    pub completed: String,
    /// Yesterday's, and what is needed.
    pub against: String,
    /// Visits in person.
    pub knocks: String,
    /// Interviews in force.
    pub interviews: String,
    /// People who knocked.
    pub working: i64,
}

/// The strip of an area; none before the first and after the last field day.
pub async fn tonight(
    v: &Visitor,
    area: &AreaRow,
    pace: &Pace,
    days: &[(jiff::civil::Date, i64, i64)],
) -> Result<Option<Tonight>, Problem> {
    let today = v.survey.rules.calendar.local_date(v.now);
    if today < v.survey.starts_on || today > v.survey.ends_on {
        return Ok(None);
    }
    let done_by = |back: usize| days.len().checked_sub(1 + back).and_then(|i| days.get(i)).map_or(0, |d| d.1);
    let (completed, yesterday) = (done_by(0) - done_by(1), done_by(1) - done_by(2));
    let people = day(v.app.store(), &v.survey, area.range, today).await?;
    let mut all = Day::default();
    for d in people.values() {
        all.add(d);
    }
    let mut against = Vec::new();
    if days.len() > 1 {
        against.push(v.words.say("tonight.yesterday", &[("n", &thousands(yesterday))]));
    }
    if let Some(needed) = pace.needed.filter(|n| *n > 0) {
        against.push(v.words.say("tonight.needed", &[("n", &thousands(needed))]));
    }
    Ok(Some(Tonight {
        day: v.when().day(today),
        completed: thousands(completed),
        against: against.join(v.words.pick("; ", "；")),
        knocks: thousands(all.knocks),
        interviews: thousands(all.interviews),
        working: i64::try_from(people.values().filter(|d| d.knocks > 0 || d.interviews > 0).count())
            .unwrap_or_default(),
    }))
}
