//! What is promised about single records: taken once, never overwritten, harmless to their neighbours, in any order.

use serde_json::{Value, json};

use crate::support::record::{at, id_of, interview_with, person, reasons, statuses, visit_at, with};
use crate::support::survey::A1;
use crate::support::{App, Survey, dwelling, id, interview, visit};

#[tokio::test]
async fn a_record_in_another_batch_gets_its_first_receipt_again() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let record = visit(app.survey.case(0), "no_answer");
    let first = phone.accepted(std::slice::from_ref(&record)).await;
    phone.accepted(&[visit_at(app.survey.case(0), "vacant", &at(9, "19:00"))]).await;

    let again = phone.send(&[record, visit_at(app.survey.case(0), "no_answer", &at(8, "19:00"))]).await;

    assert_eq!(again["replayed"], false, "the batch is new");
    let mut expected = first["receipts"][0].clone();
    expected["replayed"] = json!(true);
    assert_eq!(again["receipts"][0], expected);
    assert_eq!(again["receipts"][1]["case"]["visits"], 3);
    app.recount().await;
}

#[tokio::test]
async fn a_record_twice_in_one_batch_counts_once() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let record = visit(app.survey.case(0), "no_answer");
    let other = with(record.clone(), "outcome", "vacant");

    let answer = phone.send(&[record.clone(), record, other]).await;

    assert_eq!(statuses(&answer), ["accepted", "accepted", "refused"]);
    let replayed: Vec<_> = answer["receipts"].as_array().unwrap().iter().map(|r| &r["replayed"]).collect();
    assert_eq!(replayed, [false, true, false]);
    assert_eq!(reasons(&answer)[2], "id-reused");
    assert_eq!(answer["receipts"][1]["case"]["visits"], 1);
}

#[tokio::test]
async fn the_same_id_with_other_content_is_refused_whatever_its_kind() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let phone = app.device("ea1").await;
    let (a, b) = (app.survey.case(0), app.survey.case(1));
    let (seen, talk) = (visit(a, "no_answer"), interview(a));
    phone.accepted(&[seen.clone(), talk.clone()]).await;

    let reused = [
        with(seen.clone(), "outcome", "vacant"),
        with(seen.clone(), "case_id", b.to_string()),
        with(seen.clone(), "note", "x"),
        with(interview(a), "id", seen["id"].clone()),
        with(dwelling(A1, "901"), "id", seen["id"].clone()),
        with(talk.clone(), "respondent", "neighbour"),
        with(visit(a, "no_answer"), "id", talk["id"].clone()),
    ];
    let answer = phone.send(&reused).await;

    assert_eq!(reasons(&answer), vec!["id-reused"; reused.len()], "{answer}");
    for (i, receipt) in answer["receipts"].as_array().unwrap().iter().enumerate() {
        assert_eq!(receipt["pointer"], format!("/records/{i}/id"));
        assert!(receipt.get("case").is_none(), "another record's case is nobody's business: {receipt}");
    }
    assert_eq!(app.count("select count(*) from visit").await, 1);
    assert_eq!(app.count("select count(*) from interview").await, 1);
    app.recount().await;
}

#[tokio::test]
async fn a_refused_record_does_not_occupy_its_id() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let good = visit(app.survey.case(0), "no_answer");

    let bad = phone.send(&[with(good.clone(), "outcome", "abducted")]).await;
    assert_eq!((statuses(&bad)[0], reasons(&bad)[0]), ("refused", "unknown-outcome"));
    assert_eq!(bad["receipts"][0]["pointer"], "/records/0/outcome");

    phone.accepted(&[good]).await;
}

#[tokio::test]
async fn one_bad_record_never_harms_its_neighbours() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let phone = app.device("ea1").await;
    let (a, b) = (app.survey.case(0), app.survey.case(1));
    let mut records = vec![visit(a, "no_answer")];
    let bad: Vec<Value> = vec![
        json!(null),
        json!([]),
        json!("visit"),
        json!({}),
        json!({"type": "birthday", "id": id()}),
        with(visit(a, "no_answer"), "id", json!(null)),
        with(visit(a, "no_answer"), "id", "00000000-0000-0000-0000-000000000000"),
        with(visit(a, "no_answer"), "at", "yesterday"),
        with(visit(a, "no_answer"), "at", "2020-11-09T10:00:00"),
        with(visit(a, "no_answer"), "outcome", 7),
        with(visit(a, "no_answer"), "case_id", "6-2-301"),
        with(visit(a, "no_answer"), "note", "a\u{0}b"),
        with(interview(a), "revision", 0),
        with(interview(a), "persons", "nobody"),
        with(dwelling(A1, ""), "room", ""),
    ];
    records.extend(bad.iter().cloned());
    records.push(visit(b, "vacant"));

    let answer = phone.send(&records).await;

    let mut expected = vec!["refused"; records.len()];
    expected[0] = "accepted";
    expected[records.len() - 1] = "accepted";
    assert_eq!(statuses(&answer), expected, "{answer:#}");
    assert_eq!(app.count("select count(*) from visit").await, 2);
    let raw = app.count("select count(*) from batch_content").await;
    assert_eq!(raw, 1, "what was refused is kept in the raw copy");
    app.recount().await;
}

