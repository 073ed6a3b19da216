//! Leaving a list, a role or an area: doors, shifts, sheets, codes, tokens, sessions and phones end in that moment.

use doorknock::ingest::accept::Trust;
use doorknock::ingest::setup::Mode;
use doorknock::ingest::staff::Why;
use serde_json::{Value, json};

use super::{code, lend, listed, login, password, session, stops, with_person, without};
use crate::support::record::{at, visit_at};
use crate::support::survey::{A, A1, A2, B, B1, DISTRICT};
use crate::support::{App, Picture, Survey, id, interview, visit};

#[tokio::test]
async fn the_doors_of_somebody_who_left_are_at_once_on_others_sheets() {
    let app = App::new(Survey::with_dwellings(16)).await;
    let (staff, mate) = (app.staff("sa").await, app.device("ea2").await);
    lend(&staff, json!([{"area": A1, "enumerator": "ea1"}])).await;
    let mut picture = Picture::full(&mate, 500).await;
    let tried = app.try_load(&without(&app.survey, &["ea1"]), Mode::Try, app.clock.now()).await.unwrap();
    assert_eq!((tried.staff.left, tried.staff.losses[0].doors), (vec!["ea1".to_owned()], 16));
    assert_eq!(listed(&staff, "open").await.len(), 16, "a dry run changes nothing");

    let report = app.load(&without(&app.survey, &["ea1"])).await;

    let loss = &report.staff.losses[0];
    assert_eq!((loss.user.as_str(), loss.why, loss.doors), ("ea1", Why::Left, 16));
    assert_eq!(stops(&staff, A).await, 16, "every door is on somebody's sheet");
    assert!(listed(&staff, "open").await.is_empty());
    assert_eq!((listed(&staff, "unassigned").await.len(), listed(&staff, "expired").await.len()), (16, 16));
    picture.pull(&mate, 7).await;
    assert_eq!(picture.get("case", app.survey.case(0)).unwrap()["holder"], Value::Null);
    picture.assert_equals(&Picture::full(&mate, 500).await, "after somebody left");
    let door = staff.get(&format!("/v1/cases/{}", app.survey.case(0))).await.ok();
    assert_eq!(door["assignments"][0]["end_reason"], "left");
    let rows = staff.get("/v1/completion?by=enumerator").await.ok()["rows"].clone();
    assert!(rows.as_array().unwrap().iter().all(|r| r["code"] != "ea1"), "{rows}");
    app.recount().await;
    // Again nothing is left to be ended.
    assert!(app.load(&without(&app.survey, &["ea1"])).await.staff.losses.is_empty());
}

#[tokio::test]
async fn everything_that_let_a_person_in_ends_with_the_list() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let phone = app.device("ea1").await;
    phone.post(&crate::support::record::with(phone.batch(&[]), "waiting", 3)).await.ok();
    let fresh = code(&app, "ea1").await.unwrap();
    let token = app.staff("sa").await;
    assert!(password(&app, "sa", "correct horse").await);
    let browser = session(&app, "sa", "correct horse").await;
    let root = app.staff("root").await;
    let shift = json!({"shifts": [{"user": "ea1", "on": "2020-11-12", "spans": []}]});
    root.post("/v1/shifts", &shift).await.ok();

    let report = app.load(&without(&app.survey, &["ea1", "sa"])).await;

    phone.client.get("/v1/changes").await.problem(403, "device-revoked");
    phone.post(&phone.batch(&[visit(app.survey.case(0), "no_answer")])).await.problem(403, "device-revoked");
    let form = json!({"code": fresh, "device_id": id(), "model": "x"});
    app.anyone().post("/v1/enrol", &form).await.problem(403, "wrong-code");
    token.get("/v1/cases").await.problem(401, "not-signed-in");
    browser.get("/v1/cases").await.problem(401, "not-signed-in");
    assert_eq!(browser.get("/").await.status, 303, "the pages ask to sign in");
    login(&app, "sa", "correct horse").await.problem(401, "wrong-login");
    assert_eq!(app.count("select count(*) from account").await, 0);
    assert_eq!(app.count("select count(*) from shift_override").await, 0);
    let of = |user: &str| report.staff.losses.iter().find(|l| l.user == user).unwrap().clone();
    let (ea1, sa) = (of("ea1"), of("sa"));
    assert_eq!((ea1.phones, ea1.waiting, ea1.tokens, ea1.password), (1, 3, 1, false));
    assert_eq!((sa.phones, sa.tokens, sa.password), (0, 2, true));
    // Nobody gives anything to somebody who has left.
    assert!(code(&app, "ea1").await.is_none() && !password(&app, "sa", "battery staple").await);
    let given = lend(&root, json!([{"area": A1, "enumerator": "ea1"}])).await;
    assert_eq!(given["results"][0]["reason"], "unknown-enumerator");
}

