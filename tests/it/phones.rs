//! Phones that are lost, replaced or silent, files carried by hand, and the audit log.

use doorknock::ingest::accept::Trust;
use serde_json::{Value, json};

use crate::support::record::{id_of, interview_with, with};
use crate::support::survey::{A1, B1};
use crate::support::{App, Device, Picture, Survey, dwelling, id, interview, visit};

/// Takes a batch as if carried by hand.
async fn by_hand(app: &App, phone: &Device, records: &[Value], trust: Trust) -> Vec<Value> {
    let owners = app.store().device_owners(phone.id).await.unwrap();
    let body = serde_json::to_vec(&phone.batch(records)).unwrap().into();
    let taken =
        app.shared.ingest.accept_trusting(&owners[0].0, body, "file", trust, app.clock.now()).await.unwrap();
    taken.answer.receipts.iter().map(|r| serde_json::from_str(r.get()).unwrap()).collect()
}

#[tokio::test]
async fn a_phone_that_was_cut_off_is_told_to_forget_everything() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sa").await);
    let path = format!("/v1/devices/{}/revoke", phone.id);
    app.staff("sb").await.post(&path, &json!({})).await.problem(404, "not-found");
    staff.post(&path, &json!({"note": "stolen"})).await.ok();
    for path in ["/v1/changes", "/v1/cases"] {
        assert_eq!(phone.client.get(path).await.problem(403, "device-revoked")["wipe"], true);
    }
    let refused = phone.post(&phone.batch(&[visit(app.survey.case(0), "no_answer")])).await;
    assert_eq!(refused.problem(403, "device-revoked")["wipe"], true);
    // An unknown token is told nothing of the kind.
    let mut stranger = phone.client.clone();
    stranger.token = Some("x".repeat(43));
    assert_eq!(stranger.get("/v1/changes").await.problem(401, "not-signed-in")["wipe"], Value::Null);
}

#[tokio::test]
async fn what_a_lost_phone_held_comes_by_hand_and_waits_for_a_supervisor() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sa").await);
    staff.post(&format!("/v1/devices/{}/revoke", phone.id), &json!({})).await.ok();
    let made = [visit(app.survey.case(0), "no_answer"), interview(app.survey.case(1)), dwelling(A1, "9")];

    let receipts = by_hand(&app, &phone, &made, Trust::Review).await;

    assert!(
        receipts.iter().all(|r| r["status"] == "held" && r["reason"] == "revoked-device"),
        "{receipts:?}"
    );
    assert_eq!(staff.get("/v1/completion").await.ok()["total"]["states"]["new"], 2);
    for record in &made[..2] {
        let path = format!("/v1/held/{}/decision", id_of(record));
        assert_eq!(staff.post(&path, &json!({"decision": "accept"})).await.ok()["status"], "accepted");
    }
    assert_eq!(staff.get("/v1/completion").await.ok()["total"]["states"]["completed"], 1);
    app.recount().await;
}

#[tokio::test]
async fn a_new_phone_takes_over_doors_leases_and_news_of_held_records() {
    let app = App::new(Survey::with_dwellings(2).doors(B1, 1)).await;
    let (old, staff) = (app.device("ea1").await, app.staff("sall").await);
    let lent = json!({"assignments": [{"case_id": app.survey.case(2), "enumerator": "ea1"}]});
    staff.post("/v1/assignments", &lent).await.ok();
    let door = dwelling(A1, "9");
    old.send(&[visit(id_of(&door), "no_answer")]).await;
    let code = doorknock::access::new_code();
    let hash = doorknock::app::auth::hash(&doorknock::access::plain_code(&code));
    let until = app.clock.now() + jiff::SignedDuration::from_hours(24);
    app.store().add_enrol_code(&hash, app.key().await, "ea1", until, None).await.unwrap();
    let fresh = id();
    let asked = json!({"code": code, "device_id": fresh, "model": "new", "replaces": old.id});

    let token = app.anyone().post("/v1/enrol", &asked).await.ok()["token"].as_str().unwrap().to_owned();

    old.client.get("/v1/changes").await.problem(403, "device-revoked");
    let client = crate::support::Client { token: Some(token), ..app.anyone() };
    let new = Device { client, id: fresh, survey: app.survey.slug.clone() };
    let mut picture = Picture::full(&new, 500).await;
    assert_eq!((picture.count("assignment"), picture.count("case")), (1, 3));
    app.device("ea2").await.accepted(&[door]).await;
    picture.pull(&new, 500).await;
    assert_eq!(picture.receipts.last().unwrap()["status"], "accepted");
    picture.assert_equals(&Picture::full(&new, 500).await, "the new phone");
    let items = staff.get("/v1/devices").await.ok()["items"].clone();
    let gone = items.as_array().unwrap().iter().find(|d| d["id"] == json!(old.id)).unwrap();
    assert_eq!((&gone["replaced_by"], gone["revoked_at"].is_string()), (&json!(fresh), true));
}

