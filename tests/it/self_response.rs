//! Cards: made ahead, left at doors, and what residents do under their codes.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::record::{at, id_of, interview, interview_with, person, visit_at, with};
use crate::support::survey::A;
use crate::support::{App, Client, Device, Picture, Reply, Survey, visit};

struct World {
    app: App,
    boss: Client,
    phone: Device,
    resident: Client,
}

/// Six doors, and a survey that lets households answer by themselves.
async fn world() -> World {
    let app = App::new(Survey::with_dwellings(6)).await;
    let (boss, phone) = (app.staff("sa").await, app.device("ea1").await);
    World { resident: app.anyone(), app, boss, phone }
}

impl World {
    /// Cards of `ea1`: number and code of each.
    async fn cards(&self, count: usize) -> Vec<(String, String)> {
        let reply = self.boss.post("/v1/cards", &json!({"count": count, "for": "EA1"})).await;
        assert_eq!(reply.status, 201, "{}", reply.text());
        let made: Value = serde_json::from_str(&reply.text()).unwrap();
        let word = |item: &Value, name: &str| item[name].as_str().unwrap().to_owned();
        made["items"].as_array().unwrap().iter().map(|i| (word(i, "number"), word(i, "code"))).collect()
    }

    /// A card left at the `n`-th door; its code.
    async fn left_at(&self, n: usize) -> String {
        let (number, code) = self.cards(1).await.remove(0);
        let knock = with(visit(self.app.survey.case(n), "no_answer"), "card", number);
        let answer = self.phone.accepted(&[knock]).await;
        assert_eq!(answer["receipts"][0]["warnings"], Value::Null);
        code
    }

    async fn call(&self, what: &str, body: Value) -> Reply {
        self.resident.post(&format!("/v1/self/{what}"), &body).await
    }

    async fn submitted(&self, body: Value) -> Value {
        let reply = self.call("submit", body).await;
        assert_eq!(reply.status, 201, "{}", reply.text());
        serde_json::from_str(&reply.text()).unwrap()
    }

    async fn door(&self, n: usize) -> Value {
        self.boss.get(&format!("/v1/cases/{}", self.app.survey.case(n))).await.ok()
    }
}

/// What a resident sends of a household of `n`.
fn household(n: u32) -> Value {
    let mut people = vec![person(1, "王秀英", "head")];
    people.extend((2..=n).map(|no| person(no, "王小英", "child")));
    let form = interview_with(Uuid::max(), people);
    json!({"household": form["household"], "persons": form["persons"], "answers": {"gas": "yes"}})
}

#[tokio::test]
async fn cards_have_numbers_with_a_check_digit_and_codes_that_are_kept_nowhere() {
    let w = world().await;
    let cards = w.cards(60).await;
    let mut numbers: Vec<&String> = cards.iter().map(|c| &c.0).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), 60);
    for (number, code) in &cards {
        assert!(number.parse::<doorknock::domain::CardNumber>().is_ok(), "{number}");
        assert_eq!(code.chars().filter(char::is_ascii_alphanumeric).count(), 12);
    }
    let sql = "select string_agg(s::text, ' ') from slip s";
    let stored: String = w.app.db.client().await.query_one(sql, &[]).await.unwrap().get(0);
    assert!(cards.iter().all(|(_, code)| !stored.contains(&code.replace('-', ""))));
    w.call("open", json!({"code": cards[0].0})).await.problem(404, "not-found");
    w.boss.post("/v1/cards", &json!({"count": 1, "for": "eb1"})).await.problem(422, "body-not-valid");
    w.phone.client.post("/v1/cards", &json!({"count": 1, "for": "ea1"})).await.problem(403, "wrong-role");
    let listed = w.boss.get(&format!("/v1/cards?area={A}&limit=50")).await.ok();
    assert_eq!(listed["items"].as_array().unwrap().len(), 50);
    let after = listed["after"].as_str().unwrap();
    let rest = w.boss.get(&format!("/v1/cards?after={after}")).await.ok();
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["after"]), (10, &Value::Null));
    assert_eq!(w.app.staff("sb").await.get("/v1/cards").await.ok()["items"], json!([]));
}

