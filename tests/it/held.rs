//! Held records: stored, not counted, released when what they wait for comes, whichever side comes first.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::record::{at, id_of, interview_with, person, reasons, statuses, visit_at, with};
use crate::support::survey::{A1, B1};
use crate::support::{App, Client, Device, Survey, dwelling, id, interview, visit};

async fn held_ids(staff: &Client) -> Vec<Value> {
    let held = staff.get("/v1/held").await.ok();
    held["items"].as_array().unwrap().iter().map(|h| h["id"].clone()).collect()
}

/// The receipts that a device gets through its feed after `cursor`.
async fn receipts_since(phone: &Device, cursor: &str) -> Vec<Value> {
    let page = phone.get(&format!("/v1/changes?limit=5000&cursor={cursor}")).await;
    let changes = page["changes"].as_array().unwrap().clone();
    changes.into_iter().filter(|c| c["kind"] == "receipt").map(|c| c["data"].clone()).collect()
}

async fn cursor(phone: &Device) -> String {
    phone.get("/v1/changes?limit=5000").await["cursor"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn records_of_an_unknown_door_wait_for_it_and_are_then_counted() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let staff = app.staff("sa").await;
    let door = dwelling(A1, "1201");
    let found = id_of(&door);
    let waiting = [visit(found, "interview_complete"), interview(found)];

    let first = phone.send(&waiting).await;
    assert_eq!(statuses(&first), ["held", "held"]);
    assert_eq!(reasons(&first), ["unknown-case", "unknown-case"]);
    assert!(first["receipts"][0].get("case").is_none());
    let before = cursor(&phone).await;
    assert_eq!(held_ids(&staff).await.len(), 2);
    app.recount().await;

    let answer = phone.accepted(&[door]).await;

    assert_eq!(answer["receipts"][0]["case"]["state"], "completed", "{answer}");
    assert_eq!(answer["receipts"][0]["case"]["visits"], 1);
    assert_eq!(held_ids(&staff).await, Vec::<Value>::new());
    let told = receipts_since(&phone, &before).await;
    assert_eq!(told.len(), 2, "the device hears of both: {told:?}");
    assert!(told.iter().all(|r| r["status"] == "accepted"), "{told:?}");
    app.recount().await;
}

#[tokio::test]
async fn the_id_computed_by_rule_frees_as_the_records_own_id_does() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let door = dwelling(A1, "０1201 ");
    let key = doorknock::domain::door_key("410181", A1, "99", "1", "０1201 ");
    let by_rule =
        doorknock::domain::CaseId::of(doorknock::domain::DwellingId::of_key(&key), "census-test", 1).0;

    let before =
        phone.send(&[visit(by_rule, "no_answer"), visit_at(id_of(&door), "vacant", &at(9, "19:00"))]).await;
    assert_eq!(statuses(&before), ["held", "held"]);
    phone.accepted(std::slice::from_ref(&door)).await;
    let after = phone.accepted(&[visit_at(id_of(&door), "vacant", &at(8, "19:00"))]).await;

    assert_eq!(
        after["receipts"][0]["case"],
        json!({"id": by_rule, "state": "not_eligible", "visits": 3,
        "unmet": after["receipts"][0]["case"]["unmet"]})
    );
}

#[tokio::test]
async fn a_door_found_twice_or_listed_already_is_one_door() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let listed = with(with(dwelling(A1, "101"), "building", "1"), "floor", 1);
    let (one, two) = (dwelling(A1, "1201"), dwelling(A1, "1201"));

    let answer = phone.accepted(&[listed.clone(), one.clone(), two.clone()]).await;
    assert_eq!(answer["receipts"][0]["case"]["id"], app.survey.case(0).to_string());
    assert_eq!(answer["receipts"][1]["case"]["id"], answer["receipts"][2]["case"]["id"]);
    let later = phone
        .accepted(&[
            visit_at(id_of(&one), "no_answer", &at(8, "10:00")),
            visit_at(id_of(&two), "no_answer", &at(9, "10:00")),
            visit(id_of(&listed), "no_answer"),
        ])
        .await;
    assert_eq!(later["receipts"][1]["case"]["visits"], 2);
    assert_eq!(later["receipts"][2]["case"]["id"], app.survey.case(0).to_string());
    assert_eq!(app.count("select count(*) from survey_case").await, 2);
    app.recount().await;
}

