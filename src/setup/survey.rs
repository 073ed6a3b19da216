//! `survey.toml`: the survey's own facts. The policy tables in the same file are handed to `policy`.

use super::fault::{Fault, Faults, shown};
use super::files::Files;
use super::policy;
use super::source::Source;
use super::{SURVEY_FILE, unreadable};
use crate::domain::policy::Policy;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use std::io::Read;
use toml::de::{DeTable, DeValue};

/// Largest file in bytes.
const SIZE_LIMIT: u64 = 1 << 20;
/// Longest survey id in characters.
const SLUG_CHARS: usize = 64;
/// Longest name in characters.
const NAME_CHARS: usize = 200;
/// Years that are taken for a survey's.
const YEARS: std::ops::RangeInclusive<i16> = 1990..=2200;
/// Keys that are not the policy's.
pub(super) const OWN_KEYS: [&str; 8] =
    ["id", "name", "name_zh", "district", "time_zone", "reference_at", "starts_on", "ends_on"];

/// The survey itself.
#[derive(Clone, Debug, PartialEq)]
pub struct SurveySetup {
    /// The id used in commands and records, like `census-2020`.
    pub slug: String,
    /// Name in Latin script.
    pub name: String,
    /// Name in Chinese; `name` where none was given.
    pub name_zh: String,
    /// Six-digit code of the district.
    pub district: String,
    /// IANA name of the time zone in which days and hours are judged.
    pub time_zone: String,
    /// The moment people are registered for; begin of `starts_on` where none was given.
    pub reference_at: Timestamp,
    /// First day of field work.
    pub starts_on: Date,
    /// Last day of field work, not before the first.
    pub ends_on: Date,
    /// The rules of the field work.
    pub policy: Policy,
}

impl SurveySetup {
    /// The time zone itself; UTC should the machine no longer know the zone it knew when the file was read.
    pub fn zone(&self) -> TimeZone {
        TimeZone::get(&self.time_zone).unwrap_or(TimeZone::UTC)
    }
}

/// Reads and judges the file. The district is given back also where other parts are wrong, as the doors' keys need it.
pub(super) fn read(files: &dyn Files, faults: &mut Faults) -> (Option<SurveySetup>, Option<String>) {
    let Some(text) = text(files, faults) else {
        return (None, None);
    };
    let source = Source::new(SURVEY_FILE, &text);
    let (table, errors) = DeTable::parse_recoverable(&text);
    if !errors.is_empty() {
        for error in errors {
            let line = error.span().map(|span| source.line(span.start));
            let rule = format!("not valid TOML: {}", shown_message(error.message()));
            let (column, value) = (String::new(), String::new());
            faults.push(Fault { file: SURVEY_FILE, line, column, value, rule });
        }
        return (None, None);
    }
    let mut reading = Reading { table: table.get_ref(), source: &source, faults };
    let survey = reading.survey();
    let district = survey.as_ref().map(|survey| survey.district.clone()).or_else(|| {
        reading
            .table
            .get("district")
            .and_then(|value| value.get_ref().as_str())
            .filter(|code| is_district(code))
            .map(str::to_owned)
    });
    (survey, district)
}

/// The message of a parser without what it may quote of the file.
fn shown_message(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(160).collect()
}

/// A fault of the file as a whole, or of one line.
fn whole(line: Option<u64>, rule: &str) -> Fault {
    let (column, value) = (String::new(), String::new());
    Fault { file: SURVEY_FILE, line, column, value, rule: rule.to_owned() }
}

/// The file as text, without a byte order mark.
fn text(files: &dyn Files, faults: &mut Faults) -> Option<String> {
    let mut bytes = Vec::new();
    let read = match files.open(SURVEY_FILE) {
        Ok(Some(opened)) => opened.bytes.take(SIZE_LIMIT + 1).read_to_end(&mut bytes),
        Ok(None) => {
            faults.push(whole(None, "the file is missing"));
            return None;
        }
        Err(error) => Err(error),
    };
    match read {
        Ok(read) if u64::try_from(read).is_ok_and(|read| read <= SIZE_LIMIT) => utf8(bytes, faults),
        Ok(_) => {
            faults.push(whole(None, "larger than 1 MiB"));
            None
        }
        Err(error) => {
            faults.push(whole(None, &unreadable(&error)));
            None
        }
    }
}

/// Bytes as text; the first line that is no UTF-8 is a fault.
fn utf8(mut bytes: Vec<u8>, faults: &mut Faults) -> Option<String> {
    if bytes.starts_with(b"\xef\xbb\xbf") {
        bytes.drain(..3);
    }
    String::from_utf8(bytes)
        .map_err(|error| {
            let good = error.utf8_error().valid_up_to();
            let good = String::from_utf8_lossy(&error.as_bytes()[..good]);
            let line = Source::new(SURVEY_FILE, &good).line(good.len());
            faults.push(whole(Some(line), "not UTF-8 text; save the file as UTF-8"));
        })
        .ok()
}

/// Six digits.
fn is_district(code: &str) -> bool {
    code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit())
}

/// The parsed file while it is judged.
struct Reading<'a, 'i> {
    table: &'a DeTable<'i>,
    source: &'a Source<'a>,
    faults: &'a mut Faults,
}

