//! Cards printed ahead: what became of each, and new ones to print.

use askama::Template;

use super::devices::picture;
use super::form::{Form, fault};
use super::frame::{Frame, Tab};
use super::visitor::{Answer, Visitor};
use crate::app::cards::{card_address, make_cards};
use crate::app::reach;
use crate::domain::{CaseId, Role};
use crate::net::problem::Problem;
use crate::store::card::CardRow;
use crate::store::survey::AreaRow;
use crate::visits::door::place;
use std::collections::HashMap;

/// Most cards that the page lists.
const MOST: i64 = 2_000;
/// Most cards of one print.
const MOST_MADE: usize = 500;

#[derive(Template)]
#[template(path = "card_list.html")]
struct Page {
    f: Frame,
    area_name: String,
    found: String,
    cards: Vec<Line>,
    people: Vec<(String, String)>,
    most: usize,
}

/// A card in the list.
struct Line {
    number: String,
    name: String,
    made: String,
    /// Case and address of the door, and when it was left.
    left: Option<(CaseId, String, String)>,
    started: Option<String>,
    submitted: Option<String>,
    is_ended: bool,
}

#[derive(Template)]
#[template(path = "card_made.html")]
struct Made {
    f: Frame,
    site: String,
    name: String,
    cards: Vec<New>,
}

/// A card to print.
struct New {
    number: String,
    code: String,
    picture: String,
}

/// `GET /cards?area=`: what became of the cards of the area's people. Problems: `not-found`.
pub async fn show(v: Visitor) -> Answer {
    let query = v.query()?;
    let area = v.area(&query).await?;
    let store = v.app.store();
    let rows = store.cards(v.caller.key, area.range, "", MOST).await?;
    let cases: Vec<CaseId> = rows.iter().filter_map(|c| c.case_id).collect();
    let reach = v.caller.reach();
    let doors: HashMap<CaseId, String> = store
        .cases(v.caller.key, &cases)
        .await?
        .into_iter()
        .filter(|row| reach.sees(row))
        .map(|row| (row.id, place(&row)))
        .collect();
    let people = people(&v, &area).await?;
    let page = Page {
        f: v.frame(Tab::Returns, v.words.t("cardlist.title")).await?,
        area_name: v.name_of(&area),
        found: v.words.count("cardlist.found", i64::try_from(rows.len()).unwrap_or_default(), &[]),
        cards: rows.iter().map(|c| line(&v, c, &doors, &people)).collect(),
        people,
        most: MOST_MADE,
    };
    v.show(&page)
}

fn line(v: &Visitor, c: &CardRow, doors: &HashMap<CaseId, String>, people: &[(String, String)]) -> Line {
    let user = c.for_user.clone().unwrap_or_default();
    let door = c.case_id.and_then(|case| Some((case, doors.get(&case)?.clone())));
    Line {
        number: c.number.clone().unwrap_or_default(),
        name: people.iter().find(|p| p.0 == user).map_or(user, |p| p.1.clone()),
        made: v.when().full(c.made_at),
        left: door
            .map(|(case, door)| (case, door, c.left_at.map(|at| v.when().full(at)).unwrap_or_default())),
        started: c.started_at.map(|at| v.when().full(at)),
        submitted: c.submitted_at.map(|at| v.when().full(at)),
        is_ended: c.killed_at.is_some(),
    }
}

/// Enumerators of the area: login name and name.
async fn people(v: &Visitor, area: &AreaRow) -> Result<Vec<(String, String)>, Problem> {
    let staff = v.app.store().staff(v.caller.key, area.range).await?;
    Ok(staff.into_iter().filter(|s| s.role == Role::Enumerator).map(|s| (s.user, s.name)).collect())
}

/// `POST /cards`: new cards for an enumerator, shown this once. Problems: `body-not-valid`, `form-expired`.
pub async fn make(v: Visitor, form: Form) -> Answer {
    let user = form.required("user", 200)?;
    let count = form.required("count", 4)?.parse::<usize>().ok().filter(|n| (1..=MOST_MADE).contains(n));
    let count = count.ok_or_else(|| fault("count", "must be a number from 1 to 500"))?;
    let person = reach::enumerator(&v.app, &v.caller, &user).await?;
    let person = person.ok_or_else(|| fault("user", "must be an enumerator of your area"))?;
    let by = (v.caller.key, v.caller.user.as_str());
    let made = make_cards(v.app.store(), by, &person.user, count, v.now).await?;
    let origin = v.request.origin();
    let cards = made
        .into_iter()
        .map(|(number, code)| New { picture: picture(&card_address(&origin, &code)), number, code })
        .collect();
    let page = Made {
        f: v.frame(Tab::Returns, v.words.t("cardlist.title")).await?,
        site: format!("{origin}/card"),
        name: person.name,
        cards,
    };
    v.show(&page)
}