#[tokio::test]
async fn a_further_household_is_a_case_of_its_own() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let second = with(with(with(dwelling(A1, "101"), "building", "1"), "household", 2), "floor", 1);

    let answer = phone.accepted(&[second.clone(), interview(id_of(&second))]).await;

    assert_eq!(answer["receipts"][0]["case"]["id"], app.survey.household(0, 2).to_string());
    let list = phone.get("/v1/cases").await;
    let states: Vec<_> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| (c["household"].clone(), c["state"].clone()))
        .collect();
    assert!(
        states.contains(&(json!(1), json!("new"))) && states.contains(&(json!(2), json!("completed"))),
        "{list}"
    );
    app.recount().await;
}

#[tokio::test]
async fn another_areas_case_is_treated_exactly_as_an_unknown_one() {
    let app = App::new(Survey::with_dwellings(1).doors(B1, 1)).await;
    let phone = app.device("ea1").await;
    let foreign = app.survey.case(1);

    let answer = phone.send(&[visit(foreign, "no_answer"), visit(id(), "no_answer")]).await;

    let mut receipts = answer["receipts"].as_array().unwrap().clone();
    for receipt in &mut receipts {
        receipt["id"] = json!(null);
    }
    assert_eq!(receipts[0], receipts[1]);
    assert_eq!(receipts[0]["reason"], "unknown-case");
    let area = phone.send(&[dwelling(B1, "77"), dwelling("nowhere", "77")]).await;
    assert_eq!(reasons(&area), ["unknown-area", "unknown-area"]);
    assert_eq!(app.count("select count(*) from survey_case").await, 2);
    app.recount().await;
}

#[tokio::test]
async fn a_door_lent_to_the_collector_frees_what_waited_for_it() {
    let app = App::new(Survey::with_dwellings(1).doors(B1, 1)).await;
    let phone = app.device("ea1").await;
    let foreign = app.survey.case(1);
    phone.send(&[visit(foreign, "no_answer")]).await;
    let before = cursor(&phone).await;

    let lend = json!({"assignments": [{"case_id": foreign, "enumerator": "ea1"}]});
    app.staff("sall").await.post("/v1/assignments", &lend).await.ok();

    assert_eq!(receipts_since(&phone, &before).await[0]["status"], "accepted");
    assert_eq!(phone.get(&format!("/v1/cases/{foreign}")).await["state"], "in_progress");
    app.recount().await;
}

#[tokio::test]
async fn a_door_of_another_person_does_not_free_a_stranger() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let (stranger, owner) = (app.device("eb1").await, app.device("ea1").await);
    let door = dwelling(A1, "1201");
    stranger.send(&[visit(id_of(&door), "no_answer")]).await;

    let answer = owner.accepted(&[door]).await;

    assert_eq!(answer["receipts"][0]["case"]["visits"], 0);
    assert_eq!(held_ids(&app.staff("sb").await).await.len(), 1, "it goes on waiting");
}

/// The interview, the visit it names, and the two doors' names: every order must end in a held interview.
#[tokio::test]
async fn an_interview_at_a_visit_of_another_door_is_held_whichever_comes_first() {
    let app = App::new(Survey::with_dwellings(6)).await;
    let phone = app.device("ea1").await;
    let staff = app.staff("sa").await;
    for (n, is_visit_first) in [(0, true), (2, false), (4, true)] {
        let (own, other) = (app.survey.case(n), app.survey.case(n + 1));
        let seen = visit(other, "interview_complete");
        let talk = with(interview(own), "visit_id", seen["id"].clone());
        let together = n == 4;
        if together {
            phone.send(&[talk, seen]).await;
        } else if is_visit_first {
            phone.accepted(&[seen]).await;
            let held = phone.send(&[talk]).await;
            assert_eq!((statuses(&held)[0], reasons(&held)[0]), ("held", "visit-elsewhere"));
        } else {
            phone.accepted(std::slice::from_ref(&talk)).await;
            let before = cursor(&phone).await;
            phone.accepted(&[seen]).await;
            let told = receipts_since(&phone, &before).await;
            assert_eq!((&told[0]["status"], &told[0]["reason"]), (&json!("held"), &json!("visit-elsewhere")));
        }
        assert_eq!(staff.get(&format!("/v1/cases/{own}")).await.ok()["state"], "new", "{n}");
        assert_eq!(staff.get(&format!("/v1/cases/{other}")).await.ok()["state"], "in_progress", "{n}");
    }
    assert_eq!(held_ids(&staff).await.len(), 3);
    app.recount().await;
}

