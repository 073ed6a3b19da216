//! What a link changes in numbers, and that taking it back changes them back.

use serde_json::{Value, json};

use super::family::*;
use crate::support::record::{at, visit_at, with};
use crate::support::{App, Survey};

fn both(app: &App) -> (Value, Value) {
    (home(app.survey.case(0), &LU, "10:10"), home(app.survey.case(9), &LU, "15:20"))
}

#[tokio::test]
async fn a_family_met_at_two_doors_is_counted_once() {
    let app = App::new(Survey::with_dwellings(12).policy(AUTO)).await;
    let (first, second) = both(&app);
    app.device("ea1")
        .await
        .accepted(&[first.clone(), visit_at(app.survey.case(9), "no_answer", &at(8, "10:00"))])
        .await;
    app.device("ea2").await.accepted(std::slice::from_ref(&second)).await;
    let chief = app.staff("sall").await;
    assert_eq!(totals(&chief).await.0, 2);

    assert_eq!(link_all(&app).await, 2);

    let link = read(&chief, link_id(&first, &second)).await;
    assert_eq!(
        (&link["state"], &link["as"], &link["decided_by"]),
        (&json!("merged"), &json!("household"), &json!("worker")),
        "{link}"
    );
    let (completed, workload, persons) = totals(&chief).await;
    assert_eq!((completed, workload, &persons["recorded"]), (1, 12, &json!(4)));
    // The later of two equal forms counts; the other door needs a visit again.
    assert_eq!(state(&chief, app.survey.case(9)).await, "completed");
    assert_eq!(state(&chief, app.survey.case(0)).await, "new");
    app.recount().await;
}

#[tokio::test]
async fn two_interviews_at_one_door_change_no_door() {
    let app = App::new(Survey::with_dwellings(3)).await;
    let (first, second) = (home(app.survey.case(0), &LU, "10:10"), home(app.survey.case(0), &LU, "15:20"));
    app.device("ea1").await.accepted(&[first.clone(), second.clone()]).await;
    let chief = app.staff("sall").await;
    let before = totals(&chief).await;

    link_all(&app).await;

    assert_eq!(read(&chief, link_id(&first, &second)).await["state"], "merged");
    assert_eq!(totals(&chief).await, before);
    app.recount().await;
}

#[tokio::test]
async fn taking_a_merge_back_leaves_the_rows_as_if_it_had_never_been() {
    let app = App::new(Survey::with_dwellings(12).policy(AUTO)).await;
    let (first, second) = both(&app);
    app.device("ea1").await.accepted(&[first.clone(), second.clone()]).await;
    let before = rows(&app).await;
    link_all(&app).await;
    assert_ne!(rows(&app).await, before);

    let chief = app.staff("sall").await;
    let answer = decide(&chief, link_id(&first, &second), "undo", "household").await;

    assert_eq!((&answer["state"], &answer["changed"]["completed"]), (&json!("review"), &json!(1)));
    assert_eq!(rows(&app).await, before);
    app.recount().await;
}

#[tokio::test]
async fn every_decision_changes_what_was_said_beforehand_and_undo_takes_it_back() {
    for (decision, merged_as, effect, completed, workload) in [
        ("merge", "household", "merge_household", -1, 0),
        ("merge", "door", "merge_door", -1, -1),
        ("pair", "household", "pair", 0, 0),
        ("apart", "household", "apart", 0, 0),
    ] {
        let app = App::new(Survey::with_dwellings(12).policy(BY_HAND)).await;
        let (first, second) = both(&app);
        app.device("ea1").await.accepted(&[first.clone(), second.clone()]).await;
        link_all(&app).await;
        let (chief, link) = (app.staff("sall").await, link_id(&first, &second));
        let (was, before, past) = (totals(&chief).await, rows_now(&app).await, rows(&app).await);
        let seen = read(&chief, link).await;
        assert_eq!((&seen["state"], &seen["refusal"]), (&json!("review"), &json!("across-doors")), "{seen}");
        let promised = &seen["effects"][effect];
        assert_eq!(promised["possible"], true, "{decision} {merged_as}: {promised}");

        let answer = decide(&chief, link, decision, merged_as).await;

        assert_eq!(answer["changed"], promised["changes"], "{decision} {merged_as}");
        let is = totals(&chief).await;
        assert_eq!((is.0 - was.0, is.1 - was.1), (completed, workload), "{decision} {merged_as}");
        for (figure, n) in promised["changes"]["persons"].as_object().unwrap() {
            let change = is.2[figure].as_i64().unwrap() - was.2[figure].as_i64().unwrap();
            assert_eq!(change, n.as_i64().unwrap(), "{decision} {merged_as} {figure}");
        }
        app.recount().await;
        link_all(&app).await;
        assert_eq!(totals(&chief).await, is, "the job leaves a person's decision alone");

        decide(&chief, link, "undo", "household").await;
        link_all(&app).await;
        assert_eq!(rows_now(&app).await, before, "{decision} {merged_as}");
        assert!(merged_as == "door" || rows(&app).await == past, "{decision} leaves no trace in the past");
        assert_eq!(totals(&chief).await, was);
        assert_eq!(read(&chief, link).await["decisions"].as_array().unwrap().len(), 2);
    }
}

