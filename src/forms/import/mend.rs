//! Changes to an `XForm` before it is stored, made in its text so that all else stays byte for byte.
//!
//! Every form is marked as one whose sent answers may be edited, and gets a version if it has none. What the converter made
//! also gets our bindings, and what it writes otherwise than the reference converter is put right.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use roxmltree::{Document, Node as Element};

use super::relative::relative;
use crate::forms::xml::{attribute, escape, tag_length};

/// Namespace of the attribute that holds a binding.
pub const NAMESPACE: &str = "urn:doorknock:xforms";

/// Namespace of the attribute that lets clients edit what they sent.
const ODK: &str = "http://www.opendatakit.org/xforms";

/// Replacements in a text, gathered first and made at once.
#[derive(Debug, Default)]
struct Edits(Vec<(Range<usize>, String)>);

impl Edits {
    fn insert(&mut self, at: usize, text: String) {
        self.0.push((at..at, text));
    }

    fn apply(mut self, text: &str) -> String {
        self.0.sort_by_key(|(range, _)| (range.start, range.end));
        let mut out = String::with_capacity(text.len() + 1024);
        let mut copied = 0;
        for (range, by) in self.0 {
            if range.start < copied {
                continue;
            }
            out.push_str(&text[copied..range.start]);
            out.push_str(&by);
            copied = range.end;
        }
        out.push_str(&text[copied..]);
        out
    }
}

/// The place just behind the name of an element's start tag.
fn behind_name(text: &str, element: Element<'_, '_>) -> usize {
    let start = element.range().start + 1;
    let length = text[start..].find(|c: char| c.is_whitespace() || matches!(c, '>' | '/'));
    start + length.unwrap_or(0)
}

/// The place just behind an element's start tag, `None` for `<a/>`.
fn inside(text: &str, element: Element<'_, '_>) -> Option<usize> {
    let start = element.range().start;
    let end = start + tag_length(&text[start..]);
    (!text[start..end].ends_with("/>")).then_some(end)
}

fn model<'a, 'i>(document: &'a Document<'i>) -> Option<Element<'a, 'i>> {
    document.descendants().find(|n| n.is_element() && n.tag_name().name() == "model")
}

/// Gives a form a version where it has none, and lets clients edit what they sent.
pub fn complete(text: &str, document: &Document<'_>, default_version: &str) -> String {
    let mut edits = Edits::default();
    let Some(model) = model(document) else { return text.to_owned() };
    let instance = model.children().find(|n| n.is_element() && n.tag_name().name() == "instance");
    if let Some(root) = instance.and_then(|i| i.children().find(Element::is_element)) {
        let version = root.attributes().find(|a| a.name() == "version" && a.namespace().is_none());
        match version.map(|version| (version.value().is_empty(), version.range())) {
            Some((false, _)) => {}
            Some((true, range)) => edits.0.push((range, format!("version=\"{}\"", escape(default_version)))),
            None => {
                edits.insert(behind_name(text, root), format!(" version=\"{}\"", escape(default_version)));
            }
        }
    }
    let submission = model.children().find(|n| n.is_element() && n.tag_name().name() == "submission");
    let declared =
        document.root_element().namespaces().find(|n| n.uri() == ODK).and_then(roxmltree::Namespace::name);
    let editable = match declared {
        Some(prefix) => format!(" {prefix}:client-editable=\"true\""),
        None => format!(" xmlns:odk=\"{ODK}\" odk:client-editable=\"true\""),
    };
    match submission {
        Some(element) if attribute(element, "client-editable").is_some() => {}
        Some(element) => edits.insert(behind_name(text, element), editable),
        None => {
            if let Some(at) = inside(text, model) {
                let prefix = prefix(text, model);
                edits.insert(at, format!("<{prefix}submission{editable}/>"));
            }
        }
    }
    edits.apply(text)
}

/// The prefix with its colon that a model's own name is written with.
fn prefix(text: &str, model: Element<'_, '_>) -> String {
    let start = model.range().start + 1;
    let name = &text[start..behind_name(text, model)];
    name.split_once(':').map(|(prefix, _)| format!("{prefix}:")).unwrap_or_default()
}

/// Puts right what the converter made: our bindings, references within repeats, ranges of decimals.
pub fn converted(text: &str, document: &Document<'_>, bindings: &BTreeMap<String, String>) -> String {
    let Some(model) = model(document) else { return text.to_owned() };
    let mut edits = Edits::default();
    bind(text, document, model, bindings, &mut edits);
    let shape = Shape::of(document, model);
    for element in document.descendants().filter(Element::is_element) {
        if let Some(context) = context(element) {
            references(&shape, element, &context, &mut edits);
        }
    }
    decimal_ranges(document, model, &mut edits);
    edits.apply(text)
}