impl Reading<'_, '_> {
    fn survey(&mut self) -> Option<SurveySetup> {
        let slug = self.slug();
        let name = self.name("name");
        self.require("name");
        let name_zh = self.name("name_zh");
        let district = self.district();
        let zone = self.zone();
        let (starts_on, ends_on) = (self.date("starts_on"), self.date("ends_on"));
        self.require("starts_on");
        self.require("ends_on");
        if let (Some(starts), Some(ends)) = (starts_on, ends_on)
            && ends < starts
        {
            self.fault("ends_on", &ends.to_string(), format!("before starts_on, which is {starts}"));
        }
        let reference_at = self.reference(zone.as_ref());
        let policy = policy::read(self.table, self.source, self.faults);
        let ((time_zone, zone), starts_on, name) = (zone?, starts_on?, name?);
        Some(SurveySetup {
            slug: slug?,
            name_zh: name_zh.unwrap_or_else(|| name.clone()),
            name,
            district: district?,
            time_zone,
            reference_at: reference_at.or_else(|| zone.to_timestamp(starts_on.at(0, 0, 0, 0)).ok())?,
            starts_on,
            ends_on: ends_on?,
            policy: policy?,
        })
    }

    fn fault(&mut self, key: &str, value: &str, rule: impl Into<String>) {
        let line = self.table.get(key).map(|value| self.source.line(value.span().start));
        let (column, value, rule) = (key.to_owned(), shown(value), rule.into());
        self.faults.push(Fault { file: SURVEY_FILE, line, column, value, rule });
    }

    /// Complains where `key` is absent.
    fn require(&mut self, key: &str) {
        if !self.table.contains_key(key) {
            self.fault(key, "", "missing; needed are id, name, district, time_zone, starts_on, ends_on");
        }
    }

    /// The string under `key`, trimmed; another type is a fault.
    fn string(&mut self, key: &str) -> Option<String> {
        match self.table.get(key)?.get_ref() {
            DeValue::String(text) => Some(text.trim().to_owned()),
            other @ (DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_)
            | DeValue::Table(_)) => {
                let rule = format!("in quotation marks, not as {}", other.type_str());
                self.fault(key, "", rule);
                None
            }
        }
    }

    fn slug(&mut self) -> Option<String> {
        self.require("id");
        let slug = self.string("id")?;
        let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
        let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        let ends = edge(slug.chars().next()) && edge(slug.chars().last());
        if slug.len() > SLUG_CHARS || !ends || !slug.chars().all(inner) {
            let rule = format!("1 to {SLUG_CHARS} small letters, digits and . _ - between them");
            self.fault("id", &slug, rule);
            return None;
        }
        Some(slug)
    }

    fn name(&mut self, key: &str) -> Option<String> {
        let name = self.string(key)?.split_whitespace().collect::<Vec<_>>().join(" ");
        if name.is_empty() || name.chars().any(char::is_control) || name.chars().count() > NAME_CHARS {
            self.fault(key, &name, format!("1 to {NAME_CHARS} characters on one line"));
            return None;
        }
        Some(name)
    }

    fn district(&mut self) -> Option<String> {
        self.require("district");
        let district = self.string("district")?;
        if !is_district(&district) {
            self.fault("district", &district, "a district code has 6 digits");
            return None;
        }
        Some(district)
    }

    fn zone(&mut self) -> Option<(String, TimeZone)> {
        self.require("time_zone");
        let name = self.string("time_zone")?;
        if let Ok(zone) = TimeZone::get(&name) {
            return Some((name, zone));
        }
        self.fault("time_zone", &name, "not a time zone of the IANA list, like Asia/Shanghai");
        None
    }

    /// The text under `key` of a date or moment, which may be written with or without quotation marks.
    fn moment(&mut self, key: &str) -> Option<String> {
        match self.table.get(key)?.get_ref() {
            DeValue::Datetime(moment) => Some(moment.to_string()),
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Array(_)
            | DeValue::Table(_) => self.string(key),
        }
    }

    fn date(&mut self, key: &str) -> Option<Date> {
        let text = self.moment(key)?;
        let date = (text.len() == 10).then(|| text.parse::<Date>().ok()).flatten();
        if let Some(date) = date.filter(|date| YEARS.contains(&date.year())) {
            return Some(date);
        }
        self.fault(key, &text, "a date like 2020-11-01");
        None
    }

    /// The reference moment: with an offset, or as local time of the survey's zone.
    fn reference(&mut self, zone: Option<&(String, TimeZone)>) -> Option<Timestamp> {
        let text = self.moment("reference_at")?;
        let local = || {
            let (_, zone) = zone?;
            let day = || text.parse::<Date>().ok().map(|day| day.at(0, 0, 0, 0));
            let clock = text.parse::<DateTime>().ok().or_else(day)?;
            zone.to_timestamp(clock).ok()
        };
        let moment = text.parse::<Timestamp>().ok().or_else(local);
        if moment.is_none() && zone.is_some() {
            self.fault("reference_at", &text, "a moment like 2020-11-01T00:00:00+08:00");
        }
        moment
    }
}
