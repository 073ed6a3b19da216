//! Every problem that a caller can meet is met here or in a test of its own, under its own name.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use doorknock::app::Room;
use doorknock::app::auth;
use doorknock::net::kind;
use doorknock::store::Fault;
use doorknock::store::access::{Enrolled, NewToken, TokenKind};
use http::Method;
use jiff::SignedDuration;
use serde_json::json;

use crate::support::{App, Client, Survey, visit};

/// A browser in which the supervisor `sa` is signed in.
async fn browser(app: &App) -> Client {
    let (secret, now) = (auth::new_secret(), app.clock.now());
    let token = NewToken {
        hash: auth::hash(&secret),
        key: app.key().await,
        user: "sa".to_owned(),
        device: None,
        kind: TokenKind::Session,
        csrf: Some("the token of this session's forms".to_owned()),
        made_by: None,
        created_at: now,
        expires_at: now + SignedDuration::from_hours(12),
    };
    assert_eq!(app.store().add_token(token, None).await.unwrap(), Enrolled::Yes);
    Client { cookie: Some(format!("{}={secret}", auth::SESSION)), ..app.anyone() }
}

#[tokio::test]
async fn a_form_with_the_token_of_another_session_is_form_expired_and_changes_nothing() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let (browser, case) = (browser(&app).await, app.survey.case(0));
    let form = [("content-type", "application/x-www-form-urlencoded"), ("accept-language", "en")];
    for body in ["decision=cancel&reason=x&csrf=another", "decision=cancel&reason=x"] {
        let reply = browser.post_raw(&format!("/cases/{case}/decisions"), &form, body).await;
        assert_eq!(reply.status, 403, "{}", reply.text());
        assert!(reply.text().contains(kind::FORM_EXPIRED.title), "{}", reply.text());
    }
    assert_eq!(app.count("select count(*) from decision").await, 0);
}

#[tokio::test]
async fn figures_for_this_machine_alone_are_loopback_only_behind_a_proxy() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let forwarded = [("x-forwarded-for", "203.0.113.9")];
    let reply = app.anyone().call(Method::GET, "/metrics", &forwarded, Bytes::new()).await;
    reply.problem(403, "loopback-only");
    assert_eq!(app.anyone().get("/metrics").await.status, 200);
}

#[tokio::test]
async fn a_full_disk_is_no_room_and_takes_nothing() {
    let full = Room { path: std::env::temp_dir(), least: u64::MAX };
    let app = App::with(Survey::with_dwellings(1), |store| store, |shared| shared.room = Some(full)).await;
    let phone = app.device("ea1").await;
    let reply = phone.post(&phone.batch(&[visit(app.survey.case(0), "no_answer")])).await;
    reply.problem(503, "no-room");
    assert!(!reply.header("retry-after").is_empty());
    assert_eq!(app.count("select count(*) from batch").await, 0);
}

#[tokio::test]
async fn a_lost_database_is_database_away_and_the_same_batch_is_taken_afterwards() {
    let is_away = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&is_away);
    let probe: doorknock::store::Probe =
        Arc::new(move |_| asked.load(Ordering::Relaxed).then_some(Fault::Disconnect));
    let app = App::with(Survey::with_dwellings(1), |store| store.with_probe(probe), |_| {}).await;
    let phone = app.device("ea1").await;
    let batch = phone.batch(&[visit(app.survey.case(0), "no_answer")]);
    is_away.store(true, Ordering::Relaxed);
    let reply = phone.post(&batch).await;
    reply.problem(503, "database-away");
    assert!(!reply.header("retry-after").is_empty());
    is_away.store(false, Ordering::Relaxed);
    assert_eq!(phone.post(&batch).await.ok()["counts"]["accepted"], 1);
}

#[tokio::test]
async fn a_database_that_is_not_migrated_is_checking() {
    let app =
        App::with(Survey::with_dwellings(1), |s| s, |shared| shared.is_migrated = Arc::new(|| false)).await;
    app.anyone().get("/readyz").await.problem(503, "checking");
    assert_eq!(app.anyone().get("/healthz").await.status, 200);
}

#[tokio::test]
async fn a_name_that_stands_twice_is_duplicate_key() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let twice = r#"{"user":"sa","user":"sb","password":"x"}"#;
    let json = [("content-type", "application/json")];
    app.anyone().post_raw("/v1/login", &json, twice).await.problem(400, "duplicate-key");
    app.anyone().post("/v1/login", &json!({"user": "sa", "password": "x"})).await.problem(401, "wrong-login");
}

/// The text of every test of the crate.
fn tests() -> String {
    let mut text = String::new();
    let mut waiting = vec![std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src")];
    waiting.push(std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it"));
    while let Some(directory) = waiting.pop() {
        for entry in std::fs::read_dir(directory).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let code = std::fs::read_to_string(&path).unwrap();
                let is_test = path.to_string_lossy().contains("tests");
                text.push_str(if is_test { &code } else { code.split("#[cfg(test)]").nth(1).unwrap_or("") });
            }
        }
    }
    text
}

#[test]
fn every_problem_is_named_by_a_test() {
    let tests = tests();
    for kind in kind::ALL {
        let constant = kind.slug.replace('-', "_").to_uppercase();
        let is_named =
            tests.contains(&format!("\"{}\"", kind.slug)) || tests.contains(&format!("::{constant}"));
        assert!(is_named, "no test names the problem {}", kind.slug);
    }
}
