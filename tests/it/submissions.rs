//! Filled-in forms become records: one mapper, chains of corrections, what waits as a whole, sheets that are counted.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::forms::{post, upload, xform};
use crate::support::record::id_of;
use crate::support::survey::{A1, B1};
use crate::support::{App, Client, Device, Survey, dwelling};

/// A visit with an interview of one person, without a roster.
const DOOR: [(&str, &str, &str); 6] = [
    ("start", "dateTime", "visit.at"),
    ("door", "string", "case"),
    ("outcome", "string", "visit.outcome"),
    ("note", "string", "visit.note"),
    ("rooms", "int", "household.rooms"),
    ("lift", "string", ""),
];
/// A sheet of a household.
const SHEET: [(&str, &str, &str); 2] = [("door", "string", "case"), ("lift", "string", "")];
/// A door found in the field.
const FOUND: [(&str, &str, &str); 3] = [
    ("area", "string", "dwelling.area"),
    ("building", "string", "dwelling.building"),
    ("room", "string", "dwelling.room"),
];

struct World {
    app: App,
    phone: Device,
    office: Client,
    admin: Client,
}

async fn world() -> World {
    let app = App::new(Survey::with_dwellings(4)).await;
    let admin = app.staff("root").await;
    for (form, role, questions) in
        [("door", "visit", &DOOR[..]), ("sheet", "extra", &SHEET), ("found", "visit", &FOUND)]
    {
        let form = format!("kit_{form}");
        let query = format!("role={role}&publish=true&collect=false");
        let reply = upload(&admin, &query, &xform(&form, "1", questions)).await;
        assert!(reply.status.is_success(), "{}", reply.text());
    }
    World { phone: app.device("ea1").await, office: app.staff("sa").await, admin, app }
}

/// A filled-in form.
fn filled(form: &str, answers: &[(&str, &str)], id: Uuid, replaces: Option<Uuid>) -> Value {
    let body: Vec<String> = answers.iter().map(|(name, text)| format!("<{name}>{text}</{name}>")).collect();
    let body = body.concat();
    let replaces = replaces.map_or_else(String::new, |id| format!("<deprecatedID>uuid:{id}</deprecatedID>"));
    let xml = format!(
        "<data id=\"{form}\" version=\"1\">{body}<meta><instanceID>uuid:{id}</instanceID>{replaces}</meta></data>"
    );
    json!({"type": "submission", "id": id, "form": {"id": form, "version": "1"}, "xml": xml})
}

fn knock(case: Uuid, outcome: &str, id: Uuid, replaces: Option<Uuid>) -> Value {
    let case = case.to_string();
    let answers = [("start", "2020-11-09T19:00:00+08:00"), ("door", &case), ("outcome", outcome)];
    filled("kit_door", &answers, id, replaces)
}

impl World {
    async fn one(&self, record: Value) -> Value {
        self.phone.send(&[record]).await["receipts"][0].clone()
    }

    async fn submission(&self, id: Uuid) -> Value {
        self.office.get(&format!("/v1/submissions/{id}")).await.ok()
    }

    async fn case(&self, id: Uuid) -> Value {
        self.office.get(&format!("/v1/cases/{id}")).await.ok()
    }

    async fn done(&self) -> (i64, i64) {
        let total = self.office.get("/v1/completion").await.ok()["total"]["forms"]["kit_sheet"].clone();
        (total["numerator"].as_i64().unwrap(), total["denominator"].as_i64().unwrap())
    }
}

fn part(id: Uuid, name: &str) -> String {
    Uuid::new_v5(&id, name.as_bytes()).to_string()
}

