//! A held record that a supervisor accepts is then what it would have been, had it been accepted at once.

use serde_json::{Value, json};

use crate::support::record::{at, id_of, interview_with, person, visit_at, with};
use crate::support::survey::{A, A1};
use crate::support::{App, Client, Device, Survey, dwelling, id, visit};

/// Before the records below were made; those made "now" lie in its future.
const EARLY: &str = "2020-11-10T12:00:00+08:00";
/// After them.
const LATE: &str = "2020-11-10T15:00:00+08:00";

fn today(clock: &str) -> String {
    at(10, clock)
}

/// A visit with everything that a visit may carry.
fn whole_visit(case: uuid::Uuid) -> Value {
    let mut record = visit_at(case, "appointment_made", &today("13:00"));
    record["ended_at"] = json!(today("13:06"));
    record["channel"] = json!("in_person");
    record["informant"] = json!("neighbour");
    record["photo"] = json!([id()]);
    record["position"] = json!({"lon": 112.989_183, "lat": 34.746_125, "accuracy_m": 9.5, "datum": "gcj02"});
    record["appointment"] = json!({"from": at(12, "19:00")});
    record["note"] = json!("门口有狗");
    record["mono_s"] = json!(812.25);
    record["weather"] = json!("雨");
    record
}

/// An interview with everything that an interview may carry.
fn whole_interview(case: uuid::Uuid, seen: &Value) -> Value {
    let mut head = person(1, "王秀英", "head");
    head["citizen_id"] = json!("419999198503074522");
    head["surname"] = json!("王");
    head["given_name"] = json!("秀英");
    let mut child = person(2, "王朵", "child");
    child["other_address"] = json!("邻县");
    child["ethnicity"] = json!("01");
    let mut record = interview_with(case, vec![head, child]);
    record["at"] = json!(today("13:20"));
    record["visit_id"] = seen["id"].clone();
    record["address_text"] = json!("6号楼2单元301");
    record["paused_s"] = json!(30);
    record["respondent"] = json!("head");
    record
}

/// A door with everything that a door may carry.
fn whole_door(area: &str) -> Value {
    let mut record = dwelling(area, "1201");
    record["floor"] = json!(12);
    record["kind"] = json!("residential");
    record["household"] = json!(2);
    record["position"] =
        json!({"lon": 112.984_123_456_789, "lat": 34.752_345_678_9, "accuracy_m": 12, "datum": "bd09"});
    record["building_name"] = json!("新楼");
    record["external_id"] = json!("GY-1201");
    record["note"] = json!("刚建成");
    record
}

/// What everybody can see of a survey, without what belongs to the way: when it was received, and decisions.
async fn seen(app: &App, staff: &Client, phone: &Device) -> Value {
    let list = staff.get("/v1/cases?limit=100").await.ok();
    let mut doors = Vec::new();
    for item in list["items"].as_array().unwrap() {
        let mut door = staff.get(&format!("/v1/cases/{}", item["case_id"].as_str().unwrap())).await.ok();
        strip(&mut door);
        doors.push(door);
    }
    doors.sort_by_key(|door| door["address"].to_string());
    let mut exports = Vec::new();
    for file in ["visits.csv", "households.csv", "persons.csv", "cases.csv"] {
        exports.push(columns(&staff.get(&format!("/v1/export/{file}")).await.text()));
    }
    let total = staff.get("/v1/completion").await.ok()["total"].clone();
    let feed = phone.get("/v1/changes?limit=5000").await;
    let mut held: Vec<Value> = feed["changes"].as_array().unwrap().clone();
    held.retain(|change| change["kind"] == "case" || change["kind"] == "dwelling");
    for change in &mut held {
        strip(&mut change["data"]);
    }
    held.sort_by_key(Value::to_string);
    let queued = app.count("select count(distinct interview) from link_outbox").await;
    json!({"doors": doors, "exports": exports, "states": total["states"], "persons": total["persons"], "feed": held,
        "queued": queued})
}

