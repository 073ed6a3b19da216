//! Clocks: the device's is compared with ours, and a time that cannot be is held until a supervisor looks at it.

use serde_json::json;

use crate::support::record::{at, id_of, reasons, statuses, visit_at, with};
use crate::support::{App, Survey, interview, visit};

#[tokio::test]
async fn the_clock_offset_is_device_minus_server_and_seen_by_the_supervisor() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    app.clock.set("2020-11-10T12:05:12.400+08:00");

    let answer = phone.send(&[visit(app.survey.case(0), "no_answer")]).await;

    let offset = answer["clock_offset_s"].as_f64().unwrap();
    assert!((-312.5..-312.3).contains(&offset), "{offset}");
    let devices = app.staff("sa").await.get("/v1/devices").await.ok();
    assert_eq!(devices["items"][0]["clock_offset_s"], answer["clock_offset_s"]);
}

#[tokio::test]
async fn a_fast_clock_is_forgiven_by_its_offset() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let case = app.survey.case(0);
    // The phone is three hours fast: its half past two is our half past eleven.
    let batch = phone.batch(&[visit_at(case, "no_answer", "2020-11-10T14:30:00+08:00")]);
    let fast = with(batch, "sent_at", "2020-11-10T15:00:00+08:00");

    assert_eq!(statuses(&phone.post(&fast).await.ok()), ["accepted"]);

    let door = phone.get(&format!("/v1/cases/{case}")).await;
    assert_eq!(door["visits"][0]["at"], "2020-11-10T14:30:00+08:00", "kept as sent");
}

#[tokio::test]
async fn a_time_ahead_of_now_or_before_the_survey_is_held() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let case = app.survey.case(0);
    let records = [
        visit_at(case, "no_answer", "2020-11-10T12:09:00+08:00"),
        visit_at(case, "no_answer", "2020-11-10T12:12:00+08:00"),
        visit_at(case, "no_answer", "2020-10-31T23:59:59+08:00"),
        visit_at(case, "no_answer", "2020-11-01T00:00:00+08:00"),
        with(interview(case), "at", "2021-11-09T10:00:00+08:00"),
    ];

    let answer = phone.send(&records).await;

    assert_eq!(statuses(&answer), ["accepted", "held", "held", "accepted", "held"]);
    assert_eq!(reasons(&answer), ["", "implausible-time", "implausible-time", "", "implausible-time"]);
    assert_eq!(answer["receipts"][0]["case"]["visits"], 2, "held records do not count");
    assert_eq!(answer["receipts"][1]["case"]["state"], "in_progress", "a case in reach may be shown");
    app.recount().await;
}

#[tokio::test]
async fn a_supervisor_accepts_or_refuses_an_implausible_time() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let phone = app.device("ea1").await;
    let (a, b) = (app.survey.case(0), app.survey.case(1));
    let good = with(interview(a), "at", "2020-10-30T10:00:00+08:00");
    let bad = visit_at(b, "no_answer", "2020-12-24T10:00:00+08:00");
    phone.send(&[good.clone(), bad.clone()]).await;
    let staff = app.staff("sa").await;
    let held = staff.get("/v1/held").await.ok();
    assert_eq!(held["items"].as_array().unwrap().len(), 2);
    let decide = |record: &serde_json::Value, word: &str| {
        (format!("/v1/held/{}/decision", id_of(record)), json!({"decision": word, "note": "asked her"}))
    };

    let (path, body) = decide(&good, "accept");
    let accepted = staff.post(&path, &body).await.ok();
    assert_eq!(accepted["status"], "accepted");
    let (path, body) = decide(&bad, "refuse");
    assert_eq!(staff.post(&path, &body).await.ok()["status"], "refused");

    assert_eq!(staff.get(&format!("/v1/cases/{a}")).await.ok()["state"], "completed");
    assert_eq!(staff.get(&format!("/v1/cases/{b}")).await.ok()["state"], "new");
    assert_eq!(staff.get("/v1/held").await.ok()["items"], json!([]));
    staff.post(&path, &body).await.problem(409, "not-possible-now");
    let changes = phone.get("/v1/changes").await;
    assert!(changes["cursor"].is_string());
    // Sent again, it gets its first receipt; its case is not touched.
    let again = phone.send(&[bad]).await;
    assert_eq!((statuses(&again)[0], again["receipts"][0]["replayed"].as_bool()), ("held", Some(true)));
    assert_eq!(app.count("select count(*) from held_decision").await, 2);
    app.recount().await;
}

#[tokio::test]
async fn a_late_record_is_never_refused_for_being_late() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    app.clock.set("2020-12-20T09:00:00+08:00");
    let batch = phone.batch(&[visit_at(app.survey.case(0), "no_answer", &at(3, "19:00"))]);
    let batch = with(batch, "sent_at", "2020-12-20T09:00:00+08:00");
    assert_eq!(statuses(&phone.post(&batch).await.ok()), ["accepted"]);
}
