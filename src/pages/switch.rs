//! Language and theme: kept in cookies for a year, so that both work before signing in and without script.

use crate::net::answer::Response;
use http::HeaderValue;
use http::header::SET_COOKIE;

use super::form::local_path;
use super::frame::{THEME, see_other};
use super::words::COOKIE_NAME;
use crate::app::App;
use crate::net::problem::Problem;
use crate::net::request::Request;

/// `GET /language?to=en|zh&back=PATH`: chooses the language and goes back.
pub async fn language(_: App, request: Request) -> Result<Response, Problem> {
    choose(&request, COOKIE_NAME, &["en", "zh"])
}

/// `GET /theme?to=light|dark|auto&back=PATH`: chooses the theme and goes back.
pub async fn theme(_: App, request: Request) -> Result<Response, Problem> {
    choose(&request, THEME, &["light", "dark", "auto"])
}

fn choose(request: &Request, name: &str, words: &[&str]) -> Result<Response, Problem> {
    let query = request.query()?;
    let to = query.one_of("to", words, |word| words.iter().find(|w| **w == word).copied())?;
    let back = local_path(query.text("back"));
    let mut response = see_other(&back, request.connection.carriage);
    if let Some(to) = to {
        let cookie = format!("{name}={to}; Path=/; Max-Age=31536000; SameSite=Lax");
        if let Ok(cookie) = HeaderValue::try_from(cookie) {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
    }
    Ok(response)
}
