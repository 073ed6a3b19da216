//! What `POST /v1/batches` promises about a batch as a whole: whole or absent, sent again without harm, kept as received.

use serde_json::{Value, json};

use crate::support::record::{at, batch, statuses, visit_at, with};
use crate::support::{App, Survey, id, interview, visit};

#[tokio::test]
async fn a_batch_is_answered_with_one_receipt_per_record_in_the_order_sent() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let phone = app.device("ea1").await;
    let records = [visit(app.survey.case(1), "no_answer"), visit(app.survey.case(0), "vacant")];

    let answer = phone.accepted(&records).await;

    let receipts = answer["receipts"].as_array().unwrap();
    let ids: Vec<_> = receipts.iter().map(|r| r["id"].clone()).collect();
    assert_eq!(ids, [records[0]["id"].clone(), records[1]["id"].clone()]);
    assert_eq!(receipts[0]["case"]["state"], "in_progress");
    assert_eq!(
        receipts[1]["case"],
        json!({"id": app.survey.case(0), "state": "verify", "visits": 1,
            "unmet": ["attempts", "days", "bands", "evening", "weekend"]})
    );
    assert_eq!(answer["replayed"], false);
    app.recount().await;
}

#[tokio::test]
async fn a_batch_sent_again_gives_the_first_receipts_word_for_word_and_changes_nothing() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let phone = app.device("ea1").await;
    let case = app.survey.case(0);
    let batch = phone.batch(&[visit(case, "no_answer"), interview(case), visit(id(), "no_answer"), json!(7)]);

    let first = phone.post(&batch).await.ok();
    phone.accepted(&[visit_at(case, "no_answer", &at(9, "19:00"))]).await;
    let seq = app.count("select last_seq + (select count(*) from change_waiting) from feed").await;
    app.clock.advance(90);
    for _ in 0..3 {
        let again = phone.post(&batch).await.ok();
        assert_eq!(again["replayed"], true);
        for part in ["batch_id", "received_at", "clock_offset_s", "counts", "receipts"] {
            assert_eq!(again[part], first[part], "{part}");
        }
    }
    assert_eq!(app.count("select count(*) from visit").await, 3);
    assert_eq!(app.count("select last_seq + (select count(*) from change_waiting) from feed").await, seq);
    app.recount().await;
}

#[tokio::test]
async fn a_try_may_have_another_sent_at_and_waiting_and_another_spelling() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let record = with(visit(app.survey.case(0), "no_answer"), "position", json!({"lon": 112.5, "lat": 34.0}));
    let batch = phone.batch(&[record]);
    phone.post(&batch).await.ok();

    let later = with(with(batch.clone(), "sent_at", "2020-11-10T18:30:00+08:00"), "waiting", 3);
    // Other white space, another order of keys, numbers and letters written otherwise: the same values.
    let spelled = serde_json::to_string_pretty(&later)
        .unwrap()
        .replace("112.5", "1125e-1")
        .replace("34.0", "34")
        .replace("no_answer", "no\\u005fanswer");
    let headers = [("content-type", "application/json")];
    let again = phone.client.post_raw("/v1/batches", &headers, spelled).await.ok();

    assert_eq!(again["replayed"], true);
    assert_eq!(app.count("select count(*) from visit").await, 1);
}

#[tokio::test]
async fn the_same_batch_id_with_other_content_is_refused_and_changes_nothing() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let phone = app.device("ea1").await;
    let batch = phone.batch(&[visit(app.survey.case(0), "no_answer")]);
    phone.post(&batch).await.ok();

    let other = with(batch.clone(), "records", json!([visit(app.survey.case(1), "no_answer")]));
    phone.post(&other).await.problem(409, "batch-id-reused");
    let fewer = with(batch.clone(), "records", json!([]));
    phone.post(&fewer).await.problem(409, "batch-id-reused");
    let stranger = app.device("ea2").await;
    let foreign = with(batch, "device_id", stranger.id.to_string());
    stranger.post(&foreign).await.problem(409, "batch-id-reused");

    assert_eq!(app.count("select count(*) from visit").await, 1);
    app.recount().await;
}

