//! What residents send by themselves under the code of a card: begun answers, and answers, which become a visit and an interview in
//! one transaction with the card. The code writes and never reads: nothing stored of a household is shown under it.
//!
//! The case is locked before its card, as everywhere else.

mod entry;
mod records;
mod telephone;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::digest::Keys;
use super::reason::{Reason, sentence};
use super::refold::{At, refold};
use super::rows::Standing;
use super::{Error, Ingest, vault};
use crate::domain::ids::key_part;
use crate::domain::{CaseId, DwellingId};
use crate::store::batch::Status;
use crate::store::card::{self, CardRow, Left, Submitted};
use crate::store::case::{self, CaseRow, FoundDoor};
use crate::store::evidence::{self, Others, Sender};
use crate::store::feed::{self, ChangeKind, Mark};
use crate::store::{Outcome, Tx};
use crate::surveys::Survey;

pub use entry::{Entered, Pin};
use records::{Made, made};
pub use telephone::Call;

/// Why an answer was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// The form cannot be used: pointers into the answer, each with a sentence.
    Form(Vec<(String, String)>),
    /// It cannot be taken now, whatever it says: why, in English and in Chinese.
    NotNow(&'static str, &'static str),
}

/// The door as a resident writes it who holds a card that was not reported yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypedDoor {
    /// Building.
    pub building: String,
    /// Unit; empty where there is none.
    pub unit: String,
    /// Room.
    pub room: String,
}

impl TypedDoor {
    /// Whether it is the door of a case.
    fn is_at(&self, row: &CaseRow) -> bool {
        let pairs = [(&self.building, &row.building), (&self.unit, &row.unit), (&self.room, &row.room)];
        pairs.iter().all(|(typed, listed)| key_part(typed) == key_part(listed))
    }
}

/// An answer as sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Household, persons and answers, as in an interview record.
    pub interview: Value,
    /// Which household behind the door, from 1.
    pub household: u32,
    /// The door, where the card does not know it.
    pub door: Option<TypedDoor>,
}

/// What became of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// A short word by which the office finds it.
    pub reference: String,
    /// Why it waits; nothing where it counts.
    pub held: Option<Reason>,
}

/// An answer that waits until it is known where its card was left.
#[derive(Serialize, Deserialize)]
struct Pending {
    answer: Answer,
    at: Timestamp,
    revision: i32,
}

/// A card opened.
#[derive(Clone, Debug)]
pub struct Opened {
    /// The card.
    pub card: CardRow,
    /// The sealed draft, where the PIN is right.
    pub draft: Option<Vec<u8>>,
}

impl Ingest {
    /// Opens the card of a code; the draft comes with the right PIN only.
    pub async fn open_card(
        &self,
        hash: &[u8],
        pin: Option<&str>,
        now: Timestamp,
    ) -> Result<Entered<Opened>, Error> {
        let (hash, pin, keys) = (hash.to_vec(), pin.map(str::to_owned), self.keys.clone());
        self.store
            .retrying("open_card", move |tx| {
                let (hash, pin, keys) = (hash.clone(), pin.clone(), keys.clone());
                Box::pin(async move {
                    let entered = entry::enter(tx, &keys, &hash, pin.as_deref(), now).await?;
                    Ok(Outcome::Commit(entered.map(|(card, pin)| Opened {
                        draft: card.draft.clone().filter(|_| matches!(pin, Pin::Right(_))),
                        card,
                    })))
                })
            })
            .await
    }

    /// Notes that somebody began to answer; the door's phones hear of it.
    pub async fn start_card(&self, hash: &[u8], now: Timestamp) -> Result<(), Error> {
        let hash = hash.to_vec();
        self.store
            .retrying("start_card", move |tx| {
                let hash = hash.clone();
                Box::pin(async move {
                    let Some(card) = card::lock(tx, &hash).await?.filter(|c| c.started_at.is_none()) else {
                        return Ok(Outcome::Rollback(()));
                    };
                    card::start(tx, &hash, now).await?;
                    tell_of_start(tx, &card, now, ()).await
                })
            })
            .await
    }

