//! `make bench`: the service against plain PostgreSQL, in one run on one private cluster with everything forced to disk.
//!
//! Numbers of one machine at one moment mean little; ratios inside a round mean something. So a run fails by ratios
//! alone. It plays phones and browsers and judges nothing that the tests judge.

#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]

mod collect;
mod figures;
mod house;
mod load;
mod options;
mod raw;
mod records;
mod rounds;
mod scale;
mod soak;
mod wire;
mod world;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Parser;

use figures::{Verdict, quantile};
use house::House;
use options::{Options, Part};

fn main() -> Result<ExitCode> {
    let options = Options::parse();
    if !options.bench {
        println!("nothing is measured without --bench; run make bench");
        return Ok(ExitCode::SUCCESS);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let house = House::start(&options)?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!(
        "seed {}, {cores} cores, one forced write of 8 KiB takes {:.2} ms here",
        options.seed,
        forced_write(&house)?
    );
    let mut verdict = Verdict::new();
    runtime.block_on(async {
        if options.wants(Part::Sync) {
            rounds::run(&house, &options, &mut verdict).await?;
        }
        if options.wants(Part::Collect) {
            collect::run(&house, &options, &mut verdict).await?;
        }
        if options.wants(Part::Scale) {
            scale::run(&house, &options, &mut verdict).await?;
        }
        if options.wants(Part::Soak) {
            soak::run(&house, &options, &mut verdict).await?;
        }
        anyhow::Ok(())
    })?;
    Ok(if verdict.is_right() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Median milliseconds of writing and forcing 8 KiB to the disk that holds the cluster: what every commit pays.
fn forced_write(house: &House) -> Result<f64> {
    use std::io::Write as _;
    let path = house.path("forced-write");
    let mut file = std::fs::File::create(&path).with_context(|| path.display().to_string())?;
    let mut all = Vec::new();
    for _ in 0..50 {
        let began = Instant::now();
        file.write_all(&[7; 8192])?;
        file.sync_data()?;
        all.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(quantile(&all, 0.5))
}
