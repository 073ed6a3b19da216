//! The real program, killed and stopped: what was answered is kept, and it comes back by itself.

use std::time::{Duration, Instant};

use rustix::process::{Signal, kill_process};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::record::batch;
use crate::support::{Client, Device, Place, id};

fn now() -> String {
    jiff::Timestamp::now().to_string()
}

fn batch_now(device: &Device, records: &[Value]) -> Value {
    crate::support::record::with(batch(&device.survey, device.id, records), "sent_at", now())
}

/// Sends until it is answered, as a phone does: no answer, 429 and 503 mean later.
async fn until_answered(device: &Device, batch: &Value) -> Value {
    let patience = Instant::now() + Duration::from_secs(60);
    loop {
        let (phone, again) = (device.clone(), batch.clone());
        match tokio::spawn(async move { phone.post(&again).await }).await {
            Ok(reply) if reply.status == 200 => return reply.json(),
            Ok(reply) => {
                assert!([429, 503].contains(&reply.status.as_u16()), "{}", reply.text());
                assert!(!reply.header("retry-after").is_empty());
            }
            Err(_) => {}
        }
        assert!(Instant::now() < patience, "it does not come back");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_outlives_kill_9_of_the_service_and_its_database() {
    let place = Place::new("kill9");
    place.set_up();
    let service = place.serve();
    let mut phone = place.device(service.address);
    let mut stored = Vec::new();
    for _ in 0..5 {
        let batch = batch_now(&phone, &place.records(4));
        let answer = until_answered(&phone, &batch).await;
        stored.push((batch, answer));
    }
    let pending = batch_now(&phone, &place.records(4));
    let (sender, cut) = (phone.clone(), pending.clone());
    let sending = tokio::spawn(async move { sender.post(&cut).await });
    tokio::time::sleep(Duration::from_millis(2)).await;
    let database = place.postmaster().expect("it runs");
    service.kill();
    let _ = kill_process(database, Signal::KILL);
    drop(sending.await);

    let mut service = place.serve();
    phone.client.address = service.address;
    until_answered(&phone, &pending).await;
    for (batch, first) in &stored {
        let again = until_answered(&phone, batch).await;
        assert_eq!((&again["replayed"], &again["receipts"]), (&json!(true), &first["receipts"]));
    }
    let visits: i64 = phone.get("/v1/cases").await["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|c| c["visits"].as_i64())
        .sum();
    assert_eq!(visits, 24);
    assert!(place.run(&["recount", "--cases"]).status.success());
    service.signal(Signal::TERM);
    assert_eq!(service.ended(Duration::from_secs(15)).1, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_database_is_started_again_and_a_second_service_is_refused() {
    let place = Place::new("database");
    place.set_up();
    let mut service = place.serve();
    let phone = place.device(service.address);
    until_answered(&phone, &batch_now(&phone, &place.records(2))).await;

    let second = place.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(second.status.code(), Some(1));
    let words = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(words.trim().lines().count(), 1, "one sentence: {words}");

    kill_process(place.postmaster().expect("it runs"), Signal::KILL).unwrap();
    let health = Client { token: None, ..phone.client.clone() };
    assert_eq!(health.get("/healthz").await.status, 200, "the process is up");
    let batch = batch_now(&phone, &place.records(2));
    until_answered(&phone, &batch).await;
    let patience = Instant::now() + Duration::from_secs(30);
    while health.get("/readyz").await.status != 200 {
        assert!(Instant::now() < patience, "it never gets ready again");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let list = phone.get("/v1/cases").await;
    let visits: i64 = list["items"].as_array().unwrap().iter().filter_map(|c| c["visits"].as_i64()).sum();
    assert_eq!(visits, 4);
    service.signal(Signal::TERM);
    assert_eq!(service.ended(Duration::from_secs(15)).1, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_beside_a_half_sent_request_ends_in_time_with_status_0() {
    let place = Place::new("sigterm");
    place.set_up();
    let mut service = place.serve();
    let phone = place.device(service.address);
    until_answered(&phone, &batch_now(&phone, &place.records(1))).await;
    let mut half = tokio::net::TcpStream::connect(service.address).await.unwrap();
    let head = format!(
        "POST /v1/batches HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         content-length: 100000\r\n\r\n{{\"batch_id\":",
        phone.client.token.as_deref().unwrap()
    );
    half.write_all(head.as_bytes()).await.unwrap();
    let _idle = tokio::net::TcpStream::connect(service.address).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;

    service.signal(Signal::TERM);
    let mut answer = Vec::new();
    drop(tokio::time::timeout(Duration::from_secs(15), half.read_to_end(&mut answer)).await);
    let (took, code) = service.ended(Duration::from_secs(15));

    assert_eq!(code, Some(0), "after {took:?}");
    assert!(took < Duration::from_secs(15));
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(place.postmaster().is_none(), "its database is stopped");
}

/// What stands in a body, good or broken, in an address or a header stays out of the log, even of one that tells all.
#[tokio::test]
async fn nothing_that_was_sent_is_in_a_log() {
    const PLANTED: [&str; 4] = ["41018119840512202X", "张三丰", "13912345678", "Lane Seven"];
    let [number, name, phone, words] = PLANTED;
    let place = Place::new("log");
    place.set_up();
    let file = place.root.join("said");
    let mut service = place.serve_telling("trace", std::fs::File::create(&file).unwrap().into());
    let device = place.device(service.address);
    let person =
        json!({"person_no": 1, "name": name, "sex": "m", "citizen_id": number, "relationship": "head"});
    let records = [
        json!({"type": "visit", "id": id(), "case_id": place.survey.case(0), "at": now(), "outcome": "no_answer", "note": words}),
        json!({"type": "visit", "id": number, "case_id": phone, "at": name, "outcome": words}),
        json!({"type": "interview", "id": id(), "case_id": place.survey.case(1), "revision": 1, "at": now(),
            "respondent": "member", "household": {"phone": phone}, "address_text": words, "persons": [person]}),
        json!({"type": "interview", "id": id(), "case_id": id(), "revision": number, "at": phone, "persons": [{"name": [name]}]}),
        json!({"type": "dwelling", "id": id(), "area": words, "building": name, "room": number, "floor": phone}),
        json!({"type": number}),
    ];
    let whole = batch_now(&device, &records);
    let text = whole.to_string();
    assert_eq!(device.post(&whole).await.status, 200);
    let json = [("content-type", "application/json")];
    for body in [
        text[..text.len() - 9].to_owned(),
        format!("{{\"{number}\":1,\"{number}\":2}}"),
        format!("\"{name}\""),
        number.into(),
    ] {
        let reply = device.client.post_raw("/v1/batches", &json, body).await;
        assert!(reply.status.is_client_error(), "{}", reply.text());
    }
    for path in
        [format!("/v1/cases/{number}"), format!("/v1/cases?area={phone}"), format!("/{number}?{phone}")]
    {
        device.client.get(&path).await;
    }
    let login = json!({"user": phone, "password": words});
    device.client.post("/v1/login", &login).await;
    device.client.post("/v1/enrol", &json!({"code": number, "device_id": id(), "model": words})).await;
    service.signal(Signal::TERM);
    service.ended(Duration::from_secs(20));

    let mut logs = vec![file];
    let beside = std::fs::read_dir(place.root.join("data/log")).into_iter().flatten().flatten();
    logs.extend(beside.map(|entry| entry.path()));
    let token = device.client.token.clone().unwrap();
    for log in logs {
        let text = String::from_utf8_lossy(&std::fs::read(&log).unwrap()).into_owned();
        for word in PLANTED.into_iter().chain([&*token, &number[..14]]) {
            let line = text.lines().find(|line| line.contains(word));
            assert_eq!(line, None, "{word} stands in {}", log.display());
        }
    }
    let said = std::fs::read_to_string(place.root.join("said")).unwrap();
    assert!(said.contains("/v1/batches"), "the log tells of requests");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_that_give_out_what_was_said_leave_a_line_about_the_operator() {
    let place = Place::new("operator");
    place.set_up();
    let service = place.serve();
    let file = place.root.join("all.backup");
    for words in [
        &["export", "households", "--area", crate::support::survey::A1][..],
        &["export", "persons"],
        &["links", "--explain", "0"],
        &["backup", file.to_str().unwrap()],
    ] {
        let done = place.run(words);
        assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
    }
    let token = String::from_utf8(place.run(&["token", "root"]).stdout).unwrap();
    let root = Client { address: service.address, token: Some(token.trim().to_owned()), cookie: None };

    let lines = root.get("/v1/audit?user=operator").await.ok()["items"].clone();

    let told: Vec<_> = lines.as_array().unwrap().iter().filter(|l| l["detail"]["way"] == "command").collect();
    let actions: Vec<_> = told.iter().rev().map(|l| l["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["read_export", "read_export", "read_links", "backup"], "{lines}");
    assert!(told.iter().all(|l| l["detail"]["os_user"].as_str().is_some_and(|u| !u.is_empty())), "{lines}");
    assert_eq!((&told[3]["area"], &told[2]["area"]), (&json!(crate::support::survey::A1), &Value::Null));
}
