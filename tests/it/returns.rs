//! The doors that need another visit: most urgent first, in pages, each with its reason in both languages.

use serde_json::{Value, json};

use doorknock::store::browse::DoorFilter;
use doorknock::store::case::CasePlace;

use crate::support::record::{at, visit_at, with};
use crate::support::survey::A;
use crate::support::{App, Survey, interview, visit};

async fn pages(app: &App, query: &str, limit: usize) -> Vec<Value> {
    let staff = app.staff("sa").await;
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let page = staff.get(&format!("/v1/return-visits?limit={limit}{query}{after}")).await.ok();
        all.extend(page["items"].as_array().unwrap().iter().cloned());
        let Some(next) = page["after"].as_str() else {
            return all;
        };
        after = format!("&after={next}");
    }
}

/// One door of each urgency: an appointment, a missed one, a tried one, an untouched one, and three that need nobody.
async fn world() -> App {
    let app = App::new(Survey::with_dwellings(7)).await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sa").await);
    let window = |day| json!({"from": at(day, "19:00"), "to": at(day, "20:00")});
    let case = |n| app.survey.case(n);
    phone
        .accepted(&[
            with(visit(case(1), "appointment_made"), "appointment", window(12)),
            with(visit_at(case(2), "appointment_made", &at(8, "10:00")), "appointment", window(9)),
            visit(case(3), "no_answer"),
            interview(case(4)),
        ])
        .await;
    for (n, body) in [
        (5, json!({"decision": "cancel", "reason": "x"})),
        (6, json!({"decision": "close", "class": "NC", "reason": "x"})),
    ] {
        staff.post(&format!("/v1/cases/{}/decisions", case(n)), &body).await.ok();
    }
    app
}

#[tokio::test]
async fn the_list_holds_exactly_the_doors_that_need_somebody_most_urgent_first() {
    let app = world().await;
    let all = pages(&app, "", 100).await;
    let order: Vec<_> = all.iter().map(|d| d["case_id"].as_str().unwrap().to_owned()).collect();
    let mut expected: Vec<_> = (0..4).map(|n| app.survey.case(n).to_string()).collect();
    assert_eq!(order.len(), 4, "{order:?}");
    assert!(
        order[..2].contains(&expected[1]) && order[..2].contains(&expected[2]),
        "appointments come first: {order:?}"
    );
    expected.sort_unstable();
    let mut sorted = order;
    sorted.sort_unstable();
    assert_eq!(sorted, expected);
}

#[tokio::test]
async fn each_item_says_where_what_when_and_why_in_both_languages() {
    let app = world().await;
    for item in pages(&app, "", 100).await {
        for part in [
            "case_id",
            "address",
            "state",
            "visits",
            "last",
            "appointment",
            "untried",
            "due",
            "unmet",
            "next",
        ] {
            assert!(item.get(part).is_some(), "{part} of {item}");
        }
        let (en, zh) = (item["reason"].as_str().unwrap(), item["reason_zh"].as_str().unwrap());
        let is_chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..'\u{9fff}').contains(&c));
        assert!(!en.is_empty() && !is_chinese(en), "{en}");
        assert!(is_chinese(zh), "{zh}");
        assert_ne!(item["next"]["action"], "none");
    }
}

#[tokio::test]
async fn pages_of_any_size_lose_and_repeat_nothing() {
    let app = App::new(Survey::with_dwellings(17)).await;
    let phone = app.device("ea1").await;
    let some: Vec<Value> = (3..9).map(|n| visit(app.survey.case(n), "no_answer")).collect();
    phone.accepted(&some).await;
    let whole = pages(&app, "", 100).await;
    assert_eq!(whole.len(), 17);
    for limit in [1, 2, 5, 17] {
        let ids = |all: &[Value]| all.iter().map(|d| d["case_id"].clone()).collect::<Vec<_>>();
        assert_eq!(ids(&pages(&app, "", limit).await), ids(&whole), "{limit}");
    }
}

#[tokio::test]
async fn the_list_is_judged_as_of_the_instant_asked_for() {
    let app = world().await;
    let missed = app.survey.case(1).to_string();
    let door = |all: Vec<Value>| all.into_iter().find(|d| d["case_id"] == missed).unwrap();
    assert_eq!(door(pages(&app, "", 100).await)["flags"], json!([]));
    let later = door(pages(&app, "&at=2020-11-12T21:00:00%2B08:00", 100).await);
    assert_eq!(later["flags"], json!(["appointment_missed"]));
    let reason = later["reason"].as_str().unwrap();
    assert!(
        reason.ends_with("if nobody is met there then, go there first."),
        "it is still to come: {reason}"
    );
}

#[tokio::test]
async fn a_door_leaves_the_list_when_it_is_done_and_comes_back_when_that_is_undone() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sa").await);
    let case = app.survey.case(0);
    let talk = interview(case);
    phone.accepted(std::slice::from_ref(&talk)).await;
    assert_eq!(pages(&app, "", 10).await.len(), 0);
    let reject =
        json!({"decision": "reject_interview", "interview": talk["id"], "revision": 1, "reason": "invented"});
    staff.post(&format!("/v1/cases/{case}/decisions"), &reject).await.ok();
    assert_eq!(pages(&app, "", 10).await.len(), 1);
}

/// Doors of one of the estates of [`town`].
const ESTATE: usize = 340;

