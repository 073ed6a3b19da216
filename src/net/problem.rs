//! What goes wrong in a request, as a value and as an answer (RFC 9457, `application/problem+json`).
//!
//! A detail is written for somebody standing at a door: it names the place and the rule. It must not hold
//! a value out of the request beyond the name of a field, nor a word about the inside of the service.

use std::fmt;

use http::header::{ACCEPT_ENCODING, ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use rand::Rng;
use serde_json::{Map, Value, json};
use warp::reply::Response;

use super::kind;
pub use super::kind::Kind;
use crate::domain::Language;

/// Name of the member that holds the detail in Chinese.
const DETAIL_ZH: &str = "detail_zh";

/// Where in the request a fault lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// JSON pointer into the body (RFC 6901), `""` for the whole of it.
    Pointer(String),
    /// Name of a parameter of the address.
    Parameter(String),
}

/// One fault of the request: where, and which rule it breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Where it is.
    pub place: Place,
    /// The rule, in plain words, without the value.
    pub detail: String,
}

impl FieldError {
    /// A fault in the body; `pointer` as in RFC 6901.
    pub fn at(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { place: Place::Pointer(pointer.into()), detail: detail.into() }
    }

    fn to_json(&self) -> Value {
        match &self.place {
            Place::Pointer(pointer) => json!({ "pointer": pointer, "detail": self.detail }),
            Place::Parameter(name) => json!({ "parameter": name, "detail": self.detail }),
        }
    }
}

/// A request that is answered with a problem document instead of what was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Which of the closed list.
    pub kind: &'static Kind,
    /// What is the matter this time.
    pub detail: String,
    /// The places at fault, when a body or a parameter is.
    pub errors: Vec<FieldError>,
    /// Seconds after which to try again; 429 and 503 get 1 to 5 when none is given.
    pub retry_after: Option<u32>,
    /// The methods that would work (405 only), as `Allow` lists them.
    pub allow: Option<String>,
    /// Members of the document beyond those every problem has.
    pub extensions: Vec<(&'static str, Value)>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.slug, self.detail)
    }
}

impl std::error::Error for Problem {}

impl Problem {
    /// A problem of this kind; `detail` is a whole sentence.
    pub fn new(kind: &'static Kind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
            allow: None,
            extensions: Vec::new(),
        }
    }

    /// A problem of this kind whose meaning says all there is to say.
    pub fn plain(kind: &'static Kind) -> Self {
        Self::new(kind, kind.meaning)
    }

    /// 404 for what is not there and for what lies outside the reader's area alike.
    pub fn not_found() -> Self {
        Self::plain(&kind::NOT_FOUND)
    }

    /// 400: the parameter `name` breaks `rule` ("must be …").
    pub fn parameter(name: &str, rule: &str) -> Self {
        let fault = FieldError { place: Place::Parameter(name.to_owned()), detail: rule.to_owned() };
        Self::new(&kind::BAD_PARAMETER, format!("The parameter \"{name}\" {rule}.")).with_errors(vec![fault])
    }

    /// 422: the body breaks rules at the places given (at least one).
    pub fn not_valid(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [one] => sentence(one),
            many => format!("{} places in the body are not as they have to be.", many.len()),
        };
        Self::new(&kind::BODY_NOT_VALID, detail).with_errors(errors)
    }

    /// The same with its detail in Chinese beside it.
    #[must_use]
    pub fn in_chinese(self, detail: impl Into<String>) -> Self {
        self.with(DETAIL_ZH, detail.into())
    }

    /// Its detail in Chinese, where it has one of its own.
    pub fn detail_zh(&self) -> Option<&str> {
        self.extensions.iter().find(|(name, _)| *name == DETAIL_ZH).and_then(|(_, text)| text.as_str())
    }

    /// The same with the places at fault.
    #[must_use]
    pub fn with_errors(mut self, errors: Vec<FieldError>) -> Self {
        self.errors = errors;
        self
    }

    /// The same, asking the client to wait `seconds` (at least 1).
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds.max(1));
        self
    }

    /// The same with one more member of its document.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.extensions.push((name, value.into()));
        self
    }

    /// What is the matter, in one of the two languages where it is known in both.
    pub fn in_words(&self, language: Language) -> &str {
        let meaning = if self.detail == self.kind.meaning { self.kind.meaning_zh } else { &self.detail };
        match language {
            Language::En => &self.detail,
            Language::Zh => self.detail_zh().unwrap_or(meaning),
        }
    }

    /// Gives a page that shows the problem its status, and the headers that say what to do.
    pub fn mark(&self, response: &mut Response) {
        *response.status_mut() = self.kind.status;
        let document = self.clone().into_response(None);
        for name in [RETRY_AFTER, ALLOW] {
            if let Some(value) = document.headers().get(&name) {
                response.headers_mut().insert(name, value.clone());
            }
        }
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        self.kind.status
    }

    /// The document of RFC 9457 with `title_zh` and, where known, `errors` and `request_id` as extensions.
    pub fn to_json(&self, request_id: Option<&str>) -> Value {
        let mut document = Map::new();
        document.insert("type".to_owned(), format!("/problems/{}", self.kind.slug).into());
        document.insert("title".to_owned(), self.kind.title.into());
        document.insert("title_zh".to_owned(), self.kind.title_zh.into());
        document.insert("status".to_owned(), self.kind.status.as_u16().into());
        document.insert("detail".to_owned(), self.detail.clone().into());
        if !self.errors.is_empty() {
            document.insert("errors".to_owned(), self.errors.iter().map(FieldError::to_json).collect());
        }
        for (name, value) in &self.extensions {
            document.insert((*name).to_owned(), value.clone());
        }
        if let Some(id) = request_id {
            document.insert("request_id".to_owned(), id.into());
        }
        Value::Object(document)
    }

    /// The answer; `request_id` is put into the document when given.
    pub fn into_response(self, request_id: Option<&str>) -> Response {
        let mut response = Response::new(self.to_json(request_id).to_string().into());
        *response.status_mut() = self.kind.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.kind.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"doorknock\""));
        }
        if self.kind == &kind::UNSUPPORTED_ENCODING {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip, zstd, identity"));
        }
        if let Some(seconds) = self.wait_seconds() {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(allow) = self.allow.as_deref().and_then(|list| HeaderValue::from_str(list).ok()) {
            headers.insert(ALLOW, allow);
        }
        response
    }

    /// Seconds of `Retry-After`. Without a given number the wait is spread, so that phones turned away
    /// together do not come back together.
    fn wait_seconds(&self) -> Option<u32> {
        let asks =
            matches!(self.kind.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        self.retry_after.or_else(|| asks.then(|| rand::rng().random_range(1..=5)))
    }
}

