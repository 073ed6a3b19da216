//! Ids, codes and numbers are values: however they are written, they are the same thing.

use serde_json::{Value, json};

use crate::support::record::{at, id_of, statuses, visit_at, with};
use crate::support::survey::{A, A1};
use crate::support::{App, Survey, dwelling, id, interview, visit};

/// Every UUID in capitals, as some phones write them.
fn loud(value: &Value) -> Value {
    match value {
        Value::String(text) if text.parse::<uuid::Uuid>().is_ok() => json!(text.to_uppercase()),
        Value::Array(items) => items.iter().map(loud).collect(),
        Value::Object(members) => members.iter().map(|(key, value)| (key.clone(), loud(value))).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn mixed(app: &App) -> Vec<Value> {
    let seen = with(visit(app.survey.case(0), "interview_complete"), "photo", json!([id(), id()]));
    let talk = with(interview(app.survey.case(0)), "visit_id", seen["id"].clone());
    let door = dwelling(A1, "1201");
    let at_door = visit_at(id_of(&door), "no_answer", &at(8, "10:00"));
    let refused = with(visit(app.survey.case(1), "no_answer"), "outcome", "abducted");
    vec![seen, talk, door, at_door, refused, visit(id(), "vacant")]
}

#[tokio::test]
async fn a_batch_in_capitals_is_the_same_batch() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let phone = app.device("ea1").await;
    let quiet = phone.batch(&mixed(&app));
    let loud = loud(&quiet);
    assert_ne!(quiet, loud);

    let first = phone.post(&loud).await.ok();
    let again = phone.post(&quiet).await.ok();
    let third = phone.post(&loud).await.ok();

    assert_eq!(first["counts"], json!({"accepted": 4, "held": 1, "refused": 1}), "{first:#}");
    for answer in [&again, &third] {
        assert_eq!((&answer["replayed"], &answer["receipts"]), (&json!(true), &first["receipts"]));
    }
    for (receipt, record) in
        first["receipts"].as_array().unwrap().iter().zip(quiet["records"].as_array().unwrap())
    {
        assert_eq!(receipt["id"], record["id"], "receipts write ids small");
    }
    app.recount().await;
}

#[tokio::test]
async fn a_record_in_capitals_is_the_same_record_in_another_batch() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let phone = app.device("ea1").await;
    let records = mixed(&app);
    let first = phone.send(&records).await;

    let again = phone.send(&records.iter().map(loud).collect::<Vec<_>>()).await;

    assert_eq!(statuses(&again), statuses(&first), "{again:#}");
    let replayed: Vec<bool> =
        again["receipts"].as_array().unwrap().iter().map(|r| r["replayed"] == true).collect();
    assert_eq!(replayed, [true, true, true, true, false, true], "what was refused is not stored");
    let twice = [records[0].clone(), loud(&records[0])];
    assert_eq!(statuses(&phone.send(&twice).await), ["accepted", "accepted"]);
    assert_eq!(app.count("select count(*) from visit").await, 3);
    let other = with(loud(&records[0]), "outcome", "vacant");
    assert_eq!(phone.send(&[other]).await["receipts"][0]["reason"], "id-reused");
    app.recount().await;
}