#[tokio::test]
async fn the_first_door_has_the_card_and_no_number_costs_a_visit() {
    let w = world().await;
    let (number, _) = w.cards(1).await.remove(0);
    let (a, b) = (w.app.survey.case(0), w.app.survey.case(1));
    let remark = async |case: Uuid, day: u32, card: Value| {
        let knock = with(visit_at(case, "no_answer", &at(day, "10:00")), "card", card);
        w.phone.accepted(&[knock]).await["receipts"][0]["warnings"][0]["reason"].clone()
    };
    assert_eq!(remark(a, 3, json!(number)).await, Value::Null);
    assert_eq!(remark(a, 4, json!(number)).await, Value::Null, "again at its own door");
    assert_eq!(remark(b, 3, json!(number)).await, "card-taken");
    let mistyped = format!("{:07}", (number.parse::<u32>().unwrap() + 1) % 10_000_000);
    assert_eq!(remark(b, 4, json!(mistyped)).await, "card-invalid");
    let unknown = doorknock::domain::CardNumber::of(number[..6].parse::<u32>().unwrap() + 1).to_string();
    assert_eq!(remark(b, 5, json!(unknown)).await, "card-invalid");
    assert_eq!(remark(b, 6, json!({"a": 1})).await, "card-invalid");
    assert_eq!(w.app.count("select count(*) from visit").await, 6);
    let item = w.boss.get("/v1/cards").await.ok()["items"][0].clone();
    assert_eq!((&item["case_id"], &item["for"]), (&json!(a), &json!("ea1")));
    assert_eq!(item["left_at"], "2020-11-03T02:00:00Z");
}

#[tokio::test]
async fn an_answer_completes_the_door_and_the_code_shows_nothing_of_it() {
    let w = world().await;
    let code = w.left_at(0).await;
    let mut picture = Picture::full(&w.phone, 500).await;
    let opened = w.call("open", json!({"code": code})).await.ok();
    assert_eq!(opened["door"], json!({"building": "1", "unit": "1", "room": "101"}));
    assert_eq!((&opened["submitted"], &opened["draft"]), (&json!(false), &Value::Null));
    let bad = json!({"code": code, "interview": {"household": {}, "persons": []}});
    let faults = w.call("submit", bad).await.problem(422, "body-not-valid");
    assert!(faults["errors"][0]["pointer"].as_str().unwrap().starts_with("/interview"), "{faults}");

    let body = json!({"code": code, "pin": "135790", "interview": household(2)});
    let taken = w.submitted(body.clone()).await;

    assert_eq!(taken["status"], "accepted");
    let again = w.submitted(body).await;
    assert_eq!(again, taken, "the same once more changes nothing");
    let door = w.door(0).await;
    let last = &door["visits"][1];
    assert_eq!(
        (&door["state"], &last["outcome"], &last["channel"], &last["enumerator"]),
        (&json!("completed"), &json!("self_response"), &json!("online"), &json!(""))
    );
    assert_eq!(
        (&door["interviews"][0]["respondent"], &door["interviews"][0]["revision"]),
        (&json!("member"), &json!(1))
    );
    assert!(door["self"]["submitted_at"].is_string());
    picture.pull(&w.phone, 500).await;
    let held = picture.get("case", w.app.survey.case(0)).unwrap();
    assert_eq!((&held["state"], &held["completed"]["by"]), (&json!("completed"), &json!("self")));
    assert_eq!((&held["completed"]["persons"], &held["history"][1]["by"]), (&json!(2), &json!("self")));
    assert!(held["self"]["submitted_at"].is_string());
    picture.assert_equals(&Picture::full(&w.phone, 500).await, "after the answer");
    let opened = w.call("open", json!({"code": code, "pin": "135790"})).await.ok();
    assert_eq!((&opened["submitted"], &opened["draft"]), (&json!(true), &Value::Null));
    let save = json!({"code": code, "pin": "135790", "draft": {}});
    w.call("save", save).await.problem(409, "not-possible-now");
    let total = w.boss.get("/v1/completion").await.ok()["total"].clone();
    assert_eq!(
        (&total["self_share"]["numerator"], &total["self_share"]["denominator"]),
        (&json!(1), &json!(1))
    );
    w.app.recount().await;
}

#[tokio::test]
async fn with_the_pin_another_answer_takes_the_place_of_the_first_and_without_it_waits() {
    let w = world().await;
    let code = w.left_at(0).await;
    w.submitted(json!({"code": code, "pin": "555123", "interview": household(1)})).await;
    let held = w.submitted(json!({"code": code, "interview": household(3)})).await;
    assert_eq!((&held["status"], &held["reason"]), (&json!("held"), &json!("self-second")));
    assert_eq!(w.door(0).await["interviews"].as_array().unwrap().len(), 1);
    let waiting = w.boss.get("/v1/held").await.ok()["items"].clone();
    assert_eq!((waiting.as_array().unwrap().len(), &waiting[0]["reason"]), (1, &json!("self-second")));
    w.call("submit", json!({"code": code, "pin": "999999", "interview": household(2)}))
        .await
        .problem(403, "wrong-pin");
    let taken = w.submitted(json!({"code": code, "pin": "555123", "interview": household(2)})).await;
    assert_eq!(taken["status"], "accepted");
    let door = w.door(0).await;
    let current: Vec<&Value> =
        door["interviews"].as_array().unwrap().iter().filter(|i| i["current"] == true).collect();
    assert_eq!((current.len(), &current[0]["revision"]), (1, &json!(2)));
    assert_eq!(door["visits"].as_array().unwrap().len(), 2, "one visit for both answers");
    w.app.recount().await;
}

