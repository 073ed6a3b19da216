//! "We missed you" cards: their codes, and the wishes residents leave under them. Says nothing about a household.

use jiff::SignedDuration;
use serde_json::{Value, json};
use uuid::Uuid;
use warp::reply::Response;

use super::answer;
use super::app::App;
use super::auth;
use super::body::FORM_LIMIT;
use super::json as body;
use super::kind;
use super::limit::Tries;
use super::plan::instant;
use super::problem::Problem;
use super::request::Request;
use crate::access;
use crate::store::SurveyKey;
use crate::store::plan::Wish;

/// Most wishes one door may leave in a day.
const WISHES_A_DAY: i64 = 5;
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// `POST /v1/slips` `{cases: [id]}`: makes the codes of "we missed you" cards, one per door. A code is shown only here.
/// Problems: `body-not-valid`, `not-found`, `wrong-role`.
pub async fn make_slips(app: App, mut request: Request) -> Result<Response, Problem> {
    let caller = auth::supervisor(&app, &request).await?;
    let document = body::read(&mut request, FORM_LIMIT).await?;
    let ids = document.form(|f| {
        f.required("cases", "must be a list of case ids", |json| {
            let ids = json.as_list().filter(|all| all.len() <= 500)?.iter();
            ids.map(|id| super::query::uuid(id.as_text()?)).collect::<Option<Vec<Uuid>>>()
        })
    })?;
    let rows = app.store().cases(caller.key, &ids).await?;
    let in_reach: Vec<_> =
        rows.iter().filter(|r| (caller.range.0..=caller.range.1).contains(&r.area_no)).cloned().collect();
    if in_reach.len() != ids.len() {
        return Err(Problem::not_found());
    }
    let survey = app.survey(&caller).await?;
    let codes: Vec<String> = in_reach.iter().map(|_| access::new_code()).collect();
    let slips =
        codes.iter().zip(&in_reach).map(|(code, r)| (auth::hash(&access::plain_code(code)), r.id)).collect();
    app.store().add_slips(caller.key, slips, &caller.user, app.now()).await?;
    let doors = crate::visits::door::doors(app.store(), &survey, &in_reach).await?;
    let items: Vec<Value> = codes
        .iter()
        .zip(&doors)
        .map(|(code, door)| json!({"code": code, "case_id": door.id, "address": door.address}))
        .collect();
    Ok(answer::json(&json!({"items": items, "after": null})))
}

/// `POST /v1/slips/{code}` `{when: [{from, to}], note?}`: a resident's wish, under the code on the card. Says nothing about the
/// household. Problems: `not-found`, `body-not-valid`, `too-many-tries`.
pub async fn slip(app: App, mut request: Request) -> Result<Response, Problem> {
    let (key, case_id) = door_of_card(&app, &request, request.param("code")).await?;
    let now = app.now();
    let survey = app.surveys().reread(key).await?;
    let document = body::read(&mut request, FORM_LIMIT).await?;
    let wishes = document.form(|f| {
        let note = f.optional_text("note", 500).map(|n| crate::ingest::scrub::scrub_text(&n).into_owned());
        let when = f.objects("when", 8, |w| {
            let (from, to) = (instant(w, "from"), instant(w, "to"));
            let (from, to) = (from?, to?);
            if from >= to
                || to <= now
                || to > survey.closes_at()
                || to.duration_since(from) > SignedDuration::from_hours(24)
            {
                w.fault(
                    "to",
                    "must be after from, at most a day later, still to come, and before the survey ends",
                );
                return None;
            }
            Some(Wish { id: Uuid::now_v7(), case_id, from, to, note: note.clone(), made_at: now })
        })?;
        if when.is_empty() {
            f.fault("when", "must name at least one window");
            return None;
        }
        Some(when)
    })?;
    if !note_wishes(&app, key, wishes).await? {
        // At the latest then; which of the wishes was the first of the day is nobody's business but the door's.
        return Err(Problem::new(
            &kind::TOO_MANY_TRIES,
            "This card has been used often enough. Come again tomorrow.",
        )
        .in_chinese("此卡今日使用次数已满，请明天再来。")
        .retry_after(u32::try_from(DAY.as_secs()).unwrap_or(u32::MAX)));
    }
    Ok(answer::json(&json!({"status": "noted"})))
}

/// The survey and case behind the code of a card; a wrong code makes the next try wait.
/// Problems: `not-found`, `too-many-tries`.
pub(super) async fn door_of_card(
    app: &App,
    request: &Request,
    code: &str,
) -> Result<(SurveyKey, Uuid), Problem> {
    let attempt = app.slips.allow(Tries { address: request.client(), user: None, browser: None })?;
    let hash = auth::hash(&access::plain_code(code));
    attempt.judged(app.store().slip(&hash).await)?.ok_or_else(Problem::not_found)
}

/// Stores a resident's wishes; `false` where the door has had as many in the last day as it may.
pub(super) async fn note_wishes(app: &App, key: SurveyKey, wishes: Vec<Wish>) -> Result<bool, Problem> {
    let since = app.now() - DAY;
    Ok(app.store().add_wishes(key, wishes, since, WISHES_A_DAY).await?)
}
