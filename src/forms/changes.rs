//! What differs between two versions of a form, question by question.

use serde::Serialize;

use super::model::{FormModel, Node};

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The node, as `/data/group/name`.
    pub path: String,
    /// What became of it.
    pub what: What,
}

/// What became of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It holds something else.
    Type,
    /// It fills another field, or none.
    Binding,
    /// Its choices are others.
    Choices,
    /// It reads differently.
    Label,
}

impl What {
    /// Every kind of difference.
    pub const ALL: [Self; 6] =
        [Self::Added, Self::Removed, Self::Type, Self::Binding, Self::Choices, Self::Label];

    /// The word of the wire.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Type => "type",
            Self::Binding => "binding",
            Self::Choices => "choices",
            Self::Label => "label",
        }
    }
}

/// The differences in the order of the new version, then what is gone; of a node the first that holds.
pub fn changes(before: &FormModel, now: &FormModel) -> Vec<Change> {
    let one = |node: &Node, what: What| Change { path: node.path.clone(), what };
    let mut all: Vec<Change> = Vec::new();
    for node in now.walk() {
        let what = match before.node(&node.path) {
            None => Some(What::Added),
            Some(old) => difference(old, node),
        };
        all.extend(what.map(|what| one(node, what)));
    }
    let is_gone = |node: &&Node| now.node(&node.path).is_none();
    all.extend(before.walk().into_iter().filter(is_gone).map(|node| one(node, What::Removed)));
    all
}

fn difference(old: &Node, new: &Node) -> Option<What> {
    let names = |node: &Node| node.choices.iter().map(|choice| choice.name.clone()).collect::<Vec<_>>();
    if old.kind != new.kind {
        Some(What::Type)
    } else if old.binding != new.binding {
        Some(What::Binding)
    } else if names(old) != names(new) || old.choices_from != new.choices_from {
        Some(What::Choices)
    } else if old.labels != new.labels || old.choices != new.choices {
        Some(What::Label)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forms::model::{Choice, Kind};

    fn model(nodes: Vec<Node>) -> FormModel {
        FormModel { nodes, ..FormModel::default() }
    }

    fn node(name: &str, kind: Kind) -> Node {
        Node { path: format!("/data/{name}"), name: name.to_owned(), kind, ..Node::default() }
    }

    #[test]
    fn each_difference_is_said_once_with_its_place() {
        let chosen = Choice { name: "a".to_owned(), ..Choice::default() };
        let before = model(vec![node("same", Kind::Int), node("kind", Kind::Int), node("gone", Kind::Int)]);
        let now = model(vec![
            Node { choices: vec![chosen], ..node("same", Kind::Int) },
            node("kind", Kind::String),
            node("new", Kind::Int),
        ]);
        let said: Vec<(String, &str)> =
            changes(&before, &now).into_iter().map(|c| (c.path, c.what.slug())).collect();
        let want = [
            ("/data/same", "choices"),
            ("/data/kind", "type"),
            ("/data/new", "added"),
            ("/data/gone", "removed"),
        ];
        assert_eq!(said, want.map(|(path, what)| (path.to_owned(), what)));
        assert_eq!(changes(&before, &before), []);
    }
}
