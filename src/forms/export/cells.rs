//! Cells of a row, and rows of a repeat.

use serde_json::Value;

use super::{Column, Table};
use crate::forms::submission::cell_text;

/// How chosen answers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values<'a> {
    /// As stored.
    Names,
    /// As people read them, in this language.
    Labels(&'a str),
}

/// The answer of a column; `None` where the row has none.
pub(super) fn answer<'a>(row: &'a Value, column: &Column) -> Option<&'a Value> {
    column.names.iter().try_fold(row, |value, name| value.get(name))
}

/// The cell of a row under a column.
pub fn cell(row: &Value, column: &Column, values: Values<'_>) -> String {
    let Some(answer) = answer(row, column) else { return String::new() };
    let Values::Labels(language) = values else { return cell_text(answer) };
    if !column.kind.is_select() {
        return cell_text(answer);
    }
    let label = |value: &Value| {
        let name = cell_text(value);
        let choice = column.choices.iter().find(|choice| choice.name == name);
        let label =
            choice.and_then(|choice| choice.labels.get(language).or_else(|| choice.labels.values().next()));
        label.cloned().unwrap_or(name)
    };
    if answer.is_null() {
        return String::new();
    }
    match answer.as_array() {
        Some(chosen) => chosen.iter().map(label).collect::<Vec<_>>().join("; "),
        None => label(answer),
    }
}

/// The cells of the columns that `split=1` adds: `1` chosen, `0` not, empty where nothing was answered.
pub fn split_cell(row: &Value, column: &Column) -> Vec<&'static str> {
    if column.split_headers().is_empty() {
        return Vec::new();
    }
    let chosen = answer(row, column).and_then(Value::as_array);
    let told = |name: &str| match chosen {
        None => "",
        Some(chosen) if chosen.iter().any(|value| value.as_str() == Some(name)) => "1",
        Some(_) => "0",
    };
    column.choices.iter().map(|choice| told(&choice.name)).collect()
}

/// One row of a repeat's table.
#[derive(Clone, Debug, PartialEq)]
pub struct RepeatRow<'a> {
    /// Behind the submission's id, a slash first: `/child[2]`.
    pub key: String,
    /// The same of the row it belongs to; empty for the submission itself.
    pub parent: String,
    /// From 1.
    pub position: usize,
    /// Its answers.
    pub row: &'a Value,
}

/// The rows that one submission has in a repeat's table.
pub fn repeat_rows<'a>(answers: &'a Value, table: &Table) -> Vec<RepeatRow<'a>> {
    let mut rows = vec![RepeatRow { key: String::new(), parent: String::new(), position: 1, row: answers }];
    let mut above: Vec<&str> = Vec::new();
    for name in &table.repeat {
        above.push(name);
        let mut next = Vec::new();
        let mut is_repeat = false;
        for row in &rows {
            let value = above.iter().try_fold(row.row, |value, name| value.get(*name));
            let Some(Value::Array(items)) = value else { continue };
            is_repeat = true;
            for (n, item) in items.iter().enumerate() {
                next.push(RepeatRow {
                    key: format!("{}/{}[{}]", row.key, above.join("/"), n + 1),
                    parent: row.key.clone(),
                    position: n + 1,
                    row: item,
                });
            }
        }
        if is_repeat {
            rows = next;
            above.clear();
        }
    }
    // What is left over leads to no list: nothing was answered in this repeat.
    if above.is_empty() && !table.repeat.is_empty() { rows } else { Vec::new() }
}
