//! The part about sync: every round measures each cell in turn by every way, so that the machine's moods meet all alike.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Result, ensure};
use jiff::Timestamp;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::figures::{Cell, Figures, Timing, Verdict, spread};
use crate::house::{House, Service};
use crate::load::{self, Shift, shifts};
use crate::options::Options;
use crate::raw::{self, Way};
use crate::records::{Body, Maker, Mix, Walk};
use crate::wire::hang_up;
use crate::world::World;

const CONNECTIONS: [usize; 3] = [1, 4, 16];
const BATCHES: [usize; 4] = [1, 30, 100, 200];
/// The cell by which the run is judged.
const MAIN: Cell = Cell { connections: 4, batch: 100 };
const YARDSTICK: &str = "raw unnest";
const FRESH: &str = "service";
const REPLAY: &str = "service, replayed";
const VISITS: &str = "service, visits";
const READING: &str = "service, read too";
const SCATTERED: &str = "service, scattered";
const WAYS: [&str; 8] = ["raw COPY", YARDSTICK, "raw, row by row", FRESH, VISITS, SCATTERED, REPLAY, READING];

/// Measures and judges the sync path.
pub async fn run(house: &House, options: &Options, verdict: &mut Verdict) -> Result<()> {
    let world = World::new(if options.quick { 20_000 } else { 100_000 }, Timestamp::now());
    let (service, setup) = house.serve("sync", &world).await?;
    println!("survey of {} doors, set up in {:.1} s", world.doors, setup.as_secs_f64());
    house.create("raw").await?;
    raw::create(&house.connection("raw")?).await?;
    let makers = Maker::all(&world, &service.tokens, options.seed, Walk::Along);
    let scattered = Maker::all(&world, &service.tokens, options.seed + 1, Walk::Scattered);
    let cases = (0..world.doors).step_by(97).map(|d| world.case(d)).collect();
    let dice = StdRng::seed_from_u64(options.seed);
    let mut bench = Bench {
        house,
        service,
        makers,
        scattered,
        cases,
        dice,
        figures: Figures::default(),
        accepted: 0,
        is_quick: options.quick,
        judged_only: options.judged_only,
    };
    bench.warm_up().await?;
    for round in 1..=options.rounds {
        println!("\nround {round} of {}", options.rounds);
        bench.round().await?;
        bench.check().await?;
    }
    bench.hang_ups().await?;
    bench.figures.table(&WAYS, YARDSTICK);
    bench.judge(verdict);
    bench.service.stop()
}

/// Batches of the next devices in turn, so that all doors of the survey get about as many visits in a run: a handful, as in the field.
fn in_turn(makers: &mut [Maker], cell: Cell, batches: usize, mix: Mix) -> Result<Vec<Shift>> {
    let work = shifts(makers, cell.connections, batches, cell.batch, mix)?;
    makers.rotate_left(cell.connections);
    Ok(work)
}

struct Bench<'a> {
    house: &'a House,
    service: Service,
    makers: Vec<Maker>,
    scattered: Vec<Maker>,
    cases: Vec<uuid::Uuid>,
    dice: StdRng,
    figures: Figures,
    accepted: usize,
    is_quick: bool,
    judged_only: bool,
}