#[tokio::test]
async fn a_form_becomes_a_visit_and_an_interview_under_ids_made_of_its_own() {
    let w = world().await;
    let (case, id) = (w.app.survey.case(0), Uuid::new_v4());
    let case_text = case.to_string();
    let answers = [
        ("start", "2020-11-09T19:00:00+08:00"),
        ("door", case_text.as_str()),
        ("outcome", "interview_complete"),
        ("rooms", "3"),
        ("lift", "yes"),
    ];

    let receipt = w.one(filled("kit_door", &answers, id, None)).await;

    assert_eq!(receipt["status"], "accepted", "{receipt}");
    let ids: Vec<&Value> = receipt["parts"].as_array().unwrap().iter().map(|p| &p["id"]).collect();
    assert_eq!(ids, [&json!(part(id, "visit")), &json!(part(id, "interview"))]);
    assert_eq!(receipt["case"]["state"], "completed", "{receipt}");
    let shown = w.case(case).await;
    assert_eq!(shown["interviews"][0]["form"], "kit_door");
    assert_eq!(shown["interviews"][0]["answers"], json!({"lift": "yes"}));
    // The same again is the same; other bytes under the id are refused.
    let again = w.one(filled("kit_door", &answers, id, None)).await;
    assert_eq!((&again["replayed"], &again["parts"]), (&json!(true), &receipt["parts"]));
    let other = w.one(knock(case, "no_answer", id, None)).await;
    assert_eq!(other["reason"], "id-reused");
    assert_eq!(w.case(case).await["visits"].as_array().unwrap().len(), 1);
    w.app.recount().await;
}

#[tokio::test]
async fn corrections_end_alike_in_whatever_order_they_come() {
    let w = world().await;
    for (n, order) in [[0, 1, 2], [2, 0, 1], [2, 1, 0], [1, 2, 0]].into_iter().enumerate() {
        let case = w.app.survey.case(n);
        let ids: Vec<Uuid> = (0..3).map(|_| Uuid::new_v4()).collect();
        let form = |k: usize| {
            let (rooms, case) = ((k + 1).to_string(), case.to_string());
            let answers = [
                ("start", "2020-11-09T19:00:00+08:00"),
                ("door", case.as_str()),
                ("outcome", "interview_complete"),
                ("rooms", rooms.as_str()),
            ];
            filled("kit_door", &answers, ids[k], k.checked_sub(1).map(|before| ids[before]))
        };
        for k in order {
            let receipt = w.one(form(k)).await;
            assert_ne!(receipt["status"], "refused", "{order:?}: {receipt}");
        }
        let shown = w.case(case).await;
        assert_eq!(shown["visits"].as_array().unwrap().len(), 1, "{order:?}");
        let current: Vec<&Value> =
            shown["interviews"].as_array().unwrap().iter().filter(|i| i["current"] == true).collect();
        assert_eq!(current.len(), 1, "{order:?}: {shown}");
        assert_eq!(
            (&current[0]["revision"], &current[0]["household"]["rooms"]),
            (&json!(3), &json!(3)),
            "{order:?}"
        );
        for id in &ids {
            assert_eq!(w.submission(*id).await["status"], "accepted", "{order:?}");
        }
    }
    w.app.recount().await;
}