#[tokio::test]
async fn a_supervisor_puts_a_held_interview_where_it_belongs() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let phone = app.device("ea1").await;
    let staff = app.staff("sa").await;
    let (own, other) = (app.survey.case(0), app.survey.case(1));
    let seen = visit(other, "interview_complete");
    let talk = with(interview(own), "visit_id", seen["id"].clone());
    phone.send(&[seen, talk.clone()]).await;

    let path = format!("/v1/held/{}/decision", id_of(&talk));
    let body = json!({"decision": "accept", "case_id": other, "note": "she mixed up the doors"});
    let decided = staff.post(&path, &body).await.ok();

    assert_eq!((&decided["status"], &decided["case_id"]), (&json!("accepted"), &json!(other)));
    assert_eq!(staff.get(&format!("/v1/cases/{other}")).await.ok()["state"], "completed");
    assert_eq!(staff.get(&format!("/v1/cases/{own}")).await.ok()["state"], "new");
    app.recount().await;
}

fn headless(case: Uuid) -> Value {
    interview_with(case, vec![person(1, "王秀英", "spouse"), person(2, "李明", "child")])
}

#[tokio::test]
async fn a_form_that_cannot_be_used_is_held_with_pointers_and_mended_by_a_revision() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let staff = app.staff("sa").await;
    let case = app.survey.case(0);
    let faulty = headless(case);

    let first = phone.send(std::slice::from_ref(&faulty)).await;
    assert_eq!((statuses(&first)[0], reasons(&first)[0]), ("held", "form-error"));
    assert!(first["receipts"][0]["pointers"][0].as_str().unwrap().starts_with("/records/0/"), "{first}");
    assert_eq!(first["receipts"][0]["case"]["state"], "new");
    let path = format!("/v1/held/{}/decision", id_of(&faulty));
    staff.post(&path, &json!({"decision": "accept", "note": ""})).await.problem(409, "not-possible-now");
    let before = cursor(&phone).await;

    let mended = with(with(interview(case), "id", faulty["id"].clone()), "revision", 2);
    let second = phone.accepted(&[mended]).await;

    assert_eq!(second["receipts"][0]["case"]["state"], "completed");
    assert_eq!(held_ids(&staff).await, Vec::<Value>::new(), "the faulty revision is history now");
    assert_eq!(receipts_since(&phone, &before).await.len(), 1);
    app.recount().await;
}

#[tokio::test]
async fn a_form_with_one_number_for_two_people_is_held_and_kept() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let twice =
        interview_with(app.survey.case(0), vec![person(1, "王秀英", "head"), person(1, "李明", "child")]);

    let answer = phone.send(&[twice.clone(), visit(app.survey.case(0), "no_answer")]).await;

    assert_eq!((statuses(&answer)[0], reasons(&answer)[0]), ("held", "form-error"));
    assert_eq!(statuses(&answer)[1], "accepted");
    assert_eq!(statuses(&phone.send(&[twice]).await), ["held"], "known again");
    app.recount().await;
}