impl Bench<'_> {
    /// Batches of a cell: enough to take some seconds, few enough that a door is not knocked at all day.
    fn batches(&self, cell: Cell) -> usize {
        let full = match cell.batch {
            1 => 1200,
            30 => 320,
            100 if cell == MAIN => 320,
            100 => 192,
            _ => 96,
        };
        if self.is_quick { full / 4 } else { full }
    }

    async fn warm_up(&mut self) -> Result<()> {
        for cell in [Cell { connections: 16, batch: 30 }, MAIN] {
            let work = self.work(cell, 64, Mix::Mixed)?;
            self.accepted += load::send(&self.service, &work).await?.accepted;
            let rows = self.raw_work(cell, &work);
            raw::write(&self.house.connection("raw")?, Way::Unnest, rows).await?;
        }
        Ok(())
    }

    fn work(&mut self, cell: Cell, batches: usize, mix: Mix) -> Result<Vec<Shift>> {
        in_turn(&mut self.makers, cell, batches, mix)
    }

    fn raw_work(&mut self, cell: Cell, work: &[Shift]) -> Vec<Vec<(raw::Rows, bytes::Bytes)>> {
        let now = Timestamp::now();
        let rows = |dice: &mut StdRng, cases: &[_], body: &Body| {
            (raw::rows(dice, cell.batch, cases, now), body.packed.clone())
        };
        work.iter()
            .map(|shift| shift.bodies.iter().map(|b| rows(&mut self.dice, &self.cases, b)).collect())
            .collect()
    }

    async fn raw(&mut self, cell: Cell, what: &'static str, way: Way, work: &[Shift]) -> Result<()> {
        let timing = self.write(cell, way, work).await?;
        self.figures.note(cell, what, timing);
        Ok(())
    }

    async fn write(&mut self, cell: Cell, way: Way, work: &[Shift]) -> Result<Timing> {
        let rows = self.raw_work(cell, work);
        self.service.at_rest().await?;
        let before = self.cpu()?;
        let mut timing = raw::write(&self.house.connection("raw")?, way, rows).await?;
        timing.cpu = self.cpu()? - before;
        Ok(timing)
    }

    /// Processor time of the database and the service so far, seconds.
    fn cpu(&self) -> Result<f64> {
        Ok(self.house.cpu()? + self.service.cpu()?)
    }

    async fn send(&self, work: &[Shift]) -> Result<load::Done> {
        self.service.at_rest().await?;
        let before = self.cpu()?;
        let mut done = load::send(&self.service, work).await?;
        done.timing.cpu = self.cpu()? - before;
        Ok(done)
    }

    async fn fresh(&mut self, cell: Cell, what: &'static str, work: &[Shift]) -> Result<()> {
        let done = self.send(work).await?;
        ensure!(done.replays == 0, "a new batch was answered as a replay");
        self.accepted += done.accepted;
        self.figures.note(cell, what, done.timing);
        Ok(())
    }

    async fn round(&mut self) -> Result<()> {
        for connections in CONNECTIONS {
            for batch in BATCHES {
                let cell = Cell { connections, batch };
                if cell == MAIN || !self.judged_only {
                    self.cell(cell).await?;
                }
            }
        }
        Ok(())
    }

    async fn cell(&mut self, cell: Cell) -> Result<()> {
        let n = self.batches(cell);
        let work = self.work(cell, n, Mix::Mixed)?;
        self.raw(cell, "raw COPY", Way::Copy, &work).await?;
        let mut yardstick = self.write(cell, Way::Unnest, &work).await?;
        self.fresh(cell, FRESH, &work).await?;
        if cell == MAIN {
            // Before and after, as a machine may grow faster or slower meanwhile.
            yardstick.join(self.write(cell, Way::Unnest, &work).await?);
        }
        self.figures.note(cell, YARDSTICK, yardstick);
        let again = self.send(&work).await?;
        ensure!(again.accepted == 0, "a batch sent again was stored again");
        self.figures.note(cell, REPLAY, again.timing);
        if cell.batch == MAIN.batch {
            let mut few = work;
            for shift in &mut few {
                shift.bodies.truncate(12);
            }
            self.raw(cell, "raw, row by row", Way::RowByRow, &few).await?;
        }
        if cell == MAIN {
            let work = self.work(cell, n, Mix::Visits)?;
            self.fresh(cell, VISITS, &work).await?;
            let work = in_turn(&mut self.scattered, cell, n, Mix::Mixed)?;
            self.fresh(cell, SCATTERED, &work).await?;
            let work = self.work(cell, n, Mix::Mixed)?;
            self.read_beside(cell, &work).await?;
        }
        Ok(())
    }

    async fn read_beside(&mut self, cell: Cell, work: &[Shift]) -> Result<()> {
        let stop = Arc::new(AtomicBool::new(false));
        let reads = load::read_beside(&self.service, "/v1/completion", Arc::clone(&stop));
        let sends = async {
            let done = self.send(work).await;
            stop.store(true, Ordering::Relaxed);
            done
        };
        let (reads, done) = tokio::try_join!(reads, sends)?;
        self.accepted += done.accepted;
        self.figures.note(cell, READING, done.timing);
        println!(
            "     completion read meanwhile: p50 {:.1} ms, p99 {:.1} ms",
            reads.quantile(0.5),
            reads.quantile(0.99)
        );
        Ok(())
    }

    /// What must hold after every round.
    async fn check(&self) -> Result<()> {
        let stored = self.service.stored().await?;
        let accepted = i64::try_from(self.accepted)?;
        ensure!(stored == accepted, "{stored} records are stored, {accepted} were receipted as accepted");
        self.service.none_idle_in_transaction().await?;
        self.service.recount()?;
        println!(
            "  {stored} records stored, as receipted; counters right; no open transaction; service {:.0} MiB, at most {:.0} MiB",
            self.service.memory("VmRSS")?,
            self.service.memory("VmHWM")?
        );
        Ok(())
    }

    /// 200 clients hang up in the middle of an upload, or before its answer; then each sends it once more.
    async fn hang_ups(&mut self) -> Result<()> {
        let work = self.work(Cell { connections: 8, batch: 30 }, 200, Mix::Mixed)?;
        let mut tasks = Vec::new();
        for shift in work.clone() {
            let address = self.service.address;
            tasks.push(tokio::spawn(async move {
                for (i, body) in shift.bodies.iter().enumerate() {
                    let part = if i % 2 == 0 { body.packed.len() / 2 } else { body.packed.len() };
                    hang_up(address, &shift.token, &body.packed, part).await?;
                }
                anyhow::Ok(())
            }));
        }
        for task in tasks {
            task.await??;
        }
        self.service.none_idle_in_transaction().await?;
        let records: usize = work.iter().flat_map(|shift| &shift.bodies).map(|b| b.records).sum();
        load::send(&self.service, &work).await?;
        let stored = self.service.stored().await?;
        ensure!(
            stored == i64::try_from(self.accepted + records)?,
            "after hang-ups and repetition {stored} records are stored, not {}",
            self.accepted + records
        );
        self.service.recount()?;
        println!("\n200 uploads broken off: no open transaction, each stored once when sent again");
        Ok(())
    }

    fn judge(&self, verdict: &mut Verdict) {
        println!();
        verdict.at_least(
            "service of the yardstick (4 connections, batch 100)",
            &self.figures.ratios(MAIN, FRESH, YARDSTICK),
            0.35,
        );
        verdict.at_least(
            "replayed of fresh (4 connections, batch 100)",
            &self.figures.ratios(MAIN, REPLAY, FRESH),
            2.0,
        );
        verdict.at_least(
            "fresh while the dashboard is read, of fresh",
            &self.figures.ratios(MAIN, READING, FRESH),
            0.6,
        );
        let cpu = self.figures.cpu_ratios(MAIN, FRESH, YARDSTICK);
        println!("     processor time of the service's batches over the yardstick's: {}", spread(&cpu));
        let floor = self.figures.ratios(MAIN, FRESH, "raw, row by row");
        println!("     service of row-by-row commits: {}", spread(&floor));
    }
}
