//! The one place where a result becomes an answer.
//!
//! Every request ends here with a status, a line in the log and a count: a problem, a panic in the handler
//! and a client that hangs up included. The log line names the route's pattern, never the path or the query.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use futures_util::{FutureExt, Stream};
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Body as _;
use serde::Serialize;
use warp::Reply;
pub use warp::reply::Response;

use super::kind;
use super::metrics::{Metrics, known_method};
use super::problem::Problem;
use super::request::{DeviceSlot, Request, RequestId};

/// Stands for the status of a request whose client hung up before the answer (never sent).
const HUNG_UP: u16 = 499;

mod pack;

pub use pack::Packing;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

tokio::task_local! {
    /// The request the present task works for, for the panic hook.
    static CURRENT: RequestId;
}

/// What is known of a request before its handler runs.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The method as sent.
    pub method: Method,
    /// The matched pattern, or `unmatched`.
    pub route: &'static str,
    /// Its id.
    pub id: RequestId,
    /// Takes the device's id.
    pub device: DeviceSlot,
    /// How the answer may be packed.
    pub packing: Packing,
}

/// Bytes under their MD5 as tag, for the caller alone; 304 without them where the caller has them.
pub fn tagged(request: &Request, md5: &str, media_type: &str, bytes: Vec<u8>) -> Result<Response, Problem> {
    let header = |text: &str| HeaderValue::from_str(text).map_err(|_| Problem::plain(&kind::INTERNAL));
    let tag = format!("\"{md5}\"");
    let mut response = empty();
    if request.has_tag(&tag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        response = Response::new(bytes.into());
        response.headers_mut().insert(CONTENT_TYPE, header(media_type)?);
    }
    response.headers_mut().insert(ETAG, header(&tag)?);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    Ok(response)
}

/// An answer of 200 whose body is sent piece by piece as `pieces` yields them; an error in between breaks the body off.
pub fn stream<P, B>(pieces: P) -> Response
where
    P: Stream<Item = std::io::Result<B>> + Send + Sync + 'static,
    B: Into<bytes::Bytes> + Send + Sync + 'static,
{
    warp::reply::stream(pieces).into_response()
}

/// Turns the outcome of `work` into the answer, with the headers every answer has.
///
/// `show` renders a problem (as a document or as a page). A panic becomes `internal`; the log holds its place
/// in the source under the request's id, not its words, which may quote a record.
pub async fn answer<F, S>(metrics: &Metrics, asked: Asked, work: F, show: S) -> Response
where
    F: Future<Output = Result<Response, Problem>>,
    S: FnOnce(Problem, &RequestId) -> Response,
{
    let mut line = Line::begin(metrics, asked);
    let id = line.asked.id.clone();
    let outcome = CURRENT.scope(id.clone(), AssertUnwindSafe(work).catch_unwind()).await;
    let mut response = match outcome {
        Ok(Ok(response)) => response,
        Ok(Err(problem)) => show(problem, &id),
        Err(_panic) => {
            tracing::error!(request_id = %id, route = line.asked.route, "a handler panicked");
            show(Problem::plain(&kind::INTERNAL), &id)
        }
    };
    complete_headers(&mut response, &id);
    response = pack::packed(response, line.asked.packing).await;
    if line.asked.method == Method::HEAD {
        response = without_body(response);
    }
    line.status = Some(response.status());
    response
}

fn complete_headers(response: &mut Response, id: &RequestId) {
    let headers = response.headers_mut();
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        headers.insert(REQUEST_ID, value);
    }
}

/// The answer to HEAD: what GET would say, with the length of the body it would send.
fn without_body(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    if let Some(length) = body.size_hint().exact() {
        parts.headers.entry(CONTENT_LENGTH).or_insert(HeaderValue::from(length));
    }
    Response::from_parts(parts, String::new().into())
}

/// A 200 with `value` as JSON.
pub fn json<T: Serialize + ?Sized>(value: &T) -> Response {
    json_with(StatusCode::OK, value)
}

/// `value` as JSON under `status`. A value that cannot be written is a fault of ours: 500.
pub fn json_with<T: Serialize + ?Sized>(status: StatusCode, value: &T) -> Response {
    match serde_json::to_vec(value) {
        Ok(bytes) => {
            let mut response = Response::new(bytes.into());
            *response.status_mut() = status;
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            response
        }
        Err(error) => {
            tracing::error!(category = ?error.classify(), "an answer cannot be written as JSON");
            Problem::plain(&kind::INTERNAL).into_response(None)
        }
    }
}

