//! Who looks at a page, and the two ways into one: reading by GET, writing by POST with the token of the session.

use std::future::Future;
use std::sync::Arc;

use crate::net::answer::Response;
use askama::Template;
use futures_util::future::BoxFuture;
use http::Method;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};

use super::asof::AsOf;
use super::form::{Form, expired};
use super::frame::{self, Frame, Tab, Who, is_token, masked, page, quoted, see_other};

use super::resume;
use super::when::When;
use super::words::Words;
use crate::app::App;
use crate::app::memory::Waiting;
use crate::app::{auth, reach};
use crate::domain::{AreaRange, LinkState, Role, Viewed};
use crate::net::body::{FORM_LIMIT, read};
use crate::net::kind;
use crate::net::problem::Problem;
use crate::net::query::Query;
use crate::net::request::Request;
use crate::pages::panel;
use crate::report::evening_start;
use crate::store::access::Caller;
use crate::store::case::DuePlace;
use crate::store::survey::AreaRow;
use crate::store::{Disclosure, ReadBy, Way, Witness};
use crate::surveys::Survey;
use crate::sync::silent_before;
use crate::visits::returns::items;

/// The answer of a page.
pub type Answer = Result<Response, Problem>;

/// Most doors looked at for the number of return visits due today.
const MOST_DUE: i64 = 2_000;

/// Somebody signed in, with what was asked.
pub struct Visitor {
    /// What handlers share.
    pub app: App,
    /// The request.
    pub request: Request,
    /// Who.
    pub caller: Caller,
    /// The survey.
    pub survey: Arc<Survey>,
    /// The language.
    pub words: Words,
    /// Now.
    pub now: Timestamp,
}

/// A page for people who are signed in; others are sent to sign in and come back.
pub fn reading<H, F>(
    handler: H,
) -> impl Fn(App, Request) -> BoxFuture<'static, Answer> + Send + Sync + 'static
where
    H: Fn(Visitor) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Answer> + Send + 'static,
{
    move |app, request| {
        let handler = handler.clone();
        Box::pin(async move {
            match enter(&app, &request).await {
                Ok((caller, survey)) => handler(visitor(app, request, caller, survey)).await,
                Err(problem) if problem.kind == &kind::NOT_SIGNED_IN => {
                    let login = format!("/login?next={}", quoted(&here(&request)));
                    Ok(see_other(&login, request.connection.carriage))
                }
                Err(problem) => Err(problem),
            }
        })
    }
}

/// A form of a page. One that carries another session's token is refused; one sent after the session ended is kept until
/// its sender has signed in again.
pub fn writing<H, F>(
    handler: H,
) -> impl Fn(App, Request) -> BoxFuture<'static, Answer> + Send + Sync + 'static
where
    H: Fn(Visitor, Form) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Answer> + Send + 'static,
{
    move |app, mut request| {
        let handler = handler.clone();
        Box::pin(async move {
            let entered = enter(&app, &request).await;
            let is_lost = entered.as_ref().is_err_and(|p| p.kind == &kind::NOT_SIGNED_IN);
            if !is_lost {
                let (caller, survey) = entered?;
                let form = Form::parse(&read(&mut request, FORM_LIMIT).await?)?;
                let visitor = visitor(app, request, caller, survey);
                visitor.check_token(form.given("csrf"))?;
                visitor.app.pages.forget();
                return handler(visitor, form).await;
            }
            let form = Form::parse(&read(&mut request, FORM_LIMIT).await?)?;
            resume::sign_in_first(&request, &form)
        })
    }
}

async fn enter(app: &App, request: &Request) -> Result<(Caller, Arc<Survey>), Problem> {
    let caller = auth::session(app, request).await?;
    if !auth::is_supervisor(&caller) {
        return Err(Problem::plain(&kind::WRONG_ROLE));
    }
    let survey = app.survey(&caller).await?;
    Ok((caller, survey))
}

fn visitor(app: App, request: Request, caller: Caller, survey: Arc<Survey>) -> Visitor {
    let (words, now) = (Words::of(&request.headers), app.now());
    Visitor { app, request, caller, survey, words, now }
}

/// Path and query of a request.
pub fn here(request: &Request) -> String {
    if request.query.is_empty() || !matches!(request.method, Method::GET | Method::HEAD) {
        request.path.clone()
    } else {
        format!("{}?{}", request.path, request.query)
    }
}

impl Visitor {
    /// The frame of a page of this visitor.
    pub async fn frame(&self, tab: Tab, title: impl Into<String>) -> Result<Frame, Problem> {
        let query = self.query()?;
        let waiting = self.waiting().await?;
        Ok(Frame {
            words: self.words,
            title: title.into(),
            tab,
            survey: self.words.pick(&self.survey.name, &self.survey.name_zh).clone(),
            who: Some(Who { name: self.caller.name.clone(), is_admin: self.caller.role == Role::Admin }),
            asof: Some(AsOf::of(self, waiting)),
            waiting,
            csrf: masked(self.caller.csrf.as_deref().unwrap_or_default()),
            theme: frame::theme(&self.request.headers),
            here: quoted(&here(&self.request)),
            done: done(&query, self.words),
        })
    }

    /// The page as an answer.
    pub fn show<T: Template>(&self, template: &T) -> Answer {
        page(template, &self.request.headers, self.request.connection.carriage)
    }

    /// Sends the browser on after a form, saying what was done.
    pub fn go(&self, to: &str) -> Answer {
        Ok(see_other(to, self.request.connection.carriage))
    }

    /// The query, taken apart.
    pub fn query(&self) -> Result<Query, Problem> {
        self.request.query()
    }

