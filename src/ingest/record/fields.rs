//! The fields of one object of a record: each is asked for by name and type, and what nobody asked for is kept.
//!
//! One rule for all of them. Left out, `null`, an empty text and blanks are the same: not sent. What is not of the type
//! asked for cannot be read and refuses the record at its place. What can be read but cannot be true is left out with a
//! warning and kept as it was sent. Only what says *which* thing a record speaks of is never left out.

use std::borrow::Cow;
use std::cell::RefCell;
use std::ops::RangeInclusive;

use uuid::Uuid;

use super::{Notes, RecordKind, Refusal};
use crate::domain::blank::is_blank;
use crate::domain::code::ClosedSet;
use crate::domain::time::{SentTime, parse_time};
use crate::ingest::json::{Json, read_uuid};
use crate::ingest::reason::Reason;
use crate::ingest::scrub::{scrub_json, scrub_text};

/// Members of an object being read.
pub(super) struct Fields<'j, 'a> {
    members: &'j [(Cow<'a, str>, Json<'a>)],
    /// Pointer of the object, relative to the record.
    at: String,
    /// One flag for each member: asked for, and not given back.
    used: RefCell<Vec<bool>>,
    notes: &'j Notes,
}

/// Whether a value says nothing: `null`, an empty text, blanks.
pub(super) fn is_unsent(value: &Json<'_>) -> bool {
    value.is_null() || value.text().is_some_and(is_blank)
}

impl<'j, 'a> Fields<'j, 'a> {
    pub(super) fn new(members: &'j [(Cow<'a, str>, Json<'a>)], at: String, notes: &'j Notes) -> Self {
        Self { members, at, used: RefCell::new(vec![false; members.len()]), notes }
    }

