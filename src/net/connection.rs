//! One connection from its first byte to its last: HTTP/1.1 by hyper, its time limits by us.
//!
//! hyper's own timer runs between a first byte and a whole head and between requests alike, so the two could
//! not have different limits; and it ends a connection without a word. Here a watcher looks at the notes of
//! the stream, ends what is overdue, and says why where the other end can still be told.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONNECTION, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, Request, Response};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tower_service::Service as _;
use warp::filters::BoxedFilter;
use warp::reply;

use super::head;
use super::kind;
use super::problem::Problem;
use super::request::{Connection, Stop};
use super::route::UNMATCHED;
use super::server::Limits;
use super::wire::{Phase, Pulse, Watched, Wire};

/// The service every connection gets a copy of.
pub(super) type Site = warp::filters::BoxedFilter<(reply::Response,)>;

/// How often a connection is looked at.
const LOOK: Duration = Duration::from_millis(250);
/// How long a refused or broken request may go on arriving, so that its sender gets to read the answer.
const LINGER: Duration = Duration::from_secs(4);
/// How long the sender may pause meanwhile.
const LINGER_PAUSE: Duration = Duration::from_millis(750);
/// How much may arrive meanwhile.
const LINGER_BYTES: usize = 64 << 20;

/// What a connection is told from outside.
#[derive(Clone, Debug)]
pub(super) struct Signals {
    /// The service is being stopped.
    pub(super) stop: Stop,
    /// Time is up: end at once.
    pub(super) cut: Stop,
    /// All connections are taken: idle and slow ones should go.
    pub(super) crowded: tokio::sync::watch::Receiver<Instant>,
}

impl Signals {
    fn is_crowded(&self) -> bool {
        self.crowded.borrow().elapsed() < LOOK * 2
    }
}

/// How long a head, or the handshake before it, may take.
fn patience(limits: &Limits, is_crowded: bool) -> Duration {
    if is_crowded { limits.head_crowded } else { limits.head }
}

/// Waits for a handshake as long as for a head: shorter while others wait for a place, not at all once the service is being
/// stopped.
pub(super) async fn shaken<T>(
    handshake: impl Future<Output = T>,
    limits: &Limits,
    signals: &Signals,
) -> Option<T> {
    let begun = Instant::now();
    let mut look = interval(LOOK);
    tokio::pin!(handshake);
    loop {
        tokio::select! {
            done = &mut handshake => return Some(done),
            () = signals.stop.wait() => return None,
            _ = look.tick() => {
                if begun.elapsed() > patience(limits, signals.is_crowded()) {
                    return None;
                }
            }
        }
    }
}

/// How a connection came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// hyper is done with it.
    Finished,
    /// Nothing is under way; nobody need be told.
    Quiet,
    /// Half a head has come and no more.
    HalfHead(&'static kind::Kind),
    /// The other end does not take what is sent, or time is up.
    Cut,
}

/// Serves one connection until it ends.
pub(super) async fn serve(wire: Wire, about: Connection, site: Site, limits: Limits, signals: Signals) {
    let pulse = Pulse::new();
    let service = Served { site, about, pulse: pulse.clone() };
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.idle + limits.head)
        .max_header_size(limits.head_bytes)
        .max_buf_size(limits.head_bytes)
        .half_close(true);
    let io = TokioIo::new(Watched { wire, pulse: pulse.clone() });
    let mut connection = builder.serve_connection(io, service);
    let end = drive(&mut connection, &pulse, &limits, signals).await;
    let mut watched = connection.into_parts().io.into_inner();
    match end {
        End::Cut => watched.wire.forget_unsent(),
        End::Quiet => drop(timeout(LINGER_PAUSE, watched.shutdown()).await),
        End::Finished => linger(&mut watched).await,
        End::HalfHead(kind) => {
            let told = timeout(LINGER_PAUSE, watched.write_all(&raw(Problem::plain(kind)))).await;
            if matches!(told, Ok(Ok(()))) {
                linger(&mut watched).await;
            }
        }
    }
}

