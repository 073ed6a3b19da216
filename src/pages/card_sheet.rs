//! Sheets of cards printed ahead: outside the number, folded inside the code with its QR picture. The words stand on paper that
//! anybody may find, so they say nothing about a household.

use askama::Template;

use super::devices::picture;
use super::words::Words;
use crate::app::cards::card_address;
use crate::surveys::Survey;

/// A card of a sheet.
struct Card {
    number: String,
    code: String,
    picture: String,
}

#[derive(Template)]
#[template(path = "card_sheet.html")]
struct Document<'a> {
    words: Words,
    survey: &'a str,
    site: String,
    help: Option<String>,
    cards: Vec<Card>,
}

impl Document<'_> {
    /// The sentence inside each card.
    fn inside(&self) -> String {
        self.words.say("cards.inside", &[("address", &self.site)])
    }
}

/// The whole document to print, of (number, code); `site` is the address of the service, empty where it is not known.
pub fn document(
    words: Words,
    survey: &Survey,
    site: &str,
    cards: &[(String, String)],
) -> Result<String, askama::Error> {
    let help = survey.rules.policy.self_response.help.as_ref();
    let page = Document {
        words,
        survey: words.pick(&survey.name, &survey.name_zh),
        site: format!("{site}/card"),
        help: help.map(|h| words.say("cards.help", &[("phone", &h.phone), ("hours", &h.hours)])),
        cards: cards
            .iter()
            .map(|(number, code)| Card {
                number: number.clone(),
                code: code.clone(),
                picture: picture(&card_address(site, code)),
            })
            .collect(),
    };
    page.render()
}
