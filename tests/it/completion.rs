//! Completion: every figure equals a fresh count at any moment, rows add up, and the past stays as it was.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::record::{at, interview_with, person, visit_at, with};
use crate::support::survey::{A, A1, A2, B, B1};
use crate::support::{App, Client, Survey, interview, visit};

async fn completion(staff: &Client, query: &str) -> Value {
    staff.get(&format!("/v1/completion?{query}")).await.ok()
}

/// The integers of a row, by path; rates and device figures left out.
fn integers(row: &Value) -> BTreeMap<String, i64> {
    fn walk(value: &Value, path: &str, found: &mut BTreeMap<String, i64>) {
        match value {
            Value::Object(members) => {
                for (name, value) in
                    members.iter().filter(|(name, _)| !["devices", "rate", "e"].contains(&name.as_str()))
                {
                    walk(value, &format!("{path}/{name}"), found);
                }
            }
            Value::Number(n) if n.is_i64() => {
                found.insert(path.to_owned(), n.as_i64().unwrap());
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {}
        }
    }
    let mut found = BTreeMap::new();
    walk(row, "", &mut found);
    // The denominators of rates that e enters are no sums.
    found.retain(|path, _| !path.starts_with("/aapor") || path.ends_with("/numerator"));
    found
}

fn sum_of(rows: &Value) -> BTreeMap<String, i64> {
    let mut sum = BTreeMap::new();
    for row in rows.as_array().unwrap() {
        for (path, n) in integers(row) {
            *sum.entry(path).or_default() += n;
        }
    }
    sum
}

#[track_caller]
fn adds_up(answer: &Value) {
    let (sum, total) = (sum_of(&answer["rows"]), integers(&answer["total"]));
    for (path, n) in &total {
        assert_eq!(sum.get(path).copied().unwrap_or_default(), *n, "{path} of {}", answer["by"]);
    }
}

async fn world() -> App {
    let app = App::new(Survey::with_dwellings(9).doors(A2, 4).doors(B1, 3)).await;
    let (phone, other, staff) = (app.device("ea1").await, app.device("eb1").await, app.staff("sall").await);
    let case = |n| app.survey.case(n);
    let two = vec![
        person(1, "王秀英", "head"),
        with(
            with(with(person(2, "李明", "spouse"), "registered_at", 4), "time_away", 2),
            "residence_status",
            "here_elsewhere",
        ),
    ];
    phone
        .accepted(&[
            visit(case(0), "no_answer"),
            interview(case(1)),
            interview_with(case(2), two),
            with(interview(case(3)), "respondent", "neighbour"),
            with(interview(case(4)), "result", "partial"),
            visit(case(5), "refusal_hard"),
            with(visit(case(6), "vacant"), "informant", "neighbour"),
            visit(case(9), "vacant"),
        ])
        .await;
    other.accepted(&[interview(case(13))]).await;
    let lend = json!({"assignments": [{"case_id": case(0), "enumerator": "ea1"}, {"case_id": case(10), "enumerator": "ea2"},
        {"case_id": case(14), "enumerator": "eb1"}]});
    staff.post("/v1/assignments", &lend).await.ok();
    for (n, body) in [
        (7, json!({"decision": "close", "class": "NC", "reason": "x"})),
        (8, json!({"decision": "cancel", "reason": "x"})),
        (11, json!({"decision": "merge", "into": case(12), "reason": "x"})),
    ] {
        staff.post(&format!("/v1/cases/{}/decisions", case(n)), &body).await.ok();
    }
    app
}

#[tokio::test]
async fn rows_add_up_to_the_total_and_parents_are_sums_of_their_children() {
    let app = world().await;
    let staff = app.staff("sall").await;
    let root = completion(&staff, "").await;
    adds_up(&root);
    let codes: Vec<_> = root["rows"].as_array().unwrap().iter().map(|r| r["code"].clone()).collect();
    assert_eq!(codes, [json!(A), json!(B)]);
    for (area, row) in [(A, 0), (B, 1)] {
        let child = completion(&staff, &format!("area={area}")).await;
        adds_up(&child);
        assert_eq!(integers(&child["total"]), integers(&root["rows"][row]));
        let leaf = child["rows"][0]["code"].as_str().unwrap();
        let leaf = completion(&staff, &format!("area={leaf}")).await;
        assert_eq!(leaf["rows"].as_array().unwrap().len(), 1, "a leaf returns itself");
        assert_eq!(integers(&leaf["total"]), integers(&child["rows"][0]));
    }
    for by in ["building", "enumerator"] {
        let answer = completion(&staff, &format!("by={by}")).await;
        adds_up(&answer);
        assert_eq!(integers(&answer["total"]), integers(&root["total"]), "{by}");
    }
    app.recount().await;
}

#[tokio::test]
async fn the_figures_are_those_of_the_definitions() {
    let app = world().await;
    let staff = app.staff("sall").await;
    let total = completion(&staff, "").await["total"].clone();
    let states = json!({"new": 4, "in_progress": 1, "appointment": 0, "proxy": 0, "exhausted": 0, "partial": 1, "refused": 1,
        "verify": 1, "not_eligible": 1, "closed": 1, "completed": 4, "merged": 1, "cancelled": 1});
    assert_eq!((&total["cases"], &total["states"]), (&json!(16), &states), "zero counts are there too");
    let ratio = |n: i64, d: i64, r: f64| json!({"numerator": n, "denominator": d, "rate": r});
    assert_eq!(total["completion"], ratio(6, 14, 0.428_571));
    assert_eq!(total["enumeration"], ratio(4, 13, 0.307_692));
    assert_eq!(total["proxy_share"], ratio(1, 4, 0.25));
    assert_eq!(total["attempt"]["denominator"], 14);
    let persons = &total["persons"];
    assert_eq!(
        (&persons["recorded"], &persons["here_registered"], &persons["here_elsewhere"]),
        (&json!(5), &json!(4), &json!(1))
    );
    assert_eq!(persons["resident"], 4, "away for under half a year from elsewhere is no resident");
}

#[tokio::test]
async fn an_area_without_cases_has_null_rates() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let answer = completion(&app.staff("sa").await, &format!("area={A2}")).await;
    let null = json!({"numerator": 0, "denominator": 0, "rate": null});
    for rate in ["completion", "enumeration", "occupied_return", "attempt", "proxy_share", "first_visit"] {
        assert_eq!(answer["total"][rate], null, "{rate}");
    }
    assert_eq!(answer["total"]["aapor"]["e"], Value::Null);
    assert_eq!(answer["total"]["states"]["new"], 0);
}

