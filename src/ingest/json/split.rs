//! Takes a batch document apart: the header fields read and checked, every record left as the text it was sent as.
//!
//! A record is only skipped over here, by quotes and brackets and without recursion, so that a bad one is its own
//! refusal. The document is at fault when it cannot be taken apart, or when its own fields are not a batch's.

use std::borrow::Cow;

use uuid::Uuid;

use super::fault::{Stop, What, place, segment};
use super::read::Reader;
use super::skip::skip_value;
use super::{Json, MAX_RECORDS, read_uuid};
use crate::domain::blank::is_blank;
use crate::domain::ids::{BatchId, DeviceId};
use crate::domain::time::{SentTime, parse_time};

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
    #[error("the document is not a batch: {}", in_words(errors))]
    NotBatch {
        /// Pointer and sentence, in the order of the fields.
        errors: Vec<(String, String)>,
    },
    /// More than [`MAX_RECORDS`] records.
    #[error("a batch holds at most 5,000 records")]
    TooManyRecords,
}

/// The first of several faults in words, and how many there are beside it.
fn in_words(errors: &[(String, String)]) -> String {
    let Some((pointer, detail)) = errors.first() else { return "no reason known".to_owned() };
    let place = pointer.strip_prefix('/').unwrap_or("it");
    match errors.len() - 1 {
        0 => format!("{place} {detail}"),
        more => format!("{place} {detail} (and {more} more)"),
    }
}

/// Bytes of the version a device's program gives itself.
const LONGEST_VERSION: usize = 200;

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
    /// Interviews begun and not finished on the device, if it says so in a usable way.
    pub drafts: Option<u32>,
    /// The device's own count of batches, if it keeps a usable one.
    pub seq: Option<i64>,
    /// Version of the program on the device, if it says so in a usable way.
    pub app_version: Option<String>,
    /// Fields this version does not know.
    pub extra: Vec<(Cow<'a, str>, Json<'a>)>,
    /// What was left out because it cannot be used: pointers and sentences.
    pub left_out: Vec<(&'static str, &'static str)>,
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
    left_out: Vec<(&'static str, &'static str)>,
}

impl<'a> Parts<'a> {
    fn read(&mut self, text: &'a str) -> Result<(), Halt> {
        let mut reader = Reader::new(text, 0);
        if reader.takes(b'{') {
            self.read_fields(&mut reader, text)?;
        } else {
            self.read_value(&mut reader, text, "", 1)?;
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
            let key = self.read_key(reader, text)?;
            if key == "records" {
                self.read_records(reader, text)?;
            } else if let Some(value) = self.read_value(reader, text, &key, 2)? {
                self.add_field(key, value);
            }
            if reader.takes(b'}') {
                return Ok(());
            }
            reader.expect(b',', What::Comma)?;
        }
    }

    /// Reads a key and its colon; one that breaks a limit is noted, and an empty one given in its place.
    fn read_key(&mut self, reader: &mut Reader<'a>, text: &'a str) -> Result<Cow<'a, str>, Halt> {
        let start = reader.at;
        match reader.key() {
            Ok(key) => Ok(key),
            Err(stop) => {
                self.pass_over(reader, text, start, stop)?;
                reader.expect(b':', What::Colon)?;
                Ok(Cow::Borrowed(""))
            }
        }
    }

    /// Reads the value of a field; nothing for one that breaks a limit, which is noted at its place.
    fn read_value(
        &mut self,
        reader: &mut Reader<'a>,
        text: &'a str,
        key: &str,
        depth: usize,
    ) -> Result<Option<Json<'a>>, Halt> {
        let start = reader.at;
        match reader.value(depth) {
            Ok(value) => Ok(Some(value)),
            Err(stop) => {
                let stop = if key.is_empty() { stop } else { stop.inside(segment(key)) };
                self.pass_over(reader, text, start, stop)?;
                Ok(None)
            }
        }
    }

    /// Goes on behind the value at `start`, in which a limit was broken; anything else ends the reading.
    fn pass_over(
        &mut self,
        reader: &mut Reader<'a>,
        text: &'a str,
        start: usize,
        stop: Stop,
    ) -> Result<(), Halt> {
        if !stop.what().is_limit() {
            return Err(stop.into());
        }
        reader.at = start;
        reader.skip_space();
        skip_value(reader)?;
        let fault = stop.fault(text);
        self.wrong(&fault.pointer, &format!("cannot be taken: {}", fault.what));
        Ok(())
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

    /// Takes a field out; an empty one is as good as none.
    fn take(&mut self, key: &str) -> Json<'a> {
        let at = self.fields.iter().position(|(known, _)| known == key);
        let value = at.map_or(Json::Null, |at| self.fields.remove(at).1);
        if value.text().is_some_and(is_blank) { Json::Null } else { value }
    }

    /// What `read` makes of a field that only describes the device: no batch is refused for it.
    fn take_or_leave<T>(
        &mut self,
        (key, pointer): (&str, &'static str),
        says: &'static str,
        read: impl FnOnce(&Json<'a>) -> Option<T>,
    ) -> Option<T> {
        let value = self.take(key);
        if value.is_null() {
            return None;
        }
        let taken = read(&value);
        if taken.is_none() {
            self.left_out.push((pointer, says));
        }
        taken
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
        let seq = self.take_or_leave(("seq", "/seq"), "is no whole number and was left out", Json::integer);
        let count = |value: &Json<'a>| value.integer().and_then(|n| u32::try_from(n).ok());
        let drafts =
            self.take_or_leave(("drafts", "/drafts"), "is no number from 0 on and was left out", count);
        let version =
            |value: &Json<'a>| value.text().filter(|text| text.len() <= LONGEST_VERSION).map(str::to_owned);
        let app_version =
            self.take_or_leave(("app_version", "/app_version"), "is no short text and was left out", version);
        if self.records.is_none() {
            self.wrong("/records", "must be a list");
        }
        let (Some(sent_at), Some(records), true) = (sent_at, self.records, self.errors.is_empty()) else {
            return Err(DocumentError::NotBatch { errors: self.errors });
        };
        let (extra, left_out) = (self.fields, self.left_out);
        let header = Header {
            batch_id,
            survey,
            device_id,
            sent_at,
            waiting,
            drafts,
            seq,
            app_version,
            extra,
            left_out,
        };
        Ok(RawBatch { header, records })
    }
}
