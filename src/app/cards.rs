//! Cards: making them, and what a resident may wish for under the code of one. Says nothing about a household.

use jiff::{SignedDuration, Timestamp};

use super::{App, auth};
use crate::access;
use crate::domain::{CardNumber, CaseId};
use crate::net::limit::Tries;
use crate::net::problem::Problem;
use crate::net::request::Request;
use crate::store::plan::Wish;
use crate::store::{Store, SurveyKey};

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

/// Most cards made at once.
pub const MOST_CARDS: usize = 2_000;

/// Makes cards for an enumerator of a survey on behalf of somebody; returns numbers and codes. A code is nowhere else.
pub async fn make_cards(
    store: &Store,
    (key, by): (SurveyKey, &str),
    for_user: &str,
    count: usize,
    now: Timestamp,
) -> Result<Vec<(String, String)>, crate::store::Error> {
    let mut made: Vec<(String, String)> = Vec::with_capacity(count);
    while made.len() < count {
        let drawn: Vec<(String, String)> = (made.len()..count)
            .map(|_| {
                let number = CardNumber::of(rand::random_range(0..CardNumber::COUNT));
                (number.to_string(), access::new_code())
            })
            .collect();
        let hashed =
            drawn.iter().map(|(number, code)| (auth::hash(&access::plain_code(code)), number.clone()));
        // A number that is given out already is drawn again.
        let free = store.make_cards(key, hashed.collect(), for_user, by, now).await?;
        made.extend(drawn.into_iter().filter(|(number, _)| free.contains(number)));
    }
    Ok(made)
}

/// The address of a card's page; the code stands behind the #, so that it reaches no log.
pub fn card_address(site: &str, code: &str) -> String {
    format!("{site}/card#{code}")
}
