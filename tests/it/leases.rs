//! Leases: a door leaves its holder when the lease is over or the door is finished, and what was done meanwhile counts.

use serde_json::{Value, json};

use crate::support::record::{at, visit_at};
use crate::support::survey::{A1, B1};
use crate::support::{App, Client, Picture, Survey, interview, visit};

async fn lend(staff: &Client, case: uuid::Uuid, user: &str, until: &str) {
    let item = json!({"assignments": [{"case_id": case, "enumerator": user, "until": until}]});
    assert_eq!(staff.post("/v1/assignments", &item).await.ok()["results"][0]["status"], "assigned");
}

async fn listed(staff: &Client, state: &str) -> Vec<Value> {
    staff.get(&format!("/v1/assignments?state={state}")).await.ok()["items"].as_array().unwrap().clone()
}

async fn ends(staff: &Client, case: uuid::Uuid) -> Vec<Value> {
    let door = staff.get(&format!("/v1/cases/{case}")).await.ok();
    door["assignments"].as_array().unwrap().iter().map(|a| a["end_reason"].clone()).collect()
}

const TONIGHT: &str = "2020-11-10T22:00:00+08:00";
const NEXT_WEEK: &str = "2020-11-17T22:00:00+08:00";

#[tokio::test]
async fn a_lease_that_is_over_leaves_the_door_to_nobody() {
    let app = App::new(Survey::with_dwellings(3).doors(B1, 1)).await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sall").await);
    let (own, elsewhere) = (app.survey.case(0), app.survey.case(3));
    lend(&staff, own, "ea1", TONIGHT).await;
    lend(&staff, elsewhere, "ea1", TONIGHT).await;
    let mut picture = Picture::full(&phone, 500).await;
    assert_eq!(picture.count("assignment"), 2);
    assert!(picture.get("dwelling", app.survey.doors[3].dwelling().0).is_some());
    assert_eq!(app.shared.ingest.end_leases(app.clock.now()).await.unwrap(), 0);

    app.clock.set("2020-11-10T22:00:01+08:00");
    assert_eq!(app.shared.ingest.end_leases(app.clock.now()).await.unwrap(), 2);
    assert_eq!(app.shared.ingest.end_leases(app.clock.now()).await.unwrap(), 0);

    picture.pull(&phone, 1).await;
    assert_eq!(picture.count("assignment"), 0);
    assert_eq!(picture.get("case", own).unwrap()["holder"], Value::Null);
    assert!(
        picture.get("case", elsewhere).is_none()
            && picture.get("dwelling", app.survey.doors[3].dwelling().0).is_none()
    );
    picture.assert_equals(&Picture::full(&phone, 500).await, "after the leases");
    assert_eq!(ends(&staff, own).await, [json!("expired")]);
    assert_eq!(listed(&staff, "expired").await.len(), 2);
    assert_eq!(listed(&staff, "unassigned").await.len(), 4);
    assert!(listed(&staff, "open").await.is_empty());
    lend(&staff, own, "ea2", NEXT_WEEK).await;
    assert_eq!(listed(&staff, "expired").await.len(), 1);
    assert_eq!(listed(&staff, "open").await[0]["enumerator"], "ea2");
    app.recount().await;
}

#[tokio::test]
async fn a_finished_door_ends_its_lease_and_goes_back_when_it_opens_again() {
    let app = App::new(Survey::with_dwellings(2).doors(B1, 1)).await;
    let (phone, mate, staff) = (app.device("ea1").await, app.device("eb1").await, app.staff("sall").await);
    let elsewhere = app.survey.case(2);
    lend(&staff, elsewhere, "ea1", NEXT_WEEK).await;
    let mut picture = Picture::full(&phone, 500).await;
    assert!(picture.get("case", elsewhere).is_some());

    let taken = interview(elsewhere);
    mate.accepted(std::slice::from_ref(&taken)).await;

    picture.pull(&phone, 1).await;
    assert!(picture.get("case", elsewhere).is_none(), "another person finished it");
    assert_eq!((picture.count("assignment"), ends(&staff, elsewhere).await), (0, vec![json!("finished")]));

    let reject = json!({"decision": "reject_interview", "interview": taken["id"], "revision": 1, "reason": "wrong door"});
    staff.post(&format!("/v1/cases/{elsewhere}/decisions"), &reject).await.ok();

    picture.pull(&phone, 1).await;
    assert!(
        picture.get("case", elsewhere).is_some()
            && picture.get("dwelling", app.survey.doors[2].dwelling().0).is_some()
    );
    assert_eq!(ends(&staff, elsewhere).await, [json!("finished"), Value::Null]);
    picture.assert_equals(&Picture::full(&phone, 500).await, "lent again");
    app.recount().await;
}

