//! Answers as tables: one for the form and one for each repeat, with the columns of all versions, and a codebook of them.
//!
//! Only what stands in `answers` has columns. The fixed columns before them, quoting and streaming are the caller's.

mod cells;
mod codebook;
mod tally;

use std::collections::BTreeMap;

pub use cells::{RepeatRow, Values, cell, repeat_rows, split_cell};
pub use codebook::{Codebook, codebook};
pub use tally::{Counted, Tally};

use super::binding::Binding;
use super::model::{Choice, FormModel, Kind, Labels, Node};
use super::submission::holds_answers;

/// One column of answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Names from the top of the table's rows to the answer.
    pub names: Vec<String>,
    /// What the newest version says that it holds.
    pub kind: Kind,
    /// The question.
    pub labels: Labels,
    /// The choices of all versions, those of the newest first.
    pub choices: Vec<Choice>,
}

impl Column {
    /// The header: `group/name`.
    pub fn header(&self) -> String {
        self.names.join("/")
    }

    /// Headers of the columns that `split=1` adds, one a choice; none where not several may be chosen.
    pub fn split_headers(&self) -> Vec<String> {
        if self.kind != Kind::SelectMultiple {
            return Vec::new();
        }
        let header = self.header();
        self.choices.iter().map(|choice| format!("{header}/{}", choice.name)).collect()
    }
}

/// One table: the form itself, or a repeat of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The repeat's name, or its path with `-` where two repeats have one name; empty for the form itself.
    pub name: String,
    /// Names from the top of the answers to the repeat, through other repeats; empty for the form itself.
    pub repeat: Vec<String>,
    /// Columns in the order of the newest version; those that only older ones have stand where they stood.
    pub columns: Vec<Column>,
}

/// The tables of a form: its versions are given newest first, and the first table is that of the form itself.
pub fn tables(versions: &[&FormModel]) -> Vec<Table> {
    let mut tables: Vec<Table> = vec![Table { name: String::new(), repeat: Vec::new(), columns: Vec::new() }];
    for model in versions {
        let mut found: BTreeMap<Vec<String>, Vec<Column>> = BTreeMap::new();
        let mut order = vec![Vec::new()];
        gather(&model.nodes, &[], &[], &mut found, &mut order);
        for repeat in order {
            let columns = found.remove(&repeat).unwrap_or_default();
            match tables.iter_mut().find(|table| table.repeat == repeat) {
                Some(table) => merge(&mut table.columns, columns),
                None => tables.push(Table { name: String::new(), repeat, columns }),
            }
        }
    }
    let last = |table: &Table| table.repeat.last().cloned().unwrap_or_default();
    let names: Vec<String> = tables.iter().map(last).collect();
    for (table, name) in tables.iter_mut().zip(&names) {
        let is_shared = names.iter().filter(|other| *other == name).count() > 1;
        table.name = if is_shared { table.repeat.join("-") } else { name.clone() };
    }
    tables
}

/// Gathers the columns of each table; `repeat` and `group` are the names that lead to these nodes.
fn gather(
    nodes: &[Node],
    repeat: &[String],
    group: &[String],
    found: &mut BTreeMap<Vec<String>, Vec<Column>>,
    order: &mut Vec<Vec<String>>,
) {
    for node in nodes.iter().filter(|node| holds_answers(node)) {
        let (above, name) = match node.binding.as_deref().and_then(Binding::parse) {
            Some(Binding::Answer(name)) => (&[][..], name.to_owned()),
            Some(Binding::Field(_)) | None => (group, node.name.clone()),
        };
        let mut names = above.to_vec();
        names.push(name);
        if node.kind == Kind::Group {
            gather(&node.nodes, repeat, &names, found, order);
        } else if node.kind == Kind::Repeat {
            let mut path = repeat.to_vec();
            path.extend(names);
            order.push(path.clone());
            gather(&node.nodes, &path, &[], found, order);
        } else {
            found.entry(repeat.to_vec()).or_default().push(Column {
                names,
                kind: node.kind,
                labels: node.labels.clone(),
                choices: node.choices.clone(),
            });
        }
    }
}

/// Adds the columns of an older version: each that is new stands behind the one that it stood behind.
fn merge(columns: &mut Vec<Column>, older: Vec<Column>) {
    let mut place = 0;
    for column in older {
        if let Some(at) = columns.iter().position(|known| known.names == column.names) {
            place = at + 1;
            for choice in column.choices {
                if !columns[at].choices.iter().any(|known| known.name == choice.name) {
                    columns[at].choices.push(choice);
                }
            }
        } else {
            columns.insert(place, column);
            place += 1;
        }
    }
}

#[cfg(test)]
mod tests;
