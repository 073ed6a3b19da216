//! Who may call: tokens, sessions, enrolment codes, passwords. Only hashes are kept.

use jiff::Timestamp;
use uuid::Uuid;

use super::audit::{Action, Note};
use super::sql_types::ReadRow;
use super::staff::{self, spelling};
use super::tx::{Error, Outcome, Tx, statements};
use super::{Store, SurveyKey};
use crate::domain::{AreaRange, Reach, Role, UserName};

statements! {
    /// $1 token hash, $2 now.
    FIND_TOKEN = "-- find_token
        select t.district_id, t.survey_no, t.user_name, t.device_id, t.kind, t.csrf, t.used_at, s.role, s.area, s.name, a.lo, a.hi,
               v.slug, v.policy_version
        from access_token t
        join survey v on v.district_id = t.district_id and v.survey_no = t.survey_no
        join staff s on s.district_id = t.district_id and s.survey_no = t.survey_no and s.user_name = t.user_name and s.is_active
        join area a on a.district_id = s.district_id and a.survey_no = s.survey_no and a.code = s.area
        left join device d on d.district_id = t.district_id and d.survey_no = t.survey_no and d.id = t.device_id
        where t.token_hash = $1 and t.revoked_at is null and t.expires_at > $2 and d.revoked_at is null
          and (t.kind <> 'session' or t.used_at > $2 - interval '12 hours')";
    /// $1 hash, $2 district, $3 survey, $4 user, $5 device, $6 kind, $7 csrf, $8 now, $9 expires.
    INSERT_TOKEN = "-- insert_token
        insert into access_token (token_hash, district_id, survey_no, user_name, device_id, kind, csrf, created_at, expires_at, used_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $8)";
    /// $1 hash, $2 now.
    TOUCH_TOKEN = "-- touch_token
        update access_token set used_at = $2 where token_hash = $1 and used_at < $2::timestamptz - interval '1 minute'";
    /// $1 hash, $2 now.
    REVOKE_TOKEN = "-- revoke_token
        update access_token set revoked_at = $2 where token_hash = $1 and revoked_at is null";
    /// $1 district, $2 survey, $3 user, $4 now. Withdraws every token and session of a person.
    REVOKE_USER = "-- revoke_user_tokens
        update access_token set revoked_at = $4
        where district_id = $1 and survey_no = $2 and user_name = $3 and revoked_at is null";
    /// $1 district, $2 survey, $3 user. A code not used yet would let the person in again.
    DROP_CODES = "-- drop_enrol_codes
        delete from enrol_code where district_id = $1 and survey_no = $2 and user_name = $3";
    /// $1 hash, $2 now.
    FIND_CODE = "-- find_enrol_code
        select district_id, survey_no, user_name from enrol_code where code_hash = $1 and expires_at > $2";
    /// $1 hash. One use only.
    TAKE_CODE = "-- take_enrol_code
        delete from enrol_code where code_hash = $1";
    /// $1 hash.
    HAS_TOKEN = "-- has_token
        select from access_token where token_hash = $1";
    /// $1 hash, $2 district, $3 survey, $4 user, $5 expires.
    INSERT_CODE = "-- insert_enrol_code
        insert into enrol_code (code_hash, district_id, survey_no, user_name, expires_at) values ($1, $2, $3, $4, $5)";
    /// $1 user, $2 compared form.
    USER_SURVEYS = concat!("-- user_surveys
        select s.district_id, s.survey_no, s.user_name, s.name, s.role, s.area, v.slug, v.ends_on from staff s
        join survey v on v.district_id = s.district_id and v.survey_no = s.survey_no
        where s.user_name = ", spelling!("$1", "$2"), " and s.is_active order by v.survey_no");
    /// $1 district, $2 survey, $3 device, $4 user, $5 model, $6 now, $7 client. Keeps a device of another person as it is.
    ENROL_DEVICE = "-- enrol_device
        insert into device as d (district_id, survey_no, id, user_name, model, enrolled_at, client)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict on constraint device_pk do update set model = coalesce(excluded.model, d.model)
          where d.user_name = excluded.user_name and d.revoked_at is null
        returning id";
    /// $1 district, $2 survey, $3 device, $4 user. Of the person who has the name now.
    FIND_DEVICE = "-- find_device_of
        select d.id from device d where d.district_id = $1 and d.survey_no = $2 and d.id = $3 and d.user_name = $4
          and not exists (select 1 from staff s where s.district_id = $1 and s.survey_no = $2 and s.user_name = $4 and s.since > d.enrolled_at)";
    /// $1 user, $2 compared form.
    FIND_PASSWORD = concat!("-- find_password
        select password_hash from account where user_name = ", spelling!("$1", "$2"));
    /// $1 user, $2 hash, $3 now.
    SET_PASSWORD = "-- set_password
        insert into account (user_name, password_hash, set_at) values ($1, $2, $3)
        on conflict on constraint account_pk do update set password_hash = excluded.password_hash, set_at = excluded.set_at";
    /// $1 user, $2 now. A new password ends the sessions made with the old one.
    END_SESSIONS = "-- end_sessions
        update access_token set revoked_at = $2 where user_name = $1 and kind = 'session' and revoked_at is null";
}

/// What kind of token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// Of an enrolled device.
    Device,
    /// Of a supervisor or admin, for the API.
    Staff,
    /// Cookie of the pages.
    Session,
    /// Key in a Collect device's server address; opens that face only.
    Odk,
}

impl TokenKind {
    fn slug(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Staff => "staff",
            Self::Session => "session",
            Self::Odk => "odk",
        }
    }

    /// How the audit log calls its issue.
    fn action(self) -> Action {
        match self {
            Self::Device | Self::Odk => Action::EnrolDevice,
            Self::Staff => Action::MakeToken,
            Self::Session => Action::SignIn,
        }
    }
}

