//! The audit log: who read personal data, decided, was let in; newest first. For administrators.

use askama::Template;
use serde_json::Value;

use super::frame::{Frame, Tab, quoted};
use super::visitor::{Answer, Visitor};
use crate::domain::Role;
use crate::net::kind;
use crate::net::problem::Problem;
use crate::store::audit::{Action, Filter, Noted};
use crate::store::survey::Areas;

/// Lines of a page.
const LINES: i64 = 100;

#[derive(Template)]
#[template(path = "audit.html")]
struct Page {
    f: Frame,
    area_name: String,
    lines: Vec<Line>,
    /// Every action: its word, what it is called, whether it is asked for.
    actions: Vec<(&'static str, String, bool)>,
    user: String,
    area: String,
    /// Address of the next page.
    next: Option<String>,
}

/// A line of the log in words.
struct Line {
    at: String,
    user: String,
    role: String,
    action: String,
    area: String,
    /// Id of the thing, and its page where it has one.
    about: Option<(String, Option<String>)>,
    detail: Vec<(String, String)>,
}

/// `GET /audit?area=&action=&user=&after=`. Problems: `wrong-role`, `not-found`, `bad-parameter`.
pub async fn show(v: Visitor) -> Answer {
    if v.caller.role != Role::Admin {
        return Err(Problem::plain(&kind::WRONG_ROLE));
    }
    let query = v.query()?;
    let area = v.area(&query).await?;
    let words: Vec<&str> = Action::ALL.iter().map(|a| a.slug()).collect();
    let wanted = query.text("action").filter(|word| !word.is_empty());
    let action = match wanted {
        Some(_) => query.one_of("action", &words, |word| {
            Action::ALL.iter().map(|a| a.slug()).find(|slug| *slug == word)
        })?,
        None => None,
    };
    let before = query.parsed("after", "must be one that this page gave", |text| {
        text.parse::<i64>().ok().filter(|id| *id > 0)
    })?;
    let user = match query.text("user") {
        Some(user) => Some(v.app.store().spelled(user).await?),
        None => None,
    };
    let filter = Filter { range: area.range, before: before.unwrap_or(i64::MAX), action, user: user.clone() };
    let rows = v.app.store().list_audit(v.caller.key, &filter, LINES).await?;
    let is_full = i64::try_from(rows.len()).is_ok_and(|n| n >= LINES);
    let names: Vec<(String, String)> = v
        .app
        .store()
        .areas(v.caller.key, Areas::Subtree(v.caller.range))
        .await?
        .iter()
        .map(|a| (a.code.clone(), v.name_of(a)))
        .collect();
    let user = user.unwrap_or_default();
    let next = rows.last().filter(|_| is_full).map(|last| {
        let action = action.unwrap_or_default();
        format!("/audit?area={}&action={action}&user={}&after={}", quoted(&area.code), quoted(&user), last.id)
    });
    let called =
        |slug: &'static str| (slug, v.words.t(&format!("audit.{slug}")).to_owned(), action == Some(slug));
    let page = Page {
        f: v.frame(Tab::None, v.words.t("log.title")).await?,
        area_name: v.name_of(&area),
        lines: rows.iter().map(|row| line(&v, row, &names)).collect(),
        actions: words.into_iter().map(called).collect(),
        user,
        area: area.code,
        next,
    };
    v.show(&page)
}

fn line(v: &Visitor, row: &Noted, names: &[(String, String)]) -> Line {
    let area = row.area.as_deref().unwrap_or_default();
    let name = names.iter().find(|(code, _)| code == area).map_or(area, |(_, name)| name.as_str());
    Line {
        at: v.when().full(row.at),
        user: row.user.clone(),
        role: row.role.clone(),
        action: v.words.t(&format!("audit.{}", row.action)).to_owned(),
        area: name.to_owned(),
        about: row
            .subject
            .map(|id| (short(&id.to_string()), page_of(&row.action).map(|path| format!("{path}{id}")))),
        detail: said(&row.detail),
    }
}

/// The first part of an id.
fn short(id: &str) -> String {
    id.chars().take(8).collect()
}

/// Where the thing that an action is about has a page.
fn page_of(action: &str) -> Option<&'static str> {
    match action {
        "read_case" | "read_notes" | "decide_case" => Some("/cases/"),
        "read_link" | "decide_link" => Some("/review/"),
        _ => None,
    }
}

/// What belongs to an action, name by name; what is empty is left out.
fn said(detail: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let is_empty = |value: &Value| value.is_null() || value.as_str() == Some("");
    let all = detail.as_object().into_iter().flatten().filter(|(_, value)| !is_empty(value));
    all.map(|(name, value)| (name.clone(), text(value))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn details_are_told_by_name_and_empty_ones_left_out() {
        let told = said(&json!({"for": "e01", "replaces": null, "doors": 3, "note": ""}));
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(told, [pair("doors", "3"), pair("for", "e01")]);
    }

    #[test]
    fn every_action_is_called_something_in_both_languages() {
        use super::super::words::Words;
        use crate::domain::Language;
        for action in Action::ALL {
            for words in [Words(Language::En), Words(Language::Zh)] {
                let key = format!("audit.{}", action.slug());
                assert_ne!(words.t(&key), key);
            }
        }
    }
}
