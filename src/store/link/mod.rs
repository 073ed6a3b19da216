//! Links between interviews: the queue, the interviews as they are compared, pairs, households, the model.
//!
//! Everything here is written under the survey's linking lock ([`lock`], [`try_lock`]) except the queue, which uploads add
//! to in their own transaction.

pub mod cluster;
pub mod model;
pub mod pair;
pub mod queue;
pub mod read;
pub mod text;

use super::Statement;
use super::SurveyKey;
use super::tx::{Error, Tx, statements};

statements! {
    /// $1, $2 the lock. Without waiting.
    TRY_LOCK = "-- try_lock_links
        select pg_try_advisory_xact_lock($1::integer, $2::integer) as got";
    /// $1, $2 the lock.
    LOCK = "-- lock_links
        select pg_advisory_xact_lock($1::integer, $2::integer)";
}

/// The statements of this part of the room.
pub(super) fn all() -> Vec<&'static Statement> {
    [ALL, cluster::ALL, model::ALL, pair::ALL, queue::ALL, read::ALL, text::ALL].concat()
}

/// First half of the lock's number; leaves the numbers of other locks alone.
const LOCKS: i32 = 0x4c49_0000;

fn lock_of(key: SurveyKey) -> (i32, i32) {
    (LOCKS ^ key.no, key.district)
}

/// Takes the survey's linking lock until the transaction ends, if nobody holds it.
pub async fn try_lock(tx: &Tx, key: SurveyKey) -> Result<bool, Error> {
    let (a, b) = lock_of(key);
    Ok(tx.query_one(&TRY_LOCK, &[&a, &b]).await?.get("got"))
}

/// Waits for the survey's linking lock and holds it until the transaction ends.
pub async fn lock(tx: &Tx, key: SurveyKey) -> Result<(), Error> {
    let (a, b) = lock_of(key);
    tx.query(&LOCK, &[&a, &b]).await?;
    Ok(())
}
