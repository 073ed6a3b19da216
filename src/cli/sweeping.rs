//! The sweeping job of `serve`: removes pictures that no visit has named for as many days as the survey says. Several processes
//! may run it on one database; a picture that cannot be removed now is tried again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::app::App;
use crate::shelf::SweepError;
use crate::surveys::Survey;

/// Half seconds between two rounds: five minutes.
const EVERY: u64 = 600;
/// Steps of one survey in one round.
const STEPS: usize = 200;

/// Removes what is to go until `stop`.
pub(super) async fn keep_sweeping(app: App, stop: Arc<AtomicBool>) {
    let mut rounds: u64 = 0;
    while !stop.load(Ordering::Relaxed) {
        if rounds.is_multiple_of(EVERY)
            && let Err(error) = one_round(&app, &stop).await
        {
            tracing::debug!(%error, "pictures without a visit were not removed");
        }
        rounds += 1;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn one_round(app: &App, stop: &AtomicBool) -> Result<(), SweepError> {
    for survey in app.surveys().all().await? {
        sweep(app, &survey, stop).await?;
    }
    Ok(())
}

async fn sweep(app: &App, survey: &Survey, stop: &AtomicBool) -> Result<(), SweepError> {
    let (mut pictures, mut bytes) = (0, 0);
    for _ in 0..STEPS {
        let now = app.now();
        let since = survey.rules.policy.limits.swept_before(now);
        let swept = app.shelf.sweep(app.store(), survey.key, since, now).await?;
        pictures += swept.pictures;
        bytes += swept.bytes;
        if !swept.is_more || stop.load(Ordering::Relaxed) {
            break;
        }
    }
    if pictures > 0 {
        tracing::info!(survey = survey.slug, pictures, bytes, "pictures that no visit named were removed");
    }
    Ok(())
}
