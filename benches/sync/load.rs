//! Sending batches to a service over several connections at once, and reading pages beside it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use jiff::Timestamp;

use crate::figures::Timing;
use crate::house::Service;
use crate::records::{Body, Maker, Mix};
use crate::wire::Line;

/// What a load ended in.
#[derive(Debug, Default)]
pub struct Done {
    /// Rates and latencies.
    pub timing: Timing,
    /// Receipts `accepted` of batches that were new.
    pub accepted: usize,
    /// Batches answered as replays.
    pub replays: usize,
}

/// What one device sends over one connection.
#[derive(Clone, Debug)]
pub struct Shift {
    /// The device's token.
    pub token: String,
    /// Its batches, in their order.
    pub bodies: Vec<Body>,
}

/// Batches for `connections`, each with its own device: those of the first makers.
pub fn shifts(
    makers: &mut [Maker],
    connections: usize,
    batches: usize,
    n: usize,
    mix: Mix,
) -> Result<Vec<Shift>> {
    let now = Timestamp::now();
    let each = batches.div_ceil(connections);
    makers
        .iter_mut()
        .take(connections)
        .map(|maker| {
            let bodies = (0..each).map(|_| maker.batch(n, mix, now)).collect::<Result<_>>()?;
            Ok(Shift { token: maker.token().to_owned(), bodies })
        })
        .collect()
}

/// Sends all at once, one connection each.
pub async fn send(service: &Service, work: &[Shift]) -> Result<Done> {
    let gate = Arc::new(tokio::sync::Barrier::new(work.len() + 1));
    let mut tasks = Vec::new();
    for shift in work {
        let mut line = Line::open(service.address, &shift.token).await?;
        let (gate, bodies) = (Arc::clone(&gate), shift.bodies.clone());
        tasks.push(tokio::spawn(async move {
            gate.wait().await;
            let mut done = Done::default();
            for body in bodies {
                let began = Instant::now();
                let answer = line.post(body.packed).await?;
                done.timing.latencies.push(began.elapsed().as_secs_f64() * 1000.0);
                done.timing.records += body.records;
                if answer.replayed {
                    done.replays += 1;
                } else {
                    done.accepted += answer.counts.accepted;
                }
            }
            anyhow::Ok(done)
        }));
    }
    gate.wait().await;
    let began = Instant::now();
    let mut all = Done::default();
    for task in tasks {
        let done = task.await??;
        all.timing.add(done.timing.records, done.timing.latencies);
        all.accepted += done.accepted;
        all.replays += done.replays;
    }
    all.timing.took = began.elapsed();
    Ok(all)
}

/// Reads the supervisor's completion page again and again until told to stop; latencies of the reads.
pub async fn read_beside(service: &Service, path: &str, stop: Arc<AtomicBool>) -> Result<Timing> {
    let mut line = Line::open(service.address, &service.boss).await?;
    let mut timing = Timing::default();
    let began = Instant::now();
    while !stop.load(Ordering::Relaxed) {
        let asked = Instant::now();
        line.get(path).await?;
        timing.latencies.push(asked.elapsed().as_secs_f64() * 1000.0);
        timing.records += 1;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    timing.took = began.elapsed();
    Ok(timing)
}

/// Reads `path` `times` times on one connection.
pub async fn read(service: &Service, path: &str, times: usize) -> Result<(Timing, usize)> {
    let mut line = Line::open(service.address, &service.boss).await?;
    let mut timing = Timing::default();
    let mut length = line.get(path).await?;
    for _ in 0..times {
        let asked = Instant::now();
        length = line.get(path).await?;
        timing.latencies.push(asked.elapsed().as_secs_f64() * 1000.0);
    }
    Ok((timing, length))
}
