//! ODK Collect as a field device: forms, lists, filled-in forms and files under a key in the address.

use std::collections::BTreeMap;

use bytes::Bytes;
use doorknock::app::auth;
use doorknock::setup::Answer;
use doorknock::store::access::{Enrolled, NewToken, TokenKind};
use http::{Method, StatusCode};
use jiff::SignedDuration;
use serde_json::json;
use uuid::Uuid;

use crate::forms::{upload, xform};
use crate::support::client::Reply;
use crate::support::pages::Pages;
use crate::support::record::{id_of, statuses, visit_at};
use crate::support::{App, Client, Survey};

const DOOR: [(&str, &str, &str); 3] =
    [("door", "string", "case"), ("outcome", "string", "visit.outcome"), ("pic", "binary", "visit.photo")];

struct Collect {
    app: App,
    client: Client,
    office: Client,
    key: String,
}

/// A Collect phone of `ea1`.
async fn collect() -> Collect {
    let app = App::new(Survey::with_dwellings(4)).await;
    let admin = app.staff("root").await;
    let reply = upload(&admin, "role=visit&collect=true&publish=true", &xform("knock", "1", &DOOR)).await;
    assert!(reply.status.is_success(), "{}", reply.text());
    let key = key(&app, "ea1").await;
    Collect { client: app.anyone(), office: app.staff("sa").await, key, app }
}

/// The key of a new Collect device of that person.
pub async fn key(app: &App, user: &str) -> String {
    let secret = auth::new_secret();
    let now = app.clock.now();
    let token = NewToken {
        hash: auth::hash(&secret),
        key: app.key().await,
        user: user.to_owned(),
        device: Some(Uuid::new_v4()),
        kind: TokenKind::Odk,
        csrf: None,
        made_by: None,
        created_at: now,
        expires_at: now + SignedDuration::from_hours(1_000),
    };
    assert_eq!(app.store().add_token(token, None).await.unwrap(), Enrolled::Yes);
    secret
}

fn filled(case: Uuid, outcome: &str, id: Uuid, picture: &str) -> String {
    format!(
        "<data id=\"knock\" version=\"1\"><door>{case}</door><outcome>{outcome}</outcome><pic>{picture}</pic>\
         <meta><instanceID>uuid:{id}</instanceID></meta></data>"
    )
}

fn picture() -> Vec<u8> {
    let mut bytes = vec![0xff, 0xd8, 0xff, 0xe0];
    bytes.extend([7; 400]);
    bytes
}

/// A body as Collect writes it.
pub fn multipart(xml: &str, files: &[(&str, &[u8])]) -> Bytes {
    let mut body = Vec::new();
    let mut part = |name: &str, bytes: &[u8]| {
        body.extend_from_slice(
            format!("--xYz\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{name}\"\r\n\r\n")
                .as_bytes(),
        );
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    };
    part("xml_submission_file", xml.as_bytes());
    for (name, bytes) in files {
        part(name, bytes);
    }
    body.extend_from_slice(b"--xYz--\r\n");
    body.into()
}

#[tokio::test]
async fn the_face_is_closed_over_plain_http_unless_the_operator_opens_it() {
    let w = collect().await;
    let reply = w.client.get(&format!("/odk/{}/formList", w.key)).await;
    assert_eq!(
        reply.status,
        StatusCode::FORBIDDEN,
        "the test's service speaks plain HTTP and did not allow that here"
    );
    assert!(reply.text().contains("HTTPS"), "{}", reply.text());
    assert_eq!(reply.header("x-openrosa-version"), "1.0");
}

/// Over a connection that a proxy on this machine ended TLS for.
pub fn over_tls() -> [(&'static str, &'static str); 1] {
    [("x-forwarded-proto", "https")]
}

impl Collect {
    async fn ask(&self, method: Method, tail: &str) -> Reply {
        self.client.call(method, &format!("/odk/{}{tail}", self.key), &over_tls(), Bytes::new()).await
    }

    async fn submit(&self, xml: &str, files: &[(&str, &[u8])]) -> Reply {
        let headers = [
            ("content-type", "multipart/form-data; boundary=xYz"),
            ("x-openrosa-version", "1.0"),
            over_tls()[0],
        ];
        let path = format!("/odk/{}/submission?deviceID=collect%3Aabc", self.key);
        self.client.call(Method::POST, &path, &headers, multipart(xml, files)).await
    }
}

