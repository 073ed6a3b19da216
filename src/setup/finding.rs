//! What the readers found, so that whoever edits the file finds the cell: one finding for a kind of damage in a column,
//! however many lines have it. A finding never shows a long run of digits nor a person's name.

use super::file_rank;
use super::lines::Lines;
use super::rule::{Class, Rule};
use super::shown::shown;
use crate::domain::Language;
use std::borrow::Cow;
use std::fmt;

/// How many findings [`Faults`] prints.
const PRINTED: usize = 200;
/// Values with the same fault in one column that are named one by one; further ones share one finding.
const NAMED_VALUES: usize = 8;

/// One thing found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file's plain name; of a form with its folder.
    pub file: Cow<'static, str>,
    /// The lines that have it; none when the whole file is meant.
    pub lines: Lines,
    /// Column of a CSV file or key of the TOML file (`closing.max_attempts`); empty when the line or file is meant.
    pub column: String,
    /// The value of the first line, cut and masked; empty when there is none to show.
    pub value: String,
    /// What it is.
    pub rule: Rule,
}

impl Finding {
    /// What becomes of it.
    pub fn class(&self) -> Class {
        self.rule.class()
    }

    /// The name under which it is answered: file, column and code.
    pub fn name(&self) -> String {
        let stem = self.file.split('.').next().unwrap_or_default();
        let plain = |c: char| if c.is_alphanumeric() || c == '_' { c } else { '-' };
        let column: String = self.column.chars().map(plain).collect();
        let parts = [stem, &column, self.rule.code()];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".")
    }

    /// File, first line, column, value and rule, and the other lines.
    pub fn say(&self, language: Language) -> String {
        let line = self.lines.first().map_or_else(String::new, |line| format!(":{line}"));
        let column = if self.column.is_empty() { String::new() } else { format!(": {}", self.column) };
        let value = if self.value.is_empty() { String::new() } else { format!(": \"{}\"", self.value) };
        let others = self.lines.others().map_or_else(String::new, |others| match (language, self.class()) {
            (Language::En, Class::Told) => format!(" ({} times)", self.lines.count()),
            (Language::Zh, Class::Told) => format!("（{} 处）", self.lines.count()),
            (Language::En, Class::Bad | Class::Asked) => format!(" (also on lines {others})"),
            (Language::Zh, Class::Bad | Class::Asked) => format!("（另见第 {others} 行）"),
        });
        format!("{}{line}{column}{value}: {}{others}", self.file, self.rule.say(language))
    }

    /// The sentence of the command: a question says how it is answered.
    fn with_answer(&self) -> String {
        let text = self.say(Language::En);
        match self.class() {
            Class::Asked => format!("{text}; correct it, or add --accept {} if it is right", self.name()),
            Class::Bad | Class::Told => text,
        }
    }

    fn is_at(&self, file: &str, column: &str, code: &str) -> bool {
        self.file == file && self.column == column && self.rule.code() == code
    }
}

/// A place in a file.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub file: &'static str,
    pub line: Option<u64>,
    pub column: Cow<'static, str>,
}

impl Place {
    /// The file as a whole.
    pub fn whole(file: &'static str) -> Self {
        Self { file, line: None, column: Cow::Borrowed("") }
    }

    /// One line of the file.
    pub fn line(file: &'static str, line: u64) -> Self {
        Self { file, line: Some(line), column: Cow::Borrowed("") }
    }

    /// The same place in one column.
    pub fn column(self, column: impl Into<Cow<'static, str>>) -> Self {
        Self { column: column.into(), ..self }
    }
}

/// Everything found so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Findings {
    all: Vec<Finding>,
}

impl Findings {
    /// Adds one finding; `value` is cut and masked here.
    pub fn add(&mut self, place: Place, value: &str, rule: Rule) {
        let (code, line) = (rule.code(), place.line);
        let file = Cow::Borrowed(place.file);
        let is_bad = rule.class() == Class::Bad;
        let value = if is_bad { shown(value) } else { String::new() + value };
        let mut same = 0;
        for one in &mut self.all {
            if one.file != file || one.column != place.column {
                continue;
            }
            if one.rule.code() == code && (!is_bad || one.value == value) {
                one.lines.add(line);
                return;
            }
            same += usize::from(one.rule.code() == code);
        }
        let column = place.column.into_owned();
        if same < NAMED_VALUES {
            let value = if is_bad { value } else { shown(&value) };
            self.all.push(Finding { file, lines: Lines::of(line), column, value, rule });
        } else {
            self.overflow(place.file, column, line);
        }
    }