#[tokio::test]
async fn the_spelling_of_numbers_and_texts_makes_no_other_record() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let plain = with(interview(app.survey.case(0)), "paused_s", 30).to_string();
    let batch = phone.batch(&[]).to_string();
    let send = |record: &str| {
        let id = id().to_string();
        let mut head: Value = serde_json::from_str(&batch).unwrap();
        head["batch_id"] = json!(id);
        head.to_string().replace("\"records\":[]", &format!("\"records\":[{record}]"))
    };
    let json = [("content-type", "application/json")];
    let first = phone.client.post_raw("/v1/batches", &json, send(&plain)).await.ok();
    assert_eq!(first["receipts"][0]["replayed"], false);
    for (a, b) in [
        ("\"revision\":1", "\"revision\":1.0"),
        ("\"revision\":1", "\"revision\":1e0"),
        ("\"paused_s\":30", "\"paused_s\":3.0E1"),
        ("\"floor_area_m2\":89.5", "\"floor_area_m2\":8950e-2"),
        ("王秀英", "\\u738b\\u79c0\\u82f1"),
        ("\"type\":\"interview\"", "\"type\" : \"inter\\u0076iew\""),
    ] {
        assert!(plain.contains(a), "{a}");
        let spelt = phone.client.post_raw("/v1/batches", &json, send(&plain.replacen(a, b, 1))).await.ok();
        assert_eq!(spelt["receipts"][0]["replayed"], true, "{b}: {spelt}");
    }
    let tree: Value = serde_json::from_str(&plain).unwrap();
    let turned: Vec<String> = tree
        .as_object()
        .unwrap()
        .iter()
        .rev()
        .map(|(key, value)| format!("{}:{value}", json!(key)))
        .collect();
    let turned = format!("{{{}}}", turned.join(","));
    let again = phone.client.post_raw("/v1/batches", &json, send(&turned)).await.ok();
    assert_eq!(again["receipts"][0]["replayed"], true);
    // Sent empty is another record than not sent: what was sent is compared, not what it means.
    let empty = plain.replace("\"paused_s\":30", "\"paused_s\":30,\"address_text\":\"\"");
    let other = phone.client.post_raw("/v1/batches", &json, send(&empty)).await.ok();
    assert_eq!(other["receipts"][0]["reason"], "id-reused");
}

#[tokio::test]
async fn ids_in_paths_parameters_and_bodies_may_be_in_capitals() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sa").await);
    let case = app.survey.case(0);
    let waiting = visit(id(), "vacant");
    let batch = phone.batch(&[visit(case, "no_answer"), waiting.clone()]);
    phone.post(&batch).await.ok();
    let up = |id: &str| id.to_uppercase();

    let one = staff.get(&format!("/v1/cases/{}", up(&case.to_string()))).await.ok();
    assert_eq!(one["id"], case.to_string());
    let batch_id = batch["batch_id"].as_str().unwrap();
    assert_eq!(phone.get(&format!("/v1/batches/{}", up(batch_id))).await["batch_id"], batch_id);
    let lend = json!({"assignments": [{"case_id": up(&case.to_string()), "enumerator": "ea2"}]});
    assert_eq!(staff.post("/v1/assignments", &lend).await.ok()["results"][0]["status"], "assigned");
    let accept = json!({"decision": "accept", "case_id": up(&app.survey.case(1).to_string())});
    let path = format!("/v1/held/{}/decision", up(&id_of(&waiting).to_string()));
    assert_eq!(staff.post(&path, &accept).await.ok()["status"], "accepted");
    let void = json!({"decision": "void", "visit": up(&id_of(&waiting).to_string()), "reason": "x"});
    let path = format!("/v1/cases/{}/decisions", up(&app.survey.case(1).to_string()));
    assert_eq!(staff.post(&path, &void).await.ok()["state"], "new");
    let path = format!("/v1/devices/{}/revoke", up(&phone.id.to_string()));
    staff.post(&path, &json!({})).await.ok();
    for other in [format!("{{{case}}}"), case.simple().to_string(), case.urn().to_string()] {
        staff.get(&format!("/v1/cases/{other}")).await.problem(404, "not-found");
    }
}

#[tokio::test]
async fn the_code_of_an_area_is_found_in_any_case_of_letters() {
    let mut survey = Survey::with_dwellings(1);
    survey.areas.push(("North-x".into(), A.into(), "estate".into(), "Far".into()));
    let app = App::new(survey.doors("North-x", 1)).await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sa").await);

    let answer =
        phone.accepted(&[with(dwelling("NORTH-X", "77"), "building", "9"), dwelling("north-x", "78")]).await;

    assert_eq!(answer["counts"]["accepted"], 2);
    assert_eq!(app.count("select count(*) from dwelling where area = 'North-x'").await, 3);
    for code in ["North-x", "north-X", "%EF%BC%AEorth-x"] {
        let list = staff.get(&format!("/v1/cases?area={code}")).await.ok();
        assert_eq!(list["items"].as_array().unwrap().len(), 3, "{code}");
        assert_eq!(staff.get(&format!("/v1/completion?area={code}")).await.ok()["area"]["code"], "North-x");
    }
    // The door found is the one that is listed.
    let listed = with(with(dwelling("NORTH-X", "101"), "building", "1"), "floor", 1);
    let found = phone.accepted(&[listed]).await;
    assert_eq!(found["receipts"][0]["case"]["id"], app.survey.case(1).to_string());
    let lend = json!({"assignments": [{"area": "NORTH-X", "enumerator": "ea2"}]});
    assert_eq!(staff.post("/v1/assignments", &lend).await.ok()["results"][0]["doors"], 3);
    staff.get("/v1/cases?area=North").await.problem(404, "not-found");
    assert_eq!(
        staff.get("/v1/cases?area=").await.ok()["items"].as_array().unwrap().len(),
        4,
        "empty is not given"
    );
}

