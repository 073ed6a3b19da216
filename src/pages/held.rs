//! Held records: what waits, why, from whom, since when, what would free it; and the decision about one.

use std::collections::HashMap;

use askama::Template;
use jiff::Timestamp;
use uuid::Uuid;

use super::assign::until;
use super::doors::lines;
use super::form::{Form, fault};
use super::frame::{Frame, Tab};
use super::overview::crumbs;
use super::panel::{named, names};
use super::visitor::{Answer, Visitor};
use super::words::Words;
use crate::app::reach;
use crate::domain::form::FormReason as Finding;
use crate::domain::{CaseId, Language};
use crate::ingest::held::{Corrected, Ruling, Verdict};
use crate::ingest::reason::Reason;
use crate::ingest::record;
use crate::net::answer::to_the_end;
use crate::net::problem::Problem;
use crate::store::batch::RecordKind;
use crate::store::case::CaseRow;
use crate::store::survey::Areas;

/// Most records on the page.
const MOST: i64 = 200;

#[derive(Template)]
#[template(path = "held.html")]
struct Page {
    f: Frame,
    area_name: String,
    crumbs: Vec<(String, String)>,
    found: String,
    groups: Vec<Group>,
    undo: Option<Uuid>,
}

/// Records held for one reason, of one person's phone.
struct Group {
    sentence: &'static str,
    who: String,
    count: i64,
    /// Whether its records have a time that can be put right.
    is_timed: bool,
    /// Whether accepting them all at once can make sense.
    is_acceptable: bool,
    items: Vec<Item>,
}

struct Item {
    id: Uuid,
    revision: i32,
    kind: &'static str,
    sentence: &'static str,
    detail: Option<(String, bool)>,
    who: String,
    since: String,
    since_machine: String,
    ago: String,
    at: Option<String>,
    /// The same for a form's field.
    at_field: String,
    /// As the device wrote it, where its offset is another one.
    written: Option<String>,
    /// What the device's clock said when it sent the record.
    clock: Option<String>,
    version: i64,
    reason: String,
    device: Uuid,
    is_timed: bool,
    freed_by: &'static str,
    case: Option<(CaseId, String)>,
    /// The case of the door it looks like, with its address.
    looks_like: Option<(CaseId, String)>,
}

/// `GET /held?area=`: oldest first. Problems: `not-found`.
pub async fn show(v: Visitor) -> Answer {
    let query = v.query()?;
    let area = v.area(&query).await?;
    let store = v.app.store();
    let rows = store.list_held(v.caller.key, area.range, (Timestamp::UNIX_EPOCH, Uuid::nil()), MOST).await?;
    let total = store.count_held(v.caller.key, area.range).await?;
    let people = names(&v).await?;
    // Of the cases named, those that exist in reach can be opened.
    let ids: Vec<CaseId> = rows.iter().filter_map(|r| r.case_id).collect();
    let known = store.cases(v.caller.key, &ids).await?;
    let alike = reach::resembled(&v.app, &v.caller, &rows).await?;
    let near: Vec<CaseRow> = known.into_iter().filter(|c| v.caller.reach().sees(c)).collect();
    let near: Vec<CaseRow> = near.into_iter().chain(alike.values().cloned()).collect();
    let addresses: HashMap<CaseId, String> =
        lines(&v, &near).await?.into_iter().map(|line| (line.id, line.address)).collect();
    let items: Vec<Item> = rows
        .iter()
        .map(|row| {
            let reason = Reason::from_slug(&row.reason);
            let (frees, frees_zh) = Reason::freed_by(reason);
            Item {
                id: row.id,
                revision: row.revision,
                kind: match row.kind {
                    RecordKind::Visit => "held.visit",
                    RecordKind::Interview => "held.interview",
                    // A reading is never held.
                    RecordKind::Dwelling | RecordKind::MessageRead => "held.dwelling",
                    RecordKind::Submission => "held.submission",
                    RecordKind::Answers => "held.answers",
                },
                sentence: reason.map_or("", |r| v.words.pick(r.sentence(), r.sentence_zh())),
                detail: row.detail.as_deref().map(|d| detail(v.words, d)),
                who: named(&people, &row.enumerator).to_owned(),
                since: v.when().full(row.received_at),
                since_machine: v.when().machine(row.received_at),
                ago: v.when().ago(row.received_at, v.now),
                at: row.at.map(|at| v.when().full(at)),
                at_field: row.at.map(|at| v.when().field(at)).unwrap_or_default(),
                written: row.at.zip(row.at_offset_min).and_then(|(at, min)| v.when().as_written(at, min)),
                clock: row.clock_offset_s.map(|s| clock_then(&v, s)),
                version: row.version,
                reason: row.reason.clone(),
                device: row.device_id,
                is_timed: matches!(row.kind, RecordKind::Visit | RecordKind::Interview),
                freed_by: v.words.pick(frees, frees_zh),
                case: row.case_id.and_then(|id| Some((id, addresses.get(&id)?.clone()))),
                looks_like: row
                    .looks_like
                    .and_then(|door| alike.get(&door))
                    .and_then(|c| Some((c.id, addresses.get(&c.id)?.clone()))),
            }
        })
        .collect();
    let above = store.areas(v.caller.key, Areas::Above(area.range.lo)).await?;
    let mut f = v.frame(Tab::Held, v.words.t("held.title")).await?;
    if area.range == v.caller.range {
        f.waiting.held = total;
    }
    let page = Page {
        f,
        crumbs: crumbs(&v, &above, &area),
        area_name: v.name_of(&area),
        found: v.words.count("held.found", total, &[]),
        groups: groups(items),
        undo: query.uuid("call")?.filter(|_| query.text("done") == Some("held_many")),
    };
    v.show(&page)
}

