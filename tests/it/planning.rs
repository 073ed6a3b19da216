//! Plans over HTTP: sheets, published sheets on the device, hours on duty, pace, the model, residents' slips.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::app::Device;
use crate::support::record::{visit_at, with};
use crate::support::survey::{A, A1};
use crate::support::{App, Survey};

/// All stops of a plan as (user, case, stop).
fn stops(plan: &Value) -> Vec<(String, String, Value)> {
    let sheets = plan["enumerators"].as_array().unwrap();
    sheets
        .iter()
        .flat_map(|sheet| {
            let user = sheet["user"].as_str().unwrap().to_owned();
            sheet["stops"]
                .as_array()
                .unwrap()
                .iter()
                .map(move |s| (user.clone(), s["case_id"].as_str().unwrap().to_owned(), s.clone()))
        })
        .collect()
}

/// A visit that agreed on a window.
fn appointment_at(case: Uuid, at: &str, window: (&str, &str)) -> Value {
    with(visit_at(case, "appointment_made", at), "appointment", json!({"from": window.0, "to": window.1}))
}

/// What the feed holds after a cursor, and where it goes on.
async fn changes(phone: &Device, cursor: Option<&str>) -> (Vec<Value>, String) {
    let (mut all, mut at) = (Vec::new(), cursor.map(str::to_owned));
    loop {
        let path = at.as_ref().map_or("/v1/changes".to_owned(), |c| format!("/v1/changes?cursor={c}"));
        let page = phone.get(&path).await;
        all.extend(page["changes"].as_array().unwrap().iter().cloned());
        let next = page["cursor"].as_str().unwrap().to_owned();
        if page["more"] == false {
            return (all, next);
        }
        at = Some(next);
    }
}

#[tokio::test]
async fn a_plan_walks_open_doors_in_order_and_says_why() {
    let app = App::new(Survey::with_dwellings(24)).await;
    let boss = app.staff("sa").await;

    let plan = boss.get(&format!("/v1/plan?area={A}&on=2020-11-11")).await.ok();

    assert_eq!(plan["on"], "2020-11-11");
    assert_eq!(plan["plan_id"], Value::Null);
    let all = stops(&plan);
    assert!(!all.is_empty(), "{plan}");
    let mut cases: Vec<&String> = all.iter().map(|s| &s.1).collect();
    cases.sort();
    cases.dedup();
    assert_eq!(cases.len(), all.len(), "no door stands on two sheets");
    for (_, _, stop) in &all {
        assert_eq!(stop["action"], "visit");
        assert!(
            !stop["reason"].as_str().unwrap().is_empty() && !stop["reason_zh"].as_str().unwrap().is_empty()
        );
    }
    for sheet in plan["enumerators"].as_array().unwrap() {
        let seqs: Vec<i64> =
            sheet["stops"].as_array().unwrap().iter().map(|s| s["seq"].as_i64().unwrap()).collect();
        assert_eq!(seqs, (1..=i64::try_from(seqs.len()).unwrap()).collect::<Vec<_>>());
    }
    let again = boss.get(&format!("/v1/plan?area={A}&on=2020-11-11")).await.ok();
    assert_eq!(
        plan,
        with(again, "made_at", plan["made_at"].clone()),
        "the same plan but for the moment it was made"
    );
}

#[tokio::test]
async fn an_appointment_is_pinned_to_its_window_and_done_doors_are_left_out() {
    let app = App::new(Survey::with_dwellings(8)).await;
    let phone = app.device("ea1").await;
    let (booked, done) = (app.survey.case(0), app.survey.case(1));
    let window = ("2020-11-11T19:00:00+08:00", "2020-11-11T19:30:00+08:00");
    phone
        .send(&[appointment_at(booked, "2020-11-09T19:00:00+08:00", window), crate::support::interview(done)])
        .await;

    let plan = app.staff("sa").await.get(&format!("/v1/plan?area={A}&on=2020-11-11")).await.ok();

    let all = stops(&plan);
    let pin: Vec<_> = all.iter().filter(|s| s.1 == booked.to_string()).collect();
    assert_eq!(pin.len(), 1, "planned once");
    assert_eq!(pin[0].2["pinned"], true);
    assert_eq!(pin[0].2["action"], "visit_at");
    assert_eq!(pin[0].2["from"], "2020-11-11T11:00:00Z");
    assert!(all.iter().all(|s| s.1 != done.to_string()), "a completed door is on no sheet");
}

