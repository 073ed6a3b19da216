//! Getting in: a phone by its one-time code, a supervisor by password.

use crate::net::answer::Response;
use serde_json::json;

use crate::access;
use crate::app::App;
use crate::app::auth;
use crate::app::sign_in::sign_in;
use crate::net::answer;
use crate::net::body::FORM_LIMIT;
use crate::net::json;
use crate::net::kind;
use crate::net::limit::Tries;
use crate::net::problem::{FieldError, Problem};
use crate::net::request::Request;
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