#[tokio::test]
async fn the_slug_of_the_survey_is_found_in_any_case_of_letters() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let batch = phone.batch(&[visit(app.survey.case(0), "no_answer")]);

    phone.post(&with(batch.clone(), "survey", "Census-TEST")).await.ok();
    let again = phone.post(&batch).await.ok();

    assert_eq!(again["replayed"], true);
    phone.post(&with(batch, "survey", "census")).await.problem(404, "unknown-survey");
}

/// A text of the batch itself that is too long is named, not taken for broken JSON.
#[tokio::test]
async fn a_field_of_the_batch_that_breaks_a_limit_is_a_422_with_its_pointer() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let batch = phone.batch(&[visit(app.survey.case(0), "no_answer")]);
    for (field, value, pointer) in [
        ("survey", json!("x".repeat(20_001)), "/survey"),
        ("app_version", json!("x".repeat(30_000)), "/app_version"),
        ("pad", json!({"deep": ["y".repeat(20_001)]}), "/pad/deep/0"),
    ] {
        let reply = phone.post(&with(batch.clone(), field, value)).await;
        let problem = reply.json();
        assert_eq!(
            (reply.status.as_u16(), &problem["type"]),
            (422, &json!("/problems/body-not-valid")),
            "{problem}"
        );
        assert!(problem["errors"].as_array().unwrap().iter().any(|e| e["pointer"] == pointer), "{problem}");
    }
    let odd = with(with(batch.clone(), "seq", "first"), "app_version", 7);
    let answer = phone.post(&odd).await.ok();
    let told: Vec<_> =
        answer["warnings"].as_array().unwrap().iter().map(|w| w["pointer"].as_str().unwrap()).collect();
    assert_eq!((answer["counts"]["accepted"].as_i64(), told), (Some(1), vec!["/seq", "/app_version"]));
    let again = phone.post(&batch).await.ok();
    assert_eq!((&again["replayed"], again.get("warnings")), (&json!(true), None));
}

/// One field after the other, empty, over HTTP: nothing of it costs a record.
#[tokio::test]
async fn an_empty_field_costs_no_record() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let case = app.survey.case(0);
    let mut records = Vec::new();
    for key in [
        "ended_at",
        "channel",
        "informant",
        "appointment",
        "note",
        "photo",
        "position",
        "mono_s",
        "mock_location",
    ] {
        records.push(with(visit(case, "no_answer"), key, ""));
    }
    records.push(with(visit(case, "appointment_made"), "appointment", json!({"from": at(12, "19:00")})));
    for key in ["visit_id", "revision", "result", "respondent", "answers", "address_text", "paused_s"] {
        records.push(with(interview(case), key, "　"));
    }
    for key in [
        "phone",
        "tenure",
        "rooms",
        "floor_area_m2",
        "births_m",
        "dwelling_kind",
        "household_no",
        "household_type",
    ] {
        let mut record = interview(case);
        record["household"][key] = json!(" ");
        records.push(record);
    }
    for key in ["birth", "citizen_id", "residence_status", "education", "time_away", "ethnicity", "surname"] {
        let mut record = interview(case);
        record["persons"][0][key] = json!("");
        records.push(record);
    }
    for key in [
        "unit",
        "floor",
        "kind",
        "household",
        "position",
        "lon",
        "building_name",
        "external_id",
        "at",
        "note",
    ] {
        records.push(with(dwelling(A1, "1301"), key, "\u{200b}"));
    }

    let answer = phone.accepted(&records).await;

    assert!(answer["receipts"].as_array().unwrap().iter().all(|r| r.get("warnings").is_none()), "{answer:#}");
    let window = "select count(*) from visit where appointment_to - appointment_from = interval '1 hour'";
    assert_eq!(app.count(window).await, 1);
    app.recount().await;
}
