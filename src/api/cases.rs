//! Doors: lists, one door's history, supervisors' decisions.

use crate::net::answer::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use uuid::Uuid;

use crate::app::App;
use crate::app::{auth, reach};
use crate::domain::{CaseId, Class, Confirmed, DecisionKind, InterviewId, Language, State, VisitId, why};
use crate::ingest::decide;
use crate::net::answer::{self, to_the_end};
use crate::net::body::FORM_LIMIT;
use crate::net::json::{self as body, Form};
use crate::net::problem::Problem;
use crate::net::query::Query;
use crate::net::request::Request;
use crate::store::Disclosure;
use crate::store::case::{CasePlace, CaseRow};
use crate::visits::door::doors;
use crate::visits::history::{Reader, history};

/// `GET /v1/cases?area=&state=&after=&limit=`: doors by area and building, in pages. A device's enumerator also sees the doors
/// lent from outside the own area, after the others. Problems: `bad-parameter`, `not-found`.
pub async fn list(app: App, request: Request) -> Result<Response, Problem> {
    let caller = auth::caller(&app, &request).await?;
    let query = request.query()?;
    let limit = i64::from(query.limit(100, 1000)?);
    let states = states(&query)?;
    let after = query.parsed("after", "must be one that this service gave out", parse_after)?;
    let area = reach::area(&app, &caller, &query).await?;
    let is_own = area.code == caller.area;
    let survey = app.survey(&caller).await?;
    let mut rows: Vec<CaseRow> = Vec::new();
    if !matches!(after, Some(After::Lent(_))) {
        let from = match after {
            Some(After::Own(place)) => place,
            Some(After::Lent(_)) | None => CasePlace::START,
        };
        rows = app.store().list_cases(caller.key, area.range, states.clone(), from, limit).await?;
    }
    let mut next = full_page(&rows, limit, |r| After::Own(CasePlace::of(r)));
    if next.is_none() && is_own && caller.device.is_some() {
        let from = match after {
            Some(After::Lent(id)) => id,
            Some(After::Own(_)) | None => Uuid::nil(),
        };
        let room = limit - i64::try_from(rows.len()).unwrap_or(limit);
        let lent = app.store().list_lent(caller.key, area.range, &caller.user, states, from, room).await?;
        next = full_page(&lent, room, |r| After::Lent(r.id));
        rows.extend(lent);
    }
    let items = doors(app.store(), &survey, &rows).await?;
    Ok(answer::json(&json!({"items": items, "after": next.map(After::to_text)})))
}

/// Where a list goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    Own(CasePlace),
    Lent(Uuid),
}

impl After {
    fn to_text(self) -> String {
        let plain = match self {
            Self::Own(place) => format!("o{}", place.to_text()),
            Self::Lent(id) => format!("l{}", id.simple()),
        };
        URL_SAFE_NO_PAD.encode(plain)
    }
}

fn parse_after(text: &str) -> Option<After> {
    let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    match plain.split_at_checked(1)? {
        ("o", place) => CasePlace::parse(place).map(After::Own),
        ("l", id) => Uuid::try_parse(id).ok().map(After::Lent),
        _ => None,
    }
}

fn full_page<T>(rows: &[T], limit: i64, after: impl Fn(&T) -> After) -> Option<After> {
    let is_full = i64::try_from(rows.len()).is_ok_and(|n| n >= limit);
    rows.last().filter(|_| is_full).map(after)
}

/// `state=` takes one state or several with commas between.
fn states(query: &Query) -> Result<Option<Vec<i16>>, Problem> {
    let words: Vec<&str> = State::ALL.iter().map(|s| s.slug()).collect();
    query.parsed("state", &format!("must be one or more of {}", words.join(", ")), |text| {
        text.split(',').map(|word| State::from_slug(word).map(State::number)).collect::<Option<Vec<i16>>>()
    })
}