type Http = http1::Connection<TokioIo<Watched>, Served>;

async fn drive(connection: &mut Http, pulse: &Pulse, limits: &Limits, signals: Signals) -> End {
    let mut look = interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut stopping: Option<Instant> = None;
    loop {
        tokio::select! {
            done = poll_fn(|cx| connection.poll_without_shutdown(cx)) => {
                match done {
                    // hyper has answered it with 400, 414 or 431; there was no request that a route could log.
                    Err(error) if error.is_parse() => {
                        tracing::info!(route = UNMATCHED, "a request whose head cannot be read was refused");
                    }
                    Err(error) => tracing::debug!(timeout = error.is_timeout(), "a connection failed"),
                    Ok(()) => {}
                }
                return End::Finished;
            }
            () = signals.cut.wait() => return End::Cut,
            () = signals.stop.wait(), if stopping.is_none() => stopping = Some(Instant::now()),
            _ = look.tick() => {
                let crowded = signals.is_crowded();
                if let Some(end) = verdict(pulse, limits, stopping.map(|at| at.elapsed()), crowded) {
                    return end;
                }
                if stopping.is_some_and(|at| at.elapsed() >= limits.farewell) {
                    Pin::new(&mut *connection).graceful_shutdown();
                }
            }
        }
    }
}

/// Whether the connection has to end now, and how. `stopping`: for how long the service has been; `crowded`:
/// others wait for a place.
fn verdict(pulse: &Pulse, limits: &Limits, stopping: Option<Duration>, crowded: bool) -> Option<End> {
    let leaving = stopping.is_some_and(|lasted| lasted >= limits.farewell);
    // A reader that takes nothing must not hold the stop for as long as it may hold a running service.
    let (stall, least) = if leaving {
        (limits.stall / 10, limits.stall_bytes / 10)
    } else {
        (limits.stall, limits.stall_bytes)
    };
    if pulse.is_stalled(stall, least) {
        return Some(End::Cut);
    }
    let (phase, lasted) = pulse.phase();
    let head = patience(limits, crowded);
    match phase {
        Phase::Busy => None,
        Phase::Idle => (leaving || crowded || lasted > limits.idle).then_some(End::Quiet),
        Phase::Fresh => (leaving || lasted > head).then_some(End::Quiet),
        Phase::Head if lasted > head => Some(End::HalfHead(&kind::TOO_SLOW)),
        Phase::Head => leaving.then_some(End::HalfHead(&kind::STOPPING)),
    }
}

/// Says that no more will be sent and reads what is still coming, within bounds. A socket closed with unread
/// bytes is reset, and the reset may destroy the answer before it is read.
async fn linger(watched: &mut Watched) {
    let drain = async {
        watched.shutdown().await?;
        let mut bytes = vec![0; 16 << 10];
        let mut left = LINGER_BYTES;
        while let Ok(got) = timeout(LINGER_PAUSE, watched.read(&mut bytes)).await {
            let got = got?;
            if got == 0 || got > left {
                break;
            }
            left -= got;
        }
        Ok::<(), std::io::Error>(())
    };
    // Whatever ends it, the connection is closed next.
    drop(timeout(LINGER, drain).await);
}

/// The answer of a connection that is about to end, for where no handler is asked.
fn refusal(problem: Problem) -> reply::Response {
    let mut response = problem.into_response(None);
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// A whole answer as bytes, for where no request has been read.
pub(super) fn raw(problem: Problem) -> Bytes {
    let body = problem.to_json(None).to_string();
    let response = refusal(problem);
    let status = response.status();
    let reason = status.canonical_reason().unwrap_or_default();
    let lines: String = (response.headers().iter())
        .flat_map(|(name, value)| [name.as_str(), ": ", value.to_str().unwrap_or_default(), "\r\n"])
        .collect();
    let length = body.len();
    format!("HTTP/1.1 {} {reason}\r\n{lines}content-length: {length}\r\n\r\n{body}", status.as_u16()).into()
}

/// The service as hyper calls it on one connection.
struct Served {
    site: BoxedFilter<(reply::Response,)>,
    about: Connection,
    pulse: Pulse,
}

impl hyper::service::Service<Request<Incoming>> for Served {
    type Response = Response<Noted>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        self.pulse.enter(Phase::Busy);
        let noting = Noting(self.pulse.clone());
        if self.about.stop.is_set() {
            let response = refusal(Problem::plain(&kind::STOPPING));
            return Box::pin(std::future::ready(Ok(response.map(|body| Noted { body, _noting: noting }))));
        }
        head::judge(&mut request);
        request.extensions_mut().insert(self.about.clone());
        let answer = warp::service(self.site.clone()).call(request);
        Box::pin(async move {
            let response = answer.await?;
            Ok(response.map(|body| Noted { body, _noting: noting }))
        })
    }
}