#[tokio::test]
async fn a_faulty_lower_revision_that_comes_late_is_history() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let phone = app.device("ea1").await;
    let staff = app.staff("sa").await;
    let (a, b) = (app.survey.case(0), app.survey.case(1));
    let faulty = headless(a);
    let mended = with(with(interview(a), "id", faulty["id"].clone()), "revision", 2);
    phone.accepted(&[mended]).await;
    let late = phone.send(&[faulty]).await;
    assert_eq!(statuses(&late), ["accepted"]);
    assert_eq!(late["receipts"][0]["case"]["state"], "completed");

    let faulty = headless(b);
    let mended = with(with(interview(b), "id", faulty["id"].clone()), "revision", 2);
    assert_eq!(statuses(&phone.send(&[faulty, mended]).await), ["accepted", "accepted"]);
    assert_eq!(held_ids(&staff).await, Vec::<Value>::new());
    app.recount().await;
}

/// A faulty form, its correction and the door of both, in each of their orders: nothing may wait in the end.
#[tokio::test]
async fn a_faulty_form_its_correction_and_its_door_may_come_in_any_order() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let staff = app.staff("sa").await;
    let phone = app.device("ea1").await;
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let door = dwelling(A1, &format!("12{}{}{}", order[0], order[1], order[2]));
        let faulty = headless(id_of(&door));
        let mended = with(with(interview(id_of(&door)), "id", faulty["id"].clone()), "revision", 2);
        let records = [door, faulty, mended];
        let mut last = json!(null);
        for i in order {
            last = phone.send(&records[i..=i]).await;
        }
        assert_eq!(held_ids(&staff).await, Vec::<Value>::new(), "{order:?}: {last}");
    }
    let list = phone.get("/v1/cases?state=completed").await;
    assert_eq!(list["items"].as_array().unwrap().len(), 6);
    app.recount().await;
}

#[tokio::test]
async fn two_revisions_that_wait_for_one_door_are_freed_together() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let door = dwelling(A1, "1201");
    let first = interview(id_of(&door));
    let second = with(with(first.clone(), "revision", 2), "result", "partial");
    phone.send(&[first, second]).await;
    let before = cursor(&phone).await;

    let answer = phone.accepted(&[door]).await;

    assert_eq!(answer["receipts"][0]["case"]["state"], "partial");
    assert_eq!(receipts_since(&phone, &before).await[0]["revision"], 2);
    app.recount().await;
}

/// Every one of them waits for another door; so do as many doors that arrive at once.
#[tokio::test]
async fn a_large_batch_of_waiting_records_and_of_doors_fits() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let doors: Vec<Value> = (0..4999).map(|n| dwelling(A1, &format!("{n}"))).collect();
    let waiting: Vec<Value> = doors.iter().map(|d| visit(id_of(d), "no_answer")).collect();
    assert_eq!(phone.send(&waiting).await["counts"]["held"], 4999);
    let answer = phone.send(&doors).await;
    assert_eq!(answer["counts"]["accepted"], 4999);
    assert_eq!(app.count("select count(*) from visit where status = 0").await, 4999);
    app.recount().await;
}

#[tokio::test]
async fn the_held_list_says_what_waits_why_and_what_would_free_it_in_pages() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    for _ in 0..5 {
        phone.send(&[visit(id(), "no_answer")]).await;
    }
    app.device("eb1").await.send(&[visit(id(), "no_answer")]).await;
    let staff = app.staff("sa").await;

    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = staff.get(&format!("/v1/held?limit=2{after}")).await.ok();
        for item in page["items"].as_array().unwrap() {
            assert_eq!((&item["type"], &item["reason"]), (&json!("visit"), &json!("unknown-case")));
            for part in [
                "since",
                "enumerator",
                "device_id",
                "batch_id",
                "case_id",
                "sentence",
                "sentence_zh",
                "freed_by",
            ] {
                assert!(item[part].is_string(), "{part} of {item}");
            }
            seen.push(item["id"].to_string());
        }
        let Some(next) = page["after"].as_str() else { break };
        after = format!("&after={next}");
    }
    let mut once = seen.clone();
    once.dedup();
    assert_eq!((seen.len(), once.len()), (5, 5), "another area's are not shown");
    assert_eq!(held_ids(&app.staff("sall").await).await.len(), 6);
    staff.get("/v1/held?after=garbage").await.problem(400, "bad-parameter");
    staff.get(&format!("/v1/held?area={B1}")).await.problem(404, "not-found");
}

