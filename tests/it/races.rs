//! Races that only a real database has: tasks let go at one moment, several rounds each.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::sync::Barrier;

use crate::support::record::{at, id_of, statuses, visit_at, with};
use crate::support::survey::A1;
use crate::support::{App, Device, Survey, dwelling, id, interview, visit};

const ROUNDS: usize = 6;

/// Posts all of these at one moment; the answers in their order.
async fn at_once(calls: Vec<(Device, Value)>) -> Vec<Value> {
    let barrier = Arc::new(Barrier::new(calls.len()));
    let tasks = calls.into_iter().map(|(phone, batch)| {
        let barrier = Arc::clone(&barrier);
        tokio::spawn(async move {
            barrier.wait().await;
            phone.post(&batch).await.ok()
        })
    });
    join_all(tasks).await.into_iter().map(|done| done.expect("no task may panic")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_batch_from_eight_connections_is_stored_once() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let phone = app.device("ea1").await;
    for round in 0..ROUNDS {
        let day = u32::try_from(round).unwrap() + 2;
        let batch = phone
            .batch(&[visit_at(app.survey.case(0), "no_answer", &at(day, "10:00")), visit(id(), "vacant")]);
        let answers = at_once(vec![(phone.clone(), batch); 8]).await;
        assert_eq!(answers.iter().filter(|a| a["replayed"] == false).count(), 1, "round {round}");
        assert!(answers.iter().all(|a| a["receipts"] == answers[0]["receipts"]), "round {round}");
    }
    assert_eq!(app.count("select count(*) from visit").await, 2 * i64::try_from(ROUNDS).unwrap());
    app.recount().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_record_in_several_batches_is_stored_once() {
    let app = App::new(Survey::with_dwellings(6)).await;
    let phone = app.device("ea1").await;
    for round in 0..ROUNDS {
        let day = u32::try_from(round).unwrap() + 2;
        let shared: Vec<Value> =
            (0..6).map(|n| visit_at(app.survey.case(n), "no_answer", &at(day, "10:00"))).collect();
        let calls = (0..4).map(|n| {
            let mut own = shared.clone();
            own.rotate_left(n);
            own.push(visit_at(app.survey.case(n), "no_answer", &at(day, "15:00")));
            (phone.clone(), phone.batch(&own))
        });
        let answers = at_once(calls.collect()).await;
        let fresh = answers
            .iter()
            .flat_map(|a| a["receipts"].as_array().unwrap())
            .filter(|r| r["replayed"] == false)
            .count();
        assert_eq!(fresh, 6 + 4, "round {round}");
        assert!(answers.iter().all(|a| a["counts"]["accepted"] == 7), "round {round}: {answers:?}");
    }
    assert_eq!(app.count("select count(*) from visit").await, 10 * i64::try_from(ROUNDS).unwrap());
    app.recount().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_and_the_door_it_waits_for_never_miss_each_other() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let (one, two) = (app.device("ea1").await, app.device("ea2").await);
    for round in 0..ROUNDS * 2 {
        let door = dwelling(A1, &format!("8{round:02}"));
        let waiting = [visit(id_of(&door), "no_answer"), interview(id_of(&door))];
        at_once(vec![
            (one.clone(), one.batch(&waiting[..1])),
            (two.clone(), two.batch(std::slice::from_ref(&door))),
            (one.clone(), one.batch(&waiting[1..])),
        ])
        .await;
    }
    let held = app.count("select count(*) from visit where status <> 0").await;
    assert_eq!(held + app.count("select count(*) from interview where status <> 0").await, 0);
    let list = one.get("/v1/cases?state=completed&limit=100").await;
    let done = list["items"].as_array().unwrap();
    assert_eq!(done.len(), ROUNDS * 2);
    assert!(done.iter().all(|c| c["visits"] == 1));
    app.recount().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_records_of_one_door_make_one_case() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phones = [app.device("ea1").await, app.device("ea2").await, app.device("ea1").await];
    for round in 0..ROUNDS {
        let calls = phones.iter().map(|phone| {
            let door = dwelling(A1, &format!("9{round}"));
            (phone.clone(), phone.batch(&[door.clone(), visit(id_of(&door), "no_answer")]))
        });
        let answers = at_once(calls.collect()).await;
        assert!(
            answers.iter().all(|a| statuses(a) == ["accepted", "accepted"]),
            "round {round}: {answers:?}"
        );
        let ids: std::collections::BTreeSet<_> =
            answers.iter().map(|a| a["receipts"][0]["case"]["id"].to_string()).collect();
        assert_eq!(ids.len(), 1, "round {round}");
    }
    assert_eq!(app.count("select count(*) from survey_case").await, 1 + i64::try_from(ROUNDS).unwrap());
    app.recount().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revisions_that_race_end_with_the_highest() {
    let app = App::new(Survey::with_dwellings(ROUNDS)).await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sa").await);
    for round in 0..ROUNDS {
        let case = app.survey.case(round);
        let first = interview(case);
        let calls = (1..=4).map(|revision| {
            let result = if revision == 4 { "complete" } else { "partial" };
            let record = with(with(first.clone(), "revision", revision), "result", result);
            (phone.clone(), phone.batch(&[record]))
        });
        let answers = at_once(calls.collect()).await;
        assert!(answers.iter().all(|a| a["counts"]["accepted"] == 1), "round {round}: {answers:?}");
        let door = staff.get(&format!("/v1/cases/{case}")).await.ok();
        let current: Vec<_> =
            door["interviews"].as_array().unwrap().iter().filter(|i| i["current"] == true).collect();
        assert_eq!(
            (current.len(), &current[0]["revision"], &door["state"]),
            (1, &json!(4), &json!("completed"))
        );
    }
    app.recount().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interview_and_the_visit_of_another_door_never_miss_each_other() {
    let app = App::new(Survey::with_dwellings(2 * ROUNDS)).await;
    let phone = app.device("ea1").await;
    for round in 0..ROUNDS {
        let (own, other) = (app.survey.case(2 * round), app.survey.case(2 * round + 1));
        let seen = visit(other, "interview_complete");
        let talk = with(interview(own), "visit_id", seen["id"].clone());
        at_once(vec![(phone.clone(), phone.batch(&[seen])), (phone.clone(), phone.batch(&[talk]))]).await;
        assert_eq!(phone.get(&format!("/v1/cases/{own}")).await["state"], "new", "round {round}");
    }
    let held = app
        .count("select count(*) from interview where status = 1 and held_reason = 'visit-elsewhere'")
        .await;
    assert_eq!(held, i64::try_from(ROUNDS).unwrap());
    app.recount().await;
}

/// A supervisor refuses what is just being freed: either it counts and the refusal comes too late, or it does not count.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_and_a_release_agree_on_what_counts() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sa").await);
    for round in 0..ROUNDS {
        let door = dwelling(A1, &format!("7{round}"));
        let record = interview(id_of(&door));
        phone.send(std::slice::from_ref(&record)).await;
        let barrier = Arc::new(Barrier::new(2));
        let (arriving, refusing) = (phone.clone(), staff.clone());
        let path = format!("/v1/held/{}/decision", id_of(&record));
        let (one, two) = (Arc::clone(&barrier), barrier);
        let batch = phone.batch(&[door]);
        let released = tokio::spawn(async move {
            one.wait().await;
            arriving.post(&batch).await.ok()
        });
        let refused = tokio::spawn(async move {
            two.wait().await;
            refusing.post(&path, &json!({"decision": "refuse", "note": "x"})).await.status.as_u16()
        });
        let (released, refused) = (released.await.unwrap(), refused.await.unwrap());
        let case = released["receipts"][0]["case"]["id"].as_str().unwrap().to_owned();
        let state = staff.get(&format!("/v1/cases/{case}")).await.ok()["state"].clone();
        let expected = if refused == 200 { "new" } else { "completed" };
        assert_eq!(state, expected, "round {round}: the refusal was answered with {refused}");
    }
    app.recount().await;
}

/// Set-up drops a door from the list at the moment it is visited: the visit is never lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_door_visited_while_set_up_drops_it_is_kept_or_waits() {
    let app = App::new(Survey::with_dwellings(8)).await;
    let phone = app.device("ea1").await;
    let mut shorter = app.survey.clone();
    for round in 0..ROUNDS {
        app.load(&app.survey).await;
        let last = app.survey.case(7 - round);
        shorter.doors.truncate(7 - round);
        let barrier = Arc::new(Barrier::new(2));
        let (waits, batch, sender) =
            (Arc::clone(&barrier), phone.batch(&[visit(last, "no_answer")]), phone.clone());
        let sending = tokio::spawn(async move {
            waits.wait().await;
            sender.post(&batch).await.ok()
        });
        barrier.wait().await;
        app.load(&shorter).await;
        let answer = sending.await.unwrap();
        let known = app.count(&format!("select count(*) from survey_case where id = '{last}'")).await;
        let expected = if known == 1 { "accepted" } else { "held" };
        assert_eq!(statuses(&answer), [expected], "round {round}");
        app.recount().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn merges_decisions_visits_and_assignments_at_once_leave_true_counters() {
    let app = App::new(Survey::with_dwellings(6)).await;
    let mut tasks = Vec::new();
    for worker in 0..5_usize {
        let (phone, staff, cases) = (app.device("ea1").await, app.staff("sa").await, app.survey.cases());
        tasks.push(tokio::spawn(async move {
            for step in 0..10_usize {
                let (a, b) = (cases[(worker + step) % 6], cases[(worker + step * 5 + 1) % 6]);
                let day = u32::try_from(step % 8).unwrap() + 2;
                phone.send(&[visit_at(a, "no_answer", &at(day, "19:00")), interview(b)]).await;
                let word = ["merge", "unmerge", "cancel", "uncancel", "reopen"][(worker + step) % 5];
                let body = json!({"decision": word, "into": b, "reason": "x"});
                let reply = staff.post(&format!("/v1/cases/{a}/decisions"), &body).await;
                assert!([200, 409, 503].contains(&reply.status.as_u16()), "{}", reply.text());
                let user = ["ea1", "ea2"][step % 2];
                staff
                    .post("/v1/assignments", &json!({"assignments": [{"case_id": b, "enumerator": user}]}))
                    .await
                    .ok();
            }
        }));
    }
    for done in join_all(tasks).await {
        done.expect("no task may panic");
    }
    app.recount().await;
}