    /// Keeps a sealed draft under a PIN, the first of which becomes the card's.
    pub async fn save_draft(
        &self,
        hash: &[u8],
        pin: &str,
        draft: Vec<u8>,
        now: Timestamp,
    ) -> Result<Entered<Result<(), Unfit>>, Error> {
        let (hash, pin, keys) = (hash.to_vec(), pin.to_owned(), self.keys.clone());
        self.store
            .retrying("save_draft", move |tx| {
                let (hash, pin, draft, keys) = (hash.clone(), pin.clone(), draft.clone(), keys.clone());
                Box::pin(async move {
                    let entered = entry::enter(tx, &keys, &hash, Some(&pin), now).await?;
                    let (card, digest) = match entered {
                        Entered::Card((card, Pin::New(digest) | Pin::Right(digest))) => (card, digest),
                        Entered::Card((_, Pin::NotGiven)) | Entered::NoCard => {
                            return Ok(Outcome::Commit(Entered::NoCard));
                        }
                        Entered::WrongPin => return Ok(Outcome::Commit(Entered::WrongPin)),
                        Entered::Wait(until) => return Ok(Outcome::Commit(Entered::Wait(until))),
                    };
                    if card.submitted_at.is_some() {
                        let (en, zh) = (
                            "An answer was sent under this code; nothing more can be saved.",
                            "此代码已提交过答卷，不能再保存。",
                        );
                        return Ok(Outcome::Rollback(Entered::Card(Err(Unfit::NotNow(en, zh)))));
                    }
                    card::save(tx, &hash, &digest, &draft, now).await?;
                    if card.started_at.is_some() {
                        return Ok(Outcome::Commit(Entered::Card(Ok(()))));
                    }
                    tell_of_start(tx, &card, now, Entered::Card(Ok(()))).await
                })
            })
            .await
    }

    /// Takes an answer: stores it with the card in one transaction, or says why not.
    pub async fn answer_card(
        &self,
        survey: &std::sync::Arc<Survey>,
        hash: &[u8],
        pin: Option<&str>,
        answer: Answer,
        now: Timestamp,
    ) -> Result<Entered<Result<Taken, Unfit>>, Error> {
        let (hash, pin, keys) = (hash.to_vec(), pin.map(str::to_owned), self.keys.clone());
        let (survey, answer) = (survey.clone(), std::sync::Arc::new(answer));
        self.store
            .retrying("answer_card", move |tx| {
                let (hash, pin, keys) = (hash.clone(), pin.clone(), keys.clone());
                let (survey, answer) = (survey.clone(), answer.clone());
                Box::pin(async move {
                    let work = Work { tx, at: At::new(survey.key, now), survey: &survey, keys: &keys };
                    work.submit(&hash, pin.as_deref(), &answer).await
                })
            })
            .await
    }
}

/// Ends a transaction in which answering began: the door shows it, if it is known.
async fn tell_of_start<T>(tx: &Tx, card: &CardRow, now: Timestamp, value: T) -> Result<Outcome<T>, Error> {
    let Some(case) = card.case_id else { return Ok(Outcome::Commit(value)) };
    let Some(row) = case::find_cases(tx, card.key, &[case]).await?.into_iter().next() else {
        return Ok(Outcome::Commit(value));
    };
    let at = At::new(card.key, now);
    let mark = Mark { id: case.into(), area_no: Some(row.area_no), ..Mark::default() };
    feed::mark(tx, at.key, at.tag, ChangeKind::Case, &[mark]).await?;
    Ok(Outcome::Stamp(value, at.key, at.tag))
}

/// What an answer is worked on with.
struct Work<'a> {
    tx: &'a Tx,
    at: At,
    survey: &'a Survey,
    keys: &'a Keys,
}

type Done = Result<Outcome<Entered<Result<Taken, Unfit>>>, Error>;

