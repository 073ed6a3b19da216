//! A resident's page: the code of a card, then when a visit would suit, or the form to fill in. It works without script, keeps nothing
//! on the resident's device, names no household and shows nothing that is stored; a code that is guessed wrong makes the next guess
//! wait. Every step is a POST, so that no code stands in an address.

use askama::Template;

use super::form::Form;
use super::frame::{Frame, page};
use super::self_fill::{Filling, Screen, Shown};
use super::visitor::Answer;
use super::wishes::{Choice, offered, wishes};
use crate::access;
use crate::app::App;
use crate::app::cards::note_wishes;
use crate::app::self_response::{self, OpenCard, hash_of};
use crate::net::answer::Response;
use crate::net::body::{FORM_LIMIT, read};
use crate::net::kind;
use crate::net::problem::{FieldError, Place, Problem};
use crate::net::request::Request;
use crate::surveys::Survey;

/// Longest code, with the marks people put into it.
const LONGEST_CODE: usize = 40;

#[derive(Template)]
#[template(path = "slip.html")]
struct Page {
    f: Frame,
    code: String,
    survey: String,
    step: Step,
    trouble: Option<&'static str>,
    /// What a check says of the answers, in English: the sentences of the records.
    faults: Vec<String>,
    days: Vec<(String, Vec<Choice>)>,
    door: Option<String>,
    until: Option<String>,
    help: Option<String>,
    has_draft: bool,
    /// The answers so far, and the check of them.
    state: String,
    check: String,
    screen: String,
    heading: String,
    questions: Vec<Shown>,
    people: Vec<String>,
    reference: String,
}

/// What the page asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Code,
    Menu,
    Times,
    NotMine,
    Fill,
    End,
    Saved,
    Sent,
    Waiting,
    Noted,
}

impl Page {
    fn new(f: Frame, code: &str, step: Step) -> Self {
        Self {
            f,
            code: code.to_owned(),
            step,
            survey: String::new(),
            trouble: None,
            faults: Vec::new(),
            days: Vec::new(),
            door: None,
            until: None,
            help: None,
            has_draft: false,
            state: String::new(),
            check: String::new(),
            screen: String::new(),
            heading: String::new(),
            questions: Vec::new(),
            people: Vec::new(),
            reference: String::new(),
        }
    }

    fn troubled(self, trouble: &'static str) -> Self {
        Self { trouble: Some(trouble), ..self }
    }

    /// Whether the page is at this step, by its name.
    fn is(&self, name: &str) -> bool {
        format!("{:?}", self.step).eq_ignore_ascii_case(name)
    }
}

/// `GET /card`: asks for the code.
pub async fn show(_: App, request: Request) -> Answer {
    let f = Frame::outside(&request.headers, "slip.title", "/card");
    answer(&request, &Page::new(f, "", Step::Code))
}

/// `POST /card`: the next step under the code. Problems: `body-not-valid`, `too-many-tries`.
pub async fn submit(app: App, mut request: Request) -> Answer {
    let form = Form::parse(&read(&mut request, FORM_LIMIT).await?)?;
    let code: String = form.text("code").unwrap_or_default().chars().take(LONGEST_CODE).collect();
    let code = access::plain_code(&code);
    let f = Frame::outside(&request.headers, "slip.title", "/card");
    let pin = form.text("pin").filter(|_| form.text("go") == Some("continue"));
    let opened = match self_response::open(&app, &request, &code, pin).await {
        Ok(opened) => opened,
        Err(problem) if problem.kind == &kind::NOT_FOUND => {
            return answer(&request, &Page::new(f, &code, Step::Code).troubled("slip.unknown"));
        }
        Err(problem) if problem.kind == &kind::WRONG_PIN => {
            let opened = self_response::open(&app, &request, &code, None).await?;
            let visit = Visit::new(&app, &request, f, code, opened).await?;
            return answer(&request, &visit.menu().troubled("fill.wrong_pin"));
        }
        Err(problem) => return Err(problem),
    };
    let visit = Visit::new(&app, &request, f, code, opened).await?;
    let page = visit.step(&form).await?;
    answer(&request, &page)
}

