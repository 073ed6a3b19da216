//! Limits of one process: how much of what costs something runs at once, for whom, and how fast codes and passwords may be
//! guessed.
//!
//! Several processes may share a database; each keeps its own counts, which bounds the whole well enough. Nothing here is
//! needed for correctness, only against overload and guessing. Whoever finds no place waits two seconds at most and is then
//! told when to come again; what is remembered about callers is bounded.

mod hashing;
mod openings;
mod tries;
mod turns;
mod uploads;

use std::time::Duration;

pub use hashing::{Hashing, Lane};
pub use openings::Openings;
pub(super) use tries::address;
pub use tries::{Attempt, Attempts, Tries};
pub use turns::{Turn, Turns};
pub use uploads::{Share, UploadSlot, UploadSlots, room_for_strangers};

/// How long somebody waits for a place.
const PATIENCE: Duration = Duration::from_secs(2);

/// Requests of one token at once: what a browser or a phone opens, with a call that waits for news beside it.
pub const REQUESTS_OF_ONE: usize = 8;
