//! The set-up of a survey: reads `survey.toml`, `areas.csv`, `dwellings.csv` and `staff.csv` into one checked [`Setup`],
//! or names everything that is wrong with them, all in one go. It applies nothing: no database, no clock.

mod areas;
mod dwellings;
mod fault;
mod files;
mod hours;
mod policy;
mod question;
mod rows;
mod source;
mod staff;
mod survey;
mod table;
#[cfg(test)]
mod tests;

pub use crate::domain::rules::Span;
pub use areas::AreaRow;
pub use dwellings::DwellingRow;
pub use fault::{Fault, Faults, shown};
pub use files::{Directory, Files, Memory, Opened};
pub use hours::{HoursError, parse as parse_hours};
pub use question::{Answer, Answered, Question};
pub use staff::{Shifts, StaffRow};
pub use survey::SurveySetup;

use std::io;

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

/// Reads a set-up. `progress` is called now and then and at the end of every file.
///
/// # Errors
/// All faults of all files. What cannot be judged because another file is broken is left out.
pub fn read(files: &dyn Files, progress: &mut dyn FnMut(Progress)) -> Result<Setup, Faults> {
    let mut faults = Faults::default();
    let (survey, district) = survey::read(files, &mut faults);
    let areas = areas::read(files, &mut faults, progress);
    let district = district.unwrap_or_default();
    let dwellings = dwellings::read(files, &district, &areas, &mut faults, progress);
    let staff = staff::read(files, &areas, &mut faults, progress);
    match survey {
        Some(survey) if faults.is_empty() => Ok(Setup { survey, areas: areas.rows, dwellings, staff }),
        Some(_) | None => {
            faults.sort();
            Err(faults)
        }
    }
}

/// Place of `file` in [`FILES`].
fn file_rank(file: &str) -> usize {
    FILES.iter().position(|&known| known == file).unwrap_or(FILES.len())
}

/// Why a file that is there cannot be read, without a path or a system's own words.
fn unreadable(error: &io::Error) -> String {
    let kind = error.kind();
    if kind == io::ErrorKind::PermissionDenied {
        "the file may not be read by this user".to_owned()
    } else if kind == io::ErrorKind::IsADirectory {
        "a directory stands where the file should be".to_owned()
    } else {
        format!("the file cannot be read ({kind})")
    }
}
