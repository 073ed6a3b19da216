//! Answers as a JSON object shaped like the form, without what went into records and without citizen IDs.

use std::borrow::Cow;

use serde_json::{Map, Value};
use uuid::Uuid;

use super::envelope::Filled;
use super::typed::typed;
use super::{AnswerWarning, NamedFile, Scrub, part_id};
use crate::forms::binding::Binding;
use crate::forms::model::{FormModel, Kind, Node};

/// Deepest unknown elements that are kept.
const DEEPEST: usize = 64;

/// Whether a node is no answer of its own: it went into a record, says when the form was begun or ended or how often a repeat
/// is repeated, or only informs.
fn is_left_out(node: &Node) -> bool {
    let is_field = node.binding.as_deref().and_then(Binding::parse).is_some_and(Binding::is_field);
    let is_clock = matches!(node.meta.as_deref(), Some("start" | "end" | "uid" | "count"));
    (is_field && !node.kind.is_section()) || is_clock || node.kind == Kind::Note
}

/// Whether a node or anything below it is an answer.
pub fn holds_answers(node: &Node) -> bool {
    if node.kind.is_section() { node.nodes.iter().any(holds_answers) } else { !is_left_out(node) }
}

struct Walk<'s> {
    root: Uuid,
    scrub: Scrub<'s>,
    /// Answers that the author named.
    named: Map<String, Value>,
    warnings: Vec<AnswerWarning>,
}

/// The answers of what was filled in, and what is odd about them.
pub fn read(model: &FormModel, data: &Filled, root: Uuid, scrub: Scrub<'_>) -> (Value, Vec<AnswerWarning>) {
    let mut walk = Walk { root, scrub, named: Map::new(), warnings: Vec::new() };
    let mut answers = walk.section(&model.nodes, data, &format!("/{}", model.root), true);
    answers.append(&mut walk.named);
    (Value::Object(answers), walk.warnings)
}

impl Walk<'_> {
    fn section(&mut self, nodes: &[Node], filled: &Filled, path: &str, is_top: bool) -> Map<String, Value> {
        let mut answers = Map::new();
        for node in nodes.iter().filter(|node| holds_answers(node)) {
            let found: Vec<&Filled> = filled.named(&node.name).collect();
            if found.is_empty() {
                continue;
            }
            let value = self.value(node, &found, &format!("{path}/{}", node.name));
            let Some(value) = value else { continue };
            match node.binding.as_deref().and_then(Binding::parse) {
                Some(Binding::Answer(name)) => self.named.insert(name.to_owned(), value),
                Some(Binding::Field(_)) | None => answers.insert(node.name.clone(), value),
            };
        }
        for unknown in &filled.children {
            let is_known = nodes.iter().any(|node| node.name == unknown.name);
            let is_meta = is_top && unknown.name == "meta";
            if !is_known && !is_meta {
                let value = self.unknown(unknown, 0);
                add(&mut answers, &(self.scrub)(&unknown.name), value);
            }
        }
        answers
    }

    fn value(&mut self, node: &Node, found: &[&Filled], path: &str) -> Option<Value> {
        if node.kind == Kind::Group {
            let inner = self.section(&node.nodes, found[0], path, false);
            return (!inner.is_empty()).then_some(Value::Object(inner));
        }
        if node.kind == Kind::Repeat {
            let rows = found.iter().enumerate().map(|(n, row)| {
                Value::Object(self.section(&node.nodes, row, &format!("{path}[{}]", n + 1), false))
            });
            return Some(Value::Array(rows.collect()));
        }
        Some(self.leaf(node, found[0], path))
    }

    fn leaf(&mut self, node: &Node, filled: &Filled, path: &str) -> Value {
        let text = filled.text.clone().unwrap_or_else(|| joined(filled));
        // What is a day, a moment or a position is no ID, whatever its digits look like.
        let is_measured = is_measured(node.kind) && typed(&text, node, self.root).warning.is_none();
        let clean = if is_measured { Cow::Borrowed(text.as_str()) } else { (self.scrub)(&text) };
        let mut found = typed(&clean, node, self.root);
        if node.kind.is_file() && clean != text {
            // The file itself comes under the name that was sent.
            found.value["id"] = Value::from(part_id(self.root, text.trim()).to_string());
        }
        if let Some(reason) = found.warning {
            let labels = node.labels.clone();
            self.warnings.push(AnswerWarning { reason, path: path.to_owned(), labels });
        }
        found.value
    }

    /// An element that the form does not know, kept as text.
    fn unknown(&self, filled: &Filled, depth: usize) -> Value {
        match &filled.text {
            Some(text) if text.trim().is_empty() => Value::Null,
            Some(text) => Value::from((self.scrub)(text).into_owned()),
            None if depth > DEEPEST => Value::Null,
            None => {
                let mut inner = Map::new();
                for child in &filled.children {
                    let value = self.unknown(child, depth + 1);
                    add(&mut inner, &(self.scrub)(&child.name), value);
                }
                Value::Object(inner)
            }
        }
    }
}

fn is_measured(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Date | Kind::Time | Kind::DateTime | Kind::Geopoint | Kind::Geotrace | Kind::Geoshape
    )
}

/// Adds a value; a second one under the same name makes a list.
fn add(answers: &mut Map<String, Value>, name: &str, value: Value) {
    match answers.get_mut(name) {
        Some(Value::Array(values)) => values.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
        None => {
            answers.insert(name.to_owned(), value);
        }
    }
}

/// All text below an element that should hold one answer and holds elements instead.
fn joined(filled: &Filled) -> String {
    let mut parts: Vec<String> = filled.text.iter().cloned().collect();
    parts.extend(filled.children.iter().map(joined).filter(|text| !text.is_empty()));
    parts.join(" ")
}

/// The path of the `n`-th element of a node, with its position where it is a repeat.
pub fn numbered(node: &Node, above: &str, n: usize) -> String {
    if node.kind == Kind::Repeat {
        format!("{above}/{}[{}]", node.name, n + 1)
    } else {
        format!("{above}/{}", node.name)
    }
}

/// Files that a submission names, in order.
pub fn files(model: &FormModel, data: &Filled, root: Uuid) -> Vec<NamedFile> {
    let mut found = Vec::new();
    gather(&model.nodes, data, &format!("/{}", model.root), root, &mut found);
    found
}

fn gather(nodes: &[Node], filled: &Filled, path: &str, root: Uuid, found: &mut Vec<NamedFile>) {
    for node in nodes {
        for (n, inner) in filled.named(&node.name).enumerate() {
            let path = numbered(node, path, n);
            if node.kind.is_section() {
                gather(&node.nodes, inner, &path, root, found);
            } else if node.kind.is_file()
                && let Some(name) = inner.text.as_deref().map(str::trim).filter(|name| !name.is_empty())
            {
                found.push(NamedFile { name: name.to_owned(), id: part_id(root, name), path });
            }
        }
    }
}
