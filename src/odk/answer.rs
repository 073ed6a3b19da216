//! Answers as `OpenRosa` has them.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::domain::Language;
use crate::forms::xml_text;
use crate::net::answer::{self, Response};
use crate::net::problem::Problem;
use crate::net::request::{Carriage, Request, RequestId};

/// Collect takes no server for one that does not send it.
const VERSION: HeaderName = HeaderName::from_static("x-openrosa-version");
const XML: &str = "text/xml; charset=utf-8";
/// Characters of a message.
const LONGEST: usize = 200;

/// The language of a message: the request's, else the survey's.
pub fn language(headers: &HeaderMap, survey: Language) -> Language {
    let wanted = headers.get(http::header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let first = wanted.and_then(|text| text.split(',').next()).map(|tag| tag.trim().to_ascii_lowercase());
    match first.as_deref() {
        Some(tag) if tag.starts_with("en") => Language::En,
        Some(tag) if tag.starts_with("zh") => Language::Zh,
        Some(_) | None => survey,
    }
}

/// An answer without a body.
pub fn empty(status: StatusCode) -> Response {
    let mut response = answer::empty();
    *response.status_mut() = status;
    mark(&mut response);
    response
}

/// A document.
pub fn document(body: String) -> Response {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(XML));
    mark(&mut response);
    response
}

/// A message for the person at the phone.
pub fn message(status: StatusCode, text: &str) -> Response {
    let nature = if status == StatusCode::CREATED { "submit_success" } else { "error" };
    let short: String = text.chars().take(LONGEST).collect();
    let mut response = document(format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<OpenRosaResponse xmlns=\"http://openrosa.org/http/response\">\
         <message nature=\"{nature}\">{}</message></OpenRosaResponse>\n",
        xml_text(&short)
    ));
    *response.status_mut() = status;
    response
}

/// Bytes under their hash; 304 where the caller has them.
pub fn tagged(request: &Request, md5: &str, media_type: &str, bytes: Vec<u8>) -> Result<Response, Problem> {
    let mut response = answer::tagged(request, md5, media_type, bytes)?;
    mark(&mut response);
    Ok(response)
}

fn mark(response: &mut Response) {
    response.headers_mut().insert(VERSION, HeaderValue::from_static("1.0"));
}

/// A problem as Collect shows it: never a 401, for which clients would ask for a password.
pub fn paint(problem: &Problem, headers: &HeaderMap, _: Carriage, _: &RequestId) -> Response {
    let words = problem.in_words(language(headers, Language::Zh));
    let mut response = message(problem.status(), words);
    problem.mark(&mut response);
    if problem.status() == StatusCode::UNAUTHORIZED {
        *response.status_mut() = StatusCode::FORBIDDEN;
    }
    response
}