/// `GET /v1/cases/{id}`: one door with its history, as far as the reader may see it. Problems: `not-found`.
pub async fn get(app: App, request: Request) -> Result<Response, Problem> {
    let caller = auth::caller(&app, &request).await?;
    let row = reach::case(&app, &caller, request.param_uuid("id")?).await?;
    let survey = app.survey(&caller).await?;
    let reader = if auth::is_supervisor(&caller) {
        Reader::Supervisor
    } else {
        Reader::Enumerator(app.store().own_devices(caller.key, &caller.user).await?)
    };
    let read = Disclosure::Case { id: row.id, area: row.area.clone() };
    let witness = auth::witness(&app, &caller, read).await?;
    let mut shown = history(app.store(), &witness, &survey, &row, &reader, app.now()).await?;
    if reader == Reader::Supervisor {
        let merged: Vec<Uuid> =
            shown.visit_list.iter().map(|v| v.case_id).filter(|id| *id != row.id).collect();
        shown.links = crate::api::links::of_case(&app, &caller, row.id, &merged).await?;
    }
    Ok(answer::json(&shown))
}

const DECISIONS: [&str; 10] = [
    "close",
    "reopen",
    "verify",
    "cancel",
    "uncancel",
    "void",
    "unvoid",
    "reject_interview",
    "merge",
    "unmerge",
];

/// `POST /v1/cases/{id}/decisions` `{decision, reason, …}`: records a decision and answers the new state.
/// Problems: `body-not-valid`, `not-found`, `not-possible-now`, `wrong-role`.
pub async fn decide(app: App, mut request: Request) -> Result<Response, Problem> {
    let caller = auth::supervisor(&app, &request).await?;
    let case = request.param_uuid("id")?;
    reach::case(&app, &caller, case).await?;
    let document = body::read(&mut request, FORM_LIMIT).await?;
    let (kind, reason) = document.form(|f| {
        let word = f.one_of("decision", &DECISIONS, |w| DECISIONS.iter().find(|d| **d == w).copied());
        let reason = f.text("reason", 2000);
        let kind = word.and_then(|word| decision(f, word));
        Some((kind?, reason?))
    })?;
    let survey = app.survey(&caller).await?;
    let decided = to_the_end(async move {
        let asked = decide::Request { case, kind, reason };
        Ok::<_, Problem>(app.ingest.decide(&caller, asked, app.now()).await?)
    })
    .await?;
    let standing = &decided.after.standing;
    Ok(answer::json(&json!({
        "case_id": case, "seq": decided.seq, "before": decided.before, "state": standing.state,
        "class": standing.class, "why": why(standing, &survey.rules, Language::En),
        "why_zh": why(standing, &survey.rules, Language::Zh), "unmet": standing.unmet,
    })))
}

fn decision(f: &mut Form<'_>, word: &str) -> Option<DecisionKind> {
    Some(match word {
        "close" => {
            let classes = ["R", "NC", "O", "UH"];
            let class = |word: &str| classes.contains(&word).then(|| Class::from_slug(word)).flatten();
            DecisionKind::Close { class: f.one_of("class", &classes, class)? }
        }
        "reopen" => DecisionKind::Reopen,
        "verify" => {
            let yes = f.boolean("confirmed")?;
            DecisionKind::Verify { confirmed: if yes { Confirmed::Yes } else { Confirmed::No } }
        }
        "cancel" => DecisionKind::Cancel,
        "uncancel" => DecisionKind::Uncancel,
        "void" => DecisionKind::Void { visit: VisitId(f.uuid("visit")?) },
        "unvoid" => DecisionKind::Unvoid { visit: VisitId(f.uuid("visit")?) },
        "reject_interview" => {
            let (interview, revision) = (f.uuid("interview"), f.integer("revision", 1, i64::from(i32::MAX)));
            DecisionKind::RejectInterview {
                interview: InterviewId(interview?),
                revision: i32::try_from(revision?).ok()?,
            }
        }
        "merge" => DecisionKind::Merge { into: CaseId(f.uuid("into")?) },
        "unmerge" => DecisionKind::Unmerge,
        _ => return None,
    })
}