    /// Where warnings go.
    pub(super) fn notes(&self) -> &'j Notes {
        self.notes
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
        Some(&self.members[place].1).filter(|value| !is_unsent(value))
    }

    /// A field as it was sent, blank or not.
    pub(super) fn as_sent(&self, key: &str) -> Option<&'j Json<'a>> {
        self.members.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    /// Keeps a field with those that nobody knows, as it was sent.
    pub(super) fn give_back(&self, key: &str) {
        if let Some(place) = self.members.iter().position(|(known, _)| known == key) {
            self.used.borrow_mut()[place] = false;
        }
    }

    /// Leaves a field out that can be read but not be used: it is kept as it was sent, and `says` ("lies …") is told.
    pub(super) fn leave_out(&self, key: &str, reason: Reason, says: &str) {
        self.give_back(key);
        self.notes.warn(reason, &self.pointer(key), says);
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

    /// What `read` makes of a field, if it was sent; where it makes nothing of it the record is refused for `otherwise`.
    fn read<T>(
        &self,
        key: &str,
        read: impl FnOnce(&'j Json<'a>) -> Option<T>,
        otherwise: impl FnOnce() -> Refusal,
    ) -> Result<Option<T>, Refusal> {
        match self.raw(key) {
            None => Ok(None),
            Some(value) => read(value).map(Some).ok_or_else(otherwise),
        }
    }

    pub(super) fn kind(&self) -> Result<RecordKind, Refusal> {
        let value = self.raw("type").ok_or_else(|| self.missing("type"))?;
        let kind = value.text().and_then(RecordKind::from_slug);
        kind.ok_or_else(|| {
            self.refuse(
                Reason::UnknownType,
                "type",
                "must be visit, interview, dwelling, submission or message_read",
            )
        })
    }

    /// A UUID that may be left out.
    pub(super) fn uuid(&self, key: &str) -> Result<Option<Uuid>, Refusal> {
        let otherwise = || self.refuse(Reason::BadId, key, "must be a UUID other than the nil one");
        self.read(key, |value| value.text().and_then(read_uuid), otherwise)
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
        let find = |text: &str| T::CODES.iter().find(|code| code.code_slug() == text).copied();
        let refusal = || self.refuse(otherwise, key, &format!("is not a code of the table {}", T::NAME));
        self.read(key, |value| value.text().and_then(find), refusal)
    }

    /// A code that may be left out.
    pub(super) fn code<T: ClosedSet>(&self, key: &str) -> Result<Option<T>, Refusal> {
        self.code_or(key, Reason::UnknownCode)
    }

    /// A text that may be left out, without citizen IDs.
    pub(super) fn text(&self, key: &str, longest: usize) -> Result<Option<String>, Refusal> {
        let Some(text) = self.read(key, |value| value.text(), || self.bad(key, "a text"))? else {
            return Ok(None);
        };
        if text.len() > longest && text.chars().count() > longest {
            let detail = format!("has more than {longest} characters");
            return Err(self.refuse(Reason::TextTooLong, key, &detail));
        }
        Ok(Some(scrub_text(text).into_owned()))
    }

    /// A text in which a number is meant as its digits (`6` for `"6"`), as building and room are.
    pub(super) fn label(&self, key: &str, longest: usize) -> Result<Option<String>, Refusal> {
        match self.raw(key).and_then(Json::integer) {
            Some(number) if (0..1_000_000).contains(&number) => Ok(Some(number.to_string())),
            _ => self.text(key, longest),
        }
    }

    /// A whole number that may be left out, however large it is.
    pub(super) fn whole(&self, key: &str) -> Result<Option<i64>, Refusal> {
        self.read(key, Json::whole, || self.bad(key, "a whole number"))
    }

    /// A whole number in a range; one outside is left out with a warning.
    pub(super) fn integer(&self, key: &str, range: RangeInclusive<i64>) -> Result<Option<i64>, Refusal> {
        let Some(number) = self.whole(key)? else {
            return Ok(None);
        };
        if range.contains(&number) {
            return Ok(Some(number));
        }
        let says = format!("does not lie between {} and {} and was left out", range.start(), range.end());
        self.leave_out(key, Reason::FieldDropped, &says);
        Ok(None)
    }

    /// A whole number that says which thing is meant: outside its range the record is refused.
    pub(super) fn ordinal(&self, key: &str, most: u32) -> Result<Option<u32>, Refusal> {
        let within = |number: i64| u32::try_from(number).ok().filter(|n| (1..=most).contains(n));
        let bad = || self.bad(key, &format!("a whole number from 1 to {most}"));
        self.read(key, |value| value.integer().and_then(within), bad)
    }

    /// A count of people or things, at least `least`.
    pub(super) fn count(&self, key: &str, least: i64) -> Result<Option<u32>, Refusal> {
        Ok(self.integer(key, least..=9_999)?.and_then(|number| u32::try_from(number).ok()))
    }

    /// A code written as a number. Whether the form has it is judged with the form; one that no form has is kept as sent
    /// too.
    pub(super) fn small(&self, key: &str) -> Result<Option<u8>, Refusal> {
        Ok(self.whole(key)?.map(|number| {
            u8::try_from(number).unwrap_or_else(|_| {
                self.give_back(key);
                u8::MAX
            })
        }))
    }

    /// A number in a range; one outside, for which `says` has the words, is left out with a warning.
    pub(super) fn number(
        &self,
        key: &str,
        is_possible: impl FnOnce(f64) -> bool,
        says: &str,
    ) -> Result<Option<f64>, Refusal> {
        let Some(number) = self.read(key, Json::number, || self.bad(key, "a number"))? else {
            return Ok(None);
        };
        if is_possible(number) {
            return Ok(Some(number));
        }
        self.leave_out(key, Reason::FieldDropped, says);
        Ok(None)
    }

    /// Seconds that passed.
    pub(super) fn seconds(&self, key: &str) -> Result<Option<f64>, Refusal> {
        self.number(key, |seconds| seconds >= 0.0, "is less than 0 and was left out")
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
        self.read(key, Json::bool, || self.bad(key, "true or false"))
    }

    /// The fields of an object that may be left out; one in which nothing is said was not sent.
    pub(super) fn object(&self, key: &str) -> Result<Option<Fields<'j, 'a>>, Refusal> {
        let members = |value: &'j Json<'a>| match value {
            Json::Obj(members) => Some(members),
            Json::Null | Json::Bool(_) | Json::Num(_) | Json::Str(_) | Json::Arr(_) => None,
        };
        let members = self.read(key, members, || self.bad(key, "an object"))?;
        let said = members.filter(|members| !members.iter().all(|(_, value)| is_unsent(value)));
        Ok(said.map(|members| Fields::new(members, self.pointer(key), self.notes)))
    }

    /// The items of a list that may be left out.
    pub(super) fn list(&self, key: &str) -> Result<Option<&'j [Json<'a>]>, Refusal> {
        self.read(key, |value| value.items(), || self.bad(key, "a list"))
    }

    /// The JSON text of an object that may be left out, without citizen IDs.
    pub(super) fn object_text(&self, key: &str) -> Result<Option<String>, Refusal> {
        let object = |value: &'j Json<'a>| matches!(value, Json::Obj(_)).then_some(value);
        let value = self.read(key, object, || self.bad(key, "an object"))?;
        Ok(value.map(|value| scrub_json(&value.to_text()).into_owned()))
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
