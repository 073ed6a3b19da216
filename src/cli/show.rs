//! Tables for the terminal: completion by area, doors to visit again.

use std::io::IsTerminal;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use jiff::Timestamp;
use jiff::civil::{Date, Time};

use super::base::{Base, Common, say, survey};
use super::words::{Day, Tongue, fit};
use crate::domain::rates::Ratio;
use crate::domain::{Action, AreaRange, Viewed, Window};
use crate::ingest::Ingest;
use crate::report::{self, By, Question, Row};
use crate::store::case::DuePlace;
use crate::store::completion::Clock;
use crate::store::survey::{AreaRow, Areas};
use crate::surveys::Survey;
use crate::visits::returns::{ReturnVisit, items};

/// How the rows of the table are cut.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Cut {
    Area,
    Building,
    Enumerator,
    Worker,
    Day,
}

/// Arguments of `completion`.
#[derive(Args, Clone, Debug)]
pub(super) struct CompletionArgs {
    /// Area [default: the lowest one that holds everything]
    #[arg(long, value_name = "CODE")]
    area: Option<String>,
    /// Survey, when there are several
    #[arg(long, value_name = "ID")]
    survey: Option<String>,
    /// Rows of the table
    #[arg(long, value_enum, default_value = "area")]
    by: Cut,
    /// Language
    #[arg(long, value_enum, default_value = "en")]
    lang: Tongue,
}

/// Arguments of `returns`.
#[derive(Args, Clone, Debug)]
pub(super) struct ReturnsArgs {
    /// Area [default: the whole survey]
    #[arg(long, value_name = "CODE")]
    area: Option<String>,
    /// Survey, when there are several
    #[arg(long, value_name = "ID")]
    survey: Option<String>,
    /// Judge as of this moment [default: now]
    #[arg(long, value_name = "RFC3339")]
    at: Option<Timestamp>,
    /// Only doors whose turn is on this day: today, tomorrow or a date like 2020-11-05
    #[arg(long, value_name = "DAY", conflicts_with = "at")]
    on: Option<Day>,
    /// Hour of that day to judge from, like 18:00 [default: its start, today: now]
    #[arg(long, value_name = "HH:MM", requires = "on")]
    from: Option<Time>,
    /// Doors to show
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: u16,
    /// Language
    #[arg(long, value_enum, default_value = "en")]
    lang: Tongue,
}

pub(super) async fn area_of(ingest: &Ingest, survey: &Survey, code: Option<&str>) -> Result<AreaRow> {
    if let Some(code) = code {
        let found = ingest.store.areas(survey.key, Areas::One(code.to_owned())).await?;
        return found.into_iter().next().with_context(|| format!("the survey has no area {code:?}"));
    }
    let mut at = ingest
        .store
        .areas(survey.key, Areas::Subtree(AreaRange::one(1)))
        .await?
        .into_iter()
        .next()
        .context("the survey has no areas")?;
    // A chain of single children says nothing: go down to where the tree opens.
    loop {
        let mut children = ingest.store.areas(survey.key, Areas::ChildrenOf(at.code.clone())).await?;
        match (children.pop(), children.is_empty()) {
            (Some(only), true) => at = only,
            (Some(_), false) | (None, _) => return Ok(at),
        }
    }
}

