//! Supervisors' decisions: appended, answered with the new state, seen in every figure, and taken back as they came.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::record::{at, id_of, visit_at, with};
use crate::support::survey::B1;
use crate::support::{App, Client, Survey, id, interview, visit};

async fn decide(staff: &Client, case: Uuid, body: Value) -> Value {
    let body = with(body, "reason", "looked into it");
    staff.post(&format!("/v1/cases/{case}/decisions"), &body).await.ok()
}

async fn refused(staff: &Client, case: Uuid, body: Value, status: u16, slug: &str) {
    let body = with(body, "reason", "looked into it");
    staff.post(&format!("/v1/cases/{case}/decisions"), &body).await.problem(status, slug);
}

/// States by number of cases, and the active ones, as `GET /v1/completion` tells them.
async fn total(staff: &Client) -> Value {
    staff.get("/v1/completion").await.ok()["total"].clone()
}

#[tokio::test]
async fn close_and_reopen_are_appended_and_answer_the_new_state() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sa").await);
    let case = app.survey.case(0);
    phone.accepted(&[visit(case, "refusal_hard")]).await;

    let closed = decide(&staff, case, json!({"decision": "close", "class": "R"})).await;
    assert_eq!(
        (&closed["before"], &closed["state"], &closed["class"]),
        (&json!("refused"), &json!("closed"), &json!("R"))
    );
    assert_eq!(total(&staff).await["completion"], json!({"numerator": 1, "denominator": 2, "rate": 0.5}));
    let opened = decide(&staff, case, json!({"decision": "reopen"})).await;
    assert_eq!(
        (&opened["before"], &opened["state"], &opened["seq"]),
        (&json!("closed"), &json!("in_progress"), &json!(2))
    );

    let door = staff.get(&format!("/v1/cases/{case}")).await.ok();
    let decisions = door["decisions"].as_array().unwrap();
    assert_eq!((&decisions[0]["decision"], &decisions[1]["decision"]), (&json!("close"), &json!("reopen")));
    assert_eq!((&decisions[0]["by"], &decisions[0]["reason"]), (&json!("sa"), &json!("looked into it")));
    assert_eq!(decisions[0]["unmet"], json!(["attempts", "days", "bands", "evening", "weekend"]));
    assert_eq!(total(&staff).await["completion"]["numerator"], 0);
    app.recount().await;
}

#[tokio::test]
async fn a_case_is_closed_only_as_r_nc_o_or_uh_and_with_a_reason() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let staff = app.staff("sa").await;
    let case = app.survey.case(0);
    for class in ["R", "NC", "O", "UH"] {
        assert_eq!(decide(&staff, case, json!({"decision": "close", "class": class})).await["class"], class);
    }
    for class in ["I", "P", "UO", "NE", "r", ""] {
        refused(&staff, case, json!({"decision": "close", "class": class}), 422, "body-not-valid").await;
    }
    refused(&staff, case, json!({"decision": "close"}), 422, "body-not-valid").await;
    refused(&staff, case, json!({"decision": "burn"}), 422, "body-not-valid").await;
    let path = format!("/v1/cases/{case}/decisions");
    staff.post(&path, &json!({"decision": "reopen"})).await.problem(422, "body-not-valid");
}

#[tokio::test]
async fn verify_confirms_or_drops_a_claim_that_nobody_lives_there() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sa").await);
    let (a, b) = (app.survey.case(0), app.survey.case(1));
    phone.accepted(&[visit(a, "demolished"), visit(b, "vacant")]).await;
    assert_eq!(total(&staff).await["states"]["verify"], 2);

    assert_eq!(
        decide(&staff, a, json!({"decision": "verify", "confirmed": true})).await["state"],
        "not_eligible"
    );
    assert_eq!(
        decide(&staff, b, json!({"decision": "verify", "confirmed": false})).await["state"],
        "in_progress"
    );

    let total = total(&staff).await;
    assert_eq!(total["enumeration"], json!({"numerator": 0, "denominator": 1, "rate": 0.0}));
    assert_eq!(total["completion"], json!({"numerator": 1, "denominator": 2, "rate": 0.5}));
    app.recount().await;
}

#[tokio::test]
async fn a_cancelled_case_leaves_every_count_until_it_is_put_back() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sa").await);
    let case = app.survey.case(0);
    phone.accepted(&[interview(case)]).await;

    assert_eq!(decide(&staff, case, json!({"decision": "cancel"})).await["state"], "cancelled");
    let without = total(&staff).await;
    assert_eq!((&without["cases"], &without["completion"]["denominator"]), (&json!(2), &json!(1)));
    assert_eq!(without["persons"]["recorded"], 0, "nobody is counted at a cancelled door");
    phone.accepted(&[visit_at(case, "no_answer", &at(9, "19:00"))]).await;
    assert_eq!(decide(&staff, case, json!({"decision": "uncancel"})).await["state"], "completed");
    let with = total(&staff).await;
    assert_eq!((&with["completion"]["denominator"], &with["persons"]["recorded"]), (&json!(2), &json!(1)));
    app.recount().await;
}

