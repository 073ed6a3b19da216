//! "We missed you" cards: their codes, and the wishes residents leave under them. Says nothing about a household.

use crate::domain::CaseId;
use crate::net::answer::Response;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::access;
use crate::app::App;
use crate::app::auth;
use crate::app::cards::{DAY, door_of_card, note_wishes};
use crate::net::answer;
use crate::net::body::FORM_LIMIT;
use crate::net::json::{self as body, Form};
use crate::net::kind;
use crate::net::problem::Problem;
use crate::net::request::Request;
use crate::store::SurveyKey;
use crate::store::plan::Wish;
use crate::surveys::Survey;

/// `POST /v1/slips` `{cases: [id]}`: makes the codes of "we missed you" cards, one per door. A code is shown only here.
/// Problems: `body-not-valid`, `not-found`, `wrong-role`.
pub async fn make_slips(app: App, mut request: Request) -> Result<Response, Problem> {
    let caller = auth::supervisor(&app, &request).await?;
    let document = body::read(&mut request, FORM_LIMIT).await?;
    let ids = document.form(|f| {
        f.required("cases", "must be a list of case ids", |json| {
            let ids = json.as_list().filter(|all| all.len() <= 500)?.iter();
            ids.map(|id| crate::net::query::uuid(id.as_text()?).map(CaseId)).collect::<Option<Vec<CaseId>>>()
        })
    })?;
    let rows = app.store().cases(caller.key, &ids).await?;
    let reach = caller.reach();
    let in_reach: Vec<_> = rows.iter().filter(|r| reach.sees(*r)).cloned().collect();
    if in_reach.len() != ids.len() {
        return Err(Problem::not_found());
    }
    let survey = app.survey(&caller).await?;
    let codes: Vec<String> = in_reach.iter().map(|_| access::new_code()).collect();
    let slips: Vec<_> =
        codes.iter().zip(&in_reach).map(|(code, r)| (auth::hash(&access::plain_code(code)), r.id)).collect();
    app.store().add_slips(caller.key, &slips, &caller.user, app.now()).await?;
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
    let wishes = document.form(|f| wishes(f, &survey, case_id, now))?;
    noted(&app, key, wishes).await
}

/// The windows of a resident's answer, each a wish.
pub(super) fn wishes(
    f: &mut Form<'_>,
    survey: &Survey,
    case_id: CaseId,
    now: Timestamp,
) -> Option<Vec<Wish>> {
    let note = f.optional_text("note", 500).map(|n| crate::ingest::scrub::scrub_text(&n).into_owned());
    f.objects("when", 8, |w| {
        let (from, to) = (w.instant("from"), w.instant("to"));
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
    })
}

/// Stores wishes and says so. Problems: `too-many-tries`.
pub(super) async fn noted(app: &App, key: SurveyKey, wishes: Vec<Wish>) -> Result<Response, Problem> {
    if note_wishes(app, key, wishes).await? {
        return Ok(answer::json(&json!({"status": "noted"})));
    }
    // At the latest then; which of the wishes was the first of the day is nobody's business but the door's.
    Err(Problem::new(&kind::TOO_MANY_TRIES, "This card has been used often enough. Come again tomorrow.")
        .in_chinese("此卡今日使用次数已满，请明天再来。")
        .retry_after(u32::try_from(DAY.as_secs()).unwrap_or(u32::MAX)))
}

/// What the `OpenAPI` document says of this file.
pub(super) mod described {
    use crate::api::openapi::prelude::*;

    /// The calls of this file.
    pub fn calls() -> Vec<Call> {
        vec![
            post("/v1/slips", "make_slips", "Makes the codes of \"we missed you\" cards")
                .about("For supervisors. A code is shown only in this answer.")
                .who(Who::Reader)
                .takes(object([("cases", list(uuid()).some_of(500))]))
                .gives(
                    "One code a door.",
                    object([
                        (
                            "items",
                            list(object([
                                ("code", text()),
                                ("case_id", uuid()),
                                ("address", refer("Address")),
                            ])),
                        ),
                        ("after", text().or_null()),
                    ]),
                ),
            post("/v1/slips/{code}", "slip", "A resident says when a visit would suit")
                .about("Open, under the code on the card left at the door.")
                .who(Who::Anybody)
                .part("code", "The code on the card.", text().pattern(r"^[0-9A-Za-z-]{6,64}$"))
                .takes(refer("Slip"))
                .gives("Done.", object([("status", only("noted"))]))
                .fails(&[400, 404, 429, 503]),
        ]
    }

    /// The components that they speak of.
    pub fn schemas() -> Vec<Named> {
        vec![(
            "Slip",
            object([
                ("when", list(refer("Window")).some_of(8).about("When a visit would suit.")),
                ("note?", text().up_to(500).or_null().about("Not stored where it holds a name or number.")),
            ])
            .about("A resident's wish, under the code on the card left at the door."),
        )]
    }
}
