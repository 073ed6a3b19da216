//! `survey.toml`: the survey's own facts. The policy tables in the same file are handed to `policy`.

use super::SURVEY_FILE;
use super::desk::{Desk, unreadable};
use super::encoding;
use super::finding::{Findings, Place};
use super::plain_toml;
use super::policy;
use super::rule::Rule;
use super::source::Source;
use super::text::{NotDecoded, Text};
use super::understood::FileRead;
use crate::domain::policy::Policy;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use std::error::Error;
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

/// Keys that must be there.
const NEEDED_KEYS: [&str; 6] = ["id", "name", "district", "time_zone", "starts_on", "ends_on"];

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
pub(super) fn read(desk: &mut Desk<'_>) -> (Option<SurveySetup>, Option<String>) {
    let Some(text) = text(desk) else {
        return (None, None);
    };
    let source = Source::new(SURVEY_FILE, &text);
    let (table, errors) = DeTable::parse_recoverable(&text);
    if !errors.is_empty() {
        for error in errors {
            let line = error.span().map(|span| source.line(span.start));
            let rule = Rule::Toml { message: shown_message(error.message()) };
            desk.findings.add(Place { line, ..Place::whole(SURVEY_FILE) }, "", rule);
        }
        return (None, None);
    }
    let mut reading = Reading { table: table.get_ref(), source: &source, findings: &mut desk.findings };
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

/// The file as text, with plain line ends and plain signs.
pub(super) fn text(desk: &mut Desk<'_>) -> Option<String> {
    let (name, encoding) = desk.find(SURVEY_FILE)?;
    let place = || Place::whole(SURVEY_FILE);
    let opened = match desk.files.open(&name) {
        Ok(Some(opened)) => opened,
        Ok(None) => {
            desk.findings.add(place(), "", Rule::FileMissing);
            return None;
        }
        Err(error) => {
            desk.findings.add(place(), "", unreadable(&error));
            return None;
        }
    };
    let mut reading = Text::new(opened.bytes, encoding);
    let mut bytes = Vec::new();
    let read = reading.by_ref().take(SIZE_LIMIT + 1).read_to_end(&mut bytes);
    let lines = String::from_utf8_lossy(&bytes).matches('\n').count() as u64 + 1;
    let wrong = match read {
        Ok(_) if bytes.len() as u64 > SIZE_LIMIT => Some((None, Rule::TooLarge)),
        Ok(_) => reading.dropped.zeros.map(|(line, _)| (Some(line), Rule::ZeroBytes)),
        Err(error) if error.get_ref().is_some_and(<dyn Error + Send + Sync>::is::<NotDecoded>) => {
            Some((Some(lines), Rule::NotUtf8))
        }
        Err(error) => Some((None, unreadable(&error))),
    };
    if let Some((line, rule)) = wrong {
        desk.findings.add(Place { line, ..place() }, "", rule);
        return None;
    }
    let text = String::from_utf8(bytes).ok()?;
    let (ends, is_odd) = reading.dropped.ends.label();
    if let Some(rule) = encoding::rule(encoding) {
        let example = text.lines().find(|line| !line.is_ascii()).unwrap_or_default();
        desk.findings.add(place(), example, rule);
    }
    if is_odd {
        desk.findings.add(place(), "", Rule::LineEnds { ends });
    }
    desk.read.push(FileRead { ends: Some(ends), ..FileRead::new(SURVEY_FILE, encoding) });
    let (text, changed) = plain_toml::plain(&text);
    for line in changed {
        desk.findings.add(Place::line(SURVEY_FILE, line), "", Rule::TomlSigns);
    }
    Some(text)
}

/// A date with the year first, as `2020/11/1`, `2020.11.1`, `2020-11-1` or `2020年11月1日`.
fn written_date(text: &str) -> Option<Date> {
    let mut parts = text.trim_end_matches('日').split(['/', '.', '-', '年', '月']);
    let year = parts.next().filter(|year| year.len() == 4)?.parse().ok()?;
    let (month, day) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    parts.next().is_none().then(|| Date::new(year, month, day).ok())?
}

/// Six digits.
fn is_district(code: &str) -> bool {
    code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit())
}

/// The parsed file while it is judged.
struct Reading<'a, 'i> {
    table: &'a DeTable<'i>,
    source: &'a Source<'a>,
    findings: &'a mut Findings,
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
            self.fault("ends_on", &ends.to_string(), Rule::EndsBefore { starts: starts.to_string() });
        }
        let reference_at = self.reference(zone.as_ref());
        let policy = policy::read(self.table, self.source, self.findings);
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

    fn fault(&mut self, key: &'static str, value: &str, rule: Rule) {
        let line = self.table.get(key).map(|value| self.source.line(value.span().start));
        self.findings.add(Place { line, ..Place::whole(SURVEY_FILE) }.column(key), value, rule);
    }

    /// Complains where `key` is absent.
    fn require(&mut self, key: &'static str) {
        if !self.table.contains_key(key) {
            let needed = NEEDED_KEYS.join(", ");
            self.fault(key, "", Rule::KeyMissing { needed });
        }
    }

    /// The string under `key`, trimmed; another type is a fault.
    fn string(&mut self, key: &'static str) -> Option<String> {
        match self.table.get(key)?.get_ref() {
            DeValue::String(text) => Some(text.trim().to_owned()),
            other @ (DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_)
            | DeValue::Table(_)) => {
                self.fault(key, "", Rule::InQuotes { kind: other.type_str().to_owned() });
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
            self.fault("id", &slug, Rule::SlugSigns { most: SLUG_CHARS });
            return None;
        }
        Some(slug)
    }

    fn name(&mut self, key: &'static str) -> Option<String> {
        let name = self.string(key)?.split_whitespace().collect::<Vec<_>>().join(" ");
        if name.is_empty() || name.chars().any(char::is_control) || name.chars().count() > NAME_CHARS {
            self.fault(key, &name, Rule::NameLine { most: NAME_CHARS });
            return None;
        }
        Some(name)
    }

    fn district(&mut self) -> Option<String> {
        self.require("district");
        let district = self.string("district")?;
        if !is_district(&district) {
            self.fault("district", &district, Rule::SixDigits);
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
        self.fault("time_zone", &name, Rule::NoZone);
        None
    }

    /// The text under `key` of a date or moment, which may be written with or without quotation marks.
    fn moment(&mut self, key: &'static str) -> Option<String> {
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

    fn date(&mut self, key: &'static str) -> Option<Date> {
        let text = self.moment(key)?;
        let date = (text.len() == 10).then(|| text.parse::<Date>().ok()).flatten();
        let (date, is_usual) = (date.or_else(|| written_date(&text)), date.is_some());
        let Some(date) = date.filter(|date| YEARS.contains(&date.year())) else {
            self.fault(key, &text, Rule::NoDate);
            return None;
        };
        if !is_usual {
            self.fault(key, &text, Rule::DateWritten);
        }
        Some(date)
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
            self.fault("reference_at", &text, Rule::NoMoment);
        }
        moment
    }
}
