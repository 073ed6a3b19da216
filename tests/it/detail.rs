//! One door in detail: everything about it, as far as the reader may see.

use serde_json::json;

use crate::support::record::{at, interview_with, person, visit_at, with};
use crate::support::{App, Survey};

#[tokio::test]
async fn a_door_shows_its_state_why_and_every_visit() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let case = app.survey.case(0);
    let appointment = json!({"from": at(12, "19:00"), "to": at(12, "20:00")});
    let first = with(visit_at(case, "no_answer", &at(5, "10:00")), "note", "狗叫");
    let second = with(visit_at(case, "appointment_made", &at(6, "19:10")), "appointment", appointment);
    let answer = phone.accepted(&[second.clone(), first.clone()]).await;

    let door = app.staff("sa").await.get(&format!("/v1/cases/{case}")).await.ok();

    let parts = [
        "id",
        "address",
        "area",
        "building",
        "unit",
        "floor",
        "room",
        "position",
        "state",
        "why",
        "why_zh",
        "flags",
        "counted",
        "unmet",
        "untried",
        "proxy_allowed",
        "next",
        "appointment",
        "visits",
        "interviews",
        "links",
        "assignments",
        "decisions",
    ];
    for part in parts {
        assert!(door.get(part).is_some(), "{part} of {door}");
    }
    assert_eq!(door["state"], "appointment");
    assert_eq!(door["counted"], json!({"attempts": 2, "days": 2, "bands": 2, "evening": 1, "weekend": 0}));
    assert_eq!(door["unmet"], json!(["attempts", "days", "weekend"]));
    assert_eq!(door["appointment"], json!({"from": "2020-11-12T11:00:00Z", "to": "2020-11-12T12:00:00Z"}));
    assert_eq!(door["next"]["action"], "visit_at");
    let visits = door["visits"].as_array().unwrap();
    assert_eq!(visits[0]["id"], first["id"]);
    assert_eq!(
        (&visits[0]["at"], &visits[0]["event_at"], &visits[0]["received_at"]),
        (&json!(at(5, "10:00")), &json!("2020-11-05T02:00:00Z"), &answer["received_at"])
    );
    assert_eq!((&visits[0]["enumerator"], &visits[0]["counted"]), (&json!("ea1"), &json!(true)));
    assert_eq!((&visits[0]["device_id"], &visits[0]["batch_id"]), (&json!(phone.id), &answer["batch_id"]));
    assert_eq!(visits[0]["note"], "狗叫");
}

#[tokio::test]
async fn an_enumerator_sees_the_people_of_own_interviews_for_a_week_and_of_others_none() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let (own, mate) = (app.device("ea1").await, app.device("ea2").await);
    let case = app.survey.case(0);
    let mut spouse = person(2, "李明", "spouse");
    for (item, value) in [("stayed_at", 1), ("registered_at", 4), ("time_away", 3)] {
        spouse[item] = json!(value);
    }
    spouse["ethnicity"] = json!("01");
    let talk = with(
        interview_with(case, vec![person(1, "欧阳秀英", "head"), spouse]),
        "address_text",
        "6号楼2单元301",
    );
    own.accepted(&[talk]).await;
    let path = format!("/v1/cases/{case}");

    let seen = own.get(&path).await;
    assert_eq!(seen["interviews"][0]["persons"][0]["name"], "欧阳秀英");
    assert_eq!(seen["interviews"][0]["household"]["n_stayed"], 2);
    let items =
        json!({"stayed_here": true, "stayed_at": 1, "registered_at": 4, "time_away": 3, "ethnicity": "01"});
    for (item, value) in items.as_object().unwrap() {
        assert_eq!(&seen["interviews"][0]["persons"][1][item], value, "a correction begins from {item}");
    }
    let outline = mate.get(&path).await;
    assert!(!outline.to_string().contains("欧阳"), "{outline}");
    let interview = &outline["interviews"][0];
    assert_eq!((&interview["n_persons"], &interview["persons"]), (&json!(2), &json!([])));
    assert_eq!((&interview["enumerator"], &interview["result"]), (&json!("ea1"), &json!("complete")));
    for part in ["household", "address_text", "answers"] {
        assert!(interview.get(part).is_none_or(serde_json::Value::is_null), "{part} of {interview}");
    }
    let staff = app.staff("sa").await.get(&path).await.ok();
    assert_eq!(staff["interviews"][0]["persons"][1]["name"], "李明");

    app.clock.advance(7 * 24 * 60 + 1);
    let later = own.get(&path).await;
    assert!(!later.to_string().contains("欧阳"), "a week has passed: {later}");
}

#[tokio::test]
async fn flags_are_told_as_of_the_reading_time() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let case = app.survey.case(0);
    let appointment = json!({"from": at(10, "19:00"), "to": at(10, "20:00")});
    phone
        .accepted(&[with(visit_at(case, "appointment_made", &at(9, "10:00")), "appointment", appointment)])
        .await;
    let path = format!("/v1/cases/{case}");
    assert_eq!(phone.get(&path).await["flags"], json!([]));
    app.clock.set("2020-11-10T20:31:00+08:00");
    assert_eq!(phone.get(&path).await["flags"], json!(["appointment_missed"]));
    assert_eq!(phone.get(&path).await["state"], "appointment", "a flag never changes the state");
}
