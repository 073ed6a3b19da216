//! `doorknock purge`: removes personal data when their time has come; what counts stays.

use std::process::ExitCode;

use anyhow::{Result, bail, ensure};
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
use crate::store::purge::{OPERATION, Rewrite, STEPS};
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

/// Removes what docs/operations.md lists, from the tables and from the files they lie in.
pub(super) fn run(common: &Common, args: &PurgeArgs) -> Result<ExitCode> {
    let (args, shelf) = (args.clone(), shelf_of(common, args.attachments.as_deref())?);
    let common = common.clone();
    Base::open_to_finish(&common.clone(), OPERATION)?.run(async move |ingest| {
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
        let unreached = rewrite(common.url().is_none(), &ingest).await?;
        step::done("purge: files");
        ingest.store.finish_purge(survey.key, Value::Object(counts), now).await?;
        remark("what was removed is gone from the files of its tables too");
        for what in unreached {
            remark(format!("not reached: {what}"));
        }
        remark("backups, exports and other copies made before still hold the data: remove them too");
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

/// Takes what was removed out of the database's files; says what could not be reached.
async fn rewrite(is_private: bool, ingest: &Ingest) -> Result<Vec<&'static str>> {
    let anew = Rewrite::new(ingest.store.settings()).await?;
    let again = "the data are removed, but old copies of them stand in the database's files yet; run doorknock purge again then";
    if let Some(pid) = anew.nobody_looks_back().await? {
        bail!(
            "process {pid} of the database still reads what stood there before (a backup?): let it end; {again}"
        );
    }
    let bar = spinner("writing tables anew");
    for table in Rewrite::tables() {
        ensure!(
            anew.table(table).await?,
            "the table {table} is in use for long (a backup?): let that end; {again}"
        );
        bar.inc(1);
    }
    bar.finish_and_clear();
    let mut unreached = Vec::new();
    if !anew.statistics().await? {
        unreached.push(
            "samples in the planner's statistics: run VACUUM FULL pg_statistic as the database's owner",
        );
    }
    if is_private {
        let bar = spinner("files of the log to be written over");
        anew.log(|left| bar.set_position(left as u64)).await?;
        bar.finish_and_clear();
    } else {
        unreached.push("the server's write-ahead log, until its files are used again");
    }
    if !is_private || anew.is_archived().await? {
        unreached.push("archives of the write-ahead log, standbys and base backups");
    }
    Ok(unreached)
}

fn spinner(what: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {msg}: {pos}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner());
    ProgressBar::new_spinner().with_style(style).with_message(what)
}

async fn purge(ingest: &Ingest, key: SurveyKey, shelf: &Shelf, now: Timestamp) -> Result<Map<String, Value>> {
    let mut counts = Map::new();
    for step in STEPS {
        let bar = spinner(step.name);
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