#[tokio::test]
async fn a_published_sheet_reaches_its_device_and_a_later_plan_takes_its_place() {
    let app = App::new(Survey::with_dwellings(8)).await;
    let (boss, phone, other) = (app.staff("sa").await, app.device("ea1").await, app.device("eb1").await);
    let (_, cursor) = changes(&phone, None).await;
    let order = json!({"area": A1, "on": "2020-11-11", "publish": true});

    let first = boss.post("/v1/plan", &order).await.ok();
    let (news, cursor) = changes(&phone, Some(&cursor)).await;

    let sheets: Vec<&Value> = news.iter().filter(|c| c["kind"] == "sheet").collect();
    assert_eq!(sheets.len(), 1, "{news:?}");
    assert_eq!(sheets[0]["data"]["plan_id"], first["plan_id"]);
    assert_eq!((&sheets[0]["data"]["user"], &sheets[0]["data"]["on"]), (&json!("ea1"), &json!("2020-11-11")));
    assert!(!sheets[0]["data"]["stops"].as_array().unwrap().is_empty());
    assert!(changes(&other, None).await.0.iter().all(|c| c["kind"] != "sheet"), "somebody else's sheet");

    let second = boss.post("/v1/plan", &order).await.ok();
    let (news, _) = changes(&phone, Some(&cursor)).await;
    let ops: Vec<(&Value, bool)> = news
        .iter()
        .filter(|c| c["kind"] == "sheet")
        .map(|c| (&c["op"], c["data"]["plan_id"] == second["plan_id"]))
        .collect();
    assert_eq!(ops.len(), 2, "the old one goes, the new one comes: {news:?}");
    assert!(ops.contains(&(&json!("drop"), false)) && ops.contains(&(&json!("put"), true)), "{ops:?}");
    let full: Vec<Value> =
        changes(&phone, None).await.0.into_iter().filter(|c| c["kind"] == "sheet").collect();
    assert_eq!(full.len(), 1, "a full pull holds the sheet in force only");
    let shown = phone.get("/v1/plan?on=2020-11-11").await;
    assert_eq!(shown["plan_id"], second["plan_id"], "the device reads what was published");
}

#[tokio::test]
async fn who_is_absent_gets_no_stops_and_the_doors_go_to_the_others() {
    let app = App::new(Survey::with_dwellings(12)).await;
    let boss = app.staff("sa").await;
    let order = json!({"shifts": [{"user": "ea1", "on": "2020-11-11", "spans": []},
                                  {"user": "ea2", "on": "2020-11-11", "spans": [{"from": "19:00", "to": "20:00"}]}]});

    let list = boss.post("/v1/shifts", &order).await.ok();
    let plan = boss.get(&format!("/v1/plan?area={A}&on=2020-11-11")).await.ok();

    assert_eq!(list["items"][0]["absent"], true);
    assert_eq!(list["items"][1]["from"], "2020-11-11T11:00:00Z");
    let users: Vec<String> = stops(&plan).into_iter().map(|s| s.0).collect();
    assert!(users.iter().all(|u| u != "ea1") && users.iter().any(|u| u == "ea2"), "{users:?}");
    let without =
        boss.post("/v1/plan", &json!({"area": A, "on": "2020-11-11", "exclude": ["ea2"]})).await.ok();
    assert!(stops(&without).iter().all(|s| s.0 != "ea2"));
    boss.post("/v1/shifts", &json!({"shifts": [{"user": "eb1", "on": "2020-11-11", "spans": []}]}))
        .await
        .problem(422, "body-not-valid");
    app.device("ea1").await.client.post("/v1/shifts", &order).await.problem(403, "wrong-role");
}

#[tokio::test]
async fn pace_and_model_speak_of_what_was_seen() {
    let app = App::new(Survey::with_dwellings(16)).await;
    let phone = app.device("ea1").await;
    let knocks: Vec<Value> = (0..8)
        .map(|i| visit_at(app.survey.case(i), "no_answer", &format!("2020-11-09T10:{:02}:00+08:00", i * 3)))
        .collect();
    phone.send(&knocks).await;
    let boss = app.staff("sa").await;

    let pace = boss.get(&format!("/v1/pace?area={A}")).await.ok();
    let model = boss.get(&format!("/v1/model?area={A}")).await.ok();
    let picture = boss.get(&format!("/v1/model?area={A}&format=svg&lang=zh")).await;

    let expected = pace["expected"].as_array().unwrap();
    assert_eq!(expected.first().unwrap()["on"], "2020-11-10");
    assert_eq!(expected.last().unwrap()["on"], "2020-12-10");
    for day in expected {
        let n = |name: &str| day[name].as_f64().unwrap();
        assert!(n("low") <= n("mean") && n("mean") <= n("high"), "{day}");
    }
    assert_eq!(model["knocks"], 8);
    assert!(picture.text().starts_with("<svg"));
    assert_eq!(picture.header("content-type"), "image/svg+xml");
    let listed = boss.get(&format!("/v1/return-visits?area={A}&limit=50")).await.ok();
    let chance = listed["items"][0]["probability"].as_f64().unwrap();
    assert!((0.0..=1.0).contains(&chance));
}

