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
    let found = attempt.judged(app.store().find_enrol_code(&hash, now).await)?;
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
        made_by: None,
        created_at: now,
        expires_at: access::token_end(&survey),
    };
    match app.store().enrol(token, form.model, form.replaces, Some(&hash)).await? {
        Enrolled::Yes => Ok(answer::json(&json!({
            "token": secret, "device_id": form.device, "enumerator": user, "name": member.name, "survey": member.survey,
            "area": member.area, "expires_at": access::token_end(&survey),
        }))),
        Enrolled::DeviceTaken => Err(Problem::not_valid(vec![FieldError::at(
            "/device_id",
            "belongs to somebody else or was cut off; make a new id",
        )])),
        Enrolled::NotYours => {
            Err(Problem::not_valid(vec![FieldError::at("/replaces", "is no device of this enumerator")]))
        }
        Enrolled::NotListed | Enrolled::CodeUsed => Err(Problem::plain(&kind::WRONG_CODE)),
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

/// What the `OpenAPI` document says of this file.
pub(super) mod described {
    use crate::api::openapi::prelude::*;

    /// The calls of this file.
    pub fn calls() -> Vec<Call> {
        vec![
        post("/v1/enrol", "enrol", "Enrols a device with a one-time code").who(Who::Anybody).takes(object([
                ("code", text().filled(64).about("One use, 24 hours.")),
                ("device_id", uuid().about("Made by the device.")),
                ("model?", text().up_to(200)),
                ("replaces?", uuid().about("A phone of the same person that this one takes the place of; it is cut off at once.")),
            ])).gives("Done.", object([
                ("token", text().about("Bearer token, shown once.")),
                ("device_id", uuid()),
                ("enumerator", text()),
                ("name", text()),
                ("survey", text()),
                ("area?", text()),
                ("expires_at?", time()),
            ])).fails(&[400, 403, 429, 503]),
        post("/v1/login", "login", "Opens a session for the pages").about("The session serves the pages and every GET of this API. HttpOnly, SameSite=Lax, Secure \
                under TLS, 12 hours idle. A second cookie, `doorknock_known`, lets nobody in: for 90 \
                days the browser's wrong tries are counted apart from those of others at the same \
                address. `busy`: more sign-ins at once than the service hashes.").who(Who::Anybody).takes(object([
                ("user", text().filled(200)),
                ("password", text().filled(1000)),
                ("survey?", text().up_to(200).about("Needed by who works in several.")),
            ])).gives("Signed in.", object([
                ("user", text()),
                ("role", words(["supervisor", "admin"])),
                ("survey", text()),
                ("area?", text()),
                ("csrf?", text().about("Token of page forms.")),
            ])).gives_header("Set-Cookie", "", text()).fails(&[400, 401, 403, 404, 429, 503]),
    ]
    }
}
