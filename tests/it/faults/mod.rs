//! Faults by name, each run several times with random timing under a printed seed, and the same law after every one: what
//! was acknowledged is stored once, what was sent twice counts once, counters and feeds agree with what is stored.
//!
//! `DOORKNOCK_FAULT_RUNS` says how often each runs (2 when not set; `make faults` asks for 50), `DOORKNOCK_FAULT_SEED`
//! repeats a run. `inside` breaks the service within this process, `refusals` lets the database refuse, `clients` are
//! others on the line, `outside` kills real processes, `disk` fills a real file system, `failover` loses a database node,
//! `crowd` is a long field day of many devices.

mod clients;
mod crowd;
mod disk;
mod failover;
mod house;
mod inside;
mod outside;
mod phone;
mod refusals;
mod world;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// How often each fault is run.
pub fn runs() -> u64 {
    number("DOORKNOCK_FAULT_RUNS").unwrap_or(2)
}

/// A seed: the one asked for, or a new one.
pub fn seed() -> u64 {
    number("DOORKNOCK_FAULT_SEED").unwrap_or_else(|| u64::from(rand::random::<u32>()))
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// The dice of one run; prints what is needed to throw them again.
pub fn dice(fault: &str, run: u64, seed: u64) -> StdRng {
    println!("fault {fault}, run {run}: DOORKNOCK_FAULT_SEED={seed}");
    StdRng::seed_from_u64(seed.wrapping_add(run))
}

/// A wait of up to so many milliseconds.
pub async fn a_moment(dice: &mut StdRng, most_ms: u64) {
    let ms = dice.random_range(0..=most_ms);
    tokio::time::sleep(std::time::Duration::from_millis(ms)).await;
}