#[tokio::test]
async fn only_an_own_phone_can_be_replaced() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let other = app.device("ea2").await;
    let code = doorknock::access::new_code();
    let hash = doorknock::app::auth::hash(&doorknock::access::plain_code(&code));
    let until = app.clock.now() + jiff::SignedDuration::from_hours(24);
    app.store().add_enrol_code(&hash, app.key().await, "ea1", until, None).await.unwrap();
    let asked = json!({"code": code, "device_id": id(), "replaces": other.id});
    app.anyone().post("/v1/enrol", &asked).await.problem(422, "body-not-valid");
    other.client.get("/v1/changes").await.ok();
    // The code still enrols a phone of its own.
    let asked = json!({"code": code, "device_id": id()});
    app.anyone().post("/v1/enrol", &asked).await.ok();
}

#[tokio::test]
async fn gaps_in_a_device_s_numbering_are_shown() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sa").await);
    for seq in [3, 4, 7] {
        let batch =
            with(with(phone.batch(&[visit(app.survey.case(0), "no_answer")]), "seq", seq), "waiting", 5);
        phone.post(&batch).await.ok();
        phone.post(&batch).await.ok();
    }
    let item = staff.get("/v1/devices").await.ok()["items"][0].clone();
    assert_eq!((&item["batches_missing"], &item["waiting"]), (&json!(2), &json!(5)));
}

#[tokio::test]
async fn receipts_of_files_carried_by_hand_reach_the_phone() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let mut picture = Picture::full(&phone, 500).await;
    let made = [
        visit(app.survey.case(0), "no_answer"),
        visit(id(), "no_answer"),
        visit(app.survey.case(0), "gone_fishing"),
    ];
    by_hand(&app, &phone, &made, Trust::Usual).await;
    picture.pull(&phone, 500).await;
    let told = |p: &Picture, record: &Value| {
        p.receipts.iter().find(|r| r["id"] == record["id"]).unwrap()["status"].clone()
    };
    let all: Vec<Value> = made.iter().map(|r| told(&picture, r)).collect();
    assert_eq!(all, [json!("accepted"), json!("held"), json!("refused")]);
    let full = Picture::full(&phone, 2).await;
    assert!(made.iter().all(|r| told(&full, r) == told(&picture, r)));
    let other = Picture::full(&app.device("ea1").await, 500).await;
    assert!(other.receipts.is_empty());
}

#[tokio::test]
async fn reads_of_personal_data_and_decisions_are_on_record() {
    let app = App::new(Survey::with_dwellings(2).doors(B1, 1)).await;
    let (phone, sa, root) = (app.device("ea1").await, app.staff("sa").await, app.staff("root").await);
    let case = app.survey.case(0);
    phone.accepted(&[interview(case)]).await;
    sa.get(&format!("/v1/cases/{case}")).await.ok();
    // Opening a door is a read whatever was said there.
    sa.get(&format!("/v1/cases/{}", app.survey.case(1))).await.ok();
    sa.get("/v1/export/persons.csv").await.ok_bytes();
    let close = json!({"decision": "close", "class": "NC", "reason": "x"});
    sa.post(&format!("/v1/cases/{}/decisions", app.survey.case(1)), &close).await.ok();

    let log = root.get("/v1/audit").await.ok()["items"].as_array().unwrap().clone();

    let by_sa: Vec<_> =
        log.iter().filter(|l| l["user"] == "sa").map(|l| l["action"].as_str().unwrap()).collect();
    assert_eq!(by_sa, ["decide_case", "read_export", "read_case", "read_case", "make_token"]);
    assert_eq!(log.iter().rfind(|l| l["action"] == "read_case").unwrap()["subject"], json!(case));
    assert!(!log.iter().any(|l| l.to_string().contains("王秀英")));
    let reads = root.get("/v1/audit?action=read_case&limit=1").await.ok();
    assert_eq!(reads["items"].as_array().unwrap().len(), 1);
    assert!(root.get(&format!("/v1/audit?area={B1}")).await.ok()["items"].as_array().unwrap().is_empty());
    sa.get("/v1/audit").await.problem(403, "wrong-role");
    phone.client.get("/v1/audit").await.problem(403, "wrong-role");
    root.get("/v1/audit?action=none").await.problem(400, "bad-parameter");
}

