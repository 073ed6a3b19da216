//! Reach and roles: outside one's area nothing exists, and a wrong role is told so.

use serde_json::{Value, json};

use crate::support::survey::{A, A1, A2, B, B1, DISTRICT};
use crate::support::{App, Survey, id, visit};

async fn world() -> App {
    App::new(Survey::with_dwellings(2).doors(A2, 2).doors(B1, 2)).await
}

#[tokio::test]
async fn outside_the_reach_everything_answers_as_if_it_did_not_exist() {
    let app = world().await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sa").await);
    let other = app.device("eb1").await;
    let batch = other.accepted(&[visit(app.survey.case(4), "no_answer")]).await["batch_id"].clone();
    let (foreign, unknown) = (app.survey.case(4), id());
    for area in [B, B1, DISTRICT, "nowhere"] {
        for path in ["cases", "completion", "return-visits", "held", "devices", "export/cases.csv"] {
            staff.get(&format!("/v1/{path}?area={area}")).await.problem(404, "not-found");
        }
        phone.client.get(&format!("/v1/cases?area={area}")).await.problem(404, "not-found");
    }
    let same = |a: crate::support::Reply, b: crate::support::Reply| {
        let (mut a, mut b) = (a.problem(404, "not-found"), b.problem(404, "not-found"));
        (a["request_id"], b["request_id"]) = (json!(null), json!(null));
        assert_eq!(a, b);
    };
    for client in [&phone.client, &staff] {
        same(
            client.get(&format!("/v1/cases/{foreign}")).await,
            client.get(&format!("/v1/cases/{unknown}")).await,
        );
    }
    let close = json!({"decision": "close", "class": "NC", "reason": "x"});
    same(
        staff.post(&format!("/v1/cases/{foreign}/decisions"), &close).await,
        staff.post(&format!("/v1/cases/{unknown}/decisions"), &close).await,
    );
    let path = format!("/v1/batches/{}", batch.as_str().unwrap());
    same(staff.get(&path).await, staff.get(&format!("/v1/batches/{unknown}")).await);
}

#[tokio::test]
async fn lists_show_the_own_subtree_only() {
    let app = world().await;
    let count = |answer: Value| answer["items"].as_array().unwrap().len();
    for (user, n) in [("sa", 4), ("sb", 2), ("sall", 6), ("root", 6)] {
        assert_eq!(count(app.staff(user).await.get("/v1/cases").await.ok()), n, "{user}");
        let total = &app.staff(user).await.get("/v1/completion").await.ok()["total"];
        assert_eq!(total["cases"], n, "{user}");
    }
    for (user, n) in [("ea1", 4), ("ea3", 2), ("eb1", 2)] {
        let phone = app.device(user).await;
        assert_eq!(count(phone.get("/v1/cases").await), n, "{user}");
        assert_eq!(count(phone.get("/v1/return-visits").await), n, "{user}");
    }
    let staff = app.staff("sa").await;
    assert_eq!(count(staff.get(&format!("/v1/cases?area={A1}")).await.ok()), 2);
    assert_eq!(count(staff.get("/v1/devices").await.ok()), 2, "ea1 and ea3, not eb1");
}

#[tokio::test]
async fn a_wrong_role_is_told_so() {
    let app = world().await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sa").await);
    let case = app.survey.case(0);
    for path in ["completion", "held", "devices", "export/persons.csv", "export/cases.geojson"] {
        phone.client.get(&format!("/v1/{path}")).await.problem(403, "wrong-role");
    }
    let posts = [
        ("assignments".to_owned(), json!({"assignments": []})),
        (format!("cases/{case}/decisions"), json!({"decision": "cancel", "reason": "x"})),
        (format!("held/{case}/decision"), json!({"decision": "refuse"})),
        (format!("devices/{}/revoke", phone.id), json!({})),
    ];
    for (path, body) in posts {
        phone.client.post(&format!("/v1/{path}"), &body).await.problem(403, "wrong-role");
    }
    staff.get("/v1/changes").await.problem(403, "wrong-role");
    staff.post("/v1/batches", &phone.batch(&[])).await.problem(403, "wrong-role");
    for path in ["cases", "return-visits"] {
        staff.get(&format!("/v1/{path}")).await.ok();
        phone.get(&format!("/v1/{path}")).await;
    }
}

