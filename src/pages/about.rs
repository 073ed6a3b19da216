//! About the program: version, licence, keys, and the switch for single-letter keys.

use askama::Template;

use super::frame::{Frame, Tab};
use super::visitor::{Answer, Visitor};

#[derive(Template)]
#[template(path = "about.html")]
struct Page {
    f: Frame,
    version: &'static str,
    licence: &'static str,
    zone: String,
    dates: String,
    policy: i32,
}

/// `GET /about`.
pub async fn show(v: Visitor) -> Answer {
    let (from, to) = (v.when().day(v.survey.starts_on), v.when().day(v.survey.ends_on));
    let page = Page {
        f: v.frame(Tab::None, v.words.t("about.title")).await?,
        version: env!("CARGO_PKG_VERSION"),
        licence: env!("CARGO_PKG_LICENSE"),
        zone: v.survey.time_zone.clone(),
        dates: format!("{from} – {to}"),
        policy: v.survey.policy_version,
    };
    v.show(&page)
}