#[tokio::test]
async fn the_work_of_a_phone_whose_person_left_comes_by_hand_and_is_held() {
    let app = App::new(Survey::with_dwellings(2).doors(B1, 2)).await;
    let (phone, root) = (app.device("eb1").await, app.staff("root").await);
    let early = phone.send(&[visit(id(), "no_answer")]).await;
    assert_eq!(early["receipts"][0]["status"], "held");
    let mut smaller = without(&app.survey, &["eb1", "sb"]);
    // Even the area where the person worked is gone: what was collected there is the root's now.
    smaller.areas.retain(|a| a.0 != B && a.0 != B1);
    smaller.doors.retain(|d| d.area != B1);
    app.load(&smaller).await;

    let owners = app.store().device_owners(phone.id).await.unwrap();
    assert!(owners[0].1.is_some(), "it is cut off");
    let body = serde_json::to_vec(&phone.batch(&[visit(app.survey.case(0), "no_answer")])).unwrap().into();
    let ingest = &app.shared.ingest;
    let taken =
        ingest.accept_trusting(&owners[0].0, body, "file", Trust::Review, app.clock.now()).await.unwrap();

    assert_eq!(taken.answer.counts.held, 1);
    assert_eq!(root.get("/v1/held").await.ok()["items"].as_array().unwrap().len(), 2);
    app.recount().await;
}

#[tokio::test]
async fn who_leaves_one_of_two_surveys_keeps_the_other_and_the_password() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let second = Survey::with_dwellings(2).named("census-second");
    app.load_at(&second, "2020-10-31T12:00:00+08:00").await;
    let (here, there) = (app.device("ea1").await, app.device_in("census-second", "ea1").await);
    assert!(password(&app, "sa", "correct horse").await);
    let browser = session(&app, "sa", "correct horse").await;
    lend(
        &app.staff_in("census-second", "sa").await,
        json!([{"case_id": second.case(0), "enumerator": "ea1"}]),
    )
    .await;

    let report = app.load(&without(&app.survey, &["ea1", "sa"])).await;

    here.client.get("/v1/changes").await.problem(403, "device-revoked");
    there.get("/v1/changes").await;
    browser.get("/v1/cases").await.problem(401, "not-signed-in");
    assert!(report.staff.losses.iter().all(|l| !l.password && l.doors == 0), "{report:?}");
    assert_eq!(listed(&app.staff_in("census-second", "sa").await, "open").await.len(), 1);
    let form = json!({"user": "sa", "password": "correct horse"});
    assert_eq!(app.anyone().post("/v1/login", &form).await.ok()["survey"], "census-second");
    let last = app.load(&without(&second, &["sa"])).await;
    assert!(last.staff.losses.iter().any(|l| l.user == "sa" && l.password));
    app.anyone().post("/v1/login", &form).await.problem(401, "wrong-login");
}

#[tokio::test]
async fn another_role_ends_what_belonged_to_the_one_before() {
    let app = App::new(Survey::with_dwellings(4)).await;
    let (phone, root) = (app.device("ea1").await, app.staff("root").await);
    assert!(password(&app, "sa", "correct horse").await);
    let browser = session(&app, "sa", "correct horse").await;
    lend(&root, json!([{"area": A1, "enumerator": "ea1"}])).await;
    let swapped = with_person(&with_person(&app.survey, "ea1", "supervisor", A), "sa", "enumerator", A);

    let report = app.load(&swapped).await;

    assert!(report.staff.losses.iter().all(|l| l.why == Why::Role), "{report:?}");
    phone.client.get("/v1/changes").await.problem(403, "device-revoked");
    browser.get("/v1/cases").await.problem(401, "not-signed-in");
    assert_eq!((listed(&root, "open").await.len(), stops(&root, A).await), (0, 4));
    login(&app, "sa", "correct horse").await.problem(401, "wrong-login");
    // From supervisor to admin nothing ends.
    let up = with_person(&swapped, "ea1", "admin", DISTRICT);
    let office = app.staff("ea1").await;
    assert!(app.load(&up).await.staff.losses.is_empty());
    office.get("/v1/audit").await.ok();
    app.recount().await;
}