#[tokio::test]
async fn an_empty_batch_reports_what_waits_on_the_device() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;

    let answer = phone.post(&with(phone.batch(&[]), "waiting", 12)).await.ok();

    assert_eq!(answer["receipts"], json!([]));
    assert_eq!(answer["counts"], json!({"accepted": 0, "held": 0, "refused": 0}));
    let devices = app.staff("sa").await.get("/v1/devices").await.ok();
    let own = devices["items"].as_array().unwrap().iter().find(|d| d["id"] == phone.id.to_string()).unwrap();
    assert_eq!(own["waiting"], 12);
    assert_eq!(own["last_sync"], answer["received_at"]);
}

#[tokio::test]
async fn a_batch_can_be_looked_up_by_its_device_and_its_supervisor_only() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let first = phone.accepted(&[visit(app.survey.case(0), "no_answer")]).await;
    let path = format!("/v1/batches/{}", first["batch_id"].as_str().unwrap());

    let mut own = phone.get(&path).await;
    own["replayed"] = json!(false);
    assert_eq!(own, first);
    for user in ["sa", "sall", "root"] {
        assert_eq!(app.staff(user).await.get(&path).await.ok()["receipts"], first["receipts"], "{user}");
    }
    app.staff("sb").await.get(&path).await.problem(404, "not-found");
    app.device("ea1").await.client.get(&path).await.problem(404, "not-found");
    app.device("ea2").await.client.get(&path).await.problem(404, "not-found");
    phone.client.get(&format!("/v1/batches/{}", id())).await.problem(404, "not-found");
    phone.client.get("/v1/batches/1").await.problem(404, "not-found");
}

#[tokio::test]
async fn a_looked_up_batch_shows_held_records_as_they_stand_now() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let door = crate::support::dwelling(crate::support::survey::A1, "1201");
    let found = crate::support::record::id_of(&door);
    let first = phone.send(&[visit(found, "no_answer")]).await;
    assert_eq!(statuses(&first), ["held"]);
    let path = format!("/v1/batches/{}", first["batch_id"].as_str().unwrap());
    assert_eq!(statuses(&phone.get(&path).await), ["held"]);

    phone.accepted(&[door]).await;

    let now = phone.get(&path).await;
    assert_eq!(statuses(&now), ["accepted"]);
    assert_eq!(now["receipts"][0]["case"]["state"], "in_progress");
    assert!(now["receipts"][0].get("reason").is_none(), "{now}");
}

#[tokio::test]
async fn a_batch_is_taken_only_for_the_callers_own_device_and_survey() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let records = [visit(app.survey.case(0), "no_answer")];

    phone.post(&batch("census-test", id(), &records)).await.problem(403, "foreign-device");
    phone.post(&batch("census-other", phone.id, &records)).await.problem(404, "unknown-survey");
    let staff = app.staff("sa").await;
    staff.post("/v1/batches", &phone.batch(&records)).await.problem(403, "wrong-role");
    app.anyone().post("/v1/batches", &phone.batch(&records)).await.problem(401, "not-signed-in");

    assert_eq!(app.count("select count(*) from batch").await, 0);
}

#[tokio::test]
async fn the_whole_batch_is_kept_as_received() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let record = with(visit(app.survey.case(0), "no_answer"), "note", "按门铃无人应");
    let batch = with(phone.batch(&[record]), "colour", "青");
    phone.post(&batch).await.ok();

    let row =
        app.db.client().await.query_one("select raw, raw_length from batch_content", &[]).await.unwrap();
    let packed: Vec<u8> = row.get(0);
    let length: i32 = row.get(1);
    let raw = zstd::bulk::decompress(&packed, usize::try_from(length).unwrap()).unwrap();
    assert_eq!(String::from_utf8(raw).unwrap(), serde_json::to_string(&batch).unwrap());
}

#[tokio::test]
async fn a_door_with_more_visits_than_it_carries_counts_them_all() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let (case, staff) = (app.survey.case(0), app.staff("sa").await);
    let carried = "select count(*) from survey_case where evidence is not null";
    for day in 2..8_u32 {
        let visits: Vec<Value> =
            (10..23).map(|hour| visit_at(case, "no_answer", &at(day, &format!("{hour}:00")))).collect();
        phone.accepted(&visits).await;
        app.recount().await;
        assert_eq!(app.count(carried).await == 1, day < 6, "after {} visits", (day - 1) * 13);
    }
    let door = staff.get(&format!("/v1/cases/{case}")).await.ok();
    assert_eq!(door["visits"].as_array().map(Vec::len), Some(78));
}
