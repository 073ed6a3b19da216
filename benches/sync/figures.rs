//! Rates, quantiles and ratios, and how they are printed.

use std::collections::BTreeMap;
use std::time::Duration;

/// What came of one cell.
#[derive(Clone, Debug, Default)]
pub struct Timing {
    /// Records sent.
    pub records: usize,
    /// Wall time.
    pub took: Duration,
    /// Processor seconds of the database and the service; the client's are not counted.
    pub cpu: f64,
    /// Milliseconds of each batch or request.
    pub latencies: Vec<f64>,
}

impl Timing {
    /// Adds what one connection did.
    pub fn add(&mut self, records: usize, latencies: Vec<f64>) {
        self.records += records;
        self.latencies.extend(latencies);
    }

    /// Takes in another run of the same.
    pub fn join(&mut self, other: Self) {
        self.add(other.records, other.latencies);
        self.took += other.took;
        self.cpu += other.cpu;
    }

    /// Records per second.
    #[expect(clippy::cast_precision_loss, reason = "counts of records are far below 2^53")]
    pub fn rate(&self) -> f64 {
        self.records as f64 / self.took.as_secs_f64().max(1e-9)
    }

    /// Processor milliseconds for a hundred records.
    #[expect(clippy::cast_precision_loss, reason = "counts of records are far below 2^53")]
    pub fn cpu_per_hundred(&self) -> f64 {
        self.cpu * 1e5 / (self.records as f64).max(1.0)
    }

    /// A quantile of the latencies, milliseconds; 0 when there are none.
    pub fn quantile(&self, q: f64) -> f64 {
        quantile(&self.latencies, q)
    }
}

/// A quantile by the nearest rank; 0 for nothing.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rank within a short list"
)]
pub fn quantile(values: &[f64], q: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (q * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1).min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}

/// One cell of the sync part: what, over how many connections, in batches of how many records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    /// Connections.
    pub connections: usize,
    /// Records in a batch.
    pub batch: usize,
}

/// Everything a run measured, over its rounds.
#[derive(Debug, Default)]
pub struct Figures {
    timings: BTreeMap<(Cell, &'static str), Vec<Timing>>,
}

impl Figures {
    /// Notes what one round measured.
    pub fn note(&mut self, cell: Cell, what: &'static str, timing: Timing) {
        println!(
            "  {:>2} connections, batch {:>3}: {what:<18} {:>9.0} records/s   p50 {:>8.2} ms   p99 {:>8.2} ms   cpu {:>6.2} ms/100",
            cell.connections,
            cell.batch,
            timing.rate(),
            timing.quantile(0.5),
            timing.quantile(0.99),
            timing.cpu_per_hundred()
        );
        self.timings.entry((cell, what)).or_default().push(timing);
    }

    /// Per round, a figure of `what` over that of `base`.
    fn quotients(
        &self,
        cell: Cell,
        (what, base): (&'static str, &'static str),
        f: fn(&Timing) -> f64,
    ) -> Vec<f64> {
        let of = |name| self.timings.get(&(cell, name)).map_or(&[][..], Vec::as_slice);
        of(what).iter().zip(of(base)).map(|(a, b)| f(a) / f(b).max(1e-9)).collect()
    }

    /// Per round, the rate of `what` over that of `base`.
    pub fn ratios(&self, cell: Cell, what: &'static str, base: &'static str) -> Vec<f64> {
        self.quotients(cell, (what, base), Timing::rate)
    }

    /// Per round, the processor time of `what` over that of `base`.
    pub fn cpu_ratios(&self, cell: Cell, what: &'static str, base: &'static str) -> Vec<f64> {
        self.quotients(cell, (what, base), Timing::cpu_per_hundred)
    }

    /// Medians of a cell over the rounds: records/s, p50, p99, processor time; `None` where it was not measured.
    fn medians(&self, cell: Cell, what: &'static str) -> Option<[f64; 4]> {
        let all = self.timings.get(&(cell, what))?;
        let median = |f: &dyn Fn(&Timing) -> f64| quantile(&all.iter().map(f).collect::<Vec<_>>(), 0.5);
        Some([
            median(&Timing::rate),
            median(&|t| t.quantile(0.5)),
            median(&|t| t.quantile(0.99)),
            median(&Timing::cpu_per_hundred),
        ])
    }

    /// The table of every cell: medians over the rounds, and the ratio to the yardstick with its least and greatest.
    pub fn table(&self, ways: &[&'static str], yardstick: &'static str) {
        println!(
            "\n| connections | batch | way | records/s | p50 ms | p99 ms | cpu ms per 100 | rate of the yardstick |"
        );
        println!("|---|---|---|---|---|---|---|---|");
        let cells: std::collections::BTreeSet<Cell> = self.timings.keys().map(|k| k.0).collect();
        for cell in cells {
            for way in ways {
                let Some([rate, p50, p99, cpu]) = self.medians(cell, way) else {
                    continue;
                };
                let ratio = spread(&self.ratios(cell, way, yardstick));
                println!(
                    "| {} | {} | {way} | {rate:.0} | {p50:.2} | {p99:.2} | {cpu:.1} | {ratio} |",
                    cell.connections, cell.batch
                );
            }
        }
    }
}

/// `median (least–greatest)`.
pub fn spread(ratios: &[f64]) -> String {
    let (least, most) = (quantile(ratios, 0.0), quantile(ratios, 1.0));
    format!("{:.2} ({least:.2}–{most:.2})", quantile(ratios, 0.5))
}

/// A limit on a ratio: the only thing by which a run fails.
#[derive(Debug)]
pub struct Verdict {
    is_right: bool,
}

impl Verdict {
    /// Nothing judged yet.
    pub fn new() -> Self {
        Self { is_right: true }
    }

    /// Judges the median of `ratios` against a least value.
    pub fn at_least(&mut self, what: &str, ratios: &[f64], least: f64) {
        self.judge(what, ratios, quantile(ratios, 0.5) >= least, &format!("at least {least}"));
    }

    /// Judges the median of `ratios` against a greatest value.
    pub fn at_most(&mut self, what: &str, ratios: &[f64], most: f64) {
        self.judge(what, ratios, quantile(ratios, 0.5) <= most, &format!("at most {most}"));
    }

    fn judge(&mut self, what: &str, ratios: &[f64], is_right: bool, rule: &str) {
        println!("{} {what}: {}, {rule} is asked", if is_right { "ok  " } else { "FAIL" }, spread(ratios));
        self.is_right &= is_right;
    }

    /// Whether every ratio was within its limit.
    pub fn is_right(&self) -> bool {
        self.is_right
    }
}