#[tokio::test]
async fn somebody_registered_at_home_and_living_elsewhere_is_paired_and_counted_once() {
    let app = App::new(Survey::with_dwellings(12).policy(AUTO)).await;
    let mut parents = people(&ZHAI);
    parents[2] = absent(parents[2].clone());
    let mut tenant = people(&ZHAI[2..3]);
    tenant[0]["relationship"] = json!("head");
    tenant[0]["registered_at"] = json!(2);
    tenant[0]["time_away"] = json!(4);
    tenant[0]["residence_status"] = json!("here_elsewhere");
    let (home, flat) =
        (form(app.survey.case(0), parents, "10:10"), form(app.survey.case(9), tenant, "11:00"));
    app.device("ea1").await.accepted(&[home.clone(), with(flat.clone(), "respondent", "head")]).await;
    let (chief, link) = (app.staff("sall").await, link_id(&home, &flat));
    let before = rows(&app).await;

    link_all(&app).await;

    let seen = read(&chief, link).await;
    assert_eq!((&seen["state"], &seen["decided_by"]), (&json!("paired"), &json!("worker")), "{seen}");
    let (completed, workload, persons) = totals(&chief).await;
    assert_eq!((completed, workload), (2, 12));
    assert_eq!((&persons["recorded"], &persons["paired"]), (&json!(5), &json!(1)));
    app.recount().await;
    decide(&chief, link, "undo", "household").await;
    assert_eq!(rows(&app).await, before);
}

#[tokio::test]
async fn a_form_of_people_who_live_elsewhere_stays_complete_for_its_door() {
    let app = App::new(Survey::with_dwellings(12).policy(BY_HAND)).await;
    let registered = people(&LU).into_iter().map(absent).collect();
    let (paper, lived) =
        (form(app.survey.case(0), registered, "10:10"), home(app.survey.case(9), &LU, "15:20"));
    app.device("ea1").await.accepted(&[paper.clone(), lived.clone()]).await;
    link_all(&app).await;
    let (chief, link) = (app.staff("sall").await, link_id(&paper, &lived));
    assert_eq!(read(&chief, link).await["state"], "paired");

    // Whoever merges them all the same counts one form; the door of the other stays done.
    decide(&chief, link, "merge", "household").await;

    let (completed, _, persons) = totals(&chief).await;
    assert_eq!((completed, &persons["recorded"]), (2, &json!(4)));
    assert_eq!(state(&chief, app.survey.case(0)).await, "completed");
    app.recount().await;
}

/// A family met twice is one household. Its child turns up at a third door as a tenant: the pairs that follow touch both forms
/// of the family, and the one that counts elsewhere still does.
#[tokio::test]
async fn a_family_counted_once_stays_counted_once_when_one_of_them_is_paired_with_a_third_door() {
    let app = App::new(Survey::with_dwellings(12).policy(AUTO)).await;
    let mut family = people(&ZHAI);
    family[2] = absent(family[2].clone());
    let (first, second) =
        (form(app.survey.case(0), family.clone(), "10:10"), form(app.survey.case(9), family, "15:20"));
    let phone = app.device("ea1").await;
    phone.accepted(&[first.clone(), second.clone()]).await;
    link_all(&app).await;
    let chief = app.staff("sall").await;
    assert_eq!(read(&chief, link_id(&first, &second)).await["state"], "merged");
    assert_eq!(totals(&chief).await.0, 1);

    let mut tenant = people(&ZHAI[2..3]);
    for (field, value) in [
        ("relationship", json!("head")),
        ("registered_at", json!(2)),
        ("time_away", json!(4)),
        ("residence_status", json!("here_elsewhere")),
    ] {
        tenant[0][field] = value;
    }
    let flat = with(form(app.survey.case(5), tenant, "11:00"), "respondent", "head");
    phone.accepted(std::slice::from_ref(&flat)).await;
    link_all(&app).await;

    assert_eq!(read(&chief, link_id(&first, &flat)).await["state"], "paired");
    assert_eq!(totals(&chief).await.0, 2, "the family once, the tenant once");
    app.recount().await;
}
