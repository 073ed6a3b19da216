//! Personal data leave the store before a witness only: whoever asks for them shows that the read stands in the audit log.
//!
//! A [`Witness`] is made here and nowhere else, by writing the line. So a new reader cannot forget it, and what cannot be
//! noted, on a database that takes no writes for instance, is not read.

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::access::Caller;
use super::audit::{Action, Note};
use super::tx::Error;
use super::{Store, SurveyKey};
use crate::domain::{CaseId, LinkState};

/// By what way somebody reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A call of the API.
    Api,
    /// A page in a browser.
    Page,
    /// A command of the shell.
    Command,
}

impl Way {
    fn slug(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Page => "page",
            Self::Command => "command",
        }
    }
}

/// Who reads, and by what way.
#[derive(Clone, Debug)]
pub struct ReadBy {
    note: Note,
    way: Way,
    os_user: Option<String>,
}

impl ReadBy {
    /// Somebody with a token or a session.
    pub fn caller(caller: &Caller, way: Way) -> Self {
        Self { note: Note::by(caller, Action::ReadCase, Timestamp::UNIX_EPOCH), way, os_user: None }
    }

    /// Who runs a command on the machine; `os_user` as the machine knows that person.
    pub fn operator(key: SurveyKey, os_user: &str) -> Self {
        let note = Note::by_operator(key, Action::ReadCase, Timestamp::UNIX_EPOCH);
        Self { note, way: Way::Command, os_user: Some(os_user.to_owned()) }
    }
}

/// What is read.
#[derive(Clone, Debug, PartialEq)]
pub enum Disclosure {
    /// A door with what was said there.
    Case {
        /// The case.
        id: CaseId,
        /// Its area.
        area: String,
    },
    /// Notes on doors of a device's reach.
    Notes {
        /// Area of the device's person.
        area: String,
        /// How many notes.
        count: usize,
    },
    /// A list of pairs of interviews.
    Links {
        /// Pairs in this state.
        state: LinkState,
        /// The area; none for the whole survey.
        area: Option<String>,
    },
    /// One pair of interviews.
    Link {
        /// The link.
        id: Uuid,
        /// Area of a side in reach.
        area: String,
    },
    /// A filled-in form.
    Submission {
        /// The instance.
        id: Uuid,
        /// Area of its door, where it is of one in reach.
        area: Option<String>,
    },
    /// A picture.
    Picture {
        /// The attachment.
        id: Uuid,
        /// The door's area.
        area: String,
        /// The door, when a visit names the picture.
        case: Option<CaseId>,
    },
    /// Rows of a whole area.
    Export {
        /// What of it.
        kind: &'static str,
        /// csv or geojson.
        format: &'static str,
        /// The area; none for the whole survey.
        area: Option<String>,
    },
    /// Answers to a form, of a whole area.
    Answers {
        /// The form.
        form: String,
        /// csv, jsonl, zip, or page for a table in a browser.
        format: &'static str,
        /// The area; none for the whole survey.
        area: Option<String>,
    },
    /// A copy of everything.
    Backup,
}

impl Disclosure {
    /// Action, area, subject and what else tells it from others.
    fn parts(self) -> (Action, Option<String>, Option<Uuid>, Value) {
        match self {
            Self::Case { id, area } => (Action::ReadCase, Some(area), Some(id.into()), json!({})),
            Self::Notes { area, count } => (Action::ReadNotes, Some(area), None, json!({"notes": count})),
            Self::Links { state, area } => (Action::ReadLinks, area, None, json!({"state": state})),
            Self::Link { id, area } => (Action::ReadLink, Some(area), Some(id), json!({})),
            Self::Submission { id, area } => (Action::ReadForm, area, Some(id), json!({})),
            Self::Picture { id, area, case } => {
                (Action::ReadAttachment, Some(area), Some(id), json!({"case_id": case}))
            }
            Self::Export { kind, format, area } => {
                (Action::ReadExport, area, None, json!({"kind": kind, "format": format}))
            }
            Self::Answers { form, format, area } => {
                (Action::ReadExport, area, None, json!({"kind": "forms", "form": form, "format": format}))
            }
            Self::Backup => (Action::Backup, None, None, json!({})),
        }
    }
}

/// A read of personal data stands in the audit log.
#[derive(Debug)]
pub struct Witness(());

impl Witness {
    /// For tests of what needs no database.
    #[cfg(test)]
    pub fn of_a_test() -> Self {
        Self(())
    }
}

impl Store {
    /// Notes who reads what; to be done once it is known that the thing exists and is in reach, and before it is read.
    pub async fn witness(&self, by: &ReadBy, read: Disclosure, now: Timestamp) -> Result<Witness, Error> {
        let (action, area, subject, mut detail) = read.parts();
        if let Some(all) = detail.as_object_mut() {
            all.insert("way".to_owned(), json!(by.way.slug()));
            all.extend(by.os_user.as_ref().map(|user| ("os_user".to_owned(), json!(user))));
        }
        self.note_audit(Note { at: now, action, area, subject, detail, ..by.note.clone() }).await?;
        Ok(Witness(()))
    }
}
