//! The change feed: a full pull and any chain of deltas end in one picture, and nothing is ever skipped.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::record::{at, id_of, interview_with, person, visit_at, with};
use crate::support::survey::{A1, A2, B1};
use crate::support::{App, Device, Picture, Survey, dwelling, id, interview, visit};

/// One thing of every kind that can happen; after each the pictures must agree.
async fn happenings(app: &App, n: usize) {
    let (phone, staff) = (app.device("ea2").await, app.staff("sall").await);
    let case = |n| app.survey.case(n);
    let decide = async |case: Uuid, body: Value| {
        staff.post(&format!("/v1/cases/{case}/decisions"), &with(body, "reason", "x")).await.ok()
    };
    let lend = async |case: Uuid, user: Value| {
        staff
            .post("/v1/assignments", &json!({"assignments": [{"case_id": case, "enumerator": user}]}))
            .await
            .ok()
    };
    match n {
        0 => drop(phone.accepted(&[visit(case(0), "no_answer"), interview(case(1))]).await),
        1 => drop(phone.accepted(&[dwelling(A1, "77"), dwelling(A2, "78")]).await),
        2 => drop(decide(case(2), json!({"decision": "cancel"})).await),
        3 => drop(decide(case(3), json!({"decision": "merge", "into": case(4)})).await),
        4 => drop(lend(case(5), json!("ea1")).await),
        5 => drop(lend(case(9), json!("ea1")).await),
        6 => drop(lend(case(5), json!("ea2")).await),
        7 => drop(decide(case(2), json!({"decision": "uncancel"})).await),
        8 => drop(decide(case(3), json!({"decision": "unmerge"})).await),
        9 => drop(decide(case(9), json!({"decision": "cancel"})).await),
        10 => drop(decide(case(9), json!({"decision": "uncancel"})).await),
        11 => drop(lend(case(9), Value::Null).await),
        12 => drop(app.load(&app.survey.clone().doors(A1, 2).doors(B1, 1)).await),
        13 => drop(app.load(&app.survey).await),
        14 => drop(app.load(&patient(&app.survey)).await),
        15 => drop(phone.accepted(&[visit_at(case(0), "no_answer", &at(9, "19:00"))]).await),
        16 => {
            let noted = with(visit(case(6), "no_answer"), "note", "ring twice");
            phone.accepted(std::slice::from_ref(&noted)).await;
            drop(decide(case(6), json!({"decision": "void", "visit": id_of(&noted)})).await);
        }
        17 => drop(app.load(&with_person(&patient(&app.survey), "enew", A1)).await),
        18 => drop(app.load(&patient(&app.survey)).await),
        19 => drop(app.load(&renamed(&patient(&app.survey))).await),
        20 => {
            let promise = format!("{PATIENT}\n[self_response]\nuntil = \"2020-11-05\"");
            drop(app.load(&app.survey.clone().policy(&promise)).await);
        }
        21 => drop(phone.accepted(&[with(visit(case(7), "no_answer"), "note", "call 13800138000")]).await),
        _ => drop(phone.accepted(&[visit_at(case(0), "no_answer", &at(9, "20:00"))]).await),
    }
}

/// A policy that asks for more attempts.
const PATIENT: &str = "[closing]\nmax_attempts = 9";

/// The same survey under that policy.
fn patient(survey: &Survey) -> Survey {
    survey.clone().policy(PATIENT)
}

/// The same survey with one enumerator more.
fn with_person(survey: &Survey, user: &str, area: &str) -> Survey {
    let mut survey = survey.clone();
    survey.staff.push((user.to_owned(), "enumerator".to_owned(), area.to_owned()));
    survey
}

/// The same survey with another name for the first estate.
fn renamed(survey: &Survey) -> Survey {
    let mut survey = survey.clone();
    "Sunrise".clone_into(&mut survey.areas[2].3);
    survey
}

/// Ten doors: eight near, two in another community.
async fn world() -> (App, Device) {
    let app = App::new(Survey::with_dwellings(6).doors(A2, 2).doors(B1, 2)).await;
    let phone = app.device("ea1").await;
    (app, phone)
}