impl Work<'_> {
    async fn submit(&self, hash: &[u8], pin: Option<&str>, answer: &Answer) -> Done {
        let seen = card::find(self.tx, hash).await?.and_then(|card| card.case_id);
        let first = match seen {
            Some(case) => Some(self.first(case).await?),
            None => None,
        };
        let entered = entry::enter(self.tx, self.keys, hash, pin, self.at.now).await?;
        let (card, pin) = match entered {
            Entered::Card(found) => found,
            Entered::NoCard => return Ok(Outcome::Commit(Entered::NoCard)),
            Entered::WrongPin => return Ok(Outcome::Commit(Entered::WrongPin)),
            Entered::Wait(until) => return Ok(Outcome::Commit(Entered::Wait(until))),
        };
        if card.case_id != seen {
            // Its visit came in this very moment: the next try finds the door.
            return Err(Error::Store(crate::store::Error::Busy("card_bound")));
        }
        if self.at.now > self.survey.closes_at() {
            return Ok(not_now("The survey is over.", "调查已结束。"));
        }
        let digest = self.keys.text_digest(&serde_json::to_string(answer).unwrap_or_default());
        let standing = Again { card: &card, pin: &pin, digest: &digest };
        if standing.is_same() {
            let held = card.case_id.is_none().then_some(Reason::CardUnbound);
            let taken = Taken { reference: reference(self.keys, &card, card.revision), held };
            return Ok(Outcome::Rollback(Entered::Card(Ok(taken))));
        }
        match first {
            Some(first) => {
                let row = self.household(first, answer.household).await?;
                self.store(&card, &standing, &row, answer).await
            }
            None => self.keep(&card, &standing, answer).await,
        }
    }

    /// The case of a card's door, locked.
    async fn first(&self, case: CaseId) -> Result<CaseRow, Error> {
        case::lock_cases(self.tx, self.at.key, &[case]).await?;
        let row = case::find_cases(self.tx, self.at.key, &[case]).await?.into_iter().next();
        row.ok_or(Error::Store(crate::store::Error::Corrupt("case of a card")))
    }

    /// The case of a household behind the same door; a further one gets its case here.
    async fn household(&self, first: CaseRow, household: u32) -> Result<CaseRow, Error> {
        if household <= 1 || i64::from(household) == i64::from(first.household) {
            return Ok(first);
        }
        let door = further(&first, self.survey, household);
        if case::find_cases(self.tx, self.at.key, &[door.case_id]).await?.is_empty() {
            super::accept::add_doors(self.tx, self.at, self.survey, std::slice::from_ref(&door)).await?;
        }
        self.first(door.case_id).await
    }

    /// Stores an answer whose door is known.
    async fn store(&self, card: &CardRow, again: &Again<'_>, row: &CaseRow, answer: &Answer) -> Done {
        let (key, is_second) = (self.survey.key, again.is_second());
        let revision = if is_second { 1 } else { card.revision + 1 };
        let made = match made(self, card, row.id, again, answer, (revision, self.at.now)) {
            Ok(made) => made,
            Err(faults) => return Ok(Outcome::Rollback(Entered::Card(Err(Unfit::Form(faults))))),
        };
        let held = is_second.then_some(Reason::SelfSecond);
        let at = self.at;
        self.insert(&made, row.id, held).await?;
        if is_second {
            let reference = reference(self.keys, card, -1);
            return Ok(Outcome::Stamp(Entered::Card(Ok(Taken { reference, held })), key, at.tag));
        }
        let locked = case::lock_cases(self.tx, key, &[row.id]).await?;
        refold(self.tx, at, self.survey, &locked).await?;
        let submitted = Submitted { pin: again.pin_to_keep(), revision, digest: again.digest, pending: None };
        card::submit(self.tx, &card.hash, submitted, self.at.now).await?;
        let taken = Taken { reference: reference(self.keys, card, revision), held: None };
        Ok(Outcome::Stamp(Entered::Card(Ok(taken)), key, at.tag))
    }

    /// Keeps an answer, sealed, until it is known where its card was left.
    async fn keep(&self, card: &CardRow, again: &Again<'_>, answer: &Answer) -> Done {
        if again.is_second() {
            return Ok(not_now(
                "An answer under this code waits; with its PIN another can take its place.",
                "此代码已有一份答卷待核；凭其密码可另交一份替换。",
            ));
        }
        let revision = card.revision + 1;
        let mut faults = match made(self, card, CaseId(Uuid::max()), again, answer, (revision, self.at.now)) {
            Ok(_) => Vec::new(),
            Err(faults) => faults,
        };
        if answer.door.is_none() {
            faults.push(("/door".to_owned(), "must say building, unit and room".to_owned()));
        }
        if !faults.is_empty() {
            return Ok(Outcome::Rollback(Entered::Card(Err(Unfit::Form(faults)))));
        }
        let pending = Pending { answer: answer.clone(), at: self.at.now, revision };
        let text = serde_json::to_string(&pending).map_err(|_| crate::store::Error::Corrupt("answer"))?;
        let sealed = vault::sealed(self.keys.pending_key(), &text, &card.hash);
        let submitted =
            Submitted { pin: again.pin_to_keep(), revision, digest: again.digest, pending: Some(&sealed) };
        card::submit(self.tx, &card.hash, submitted, self.at.now).await?;
        let taken =
            Taken { reference: reference(self.keys, card, revision), held: Some(Reason::CardUnbound) };
        Ok(Outcome::Commit(Entered::Card(Ok(taken))))
    }

    /// Stores visit and interview at a case, still to be folded.
    async fn insert(&self, made: &Made, case: CaseId, held: Option<Reason>) -> Result<(), Error> {
        let key = self.survey.key;
        let standing = Standing {
            case_id: case,
            status: if held.is_some() { Status::Held } else { Status::Accepted },
            held: held.map(sentence),
        };
        let sender = Sender {
            batch: made.batch,
            device: made.device,
            user: std::sync::Arc::from(""),
            received_at: self.at.now,
        };
        let (visits, interview) = made.rows(&standing, self.keys);
        evidence::insert_visits(self.tx, key, &sender, visits).await?;
        evidence::insert_interviews(self.tx, key, &sender, vec![interview], Others::Maybe).await?;
        Ok(())
    }
}

