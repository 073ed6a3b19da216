//! How a problem looks in a browser: what failed, what still holds, what to do; no stack, no statement.

use crate::net::answer::Response;
use askama::Template;
use http::{HeaderMap, StatusCode};

use super::frame::{Frame, html_answer};
use crate::net::problem::Problem;
use crate::net::request::{Carriage, RequestId};

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
    let status = problem.status();
    let template = Page {
        status: status.as_u16(),
        title: words.pick(problem.kind.title, problem.kind.title_zh),
        meaning: words.pick(problem.kind.meaning, problem.kind.meaning_zh),
        detail: (problem.detail != problem.kind.meaning).then(|| problem.in_words(words.0).to_owned()),
        slug: problem.kind.slug,
        id: id.to_string(),
        is_passing: matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS),
        is_signed_out: status == StatusCode::UNAUTHORIZED,
        is_worth_trying: status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS,
        f,
    };
    let html = template.render().unwrap_or_else(|_| problem.kind.title.to_owned());
    let mut response = html_answer(html, headers, carriage);
    problem.mark(&mut response);
    response
}
