//! Records: whatever is sent under an id that is somebody else's is answered, stored and found again as if the id were new, and
//! leaves the other record as it is.

use serde_json::{Value, json};
use uuid::Uuid;

use super::must_equal;
use super::world::{NOW, OWN, World, world};
use crate::links::family::{LU, home};
use crate::support::picture::Picture;
use crate::support::record::{dwelling, id_of, reasons, statuses, with};
use crate::support::survey::{A1, B1};
use crate::support::{App, Survey, id, interview, visit};

/// Records to be sent: out of somebody else's record, under an id, to a door.
type Sent = fn(&Value, Uuid, Uuid) -> Vec<Value>;

/// Somebody else's record, for a door of theirs.
type Made = fn(Uuid) -> Value;

/// The answers to sending the records three times: new, in another batch, and in the same batch once more.
async fn answers(w: &World, records: &[Value], id: Uuid) -> String {
    w.app.clock.set(NOW);
    let first = w.phone.batch(records);
    let mut told = vec![w.phone.post(&first).await.ok()];
    told.push(w.phone.send(records).await);
    told.push(w.phone.post(&first).await.ok());
    let path = format!("/v1/batches/{}", first["batch_id"].as_str().unwrap());
    told.push(w.phone.get(&path).await);
    told.push(w.app.staff("sa").await.get(&path).await.ok());
    for answer in &mut told {
        answer["batch_id"] = json!("(batch)");
        for receipt in answer["receipts"].as_array_mut().unwrap() {
            if let Some(door) = receipt.get_mut("case") {
                door["id"] = json!("(case)");
            }
        }
    }
    let mut text = serde_json::to_string(&told).unwrap();
    text = text.replace(&id.to_string(), "~");
    for (n, record) in records.iter().enumerate() {
        text = text.replace(&id_of(record).to_string(), &format!("(record {n})"));
    }
    text
}

fn form(id: Uuid, case: Uuid, revision: i32) -> Value {
    with(with(interview(case), "id", json!(id)), "revision", json!(revision))
}

fn knock(id: Uuid, case: Uuid) -> Value {
    with(visit(case, "interview_complete"), "id", json!(id))
}

/// A found door, another for every case.
fn found(area: &str, id: Uuid, case: Uuid) -> Value {
    with(dwelling(area, &case.simple().to_string()[..8]), "id", json!(id))
}

fn at_visit(record: Value, id: Uuid) -> Value {
    with(record, "visit_id", json!(id))
}

/// What may be sent under an id that is somebody else's.
const TRIALS: [(&str, Sent); 13] = [
    ("the record, word for word", |theirs, id, _| vec![with(theirs.clone(), "id", json!(id))]),
    ("the record, for the own door", |theirs, id, case| {
        vec![with(with(theirs.clone(), "id", json!(id)), "case_id", json!(case))]
    }),
    ("its next revision", |theirs, id, _| {
        vec![with(with(theirs.clone(), "id", json!(id)), "revision", json!(2))]
    }),
    ("a visit", |_, id, case| vec![knock(id, case)]),
    ("an interview", |_, id, case| vec![form(id, case, 1)]),
    ("an interview of a high revision", |_, id, case| vec![form(id, case, 99)]),
    ("a door", |_, id, case| vec![found(A1, id, case)]),
    ("a door of a foreign area", |_, id, case| vec![found(B1, id, case)]),
    ("an interview made at that visit", |_, id, case| vec![at_visit(interview(case), id)]),
    ("a visit to that door", |_, id, _| vec![visit(id, "no_answer")]),
    ("a visit and an interview made there", |_, id, case| {
        vec![at_visit(interview(case), id), knock(id, case)]
    }),
    ("a door and a visit to it", |_, id, case| vec![visit(id, "no_answer"), found(A1, id, case)]),
    ("two things of one id", |_, id, case| vec![knock(id, case), form(id, case, 1)]),
];

