//! The audit log: who looked at personal data, who decided what, who was let in.
//!
//! A decision is noted in its own transaction, a read before it is done (see [`super::Witness`]): what cannot be noted does not
//! happen.

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::access::Caller;
use super::tx::{Error, Outcome, Tx, statements};
use super::{Store, SurveyKey};
use crate::domain::AreaRange;

statements! {
    /// $1 district, $2 survey, $3 at, $4 user, $5 role, $6 action, $7 area, $8 subject, $9 detail.
    NOTE = "-- note_audit
        insert into audit (district_id, survey_no, at, user_name, role, action, area, subject, detail)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    /// $1 district, $2 survey, $3 lo, $4 hi, $5 before id, $6 limit, $7 action or null, $8 user or null.
    /// Newest first; lines that concern no area or one that is gone are for whoever sees the root.
    LIST = "-- list_audit
        select id, at, user_name, role, action, area, subject, detail from audit
        where district_id = $1 and survey_no = $2 and id < $5
          and (exists (select 1 from area a where a.district_id = $1 and a.survey_no = $2 and a.code = audit.area and a.lo between $3 and $4)
               or $3 <= (select min(lo) from area r where r.district_id = $1 and r.survey_no = $2))
          and ($7::text is null or action = $7) and ($8::text is null or user_name = $8)
        order by id desc limit $6";
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// A case with the people interviewed there was opened.
    ReadCase,
    /// A device pulled notes on doors.
    ReadNotes,
    /// A list of pairs of interviews was read.
    ReadLinks,
    /// A pair of interviews was opened.
    ReadLink,
    /// An export was taken.
    ReadExport,
    /// A filled-in form was opened.
    ReadForm,
    /// A picture was opened.
    ReadAttachment,
    /// A copy of everything was made.
    Backup,
    /// A case was decided on.
    DecideCase,
    /// A pair of interviews was decided on.
    DecideLink,
    /// A held record was decided on.
    DecideHeld,
    /// Doors were lent or taken back.
    Assign,
    /// A message was sent to phones.
    SendMessage,
    /// A message was withdrawn.
    WithdrawMessage,
    /// Cards were made ahead.
    MakeCards,
    /// A device was cut off.
    RevokeDevice,
    /// A device was enrolled.
    EnrolDevice,
    /// An enrolment code was made.
    MakeCode,
    /// A token was made from the shell.
    MakeToken,
    /// Tokens of a person were withdrawn.
    RevokeUser,
    /// Somebody signed in to the pages.
    SignIn,
    /// A password was set.
    SetPassword,
    /// A set-up was loaded.
    LoadSetup,
    /// A form was uploaded, published, opened or closed.
    ChangeForm,
    /// Personal data were removed.
    Purge,
    /// A backup was restored.
    Restore,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 26] = [
        Self::ReadCase,
        Self::ReadNotes,
        Self::ReadLinks,
        Self::ReadLink,
        Self::ReadExport,
        Self::ReadForm,
        Self::ReadAttachment,
        Self::Backup,
        Self::DecideCase,
        Self::DecideLink,
        Self::DecideHeld,
        Self::Assign,
        Self::SendMessage,
        Self::WithdrawMessage,
        Self::MakeCards,
        Self::RevokeDevice,
        Self::EnrolDevice,
        Self::MakeCode,
        Self::MakeToken,
        Self::RevokeUser,
        Self::SignIn,
        Self::SetPassword,
        Self::LoadSetup,
        Self::ChangeForm,
        Self::Purge,
        Self::Restore,
    ];

    /// The word in the log.
    pub fn slug(self) -> &'static str {
        match self {
            Self::ReadCase => "read_case",
            Self::ReadNotes => "read_notes",
            Self::ReadLinks => "read_links",
            Self::ReadLink => "read_link",
            Self::ReadExport => "read_export",
            Self::ReadForm => "read_form",
            Self::ReadAttachment => "read_attachment",
            Self::Backup => "backup",
            Self::DecideCase => "decide_case",
            Self::DecideLink => "decide_link",
            Self::DecideHeld => "decide_held",
            Self::Assign => "assign",
            Self::SendMessage => "send_message",
            Self::WithdrawMessage => "withdraw_message",
            Self::MakeCards => "make_cards",
            Self::RevokeDevice => "revoke_device",
            Self::EnrolDevice => "enrol_device",
            Self::MakeCode => "make_code",
            Self::MakeToken => "make_token",
            Self::RevokeUser => "revoke_user",
            Self::SignIn => "sign_in",
            Self::SetPassword => "set_password",
            Self::LoadSetup => "load_setup",
            Self::ChangeForm => "change_form",
            Self::Purge => "purge",
            Self::Restore => "restore",
        }
    }
}