#[tokio::test]
async fn a_voided_visit_takes_its_interview_along_and_both_come_back() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sa").await);
    let case = app.survey.case(0);
    let seen = visit(case, "interview_complete");
    let talk = with(interview(case), "visit_id", seen["id"].clone());
    phone.accepted(&[seen.clone(), talk]).await;

    let voided = decide(&staff, case, json!({"decision": "void", "visit": seen["id"]})).await;
    assert_eq!(voided["state"], "new");
    let door = staff.get(&format!("/v1/cases/{case}")).await.ok();
    assert_eq!((&door["visits"][0]["voided"], &door["visits"][0]["counted"]), (&json!(true), &json!(false)));
    assert_eq!(door["interviews"][0]["current"], false);
    let unvoided = decide(&staff, case, json!({"decision": "unvoid", "visit": seen["id"]})).await;
    assert_eq!(unvoided["state"], "completed");
    let other = app.survey.case(1);
    refused(&staff, other, json!({"decision": "void", "visit": seen["id"]}), 409, "not-possible-now").await;
    refused(&staff, case, json!({"decision": "void", "visit": id()}), 409, "not-possible-now").await;
    app.recount().await;
}

#[tokio::test]
async fn a_rejected_interview_counts_again_from_a_higher_revision() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sa").await);
    let case = app.survey.case(0);
    let talk = interview(case);
    phone.accepted(std::slice::from_ref(&talk)).await;
    let reject = json!({"decision": "reject_interview", "interview": talk["id"], "revision": 1});

    let rejected = decide(&staff, case, reject).await;
    assert_eq!((&rejected["before"], &rejected["state"]), (&json!("completed"), &json!("new")));
    refused(
        &staff,
        case,
        json!({"decision": "reject_interview", "interview": talk["id"], "revision": 2}),
        409,
        "not-possible-now",
    )
    .await;
    let again = phone.accepted(&[with(talk, "revision", 2)]).await;
    assert_eq!(again["receipts"][0]["case"]["state"], "completed");
    app.recount().await;
}

#[tokio::test]
async fn a_merge_as_door_moves_the_evidence_to_the_survivor_and_unmerge_restores_both() {
    let app = App::new(Survey::with_dwellings(3)).await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sa").await);
    let (loser, survivor) = (app.survey.case(0), app.survey.case(1));
    phone
        .accepted(&[visit(loser, "interview_complete"), interview(loser), visit(survivor, "no_answer")])
        .await;
    assert_eq!(
        total(&staff).await["completion"],
        json!({"numerator": 1, "denominator": 3, "rate": 0.333_333})
    );

    let merged = decide(&staff, loser, json!({"decision": "merge", "into": survivor})).await;
    assert_eq!(merged["state"], "merged");
    let door = staff.get(&format!("/v1/cases/{survivor}")).await.ok();
    assert_eq!((&door["state"], door["visits"].as_array().unwrap().len()), (&json!("completed"), 2));
    assert_eq!(total(&staff).await["completion"], json!({"numerator": 1, "denominator": 2, "rate": 0.5}));
    assert_eq!(total(&staff).await["persons"]["recorded"], 1);

    let late = phone.accepted(&[visit_at(loser, "no_answer", &at(9, "19:00"))]).await;
    assert_eq!(late["receipts"][0]["case"]["state"], "merged");
    let door = staff.get(&format!("/v1/cases/{survivor}")).await.ok();
    assert_eq!(door["visits"].as_array().unwrap().len(), 3, "a later upload follows the merge");

    let unmerged = decide(&staff, loser, json!({"decision": "unmerge"})).await;
    assert_eq!(unmerged["state"], "completed");
    assert_eq!(staff.get(&format!("/v1/cases/{survivor}")).await.ok()["state"], "in_progress");
    assert_eq!(total(&staff).await["completion"]["denominator"], 3);
    app.recount().await;
}

#[tokio::test]
async fn merges_that_can_mean_nothing_are_refused() {
    let app = App::new(Survey::with_dwellings(3).doors(B1, 1)).await;
    let staff = app.staff("sa").await;
    let [a, b, c, foreign] = [0, 1, 2, 3].map(|n| app.survey.case(n));
    let merge = |into: Uuid| json!({"decision": "merge", "into": into});
    refused(&staff, a, merge(a), 409, "not-possible-now").await;
    refused(&staff, a, merge(id()), 404, "not-found").await;
    refused(&staff, a, merge(foreign), 404, "not-found").await;
    refused(&staff, a, json!({"decision": "unmerge"}), 409, "not-possible-now").await;
    decide(&staff, a, merge(b)).await;
    refused(&staff, a, merge(c), 409, "not-possible-now").await;
    refused(&staff, c, merge(a), 409, "not-possible-now").await;
    refused(&staff, b, merge(c), 409, "not-possible-now").await;
    decide(&staff, c, merge(b)).await;
    assert_eq!(total(&staff).await["completion"]["denominator"], 1);
    app.recount().await;
}

