//! What linking one interview costs with few and with very many interviews stored, on one private cluster with everything
//! forced to disk. Flat is right: a candidate is found by an indexed key, and a block has an upper bound.

#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]

mod stored;
mod town;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::Parser;
use doorknock::dedupe::{Dedupe, Step};
use doorknock::embedded::{Cluster, DataDir, Options as Place, Purpose};
use doorknock::ingest::Ingest;
use doorknock::ingest::digest::Keys;
use doorknock::ingest::models::Models;
use doorknock::store::{Settings, Store, migrate};
use doorknock::surveys::Surveys;
use jiff::Timestamp;

use town::Town;

/// Arguments.
#[derive(Parser, Clone, Debug)]
struct Options {
    /// Given by cargo bench
    #[arg(long)]
    bench: bool,
    /// Interviews stored before each measurement
    #[arg(long, value_delimiter = ',', default_value = "10000,100000")]
    sizes: Vec<usize>,
    /// Interviews measured at each size
    #[arg(long, default_value_t = 500)]
    sample: usize,
    /// Where the cluster is made
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Most milliseconds for 95 of 100 interviews
    #[arg(long, default_value_t = 25.0)]
    most_ms: f64,
}

fn main() -> Result<ExitCode> {
    let options = Options::parse();
    if !options.bench {
        println!("nothing is measured without --bench; run cargo bench --bench links");
        return Ok(ExitCode::SUCCESS);
    }
    let temp = std::env::temp_dir();
    let dir = options.dir.as_ref().unwrap_or(&temp).join(format!("doorknock-links-{}", std::process::id()));
    std::fs::create_dir_all(&dir).with_context(|| dir.display().to_string())?;
    let place =
        Place { helper: PathBuf::from(env!("CARGO_BIN_EXE_doorknock")), ..Place::new(dir.join("cluster")) };
    let cluster = Cluster::start(DataDir::lock(&place.data_dir, Purpose::Service)?, &place)?;
    let url = cluster.connection().url();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let measured = runtime.block_on(run(&options, &url));
    cluster.stop();
    std::fs::remove_dir_all(&dir).with_context(|| dir.display().to_string())?;
    Ok(if measured? { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn run(options: &Options, url: &str) -> Result<bool> {
    let settings = Settings::from_url(url)?;
    migrate(&settings).await?;
    let store = Store::new(&settings)?;
    let surveys = Surveys::new(store.clone());
    let ingest = Ingest {
        store: store.clone(),
        surveys,
        keys: Arc::new(Keys::new(&[7; 32])),
        models: Models::default(),
    };
    let mut town = Town::found(&ingest, options.sample * options.sizes.len()).await?;
    let dedupe = Dedupe::new(ingest.clone());
    let (mut stored, mut within) = (0, true);
    println!(
        "{:>10} {:>9} {:>9} {:>9} {:>9} {:>10} {:>9}",
        "stored", "mean ms", "p50 ms", "p95 ms", "p99 ms", "compared", "skipped"
    );
    for size in &options.sizes {
        let began = Instant::now();
        stored::add(url, town.key, stored, *size).await?;
        stored = *size;
        let loading = began.elapsed();
        town.send(&ingest, options.sample).await?;
        let (mut times, mut compared, mut skipped) = (Vec::new(), 0, 0);
        loop {
            let began = Instant::now();
            match dedupe.step(&town.survey, Timestamp::now()).await? {
                Step::Idle => break,
                Step::Linked(done) => {
                    times.push(began.elapsed().as_secs_f64() * 1e3);
                    compared += done.compared;
                    skipped += usize::from(!done.skipped.is_empty());
                }
                Step::Elsewhere | Step::Postponed => ensure!(false, "an interview was not linked"),
            }
        }
        times.sort_by(f64::total_cmp);
        let n = times.len();
        let at = |q: usize| times[(n * q / 100).min(n - 1)];
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let (mean, compared) = (times.iter().sum::<f64>() / n as f64, compared as f64 / n as f64);
        println!(
            "{size:>10} {mean:>9.2} {:>9.2} {:>9.2} {:>9.2} {compared:>10.1} {skipped:>9}   (loaded in {:.0} s)",
            at(50),
            at(95),
            at(99),
            loading.as_secs_f64()
        );
        within &= at(95) <= options.most_ms;
    }
    println!("links found: {:?}", store.count_links(town.key, doorknock::domain::AreaRange::ALL).await?);
    Ok(within)
}
