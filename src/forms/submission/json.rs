//! Answers as a JSON object in place of XML: the same tree comes of them, so that one mapper serves both.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::envelope::{Envelope, Filled, check_length};
use super::typed::cell_text;
use super::{Refused, Why};
use crate::forms::binding::Binding;
use crate::forms::limits;
use crate::forms::model::{FormModel, Kind, Node};

/// Reads answers; bound questions stand in them under their own names, `answer.…` also at the top under the author's name.
pub fn read_json(
    answers: &Value,
    model: &FormModel,
    instance: Uuid,
    deprecated: Option<Uuid>,
) -> Result<Envelope, Refused> {
    let Value::Object(members) = answers else {
        return Err(Refused::new(Why::NotAForm, "answers must be an object"));
    };
    let mut count = 0;
    let root = format!("/{}", model.root);
    let mut data = Filled { name: model.root.clone(), text: None, children: Vec::new() };
    let mut tree = Map::new();
    for (key, value) in members {
        match moved(model, key) {
            Some(path) => put(&mut tree, &path, value.clone()),
            None => {
                tree.insert(key.clone(), value.clone());
            }
        }
    }
    section(&tree, &model.nodes, &root, &mut data, 1, &mut count)?;
    Ok(Envelope {
        form_id: model.id.clone(),
        version: model.version.clone(),
        instance,
        deprecated,
        entity: None,
        data,
    })
}

/// Names from the top to the node that a key at the top means, if the author gave its answer that name.
fn moved(model: &FormModel, key: &str) -> Option<Vec<String>> {
    if model.nodes.iter().any(|node| node.name == key) {
        return None;
    }
    let is_meant = |node: &&Node| {
        let binding = node.binding.as_deref().and_then(Binding::parse);
        binding == Some(Binding::Answer(key))
    };
    let node = model.walk().into_iter().find(is_meant)?;
    Some(node.path.split('/').skip(2).map(str::to_owned).collect())
}

/// Puts a value where it would stand in the form.
fn put(tree: &mut Map<String, Value>, path: &[String], value: Value) {
    let Some((first, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        tree.insert(first.clone(), value);
        return;
    }
    let inner = tree.entry(first.clone()).or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(inner) = inner {
        put(inner, rest, value);
    }
}

fn section(
    members: &Map<String, Value>,
    nodes: &[Node],
    path: &str,
    into: &mut Filled,
    depth: usize,
    count: &mut usize,
) -> Result<(), Refused> {
    if depth >= limits::LEVELS {
        return Err(Refused::new(Why::TooDeep, "the answers have more than 64 levels"));
    }
    for (key, value) in members {
        let node = nodes.iter().find(|node| node.name == *key);
        let is_list_of_answers = node.is_some_and(|node| !node.kind.is_section());
        match value.as_array() {
            Some(items) if !is_list_of_answers => {
                for item in items {
                    one(key, item, node, path, into, depth, count)?;
                }
            }
            Some(_) | None => one(key, value, node, path, into, depth, count)?,
        }
    }
    Ok(())
}

fn one(
    key: &str,
    value: &Value,
    node: Option<&Node>,
    path: &str,
    into: &mut Filled,
    depth: usize,
    count: &mut usize,
) -> Result<(), Refused> {
    *count += 1;
    if *count > limits::SUBMISSION_NODES {
        return Err(Refused::new(Why::TooLarge, "there are more than 20,000 answers"));
    }
    let path = format!("{path}/{key}");
    let mut filled = Filled { name: key.to_owned(), text: None, children: Vec::new() };
    let is_section = node.is_none_or(|node| node.kind.is_section());
    if let Some(inner) = value.as_object().filter(|_| is_section) {
        let nodes = node.map_or(&[][..], |node| &node.nodes);
        section(inner, nodes, &path, &mut filled, depth + 1, count)?;
    } else if value.is_array() && is_section {
        return Err(Refused::new(Why::NotAForm, "a list stands inside a list"));
    } else {
        let text = text(value, node.map_or(Kind::String, |node| node.kind));
        check_length(&text, &path)?;
        filled.text = Some(text);
    }
    into.children.push(filled);
    Ok(())
}

/// An answer as a form would hold it.
fn text(value: &Value, kind: Kind) -> String {
    match (value.as_bool(), kind) {
        (Some(true), Kind::Acknowledge) => "OK".to_owned(),
        (Some(true), Kind::SelectOne) => "yes".to_owned(),
        (Some(false), Kind::SelectOne) => "no".to_owned(),
        (Some(false), Kind::Acknowledge) => String::new(),
        (_, _) => cell_text(value),
    }
}
