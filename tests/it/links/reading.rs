//! Looking at a pair is a read: it waits for nobody, and nobody waits for it.

use std::time::Duration;

use super::family::*;
use crate::support::pages::Pages;
use crate::support::{App, Survey};

/// How long a page may take that waits for no lock.
const SOON: Duration = Duration::from_secs(20);

/// Everything that a decision could have written.
async fn all(app: &App) -> (Vec<String>, Vec<String>, [i64; 4]) {
    let mut counts = [0; 4];
    for (n, table) in ["link_event", "decision", "change_waiting", "link_outbox"].into_iter().enumerate() {
        counts[n] = app.count(&format!("select count(*) from {table}")).await;
    }
    (rows(app).await, links(app).await, counts)
}

#[tokio::test]
async fn a_pair_is_shown_with_its_effects_while_every_row_is_locked_and_nothing_is_written() {
    let app = App::new(Survey::with_dwellings(12).policy(BY_HAND)).await;
    let forms = [home(app.survey.case(0), &LU, "10:10"), home(app.survey.case(9), &LU, "15:20")];
    app.device("ea1").await.accepted(&forms).await;
    link_all(&app).await;
    let (chief, link, page) = (app.staff("sall").await, link_id(&forms[0], &forms[1]), Pages::of(&app).await);
    let before = all(&app).await;

    let mut other = app.db.client().await;
    let tx = other.transaction().await.unwrap();
    tx.batch_execute(
        "lock table link, link_event, link_interview, survey_case, interview, decision, cluster_member, cluster_event
         in exclusive mode",
    )
    .await
    .unwrap();
    let seen = tokio::time::timeout(SOON, read(&chief, link)).await.expect("no lock is waited for");
    assert_eq!(seen["effects"]["merge_household"]["changes"]["completed"], -1, "{seen}");
    let shown = tokio::time::timeout(SOON, page.0.get(&format!("/review/{link}"))).await;
    let shown = shown.expect("no lock is waited for").text();
    for words in ["People in common", "Merge", "The survey leaves merges across doors to a person"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    // The log says it in words, not by its code.
    assert!(!shown.contains("across-doors"), "{shown}");
    assert_eq!(seen["events"][0]["note"], "across-doors");
    tx.rollback().await.unwrap();

    assert_eq!(all(&app).await, before);
}
