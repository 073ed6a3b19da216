//! Rows of answers: the fixed columns, then those of the form; cells made harmless for spreadsheets.

use serde_json::{Value, json};

use crate::export::table::{Cell, push_csv};
use crate::forms::Kind;
use crate::forms::export::{Column, RepeatRow, Table, Values, cell, repeat_rows, split_cell};
use crate::store::answers::AnswerRow;
use crate::visits::filled::Now;
use crate::visits::history::with_offset;

/// Columns before the answers of the form's own table.
const FIXED: [&str; 13] = [
    "KEY",
    "revision",
    "version",
    "case_id",
    "area",
    "building",
    "unit",
    "room",
    "enumerator",
    "started",
    "ended",
    "received",
    "status",
];
/// Columns before the answers of a repeat.
const REPEAT: [&str; 3] = ["PARENT_KEY", "KEY", "position"];

/// How cells are written.
#[derive(Clone, Copy)]
pub(super) struct Style<'a> {
    pub values: Values<'a>,
    pub is_split: bool,
}

/// Appends the line of column names, a byte order mark first.
pub(super) fn push_head(out: &mut String, table: &Table, style: Style<'_>) {
    let fixed: &[&str] = if table.repeat.is_empty() { &FIXED } else { &REPEAT };
    let mut names: Vec<String> = fixed.iter().map(|name| (*name).to_owned()).collect();
    for column in &table.columns {
        names.push(column.header());
        if style.is_split {
            names.extend(column.split_headers());
        }
    }
    out.push('\u{feff}');
    push_csv(out, &names.into_iter().map(Cell::Text).collect::<Vec<_>>());
}

/// Appends the rows that submissions have in a table; how many.
pub(super) fn push_rows(out: &mut String, table: &Table, page: &[(AnswerRow, Now)], style: Style<'_>) -> u64 {
    let mut count = 0;
    for (row, now) in page {
        let answers = row.said();
        if table.repeat.is_empty() {
            push_csv(out, &answered(fixed(row, now), table, &answers, style));
            count += 1;
            continue;
        }
        for one in repeat_rows(&answers, table) {
            push_csv(out, &answered(of_repeat(row, &one), table, one.row, style));
            count += 1;
        }
    }
    count
}

/// Appends one object of the columns and the answers in the form's shape.
pub(super) fn push_line(out: &mut String, row: &AnswerRow, now: &Now) {
    let door = |n: usize| row.door.as_ref().map(|door| &door[n]);
    let line = json!({
        "key": row.stood.id, "revision": row.stood.revision, "version": row.version, "case_id": row.case_id, "area": door(0),
        "building": door(1), "unit": door(2), "room": door(3), "enumerator": row.stood.user,
        "started": with_offset(row.at, row.at_offset_min), "ended": row.ended_at.map(|at| with_offset(at, row.at_offset_min)),
        "received": row.received_at, "status": now.status.slug(), "answers": row.said(),
    });
    out.push_str(&line.to_string());
    out.push('\n');
}

fn fixed(row: &AnswerRow, now: &Now) -> Vec<Cell> {
    let text = |text: Option<String>| text.map_or(Cell::Empty, Cell::Text);
    let mut cells = vec![
        Cell::Text(row.stood.id.to_string()),
        Cell::Number(f64::from(row.stood.revision)),
        Cell::Text(row.version.clone()),
        text(row.case_id.map(|id| id.to_string())),
    ];
    cells.extend((0..4).map(|n| text(row.door.as_ref().map(|door| door[n].clone()))));
    cells.extend([
        Cell::Text(row.stood.user.clone()),
        Cell::Text(with_offset(row.at, row.at_offset_min)),
        text(row.ended_at.map(|at| with_offset(at, row.at_offset_min))),
        Cell::Text(row.received_at.to_string()),
        Cell::Text(now.status.slug().to_owned()),
    ]);
    cells
}

fn of_repeat(row: &AnswerRow, one: &RepeatRow<'_>) -> Vec<Cell> {
    let id = row.stood.id;
    vec![
        Cell::Text(format!("{id}{}", one.parent)),
        Cell::Text(format!("{id}{}", one.key)),
        Cell::number(u32::try_from(one.position).ok()),
    ]
}

fn answered(mut cells: Vec<Cell>, table: &Table, answers: &Value, style: Style<'_>) -> Vec<Cell> {
    for column in &table.columns {
        cells.push(answer(cell(answers, column, style.values), column));
        if style.is_split {
            let chosen = split_cell(answers, column);
            cells.extend(chosen.into_iter().map(|text| Cell::Text(text.to_owned())));
        }
    }
    cells
}

/// A cell of an answer. Numbers and positions stand as they are, also below zero: made of digits alone they run nothing.
fn answer(text: String, column: &Column) -> Cell {
    let is_plain = |c: char| c.is_ascii_digit() || matches!(c, '-' | '.' | ' ');
    let is_number = matches!(column.kind, Kind::Int | Kind::Decimal | Kind::Geopoint);
    match text.as_str() {
        "" => Cell::Empty,
        text if is_number && text.chars().all(is_plain) => Cell::Plain(text.to_owned()),
        _ => Cell::Text(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_below_zero_stays_one_and_a_text_does_not_run() {
        let column = |kind: Kind| {
            let (names, labels, choices) = (vec!["a".to_owned()], crate::forms::Labels::new(), Vec::new());
            Column { names, kind, labels, choices }
        };
        let written = |text: &str, kind: Kind| {
            let mut out = String::new();
            push_csv(&mut out, &[answer(text.to_owned(), &column(kind))]);
            out.trim_end().to_owned()
        };
        assert_eq!(written("-5", Kind::Int), "-5");
        assert_eq!(written("-34.75 112.97 0 8", Kind::Geopoint), "-34.75 112.97 0 8");
        assert_eq!(written("-1+cmd", Kind::Int), "\"'-1+cmd\"");
        assert_eq!(written("-5", Kind::String), "\"'-5\"");
    }
}
