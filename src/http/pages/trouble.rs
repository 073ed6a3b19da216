//! How a problem looks in a browser: what failed, what still holds, what to do; no stack, no statement.

use askama::Template;
use http::header::{ALLOW, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use warp::reply::Response;

use super::super::problem::Problem;
use super::super::request::{Carriage, RequestId};
use super::frame::{Frame, html_answer};

#[derive(Template)]
#[template(path = "trouble.html")]
struct Page {
    f: Frame,
    status: u16,
    title: &'static str,
    meaning: &'static str,
    detail: Option<String>,
    slug: &'static str,
    id: String,
    is_passing: bool,
    is_signed_out: bool,
    is_worth_trying: bool,
}

/// The page of a problem.
pub fn page(problem: &Problem, headers: &HeaderMap, carriage: Carriage, id: &RequestId) -> Response {
    let f = Frame::outside(headers, "trouble.title", "/");
    let words = f.words;
    let own = problem.detail.as_str();
    let status = problem.status();
    let template = Page {
        status: status.as_u16(),
        title: words.pick(problem.kind.title, problem.kind.title_zh),
        meaning: words.pick(problem.kind.meaning, problem.kind.meaning_zh),
        detail: (own != problem.kind.meaning).then(|| own.to_owned()),
        slug: problem.kind.slug,
        id: id.to_string(),
        is_passing: matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS),
        is_signed_out: status == StatusCode::UNAUTHORIZED,
        is_worth_trying: status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS,
        f,
    };
    let html = template.render().unwrap_or_else(|_| problem.kind.title.to_owned());
    let mut response = html_answer(html, headers, carriage);
    // Headers such as Retry-After and Allow are made once, by the document of the same problem.
    let document = problem.clone().into_response(None);
    for name in [RETRY_AFTER, ALLOW] {
        if let Some(value) = document.headers().get(&name) {
            response.headers_mut().insert(name, HeaderValue::clone(value));
        }
    }
    *response.status_mut() = status;
    response
}
