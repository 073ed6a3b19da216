//! Lists as files: the doors of a person, today's walk, buildings, and what became of what was sent. No personal data.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Write as _;
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::answer::{document, tagged};
use super::key::caller;
use crate::app::odk::Made;
use crate::app::planner::{compute, ready};
use crate::app::{App, reach};
use crate::domain::{CaseId, Language, State};
use crate::forms::submission::{case_of_entity, entity_of_case};
use crate::forms::{md5_hex, xml_text};
use crate::ingest::reason::Reason;
use crate::net::answer::Response;
use crate::net::kind;
use crate::net::problem::Problem;
use crate::net::request::Request;
use crate::planning::{Question, Ready};
use crate::store::access::Caller;
use crate::store::lists::{ListRow, Listed};
use crate::surveys::Survey;
use crate::visits::door::{place, short_place};
use crate::visits::filled;

/// The entity list of doors.
pub(super) const DOORS: &str = "doors.csv";
const TODAY: &str = "today.csv";
const BUILDINGS: &str = "buildings.csv";
const RECEIPTS: &str = "receipts.csv";
/// Most rows of a list; above it only doors lent to the person.
const MOST: i64 = 20_000;
/// Doors that are done stay so long, so that a correction of a sent form finds its door.
const DONE_DAYS: i64 = 3;
/// Receipts are told so long.
const RECEIPT_DAYS: i64 = 14;
/// Ids that may be asked about at once.
const MOST_IDS: usize = 1_000;

/// Whether a file of that name is made here.
pub(super) fn is_own(name: &str) -> bool {
    [DOORS, TODAY, BUILDINGS, RECEIPTS].contains(&name)
}

/// `GET /odk/{key}/lists/{name}`: the present list.
pub async fn get(app: App, request: Request) -> Result<Response, Problem> {
    let caller = caller(&app, &request).await?;
    let (text, md5) = made(&app, &caller, request.param("name")).await?.ok_or_else(Problem::not_found)?;
    tagged(&request, &md5, "text/csv; charset=utf-8", text.as_bytes().to_vec())
}

/// The list of that name, with its MD5; `None` where there is no such list.
pub(super) async fn made(
    app: &App,
    caller: &Caller,
    name: &str,
) -> Result<Option<(Arc<str>, String)>, Problem> {
    let survey = app.survey(caller).await?;
    let text: Arc<str> = match name {
        DOORS => {
            let made = doors(app, caller, &survey).await?;
            return Ok(Some((made.text, made.md5)));
        }
        BUILDINGS => doors(app, caller, &survey).await?.buildings,
        TODAY => {
            let _place = app.odk.place().await;
            today(app, caller, &survey).await?.into()
        }
        RECEIPTS => receipts(app, caller, &survey).await?.into(),
        _ => return Ok(None),
    };
    let md5 = md5_hex(text.as_bytes());
    Ok(Some((text, md5)))
}

/// Whose list it is; done doors are counted from the beginning of a day on, so that a list changes by the clock once a day.
fn listed(app: &App, caller: &Caller, survey: &Survey) -> Listed {
    let calendar = &survey.rules.calendar;
    let since = app.now() - SignedDuration::from_hours(24 * DONE_DAYS);
    Listed {
        range: caller.range,
        user: caller.user.clone(),
        since: calendar.day_start(calendar.local_date(since)),
    }
}

async fn rows(app: &App, caller: &Caller, listed: &Listed) -> Result<Vec<ListRow>, Problem> {
    let store = app.store();
    let rows = store.list_of_doors(caller.key, listed, MOST + 1, false).await?;
    if i64::try_from(rows.len()).is_ok_and(|n| n <= MOST) {
        return Ok(rows);
    }
    Ok(store.list_of_doors(caller.key, listed, MOST, true).await?)
}

/// The doors of a person, made anew only where one of them changed.
async fn doors(app: &App, caller: &Caller, survey: &Survey) -> Result<Made, Problem> {
    let (listed, words) = (listed(app, caller, survey), Words::of(survey));
    let (n, mark, epoch) = app.store().list_mark(caller.key, &listed).await?;
    let mark = format!("{n} {mark} {epoch} {} {:?}", listed.since, words.language);
    if let Some(made) = app.odk.kept(caller.key, &caller.user, &mark) {
        return Ok(made);
    }
    let _place = app.odk.place().await;
    // Another phone of the person may have had it made meanwhile.
    if let Some(made) = app.odk.kept(caller.key, &caller.user, &mark) {
        return Ok(made);
    }
    let rows = rows(app, caller, &listed).await?;
    let text = csv(&HEAD, rows.iter().map(|row| door(row, &words).to_vec()))?;
    let buildings = buildings(&rows, &words)?.into();
    let made = Made { mark, md5: md5_hex(text.as_bytes()), text: text.into(), buildings };
    app.odk.keep(caller.key, &caller.user, made.clone());
    Ok(made)
}

