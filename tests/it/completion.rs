//! Completion: every figure equals a fresh count at any moment, rows add up, and the past stays as it was.

use std::cell::Cell;
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
    let looks = Cell::new(0);
    let mut writers = Vec::new();
    for (w, user) in ["ea1", "ea2", "ea1"].into_iter().enumerate() {
        let (phone, staff, cases) = (app.device(user).await, app.staff("sa").await, app.survey.cases());
        let looks = &looks;
        writers.push(async move {
            // Until the reader has had its turn, however slow the machine is.
            for round in (0..500_usize).take_while(|round| *round < 8 || looks.get() < 4) {
                let case = cases[(w * 8 + round) % 24];
                let day = u32::try_from(round % 8 + 2).unwrap();
                phone.accepted(&[visit_at(case, "no_answer", &at(day, "19:00")), interview(case)]).await;
                if round >= 8 {
                    continue;
                }
                let lend = json!({"assignments": [{"case_id": cases[(w * 8 + round + 3) % 24], "enumerator": "ea2"}]});
                staff.post("/v1/assignments", &lend).await.ok();
                let void = json!({"decision": "cancel", "reason": "x"});
                staff.post(&format!("/v1/cases/{}/decisions", cases[(w * 8 + round + 5) % 24]), &void).await.ok();
            }
        });
    }
    let mut writing = std::pin::pin!(futures_util::future::join_all(writers));
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
            () = look => looks.set(looks.get() + 1),
            _ = &mut writing => break,
        }
    }
    assert!(looks.get() > 3, "the reader must have had its turn");
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

/// Work done or handed in after the last day, and a visit by a clock that is ahead, stand in the last row.
#[tokio::test]
async fn the_last_day_holds_what_came_after_the_end() {
    let mut survey = Survey::with_dwellings(6);
    survey.days.1 = "2020-11-15".to_owned();
    let app = App::new(survey).await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sall").await);
    app.clock.set("2020-11-18T12:00:00+08:00");
    let case = |n| app.survey.case(n);
    let mut batch = phone.batch(&[
        with(interview(case(0)), "at", at(14, "19:00")),
        with(interview(case(1)), "at", at(17, "19:00")),
        visit_at(case(2), "refusal_hard", &at(18, "12:05")),
    ]);
    batch["sent_at"] = json!(at(18, "12:00"));
    phone.post(&batch).await.ok();
    let now = completion(&staff, "").await;
    assert_eq!(now["total"]["states"]["refused"], 1);
    for clock in ["event", "received"] {
        let answer = completion(&staff, &format!("by=day&clock={clock}")).await;
        let rows = answer["rows"].as_array().unwrap();
        let last = rows.last().unwrap();
        assert_eq!((rows.len(), &last["code"]), (18, &json!("2020-11-18")), "{clock}");
        assert_eq!(integers(last), integers(&now["total"]), "{clock}");
        assert_eq!(integers(&answer["total"]), integers(&now["total"]), "{clock}");
        let completed: Vec<_> = [13, 14, 15, 16].map(|n| rows[n]["states"]["completed"].clone()).into();
        let expected = if clock == "event" { json!([1, 1, 1, 2]) } else { json!([0, 0, 0, 0]) };
        assert_eq!(json!(completed), expected, "{clock}");
    }
}

/// Before the first day there is no row, but a total all the same.
#[tokio::test]
async fn before_the_first_day_by_day_has_a_total_without_rows() {
    let app = App::new(Survey::with_dwellings(3)).await;
    let staff = app.staff("sall").await;
    app.clock.set("2020-10-31T13:00:00+08:00");
    for clock in ["event", "received"] {
        let answer = completion(&staff, &format!("by=day&clock={clock}")).await;
        assert_eq!((&answer["rows"], &answer["total"]["cases"]), (&json!([]), &json!(3)), "{clock}");
    }
}

