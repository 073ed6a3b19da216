//! The doors that need another visit, most urgent first, each with its reason.

use serde::Serialize;

use super::door::{Door, area_names};
use super::standings_of;
use crate::domain::{Action, Flag, Language, Next, Viewed, Window, due, flags, next_action, reason};
use crate::store::case::CaseRow;
use crate::store::{Error, Store};
use crate::surveys::Survey;

/// A door that needs another visit.
#[derive(Clone, Debug, Serialize)]
pub struct ReturnVisit {
    /// The door.
    #[serde(flatten)]
    pub door: Door,
    /// Cells of the week not tried yet, such as `weekday-evening`.
    pub untried: Vec<String>,
    /// When the next visit should fall, by the clock of the survey's zone.
    pub due: Option<Window>,
    /// Chance that a knock is answered in that window; null while nothing has been learnt.
    pub probability: Option<f64>,
    /// What to do.
    pub next: Next,
    /// Flags as of the reading time.
    pub flags: Vec<Flag>,
    /// Why, in English.
    pub reason: String,
    /// Why, in Chinese.
    pub reason_zh: String,
}

/// Makes the items of these cases as they look at that moment. Cases that need nobody by then are left out.
pub async fn items(
    store: &Store,
    survey: &Survey,
    rows: &[CaseRow],
    viewed: Viewed,
) -> Result<Vec<ReturnVisit>, Error> {
    let standings = standings_of(store, survey, rows).await?;
    let names = area_names(store, survey, rows).await?;
    let (rules, at) = (&survey.rules, viewed.at);
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(standing) = standings.get(&row.id) else {
            continue;
        };
        let next = next_action(standing, rules, at);
        if next.action == Action::None {
            continue;
        }
        all.push(ReturnVisit {
            door: Door::of(row, names.get(&row.area).map(|n| n.1.as_str())),
            untried: standing.untried.iter().map(|cell| cell.slug(rules)).collect(),
            due: due(standing, rules, at).window,
            probability: None,
            flags: flags(standing, rules, at),
            reason: reason(standing, &next, rules, viewed, Language::En),
            reason_zh: reason(standing, &next, rules, viewed, Language::Zh),
            next,
        });
    }
    Ok(all)
}