const HEAD: [&str; 17] = [
    "name",
    "label",
    "__version",
    "geometry",
    "address",
    "building",
    "unit",
    "floor",
    "room",
    "state",
    "visits",
    "last",
    "last_at",
    "appointment",
    "unmet",
    "ask",
    "held",
];

/// How a list is written: in which language, by which clock.
struct Words<'a> {
    language: Language,
    zone: &'a TimeZone,
}

impl<'a> Words<'a> {
    fn of(survey: &'a Survey) -> Self {
        Self { language: survey.rules.policy.forms.language(), zone: &survey.rules.calendar.tz }
    }

    fn local(&self, at: Timestamp, format: &str) -> String {
        at.to_zoned(self.zone.clone()).strftime(format).to_string()
    }

    fn area<'r>(&self, row: &'r ListRow) -> &'r str {
        if self.language == Language::Zh { &row.area.1 } else { &row.area.0 }
    }
}

/// What is to be asked for: somebody else, where the attempts are used up.
fn ask(row: &ListRow) -> String {
    if row.case.state == State::Exhausted { "proxy".to_owned() } else { String::new() }
}

/// The id under which a case stands in the list.
fn entity(row: &ListRow) -> Uuid {
    row.own_id.unwrap_or_else(|| entity_of_case(row.case.id.0).unwrap_or(row.case.id.0))
}

fn door(row: &ListRow, words: &Words<'_>) -> [String; 17] {
    let c = &row.case;
    let floor = c.floor.map(|floor| floor.to_string()).unwrap_or_default();
    let unmet: Vec<&str> = c.unmet.parts().iter().map(|part| part.slug()).collect();
    [
        entity(row).to_string(),
        label(row, words),
        row.version.to_string(),
        c.position.map(|(lon, lat)| format!("{lat} {lon} 0 0")).unwrap_or_default(),
        format!("{} {}", words.area(row), place(c)),
        c.building.clone(),
        c.unit.clone(),
        floor,
        c.room.clone(),
        c.state.slug().to_owned(),
        c.visits.to_string(),
        c.last_outcome.map(|outcome| outcome.slug().to_owned()).unwrap_or_default(),
        c.last_at.map(|at| words.local(at, "%Y-%m-%d %H:%M")).unwrap_or_default(),
        c.appointment.map(|a| words.local(a.0, "%Y-%m-%dT%H:%M:%S%:z")).unwrap_or_default(),
        unmet.join(" "),
        ask(row),
        row.held.to_string(),
    ]
}

/// `2-301 ↻2 约11-05 19:00`: the door, the sign of its state, what was tried, when to come.
fn label(row: &ListRow, words: &Words<'_>) -> String {
    let (c, is_zh) = (&row.case, words.language == Language::Zh);
    let sign = match c.state {
        State::Completed => "✓",
        State::InProgress | State::Partial | State::Proxy => "↻",
        State::Refused => "✕",
        State::Exhausted => "!",
        State::Closed => "■",
        State::Verify => "?",
        State::NotEligible | State::Merged | State::Cancelled => "–",
        State::New | State::Appointment => "",
    };
    let mut parts = vec![short_place(c)];
    let tried =
        if c.visits > 0 && c.state != State::Completed { c.visits.to_string() } else { String::new() };
    if !sign.is_empty() || !tried.is_empty() {
        let sign = if sign.is_empty() { "↻" } else { sign };
        parts.push(format!("{sign}{tried}"));
    }
    if let Some((from, _)) = c.appointment.filter(|_| c.state == State::Appointment) {
        let at = words.local(from, "%m-%d %H:%M");
        parts.push(if is_zh { format!("约{at}") } else { format!("at {at}") });
    }
    if row.held > 0 {
        parts.push(if is_zh { format!("待核{}", row.held) } else { format!("held {}", row.held) });
    }
    parts.join(" ")
}

fn buildings(rows: &[ListRow], words: &Words<'_>) -> Result<String, Problem> {
    let mut all: BTreeMap<(u64, String), BTreeSet<&str>> = BTreeMap::new();
    for row in rows {
        all.entry(crate::report::natural(&row.case.building)).or_default().insert(words.area(row));
    }
    let lines = all.into_iter().map(|((_, building), areas)| {
        let areas: Vec<&str> = areas.into_iter().collect();
        let label = format!("{} {building}", areas.join(" / "));
        vec![building, label]
    });
    csv(&["name", "label"], lines)
}

