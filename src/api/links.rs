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
use crate::domain::{CaseId, LinkState, MergedAs, Verdict};
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
    case: CaseId,
    absorbed: &[CaseId],
) -> Result<Vec<Value>, Problem> {
    let mut cases = vec![case];
    cases.extend(absorbed);
    let links = app.store().links_of_cases(caller.key, &cases).await?;
    let others: Vec<CaseId> = links.iter().flat_map(|l| [l.a_case, l.b_case]).collect();
    let rows = app.store().cases(caller.key, &others).await?;
    let reach = caller.reach();
    let is_seen = |id: CaseId| rows.iter().any(|r| r.id == id && reach.sees(r));
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

/// What the `OpenAPI` document says of this file.
pub(super) mod described {
    use crate::api::openapi::prelude::*;
    use crate::domain::{LinkState, MergedAs, Proposal, Refusal, Verdict};

    /// The calls of this file.
    pub fn calls() -> Vec<Call> {
        vec![
            get("/v1/links", "links", "Suspected duplicate households")
                .about("For supervisors.")
                .who(Who::Reader)
                .query(
                    "state?",
                    "Only these; review when left out.",
                    words(["review", "merged", "paired", "apart"]),
                )
                .shared(&["area", "after", "limit"])
                .gives("Done.", page(refer("LinkItem"))),
            get("/v1/links/{id}", "link", "One pair with its evidence")
                .about("For supervisors.")
                .who(Who::Reader)
                .shared(&["id"])
                .gives("Done.", refer("Link")),
            post("/v1/links/{id}/decision", "decide_link", "Judges a pair")
                .about(
                    "For supervisors. Recorded, never overwritten. A `version` that is no longer the \
                present one: 409 `stale-version`. A merge that changes a case out of reach: 403 \
                `beyond-reach`.",
                )
                .who(Who::Reader)
                .shared(&["id"])
                .takes(refer("LinkVerdict"))
                .gives("As it stands now.", refer("LinkItem"))
                .fails(&[409]),
        ]
    }

    /// The components that they speak of.
    #[expect(clippy::too_many_lines, reason = "a table of components")]
    pub fn schemas() -> Vec<Named> {
        vec![
        ("Evidence", object([
            ("comparison", text()),
            ("level", text()),
            ("a?", text().or_null().about("The value of one side; a citizen ID only as same, conflict or missing.")),
            ("b?", text().or_null()),
            ("m?", number().or_null()),
            ("u?", number().or_null()),
            ("weight", number().about("log2(m/u).")),
        ])),
        ("Link", all_of([refer("LinkItem"), object([
            ("prior?", number().about("Prior weight.")),
            ("evidence", list(refer("Evidence")).about("Household comparisons.")),
            ("persons", list(refer("PersonPair")).about("One to one.")),
            ("total?", number()),
            ("thresholds?", object([
                ("upper?", number()),
                ("upper_across_doors?", number()),
                ("lower?", number()),
                ("people_bits?", number()),
                ("people_bits_across_doors?", number()),
                ("person?", number()),
            ])),
            ("proposal?", codes::<Proposal>().about("What the score alone says.")),
            ("model_version?", text()),
            ("model?", int().about("Number of the model in this survey; counts up with each relinking.")),
            ("policy_version?", int()),
            ("blocks_skipped?", list(text()).about("Kinds of blocking keys of either interview that were too common to be searched.")),
            ("household?", any_object().or_null().about("The household items of the record as kept; null for a reader who may not see them.")),
            ("effects?", refer("LinkEffects")),
            ("events?", list(refer("LinkDecision")).about("Everything that happened to the link, the linking job's doings too.")),
            ("decisions", list(refer("LinkDecision")).about("Never overwritten.")),
        ])])),
        ("LinkDecision", object([
            ("decision", words(["merge", "pair", "apart", "undo", "propose", "found", "scored", "settled", "withdrawn"])),
            ("as?", codes::<MergedAs>().or_null()),
            ("state?", text()),
            ("weight?", number()),
            ("probability?", number()),
            ("model?", int()),
            ("changed?", any_object().or_null().about("What the event changed: cases with their states before and after, or what was proposed.")),
            ("by", text()),
            ("at", time()),
            ("note?", text().or_null()),
            ("version?", int()),
        ])),
        ("LinkChanges", object([
            ("completed", int()),
            ("open", int()),
            ("workload", int().about("Cases that count at all: neither merged nor cancelled.")),
            ("persons", map(int()).about("Person figures that change, by name.")),
            ("cases?", list(object([
                ("case_id", uuid()),
                ("before", refer("State")),
                ("after", refer("State")),
            ])).about("Cases within the reader's reach.")),
        ]).about("Changes of the figures of completion.")),
        ("LinkEffect", object([
            ("possible", flag()),
            ("why?", text().about("Why not.")),
            ("beyond_reach", int().about("Cases outside the reader's area whose state it would change.")),
            ("changes?", refer("LinkChanges")),
        ])),
        ("LinkEffects", object([
            ("merge_household", refer("LinkEffect")),
            ("merge_door", refer("LinkEffect")),
            ("pair", refer("LinkEffect")),
            ("apart", refer("LinkEffect")),
            ("undo", refer("LinkEffect")),
        ]).about("What each decision would change now.")),
        ("LinkItem", object([
            ("id", uuid()),
            ("state", codes::<LinkState>()),
            ("as?", codes::<MergedAs>().or_null()),
            ("version", int().about("To be sent back with a decision.")),
            ("weight", number()),
            ("probability", number().within(0, 1)),
            ("decided_by?", text().or_null().about("A user, or worker.")),
            ("decided_at?", time().or_null()),
            ("evidence_changed?", flag()),
            ("made_at?", time()),
            ("a", refer("LinkSide")),
            ("b", refer("LinkSide")),
            ("decision?", codes::<Verdict>().or_null().about("The last decision of a person; the linking job leaves such a link alone.")),
            ("refusal?", codes::<Refusal>().or_null().about("Why a likely merge waits for a person.")),
            ("changed?", refer("LinkChanges").about("In the answer to a decision: what it changed.")),
            ("summary?", text()),
            ("summary_zh?", text()),
        ])),
        ("LinkSide", object([
            ("case_id?", uuid().or_null().about("Null outside the reader's reach.")),
            ("interview_id?", uuid().or_null()),
            ("revision?", int().or_null()),
            ("area?", text().or_null().about("Null outside the reader's reach.")),
            ("area_name", text().or_null()),
            ("building", text()),
            ("address?", refer_or_null("SideAddress")),
            ("in_reach", flag()),
            ("at?", time().or_null()),
            ("enumerator?", text().or_null()),
            ("respondent?", text().or_null()),
            ("result?", text().or_null()),
            ("state?", text().or_null().about("State of the case.")),
            ("counted_elsewhere?", flag().about("Another interview of the household is counted, at another door.")),
            ("address_text?", text().or_null()),
            ("phone?", text().or_null()),
            ("n_persons?", int().or_null()),
            ("persons", list(refer("PersonSeen")).about("Of a side out of reach only the matched ones, name and birth month.")),
        ])),
        ("LinkVerdict", object([
            ("decision", codes::<Verdict>()),
            ("as?", codes::<MergedAs>().about("For merge; household when left out.")),
            ("version", count().about("The version that was judged; another one now is a 409.")),
            ("note?", text().up_to(2000).or_null()),
            ("propose?", flag().about("Only put it on record for whoever may decide: a merge that changes a door out of reach.")),
        ])),
        ("PersonPair", object([
            ("a", int().about("person_no on side a.")),
            ("b", int()),
            ("weight", number()),
            ("probability?", number()),
            ("frequency_weight?", number().about("How much the name's rarity adds.")),
            ("evidence?", list(refer("Evidence"))),
        ])),
        ("SideAddress", object([
            ("area", text()),
            ("area_name?", text().or_null()),
            ("area_name_zh?", text().or_null()),
            ("building", text()),
            ("unit?", text().or_null()),
            ("floor?", int().or_null()),
            ("room?", text().or_null()),
            ("household?", int().or_null()),
            ("text?", text().or_null().about("In one line.")),
        ]).open().about("Where a side of a link was recorded; of a side out of reach only area and building.")),
    ]
    }
}
