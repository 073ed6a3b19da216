//! The linking job of `serve`: takes interviews from the queue, survey by survey, as long as the service runs.
//!
//! Several processes may run it on one database; for each survey one of them works at a time. Being killed costs nothing
//! but the interview in hand, which stays in the queue.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::app::App;
use crate::dedupe::{Linked, Step};
use crate::surveys::Survey;

/// Pause while nothing waits.
const IDLE: Duration = Duration::from_millis(250);
/// Pause after a failure.
const TROUBLE: Duration = Duration::from_secs(2);
/// Interviews linked in a row before the other surveys get their turn.
const TURN: usize = 100;
/// Longest time that one interview waits for uploads to end.
const GIVE_WAY: Duration = Duration::from_millis(250);
/// Time between two looks whether they have ended.
const GLANCE: Duration = Duration::from_millis(10);
/// Rounds between two looks at the length of the queue.
const LOOK: u64 = 20;

/// Links what waits until `stop`.
pub(super) async fn keep_linking(app: App, stop: Arc<AtomicBool>) {
    let mut round: u64 = 0;
    while !stop.load(Ordering::Relaxed) {
        let pause = match one_round(&app, &stop, round.is_multiple_of(LOOK)).await {
            Ok(0) => Some(IDLE),
            Ok(_) => None,
            Err(error) => {
                // An outage shows in the log of the requests; here it would only repeat itself.
                tracing::debug!(%error, "interviews were not linked");
                Some(TROUBLE)
            }
        };
        round += 1;
        if let Some(pause) = pause {
            tokio::time::sleep(pause).await;
        }
    }
}

/// A turn for every survey; returns how many interviews were linked.
async fn one_round(app: &App, stop: &AtomicBool, look: bool) -> Result<usize, crate::dedupe::Error> {
    let (mut linked, mut waiting, mut oldest) = (0, 0, 0.0_f64);
    for survey in app.surveys().all().await? {
        linked += match turn(app, &survey, stop).await {
            Err(crate::dedupe::Error::Model(why)) => {
                tracing::error!(
                    survey = survey.slug,
                    why,
                    "the linkage model cannot be used; run doorknock relink"
                );
                0
            }
            done => done?,
        };
        if look {
            let (n, age) = app.store().links_waiting(survey.key).await?;
            waiting += n;
            oldest = oldest.max(age);
        }
    }
    if look {
        app.metrics.links_waiting(waiting, oldest);
    }
    Ok(linked)
}

async fn turn(app: &App, survey: &Arc<Survey>, stop: &AtomicBool) -> Result<usize, crate::dedupe::Error> {
    let mut linked = 0;
    while linked < TURN && !stop.load(Ordering::Relaxed) {
        give_way(app, stop).await;
        match app.dedupe.step(survey, app.now()).await? {
            Step::Idle | Step::Elsewhere => break,
            Step::Linked(done) => {
                observe(app, &done);
                linked += 1;
            }
            Step::Postponed => {
                app.metrics.link_postponed();
                linked += 1;
            }
        }
    }
    Ok(linked)
}

/// Waits while uploads are on their way, so that phones are not kept waiting by what nobody waits for; but not for ever.
async fn give_way(app: &App, stop: &AtomicBool) {
    let until = Instant::now() + GIVE_WAY;
    while (app.uploads.is_busy() || app.pictures.is_busy())
        && !stop.load(Ordering::Relaxed)
        && Instant::now() < until
    {
        tokio::time::sleep(GLANCE).await;
    }
}

fn observe(app: &App, done: &Linked) {
    let links = done.links.iter().map(|(state, n)| (state.slug(), *n));
    app.metrics.observe_link(done.took.as_secs_f64(), links, done.skipped.iter().map(String::as_str));
}
