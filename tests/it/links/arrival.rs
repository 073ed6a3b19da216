//! However and whenever interviews arrive, and whatever dies in between, the links are the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use doorknock::dedupe::{Dedupe, NewModel, Step, Tables};
use doorknock::domain::LinkState;
use doorknock::link::model::shipped_file;
use doorknock::store::{Fault, Moment};
use serde_json::{Value, json};

use super::family::*;
use crate::support::record::with;
use crate::support::{App, Survey};

/// Eight interviews of two families and of the people they share, as they would come from several phones.
fn round(survey: &Survey) -> Vec<Value> {
    let mut misspelt = people(&LU);
    misspelt[0]["name"] = json!("陆巧梅");
    misspelt[2]["birth"] = json!({"y": 2008, "m": 2, "d": null});
    let mut parents = people(&ZHAI);
    parents[2] = absent(parents[2].clone());
    let mut alone = people(&ZHAI[2..3]);
    alone[0]["relationship"] = json!("head");
    let proxy = vec![
        json!({"person_no": 1, "name": "逯某", "sex": "f", "relationship": "head"}),
        json!({"person_no": 2, "name": "老阚", "sex": "m", "relationship": "spouse"}),
    ];
    vec![
        home(survey.case(0), &LU, "10:10"),
        form(survey.case(9), misspelt, "15:20"),
        home(survey.case(0), &LU, "18:40"),
        with(form(survey.case(0), proxy, "09:05"), "respondent", "neighbour"),
        form(survey.case(4), parents, "11:30"),
        form(survey.case(6), alone, "12:15"),
        home(survey.case(4), &ZHAI, "19:10"),
        home(survey.case(2), &ZHAI, "19:10"),
    ]
}

#[tokio::test]
async fn the_order_of_arrival_makes_no_difference() {
    let mut reference: Option<(Vec<String>, Vec<String>)> = None;
    for turn in 0..8 {
        let app = App::new(Survey::with_dwellings(12).policy(AUTO)).await;
        let device = app.device("ea1").await;
        let mut forms = round(&app.survey);
        // Ids must be those of the first round.
        for (n, form) in (1_u128..).zip(forms.iter_mut()) {
            form["id"] =
                json!(uuid::Uuid::from_u128((0x0175 << 112) | (7 << 76) | (2 << 62) | (n * 7919 % 97)));
        }
        let middle = turn % forms.len();
        forms.rotate_left(middle);
        if turn % 2 == 1 {
            forms.reverse();
        }
        // Linked after each upload, after every third, or all at once.
        for part in forms.chunks([1, 3, 8][turn % 3]) {
            device.accepted(part).await;
            link_all(&app).await;
        }
        let mut found = (links(&app).await, rows(&app).await);
        found.1.retain(|r| r.starts_with("member") || r.starts_with("interview") || r.starts_with("count"));
        assert!(found.0.len() > 4, "{:?}", found.0);
        match &reference {
            None => reference = Some(found),
            Some(first) => assert_eq!(*first, found, "turn {turn}"),
        }
    }
}

#[tokio::test]
async fn linking_again_changes_nothing() {
    let app = App::new(Survey::with_dwellings(12).policy(AUTO)).await;
    app.device("ea1").await.accepted(&round(&app.survey)).await;
    link_all(&app).await;
    let (before, log) =
        ((links(&app).await, rows(&app).await), app.count("select count(*) from link_event").await);
    app.db
        .client()
        .await
        .execute(
            "insert into link_outbox (district_id, survey_no, interview, queued_at, not_before)
            select district_id, survey_no, id, now(), now() from interview",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(link_all(&app).await, 8);
    assert_eq!((links(&app).await, rows(&app).await), before);
    assert_eq!(app.count("select count(*) from link_event").await, log);
}

/// The job dies before statement after statement, and around the commit; whoever runs next finds everything whole.
#[tokio::test]
async fn a_kill_at_any_point_leaves_nothing_half_linked() {
    let reference = {
        let app = App::new(Survey::with_dwellings(12).policy(AUTO)).await;
        app.device("ea1")
            .await
            .accepted(&[home(app.survey.case(0), &LU, "10:10"), home(app.survey.case(9), &LU, "15:20")])
            .await;
        link_all(&app).await;
        rows(&app).await.len()
    };
    let app = App::new(Survey::with_dwellings(12).policy(AUTO)).await;
    let forms = [home(app.survey.case(0), &LU, "10:10"), home(app.survey.case(9), &LU, "15:20")];
    app.device("ea1").await.accepted(&forms).await;
    let survey = app.shared.surveys().all().await.unwrap().remove(0);
    app.shared.dedupe.step(&survey, app.clock.now()).await.unwrap();
    let before = (rows(&app).await, links(&app).await);
    let mut deaths = 0;
    loop {
        let asked = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&asked);
        // Everything from the n-th moment on fails: the process is gone.
        let probe = move |moment: Moment| {
            let n = seen.fetch_add(1, Ordering::Relaxed);
            (n >= deaths && moment != Moment::AfterCommit).then_some(Fault::Disconnect)
        };
        let mut ingest = app.shared.ingest.clone();
        ingest.store = ingest.store.with_probe(Arc::new(probe));
        let done = Dedupe::new(ingest).step(&survey, app.clock.now()).await;
        if matches!(done, Ok(Step::Linked(_))) {
            break;
        }
        assert!(done.is_err(), "{done:?}");
        assert_eq!((rows(&app).await, links(&app).await), before, "killed at {deaths}");
        deaths += 1;
    }
    assert!(deaths > 20, "{deaths}");
    assert_eq!(link_all(&app).await, 0);
    assert_eq!(rows(&app).await.len(), reference);
    assert_eq!(app.count("select count(*) from link where state = 'merged'").await, 1);
    assert_eq!(app.count("select count(*) from link_event").await, 1);
    app.recount().await;
}