/// Who a valid token stands for.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The survey it acts in.
    pub key: SurveyKey,
    /// Name of the survey on the wire.
    pub survey: String,
    /// Version of the policy in force.
    pub policy_version: i32,
    /// Login name.
    pub user: String,
    /// Name shown.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Area code.
    pub area: String,
    /// Range of that area.
    pub range: AreaRange,
    /// Device, for a device's token.
    pub device: Option<Uuid>,
    /// Kind.
    pub kind: TokenKind,
    /// Token of page forms.
    pub csrf: Option<String>,
}

impl Caller {
    /// How far the caller sees.
    pub fn reach(&self) -> Reach {
        Reach { range: self.range, user: self.user.clone() }
    }
}

/// A survey a person works in.
#[derive(Clone, Debug)]
pub struct Membership {
    /// Login name as stored.
    pub user: String,
    /// The survey.
    pub key: SurveyKey,
    /// Its name on the wire.
    pub survey: String,
    /// Name shown to colleagues.
    pub name: String,
    /// Role.
    pub role: Role,
    /// Area code.
    pub area: String,
    /// Last field day.
    pub ends_on: jiff::civil::Date,
}

/// A token to be stored.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// SHA-256 of the token.
    pub hash: Vec<u8>,
    /// The survey.
    pub key: SurveyKey,
    /// The person.
    pub user: String,
    /// The device.
    pub device: Option<Uuid>,
    /// Kind.
    pub kind: TokenKind,
    /// Token of page forms.
    pub csrf: Option<String>,
    /// Who made it on a page for somebody else.
    pub made_by: Option<Caller>,
    /// Now.
    pub created_at: Timestamp,
    /// End of validity.
    pub expires_at: Timestamp,
}

/// What came of enrolling a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enrolled {
    /// The device is enrolled and its token stored.
    Yes,
    /// The device id belongs to somebody else or was cut off.
    DeviceTaken,
    /// The device to be replaced is none of this person's.
    NotYours,
    /// The person is not on the list, or in another role.
    NotListed,
    /// The code was used by another phone in the meantime.
    CodeUsed,
}

async fn insert_token(tx: &Tx, t: &NewToken) -> Result<(), Error> {
    tx.execute(
        &INSERT_TOKEN,
        &[
            &t.hash,
            &t.key.district,
            &t.key.no,
            &t.user,
            &t.device,
            &t.kind.slug(),
            &t.csrf,
            &t.created_at,
            &t.expires_at,
        ],
    )
    .await?;
    Ok(())
}

async fn enrol(
    tx: &Tx,
    t: &NewToken,
    model: Option<&str>,
    replaces: Option<Uuid>,
) -> Result<Enrolled, Error> {
    let is_of_device = matches!(t.kind, TokenKind::Device | TokenKind::Odk);
    let is_listed = |role: Role| is_of_device == (role == Role::Enumerator);
    if !staff::hold(tx, t.key, &t.user).await?.is_some_and(|s| is_listed(s.role)) {
        return Ok(Enrolled::NotListed);
    }
    if let Some(device) = t.device {
        let row = tx
            .query_opt(
                &ENROL_DEVICE,
                &[
                    &t.key.district,
                    &t.key.no,
                    &device,
                    &t.user,
                    &model,
                    &t.created_at,
                    &(t.kind == TokenKind::Odk).then_some("collect"),
                ],
            )
            .await?;
        if row.is_none() {
            return Ok(Enrolled::DeviceTaken);
        }
        if let Some(old) = replaces.filter(|old| *old != device) {
            if tx.query_opt(&FIND_DEVICE, &[&t.key.district, &t.key.no, &old, &t.user]).await?.is_none() {
                return Ok(Enrolled::NotYours);
            }
            super::device::revoke(tx, t.key, old, &t.user, Some("replaced by a new phone"), t.created_at)
                .await?;
            super::device::replace(tx, t.key, old, device).await?;
        }
    }
    insert_token(tx, t).await?;
    let noted = match &t.made_by {
        Some(by) => Note::by(by, t.kind.action(), t.created_at),
        None => Note {
            user: t.user.clone(),
            role: t.kind.slug().to_owned(),
            ..Note::by_operator(t.key, t.kind.action(), t.created_at)
        },
    };
    let detail = serde_json::json!({"for": t.user, "replaces": replaces, "expires_at": t.expires_at});
    super::audit::note(tx, &Note { subject: t.device, ..noted.with(detail) }).await?;
    Ok(Enrolled::Yes)
}

