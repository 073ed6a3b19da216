//! Reading the members of one object, noting every fault at its place.

use jiff::Timestamp;
use uuid::Uuid;

use super::Json;
use crate::domain::blank::is_blank;
use crate::domain::time::parse_time;
use crate::net::problem::FieldError;
use crate::net::query;

/// One object of a body while it is read. Each reader notes a fault and gives nothing when the member is
/// missing or wrong; `null`, an empty text and blanks count as missing.
#[derive(Debug)]
pub struct Form<'a> {
    members: &'a [(String, Json)],
    at: String,
    faults: Vec<FieldError>,
}

impl<'a> Form<'a> {
    /// The object with these members that stands at the pointer `at`.
    pub(super) fn of(members: &'a [(String, Json)], at: String) -> Self {
        Self { members, at, faults: Vec::new() }
    }

    /// The faults noted.
    pub(super) fn into_faults(self) -> Vec<FieldError> {
        self.faults
    }

    /// The member as it stands, or nothing when it is missing or says nothing.
    pub fn raw(&self, name: &str) -> Option<&'a Json> {
        let (_, value) = self.members.iter().find(|(key, _)| key == name)?;
        let is_blank = matches!(value, Json::Text(text) if is_blank(text));
        (!is_blank && *value != Json::Null).then_some(value)
    }

    /// Whether the member is there, be it `null`.
    pub fn has(&self, name: &str) -> bool {
        self.members.iter().any(|(key, _)| key == name)
    }

    /// Notes that the member `name` breaks `rule` ("must be …").
    pub fn fault(&mut self, name: &str, rule: impl Into<String>) {
        let pointer = format!("{}/{}", self.at, name.replace('~', "~0").replace('/', "~1"));
        self.faults.push(FieldError::at(pointer, rule));
    }

    /// What `read` makes of the member, if it is there.
    pub fn optional<T>(
        &mut self,
        name: &str,
        rule: &str,
        read: impl FnOnce(&'a Json) -> Option<T>,
    ) -> Option<T> {
        let got = read(self.raw(name)?);
        if got.is_none() {
            self.fault(name, rule);
        }
        got
    }

    /// What `read` makes of the member, which must be there.
    pub fn required<T>(
        &mut self,
        name: &str,
        rule: &str,
        read: impl FnOnce(&'a Json) -> Option<T>,
    ) -> Option<T> {
        if self.raw(name).is_none() {
            self.fault(name, "is needed");
        }
        self.optional(name, rule, read)
    }

    /// A text of 1 to `longest` characters that must be there, its outer white space removed.
    pub fn text(&mut self, name: &str, longest: usize) -> Option<String> {
        self.required(name, &text_rule(longest), |value| text(value, longest))
    }

    /// The same when it may be missing.
    pub fn optional_text(&mut self, name: &str, longest: usize) -> Option<String> {
        self.optional(name, &text_rule(longest), |value| text(value, longest))
    }

    /// A UUID that is not nil and must be there.
    pub fn uuid(&mut self, name: &str) -> Option<Uuid> {
        self.required(name, "must be a UUID", uuid)
    }

    /// A UUID that is not nil and may be missing.
    pub fn optional_uuid(&mut self, name: &str) -> Option<Uuid> {
        self.optional(name, "must be a UUID", uuid)
    }

    /// An instant that must be there, written with its offset.
    pub fn instant(&mut self, name: &str) -> Option<Timestamp> {
        self.required(name, INSTANT_RULE, instant)
    }

    /// The same when it may be missing.
    pub fn optional_instant(&mut self, name: &str) -> Option<Timestamp> {
        self.optional(name, INSTANT_RULE, instant)
    }

    /// A whole number from `least` to `most` that must be there.
    pub fn integer(&mut self, name: &str, least: i64, most: i64) -> Option<i64> {
        self.required(name, &integer_rule(least, most), |value| integer(value, least, most))
    }

    /// The same when it may be missing.
    pub fn optional_integer(&mut self, name: &str, least: i64, most: i64) -> Option<i64> {
        self.optional(name, &integer_rule(least, most), |value| integer(value, least, most))
    }

    /// One of a closed set that must be there: `find` maps a word, `words` lists those that exist.
    pub fn one_of<T>(
        &mut self,
        name: &str,
        words: &[&str],
        find: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        self.required(name, &format!("must be one of {}", words.join(", ")), |value| match value {
            Json::Text(word) => find(word),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::List(_) | Json::Object(_) => None,
        })
    }

    /// `true` or `false` that must be there.
    pub fn boolean(&mut self, name: &str) -> Option<bool> {
        self.required(name, "must be true or false", |value| match value {
            Json::Bool(yes) => Some(*yes),
            Json::Null | Json::Number(_) | Json::Text(_) | Json::List(_) | Json::Object(_) => None,
        })
    }

    /// An object that must be there, read by `read`.
    pub fn object<T>(&mut self, name: &str, read: impl FnOnce(&mut Form<'a>) -> Option<T>) -> Option<T> {
        let members = self.required(name, "must be a JSON object", |value| match value {
            Json::Object(members) => Some(members),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::List(_) => None,
        })?;
        let mut form = Form::of(members, format!("{}/{name}", self.at));
        let read = read(&mut form);
        self.faults.append(&mut form.faults);
        read
    }

    /// A list of objects that must be there, 1 to `most` of them, each read by `read`. A fault in one item
    /// does not hide those in others.
    pub fn objects<T>(
        &mut self,
        name: &str,
        most: usize,
        mut read: impl FnMut(&mut Form<'a>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let rule = format!("must be a list of 1 to {most} objects");
        let items = self.required(name, &rule, |value| match value {
            Json::List(items) => (1..=most).contains(&items.len()).then_some(items),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::Object(_) => None,
        })?;
        let mut read_items = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let at = format!("{}/{name}/{index}", self.at);
            let Json::Object(members) = item else {
                self.faults.push(FieldError::at(at, "must be a JSON object"));
                continue;
            };
            let mut form = Form::of(members, at);
            read_items.extend(read(&mut form));
            self.faults.append(&mut form.faults);
        }
        (read_items.len() == items.len()).then_some(read_items)
    }
}

/// What an instant must be.
const INSTANT_RULE: &str = "must be a time with an offset";

fn instant(value: &Json) -> Option<Timestamp> {
    Some(parse_time(value.as_text()?).ok()?.instant)
}

fn text_rule(longest: usize) -> String {
    format!("must be a text of 1 to {longest} characters without NUL")
}

fn text(value: &Json, longest: usize) -> Option<String> {
    let Json::Text(text) = value else { return None };
    let text = text.trim();
    let fits = !text.is_empty() && !text.contains('\0') && text.chars().count() <= longest;
    fits.then(|| text.to_owned())
}

fn uuid(value: &Json) -> Option<Uuid> {
    let Json::Text(text) = value else { return None };
    query::uuid(text).filter(|id| !id.is_nil())
}

fn integer_rule(least: i64, most: i64) -> String {
    format!("must be a whole number from {least} to {most}")
}

fn integer(value: &Json, least: i64, most: i64) -> Option<i64> {
    let Json::Number(number) = value else { return None };
    // However it is spelt: 3, 3.0, 3e0.
    let spelt =
        || number.as_f64().filter(|value| value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0);
    #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
    let whole = number.as_i64().or_else(|| spelt().map(|value| value as i64));
    whole.filter(|whole| (least..=most).contains(whole))
}
