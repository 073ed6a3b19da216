//! Signing in: a password is checked, a session opened, and the browser known from then on.

use crate::net::answer::Response;
use http::HeaderValue;
use http::header::SET_COOKIE;
use jiff::SignedDuration;

use super::{App, auth, known};
use crate::access;
use crate::domain::{Role, UserName};
use crate::net::kind;
use crate::net::limit::{Lane, Tries};
use crate::net::problem::{FieldError, Problem};
use crate::net::request::Request;
use crate::store::access::{Enrolled, Membership, NewToken, TokenKind};

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
    pub role: Role,
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
    staff.retain(|m| m.role.supervises());
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
        made_by: None,
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