/// More doors than are sorted at once: thirty estates, some doors of which have been met.
async fn town() -> App {
    let mut survey = Survey::with_dwellings(0);
    for n in 0..30 {
        let code = format!("{A}-{:02}", n + 10);
        survey.areas.push((code.clone(), A.to_owned(), "estate".to_owned(), format!("Estate {n}")));
        survey = survey.doors(&code, ESTATE);
    }
    let app = App::new(survey).await;
    let phone = app.device("ea1").await;
    let door = |estate: usize, n: usize| app.survey.case(estate * ESTATE + n);
    let window = json!({"from": at(12, "19:00"), "to": at(12, "20:00")});
    phone
        .accepted(&[
            visit(door(3, 0), "no_answer"),
            visit(door(3, 1), "refusal_hard"),
            visit(door(9, 7), "no_answer"),
            visit(door(20, 339), "no_answer"),
            visit(door(29, 5), "refusal_hard"),
            with(visit(door(25, 2), "appointment_made"), "appointment", window),
            interview(door(0, 0)),
        ])
        .await;
    let many: Vec<Value> = (10..20).map(|estate| visit(door(estate, 0), "no_answer")).collect();
    phone.accepted(&many).await;
    app
}

/// Lets the counters know of everything that was sent.
async fn fold_all(app: &App) {
    let key = app.key().await;
    while app.store().fold_deltas(key, 100).await.unwrap() != Some(0) {}
}

fn ids(items: &[Value]) -> Vec<String> {
    items.iter().map(|d| d["case_id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_large_area_tells_what_presses_then_the_doors_met_area_by_area_then_the_others() {
    let app = town().await;
    // Whether or not the counters know of the batch already.
    for is_folded in [false, true] {
        if is_folded {
            fold_all(&app).await;
        }
        let all = pages(&app, "", 500).await;
        let order = ids(&all);
        assert_eq!(order.len(), 30 * ESTATE - 1);
        let mut once = order.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), order.len(), "a door is told twice");
        let many = (10..20).map(|estate| (estate, 0));
        let met: Vec<_> =
            [(25, 2), (3, 0), (3, 1), (9, 7)].into_iter().chain(many).chain([(20, 339), (29, 5)]).collect();
        let expected: Vec<_> =
            met.iter().map(|(estate, n)| app.survey.case(estate * ESTATE + n).to_string()).collect();
        assert_eq!(order[..met.len()], expected);
        let estates: Vec<_> = all[met.len()..].iter().map(|d| d["area"].as_str().unwrap()).collect();
        assert!(estates.is_sorted());
        assert!(all[met.len()..].iter().all(|d| d["state"] == "new"));
        let small = pages(&app, &format!("&area={A}-13"), 7).await;
        assert_eq!(ids(&small)[..2], expected[1..3]);
        assert_eq!(small.len(), ESTATE);
    }
    for limit in [1, 4, 6, 7] {
        let page = app.staff("sa").await.get(&format!("/v1/return-visits?limit={limit}")).await.ok();
        let next = page["after"].as_str().unwrap().to_owned();
        let more = app.staff("sa").await.get(&format!("/v1/return-visits?limit=9&after={next}")).await.ok();
        let start = ids(&pages(&app, "", 500).await[..limit + 9]);
        let both = [ids(page["items"].as_array().unwrap()), ids(more["items"].as_array().unwrap())].concat();
        assert_eq!(both, start, "{limit}");
    }
}

#[tokio::test]
async fn doors_in_a_state_are_found_and_counted_whether_or_not_the_counters_know_them() {
    let app = town().await;
    let (key, area) = (app.key().await, app.caller(&app.staff("sa").await).await.range);
    let state = |slug| doorknock::domain::State::from_slug(slug).unwrap();
    let refused = [(3, 1), (29, 5)].map(|(estate, n)| app.survey.case(estate * ESTATE + n));
    for is_folded in [false, true] {
        if is_folded {
            fold_all(&app).await;
        }
        let mut found = Vec::new();
        let mut after = String::new();
        loop {
            let query = format!("/v1/cases?state=refused&limit=1{after}");
            let page = app.staff("sa").await.get(&query).await.ok();
            found.extend(page["items"].as_array().unwrap().iter().map(|c| c["id"].clone()));
            let Some(next) = page["after"].as_str() else { break };
            after = format!("&after={next}");
        }
        assert_eq!(found, refused.map(|id| json!(id.to_string())));
        let nobody = Some(String::new());
        let somebody = Some("ea1".to_owned());
        for (states, holder, n) in [
            (Some(vec![state("refused")]), None, 2),
            (Some(vec![state("refused"), state("completed")]), None, 3),
            (Some(vec![state("refused")]), nobody.clone(), 2),
            (Some(vec![state("refused")]), somebody, 0),
            (Some(vec![state("partial")]), None, 0),
            (Some(vec![state("in_progress")]), None, 13),
            (Some(vec![state("in_progress")]), nobody.clone(), 13),
            (Some(vec![state("new")]), nobody, 400),
            (None, None, 400),
        ] {
            let filter = DoorFilter { states, holder, ..DoorFilter::default() };
            let counted = app.store().count_doors(key, area, &filter, 400).await.unwrap();
            assert_eq!(counted, n, "{filter:?}");
            let start = CasePlace::START;
            let rows = app.store().filtered_doors(key, area, &filter, start, 400).await.unwrap();
            assert_eq!(i64::try_from(rows.len()).unwrap(), n, "{filter:?}");
            assert!(rows.is_sorted_by_key(|r| (r.area_no, r.building_id, r.id)));
        }
    }
}