#[tokio::test]
async fn folding_the_deltas_changes_no_figure() {
    let app = world().await;
    let staff = app.staff("sall").await;
    let mut before = Vec::new();
    for query in ["", "by=building", "by=enumerator", "area=410181001"] {
        before.push((query, completion(&staff, query).await));
    }
    for most in [1, 3, 50_000] {
        while app.store().fold_deltas(app.key().await, most).await.unwrap().is_some_and(|n| n == most) {
            app.recount().await;
        }
        for (query, first) in &before {
            let now = completion(&staff, query).await;
            assert_eq!(sum_of(&now["rows"]), sum_of(&first["rows"]), "{query} after folding by {most}");
            assert_eq!(integers(&now["total"]), integers(&first["total"]), "{query} after folding by {most}");
        }
    }
    assert_eq!(app.count("select count(*) from completion_delta").await, 0);
}

/// Writers, a folder and a reader at once: at every moment the rows add up and nothing is lost or counted twice.
#[tokio::test]
async fn the_figures_are_true_at_any_moment_beside_writers_and_the_folding_job() {
    let app = App::new(Survey::with_dwellings(16).doors(A2, 8)).await;
    let staff = app.staff("sa").await;
    let key = app.key().await;
    let mut writers = Vec::new();
    for (w, user) in ["ea1", "ea2", "ea1"].into_iter().enumerate() {
        let (phone, staff, cases) = (app.device(user).await, app.staff("sa").await, app.survey.cases());
        writers.push(async move {
            for round in 0..8_usize {
                let case = cases[(w * 8 + round) % 24];
                let day = u32::try_from(round % 8 + 2).unwrap();
                phone.accepted(&[visit_at(case, "no_answer", &at(day, "19:00")), interview(case)]).await;
                let lend = json!({"assignments": [{"case_id": cases[(w * 8 + round + 3) % 24], "enumerator": "ea2"}]});
                staff.post("/v1/assignments", &lend).await.ok();
                let void = json!({"decision": "cancel", "reason": "x"});
                staff.post(&format!("/v1/cases/{}/decisions", cases[(w * 8 + round + 5) % 24]), &void).await.ok();
            }
        });
    }
    let mut writing = std::pin::pin!(futures_util::future::join_all(writers));
    let mut looks = 0;
    loop {
        let look = async {
            for by in ["area", "enumerator", "building"] {
                let answer = completion(&staff, &format!("by={by}")).await;
                adds_up(&answer);
                let states: i64 =
                    answer["total"]["states"].as_object().unwrap().values().filter_map(Value::as_i64).sum();
                assert_eq!((states, &answer["total"]["cases"]), (24, &json!(24)), "by {by}");
            }
            app.store().fold_deltas(key, 5).await.unwrap();
            assert_eq!(app.store().recount(key).await.unwrap(), []);
        };
        tokio::select! {
            biased;
            () = look => looks += 1,
            _ = &mut writing => break,
        }
    }
    assert!(looks > 3, "the reader must have had its turn");
    app.recount().await;
}

