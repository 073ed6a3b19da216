//! Small JSON bodies, read field by field so that every fault is reported at its place, all at once.
//!
//! Accepted never quote a value: they name the place and the rule. Batches are not read here, they have a
//! reader of their own that takes each record apart separately.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

use super::body;
use super::kind;
use super::problem::{FieldError, Problem};
use super::request::Request;

mod form;

pub use form::Form;

/// Deepest nesting taken.
const DEEPEST: usize = 64;

/// Any JSON value; in objects no name stands twice and the order is kept.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as written.
    Number(Number),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// An object.
    Object(Vec<(String, Json)>),
}

/// Reads the request's body as JSON; `limit` in bytes. Problems: those of [`body::read_json`], `not-json`,
/// `duplicate-key`, `body-not-valid` (nested deeper than 64 levels).
pub async fn read(request: &mut Request, limit: usize) -> Result<Json, Problem> {
    parse(&body::read_json(request, limit).await?)
}

/// Parses a document. Problems as [`read`].
pub fn parse(bytes: &[u8]) -> Result<Json, Problem> {
    let value = serde_json::from_slice::<Json>(bytes).map_err(|error| unreadable(&error))?;
    if value.depth() > DEEPEST {
        let fault = FieldError::at("", format!("must not be nested deeper than {DEEPEST} levels"));
        return Err(Problem::not_valid(vec![fault]));
    }
    Ok(value)
}

/// The problem for a document that could not be read: place and nature of the fault, nothing of its text.
pub fn unreadable(error: &serde_json::Error) -> Problem {
    let (line, column) = (error.line(), error.column());
    match error.classify() {
        serde_json::error::Category::Eof => Problem::new(
            &kind::NOT_JSON,
            format!("The body ends too early, at line {line}, column {column}."),
        ),
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => {
            Problem::new(&kind::NOT_JSON, format!("The body is not JSON at line {line}, column {column}."))
        }
        // The reader takes any value, so the one thing it can object to is a name that stands twice.
        serde_json::error::Category::Data => Problem::new(
            &kind::DUPLICATE_KEY,
            format!("A name stands twice in the object that ends at line {line}, column {column}."),
        ),
    }
}

impl Json {
    /// A text; none for any other value.
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// A list; none for any other value.
    pub fn as_list(&self) -> Option<&[Self]> {
        if let Self::List(items) = self { Some(items) } else { None }
    }

    fn depth(&self) -> usize {
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) => 0,
            Self::List(items) => 1 + items.iter().map(Self::depth).max().unwrap_or(0),
            Self::Object(members) => 1 + members.iter().map(|(_, value)| value.depth()).max().unwrap_or(0),
        }
    }

    /// Reads the document as an object by `read`; the faults it notes make a 422 naming every place.
    pub fn form<T>(&self, read: impl FnOnce(&mut Form<'_>) -> Option<T>) -> Result<T, Problem> {
        let mut faults = Vec::new();
        let value = match self {
            Self::Object(members) => {
                let mut form = Form::of(members, String::new());
                let value = read(&mut form);
                faults = form.into_faults();
                value
            }
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::List(_) => {
                faults.push(FieldError::at("", "must be a JSON object"));
                None
            }
        };
        match value {
            Some(value) if faults.is_empty() => Ok(value),
            _ if faults.is_empty() => Err(Problem::plain(&kind::BODY_NOT_VALID)),
            _ => Err(Problem::not_valid(faults)),
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Whole)
    }
}

/// Takes whatever stands in the document.
struct Whole;

impl<'de> Visitor<'de> for Whole {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, yes: bool) -> Result<Json, E> {
        Ok(Json::Bool(yes))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
        Ok(Json::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(Json::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Json, E> {
        Ok(Number::from_f64(number).map_or(Json::Null, Json::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Json, E> {
        Ok(Json::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut members: Vec<(String, Json)> = Vec::new();
        let mut names = std::collections::HashSet::new();
        while let Some((name, value)) = access.next_entry::<String, Json>()? {
            if !names.insert(name.clone()) {
                return Err(de::Error::custom("a name stands twice"));
            }
            members.push((name, value));
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests;
