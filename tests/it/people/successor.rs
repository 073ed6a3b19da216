//! The same login name later is a new person.

use serde_json::{Value, json};

use super::{code, lend, login, password, session, without};
use crate::support::record::id_of;
use crate::support::survey::{A1, B1};
use crate::support::{App, Client, Device, Picture, Survey, id, interview, visit};

#[tokio::test]
async fn a_successor_gets_nothing_of_the_person_before() {
    let app = App::new(Survey::with_dwellings(3).doors(B1, 2)).await;
    let (phone, boss) = (app.device("ea1").await, app.staff("sall").await);
    let (own, far) = (app.survey.case(0), app.survey.case(3));
    lend(
        &boss,
        json!([{"case_id": far, "enumerator": "ea1"}, {"case_id": app.survey.case(1), "enumerator": "ea1"}]),
    )
    .await;
    phone.accepted(&[interview(own), interview(far)]).await;
    assert!(password(&app, "sa", "correct horse").await);
    let browser = session(&app, "sa", "correct horse").await;
    let fresh = code(&app, "ea1").await.unwrap();
    app.load(&without(&app.survey, &["ea1", "sa"])).await;
    app.clock.advance(60);
    app.load(&app.survey).await;

    phone.client.get("/v1/changes").await.problem(403, "device-revoked");
    browser.get("/v1/cases").await.problem(401, "not-signed-in");
    login(&app, "sa", "correct horse").await.problem(401, "wrong-login");
    let form = json!({"code": fresh, "device_id": id(), "model": "x"});
    app.anyone().post("/v1/enrol", &form).await.problem(403, "wrong-code");
    // Neither as itself nor as the one it replaces is the old phone the successor's.
    let again = json!({"code": code(&app, "ea1").await, "device_id": phone.id, "model": "x"});
    app.anyone().post("/v1/enrol", &again).await.problem(422, "body-not-valid");
    let replacing = json!({"code": code(&app, "ea1").await, "device_id": id(), "replaces": phone.id});
    app.anyone().post("/v1/enrol", &replacing).await.problem(422, "body-not-valid");

    let new = app.device("ea1").await;
    let picture = Picture::full(&new, 500).await;
    assert_eq!((picture.count("assignment"), picture.receipts.len()), (0, 0));
    assert!(picture.get("case", far).is_none(), "a door finished elsewhere by the person before");
    let shown = new.get(&format!("/v1/cases/{own}")).await["interviews"][0].clone();
    assert_eq!(
        (&shown["n_persons"], &shown["persons"]),
        (&json!(1), &json!([])),
        "others' interviews: no names"
    );
    assert!(shown["address_text"].is_null() && shown["household"].is_null());
    new.client.get(&format!("/v1/cases/{far}")).await.problem(404, "not-found");
    // A door lent to the person before is unknown to the successor, an own lease is not.
    let answer = new.send(&[visit(far, "no_answer"), visit(app.survey.case(2), "no_answer")]).await;
    assert_eq!(crate::support::record::statuses(&answer), ["held", "accepted"]);
    let taken = interview(app.survey.case(2));
    new.accepted(std::slice::from_ref(&taken)).await;
    let mine = new.get(&format!("/v1/cases/{}", app.survey.case(2))).await["interviews"][0].clone();
    assert_eq!(mine["persons"].as_array().unwrap().len(), 1, "the own one is read as ever");
    app.recount().await;
}

#[tokio::test]
async fn devices_are_told_apart_by_who_had_the_name() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let (old, boss) = (app.device("ea1").await, app.staff("sa").await);
    app.load(&without(&app.survey, &["ea1"])).await;
    app.clock.advance(60);
    app.load(&app.survey).await;
    let new = app.device("ea1").await;
    lend(&boss, json!([{"area": A1, "enumerator": "ea1"}])).await;

    let items = boss.get("/v1/devices").await.ok()["items"].clone();

    let of = |d: &Device| items.as_array().unwrap().iter().find(|i| i["id"] == json!(d.id)).unwrap().clone();
    assert_eq!((of(&old)["name"].clone(), of(&old)["doors_held"].clone()), (json!("ea1"), json!(0)));
    assert_eq!((of(&new)["name"].clone(), of(&new)["doors_held"].clone()), (json!("Staff ea1"), json!(2)));
    assert_eq!((&of(&old)["revoked_by"], &of(&new)["revoked_at"]), (&json!("set-up"), &Value::Null));
}

#[tokio::test]
async fn a_person_who_stays_keeps_everything_over_a_set_up() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let (phone, boss) = (app.device("ea1").await, app.staff("sa").await);
    lend(&boss, json!([{"area": A1, "enumerator": "ea1"}])).await;
    let taken = interview(app.survey.case(0));
    phone.accepted(std::slice::from_ref(&taken)).await;
    assert!(password(&app, "sa", "correct horse").await);
    let browser: Client = session(&app, "sa", "correct horse").await;

    let report = app.load(&app.survey.clone().policy("[lease]\nhours = 48")).await;

    assert!(report.staff.losses.is_empty() && report.staff.left.is_empty());
    assert_eq!(Picture::full(&phone, 500).await.count("assignment"), 1);
    browser.get("/v1/cases").await.ok();
    let mine = phone.get(&format!("/v1/cases/{}", app.survey.case(0))).await["interviews"][0].clone();
    assert_eq!(mine["persons"].as_array().unwrap().len(), 1);
    assert_eq!(mine["id"], json!(id_of(&taken)));
}