#[tokio::test]
async fn a_door_that_opens_after_its_lease_belongs_to_nobody() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sall").await);
    let case = app.survey.case(0);
    lend(&staff, case, "ea1", TONIGHT).await;
    let taken = interview(case);
    phone.accepted(std::slice::from_ref(&taken)).await;
    app.clock.set("2020-11-11T09:00:00+08:00");
    assert_eq!(app.shared.ingest.end_leases(app.clock.now()).await.unwrap(), 0);
    let reject =
        json!({"decision": "reject_interview", "interview": taken["id"], "revision": 1, "reason": "x"});
    staff.post(&format!("/v1/cases/{case}/decisions"), &reject).await.ok();
    let door = staff.get(&format!("/v1/cases/{case}")).await.ok();
    assert_eq!((&door["holder"], ends(&staff, case).await), (&Value::Null, vec![json!("finished")]));
    app.recount().await;
}

#[tokio::test]
async fn what_the_loser_did_offline_is_accepted_and_reported_as_double() {
    let app = App::new(Survey::with_dwellings(1).doors(B1, 1)).await;
    let (loser, winner, staff) = (app.device("ea1").await, app.device("eb1").await, app.staff("sall").await);
    let elsewhere = app.survey.case(1);
    app.clock.set("2020-11-08T08:00:00+08:00");
    lend(&staff, elsewhere, "ea1", NEXT_WEEK).await;
    app.clock.set("2020-11-09T08:00:00+08:00");
    lend(&staff, elsewhere, "eb1", NEXT_WEEK).await;
    app.clock.set("2020-11-10T12:00:00+08:00");
    winner.accepted(&[visit_at(elsewhere, "no_answer", &at(9, "10:00"))]).await;
    assert!(listed(&staff, "double").await.is_empty());

    let answer = loser.accepted(&[visit_at(elsewhere, "no_answer", &at(9, "18:00"))]).await;

    assert_eq!(answer["receipts"][0]["case"]["visits"], 2, "the loser's work counts and is shown");
    let double = listed(&staff, "double").await;
    assert_eq!((double.len(), &double[0]["enumerator"]), (1, &json!("eb1")));
    let who: Vec<_> =
        double[0]["worked"].as_array().unwrap().iter().map(|w| w["enumerator"].clone()).collect();
    assert_eq!(who, [json!("eb1"), json!("ea1")]);
    // A stranger to the door is still a stranger.
    let other = app.device("ea2").await;
    assert_eq!(other.send(&[visit(elsewhere, "no_answer")]).await["receipts"][0]["status"], "held");
}

#[tokio::test]
async fn lists_of_assignments_page_and_keep_to_the_area() {
    let app = App::new(Survey::with_dwellings(5).doors(B1, 2)).await;
    let (sa, sall) = (app.staff("sa").await, app.staff("sall").await);
    sall.post(
        "/v1/assignments",
        &json!({"assignments": [{"area": A1, "enumerator": "ea1"}, {"area": B1, "enumerator": "eb1"}]}),
    )
    .await
    .ok();
    assert_eq!((listed(&sa, "open").await.len(), listed(&sall, "open").await.len()), (5, 7));
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = sall.get(&format!("/v1/assignments?state=open&limit=2{after}")).await.ok();
        seen.extend(page["items"].as_array().unwrap().iter().map(|i| i["id"].clone()));
        let Some(next) = page["after"].as_str() else { break };
        after = format!("&after={next}");
    }
    seen.dedup();
    assert_eq!(seen.len(), 7);
    sa.get("/v1/assignments?state=lost").await.problem(400, "bad-parameter");
    sa.get("/v1/assignments?after=x").await.problem(400, "bad-parameter");
    app.device("ea1").await.client.get("/v1/assignments").await.problem(403, "wrong-role");
    let moved = sall
        .post("/v1/assignments", &json!({"assignments": [{"held_by": "ea1", "enumerator": "ea2"}]}))
        .await
        .ok();
    assert_eq!(moved["results"][0]["doors"], 5);
    app.recount().await;
}
