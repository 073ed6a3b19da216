//! The tree of areas in reach, each with how far it got.

use std::collections::HashMap;

use askama::Template;

use super::bar::bar;
use super::figures::Rate;
use super::frame::{Frame, Tab, quoted};
use super::look::looks;
use super::visitor::{Answer, Visitor};
use crate::net::problem::Problem;
use crate::report::{By, Row};
use crate::store::survey::{AreaRow, Areas};

/// Most areas that are listed.
const MOST: usize = 400;

#[derive(Template)]
#[template(path = "areas.html")]
struct Page {
    f: Frame,
    found: String,
    is_cut: bool,
    lines: Vec<Line>,
}

struct Line {
    depth: i32,
    href: String,
    name: String,
    code: String,
    rate: Rate,
    bar: String,
}

/// `GET /areas`: every area of the own tree.
pub async fn show(v: Visitor) -> Answer {
    let all = v.app.store().areas(v.caller.key, Areas::Subtree(v.caller.range)).await?;
    let found = v.words.count("size.areas", i64::try_from(all.len()).unwrap_or_default(), &[]);
    let is_cut = all.len() > MOST;
    let top = all.first().map_or(0, |a| a.depth);
    let shown = &all[..all.len().min(MOST)];
    let figures = figures(&v, shown).await?;
    let lines = shown
        .iter()
        .map(|a| {
            let row = figures.get(&a.code);
            let rate = row.map_or(Rate { above: 0, below: 0 }, |r| Rate::from(r.rates.enumeration));
            let counts = row.map(|r| looks(&r.states)).unwrap_or_default();
            Line {
                depth: (a.depth - top).min(6),
                href: format!("/areas/{}", quoted(&a.code)),
                name: v.name_of(a),
                code: a.code.clone(),
                bar: bar(&counts, "mini", &v.words.say("table.bar", &[("fraction", &rate)])),
                rate,
            }
        })
        .collect();
    let page = Page { f: v.frame(Tab::Areas, v.words.t("areas.title")).await?, found, is_cut, lines };
    v.show(&page)
}

/// Areas to choose from: the own one, its parts, and the one shown. (code, name)
pub async fn choices(v: &Visitor, shown: &AreaRow) -> Result<Vec<(String, String)>, Problem> {
    let (store, key) = (v.app.store(), v.caller.key);
    let mut all = store.areas(key, Areas::One(v.caller.area.clone())).await?;
    all.extend(store.areas(key, Areas::ChildrenOf(v.caller.area.clone())).await?.into_iter().take(MOST));
    if !all.iter().any(|a| a.code == shown.code) {
        all.push(shown.clone());
    }
    Ok(all.iter().map(|a| (a.code.clone(), v.name_of(a))).collect())
}

/// The figures of these areas: one question per area that has parts, as each answers for its children.
async fn figures(v: &Visitor, shown: &[AreaRow]) -> Result<HashMap<String, Row>, Problem> {
    let mut all: HashMap<String, Row> = HashMap::new();
    for area in shown {
        let has_parts = area.range.has_parts();
        if !has_parts && all.contains_key(&area.code) {
            continue;
        }
        let answer = super::overview::ask(v, area, By::Area).await?;
        for row in answer.rows {
            // Cases directly on an area are a row of its own code: the total below stands for the area.
            if row.code != area.code {
                all.insert(row.code.clone(), row);
            }
        }
        all.insert(area.code.clone(), answer.total);
    }
    Ok(all)
}
