//! Messages to phones: whom they reach, when they go, who has read them; and what phones say of themselves.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::record::{id, id_of, with};
use crate::support::survey::{A, A1, A2, B1};
use crate::support::{App, Client, Device, Picture, Survey};

/// Four phones, two in the first community, one in its second estate, one in the other community.
async fn world() -> (App, Client, [Device; 4]) {
    let app = App::new(Survey::with_dwellings(2).doors(A2, 1).doors(B1, 1)).await;
    let boss = app.staff("sa").await;
    let phones =
        [app.device("ea1").await, app.device("ea2").await, app.device("ea3").await, app.device("eb1").await];
    (app, boss, phones)
}

async fn send(boss: &Client, to: Value, text: &str) -> (Uuid, i64) {
    let reply = boss.post("/v1/messages", &json!({"to": to, "text": text})).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    let sent: Value = serde_json::from_str(&reply.text()).unwrap();
    (sent["id"].as_str().unwrap().parse().unwrap(), sent["phones"].as_i64().unwrap())
}

fn read(message: Uuid) -> Value {
    json!({"type": "message_read", "id": id(), "message_id": message, "at": "2020-11-10T11:00:00+08:00"})
}

#[tokio::test]
async fn a_message_reaches_whom_it_is_for_and_nobody_else() {
    let (app, boss, phones) = world().await;
    let mut pictures = Vec::new();
    for phone in &phones {
        pictures.push(Picture::full(phone, 500).await);
    }
    let person = send(&boss, json!({"user": "EA1"}), "call me").await;
    let phone = send(&boss, json!({"device_id": phones[1].id}), "charge the battery").await;
    let all = send(&boss, json!({"area": A}), "come back at nine").await;
    let estate = send(&boss, json!({"area": A2}), "the west gate is open").await;
    assert_eq!([person.1, phone.1, all.1, estate.1], [1, 1, 3, 1]);

    for (n, expected) in
        [vec![person.0, all.0], vec![phone.0, all.0], vec![all.0, estate.0], vec![]].iter().enumerate()
    {
        pictures[n].pull(&phones[n], 1).await;
        assert_eq!(pictures[n].count("message"), expected.len(), "phone {n}");
        for id in expected {
            assert!(pictures[n].get("message", id).is_some(), "phone {n}");
        }
        pictures[n].assert_equals(&Picture::full(&phones[n], 2).await, "full and by changes");
    }
    assert_eq!(
        pictures[0].get("message", person.0).unwrap(),
        &json!({"id": person.0, "from": "sa", "from_name": "Staff sa", "text": "call me",
            "sent_at": pictures[0].get("message", person.0).unwrap()["sent_at"],
            "until": pictures[0].get("message", person.0).unwrap()["until"], "needs": null})
    );
    app.load(&app.survey).await;
}

#[tokio::test]
async fn a_message_goes_at_its_end_and_when_it_is_withdrawn() {
    let (app, boss, phones) = world().await;
    let body = json!({"to": {"area": A}, "text": "until one", "until": "2020-11-10T13:00:00+08:00"});
    let short: Value = serde_json::from_str(&boss.post("/v1/messages", &body).await.text()).unwrap();
    let long = send(&boss, json!({"area": A}), "a week").await.0;
    let mut picture = Picture::full(&phones[0], 500).await;
    assert_eq!(picture.count("message"), 2);
    let key = app.key().await;

    assert_eq!(app.store().end_messages(key, app.clock.now()).await.unwrap(), 0);
    app.clock.set("2020-11-10T13:00:00+08:00");
    assert_eq!(app.store().end_messages(key, app.clock.now()).await.unwrap(), 1);
    picture.pull(&phones[0], 500).await;
    assert!(picture.get("message", short["id"].as_str().unwrap()).is_none());
    assert!(picture.get("message", long).is_some());

    for _ in 0..2 {
        let path = format!("/v1/messages/{long}");
        let shown = boss.call(http::Method::DELETE, &path, &[], bytes::Bytes::new()).await.ok();
        assert_eq!(shown["end_reason"], "withdrawn");
    }
    picture.pull(&phones[0], 500).await;
    assert_eq!(picture.count("message"), 0);
    picture.assert_equals(&Picture::full(&phones[0], 500).await, "after both ends");
    let items = boss.get("/v1/messages").await.ok()["items"].clone();
    assert_eq!(items[0]["end_reason"], "withdrawn");
    assert_eq!(items[1]["end_reason"], "expired");
}

