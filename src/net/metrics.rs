//! What the service counts about itself, as Prometheus text.
//!
//! Labels come from closed sets (route patterns, methods, steps, slugs), never from a request.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{HeaderMap, Method};
use prometheus::{
    Encoder, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry, TextEncoder,
};

/// Media type of the text.
pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

const SECONDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
const RECORDS: &[f64] = &[1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1_000.0, 3_000.0, 5_000.0];

/// How the connections of the pool stand when asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolFigures {
    /// Connections open.
    pub open: u32,
    /// Of these, not in use.
    pub idle: u32,
    /// Callers waiting for one.
    pub waiting: u32,
    /// The most there may be.
    pub most: u32,
}

type AskPool = Box<dyn Fn() -> PoolFigures + Send + Sync>;

/// The counters; clones count into the same ones.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    registry: Registry,
    http: Http,
    field: Field,
    pool: IntGaugeVec,
    certificate: IntGaugeVec,
    ask_pool: Mutex<Option<AskPool>>,
}

/// Figures about requests.
struct Http {
    requests: IntCounterVec,
    durations: HistogramVec,
    running: IntGauge,
    connections: IntGauge,
    turned_away: IntCounterVec,
}

/// Figures about what comes from the field.
struct Field {
    batches: Histogram,
    receipts: IntCounterVec,
    steps: HistogramVec,
    uploads: IntGauge,
    retries: IntCounter,
    difference: IntGauge,
    links: Links,
}

/// Figures about linking.
struct Links {
    took: Histogram,
    found: IntCounterVec,
    skipped: IntCounterVec,
    postponed: IntCounter,
    waiting: IntGauge,
    oldest: IntGauge,
}

impl Links {
    fn new(registry: &Registry) -> Self {
        Self {
            took: histogram(registry, "link_seconds", "Time to link one interview.", SECONDS),
            found: counters(
                registry,
                "links_total",
                "Links of interviews when they were linked.",
                &["state"],
            ),
            skipped: counters(
                registry,
                "link_blocks_skipped_total",
                "Blocks too large to be searched.",
                &["kind"],
            ),
            postponed: counter(
                registry,
                "links_postponed_total",
                "Interviews that could not be linked at once.",
            ),
            waiting: gauge(registry, "links_waiting", "Interviews waiting to be linked."),
            oldest: gauge(
                registry,
                "links_waiting_seconds",
                "Age of the oldest interview waiting to be linked.",
            ),
        }
    }
}

impl Http {
    fn new(registry: &Registry) -> Self {
        let by_request = &["method", "route"];
        Self {
            requests: counters(
                registry,
                "http_requests_total",
                "Requests answered.",
                &["method", "route", "status"],
            ),
            durations: histograms(registry, "http_request_seconds", "Time to the answer's head.", by_request),
            running: gauge(registry, "http_requests_running", "Requests being worked on."),
            connections: gauge(registry, "http_connections", "Connections open."),
            turned_away: counters(registry, "turned_away_total", "Requests turned away.", &["problem"]),
        }
    }
}

impl Field {
    fn new(registry: &Registry) -> Self {
        let difference = "Cases by which the kept figures differ from a fresh count; 0 is right.";
        Self {
            batches: histogram(registry, "batch_records", "Records in one batch.", RECORDS),
            receipts: counters(registry, "receipts_total", "Receipts given, replays excepted.", &["status"]),
            steps: histograms(
                registry,
                "ingest_step_seconds",
                "Time in one step of taking a batch.",
                &["step"],
            ),
            uploads: gauge(registry, "uploads_running", "Uploads being worked on."),
            retries: counter(registry, "transaction_retries_total", "Transactions begun again."),
            difference: gauge(registry, "completion_recount_difference", difference),
            links: Links::new(registry),
        }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// A fresh set, all at zero.
    pub fn new() -> Self {
        let registry = Registry::new();
        let inner = Inner {
            http: Http::new(&registry),
            field: Field::new(&registry),
            pool: gauges(&registry, "pool_connections", "Database connections by state.", &["state"]),
            certificate: gauges(
                &registry,
                "tls_certificate_end_seconds",
                "When the certificate ends, in seconds since 1970.",
                &[],
            ),
            ask_pool: Mutex::new(None),
            registry,
        };
        Self(Arc::new(inner))
    }

    /// A request has begun.
    pub fn request_begun(&self) {
        self.0.http.running.inc();
    }

    /// A request has ended; `route` is a pattern, `status` 499 when the client hung up.
    pub fn request_ended(&self, method: &Method, route: &str, status: u16, took: Duration) {
        self.0.http.running.dec();
        let method = known_method(method);
        self.0.http.requests.with_label_values(&[method, route, &status.to_string()]).inc();
        self.0.http.durations.with_label_values(&[method, route]).observe(took.as_secs_f64());
    }

    /// The connections open now.
    pub fn connections(&self, open: usize) {
        self.0.http.connections.set(i64::try_from(open).unwrap_or(i64::MAX));
    }

    /// A batch of `records` has been taken.
    pub fn observe_batch(&self, records: usize) {
        #[expect(clippy::cast_precision_loss, reason = "a batch holds at most a few thousand records")]
        self.0.field.batches.observe(records as f64);
    }

    /// `n` receipts of `status` (accepted, held, refused) were given for the first time.
    pub fn count_receipts(&self, status: &'static str, n: usize) {
        self.0.field.receipts.with_label_values(&[status]).inc_by(n as u64);
    }

    /// One step of taking a batch took `secs` seconds.
    pub fn observe_step(&self, step: &'static str, secs: f64) {
        self.0.field.steps.with_label_values(&[step]).observe(secs);
    }

    /// An upload has begun; it counts as running until the returned guard is dropped.
    #[must_use]
    pub fn upload_begun(&self) -> Running {
        self.0.field.uploads.inc();
        Running(self.0.field.uploads.clone())
    }

    /// A request was turned away with the problem `slug`.
    pub fn turned_away(&self, slug: &'static str) {
        self.0.http.turned_away.with_label_values(&[slug]).inc();
    }

    /// A transaction was begun again after a conflict.
    pub fn transaction_retried(&self) {
        self.0.field.retries.inc();
    }

    /// The last recount differed by `cases` from the kept figures.
    pub fn recount_difference(&self, cases: i64) {
        self.0.field.difference.set(cases);
    }

    /// An interview was linked in `secs` seconds; `links` of it by state, `skipped` kinds of blocks.
    pub fn observe_link<'a>(
        &self,
        secs: f64,
        links: impl Iterator<Item = (&'static str, usize)>,
        skipped: impl Iterator<Item = &'a str>,
    ) {
        let figures = &self.0.field.links;
        figures.took.observe(secs);
        for (state, n) in links {
            figures.found.with_label_values(&[state]).inc_by(n as u64);
        }
        for kind in skipped {
            figures.skipped.with_label_values(&[kind]).inc();
        }
    }

    /// An interview could not be linked at once.
    pub fn link_postponed(&self) {
        self.0.field.links.postponed.inc();
    }

    /// Interviews waiting to be linked, and the age of the oldest in seconds.
    pub fn links_waiting(&self, n: i64, oldest: f64) {
        self.0.field.links.waiting.set(n);
        #[expect(clippy::cast_possible_truncation, reason = "whole seconds are enough")]
        self.0.field.links.oldest.set(oldest as i64);
    }

    /// The certificate served ends then.
    pub fn certificate_ends(&self, at: jiff::Timestamp) {
        let none: &[&str] = &[];
        self.0.certificate.with_label_values(none).set(at.as_second());
    }

    /// Where to ask for the pool's figures whenever the text is made.
    pub fn watch_pool(&self, ask: impl Fn() -> PoolFigures + Send + Sync + 'static) {
        *self.0.ask_pool.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(ask));
    }

