//! The page's words: what the files of words hold under the page's own heads, and the names of codes, reasons and
//! problems, which the program knows already.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::domain::Language;
use crate::domain::code;
use crate::ingest::reason::Reason;
use crate::net::kind;

/// The file of words of a language.
#[cfg(not(debug_assertions))]
fn source(language: Language) -> Cow<'static, str> {
    match language {
        Language::En => include_str!("../../web/locales/en.json").into(),
        Language::Zh => include_str!("../../web/locales/zh-CN.json").into(),
    }
}

/// The file of words of a language, as it lies on the disk now.
#[cfg(debug_assertions)]
fn source(language: Language) -> Cow<'static, str> {
    let name = match language {
        Language::En => "en.json",
        Language::Zh => "zh-CN.json",
    };
    let path = format!("{}/locales/{name}", super::files::web_directory());
    std::fs::read_to_string(path).unwrap_or_default().into()
}

/// Heads of the keys that the page uses.
const HEADS: [&str; 5] = ["phone.", "look.", "month.", "weekday.", "when."];
/// Tables of codes that it names.
const TABLES: [&str; 13] = [
    "outcome",
    "state",
    "channel",
    "informant",
    "respondent",
    "result",
    "household_type",
    "sex",
    "relationship",
    "tenure",
    "residence_status",
    "effort",
    "completed_by",
];

/// Each file of words: its name and its text.
pub fn tables() -> Vec<(&'static str, String)> {
    vec![("phone/strings/zh.json", table(Language::Zh)), ("phone/strings/en.json", table(Language::En))]
}

/// The words of one language, `key` to text.
fn words(language: Language) -> BTreeMap<String, String> {
    let all: BTreeMap<String, String> = serde_json::from_str(&source(language)).unwrap_or_default();
    let mut words: BTreeMap<String, String> =
        all.into_iter().filter(|(key, _)| HEADS.iter().any(|head| key.starts_with(head))).collect();
    let mut add = |head: &str, slug: &str, en: &str, zh: &str| {
        let text = match language {
            Language::En => en,
            Language::Zh => zh,
        };
        words.insert(format!("{head}.{slug}"), text.to_owned());
    };
    for table in code::tables().iter().filter(|table| TABLES.contains(&table.name)) {
        for row in &table.codes {
            add(table.name, row.slug, row.en, row.zh);
        }
    }
    for reason in Reason::ALL {
        add("reason", reason.slug(), reason.sentence(), reason.sentence_zh());
    }
    for kind in kind::ALL {
        add("problem", kind.slug, kind.meaning, kind.meaning_zh);
    }
    words
}

fn table(language: Language) -> String {
    serde_json::to_string(&words(language)).unwrap_or_default()
}

/// The text of a key in both languages, for where no language is chosen yet.
pub fn in_both(key: &str) -> String {
    let (zh, en) = (words(Language::Zh), words(Language::En));
    [zh.get(key), en.get(key)].into_iter().flatten().cloned().collect::<Vec<_>>().join(" · ")
}

#[cfg(test)]
pub(super) fn in_english() -> BTreeMap<String, String> {
    words(Language::En)
}