/// A resident under a code.
struct Visit<'a> {
    app: &'a App,
    request: &'a Request,
    f: Frame,
    code: String,
    opened: OpenCard,
    survey: std::sync::Arc<Survey>,
}

impl<'a> Visit<'a> {
    async fn new(
        app: &'a App,
        request: &'a Request,
        f: Frame,
        code: String,
        opened: OpenCard,
    ) -> Result<Self, Problem> {
        let survey = app.surveys().reread(opened.card.key).await?;
        Ok(Self { app, request, f, code, opened, survey })
    }

    fn page(&self, step: Step) -> Page {
        let survey = self.f.words.pick(&self.survey.name, &self.survey.name_zh).clone();
        let help = self.survey.rules.policy.self_response.help.as_ref();
        let help = help.map(|h| self.f.words.say("cards.help", &[("phone", &h.phone), ("hours", &h.hours)]));
        Page { survey, help, ..Page::new(self.f.clone(), &self.code, step) }
    }

    async fn step(&self, form: &Form) -> Result<Page, Problem> {
        match form.text("go").unwrap_or("open") {
            "when" => Ok(self.times(None)),
            "send" => self.wish(form).await,
            "not-mine" => Ok(self.page(Step::NotMine)),
            "fill" => self.begin(1).await,
            "second" => self.begin(2).await,
            "continue" => Ok(self.go_on()),
            step @ ("next" | "back" | "add" | "remove" | "later" | "save" | "submit") => {
                self.fill(step, form).await
            }
            _ => Ok(self.menu()),
        }
    }

    /// What can be done under the code.
    fn menu(&self) -> Page {
        let place = self.opened.door.as_ref().map(|row| {
            let parts = [&row.building, &row.unit, &row.room];
            parts.iter().filter(|p| !p.is_empty()).map(|p| p.as_str()).collect::<Vec<_>>().join("-")
        });
        let until = self.survey.rules.policy.self_response.until.clone();
        let trouble = self.opened.card.submitted_at.is_some().then_some("fill.sent_before");
        Page {
            door: place,
            until: until.map(|until| self.f.words.say("fill.until", &[("date", &until)])),
            has_draft: self.opened.card.draft.is_some(),
            trouble,
            ..self.page(Step::Menu)
        }
    }

    fn times(&self, trouble: Option<&'static str>) -> Page {
        if self.opened.door.is_none() {
            return self.menu().troubled("slip.no_door");
        }
        let days = offered(&self.f, &self.survey, self.app.now());
        let trouble = trouble.or_else(|| days.is_empty().then_some("slip.over"));
        Page { trouble, days, ..self.page(Step::Times) }
    }

    async fn wish(&self, form: &Form) -> Result<Page, Problem> {
        let Some(case) = self.opened.card.case_id else { return Ok(self.times(None)) };
        let wishes = wishes(self.app, &self.survey, form, case, &self.f);
        if wishes.is_empty() {
            return Ok(self.times(Some("slip.nothing")));
        }
        if !note_wishes(self.app, self.opened.card.key, wishes).await? {
            return Ok(self.times(Some("slip.enough")));
        }
        Ok(self.page(Step::Noted))
    }

    async fn begin(&self, household: u32) -> Result<Page, Problem> {
        self.app.ingest.start_card(&self.opened.card.hash, self.app.now()).await?;
        let filling = Filling::new(household, self.opened.door.is_none(), self.app.now());
        Ok(self.filling(&filling, &[]))
    }

    /// Goes on with what was saved.
    fn go_on(&self) -> Page {
        let draft = self.opened.draft.as_ref().and_then(|d| Filling::of_draft(d, self.app.now()));
        draft.map_or_else(|| self.menu(), |filling| self.filling(&filling, &[]))
    }

    async fn fill(&self, step: &str, form: &Form) -> Result<Page, Problem> {
        let state = form.given("state").unwrap_or_default();
        let is_ours = form.given("check") == Some(self.check(state).as_str());
        let read = Filling::read(state, self.app.now()).filter(|_| is_ours);
        let Some(mut filling) = read else { return Ok(self.menu().troubled("fill.expired")) };
        let wrong = filling.take(form);
        match step {
            "back" => filling.back(),
            "remove" => filling.remove_person(),
            "later" => filling.screen = Screen::End,
            "save" => return self.save(&filling, form).await,
            "submit" => return self.send(&mut filling, form).await,
            _ if !wrong.is_empty() => return Ok(self.filling(&filling, &wrong).troubled("fill.wrong")),
            "add" => filling.add_person(),
            _ => filling.next(),
        }
        Ok(self.filling(&filling, &[]))
    }

