//! Completion rates, for supervisors.

use crate::net::answer::Response;

use crate::app::App;
use crate::app::{auth, reach};
use crate::net::answer;
use crate::net::problem::Problem;
use crate::net::request::Request;
use crate::report::{self, By, Question};
use crate::store::completion::Clock;

/// `GET /v1/completion?area=&by=&at=&clock=`: every rate with its numerator and denominator.
/// Problems: `bad-parameter`, `not-found`, `wrong-role`.
pub async fn get(app: App, request: Request) -> Result<Response, Problem> {
    let caller = auth::supervisor(&app, &request).await?;
    let query = request.query()?;
    let by = query.one_of("by", &By::WORDS, By::of)?.unwrap_or(By::Area);
    let clock = query
        .one_of("clock", &["received", "event"], |word| match word {
            "received" => Some(Clock::Received),
            "event" => Some(Clock::Event),
            _ => None,
        })?
        .unwrap_or(Clock::Received);
    let at = query.timestamp("at")?;
    if by == By::Worker && at.is_some() {
        return Err(Problem::parameter("at", "cannot go with by=worker, which counts as of now"));
    }
    let area = reach::area(&app, &caller, &query).await?;
    let survey = app.survey(&caller).await?;
    let question = Question { area, by, at: at.map(|at| (at, clock)), clock, now: app.now() };
    Ok(answer::json(&report::completion(app.store(), &survey, &question).await?))
}

/// What the `OpenAPI` document says of this file.
pub(super) mod described {
    use crate::api::openapi::prelude::*;
    use crate::domain::Clock;

    /// The calls of this file.
    pub fn calls() -> Vec<Call> {
        vec![
            get("/v1/completion", "completion", "Completion and response rates")
                .about("For supervisors.")
                .who(Who::Reader)
                .shared(&["area"])
                .query(
                    "by?",
                    "What a row is; the area's children when left out. enumerator: who holds the door now; worker: who did the work.",
                    words(["area", "building", "enumerator", "worker", "day"]),
                )
                .shared(&["at"])
                .query("clock?", "By which clock `at` is meant; received when left out.", codes::<Clock>())
                .gives("Done.", refer("Completion")),
        ]
    }

    /// The components that they speak of.
    #[expect(clippy::too_many_lines, reason = "a table of components")]
    pub fn schemas() -> Vec<Named> {
        vec![
            (
                "Aapor",
                object([
                    ("e", number().or_null().about("Eligibility of unknown cases.")),
                    ("eligibility?", words(["estimated", "fixed"])),
                    ("RR1", refer("AaporRate")),
                    ("RR2", refer("AaporRate")),
                    ("RR3", refer("AaporRate")),
                    ("RR4", refer("AaporRate")),
                    ("RR5", refer("AaporRate")),
                    ("RR6", refer("AaporRate")),
                    ("COOP1", refer("AaporRate")),
                    ("COOP2", refer("AaporRate")),
                    ("COOP3", refer("AaporRate")),
                    ("COOP4", refer("AaporRate")),
                    ("REF1", refer("AaporRate")),
                    ("REF2", refer("AaporRate")),
                    ("REF3", refer("AaporRate")),
                    ("CON1", refer("AaporRate")),
                    ("CON2", refer("AaporRate")),
                    ("CON3", refer("AaporRate")),
                ]),
            ),
            (
                "AaporRate",
                object([
                    ("numerator", int()),
                    ("denominator", number().or_null().about("A decimal where e enters it.")),
                    ("rate", number().or_null()),
                ]),
            ),
            (
                "Completion",
                object([
                    ("as_of", time()),
                    ("clock?", codes::<Clock>()),
                    ("area", refer("AreaName")),
                    ("by?", words(["area", "building", "enumerator", "worker", "day"])),
                    ("rows", list(refer("CompletionRow"))),
                    ("total", refer("CompletionRow")),
                ])
                .about("Rows add up to total, except by=day, which is cumulative."),
            ),
            (
                "CompletionRow",
                object([
                    (
                        "code",
                        text().about(
                            "Area code, building id, user or date, by `by`; empty for cases nobody holds (by=enumerator) or nobody has visited (by=worker).",
                        ),
                    ),
                    ("name", text()),
                    ("name_zh?", text()),
                    ("cases", count().about("Active cases: not merged, not cancelled.")),
                    (
                        "states",
                        object([
                            ("new", count()),
                            ("in_progress", count()),
                            ("appointment", count()),
                            ("proxy", count()),
                            ("exhausted", count()),
                            ("partial", count()),
                            ("refused", count()),
                            ("verify", count()),
                            ("not_eligible", count()),
                            ("closed", count()),
                            ("completed", count()),
                            ("merged", count()),
                            ("cancelled", count()),
                        ])
                        .about("Every case, zero counts included."),
                    ),
                    ("completion", refer("Ratio")),
                    ("enumeration", refer("Ratio")),
                    ("occupied_return", refer("Ratio")),
                    ("attempt", refer("Ratio")),
                    ("proxy_share", refer("Ratio")),
                    ("self_share?", refer("Ratio")),
                    ("baseline_completion?", refer("Ratio")),
                    ("first_visit", refer("Ratio")),
                    ("aapor", refer("Aapor")),
                    (
                        "persons",
                        object([
                            ("recorded", int()),
                            ("resident", int()),
                            ("here_registered", int()),
                            ("here_elsewhere", int()),
                            ("absent_registered", int()),
                            ("here_pending", int()),
                            ("paired", int()),
                        ])
                        .about("From the counted interviews."),
                    ),
                    (
                        "forms?",
                        map(refer("Ratio")).about(
                            "Of each extra form: completed cases with a complete sheet, of completed cases. Only as of now.",
                        ),
                    ),
                    (
                        "devices?",
                        object([
                            ("enrolled", count()),
                            ("heard", count().about("Since the start of the field evening.")),
                            ("silent", count()),
                            ("waiting", count().about("Records waiting on devices as they last said.")),
                            (
                                "doors_held",
                                count().about("Open doors of the row that silent devices had lent when they were last heard."),
                            ),
                            (
                                "at_most",
                                number().or_null().about("enumeration if all those were done; null where unbounded."),
                            ),
                            (
                                "unbounded?",
                                flag().about("A silent device works there without doors lent to it: no bound can be given."),
                            ),
                            ("last_sync", time().or_null().about("The latest batch of anybody who works there.")),
                        ]),
                    ),
                    ("area?", text().about("Area of a building.")),
                ])
                .about("A rate never stands without its numerator and denominator."),
            ),
            (
                "Ratio",
                object([
                    ("numerator", int()),
                    ("denominator", int()),
                    ("rate", number().or_null().about("Rounded to 6 places; null for a zero denominator.")),
                ]),
            ),
        ]
    }
}
