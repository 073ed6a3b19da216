//! One cell as a spreadsheet left it: undoes what has only one meaning and names what has more than one. Looks at one
//! cell alone; what the column or the list says is judged elsewhere.

mod degrees;
mod shapes;
mod signs;

pub(super) use degrees::degrees;
pub(super) use shapes::{is_date_number, is_long_number, is_no_value, is_pair};
pub(super) use signs::is_unseen;

use super::rule::Rule;
use super::sheet::{Column, Meaning};
use std::borrow::Cow;

/// A cell after cleaning.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Clean<'a> {
    /// What it says, trimmed.
    pub text: Cow<'a, str>,
    /// What was undone or is to be asked, in the order met.
    pub rules: Vec<Rule>,
}

impl<'a> Clean<'a> {
    fn set(&mut self, text: String, rule: Rule) {
        self.text = Cow::Owned(text);
        if !self.rules.iter().any(|known| known.code() == rule.code()) {
            self.rules.push(rule);
        }
    }

    /// Applies a step that gives another text where it finds something.
    fn step(&mut self, step: impl Fn(&str) -> Option<String>, rule: Rule) {
        if let Some(text) = step(&self.text) {
            self.set(text, rule);
        }
    }

    fn plain(text: &'a str) -> Self {
        Self { text: Cow::Borrowed(text), rules: Vec::new() }
    }
}

/// Cleans one cell of `column`.
pub(super) fn clean<'a>(raw: &'a str, column: &Column) -> Clean<'a> {
    let mut cell = Clean::plain(raw.trim());
    if cell.text.is_empty() || is_ordinary(&cell.text, column.meaning) {
        return cell;
    }
    undo_signs(&mut cell, column.meaning);
    if cell.text.is_empty() {
        return cell;
    }
    if let Some(rule) = shapes::spoilt(&cell.text) {
        cell.set(String::new(), rule);
        return cell;
    }
    if let Some(rule) = shapes::no_value(&cell.text, column) {
        let text = if matches!(rule, Rule::NoValueKept) { cell.text.to_string() } else { String::new() };
        cell.set(text, rule);
        return cell;
    }
    undo_numbers(&mut cell, column.meaning);
    if let Some(rule) = shapes::doubtful(&cell.text, column.meaning) {
        cell.rules.push(rule);
    }
    cell
}

/// Digits only, or a shape that cannot be anything else in such a column: nearly every cell.
fn is_ordinary(text: &str, meaning: Meaning) -> bool {
    let bytes = text.as_bytes();
    if bytes.iter().all(u8::is_ascii_digit) {
        return true;
    }
    match meaning {
        Meaning::Code | Meaning::Area | Meaning::Parent => text.split_once('-').is_some_and(|(a, b)| {
            let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            digits(a) && digits(b)
        }),
        Meaning::Word => bytes.iter().all(|byte| byte.is_ascii_lowercase() || *byte == b'_'),
        Meaning::Degrees => bytes.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.'),
        Meaning::User | Meaning::Text | Meaning::Person | Meaning::Whole | Meaning::Hours => false,
    }
}

/// Signs that do not belong to the value, or stand for others.
fn undo_signs(cell: &mut Clean<'_>, meaning: Meaning) {
    let is_text = matches!(meaning, Meaning::Text | Meaning::Person);
    if !cell.text.is_ascii() {
        cell.step(|text| signs::without_unseen(text, is_text), Rule::Unseen);
        if !is_text {
            cell.step(signs::half_width, Rule::FullWidth);
        }
    }
    cell.step(
        |text| text.contains("_x000D_").then(|| text.replace("_x000D_", "").trim().to_owned()),
        Rule::Unseen,
    );
    if is_text {
        cell.step(signs::without_formula_mark, Rule::TextMark);
        return;
    }
    cell.step(signs::without_marks, Rule::TextMark);
    cell.step(signs::plain_dashes, Rule::Dash);
    cell.step(signs::plain_spaces, Rule::Spaces);
}

/// Ways of writing numbers.
fn undo_numbers(cell: &mut Clean<'_>, meaning: Meaning) {
    match meaning {
        Meaning::Code | Meaning::Area | Meaning::Parent | Meaning::User | Meaning::Whole => {
            cell.step(shapes::without_point_zero, Rule::PointZero);
        }
        Meaning::Degrees => {
            cell.step(degrees::with_point, Rule::DecimalComma);
            cell.step(degrees::decimal, Rule::DegreeSign);
        }
        Meaning::Text | Meaning::Person | Meaning::Hours | Meaning::Word => {}
    }
}

#[cfg(test)]
mod tests;
