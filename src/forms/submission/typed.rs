//! An answer's text as a value of its type, and back.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use serde_json::{Map, Number, Value};
use uuid::Uuid;

use super::part_id;
use crate::forms::model::{Kind, Node};

/// Whole numbers up to here are the same in every program that reads JSON.
const EXACT: i64 = 1 << 53;

/// A typed answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Typed {
    /// The value; the text itself where it does not fit its type.
    pub value: Value,
    /// `answer-not-typed` or `answer-not-listed`.
    pub warning: Option<&'static str>,
}

/// Types the text of an answer to `node`; `root` names the files. Blank text is `null`.
pub fn typed(text: &str, node: &Node, root: Uuid) -> Typed {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Typed { value: Value::Null, warning: None };
    }
    let value = match node.kind {
        Kind::String | Kind::Note | Kind::Group | Kind::Repeat => Some(Value::from(text)),
        Kind::Int => int(trimmed),
        Kind::Decimal => decimal(trimmed),
        Kind::Date => {
            trimmed.parse::<Date>().ok().filter(|_| trimmed.len() == 10).map(|_| Value::from(trimmed))
        }
        Kind::Time => is_time(trimmed).then(|| Value::from(trimmed)),
        Kind::DateTime => moment(trimmed).map(Value::from),
        Kind::SelectOne => Some(Value::from(trimmed)),
        Kind::SelectMultiple | Kind::Rank => {
            Some(Value::Array(trimmed.split_whitespace().map(Value::from).collect()))
        }
        Kind::Geopoint => point(trimmed),
        Kind::Geotrace | Kind::Geoshape => {
            let points = trimmed.split(';').map(str::trim).filter(|part| !part.is_empty()).map(point);
            points.collect::<Option<Vec<_>>>().map(Value::Array)
        }
        Kind::Acknowledge => (trimmed == "OK").then_some(Value::Bool(true)),
        Kind::Image | Kind::Audio | Kind::Video | Kind::File => Some(file(trimmed, root)),
    };
    match value {
        None => Typed { value: Value::from(text), warning: Some("answer-not-typed") },
        Some(value) => {
            let warning = is_unlisted(&value, node).then_some("answer-not-listed");
            Typed { value, warning }
        }
    }
}

fn int(text: &str) -> Option<Value> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number = text.parse::<i64>().ok().filter(|number| (-EXACT..=EXACT).contains(number));
    Some(number.map_or_else(|| Value::from(text), Value::from))
}

fn decimal(text: &str) -> Option<Value> {
    if let Some(whole) = int(text) {
        return Some(whole);
    }
    let is_plain = text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    let number = text.parse::<f64>().ok().filter(|number| is_plain && number.is_finite())?;
    #[expect(clippy::cast_precision_loss, reason = "2^53 is exact")]
    let is_exact = number.abs() <= EXACT as f64;
    Some(if is_exact { number_value(number) } else { Value::from(text) })
}

/// A number as JSON, whole ones without a point.
fn number_value(number: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53")]
    if number.fract() == 0.0 && number.abs() < 9.0e15 {
        return Value::from(number as i64);
    }
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}

fn is_time(text: &str) -> bool {
    let end = text.find(['+', '-', 'Z']).unwrap_or(text.len());
    text.len() >= 5
        && text.as_bytes()[2] == b':'
        && text[..end].parse::<Time>().is_ok()
        && is_offset(&text[end..])
}

fn is_offset(text: &str) -> bool {
    match text.as_bytes() {
        [] | [b'Z'] => true,
        [b'+' | b'-', h, i] => [h, i].into_iter().all(u8::is_ascii_digit),
        [b'+' | b'-', h, i, b':', m, n] => [h, i, m, n].into_iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

/// A moment as RFC 3339 with the offset it was written with; `None` where it is none. Old clients leave the minutes of the
/// offset out.
pub fn moment(text: &str) -> Option<String> {
    let text = text.trim();
    if text.len() < 17 || !text.is_ascii() || text.as_bytes()[10] != b'T' {
        return None;
    }
    let offset = text[11..].find(['+', '-', 'Z'])? + 11;
    let whole = match text.len() - offset {
        3 => format!("{text}:00"),
        1 | 6 => text.to_owned(),
        _ => return None,
    };
    let whole =
        if whole.as_bytes()[16] == b':' { whole } else { format!("{}:00{}", &text[..16], &whole[16..]) };
    (is_offset(&whole[whole.find(['+', 'Z']).or_else(|| whole.rfind('-'))?..])
        && whole.parse::<Timestamp>().is_ok())
    .then_some(whole)
}

/// The numbers of a position: latitude, longitude, and where said altitude and accuracy.
pub fn position(text: &str) -> Option<Vec<f64>> {
    let numbers: Option<Vec<f64>> = text.split_whitespace().map(|part| part.parse().ok()).collect();
    let numbers = numbers.filter(|n| (2..=4).contains(&n.len()) && n.iter().all(|n| n.is_finite()))?;
    (numbers[0].abs() <= 90.0 && numbers[1].abs() <= 180.0).then_some(numbers)
}

fn point(text: &str) -> Option<Value> {
    let numbers = position(text)?;
    let mut point = Map::new();
    for (name, place) in [("lon", 1), ("lat", 0), ("alt", 2), ("accuracy_m", 3)] {
        if let Some(number) = numbers.get(place) {
            point.insert(name.to_owned(), number_value(*number));
        }
    }
    Some(Value::Object(point))
}

fn file(name: &str, root: Uuid) -> Value {
    let id = part_id(root, name).to_string();
    Value::Object(Map::from_iter([
        ("file".to_owned(), Value::from(name)),
        ("id".to_owned(), Value::from(id)),
    ]))
}

/// Whether a choice is none of those that the form itself lists.
fn is_unlisted(value: &Value, node: &Node) -> bool {
    if node.choices.is_empty() || node.choices_from.is_some() || !node.kind.is_select() {
        return false;
    }
    let is_listed = |value: &Value| node.choices.iter().any(|choice| value.as_str() == Some(&choice.name));
    match value.as_array() {
        Some(values) => !values.iter().all(is_listed),
        None => !is_listed(value),
    }
}

/// An answer as one cell: lists with blanks between, positions as the form writes them, files by name.
pub fn cell_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => "OK".to_owned(),
        Value::Bool(false) => "false".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(values) => {
            let between = if values.iter().any(Value::is_object) { "; " } else { " " };
            values.iter().map(cell_text).collect::<Vec<_>>().join(between)
        }
        Value::Object(object) => match object.get("file") {
            Some(name) => cell_text(name),
            None => ["lat", "lon", "alt", "accuracy_m"]
                .iter()
                .filter_map(|name| object.get(*name))
                .map(cell_text)
                .collect::<Vec<_>>()
                .join(" "),
        },
    }
}