    /// Refuses a form that does not carry the session's token.
    pub fn check_token(&self, sent: Option<&str>) -> Result<(), Problem> {
        let token = self.caller.csrf.as_deref().unwrap_or_default();
        if is_token(token, sent.unwrap_or_default()) { Ok(()) } else { Err(expired()) }
    }

    /// The area named by `?area=`, else the own one.
    pub async fn area(&self, query: &Query) -> Result<AreaRow, Problem> {
        let code = query.text("area").unwrap_or(&self.caller.area).to_owned();
        reach::area_by_code(&self.app, &self.caller, code).await
    }

    /// The user named by a parameter, written as it is stored; empty where none is named.
    pub async fn user(&self, named: Option<&str>) -> Result<String, Problem> {
        match named {
            None | Some("") => Ok(String::new()),
            Some(user) => {
                // How somebody beyond the reader's reach is written is not told.
                let stored = self.app.store().spelled(user).await?;
                let is_known = stored == user || panel::names(self).await?.contains_key(&stored);
                Ok(if is_known { stored } else { user.to_owned() })
            }
        }
    }

    /// Notes that a page shows personal data, before they are read.
    pub async fn witness(&self, read: Disclosure) -> Result<Witness, Problem> {
        Ok(self.app.store().witness(&ReadBy::caller(&self.caller, Way::Page), read, self.now).await?)
    }

    /// Times by the survey's clock.
    pub fn when(&self) -> When<'_> {
        When { rules: &self.survey.rules, words: self.words, years: self.survey.years() }
    }

    /// An area's name in the reader's language.
    pub fn name_of(&self, area: &AreaRow) -> String {
        self.words.pick(&area.name, &area.name_zh).clone()
    }

    /// What waits in the own area; counted at most twice a minute.
    pub async fn waiting(&self) -> Result<Waiting, Problem> {
        self.waiting_in(self.caller.range).await
    }

    /// What waits in a range of areas.
    pub async fn waiting_in(&self, range: AreaRange) -> Result<Waiting, Problem> {
        let place = (self.caller.key, range);
        if let Some(known) = self.app.pages.waiting(place, self.now) {
            return Ok(known);
        }
        let value = self.count_waiting(range).await?;
        self.app.pages.keep_waiting(place, self.now, value);
        Ok(value)
    }

    /// The same with the devices of the own area where none belongs to the smaller one: somebody works there all the same.
    pub async fn devices_of(&self, w: Waiting) -> Result<Waiting, Problem> {
        if w.enrolled > 0 {
            return Ok(w);
        }
        let own = self.waiting().await?;
        Ok(Waiting { enrolled: own.enrolled, heard: own.heard, silent: own.silent, ..w })
    }

    async fn count_waiting(&self, range: AreaRange) -> Result<Waiting, Problem> {
        let (store, key) = (self.app.store(), self.caller.key);
        let held = store.count_held(key, range).await?;
        let links = store.count_links(key, range).await?;
        let silent_since = silent_before(&self.survey, self.now);
        let devices = store.devices(key, range, None).await?;
        let live: Vec<_> = devices.iter().filter(|d| d.revoked_at.is_none()).collect();
        let silent = live.iter().filter(|d| d.is_silent(silent_since)).count();
        let work = store.silent_work(key, range, silent_since).await?;
        let evening = evening_start(&self.survey.rules, self.now);
        let heard = live.iter().filter(|d| d.last_at.is_some_and(|at| at >= evening)).count();
        let (due, by_appointment, is_more) = self.due_today(range).await?;
        Ok(Waiting {
            due,
            by_appointment,
            is_more,
            held,
            review: links.iter().find(|l| l.0 == LinkState::Review).map_or(0, |l| l.1),
            silent: count(silent),
            enrolled: count(live.len()),
            heard: count(heard),
            silent_doors: work.doors.iter().map(|d| d.2).sum(),
            is_unbounded: !work.unlent.is_empty(),
        })
    }

    /// The day on which somebody can still go out, its end, and the moment from which its visits are judged. The page of
    /// return visits goes by the same.
    pub fn due_day(&self) -> (Date, Timestamp, Timestamp) {
        let calendar = &self.survey.rules.calendar;
        let on = calendar.field_day(self.now);
        let at = if on == calendar.local_date(self.now) { self.now } else { calendar.day_start(on) };
        (on, calendar.day_start(on.saturating_add(1.day())), at)
    }

    /// Doors tried before whose next visit falls on that day: how many, and how many of them by appointment.
    async fn due_today(&self, range: AreaRange) -> Result<(i64, i64, bool), Problem> {
        let store = self.app.store();
        let (_, end, at) = self.due_day();
        let rows = store.list_due(self.caller.key, range, DuePlace::START, MOST_DUE).await?;
        let is_more = i64::try_from(rows.len()).is_ok_and(|n| n >= MOST_DUE);
        let tried: Vec<_> = rows.into_iter().filter(|r| r.visits > 0 || r.appointment.is_some()).collect();
        let (mut due, mut agreed) = (0, 0);
        for item in items(store, &self.survey, &tried, Viewed { at, now: self.now }).await? {
            if item.due.is_none_or(|w| w.from >= end) {
                continue;
            }
            due += 1;
            agreed += i64::from(item.door.appointment.is_some_and(|w| w.from < end));
        }
        Ok((due, agreed, is_more && !tried.is_empty()))
    }
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// What a page says was just done: `done=` names the text, `n=` its number.
fn done(query: &Query, words: Words) -> Option<String> {
    let key = format!("done.{}", query.text("done")?);
    let n: i64 = query.text("n").and_then(|n| n.parse().ok()).unwrap_or(1);
    let plain = words.t(&key);
    if plain != key {
        return Some(plain.to_owned());
    }
    let counted = words.count(&key, n, &[]);
    (!counted.starts_with("done.")).then_some(counted)
}
