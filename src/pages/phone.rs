//! The phone's page: for now how a phone is enrolled and that it syncs through the API.

use askama::Template;

use super::frame::{Frame, page};
use super::visitor::Answer;
use crate::app::App;
use crate::net::request::{Carriage, Request};

#[derive(Template)]
#[template(path = "phone.html")]
struct Page {
    f: Frame,
    is_secure: bool,
}

/// `GET /phone/`: how to enrol; the same for everybody, signed in or not.
pub async fn show(_: App, request: Request) -> Answer {
    let carriage = request.connection.carriage;
    let f = Frame::outside(&request.headers, "phone.title", "/phone/");
    let is_local = request.peer().ip().is_loopback();
    page(&Page { f, is_secure: carriage == Carriage::Tls || is_local }, &request.headers, carriage)
}
