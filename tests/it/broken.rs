//! Transactions broken at every place they can break, without timing: the phone sends again, and everything ends as if
//! nothing had happened.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use doorknock::store::{Fault, Moment, Probe};
use serde_json::{Value, json};

use crate::support::record::{at, id_of, interview_with, person, visit_at, with};
use crate::support::survey::A1;
use crate::support::{App, Device, Picture, Survey, dwelling, interview, visit};

/// Where to break, what to do there, how often; and what was asked so far.
#[derive(Default)]
struct Breaker {
    plan: Mutex<Option<(usize, Fault, usize)>>,
    asked: AtomicUsize,
    moments: Mutex<Vec<Moment>>,
}

impl Breaker {
    fn probe(self: &Arc<Self>) -> Probe {
        let breaker = Arc::clone(self);
        Arc::new(move |moment| breaker.ask(moment))
    }

    /// The place is counted within one try of a transaction: it begins again with the first statement.
    fn ask(&self, moment: Moment) -> Option<Fault> {
        let mut plan = self.plan.lock().unwrap();
        let (place, fault, left) = plan.as_mut()?;
        if moment == Moment::Before("insert_batch") {
            self.asked.store(0, Ordering::Relaxed);
            self.moments.lock().unwrap().clear();
        }
        self.moments.lock().unwrap().push(moment);
        let here = self.asked.fetch_add(1, Ordering::Relaxed);
        if here == *place && *left > 0 {
            *left -= 1;
            return Some(*fault);
        }
        None
    }

    fn arm(&self, place: usize, fault: Fault, times: usize) {
        self.asked.store(0, Ordering::Relaxed);
        *self.plan.lock().unwrap() = Some((place, fault, times));
    }

    /// Stops breaking; how many places the last try went through.
    fn disarm(&self) -> usize {
        *self.plan.lock().unwrap() = None;
        self.moments.lock().unwrap().len()
    }
}

/// A batch that walks every path: new, held, replayed, mended, freed, elsewhere, refused.
fn mixed(survey: &Survey) -> (Vec<Value>, Vec<Value>) {
    let case = |n| survey.case(n);
    let door = dwelling(A1, "77");
    let waiting = visit(id_of(&door), "no_answer");
    let seen = visit(case(1), "interview_complete");
    let talk = with(interview(case(2)), "visit_id", seen["id"].clone());
    let faulty = interview_with(case(3), vec![person(1, "王", "child")]);
    let mended = with(with(interview(case(3)), "id", faulty["id"].clone()), "revision", 2);
    let old = visit_at(case(0), "no_answer", &at(8, "10:00"));
    let before = vec![waiting, talk, faulty, old.clone()];
    let batch = vec![
        visit_at(case(0), "vacant", &at(9, "19:00")),
        seen,
        mended,
        door.clone(),
        dwelling(A1, "78"),
        interview(id_of(&door)),
        old,
        visit(crate::support::id(), "no_answer"),
        visit_at(case(4), "no_answer", "2021-06-01T10:00:00+08:00"),
        with(visit(case(4), "no_answer"), "outcome", "none"),
    ];
    (before, batch)
}

/// What a survey's rows say, ids left out.
async fn end(app: &App, phone: &Device, staff: &crate::support::Client) -> Value {
    let list = staff.get("/v1/cases?limit=100").await.ok();
    let doors: BTreeMap<String, Value> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| {
            (c["address"].to_string(), json!([c["state"], c["visits"], c["unmet"], c["last"], c["holder"]]))
        })
        .collect();
    let held = staff.get("/v1/held").await.ok();
    let mut waiting: Vec<String> =
        held["items"].as_array().unwrap().iter().map(|h| h["reason"].to_string()).collect();
    waiting.sort_unstable();
    let total = staff.get("/v1/completion").await.ok()["total"].clone();
    let picture = Picture::full(phone, 100).await;
    app.recount().await;
    json!({"doors": doors, "held": waiting, "states": total["states"], "persons": total["persons"],
        "feed": [picture.count("case"), picture.count("dwelling")]})
}

struct Round {
    phone: Device,
    staff: crate::support::Client,
    batch: Value,
}

async fn round(app: &App, slug: &str) -> Round {
    let survey = Survey::with_dwellings(5).named(slug);
    app.load_at(&survey, "2020-10-31T12:00:00+08:00").await;
    let (phone, staff) = (app.device_in(slug, "ea1").await, app.staff_in(slug, "sa").await);
    let (before, batch) = mixed(&survey);
    phone.send(&before).await;
    Round { batch: phone.batch(&batch), phone, staff }
}

/// Statuses and reasons, which are the same in every survey.
fn outline(answer: &Value) -> Vec<Value> {
    let receipts = answer["receipts"].as_array().unwrap();
    receipts
        .iter()
        .map(|r| json!([r["type"], r["status"], r["reason"], r["case"]["state"], r["case"]["visits"]]))
        .collect()
}

