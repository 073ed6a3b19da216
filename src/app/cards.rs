//! What a resident may do under the code of a card. Says nothing about a household.

use jiff::SignedDuration;

use super::{App, auth};
use crate::access;
use crate::domain::CaseId;
use crate::net::limit::Tries;
use crate::net::problem::Problem;
use crate::net::request::Request;
use crate::store::SurveyKey;
use crate::store::plan::Wish;

/// Most wishes one door may leave in a day.
const WISHES_A_DAY: i64 = 5;
/// The time over which they are counted.
pub const DAY: SignedDuration = SignedDuration::from_hours(24);

/// The survey and case behind the code of a card; a wrong code makes the next try wait.
/// Problems: `not-found`, `too-many-tries`.
pub async fn door_of_card(app: &App, request: &Request, code: &str) -> Result<(SurveyKey, CaseId), Problem> {
    let attempt = app.slips.allow(Tries { address: request.client(), user: None, browser: None })?;
    let hash = auth::hash(&access::plain_code(code));
    attempt.judged(app.store().slip(&hash).await)?.ok_or_else(Problem::not_found)
}

/// Stores a resident's wishes; `false` where the door has had as many in the last day as it may.
pub async fn note_wishes(app: &App, key: SurveyKey, wishes: Vec<Wish>) -> Result<bool, Problem> {
    let since = app.now() - DAY;
    Ok(app.store().add_wishes(key, wishes, since, WISHES_A_DAY).await?)
}