/// One line to be written.
#[derive(Clone, Debug)]
pub struct Note {
    /// The survey.
    pub key: SurveyKey,
    /// Server time.
    pub at: Timestamp,
    /// Login name, or `operator`.
    pub user: String,
    /// Role, or `operator`.
    pub role: String,
    /// What was done.
    pub action: Action,
    /// Code of the area it concerns.
    pub area: Option<String>,
    /// The thing it was done to.
    pub subject: Option<Uuid>,
    /// What else is needed to understand it; no personal data.
    pub detail: Value,
}

impl Note {
    /// A line about what `caller` does in the caller's own area.
    pub fn by(caller: &Caller, action: Action, at: Timestamp) -> Self {
        Self {
            key: caller.key,
            at,
            user: caller.user.clone(),
            role: caller.role.slug().to_owned(),
            action,
            area: Some(caller.area.clone()),
            subject: None,
            detail: Value::Object(serde_json::Map::new()),
        }
    }

    /// A line about what a command of the shell does.
    pub fn by_operator(key: SurveyKey, action: Action, at: Timestamp) -> Self {
        Self {
            key,
            at,
            user: "operator".to_owned(),
            role: "operator".to_owned(),
            action,
            area: None,
            subject: None,
            detail: Value::Object(serde_json::Map::new()),
        }
    }

    /// Concerning this thing.
    #[must_use]
    pub fn about(mut self, subject: impl Into<Uuid>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Concerning this area.
    #[must_use]
    pub fn in_area(mut self, code: &str) -> Self {
        self.area = Some(code.to_owned());
        self
    }

    /// With what else is needed to understand it.
    #[must_use]
    pub fn with(mut self, detail: Value) -> Self {
        self.detail = detail;
        self
    }
}

/// A line as stored.
#[derive(Clone, Debug)]
pub struct Noted {
    /// Place in the log.
    pub id: i64,
    /// Server time.
    pub at: Timestamp,
    /// Who.
    pub user: String,
    /// Role then.
    pub role: String,
    /// What.
    pub action: String,
    /// Area code.
    pub area: Option<String>,
    /// The thing.
    pub subject: Option<Uuid>,
    /// What else.
    pub detail: Value,
}

/// Writes a line inside a transaction.
pub async fn note(tx: &Tx, n: &Note) -> Result<(), Error> {
    tx.execute(
        &NOTE,
        &[
            &n.key.district,
            &n.key.no,
            &n.at,
            &n.user,
            &n.role,
            &n.action.slug(),
            &n.area,
            &n.subject,
            &n.detail,
        ],
    )
    .await?;
    Ok(())
}

/// Which lines to list.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Range of the area; lines without an area are seen by whoever sees the root.
    pub range: AreaRange,
    /// Only lines before this one.
    pub before: i64,
    /// Only this action.
    pub action: Option<&'static str>,
    /// Only this person.
    pub user: Option<String>,
}

impl Store {
    /// Writes a line in a transaction of its own.
    pub async fn note_audit(&self, note: Note) -> Result<(), Error> {
        self.retrying("note_audit", move |tx| {
            let note = note.clone();
            Box::pin(async move {
                self::note(tx, &note).await?;
                Ok::<_, Error>(Outcome::Commit(()))
            })
        })
        .await
    }

    /// Lines of the log, newest first.
    pub async fn list_audit(&self, key: SurveyKey, f: &Filter, limit: i64) -> Result<Vec<Noted>, Error> {
        let params: [super::tx::Param<'_>; 8] =
            [&key.district, &key.no, &f.range.lo, &f.range.hi, &f.before, &limit, &f.action, &f.user];
        let rows = self.rows(&LIST, &params).await?;
        Ok(rows
            .iter()
            .map(|r| Noted {
                id: r.get("id"),
                at: r.get("at"),
                user: r.get("user_name"),
                role: r.get("role"),
                action: r.get("action"),
                area: r.get("area"),
                subject: r.get("subject"),
                detail: r.get("detail"),
            })
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_a_word_of_its_own() {
        let words: std::collections::HashSet<&str> = Action::ALL.iter().map(|a| a.slug()).collect();
        assert_eq!(words.len(), Action::ALL.len());
    }
}