/// "member /records/3: must be a UUID."
fn sentence(error: &FieldError) -> String {
    match &error.place {
        Place::Pointer(pointer) if pointer.is_empty() => format!("The body {}.", error.detail),
        Place::Pointer(pointer) => format!("{pointer} {}.", error.detail),
        Place::Parameter(name) => format!("The parameter \"{name}\" {}.", error.detail),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const DOCUMENT: &str = include_str!("../../docs/problems.md");

    #[test]
    fn no_slug_stands_twice() {
        let slugs: HashSet<_> = kind::ALL.iter().map(|kind| kind.slug).collect();
        assert_eq!(slugs.len(), kind::ALL.len());
        for slug in slugs {
            assert!(slug.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{slug}");
            assert_eq!(kind::by_slug(slug).map(|kind| kind.slug), Some(slug));
        }
    }

    #[test]
    fn the_document_lists_the_same_problems_word_for_word() {
        let section = DOCUMENT.split("## Problems").nth(1).unwrap().split("\n## ").next().unwrap();
        let rows: Vec<&str> = section.lines().filter(|line| line.starts_with("| `")).collect();
        let want: Vec<String> = kind::ALL
            .iter()
            .map(|k| {
                let status = k.status.as_u16();
                format!(
                    "| `{}` | {status} | {} | {} | {} | {} |",
                    k.slug, k.title, k.title_zh, k.meaning, k.meaning_zh
                )
            })
            .collect();
        assert_eq!(rows, want);
    }

    #[test]
    fn a_problem_has_the_members_of_the_rfc() {
        let problem = Problem::not_valid(vec![FieldError::at("/user", "must be a text")]);
        let document = problem.to_json(Some("r1"));
        assert_eq!(document["type"], "/problems/body-not-valid");
        assert_eq!(document["status"], 422);
        assert_eq!(document["detail"], "/user must be a text.");
        assert_eq!(document["errors"][0]["pointer"], "/user");
        assert_eq!(document["request_id"], "r1");
        assert!(document["title"].is_string() && document["title_zh"].is_string());
    }

    #[test]
    fn who_is_turned_away_is_told_when_to_come_back() {
        for kind in kind::ALL {
            let response = Problem::plain(kind).into_response(None);
            let wait =
                response.headers().get(RETRY_AFTER).map(|v| v.to_str().unwrap().parse::<u32>().unwrap());
            let asks = kind.status == StatusCode::TOO_MANY_REQUESTS
                || kind.status == StatusCode::SERVICE_UNAVAILABLE;
            assert_eq!(wait.is_some_and(|seconds| (1..=5).contains(&seconds)), asks, "{}", kind.slug);
        }
        let response = Problem::plain(&kind::TOO_MANY_TRIES).retry_after(90).into_response(None);
        assert_eq!(response.headers()[RETRY_AFTER], "90");
    }

    #[test]
    fn a_401_says_how_to_sign_in() {
        let response = Problem::plain(&kind::NOT_SIGNED_IN).into_response(None);
        assert_eq!(response.headers()[WWW_AUTHENTICATE], "Bearer realm=\"doorknock\"");
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
    }
}