#[tokio::test]
async fn forms_and_files_are_offered_with_hashes_that_hold() {
    let w = collect().await;
    let list = w.ask(Method::GET, "/formList").await;
    assert_eq!((list.status, list.header("content-type")), (StatusCode::OK, "text/xml; charset=utf-8"));
    let text = list.text();
    for id in ["knock", "door", "door_found", "receipts"] {
        assert!(text.contains(&format!("<formID>{id}</formID>")), "{id}: {text}");
    }
    assert!(text.contains("<downloadUrl>https://"), "{text}");
    let form = w.ask(Method::GET, "/forms/knock/1.xml").await;
    let tag = form.header("etag").to_owned();
    assert!(text.contains(tag.trim_matches('"')), "the list's hash is the tag of the form");
    let path = format!("/odk/{}/forms/knock/1.xml", w.key);
    let again =
        w.client.call(Method::GET, &path, &[("if-none-match", &tag), over_tls()[0]], Bytes::new()).await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
    let manifest = w.ask(Method::GET, "/forms/door/1/manifest").await;
    if manifest.status == StatusCode::OK {
        assert!(manifest.text().contains("type=\"entityList\""), "{}", manifest.text());
    }
    for (method, tail, status) in [
        (Method::GET, "/forms/knock/9.xml", StatusCode::NOT_FOUND),
        (Method::GET, "/nothing", StatusCode::NOT_FOUND),
        (Method::POST, "/formList", StatusCode::METHOD_NOT_ALLOWED),
        (Method::HEAD, "/submission", StatusCode::NO_CONTENT),
    ] {
        assert_eq!(w.ask(method.clone(), tail).await.status, status, "{method} {tail}");
    }
    let stranger = w
        .client
        .call(Method::GET, &format!("/odk/{}/formList", "A".repeat(43)), &over_tls(), Bytes::new())
        .await;
    assert_eq!(stranger.status, StatusCode::FORBIDDEN);
    // The key opens nothing else.
    let headers = [("authorization", &*format!("Bearer {}", w.key))];
    w.client.call(Method::GET, "/v1/changes", &headers, Bytes::new()).await.problem(401, "not-signed-in");
}

#[tokio::test]
async fn a_form_and_its_files_come_in_pieces_and_count_once() {
    let w = collect().await;
    let (case, id) = (w.app.survey.case(0), Uuid::new_v4());
    let xml = filled(case, "no_answer", id, "p.jpg");
    assert_eq!(w.submit(&xml, &[]).await.status, StatusCode::CREATED);
    let shown = w.office.get(&format!("/v1/submissions/{id}")).await.ok();
    assert_eq!((&shown["client"], &shown["files"][0]["here"]), (&json!("collect"), &json!(false)), "{shown}");

    let second =
        w.submit(&xml, &[("p.jpg", &picture()), ("stranger.jpg", &picture()), ("../x.jpg", b"x")]).await;

    assert_eq!(second.status, StatusCode::CREATED, "{}", second.text());
    let shown = w.office.get(&format!("/v1/submissions/{id}")).await.ok();
    let files = shown["files"].as_array().unwrap();
    assert_eq!(
        (files.len(), &files[0]["here"], &files[0]["name"]),
        (1, &json!(true), &json!("p.jpg")),
        "{shown}"
    );
    assert_eq!(
        w.office.get(&format!("/v1/attachments/{}", files[0]["id"].as_str().unwrap())).await.status,
        StatusCode::OK
    );
    assert_eq!(w.office.get(&format!("/v1/cases/{case}")).await.ok()["visits"].as_array().unwrap().len(), 1);
    // Other bytes under the same id are no replay.
    let other = w.submit(&filled(case, "vacant", id, ""), &[]).await;
    assert_eq!(other.status, StatusCode::CONFLICT);
    let batch = Uuid::new_v5(&id, b"batch");
    let receipts = w.office.get(&format!("/v1/batches/{batch}")).await.ok();
    assert_eq!(receipts["receipts"][0]["id"], json!(id));
    w.app.recount().await;
}

