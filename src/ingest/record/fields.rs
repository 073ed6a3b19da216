//! The fields of one object of a record: each is asked for by name and type, and what nobody asked for is kept.

use std::borrow::Cow;
use std::cell::RefCell;

use uuid::Uuid;

use super::{RecordKind, Refusal};
use crate::domain::code::ClosedSet;
use crate::ingest::json::{Json, read_uuid};
use crate::ingest::reason::Reason;
use crate::ingest::scrub::{scrub_json, scrub_text};
use crate::ingest::time::{SentTime, parse_time};

/// Members of an object being read. `null` counts as not given.
pub(super) struct Fields<'j, 'a> {
    members: &'j [(Cow<'a, str>, Json<'a>)],
    /// Pointer of the object, relative to the record.
    at: String,
    /// One flag for each member: asked for, and not given back.
    used: RefCell<Vec<bool>>,
}

impl<'j, 'a> Fields<'j, 'a> {
    pub(super) fn new(members: &'j [(Cow<'a, str>, Json<'a>)], at: String) -> Self {
        Self { members, at, used: RefCell::new(vec![false; members.len()]) }
    }

    /// The pointer of a field, relative to the record.
    pub(super) fn pointer(&self, key: &str) -> String {
        format!("{}/{key}", self.at)
    }

    /// The pointer of the object itself, relative to the record.
    pub(super) fn place(&self) -> String {
        self.at.clone()
    }

    /// A field as it was sent.
    pub(super) fn raw(&self, key: &str) -> Option<&'j Json<'a>> {
        let place = self.members.iter().position(|(known, _)| known == key)?;
        self.used.borrow_mut()[place] = true;
        Some(&self.members[place].1).filter(|value| !value.is_null())
    }

    /// Keeps a field with those that nobody knows, as it was sent.
    pub(super) fn give_back(&self, key: &str) {
        if let Some(place) = self.members.iter().position(|(known, _)| known == key) {
            self.used.borrow_mut()[place] = false;
        }
    }

    pub(super) fn refuse(&self, reason: Reason, key: &str, says: &str) -> Refusal {
        Refusal::new(reason, self.pointer(key), says)
    }

    pub(super) fn missing(&self, key: &str) -> Refusal {
        self.refuse(Reason::MissingField, key, "is missing")
    }

    fn bad(&self, key: &str, expected: &str) -> Refusal {
        self.refuse(Reason::BadField, key, &format!("must be {expected}"))
    }

    pub(super) fn kind(&self) -> Result<RecordKind, Refusal> {
        let value = self.raw("type").ok_or_else(|| self.missing("type"))?;
        let kind = value.text().and_then(RecordKind::from_slug);
        kind.ok_or_else(|| self.refuse(Reason::UnknownType, "type", "must be visit, interview or dwelling"))
    }

    /// A UUID that may be left out.
    pub(super) fn uuid(&self, key: &str) -> Result<Option<Uuid>, Refusal> {
        let Some(value) = self.raw(key) else {
            return Ok(None);
        };
        let id = value.text().and_then(read_uuid);
        id.map(Some).ok_or_else(|| self.refuse(Reason::BadId, key, "must be a UUID other than the nil one"))
    }

    pub(super) fn needed_uuid(&self, key: &str) -> Result<Uuid, Refusal> {
        self.uuid(key)?.ok_or_else(|| self.missing(key))
    }

    /// A time that may be left out.
    pub(super) fn time(&self, key: &str) -> Result<Option<SentTime>, Refusal> {
        let Some(value) = self.raw(key) else {
            return Ok(None);
        };
        let bad = |says: &str| self.refuse(Reason::BadTime, key, says);
        let text = value.text().ok_or_else(|| bad("must be a time written as text"))?;
        parse_time(text).map(Some).map_err(|fault| bad(&format!("cannot be used: {fault}")))
    }

    pub(super) fn needed_time(&self, key: &str) -> Result<SentTime, Refusal> {
        self.time(key)?.ok_or_else(|| self.missing(key))
    }

    /// A code of a closed set, as its slug; `otherwise` is the reason of an unknown one.
    pub(super) fn code_or<T: ClosedSet>(&self, key: &str, otherwise: Reason) -> Result<Option<T>, Refusal> {
        let Some(value) = self.raw(key) else {
            return Ok(None);
        };
        let text = value.text().unwrap_or_default();
        let code = T::CODES.iter().find(|code| code.code_slug() == text).copied();
        code.map(Some)
            .ok_or_else(|| self.refuse(otherwise, key, &format!("is not a code of the table {}", T::NAME)))
    }

    /// A code that may be left out.
    pub(super) fn code<T: ClosedSet>(&self, key: &str) -> Result<Option<T>, Refusal> {
        self.code_or(key, Reason::UnknownCode)
    }