/// Who did it, not who has the door now: the interviewer, the supervisor who closed, the last visitor, nobody.
#[tokio::test]
async fn by_worker_counts_who_did_the_work() {
    let app = App::new(Survey::with_dwellings(9)).await;
    let (one, two, staff) = (app.device("ea1").await, app.device("ea2").await, app.staff("sa").await);
    let case = |n| app.survey.case(n);
    one.accepted(&[
        interview(case(0)),
        interview(case(1)),
        visit_at(case(2), "no_answer", &at(8, "19:00")),
        visit_at(case(3), "no_answer", &at(8, "19:00")),
        with(interview(case(5)), "result", "partial"),
        visit_at(case(6), "no_answer", &at(8, "19:00")),
    ])
    .await;
    two.accepted(&[
        visit_at(case(1), "no_answer", &at(9, "20:00")),
        visit_at(case(2), "refusal_hard", &at(9, "19:00")),
        with(interview(case(6)), "at", at(9, "19:00")),
    ])
    .await;
    let close = json!({"decision": "close", "class": "NC", "reason": "x"});
    staff.post(&format!("/v1/cases/{}/decisions", case(3)), &close).await.ok();
    let merge = json!({"decision": "merge", "into": case(8), "reason": "x"});
    staff.post(&format!("/v1/cases/{}/decisions", case(0)), &merge).await.ok();
    // The doors are lent to ea2 by now: it makes no difference to who did the work.
    let lend: Vec<_> = (0..9).map(|n| json!({"case_id": case(n), "enumerator": "ea2"})).collect();
    staff.post("/v1/assignments", &json!({"assignments": lend})).await.ok();

    let answer = completion(&staff, "by=worker").await;
    adds_up(&answer);
    assert_eq!(integers(&answer["total"]), integers(&completion(&staff, "").await["total"]));
    let rows = answer["rows"].as_array().unwrap();
    let of = |user: &str, state: &str| {
        rows.iter().find(|r| r["code"] == user).map_or(0, |r| r["states"][state].as_i64().unwrap())
    };
    let codes: Vec<_> = rows.iter().map(|r| r["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["", "ea1", "ea2", "sa"]);
    // The door that was merged away counts at the surviving one, whose interview ea1 made.
    assert_eq!((of("ea1", "completed"), of("ea2", "completed")), (2, 1), "{rows:#?}");
    assert_eq!((of("ea2", "refused"), of("sa", "closed"), of("", "new")), (1, 1, 2));
    assert_eq!((&rows[1]["name"], &rows[0]["name"]), (&json!("Staff ea1"), &json!("")));
    for rate in ["completion", "enumeration", "attempt"] {
        assert_eq!(rows[1][rate]["rate"], Value::Null, "{rate}");
    }
    assert_eq!(rows[1]["aapor"]["RR1"]["rate"], Value::Null);
    assert_eq!(answer["total"]["completion"]["denominator"], 8);
    let past =
        staff.get(&format!("/v1/completion?by=worker&at={}", at(9, "12:00").replace('+', "%2B"))).await;
    past.problem(400, "bad-parameter");
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

/// A phone was heard when it was enrolled: it is silent a day later, not at once.
#[tokio::test]
async fn devices_stand_beside_the_figures() {
    let app = App::new(Survey::with_dwellings(2).doors(B1, 1)).await;
    let (phone, _silent) = (app.device("ea1").await, app.device("ea2").await);
    let staff = app.staff("sall").await;
    let lend = json!({"assignments": [{"case_id": app.survey.case(0), "enumerator": "ea2"}]});
    staff.post("/v1/assignments", &lend).await.ok();
    app.clock.set("2020-11-10T19:00:00+08:00");
    assert_eq!(completion(&staff, "").await["total"]["devices"]["silent"], 0, "enrolled seven hours ago");
    let listed = staff.get("/v1/devices").await.ok();
    assert_eq!(listed["items"][0]["silent"], false);

    app.clock.set("2020-11-11T19:00:00+08:00");
    let batch = with(with(phone.batch(&[]), "waiting", 5), "sent_at", at(11, "19:00"));
    phone.post(&batch).await.ok();
    let answer = completion(&staff, "").await;
    let devices = &answer["rows"][0]["devices"];
    for (part, n) in [("enrolled", 2), ("heard", 1), ("silent", 1), ("waiting", 5), ("doors_held", 1)] {
        assert_eq!(devices[part], n, "{part} of {devices}");
    }
    assert_eq!((&devices["at_most"], &devices["unbounded"]), (&json!(0.5), &json!(false)));
    assert_eq!(answer["rows"][1]["devices"]["enrolled"], 0);
}

/// The doors a silent phone may have done are where they are, not where its enumerator is at home; that its lease ended
/// meanwhile is nothing the phone knows of.
#[tokio::test]
async fn the_bound_goes_by_the_doors_and_outlives_the_lease() {
    let app = App::new(Survey::with_dwellings(4).doors(A2, 4).doors(B1, 2)).await;
    let (_ea3, _eb1) = (app.device("ea3").await, app.device("eb1").await);
    let staff = app.staff("sall").await;
    let (until, later) = ("2020-11-10T22:00:00+08:00", "2020-11-12T12:00:00+08:00");
    let lend = |case, user| json!({"case_id": case, "enumerator": user, "until": until});
    // ea3 is at home in A2 and has a door of A1; eb1 of community B has one of A2 and one of its own.
    let all =
        [lend(app.survey.case(0), "ea3"), lend(app.survey.case(4), "eb1"), lend(app.survey.case(8), "eb1")];
    staff.post("/v1/assignments", &json!({"assignments": all})).await.ok();

    app.clock.set("2020-11-11T21:00:00+08:00");
    let held = async |query: &str| {
        let answer = completion(&staff, query).await;
        let rows = answer["rows"].as_array().unwrap();
        let all: Vec<_> = rows.iter().map(|r| r["devices"]["doors_held"].as_i64().unwrap()).collect();
        assert_eq!(answer["total"]["devices"]["doors_held"], all.iter().sum::<i64>(), "{query}");
        all
    };
    let by_area = [held("").await, held(&format!("area={A}")).await, held(&format!("area={A2}")).await];
    assert_eq!(by_area, [vec![2, 1], vec![1, 1], vec![1]]);
    let a2 = completion(&staff, &format!("area={A2}")).await["total"]["devices"].clone();
    assert_eq!((&a2["at_most"], &a2["silent"], &a2["unbounded"]), (&json!(0.25), &json!(1), &json!(false)));

    app.clock.set(later);
    assert_eq!(app.shared.ingest.end_leases(app.clock.now()).await.unwrap(), 3);
    assert_eq!(held("").await, [2, 1], "the phones still have the work");
    assert_eq!(held("by=enumerator").await, [3], "nobody holds them now");
    // Lent to somebody else and done: it is open no more.
    let other = app.device("ea1").await;
    other.accepted(&[interview(app.survey.case(4))]).await;
    assert_eq!(held("").await, [1, 1]);
}

/// Whoever has no doors lent goes by the area: what that phone holds has no bound.
#[tokio::test]
async fn without_leases_there_is_no_bound() {
    let app = App::new(Survey::with_dwellings(2).doors(A2, 2).doors(B1, 1)).await;
    let (heard, _silent) = (app.device("ea1").await, app.device("ea3").await);
    let staff = app.staff("sall").await;
    app.clock.set("2020-11-12T12:00:00+08:00");
    let batch = with(heard.batch(&[]), "sent_at", at(12, "12:00"));
    heard.post(&batch).await.ok();
    let answer = completion(&staff, &format!("area={A}")).await;
    let devices = |n: usize| answer["rows"][n]["devices"].clone();
    // ea3 works in A2 alone; A1 keeps its bound.
    assert_eq!((&devices(0)["at_most"], &devices(0)["unbounded"]), (&json!(0.0), &json!(false)));
    assert_eq!((&devices(1)["at_most"], &devices(1)["unbounded"]), (&Value::Null, &json!(true)));
    assert_eq!(answer["total"]["devices"]["unbounded"], true);
    // ea1 works in all of A, so both estates were heard of.
    for n in [0, 1] {
        assert!(devices(n)["last_sync"].is_string(), "{}", devices(n));
    }
    let leaf = completion(&staff, &format!("area={A1}")).await;
    assert!(leaf["total"]["devices"]["last_sync"].is_string());
    assert_eq!(completion(&staff, &format!("area={B}")).await["total"]["devices"]["last_sync"], Value::Null);
}
