//! One door with its whole history, and what a supervisor may decide about it.

use askama::Template;
use jiff::Timestamp;
use uuid::Uuid;

use super::assign::{Person, people};
use super::decide::{Offer, offers};
use super::frame::{Frame, Tab, quoted};
use super::look::{Look, sign_of};
use super::overview::crumbs;
use super::panel::{holder, named, names, next_words, received, title, visit_line};
use super::visitor::{Answer, Visitor};
use crate::app::reach;
use crate::domain::{CaseId, State, due};
use crate::ingest::reason::Reason;
use crate::net::problem::Problem;
use crate::store::Disclosure;
use crate::store::case::OtherWriting;
use crate::store::survey::Areas;
use crate::visits::history::{DecisionView, HeldView, History, InterviewView, Reader, history};
use crate::visits::standings_of;

#[derive(Template)]
#[template(path = "case.html")]
struct Page {
    f: Frame,
    id: CaseId,
    title: String,
    crumbs: Vec<(String, String)>,
    look: Look,
    sign: Option<&'static str>,
    state: String,
    why: String,
    next: String,
    holder: Option<String>,
    counted: String,
    untried: Vec<String>,
    flags: Vec<String>,
    external_id: Option<String>,
    building_name: Option<String>,
    other_writings: Vec<String>,
    merged_into: Option<CaseId>,
    building: Uuid,
    events: Vec<Event>,
    offers: Vec<Offer>,
    people: Vec<Person>,
    until: String,
    undo: Option<(&'static str, Option<String>)>,
    is_open: bool,
}

/// One entry of the timeline.
struct Event {
    at: Timestamp,
    time: String,
    machine: String,
    kind: &'static str,
    what: String,
    who: String,
    received: Option<String>,
    remarks: Vec<String>,
    note: Option<String>,
    people: Vec<PersonLine>,
    /// A decision that this entry may be undone by: word and the id of a visit.
    can: Option<(&'static str, Uuid, i32)>,
    is_struck: bool,
}

struct PersonLine {
    name: String,
    what: String,
}

/// `GET /cases/{id}`: one door. Problems: `not-found`.
pub async fn show(v: Visitor) -> Answer {
    let row = reach::case(&v.app, &v.caller, v.request.param_uuid("id")?.into()).await?;
    let id = row.id;
    let store = v.app.store();
    let witness = v.witness(Disclosure::Case { id, area: row.area.clone() }).await?;
    let h = history(store, &witness, &v.survey, &row, &Reader::Supervisor, v.now, &v.app.ingest.keys).await?;
    let above = store.areas(v.caller.key, Areas::Above(row.area_no)).await?;
    let area = above.last().cloned().ok_or_else(Problem::not_found)?;
    let building = v.words.building_in(&v.name_of(&area), &row.building);
    let mut path = crumbs(&v, &above, &area);
    path.push((format!("/areas/{}", quoted(&area.code)), v.name_of(&area)));
    path.push((format!("/buildings/{}?door={id}", row.building_id), v.words.building(&row.building)));
    let heading = v.words.say("case.title", &[("building", &building), ("door", &title(v.words, &row))]);
    let standing = standings_of(store, &v.survey, std::slice::from_ref(&row)).await?.remove(&id);
    let window = standing.as_ref().and_then(|s| due(s, &v.survey.rules, v.now).window);
    let names = names(&v).await?;
    let lease = jiff::SignedDuration::from_hours(i64::from(v.survey.rules.policy.lease.hours));
    let state = h.door.state;
    let page = Page {
        f: v.frame(Tab::Areas, heading.clone()).await?,
        id,
        title: heading,
        crumbs: path,
        look: Look::of(state),
        sign: sign_of(state, v.words),
        state: state.label(v.words.0).to_owned(),
        why: v.words.pick(h.why.clone(), h.why_zh.clone()),
        next: next_words(&v, &h.next, window),
        holder: holder(&v, &h, &names),
        counted: v.words.count(
            "case.counted",
            i64::from(h.counted.attempts),
            &[("days", &v.words.count("when.days", i64::from(h.counted.days), &[]))],
        ),
        untried: h.untried.iter().map(|slug| cell_words(&v, slug)).collect(),
        flags: h.flags.iter().map(|f| f.label(v.words.0).to_owned()).collect(),
        external_id: row.external_id.clone(),
        building_name: h.building_name.clone(),
        other_writings: h.other_writings.iter().map(|w| other_writing(w, &row.area)).collect(),
        merged_into: row.merged_into,
        building: row.building_id,
        events: events(&v, &h, &names),
        offers: offers(state, v.words),
        people: people(&v, &area).await?,
        until: v.when().field(v.now + lease),
        undo: undo(&v, state)?,
        is_open: state.is_open(),
    };
    v.show(&page)
}

/// Another writing of a door in one line, with the area's code where that is another one.
fn other_writing(w: &OtherWriting, area: &str) -> String {
    let own = [w.building.as_str(), &w.unit, &w.room];
    let line = own.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
    if w.area == area { line } else { format!("{} {line}", w.area) }
}

/// A cell of the week in words.
pub fn cell_words(v: &Visitor, slug: &str) -> String {
    let (day, band) = slug.split_once('-').unwrap_or(("", slug));
    let (day_key, band_key) = (format!("cell.{day}"), format!("band.{band}"));
    let band_words = v.words.t(&band_key);
    let band_words = if band_words == band_key { band } else { band_words };
    v.words.say("cell.words", &[("day", &v.words.t(&day_key)), ("band", &band_words)])
}

/// What takes the decision back that was just made, while it stands.
fn undo(v: &Visitor, state: State) -> Result<Option<(&'static str, Option<String>)>, Problem> {
    let query = v.query()?;
    let visit = query.text("visit").map(str::to_owned);
    Ok(match query.text("done") {
        Some("close") if state == State::Closed => Some(("reopen", None)),
        Some("cancel") if state == State::Cancelled => Some(("uncancel", None)),
        Some("uncancel") if state != State::Cancelled => Some(("cancel", None)),
        Some("merge") if state == State::Merged => Some(("unmerge", None)),
        Some("void") if visit.is_some() => Some(("unvoid", visit)),
        Some("unvoid") if visit.is_some() => Some(("void", visit)),
        _ => None,
    })
}

fn events(v: &Visitor, h: &History, names: &std::collections::BTreeMap<String, String>) -> Vec<Event> {
    let mut all = Vec::new();
    for visit in &h.visit_list {
        let line = visit_line(v, visit, names);
        let mut remarks = line.remarks;
        if line.is_counted {
            remarks.push(v.words.t("visit.counted").to_owned());
        }
        if line.is_voided {
            remarks.push(v.words.t("visit.voided").to_owned());
        }
        all.push(Event {
            at: visit.event_at,
            time: line.time,
            machine: line.machine,
            kind: "visit",
            what: line.outcome,
            who: line.who,
            received: line.received,
            remarks,
            note: line.note,
            people: Vec::new(),
            can: Some((if line.is_voided { "unvoid" } else { "void" }, visit.id, 0)),
            is_struck: line.is_voided,
        });
    }
    all.extend(h.interviews.iter().map(|i| interview(v, i, names)));
    for a in &h.assignments {
        let (name, by) = (named(names, &a.enumerator).to_owned(), named(names, &a.assigned_by).to_owned());
        let until = a.until.map(|u| v.words.say("case.until", &[("time", &v.when().full(u))]));
        all.push(plain(
            v,
            a.assigned_at,
            "assignment",
            v.words.say("case.assigned", &[("name", &name)]),
            by,
            until,
        ));
        if let (Some(at), Some(reason)) = (a.ended_at, a.end_reason.as_deref()) {
            let key = format!("end.{reason}");
            let what = v.words.say("case.assignment_ended", &[("name", &name), ("reason", &v.words.t(&key))]);
            all.push(plain(v, at, "assignment", what, String::new(), None));
        }
    }
    all.extend(h.decisions.iter().map(|d| decision(v, d, names)));
    all.extend(h.held_decisions.iter().map(|d| ruled(v, h, d, names)));
    all.sort_by_key(|e| std::cmp::Reverse(e.at));
    all
}

fn plain(
    v: &Visitor,
    at: Timestamp,
    kind: &'static str,
    what: String,
    who: String,
    remark: Option<String>,
) -> Event {
    Event {
        at,
        time: v.when().full(at),
        machine: v.when().machine(at),
        kind,
        what,
        who,
        received: None,
        remarks: remark.into_iter().collect(),
        note: None,
        people: Vec::new(),
        can: None,
        is_struck: false,
    }
}

fn interview(v: &Visitor, i: &InterviewView, names: &std::collections::BTreeMap<String, String>) -> Event {
    let at = i.at.parse().unwrap_or(i.received_at);
    let result = i.result.label(v.words.0);
    let n = i64::try_from(i.n_persons).unwrap_or_default();
    let mut remarks = vec![
        v.words.say("case.revision", &[("n", &i.revision)]),
        v.words.say("case.respondent", &[("who", &i.respondent.label(v.words.0))]),
    ];
    if i.counted_elsewhere {
        remarks.push(v.words.t("case.counted_elsewhere").to_owned());
    } else if !i.current {
        remarks.push(v.words.t("case.not_in_force").to_owned());
    }
    let what = v.words.count("case.interview", n, &[("result", &result)]);
    let mut event = plain(v, at, "interview", what, named(names, &i.enumerator).to_owned(), None);
    event.received = received(v, at, i.received_at);
    event.remarks = remarks;
    event.people = i.persons.iter().map(|p| person(v, p)).collect();
    event.can = i.current.then_some(("reject_interview", i.id, i.revision));
    event
}

fn person(v: &Visitor, p: &crate::visits::history::PersonView) -> PersonLine {
    let mut what: Vec<String> = Vec::new();
    what.extend(p.relationship.map(|r| r.label(v.words.0).to_owned()));
    what.extend(p.sex.map(|s| s.label(v.words.0).to_owned()));
    let birth: Vec<String> =
        [p.birth.y, p.birth.m].into_iter().flatten().map(|n| format!("{n:02}")).collect();
    if !birth.is_empty() {
        what.push(birth.join("-"));
    }
    what.extend(p.residence_status.map(|r| r.label(v.words.0).to_owned()));
    let key = format!("id.{}", p.citizen_id);
    what.push(v.words.t(&key).to_owned());
    PersonLine { name: p.name.clone(), what: what.join(" · ") }
}

/// What somebody decided about a record that was held: why it was, and the time it had.
fn ruled(
    v: &Visitor,
    h: &History,
    d: &HeldView,
    names: &std::collections::BTreeMap<String, String>,
) -> Event {
    let is_visit = h.visit_list.iter().any(|visit| visit.id == d.record);
    let record = v.words.t(if is_visit { "held.visit" } else { "held.interview" });
    let key = format!("case.held.{}", d.decision);
    let what = v.words.say(&key, &[("record", &record)]);
    let mut event = plain(v, d.at, "decision", what, named(names, &d.by).to_owned(), None);
    let reason = d.reason.as_deref().and_then(Reason::from_slug);
    event.remarks.extend(reason.map(|r| v.words.pick(r.sentence(), r.sentence_zh()).to_owned()));
    let now_at = h.visit_list.iter().find(|x| x.id == d.record).map(|x| x.event_at);
    if let Some(was) = d.was_at.filter(|was| now_at.is_some_and(|now| now != *was)) {
        event.remarks.push(v.words.say("case.held_sent_at", &[("time", &v.when().full(was))]));
    }
    event.note = Some(d.note.clone()).filter(|note| !note.is_empty());
    event
}

fn decision(v: &Visitor, d: &DecisionView, names: &std::collections::BTreeMap<String, String>) -> Event {
    let word = d
        .detail
        .get("decision")
        .or_else(|| d.detail.get("kind"))
        .and_then(|k| k.as_str())
        .unwrap_or("decision");
    let key = format!("decision.{word}");
    let mut event =
        plain(v, d.at, "decision", v.words.t(&key).to_owned(), named(names, &d.by).to_owned(), None);
    event.note = Some(d.reason.clone());
    if !d.unmet.is_empty() && word == "close" {
        let parts: Vec<&str> = d.unmet.iter().map(|p| p.label(v.words.0)).collect();
        event.remarks.push(v.words.say("case.unmet", &[("parts", &parts.join(v.words.pick(", ", "、")))]));
    }
    event
}
