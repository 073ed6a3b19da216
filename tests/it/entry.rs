//! Getting in and being cut off: enrolment codes, passwords, sessions, tokens.

use doorknock::access;
use doorknock::app::auth;
use serde_json::{Value, json};

use crate::support::{App, Client, Survey, id, visit};

async fn code(app: &App, user: &str) -> String {
    let code = access::new_code();
    let hash = auth::hash(&access::plain_code(&code));
    let ends = app.clock.now() + jiff::SignedDuration::from_hours(24);
    app.store().add_enrol_code(&hash, app.key().await, user, ends, None).await.unwrap();
    code
}

async fn password(app: &App, user: &str, password: &str) {
    let hash = access::hash_password(password).unwrap();
    app.store().set_password(user, &hash, app.clock.now()).await.unwrap();
}

async fn login(app: &App, user: &str, password: &str) -> crate::support::Reply {
    app.anyone().post("/v1/login", &json!({"user": user, "password": password})).await
}

#[tokio::test]
async fn an_enrolment_code_works_once_however_it_is_typed() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let code = code(&app, "ea1").await;
    let device = id();
    let typed = code.to_lowercase().replace('-', " ");
    let form = json!({"code": typed, "device_id": device, "model": "Test phone"});

    let answer = app.anyone().post("/v1/enrol", &form).await.ok();

    assert_eq!((&answer["device_id"], &answer["enumerator"]), (&json!(device), &json!("ea1")));
    assert_eq!(answer["survey"], "census-test");
    let token = answer["token"].as_str().unwrap().to_owned();
    let phone = Client { token: Some(token), ..app.anyone() };
    phone.get("/v1/changes").await.ok();
    app.anyone().post("/v1/enrol", &form).await.problem(403, "wrong-code");
    let devices = app.staff("sa").await.get("/v1/devices").await.ok();
    assert_eq!(devices["items"][0]["model"], "Test phone");
}

#[tokio::test]
async fn an_enrolment_code_ends_after_a_day_and_enrols_no_foreign_device() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let stranger = app.device("ea2").await;
    let taken = code(&app, "ea1").await;
    let form = json!({"code": taken, "device_id": stranger.id, "model": "x"});
    app.anyone().post("/v1/enrol", &form).await.problem(422, "body-not-valid");
    // What was refused used nothing up.
    let form = json!({"code": taken, "device_id": id(), "model": "x"});
    app.anyone().post("/v1/enrol", &form).await.ok();

    let late = code(&app, "ea1").await;
    app.clock.advance(24 * 60 + 1);
    let form = json!({"code": late, "device_id": id(), "model": "x"});
    app.anyone().post("/v1/enrol", &form).await.problem(403, "wrong-code");
    app.anyone().post("/v1/enrol", &json!({"code": 7})).await.problem(422, "body-not-valid");
}

#[tokio::test]
async fn one_code_used_by_two_phones_at_once_enrols_one() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let code = code(&app, "ea1").await;
    let forms: Vec<Value> = (0..6).map(|_| json!({"code": code, "device_id": id(), "model": "x"})).collect();
    let calls = forms.iter().map(|form| {
        let client = app.anyone();
        async move { client.post("/v1/enrol", form).await.status.as_u16() }
    });
    let mut statuses = futures_util::future::join_all(calls).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 403, 403, 403, 403, 403]);
}

#[tokio::test]
async fn guessing_codes_is_slowed() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let mut slowed = None;
    for n in 1..=21 {
        let form = json!({"code": format!("AAAA-BBBB-{n:04}"), "device_id": id(), "model": "x"});
        let reply = app.anyone().post("/v1/enrol", &form).await;
        if reply.status == 429 {
            reply.problem(429, "too-many-tries");
            assert!(reply.header("retry-after").parse::<u32>().is_ok_and(|s| s > 0));
            slowed = Some(n);
            break;
        }
        reply.problem(403, "wrong-code");
    }
    assert!(slowed.is_some_and(|n| n <= 20), "{slowed:?}");
}

#[tokio::test]
async fn a_supervisor_signs_in_by_password_and_reads_with_the_cookie() {
    let app = App::new(Survey::with_dwellings(1)).await;
    password(&app, "sa", "correct horse").await;

    let reply = login(&app, "sa", "correct horse").await;
    assert_eq!(reply.ok()["area"], crate::support::survey::A);
    for cookie in reply.headers.get_all("set-cookie") {
        let cookie = cookie.to_str().unwrap();
        assert!(
            cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && !cookie.contains("Secure"),
            "{cookie}"
        );
    }
    let session = Client { cookie: reply.cookie(auth::SESSION), ..app.anyone() };
    session.get("/v1/completion").await.ok();
    let close = json!({"decision": "close", "class": "NC", "reason": "x"});
    let path = format!("/v1/cases/{}/decisions", app.survey.case(0));
    session.post(&path, &close).await.problem(401, "not-signed-in");
    let secret = session.cookie.as_deref().and_then(|c| c.split_once('=')).unwrap().1.to_owned();
    let bearer = Client { token: Some(secret), ..app.anyone() };
    bearer.get("/v1/completion").await.problem(401, "not-signed-in");

    app.clock.advance(12 * 60 + 5);
    session.get("/v1/completion").await.problem(401, "not-signed-in");
}

