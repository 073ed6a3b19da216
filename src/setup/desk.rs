//! What the readers of the four files share: where the files come from, what was found so far, and who wants to know how
//! far the reading has come.

use super::encoding::{self, Encoding};
use super::files::Files;
use super::finding::{Findings, Place};
use super::names;
use super::rule::Rule;
use super::understood::FileRead;
use super::{Progress, SURVEY_FILE};
use std::io;

/// The desk on which a set-up is read.
pub(super) struct Desk<'a> {
    pub files: &'a dyn Files,
    pub findings: Findings,
    /// How each file was read.
    pub read: Vec<FileRead>,
    pub progress: &'a mut dyn FnMut(Progress),
}

impl Desk<'_> {
    /// Finds `file` and its encoding; says why where it cannot be read.
    pub fn find(&mut self, file: &'static str) -> Option<(String, Encoding)> {
        let names = match self.files.names() {
            Ok(names) => names,
            Err(error) => {
                self.findings.add(Place::whole(file), "", unreadable(&error));
                return None;
            }
        };
        let found = names::find(file, &names);
        if self.files.repeated().iter().any(|name| Some(name) == found.open.as_ref()) {
            self.findings.add(Place::whole(file), "", Rule::FileTwice);
            return None;
        }
        if let Some(rule) = found.rule {
            self.findings.add(Place::whole(file), "", rule);
        }
        let open = found.open?;
        let encoding = match encoding::of(self.files, &open) {
            Ok(Some(Ok(encoding))) => encoding,
            Ok(Some(Err(what))) if file == SURVEY_FILE => {
                return self.refuse(file, Rule::NotTomlText { what });
            }
            Ok(Some(Err(what))) => return self.refuse(file, Rule::NotText { what }),
            Ok(None) => return self.refuse(file, Rule::FileMissing),
            Err(error) => return self.refuse(file, unreadable(&error)),
        };
        Some((open, encoding))
    }

    fn refuse<T>(&mut self, file: &'static str, rule: Rule) -> Option<T> {
        self.findings.add(Place::whole(file), "", rule);
        None
    }
}

/// Why a file that is there cannot be read, without a path or a system's own words.
pub(super) fn unreadable(error: &io::Error) -> Rule {
    let kind = error.kind();
    if kind == io::ErrorKind::PermissionDenied {
        Rule::Denied
    } else if kind == io::ErrorKind::IsADirectory {
        Rule::IsDirectory
    } else {
        Rule::Unreadable { why: kind.to_string() }
    }
}
