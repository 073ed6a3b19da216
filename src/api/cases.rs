//! Doors: lists, one door's history, supervisors' decisions.

use crate::net::answer::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::app::App;
use crate::app::{auth, reach};
use crate::domain::{CaseId, Class, Confirmed, DecisionKind, InterviewId, Language, State, VisitId, why};
use crate::ingest::decide;
use crate::net::answer::{self, to_the_end};
use crate::net::body::FORM_LIMIT;
use crate::net::json::{self as body, Form};
use crate::net::kind;
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
            Some(After::Own(_)) | None => CaseId::default(),
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
    Lent(CaseId),
}

impl After {
    fn to_text(self) -> String {
        let plain = match self {
            Self::Own(place) => format!("o{}", place.to_text()),
            Self::Lent(id) => format!("l{}", id.0.simple()),
        };
        URL_SAFE_NO_PAD.encode(plain)
    }
}

fn parse_after(text: &str) -> Option<After> {
    let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    match plain.split_at_checked(1)? {
        ("o", place) => CasePlace::parse(place).map(After::Own),
        ("l", id) => id.parse().ok().map(After::Lent),
        _ => None,
    }
}

fn full_page<T>(rows: &[T], limit: i64, after: impl Fn(&T) -> After) -> Option<After> {
    let is_full = i64::try_from(rows.len()).is_ok_and(|n| n >= limit);
    rows.last().filter(|_| is_full).map(after)
}

/// `state=` takes one state or several with commas between.
fn states(query: &Query) -> Result<Option<Vec<State>>, Problem> {
    let words: Vec<&str> = State::ALL.iter().map(|s| s.slug()).collect();
    query.parsed("state", &format!("must be one or more of {}", words.join(", ")), |text| {
        text.split(',').map(State::from_slug).collect::<Option<Vec<State>>>()
    })
}

/// `GET /v1/cases/{id}`: one door with its history, as far as the reader may see it. Problems: `not-found`,
/// `busy` for a device that opens doors without end.
pub async fn get(app: App, request: Request) -> Result<Response, Problem> {
    let caller = auth::caller(&app, &request).await?;
    let row = reach::case(&app, &caller, request.param_uuid("id")?.into()).await?;
    if let Some(device) = caller.device {
        let opened = app.openings.open(device, app.now());
        opened.map_err(|seconds| Problem::plain(&kind::BUSY).retry_after(seconds))?;
    }
    let survey = app.survey(&caller).await?;
    let reader = if auth::is_supervisor(&caller) {
        Reader::Supervisor
    } else {
        Reader::Enumerator(app.store().own_devices(caller.key, &caller.user).await?)
    };
    let read = Disclosure::Case { id: row.id, area: row.area.clone() };
    let witness = auth::witness(&app, &caller, read).await?;
    let mut shown =
        history(app.store(), &witness, &survey, &row, &reader, app.now(), &app.ingest.keys).await?;
    if reader == Reader::Supervisor {
        let merged: Vec<CaseId> =
            shown.visit_list.iter().map(|v| v.case_id).filter(|id| *id != row.id).collect();
        shown.links = crate::api::links::of_case(&app, &caller, row.id, &merged).await?;
    }
    Ok(answer::json(&shown))
}

const DECISIONS: [&str; 11] = [
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
    "undo",
];