    /// A text that may be left out, without citizen IDs; an empty one is none.
    pub(super) fn text(&self, key: &str, longest: usize) -> Result<Option<String>, Refusal> {
        let Some(value) = self.raw(key) else {
            return Ok(None);
        };
        let text = value.text().ok_or_else(|| self.bad(key, "a text"))?;
        if text.len() > longest && text.chars().count() > longest {
            let detail = format!("has more than {longest} characters");
            return Err(self.refuse(Reason::TextTooLong, key, &detail));
        }
        Ok(Some(scrub_text(text).into_owned()).filter(|text| !text.is_empty()))
    }

    /// A text in which a number is meant as its digits (`6` for `"6"`), as building and room are.
    pub(super) fn label(&self, key: &str, longest: usize) -> Result<Option<String>, Refusal> {
        match self.raw(key).and_then(Json::integer) {
            Some(number) if (0..1_000_000).contains(&number) => Ok(Some(number.to_string())),
            _ => self.text(key, longest),
        }
    }

    /// A whole number in a range that may be left out.
    pub(super) fn integer(&self, key: &str, from: i64, to: i64) -> Result<Option<i64>, Refusal> {
        let Some(value) = self.raw(key) else {
            return Ok(None);
        };
        let number = value.integer().filter(|number| (from..=to).contains(number));
        number.map(Some).ok_or_else(|| self.bad(key, &format!("a whole number from {from} to {to}")))
    }

    /// A count of people or things.
    pub(super) fn count(&self, key: &str) -> Result<Option<u32>, Refusal> {
        Ok(self.integer(key, 0, 9_999)?.and_then(|number| u32::try_from(number).ok()))
    }

    /// A code written as a number; whether the form has it is judged with the form.
    pub(super) fn small(&self, key: &str) -> Result<Option<u8>, Refusal> {
        Ok(self.integer(key, 0, 255)?.and_then(|number| u8::try_from(number).ok()))
    }

    /// A number that may be left out.
    pub(super) fn number(&self, key: &str) -> Result<Option<f64>, Refusal> {
        let Some(value) = self.raw(key) else {
            return Ok(None);
        };
        value.number().map(Some).ok_or_else(|| self.bad(key, "a number"))
    }

    /// Seconds that may be left out; what is none is kept with the unknown fields.
    pub(super) fn seconds(&self, key: &str) -> Option<f64> {
        let value = self.raw(key)?;
        let seconds = value.number().filter(|seconds| *seconds >= 0.0);
        if seconds.is_none() {
            self.give_back(key);
        }
        seconds
    }

    /// Yes or no that may be left out; what is neither is kept with the unknown fields.
    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        let flag = self.raw(key)?.bool();
        if flag.is_none() {
            self.give_back(key);
        }
        flag
    }

    /// A text of digits that some devices write as a number, as a telephone number.
    pub(super) fn digits_or_text(&self, key: &str, longest: usize) -> Result<Option<String>, Refusal> {
        match self.raw(key) {
            Some(Json::Num(number)) => Ok(Some(scrub_text(number).into_owned())),
            _ => self.text(key, longest),
        }
    }

    /// `true` or `false`, if given.
    pub(super) fn bool(&self, key: &str) -> Result<Option<bool>, Refusal> {
        let Some(value) = self.raw(key) else {
            return Ok(None);
        };
        value.bool().map(Some).ok_or_else(|| self.bad(key, "true or false"))
    }

    /// The fields of an object that may be left out.
    pub(super) fn object(&self, key: &str) -> Result<Option<Fields<'j, 'a>>, Refusal> {
        let Some(value) = self.raw(key) else {
            return Ok(None);
        };
        let Json::Obj(members) = value else {
            return Err(self.bad(key, "an object"));
        };
        Ok(Some(Fields::new(members, self.pointer(key))))
    }

    /// The items of a list that may be left out.
    pub(super) fn list(&self, key: &str) -> Result<Option<&'j [Json<'a>]>, Refusal> {
        let Some(value) = self.raw(key) else {
            return Ok(None);
        };
        value.items().map(Some).ok_or_else(|| self.bad(key, "a list"))
    }

    /// The JSON text of an object that may be left out, without citizen IDs.
    pub(super) fn object_text(&self, key: &str) -> Result<Option<String>, Refusal> {
        let Some(value) = self.raw(key) else {
            return Ok(None);
        };
        if !matches!(value, Json::Obj(_)) {
            return Err(self.bad(key, "an object"));
        }
        Ok(Some(scrub_json(&value.to_text()).into_owned()))
    }

    /// What was not asked for, as the text of a JSON object without citizen IDs; none where there is nothing.
    pub(super) fn rest(self) -> Option<String> {
        let used = self.used.into_inner();
        let mut out = String::new();
        for ((key, value), _) in self.members.iter().zip(used).filter(|(_, is_used)| !is_used) {
            out.push(if out.is_empty() { '{' } else { ',' });
            crate::ingest::json::write_string(key, &mut out);
            out.push(':');
            value.write(&mut out);
        }
        if out.is_empty() {
            return None;
        }
        out.push('}');
        Some(scrub_json(&out).into_owned())
    }
}