/// Prints completion with numerators and denominators.
pub(super) fn completion(common: &Common, args: &CompletionArgs) -> Result<ExitCode> {
    let args = args.clone();
    Base::open(common)?.run(async move |ingest| {
        let survey = survey(&ingest, args.survey.as_deref()).await?;
        let area = area_of(&ingest, &survey, args.area.as_deref()).await?;
        let by = match args.by {
            Cut::Area => By::Area,
            Cut::Building => By::Building,
            Cut::Enumerator => By::Enumerator,
            Cut::Worker => By::Worker,
            Cut::Day => By::Day,
        };
        // Day by day people ask what happened then, not what had been uploaded by then.
        let question = Question { area, by, at: None, clock: Clock::Event, now: Timestamp::now() };
        let answer = report::completion(&ingest.store, &survey, &question).await?;
        let is_zh = args.lang == Tongue::Zh;
        let as_of = local(&survey, answer.as_of);
        say(if is_zh {
            format!("{} · 截至 {as_of}", answer.area.name_zh)
        } else {
            format!("{} · as of {as_of}", answer.area.name)
        });
        say(line("", heads(is_zh), &bar(None)));
        for row in answer.rows.iter().chain(std::iter::once(&answer.total)) {
            let rates = &row.rates;
            let cells = [&rates.completion, &rates.enumeration, &rates.attempt].map(ratio);
            say(line(name_of(row, is_zh), cells.each_ref().map(String::as_str), &bar(rates.completion.rate)));
        }
        for (form, filled) in answer.total.forms.iter().flatten() {
            say(if is_zh {
                format!("表单 {form}：已完成住户中 {}", ratio(filled))
            } else {
                format!("form {form}: {} of the completed doors", ratio(filled))
            });
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// Completion: completed, not eligible or closed, of all doors. Enumeration: completed, of all that may be lived in.
fn heads(is_zh: bool) -> [&'static str; 3] {
    if is_zh { ["办结率", "登记率", "上门率"] } else { ["completion", "enumeration", "visited"] }
}

/// Nobody's doors are a row without a name.
fn name_of(row: &Row, is_zh: bool) -> &str {
    match (is_zh, row.name.is_empty(), row.name_zh.is_empty()) {
        (true, true, true) => "（未分派）",
        (false, true, true) => "(not assigned)",
        (true, _, false) | (false, true, false) => &row.name_zh,
        (true, false, true) | (false, false, _) => &row.name,
    }
}

fn local(survey: &Survey, at: Timestamp) -> String {
    at.to_zoned(survey.rules.calendar.tz.clone()).strftime("%Y-%m-%d %H:%M").to_string()
}

fn ratio(r: &Ratio) -> String {
    match r.rate {
        Some(rate) => format!("{:5.1}% = {}/{}", rate * 100.0, r.numerator, r.denominator),
        None => "– (0 doors)".to_owned(),
    }
}

/// A bar of twenty cells, blank without a rate; nothing where the output is no terminal.
fn bar(rate: Option<f64>) -> String {
    if !std::io::stdout().is_terminal() {
        return String::new();
    }
    let Some(rate) = rate else { return " ".repeat(20) };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 20 cells")]
    let full = (rate * 20.0).round() as usize;
    format!("{}{}", "█".repeat(full), "░".repeat(20_usize.saturating_sub(full)))
}

fn line(name: &str, cells: [&str; 3], bar: &str) -> String {
    let [completion, enumeration, visited] = cells.map(|cell| fit(cell, 19));
    let bar = if bar.is_empty() { String::new() } else { format!("{bar}  ") };
    format!("{}  {bar}{completion}  {enumeration}  {visited}", fit(name, 24)).trim_end().to_owned()
}

/// Prints the doors that need another visit, with their reasons; `*` marks an appointment to be kept.
pub(super) fn returns(common: &Common, args: &ReturnsArgs) -> Result<ExitCode> {
    let args = args.clone();
    Base::open(common)?.run(async move |ingest| {
        let survey = survey(&ingest, args.survey.as_deref()).await?;
        let range = match &args.area {
            None => ingest.store.whole(survey.key).await?,
            Some(code) => area_of(&ingest, &survey, Some(code)).await?.range,
        };
        let doors = doors(&ingest, &survey, range, &args).await?;
        for item in &doors {
            let window = item.due.map_or_else(|| "—".to_owned(), |w| span(&survey, w, args.lang));
            let reason = if args.lang == Tongue::Zh { &item.reason_zh } else { &item.reason };
            let mark = if item.next.action == Action::VisitAt { "*" } else { " " };
            say(format!("{mark} {}  {}  {reason}", fit(&item.door.address, 24), fit(&window, 23)));
        }
        if doors.is_empty() {
            say(if args.lang == Tongue::Zh {
                "没有需要再访的住户"
            } else {
                "no door needs another visit"
            });
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// The first doors of the list, page by page; with `--on` only those whose window lies on that day.
async fn doors(
    ingest: &Ingest,
    survey: &Survey,
    range: AreaRange,
    args: &ReturnsArgs,
) -> Result<Vec<ReturnVisit>> {
    const PAGE: u8 = 200;
    let calendar = &survey.rules.calendar;
    let now = Timestamp::now();
    let (date, at) = moment(survey, args, now)?;
    let is_wanted = |item: &ReturnVisit| {
        // What is agreed for until then is not missed yet.
        let is_ahead = item.door.appointment.is_some_and(|w| now < w.to && w.to <= at);
        date.is_none_or(|date| !is_ahead && item.due.is_some_and(|w| calendar.local_date(w.from) == date))
    };
    let most = usize::from(args.limit);
    let (mut found, mut after) = (Vec::new(), DuePlace::START);
    while found.len() < most {
        let rows = ingest.store.list_due(survey.key, range, after, PAGE.into()).await?;
        found.extend(
            items(&ingest.store, survey, &rows, Viewed { at, now }).await?.into_iter().filter(is_wanted),
        );
        let Some(next) = rows.last().filter(|_| rows.len() == usize::from(PAGE)).and_then(DuePlace::of)
        else {
            break;
        };
        after = next;
    }
    found.truncate(most);
    Ok(found)
}

/// The day that is looked at, if any, and the moment to judge from.
fn moment(survey: &Survey, args: &ReturnsArgs, now: Timestamp) -> Result<(Option<Date>, Timestamp)> {
    let calendar = &survey.rules.calendar;
    let Some(day) = args.on else {
        return Ok((None, args.at.unwrap_or(now)));
    };
    let date = day.date(survey, now)?;
    let at = match args.from {
        Some(hour) => calendar.tz.to_timestamp(date.to_datetime(hour)).context("--from")?,
        None if date == calendar.local_date(now) => now,
        None => calendar.day_start(date),
    };
    Ok((Some(date), at))
}

fn span(survey: &Survey, w: Window, lang: Tongue) -> String {
    let tz = &survey.rules.calendar.tz;
    let (from, to) = (w.from.to_zoned(tz.clone()), w.to.to_zoned(tz.clone()));
    let from = match lang {
        Tongue::En => from.strftime("%a %d %b %H:%M").to_string(),
        Tongue::Zh => {
            let day = ["一", "二", "三", "四", "五", "六", "日"];
            let name = day.get(usize::try_from(from.weekday().to_monday_zero_offset()).unwrap_or(0)).copied();
            format!(
                "{}月{}日 周{} {}",
                from.month(),
                from.day(),
                name.unwrap_or_default(),
                from.strftime("%H:%M")
            )
        }
    };
    format!("{from}–{}", to.strftime("%H:%M"))
}
