//! What is wrong with a form, with its place, in both languages of the product. No fault stops the search for others.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::Language;

/// One fault or one warning about a form.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The sheet of the spreadsheet, in small letters.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sheet: Option<String>,
    /// The row as the spreadsheet shows it, from 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub row: Option<usize>,
    /// The header of the column.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub column: Option<String>,
    /// The node, as `/data/group/name`, where the form came as an `XForm`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub path: Option<String>,
    /// What is wrong and what to do, in English.
    pub detail: Box<str>,
    /// The same in Chinese.
    pub detail_zh: Box<str>,
}

impl Fault {
    /// A fault of the form as a whole.
    pub fn new(en: impl Into<Box<str>>, zh: impl Into<Box<str>>) -> Self {
        Self { detail: en.into(), detail_zh: zh.into(), ..Self::default() }
    }

    /// The same fault, in a sheet.
    #[must_use]
    pub fn sheet(mut self, sheet: &str) -> Self {
        self.sheet = Some(sheet.to_owned());
        self
    }

    /// The same fault, in a row.
    #[must_use]
    pub fn row(mut self, row: usize) -> Self {
        self.row = Some(row);
        self
    }

    /// The same fault, in a column.
    #[must_use]
    pub fn column(mut self, column: &str) -> Self {
        self.column = Some(column.to_owned());
        self
    }

    /// The same fault, at a node.
    #[must_use]
    pub fn path(mut self, path: &str) -> Self {
        self.path = Some(path.to_owned());
        self
    }

    /// What is wrong, in a language.
    pub fn words(&self, language: Language) -> &str {
        match language {
            Language::En => &self.detail,
            Language::Zh => &self.detail_zh,
        }
    }

    /// The place and what is wrong, on one line: `survey: row 12: constraint: …`.
    pub fn line(&self, language: Language) -> String {
        let mut line = String::new();
        let row = self.row.map(|row| format!("row {row}"));
        let path = self.path.clone().filter(|_| self.sheet.is_none());
        for part in [self.sheet.clone(), row, path, self.column.clone()].into_iter().flatten() {
            line.push_str(&part);
            line.push_str(": ");
        }
        line.push_str(&self.words(language).replace(['\n', '\r'], " "));
        line
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line(Language::En))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_one_line_that_begins_with_its_place() {
        let fault = Fault::new("must\nbe", "须").sheet("survey").row(12).column("constraint");
        assert_eq!(fault.line(Language::En), "survey: row 12: constraint: must be");
        assert_eq!(fault.line(Language::Zh), "survey: row 12: constraint: 须");
        assert_eq!(Fault::new("x", "y").path("/data/a").to_string(), "/data/a: x");
    }
}