/// Notes the end of an answer.
#[derive(Debug)]
struct Noting(Pulse);

impl Drop for Noting {
    fn drop(&mut self) {
        self.0.enter(Phase::Idle);
    }
}

/// The body of an answer, its end noted.
#[derive(Debug)]
struct Noted {
    body: <reply::Response as Parted>::Body,
    _noting: Noting,
}

/// Names the body type of warp's answers, which has no public path.
trait Parted {
    type Body;
}

impl<B> Parted for Response<B> {
    type Body = B;
}

impl Body for Noted {
    type Data = Bytes;
    type Error = warp::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, warp::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_phase_has_its_limit() {
        let limits = Limits::default();
        let seconds = Duration::from_secs;
        let half = |kind| Some(End::HalfHead(kind));
        let table = [
            (Phase::Fresh, 9, None, false, None),
            (Phase::Fresh, 11, None, false, Some(End::Quiet)),
            (Phase::Head, 9, None, false, None),
            (Phase::Head, 11, None, false, half(&kind::TOO_SLOW)),
            (Phase::Head, 3, None, true, half(&kind::TOO_SLOW)),
            (Phase::Head, 1, None, true, None),
            (Phase::Head, 1, Some(1), false, half(&kind::STOPPING)),
            (Phase::Busy, 100, Some(9), true, None),
            (Phase::Idle, 60, None, false, None),
            (Phase::Idle, 80, None, false, Some(End::Quiet)),
            (Phase::Idle, 1, None, true, Some(End::Quiet)),
            (Phase::Idle, 1, Some(0), false, None),
            (Phase::Idle, 1, Some(1), false, Some(End::Quiet)),
        ];
        for (phase, lasted, stopping, crowded, want) in table {
            let pulse = Pulse::new();
            pulse.enter(phase);
            tokio::time::advance(seconds(lasted)).await;
            let got = verdict(&pulse, &limits, stopping.map(seconds), crowded);
            assert_eq!(got, want, "{phase:?} for {lasted} s, stopping {stopping:?}, crowded {crowded}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_handshake_has_as_long_as_a_head() {
        let limits = Limits::default();
        for (is_crowded, least, most) in [(false, 10_000, 10_500), (true, 2_000, 2_500)] {
            let crowd = tokio::sync::watch::Sender::new(Instant::now());
            let signals = Signals { stop: Stop::never(), cut: Stop::never(), crowded: crowd.subscribe() };
            let begun = Instant::now();
            let others = async {
                loop {
                    if is_crowded {
                        crowd.send_replace(Instant::now());
                    }
                    tokio::time::sleep(LOOK).await;
                }
            };
            tokio::select! {
                done = shaken(std::future::pending::<()>(), &limits, &signals) => assert_eq!(done, None),
                never = others => never,
            }
            let took = begun.elapsed().as_millis();
            assert!((least..=most).contains(&took), "{took} ms, crowded {is_crowded}");
        }
    }

    #[test]
    fn a_raw_answer_is_a_whole_one() {
        let text = String::from_utf8(raw(Problem::plain(&kind::STOPPING)).to_vec()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 503 Service Unavailable\r\n"));
        assert!(head.contains("retry-after: ") && head.contains(&format!("content-length: {}", body.len())));
        assert!(body.contains("/problems/stopping"));
    }
}
