//! The pages' words in Chinese and English: flat keys, `{name}` places, plurals by `.one` and `.other`.
//!
//! Both files are compiled in. A test holds that they have the same keys and places and that every key that a page asks
//! for is there; a key that is missing all the same shows as itself.

use std::collections::HashMap;
use std::sync::LazyLock;

use http::HeaderMap;
use http::header::{ACCEPT_LANGUAGE, COOKIE};

use crate::domain::Language;

/// Name of the cookie that keeps the language.
pub const COOKIE_NAME: &str = "doorknock_language";

pub(super) const ZH: &str = include_str!("../../web/locales/zh-CN.json");
pub(super) const EN: &str = include_str!("../../web/locales/en.json");

type Table = HashMap<String, String>;

static TABLES: LazyLock<[Table; 2]> = LazyLock::new(|| [read(EN), read(ZH)]);

/// Whether what is written as a building is a number, so that "building" or 号楼 belongs to it; a name carries its own.
fn is_number(building: &str) -> bool {
    building.chars().next().is_some_and(|c| c.is_ascii_digit())
        && building.chars().all(|c| c.is_ascii_alphanumeric() || "-#/".contains(c))
}

/// A file that cannot be read is an empty one; the test of the locales fails on it.
pub(super) fn read(text: &str) -> Table {
    serde_json::from_str(text).unwrap_or_default()
}

/// The words of one language; as small as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words(pub Language);

impl Words {
    /// The reader's language: cookie, then the browser's wish, then Chinese.
    pub fn of(headers: &HeaderMap) -> Self {
        let chosen = cookie(headers, COOKIE_NAME).and_then(Language::from_slug);
        Self(chosen.or_else(|| wished(headers)).unwrap_or(Language::Zh))
    }

    /// The language's name in HTML.
    pub fn tag(self) -> &'static str {
        self.pick("en", "zh-CN")
    }

    /// One of two texts.
    pub fn pick<T>(self, en: T, zh: T) -> T {
        match self.0 {
            Language::En => en,
            Language::Zh => zh,
        }
    }

    /// The other language.
    #[must_use]
    pub fn other(self) -> Self {
        Self(match self.0 {
            Language::En => Language::Zh,
            Language::Zh => Language::En,
        })
    }

    /// The text of `key`.
    pub fn t(self, key: &str) -> &str {
        self.find(key).unwrap_or(key)
    }

    fn find(self, key: &str) -> Option<&'static str> {
        TABLES[self.pick(0, 1)].get(key).map(String::as_str)
    }

    /// The text of `key` with its places filled.
    pub fn say(self, key: &str, places: &[(&str, &(dyn std::fmt::Display + Sync))]) -> String {
        fill(self.t(key), places)
    }

    /// A building as people say it: "Building 6", 6号楼; one that has a name instead of a number by that.
    pub fn building(self, building: &str) -> String {
        if is_number(building) {
            self.say("building.short", &[("number", &building)])
        } else {
            building.to_owned()
        }
    }

    /// The same with its area before it.
    pub fn building_in(self, area: &str, building: &str) -> String {
        let key = if is_number(building) { "building.name" } else { "building.named" };
        self.say(key, &[("area", &area), ("number", &building)]).trim_matches([' ', ',']).to_owned()
    }

    /// The text of `key` for `n` things; `{n}` is the number with its thousands set apart.
    pub fn count(self, key: &str, n: i64, places: &[(&str, &(dyn std::fmt::Display + Sync))]) -> String {
        let form = if n == 1 && self.0 == Language::En { "one" } else { "other" };
        let full = format!("{key}.{form}");
        let number = super::figures::thousands(n);
        let mut all: Vec<(&str, &(dyn std::fmt::Display + Sync))> = vec![("n", &number)];
        all.extend_from_slice(places);
        fill(self.t(&full), &all)
    }
}

fn fill(text: &str, places: &[(&str, &(dyn std::fmt::Display + Sync))]) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, tail)) = after.split_once('}') else { return out };
        match places.iter().find(|(place, _)| *place == name) {
            Some((_, value)) => out.push_str(&value.to_string()),
            None => out.push_str(name),
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// The value of a cookie.
pub fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .find_map(|pair| {
            let (key, value) = pair.trim().split_once('=')?;
            (key == name).then_some(value)
        })
}

/// The first language of the browser's list that is ours; weights are sorted by the browsers themselves.
fn wished(headers: &HeaderMap) -> Option<Language> {
    let list = headers.get(ACCEPT_LANGUAGE)?.to_str().ok()?;
    list.split(',').find_map(|item| {
        let tag = item.trim().to_ascii_lowercase();
        let is = |word: &str| tag.starts_with(word);
        if is("zh") {
            Some(Language::Zh)
        } else if is("en") {
            Some(Language::En)
        } else {
            None
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: http::HeaderName, value: &'static str) -> HeaderMap {
        let mut all = HeaderMap::new();
        all.insert(name, http::HeaderValue::from_static(value));
        all
    }

    #[test]
    fn the_cookie_wins_over_the_browser_and_chinese_is_the_rest() {
        assert_eq!(Words::of(&HeaderMap::new()).tag(), "zh-CN");
        assert_eq!(Words::of(&headers(ACCEPT_LANGUAGE, "fr, en-GB;q=0.8, zh;q=0.5")).tag(), "en");
        assert_eq!(Words::of(&headers(ACCEPT_LANGUAGE, "zh-TW, en")).tag(), "zh-CN");
        let mut both = headers(ACCEPT_LANGUAGE, "zh");
        both.insert(COOKIE, http::HeaderValue::from_static("a=b; doorknock_language=en"));
        assert_eq!(Words::of(&both).tag(), "en");
    }

    #[test]
    fn places_are_filled_and_unknown_ones_stay_readable() {
        assert_eq!(fill("{n} of {m}", &[("n", &3), ("m", &"four")]), "3 of four");
        assert_eq!(fill("{n} {x", &[("n", &3)]), "3 ");
        assert_eq!(fill("{who}", &[]), "who");
    }

    #[test]
    fn a_named_building_gets_no_number_word() {
        let [en, zh] = [Words(Language::En), Words(Language::Zh)];
        assert_eq!([en.building("6"), zh.building("12A")], ["Building 6", "12A号楼"]);
        assert_eq!([en.building("10号院"), zh.building("10号院")], ["10号院", "10号院"]);
        assert_eq!(zh.building_in("柳树村", "10号院"), "柳树村10号院");
        assert_eq!(zh.building_in("柳树村", "10"), "柳树村10号楼");
        assert_eq!(en.building_in("East", "North Tower"), "East, North Tower");
        assert_eq!(en.building_in("", "6"), "building 6");
    }
}
