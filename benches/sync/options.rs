//! What to measure, from the command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Measures the sync path of the service against plain PostgreSQL on this machine, as ratios inside one run.
#[derive(Parser, Clone, Debug)]
#[command(name = "cargo bench --bench sync --")]
pub struct Options {
    /// A short run: less work in each cell, a tenth of the doors in the part about scale
    #[arg(long)]
    pub quick: bool,
    /// Of the sync part only 4 connections and batches of 100, by which the run is judged
    #[arg(long)]
    pub judged_only: bool,
    /// How many rounds
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub rounds: usize,
    /// Chooses everything that is left to chance
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    pub seed: u64,
    /// What to measure
    #[arg(long, value_enum, default_value_t = Part::All)]
    pub part: Part,
    /// Doors of the large survey; 1,000,000, with --quick 100,000
    #[arg(long, value_name = "N")]
    pub doors: Option<usize>,
    /// Minutes of steady load, for --part soak
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub minutes: u64,
    /// Directory for the cluster, on the disk to be measured; a temporary one when none is given
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Settings of PostgreSQL to try, as in postgresql.conf
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
    /// The program to measure
    #[arg(long, value_name = "FILE", default_value = env!("CARGO_BIN_EXE_doorknock"))]
    pub binary: PathBuf,
    /// Given by cargo; without it (as in `cargo test --benches`) nothing is measured
    #[arg(long, hide = true)]
    pub bench: bool,
}

/// A part of the benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// Sync, Collect and scale.
    All,
    /// Batches against plain PostgreSQL.
    Sync,
    /// Forms of ODK Collect against batches of one record; a phone that only looks.
    Collect,
    /// Large surveys.
    Scale,
    /// Steady load for some minutes: memory flat, nothing lost.
    Soak,
}

impl Options {
    /// Whether a part is wanted.
    pub fn wants(&self, part: Part) -> bool {
        self.part == part || (self.part == Part::All && part != Part::Soak)
    }

    /// Doors of the large survey.
    pub fn large(&self) -> usize {
        self.doors.unwrap_or(if self.quick { 100_000 } else { 1_000_000 })
    }
}