/// Takes out what tells when the server learnt of something, in which batch, and what people decided.
fn strip(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for key in [
                "received_at",
                "batch_id",
                "device_id",
                "created_at",
                "version",
                "decisions",
                "held_decisions",
                "assignments",
                "clock",
            ] {
                members.remove(key);
            }
            members.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The lines of an export without the columns that tell how a record came; none of these cells holds a comma.
fn columns(text: &str) -> Vec<String> {
    let header: Vec<&str> = text.lines().next().unwrap_or_default().split(',').collect();
    let is_way = |n: &usize| {
        ["received_at", "device_id", "batch_id", "created_at"].contains(header.get(*n).unwrap_or(&""))
    };
    let kept = |line: &str| {
        let cells = line.split(',').enumerate().filter(|(n, _)| !is_way(n));
        cells.map(|(_, cell)| cell.to_owned()).collect::<Vec<_>>().join(",")
    };
    let mut lines: Vec<String> = text.lines().map(kept).collect();
    lines.sort_unstable();
    lines
}

async fn accept(staff: &Client, record: &Value, case: Option<&Value>) {
    let mut body = json!({"decision": "accept", "note": "as the enumerator says"});
    if let Some(case) = case {
        body["case_id"] = case.clone();
    }
    staff.post(&format!("/v1/held/{}/decision", id_of(record)), &body).await.ok();
}

struct Way {
    app: App,
    phone: Device,
    staff: Client,
}

async fn way(survey: Survey) -> Way {
    let app = App::new(survey).await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sall").await);
    Way { app, phone, staff }
}

async fn compare(at_once: &Way, decided: &Way) {
    decided.app.recount().await;
    at_once.app.recount().await;
    let one = seen(&at_once.app, &at_once.staff, &at_once.phone).await;
    let other = seen(&decided.app, &decided.staff, &decided.phone).await;
    for (part, expected) in one.as_object().unwrap() {
        assert_eq!(&other[part], expected, "{part}");
    }
}

#[tokio::test]
async fn a_visit_and_its_interview_held_for_their_time() {
    let survey = Survey::with_dwellings(3);
    let seen = whole_visit(survey.case(0));
    let complete =
        with(visit_at(survey.case(1), "interview_complete", &today("13:15")), "channel", "telephone");
    let talk = whole_interview(survey.case(1), &complete);
    let records = [seen, complete, talk];
    let at_once = way(survey.clone()).await;
    at_once.app.clock.set(LATE);
    at_once.phone.post(&late(at_once.phone.batch(&records))).await.ok();

    let decided = way(survey).await;
    decided.app.clock.set(EARLY);
    let held = decided.phone.send(&records).await;
    assert_eq!(held["counts"]["held"], 3, "{held}");
    decided.app.clock.set(LATE);
    // In no particular order.
    for record in [&records[2], &records[0], &records[1]] {
        accept(&decided.staff, record, None).await;
    }

    compare(&at_once, &decided).await;
}

fn late(batch: Value) -> Value {
    with(batch, "sent_at", LATE)
}

#[tokio::test]
async fn records_held_for_an_unknown_door_and_given_to_the_right_one() {
    let survey = Survey::with_dwellings(2);
    let (right, wrong) = (survey.case(1), id());
    let seen_at =
        |case| with(visit(case, "interview_complete"), "id", "0175b0ff-0000-7000-8000-0000000000aa");
    let talk_at = |case| {
        let seen = seen_at(case);
        let mut talk = with(whole_interview(case, &seen), "at", at(9, "10:20"));
        talk["id"] = json!("0175b0ff-0000-7000-8000-0000000000ab");
        talk
    };
    let at_once = way(survey.clone()).await;
    at_once.phone.accepted(&[seen_at(right), talk_at(right)]).await;

    let decided = way(survey).await;
    let records = [seen_at(wrong), talk_at(wrong)];
    assert_eq!(decided.phone.send(&records).await["counts"]["held"], 2);
    for record in &records {
        accept(&decided.staff, record, Some(&json!(right))).await;
    }

    compare(&at_once, &decided).await;
}

/// The door keeps its place, its storey and its household, and what waited for it counts.
#[tokio::test]
async fn a_door_of_an_area_that_was_not_known() {
    const NEW: &str = "410181001-03";
    let survey = Survey::with_dwellings(1);
    let mut wider = survey.clone();
    wider.areas.push((NEW.into(), A.into(), "estate".into(), "South".into()));
    let door = whole_door(NEW);
    let bare = with(dwelling(NEW, "7"), "lon", 112.981);
    let bare = with(bare, "lat", 34.7512);
    let records =
        [door.clone(), bare.clone(), visit(id_of(&door), "no_answer"), whole_interview_now(id_of(&bare))];
    let at_once = way(wider.clone()).await;
    at_once.phone.accepted(&records).await;

    let decided = way(survey).await;
    assert_eq!(decided.phone.send(&records).await["counts"]["held"], 4);
    decided.app.load_at(&wider, "2020-10-31T12:00:00+08:00").await;
    for record in [&bare, &door] {
        accept(&decided.staff, record, None).await;
    }

    compare(&at_once, &decided).await;
    let case = decided.phone.get(&format!("/v1/cases?area={NEW}")).await["items"][0]["case_id"].clone();
    let shown = decided.staff.get(&format!("/v1/cases/{}", case.as_str().unwrap())).await.ok();
    assert!(shown["position"]["lon"].as_f64().is_some_and(|lon| (lon - 112.98).abs() < 0.02), "{shown}");
}

fn whole_interview_now(case: uuid::Uuid) -> Value {
    interview_with(case, vec![person(1, "李明", "head")])
}

/// A phone that was cut off: what it still held comes by hand and waits for a supervisor.
#[tokio::test]
async fn what_came_from_a_phone_that_was_cut_off() {
    let survey = Survey::with_dwellings(2);
    let (door, seen) = (whole_door(A1), with(visit(survey.case(0), "vacant"), "note", "空"));
    let records = [door.clone(), seen.clone(), visit(id_of(&door), "no_answer")];
    let at_once = way(survey.clone()).await;
    at_once.phone.accepted(&records).await;

    let decided = way(survey).await;
    let caller = decided.app.caller(&decided.phone.client).await;
    let body = decided.phone.batch(&records).to_string();
    let ingest = &decided.app.shared.ingest;
    let review = doorknock::ingest::accept::Trust::Review;
    let taken =
        ingest.accept_trusting(&caller, body.into(), "file", review, decided.app.clock.now()).await.unwrap();
    assert_eq!(taken.answer.counts.held, 3);
    for record in &records {
        accept(&decided.staff, record, None).await;
    }

    compare(&at_once, &decided).await;
}
