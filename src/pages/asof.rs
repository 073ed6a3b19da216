//! As of when figures are, and whether the devices behind them were heard. Stands under the title of every page.

use askama::Template;
use http::header::{ETAG, IF_NONE_MATCH};
use http::{HeaderName, HeaderValue, StatusCode};
use sha2::{Digest, Sha256};

use super::bar::escaped;
use super::figures::thousands;
use super::visitor::{Answer, Visitor};
use super::words::Words;
use crate::app::memory::Waiting;

/// The instant of the figures, with the zone's offset, for the script that keeps the bar fresh.
const AS_OF: HeaderName = HeaderName::from_static("x-as-of");

/// The bar under the title.
#[derive(Clone, Debug)]
pub struct AsOf {
    /// Date and time in words.
    pub time: String,
    /// The same for programs.
    pub machine: String,
    /// How many devices were heard this evening.
    pub heard: String,
    /// What is silent, in words; `None` when nothing is.
    pub silent: Option<String>,
    /// The page that lists those devices.
    pub which: String,
    /// Whether the script looks for newer figures.
    pub is_live: bool,
}

#[derive(Template)]
#[template(path = "asof.html")]
struct Part<'a> {
    a: &'a AsOf,
    words: Words,
}

impl Part<'_> {
    fn t<'k>(&self, key: &'k str) -> &'k str {
        self.words.t(key)
    }
}

impl AsOf {
    /// The bar for a range of areas whose devices `w` counts.
    pub fn of(v: &Visitor, w: Waiting) -> Self {
        let words = v.words;
        let heard = words.count("asof.heard", w.enrolled, &[("heard", &thousands(w.heard))]);
        let doors = thousands(w.silent_doors);
        let silent = (w.silent > 0).then(|| {
            words.count(
                "asof.silent",
                w.silent,
                &[("hours", &v.survey.rules.policy.pages.silent_hours), ("doors", &doors)],
            )
        });
        Self {
            time: v.when().full(v.now),
            machine: v.when().machine(v.now),
            heard: if w.enrolled == 0 { words.t("asof.no_device").to_owned() } else { heard },
            silent,
            which: "/devices".to_owned(),
            is_live: false,
        }
    }

    /// The same, kept fresh by the script.
    #[must_use]
    pub fn live(mut self) -> Self {
        self.is_live = true;
        self
    }

    /// The same, its link leading to the devices of an area.
    #[must_use]
    pub fn of_area(mut self, code: &str) -> Self {
        self.which = format!("/devices?area={}", super::frame::quoted(code));
        self
    }

    /// The bar as HTML.
    pub fn html(&self, words: &Words) -> String {
        let part = Part { a: self, words: *words };
        part.render().unwrap_or_else(|_| escaped(&self.time))
    }

    /// `?part=asof`: the bar alone, under a tag that changes with `figures` or the date, not with the minute.
    pub fn answer(&self, v: &Visitor, figures: &str) -> Answer {
        let day = v.survey.rules.calendar.local_date(v.now);
        let digest =
            Sha256::digest(format!("{figures}|{day}|{:?}|{}|{}", self.silent, self.heard, v.words.tag()));
        let tag: String = data_encoding::HEXLOWER.encode(&digest[..9]);
        let tag = format!("\"{tag}\"");
        let is_known = v.request.header(&IF_NONE_MATCH).is_some_and(|known| known.contains(&tag));
        let html = if is_known { String::new() } else { self.html(&v.words) };
        let mut response = super::frame::html_answer(html, &v.request.headers, v.request.connection.carriage);
        if is_known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        }
        for (name, value) in [(ETAG, tag.as_str()), (AS_OF, self.machine.as_str())] {
            if let Ok(value) = HeaderValue::try_from(value) {
                response.headers_mut().insert(name, value);
            }
        }
        Ok(response)
    }
}