#[tokio::test]
async fn a_full_pull_holds_the_reach_and_is_the_same_for_any_page_size() {
    let (app, phone) = world().await;
    happenings(&app, 0).await;
    happenings(&app, 5).await;
    let whole = Picture::full(&phone, 500).await;
    assert_eq!((whole.pages, whole.count("case"), whole.count("dwelling")), (1, 9, 9));
    assert_eq!((whole.count("assignment"), whole.count("survey")), (1, 1));
    for limit in [1, 2, 3, 7, 20] {
        let paged = Picture::full(&phone, limit).await;
        paged.assert_equals(&whole, &format!("limit {limit}"));
        assert_eq!(paged.taken, whole.taken, "nothing comes twice with limit {limit}");
    }
}

#[tokio::test]
async fn a_chain_of_deltas_ends_in_the_picture_of_a_full_pull() {
    let (app, phone) = world().await;
    let mut chains = Vec::new();
    for limit in [1, 2, 500] {
        chains.push((limit, Picture::full(&phone, limit).await));
    }
    for n in 0..23 {
        happenings(&app, n).await;
        let whole = Picture::full(&phone, 500).await;
        for (limit, chain) in &mut chains {
            chain.pull(&phone, *limit).await;
            chain.assert_equals(&whole, &format!("after happening {n}, limit {limit}"));
        }
    }
    // One that slept through everything wakes up to the same.
    let mut sleeper = Picture::full(&phone, 500).await;
    for n in [2, 3, 4, 7, 8, 15] {
        happenings(&app, n.max(2)).await;
    }
    sleeper.pull(&phone, 3).await;
    sleeper.assert_equals(&Picture::full(&phone, 500).await, "the sleeper");
}

#[tokio::test]
async fn nothing_new_is_an_empty_page_with_the_same_picture() {
    let (app, phone) = world().await;
    let mut picture = Picture::full(&phone, 500).await;
    let taken = picture.taken;
    picture.pull(&phone, 500).await;
    assert_eq!(picture.taken, taken);
    let other = app.device("eb1").await;
    other.accepted(&[visit(app.survey.case(8), "no_answer")]).await;
    picture.pull(&phone, 500).await;
    assert_eq!(picture.taken, taken, "another area's news is no news");
    let cursor = picture.cursor.unwrap();
    let (path, tag) = (format!("/v1/changes?cursor={cursor}"), format!("\"{cursor}\""));
    let headers = [("if-none-match", tag.as_str())];
    let again = phone.client.call(http::Method::GET, &path, &headers, bytes::Bytes::new()).await;
    assert_eq!(again.status, 304);
}

#[tokio::test]
async fn a_thing_changed_five_times_comes_once_as_it_is_now() {
    let (app, phone) = world().await;
    let mut picture = Picture::full(&phone, 500).await;
    let before = picture.taken;
    for day in 3..8 {
        phone.accepted(&[visit_at(app.survey.case(0), "no_answer", &at(day, "10:00"))]).await;
    }
    picture.pull(&phone, 500).await;
    assert_eq!(picture.taken, before + 1);
    assert_eq!(picture.get("case", app.survey.case(0)).unwrap()["visits"], 5);
}

#[tokio::test]
async fn a_door_leaves_the_device_with_its_reach() {
    let (app, phone) = world().await;
    happenings(&app, 5).await;
    let mut picture = Picture::full(&phone, 500).await;
    let lent = app.survey.case(9);
    assert!(picture.get("case", lent).is_some());
    let door = picture.get("case", lent).unwrap()["dwelling_id"].as_str().unwrap().to_owned();

    happenings(&app, 11).await;
    picture.pull(&phone, 500).await;

    assert!(picture.get("case", lent).is_none());
    assert!(picture.get("dwelling", &door).is_none());
    assert_eq!(picture.count("assignment"), 0);
}

#[tokio::test]
async fn a_cursor_of_another_epoch_means_a_full_pull_and_no_error() {
    let (app, phone) = world().await;
    let mut picture = Picture::full(&phone, 500).await;
    let sql = "update feed set epoch = gen_random_uuid()";
    app.db.client().await.execute(sql, &[]).await.unwrap();
    let before = picture.taken;
    picture.pull(&phone, 500).await;
    // The survey, those who work there, the forms of the program, doors and cases.
    assert_eq!(picture.taken - before, 1 + 6 + 5 + 8 + 8);
}

