//! Faults by name, each run several times with random timing under a printed seed, and the same law after every one: what
//! was acknowledged is stored once, what was sent twice counts once, counters and feeds agree with what is stored.
//!
//! `DOORKNOCK_FAULT_RUNS` says how often each runs (2 when not set; `make faults` asks for 50), `DOORKNOCK_FAULT_SEED`
//! repeats a run, `DOORKNOCK_FAULT_REPORT` names a file that gets a line for every fault that ended well. `inside` breaks the service within this process, `refusals` lets the database refuse, `clients` are
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

use std::io::Write;
use std::time::Instant;

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

/// A fault in its runs, and what is said of it at the end.
pub struct Runs {
    name: &'static str,
    seed: u64,
    began: Instant,
}

impl Runs {
    /// Begins the runs of a fault.
    pub fn of(name: &'static str) -> Self {
        Self { name, seed: seed(), began: Instant::now() }
    }

    /// The dice of every run.
    pub fn each(&self) -> impl Iterator<Item = StdRng> + use<> {
        let (name, seed) = (self.name, self.seed);
        (0..runs()).map(move |run| dice(name, run, seed))
    }

    /// All went well: after every run what was acknowledged, so many records by now, was there once.
    pub fn went_well(&self, acknowledged: usize) {
        let Some(file) = std::env::var_os("DOORKNOCK_FAULT_REPORT") else { return };
        let seconds = self.began.elapsed().as_secs();
        let line = format!("{}\t{}\t{acknowledged}\t{seconds}\t{}\n", self.name, runs(), self.seed);
        let opened = std::fs::OpenOptions::new().append(true).create(true).open(file);
        opened.and_then(|mut out| out.write_all(line.as_bytes())).expect("the report can be written");
    }
}

/// A wait of up to so many milliseconds.
pub async fn a_moment(dice: &mut StdRng, most_ms: u64) {
    let ms = dice.random_range(0..=most_ms);
    tokio::time::sleep(std::time::Duration::from_millis(ms)).await;
}
