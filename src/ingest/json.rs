//! The JSON of a batch as a small tree that keeps what a device wrote: numbers stay text, members stay in order.
//!
//! Reading is strict (RFC 8259, see [`parse`]) and refuses what a database or another reader would take differently:
//! a key twice, NUL, half a surrogate pair, numbers no `f64` holds. Nothing here knows what a visit is, and no error
//! quotes the text it stands in.

mod fault;
mod read;
mod skip;
mod split;

use std::borrow::Cow;
use std::fmt::Write as _;

use uuid::Uuid;

pub use fault::{Fault, What};
pub(in crate::ingest) use read::plain_end;
pub use read::{parse, parse_with};
pub use skip::label;
pub use split::{DocumentError, Header, RawBatch, split_batch, text_of};

/// Levels of arrays and objects inside one record or one header field.
pub const MAX_DEPTH: usize = 64;
/// Characters of one string or key.
pub const MAX_STRING_CHARS: usize = 20_000;
/// Characters of one number as written.
pub const MAX_NUMBER_CHARS: usize = 64;
/// Records in one batch.
pub const MAX_RECORDS: usize = 5_000;

/// One JSON value; strings without escapes borrow the text they were read from.
#[derive(Clone, Debug, PartialEq)]
pub enum Json<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as it was written; it has a finite `f64`.
    Num(&'a str),
    /// A string, unescaped.
    Str(Cow<'a, str>),
    /// An array.
    Arr(Vec<Json<'a>>),
    /// An object: members in the order written, keys all different.
    Obj(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl<'a> Json<'a> {
    /// The member `key` of an object; `None` for a missing one and for anything that is no object.
    pub fn get(&self, key: &str) -> Option<&Json<'a>> {
        self.members().iter().find(|(k, _)| k == key).map(|(_, v)| v)
    }

    /// The member `key`, with `null` read as missing.
    pub fn given(&self, key: &str) -> Option<&Json<'a>> {
        self.get(key).filter(|v| !v.is_null())
    }

    /// The members of an object; nothing for any other value.
    pub fn members(&self) -> &[(Cow<'a, str>, Json<'a>)] {
        if let Self::Obj(members) = self { members } else { &[] }
    }

    /// The items of an array.
    pub fn items(&self) -> Option<&[Json<'a>]> {
        if let Self::Arr(items) = self { Some(items) } else { None }
    }

    /// The text of a string.
    pub fn text(&self) -> Option<&str> {
        if let Self::Str(text) = self { Some(text) } else { None }
    }

    /// The value of a number; always finite.
    pub fn number(&self) -> Option<f64> {
        if let Self::Num(text) = self { text.parse().ok() } else { None }
    }

    /// The value of a number that is whole, however it is spelt (`3`, `3.0`, `3e0`), and exact in an `f64`.
    pub fn integer(&self) -> Option<i64> {
        let Self::Num(text) = self else { return None };
        if let Ok(whole) = text.parse() {
            return Some(whole);
        }
        let value: f64 = text.parse().ok()?;
        if value.fract() != 0.0 || value.abs() >= 9_007_199_254_740_992.0 {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
        let whole = value as i64;
        Some(whole)
    }

    /// The value of a number that is whole, whatever its size: what no `i64` holds exactly becomes its nearest end.
    pub fn whole(&self) -> Option<i64> {
        let beyond = || self.number().filter(|value| value.fract() == 0.0);
        self.integer().or_else(|| beyond().map(|value| if value < 0.0 { i64::MIN } else { i64::MAX }))
    }

    /// `true` or `false`.
    pub fn bool(&self) -> Option<bool> {
        if let Self::Bool(value) = self { Some(*value) } else { None }
    }

    /// Whether this is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Writes the value as compact JSON text, numbers as they were spelt.
    pub fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(true) => out.push_str("true"),
            Self::Bool(false) => out.push_str("false"),
            Self::Num(text) => out.push_str(text),
            Self::Str(text) => write_string(text, out),
            Self::Arr(items) => {
                out.push('[');
                for (n, item) in items.iter().enumerate() {
                    if n > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Self::Obj(members) => {
                out.push('{');
                for (n, (key, value)) in members.iter().enumerate() {
                    if n > 0 {
                        out.push(',');
                    }
                    write_string(key, out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }

    /// The value as compact JSON text.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }
}

/// A UUID in its usual form of 36 characters, in capitals or not, of any version but not the nil one.
pub(in crate::ingest) fn read_uuid(text: &str) -> Option<Uuid> {
    if text.len() != 36 {
        return None;
    }
    Uuid::try_parse(text).ok().filter(|id| !id.is_nil())
}

/// Writes `text` as a JSON string, escaping only what must be.
pub fn write_string(text: &str, out: &mut String) {
    out.push('"');
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0..0x20 => "",
            _ => continue,
        };
        out.push_str(&text[plain..at]);
        plain = at + 1;
        if escape.is_empty() {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{byte:04x}");
        } else {
            out.push_str(escape);
        }
    }
    out.push_str(&text[plain..]);
    out.push('"');
}

#[cfg(test)]
mod tests;
