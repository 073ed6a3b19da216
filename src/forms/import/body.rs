//! The body of an `XForm`: which control asks for which node, and which groups and repeats people see.

use std::collections::{BTreeMap, BTreeSet};

use roxmltree::Node as Element;

use super::read::Seen;
use super::texts::Texts;
use crate::forms::model::{Choice, Labels};
use crate::forms::xml::{child, text_of};

/// What asks for a node.
#[derive(Debug, Default)]
pub struct Control {
    /// `input`, `select1`, `select`, `rank`, `upload`, `trigger`, `range`.
    pub tag: String,
    /// What an upload takes.
    pub media: Option<String>,
    /// How it is shown.
    pub appearance: Option<String>,
    /// The question.
    pub labels: Labels,
    /// The instance that holds the choices.
    pub instance: Option<String>,
    /// Choices that stand in the body itself.
    pub items: Vec<Choice>,
    /// The file that a `search()` takes its choices from.
    pub from_file: Option<String>,
}

/// What the body says.
#[derive(Debug, Default)]
pub struct Body {
    /// By path.
    pub controls: BTreeMap<String, Control>,
    /// Labels of groups and repeats, by path.
    pub sections: BTreeMap<String, Labels>,
    /// Paths of repeats.
    pub repeats: BTreeSet<String>,
    /// Nodes that only say how often a repeat is repeated.
    pub counts: BTreeSet<String>,
    /// Files that controls name.
    pub files: BTreeSet<String>,
}

const CONTROLS: [&str; 8] = ["input", "select1", "select", "rank", "upload", "trigger", "range", "secret"];
/// Words of appearances that only Collect knows.
const COLLECT_WORDS: [&str; 5] = ["draw", "annotate", "signature", "image-map", "printer"];

struct Walk<'a> {
    texts: &'a Texts,
    ids: &'a BTreeMap<String, String>,
    body: Body,
}

/// Reads a body; `ids` are the paths of binds that have an id.
pub fn read_body(
    element: Element<'_, '_>,
    texts: &Texts,
    ids: &BTreeMap<String, String>,
    seen: &mut Seen,
) -> Body {
    let mut walk = Walk { texts, ids, body: Body::default() };
    walk.section(element, seen);
    walk.body
}

impl Walk<'_> {
    fn path(&self, element: Element<'_, '_>) -> Option<String> {
        let own = element.attribute("ref").or_else(|| element.attribute("nodeset"));
        let path = own.or_else(|| Some(self.ids.get(element.attribute("bind")?)?.as_str()));
        path.map(|path| path.trim().to_owned())
    }

    fn section(&mut self, element: Element<'_, '_>, seen: &mut Seen) {
        for inner in element.children().filter(Element::is_element) {
            let name = inner.tag_name().name();
            if name == "group" || name == "repeat" {
                self.group(inner, name == "repeat", seen);
            } else if CONTROLS.contains(&name) {
                self.control(inner, name, seen);
            }
        }
    }

    fn group(&mut self, element: Element<'_, '_>, is_repeat: bool, seen: &mut Seen) {
        if let Some(path) = self.path(element) {
            let labels = child(element, "label").map(|label| self.texts.of_label(label)).unwrap_or_default();
            let known = self.body.sections.entry(path.clone()).or_default();
            if known.is_empty() {
                *known = labels;
            }
            if is_repeat {
                if let Some(count) = crate::forms::xml::attribute(element, "count") {
                    self.body.counts.insert(count.trim().to_owned());
                    seen.expressions.push((path.clone(), "repeat_count".to_owned(), count.to_owned()));
                }
                self.body.repeats.insert(path);
            }
        }
        self.section(element, seen);
    }

    fn control(&mut self, element: Element<'_, '_>, tag: &str, seen: &mut Seen) {
        let Some(path) = self.path(element) else { return };
        let appearance = element.attribute("appearance").map(|text| text.trim().to_owned());
        let mut control = Control {
            tag: tag.to_owned(),
            media: element.attribute("mediatype").map(str::to_owned),
            labels: child(element, "label").map(|label| self.texts.of_label(label)).unwrap_or_default(),
            ..Control::default()
        };
        if let Some(words) = &appearance {
            self.appearance(words, &path, &mut control, seen);
        }
        if element.attribute("intent").is_some() {
            seen.only_collect.push((path.clone(), "intent".to_owned()));
        }
        if element.attribute("query").is_some() {
            self.body.files.insert("itemsets.csv".to_owned());
            control.from_file = Some("itemsets.csv".to_owned());
            "select1".clone_into(&mut control.tag);
        }
        self.choices(element, &path, &mut control, seen);
        control.appearance = appearance.filter(|words| !words.is_empty());
        self.body.controls.entry(path).or_insert(control);
    }

    fn appearance(&mut self, words: &str, path: &str, control: &mut Control, seen: &mut Seen) {
        let is_external = words.split_whitespace().any(|word| word.starts_with("ex:"));
        let known = words.split_whitespace().find(|word| COLLECT_WORDS.contains(word));
        if let Some(word) = known.or_else(|| is_external.then_some("external app")) {
            seen.only_collect.push((path.to_owned(), word.to_owned()));
        }
        if let Some((_, rest)) = words.split_once("search(") {
            let name = rest.trim_start().trim_start_matches(['\'', '"']);
            let name = name.split(['\'', '"']).next().unwrap_or_default().trim();
            let name = name.strip_suffix(".csv").unwrap_or(name);
            self.body.files.insert(format!("{name}.csv"));
            control.from_file = Some(format!("{name}.csv"));
        }
    }

    fn choices(&self, element: Element<'_, '_>, path: &str, control: &mut Control, seen: &mut Seen) {
        for inner in element.children().filter(Element::is_element) {
            match inner.tag_name().name() {
                "itemset" => {
                    let nodeset = inner.attribute("nodeset").unwrap_or_default();
                    seen.expressions.push((path.to_owned(), "choice_filter".to_owned(), nodeset.to_owned()));
                    control.instance = instance_of(nodeset);
                }
                "item" => {
                    let name = child(inner, "value").map(text_of).unwrap_or_default().trim().to_owned();
                    let labels =
                        child(inner, "label").map(|label| self.texts.of_label(label)).unwrap_or_default();
                    control.items.push(Choice { name, labels });
                }
                _ => {}
            }
        }
    }
}

/// The id in `instance('id')`, also inside `randomize(…)`.
fn instance_of(nodeset: &str) -> Option<String> {
    let (_, rest) = nodeset.split_once("instance(")?;
    let rest = rest.trim_start();
    let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    rest[1..].split(quote).next().map(str::to_owned)
}
