//! Values of bound questions, gathered from what was filled in.

use std::collections::BTreeMap;

use super::answers::numbered;
use super::envelope::Filled;
use crate::domain::blank::is_blank;
use crate::forms::binding::{Binding, Field};
use crate::forms::model::{FormModel, Kind, Node};

/// One answered bound question.
#[derive(Clone, Debug)]
pub struct Value<'a> {
    /// Its field.
    pub field: &'static Field,
    /// As filled in, not blank.
    pub text: &'a str,
    /// With positions of repeats.
    pub path: String,
    /// The question.
    pub node: &'a Node,
}

/// One instance of the roster.
#[derive(Clone, Debug)]
pub struct Person<'a> {
    /// Position in the form, from 1.
    pub position: usize,
    /// With its position.
    pub path: String,
    /// What was answered.
    pub values: Vec<Value<'a>>,
}

/// What bound questions say.
#[derive(Clone, Debug, Default)]
pub struct Bound<'a> {
    /// Outside the roster, in order; several only for pictures.
    pub values: Vec<Value<'a>>,
    /// The roster.
    pub persons: Vec<Person<'a>>,
    /// Path of the roster, where the form has one.
    pub roster: Option<String>,
    /// The form binds a roster.
    pub has_roster: bool,
    /// The metadata `start`.
    pub started: Option<String>,
    /// The metadata `end`.
    pub ended: Option<String>,
    /// Where bound questions stand, answered or not.
    pub nodes: BTreeMap<&'static str, String>,
}

impl<'a> Bound<'a> {
    /// The first value of a field.
    pub fn value(&self, name: &str) -> Option<&Value<'a>> {
        self.values.iter().find(|value| value.field.name == name)
    }

    /// Its text.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.value(name).map(|value| value.text)
    }

    /// Values of a family such as `household`.
    pub fn family(&self, family: &str) -> impl Iterator<Item = &Value<'a>> {
        self.values.iter().filter(move |value| value.field.family() == family)
    }
}

/// Walks form and answers together.
pub fn gather<'a>(model: &'a FormModel, data: &'a Filled) -> Bound<'a> {
    let mut bound = Bound { has_roster: model.bound("persons").is_some(), ..Bound::default() };
    walk(&model.nodes, data, &format!("/{}", model.root), &mut bound, None);
    bound
}

fn walk<'a>(nodes: &'a [Node], filled: &'a Filled, path: &str, bound: &mut Bound<'a>, person: Option<usize>) {
    for node in nodes {
        let field = node.binding.as_deref().and_then(Binding::parse).and_then(|binding| match binding {
            Binding::Field(field) => Some(field),
            Binding::Answer(_) => None,
        });
        if let Some(field) = field {
            bound.nodes.entry(field.name).or_insert_with(|| node.path.clone());
        }
        for (n, inner) in filled.children.iter().filter(|child| child.name == node.name).enumerate() {
            let path = numbered(node, path, n);
            if node.kind.is_section() {
                section(node, field, inner, n, &path, bound, person);
            } else {
                leaf(node, field, inner, path, bound, person);
            }
        }
    }
}

fn section<'a>(
    node: &'a Node,
    field: Option<&'static Field>,
    filled: &'a Filled,
    n: usize,
    path: &str,
    bound: &mut Bound<'a>,
    person: Option<usize>,
) {
    let is_roster = field.is_some_and(|field| field.name == "persons") && node.kind == Kind::Repeat;
    if !is_roster {
        walk(&node.nodes, filled, path, bound, person);
        return;
    }
    bound.roster.get_or_insert_with(|| node.path.clone());
    if filled.is_empty() {
        return;
    }
    bound.persons.push(Person { position: n + 1, path: path.to_owned(), values: Vec::new() });
    let place = bound.persons.len() - 1;
    walk(&node.nodes, filled, path, bound, Some(place));
}

fn leaf<'a>(
    node: &'a Node,
    field: Option<&'static Field>,
    filled: &'a Filled,
    path: String,
    bound: &mut Bound<'a>,
    person: Option<usize>,
) {
    let Some(text) = filled.text.as_deref().filter(|text| !is_blank(text)) else { return };
    match node.meta.as_deref() {
        Some("start") => bound.started = Some(text.to_owned()),
        Some("end") => bound.ended = Some(text.to_owned()),
        Some(_) | None => {}
    }
    let Some(field) = field else { return };
    let value = Value { field, text, path, node };
    match person.filter(|_| field.family() == "person") {
        Some(place) => bound.persons[place].values.push(value),
        None => bound.values.push(value),
    }
}