fn bind(
    text: &str,
    document: &Document<'_>,
    model: Element<'_, '_>,
    bindings: &BTreeMap<String, String>,
    edits: &mut Edits,
) {
    if bindings.is_empty() {
        return;
    }
    let root = document.root_element();
    let declared = root.namespaces().find(|n| n.uri() == NAMESPACE).and_then(roxmltree::Namespace::name);
    let prefix = declared.unwrap_or("dk");
    if declared.is_none() {
        edits.insert(behind_name(text, root), format!(" xmlns:dk=\"{NAMESPACE}\""));
    }
    let mut left = bindings.clone();
    let binds = model.children().filter(|n| n.is_element() && n.tag_name().name() == "bind");
    for element in binds {
        let Some(binding) = element.attribute("nodeset").and_then(|path| left.remove(path)) else { continue };
        edits.insert(behind_name(text, element), format!(" {prefix}:field=\"{}\"", escape(&binding)));
    }
    let end = model.range().end;
    let Some(at) = text[..end].rfind("</") else { return };
    for (path, binding) in left {
        let path = escape(&path);
        edits.insert(at, format!("<bind nodeset=\"{path}\" {prefix}:field=\"{}\"/>", escape(&binding)));
    }
}

/// The nodes and the repeats of a form.
struct Shape {
    known: BTreeSet<String>,
    repeats: Vec<String>,
}

impl Shape {
    fn of(document: &Document<'_>, model: Element<'_, '_>) -> Self {
        let mut known = BTreeSet::new();
        let instance = model.children().find(|n| n.is_element() && n.tag_name().name() == "instance");
        if let Some(root) = instance.and_then(|i| i.children().find(Element::is_element)) {
            gather(root, "", &mut known);
        }
        let repeats = document
            .descendants()
            .filter(|n| n.is_element() && n.tag_name().name() == "repeat")
            .filter_map(|n| n.attribute("nodeset").map(str::to_owned))
            .collect();
        Self { known, repeats }
    }
}

impl Shape {
    /// `${name}` written as a path, which the converter forgets in some columns; a name that is not there once stays.
    fn expand(&self, expression: &str) -> Option<String> {
        let (before, rest) = expression.split_once("${")?;
        let (name, after) = rest.split_once('}')?;
        let ending = format!("/{}", name.trim());
        let mut found = self.known.iter().filter(|path| path.ends_with(&ending));
        let path = found.next().filter(|_| found.next().is_none())?;
        let expanded = format!("{before} {path} {after}");
        Some(self.expand(&expanded).unwrap_or(expanded))
    }
}

fn gather(element: Element<'_, '_>, above: &str, known: &mut BTreeSet<String>) {
    let path = format!("{above}/{}", element.tag_name().name());
    for inner in element.children().filter(Element::is_element) {
        gather(inner, &path, known);
    }
    known.insert(path);
}

/// The node from which an element's expressions are seen.
fn context(element: Element<'_, '_>) -> Option<String> {
    let own = |n: Element<'_, '_>| n.attribute("nodeset").or_else(|| n.attribute("ref")).map(str::to_owned);
    match element.tag_name().name() {
        "bind" | "setvalue" | "repeat" => own(element),
        "itemset" => own(element.parent()?),
        "output" => element.ancestors().skip(1).find_map(|above| match above.tag_name().name() {
            "text" => above.attribute("id").and_then(|id| id.split(':').next()).map(str::to_owned),
            "label" | "hint" | "value" | "" => None,
            _ => own(above),
        }),
        _ => None,
    }
}

fn references(shape: &Shape, element: Element<'_, '_>, context: &str, edits: &mut Edits) {
    let names: &[&str] = match element.tag_name().name() {
        "bind" => &["relevant", "constraint", "calculate", "required", "readonly"],
        "itemset" => &["nodeset"],
        "repeat" => &["count"],
        _ => &["value"],
    };
    for found in element.attributes().filter(|a| names.contains(&a.name())) {
        let expanded = shape.expand(found.value());
        let value = expanded.as_deref().unwrap_or(found.value());
        if let Some(mended) = relative(value, context, &shape.repeats, &shape.known).or(expanded) {
            edits.0.push((found.range_value(), escape(&mended)));
        }
    }
}

fn decimal_ranges(document: &Document<'_>, model: Element<'_, '_>, edits: &mut Edits) {
    let is_decimal = |range: &Element<'_, '_>| {
        ["start", "end", "step"].iter().any(|name| range.attribute(*name).is_some_and(|v| v.contains('.')))
    };
    let ranges = document.descendants().filter(|n| n.is_element() && n.tag_name().name() == "range");
    let paths: BTreeSet<&str> = ranges.filter(is_decimal).filter_map(|n| n.attribute("ref")).collect();
    for bind in model.children().filter(|n| n.tag_name().name() == "bind") {
        let is_wanted = bind.attribute("nodeset").is_some_and(|path| paths.contains(path));
        if let Some(kind) = bind.attribute_node("type").filter(|kind| is_wanted && kind.value() == "int") {
            edits.0.push((kind.range_value(), "decimal".to_owned()));
        }
    }
}
