//! Exports: which there are, for the own area or a part of it. The files come from the API.

use askama::Template;

use super::frame::{Frame, Tab, quoted};
use super::visitor::{Answer, Visitor};

#[derive(Template)]
#[template(path = "exports.html")]
struct Page {
    f: Frame,
    area_name: String,
    scope: String,
}

/// `GET /exports?area=`: links to the files. Problems: `not-found`.
pub async fn show(v: Visitor) -> Answer {
    let query = v.query()?;
    let area = v.area(&query).await?;
    let page = Page {
        f: v.frame(Tab::None, v.words.t("exports.title")).await?,
        area_name: v.name_of(&area),
        scope: quoted(&area.code),
    };
    v.show(&page)
}
