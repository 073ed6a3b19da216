//! `doorknock plan`: the sheets of a day as text, CSV or JSON.

use std::collections::HashMap;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::base::{Base, Common, say, survey};
use super::words::{Day, Tongue, fit};
use crate::domain::UserName;
use crate::export::csv_line;
use crate::planning::{DayPlan, Question, Ready, StopView};
use crate::store::survey::Areas;
use crate::surveys::Survey;

/// How to write the sheets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum How {
    Text,
    Csv,
    Json,
}

/// Arguments of `plan`.
#[derive(Args, Clone, Debug)]
pub(super) struct PlanArgs {
    /// Area to plan
    #[arg(long, value_name = "CODE")]
    area: String,
    /// Day to plan: today, tomorrow or a date like 2020-11-05
    #[arg(long, value_name = "DAY")]
    on: Day,
    /// Only this enumerator
    #[arg(long, value_name = "USER")]
    enumerator: Option<String>,
    /// Stops shown per enumerator; all when not given
    #[arg(long, value_name = "N")]
    first: Option<usize>,
    /// Survey, when there are several
    #[arg(long, value_name = "ID")]
    survey: Option<String>,
    /// How to write the sheets
    #[arg(long, value_enum, default_value = "text")]
    format: How,
    /// Language
    #[arg(long, value_enum, default_value = "en")]
    lang: Tongue,
}

/// Plans and prints.
pub(super) fn run(common: &Common, args: &PlanArgs) -> Result<ExitCode> {
    let args = args.clone();
    Base::open(common)?.run(async move |ingest| {
        let survey = survey(&ingest, args.survey.as_deref()).await?;
        let found = ingest.store.areas(survey.key, Areas::One(args.area.clone())).await?;
        let area =
            found.into_iter().next().with_context(|| format!("the survey has no area {:?}", args.area))?;
        let now = Timestamp::now();
        let question = Question { area, on: args.on.date(&survey, now)?, now, hours: HashMap::new() };
        let ready = Ready::read(&ingest.store, survey.clone(), question).await?;
        let mut plan = ready.plan();
        if let Some(user) = &args.enumerator {
            plan.enumerators.retain(|sheet| UserName::of(&sheet.user) == UserName::of(user));
        }
        match args.format {
            How::Json => say(serde_json::to_string_pretty(&plan)?),
            How::Csv => csv(&plan, &survey, args.lang),
            How::Text => text(&plan, &survey, &args),
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn clock(survey: &Survey, at: Option<Timestamp>) -> String {
    at.map(|at| at.to_zoned(survey.rules.calendar.tz.clone()).strftime("%H:%M").to_string())
        .unwrap_or_default()
}

fn reason(stop: &StopView, lang: Tongue) -> &str {
    if lang == Tongue::Zh { &stop.reason_zh } else { &stop.reason }
}

fn text(plan: &DayPlan, survey: &Survey, args: &PlanArgs) {
    for sheet in &plan.enumerators {
        let doors = sheet.stops.iter().filter(|s| !s.spare).count();
        if sheet.stops.is_empty() {
            say(format!("{}: not on duty", sheet.user));
            continue;
        }
        say(format!(
            "{}: {doors} doors, about {:.0} minutes, {} spare",
            sheet.user,
            sheet.minutes,
            sheet.stops.len() - doors
        ));
        for stop in sheet.stops.iter().take(args.first.unwrap_or(usize::MAX)) {
            let time = if stop.pinned { format!("*{}", clock(survey, stop.from)) } else { String::new() };
            let (address, action) = (fit(&stop.address, 24), stop.action.replace('_', " "));
            say(format!("  {:>3}  {time:<6} {address} {action:<16} {}", stop.seq, reason(stop, args.lang)));
        }
    }
    if plan.enumerators.is_empty() {
        say("nobody works in this area");
    }
    for door in &plan.unmanned {
        say(format!("nobody is on duty for the appointment at {}", door.address));
    }
}

fn csv(plan: &DayPlan, survey: &Survey, lang: Tongue) {
    let head = [
        "enumerator",
        "seq",
        "case_id",
        "building",
        "unit",
        "floor",
        "room",
        "action",
        "from",
        "to",
        "pinned",
        "spare",
        "reason",
    ];
    say(csv_line(&head.map(str::to_owned)));
    for sheet in &plan.enumerators {
        for s in &sheet.stops {
            let floor = s.floor.map(|f| f.to_string()).unwrap_or_default();
            say(csv_line(&[
                sheet.user.clone(),
                s.seq.to_string(),
                s.case_id.to_string(),
                s.building.clone(),
                s.unit.clone(),
                floor,
                s.room.clone(),
                s.action.to_owned(),
                clock(survey, s.from),
                clock(survey, s.to),
                s.pinned.to_string(),
                s.spare.to_string(),
                reason(s, lang).to_owned(),
            ]));
        }
    }
}
