//! Getting in: a phone by its one-time code, a supervisor by password.

use http::HeaderValue;
use http::header::SET_COOKIE;
use jiff::{SignedDuration, ToSpan};
use serde_json::json;
use warp::reply::Response;

use super::answer;
use super::app::App;
use super::auth;
use super::body::FORM_LIMIT;
use super::json;
use super::kind;
use super::known;
use super::limit::{Lane, Tries};
use super::problem::{FieldError, Problem};
use super::request::Request;
use crate::access;
use crate::domain::UserName;
use crate::store::access::{Enrolled, Membership, NewToken, TokenKind};

struct EnrolForm {
    code: String,
    device: uuid::Uuid,
    model: Option<String>,
    replaces: Option<uuid::Uuid>,
}

/// `POST /v1/enrol` `{code, device_id, model, replaces?}`: uses a one-time code up and gives the device its token. The
/// enumerator's doors and leases are the new device's at once; the one it `replaces` is cut off in the same moment.
/// Problems: `wrong-code`, `too-many-tries`, `body-not-valid`.
pub async fn enrol(app: App, mut request: Request) -> Result<Response, Problem> {
    let document = json::read(&mut request, FORM_LIMIT).await?;
    let form = document.form(|f| {
        let (code, device, model) = (f.text("code", 100), f.uuid("device_id"), f.optional_text("model", 200));
        let replaces = f.optional_uuid("replaces");
        Some(EnrolForm { code: code?, device: device?, model, replaces })
    })?;
    if form.device.is_nil() {
        return Err(Problem::not_valid(vec![FieldError::at("/device_id", "must not be the nil UUID")]));
    }
    let now = app.now();
    let hash = auth::hash(&access::plain_code(&form.code));
    let attempt = app.codes.allow(Tries { address: request.client(), user: None, browser: None })?;
    let found = attempt.judged(app.store().take_enrol_code(&hash, now).await)?;
    let (key, user) = found.ok_or_else(|| Problem::plain(&kind::WRONG_CODE))?;
    let member =
        membership(&app, &user, |m| m.key == key).await?.ok_or_else(|| Problem::plain(&kind::WRONG_CODE))?;
    let survey = app.surveys().reread(key).await?;
    let secret = auth::new_secret();
    let token = NewToken {
        hash: auth::hash(&secret),
        key,
        user: user.clone(),
        device: Some(form.device),
        kind: TokenKind::Device,
        csrf: None,
        created_at: now,
        expires_at: access::token_end(&survey),
    };
    match app.store().enrol(token, form.model, form.replaces).await? {
        Enrolled::Yes => Ok(answer::json(&json!({
            "token": secret, "device_id": form.device, "enumerator": user, "survey": member.survey,
            "area": member.area, "expires_at": access::token_end(&survey),
        }))),
        Enrolled::DeviceTaken => Err(Problem::not_valid(vec![FieldError::at(
            "/device_id",
            "belongs to somebody else or was cut off; make a new id",
        )])),
        Enrolled::NotYours => {
            Err(Problem::not_valid(vec![FieldError::at("/replaces", "is no device of this enumerator")]))
        }
        Enrolled::NotListed => Err(Problem::plain(&kind::WRONG_CODE)),
    }
}

async fn membership(
    app: &App,
    user: &str,
    fits: impl Fn(&Membership) -> bool,
) -> Result<Option<Membership>, Problem> {
    Ok(app.store().memberships(user).await?.into_iter().find(fits))
}

struct LoginForm {
    user: String,
    password: String,
    survey: Option<String>,
}

/// `POST /v1/login` `{user, password, survey?}`: a session cookie for a supervisor.
/// Problems: `wrong-login` (the same for unknown users), `too-many-tries`, `survey-needed`.
pub async fn login(app: App, mut request: Request) -> Result<Response, Problem> {
    let document = json::read(&mut request, FORM_LIMIT).await?;
    let form = document.form(|f| {
        let (user, password, survey) =
            (f.text("user", 200), f.text("password", 1000), f.optional_text("survey", 200));
        Some(LoginForm { user: user?, password: password?, survey })
    })?;
    let opened = sign_in(&app, &request, &form.user, &form.password, form.survey.as_deref()).await?;
    let mut response = answer::json(&json!({
        "user": opened.user, "survey": opened.survey, "role": opened.role, "area": opened.area, "csrf": opened.csrf,
    }));
    opened.cookies.set(&mut response);
    Ok(response)
}