#[tokio::test]
async fn a_door_lent_from_outside_is_read_by_its_holder_alone() {
    let app = world().await;
    let (phone, mate) = (app.device("ea1").await, app.device("ea2").await);
    let lent = app.survey.case(5);
    let lend = json!({"assignments": [{"case_id": lent, "enumerator": "ea1"}]});
    app.staff("sa").await.post("/v1/assignments", &lend).await.ok();
    phone.client.get(&format!("/v1/cases/{lent}")).await.problem(404, "not-found");

    app.staff("sall").await.post("/v1/assignments", &lend).await.ok();

    phone.get(&format!("/v1/cases/{lent}")).await;
    mate.client.get(&format!("/v1/cases/{lent}")).await.problem(404, "not-found");
    let (mut seen, mut after) = (Vec::new(), String::new());
    loop {
        let page = phone.get(&format!("/v1/cases?limit=2{after}")).await;
        seen.extend(page["items"].as_array().unwrap().iter().map(|c| c["id"].clone()));
        let Some(next) = page["after"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(seen.len(), 5);
    assert_eq!(seen.last(), Some(&json!(lent)), "lent doors come after the own ones");
    phone.accepted(&[visit(lent, "no_answer")]).await;
}

#[tokio::test]
async fn garbage_in_a_query_is_a_clear_400() {
    let app = world().await;
    let staff = app.staff("sa").await;
    let bad = [
        "cases?limit=-1",
        "cases?limit=x",
        "cases?limit=0",
        "cases?after=%F0%9F%92%A5",
        "cases?after=bm90aGluZw",
        "cases?state=sleeping",
        "completion?by=colour",
        "completion?at=yesterday",
        "completion?clock=wall",
        "return-visits?after=x",
        "return-visits?at=2020-13-01",
        "held?after=x",
    ];
    for query in bad {
        staff.get(&format!("/v1/{query}")).await.problem(400, "bad-parameter");
    }
    let phone = app.device("ea1").await;
    for query in ["changes?cursor=zzz", "changes?limit=no", "changes?wait=-1"] {
        phone.client.get(&format!("/v1/{query}")).await.problem(400, "bad-parameter");
    }
    let clamped = staff.get("/v1/cases?limit=1000000").await.ok();
    assert_eq!(clamped["items"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn cases_come_in_keyset_pages_that_lose_and_repeat_nothing() {
    let app = App::new(Survey::with_dwellings(23).doors(A2, 6)).await;
    let phone = app.device("ea1").await;
    let some: Vec<Value> = (0..7).map(|n| visit(app.survey.case(n), "no_answer")).collect();
    phone.accepted(&some).await;
    let staff = app.staff("sa").await;
    for (filter, n) in
        [("", 29), ("&state=in_progress", 7), ("&state=new", 22), ("&state=new,in_progress", 29)]
    {
        for limit in [1, 4, 29, 100] {
            let (mut seen, mut after) = (Vec::new(), String::new());
            loop {
                let page = staff.get(&format!("/v1/cases?limit={limit}{filter}{after}")).await.ok();
                let items = page["items"].as_array().unwrap();
                assert!(items.len() <= limit);
                seen.extend(items.iter().map(|c| c["id"].as_str().unwrap().to_owned()));
                let Some(next) = page["after"].as_str() else { break };
                after = format!("&after={next}");
            }
            let total = seen.len();
            seen.sort_unstable();
            seen.dedup();
            assert_eq!((total, seen.len()), (n, n), "{filter} by {limit}");
        }
    }
    assert_eq!(staff.get(&format!("/v1/cases?area={A}")).await.ok()["items"].as_array().unwrap().len(), 29);
}
