//! A person's decision stands, whatever arrives later.

use serde_json::json;

use super::family::*;
use crate::support::record::{at, visit_at, with};
use crate::support::{App, Survey};

async fn merged(policy: &str) -> (App, [serde_json::Value; 2]) {
    let app = App::new(Survey::with_dwellings(12).policy(policy)).await;
    let forms = [home(app.survey.case(0), &LU, "10:10"), home(app.survey.case(9), &LU, "15:20")];
    app.device("ea1").await.accepted(&forms).await;
    link_all(&app).await;
    (app, forms)
}

#[tokio::test]
async fn what_a_person_took_apart_the_job_never_joins_again() {
    let (app, [first, second]) = merged(AUTO).await;
    let (chief, link) = (app.staff("sall").await, link_id(&first, &second));
    for decision in ["undo", "apart"] {
        decide(&chief, link, decision, "household").await;
        // A correction that makes the two even more alike.
        let mut again = with(second.clone(), "revision", if decision == "undo" { 2 } else { 3 });
        again["household"]["phone"] = json!("10800009999");
        app.device("ea1").await.accepted(&[again]).await;
        link_all(&app).await;
        let seen = read(&chief, link).await;
        let wanted = if decision == "undo" { "review" } else { "apart" };
        assert_eq!(
            (&seen["state"], &seen["evidence_changed"]),
            (&json!(wanted), &json!(decision == "undo")),
            "{seen}"
        );
        assert_eq!(totals(&chief).await.0, 2);
    }
}

#[tokio::test]
async fn a_third_interview_follows_a_merge_and_a_late_visit_stays_with_its_door() {
    let (app, [first, second]) = merged(AUTO).await;
    let chief = app.staff("sall").await;
    let third = home(app.survey.case(5), &LU, "18:30");
    app.device("ea2")
        .await
        .accepted(&[third.clone(), visit_at(app.survey.case(0), "no_answer", &at(8, "09:00"))])
        .await;
    link_all(&app).await;
    assert_eq!(totals(&chief).await.0, 1);
    assert_eq!(state(&chief, app.survey.case(0)).await, "in_progress");
    assert_eq!(state(&chief, app.survey.case(5)).await, "completed");
    let seen = read(&chief, link_id(&first, &second)).await;
    assert_eq!(
        (&seen["household"]["interviews"], &seen["household"]["counted"]),
        (&json!(3), &json!("other"))
    );
    // The household keeps the name of its earliest interview.
    assert_eq!(seen["household"]["id"], first["id"]);
    app.recount().await;
}

#[tokio::test]
async fn after_a_merge_as_a_door_late_uploads_count_for_the_survivor() {
    let (app, [first, second]) = merged(BY_HAND).await;
    let (chief, link) = (app.staff("sall").await, link_id(&first, &second));
    let before = rows_now(&app).await;
    decide(&chief, link, "merge", "door").await;
    let cases = [app.survey.case(0), app.survey.case(9)];
    let survivor = cases.iter().min().copied().unwrap();
    let loser = cases.iter().max().copied().unwrap();
    assert_eq!(state(&chief, loser).await, "merged");
    app.device("ea2").await.accepted(&[visit_at(loser, "no_answer", &at(9, "19:00"))]).await;
    let door = chief.get(&format!("/v1/cases/{survivor}")).await.ok();
    assert_eq!((&door["state"], door["visits"].as_array().unwrap().len()), (&json!("completed"), 1));
    assert_eq!((&door["links"][0]["state"], &door["links"][0]["as"]), (&json!("merged"), &json!("door")));
    link_all(&app).await;
    decide(&chief, link, "undo", "household").await;
    assert_eq!(state(&chief, loser).await, "completed");
    link_all(&app).await;
    let after = rows_now(&app).await;
    let other: Vec<&String> = before.iter().filter(|r| r.starts_with("case") && !after.contains(r)).collect();
    assert!(
        other.len() == 1 && other[0].contains(&loser.to_string()),
        "only the door that was visited differs: {other:?}"
    );
    app.recount().await;
}

