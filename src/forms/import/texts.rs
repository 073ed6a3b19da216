//! The texts of a form in its languages, and which language a name such as `中文 (zh)` is.

use std::collections::{BTreeMap, BTreeSet};

use roxmltree::Node as Element;

use crate::forms::model::Labels;
use crate::forms::xml::attribute;

/// The translations of a form.
#[derive(Debug, Default)]
pub struct Texts {
    /// Name in the form and code of each language, the default first.
    pub languages: Vec<(String, String)>,
    /// Files that texts name.
    pub files: BTreeSet<String>,
    by_id: BTreeMap<String, Labels>,
}

/// The BCP 47 code of a language as a form names it: the code in brackets, the code itself, what the survey's table says, else
/// the name as it stands.
pub fn code(name: &str, table: &BTreeMap<String, String>) -> String {
    let name = name.trim();
    if let Some(code) = table.get(name) {
        return code.clone();
    }
    let bracketed = name.strip_suffix([')', '）']).and_then(|rest| rest.rsplit(['(', '（']).next());
    for candidate in [bracketed.unwrap_or_default(), name] {
        let mut parts = candidate.trim().split(['-', '_']);
        let first = parts.next().unwrap_or_default();
        let is_tag =
            |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
        let is_code = (2..=3).contains(&first.len()) && first.bytes().all(|b| b.is_ascii_alphabetic());
        if is_code && parts.all(is_tag) {
            return first.to_lowercase();
        }
    }
    name.to_owned()
}

impl Texts {
    /// Reads the translations of a model. A form without any has one language, called `default`.
    pub fn read(model: Element<'_, '_>, table: &BTreeMap<String, String>) -> Self {
        let mut texts = Self::default();
        let named = |n: &Element<'_, '_>, name: &str| n.is_element() && n.tag_name().name() == name;
        let translations: Vec<_> = model.descendants().filter(|n| named(n, "translation")).collect();
        for translation in &translations {
            let name = translation.attribute("lang").unwrap_or("default");
            let code = code(name, table);
            let entry = (name.to_owned(), code.clone());
            if attribute(*translation, "default").is_some() {
                texts.languages.insert(0, entry);
            } else {
                texts.languages.push(entry);
            }
            for text in translation.children().filter(|n| named(n, "text")) {
                texts.read_text(text, &code);
            }
        }
        if texts.languages.is_empty() {
            texts.languages.push(("default".to_owned(), code("default", table)));
        }
        texts
    }

    fn read_text(&mut self, text: Element<'_, '_>, code: &str) {
        let Some(id) = text.attribute("id") else { return };
        for value in text.children().filter(Element::is_element) {
            let words = words(value);
            match value.attribute("form") {
                Some("image" | "audio" | "video" | "big-image") => self.file(&words),
                Some(_) => {}
                None if words.is_empty() || words == "-" => {}
                None => {
                    self.by_id.entry(id.to_owned()).or_default().entry(code.to_owned()).or_insert(words);
                }
            }
        }
    }

    fn file(&mut self, address: &str) {
        let name = address.rsplit('/').next().unwrap_or_default();
        if address.starts_with("jr://") && !matches!(name, "" | "-") {
            self.files.insert(name.to_owned());
        }
    }

    /// The texts of an id.
    pub fn labels(&self, id: &str) -> Labels {
        self.by_id.get(id).cloned().unwrap_or_default()
    }

    /// A text that is given in one language only.
    pub fn plain(&self, text: &str) -> Labels {
        let code = self.languages.first().map_or("default", |(_, code)| code);
        Labels::from_iter([(code.to_owned(), text.to_owned())])
            .into_iter()
            .filter(|(_, t)| !t.is_empty())
            .collect()
    }

    /// What `jr:itext('id')` names, or the text itself.
    pub fn named_or_plain(&self, text: &str) -> Labels {
        match text.trim().strip_prefix("jr:itext(").and_then(|rest| rest.strip_suffix(')')) {
            Some(id) => self.labels(id.trim_matches(['\'', '"', ' '])),
            None => self.plain(text.trim()),
        }
    }

    /// The label of a control or a group.
    pub fn of_label(&self, label: Element<'_, '_>) -> Labels {
        match label.attribute("ref") {
            Some(reference) => self.named_or_plain(reference),
            None => self.plain(&words(label)),
        }
    }
}

/// A text with the names of the answers it shows in braces.
fn words(element: Element<'_, '_>) -> String {
    let mut words = String::new();
    for part in element.descendants() {
        if part.is_text() {
            words.push_str(part.text().unwrap_or_default());
        } else if part.is_element() && part.tag_name().name() == "output" {
            let value = part.attribute("value").unwrap_or_default().trim();
            let name = value.rsplit('/').next().unwrap_or(value);
            words.extend(["{", name, "}"]);
        }
    }
    words.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_told_from_its_name_or_the_table() {
        let table = BTreeMap::from([("Mandarin".to_owned(), "zh".to_owned())]);
        for (name, wanted) in [
            ("中文 (zh)", "zh"),
            ("Chinese (zh)", "zh"),
            ("中文（zh-CN）", "zh"),
            ("zh", "zh"),
            ("zh-CN", "zh"),
            ("Mandarin", "zh"),
            ("English", "English"),
            ("default", "default"),
            ("English (en)", "en"),
            ("Chinese (simplified)", "Chinese (simplified)"),
        ] {
            assert_eq!(code(name, &table), wanted, "{name}");
        }
    }
}
