//! What stands around every page: headers of the answer, top bar, language, theme, the token of its forms.

use crate::net::answer::Response;
use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, VARY, X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::asof::AsOf;
use super::assets;
use super::figures::thousands;
use super::words::{Words, cookie};
use crate::app::memory::Waiting;
use crate::net::kind;
use crate::net::problem::Problem;
use crate::net::request::Carriage;

/// What a page may load: its own files only, no inline script or style, no frame around it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// Pages shorter than this are sent as they are.
const WORTH_PACKING: usize = 1_000;
/// Cookie that keeps the theme.
pub const THEME: &str = "doorknock_theme";

/// Where in the top bar a page belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    /// The own area.
    Overview,
    /// The tree of areas, and what lies in it.
    Areas,
    /// Return visits.
    Returns,
    /// Suspected duplicates.
    Review,
    /// Held records.
    Held,
    /// Devices.
    Devices,
    /// None of them.
    None,
}

/// Who is signed in.
#[derive(Clone, Debug)]
pub struct Who {
    /// Name shown.
    pub name: String,
    /// May load a set-up.
    pub is_admin: bool,
}

/// What stands around a page.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The reader's language.
    pub words: Words,
    /// Title of the page.
    pub title: String,
    /// The marked tab.
    pub tab: Tab,
    /// Name of the survey; empty before signing in.
    pub survey: String,
    /// Who is signed in.
    pub who: Option<Who>,
    /// What waits.
    pub waiting: Waiting,
    /// Token of the page's forms, masked anew for each page.
    pub csrf: String,
    /// `light` or `dark` where chosen.
    pub theme: Option<&'static str>,
    /// Path and query of the page, escaped for use in a query.
    pub here: String,
    /// What was just done, in words.
    pub done: Option<String>,
    /// As of when the figures are, and whether the devices were heard.
    pub asof: Option<AsOf>,
}

impl Frame {
    /// A frame for somebody who is not signed in.
    pub fn outside(headers: &HeaderMap, title: &str, here: &str) -> Self {
        let words = Words::of(headers);
        Self {
            words,
            title: words.t(title).to_owned(),
            tab: Tab::None,
            survey: String::new(),
            who: None,
            waiting: Waiting::default(),
            csrf: String::new(),
            theme: theme(headers),
            here: quoted(here),
            done: None,
            asof: None,
        }
    }

    /// The text of a key.
    pub fn t<'k>(&self, key: &'k str) -> &'k str {
        self.words.t(key)
    }

    /// The language's name in HTML.
    pub fn tag(&self) -> &'static str {
        self.words.tag()
    }

    /// The address of a style sheet, script or picture.
    pub fn asset(&self, name: &str) -> String {
        assets::address(name)
    }

    /// A sign of the sprite, decoration only: words always stand beside it.
    pub fn sign(&self, name: &str) -> String {
        format!("<svg class=\"sign\" aria-hidden=\"true\"><use href=\"#s-{name}\"/></svg>")
    }

    /// The same for a sign that may be none.
    #[expect(clippy::ref_option_ref, reason = "templates pass references")]
    pub fn sign_or_none(&self, name: &Option<&'static str>) -> String {
        name.map_or_else(String::new, |name| self.sign(name))
    }

    /// A number with its thousands set apart.
    pub fn n(&self, n: &i64) -> String {
        thousands(*n)
    }

    /// A title with the name of what it is about.
    pub fn of(&self, key: &str, name: &str) -> String {
        self.words.say("app.of", &[("title", &self.t(key)), ("name", &name)])
    }

    /// The text of a key with its one place filled.
    pub fn say1(&self, key: &str, place: &str, value: &(dyn std::fmt::Display + Sync)) -> String {
        self.words.say(key, &[(place, value)])
    }

    /// The text of a key for a number of things.
    pub fn count(&self, key: &str, n: &i64) -> String {
        self.words.count(key, *n, &[])
    }

    /// Whether this tab is marked.
    pub fn is(&self, tab: &str) -> bool {
        matches!(
            (self.tab, tab),
            (Tab::Overview, "overview")
                | (Tab::Areas, "areas")
                | (Tab::Returns, "returns")
                | (Tab::Review, "review")
                | (Tab::Held, "held")
                | (Tab::Devices, "devices")
        )
    }

    /// The number beside return visits.
    pub fn due(&self) -> String {
        let more = if self.waiting.is_more { "+" } else { "" };
        format!("{}{more}", thousands(self.waiting.due))
    }
}