#[tokio::test]
async fn a_duplicate_key_or_a_lone_surrogate_spoils_only_its_record() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let good = visit(app.survey.case(0), "no_answer");
    let broken = |extra: &str| {
        let text = visit(app.survey.case(0), "no_answer").to_string();
        format!("{{{extra},{}", &text[1..])
    };
    let records = [
        good.to_string(),
        broken(r#""note":"a","note":"b""#),
        broken(r#""note":"\ud800""#),
        broken(&format!(r#""answers":{}1{}"#, "[".repeat(70), "]".repeat(70))),
        broken(&format!(r#""note":"{}""#, "x".repeat(20_001))),
        visit(app.survey.case(0), "no_answer").to_string(),
    ];
    let batch = phone.batch(&[]).to_string();
    let body = batch.replace("\"records\":[]", &format!("\"records\":[{}]", records.join(",")));

    let answer =
        phone.client.post_raw("/v1/batches", &[("content-type", "application/json")], body).await.ok();

    assert_eq!(
        statuses(&answer),
        ["accepted", "refused", "refused", "refused", "refused", "accepted"],
        "{answer:#}"
    );
    assert!(!reasons(&answer)[1..5].contains(&""));
}

/// Visits, an interview and a found door, so that each order of three batches must end alike.
#[tokio::test]
async fn the_order_of_records_and_batches_does_not_matter() {
    const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    let mut ends = Vec::new();
    let app = App::new(Survey::with_dwellings(1)).await;
    for (i, order) in ORDERS.iter().enumerate() {
        let survey = Survey::with_dwellings(2).named(&format!("order-{i}"));
        app.load_at(&survey, "2020-10-31T12:00:00+08:00").await;
        let phone = app.device_in(&survey.slug, "ea1").await;
        let (door, case) = (dwelling(A1, "1201"), survey.case(0));
        let found = id_of(&door);
        let seen = visit_at(case, "interview_complete", &at(8, "19:00"));
        let talk = with(interview(case), "visit_id", seen["id"].clone());
        let batches = [
            vec![talk, visit_at(found, "no_answer", &at(9, "19:30"))],
            vec![visit_at(found, "vacant", &at(7, "10:00")), seen],
            vec![visit_at(case, "no_answer", &at(6, "10:00")), door, interview(found)],
        ];
        for batch in order {
            phone.send(&batches[*batch]).await;
        }
        let list = phone.get("/v1/cases").await;
        let mut items: Vec<Value> = list["items"].as_array().unwrap().clone();
        for item in &mut items {
            for part in ["id", "case_id", "dwelling_id", "building_id", "position"] {
                item[part] = json!(null);
            }
        }
        items.sort_by_key(|v| v["address"].to_string());
        ends.push(items);
    }
    assert_eq!(ends[0].iter().filter(|c| c["state"] == "completed").count(), 2, "{:#?}", ends[0]);
    for (end, order) in ends.iter().zip(ORDERS) {
        assert_eq!(end, &ends[0], "{order:?}");
    }
    app.recount().await;
}

#[tokio::test]
async fn two_enumerators_at_one_door_are_two_visits() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let (one, two) = (app.device("ea1").await, app.device("ea2").await);
    let case = app.survey.case(0);
    one.accepted(&[visit_at(case, "no_answer", &at(9, "10:00"))]).await;
    two.accepted(&[visit_at(case, "no_answer", &at(9, "10:01"))]).await;

    let door = app.staff("sa").await.get(&format!("/v1/cases/{case}")).await.ok();

    let who: Vec<_> = door["visits"].as_array().unwrap().iter().map(|v| v["enumerator"].clone()).collect();
    assert_eq!(who, ["ea1", "ea2"]);
    assert_eq!(door["counted"]["attempts"], 1, "an hour must lie between counted attempts");
}

#[tokio::test]
async fn a_complete_interview_completes_its_case_before_its_visit_arrives() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let case = app.survey.case(0);
    let seen = visit_at(case, "interview_complete", &at(9, "10:00"));

    let alone = phone.accepted(&[with(interview(case), "visit_id", seen["id"].clone())]).await;
    assert_eq!(alone["receipts"][0]["case"]["state"], "completed");
    let both = phone.accepted(&[seen]).await;
    assert_eq!(both["receipts"][0]["case"]["state"], "completed");
}

#[tokio::test]
async fn a_visit_that_says_complete_does_not_complete_without_its_interview() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let case = app.survey.case(0);

    let answer = phone.accepted(&[visit(case, "interview_complete")]).await;

    assert_eq!(answer["receipts"][0]["case"]["state"], "in_progress");
    let door = phone.get(&format!("/v1/cases/{case}")).await;
    assert_eq!(door["flags"], json!(["interview_missing"]));
}

#[tokio::test]
async fn a_higher_revision_speaks_and_a_late_lower_one_is_history() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let case = app.survey.case(0);
    let first = interview(case);
    let second = with(
        interview_with(case, vec![person(1, "王秀英", "head"), person(2, "李明", "spouse")]),
        "id",
        first["id"].clone(),
    );
    let (second, third) =
        (with(second.clone(), "revision", 2), with(with(second, "revision", 3), "result", "partial"));

    phone.accepted(&[second]).await;
    let late = phone.accepted(&[first]).await;
    assert_eq!(late["receipts"][0]["revision"], 1);
    let door = app.staff("sa").await.get(&format!("/v1/cases/{case}")).await.ok();
    let current: Vec<_> = door["interviews"]
        .as_array()
        .unwrap()
        .iter()
        .map(|i| (i["revision"].clone(), i["current"].clone()))
        .collect();
    assert_eq!(current, [(json!(1), json!(false)), (json!(2), json!(true))]);
    let total = &app.staff("sa").await.get("/v1/completion").await.ok()["total"];
    assert_eq!(total["persons"]["recorded"], 2);

    let third = phone.accepted(&[third]).await;
    assert_eq!(third["receipts"][0]["case"]["state"], "partial", "the correction took the completeness back");
    app.recount().await;
}

#[tokio::test]
async fn a_revision_that_names_another_door_moves_the_interview_there_in_either_order() {
    let app = App::new(Survey::with_dwellings(4)).await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sa").await);
    for (wrong, right, order) in [(0, 1, [0, 1]), (2, 3, [1, 0])] {
        let (wrong, right) = (app.survey.case(wrong), app.survey.case(right));
        let first = interview(wrong);
        let second = with(with(first.clone(), "case_id", right.to_string()), "revision", 2);
        let records = [first, second];
        for i in order {
            phone.accepted(&records[i..=i]).await;
        }
        for (case, state) in [(wrong, "new"), (right, "completed")] {
            assert_eq!(staff.get(&format!("/v1/cases/{case}")).await.ok()["state"], state, "{order:?}");
        }
    }
    assert_eq!(staff.get("/v1/completion").await.ok()["total"]["persons"]["recorded"], 2);
    app.recount().await;
}

#[tokio::test]
async fn a_visit_to_a_closed_or_reassigned_door_is_still_taken() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let phone = app.device("ea1").await;
    let staff = app.staff("sa").await;
    let (closed, lent) = (app.survey.case(0), app.survey.case(1));
    let close = json!({"decision": "close", "class": "NC", "reason": "never there"});
    staff.post(&format!("/v1/cases/{closed}/decisions"), &close).await.ok();
    let lend = json!({"assignments": [{"case_id": lent, "enumerator": "ea2"}]});
    staff.post("/v1/assignments", &lend).await.ok();

    let answer = phone.accepted(&[visit(closed, "no_answer"), visit(lent, "no_answer")]).await;

    assert_eq!(answer["receipts"][0]["case"]["state"], "closed");
    assert_eq!(answer["receipts"][1]["case"]["state"], "in_progress");
    app.recount().await;
}