#[tokio::test]
async fn who_has_read_a_message_is_shown_once_for_each_phone() {
    let (_app, boss, phones) = world().await;
    let message = send(&boss, json!({"area": A}), "read this").await.0;
    let record = read(message);
    let answer = phones[0].accepted(std::slice::from_ref(&record)).await;
    assert_eq!(answer["receipts"][0]["type"], "message_read");
    // The same once more in another batch, and another reading of the same phone.
    let again = phones[0].send(&[record.clone(), read(message)]).await;
    assert_eq!((&again["receipts"][0]["replayed"], &again["counts"]["accepted"]), (&json!(true), &json!(2)));
    let changed = with(record.clone(), "message_id", json!(id()));
    assert_eq!(phones[0].send(&[changed]).await["receipts"][0]["reason"], "id-reused");
    // The id is somebody else's: it stands for another record.
    phones[3].accepted(&[with(read(message), "id", json!(id_of(&record)))]).await;
    phones[1].accepted(&[read(message), read(id())]).await;

    let read = boss.get("/v1/messages").await.ok()["items"][0]["read"].clone();

    let mut by: Vec<&str> = read.as_array().unwrap().iter().map(|r| r["user"].as_str().unwrap()).collect();
    by.sort_unstable();
    assert_eq!(by, ["ea1", "ea2", "eb1"]);
    let own = read.as_array().unwrap().iter().find(|r| r["user"] == "ea1").unwrap();
    assert_eq!(own, &json!({"user": "ea1", "device_id": phones[0].id, "at": "2020-11-10T03:00:00Z"}));
}

#[tokio::test]
async fn what_cannot_be_sent_says_why_and_what_is_out_of_reach_is_not_there() {
    let (app, boss, phones) = world().await;
    let pointer = async |body: Value| {
        let reply = boss.post("/v1/messages", &body).await.problem(422, "body-not-valid");
        reply["errors"][0]["pointer"].as_str().unwrap().to_owned()
    };
    assert_eq!(pointer(json!({"to": {"user": "eb1"}, "text": "x"})).await, "/to/user");
    assert_eq!(pointer(json!({"to": {"user": "sa"}, "text": "x"})).await, "/to/user");
    assert_eq!(pointer(json!({"to": {"device_id": phones[3].id}, "text": "x"})).await, "/to/device_id");
    assert_eq!(pointer(json!({"to": {"area": B1}, "text": "x"})).await, "/to/area");
    assert_eq!(pointer(json!({"to": {"area": A, "user": "ea1"}, "text": "x"})).await, "/to/user");
    assert_eq!(pointer(json!({"to": {}, "text": "x"})).await, "/to/user");
    assert_eq!(pointer(json!({"to": {"area": A1}, "text": "x".repeat(1001)})).await, "/text");
    let past = json!({"to": {"area": A1}, "text": "x", "until": "2020-11-10T10:00:00+08:00"});
    assert_eq!(pointer(past).await, "/until");
    phones[0].client.post("/v1/messages", &json!({})).await.problem(403, "wrong-role");
    let message = send(&boss, json!({"user": "ea1"}), "ours").await.0;
    let stranger = app.staff("sb").await;
    assert_eq!(stranger.get("/v1/messages").await.ok()["items"], json!([]));
    let path = format!("/v1/messages/{message}");
    stranger.call(http::Method::DELETE, &path, &[], bytes::Bytes::new()).await.problem(404, "not-found");
    boss.get("/v1/messages?after=x").await.problem(400, "bad-parameter");
}

#[tokio::test]
async fn a_phone_says_with_each_batch_how_it_stands() {
    let (_app, boss, phones) = world().await;
    let mut batch = phones[0].batch(&[]);
    batch["waiting"] = json!(3);
    batch["drafts"] = json!(2);
    batch["app_version"] = json!("web-7");
    phones[0].post(&batch).await.ok();
    let shown = async || {
        let list = boss.get("/v1/devices").await.ok()["items"].clone();
        let one = list.as_array().unwrap().iter().find(|d| d["id"] == json!(phones[0].id)).unwrap().clone();
        (one["waiting"].clone(), one["drafts"].clone(), one["app_version"].clone())
    };
    assert_eq!(shown().await, (json!(3), json!(2), json!("web-7")));
    // What a batch does not say stays as it was said last; what cannot be is left out with a warning.
    let mut batch = phones[0].batch(&[]);
    batch["waiting"] = json!(0);
    batch["drafts"] = json!("many");
    let answer = phones[0].post(&batch).await.ok();
    assert_eq!(answer["warnings"][0]["pointer"], "/drafts");
    assert_eq!(shown().await, (json!(0), json!(2), json!("web-7")));
}