#[tokio::test]
async fn a_draft_opens_with_code_and_pin_and_wrong_pins_are_limited() {
    let w = world().await;
    let code = w.left_at(0).await;
    let draft = json!({"household": {"n_stayed": 2}, "name": "草稿人"});
    w.call("save", json!({"code": code, "pin": "24681", "draft": draft}))
        .await
        .problem(422, "body-not-valid");
    w.call("save", json!({"code": code, "pin": "246810", "draft": draft})).await.ok();
    assert_eq!(w.call("open", json!({"code": code})).await.ok()["draft"], Value::Null);
    let open = async |pin: &str| w.call("open", json!({"code": code, "pin": pin})).await;
    open("111111").await.problem(403, "wrong-pin");
    assert_eq!(open("246810").await.ok()["draft"], draft);
    assert_eq!(w.door(0).await["state"], "in_progress", "what is begun counts for nothing");
    assert_eq!(w.door(0).await["self"]["submitted_at"], Value::Null);
    for _ in 0..5 {
        open("111111").await.problem(403, "wrong-pin");
    }
    let refused = open("246810").await;
    refused.problem(429, "too-many-tries");
    assert!(refused.header("retry-after").parse::<u32>().unwrap() > 800);
    w.app.clock.advance(16);
    assert_eq!(open("246810").await.ok()["draft"], draft);
    let sql = "select count(*) from slip where position('n_stayed'::bytea in draft) > 0";
    assert_eq!(w.app.count(sql).await, 0, "a draft is sealed");
    for _ in 0..3 {
        w.app.clock.advance(16);
        for _ in 0..5 {
            open("111111").await;
        }
    }
    open("246810").await.problem(404, "not-found");
    let item = w.boss.get("/v1/cards").await.ok()["items"][0].clone();
    assert!(item["killed_at"].is_string(), "twenty wrong PINs end the card: {item}");
}

#[tokio::test]
async fn nobody_is_sent_to_a_door_that_just_began_to_answer() {
    let w = world().await;
    let code = w.left_at(0).await;
    let case = w.app.survey.case(0).to_string();
    let is_planned = async |on: &str| {
        let plan = w.boss.get(&format!("/v1/plan?area={A}&on={on}")).await.ok();
        plan["enumerators"].as_array().unwrap().iter().any(|sheet| {
            sheet["stops"]
                .as_array()
                .unwrap()
                .iter()
                .any(|stop| stop["case_id"].as_str() == Some(case.as_str()))
        })
    };
    assert!(is_planned("2020-11-11").await);
    w.call("save", json!({"code": code, "pin": "246810", "draft": {}})).await.ok();
    assert!(!is_planned("2020-11-11").await, "the day has not passed");
    assert!(is_planned("2020-11-12").await);
}

#[tokio::test]
async fn a_card_used_before_its_visit_waits_for_it() {
    let w = world().await;
    let cards = w.cards(2).await;
    let (here, elsewhere) = (&cards[0], &cards[1]);
    let door = json!({"building": "1", "unit": "1", "room": "101"});
    assert_eq!(w.call("open", json!({"code": here.1})).await.ok()["door"], Value::Null);
    let without = json!({"code": here.1, "interview": household(1)});
    let faults = w.call("submit", without).await.problem(422, "body-not-valid");
    assert_eq!(faults["errors"][0]["pointer"], "/door");
    for card in [here, elsewhere] {
        let taken = w
            .submitted(json!({"code": card.1, "pin": "135790", "interview": household(2), "door": door}))
            .await;
        assert_eq!((&taken["status"], &taken["reason"]), (&json!("held"), &json!("card-unbound")));
    }
    assert_eq!(w.door(0).await["state"], "new");
    let sql = "select count(*) from slip where position('王'::bytea in pending) > 0";
    assert_eq!(w.app.count(sql).await, 0, "what waits is sealed");

    w.phone.accepted(&[with(visit(w.app.survey.case(0), "no_answer"), "card", here.0.as_str())]).await;
    w.phone.accepted(&[with(visit(w.app.survey.case(1), "no_answer"), "card", elsewhere.0.as_str())]).await;

    let door_here = w.door(0).await;
    assert_eq!(
        (&door_here["state"], &door_here["visits"][1]["outcome"]),
        (&json!("completed"), &json!("self_response"))
    );
    assert_eq!(w.door(1).await["state"], "in_progress", "the writer named another door");
    let waiting = w.boss.get("/v1/held").await.ok()["items"].clone();
    assert_eq!(waiting.as_array().unwrap().len(), 2, "a visit and an interview: {waiting}");
    assert!(waiting.as_array().unwrap().iter().all(|i| i["reason"] == "card-unbound"), "{waiting}");
    assert_eq!(w.app.count("select count(*) from slip where pending is not null").await, 0);
    w.app.recount().await;
}

