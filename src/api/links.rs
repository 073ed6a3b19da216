//! Suspected duplicate households: the review list, one pair with its evidence, supervisors' decisions. Never for devices.

use crate::net::answer::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::App;
use crate::app::{auth, reach};
use crate::dedupe::Ruling;
use crate::dedupe::view::{LinkView, detail};
use crate::domain::{LinkState, MergedAs, Verdict};
use crate::net::answer::{self, to_the_end};
use crate::net::body::FORM_LIMIT;
use crate::net::json as body;
use crate::net::problem::Problem;
use crate::net::request::Request;
use crate::store::access::Caller;
use crate::store::{Disclosure, Way};

/// States that a list may be asked for.
const STATES: [LinkState; 4] = [LinkState::Review, LinkState::Merged, LinkState::Paired, LinkState::Apart];

/// `GET /v1/links?state=&area=&after=&limit=`: pairs in one state, oldest first; a pair is listed when either side lies in
/// the area. Problems: `bad-parameter`, `not-found`, `wrong-role`.
pub async fn list(app: App, request: Request) -> Result<Response, Problem> {
    let caller = auth::supervisor(&app, &request).await?;
    let query = request.query()?;
    let limit = i64::from(query.limit(50, 200)?);
    let words = STATES.map(LinkState::slug);
    let state = query.one_of("state", &words, |w| STATES.into_iter().find(|s| s.slug() == w))?;
    let after = query.parsed("after", "must be one that this service gave out", parse)?;
    let area = reach::area(&app, &caller, &query).await?;
    let from = after.unwrap_or((Timestamp::UNIX_EPOCH, Uuid::nil()));
    let state = state.unwrap_or(LinkState::Review);
    let witness = auth::witness(&app, &caller, Disclosure::Links { state, area: Some(area.code) }).await?;
    let rows = app.store().list_links(&witness, caller.key, state, area.range, from, limit).await?;
    let is_full = i64::try_from(rows.len()).is_ok_and(|n| n >= limit);
    let next = rows.last().filter(|_| is_full).map(|r| text((r.link.made_at, r.link.id)));
    let items: Vec<LinkView> = rows.iter().map(|r| LinkView::of(r, caller.range)).collect();
    Ok(answer::json(&json!({"items": items, "after": next})))
}

fn text((at, id): (Timestamp, Uuid)) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}.{}", at.as_microsecond(), id.simple()))
}

fn parse(text: &str) -> Option<(Timestamp, Uuid)> {
    let plain = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    let (at, id) = plain.split_once('.')?;
    Some((Timestamp::from_microsecond(at.parse().ok()?).ok()?, Uuid::try_parse(id).ok()?))
}

/// `GET /v1/links/{id}`: both forms side by side as far as the reader may see them, the waterfall of weights, what was
/// decided, and what each decision would change. Problems: `not-found`, `wrong-role`.
pub async fn get(app: App, request: Request) -> Result<Response, Problem> {
    let caller = auth::supervisor(&app, &request).await?;
    let id = request.param_uuid("id")?;
    let found = reach::link(&app, &caller, Way::Api, id).await?;
    let effects = app.dedupe.effects(&caller, id, app.now()).await?;
    let mut all = detail(&found, caller.range);
    if let Some(object) = all.as_object_mut() {
        object.insert("effects".to_owned(), json!(effects));
    }
    Ok(answer::json(&all))
}

/// `POST /v1/links/{id}/decision` `{decision, as?, version, note?, propose?}`: records a decision; answers the link as it
/// stands and what changed in numbers. Problems: `beyond-reach`, `body-not-valid`, `not-found`, `not-possible-now`,
/// `stale-version`, `wrong-role`.
pub async fn decide(app: App, mut request: Request) -> Result<Response, Problem> {
    let caller = auth::supervisor(&app, &request).await?;
    let link = request.param_uuid("id")?;
    let document = body::read(&mut request, FORM_LIMIT).await?;
    let ruling = document.form(|f| {
        let verdicts = Verdict::ALL.iter().map(|v| v.slug()).collect::<Vec<_>>();
        let verdict = f.one_of("decision", &verdicts, Verdict::from_slug);
        let version = f.integer("version", 0, i64::from(i32::MAX)).and_then(|n| i32::try_from(n).ok());
        let note = f.optional_text("note", 2000).unwrap_or_default();
        let merged_as = match f.raw("as") {
            None => Some(MergedAs::Household),
            Some(_) => f.one_of("as", &["household", "door"], MergedAs::from_slug),
        };
        let is_proposal = f.raw("propose").is_some() && f.boolean("propose")?;
        Some(Ruling { link, verdict: verdict?, merged_as: merged_as?, version: version?, note, is_proposal })
    })?;
    let (range, now) = (caller.range, app.now());
    let (own, by) = (app.clone(), caller.clone());
    let decided =
        to_the_end(async move { Ok::<_, Problem>(own.dedupe.decide(&by, ruling, now).await?) }).await?;
    let found = reach::link(&app, &caller, Way::Api, link).await?;
    let mut all = serde_json::to_value(LinkView::of(&found.pair, range)).unwrap_or_default();
    if let Some(object) = all.as_object_mut() {
        object.insert("changed".to_owned(), json!(decided.changes.seen_from(range)));
    }
    Ok(answer::json(&all))
}

/// Links of a case for its history: the other case only where the reader may see it.
pub async fn of_case(
    app: &App,
    caller: &Caller,
    case: Uuid,
    absorbed: &[Uuid],
) -> Result<Vec<Value>, Problem> {
    let mut cases = vec![case];
    cases.extend(absorbed);
    let links = app.store().links_of_cases(caller.key, &cases).await?;
    let others: Vec<Uuid> = links.iter().flat_map(|l| [l.a_case, l.b_case]).collect();
    let rows = app.store().cases(caller.key, &others).await?;
    let is_seen =
        |id: Uuid| rows.iter().any(|r| r.id == id && (caller.range.0..=caller.range.1).contains(&r.area_no));
    Ok(links
        .iter()
        .map(|l| {
            let other = if cases.contains(&l.a_case) { l.b_case } else { l.a_case };
            json!({"id": l.id, "state": l.state, "as": l.merged_as, "other_case_id": Some(other).filter(|id| is_seen(*id)),
                "probability": l.probability, "version": l.version, "decided_by": l.decided_by, "decided_at": l.decided_at,
                "evidence_changed": l.evidence_changed})
        })
        .collect())
}
