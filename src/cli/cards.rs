//! Cards printed ahead: numbers outside, codes inside, as a list or as sheets to print.

use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};
use jiff::Timestamp;

use super::base::{Base, Common, member, say};
use crate::app::cards::{MOST_CARDS, card_address, make_cards};
use crate::domain::{Language, Role};
use crate::pages::card_sheet;
use crate::pages::words::Words;

/// `doorknock cards`.
#[derive(Args, Clone, Debug)]
pub(super) struct CardsArgs {
    /// How many cards
    #[arg(long, value_name = "N")]
    count: usize,
    /// Login name of the enumerator who leaves them
    #[arg(long = "for", value_name = "USER")]
    user: String,
    /// html: sheets to print; csv: number, code and address of each
    #[arg(long, value_enum, default_value_t = Format::Html)]
    format: Format,
    /// Address of the service, for codes that a camera can open
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    /// Survey, when the person works in several
    #[arg(long, value_name = "ID")]
    survey: Option<String>,
    /// Language of the sheets: zh or en
    #[arg(long, value_enum, default_value_t = Tongue::Zh)]
    lang: Tongue,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Csv,
    Html,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Tongue {
    Zh,
    En,
}

/// Makes cards and prints them; each code stands in this output alone.
pub(super) fn run(common: &Common, args: &CardsArgs) -> Result<ExitCode> {
    ensure!((1..=MOST_CARDS).contains(&args.count), "--count: must be from 1 to {MOST_CARDS}");
    let args = args.clone();
    Base::open(common)?.run(async move |ingest| {
        let member = member(&ingest, &args.user, args.survey.as_deref()).await?;
        ensure!(
            member.role == Role::Enumerator,
            "only an enumerator leaves cards; {} is {}",
            member.user,
            member.role
        );
        let by = (member.key, "operator");
        let cards = make_cards(&ingest.store, by, &member.user, args.count, Timestamp::now()).await?;
        let site = args.url.as_deref().unwrap_or_default().trim_end_matches('/');
        match args.format {
            Format::Csv => {
                say("number,code,url");
                for (number, code) in &cards {
                    say(format!("{number},{code},{}", card_address(site, code)));
                }
            }
            Format::Html => {
                let survey = ingest.surveys.reread(member.key).await?;
                let words = Words(match args.lang {
                    Tongue::Zh => Language::Zh,
                    Tongue::En => Language::En,
                });
                say(card_sheet::document(words, &survey, site, &cards)?);
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}
