//! Login names compare as values: S01 is s01, wherever a name is given.

use doorknock::ingest::Error;
use doorknock::ingest::setup::Mode;
use serde_json::json;

use super::{code, lend, listed, login, password};
use crate::support::survey::{A, A1};
use crate::support::{App, Survey, id};

#[tokio::test]
async fn a_name_is_found_however_it_is_written() {
    let app = App::new(Survey::with_dwellings(4)).await;
    assert!(password(&app, "SA", "correct horse").await);
    for written in ["sa", "Sa", "SA", " sa ", "ＳＡ"] {
        assert_eq!(login(&app, written, "correct horse").await.ok()["user"], "sa", "{written}");
    }
    login(&app, "s a", "correct horse").await.problem(401, "wrong-login");
    let root = app.staff("root").await;
    let given = lend(&root, json!([{"area": A1, "enumerator": "EA1"}])).await;
    assert_eq!(given["results"][0]["doors"], 4);
    assert!(listed(&root, "open").await.iter().all(|a| a["enumerator"] == "ea1"));
    let plan = root.get(&format!("/v1/plan?area={A}&on=2020-11-11&enumerator=Ea1")).await.ok();
    assert_eq!(plan["enumerators"][0]["user"], "ea1");
    let shift = json!({"shifts": [{"user": "EA1", "on": "2020-11-12", "spans": []}]});
    assert_eq!(root.post("/v1/shifts", &shift).await.ok()["items"][0]["user"], "ea1");
    let what_if = json!({"area": A, "on": "2020-11-11", "exclude": ["EA1"]});
    let absent = root.post("/v1/plan", &what_if).await.ok();
    let sheets = absent["enumerators"].as_array().unwrap();
    assert!(sheets.iter().all(|s| s["user"] != "ea1" || s["stops"].as_array().unwrap().is_empty()));
    let moved = lend(&root, json!([{"held_by": "eA1", "enumerator": "EA2"}])).await;
    assert_eq!(moved["results"][0]["doors"], 4);
    let lines = root.get("/v1/audit?user=ROOT&action=assign").await.ok()["items"].clone();
    assert_eq!(lines.as_array().unwrap().len(), 2, "{lines}");
    assert_eq!(lines[0]["detail"]["to"], json!(["ea2"]), "noted as it is stored");
    let form = json!({"code": code(&app, "EA1").await.unwrap(), "device_id": id(), "model": "x"});
    assert_eq!(app.anyone().post("/v1/enrol", &form).await.ok()["enumerator"], "ea1");
}

#[tokio::test]
async fn guessing_one_password_under_many_writings_is_one_guesser() {
    let app = App::new(Survey::with_dwellings(1)).await;
    assert!(password(&app, "sa", "correct horse").await);
    let mut tries = 0;
    for n in 0..32_u32 {
        let written: String = "saxyz"
            .chars()
            .take(2)
            .enumerate()
            .map(|(i, c)| if n >> i & 1 == 1 { c.to_ascii_uppercase() } else { c })
            .collect();
        if login(&app, &written, "wrong").await.status == 429 {
            break;
        }
        tries += 1;
    }
    assert!(tries <= 12, "{tries} guesses");
}

#[tokio::test]
async fn a_list_that_writes_a_name_otherwise_means_the_same_person() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let (phone, boss) = (app.device("ea1").await, app.staff("sa").await);
    lend(&boss, json!([{"area": A1, "enumerator": "ea1"}])).await;
    assert!(password(&app, "sa", "correct horse").await);
    let mut upper = app.survey.clone();
    upper.staff.iter_mut().for_each(|s| s.0 = s.0.to_uppercase());

    let report = app.load(&upper).await;

    assert!(report.staff.left.is_empty() && report.staff.losses.is_empty(), "{report:?}");
    assert_eq!(report.staff.respelled.len(), upper.staff.len());
    phone.get("/v1/changes").await;
    assert_eq!(listed(&boss, "open").await.len(), 2);
    login(&app, "SA", "correct horse").await.ok();
    assert_eq!(app.count("select count(*) from staff").await, i64::try_from(upper.staff.len()).unwrap());
    // A second survey means the same people too.
    let second = upper.named("census-second");
    app.load(&second).await;
    let form = json!({"user": "sa", "password": "correct horse", "survey": "census-second"});
    app.anyone().post("/v1/login", &form).await.ok();
    app.recount().await;
}

#[tokio::test]
async fn two_people_cannot_differ_by_the_case_of_letters() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let mut twins = app.survey.clone();
    twins.staff.push(("EA1".to_owned(), "enumerator".to_owned(), A.to_owned()));
    let Ok(setup) = doorknock::setup::read(&twins.files(), &mut |_| {}) else { return };
    let ingest = &app.shared.ingest;
    let done = std::sync::Arc::new(|_| {});
    let refused = ingest.load_setup(std::sync::Arc::new(setup), Mode::Try, app.clock.now(), done).await;
    let Err(Error::Setup(lines)) = refused else { panic!("it was taken") };
    assert!(lines[0].contains("EA1") && lines[0].contains("ea1"), "{lines:?}");
}

#[tokio::test]
async fn people_stored_under_two_writings_before_names_were_values_stay_two() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let client = app.db.client().await;
    // As an older program stored them.
    client
        .batch_execute(
            "update staff set user_key = null where user_name = 'sa';
             insert into staff (district_id, survey_no, user_name, name, role, area, shifts, is_active)
             select district_id, survey_no, 'SA', 'Another', 'supervisor', area, '{}', true from staff where user_name = 'sb'",
        )
        .await
        .unwrap();
    assert!(password(&app, "sa", "correct horse").await && password(&app, "SA", "battery staple").await);
    assert_eq!(login(&app, "sa", "correct horse").await.ok()["user"], "sa");
    assert_eq!(login(&app, "SA", "battery staple").await.ok()["user"], "SA");
    login(&app, "SA", "correct horse").await.problem(401, "wrong-login");
    // A list that names one of them says who is meant.
    app.load(&app.survey).await;
    assert_eq!(login(&app, "sa", "correct horse").await.ok()["user"], "sa");
    login(&app, "SA", "battery staple").await.problem(401, "wrong-login");
}
