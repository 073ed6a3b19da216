//! `doorknock purge`: removes personal data when their time has come; what counts stays.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Map, Value};

use super::base::{Base, Common, remark, say, survey};
use super::pairing::{Unmarked, pair_shelf};
use super::serve::shelf_of;
use super::step;
use crate::ingest::Ingest;
use crate::shelf::Shelf;
use crate::store::purge::{OPERATION, STEPS};
use crate::store::{self, SurveyKey};
use crate::surveys::Survey;

/// Arguments of `purge`.
#[derive(Args, Clone, Debug)]
pub(super) struct PurgeArgs {
    /// Survey, when there are several
    #[arg(long, value_name = "ID")]
    survey: Option<String>,
    /// Purge although the date of `privacy.purge_on` has not come or is not set
    #[arg(long)]
    force: bool,
    /// Where pictures lie, as given to serve
    #[arg(long, value_name = "DIR|URL", env = "DOORKNOCK_ATTACHMENTS")]
    attachments: Option<String>,
}

/// Removes names, numbers, telephones, addresses, answers, notes, positions, batches as received, and pictures.
pub(super) fn run(common: &Common, args: &PurgeArgs) -> Result<ExitCode> {
    let (args, shelf) = (args.clone(), shelf_of(common, args.attachments.as_deref())?);
    Base::open_to_finish(common, OPERATION)?.run(async move |ingest| {
        let survey = survey(&ingest, args.survey.as_deref()).await?;
        let now = Timestamp::now();
        let has_begun = ingest.store.under_way().await?.into_iter().find(|u| u.key == survey.key);
        if let Some(begun) = has_begun {
            remark(format!("the purge that began at {} is finished now", begun.begun_at));
        } else if let Err(why) = is_due(&survey, now) {
            if !args.force {
                bail!("{why}; --force purges nevertheless, and nothing brings the data back");
            }
            remark(format!("{why}; purging because of --force"));
        }
        pair_shelf(&ingest.store, &shelf, Unmarked::Refused).await?;
        ingest.store.begin_operation(survey.key, OPERATION, now).await?;
        step::done("purge: begun");
        let counts = purge(&ingest, survey.key, &shelf, now).await?;
        step::done("purge: pictures");
        for (what, n) in &counts {
            say(format!("{what}: {n}"));
        }
        ingest.store.finish_purge(survey.key, Value::Object(counts), now).await?;
        remark("dead rows are given back to the disk by the database's own vacuum; backups made before still hold the data");
        Ok(ExitCode::SUCCESS)
    })
}

/// Whether the date of the survey's policy has come, in the survey's time zone.
fn is_due(survey: &Survey, now: Timestamp) -> Result<(), String> {
    let Some(text) = survey.rules.policy.privacy.purge_on.as_deref() else {
        return Err(format!("survey {} sets no privacy.purge_on", survey.slug));
    };
    let date: Date = text.parse().map_err(|_| "privacy.purge_on is no date".to_owned())?;
    let today =
        now.in_tz(&survey.time_zone).map_err(|_| "the survey's time zone is not known".to_owned())?.date();
    if today < date {
        return Err(format!("the personal data of survey {} are kept until {date}", survey.slug));
    }
    Ok(())
}

async fn purge(ingest: &Ingest, key: SurveyKey, shelf: &Shelf, now: Timestamp) -> Result<Map<String, Value>> {
    let style = ProgressStyle::with_template("{spinner} {msg}: {pos}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner());
    let mut counts = Map::new();
    for step in STEPS {
        let bar = ProgressBar::new_spinner().with_style(style.clone()).with_message(step.name);
        let mut all = 0;
        loop {
            let n = ingest.store.purge_some(key, step).await?;
            all += n;
            bar.set_position(all);
            if n == 0 {
                break;
            }
        }
        bar.finish_and_clear();
        counts.insert(step.name.to_owned(), all.into());
    }
    step::done("purge: rows");
    counts.insert("pictures".to_owned(), purge_pictures(&ingest.store, key, shelf, now).await?.into());
    Ok(counts)
}

/// The bytes go first, the note that they are gone second: broken off, it is done again.
async fn purge_pictures(
    store: &store::Store,
    key: SurveyKey,
    shelf: &Shelf,
    now: Timestamp,
) -> Result<usize> {
    let mut all = 0;
    loop {
        let ids = store.pictures_to_purge(key).await?;
        if ids.is_empty() {
            return Ok(all);
        }
        for id in &ids {
            shelf.remove(key, *id).await?;
        }
        store.pictures_purged(key, &ids, now).await?;
        all += ids.len();
    }
}