/// `POST /v1/cases/{id}/decisions` `{decision, reason, …}`: records a decision and answers the new state.
/// Problems: `body-not-valid`, `not-found`, `not-possible-now`, `wrong-role`.
pub async fn decide(app: App, mut request: Request) -> Result<Response, Problem> {
    let caller = auth::supervisor(&app, &request).await?;
    let case = reach::case(&app, &caller, request.param_uuid("id")?.into()).await?.id;
    let document = body::read(&mut request, FORM_LIMIT).await?;
    let (kind, reason, version) = document.form(|f| {
        let word = f.one_of("decision", &DECISIONS, |w| DECISIONS.iter().find(|d| **d == w).copied());
        let reason = f.text("reason", 2000);
        let kind = word.and_then(|word| decision(f, word));
        let version = f.optional_integer("version", 0, i64::from(i32::MAX));
        Some((kind?, reason?, version.and_then(|n| i32::try_from(n).ok())))
    })?;
    let survey = app.survey(&caller).await?;
    let decided = to_the_end(async move {
        let asked = decide::Request { version, ..decide::Request::new(case, kind, reason) };
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

pub(super) fn decision(f: &mut Form<'_>, word: &str) -> Option<DecisionKind> {
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
        "undo" => DecisionKind::Undo { seq: f.integer("seq", 1, i64::from(i32::MAX))? },
        _ => return None,
    })
}

/// What the `OpenAPI` document says of this file.
pub(super) mod described {
    use crate::api::openapi::prelude::*;
    use crate::domain::{Class, Confirmed, EffortPart, Flag, InterviewResult, LinkState, MergedAs, State};

    /// The calls of this file.
    pub fn calls() -> Vec<Call> {
        vec![
            get("/v1/cases", "cases", "Lists cases")
                .about("For devices and supervisors.")
                .who(Who::Reader)
                .shared(&["area"])
                .query("state?", "Only these.", codes::<State>())
                .shared(&["after", "limit"])
                .gives("Done.", page(refer("CaseItem"))),
            get("/v1/cases/{id}", "case", "One case with all its evidence")
                .about(
                    "For devices and supervisors. Of interviews made by somebody else an enumerator sees \
                when, by whom, the result and the number of persons.",
                )
                .who(Who::Reader)
                .shared(&["id"])
                .gives("Done.", refer("Case")),
            post("/v1/cases/{id}/decisions", "decide_case", "Records a decision on a case")
                .about("For supervisors.")
                .who(Who::Reader)
                .shared(&["id"])
                .takes(refer("CaseVerdict"))
                .gives("The new state.", refer("CaseVerdictAnswer"))
                .fails(&[409]),
        ]
    }

    /// The components that they speak of.
    #[expect(clippy::too_many_lines, reason = "a table of components")]
    pub fn schemas() -> Vec<Named> {
        vec![
        ("Assignment", object([
            ("enumerator", text()),
            ("until", time().or_null()),
            ("id", uuid()),
            ("case_id", uuid()),
            ("assigned_by", text()),
            ("assigned_at", time()),
            ("ended_at", time().or_null()),
            ("end_reason", text().or_null().about("reassigned, finished, expired or withdrawn; null while it stands.")),
        ])),
        ("Case", object([
            ("id", uuid()),
            ("case_id?", uuid()),
            ("dwelling_id?", uuid()),
            ("household?", int().least(1)),
            ("address", refer("Address")),
            ("area", text()),
            ("building", text()),
            ("unit", text()),
            ("floor", int().or_null()),
            ("room", text()),
            ("external_id?", text().or_null()),
            ("building_name", text().or_null().about("What people call the building.")),
            ("other_writings", list(object([
                ("area", text()),
                ("building", text()),
                ("unit", text()),
                ("room", text()),
            ])).about("How else the door is or was written, the latest first. Ids computed from any of them \
                stand for this case.")),
            ("position", refer_or_null("Position")),
            ("state", refer("State")),
            ("why", text().about("Why this state, in English.")),
            ("why_zh", text()),
            ("flags", list(codes::<Flag>())),
            ("counted", refer("Counted")),
            ("unmet", list(codes::<EffortPart>()).about("Parts of the effort rule still missing.")),
            ("untried", list(text().with("examples", vec!["weekday-evening"])).about("Cells weekday|weekend - band without a counted attempt.")),
            ("proxy_allowed", flag()),
            ("next", refer("Next")),
            ("appointment", refer_or_null("Window")),
            ("visits", list(refer("CaseVisit"))),
            ("interviews", list(refer("CaseInterview"))),
            ("answers", list(refer("CaseSheet")).about("Sheets of answers, the latest first.")),
            ("links", list(refer("CaseLink"))),
            ("assignments", list(refer("Assignment"))),
            ("decisions", list(refer("CaseDecision"))),
            ("held_decisions?", list(object([
                ("record", uuid()),
                ("revision", count()),
                ("decision", words(["accept", "refuse", "undo"])),
                ("reason", text().or_null().about("Why the record was held until then.")),
                ("note", text()),
                ("by", text()),
                ("at", time()),
                ("was_at", time().or_null().about("The record's device time until then.")),
            ])).about("What supervisors decided about records of the door that were held; for supervisors.")),
            ("version?", count().about("Rises with everything that changes the case.")),
            ("building_id?", uuid()),
            ("holder?", text().or_null().about("Who holds it.")),
            ("last?", refer_or_null("Last")),
            ("merged_into?", uuid().about("The case that goes on, where this door was listed twice.")),
            ("self?", object([("started_at", time()), ("submitted_at", time().or_null())]).or_null()
                .about("How far residents have come with answering online.")),
            ("wishes?", list(object([
                ("from", time()),
                ("to", time()),
                ("note?", text()),
                ("made_at", time()),
            ])).about("When residents said they are at home.")),
        ])),
        ("CaseDecision", object([
            ("seq?", int()),
            ("decision", text()),
            ("at", time()),
            ("by", text()),
            ("reason?", text().or_null()),
            ("class?", refer_or_null("Class")),
            ("confirmed?", text().or_null()),
            ("visit?", uuid().or_null()),
            ("interview?", uuid().or_null()),
            ("revision?", int().or_null()),
            ("into?", uuid().or_null()),
            ("unmet?", list(codes::<EffortPart>()).about("Parts of the effort rule still missing.")),
            ("policy_version?", int()),
        ])),
        ("CaseSheet", object([
            ("id", uuid().about("The same through its corrections.")),
            ("submission", uuid().about("The filled-in form it came with.")),
            ("form", text()),
            ("version", text()),
            ("revision", count()),
            ("current", flag().about("The one of its form that holds for the household.")),
            ("at", time()),
            ("enumerator", text()),
            ("result", codes::<InterviewResult>()),
            ("answers?", anything().about("In the shape of the form; absent for a reader who may not see them.")),
        ])),
        ("CaseInterview", object([
            ("id", uuid()),
            ("revision", int().least(1)),
            ("current", flag().about("Whether this revision is in force.")),
            ("at", time()),
            ("received_at?", time()),
            ("respondent", text()),
            ("result", codes::<InterviewResult>()),
            ("visit_id?", uuid().or_null()),
            ("enumerator?", text()),
            ("n_persons?", count()),
            ("household?", any_object().or_null().about("The household items of the record as kept; null for a reader who may not see them.")),
            ("persons", list(refer("PersonSeen")).about("As far as the reader may see them.")),
            ("address_text?", text()),
            ("answers?", anything().about("The survey's own items.")),
            ("form?", text().about("The form it was taken with; absent for the short form sent as an interview.")),
            ("form_version?", text()),
            ("counted_elsewhere?", flag().about("A link counts another interview of the household.")),
        ])),
        ("CaseLink", object([
            ("id", uuid()),
            ("state", codes::<LinkState>()),
            ("as?", codes::<MergedAs>().or_null()),
            ("other_case_id?", uuid().or_null().about("Where the reader may see it.")),
            ("probability?", number()),
            ("version?", int()),
            ("decided_by?", text()),
            ("decided_at?", time()),
            ("evidence_changed?", flag()),
        ])),
        ("CaseVerdict", object([
            ("decision", words(["close", "reopen", "verify", "cancel", "uncancel", "void", "unvoid", "reject_interview", "merge", "unmerge", "undo"])),
            ("reason", text().filled(2000)),
            ("class?", words(["R", "NC", "O", "UH"]).about("For close.")),
            ("confirmed?", one_of([flag(), codes::<Confirmed>()]).about("For verify.")),
            ("visit?", uuid().about("For void and unvoid.")),
            ("interview?", uuid().about("For reject_interview.")),
            ("revision?", int().least(1).about("For reject_interview: up to this one.")),
            ("into?", uuid().about("For merge (one door listed twice): the other case.")),
            ("seq?", int().least(1).about("For undo: the decision of this case that is taken out of the fold, as if never made.")),
            ("version?", count().about("As read from the case; an old one is a 409 stale-version.")),
        ]).about("Appended, never overwritten; its time is the server's.")),
        ("CaseVerdictAnswer", object([
            ("case_id", uuid()),
            ("seq", int().least(1).about("Order of the decision on its case.")),
            ("before", refer("State")),
            ("state", refer("State")),
            ("class", refer_or_null("Class")),
            ("why", text()),
            ("why_zh", text()),
            ("unmet", list(codes::<EffortPart>()).about("Parts of the effort rule still missing.")),
        ])),
        ("CaseVisit", object([
            ("id", uuid()),
            ("at", time().about("As sent, with the device's offset.")),
            ("event_at", time().about("As judged, UTC.")),
            ("received_at", time()),
            ("ended_at?", time().or_null()),
            ("outcome", refer("Outcome")),
            ("enumerator", text()),
            ("device_id", uuid().or_null()),
            ("batch_id", uuid().or_null()),
            ("counted", flag().about("Whether it is a counted attempt.")),
            ("voided?", flag()),
            ("channel?", text()),
            ("informant?", text()),
            ("appointment?", refer_or_null("Window")),
            ("photo?", list(uuid())),
            ("note?", text().or_null()),
            ("case_id?", uuid().about("Another one than the door's own after a merge as door.")),
            ("distance?", object([
                ("metres", number()),
                ("accuracy_m", number().or_null()),
                ("verdict", words(["near", "far", "very_far"]).or_null()),
            ]).about("From the fix to the door.")),
            ("pictures?", list(any_object()).about("Pictures that have come, by id.")),
        ])),
        ("Class", codes::<Class>().about("Class of AAPOR's Standard Definitions.")),
        ("Counted", object([
            ("attempts", count()),
            ("days", count()),
            ("bands", count()),
            ("evening", count()),
            ("weekend", count()),
        ]).about("Counted attempts and how they spread.")),
    ]
    }
}
