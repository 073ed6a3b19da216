//! Takes a batch document apart: the header fields read and checked, every record left as the text it was sent as.
//!
//! A record is only skipped over here, by quotes and brackets and without recursion, so that a bad one is its own
//! refusal. The document is at fault when it cannot be taken apart, or when its own fields are not a batch's.

use std::borrow::Cow;

use uuid::Uuid;

use super::fault::{Stop, What, place, segment};
use super::read::{Reader, plain_end};
use super::{Json, MAX_RECORDS};
use crate::domain::ids::{BatchId, DeviceId};
use crate::ingest::time::{SentTime, parse_time};

/// Why a document is no batch at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// The document is not JSON; places count from 1, columns in characters.
    #[error("line {line}, column {column}: {what}")]
    NotJson {
        /// Line of the fault.
        line: usize,
        /// Character within the line.
        column: usize,
        /// What is wrong there.
        what: What,
    },
    /// The document is JSON but no batch: JSON pointers, each with what is expected there.
    #[error("the document is not a batch")]
    NotBatch {
        /// Pointer and sentence, in the order of the fields.
        errors: Vec<(String, String)>,
    },
    /// More than [`MAX_RECORDS`] records.
    #[error("a batch holds at most 5,000 records")]
    TooManyRecords,
}

/// What a batch says about itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Header<'a> {
    /// The batch's id, made by the device.
    pub batch_id: BatchId,
    /// The survey's slug as sent; whether there is one is not known here.
    pub survey: Cow<'a, str>,
    /// The device that sends.
    pub device_id: DeviceId,
    /// When this try was sent, by the device's clock.
    pub sent_at: SentTime,
    /// Records still on the device after this batch.
    pub waiting: Option<u32>,
    /// The device's own count of batches, if it keeps a usable one.
    pub seq: Option<i64>,
    /// Fields this version does not know.
    pub extra: Vec<(Cow<'a, str>, Json<'a>)>,
}

/// A batch taken apart: its header and the text of each record, in the order sent.
#[derive(Clone, Debug, PartialEq)]
pub struct RawBatch<'a> {
    /// The batch's own fields.
    pub header: Header<'a>,
    /// The text of each record, not yet judged.
    pub records: Vec<&'a str>,
}

/// The text of a body; a leading byte order mark is dropped. Anything that is not UTF-8 is [`What::Utf8`].
pub fn text_of(body: &[u8]) -> Result<&str, DocumentError> {
    match std::str::from_utf8(body) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').unwrap_or(text)),
        Err(error) => {
            let (line, column) = place(body, error.valid_up_to());
            Err(DocumentError::NotJson { line, column, what: What::Utf8 })
        }
    }
}

/// Takes the text of a batch apart.
pub fn split_batch(text: &str) -> Result<RawBatch<'_>, DocumentError> {
    let mut parts = Parts::default();
    match parts.read(text) {
        Ok(()) => parts.batch(),
        Err(Halt::TooMany) => Err(DocumentError::TooManyRecords),
        Err(Halt::Stop(stop)) => {
            let fault = stop.fault(text);
            Err(DocumentError::NotJson { line: fault.line, column: fault.column, what: fault.what })
        }
    }
}

/// Best effort: the `id` and `type` strings of a record that could not be read, as it wrote them. Strings with escapes
/// are passed over.
pub fn label(record: &str) -> (Option<&str>, Option<&str>) {
    let mut found = (None, None);
    let mut reader = Reader::new(record, 0);
    if !reader.takes(b'{') {
        return found;
    }
    while let Ok(key) = reader.key() {
        reader.skip_space();
        let start = reader.at;
        if skip_value(&mut reader).is_err() {
            break;
        }
        let value = record[start..reader.at].strip_prefix('"').and_then(|v| v.strip_suffix('"'));
        let value = value.filter(|v| !v.contains('\\'));
        match &*key {
            "id" if found.0.is_none() => found.0 = value,
            "type" if found.1.is_none() => found.1 = value,
            _ => {}
        }
        if !reader.takes(b',') {
            break;
        }
    }
    found
}

enum Halt {
    Stop(Stop),
    TooMany,
}

impl From<Stop> for Halt {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

#[derive(Default)]
struct Parts<'a> {
    fields: Vec<(Cow<'a, str>, Json<'a>)>,
    records: Option<Vec<&'a str>>,
    errors: Vec<(String, String)>,
}

impl<'a> Parts<'a> {
    fn read(&mut self, text: &'a str) -> Result<(), Halt> {
        let mut reader = Reader::new(text, 0);
        if reader.takes(b'{') {
            self.read_fields(&mut reader, text)?;
        } else {
            reader.value(1)?;
            self.wrong("", "must be an object");
        }
        reader.skip_space();
        if reader.at < text.len() {
            return Err(reader.stop(What::Trailing).into());
        }
        Ok(())
    }

    fn read_fields(&mut self, reader: &mut Reader<'a>, text: &'a str) -> Result<(), Halt> {
        if reader.takes(b'}') {
            return Ok(());
        }
        loop {
            let key = reader.key()?;
            if key == "records" {
                self.read_records(reader, text)?;
            } else {
                let value = reader.value(2)?;
                self.add_field(key, value);
            }
            if reader.takes(b'}') {
                return Ok(());
            }
            reader.expect(b',', What::Comma)?;
        }
    }

