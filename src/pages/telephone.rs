//! The short form as a supervisor fills it in while a household is on the telephone. The answers so far travel in the page itself,
//! under a keyed check, as on the page of residents.

use askama::Template;
use uuid::Uuid;

use super::form::Form;
use super::frame::{Frame, Tab};
use super::panel::title;
use super::self_fill::{Filling, Screen, Shown};
use super::visitor::{Answer, Visitor};
use crate::app::reach;
use crate::ingest::self_response::{Call, Unfit};
use crate::net::answer::to_the_end;
use crate::net::problem::Problem;
use crate::store::Sight;
use crate::store::case::CaseRow;

#[derive(Template)]
#[template(path = "telephone.html")]
struct Page {
    f: Frame,
    id: Uuid,
    door: String,
    heading: String,
    screen: String,
    trouble: Option<String>,
    faults: Vec<String>,
    questions: Vec<Shown>,
    people: Vec<String>,
    call: Uuid,
    state: String,
    check: String,
}

/// What is shown beside the form: a sentence, faults as the records' own rules say them, fields that cannot be taken.
#[derive(Default)]
struct Said {
    trouble: Option<String>,
    faults: Vec<String>,
    wrong: Vec<&'static str>,
}

/// `GET /cases/{id}/form`: the form, empty. Problems: `not-found`.
pub async fn show(v: Visitor) -> Answer {
    let row = reach::case(&v.app, &v.caller, v.request.param_uuid("id")?.into()).await?;
    let household = u32::try_from(row.household).unwrap_or(1);
    screen(&v, &row, &Filling::new(household, false, v.now), Uuid::new_v4(), Said::default()).await
}

/// `POST /cases/{id}/form`: the next screen, or the interview. Problems: `not-found`, `body-not-valid`, `form-expired`.
pub async fn submit(v: Visitor, form: Form) -> Answer {
    let row = reach::case(&v.app, &v.caller, v.request.param_uuid("id")?.into()).await?;
    let (page, state) = (form.uuid("page")?, form.given("state").unwrap_or_default());
    let is_ours = form.given("check") == Some(check(&v, &row, page, state).as_str());
    let Some(mut filling) = Filling::read(state, v.now).filter(|_| is_ours) else {
        let said = Said { trouble: Some(v.words.t("fill.expired").to_owned()), ..Said::default() };
        let household = u32::try_from(row.household).unwrap_or(1);
        return screen(&v, &row, &Filling::new(household, false, v.now), Uuid::new_v4(), said).await;
    };
    let wrong = filling.take(&form);
    match form.text("go").unwrap_or("next") {
        "back" => filling.back(),
        "remove" => filling.remove_person(),
        "submit" => return send(&v, &row, filling, page).await,
        _ if !wrong.is_empty() => {
            let said = Said { trouble: Some(v.words.t("fill.wrong").to_owned()), wrong, ..Said::default() };
            return screen(&v, &row, &filling, page, said).await;
        }
        "add" => filling.add_person(),
        _ => filling.next(),
    }
    screen(&v, &row, &filling, page, Said::default()).await
}

async fn send(v: &Visitor, row: &CaseRow, mut filling: Filling, page: Uuid) -> Answer {
    let call = Call { case: row.id, sight: Sight::of(&v.caller), page };
    let (app, survey, answer, now) = (v.app.clone(), v.survey.clone(), filling.answer(), v.now);
    let taken =
        to_the_end(async move { Ok::<_, Problem>(app.ingest.take_call(&survey, call, answer, now).await?) })
            .await?;
    let said = match taken {
        Ok(()) => {
            v.app.pages.forget();
            return v.go(&format!("/cases/{}?done=telephone", row.id));
        }
        Err(Unfit::NotNow(en, zh)) => {
            Said { trouble: Some(v.words.pick(en.to_owned(), zh.to_owned())), ..Said::default() }
        }
        Err(Unfit::Form(faults)) => {
            if let Some((pointer, _)) = faults.first() {
                filling.screen = filling.screen_of(pointer);
            }
            let faults = faults.into_iter().map(|(pointer, detail)| format!("{pointer}: {detail}")).collect();
            Said { trouble: Some(v.words.t("fill.wrong").to_owned()), faults, ..Said::default() }
        }
    };
    screen(v, row, &filling, page, said).await
}

/// The check of what travels with the page: for this door, this person and this page alone.
fn check(v: &Visitor, row: &CaseRow, page: Uuid, state: &str) -> String {
    let whose = format!("telephone {} {} {page}", row.id, v.caller.user);
    data_encoding::HEXLOWER.encode(&v.app.ingest.keys.page_proof(whose.as_bytes(), state))
}

async fn screen(v: &Visitor, row: &CaseRow, filling: &Filling, page: Uuid, said: Said) -> Answer {
    let state = filling.text(v.now);
    let (screen, heading) = match filling.screen {
        Screen::Household | Screen::Door => ("household".to_owned(), v.words.t("fill.household").to_owned()),
        Screen::Person(n) => (format!("person.{}", n + 1), v.words.say("fill.person", &[("n", &(n + 1))])),
        Screen::End => ("end".to_owned(), v.words.t("telephone.end").to_owned()),
    };
    v.show(&Page {
        f: v.frame(Tab::Areas, v.words.t("telephone.title")).await?,
        id: row.id.0,
        door: title(v.words, row),
        heading,
        screen,
        trouble: said.trouble,
        faults: said.faults,
        questions: filling.shown(v.words, &said.wrong),
        people: filling.people(),
        call: page,
        check: check(v, row, page, &state),
        state,
    })
}