/// A session just opened.
pub struct Opened {
    /// Login name as stored.
    pub user: String,
    /// The cookies to set.
    pub cookies: Cookies,
    /// Token of page forms.
    pub csrf: String,
    /// Name of the survey.
    pub survey: String,
    /// Role.
    pub role: String,
    /// Area code.
    pub area: String,
}

/// What a browser gets that has signed in.
pub struct Cookies {
    /// That it is known from now on.
    known: HeaderValue,
    session: HeaderValue,
}

impl Cookies {
    /// Puts them into an answer.
    pub fn set(self, response: &mut Response) {
        for cookie in [self.known, self.session] {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
    }
}

/// Checks a password and opens a session; the same work and words for unknown users.
/// Problems: `wrong-login`, `too-many-tries`, `busy`, `survey-needed`.
pub async fn sign_in(
    app: &App,
    request: &Request,
    user: &str,
    password: &str,
    survey: Option<&str>,
) -> Result<Opened, Problem> {
    let name = UserName::of(user);
    let browser = known::browser_of(&app.ingest.keys, request, &name, app.now());
    let attempt = app.passwords.allow(Tries { address: request.client(), user: Some(&name), browser })?;
    let lane = if browser.is_some() { Lane::Known } else { Lane::Stranger };
    let staff = attempt.judged(judge(app, lane, user, password).await)?;
    let staff = staff.ok_or_else(|| Problem::plain(&kind::WRONG_LOGIN))?;
    let member = match survey {
        Some(slug) => {
            staff.into_iter().find(|m| m.survey == slug).ok_or_else(|| Problem::plain(&kind::WRONG_LOGIN))?
        }
        None if staff.len() > 1 => {
            let names: Vec<&str> = staff.iter().map(|m| m.survey.as_str()).collect();
            let detail = format!("must name one of: {}", names.join(", "));
            return Err(
                Problem::plain(&kind::SURVEY_NEEDED).with_errors(vec![FieldError::at("/survey", detail)])
            );
        }
        None => staff.into_iter().next().ok_or_else(|| Problem::plain(&kind::WRONG_LOGIN))?,
    };
    open_session(app, request, member).await
}

/// Where the user supervises, if the password is right.
async fn judge(
    app: &App,
    lane: Lane,
    user: &str,
    password: &str,
) -> Result<Option<Vec<Membership>>, Problem> {
    let stored = app.store().password_hash(user).await?;
    let password = password.to_owned();
    let fits = app.hashing.run(lane, move || access::is_password(stored.as_deref(), &password)).await?;
    let mut staff = app.store().memberships(user).await?;
    staff.retain(|m| matches!(m.role.as_str(), "supervisor" | "admin"));
    Ok((fits && !staff.is_empty()).then_some(staff))
}

async fn open_session(app: &App, request: &Request, member: Membership) -> Result<Opened, Problem> {
    let (secret, csrf, now) = (auth::new_secret(), auth::new_secret(), app.now());
    let token = NewToken {
        hash: auth::hash(&secret),
        key: member.key,
        user: member.user.clone(),
        device: None,
        kind: TokenKind::Session,
        csrf: Some(csrf.clone()),
        created_at: now,
        expires_at: now + SignedDuration::from_hours(24 * 14),
    };
    if app.store().add_token(token, None).await? != Enrolled::Yes {
        return Err(Problem::plain(&kind::WRONG_LOGIN));
    }
    Ok(Opened {
        cookies: Cookies {
            known: known::remembered(&app.ingest.keys, request, &UserName::of(&member.user), now)?,
            session: auth::cookie(auth::SESSION, &secret, None, request.connection.carriage)?,
        },
        user: member.user,
        csrf,
        survey: member.survey,
        role: member.role,
        area: member.area,
    })
}

/// How long a one-time code may be used.
pub fn code_end(now: jiff::Timestamp) -> jiff::Timestamp {
    now.saturating_add(24.hours()).unwrap_or(now)
}