/// What an answer under a card is beside those before it.
struct Again<'a> {
    card: &'a CardRow,
    pin: &'a Pin,
    digest: &'a [u8],
}

impl Again<'_> {
    /// The same answer once more.
    fn is_same(&self) -> bool {
        self.card.answer_digest.as_deref() == Some(self.digest)
    }

    /// Another answer from somebody who does not know the PIN.
    fn is_second(&self) -> bool {
        self.card.submitted_at.is_some() && !matches!(self.pin, Pin::Right(_))
    }

    /// The PIN that becomes the card's, if it has none.
    fn pin_to_keep(&self) -> Option<&[u8]> {
        match self.pin {
            Pin::New(digest) | Pin::Right(digest) => Some(digest),
            Pin::NotGiven => None,
        }
    }
}

fn not_now(en: &'static str, zh: &'static str) -> Outcome<Entered<Result<Taken, Unfit>>> {
    Outcome::Rollback(Entered::Card(Err(Unfit::NotNow(en, zh))))
}

/// The word by which the office finds an answer: eight letters of a keyed digest.
fn reference(keys: &Keys, card: &CardRow, revision: i32) -> String {
    const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    let id = keys.card_id(&card.hash, &format!("reference {revision}"));
    let word: Vec<char> =
        id.as_bytes().iter().take(8).map(|b| char::from(LETTERS[usize::from(b % 32)])).collect();
    let (first, last) = word.split_at(4);
    format!("{}-{}", first.iter().collect::<String>(), last.iter().collect::<String>())
}

/// A further household's case behind the door of a row.
fn further(row: &CaseRow, survey: &Survey, household: u32) -> FoundDoor {
    let door = DwellingId(row.dwelling_id);
    let case = CaseId::of(door, &survey.slug, household);
    FoundDoor {
        dwelling_id: row.dwelling_id,
        building_id: row.building_id,
        case_id: case,
        first_case: CaseId::of(door, &survey.slug, 1),
        written_id: row.dwelling_id,
        written_case: case,
        household: i32::try_from(household).unwrap_or(1),
        area: row.area.clone(),
        written_area: row.area.clone(),
        area_no: row.area_no,
        building: row.building.clone(),
        building_name: None,
        unit: row.unit.clone(),
        floor: row.floor,
        room: row.room.clone(),
        kind: "residential".to_owned(),
        position: row.position,
        external_id: row.external_id.clone(),
        door_key: crate::domain::door_key(&survey.district(), &row.area, &row.building, &row.unit, &row.room),
    }
}

/// Cards were left at these doors, whose cases are locked: the answers that waited for it are stored. One whose writer named
/// another door waits for a supervisor. Returns the cases that got evidence.
pub(super) async fn settle_pending(
    tx: &Tx,
    at: At,
    survey: &Survey,
    keys: &Keys,
    left: &[(CardRow, Left)],
) -> Result<Vec<CaseId>, Error> {
    let hashes: Vec<Vec<u8>> = left.iter().map(|l| l.0.hash.clone()).collect();
    let waiting = card::lock_pending(tx, &hashes).await?;
    let (mut touched, mut settled) = (Vec::new(), Vec::new());
    for (hash, sealed) in waiting {
        let Some((card, place)) = left.iter().find(|l| l.0.hash == hash) else { continue };
        let text = vault::opened(keys.pending_key(), sealed, &hash);
        let pending: Option<Pending> = text.and_then(|text| serde_json::from_str(&text).ok());
        let Some(Pending { answer, at: answered, revision }) = pending else {
            tracing::error!(
                "an answer that waits for its card cannot be opened and goes on waiting: another key file?"
            );
            continue;
        };
        let work = Work { tx, at, survey, keys };
        let row = work.household(work.first(place.case).await?, answer.household).await?;
        let is_here = answer.door.as_ref().is_some_and(|door| door.is_at(&row));
        // The answer itself made the card one that was answered: it is no second one.
        let again = Again { card, pin: &Pin::Right(Vec::new()), digest: &[] };
        let Ok(made) = made(&work, card, row.id, &again, &answer, (revision, answered)) else {
            tracing::error!(
                "an answer that waits for its card cannot be used as the survey stands now, and goes on waiting"
            );
            continue;
        };
        settled.push(hash);
        let held = (!is_here).then_some(Reason::CardUnbound);
        work.insert(&made, row.id, held).await?;
        if is_here {
            touched.push(row.id);
        }
    }
    card::end_pending(tx, &settled).await?;
    Ok(touched)
}
