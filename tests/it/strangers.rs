//! What somebody without any right can bring about: nothing for others, and no more than a short wait for himself.

use doorknock::access;
use http::Method;
use serde_json::{Value, json};

use crate::support::{App, Reply, Survey};

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
    assert!(reply.header("set-cookie").ends_with("; Secure"), "{}", reply.header("set-cookie"));
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