async fn broken_everywhere(fault: Fault, times: usize) {
    let breaker = Arc::new(Breaker::default());
    let app = App::with(Survey::with_dwellings(1), |store| store.with_probe(breaker.probe()), |_| {}).await;
    let whole = round(&app, "whole").await;
    breaker.arm(usize::MAX, fault, 0);
    let first = whole.phone.post(&whole.batch).await.ok();
    let places = breaker.disarm();
    assert!(places > 15, "the batch must walk many statements: {places}");
    let expected = end(&app, &whole.phone, &whole.staff).await;
    for place in 0..places {
        let broken = round(&app, &format!("broken-{place}")).await;
        breaker.arm(place, fault, times);
        let reply = broken.phone.post(&broken.batch).await;
        breaker.disarm();
        // Four tries are the service's own; a longer outage is a 503 that asks for another try.
        let answer = if reply.status == 503 {
            assert!(times >= 4, "place {place}: {}", reply.text());
            assert!(!reply.header("retry-after").is_empty());
            broken.phone.post(&broken.batch).await.ok()
        } else {
            reply.ok()
        };
        assert_eq!(outline(&answer), outline(&first), "place {place} of {places}");
        let again = broken.phone.post(&broken.batch).await.ok();
        assert_eq!(
            (&again["receipts"], &again["replayed"]),
            (&answer["receipts"], &json!(true)),
            "place {place}"
        );
        assert_eq!(end(&app, &broken.phone, &broken.staff).await, expected, "place {place} of {places}");
    }
    let stuck = "select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'";
    assert_eq!(app.count(stuck).await, 0);
}

#[tokio::test]
async fn a_connection_lost_once_at_any_place_is_not_noticed() {
    broken_everywhere(Fault::Disconnect, 1).await;
}

#[tokio::test]
async fn a_connection_lost_again_and_again_at_any_place_leaves_nothing_half_done() {
    broken_everywhere(Fault::Disconnect, 4).await;
}

#[tokio::test]
async fn a_database_that_asks_to_repeat_is_obeyed() {
    broken_everywhere(Fault::Repeat, 2).await;
}

#[tokio::test]
async fn a_commit_whose_answer_was_lost_is_found_again() {
    let breaker = Arc::new(Breaker::default());
    let app = App::with(Survey::with_dwellings(1), |store| store.with_probe(breaker.probe()), |_| {}).await;
    let lost = round(&app, "lost").await;
    breaker.arm(usize::MAX, Fault::Disconnect, 0);
    let whole = round(&app, "whole").await;
    whole.phone.post(&whole.batch).await.ok();
    let places = breaker.disarm();
    breaker.arm(places - 1, Fault::Disconnect, 1);

    let answer = lost.phone.post(&lost.batch).await.ok();

    breaker.disarm();
    assert_eq!(answer["replayed"], true, "the second try found the batch stored");
    assert_eq!(end(&app, &lost.phone, &lost.staff).await, end(&app, &whole.phone, &whole.staff).await);
}

#[tokio::test]
async fn decisions_and_assignments_survive_lost_connections_too() {
    let breaker = Arc::new(Breaker::default());
    let app = App::with(Survey::with_dwellings(2), |store| store.with_probe(breaker.probe()), |_| {}).await;
    let (staff, case) = (app.staff("sa").await, app.survey.case(0));
    let path = format!("/v1/cases/{case}/decisions");
    for place in 0..12 {
        breaker.arm(place, Fault::Disconnect, 1);
        let word = if place % 2 == 0 { "cancel" } else { "uncancel" };
        staff.post(&path, &json!({"decision": word, "reason": "x"})).await.ok();
        breaker.arm(place, Fault::Repeat, 1);
        let user = if place % 2 == 0 { json!("ea1") } else { Value::Null };
        let lend = json!({"assignments": [{"case_id": app.survey.case(1), "enumerator": user}]});
        staff.post("/v1/assignments", &lend).await.ok();
        breaker.disarm();
        app.recount().await;
    }
    let open = app.count("select count(*) from assignment where ended_at is null").await;
    assert_eq!(open, 0);
}

#[tokio::test]
async fn sessions_cut_off_by_the_database_are_replaced() {
    let app = App::new(Survey::with_dwellings(3)).await;
    let phone = app.device("ea1").await;
    let client = app.db.client().await;
    for day in 2..8 {
        let cut = "select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and application_name = 'doorknock'";
        client.query(cut, &[]).await.unwrap();
        phone.accepted(&[visit_at(app.survey.case(0), "no_answer", &at(day, "10:00"))]).await;
    }
    assert_eq!(app.count("select count(*) from visit").await, 6);
    app.recount().await;
}

#[tokio::test]
async fn a_phone_that_hangs_up_leaves_no_open_transaction() {
    let app = App::new(Survey::with_dwellings(8)).await;
    let phone = app.device("ea1").await;
    let batches: Vec<Value> = (0..24)
        .map(|n| {
            phone.batch(&[visit_at(
                app.survey.case(n % 8),
                "no_answer",
                &at(2 + u32::try_from(n / 8).unwrap(), "10:00"),
            )])
        })
        .collect();
    for (n, batch) in batches.iter().enumerate() {
        let wait = std::time::Duration::from_micros(400 * u64::try_from(n).unwrap());
        drop(tokio::time::timeout(wait, phone.post(batch)).await);
    }
    for batch in &batches {
        phone.post(batch).await.ok();
    }
    assert_eq!(app.count("select count(*) from visit").await, 24);
    let stuck = "select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'";
    assert_eq!(app.count(stuck).await, 0);
    app.recount().await;
}