#[tokio::test]
async fn unknown_fields_are_taken_and_kept() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let record = with(visit(app.survey.case(0), "no_answer"), "weather", json!({"sky": "雨"}));

    let answer = phone.accepted(&[record]).await;

    assert!(answer["receipts"][0].get("warnings").is_none(), "{answer}");
    let row = app.db.client().await.query_one("select extra from visit", &[]).await.unwrap();
    let extra: Option<String> = row.get(0);
    assert!(extra.is_some_and(|text| text.contains("weather") && text.contains('雨')));
}

#[tokio::test]
async fn what_is_merely_odd_is_dropped_with_a_warning_and_the_record_taken() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let case = app.survey.case(0);
    let window = |from: &str, to: &str| json!({"from": from, "to": to});
    let records = [
        with(visit(case, "no_answer"), "position", json!({"lon": 34.75, "lat": 112.97})),
        with(visit(case, "appointment_made"), "appointment", window(&at(12, "20:00"), &at(12, "19:00"))),
        with(visit(case, "appointment_made"), "appointment", window(&at(8, "19:00"), &at(8, "20:00"))),
        with(
            visit(case, "appointment_made"),
            "appointment",
            window("2021-02-01T19:00:00+08:00", "2021-02-01T20:00:00+08:00"),
        ),
    ];

    let answer = phone.accepted(&records).await;

    for receipt in answer["receipts"].as_array().unwrap() {
        let warnings = receipt["warnings"].as_array().unwrap_or_else(|| panic!("no warning: {receipt}"));
        assert_eq!(warnings.len(), 1, "{receipt}");
    }
    assert_eq!(
        app.count("select count(*) from visit where lat is null and appointment_from is null").await,
        4
    );
}