#[tokio::test]
async fn a_record_under_a_foreign_id_is_answered_like_one_under_a_new_id() {
    let mut w = world().await;
    let door = w.app.survey.case(OWN + 5);
    let kinds: [(&str, Made); 5] = [
        ("visit", |door| visit(door, "no_answer")),
        ("interview", interview),
        ("door", |_| dwelling(B1, "950")),
        ("waiting visit", |_| visit(id(), "no_answer")),
        ("faulty form", |door| with(interview(door), "persons", json!([]))),
    ];
    let mut theirs = Vec::new();
    for (kind, make) in kinds {
        for (what, sent) in TRIALS {
            let record = make(door);
            assert_ne!(w.theirs.send(std::slice::from_ref(&record)).await["counts"]["refused"], 1);
            theirs.push((format!("{what} ({kind})"), sent, record));
        }
    }
    w.remember().await;
    let mut doors = (1..OWN).map(|n| w.app.survey.case(n));
    for (what, sent, record) in theirs {
        let (here, there) = doors.next().zip(doors.next()).expect("the survey has doors enough");
        let (taken, new) = (id_of(&record), id());
        let known = answers(&w, &sent(&record, taken, here), taken).await;
        let nothing = answers(&w, &sent(&record, new, there), new).await;
        must_equal(&known, &nothing, &format!("{what} tells that the id is there"));
    }
    w.must_be_untouched().await;
}

#[tokio::test]
async fn a_foreign_interview_is_never_overwritten() {
    let w = world().await;
    let stolen = with(with(interview(w.own_case), "id", json!(w.interview_id())), "revision", json!(9));
    let beyond = with(with(interview(w.case), "id", json!(w.interview_id())), "revision", json!(10));

    let answer = w.phone.send(&[stolen, beyond]).await;

    assert_eq!((statuses(&answer), reasons(&answer)), (vec!["accepted", "held"], vec!["", "unknown-case"]));
    assert_eq!(answer["receipts"][0]["case"]["state"], "completed");
    assert_eq!(answer["receipts"][1].get("case"), None);
    let theirs = w.office.get(&format!("/v1/cases/{}", w.case)).await.ok();
    assert_eq!(theirs["state"], "completed");
    let forms = theirs["interviews"].as_array().unwrap();
    assert_eq!((forms.len(), &forms[0]["revision"], &forms[0]["current"]), (1, &json!(1), &json!(true)));
    w.must_be_untouched().await;
    // Its own maker corrects it as ever.
    let corrected = with(w.interview.clone(), "revision", json!(2));
    assert_eq!(statuses(&w.theirs.send(&[corrected]).await), ["accepted"]);
    let theirs = w.office.get(&format!("/v1/cases/{}", w.case)).await.ok();
    let current = |f: &&Value| f["current"] == true;
    assert_eq!(theirs["interviews"].as_array().unwrap().iter().find(current).unwrap()["revision"], 2);
}

#[tokio::test]
async fn a_colleague_s_interview_within_reach_is_corrected_as_ever() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let (first, mate) = (app.device("ea1").await, app.device("ea2").await);
    let form = interview(app.survey.case(0));
    first.accepted(std::slice::from_ref(&form)).await;
    mate.accepted(&[with(form.clone(), "revision", json!(2))]).await;
    let door = app.staff("sa").await.get(&format!("/v1/cases/{}", app.survey.case(0))).await.ok();
    let revisions: Vec<(&Value, &Value)> =
        door["interviews"].as_array().unwrap().iter().map(|f| (&f["revision"], &f["current"])).collect();
    assert_eq!(revisions, [(&json!(1), &json!(false)), (&json!(2), &json!(true))]);
    // A colleague's record, word for word, has its first receipt; other content is told.
    let again = mate.send(std::slice::from_ref(&form)).await;
    assert_eq!(again["receipts"][0]["replayed"], true);
    assert_eq!(again["receipts"][0]["case"]["id"], json!(app.survey.case(0)));
    let other = mate.send(&[with(form, "address_text", json!("elsewhere"))]).await;
    assert_eq!(reasons(&other), ["id-reused"]);
}

#[tokio::test]
async fn whoever_gets_a_door_may_correct_the_form_of_whoever_had_it() {
    let w = world().await;
    let lend = json!({"assignments": [{"case_id": w.app.survey.case(OWN + 2), "enumerator": "ea1"}]});
    w.app.staff("sall").await.post("/v1/assignments", &lend).await.ok();
    let form = with(home(w.app.survey.case(OWN + 2), &LU[..1], "10:00"), "result", json!("partial"));
    w.theirs.accepted(std::slice::from_ref(&form)).await;
    let whole = with(with(form.clone(), "result", json!("complete")), "revision", json!(2));
    w.phone.accepted(&[whole]).await;
    let door = w.office.get(&format!("/v1/cases/{}", w.app.survey.case(OWN + 2))).await.ok();
    assert_eq!(door["state"], "completed");
    assert_eq!(door["interviews"].as_array().unwrap().len(), 2, "revisions of one interview");
    assert_eq!(door["interviews"][0]["id"], door["interviews"][1]["id"]);
}

