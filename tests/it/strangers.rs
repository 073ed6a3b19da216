//! What somebody without any right can bring about: nothing for others, and no more than a short wait for himself.

use std::sync::Arc;

use doorknock::access;
use http::Method;
use serde_json::{Value, json};

use crate::support::{App, Reply, Survey, visit};

/// The proxy's words about who calls.
fn from(address: &str) -> [(&str, &str); 3] {
    [("content-type", "application/json"), ("x-forwarded-for", address), ("x-forwarded-proto", "https")]
}

async fn sign_in(app: &App, headers: &[(&str, &str)], user: &str, password: &str) -> Reply {
    let form: Value = json!({"user": user, "password": password});
    app.anyone().call(Method::POST, "/v1/login", headers, form.to_string().into()).await
}

async fn password(app: &App, user: &str, password: &str) {
    let hash = access::hash_password(password).unwrap();
    app.store().set_password(user, &hash, app.clock.now()).await.unwrap();
}

#[tokio::test]
async fn behind_a_proxy_that_ends_tls_cookies_are_secure_and_pages_say_so() {
    let app = App::new(Survey::with_dwellings(1)).await;
    password(&app, "sa", "correct horse").await;
    let told = from("203.0.113.5");
    let reply = sign_in(&app, &told, "sa", "correct horse").await;
    for cookie in reply.headers.get_all("set-cookie") {
        assert!(cookie.to_str().unwrap().ends_with("; Secure"), "{cookie:?}");
    }
    let browser = [("accept", "text/html"), told[1], told[2]];
    for path in ["/login", "/", "/no-such-page", "/phone/", "/card"] {
        let page = app.anyone().call(Method::GET, path, &browser, "".into()).await;
        assert!(!page.header("strict-transport-security").is_empty(), "{path}");
        let page = app.anyone().call(Method::GET, path, &browser[..2], "".into()).await;
        assert!(page.header("strict-transport-security").is_empty(), "{path} in clear");
    }
    let shown = app.anyone().call(Method::GET, "/metrics", &told[2..], "".into()).await;
    shown.problem(403, "loopback-only");
}

#[tokio::test]
async fn a_stranger_who_guesses_locks_out_nobody_but_himself() {
    let app = App::new(Survey::with_dwellings(1)).await;
    password(&app, "sa", "correct horse").await;
    let office = sign_in(&app, &from("203.0.113.5"), "sa", "correct horse").await;
    let known = office.cookie("doorknock_known").expect("the browser is remembered");
    let stranger = from("203.0.113.5");
    let mut slowed = None;
    for n in 1..=20 {
        let reply = sign_in(&app, &stranger, "sa", &format!("guess {n}")).await;
        if reply.status == 429 {
            let problem = reply.problem(429, "too-many-tries");
            let wait = reply.header("retry-after");
            assert!(wait.parse::<u32>().is_ok_and(|seconds| (1..=5).contains(&seconds)), "{wait}");
            assert!(problem["detail"].as_str().unwrap().contains(&format!("{wait} seconds")), "{problem}");
            assert!(problem["detail_zh"].as_str().unwrap().contains(&format!("{wait} 秒")), "{problem}");
            slowed = Some(n);
            break;
        }
    }
    assert!(slowed.is_some_and(|n| n <= 11), "{slowed:?}");
    // The right password from beside him has to wait too; from elsewhere, or from the browser that is known, it does not.
    sign_in(&app, &stranger, "sa", "correct horse").await.problem(429, "too-many-tries");
    sign_in(&app, &from("198.51.100.7"), "sa", "correct horse").await.ok();
    let browser = [stranger.as_slice(), &[("cookie", known.as_str())]].concat();
    let again = sign_in(&app, &browser, "sa", "correct horse").await;
    assert_eq!(again.ok()["user"], "sa");
    assert_ne!(again.cookie("doorknock_known"), Some(known.clone()), "each sign-in makes a new mark");
    // The mark lets nobody in and is good for its user alone.
    let reader = crate::support::Client { cookie: Some(known.clone()), ..app.anyone() };
    reader.get("/v1/cases").await.problem(401, "not-signed-in");
    sign_in(&app, &browser, "sb", "correct horse").await.problem(401, "wrong-login");
    for n in 0..10 {
        sign_in(&app, &browser, "sa", &format!("guess {n}")).await.problem(401, "wrong-login");
    }
    sign_in(&app, &browser, "sa", "correct horse").await.problem(429, "too-many-tries");
}