#[tokio::test]
async fn a_purge_leaves_counts_and_nothing_that_names_anybody() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sa").await);
    let noted = with(visit(app.survey.case(1), "no_answer"), "note", "asks for 王秀英");
    phone.accepted(&[interview(app.survey.case(0)), noted]).await;
    let bare = json!({"person_no": 1, "name": "王秀英", "sex": "f"});
    phone.send(&[interview_with(app.survey.case(1), vec![bare])]).await;
    let before = staff.get("/v1/completion").await.ok()["total"].clone();
    let key = app.key().await;
    let counted = "select string_agg(concat_ws('/', interview_id, revision, person_no, sex, birth_year, relationship, residence_status,
        is_id_repaired), ' ' order by interview_id, revision, person_no) from person";
    let client = app.db.client().await;
    let people: String = client.query_one(counted, &[]).await.unwrap().get(0);

    for step in doorknock::store::purge::STEPS {
        while app.store().purge_some(key, step).await.unwrap() > 0 {}
    }

    assert_eq!(client.query_one(counted, &[]).await.unwrap().get::<_, String>(0), people);
    let tables = client.query("select relname::text from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace", &[]).await.unwrap();
    for table in tables {
        let table: String = table.get(0);
        let sql = format!(
            "select count(*) from \"{table}\" t where t::text like '%王秀英%' or t::text like '%10800000001%'"
        );
        assert_eq!(app.count(&sql).await, 0, "{table}");
    }
    assert_eq!(app.count("select count(*) from batch_content where length(raw) > 0").await, 0);
    assert_eq!(staff.get("/v1/completion").await.ok()["total"]["persons"], before["persons"]);
    app.recount().await;
    // A later fold comes to the same figures.
    phone.accepted(&[visit(app.survey.case(0), "no_answer")]).await;
    assert_eq!(
        staff.get("/v1/completion").await.ok()["total"]["states"]["completed"],
        before["states"]["completed"]
    );
    app.recount().await;
}

#[tokio::test]
async fn a_first_sync_and_a_day_s_news_are_small() {
    let app = App::new(Survey::with_dwellings(500)).await;
    let (phone, mate) = (app.device("ea1").await, app.device("ea2").await);
    let gzip = [("accept-encoding", "gzip")];
    let mut size = 0;
    let mut cursor = String::new();
    loop {
        let path = format!("/v1/changes?limit=500{cursor}");
        let reply = phone.client.call(http::Method::GET, &path, &gzip, bytes::Bytes::new()).await;
        size += reply.body.len();
        let page = unpacked(&reply);
        cursor = format!("&cursor={}", page["cursor"].as_str().unwrap());
        if page["more"] == false {
            break;
        }
    }
    // A day's work of one person at 60 doors.
    let day: Vec<Value> = (0..60).map(|n| visit(app.survey.case(n * 3), "no_answer")).collect();
    mate.accepted(&day).await;
    let path = format!("/v1/changes?limit=500{cursor}");
    let reply = phone.client.call(http::Method::GET, &path, &gzip, bytes::Bytes::new()).await;
    assert_eq!(unpacked(&reply)["changes"].as_array().unwrap().len(), 60);
    println!("first sync of 500 doors {size} bytes, a day's news {} bytes, gzip", reply.body.len());
    assert!(size < 200_000, "{size}");
    assert!(reply.body.len() < 20_000, "{}", reply.body.len());
}

fn unpacked(reply: &crate::support::Reply) -> Value {
    use std::io::Read;
    if reply.header("content-encoding").is_empty() {
        assert!(reply.body.len() < 1024, "only short answers are sent as they are");
        return reply.json();
    }
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(&reply.body[..]).read_to_end(&mut plain).unwrap();
    serde_json::from_slice(&plain).unwrap()
}
