//! The set-up of a survey: reads `survey.toml`, `areas.csv`, `dwellings.csv`, `staff.csv` and the forms into one checked [`Setup`],
//! or names everything that is wrong with them, all in one go. It applies nothing: no database, no clock.

mod alike;
mod areas;
mod cells;
mod desk;
mod dialect;
mod dwellings;
mod encoding;
mod files;
mod finding;
mod forms;
mod header;
mod hours;
mod interner;
mod line;
mod lines;
mod names;
mod plain_toml;
mod plausible;
mod policy;
mod question;
mod reading;
mod rows;
mod rule;
mod said;
mod sheet;
mod shown;
mod source;
mod staff;
mod survey;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod understood;

pub use crate::domain::rules::Span;
pub use areas::AreaRow;
pub use dwellings::DwellingRow;
pub use encoding::Encoding;
pub use files::{Directory, Files, Memory, Opened};
pub use finding::{Faults, Finding};
pub use forms::{NO_VERSION, SetupForm};
pub use hours::{HoursError, parse as parse_hours};
pub use lines::Lines;
pub use question::{Answer, Answered, Question};
pub use reading::{Accepted, Reading, examine, file_of, is_wanted, read, survey_text};
pub use rule::{Class, Rule};
pub use said::Both;
pub use shown::shown;
pub use staff::{Shifts, StaffRow};
pub use survey::SurveySetup;
pub use understood::{FileRead, Table};

/// The TOML file's plain name.
pub const SURVEY_FILE: &str = "survey.toml";
/// The files of a set-up, in the order they are read.
pub const FILES: [&str; 4] = [SURVEY_FILE, areas::SHEET.file, dwellings::SHEET.file, staff::SHEET.file];

/// How far the reading has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The file being read.
    pub file: &'static str,
    /// Rows read of it, without the header.
    pub rows: u64,
    /// Bytes read of it.
    pub bytes: u64,
    /// Its length in bytes, where known.
    pub length: Option<u64>,
}

/// A set-up without a fault: every area, door and person refers only to what is there.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// The survey itself.
    pub survey: SurveySetup,
    /// The tree of areas in preorder: a parent comes before its children, the root first.
    pub areas: Vec<AreaRow>,
    /// The doors in the order of the file.
    pub dwellings: Vec<DwellingRow>,
    /// The staff in the order of the file.
    pub staff: Vec<StaffRow>,
    /// The forms of the folder `forms`, by their files' names.
    pub forms: Vec<SetupForm>,
}

impl Setup {
    /// The area called `code`.
    pub fn area(&self, code: &str) -> Option<&AreaRow> {
        self.areas.iter().find(|area| &*area.code == code)
    }

    /// The door's key, of which its id is the digest.
    pub fn key(&self, door: &DwellingRow) -> String {
        door.key(&self.survey.district)
    }
}

/// Place of `file` in [`FILES`].
fn file_rank(file: &str) -> usize {
    FILES.iter().position(|&known| known == file).unwrap_or(FILES.len())
}