#[tokio::test]
async fn what_collect_keeps_is_told_why_in_its_language() {
    let w = collect().await;
    let unknown = w.submit(&filled(Uuid::new_v4(), "no_answer", Uuid::new_v4(), ""), &[]).await;
    assert_eq!(unknown.status, StatusCode::CREATED);
    assert!(unknown.text().contains("待核"), "{}", unknown.text());
    let broken = w.submit("<data", &[]).await;
    assert_eq!(broken.status, StatusCode::BAD_REQUEST);
    assert!(broken.text().contains("nature=\"error\""), "{}", broken.text());
    let long = filled(w.app.survey.case(0), &"字".repeat(20_001), Uuid::new_v4(), "");
    assert_eq!(w.submit(&long, &[]).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    let refused = w.submit(&filled(w.app.survey.case(0), "made_up", Uuid::new_v4(), ""), &[]).await;
    assert_eq!(refused.status, StatusCode::CREATED);
    assert!(refused.text().contains("不能使用"), "{}", refused.text());
}

#[tokio::test]
async fn a_row_of_the_list_changes_with_its_version_only() {
    let w = collect().await;
    let case = w.app.survey.case(0);
    let row = async |id: Uuid| {
        let text = w.ask(Method::GET, "/lists/doors.csv").await.text();
        let entity = doorknock::forms::submission::entity_of_case(id).unwrap().to_string();
        let line = text.lines().find(|line| line.starts_with(&entity)).map(str::to_owned);
        line.map(|line| (line.split(',').nth(2).unwrap().parse::<i64>().unwrap(), line))
    };
    let (before, quiet) = (row(case).await.unwrap(), row(w.app.survey.case(1)).await.unwrap());
    w.submit(&filled(case, "no_answer", Uuid::new_v4(), ""), &[]).await;
    let after = row(case).await.unwrap();
    assert!(after.0 > before.0 && after.1.contains("↻1"), "{before:?} {after:?}");
    w.submit(&filled(case, "made_up", Uuid::new_v4(), ""), &[]).await;
    assert!(
        row(case).await.unwrap().0 > after.0,
        "a stored submission raises the version, also one that cannot be used"
    );
    assert_eq!(row(w.app.survey.case(1)).await.unwrap(), quiet);
    let integrity = w.ask(Method::GET, &format!("/lists/doors/integrity?id={}", Uuid::new_v4())).await.text();
    assert!(integrity.contains("<deleted>false</deleted>"), "{integrity}");
    for list in ["buildings.csv", "receipts.csv", "today.csv"] {
        let reply = w.ask(Method::GET, &format!("/lists/{list}")).await;
        assert_eq!(reply.status, StatusCode::OK, "{list}: {}", reply.text());
    }
    let receipts = w.ask(Method::GET, "/lists/receipts.csv").await.text();
    assert_eq!(receipts.lines().count(), 2, "{receipts}");
}

impl Collect {
    /// Every row of the person's list of doors, by its id: the version it has, and the row without it.
    async fn rows(&self) -> BTreeMap<String, (i64, String)> {
        let reply = self.ask(Method::GET, "/lists/doors.csv").await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
        let text = reply.text();
        let row = |record: csv::StringRecord| {
            let rest: Vec<&str> =
                record.iter().enumerate().filter(|(i, _)| ![0, 2].contains(i)).map(|c| c.1).collect();
            (record[0].to_owned(), (record[2].parse().unwrap(), rest.join(",")))
        };
        csv::Reader::from_reader(text.as_bytes()).records().map(|record| row(record.unwrap())).collect()
    }

    /// The list now; every row that says something else than before has a higher version, as Collect keeps what it has otherwise.
    async fn follow(&self, before: &mut BTreeMap<String, (i64, String)>, what: &str) -> usize {
        let now = self.rows().await;
        let mut changed = 0;
        for (id, (version, row)) in &now {
            let Some((old, was)) = before.get(id) else { continue };
            if row != was {
                assert!(version > old, "{what}: {was} -> {row}, version {old} -> {version}");
                changed += 1;
            }
            assert!(version >= old, "{what}: version {old} -> {version}");
        }
        *before = now;
        changed
    }
}

#[tokio::test]
async fn whatever_changes_a_row_of_the_list_raises_its_version() {
    let w = collect().await;
    let case = w.app.survey.case(0);
    let phone = w.app.device("ea1").await;
    let mut rows = w.rows().await;

    let future = visit_at(case, "no_answer", "2020-12-30T10:00:00+08:00");
    assert_eq!(statuses(&phone.send(std::slice::from_ref(&future)).await), ["held"]);
    assert_eq!(w.follow(&mut rows, "a visit waits").await, 1);
    let refuse = json!({"decision": "refuse", "note": "clock"});
    w.office.post(&format!("/v1/held/{}/decision", id_of(&future)), &refuse).await.ok();
    assert_eq!(w.follow(&mut rows, "it waits no more").await, 1);

    let mut written = w.app.survey.clone();
    written.doors.iter_mut().for_each(|door| door.room.push('室'));
    w.app.load_with(&written, &[Answer::SameDoors]).await;
    assert_eq!(w.follow(&mut rows, "doors under another writing").await, 4);
    let mut english = written.clone().policy("[forms]\nlanguage = \"en\"");
    w.app.load(&english).await;
    assert!(w.follow(&mut rows, "another language").await > 0);
    english.areas.iter_mut().for_each(|area| area.3.push_str(" Park"));
    w.app.load(&english).await;
    w.follow(&mut rows, "areas under another name").await;

    let before = w.rows().await;
    w.app.store().finish_restore(w.app.clock.now(), w.app.clock.now()).await.unwrap();
    let after = w.rows().await;
    assert!(before.iter().all(|(id, row)| after[id].0 >= row.0 + 1_000_000), "{before:?} {after:?}");
}

#[tokio::test]
async fn a_set_up_leaves_the_keys_of_those_who_stay_and_ends_those_of_who_leaves() {
    let w = collect().await;
    w.app.load(&w.app.survey).await;
    assert_eq!(w.ask(Method::GET, "/formList").await.status, StatusCode::OK);
    let mut shorter = w.app.survey.clone();
    shorter.staff.retain(|person| person.0 != "ea1");
    w.app.load_with(&shorter, &[Answer::FewerStaff]).await;
    assert_eq!(w.ask(Method::GET, "/formList").await.status, StatusCode::FORBIDDEN);
    w.app.load(&w.app.survey).await;
    assert_eq!(w.ask(Method::GET, "/formList").await.status, StatusCode::FORBIDDEN, "a successor gets a key");
}

#[tokio::test]
async fn a_supervisor_makes_a_collect_phone_on_the_page_and_stands_for_it_in_the_audit_log() {
    let w = collect().await;
    let pages = Pages::of(&w.app).await;
    let devices = pages.0.get("/devices").await.text();
    assert!(devices.contains("Make a code for Collect"), "{devices}");

    let made = pages.post("/devices/collect", &devices, "user=ea1").await;

    let (_, after) = made.split_once("/odk/").expect("the address with the key");
    let key = &after[..43];
    assert!(made.contains("<svg class=\"qr\""), "{made}");
    let reply = w.client.call(Method::GET, &format!("/odk/{key}/formList"), &over_tls(), Bytes::new()).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
    assert!(!pages.0.get("/devices").await.text().contains(key), "it is shown once");
    let sql =
        "select count(*) from audit where action = 'enrol_device' and user_name = 'root' and role = 'admin'
        and detail->>'for' = 'ea1'";
    assert_eq!(w.app.count(sql).await, 1);
    pages.post("/devices/code", &devices, "user=ea1").await;
    let sql = "select count(*) from audit where action = 'make_code' and user_name = 'root' and detail->>'for' = 'ea1'";
    assert_eq!(w.app.count(sql).await, 1, "so does a code for the phone page");
    let nobody = pages.post("/devices/collect", &devices, "user=sa").await;
    assert!(!nobody.contains("/odk/"), "a supervisor has no phone");
}

#[tokio::test]
async fn a_key_that_was_withdrawn_opens_nothing() {
    let w = collect().await;
    let devices = w.office.get("/v1/devices").await.ok();
    let device =
        devices["items"].as_array().unwrap().iter().find(|d| d["client"] == "collect").unwrap()["id"].clone();
    let path = format!("/v1/devices/{}/revoke", device.as_str().unwrap());
    w.office.post(&path, &json!({})).await.ok();
    assert_eq!(w.ask(Method::GET, "/formList").await.status, StatusCode::FORBIDDEN);
    let xml = filled(w.app.survey.case(0), "no_answer", Uuid::new_v4(), "");
    assert_eq!(w.submit(&xml, &[]).await.status, StatusCode::FORBIDDEN);
}