    /// Adds one finding of several lines.
    pub fn add_lines(&mut self, place: Place, lines: &Lines, value: &str, rule: Rule) {
        let (file, column) = (Cow::Borrowed(place.file), place.column.into_owned());
        self.all.push(Finding { file, lines: lines.clone(), column, value: shown(value), rule });
    }

    /// Counts one more line of a fault of which enough values are named.
    fn overflow(&mut self, file: &'static str, column: String, line: Option<u64>) {
        let code = Rule::More { lines: String::new() }.code();
        if let Some(more) = self.all.iter_mut().find(|one| one.is_at(file, &column, code)) {
            more.lines.add(line);
            return;
        }
        let rule = Rule::More { lines: String::new() };
        let file = Cow::Borrowed(file);
        self.all.push(Finding { file, lines: Lines::of(line), column, value: String::new(), rule });
    }

    /// Adds what is wrong with a form, or what its author should know; each of them stands by itself.
    pub fn add_form(&mut self, file: &str, rule: Rule) {
        let (lines, file) = (Lines::of(None), Cow::Owned(file.to_owned()));
        self.all.push(Finding { file, lines, column: String::new(), value: String::new(), rule });
    }

    /// Whether something wrong was found.
    pub fn has_bad(&self) -> bool {
        self.all.iter().any(|one| one.class() == Class::Bad)
    }

    /// How many lines something wrong was found on.
    pub fn bad(&self) -> u64 {
        self.all.iter().filter(|one| one.class() == Class::Bad).map(|one| one.lines.count()).sum()
    }

    /// On how many lines a column has what `rule` says.
    pub fn count(&self, file: &str, column: &str, rule: &Rule) -> u64 {
        let all = self.all.iter().filter(|one| one.is_at(file, column, rule.code()));
        all.map(|one| one.lines.count()).sum()
    }

    /// Says `to` of a column instead of `from`, now that the whole file is known.
    pub fn turn(&mut self, file: &str, column: &str, from: &Rule, to: &Rule) {
        for one in self.all.iter_mut().filter(|one| one.is_at(file, column, from.code())) {
            one.rule = to.clone();
        }
    }

    /// Sorted by file (in the order they are read) and line, those of a whole file first.
    pub fn into_sorted(self) -> Vec<Finding> {
        let mut all = self.all;
        for one in &mut all {
            if let Rule::More { lines } = &mut one.rule {
                *lines = one.lines.to_string();
                one.lines = Lines::of(None);
            }
        }
        all.sort_by_key(|one| (file_rank(&one.file), one.lines.first()));
        all
    }
}

/// Why a set-up is not applied: what is wrong, and what was asked and not answered. Never empty when returned as an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    listed: Vec<Finding>,
}

impl Faults {
    pub(super) fn of(listed: Vec<Finding>) -> Self {
        Self { listed }
    }

    /// The findings in the order of files and lines.
    pub fn listed(&self) -> &[Finding] {
        &self.listed
    }

    /// What is wrong.
    pub fn wrong(&self) -> usize {
        self.listed.iter().filter(|one| one.class() == Class::Bad).count()
    }

    /// What is asked.
    pub fn asked(&self) -> usize {
        self.listed.iter().filter(|one| one.class() == Class::Asked).count()
    }

    /// How many there are.
    pub fn total(&self) -> usize {
        self.listed.len()
    }
}

impl fmt::Display for Faults {
    /// One finding a line, at most 200, then how many more there are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, one) in self.listed.iter().take(PRINTED).enumerate() {
            let gap = if n > 0 { "\n" } else { "" };
            write!(f, "{gap}{}", one.with_answer())?;
        }
        match self.listed.len().checked_sub(PRINTED) {
            Some(more) if more > 0 => write!(f, "\n… and {more} more"),
            Some(_) | None => Ok(()),
        }
    }
}

impl std::error::Error for Faults {}
