//! Signing in and out. A wrong user and a wrong password look alike.

use crate::net::answer::Response;
use askama::Template;
use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderName, StatusCode};

use super::form::{Form, expired, local_path};
use super::frame::{Frame, page, see_other};
use super::resume::{self, TARGET};
use super::visitor::{Answer, Visitor};
use super::words::Words;
use crate::app::App;
use crate::app::auth;
use crate::app::sign_in::sign_in;
use crate::net::body::{FORM_LIMIT, read};
use crate::net::kind;
use crate::net::problem::Problem;
use crate::net::request::{Carriage, Request};

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

#[derive(Template)]
#[template(path = "login.html")]
struct Page {
    f: Frame,
    shown: Shown,
}

/// What the sign-in page shows besides its fields.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// Where to go afterwards.
    pub next: String,
    /// What was typed as user.
    pub user: String,
    /// What was typed as survey, or empty.
    pub survey: String,
    /// What went wrong, in the reader's words.
    pub trouble: Option<String>,
    /// Whether the survey is asked for.
    pub asks_survey: bool,
    /// Where a kept form goes.
    pub target: Option<String>,
    /// Its fields.
    pub kept: Vec<(String, String)>,
}

/// The sign-in page; 401 when it answers a form, as nothing was done.
pub fn form(headers: &HeaderMap, carriage: Carriage, shown: Shown) -> Answer {
    let is_answer = shown.trouble.is_some() || shown.target.is_some();
    let f = Frame::outside(headers, "login.title", "/login");
    let mut response = page(&Page { f, shown }, headers, carriage)?;
    if is_answer {
        *response.status_mut() = StatusCode::UNAUTHORIZED;
    }
    Ok(response)
}

/// `GET /login?next=PATH`: the form.
pub async fn show(_: App, request: Request) -> Answer {
    let query = request.query()?;
    let shown = Shown { next: local_path(query.text("next")), ..Shown::default() };
    form(&request.headers, request.connection.carriage, shown)
}

/// `POST /login`: opens a session and goes where the visitor was.
pub async fn submit(app: App, mut request: Request) -> Answer {
    let site = request.header(&FETCH_SITE).unwrap_or("same-origin");
    if !matches!(site, "same-origin" | "none") {
        return Err(expired());
    }
    let body = read(&mut request, FORM_LIMIT).await?;
    let fields = Form::parse(&body)?;
    let user = fields.text("user").unwrap_or_default().to_owned();
    let password = fields.given("password").unwrap_or_default().to_owned();
    let survey = fields.text("survey").map(str::to_owned);
    let (headers, carriage) = (request.headers.clone(), request.connection.carriage);
    let words = Words::of(&headers);
    let mut shown = Shown {
        next: local_path(fields.text("next")),
        user: user.clone(),
        survey: survey.clone().unwrap_or_default(),
        asks_survey: survey.is_some(),
        target: fields.text(TARGET).map(|t| local_path(Some(t))),
        kept: resume::kept_as_is(&fields),
        trouble: None,
    };
    if user.is_empty() || password.is_empty() || user.chars().count() > 200 || password.chars().count() > 1000
    {
        shown.trouble = Some(words.t("login.wrong").to_owned());
        return form(&headers, carriage, shown);
    }
    match sign_in(&app, &request, &user, &password, survey.as_deref()).await {
        Ok(opened) => {
            let mut response = match resume::offer(&request, &fields, &opened.csrf, carriage) {
                Some(offer) => offer?,
                None => see_other(&shown.next, carriage),
            };
            opened.cookies.set(&mut response);
            Ok(response)
        }
        Err(problem) => again(&headers, carriage, shown, problem),
    }
}

/// The form once more, with what went wrong; what is not about user and password is a page of its own.
fn again(headers: &HeaderMap, carriage: Carriage, mut shown: Shown, problem: Problem) -> Answer {
    let words = Words::of(headers);
    if problem.kind == &kind::SURVEY_NEEDED {
        shown.asks_survey = true;
        shown.trouble = Some(words.t("login.which_survey").to_owned());
    } else if problem.kind == &kind::WRONG_LOGIN {
        shown.trouble = Some(words.t("login.wrong").to_owned());
    } else if [&kind::TOO_MANY_TRIES, &kind::BUSY].contains(&problem.kind) {
        shown.trouble = Some(problem.in_words(words.0).to_owned());
    } else {
        return Err(problem);
    }
    let mut response = form(headers, carriage, shown)?;
    if problem.status() == StatusCode::TOO_MANY_REQUESTS {
        problem.mark(&mut response);
    }
    Ok(response)
}

/// `POST /logout`: ends the session.
pub async fn logout(v: Visitor, _: Form) -> Answer {
    if let Some(secret) = v.request.cookie(auth::SESSION) {
        v.app.store().revoke_token(&auth::hash(secret), v.now).await?;
    }
    let carriage = v.request.connection.carriage;
    let mut response: Response = see_other("/login", carriage);
    response.headers_mut().append(SET_COOKIE, auth::cookie(auth::SESSION, "", Some(0), carriage)?);
    Ok(response)
}
