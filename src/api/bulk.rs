//! Decisions about many doors or many held records at once, tried or taken, and taking a whole call back.

use serde_json::{Value, json};

use crate::app::{App, auth};
use crate::domain::CaseId;
use crate::ingest::bulk::{Fate, MOST, Many, Run};
use crate::ingest::decide::Request as Decision;
use crate::ingest::held::{Corrected, Ruling, Verdict};
use crate::net::answer::{self, Response, to_the_end};
use crate::net::body::FORM_LIMIT;
use crate::net::json as body;
use crate::net::problem::Problem;
use crate::net::request::Request;

/// Decisions that one sentence can give for many doors.
const WORDS: [&str; 6] = ["close", "reopen", "verify", "cancel", "uncancel", "undo"];

/// `POST /v1/decisions` `{items: [{case_id, version?}], decision, reason, …, dry_run?}`: one decision about many doors; what can be
/// done is done. Problems: `body-not-valid`, `wrong-role`.
pub async fn decide(app: App, mut request: Request) -> Result<Response, Problem> {
    let caller = auth::supervisor(&app, &request).await?;
    let document = body::read(&mut request, FORM_LIMIT).await?;
    let (requests, run) = document.form(|f| {
        let word = f.one_of("decision", &WORDS, |w| WORDS.iter().find(|d| **d == w).copied());
        let kind = word.and_then(|word| super::cases::decision(f, word));
        let reason = f.text("reason", 2000);
        let items = f.objects("items", MOST, |item| {
            let version = item.optional_integer("version", 0, i64::from(i32::MAX));
            Some((CaseId(item.uuid("case_id")?), version.and_then(|n| i32::try_from(n).ok())))
        });
        let run = dry_run(f);
        let (kind, reason) = (kind?, reason?);
        let all = items?
            .into_iter()
            .map(|(case, version)| Decision { version, ..Decision::new(case, kind.clone(), reason.clone()) });
        Some((all.collect::<Vec<_>>(), run))
    })?;
    let many = to_the_end(async move {
        Ok::<_, Problem>(app.ingest.decide_many(&caller, requests, run, app.now()).await?)
    })
    .await?;
    Ok(answer::json(&view(&many)))
}

/// `POST /v1/decisions/{id}/undo`: takes a call back where nothing was decided since. Problems: `not-found`, `wrong-role`.
pub async fn undo(app: App, request: Request) -> Result<Response, Problem> {
    let caller = auth::supervisor(&app, &request).await?;
    let id = request.param_uuid("id")?;
    let many =
        to_the_end(async move { Ok::<_, Problem>(app.ingest.undo_many(&caller, id, app.now()).await?) })
            .await?;
    Ok(answer::json(&view(&many)))
}

/// `POST /v1/held/decisions` `{items: [{id, revision?, version?}], decision, note, shift_s?, dry_run?}`: one decision about many held
/// records; `shift_s` corrects the time of each. Problems: `body-not-valid`, `wrong-role`.
pub async fn decide_held(app: App, mut request: Request) -> Result<Response, Problem> {
    let caller = auth::supervisor(&app, &request).await?;
    let document = body::read(&mut request, FORM_LIMIT).await?;
    let (rulings, run) = document.form(|f| {
        let words = ["accept", "refuse"];
        let word = f.one_of("decision", &words, |w| words.iter().find(|x| **x == w).copied());
        let note = f.optional_text("note", 2000).unwrap_or_default();
        let shift = f.optional_integer("shift_s", -3_200_000_000, 3_200_000_000).filter(|n| *n != 0);
        let items = f.objects("items", MOST, |item| {
            let revision = item.optional_integer("revision", 1, i64::from(i32::MAX));
            let version = item.optional_integer("version", 0, i64::MAX);
            Some((item.uuid("id")?, revision.and_then(|n| i32::try_from(n).ok()), version))
        });
        let run = dry_run(f);
        let verdict = if word? == "accept" { Verdict::Accept { case: None } } else { Verdict::Refuse };
        let all = items?.into_iter().map(|(id, revision, version)| Ruling {
            revision,
            version,
            time: shift.map(Corrected::Shift),
            ..Ruling::new(id, verdict, note.clone())
        });
        Some((all.collect::<Vec<_>>(), run))
    })?;
    let many = to_the_end(async move {
        Ok::<_, Problem>(app.ingest.decide_held_many(&caller, rulings, run, app.now()).await?)
    })
    .await?;
    Ok(answer::json(&view(&many)))
}