#[tokio::test]
async fn a_changed_policy_reaches_every_device() {
    let (app, phone) = world().await;
    let mut picture = Picture::full(&phone, 500).await;
    assert_eq!(picture.get("survey", "census-test").unwrap()["policy"]["closing"]["max_attempts"], 6);
    happenings(&app, 14).await;
    picture.pull(&phone, 500).await;
    let survey = picture.get("survey", "census-test").unwrap();
    assert_eq!(
        (&survey["policy"]["closing"]["max_attempts"], &survey["policy_version"]),
        (&json!(9), &json!(2))
    );
}

#[tokio::test]
async fn what_became_of_a_held_record_reaches_the_device_that_sent_it_alone() {
    let (app, phone) = world().await;
    let mate = app.device("ea1").await;
    let door = dwelling(A1, "77");
    phone.send(&[visit(id_of(&door), "no_answer"), visit(id(), "no_answer")]).await;
    let (mut own, mut other) = (Picture::full(&phone, 500).await, Picture::full(&mate, 500).await);
    mate.accepted(&[door]).await;
    own.pull(&phone, 1).await;
    other.pull(&mate, 1).await;
    assert_eq!((own.receipts.len(), other.receipts.len()), (1, 0));
    assert_eq!(own.receipts[0]["status"], "accepted");
}

#[tokio::test]
async fn a_waiting_call_answers_as_soon_as_something_changed() {
    let (app, phone) = world().await;
    let picture = Picture::full(&phone, 500).await;
    let path = format!("/v1/changes?cursor={}&wait=25", picture.cursor.as_ref().unwrap());
    let waiting = tokio::spawn(async move { phone.get(&path).await });
    happenings(&app, 0).await;
    let page = tokio::time::timeout(std::time::Duration::from_secs(20), waiting)
        .await
        .expect("long before its limit");
    assert_eq!(page.unwrap()["changes"].as_array().unwrap().len(), 2);
}

/// Writers race while a reader pulls with a limit of one; in the end it must hold what a full pull holds.
#[tokio::test]
async fn nothing_is_skipped_beside_concurrent_writers() {
    let app = App::new(Survey::with_dwellings(24)).await;
    let reader = app.device("ea1").await;
    let mut writers = Vec::new();
    for w in 0..4_usize {
        let phone = app.device(if w % 2 == 0 { "ea1" } else { "ea2" }).await;
        let cases = app.survey.cases();
        writers.push(async move {
            for round in 0..12_usize {
                let first = (w * 5 + round * 7) % 24;
                let day = u32::try_from(round % 8 + 2).unwrap();
                let some: Vec<Value> = (0..3)
                    .map(|i| {
                        visit_at(
                            cases[(first + i * 5) % 24],
                            "no_answer",
                            &at(day, &format!("{}:0{w}", 10 + i)),
                        )
                    })
                    .collect();
                phone.accepted(&some).await;
            }
        });
    }
    let mut picture = Picture::full(&reader, 1).await;
    let writing = futures_util::future::join_all(writers);
    let mut writing = std::pin::pin!(writing);
    loop {
        tokio::select! {
            biased;
            _ = &mut writing => break,
            _ = picture.page(&reader, 1, "") => {}
        }
    }
    // The page that was cut off is asked for again, as a phone does.
    picture.pull(&reader, 1).await;
    picture.assert_equals(&Picture::full(&reader, 500).await, "beside writers");
    let visits: u64 =
        app.survey.cases().iter().map(|c| picture.get("case", c).unwrap()["visits"].as_u64().unwrap()).sum();
    assert_eq!(visits, 4 * 12 * 3);
    app.recount().await;
}

#[tokio::test]
async fn a_tag_drawn_twice_is_told_of_twice() {
    let (app, phone) = world().await;
    let mut picture = Picture::full(&phone, 500).await;
    happenings(&app, 14).await;
    picture.pull(&phone, 500).await;
    let (numbered, taken) = (app.count("select count(*) from change_stamp").await, picture.taken);
    assert!(numbered > 0);
    // Another transaction under a tag that has its number already.
    let sql = "insert into change_waiting select district_id, survey_no, tag from change_stamp order by seq limit 1";
    app.db.client().await.execute(sql, &[]).await.unwrap();
    picture.pull(&phone, 500).await;
    assert_eq!(app.count("select count(*) from change_waiting").await, 0);
    assert_eq!(app.count("select count(*) from change_stamp").await, numbered);
    assert!(picture.taken >= taken);
    picture.assert_equals(&Picture::full(&phone, 500).await, "a tag drawn twice");
}