#[tokio::test]
async fn an_answer_that_cannot_be_opened_when_its_card_is_left_is_kept() {
    let w = world().await;
    let card = w.cards(1).await.remove(0);
    let door = json!({"building": "1", "unit": "1", "room": "101"});
    w.submitted(json!({"code": card.1, "pin": "135790", "interview": household(1), "door": door})).await;
    let client = w.app.db.client().await;
    client
        .batch_execute("update slip set pending = pending || '\\x00' where pending is not null")
        .await
        .unwrap();

    w.phone.accepted(&[with(visit(w.app.survey.case(0), "no_answer"), "card", card.0.as_str())]).await;

    assert_eq!(w.door(0).await["state"], "in_progress");
    assert_eq!(
        w.app.count("select count(*) from slip where pending is not null").await,
        1,
        "nothing is lost"
    );
}

#[tokio::test]
async fn what_an_enumerator_took_from_a_member_counts_before_what_the_household_sent() {
    let w = world().await;
    let code = w.left_at(0).await;
    let seen = visit_at(w.app.survey.case(0), "interview_complete", &at(9, "10:05"));
    let own = with(interview(w.app.survey.case(0)), "visit_id", seen["id"].clone());
    w.submitted(json!({"code": code, "interview": household(4)})).await;
    w.phone.accepted(&[seen, own.clone()]).await;
    let door = w.door(0).await;
    let current: Vec<&Value> =
        door["interviews"].as_array().unwrap().iter().filter(|i| i["current"] == true).collect();
    assert!(current.iter().any(|i| i["id"] == json!(id_of(&own))), "{door}");
    let total = w.boss.get("/v1/completion").await.ok()["total"].clone();
    assert_eq!((&total["states"]["completed"], &total["persons"]["recorded"]), (&json!(1), &json!(1)));
    crate::links::family::link_all(&w.app).await;
    assert_eq!(w.door(0).await["links"], json!([]), "one household, not two");
    w.app.recount().await;
}

#[tokio::test]
async fn a_second_household_behind_the_door_gets_a_case_of_its_own() {
    let w = world().await;
    let code = w.left_at(0).await;
    w.submitted(json!({"code": code, "household": 2, "interview": household(1)})).await;
    let second = w.app.survey.household(0, 2);
    assert_eq!(w.boss.get(&format!("/v1/cases/{second}")).await.ok()["state"], "completed");
    assert_eq!(w.door(0).await["state"], "in_progress");
    w.app.recount().await;
}

#[tokio::test]
async fn guessing_codes_is_limited_and_a_wish_reaches_the_phone() {
    let w = world().await;
    let code = w.left_at(0).await;
    let window = json!({"from": "2020-11-12T19:00:00+08:00", "to": "2020-11-12T20:00:00+08:00"});
    let mut picture = Picture::full(&w.phone, 500).await;
    w.call("when", json!({"code": code, "when": [window]})).await.ok();
    picture.pull(&w.phone, 500).await;
    assert_eq!(
        picture.get("case", w.app.survey.case(0)).unwrap()["wishes"],
        json!([{"from": "2020-11-12T11:00:00Z", "to": "2020-11-12T12:00:00Z"}])
    );
    picture.assert_equals(&Picture::full(&w.phone, 500).await, "after a wish");
    let mut statuses = Vec::new();
    for n in 0..21 {
        let reply = w.call("open", json!({"code": format!("2345-6789-{n:04}")})).await;
        statuses.push(reply.status.as_u16());
    }
    assert_eq!(statuses[0], 404);
    assert!(statuses.contains(&429) && statuses.iter().all(|s| [404, 429].contains(s)), "{statuses:?}");
}