/// "Committed, but the answer was lost": the job tries again and finds nothing left to do.
#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_not_done_twice() {
    let app = App::new(Survey::with_dwellings(12).policy(AUTO)).await;
    app.device("ea1")
        .await
        .accepted(&[home(app.survey.case(0), &LU, "10:10"), home(app.survey.case(9), &LU, "15:20")])
        .await;
    let survey = app.shared.surveys().all().await.unwrap().remove(0);
    let lost = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&lost);
    let probe = move |moment: Moment| {
        (moment == Moment::AfterCommit && seen.fetch_add(1, Ordering::Relaxed).is_multiple_of(2))
            .then_some(Fault::Disconnect)
    };
    let mut ingest = app.shared.ingest.clone();
    ingest.store = ingest.store.with_probe(Arc::new(probe));
    let dedupe = Dedupe::new(ingest);
    while !matches!(dedupe.step(&survey, app.clock.now()).await.unwrap(), Step::Idle) {}
    assert!(lost.load(Ordering::Relaxed) > 1);
    assert_eq!(app.count("select count(*) from link_event").await, 1);
    assert_eq!(app.count("select count(*) from cluster_event").await, 1);
    app.recount().await;
}

/// Two processes at once: one works, the other waits its turn, and nothing is linked twice.
#[tokio::test]
async fn several_processes_link_each_interview_once() {
    let app = App::new(Survey::with_dwellings(12).policy(AUTO)).await;
    app.device("ea1").await.accepted(&round(&app.survey)).await;
    let survey = app.shared.surveys().all().await.unwrap().remove(0);
    let workers = (0..4).map(|_| {
        let (dedupe, survey, clock) =
            (Dedupe::new(app.shared.ingest.clone()), Arc::clone(&survey), app.clock.clone());
        tokio::spawn(async move {
            let mut linked = 0;
            loop {
                match dedupe.step(&survey, clock.now()).await.unwrap() {
                    Step::Idle => return linked,
                    Step::Linked(_) => linked += 1,
                    Step::Elsewhere | Step::Postponed => tokio::task::yield_now().await,
                }
            }
        })
    });
    let mut linked = 0;
    for worker in workers.collect::<Vec<_>>() {
        linked += worker.await.unwrap();
    }
    assert_eq!(linked, 8);
    assert_eq!(app.count("select count(*) from link_outbox").await, 0);
    assert_eq!(
        app.count("select count(*) - count(distinct link_id) from link_event where kind = 'found'").await,
        0
    );
    app.recount().await;
}

/// The receipt is given before anything is linked, and says nothing of it.
#[tokio::test]
async fn an_upload_leaves_a_line_in_the_queue_and_no_more() {
    let app = App::new(Survey::with_dwellings(3)).await;
    let form = home(app.survey.case(0), &LU, "10:10");
    let device = app.device("ea1").await;
    device.accepted(std::slice::from_ref(&form)).await;
    assert_eq!(app.count("select count(*) from link_outbox").await, 1);
    assert_eq!(app.count("select count(*) from link_interview").await, 0);
    device.accepted(&[form]).await;
    assert_eq!(app.count("select count(*) from link_outbox").await, 1, "a replay is no news");
}

#[tokio::test]
async fn relinking_shows_the_difference_and_then_brings_it_about() {
    let app = App::new(Survey::with_dwellings(12).policy(AUTO)).await;
    app.device("ea1").await.accepted(&round(&app.survey)).await;
    link_all(&app).await;
    let survey = app.shared.surveys().all().await.unwrap().remove(0);
    let dedupe = &app.shared.dedupe;
    let same = NewModel { file: shipped_file(), tables: Tables::Nominal };
    let difference = dedupe.difference(&survey, &same).await.unwrap();
    assert_eq!(difference.moved(), 0, "{difference:?}");
    assert_eq!(difference.interviews, 8);

    // A model that wants far more from people before it merges anything.
    let mut strict = same.clone();
    strict.file.version = "strict".to_owned();
    strict.file.han.thresholds.people_bits = 500.0;
    strict.file.han.thresholds.people_bits_across_doors = 500.0;
    let difference = dedupe.difference(&survey, &strict).await.unwrap();
    let lost = difference.moves[&(Some(LinkState::Merged), Some(LinkState::Review))];
    assert!(lost > 0);
    let before = links(&app).await;
    assert_eq!(before, links(&app).await, "nothing is written yet");

    assert_eq!(dedupe.apply(&survey, &strict).await.unwrap(), 8);
    dedupe.drain(&survey, || app.clock.now(), |_| {}).await.unwrap();

    assert_eq!(dedupe.difference(&survey, &strict).await.unwrap().moved(), 0);
    assert_eq!(app.count("select count(*) from link where state = 'merged'").await, 0);
    assert_eq!(
        app.count("select count(*) from link where model_version = 2").await,
        app.count("select count(*) from link where state <> 'withdrawn'").await
    );
    assert_eq!(app.count("select count(*) from cluster_member").await, 0);
    app.recount().await;
}