#[tokio::test]
async fn a_wrong_password_an_unknown_user_and_an_enumerator_are_not_told_apart() {
    let app = App::new(Survey::with_dwellings(1)).await;
    password(&app, "sa", "correct horse").await;
    password(&app, "ea1", "correct horse").await;
    let mut answers = Vec::new();
    for (user, word) in [("sa", "wrong"), ("nobody", "correct horse"), ("ea1", "correct horse"), ("sb", "")] {
        let reply = login(&app, user, word).await;
        let mut problem = reply.json();
        problem["request_id"] = json!(null);
        if word.is_empty() {
            continue;
        }
        reply.problem(401, "wrong-login");
        answers.push(problem);
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
}

#[tokio::test]
async fn a_new_password_ends_the_sessions_made_with_the_old_one() {
    let app = App::new(Survey::with_dwellings(1)).await;
    password(&app, "sa", "correct horse").await;
    let reply = login(&app, "sa", "correct horse").await;
    let cookie = reply.cookie(auth::SESSION);
    let session = Client { cookie, ..app.anyone() };
    session.get("/v1/cases").await.ok();

    password(&app, "sa", "battery staple").await;

    session.get("/v1/cases").await.problem(401, "not-signed-in");
    login(&app, "sa", "correct horse").await.problem(401, "wrong-login");
    login(&app, "sa", "battery staple").await.ok();
}

#[tokio::test]
async fn every_call_asks_for_a_token_and_a_garbled_one_is_none() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let open = ["/healthz", "/readyz", "/metrics", "/v1/codes", "/v1/openapi.json", "/v1/enrol", "/v1/login"];
    for (method, path) in doorknock::routes::routes().list() {
        if !path.starts_with("/v1/")
            || open.contains(&path)
            || path.starts_with("/v1/slips")
            || path.starts_with("/v1/self/")
        {
            continue;
        }
        let path = path.replace("{id}", &id().to_string()).replace("{file}", "cases.csv");
        for token in [None, Some("garbage"), Some(""), Some("x\u{e9}")] {
            let client = Client { token: token.map(str::to_owned), ..app.anyone() };
            let headers = [("content-type", "application/json")];
            let reply = client.call(method.clone(), &path, &headers, "{}".into()).await;
            let problem = reply.problem(401, "not-signed-in");
            assert!(!reply.header("www-authenticate").is_empty(), "{problem}");
        }
    }
}

#[tokio::test]
async fn a_revoked_phone_is_cut_off_at_once_and_its_records_stay() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let (phone, other) = (app.device("ea1").await, app.device("ea1").await);
    phone.accepted(&[visit(app.survey.case(0), "no_answer")]).await;
    let path = format!("/v1/devices/{}/revoke", phone.id);

    phone.client.post(&path, &json!({})).await.problem(403, "wrong-role");
    app.staff("sb").await.post(&path, &json!({})).await.problem(404, "not-found");
    let staff = app.staff("sa").await;
    let row = staff.post(&path, &json!({"note": "lost on the bus"})).await.ok();
    assert_eq!((&row["revoked_by"], &row["revoke_note"]), (&json!("sa"), &json!("lost on the bus")));

    phone.client.get("/v1/changes").await.problem(403, "device-revoked");
    phone.post(&phone.batch(&[])).await.problem(403, "device-revoked");
    other.get("/v1/changes").await;
    let door = staff.get(&format!("/v1/cases/{}", app.survey.case(0))).await.ok();
    assert_eq!(door["visits"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn tokens_end_and_people_who_leave_the_staff_are_out() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let (leaver, stayer) = (app.device("ea2").await, app.device("ea1").await);
    leaver.get("/v1/changes").await;
    let mut smaller = app.survey.clone();
    smaller.staff.retain(|s| s.0 != "ea2");
    app.load(&smaller).await;
    leaver.client.get("/v1/changes").await.problem(403, "device-revoked");
    stayer.get("/v1/changes").await;
    app.clock.advance(60 * 24 * 61);
    stayer.client.get("/v1/changes").await.problem(401, "not-signed-in");
}

#[tokio::test]
async fn somebody_in_several_surveys_names_one_and_sees_only_that() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let second = Survey::with_dwellings(3).named("census-second");
    app.load_at(&second, "2020-10-31T12:00:00+08:00").await;
    password(&app, "sa", "correct horse").await;

    let problem = login(&app, "sa", "correct horse").await.problem(422, "survey-needed");
    assert!(problem.to_string().contains("census-second"), "{problem}");
    let form = json!({"user": "sa", "password": "correct horse", "survey": "census-second"});
    let reply = app.anyone().post("/v1/login", &form).await;
    let cookie = reply.cookie(auth::SESSION);
    let session = Client { cookie, ..app.anyone() };
    assert_eq!(session.get("/v1/cases").await.ok()["items"].as_array().unwrap().len(), 3);
    let path = format!("/v1/cases/{}", app.survey.case(0));
    session.get(&path).await.problem(404, "not-found");
}