impl Store {
    /// Who the token with this hash stands for; `None` when it is unknown, expired, withdrawn or its person has left.
    pub async fn caller(&self, hash: &[u8], now: Timestamp) -> Result<Option<Caller>, Error> {
        let mut tries = 0;
        loop {
            match self.find_caller(hash, now).await {
                // A connection of the pool may have been cut off since it was last used.
                Err(Error::Unavailable) if tries < 2 => {
                    tries += 1;
                    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                }
                done => return done,
            }
        }
    }

    async fn find_caller(&self, hash: &[u8], now: Timestamp) -> Result<Option<Caller>, Error> {
        let client = self.client().await?;
        let name = FIND_TOKEN.name();
        let statement = client.prepare_cached(FIND_TOKEN.sql).await.map_err(|e| Error::of(name, &e))?;
        let row = client.query_opt(&statement, &[&hash, &now]).await.map_err(|e| Error::of(name, &e))?;
        row.map(|r| {
            Ok(Caller {
                key: SurveyKey { district: r.get("district_id"), no: r.get("survey_no") },
                survey: r.get("slug"),
                policy_version: r.get("policy_version"),
                user: r.get("user_name"),
                name: r.get("name"),
                role: r.read("staff", "role")?,
                area: r.get("area"),
                range: AreaRange { lo: r.get("lo"), hi: r.get("hi") },
                device: r.get("device_id"),
                kind: match r.get::<_, &str>("kind") {
                    "device" => TokenKind::Device,
                    "session" => TokenKind::Session,
                    "odk" => TokenKind::Odk,
                    _ => TokenKind::Staff,
                },
                csrf: r.get("csrf"),
            })
        })
        .transpose()
    }

    /// Stores a token; for a device it enrols the device first.
    pub async fn add_token(&self, token: NewToken, model: Option<String>) -> Result<Enrolled, Error> {
        self.enrol(token, model, None, None).await
    }

    /// The same for a device that may take the place of another one of its person, which is cut off in that moment, and that
    /// uses up a code (its hash). What is refused uses up nothing.
    pub async fn enrol(
        &self,
        token: NewToken,
        model: Option<String>,
        replaces: Option<Uuid>,
        code: Option<&[u8]>,
    ) -> Result<Enrolled, Error> {
        let code = code.map(<[u8]>::to_vec);
        self.retrying("enrol", move |tx| {
            let (token, model, code) = (token.clone(), model.clone(), code.clone());
            Box::pin(async move {
                // After a commit whose outcome was unknown the token is here and the code is gone.
                let is_repeated = tx.query_opt(&HAS_TOKEN, &[&token.hash]).await?.is_some();
                let mut done = enrol(tx, &token, model.as_deref(), replaces).await?;
                if let Some(code) = code.filter(|_| done == Enrolled::Yes && !is_repeated) {
                    let used = tx.execute(&TAKE_CODE, &[&code]).await?;
                    done = if used == 1 { Enrolled::Yes } else { Enrolled::CodeUsed };
                }
                // Nothing of a refused enrolment stays.
                Ok::<_, Error>(if done == Enrolled::Yes {
                    Outcome::Commit(done)
                } else {
                    Outcome::Rollback(done)
                })
            })
        })
        .await
    }

    /// Notes that a session was used.
    pub async fn touch_session(&self, hash: &[u8], now: Timestamp) -> Result<(), Error> {
        self.run(&TOUCH_TOKEN, &[&hash, &now]).await?;
        Ok(())
    }

    /// Withdraws one token.
    pub async fn revoke_token(&self, hash: &[u8], now: Timestamp) -> Result<(), Error> {
        self.run(&REVOKE_TOKEN, &[&hash, &now]).await?;
        Ok(())
    }

