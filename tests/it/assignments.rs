//! Lending doors: one holder at most, one result per item, and every figure by holder follows.

use serde_json::{Value, json};

use crate::support::survey::{A1, A2, B1};
use crate::support::{App, Client, Survey, id, interview};

async fn order(staff: &Client, items: Value) -> Vec<Value> {
    let answer = staff.post("/v1/assignments", &json!({"assignments": items})).await.ok();
    answer["results"].as_array().unwrap().clone()
}

/// Cases by holder, `""` for nobody.
async fn holders(staff: &Client) -> Vec<(String, i64)> {
    let answer = staff.get("/v1/completion?by=enumerator").await.ok();
    let rows = answer["rows"].as_array().unwrap();
    rows.iter().map(|r| (r["code"].as_str().unwrap().to_owned(), r["cases"].as_i64().unwrap())).collect()
}

#[tokio::test]
async fn each_item_has_its_own_result_and_harms_no_other() {
    let app = App::new(Survey::with_dwellings(3).doors(B1, 1)).await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sa").await);
    phone.accepted(&[interview(app.survey.case(2))]).await;
    let items = json!([
        {"case_id": app.survey.case(0), "enumerator": "ea1"},
        {"case_id": app.survey.case(3), "enumerator": "ea1"},
        {"case_id": id(), "enumerator": "ea1"},
        {"case_id": app.survey.case(1), "enumerator": "sb"},
        {"case_id": app.survey.case(1), "enumerator": "nobody"},
        {"case_id": app.survey.case(1), "enumerator": "ea2", "until": "2020-11-01T00:00:00+08:00"},
        {"case_id": app.survey.case(2), "enumerator": "ea2"},
        {"case_id": app.survey.case(1), "enumerator": "ea2", "until": "2020-11-20T21:00:00+08:00"},
    ]);

    let results = order(&staff, items).await;

    let seen: Vec<_> = results
        .iter()
        .map(|r| r["reason"].as_str().unwrap_or_else(|| r["status"].as_str().unwrap()))
        .collect();
    assert_eq!(
        seen,
        [
            "assigned",
            "not-found",
            "not-found",
            "unknown-enumerator",
            "unknown-enumerator",
            "ends-in-the-past",
            "not-open",
            "assigned"
        ]
    );
    assert_eq!(holders(&staff).await, [(String::new(), 1), ("ea1".into(), 1), ("ea2".into(), 1)]);
    app.recount().await;
}

#[tokio::test]
async fn a_new_assignment_ends_the_one_before() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let staff = app.staff("sa").await;
    let case = app.survey.case(0);
    for user in [json!("ea1"), json!("ea2"), Value::Null, json!("ea1")] {
        order(&staff, json!([{"case_id": case, "enumerator": user}])).await;
    }
    let door = staff.get(&format!("/v1/cases/{case}")).await.ok();
    let ends: Vec<_> =
        door["assignments"].as_array().unwrap().iter().map(|a| a["end_reason"].clone()).collect();
    assert_eq!(ends, [json!("reassigned"), json!("withdrawn"), Value::Null]);
    assert_eq!(door["holder"], "ea1");
    assert_eq!(app.count("select count(*) from assignment where ended_at is null").await, 1);
    app.recount().await;
}

#[tokio::test]
async fn an_area_or_building_lends_its_open_doors() {
    let app = App::new(Survey::with_dwellings(12).doors(A2, 3)).await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sa").await);
    phone.accepted(&[interview(app.survey.case(0))]).await;
    let building = app.survey.doors[8].building_id();

    let results = order(
        &staff,
        json!([{"area": A1, "enumerator": "ea1"}, {"building_id": building, "enumerator": "ea2"}]),
    )
    .await;

    assert_eq!((&results[0]["doors"], &results[1]["doors"]), (&json!(11), &json!(4)));
    assert_eq!(holders(&staff).await, [(String::new(), 4), ("ea1".into(), 7), ("ea2".into(), 4)]);
    let devices = staff.get("/v1/devices").await.ok();
    assert_eq!(devices["items"][0]["doors_held"], 7);
    let back = order(&staff, json!([{"area": A1, "enumerator": null}])).await;
    assert_eq!((&back[0]["status"], &back[0]["doors"]), (&json!("withdrawn"), &json!(11)));
    assert_eq!(holders(&staff).await, [(String::new(), 15)]);
    app.recount().await;
}

#[tokio::test]
async fn what_the_holder_did_stays_with_the_holder_of_the_moment() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sa").await);
    let case = app.survey.case(0);
    order(&staff, json!([{"case_id": case, "enumerator": "ea1"}])).await;
    phone.accepted(&[interview(case)]).await;
    let rows = staff.get("/v1/completion?by=enumerator").await.ok()["rows"].clone();
    let own = rows.as_array().unwrap().iter().find(|r| r["code"] == "ea1").unwrap();
    assert_eq!((&own["states"]["completed"], &own["persons"]["recorded"]), (&json!(1), &json!(1)));
    app.recount().await;
}

#[tokio::test]
async fn an_order_that_cannot_be_read_names_every_fault() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let staff = app.staff("sa").await;
    let items = json!([
        {"enumerator": "ea1"},
        {"case_id": app.survey.case(0), "area": A1, "enumerator": "ea1"},
        {"case_id": app.survey.case(0)},
        {"case_id": "6-2-301", "enumerator": "ea1"},
        {"case_id": app.survey.case(0), "enumerator": "ea1", "until": "tomorrow"},
    ]);
    let problem =
        staff.post("/v1/assignments", &json!({"assignments": items})).await.problem(422, "body-not-valid");
    let errors = problem["errors"].to_string();
    for n in 0..5 {
        assert!(errors.contains(&format!("/assignments/{n}/")), "item {n}: {errors}");
    }
    assert_eq!(app.count("select count(*) from assignment").await, 0);
}
