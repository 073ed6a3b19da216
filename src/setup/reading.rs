//! Reading the four files into one set-up: everything that is wrong, asked or told in one go, and the answers to what is
//! asked. What a file says never depends on an answer: an answer only lets it through.

use super::desk::Desk;
use super::files::Files;
use super::finding::{Faults, Finding, Findings};
use super::rule::Class;
use super::understood::{self, FileRead, Table};
use super::{FILES, Progress, Setup, areas, dwellings, forms, names, staff, survey};
use crate::domain::Language;
use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

/// A set-up that was read, with everything found on the way.
#[derive(Clone, Debug)]
pub struct Reading {
    setup: Option<Arc<Setup>>,
    findings: Vec<Finding>,
    read: Vec<FileRead>,
}

/// Names under which somebody said that what is asked about is right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accepted(BTreeSet<String>);

impl Accepted {
    /// These names, whatever their capitals.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self(names.into_iter().map(|name| name.trim().to_lowercase()).collect())
    }

    /// Whether a finding is answered.
    pub fn has(&self, finding: &Finding) -> bool {
        self.0.contains(&finding.name().to_lowercase())
    }

    /// Names that answer nothing of a reading.
    pub fn idle(&self, reading: &Reading) -> Vec<&str> {
        let asked: BTreeSet<String> = reading.asked().map(|one| one.name().to_lowercase()).collect();
        self.0.iter().filter(|name| !asked.contains(*name)).map(String::as_str).collect()
    }
}

/// Reads a set-up. `progress` is called now and then and at the end of every file. What cannot be judged because another
/// file is broken is left out.
pub fn examine(files: &dyn Files, progress: &mut dyn FnMut(Progress)) -> Reading {
    let mut desk = Desk { files, findings: Findings::default(), read: Vec::new(), progress };
    let (survey, district) = survey::read(&mut desk);
    let areas = areas::read(&mut desk);
    let dwellings = dwellings::read(&mut desk, &district.unwrap_or_default(), &areas);
    let staff = staff::read(&mut desk, &areas);
    let forms = forms::read(&mut desk, survey.as_ref().map(|survey| &survey.policy.forms));
    let is_sound = !desk.findings.has_bad();
    let setup = survey
        .filter(|_| is_sound)
        .map(|survey| Arc::new(Setup { survey, areas: areas.rows, dwellings, staff, forms }));
    Reading { setup, findings: desk.findings.into_sorted(), read: desk.read }
}

/// Reads a set-up of which nothing is asked.
///
/// # Errors
/// All faults of all files, and everything that is asked about.
pub fn read(files: &dyn Files, progress: &mut dyn FnMut(Progress)) -> Result<Setup, Faults> {
    examine(files, progress).answered(&Accepted::default())
}

/// The text of `survey.toml` as it is read: in UTF-8, with plain line ends and signs. None where it cannot be read.
pub fn survey_text(files: &dyn Files) -> Option<String> {
    let mut desk = Desk { files, findings: Findings::default(), read: Vec::new(), progress: &mut |_| {} };
    survey::text(&mut desk)
}

/// Whether a file of that name is one of a set-up, or may have been meant to be.
pub fn is_wanted(name: &str) -> bool {
    FILES.iter().any(|file| *file == name || names::may_mean(name, file)) || forms::is_wanted(name)
}

/// The name under which `file` lies there, if it does and is the only one that is meant.
///
/// # Errors
/// The names cannot be read.
pub fn file_of(files: &dyn Files, file: &str) -> io::Result<Option<String>> {
    Ok(names::find(file, &files.names()?).open)
}

impl Reading {
    /// The set-up, if nothing is wrong and everything asked is answered.
    ///
    /// # Errors
    /// What is wrong, and what is asked and not answered.
    pub fn answered(self, answers: &Accepted) -> Result<Setup, Faults> {
        match (self.faults(answers), self.setup) {
            (None, Some(setup)) => Ok(Arc::unwrap_or_clone(setup)),
            (faults, _) => Err(faults.unwrap_or_default()),
        }
    }

    /// What is wrong, and what is asked and not answered; none when the set-up may be applied.
    pub fn faults(&self, answers: &Accepted) -> Option<Faults> {
        let stands = |one: &&Finding| match one.class() {
            Class::Bad => true,
            Class::Asked => !answers.has(one),
            Class::Told => false,
        };
        let faults: Vec<_> = self.findings.iter().filter(stands).cloned().collect();
        (!faults.is_empty()).then(|| Faults::of(faults))
    }

    /// What was undone.
    pub fn told(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|one| one.class() == Class::Told)
    }

    /// What is asked.
    pub fn asked(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|one| one.class() == Class::Asked)
    }

    /// The set-up where nothing is wrong; something may still be asked.
    pub fn setup(&self) -> Option<&Arc<Setup>> {
        self.setup.as_ref()
    }

    /// What was understood: how the files were read, and what is in the lists where nothing is wrong.
    pub fn understood(&self, language: Language) -> (Table, Option<Table>) {
        let contents = self.setup.as_ref().map(|setup| understood::contents(setup, language));
        (understood::files(&self.read, language), contents)
    }
}
