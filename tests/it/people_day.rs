//! What people did on a day: counted from evidence in force, by who did it and by the clock of the field.

use serde_json::{Value, json};

use crate::support::record::{at, visit_at, with};
use crate::support::survey::{A1, A2, B};
use crate::support::{App, Survey, interview};

#[tokio::test]
async fn a_day_counts_knocks_contacts_interviews_and_hours_of_each() {
    let app = App::new(Survey::with_dwellings(8).doors(A2, 1)).await;
    let (one, other, staff) = (app.device("ea1").await, app.device("ea2").await, app.staff("sa").await);
    let case = |n| app.survey.case(n);
    let twin = visit_at(case(1), "no_answer", &at(9, "18:30"));
    let voided = visit_at(case(4), "no_answer", &at(9, "19:10"));
    one.accepted(&[
        visit_at(case(0), "no_answer", &at(9, "18:00")),
        twin.clone(),
        visit_at(case(1), "no_answer", &at(9, "18:31")),
        visit_at(case(2), "refusal_hard", &at(9, "18:50")),
        visit_at(case(3), "respondent_away", &at(9, "21:00")),
        voided.clone(),
        with(visit_at(case(5), "no_answer", &at(9, "19:20")), "channel", "telephone"),
        visit_at(case(0), "no_answer", &at(8, "18:00")),
        with(interview(case(6)), "at", at(9, "19:30")),
        with(with(interview(case(7)), "at", at(9, "19:40")), "result", "partial"),
        with(interview(case(3)), "at", at(8, "19:40")),
    ])
    .await;
    other.accepted(&[visit_at(case(8), "appointment_made", &at(9, "10:00"))]).await;
    let void = json!({"decision": "void", "visit": voided["id"], "reason": "never made"});
    staff.post(&format!("/v1/cases/{}/decisions", case(4)), &void).await.ok();
    // Who holds the doors now makes no difference.
    let lend = json!({"assignments": [{"case_id": case(0), "enumerator": "ea2"}]});
    staff.post("/v1/assignments", &lend).await.ok();

    let answer = staff.get("/v1/people?on=2020-11-09").await.ok();
    let of =
        |user: &str| answer["items"].as_array().unwrap().iter().find(|i| i["user"] == user).unwrap().clone();
    let counts = |day: &Value| {
        ["knocks", "contacts", "interviews", "completed", "refusals", "minutes"]
            .map(|n| day[n].as_i64().unwrap())
    };
    // 18:00, 18:30 (its twin not), 18:50, 21:00: the long pause is no work.
    assert_eq!(counts(&of("ea1")), [4, 2, 2, 1, 1, 50], "{answer:#}");
    assert_eq!(
        (&of("ea1")["first_at"], &of("ea1")["last_at"]),
        (&json!("2020-11-09T10:00:00Z"), &json!("2020-11-09T13:00:00Z"))
    );
    assert_eq!(counts(&of("ea2")), [1, 1, 0, 0, 0, 0]);
    assert_eq!(counts(&answer["total"])[..5], [5, 3, 2, 1, 1]);
    assert_eq!((&of("ea2")["doors_held"], &of("ea3")["knocks"]), (&json!(1), &json!(0)));
    let leaf = staff.get(&format!("/v1/people?on=2020-11-09&area={A1}")).await.ok();
    assert_eq!(leaf["total"]["knocks"], 4, "only what was done in the area");
    let before = staff.get("/v1/people?on=2020-11-08").await.ok();
    assert_eq!((&before["total"]["knocks"], &before["total"]["completed"]), (&json!(1), &json!(1)));
    staff.get(&format!("/v1/people?area={B}")).await.problem(404, "not-found");
    one.client.get("/v1/people").await.problem(403, "wrong-role");
}