/// Items of one reason and one phone together, in the order of their oldest.
fn groups(items: Vec<Item>) -> Vec<Group> {
    let mut all: Vec<Group> = Vec::new();
    for item in items {
        let is_same = |g: &&mut Group| {
            g.items.first().is_some_and(|i| i.reason == item.reason && i.device == item.device)
        };
        if let Some(group) = all.iter_mut().find(is_same) {
            group.count += 1;
            group.is_timed &= item.is_timed;
            group.items.push(item);
        } else {
            all.push(Group {
                sentence: item.sentence,
                who: item.who.clone(),
                count: 1,
                is_timed: item.is_timed,
                is_acceptable: item.reason != Reason::FormError.slug(),
                items: vec![item],
            });
        }
    }
    all
}

/// What the phone's clock showed against ours when it sent a record.
fn clock_then(v: &Visitor, seconds: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "minutes of a clock's error")]
    let minutes = (seconds / 60.0).round() as i64;
    match minutes {
        0 => v.words.t("held.clock_right").to_owned(),
        1.. => v.words.count("held.clock_fast", minutes, &[]),
        ..0 => v.words.count("held.clock_slow", -minutes, &[]),
    }
}

/// What exactly is wrong, in the reader's language where it is one of our own sentences, and whether it is English. The place
/// in the batch says nothing to a supervisor and is left out.
fn detail(words: Words, detail: &str) -> (String, bool) {
    let sentence = detail.split_once(" (/records/").map_or(detail, |(sentence, _)| sentence);
    let known = match sentence {
        record::IN_FUTURE => Some(words.t("held.detail_future")),
        record::BEFORE_SURVEY => Some(words.t("held.detail_early")),
        other => Finding::ALL.iter().find(|f| f.label(Language::En) == other).map(|f| f.label(words.0)),
    };
    known.map_or_else(|| (sentence.to_owned(), true), |text| (text.to_owned(), false))
}

/// `POST /held/{id}/decision`: `accept` (at the door `case`, where that is another), `same` (it is the door `like`) or `refuse`, with
/// a note.
/// Problems: `body-not-valid`, `not-found`, `not-possible-now`, `form-expired`.
pub async fn submit(v: Visitor, form: Form) -> Answer {
    let id = v.request.param_uuid("id")?;
    let case = match form.text("case") {
        None if form.text("decision") == Some("same") => Some(form.uuid("like")?.into()),
        None => None,
        Some(text) => {
            let last = text.split(['?', '#']).next().unwrap_or("").trim_end_matches('/').rsplit('/').next();
            let id = last.and_then(crate::net::query::uuid).map(CaseId);
            Some(id.ok_or_else(|| fault("case", "must be the door's number or page address"))?)
        }
    };
    let (verdict, done) = match form.text("decision") {
        Some("accept" | "same") => (Verdict::Accept { case }, "held_accepted"),
        Some("refuse") => (Verdict::Refuse, "held_refused"),
        _ => return Err(fault("decision", "must be accept or refuse")),
    };
    let revision = form.text("revision").and_then(|n| n.parse().ok()).filter(|n: &i32| *n > 0);
    // A time left as it was is not corrected.
    let is_changed = form.text("at").is_some_and(|at| form.text("at_was") != Some(at));
    let time = until(&v, form.text("at").filter(|_| is_changed && verdict != Verdict::Refuse))?;
    let version = form.text("version").and_then(|n| n.parse().ok());
    let note = form.required("note", 2_000)?;
    let ruling =
        Ruling { revision, version, time: time.map(Corrected::At), ..Ruling::new(id, verdict, note) };
    let (app, caller, now) = (v.app.clone(), v.caller.clone(), v.now);
    to_the_end(async move { Ok::<_, Problem>(app.ingest.decide_held(&caller, ruling, now).await?) }).await?;
    v.app.pages.forget();
    v.go(&format!("/held?done={done}"))
}