#[tokio::test]
async fn a_second_correction_of_one_form_waits_for_a_supervisor() {
    let w = world().await;
    let case = w.app.survey.case(0);
    let (first, a, b) = (Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4());
    w.one(knock(case, "no_answer", first, None)).await;
    assert_eq!(w.one(knock(case, "no_answer", a, Some(first))).await["status"], "accepted");
    let forked = w.one(knock(case, "no_answer", b, Some(first))).await;
    assert_eq!((&forked["status"], &forked["reason"]), (&json!("held"), &json!("edit-forked")));

    let decided = w
        .office
        .post(&format!("/v1/held/{b}/decision"), &json!({"decision": "accept", "note": ""}))
        .await
        .ok();

    assert_eq!(decided["status"], "accepted");
    let shown = w.submission(b).await;
    assert_eq!((&shown["status"], &shown["revision"]), (&json!("accepted"), &json!(3)));
    assert_eq!(w.case(case).await["visits"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_visit_told_otherwise_takes_the_place_of_the_first_only_by_decision() {
    let w = world().await;
    let case = w.app.survey.case(0);
    let (first, edit) = (Uuid::new_v4(), Uuid::new_v4());
    w.one(knock(case, "no_answer", first, None)).await;
    let receipt = w.one(knock(case, "refusal_soft", edit, Some(first))).await;
    assert_eq!((&receipt["status"], &receipt["reason"]), (&json!("held"), &json!("visit-corrected")));
    let told = |shown: &Value| -> Vec<String> {
        let visits = shown["visits"].as_array().unwrap().iter().filter(|v| v["voided"] == false);
        visits.map(|v| v["outcome"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(told(&w.case(case).await), ["no_answer"]);

    let visit = part(edit, "visit");
    w.office
        .post(&format!("/v1/held/{visit}/decision"), &json!({"decision": "accept", "note": ""}))
        .await
        .ok();

    assert_eq!(told(&w.case(case).await), ["refusal_soft"]);
    w.app.recount().await;
}

#[tokio::test]
async fn what_waits_for_a_form_counts_with_its_numbers_once_it_is_published() {
    let w = world().await;
    let (case, id) = (w.app.survey.case(0), Uuid::new_v4());
    let text = knock(case, "no_answer", id, None).to_string().replace("kit_door", "later");
    let receipt = w.one(serde_json::from_str(&text).unwrap()).await;
    assert_eq!((&receipt["status"], &receipt["reason"]), (&json!("held"), &json!("unknown-form")));
    assert_eq!(w.office.get("/v1/held").await.ok()["items"][0]["type"], "submission");
    // It cannot be accepted by hand: nobody knows what it says.
    let refused =
        w.office.post(&format!("/v1/held/{id}/decision"), &json!({"decision": "accept", "note": ""})).await;
    refused.problem(409, "not-possible-now");

    let reply = upload(&w.admin, "role=visit&collect=false", &xform("later", "1", &DOOR)).await;
    assert!(reply.status.is_success(), "{}", reply.text());
    assert_eq!(w.submission(id).await["status"], "held", "a draft frees nothing");
    post(&w.admin, "/v1/forms/later/1/publish").await.ok();

    assert_eq!(w.submission(id).await["status"], "accepted");
    assert_eq!(w.case(case).await["visits"][0]["id"], part(id, "visit"));
    // Closed, its submissions wait; opened again they count.
    post(&w.admin, "/v1/forms/later/close").await.ok();
    let next = Uuid::new_v4();
    let text = knock(w.app.survey.case(1), "no_answer", next, None).to_string().replace("kit_door", "later");
    assert_eq!(w.one(serde_json::from_str(&text).unwrap()).await["reason"], "form-closed");
    post(&w.admin, "/v1/forms/later/open").await.ok();
    assert_eq!(w.submission(next).await["status"], "accepted");
    w.app.recount().await;
}

#[tokio::test]
async fn sheets_are_counted_for_doors_that_are_done() {
    let w = world().await;
    let (case, other) = (w.app.survey.case(0), w.app.survey.case(1));
    let sheet = |case: Uuid, id: Uuid, replaces: Option<Uuid>| {
        filled("kit_sheet", &[("door", &case.to_string()), ("lift", "yes")], id, replaces)
    };
    assert_eq!(w.done().await, (0, 0));
    let (first, edit) = (Uuid::new_v4(), Uuid::new_v4());
    let receipt = w.one(sheet(case, first, None)).await;
    assert_eq!(receipt["parts"][0]["id"], part(first, "answers"), "{receipt}");
    assert_eq!(w.case(case).await["state"], "new", "a sheet completes no door");
    assert_eq!(w.done().await, (0, 0));
    w.app.recount().await;

    w.one(knock(case, "interview_complete", Uuid::new_v4(), None)).await;
    let complete = |case: Uuid| {
        let case = case.to_string();
        filled(
            "kit_door",
            &[("door", &case), ("outcome", "interview_complete"), ("rooms", "2")],
            Uuid::new_v4(),
            None,
        )
    };
    w.one(complete(case)).await;
    assert_eq!(w.done().await, (1, 1));
    w.one(complete(other)).await;
    assert_eq!(w.done().await, (1, 2));
    // A correction that names another door takes the sheet along.
    w.one(sheet(other, edit, Some(first))).await;
    assert_eq!(w.done().await, (1, 2));
    assert!(w.case(case).await["answers"].as_array().unwrap().iter().all(|s| s["current"] == false));
    assert_eq!(w.case(other).await["answers"][0]["revision"], 2);
    w.app.recount().await;
}

#[tokio::test]
async fn a_sheet_waits_for_its_door_like_any_record() {
    let w = world().await;
    let door = dwelling(A1, "1201");
    let id = Uuid::new_v4();
    let sheet = filled("kit_sheet", &[("door", &id_of(&door).to_string()), ("lift", "no")], id, None);
    let receipt = w.one(sheet).await;
    assert_eq!((&receipt["status"], &receipt["reason"]), (&json!("held"), &json!("unknown-case")));
    let held = w.office.get("/v1/held").await.ok();
    assert_eq!(
        (&held["items"][0]["type"], &held["items"][0]["id"]),
        (&json!("answers"), &json!(part(id, "answers")))
    );

    w.phone.accepted(&[door]).await;

    assert_eq!(w.submission(id).await["status"], "accepted");
    assert_eq!(w.office.get("/v1/held").await.ok()["items"], json!([]));
}

#[tokio::test]
async fn one_part_that_cannot_be_used_harms_no_other() {
    let w = world().await;
    let (case, id) = (w.app.survey.case(0).to_string(), Uuid::new_v4());
    let answers = [("door", case.as_str()), ("outcome", "all_fine"), ("rooms", "3")];
    let receipt = w.one(filled("kit_door", &answers, id, None)).await;
    assert_eq!(
        (&receipt["status"], &receipt["reason"], &receipt["pointer"], &receipt["label"]),
        (&json!("refused"), &json!("unknown-outcome"), &json!("/data/outcome"), &json!("outcome"))
    );
    assert_eq!(receipt["parts"][1]["status"], "accepted", "{receipt}");
    assert_eq!(w.submission(id).await["status"], "refused");
    w.app.recount().await;
}

#[tokio::test]
async fn a_foreign_instance_is_answered_like_a_new_one() {
    let w = world().await;
    let far = w.app.device("eb1").await;
    let id = Uuid::new_v4();
    let own = w.one(knock(w.app.survey.case(0), "no_answer", id, None)).await;
    assert_eq!(own["status"], "accepted");
    let door = dwelling(B1, "77");
    far.accepted(std::slice::from_ref(&door)).await;
    let theirs = far.send(&[knock(id_of(&door), "no_answer", id, None)]).await["receipts"][0].clone();
    assert_eq!(
        (&theirs["status"], &theirs["replayed"], &theirs["id"]),
        (&json!("accepted"), &json!(false), &json!(id))
    );
    assert_eq!(w.case(w.app.survey.case(0)).await["visits"].as_array().unwrap().len(), 1);
    far.client.get(&format!("/v1/submissions/{id}")).await.ok();
}

#[tokio::test]
async fn a_found_door_comes_of_a_form() {
    let w = world().await;
    let id = Uuid::new_v4();
    let receipt =
        w.one(filled("kit_found", &[("area", A1), ("building", "78"), ("room", "9")], id, None)).await;
    assert_eq!(receipt["parts"][0]["id"], part(id, "dwelling"), "{receipt}");
    let case: Uuid = receipt["case"]["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(w.case(case).await["room"], "9");
    let door = part(id, "dwelling");
    let sheet = filled("kit_sheet", &[("door", &door), ("lift", "no")], Uuid::new_v4(), None);
    assert_eq!(w.one(sheet).await["case"]["id"], case.to_string());
    w.app.recount().await;
}
