//! What a resident may do under the code of a card: open it, keep answers begun, send them. How often somebody may guess, and what
//! the outcomes are as problems, is the same for the API and the page.

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde_json::Value;
use sha2::Sha256;

use super::{App, auth};
use crate::access;
use crate::ingest::self_response::{Answer, Entered, Taken, Unfit};
use crate::ingest::vault;
use crate::net::kind;
use crate::net::limit::Tries;
use crate::net::problem::{FieldError, Problem};
use crate::net::request::Request;
use crate::store::card::CardRow;
use crate::store::case::CaseRow;

/// A card opened.
pub struct OpenCard {
    /// The card.
    pub card: CardRow,
    /// Its door; none where nobody has said yet where it was left.
    pub door: Option<CaseRow>,
    /// Answers begun, with the right PIN.
    pub draft: Option<Value>,
}

/// Opens the card of a code. Problems: `not-found`, `wrong-pin`, `too-many-tries`.
pub async fn open(app: &App, request: &Request, code: &str, pin: Option<&str>) -> Result<OpenCard, Problem> {
    let hash = hash_of(code);
    let opened = tried(app, request, app.ingest.open_card(&hash, pin, app.now())).await?;
    let door = match opened.card.case_id {
        Some(case) => app.store().cases(opened.card.key, &[case]).await?.into_iter().next(),
        None => None,
    };
    let draft = opened.draft.and_then(|sealed| vault::opened(&draft_key(code), sealed, &hash));
    let draft = draft.and_then(|text| serde_json::from_str(&text).ok());
    Ok(OpenCard { card: opened.card, door, draft })
}

/// Keeps answers begun, sealed with a key made from the code. Problems: `not-found`, `wrong-pin`, `too-many-tries`,
/// `not-possible-now`.
pub async fn save(
    app: &App,
    request: &Request,
    code: &str,
    pin: &str,
    draft: &Value,
) -> Result<Timestamp, Problem> {
    let (hash, now) = (hash_of(code), app.now());
    let sealed = vault::sealed(&draft_key(code), &draft.to_string(), &hash);
    tried(app, request, app.ingest.save_draft(&hash, pin, sealed, now)).await?.map_err(unfit)?;
    Ok(now)
}

/// Takes an answer. Problems: `not-found`, `wrong-pin`, `too-many-tries`, `not-possible-now`, `body-not-valid` with pointers.
pub async fn submit(
    app: &App,
    request: &Request,
    code: &str,
    pin: Option<&str>,
    answer: Answer,
) -> Result<Taken, Problem> {
    let hash = hash_of(code);
    // The card says which survey; without one, what follows says so too.
    let card = app.store().card(&hash).await?;
    let Some(card) = card else {
        tried(app, request, app.ingest.open_card(&hash, None, app.now())).await?;
        return Err(Problem::not_found());
    };
    let survey = app.surveys().reread(card.key).await?;
    let taken = app.ingest.answer_card(&survey, &hash, pin, answer, app.now());
    tried(app, request, taken).await?.map_err(unfit)
}

/// What is stored of a code.
pub fn hash_of(code: &str) -> Vec<u8> {
    auth::hash(&access::plain_code(code))
}

/// The key of a draft. It stands in the code alone, of which we keep a hash.
fn draft_key(code: &str) -> [u8; 32] {
    let mac = Hmac::<Sha256>::new_from_slice(access::plain_code(code).as_bytes());
    mac.expect("HMAC takes a key of any length")
        .chain_update(b"doorknock draft")
        .finalize()
        .into_bytes()
        .into()
}

/// One try with a code; a wrong one makes the next wait.
async fn tried<T>(
    app: &App,
    request: &Request,
    work: impl Future<Output = Result<Entered<T>, crate::ingest::Error>>,
) -> Result<T, Problem> {
    let attempt = app.slips.allow(Tries { address: request.client(), user: None, browser: None })?;
    let entered = work.await.map(|entered| match entered {
        Entered::NoCard => None,
        entered @ (Entered::WrongPin | Entered::Wait(_) | Entered::Card(_)) => Some(entered),
    });
    match attempt.judged(entered)? {
        Some(Entered::Card(inside)) => Ok(inside),
        Some(Entered::WrongPin) => Err(Problem::plain(&kind::WRONG_PIN)),
        Some(Entered::Wait(until)) => {
            let seconds = until.duration_since(app.now()).as_secs().max(1);
            Err(Problem::plain(&kind::TOO_MANY_TRIES).retry_after(u32::try_from(seconds).unwrap_or(u32::MAX)))
        }
        Some(Entered::NoCard) | None => Err(Problem::not_found()),
    }
}

fn unfit(unfit: Unfit) -> Problem {
    match unfit {
        Unfit::Form(faults) => Problem::not_valid(
            faults.into_iter().map(|(pointer, says)| FieldError::at(pointer, says)).collect(),
        ),
        Unfit::NotNow(en, zh) => Problem::new(&kind::NOT_POSSIBLE_NOW, en).in_chinese(zh),
    }
}
