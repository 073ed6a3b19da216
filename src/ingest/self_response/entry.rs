//! Coming in under the code of a card: whether there is such a card, and what a PIN is worth. Five wrong PINs make the sixth wait
//! for a quarter of an hour; twenty end the card.

use jiff::{SignedDuration, Timestamp};

use super::super::Error;
use super::super::digest::Keys;
use crate::store::Tx;
use crate::store::card::{self, CardRow};

/// Wrong PINs in a row after which the next one waits.
const WRONG_IN_A_ROW: i16 = 5;
/// Wrong PINs that end a card.
const WRONG_EVER: i16 = 20;
/// How long it waits.
const WAIT: SignedDuration = SignedDuration::from_mins(15);

/// What came of a code and a PIN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entered<T> {
    /// There is no such card, or it was ended.
    NoCard,
    /// The PIN is another one.
    WrongPin,
    /// No PIN is judged before this moment.
    Wait(Timestamp),
    /// Come in.
    Card(T),
}

impl<T> Entered<T> {
    /// The same with another thing inside.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Entered<U> {
        match self {
            Self::NoCard => Entered::NoCard,
            Self::WrongPin => Entered::WrongPin,
            Self::Wait(until) => Entered::Wait(until),
            Self::Card(inside) => Entered::Card(make(inside)),
        }
    }
}

/// A PIN that came with a code, by its digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pin {
    /// None came.
    NotGiven,
    /// One came, and the card has none yet.
    New(Vec<u8>),
    /// The card's own.
    Right(Vec<u8>),
}

/// Locks the card of a code and judges the PIN; what a wrong one costs is written.
pub(super) async fn enter(
    tx: &Tx,
    keys: &Keys,
    hash: &[u8],
    pin: Option<&str>,
    now: Timestamp,
) -> Result<Entered<(CardRow, Pin)>, Error> {
    let Some(mut card) = card::lock(tx, hash).await?.filter(|c| c.killed_at.is_none()) else {
        return Ok(Entered::NoCard);
    };
    let Some(pin) = pin else { return Ok(Entered::Card((card, Pin::NotGiven))) };
    let digest = keys.pin_digest(hash, pin).to_vec();
    let Some(own) = card.pin_digest.clone() else { return Ok(Entered::Card((card, Pin::New(digest)))) };
    if let Some(until) = card.pin_free_at.filter(|until| *until > now) {
        return Ok(Entered::Wait(until));
    }
    if own == digest {
        if card.pin_wrong > 0 {
            card.pin_wrong = 0;
            card::note_pin(tx, &card).await?;
        }
        return Ok(Entered::Card((card, Pin::Right(digest))));
    }
    count_wrong(&mut card, now);
    card::note_pin(tx, &card).await?;
    Ok(Entered::WrongPin)
}

fn count_wrong(card: &mut CardRow, now: Timestamp) {
    card.pin_wrong += 1;
    card.pin_wrong_ever += 1;
    if card.pin_wrong >= WRONG_IN_A_ROW {
        card.pin_wrong = 0;
        card.pin_free_at = Some(now + WAIT);
    }
    if card.pin_wrong_ever >= WRONG_EVER {
        card.killed_at = Some(now);
    }
}
