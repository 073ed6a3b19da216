//! People: who leaves the staff leaves nothing behind, and a login name is a value however it is written.

mod leaving;
mod names;
mod successor;

use doorknock::access;
use doorknock::app::auth;
use serde_json::{Value, json};

use crate::support::{App, Client, Reply, Survey};

/// The list without these people.
fn without(survey: &Survey, users: &[&str]) -> Survey {
    let mut smaller = survey.clone();
    smaller.staff.retain(|s| !users.contains(&s.0.as_str()));
    smaller
}

/// The list with one person in another role or area.
fn with_person(survey: &Survey, user: &str, role: &str, area: &str) -> Survey {
    let mut other = without(survey, &[user]);
    other.staff.push((user.to_owned(), role.to_owned(), area.to_owned()));
    other
}

async fn lend(staff: &Client, items: Value) -> Value {
    staff.post("/v1/assignments", &json!({"assignments": items})).await.ok()
}

async fn listed(staff: &Client, state: &str) -> Vec<Value> {
    staff.get(&format!("/v1/assignments?state={state}&limit=1000")).await.ok()["items"]
        .as_array()
        .unwrap()
        .clone()
}

/// Stops on the sheets of the next day.
async fn stops(staff: &Client, area: &str) -> usize {
    let plan = staff.get(&format!("/v1/plan?area={area}&on=2020-11-11")).await.ok();
    plan["enumerators"].as_array().unwrap().iter().map(|s| s["stops"].as_array().unwrap().len()).sum()
}

async fn password(app: &App, user: &str, word: &str) -> bool {
    let hash = access::hash_password(word).unwrap();
    app.store().set_password(user, &hash, app.clock.now()).await.unwrap()
}

async fn login(app: &App, user: &str, word: &str) -> Reply {
    app.anyone().post("/v1/login", &json!({"user": user, "password": word, "survey": app.survey.slug})).await
}

/// A browser that has signed in.
async fn session(app: &App, user: &str, word: &str) -> Client {
    let reply = login(app, user, word).await;
    reply.ok();
    let cookie = reply.cookie(doorknock::app::auth::SESSION);
    Client { cookie, ..app.anyone() }
}

/// A one-time code, stored.
async fn code(app: &App, user: &str) -> Option<String> {
    let code = access::new_code();
    let hash = auth::hash(&access::plain_code(&code));
    let ends = app.clock.now() + jiff::SignedDuration::from_hours(24);
    let stored = app.store().add_enrol_code(&hash, app.key().await, user, ends, None).await.unwrap();
    stored.then_some(code)
}