#[tokio::test]
async fn the_past_by_the_received_clock_is_never_judged_again() {
    let app = App::new(Survey::with_dwellings(4)).await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sa").await);
    let mut moments = Vec::new();
    for n in 0..4_u32 {
        app.clock.set(&at(10 + n, "12:00"));
        let case = app.survey.case(usize::try_from(n).unwrap());
        let batch = phone.batch(&[visit_at(case, "no_answer", &at(3 + n, "19:00")), interview(case)]);
        phone.post(&with(batch, "sent_at", at(10 + n, "12:00"))).await.ok();
        app.clock.advance(5);
        let moment = app.clock.now().to_string();
        moments.push((moment, integers(&completion(&staff, "").await["total"])));
    }
    app.clock.set("2020-11-20T12:00:00+08:00");
    let void = json!({"decision": "cancel", "reason": "x"});
    staff.post(&format!("/v1/cases/{}/decisions", app.survey.case(0)), &void).await.ok();
    for (moment, then) in &moments {
        let answer = completion(&staff, &format!("at={moment}")).await;
        assert_eq!(integers(&answer["total"]), *then, "as of {moment}");
        assert_eq!((&answer["as_of"], &answer["clock"]), (&json!(moment), &json!("received")));
        for by in ["building", "enumerator"] {
            adds_up(&completion(&staff, &format!("at={moment}&by={by}")).await);
        }
    }
    let before = completion(&staff, "at=2020-10-01T00:00:00Z").await;
    assert_eq!(before["total"]["cases"], 0);
}

#[tokio::test]
async fn the_past_by_the_event_clock_is_rewritten_by_what_comes_late() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sa").await);
    let third = format!("clock=event&at={}", at(3, "20:00").replace('+', "%2B"));
    let states = async |query: &str| completion(&staff, query).await["total"]["states"].clone();
    assert_eq!(states(&third).await["new"], 2);

    phone.accepted(&[visit_at(app.survey.case(0), "refusal_hard", &at(3, "19:00"))]).await;
    assert_eq!(states(&third).await["refused"], 1);
    phone.accepted(&[visit_at(app.survey.case(1), "no_answer", &at(3, "18:00"))]).await;
    assert_eq!((&states(&third).await["in_progress"], &states(&third).await["new"]), (&json!(1), &json!(0)));
    assert_eq!(states(&third.replace("event", "received")).await["new"], 2, "the server knew nothing then");
    phone.accepted(&[with(interview(app.survey.case(0)), "at", at(5, "10:00"))]).await;
    assert_eq!(states(&third).await["refused"], 1);
    let sixth = third.replace("11-03", "11-06");
    assert_eq!(states(&sixth).await["completed"], 1);
}

#[tokio::test]
async fn by_day_is_cumulative_and_ends_in_the_present() {
    let app = world().await;
    let staff = app.staff("sall").await;
    for clock in ["event", "received"] {
        let answer = completion(&staff, &format!("by=day&clock={clock}")).await;
        let rows = answer["rows"].as_array().unwrap();
        let days: Vec<_> = rows.iter().map(|r| r["code"].as_str().unwrap()).collect();
        assert_eq!((days.len(), days[0], days[9]), (10, "2020-11-01", "2020-11-10"), "{clock}");
        let completed: Vec<_> = rows.iter().map(|r| r["states"]["completed"].as_i64().unwrap()).collect();
        assert!(completed.is_sorted(), "{completed:?}");
        let expected = if clock == "event" { [0, 4] } else { [0, 0] };
        assert_eq!(completed[7..9], expected, "{clock}");
        let now = completion(&staff, "").await;
        assert_eq!(integers(&rows[9]), integers(&now["total"]), "{clock}");
        assert_eq!(integers(&answer["total"]), integers(&now["total"]), "{clock}");
    }
}

#[tokio::test]
async fn a_door_found_later_enters_when_the_server_came_to_know_it() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sa").await);
    phone.accepted(&[crate::support::dwelling(A1, "77")]).await;
    for clock in ["event", "received"] {
        let past = completion(&staff, &format!("at=2020-11-09T00:00:00Z&clock={clock}")).await;
        assert_eq!(past["total"]["cases"], 2, "{clock}");
    }
    let now = completion(&staff, "").await;
    assert_eq!(
        (&now["total"]["cases"], &now["total"]["baseline_completion"]["denominator"]),
        (&json!(3), &json!(2))
    );
    app.recount().await;
}

#[tokio::test]
async fn devices_stand_beside_the_figures() {
    let app = App::new(Survey::with_dwellings(2).doors(B1, 1)).await;
    let (phone, _silent) = (app.device("ea1").await, app.device("ea2").await);
    let staff = app.staff("sall").await;
    app.clock.set("2020-11-10T19:00:00+08:00");
    let batch = with(with(phone.batch(&[]), "waiting", 5), "sent_at", at(10, "19:00"));
    phone.post(&batch).await.ok();
    let lend = json!({"assignments": [{"case_id": app.survey.case(0), "enumerator": "ea2"}]});
    staff.post("/v1/assignments", &lend).await.ok();
    let answer = completion(&staff, "").await;
    let devices = &answer["rows"][0]["devices"];
    for (part, n) in [("enrolled", 2), ("heard", 1), ("silent", 1), ("waiting", 5), ("doors_held", 1)] {
        assert_eq!(devices[part], n, "{part} of {devices}");
    }
    assert_eq!(devices["at_most"], 0.5);
    assert_eq!(answer["rows"][1]["devices"]["enrolled"], 0);
}
