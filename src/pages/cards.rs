//! "We missed you" cards to print: one per door, with a code under which the resident tells when somebody is at home.
//! A code is shown only on this page; what is kept of it is a hash.

use askama::Template;

use super::devices::picture;
use super::doors::by_address;
use super::form::Form;
use super::frame::{Frame, Tab};
use super::visitor::{Answer, Visitor};
use crate::access;
use crate::app::auth;
use crate::app::cards::card_address;
use crate::domain::CaseId;
use crate::net::problem::Problem;
use crate::visits::door::{area_names, place};

/// Most cards at once.
const MOST: usize = 200;

#[derive(Template)]
#[template(path = "cards.html")]
struct Page {
    f: Frame,
    site: String,
    cards: Vec<Card>,
}

struct Card {
    address: String,
    code: String,
    picture: String,
}

impl Page {
    /// The sentence that says who came where.
    fn came(&self, address: &str) -> String {
        self.f.words.say("cards.came", &[("address", &address), ("survey", &self.f.survey)])
    }
}

/// `POST /print/cards`: cards for the ticked doors (`case`). Problems: `body-not-valid`, `not-found`, `form-expired`.
pub async fn make(v: Visitor, form: Form) -> Answer {
    let mut ids: Vec<CaseId> = form.uuids("case")?.into_iter().map(CaseId).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.truncate(MOST);
    let store = v.app.store();
    let mut rows = store.cases(v.caller.key, &ids).await?;
    let reach = v.caller.reach();
    if rows.len() != ids.len() || rows.iter().any(|r| !reach.sees(r)) {
        return Err(Problem::not_found());
    }
    by_address(&mut rows);
    let codes: Vec<String> = rows.iter().map(|_| access::new_code()).collect();
    let slips: Vec<_> =
        codes.iter().zip(&rows).map(|(code, r)| (auth::hash(&access::plain_code(code)), r.id)).collect();
    if !rows.is_empty() {
        store.add_slips(v.caller.key, &slips, &v.caller.user, v.now).await?;
    }
    let areas = area_names(store, &v.survey, &rows).await?;
    let origin = v.request.origin();
    let cards = rows.iter().zip(codes).map(|(row, code)| {
        let area = areas.get(&row.area).map_or("", |n| v.words.pick(n.0.as_str(), n.1.as_str()));
        let address = format!("{area} {}", place(row)).trim().to_owned();
        Card { address, picture: picture(&card_address(&origin, &code)), code }
    });
    let cards = cards.collect();
    let f = v.frame(Tab::Returns, v.words.t("cards.title")).await?;
    v.show(&Page { f, site: format!("{origin}/card"), cards })
}