#[tokio::test]
async fn what_commits_late_gets_a_later_number() {
    let (app, phone) = world().await;
    let mut picture = Picture::full(&phone, 500).await;
    let early = app.db.client().await;
    // A transaction that has left its tag, and does not commit yet.
    early
        .batch_execute("begin; insert into change_waiting select district_id, survey_no, 1 from feed")
        .await
        .unwrap();
    happenings(&app, 14).await;
    picture.pull(&phone, 500).await;
    let last = "select max(seq) from change_stamp";
    let before = app.count(last).await;
    assert_eq!(app.count("select last_seq from feed").await, before);
    early.batch_execute("commit").await.unwrap();
    picture.pull(&phone, 500).await;
    assert_eq!(app.count("select seq from change_stamp where tag = 1").await, before + 1);
    assert_eq!(app.count("select last_seq from feed").await, before + 1);
}

/// What a device held of changes that the database has lost (an older copy took over) begins a new epoch.
#[tokio::test]
async fn a_cursor_from_behind_the_last_change_means_a_lost_tail() {
    let (app, phone) = world().await;
    happenings(&app, 0).await;
    let mut picture = Picture::full(&phone, 500).await;
    happenings(&app, 15).await;
    picture.pull(&phone, 500).await;
    let cursor = picture.cursor.clone().unwrap();
    let client = app.db.client().await;
    let before = phone.get("/v1/changes?limit=1").await;
    assert_eq!(before["resend_since"], Value::Null);
    client.execute("update feed set last_seq = 1", &[]).await.unwrap();

    let page = phone.get(&format!("/v1/changes?cursor={cursor}")).await;

    assert_eq!(page["reset"], true);
    assert_ne!(page["epoch"], before["epoch"]);
    let last: jiff::Timestamp =
        client.query_one("select max(received_at) from batch", &[]).await.unwrap().get(0);
    let since = last - jiff::SignedDuration::from_mins(10);
    assert_eq!(page["resend_since"], since.to_string());
    let other = app.device("ea2").await.get("/v1/changes").await;
    assert_eq!(other["epoch"], page["epoch"], "one new epoch, not one for each device");
    picture.pull(&phone, 500).await;
    picture.assert_equals(&Picture::full(&phone, 500).await, "after the loss");
}

#[tokio::test]
async fn a_cursor_that_we_did_not_make_is_refused() {
    let (_app, phone) = world().await;
    let picture = Picture::full(&phone, 500).await;
    let cursor = picture.cursor.unwrap();
    let changed = cursor.chars().rev().collect::<String>();
    for text in [changed.as_str(), "garbage", &cursor[..cursor.len() - 2]] {
        phone.client.get(&format!("/v1/changes?cursor={text}")).await.problem(400, "bad-parameter");
    }
}

#[tokio::test]
async fn a_case_tells_what_colleagues_did_there() {
    let (app, phone) = world().await;
    let mate = app.device("ea2").await;
    let (case, done) = (app.survey.case(0), app.survey.case(1));
    let mut visits: Vec<Value> = (2..10)
        .flat_map(|day| ["10:00", "19:00"].map(|clock| visit_at(case, "no_answer", &at(day, clock))))
        .collect();
    let note = format!("{} 13800138000", "字".repeat(150));
    visits[15] = with(with(visits[15].clone(), "note", note), "channel", "telephone");
    mate.accepted(&visits).await;
    let knock = with(visit_at(done, "interview_complete", &at(9, "10:00")), "channel", "telephone");
    let people = vec![person(1, "王秀英", "head"), person(2, "王小英", "child")];
    let form = with(interview_with(done, people), "visit_id", json!(id_of(&knock)));
    mate.accepted(&[knock, form.clone()]).await;

    let (own, other) = (Picture::full(&mate, 500).await, Picture::full(&phone, 500).await);

    let seen = other.get("case", case).unwrap();
    let history = seen["history"].as_array().unwrap();
    assert_eq!((history.len(), &seen["visits"]), (10, &json!(16)));
    assert!(history.is_sorted_by_key(|v| v["at"].as_str().unwrap()));
    assert_eq!(
        history[9],
        json!({"id": id_of(&visits[15]), "at": "2020-11-09T11:00:00Z", "outcome": "no_answer", "by": "ea2",
            "channel": "telephone", "informant": "none", "note": format!("{} ***", "字".repeat(150))})
    );
    assert_eq!(history[8]["note"], Value::Null);
    assert_eq!((&seen["completed"], &seen["interviews"]), (&Value::Null, &json!([])));
    let seen = other.get("case", done).unwrap();
    assert_eq!(
        seen["completed"],
        json!({"by": "ea2", "at": "2020-11-09T02:10:00Z", "channel": "telephone", "persons": 2})
    );
    assert_eq!(seen["interviews"], json!([]), "of others' interviews a device has no list");
    assert_eq!(
        own.get("case", done).unwrap()["interviews"],
        json!([{"id": id_of(&form), "revision": 1, "result": "complete", "at": "2020-11-09T02:10:00Z"}])
    );
    let whole = format!("{:?}", other.things);
    assert!(!whole.contains('王') && !whole.contains("13800138000"), "no names, no numbers");
    let noted = "select count(*) from audit where action = 'read_notes' and user_name = 'ea1'";
    assert_eq!(app.count(noted).await, 1, "one line for the one page with a note");
}