    /// All of it as text.
    pub fn text(&self) -> String {
        if let Some(ask) = self.0.ask_pool.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            let figures = ask();
            let states = [
                ("open", figures.open),
                ("idle", figures.idle),
                ("waiting", figures.waiting),
                ("most", figures.most),
            ];
            for (state, n) in states {
                self.0.pool.with_label_values(&[state]).set(n.into());
            }
        }
        let mut bytes = Vec::new();
        if let Err(error) = TextEncoder::new().encode(&self.0.registry.gather(), &mut bytes) {
            tracing::error!(%error, "the metrics cannot be written");
        }
        String::from_utf8(bytes).unwrap_or_default()
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

/// Counts something as running until it is dropped.
#[derive(Debug)]
pub struct Running(IntGauge);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Whether the metrics may be shown to this peer without further rights: only to the machine itself, and not
/// through a proxy on it that speaks for somebody else.
pub fn open_to(peer: IpAddr, headers: &HeaderMap) -> bool {
    let signs = ["forwarded", "via", "x-real-ip", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"];
    peer.to_canonical().is_loopback() && !signs.iter().any(|sign| headers.contains_key(*sign))
}

/// A method as a label and in the log: those that exist by name, all others as one.
pub(super) fn known_method(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

const FIXED: &str = "names, labels and bounds are fixed and valid";
const ONCE: &str = "every name is registered once in a fresh registry";

fn full(name: &str) -> String {
    format!("doorknock_{name}")
}

fn counter(registry: &Registry, name: &str, help: &str) -> IntCounter {
    let it = IntCounter::new(full(name), help).expect(FIXED);
    registry.register(Box::new(it.clone())).expect(ONCE);
    it
}

fn counters(registry: &Registry, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
    let it = IntCounterVec::new(Opts::new(full(name), help), labels).expect(FIXED);
    registry.register(Box::new(it.clone())).expect(ONCE);
    it
}

fn gauge(registry: &Registry, name: &str, help: &str) -> IntGauge {
    let it = IntGauge::new(full(name), help).expect(FIXED);
    registry.register(Box::new(it.clone())).expect(ONCE);
    it
}

fn gauges(registry: &Registry, name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
    let it = IntGaugeVec::new(Opts::new(full(name), help), labels).expect(FIXED);
    registry.register(Box::new(it.clone())).expect(ONCE);
    it
}

fn histogram(registry: &Registry, name: &str, help: &str, bounds: &[f64]) -> Histogram {
    let options = HistogramOpts::new(full(name), help).buckets(bounds.to_vec());
    let it = Histogram::with_opts(options).expect(FIXED);
    registry.register(Box::new(it.clone())).expect(ONCE);
    it
}

fn histograms(registry: &Registry, name: &str, help: &str, labels: &[&str]) -> HistogramVec {
    let options = HistogramOpts::new(full(name), help).buckets(SECONDS.to_vec());
    let it = HistogramVec::new(options, labels).expect(FIXED);
    registry.register(Box::new(it.clone())).expect(ONCE);
    it
}

#[cfg(test)]
mod tests;