#[tokio::test]
async fn a_visit_named_before_anybody_sent_it_is_the_own_one_alone() {
    let w = world().await;
    let knock = id();
    let form = with(interview(w.own_case), "visit_id", json!(knock));
    w.phone.accepted(std::slice::from_ref(&form)).await;
    // Somebody beyond reach sends a visit of that id: as far as the form goes, it has not come.
    let theirs = with(visit(w.app.survey.case(OWN + 3), "no_answer"), "id", json!(knock));
    w.theirs.accepted(std::slice::from_ref(&theirs)).await;
    let own = with(visit(w.app.survey.case(1), "interview_complete"), "id", json!(knock));
    let read = async || w.app.staff("sa").await.get(&format!("/v1/cases/{}", w.own_case)).await.ok();
    assert_eq!(read().await["state"], "completed");
    // The own visit of that id stands at another door, so the form waits for a supervisor.
    w.phone.accepted(&[own]).await;
    assert_ne!(read().await["state"], "completed");
    let held = w.app.staff("sa").await.get("/v1/held").await.ok();
    let reasons: Vec<&Value> = held["items"].as_array().unwrap().iter().map(|h| &h["reason"]).collect();
    assert!(reasons.contains(&&json!("visit-elsewhere")), "{held}");
    w.app.recount().await;
}

#[tokio::test]
async fn what_waited_under_a_foreign_id_is_freed_and_told_under_the_id_it_was_sent_with() {
    let w = world().await;
    let mut feed = Picture::full(&w.phone, 500).await;
    // A visit with a foreign id, to a door that is named by the foreign id of its record.
    let knock = with(visit(w.door, "no_answer"), "id", json!(w.visit_id()));
    let answer = w.phone.send(std::slice::from_ref(&knock)).await;
    assert_eq!(reasons(&answer), ["unknown-case"]);
    let found = with(dwelling(A1, "905"), "id", json!(w.door));
    w.phone.accepted(std::slice::from_ref(&found)).await;
    feed.pull(&w.phone, 500).await;
    let told = feed.receipts.iter().find(|r| r["id"] == json!(w.visit_id()));
    let told = told.unwrap_or_else(|| panic!("the phone does not hear of it: {:?}", feed.receipts));
    assert_eq!(told["status"], "accepted");
    // Later visits name the door the same way.
    w.phone.accepted(&[visit(w.door, "no_answer")]).await;
    w.must_be_untouched().await;
}

#[tokio::test]
async fn a_batch_under_a_foreign_id_is_stored_and_found_again() {
    let w = world().await;
    let mut batch = w.phone.batch(&[visit(w.own_case, "no_answer")]);
    batch["batch_id"] = json!(w.batch);
    let first = w.phone.post(&batch).await.ok();
    assert_eq!((&first["batch_id"], &first["replayed"]), (&json!(w.batch), &json!(false)));
    assert_eq!(statuses(&first), ["accepted"]);
    let again = w.phone.post(&batch).await.ok();
    assert_eq!((&again["replayed"], &again["receipts"]), (&json!(true), &first["receipts"]));
    assert_eq!(w.phone.get(&format!("/v1/batches/{}", w.batch)).await["receipts"], first["receipts"]);
    batch["records"] = json!([visit(w.own_case, "vacant")]);
    w.phone.post(&batch).await.problem(409, "batch-id-reused");
    w.must_be_untouched().await;
}

#[tokio::test]
async fn a_supervisor_sees_no_doors_beyond_reach_in_the_receipts_of_a_phone() {
    let w = world().await;
    let lent = w.app.survey.case(OWN + 4);
    let lend = json!({"assignments": [{"case_id": lent, "enumerator": "ea1"}]});
    w.app.staff("sall").await.post("/v1/assignments", &lend).await.ok();
    let answer = w.phone.accepted(&[visit(lent, "no_answer"), visit(w.own_case, "no_answer")]).await;
    let path = format!("/v1/batches/{}", answer["batch_id"].as_str().unwrap());
    let doors = |answer: &Value| -> Vec<Value> {
        answer["receipts"].as_array().unwrap().iter().map(|r| r["case"]["id"].clone()).collect()
    };
    assert_eq!(doors(&w.phone.get(&path).await), [json!(lent), json!(w.own_case)]);
    assert_eq!(doors(&w.app.staff("sa").await.get(&path).await.ok()), [json!(null), json!(w.own_case)]);
    assert_eq!(doors(&w.app.staff("sall").await.get(&path).await.ok()), [json!(lent), json!(w.own_case)]);
    w.app.recount().await;
}
