//! Supervisors' decisions about one door as forms: which fit its state, and recording one.

use super::form::{Form, fault};
use super::frame::quoted;
use super::visitor::{Answer, Visitor};
use super::words::Words;
use crate::app::reach;
use crate::domain::{CaseId, Class, Confirmed, DecisionKind, InterviewId, State, VisitId};
use crate::ingest::decide;
use crate::net::answer::to_the_end;
use crate::net::problem::Problem;

/// Longest reason.
const REASON: usize = 2_000;

/// A decision that fits a door's state.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Its word, with `verify` split into its two answers.
    pub word: &'static str,
    /// Its name.
    pub label: String,
    /// What it does.
    pub effect: String,
}

/// The decisions that fit a state, in the order in which they are shown.
pub fn offers(state: State, words: Words) -> Vec<Offer> {
    let fitting: &[&'static str] = match state {
        State::New | State::InProgress | State::Appointment | State::Proxy | State::Partial => {
            &["close", "reopen", "cancel", "merge"]
        }
        State::Exhausted | State::Refused => &["reopen", "close", "cancel", "merge"],
        State::Verify => &["verify_yes", "verify_no", "reopen", "close", "cancel", "merge"],
        State::NotEligible => &["verify_no", "reopen", "close", "cancel", "merge"],
        State::Closed => &["reopen", "cancel"],
        State::Completed => &["cancel", "merge"],
        State::Merged => &["unmerge"],
        State::Cancelled => &["uncancel"],
    };
    fitting
        .iter()
        .filter(|word| !(state == State::New && **word == "reopen"))
        .map(|word| Offer {
            word,
            label: words.t(&format!("decide.{word}")).to_owned(),
            effect: words.t(&format!("decide.{word}.effect")).to_owned(),
        })
        .collect()
}

/// `POST /cases/{id}/decisions`: records a decision and goes back to the door.
/// Problems: `body-not-valid`, `not-found`, `not-possible-now`, `form-expired`.
pub async fn submit(v: Visitor, form: Form) -> Answer {
    let case = reach::case(&v.app, &v.caller, v.request.param_uuid("id")?.into()).await?.id;
    let word = form.required("decision", 40)?;
    let kind = read(&form, &word)?;
    let reason = form.required("reason", REASON)?;
    let version = form.text("version").and_then(|n| n.parse().ok());
    let done = decide::slug(&kind);
    let visit = match &kind {
        DecisionKind::Void { visit } | DecisionKind::Unvoid { visit } => format!("&visit={visit}"),
        DecisionKind::Close { .. }
        | DecisionKind::Reopen
        | DecisionKind::Verify { .. }
        | DecisionKind::Cancel
        | DecisionKind::Uncancel
        | DecisionKind::RejectInterview { .. }
        | DecisionKind::Merge { .. }
        | DecisionKind::Unmerge
        | DecisionKind::Undo { .. } => String::new(),
    };
    let (app, caller, now) = (v.app.clone(), v.caller.clone(), v.now);
    to_the_end(async move {
        let asked = decide::Request { version, ..decide::Request::new(case, kind, reason) };
        Ok::<_, Problem>(app.ingest.decide(&caller, asked, now).await?)
    })
    .await?;
    v.app.pages.forget();
    v.go(&format!("/cases/{case}?done={}{visit}", quoted(done)))
}

fn read(form: &Form, word: &str) -> Result<DecisionKind, Problem> {
    Ok(match word {
        "close" => {
            let class = form.text("class").and_then(Class::from_slug);
            DecisionKind::Close { class: class.ok_or_else(|| fault("class", "must be R, NC, O or UH"))? }
        }
        "reopen" => DecisionKind::Reopen,
        "verify_yes" => DecisionKind::Verify { confirmed: Confirmed::Yes },
        "verify_no" => DecisionKind::Verify { confirmed: Confirmed::No },
        "cancel" => DecisionKind::Cancel,
        "uncancel" => DecisionKind::Uncancel,
        "void" => DecisionKind::Void { visit: VisitId(form.uuid("visit")?) },
        "unvoid" => DecisionKind::Unvoid { visit: VisitId(form.uuid("visit")?) },
        "reject_interview" => {
            let revision = form.text("revision").and_then(|n| n.parse().ok()).filter(|n| *n >= 1);
            DecisionKind::RejectInterview {
                interview: InterviewId(form.uuid("interview")?),
                revision: revision
                    .ok_or_else(|| fault("revision", "must be a whole number of at least 1"))?,
            }
        }
        "merge" => DecisionKind::Merge { into: other_case(form)? },
        "undo" => DecisionKind::Undo {
            seq: form
                .text("seq")
                .and_then(|n| n.parse().ok())
                .ok_or_else(|| fault("seq", "must be the number of a decision"))?,
        },
        "unmerge" => DecisionKind::Unmerge,
        _ => return Err(fault("decision", "is not one that can be taken here")),
    })
}

/// The other case: its id, or the address of its page as copied from the browser.
fn other_case(form: &Form) -> Result<CaseId, Problem> {
    let text = form.required("into", 500)?;
    let last =
        text.split(['?', '#']).next().unwrap_or("").trim_end_matches('/').rsplit('/').next().unwrap_or("");
    crate::net::query::uuid(last)
        .map(CaseId)
        .ok_or_else(|| fault("into", "must be the other door's number or page address"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Language;

    #[test]
    fn every_state_has_a_way_on_and_every_offer_its_words() {
        for language in [Language::En, Language::Zh] {
            for state in State::ALL {
                let all = offers(*state, Words(language));
                assert!(!all.is_empty(), "{state}");
                for offer in all {
                    assert!(
                        !offer.label.starts_with("decide.") && !offer.effect.starts_with("decide."),
                        "{offer:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_other_door_may_be_named_by_the_address_of_its_page() {
        let id = "0b57a4c1-0000-4000-8000-000000000001";
        for text in
            [id.to_owned(), format!("http://127.0.0.1:8080/cases/{id}?done=x"), format!("/cases/{id}/")]
        {
            let form = Form::of(vec![("into".to_owned(), text)]);
            assert_eq!(other_case(&form).unwrap().to_string(), id);
        }
    }
}
