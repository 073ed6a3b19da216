//! The folder `forms`: each questionnaire in it is imported, and what is wrong with it is told with everything else.

use std::io::Read;
use std::sync::Arc;

use super::desk::{Desk, unreadable};
use super::rule::Rule;
use crate::domain::policy::Forms;
use crate::forms::binding::role_faults;
use crate::forms::media::media_faults;
use crate::forms::role::{Offered, guessed, is_offered, said};
use crate::forms::{Fault, Given, Imported, limits};

/// The version of a form that says none, until it is loaded: only then is it known what day it is.
pub const NO_VERSION: &str = "undated";
/// Endings of forms.
const ENDINGS: [&str; 4] = ["xlsx", "xls", "ods", "xml"];

/// A questionnaire of a set-up.
#[derive(Clone, Debug, PartialEq)]
pub struct SetupForm {
    /// Its file, `forms/needs.xlsx`.
    pub file: String,
    /// The file as it is.
    pub bytes: Arc<[u8]>,
    /// What it says; its version is [`NO_VERSION`] where it says none.
    pub imported: Imported,
    /// The files of its folder `forms/needs-media`, by name.
    pub media: Vec<(String, Vec<u8>)>,
}

/// Whether a file of that name is a form of a set-up, or belongs to one.
pub(super) fn is_wanted(name: &str) -> bool {
    let Some(inner) = name.strip_prefix("forms/") else { return false };
    match inner.split_once('/') {
        None => is_form(inner),
        Some((folder, file)) => folder.ends_with("-media") && !file.contains('/') && !is_hidden(file),
    }
}

fn is_form(name: &str) -> bool {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    !is_hidden(name) && ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}

/// What systems and office programs leave beside a file.
fn is_hidden(name: &str) -> bool {
    name.is_empty() || name.starts_with(['.', '~'])
}

/// Reads every form; those with faults are told and left out.
pub(super) fn read(desk: &mut Desk<'_>, policy: Option<&Forms>) -> Vec<SetupForm> {
    let names = match desk.files.forms() {
        Ok(names) => names,
        Err(error) => {
            desk.findings.add_form("forms", unreadable(&error));
            return Vec::new();
        }
    };
    let mut all: Vec<SetupForm> = Vec::new();
    for file in names.iter().filter(|name| name.matches('/').count() == 1 && is_wanted(name)) {
        match one(desk, file, &names, policy) {
            Err(rules) => rules.into_iter().for_each(|rule| desk.findings.add_form(file, rule)),
            Ok(form) => {
                let same = |other: &&SetupForm| other.imported.model.id == form.imported.model.id;
                if let Some(other) = all.iter().find(same) {
                    desk.findings.add_form(file, Rule::FormTwice { other: other.file.clone() });
                }
                for fault in &form.imported.warnings {
                    desk.findings.add_form(file, Rule::FormNote { fault: fault.clone() });
                }
                all.push(form);
            }
        }
    }
    all
}

fn one(
    desk: &Desk<'_>,
    file: &str,
    names: &[String],
    policy: Option<&Forms>,
) -> Result<SetupForm, Vec<Rule>> {
    let bytes: Arc<[u8]> = bytes_of(desk, file, limits::FILE_BYTES).map_err(|rule| vec![rule])?.into();
    let media = media(desk, file, names).map_err(|rule| vec![rule])?;
    let lengths: Vec<(&str, usize)> =
        media.iter().map(|(name, bytes)| (name.as_str(), bytes.len())).collect();
    let given = Given {
        bytes: Arc::clone(&bytes),
        default_version: NO_VERSION.to_owned(),
        languages: policy.map(|policy| policy.languages.clone()).unwrap_or_default(),
        files: media.iter().map(|(name, _)| name.clone()).collect(),
        ..Given::default()
    };
    let mut faults = media_faults(&lengths);
    match given.import() {
        Err(more) => faults.extend(more),
        Ok(imported) => {
            // Which role it gets is not known while survey.toml cannot be read.
            faults.extend(policy.map(|policy| faults_of_role(&imported, policy)).unwrap_or_default());
            if faults.is_empty() {
                return Ok(SetupForm { file: file.to_owned(), bytes, imported, media });
            }
        }
    }
    Err(faults.into_iter().map(|fault| Rule::FormFault { fault }).collect())
}

/// What is wrong with a form for the role that it gets.
fn faults_of_role(imported: &Imported, policy: &Forms) -> Vec<Fault> {
    let model = &imported.model;
    let role = said(policy, &model.id).unwrap_or_else(|| guessed(model));
    let has_own_main = policy.main != Forms::default().main;
    let offered = Offered { id: &model.id, role, is_built_in: false, has_own_main };
    role_faults(model, role, is_offered(policy, offered))
}

/// The files of `forms/x-media`.
fn media(desk: &Desk<'_>, file: &str, names: &[String]) -> Result<Vec<(String, Vec<u8>)>, Rule> {
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let folder = format!("{stem}-media/");
    let inside = names.iter().filter_map(|name| Some((name, name.strip_prefix(&folder)?)));
    let inside = inside.filter(|(_, plain)| !is_hidden(plain));
    inside.map(|(name, plain)| Ok((plain.to_owned(), bytes_of(desk, name, limits::MEDIA_BYTES)?))).collect()
}

/// The bytes of a file, one more than the limit at most.
fn bytes_of(desk: &Desk<'_>, name: &str, most: usize) -> Result<Vec<u8>, Rule> {
    let opened = desk.files.open(name).map_err(|error| unreadable(&error))?.ok_or(Rule::FileMissing)?;
    let mut bytes = Vec::new();
    let room = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    opened.bytes.take(room).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
    Ok(bytes)
}
