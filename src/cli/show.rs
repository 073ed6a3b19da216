//! Tables for the terminal: completion by area, doors to visit again.

use std::io::IsTerminal;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::base::{Base, Common, say, survey};
use crate::domain::rates::Ratio;
use crate::domain::{Action, Window};
use crate::report::{self, By, Question, Row};
use crate::store::completion::Clock;
use crate::store::survey::{AreaRow, Areas};
use crate::surveys::Survey;
use crate::visits::returns::{items, start};

/// How the rows of the table are cut.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Cut {
    Area,
    Building,
    Enumerator,
    Day,
}

/// Language of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Tongue {
    En,
    Zh,
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
    /// Doors to show
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: u16,
    /// Language
    #[arg(long, value_enum, default_value = "en")]
    lang: Tongue,
}

async fn area_of(ingest: &crate::ingest::Ingest, survey: &Survey, code: Option<&str>) -> Result<AreaRow> {
    if let Some(code) = code {
        let found = ingest.store.areas(survey.key, Areas::One(code.to_owned())).await?;
        return found.into_iter().next().with_context(|| format!("the survey has no area {code:?}"));
    }
    let mut at = ingest
        .store
        .areas(survey.key, Areas::Subtree((1, 1)))
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
            Cut::Day => By::Day,
        };
        let question = Question { area, by, at: None, clock: Clock::Received, now: Timestamp::now() };
        let answer = report::completion(&ingest.store, &survey, &question).await?;
        let is_zh = args.lang == Tongue::Zh;
        let head = if is_zh {
            format!("{} · 截至 {}", answer.area.name_zh, local(&survey, answer.as_of))
        } else {
            format!("{} · as of {}", answer.area.name, local(&survey, answer.as_of))
        };
        say(head);
        let columns = if is_zh { ["", "登记完成", "办结", "户"] } else { ["", "enumerated", "resolved", "cases"] };
        say(line(columns[0], columns[1], "", columns[2], columns[3]));
        for row in answer.rows.iter().chain(std::iter::once(&answer.total)) {
            let name = if is_zh { &row.name_zh } else { &row.name };
            say(table_row(name, row));
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn local(survey: &Survey, at: Timestamp) -> String {
    at.to_zoned(survey.rules.calendar.tz.clone()).strftime("%Y-%m-%d %H:%M").to_string()
}

fn table_row(name: &str, row: &Row) -> String {
    let done = &row.rates.enumeration;
    line(name, &ratio(done), &bar(done.rate), &ratio(&row.rates.completion), &row.cases.to_string())
}

fn ratio(r: &Ratio) -> String {
    match r.rate {
        Some(rate) => format!("{:5.1}% = {}/{}", rate * 100.0, r.numerator, r.denominator),
        None => "– (0 doors)".to_owned(),
    }
}

/// A bar of twenty cells; empty where the output is no terminal.
fn bar(rate: Option<f64>) -> String {
    if !std::io::stdout().is_terminal() {
        return String::new();
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 20 cells")]
    let full = (rate.unwrap_or_default() * 20.0).round() as usize;
    format!("{}{}", "█".repeat(full), "░".repeat(20_usize.saturating_sub(full)))
}

fn line(name: &str, enumerated: &str, bar: &str, resolved: &str, cases: &str) -> String {
    let bar = if bar.is_empty() { String::new() } else { format!("  {bar}") };
    format!("{}  {}{bar}  {}  {}", fit(name, 26), fit(enumerated, 18), fit(resolved, 18), fit(cases, 6)).trim_end().to_owned()
}

/// Pads to a width in terminal cells; a Han character takes two.
fn fit(text: &str, width: usize) -> String {
    let cells: usize = text.chars().map(|c| if u32::from(c) >= 0x2e80 { 2 } else { 1 }).sum();
    format!("{text}{}", " ".repeat(width.saturating_sub(cells)))
}

/// Prints the doors that need another visit, with their reasons.
pub(super) fn returns(common: &Common, args: &ReturnsArgs) -> Result<ExitCode> {
    let args = args.clone();
    Base::open(common)?.run(async move |ingest| {
        let survey = survey(&ingest, args.survey.as_deref()).await?;
        let range = match &args.area {
            None => (i32::MIN, i32::MAX),
            Some(code) => area_of(&ingest, &survey, Some(code)).await?.range,
        };
        let at = args.at.unwrap_or_else(Timestamp::now);
        let rows = ingest.store.list_due(survey.key, range, start(), i64::from(args.limit)).await?;
        for item in items(&ingest.store, &survey, &rows, at).await? {
            let window = item.due.map_or_else(|| "—".to_owned(), |w| span(&survey, w));
            let reason = if args.lang == Tongue::Zh { &item.reason_zh } else { &item.reason };
            let action = if item.next.action == Action::VisitAt { "*" } else { " " };
            say(format!("{action} {}  {}  {reason}", fit(&item.door.address, 28), fit(&window, 20)));
        }
        if rows.is_empty() {
            say("no door needs another visit");
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn span(survey: &Survey, w: Window) -> String {
    let tz = &survey.rules.calendar.tz;
    let (from, to) = (w.from.to_zoned(tz.clone()), w.to.to_zoned(tz.clone()));
    format!("{}–{}", from.strftime("%a %d %b %H:%M"), to.strftime("%H:%M"))
}