/// After the last field day nothing is expected, nobody is said to be enough or missing, and the sheet of a day says so.
#[tokio::test]
async fn after_the_field_time_nothing_is_expected() {
    let mut survey = Survey::with_dwellings(4);
    survey.days.1 = "2020-11-15".to_owned();
    let app = App::new(survey).await;
    let boss = app.staff("sa").await;
    let before = boss.get(&format!("/v1/pace?area={A}")).await.ok();
    assert_eq!((&before["doors"], before["expected"].as_array().unwrap().len()), (&json!(4), 6));
    app.clock.set("2020-11-16T09:00:00+08:00");
    let after = boss.get(&format!("/v1/pace?area={A}")).await.ok();
    assert_eq!((&after["expected"], &after["at_risk"]), (&json!([]), &json!([])));
    let staffing = &after["staffing"];
    assert_eq!((&staffing["extra_shifts"], &staffing["staffed_minutes"]), (&json!(0), &json!(0.0)));
    assert_eq!(staffing["done_at_end"], 0.0);
}

#[tokio::test]
async fn a_slip_takes_a_wish_and_says_nothing_about_the_household() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let boss = app.staff("sa").await;
    let case = app.survey.case(0);
    let made = boss.post("/v1/slips", &json!({"cases": [case]})).await.ok();
    let code = made["items"][0]["code"].as_str().unwrap().to_owned();
    let resident = app.anyone();
    let wish = json!({"when": [{"from": "2020-11-12T19:00:00+08:00", "to": "2020-11-12T20:00:00+08:00"}]});

    let noted = resident.post(&format!("/v1/slips/{}", code.to_lowercase()), &wish).await.ok();

    assert_eq!(noted, json!({"status": "noted"}));
    let door = boss.get(&format!("/v1/cases/{case}")).await.ok();
    assert_eq!(door["wishes"][0]["from"], "2020-11-12T11:00:00Z", "{door}");
    assert_eq!(door["state"], "new", "a wish is no evidence");
    resident.post("/v1/slips/AAAA-BBBB-CCCC", &wish).await.problem(404, "not-found");
    let past = json!({"when": [{"from": "2020-11-01T19:00:00+08:00", "to": "2020-11-01T20:00:00+08:00"}]});
    resident.post(&format!("/v1/slips/{code}"), &past).await.problem(422, "body-not-valid");
    for _ in 0..4 {
        resident.post(&format!("/v1/slips/{code}"), &wish).await.ok();
    }
    resident.post(&format!("/v1/slips/{code}"), &wish).await.problem(429, "too-many-tries");
    boss.post("/v1/slips", &json!({"cases": [crate::support::record::id()]})).await.problem(404, "not-found");
}

#[tokio::test]
async fn hours_that_cannot_be_are_refused_and_those_that_overlap_are_worked_once() {
    let app = App::new(Survey::with_dwellings(12)).await;
    let boss = app.staff("sa").await;
    let shift = |from: &str, to: &str| json!({"user": "ea1", "from": from, "to": to});
    let ask = |shifts: Value| json!({"area": A, "on": "2020-11-11", "exclude": ["ea2"], "shifts": shifts});
    let (begin, end) = ("2020-11-11T18:00:00+08:00", "2020-11-11T21:00:00+08:00");
    for (from, to) in [(end, begin), (begin, begin), ("2000-01-01T18:00:00+08:00", end)] {
        let problem =
            boss.post("/v1/plan", &ask(json!([shift(from, to)]))).await.problem(422, "body-not-valid");
        assert_eq!(problem["errors"][0]["pointer"], "/shifts/0/to", "{problem}");
    }
    let once = boss.post("/v1/plan", &ask(json!([shift(begin, end)]))).await.ok();
    let often = boss.post("/v1/plan", &ask(json!(vec![shift(begin, end); 40]))).await.ok();
    assert_eq!(often["enumerators"], once["enumerators"]);
    assert!(!once["enumerators"][0]["stops"].as_array().unwrap().is_empty());
}
