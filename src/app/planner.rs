//! Running the planner beside uploads: few at once, on threads of their own.

use std::sync::{Arc, LazyLock};
use std::thread::available_parallelism;

use tokio::sync::Semaphore;

use super::App;
use crate::net::kind;
use crate::net::problem::Problem;
use crate::planning::{Question, Ready};
use crate::surveys::Survey;

/// What the planner needs to answer `question`, read from the database.
pub async fn ready(app: &App, survey: Arc<Survey>, question: Question) -> Result<Ready, Problem> {
    Ok(Ready::read(app.store(), survey, question).await?)
}

/// Plans computed at the same moment: half the cores, so that uploads always have the others.
static AT_ONCE: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new((available_parallelism().map_or(2, usize::from) / 2).max(1)));

/// Runs the planner on a thread of its own, for tens of milliseconds to seconds; more of them wait for their turn.
pub async fn compute<T: Send + 'static>(
    ready: Ready,
    work: impl FnOnce(&Ready) -> T + Send + 'static,
) -> Result<T, Problem> {
    let turn = AT_ONCE.acquire().await;
    let done = tokio::task::spawn_blocking(move || {
        // Given back when it is done, also when nobody waits for it any more.
        let _turn = turn;
        work(&ready)
    });
    done.await.map_err(|_| Problem::plain(&kind::INTERNAL))
}
