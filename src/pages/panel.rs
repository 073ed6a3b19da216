//! One door in short, beside the grid of its building: what comes next and why, who holds it, the visits so far.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::look::Look;
use super::visitor::Visitor;
use super::words::Words;
use crate::domain::{Action, CaseId, Next, Window, due};
use crate::net::problem::Problem;
use crate::store::Disclosure;
use crate::store::case::CaseRow;
use crate::visits::history::{History, Reader, VisitView, history};
use crate::visits::standings_of;

/// The two clocks are both shown when they differ by more than this.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_mins(10);

/// A door in short.
pub struct Panel {
    /// The case.
    pub id: CaseId,
    /// Unit and door.
    pub title: String,
    /// Look of the state.
    pub look: Look,
    /// The state's own name.
    pub state: String,
    /// Number of visits in words.
    pub visits: String,
    /// What comes next.
    pub next: String,
    /// Why the door stands so.
    pub why: String,
    /// Who holds it until when.
    pub holder: Option<String>,
    /// The latest visits, newest first.
    pub latest: Vec<VisitLine>,
}

/// A visit in one line.
pub struct VisitLine {
    /// Its id.
    pub id: Uuid,
    /// When it happened.
    pub time: String,
    /// The same for programs.
    pub machine: String,
    /// What came of it.
    pub outcome: String,
    /// Who knocked.
    pub who: String,
    /// When we knew, where that is much later or earlier.
    pub received: Option<String>,
    /// The note, if there is one.
    pub note: Option<String>,
    /// Whether it was taken out.
    pub is_voided: bool,
    /// Whether it counts as an attempt.
    pub is_counted: bool,
    /// Channel, informant, place: what is not usual.
    pub remarks: Vec<String>,
}

/// Names of the people of the own area, by user.
pub async fn names(v: &Visitor) -> Result<BTreeMap<String, String>, Problem> {
    let staff = v.app.store().staff(v.caller.key, v.caller.range).await?;
    Ok(staff.into_iter().map(|s| (s.user, s.name)).collect())
}

/// A person by name, else by user.
pub fn named<'a>(names: &'a BTreeMap<String, String>, user: &'a str) -> &'a str {
    names.get(user).map_or(user, String::as_str)
}

/// The door of `row` in short.
pub async fn panel(v: &Visitor, row: &CaseRow) -> Result<Panel, Problem> {
    let witness = v.witness(Disclosure::Case { id: row.id, area: row.area.clone() }).await?;
    let h = history(v.app.store(), &witness, &v.survey, row, &Reader::Supervisor, v.now, &v.app.ingest.keys)
        .await?;
    let names = names(v).await?;
    let standing = standings_of(v.app.store(), &v.survey, std::slice::from_ref(row)).await?.remove(&row.id);
    let window = standing.and_then(|s| due(&s, &v.survey.rules, v.now).window);
    let look = Look::of(h.door.state);
    Ok(Panel {
        id: row.id,
        title: title(v.words, row),
        look,
        state: h.door.state.label(v.words.0).to_owned(),
        visits: v.words.count("door.visits", i64::from(row.visits), &[]),
        next: next_words(v, &h.next, window),
        why: v.words.pick(h.why.clone(), h.why_zh.clone()),
        holder: holder(v, &h, &names),
        latest: h.visit_list.iter().rev().take(4).map(|visit| visit_line(v, visit, &names)).collect(),
    })
}

/// Unit and door.
pub fn title(words: Words, row: &CaseRow) -> String {
    let room = if row.household > 1 { format!("{} #{}", row.room, row.household) } else { row.room.clone() };
    if row.unit.is_empty() {
        words.say("door.title_plain", &[("room", &room)])
    } else {
        words.say("door.title", &[("unit", &row.unit), ("room", &room)])
    }
}

/// What comes next, with its time where there is one.
pub fn next_words(v: &Visitor, next: &Next, window: Option<Window>) -> String {
    let action = next.action.label(v.words.0);
    if next.action == Action::None {
        return v.words.t("next.nothing").to_owned();
    }
    let agreed = next.from.zip(next.to).map(|(from, to)| Window { from, to });
    match agreed.or(window) {
        Some(w) => v.words.say("next.at", &[("window", &v.when().window(w)), ("action", &action)]),
        None => action.to_owned(),
    }
}

/// Who holds the door, until when.
pub fn holder(v: &Visitor, h: &History, names: &BTreeMap<String, String>) -> Option<String> {
    let user = h.door.holder.as_deref()?;
    let name = named(names, user);
    let until = h.assignments.iter().rev().find(|a| a.ended_at.is_none()).and_then(|a| a.until);
    Some(match until {
        Some(until) => v.words.say("door.holder_until", &[("name", &name), ("time", &v.when().full(until))]),
        None => name.to_owned(),
    })
}

/// When the server knew, where the clocks differ by more than ten minutes.
pub fn received(v: &Visitor, at: Timestamp, received_at: Timestamp) -> Option<String> {
    let apart = received_at.duration_since(at).abs() > CLOCKS_DIFFER;
    apart.then(|| v.words.say("when.received", &[("time", &v.when().full(received_at))]))
}

/// A visit in one line.
pub fn visit_line(v: &Visitor, visit: &VisitView, names: &BTreeMap<String, String>) -> VisitLine {
    let mut remarks = Vec::new();
    if visit.channel != crate::domain::Channel::InPerson {
        remarks.push(visit.channel.label(v.words.0).to_owned());
    }
    if visit.informant != crate::domain::Informant::None {
        remarks.push(v.words.say("visit.informant", &[("who", &visit.informant.label(v.words.0))]));
    }
    if let Some(window) = visit.appointment {
        remarks.push(v.words.say("visit.agreed", &[("window", &v.when().window(window))]));
    }
    if let Some(d) = visit.distance.filter(|d| matches!(d.verdict, Some("far" | "very_far"))) {
        remarks.push(v.words.say("visit.far", &[("metres", &d.metres.round())]));
    }
    VisitLine {
        id: visit.id,
        time: v.when().full(visit.event_at),
        machine: v.when().machine(visit.event_at),
        outcome: visit.outcome.label(v.words.0).to_owned(),
        who: named(names, &visit.enumerator).to_owned(),
        received: received(v, visit.event_at, visit.received_at),
        note: visit.note.clone(),
        is_voided: visit.voided,
        is_counted: visit.counted,
        remarks,
    }
}