#[tokio::test]
async fn who_moves_to_another_area_leaves_the_doors_of_the_old_one() {
    let app = App::new(Survey::with_dwellings(4).doors(A2, 2).doors(B1, 2)).await;
    let (phone, boss) = (app.device("ea3").await, app.staff("sall").await);
    let own = [app.survey.case(4), app.survey.case(5)];
    // Two doors of the own area, one lent from elsewhere.
    lend(
        &boss,
        json!([{"area": A2, "enumerator": "ea3"}, {"case_id": app.survey.case(6), "enumerator": "ea3"}]),
    )
    .await;
    let order = json!({"area": A2, "on": "2020-11-11", "publish": true});
    boss.post("/v1/plan", &order).await.ok();

    let report = app.load(&with_person(&app.survey, "ea3", "enumerator", A1)).await;

    let loss = &report.staff.losses[0];
    assert_eq!((loss.user.as_str(), loss.why, loss.doors, loss.phones), ("ea3", Why::Moved, 2, 0));
    let open = listed(&boss, "open").await;
    assert_eq!(open.len(), 1);
    assert_eq!(open[0]["case_id"], json!(app.survey.case(6)), "what was lent from elsewhere stays lent");
    for case in own {
        let door = boss.get(&format!("/v1/cases/{case}")).await.ok();
        assert_eq!((&door["holder"], &door["assignments"][0]["end_reason"]), (&Value::Null, &json!("moved")));
    }
    let sa = app.staff("sa").await;
    let plan = sa.get(&format!("/v1/plan?area={A2}&on=2020-11-11")).await.ok();
    assert_eq!(plan["unmanned"].as_array().unwrap().len(), 2, "published before: nobody has these now");
    assert_eq!(stops(&sa, A).await, 6, "a plan made now has them");
    let picture = Picture::full(&phone, 500).await;
    assert_eq!((picture.count("assignment"), picture.count("sheet"), loss.sheets), (1, 0, 1));
    assert!(picture.get("case", own[0]).is_none() && picture.get("case", app.survey.case(0)).is_some());
    app.recount().await;
}

#[tokio::test]
async fn a_published_plan_says_which_doors_nobody_has_any_more() {
    let app = App::new(Survey::with_dwellings(8)).await;
    let boss = app.staff("sa").await;
    lend(&boss, json!([{"area": A1, "enumerator": "ea1"}])).await;
    let order = json!({"area": A, "on": "2020-11-11", "publish": true});
    boss.post("/v1/plan", &order).await.ok();
    assert_eq!(stops(&boss, A).await, 8);

    let report = app.load(&without(&app.survey, &["ea1"])).await;

    assert_eq!(report.staff.losses[0].sheets, 1);
    let path = format!("/v1/plan?area={A}&on=2020-11-11");
    let plan = boss.get(&path).await.ok();
    assert_eq!(plan["unmanned"].as_array().unwrap().len(), 8, "{plan}");
    boss.post("/v1/plan", &order).await.ok();
    let again = boss.get(&path).await.ok();
    assert_eq!((stops(&boss, A).await, again["unmanned"].as_array().unwrap().len()), (8, 0));
}

#[tokio::test]
async fn a_door_that_opens_again_does_not_go_back_to_somebody_who_left() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sall").await);
    let case = app.survey.case(0);
    lend(&staff, json!([{"case_id": case, "enumerator": "ea1", "until": at(20, "20:00")}])).await;
    let taken = interview(case);
    phone.accepted(std::slice::from_ref(&taken)).await;
    app.load(&without(&app.survey, &["ea1"])).await;
    app.recount().await;

    let reject =
        json!({"decision": "reject_interview", "interview": taken["id"], "revision": 1, "reason": "x"});
    staff.post(&format!("/v1/cases/{case}/decisions"), &reject).await.ok();

    let door = staff.get(&format!("/v1/cases/{case}")).await.ok();
    assert_eq!((&door["holder"], door["assignments"].as_array().unwrap().len()), (&Value::Null, 1));
    app.recount().await;
}

#[tokio::test]
async fn a_set_up_beside_orders_leaves_no_door_with_somebody_who_left() {
    let app = App::new(Survey::with_dwellings(8)).await;
    let staff = app.staff("sa").await;
    let smaller = without(&app.survey, &["ea1"]);
    for round in 0..6 {
        app.load(&app.survey).await;
        let order = lend(&staff, json!([{"area": A1, "enumerator": "ea1"}]));
        let (_, report) = futures_util::future::join(order, app.load(&smaller)).await;
        assert!(listed(&staff, "open").await.is_empty(), "round {round}: {report:?}");
        assert_eq!(listed(&staff, "unassigned").await.len(), 8, "round {round}");
    }
    app.recount().await;
    let phone = app.device("ea2").await;
    phone.accepted(&[visit_at(app.survey.case(0), "no_answer", &at(9, "10:00"))]).await;
}
