//! A resident's page: the code of a "we missed you" card, then the times that suit. It names no household and shows nothing
//! that is stored; a code that is guessed wrong makes the next guess wait.

use std::sync::Arc;

use askama::Template;
use jiff::ToSpan;
use uuid::Uuid;

use super::form::Form;
use super::frame::{Frame, page};
use super::visitor::Answer;
use super::when::When;
use crate::access;
use crate::app::App;
use crate::app::cards::{door_of_card, note_wishes};
use crate::domain::CaseId;
use crate::net::answer::Response;
use crate::net::body::{FORM_LIMIT, read};
use crate::net::kind;
use crate::net::problem::Problem;
use crate::net::request::Request;
use crate::setup::parse_hours;
use crate::store::plan::Wish;
use crate::surveys::Survey;

/// Days offered.
const DAYS: i64 = 7;
/// Most windows of one answer.
const MOST: usize = 8;

#[derive(Template)]
#[template(path = "slip.html")]
struct Page {
    f: Frame,
    code: String,
    survey: String,
    step: Step,
    trouble: Option<&'static str>,
    days: Vec<(String, Vec<Choice>)>,
}

/// What the page asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Code,
    Times,
    Done,
}

impl Page {
    fn new(f: Frame, code: &str, step: Step, trouble: Option<&'static str>) -> Self {
        Self { f, code: code.to_owned(), survey: String::new(), step, trouble, days: Vec::new() }
    }

    fn asks_code(&self) -> bool {
        self.step == Step::Code
    }

    fn is_done(&self) -> bool {
        self.step == Step::Done
    }
}

/// A stretch of a day that can be chosen.
struct Choice {
    value: String,
    label: String,
    from: jiff::Timestamp,
    to: jiff::Timestamp,
}

/// `GET /card?code=`: asks for the code, then for the times. Problems: `too-many-tries`.
pub async fn show(app: App, request: Request) -> Answer {
    let query = request.query()?;
    let f = Frame::outside(&request.headers, "slip.title", "/card");
    let Some(code) = query.text("code").filter(|c| c.len() <= 40) else {
        return answer(&request, &Page::new(f, "", Step::Code, None));
    };
    match door_of_card(&app, &request, code).await {
        Ok((key, _)) => {
            let survey = app.surveys().reread(key).await?;
            answer(&request, &times(f, code, &survey, &app, None))
        }
        Err(problem) if problem.kind == &kind::NOT_FOUND => {
            answer(&request, &Page::new(f, code, Step::Code, Some("slip.unknown")))
        }
        Err(problem) => Err(problem),
    }
}

/// `POST /card`: stores the times chosen under the code. Problems: `body-not-valid`, `too-many-tries`.
pub async fn submit(app: App, mut request: Request) -> Answer {
    let form = Form::parse(&read(&mut request, FORM_LIMIT).await?)?;
    let code: String = form.text("code").unwrap_or_default().chars().take(40).collect();
    let f = Frame::outside(&request.headers, "slip.title", "/card");
    let (key, case_id) = match door_of_card(&app, &request, &code).await {
        Ok(found) => found,
        Err(problem) if problem.kind == &kind::NOT_FOUND => {
            return answer(&request, &Page::new(f, &code, Step::Code, Some("slip.unknown")));
        }
        Err(problem) => return Err(problem),
    };
    let survey = app.surveys().reread(key).await?;
    let wishes = wishes(&app, &survey, &form, case_id, &f);
    if wishes.is_empty() {
        return answer(&request, &times(f, &code, &survey, &app, Some("slip.nothing")));
    }
    if !note_wishes(&app, key, wishes).await? {
        return answer(&request, &times(f, &code, &survey, &app, Some("slip.enough")));
    }
    answer(&request, &Page::new(f, "", Step::Done, None))
}

/// The windows ticked, of those that are offered.
fn wishes(app: &App, survey: &Arc<Survey>, form: &Form, case_id: CaseId, f: &Frame) -> Vec<Wish> {
    let note: Option<String> = form.text("note").map(|n| n.chars().take(500).collect());
    let note = note.map(|n| crate::ingest::scrub::scrub_text(&n).into_owned());
    let chosen: Vec<&str> = form.all("when").collect();
    let offered = offered(f, survey, app.now()).into_iter().flat_map(|(_, choices)| choices);
    offered
        .filter(|c| chosen.contains(&c.value.as_str()))
        .take(MOST)
        .map(|c| Wish {
            id: Uuid::now_v7(),
            case_id,
            from: c.from,
            to: c.to,
            note: note.clone(),
            made_at: app.now(),
        })
        .collect()
}

fn times(f: Frame, code: &str, survey: &Survey, app: &App, trouble: Option<&'static str>) -> Page {
    let days = offered(&f, survey, app.now());
    let trouble = trouble.or_else(|| days.is_empty().then_some("slip.over"));
    let name = f.words.pick(&survey.name, &survey.name_zh).clone();
    let code = access::plain_code(code);
    Page { survey: name, days, ..Page::new(f, &code, Step::Times, trouble) }
}

/// The bands of the next days that are still to come, inside the survey's time.
fn offered(f: &Frame, survey: &Survey, now: jiff::Timestamp) -> Vec<(String, Vec<Choice>)> {
    let when = When { rules: &survey.rules, words: f.words };
    let calendar = &survey.rules.calendar;
    let first = calendar.local_date(now).max(survey.starts_on);
    let days = (0..DAYS).map(|n| first.saturating_add(n.days())).take_while(|day| *day <= survey.ends_on);
    days.map(|day| {
        let choices = survey.rules.policy.bands.iter().filter_map(|band| {
            let span = *parse_hours(&format!("{}-{}", band.from, band.to)).ok()?.first()?;
            let (from, to) = (calendar.moment(day, span.from), calendar.moment(day, span.to));
            let key = format!("band.{}", band.id);
            let name = f.t(&key);
            let name = if name == key { band.id.as_str() } else { name };
            let places: [(&str, &(dyn std::fmt::Display + Sync)); 3] =
                [("band", &name), ("from", &band.from), ("to", &band.to)];
            let label = f.words.say("slip.band", &places);
            (to > now && to <= survey.closes_at()).then(|| Choice {
                value: format!("{day}/{}", band.id),
                label,
                from,
                to,
            })
        });
        (when.day(day), choices.collect::<Vec<_>>())
    })
    .filter(|(_, choices)| !choices.is_empty())
    .collect()
}

fn answer(request: &Request, shown: &Page) -> Result<Response, Problem> {
    page(shown, &request.headers, request.connection.carriage)
}