    fn add_field(&mut self, key: Cow<'a, str>, value: Json<'a>) {
        // A batch has seven fields; a device that sends hundreds gains nothing by it.
        if self.fields.len() >= 100 {
            if self.fields.len() == 100 {
                self.wrong("", "has more than 100 fields");
            }
        } else if self.fields.iter().any(|(known, _)| *known == key) {
            self.wrong(&format!("/{}", segment(&key)), "stands twice");
            return;
        }
        if self.fields.len() <= 100 {
            self.fields.push((key, value));
        }
    }

    fn read_records(&mut self, reader: &mut Reader<'a>, text: &'a str) -> Result<(), Halt> {
        let is_first = self.records.is_none();
        if !is_first {
            self.wrong("/records", "stands twice");
        }
        if !reader.takes(b'[') {
            skip_value(reader)?;
            self.wrong("/records", "must be a list");
            self.records.get_or_insert_default();
            return Ok(());
        }
        let mut records = Vec::new();
        if !reader.takes(b']') {
            loop {
                reader.skip_space();
                let start = reader.at;
                skip_value(reader)?;
                if records.len() == MAX_RECORDS {
                    return Err(Halt::TooMany);
                }
                records.push(&text[start..reader.at]);
                if reader.takes(b']') {
                    break;
                }
                reader.expect(b',', What::Comma)?;
            }
        }
        if is_first {
            self.records = Some(records);
        }
        Ok(())
    }

    fn wrong(&mut self, pointer: &str, detail: &str) {
        self.errors.push((pointer.to_owned(), detail.to_owned()));
    }

    fn take(&mut self, key: &str) -> Json<'a> {
        let at = self.fields.iter().position(|(known, _)| known == key);
        at.map_or(Json::Null, |at| self.fields.remove(at).1)
    }

    fn take_uuid(&mut self, key: &str) -> Uuid {
        let id = self.take(key).text().and_then(read_uuid);
        if id.is_none() {
            self.wrong(&format!("/{key}"), "must be a UUID other than the nil one");
        }
        id.unwrap_or_default()
    }

    fn take_survey(&mut self) -> Cow<'a, str> {
        if let Json::Str(slug) = self.take("survey")
            && (1..=100).contains(&slug.len())
        {
            return slug;
        }
        self.wrong("/survey", "must be the id of a survey");
        Cow::Borrowed("")
    }

    fn take_waiting(&mut self) -> Option<u32> {
        let value = self.take("waiting");
        if value.is_null() {
            return None;
        }
        let count = value.integer().filter(|n| (0..=i64::from(i32::MAX)).contains(n));
        if count.is_none() {
            self.wrong("/waiting", "must be a whole number from 0 on");
        }
        count.and_then(|n| u32::try_from(n).ok())
    }

    fn batch(mut self) -> Result<RawBatch<'a>, DocumentError> {
        if self.errors.iter().any(|(pointer, _)| pointer.is_empty()) {
            return Err(DocumentError::NotBatch { errors: self.errors });
        }
        let batch_id = BatchId(self.take_uuid("batch_id"));
        let survey = self.take_survey();
        let device_id = DeviceId(self.take_uuid("device_id"));
        let sent_at = self.take("sent_at").text().and_then(|text| parse_time(text).ok());
        if sent_at.is_none() {
            self.wrong("/sent_at", "must be a time with its offset, as in 2020-11-03T21:14:05+08:00");
        }
        let waiting = self.take_waiting();
        let seq = self.take("seq").integer();
        if self.records.is_none() {
            self.wrong("/records", "must be a list");
        }
        let (Some(sent_at), Some(records), true) = (sent_at, self.records, self.errors.is_empty()) else {
            return Err(DocumentError::NotBatch { errors: self.errors });
        };
        let header = Header { batch_id, survey, device_id, sent_at, waiting, seq, extra: self.fields };
        Ok(RawBatch { header, records })
    }
}

/// A UUID in its usual form of 36 characters, of any version but not the nil one.
pub(in crate::ingest) fn read_uuid(text: &str) -> Option<Uuid> {
    if text.len() != 36 {
        return None;
    }
    Uuid::try_parse(text).ok().filter(|id| !id.is_nil())
}

/// Skips one value by quotes and brackets alone; what it says is judged later.
fn skip_value(reader: &mut Reader<'_>) -> Result<(), Stop> {
    let bytes = reader.bytes();
    // Closing brackets still owed, innermost last.
    let mut owed: Vec<u8> = Vec::new();
    loop {
        match reader.peek() {
            None => return Err(reader.stop(What::Ends)),
            Some(b'"') => reader.at = string_end(bytes, reader.at).ok_or_else(|| reader.stop_at_end())?,
            Some(b'{') => {
                owed.push(b'}');
                reader.at += 1;
            }
            Some(b'[') => {
                owed.push(b']');
                reader.at += 1;
            }
            Some(close @ (b'}' | b']')) => match owed.pop() {
                Some(wanted) if wanted == close => reader.at += 1,
                Some(_) => return Err(reader.stop(What::Bracket)),
                None => return Err(reader.stop(What::Value)),
            },
            Some(b',' | b':' | b' ' | b'\t' | b'\r' | b'\n') if !owed.is_empty() => reader.at += 1,
            Some(_) => {
                let word = bytes[reader.at..].iter().position(|b| b" \t\r\n,:\"[]{}".contains(b));
                let length = word.unwrap_or(bytes.len() - reader.at);
                if length == 0 {
                    return Err(reader.stop(What::Value));
                }
                reader.at += length;
            }
        }
        if owed.is_empty() {
            return Ok(());
        }
    }
}

/// The place behind the closing quote of the string that opens at `at`.
fn string_end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    loop {
        at = plain_end(bytes, at);
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}