#[tokio::test]
async fn a_supervisor_cannot_decide_what_waits_elsewhere() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let record = visit(id(), "no_answer");
    phone.send(std::slice::from_ref(&record)).await;
    let path = format!("/v1/held/{}/decision", id_of(&record));
    let body = json!({"decision": "refuse", "note": "no such door"});

    app.staff("sb").await.post(&path, &body).await.problem(404, "not-found");
    phone.client.post(&path, &body).await.problem(403, "wrong-role");
    let staff = app.staff("sa").await;
    let accept = json!({"decision": "accept", "note": ""});
    staff.post(&path, &accept).await.problem(409, "not-possible-now");
    let elsewhere = json!({"decision": "accept", "case_id": id(), "note": ""});
    staff.post(&path, &elsewhere).await.problem(404, "not-found");
    let target = json!({"decision": "accept", "case_id": app.survey.case(0), "note": "wrote the wrong door"});
    staff.post(&path, &target).await.ok();
    assert_eq!(staff.get(&format!("/v1/cases/{}", app.survey.case(0))).await.ok()["state"], "in_progress");
    app.recount().await;
}

#[tokio::test]
async fn a_door_of_an_area_that_set_up_adds_later_is_taken_by_decision_with_what_waits_for_it() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let staff = app.staff("sa").await;
    let door = dwelling("410181001-03", "501");
    phone.send(&[door.clone(), visit(id_of(&door), "vacant")]).await;
    let path = format!("/v1/held/{}/decision", id_of(&door));
    let accept = json!({"decision": "accept", "note": "new estate"});
    staff.post(&path, &accept).await.problem(409, "not-possible-now");

    let mut wider = app.survey.clone();
    wider.areas.push((
        "410181001-03".into(),
        crate::support::survey::A.into(),
        "estate".into(),
        "South".into(),
    ));
    app.load(&wider).await;
    staff.post(&path, &accept).await.ok();

    let list = staff.get("/v1/cases?area=410181001-03").await.ok();
    assert_eq!(list["items"][0]["state"], "verify");
    assert_eq!(held_ids(&staff).await, Vec::<Value>::new());
    app.recount().await;
}

/// Accepted with a corrected time, the door's history says who decided, why, and what time was sent; taken back, it waits as
/// before.
#[tokio::test]
async fn a_record_is_accepted_with_a_corrected_time_and_waits_again_when_that_is_taken_back() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sa").await);
    let case = app.survey.case(0);
    let sent = with(interview(case), "at", "2020-12-09T19:30:00+08:00");
    phone.send(std::slice::from_ref(&sent)).await;
    let path = format!("/v1/held/{}/decision", id_of(&sent));
    let decide = |at: &str| json!({"decision": "accept", "note": "wrong month", "at": at, "version": 0});

    staff.post(&path, &decide("2020-12-09T19:30:00+08:00")).await.problem(409, "not-possible-now");
    staff.post(&path, &decide("2020-10-09T19:30:00+08:00")).await.problem(409, "not-possible-now");
    let accepted = staff.post(&path, &decide("2020-11-09T19:30:00+08:00")).await.ok();
    assert_eq!((&accepted["status"], &accepted["version"]), (&json!("accepted"), &json!(1)));
    let door = staff.get(&format!("/v1/cases/{case}")).await.ok();
    assert_eq!(
        (&door["state"], &door["interviews"][0]["at"]),
        (&json!("completed"), &json!("2020-11-09T19:30:00+08:00"))
    );
    let held = &door["held_decisions"][0];
    assert_eq!(
        (&held["decision"], &held["by"], &held["note"], &held["reason"], &held["was_at"]),
        (
            &json!("accept"),
            &json!("sa"),
            &json!("wrong month"),
            &json!("implausible-time"),
            &json!("2020-12-09T11:30:00Z")
        )
    );
    let by_day = staff.get("/v1/completion?by=day&clock=event").await.ok();
    assert_eq!(by_day["rows"][8]["states"]["completed"], 1, "it counts on the corrected day");
    app.recount().await;

    staff
        .post(&path, &json!({"decision": "undo", "note": "no", "version": 0}))
        .await
        .problem(409, "stale-version");
    let back = staff.post(&path, &json!({"decision": "undo", "note": "other door", "version": 1})).await.ok();
    assert_eq!(
        (&back["status"], &back["reason"], &back["at"]),
        (&json!("held"), &json!("implausible-time"), &json!("2020-12-09T11:30:00Z"))
    );
    assert_eq!(staff.get(&format!("/v1/cases/{case}")).await.ok()["state"], "new");
    assert_eq!(staff.get("/v1/held").await.ok()["items"][0]["at"], "2020-12-09T11:30:00Z");
    app.recount().await;
}