/// `POST /v1/held/decisions/{id}/undo`: the records of a call wait again, where nothing was decided about them since.
/// Problems: `not-found`, `wrong-role`.
pub async fn undo_held(app: App, request: Request) -> Result<Response, Problem> {
    let caller = auth::supervisor(&app, &request).await?;
    let id = request.param_uuid("id")?;
    let many =
        to_the_end(async move { Ok::<_, Problem>(app.ingest.undo_held_many(&caller, id, app.now()).await?) })
            .await?;
    Ok(answer::json(&view(&many)))
}

fn dry_run(f: &mut body::Form<'_>) -> Run {
    let is_dry = f.has("dry_run") && f.boolean("dry_run").unwrap_or(true);
    if is_dry { Run::Dry } else { Run::Earnest }
}

fn view(many: &Many) -> Value {
    let results: Vec<Value> = many
        .fates
        .iter()
        .enumerate()
        .map(|(index, fate)| match fate {
            Fate::Done(Some(state)) => json!({"index": index, "status": "done", "state": state}),
            Fate::Done(None) => json!({"index": index, "status": "done"}),
            Fate::Stale => json!({"index": index, "status": "stale-version"}),
            Fate::NotPossible => json!({"index": index, "status": "not-possible-now"}),
            Fate::NotFound => json!({"index": index, "status": "not-found"}),
        })
        .collect();
    let c = many.changed;
    json!({"id": many.id, "results": results,
        "changed": {"completed": c.completed, "open": c.open, "persons": c.persons}})
}

/// What the `OpenAPI` document says of this file.
pub(super) mod described {
    use crate::api::openapi::prelude::*;
    use crate::domain::{Class, State};

    /// The calls of this file.
    pub fn calls() -> Vec<Call> {
        vec![
            post("/v1/decisions", "decide_cases", "One decision about many cases")
                .about("For supervisors. Each item by itself: what can be done is done. Every field beside `items` and `dry_run` is that of a single decision.")
                .who(Who::Reader)
                .takes(object([
                    ("items", list(object([("case_id", uuid()), ("version?", count())])).some_of(500)),
                    ("decision", words(["close", "reopen", "verify", "cancel", "uncancel", "undo"])),
                    ("reason", text().filled(2000)),
                    ("class?", codes::<Class>()),
                    ("confirmed?", flag()),
                    ("seq?", int().least(1)),
                    ("dry_run?", flag().about("Nothing is changed; the answer says what would be.")),
                ]))
                .gives("What came of it.", refer("Bulk")),
            post("/v1/decisions/{id}/undo", "undo_cases", "Takes a call about many cases back")
                .about("For supervisors. Only what nobody has decided about since.")
                .who(Who::Reader)
                .shared(&["id"])
                .gives("What came of it.", refer("Bulk")),
            post("/v1/held/decisions", "decide_held_records", "One decision about many records that wait")
                .about("For supervisors. Each item by itself: what can be done is done.")
                .who(Who::Reader)
                .takes(object([
                    (
                        "items",
                        list(object([("id", uuid()), ("revision?", int().least(1)), ("version?", count())]))
                            .some_of(500),
                    ),
                    ("decision", words(["accept", "refuse"])),
                    ("note?", text().up_to(2000).or_null()),
                    ("shift_s?", int().about("Seconds to add to the time of each that is accepted; the one sent is kept.")),
                    ("dry_run?", flag().about("Nothing is changed; the answer says what would be.")),
                ]))
                .gives("What came of it.", refer("Bulk")),
            post("/v1/held/decisions/{id}/undo", "undo_held_records", "The records of a call wait again")
                .about("For supervisors. Only those about which nobody has decided since.")
                .who(Who::Reader)
                .shared(&["id"])
                .gives("What came of it.", refer("Bulk")),
        ]
    }

    /// The components that they speak of.
    pub fn schemas() -> Vec<Named> {
        vec![(
            "Bulk",
            object([
                ("id", uuid().about("Of the call, to take it back.")),
                (
                    "results",
                    list(object([
                        ("index", count()),
                        ("status", words(["done", "stale-version", "not-possible-now", "not-found"])),
                        ("state?", codes::<State>()),
                    ]))
                    .about("In the order sent."),
                ),
                (
                    "changed",
                    object([
                        ("completed", int().about("Doors completed, more or less than before.")),
                        ("open", int().about("Open doors.")),
                        ("persons", int().about("Persons recorded.")),
                    ]),
                ),
            ]),
        )]
    }
}
