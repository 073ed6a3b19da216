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
    let area = reach::area(&app, &caller, &query).await?;
    let survey = app.survey(&caller).await?;
    let question = Question { area, by, at: at.map(|at| (at, clock)), clock, now: app.now() };
    Ok(answer::json(&report::completion(app.store(), &survey, &question).await?))
}
