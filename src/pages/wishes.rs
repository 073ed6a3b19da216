//! The times that a resident may choose from, and those chosen.

use jiff::ToSpan;
use uuid::Uuid;

use super::form::Form;
use super::frame::Frame;
use super::when::When;
use crate::app::App;
use crate::domain::CaseId;
use crate::setup::parse_hours;
use crate::store::plan::Wish;
use crate::surveys::Survey;

/// Days offered.
const DAYS: i64 = 7;
/// Most windows of one answer.
const MOST: usize = 8;

/// A stretch of a day that can be chosen.
pub struct Choice {
    /// Its value in the form.
    pub value: String,
    /// Its words.
    pub label: String,
    from: jiff::Timestamp,
    to: jiff::Timestamp,
}

/// The windows ticked, of those that are offered.
pub fn wishes(app: &App, survey: &Survey, form: &Form, case_id: CaseId, f: &Frame) -> Vec<Wish> {
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

/// The bands of the next days that are still to come, inside the survey's time.
pub fn offered(f: &Frame, survey: &Survey, now: jiff::Timestamp) -> Vec<(String, Vec<Choice>)> {
    let when = When { rules: &survey.rules, words: f.words, years: survey.years() };
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