#[tokio::test]
async fn a_case_says_before_which_day_nobody_should_go() {
    let survey = Survey::with_dwellings(3).policy("[self_response]\nuntil = \"2020-11-20\"");
    let app = App::new(survey).await;
    let phone = app.device("ea1").await;
    phone.accepted(&[visit(app.survey.case(1), "vacant"), interview(app.survey.case(2))]).await;
    let picture = Picture::full(&phone, 500).await;
    let not_before = |n: usize| picture.get("case", app.survey.case(n)).unwrap()["not_before"].clone();
    assert_eq!(
        [not_before(0), not_before(1), not_before(2)],
        [json!("2020-11-20"), json!("2020-11-10"), Value::Null],
        "a promise; a claim looked at again on another day; nothing to do"
    );
    let survey = picture.get("survey", "census-test").unwrap();
    assert_eq!(survey["self_response"], json!({"until": "2020-11-20", "grace_hours": 24}));
}

#[tokio::test]
async fn a_device_knows_its_colleagues_and_its_doors_by_name() {
    let (app, phone) = world().await;
    let mut picture = Picture::full(&phone, 500).await;
    let names = |picture: &Picture| -> Vec<String> {
        let people = picture.things.iter().filter(|((kind, _), _)| kind == "person");
        let mut names: Vec<String> = people.map(|(_, p)| p["user"].as_str().unwrap().to_owned()).collect();
        names.sort_unstable();
        names
    };
    assert_eq!(names(&picture), ["ea1", "ea2", "ea3", "root", "sa", "sall"], "area and above, nobody else");
    let one = picture.things.values().find(|t| t["user"] == "ea2").unwrap();
    assert_eq!((&one["name"], &one["role"]), (&json!("Staff ea2"), &json!("enumerator")));
    let door = picture.get("dwelling", app.survey.doors[0].dwelling()).unwrap();
    assert_eq!(
        (&door["area_name"], &door["area_name_zh"], &door["kind"], &door["building_name"]),
        (&json!("East"), &json!("East苑"), &json!("residential"), &Value::Null)
    );

    happenings(&app, 17).await;
    picture.pull(&phone, 500).await;
    assert_eq!(names(&picture), ["ea1", "ea2", "ea3", "enew", "root", "sa", "sall"]);
    happenings(&app, 18).await;
    picture.pull(&phone, 500).await;
    assert_eq!(names(&picture), ["ea1", "ea2", "ea3", "root", "sa", "sall"]);
}

#[tokio::test]
async fn a_case_that_goes_says_why() {
    let (app, phone) = world().await;
    happenings(&app, 5).await;
    let mut cursor = Picture::full(&phone, 500).await.cursor.unwrap();
    for (n, case, why) in [(2, 2, "cancelled"), (3, 3, "merged"), (11, 9, "reassigned")] {
        happenings(&app, n).await;
        let page = phone.get(&format!("/v1/changes?cursor={cursor}")).await;
        let gone = json!({"kind": "case", "op": "drop", "data": {"id": app.survey.case(case), "why": why}});
        let changes = page["changes"].as_array().unwrap();
        assert!(changes.contains(&gone), "{why}: {changes:?}");
        page["cursor"].as_str().unwrap().clone_into(&mut cursor);
    }
}