    /// Withdraws every token of a person in a survey; returns how many.
    pub async fn revoke_user(&self, key: SurveyKey, user: &str, now: Timestamp) -> Result<u64, Error> {
        let user = user.to_owned();
        self.retrying("revoke_user", move |tx| {
            let user = user.clone();
            Box::pin(async move {
                let n = tx.execute(&REVOKE_USER, &[&key.district, &key.no, &user, &now]).await?;
                tx.execute(&DROP_CODES, &[&key.district, &key.no, &user]).await?;
                let noted = Note::by_operator(key, Action::RevokeUser, now);
                super::audit::note(tx, &noted.with(serde_json::json!({"for": user, "tokens": n}))).await?;
                Ok::<_, Error>(Outcome::Commit(n))
            })
        })
        .await
    }

    /// Whose phone an enrolment code enrols. `None` when it is unknown, used or expired. [`Store::enrol`] uses it up.
    pub async fn find_enrol_code(
        &self,
        hash: &[u8],
        now: Timestamp,
    ) -> Result<Option<(SurveyKey, String)>, Error> {
        let row = self.row(&FIND_CODE, &[&hash, &now]).await?;
        Ok(row.map(|r| {
            let key = SurveyKey { district: r.get("district_id"), no: r.get("survey_no") };
            (key, r.get("user_name"))
        }))
    }

    /// Stores an enrolment code for an enumerator; `false` when there is none of that name.
    pub async fn add_enrol_code(
        &self,
        hash: &[u8],
        key: SurveyKey,
        user: &str,
        expires_at: Timestamp,
        by: Option<&Caller>,
    ) -> Result<bool, Error> {
        let (hash, user, by) = (hash.to_vec(), user.to_owned(), by.cloned());
        self.retrying("add_enrol_code", move |tx| {
            let (hash, user, by) = (hash.clone(), user.clone(), by.clone());
            Box::pin(async move {
                let person = staff::hold(tx, key, &user).await?.filter(|s| s.role == Role::Enumerator);
                let Some(user) = person.map(|s| s.user) else { return Ok(Outcome::Rollback(false)) };
                tx.execute(&INSERT_CODE, &[&hash, &key.district, &key.no, &user, &expires_at]).await?;
                // A code lives for a day.
                let made_at = expires_at - jiff::SignedDuration::from_hours(24);
                let noted = match &by {
                    Some(by) => Note::by(by, Action::MakeCode, made_at),
                    None => Note::by_operator(key, Action::MakeCode, made_at),
                };
                super::audit::note(tx, &noted.with(serde_json::json!({"for": user}))).await?;
                Ok::<_, Error>(Outcome::Commit(true))
            })
        })
        .await
    }

    /// The surveys a person works in, found by the value of the login name.
    pub async fn memberships(&self, user: &str) -> Result<Vec<Membership>, Error> {
        let name = UserName::of(user);
        let rows = self.rows(&USER_SURVEYS, &[&name.written(), &name.key()]).await?;
        rows.iter()
            .map(|r| {
                Ok(Membership {
                    user: r.get("user_name"),
                    key: SurveyKey { district: r.get("district_id"), no: r.get("survey_no") },
                    survey: r.get("slug"),
                    name: r.get("name"),
                    role: r.read("staff", "role")?,
                    area: r.get("area"),
                    ends_on: r.get("ends_on"),
                })
            })
            .collect::<Result<_, Error>>()
    }

    /// The stored password hash of a person, found by the value of the login name.
    pub async fn password_hash(&self, user: &str) -> Result<Option<String>, Error> {
        let name = UserName::of(user);
        let found = self.row(&FIND_PASSWORD, &[&name.written(), &name.key()]).await?;
        Ok(found.map(|r| r.get("password_hash")))
    }

    /// Sets a password and ends the person's sessions; `false` when nobody of that name is on a list.
    pub async fn set_password(&self, user: &str, hash: &str, now: Timestamp) -> Result<bool, Error> {
        let (user, hash) = (user.to_owned(), hash.to_owned());
        self.retrying("set_password", move |tx| {
            let (user, hash) = (user.clone(), hash.clone());
            Box::pin(async move {
                let user = staff::spelled(tx, &user).await?;
                let surveys = staff::hold_anywhere(tx, &user).await?;
                if surveys.is_empty() {
                    return Ok(Outcome::Rollback(false));
                }
                tx.execute(&SET_PASSWORD, &[&user, &hash, &now]).await?;
                tx.execute(&END_SESSIONS, &[&user, &now]).await?;
                for key in surveys {
                    let noted = Note::by_operator(key, Action::SetPassword, now);
                    super::audit::note(tx, &noted.with(serde_json::json!({"for": user}))).await?;
                }
                Ok::<_, Error>(Outcome::Commit(true))
            })
        })
        .await
    }
}
