//! `links`: how many households were met twice, and one of them explained. Shows no names: the pages do, to those who may see them.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use jiff::Timestamp;
use uuid::Uuid;

use super::base::{Base, Common, operator, say, survey};
use super::words::Tongue;
use crate::dedupe::view::LinkView;
use crate::domain::{AreaRange, Language, LinkState};
use crate::store::Disclosure;
use crate::store::link::read::Pair;

/// Looks while interviews still wait to be linked, and the time between two.
const LOOKS: u32 = 100;
const BETWEEN: Duration = Duration::from_millis(200);

/// Arguments of `links`.
#[derive(Args, Clone, Debug)]
pub(super) struct LinksArgs {
    /// Survey, when there are several
    #[arg(long, value_name = "ID")]
    survey: Option<String>,
    /// Links explained, the first of those found across doors before others
    #[arg(long, value_name = "N", default_value_t = 1)]
    explain: usize,
    /// Language
    #[arg(long, value_enum, default_value = "en")]
    lang: Tongue,
}

/// Counts the links by state and explains some. Waits up to twenty seconds for a running service to link what has come.
pub(super) fn links(common: &Common, args: &LinksArgs) -> Result<ExitCode> {
    let args = args.clone();
    Base::open(common)?.run(async move |ingest| {
        let survey = survey(&ingest, args.survey.as_deref()).await?;
        let mut waiting = ingest.store.links_waiting(survey.key).await?.0;
        for _ in 0..LOOKS {
            if waiting == 0 {
                break;
            }
            tokio::time::sleep(BETWEEN).await;
            waiting = ingest.store.links_waiting(survey.key).await?.0;
        }
        let is_zh = args.lang == Tongue::Zh;
        let whole = ingest.store.whole(survey.key).await?;
        for (state, n) in ingest.store.count_links(survey.key, whole).await? {
            if let Some(what) = meaning(state, is_zh) {
                say(format!("{n:>6}  {what}"));
            }
        }
        if waiting > 0 {
            say(format!(
                "{waiting:>6}  {}",
                if is_zh { "尚待比对" } else { "interviews still wait to be linked" }
            ));
        }
        let start = (Timestamp::UNIX_EPOCH, Uuid::nil());
        let read = Disclosure::Links { state: LinkState::Merged, area: None };
        let witness = ingest.store.witness(&operator(survey.key), read, Timestamp::now()).await?;
        let mut merged =
            ingest.store.list_links(&witness, survey.key, LinkState::Merged, whole, start, 100).await?;
        merged.sort_by_key(|pair| pair.link.a_case == pair.link.b_case);
        for pair in merged.iter().take(args.explain) {
            explain(pair, whole, is_zh);
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn meaning(state: LinkState, is_zh: bool) -> Option<&'static str> {
    let (en, zh) = match state {
        LinkState::Merged => {
            ("merged: one household interviewed twice, counted once", "已合并：同一户登记了两次，只计一次")
        }
        LinkState::Paired => {
            ("paired: one person at two doors, both forms stay", "已配对：同一人在两处登记，两份表都保留")
        }
        LinkState::Review => ("wait for a supervisor", "等待普查指导员决定"),
        LinkState::Apart => ("kept apart by a supervisor", "经普查指导员判定不是同一户"),
        LinkState::Withdrawn => return None,
    };
    Some(if is_zh { zh } else { en })
}

/// The sentence of a link, and what each comparison brought: doublings of the odds, for and against.
fn explain(pair: &Pair, whole: AreaRange, is_zh: bool) {
    let view = LinkView::of(pair, whole);
    let language = if is_zh { Language::Zh } else { Language::En };
    say(String::new());
    say(if is_zh { view.summary_zh } else { view.summary });
    if let Some(told) = &pair.evidence {
        let start = if is_zh {
            "起点：两份表恰为同一户的可能"
        } else {
            "to begin with, before anything is compared"
        };
        say(format!("  {:>+7.1}  {start}", told.prior));
        for step in told.steps.iter().filter(|step| step.bits.abs() >= 0.05) {
            let (comparison, level) = (step.found.label(language), step.found.level_label(language));
            say(format!("  {:>+7.1}  {comparison}: {level}", step.bits));
        }
    }
    let percent = view.probability * 100.0;
    let total = if is_zh { "合计，概率" } else { "together, a probability of" };
    say(format!("  {:>+7.1}  {total} {percent:.2} %", view.weight));
}