/// A 200 of `media_type` with `text`.
pub fn text(media_type: &'static str, text: impl Into<String>) -> Response {
    let mut response = Response::new(text.into().into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

/// A 204.
pub fn empty() -> Response {
    let mut response = Response::new(String::new().into());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// Runs `work` to its end in a task of its own, also when the client hangs up meanwhile: what writes to
/// the database is never dropped between two statements. A panic inside becomes `internal`.
pub async fn to_the_end<T, E, F>(work: F) -> Result<T, E>
where
    F: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: From<Problem> + Send + 'static,
{
    let joined = match CURRENT.try_with(Clone::clone) {
        Ok(id) => tokio::spawn(CURRENT.scope(id, work)).await,
        Err(_outside) => tokio::spawn(work).await,
    };
    joined.unwrap_or_else(|_panic| Err(Problem::plain(&kind::INTERNAL).into()))
}

/// Makes panics write one log line with the place in the source and the request's id, and nothing of their
/// words, which may quote a record. To be called once, after the log is set up.
pub fn log_panics_without_words() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(String::new, |at| format!("{}:{}", at.file(), at.line()));
        let id = CURRENT.try_with(ToString::to_string).unwrap_or_default();
        tracing::error!(place, request_id = id, "panic");
    }));
}

/// Reads a whole answer back, for tests and for calls without a socket.
pub async fn bytes(response: Response) -> bytes::Bytes {
    response.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default()
}

/// The request's line in the log; written when it goes out of scope, whichever way.
struct Line<'a> {
    metrics: &'a Metrics,
    asked: Asked,
    begun: Instant,
    status: Option<StatusCode>,
}

impl<'a> Line<'a> {
    fn begin(metrics: &'a Metrics, asked: Asked) -> Self {
        metrics.request_begun();
        Self { metrics, asked, begun: Instant::now(), status: None }
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        let took = self.begun.elapsed();
        let status = self.status.map_or(HUNG_UP, |status| status.as_u16());
        self.metrics.request_ended(&self.asked.method, self.asked.route, status, took);
        let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let device = self.asked.device.get().map(tracing::field::display);
        tracing::info!(
            method = known_method(&self.asked.method),
            route = self.asked.route,
            status,
            duration_ms,
            device_id = device,
            request_id = %self.asked.id,
            "request"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(method: Method) -> Asked {
        Asked {
            method,
            route: "/x",
            id: RequestId::new(),
            device: DeviceSlot::default(),
            packing: Packing::Plain,
        }
    }

    fn document(problem: Problem, id: &RequestId) -> Response {
        problem.into_response(Some(id.as_str()))
    }

    #[tokio::test]
    async fn a_panic_is_a_500_under_the_id_of_the_log() {
        let metrics = Metrics::new();
        let asked = asked(Method::GET);
        let id = asked.id.clone();
        let response = answer(&metrics, asked, async { panic!("a name") }, document).await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.headers()["x-request-id"], id.as_str());
        let body = String::from_utf8(bytes(response).await.to_vec()).unwrap();
        assert!(body.contains(id.as_str()) && !body.contains("a name"), "{body}");
    }

    #[tokio::test]
    async fn every_answer_forbids_storing_and_sniffing_unless_it_says_otherwise() {
        let metrics = Metrics::new();
        let response = answer(&metrics, asked(Method::GET), async { Ok(json(&1)) }, document).await;
        assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
        assert_eq!(response.headers()[X_CONTENT_TYPE_OPTIONS], "nosniff");
        let cached = async {
            let mut page = text("text/css", "");
            page.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("max-age=60"));
            Ok(page)
        };
        let response = answer(&metrics, asked(Method::GET), cached, document).await;
        assert_eq!(response.headers()[CACHE_CONTROL], "max-age=60");
    }

    #[tokio::test]
    async fn head_says_the_length_and_sends_nothing() {
        let metrics = Metrics::new();
        let response = answer(&metrics, asked(Method::HEAD), async { Ok(json("four")) }, document).await;
        assert_eq!(response.headers()[CONTENT_LENGTH], "6");
        assert!(bytes(response).await.is_empty());
    }

    #[tokio::test]
    async fn a_client_that_hangs_up_is_counted_as_such() {
        let metrics = Metrics::new();
        let work = answer(&metrics, asked(Method::GET), std::future::pending(), document);
        assert!(work.now_or_never().is_none());
        assert!(metrics.text().contains("status=\"499\""), "{}", metrics.text());
    }

    #[tokio::test]
    async fn work_to_the_end_survives_its_caller() {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let (start, started) = tokio::sync::oneshot::channel::<()>();
        let work = to_the_end(async move {
            started.await.ok();
            sender.send(7).ok();
            Ok::<_, Problem>(())
        });
        assert!(work.now_or_never().is_none());
        start.send(()).unwrap();
        assert_eq!(receiver.await, Ok(7));
    }

    #[tokio::test]
    async fn a_panic_in_work_to_the_end_is_a_problem() {
        let got: Result<(), Problem> = to_the_end(async { panic!("a name") }).await;
        assert_eq!(got.unwrap_err().kind, &kind::INTERNAL);
    }
}