/// The theme chosen by cookie.
pub fn theme(headers: &HeaderMap) -> Option<&'static str> {
    match cookie(headers, THEME)? {
        "dark" => Some("dark"),
        "light" => Some("light"),
        _ => None,
    }
}

/// The token of a session, masked by random bytes, so that a packed page never tells it letter by letter.
pub fn masked(token: &str) -> String {
    let plain = URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
    let pad: Vec<u8> = plain.iter().map(|_| rand::random()).collect();
    let mixed = plain.iter().zip(&pad).map(|(a, b)| a ^ b);
    URL_SAFE_NO_PAD.encode(pad.iter().copied().chain(mixed).collect::<Vec<u8>>())
}

/// Whether a form carries the token of the session.
pub fn is_token(token: &str, sent: &str) -> bool {
    let plain = URL_SAFE_NO_PAD.decode(token).unwrap_or_default();
    let sent = URL_SAFE_NO_PAD.decode(sent).unwrap_or_default();
    if plain.is_empty() || sent.len() != plain.len() * 2 {
        return false;
    }
    let (pad, mixed) = sent.split_at(plain.len());
    let differences = plain.iter().zip(pad).zip(mixed).fold(0, |all, ((a, b), c)| all | (a ^ b ^ c));
    differences == 0
}

/// Text as it may stand in the query of an address.
pub fn quoted(text: &str) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(text.len() + 8);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'/') {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Whether the browser takes packed answers.
pub fn takes_gzip(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).is_some_and(|list| list.contains("gzip"))
}

/// A page made from its template.
pub fn page<T: Template>(template: &T, headers: &HeaderMap, carriage: Carriage) -> Result<Response, Problem> {
    let html = template.render().map_err(|error| {
        tracing::error!(%error, "a page cannot be written");
        Problem::plain(&kind::INTERNAL)
    })?;
    Ok(html_answer(html, headers, carriage))
}

/// HTML with the headers that every page has.
pub fn html_answer(html: String, headers: &HeaderMap, carriage: Carriage) -> Response {
    let mut bytes = html.into_bytes();
    let mut packing = None;
    if bytes.len() >= WORTH_PACKING && takes_gzip(headers) {
        let packed = assets::packed(&bytes);
        if !packed.is_empty() {
            bytes = packed;
            packing = Some("gzip");
        }
    }
    let mut response = Response::new(bytes.into());
    let all = response.headers_mut();
    all.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    if let Some(packing) = packing {
        all.insert(CONTENT_ENCODING, HeaderValue::from_static(packing));
    }
    all.insert(VARY, HeaderValue::from_static("accept-encoding, accept-language, cookie"));
    guard(&mut response, carriage);
    response
}

/// The headers that keep a page from being framed, sniffed, or made to load what is not ours.
pub fn guard(response: &mut Response, carriage: Carriage) {
    let all = response.headers_mut();
    all.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    all.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    all.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    if carriage == Carriage::Tls {
        all.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
}

/// Sends the browser on by GET, as after every form.
pub fn see_other(to: &str, carriage: Carriage) -> Response {
    let mut response = Response::new(String::new().into());
    *response.status_mut() = StatusCode::SEE_OTHER;
    if let Ok(to) = HeaderValue::try_from(to) {
        response.headers_mut().insert(LOCATION, to);
    }
    guard(&mut response, carriage);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_token_differs_each_time_and_is_known_again() {
        let token = URL_SAFE_NO_PAD.encode([7_u8; 32]);
        let (a, b) = (masked(&token), masked(&token));
        assert_ne!(a, b);
        assert!(is_token(&token, &a) && is_token(&token, &b));
        let other = URL_SAFE_NO_PAD.encode([8_u8; 32]);
        assert!(!is_token(&other, &a) && !is_token("", "") && !is_token(&token, &token));
    }

    #[test]
    fn the_policy_allows_nothing_inline_and_nothing_foreign() {
        assert!(!POLICY.contains("unsafe") && !POLICY.contains("http"));
    }
}