#[tokio::test]
async fn the_page_says_in_both_languages_how_long_to_wait() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let form = |n: usize| format!("user=sa&password=guess{n}");
    for (language, first, unit) in [("zh", 0, "秒"), ("en", 100, "seconds")] {
        let told = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("accept-language", language),
            ("x-forwarded-for", if language == "zh" { "203.0.113.5" } else { "198.51.100.7" }),
        ];
        let mut page = None;
        for n in first..first + 12 {
            let reply = app.anyone().call(Method::POST, "/login", &told, form(n).into()).await;
            if reply.status == 429 {
                page = Some(reply);
                break;
            }
        }
        let page = page.expect("guessing ends");
        let want = format!("{} {unit}", page.header("retry-after"));
        assert!(page.text().contains(&want), "{language}, {want}: {}", page.text());
    }
}

#[tokio::test]
async fn hashing_that_finds_no_place_is_a_429_and_counts_as_no_try() {
    let app = App::new(Survey::with_dwellings(1)).await;
    password(&app, "sa", "correct horse").await;
    let known =
        sign_in(&app, &from("203.0.113.5"), "sa", "correct horse").await.cookie("doorknock_known").unwrap();
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Arc::new(std::sync::Mutex::new(wait));
    let cores = std::thread::available_parallelism().unwrap().get();
    let busy: Vec<_> = (0..(cores / 2).max(1))
        .map(|_| {
            let (hashing, wait) = (app.shared.hashing.clone(), wait.clone());
            tokio::spawn(async move {
                hashing
                    .run(doorknock::net::limit::Lane::Stranger, move || wait.lock().unwrap().recv().ok())
                    .await
            })
        })
        .collect();
    let crowd = (0..8).map(|_| sign_in(&app, &STRANGER, "sa", "correct horse"));
    for reply in futures_util::future::join_all(crowd).await {
        reply.problem(429, "busy");
        assert!(!reply.header("retry-after").is_empty());
    }
    let browser = [STRANGER.as_slice(), &[("cookie", known.as_str())]].concat();
    sign_in(&app, &browser, "sa", "correct horse").await.ok();
    for _ in &busy {
        go.send(()).unwrap();
    }
    for one in busy {
        one.await.unwrap().unwrap();
    }
    sign_in(&app, &STRANGER, "sa", "correct horse").await.ok();
}

const STRANGER: [(&str, &str); 2] =
    [("content-type", "application/json"), ("x-forwarded-for", "198.51.100.66")];

/// Whatever readers, sign-ins or pictures hold, a third of the database's connections is left to batches.
#[tokio::test]
async fn a_batch_finds_a_connection_while_everything_else_waits_for_one() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let holders: Vec<_> = (0..40)
        .map(|_| {
            let (store, gate) = (app.store().clone(), Arc::clone(&gate));
            tokio::spawn(async move {
                let hold = store.reading("hold", move |_| {
                    let gate = Arc::clone(&gate);
                    Box::pin(async move {
                        drop(gate.acquire().await);
                        Ok::<_, doorknock::store::Error>(())
                    })
                });
                hold.await
            })
        })
        .collect();
    let [most, ..] = app.store().pool_status();
    while app.store().pool_status()[3] == 0 {
        tokio::task::yield_now().await;
    }
    phone.accepted(&[visit(app.survey.case(0), "no_answer")]).await;
    let [_, open, ..] = app.store().pool_status();
    assert!(open < most || most < 3, "{open} of {most} connections are open");
    gate.close();
    for holder in holders {
        // Those who found no place in two seconds were told so.
        drop(holder.await.unwrap());
    }
}

#[tokio::test]
async fn sixty_requests_of_one_phone_at_once_leave_room_for_others() {
    let app = App::new(Survey::with_dwellings(4)).await;
    let (greedy, other) = (app.device("eb1").await, app.device("ea1").await);
    let first = greedy.get("/v1/changes").await;
    let cursor = first["cursor"].as_str().unwrap().to_owned();
    let path = format!("/v1/changes?wait=4&cursor={cursor}");
    let waiting = (0..60).map(|_| greedy.client.get(&path));
    let crowd = futures_util::future::join_all(waiting);
    let others = async {
        // By then eight of the sixty wait for news, and the others for their turn.
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        other.accepted(&[visit(app.survey.case(0), "no_answer")]).await;
    };
    let (replies, ()) = futures_util::future::join(crowd, others).await;
    let (served, turned_away): (Vec<&Reply>, Vec<&Reply>) = replies.iter().partition(|r| r.status == 200);
    assert_eq!((served.len(), turned_away.len()), (8, 52));
    for reply in turned_away {
        reply.problem(429, "busy");
        assert!(!reply.header("retry-after").is_empty());
    }
}
