//! The pages behind a problem's `type`: what a slug means, in both languages, for people and programs.
//!
//! Problems and reasons of receipts are one name space here, since a reader only has the slug.

use crate::net::answer::Response;
use http::HeaderValue;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use serde_json::json;

use crate::ingest::reason::Reason;
use crate::net::answer;
use crate::net::kind;
use crate::net::problem::Problem;
use crate::net::request::Request;

/// What a slug stands for.
struct Entry {
    slug: &'static str,
    status: Option<u16>,
    title: &'static str,
    title_zh: &'static str,
    meaning: &'static str,
    meaning_zh: &'static str,
}

/// `GET /problems/{slug}`: the meaning of a problem or of a receipt's reason, as HTML when HTML is asked for,
/// else as JSON. Problems: `not-found`.
pub fn problem(request: &Request) -> Result<Response, Problem> {
    let entry = find(request.param("slug")).ok_or_else(Problem::not_found)?;
    let wants_html = request.header(&ACCEPT).is_some_and(|accept| accept.contains("text/html"));
    let mut response = if wants_html {
        answer::text("text/html; charset=utf-8", html(&entry))
    } else {
        answer::json(&json!({
            "slug": entry.slug, "status": entry.status, "title": entry.title, "title_zh": entry.title_zh,
            "meaning": entry.meaning, "meaning_zh": entry.meaning_zh,
        }))
    };
    let policy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    Ok(response)
}

fn find(slug: &str) -> Option<Entry> {
    if let Some(kind) = kind::by_slug(slug) {
        return Some(Entry {
            slug: kind.slug,
            status: Some(kind.status.as_u16()),
            title: kind.title,
            title_zh: kind.title_zh,
            meaning: kind.meaning,
            meaning_zh: kind.meaning_zh,
        });
    }
    let reason = Reason::from_slug(slug)?;
    Some(Entry {
        slug: reason.slug(),
        status: None,
        title: "What a receipt says about a record",
        title_zh: "回执对某条记录的说明",
        meaning: reason.sentence(),
        meaning_zh: reason.sentence_zh(),
    })
}

/// All texts come from our own tables, which hold no character that HTML would take for its own.
fn html(entry: &Entry) -> String {
    let Entry { slug, title, title_zh, meaning, meaning_zh, status } = entry;
    let status = status.map_or_else(String::new, |code| format!("<p>HTTP {code}</p>"));
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{slug}</title>\
         <h1>{title}</h1><p>{meaning}</p><div lang=\"zh-CN\"><h2>{title_zh}</h2><p>{meaning_zh}</p></div>\
         {status}<p><code>{slug}</code></p></html>"
    )
}

/// What the `OpenAPI` document says of this file.
pub(super) mod described {
    use crate::api::openapi::prelude::*;

    /// The calls of this file.
    pub fn calls() -> Vec<Call> {
        vec![
            get("/problems/{slug}", "problem", "What a slug means")
                .who(Who::Anybody)
                .part("slug", "Of a problem or of a receipt's reason.", text().pattern(r"^[a-z0-9-]+$"))
                .gives_as(
                    "JSON, or HTML where it is asked for.",
                    [
                        (
                            "application/json",
                            object([
                                ("slug", text()),
                                ("status?", int().or_null()),
                                ("title", text()),
                                ("title_zh", text()),
                                ("meaning", text()),
                                ("meaning_zh", text()),
                            ]),
                        ),
                        ("text/html", text()),
                    ],
                )
                .fails(&[400, 404]),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::request::tests::request;

    fn asked(slug: &str, accept: &str) -> Result<Response, Problem> {
        let mut it = request(&[("accept", accept)]);
        it.params = vec![("slug", slug.to_owned())];
        problem(&it)
    }

    #[tokio::test]
    async fn every_slug_has_a_page_in_both_languages() {
        let problems = kind::ALL.iter().map(|kind| kind.slug);
        for slug in problems.chain(Reason::ALL.iter().map(|reason| reason.slug())) {
            let page = answer::bytes(asked(slug, "text/html,*/*").unwrap()).await;
            let page = String::from_utf8(page.to_vec()).unwrap();
            assert!(page.contains("lang=\"zh-CN\"") && page.contains(slug), "{slug}");
            let document = answer::bytes(asked(slug, "application/json").unwrap()).await;
            let document: serde_json::Value = serde_json::from_slice(&document).unwrap();
            assert_eq!(document["slug"], slug);
        }
    }

    #[test]
    fn the_tables_hold_no_character_of_html() {
        let kinds = kind::ALL.iter().flat_map(|k| [k.slug, k.title, k.title_zh, k.meaning, k.meaning_zh]);
        let reasons = Reason::ALL.iter().flat_map(|r| [r.slug(), r.sentence(), r.sentence_zh()]);
        for text in kinds.chain(reasons) {
            assert!(!text.contains(['<', '>', '&']), "{text}");
        }
    }

    #[test]
    fn another_slug_is_a_404() {
        assert_eq!(asked("no-such", "").unwrap_err(), Problem::not_found());
    }
}