#[tokio::test]
async fn a_void_at_the_loser_still_holds_after_the_merge() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sa").await);
    let (loser, survivor) = (app.survey.case(0), app.survey.case(1));
    let talk = interview(loser);
    phone.accepted(std::slice::from_ref(&talk)).await;
    let reject = json!({"decision": "reject_interview", "interview": id_of(&talk), "revision": 1});
    decide(&staff, loser, reject).await;
    decide(&staff, loser, json!({"decision": "merge", "into": survivor})).await;
    assert_eq!(staff.get(&format!("/v1/cases/{survivor}")).await.ok()["state"], "new");
    app.recount().await;
}

#[tokio::test]
async fn evidence_after_a_closing_is_taken_and_flagged() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sa").await);
    let case = app.survey.case(0);
    decide(&staff, case, json!({"decision": "close", "class": "NC"})).await;

    let late = phone.accepted(&[interview(case)]).await;

    assert_eq!(late["receipts"][0]["case"]["state"], "completed");
    let door = staff.get(&format!("/v1/cases/{case}")).await.ok();
    assert_eq!(door["flags"], json!(["late_evidence"]));
}

/// Closed by mistake: `undo` is as if it had never been, where `reopen` would have dropped the refusal.
#[tokio::test]
async fn a_decision_taken_back_leaves_the_door_as_it_was() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sa").await);
    let case = app.survey.case(0);
    let path = format!("/v1/cases/{case}/decisions");
    phone.accepted(&[visit(case, "refusal_hard")]).await;
    let seen = staff.get(&format!("/v1/cases/{case}")).await.ok();
    let close = json!({"decision": "close", "class": "R", "reason": "x", "version": seen["version"]});
    let closed = staff.post(&path, &close).await.ok();
    assert_eq!(closed["state"], "closed");
    staff.post(&path, &close).await.problem(409, "stale-version");
    let undone = staff
        .post(&path, &json!({"decision": "undo", "seq": closed["seq"], "reason": "wrong door"}))
        .await
        .ok();
    assert_eq!(undone["state"], "refused", "the refusal still holds");
    let again = json!({"decision": "undo", "seq": closed["seq"], "reason": "x"});
    staff.post(&path, &again).await.problem(409, "not-possible-now");
    let door = staff.get(&format!("/v1/cases/{case}")).await.ok();
    assert_eq!(door["decisions"].as_array().unwrap().len(), 2, "both stay in the history");
    app.recount().await;
}

#[tokio::test]
async fn many_doors_are_decided_at_once_and_that_is_taken_back_where_nothing_came_since() {
    let app = App::new(Survey::with_dwellings(4).doors(B1, 1)).await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sa").await);
    let case = |n| app.survey.case(n);
    phone.accepted(&[visit(case(0), "refusal_hard"), visit(case(1), "no_answer")]).await;
    let items: Vec<Value> = [0, 1, 2, 4].map(|n| json!({"case_id": case(n)})).into();
    let order = |dry: bool| json!({"items": items, "decision": "close", "class": "NC", "reason": "x", "dry_run": dry});
    let tried = staff.post("/v1/decisions", &order(true)).await.ok();
    assert_eq!(tried["changed"], json!({"completed": 0, "open": -3, "persons": 0}));
    let states = async || staff.get("/v1/completion").await.ok()["total"]["states"]["closed"].clone();
    assert_eq!(states().await, 0);
    let done = staff.post("/v1/decisions", &order(false)).await.ok();
    assert_eq!(
        (&done["results"][0]["state"], &done["results"][3]["status"]),
        (&json!("closed"), &json!("not-found"))
    );
    assert_eq!(states().await, 3);
    let reopen = json!({"decision": "reopen", "reason": "x"});
    staff.post(&format!("/v1/cases/{}/decisions", case(1)), &reopen).await.ok();
    let undo = format!("/v1/decisions/{}/undo", done["id"].as_str().unwrap());
    app.staff("sb").await.post(&undo, &json!({})).await.problem(404, "not-found");
    let back = staff.post(&undo, &json!({})).await.ok();
    assert_eq!(back["changed"]["open"], 2, "the door decided about since stays");
    assert_eq!(staff.get(&format!("/v1/cases/{}", case(0))).await.ok()["state"], "refused");
    app.recount().await;
}
