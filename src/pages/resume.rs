//! A form sent after its session ended: nothing typed is lost. The sender signs in, sees what was about to be sent, and
//! sends it again under the new session.

use crate::net::answer::Response;
use askama::Template;

use super::form::{Form, local_path};
use super::frame::{Frame, masked, page};
use super::login::{self, Shown};
use crate::net::problem::Problem;
use crate::net::request::{Carriage, Request};

/// The field that holds where the kept form goes.
pub const TARGET: &str = "resume_path";
/// What the names of the kept fields begin with.
const KEPT: &str = "kept.";

#[derive(Template)]
#[template(path = "resume.html")]
struct Page {
    f: Frame,
    target: String,
    fields: Vec<(String, String)>,
}

/// The sign-in page with the form's fields inside.
pub fn sign_in_first(request: &Request, form: &Form) -> Result<Response, Problem> {
    let kept = form.fields().map(|(name, value)| (format!("{KEPT}{name}"), value.clone())).collect();
    let shown =
        Shown { next: request.path.clone(), target: Some(request.path.clone()), kept, ..Shown::default() };
    login::form(&request.headers, request.connection.carriage, shown)
}

/// The kept fields of a sign-in form, under the names they had.
pub fn kept(form: &Form) -> Vec<(String, String)> {
    form.fields()
        .filter_map(|(name, value)| Some((name.strip_prefix(KEPT)?.to_owned(), value.clone())))
        .collect()
}

/// The kept fields of a sign-in form, under the names they have in it.
pub fn kept_as_is(form: &Form) -> Vec<(String, String)> {
    form.fields().filter(|(name, _)| name.starts_with(KEPT)).cloned().collect()
}

/// After signing in: shows what was about to be sent, with a button that sends it.
pub fn offer(
    request: &Request,
    form: &Form,
    csrf: &str,
    carriage: Carriage,
) -> Option<Result<Response, Problem>> {
    let target = local_path(Some(form.text(TARGET)?));
    let mut f = Frame::outside(&request.headers, "resume.title", &target);
    f.csrf = masked(csrf);
    Some(page(&Page { f, target, fields: kept(form) }, &request.headers, carriage))
}