/// Sixty records of one phone: tried, decided with one reason, taken back.
#[tokio::test]
async fn many_records_are_decided_at_once_and_wait_again_at_once() {
    let app = App::new(Survey::with_dwellings(6)).await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sa").await);
    let case = |n| app.survey.case(n);
    let mut records: Vec<Value> =
        (0..3).map(|n| with(interview(case(n)), "at", "2021-11-09T10:00:00+08:00")).collect();
    records.push(visit_at(case(3), "refusal_hard", "2021-11-09T10:20:00+08:00"));
    records.push(visit_at(id(), "no_answer", &at(9, "10:00")));
    phone.send(&records).await;
    let items: Vec<Value> = records.iter().map(|r| json!({"id": id_of(r), "version": 0})).collect();
    // A year less: the phone had lost its date.
    let order = |dry: bool| json!({"items": items, "decision": "accept", "note": "date lost", "shift_s": -365 * 86_400, "dry_run": dry});
    let statuses = |answer: &Value| -> Vec<String> {
        answer["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|r| r["status"].as_str().unwrap().to_owned())
            .collect()
    };
    let expected = ["done", "done", "done", "done", "not-possible-now"];
    let changed = json!({"completed": 3, "open": -3, "persons": 3});

    let tried = staff.post("/v1/held/decisions", &order(true)).await.ok();
    assert_eq!((statuses(&tried), &tried["changed"]), (expected.map(str::to_owned).into(), &changed));
    assert_eq!(staff.get("/v1/held").await.ok()["items"].as_array().unwrap().len(), 5, "nothing is done");
    assert_eq!(staff.get("/v1/completion").await.ok()["total"]["states"]["completed"], 0);

    let done = staff.post("/v1/held/decisions", &order(false)).await.ok();
    assert_eq!((statuses(&done), &done["changed"]), (expected.map(str::to_owned).into(), &changed));
    let states = staff.get("/v1/completion").await.ok()["total"]["states"].clone();
    assert_eq!((&states["completed"], &states["refused"], &states["new"]), (&json!(3), &json!(1), &json!(2)));
    let again = staff.post("/v1/held/decisions", &order(false)).await.ok();
    assert_eq!(again["results"][0]["status"], "stale-version");
    app.recount().await;

    let undo = format!("/v1/held/decisions/{}/undo", done["id"].as_str().unwrap());
    let back = staff.post(&undo, &json!({})).await.ok();
    assert_eq!(back["changed"], json!({"completed": -3, "open": 3, "persons": -3}));
    assert_eq!(staff.get("/v1/completion").await.ok()["total"]["states"]["new"], 6);
    let waiting = staff.get("/v1/held").await.ok();
    assert_eq!(waiting["items"].as_array().unwrap().len(), 5);
    assert_eq!(waiting["items"][0]["at"], "2021-11-09T02:00:00Z", "the time as sent is back");
    staff.post(&undo, &json!({})).await.ok()["results"].as_array().unwrap().iter().for_each(|r| {
        assert_eq!(r["status"], "stale-version");
    });
    app.staff("sb").await.post(&undo, &json!({})).await.ok();
    staff.post(&format!("/v1/held/decisions/{}/undo", id()), &json!({})).await.problem(404, "not-found");
    app.recount().await;
}