    fn check(&self, state: &str) -> String {
        let proof = self.app.ingest.keys.page_proof(&hash_of(&self.code), state);
        data_encoding::HEXLOWER.encode(&proof)
    }

    /// A screen of the form.
    fn filling(&self, filling: &Filling, wrong: &[&str]) -> Page {
        let state = filling.text(self.app.now());
        let words = self.f.words;
        let (step, heading) = match filling.screen {
            Screen::Door => (Step::Fill, words.t("fill.door").to_owned()),
            Screen::Household => (Step::Fill, words.t("fill.household").to_owned()),
            Screen::Person(n) => (Step::Fill, words.say("fill.person", &[("n", &(n + 1))])),
            Screen::End => (Step::End, words.t("fill.end").to_owned()),
        };
        let screen = match filling.screen {
            Screen::Door => "door".to_owned(),
            Screen::Household => "household".to_owned(),
            Screen::Person(n) => format!("person.{}", n + 1),
            Screen::End => "end".to_owned(),
        };
        Page {
            check: self.check(&state),
            state,
            heading,
            screen,
            questions: filling.shown(words, wrong),
            people: filling.people(),
            ..self.page(step)
        }
    }

    async fn save(&self, filling: &Filling, form: &Form) -> Result<Page, Problem> {
        let Some(pin) = pin(form) else { return Ok(self.filling(filling, &[]).troubled("fill.pin_needed")) };
        let draft = serde_json::to_value(filling).unwrap_or_default();
        match self_response::save(self.app, self.request, &self.code, &pin, &draft).await {
            Ok(_) => Ok(self.page(Step::Saved)),
            Err(problem) if problem.kind == &kind::WRONG_PIN => {
                Ok(self.filling(filling, &[]).troubled("fill.wrong_pin"))
            }
            Err(problem) if problem.kind == &kind::NOT_POSSIBLE_NOW => {
                Ok(self.filling(filling, &[]).troubled("fill.sent_before"))
            }
            Err(problem) => Err(problem),
        }
    }

    async fn send(&self, filling: &mut Filling, form: &Form) -> Result<Page, Problem> {
        let pin = pin(form);
        if pin.is_none() && form.text("pin").is_some() {
            return Ok(self.filling(filling, &[]).troubled("fill.pin_needed"));
        }
        let sent =
            self_response::submit(self.app, self.request, &self.code, pin.as_deref(), filling.answer()).await;
        match sent {
            Ok(taken) => {
                let step = if taken.held.is_some() { Step::Waiting } else { Step::Sent };
                Ok(Page { reference: taken.reference, ..self.page(step) })
            }
            Err(problem) if problem.kind == &kind::WRONG_PIN => {
                Ok(self.filling(filling, &[]).troubled("fill.wrong_pin"))
            }
            Err(problem) if problem.kind == &kind::NOT_POSSIBLE_NOW => {
                Ok(self.filling(filling, &[]).troubled("fill.not_now"))
            }
            Err(problem) if problem.kind == &kind::BODY_NOT_VALID => {
                let faults: Vec<String> =
                    problem.errors.iter().map(|e| format!("{}: {}", pointer(e), e.detail)).collect();
                if let Some(first) = problem.errors.first() {
                    filling.screen = filling.screen_of(pointer(first));
                }
                Ok(Page { faults, ..self.filling(filling, &[]).troubled("fill.wrong") })
            }
            Err(problem) => Err(problem),
        }
    }
}

fn pointer(error: &FieldError) -> &str {
    let (Place::Pointer(at) | Place::Parameter(at)) = &error.place;
    at
}

fn pin(form: &Form) -> Option<String> {
    let pin = form.text("pin")?;
    (pin.len() == 6 && pin.bytes().all(|b| b.is_ascii_digit())).then(|| pin.to_owned())
}

fn answer(request: &Request, shown: &Page) -> Result<Response, Problem> {
    page(shown, &request.headers, request.connection.carriage)
}