/// Today's walk, of doors that stand in the person's list.
async fn today(app: &App, caller: &Caller, survey: &Arc<Survey>) -> Result<String, Problem> {
    let now = app.now();
    let on = survey.rules.calendar.local_date(now);
    let rows = rows(app, caller, &listed(app, caller, survey)).await?;
    let labels: HashMap<CaseId, &ListRow> = rows.iter().map(|row| (row.case.id, row)).collect();
    let area = reach::area_by_code(app, caller, caller.area.clone()).await?;
    let question = Question { area, on, now, hours: HashMap::new() };
    let plan = compute(ready(app, Arc::clone(survey), question).await?, Ready::plan).await?;
    let words = Words::of(survey);
    let own = plan.enumerators.iter().filter(|sheet| sheet.user == caller.user);
    let stops =
        own.flat_map(|sheet| &sheet.stops).filter_map(|stop| Some((stop, *labels.get(&stop.case_id)?)));
    let time = |at: Option<Timestamp>| at.map(|at| words.local(at, "%H:%M")).unwrap_or_default();
    let lines = stops.map(|(stop, row)| {
        vec![
            entity(row).to_string(),
            label(row, &words),
            time(stop.from),
            time(stop.to),
            stop.action.to_owned(),
            ask(row),
        ]
    });
    csv(&["name", "label", "due_from", "due_to", "action", "ask"], lines)
}

/// What of the person's forms waits or was refused, with the reason in words.
async fn receipts(app: &App, caller: &Caller, survey: &Survey) -> Result<String, Problem> {
    let since = app.now() - SignedDuration::from_hours(24 * RECEIPT_DAYS);
    let all = app.store().filled_since(caller.key, &caller.user, since).await?;
    let stood: Vec<_> = all.iter().map(|f| f.stood.clone()).collect();
    let parts = filled::Parts::of(app.store().parts_now(caller.key, &filled::part_ids(&stood)).await?);
    let cases: Vec<CaseId> = all.iter().filter_map(|f| f.case_id).collect();
    let known = app.store().cases(caller.key, &cases).await?;
    let reach = caller.reach();
    let doors: HashMap<CaseId, String> =
        known.iter().filter(|c| reach.knows(*c)).map(|c| (c.id, place(c))).collect();
    let written = Words::of(survey);
    let mut lines = Vec::new();
    for f in &all {
        let now = filled::now(&f.stood, &parts);
        let Some(reason) = now.reason.as_deref() else { continue };
        let words = Reason::from_slug(reason).map_or(reason, |known| match written.language {
            Language::Zh => known.sentence_zh(),
            Language::En => known.sentence(),
        });
        let door = f.case_id.and_then(|id| doors.get(&id).cloned()).unwrap_or_default();
        let at = written.local(f.at, "%m-%d %H:%M");
        lines.push(vec![
            f.stood.id.to_string(),
            format!("{door} {at} {words}").trim().to_owned(),
            at,
            f.form.clone(),
            door,
            words.to_owned(),
        ]);
    }
    csv(&["name", "label", "at", "form", "door", "reason"], lines.into_iter())
}

/// `GET /odk/{key}/lists/doors/integrity?id=a,b`: which of these ids are known and not listed any more.
pub async fn integrity(app: App, request: Request) -> Result<Response, Problem> {
    let caller = caller(&app, &request).await?;
    // A thousand ids are longer than any other parameter may be.
    let mut pairs = form_urlencoded::parse(request.query.as_bytes());
    let named = pairs.find(|(name, _)| name == "id").map(|(_, value)| value).unwrap_or_default();
    let ids: Vec<&str> = named.split(',').map(str::trim).filter(|id| !id.is_empty()).collect();
    if ids.len() > MOST_IDS {
        return Err(Problem::new(&kind::BAD_REQUEST, "At most 1,000 ids can be asked about at once.")
            .in_chinese("一次最多查询 1000 个编号。"));
    }
    let known: Vec<Uuid> = ids.iter().filter_map(|id| Uuid::try_parse(id).ok()).collect();
    let turned: Vec<Uuid> = known.iter().map(|id| case_of_entity(*id).unwrap_or(*id)).collect();
    let survey = app.survey(&caller).await?;
    let listed: HashSet<String> = {
        let made = doors(&app, &caller, &survey).await?;
        made.text.lines().skip(1).filter_map(|line| line.split(',').next()).map(str::to_owned).collect()
    };
    let found = app.store().cases_of_list_ids(caller.key, &known, &turned).await?;
    let ours: HashSet<Uuid> = found.iter().map(|f| f.0).collect();
    let mut body = String::new();
    for id in ids {
        let uuid = Uuid::try_parse(id).ok();
        let is_listed = uuid.is_some_and(|uuid| listed.contains(&uuid.to_string()));
        let is_gone = !is_listed && uuid.is_some_and(|uuid| ours.contains(&uuid));
        let id = xml_text(id);
        let _ = write!(body, "<entity id=\"{id}\"><deleted>{is_gone}</deleted></entity>");
    }
    Ok(document(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<data><entities>{body}</entities></data>\n"
    )))
}

fn csv(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Result<String, Problem> {
    let internal = || Problem::plain(&kind::INTERNAL);
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(head).map_err(|_| internal())?;
    for row in rows {
        writer.write_record(&row).map_err(|_| internal())?;
    }
    String::from_utf8(writer.into_inner().map_err(|_| internal())?).map_err(|_| internal())
}