#[tokio::test]
async fn a_rejected_interview_leaves_its_household_and_the_other_one_counts() {
    let (app, [first, second]) = merged(AUTO).await;
    let chief = app.staff("sall").await;
    let before = rows(&app).await;
    let path = format!("/v1/cases/{}/decisions", app.survey.case(9));
    let body = json!({"decision": "reject_interview", "interview": second["id"], "revision": 1, "reason": "invented"});
    chief.post(&path, &body).await.ok();
    link_all(&app).await;
    assert_eq!(state(&chief, app.survey.case(0)).await, "completed");
    assert_eq!(state(&chief, app.survey.case(9)).await, "new");
    assert_eq!(read(&chief, link_id(&first, &second)).await["state"], "withdrawn");
    // A correction above the rejected revision counts again, and everything is as it was.
    app.device("ea1").await.accepted(&[with(second.clone(), "revision", 2)]).await;
    link_all(&app).await;
    assert_eq!(read(&chief, link_id(&first, &second)).await["state"], "merged");
    let members =
        |rows: &[String]| rows.iter().filter(|r| r.starts_with("member")).cloned().collect::<Vec<_>>();
    assert_eq!(members(&rows(&app).await), members(&before));
    app.recount().await;
}

#[tokio::test]
async fn a_voided_visit_takes_its_interview_out_and_brings_it_back() {
    let app = App::new(Survey::with_dwellings(12).policy(AUTO)).await;
    let visit = visit_at(app.survey.case(9), "interview_complete", &at(9, "15:00"));
    let first = home(app.survey.case(0), &LU, "10:10");
    let second = with(home(app.survey.case(9), &LU, "15:20"), "visit_id", visit["id"].clone());
    app.device("ea1").await.accepted(&[first.clone(), visit.clone(), second.clone()]).await;
    link_all(&app).await;
    let chief = app.staff("sall").await;
    let (link, joined) = (link_id(&first, &second), rows_now(&app).await);
    let path = format!("/v1/cases/{}/decisions", app.survey.case(9));
    for (decision, wanted) in [("void", "withdrawn"), ("unvoid", "merged")] {
        let body = json!({"decision": decision, "visit": visit["id"], "reason": "wrong door"});
        chief.post(&path, &body).await.ok();
        link_all(&app).await;
        assert_eq!(read(&chief, link).await["state"], wanted);
        app.recount().await;
    }
    assert_eq!(rows_now(&app).await, joined);
}

#[tokio::test]
async fn a_decision_on_what_was_not_read_is_refused() {
    let (app, [first, second]) = merged(AUTO).await;
    let (chief, link) = (app.staff("sall").await, link_id(&first, &second));
    let path = format!("/v1/links/{link}/decision");
    chief.post(&path, &json!({"decision": "undo", "version": 0})).await.problem(409, "stale-version");
    let answer = decide(&chief, link, "undo", "household").await;
    let body = json!({"decision": "undo", "version": answer["version"]});
    chief.post(&path, &body).await.problem(409, "not-possible-now");
    chief.post(&path, &json!({"decision": "marry", "version": 1})).await.problem(422, "body-not-valid");
}

#[tokio::test]
async fn decisions_that_contradict_each_other_are_refused() {
    let app = App::new(Survey::with_dwellings(12).policy(BY_HAND)).await;
    let forms = [0, 5, 9].map(|n| home(app.survey.case(n), &LU, &format!("1{n}:10")));
    app.device("ea1").await.accepted(&forms).await;
    link_all(&app).await;
    let chief = app.staff("sall").await;
    decide(&chief, link_id(&forms[0], &forms[1]), "merge", "household").await;
    decide(&chief, link_id(&forms[0], &forms[2]), "apart", "household").await;
    let link = link_id(&forms[1], &forms[2]);
    let seen = read(&chief, link).await;
    assert_eq!(seen["effects"]["merge_household"]["possible"], false);
    let body = json!({"decision": "merge", "version": seen["version"]});
    chief.post(&format!("/v1/links/{link}/decision"), &body).await.problem(409, "not-possible-now");
}
