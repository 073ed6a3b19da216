//! Set-up: run again it adds, corrects and never harms what the field has touched.

use doorknock::domain::State;
use doorknock::ingest::Error;
use doorknock::ingest::setup::Mode;
use doorknock::setup::Answer;
use serde_json::json;

use crate::support::record::{at, visit_at};
use crate::support::survey::{A, A1, A2, B1, DISTRICT};
use crate::support::{App, Survey, interview, visit};

/// Everything that a set-up writes, as one text.
async fn state(app: &App) -> String {
    let client = app.db.client().await;
    let mut all = String::new();
    for table in ["survey", "policy_version", "area", "staff", "building", "dwelling", "survey_case"] {
        let sql = format!("select coalesce(string_agg(t::text, E'\\n' order by t::text), '') from {table} t");
        let text: String = client.query_one(&sql, &[]).await.unwrap().get(0);
        all.push_str(&text);
        all.push('\n');
    }
    all
}

#[tokio::test]
async fn the_same_set_up_again_changes_nothing() {
    let app = App::new(Survey::with_dwellings(9).doors(B1, 2)).await;
    app.device("ea1").await.accepted(&[visit(app.survey.case(0), "no_answer")]).await;
    let before = state(&app).await;

    let report = app.load(&app.survey).await;

    assert!(!report.is_new && !report.policy_changed);
    let doors = &report.doors;
    assert_eq!((doors.added, doors.changed, doors.cases, doors.removed, doors.kept), (0, 0, 0, 0, 0));
    assert_eq!(report.totals, (11, 11, 3));
    assert_eq!(state(&app).await, before);
    app.recount().await;
}

#[tokio::test]
async fn the_same_moment_twice_counts_nothing_twice() {
    let app = App::new(Survey::with_dwellings(3)).await;
    app.load_at(&app.survey, "2020-10-31T12:00:00+08:00").await;
    app.recount().await;
    app.load_at(&app.survey.clone().doors(A2, 2), "2020-10-31T12:00:00+08:00").await;
    app.recount().await;
}

#[tokio::test]
async fn a_dry_run_says_what_would_happen_and_leaves_everything() {
    let app = App::new(Survey::with_dwellings(4)).await;
    let before = state(&app).await;
    let mut wider = app.survey.clone().doors(A2, 3).policy("[closing]\nmax_attempts = 9");
    wider.doors.remove(0);

    let report = app.try_load(&wider, Mode::Try, app.clock.now()).await.unwrap();

    assert_eq!((report.doors.added, report.doors.removed, report.policy_changed), (3, 1, true));
    assert_eq!(state(&app).await, before);
    assert_eq!(app.survey.slug, "census-test");
    app.recount().await;
}

#[tokio::test]
async fn a_door_that_left_the_list_goes_unless_somebody_touched_it() {
    let app = App::new(Survey::with_dwellings(6)).await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sa").await);
    let case = |n| app.survey.case(n);
    phone.accepted(&[visit(case(0), "no_answer"), interview(case(1))]).await;
    let cancel = json!({"decision": "cancel", "reason": "x"});
    staff.post(&format!("/v1/cases/{}/decisions", case(2)), &cancel).await.ok();
    let lend = json!({"assignments": [{"case_id": case(3), "enumerator": "ea1"}]});
    staff.post("/v1/assignments", &lend).await.ok();
    let mut empty = app.survey.clone();
    empty.doors.truncate(1);
    empty.doors[0].room = "999".to_owned();

    let report = app.load(&empty).await;

    assert_eq!((report.doors.removed, report.doors.kept, report.doors.added), (2, 4, 1));
    assert_eq!(report.totals.0, 5);
    assert_eq!(staff.get(&format!("/v1/cases/{}", case(0))).await.ok()["state"], "in_progress");
    staff.get(&format!("/v1/cases/{}", case(5))).await.problem(404, "not-found");
    let back = app.load(&app.survey).await;
    assert_eq!(back.totals.0, 6, "the corrected list again, without the door that was a mistake");
    app.recount().await;
}

#[tokio::test]
async fn a_changed_policy_folds_every_case_again() {
    let app = App::new(Survey::with_dwellings(3)).await;
    let phone = app.device("ea1").await;
    let records: Vec<_> = (2..4)
        .map(|day| visit_at(app.survey.case(0), "no_answer", &at(day, "10:00")))
        .chain([visit(app.survey.case(1), "no_answer")])
        .collect();
    phone.accepted(&records).await;

    let report = app
        .load(
            &app.survey
                .clone()
                .policy("[closing]\nmax_attempts = 2\nmin_attempts = 2\nmin_distinct_days = 1"),
        )
        .await;

    assert!(report.policy_changed);
    assert_eq!(report.moved, [(State::InProgress, State::Exhausted, 1)]);
    assert_eq!(phone.get(&format!("/v1/cases/{}", app.survey.case(0))).await["state"], "exhausted");
    assert_eq!(app.count("select count(*) from policy_version").await, 2);
    let back = app.load_with(&app.survey, &[Answer::DefaultPolicy]).await;
    assert_eq!((back.policy_version, back.moved), (3, vec![(State::Exhausted, State::InProgress, 1)]));
    app.recount().await;
}

#[tokio::test]
async fn the_tree_may_change_under_the_doors() {
    let app = App::new(Survey::with_dwellings(3).doors(A2, 2).doors(B1, 2)).await;
    app.device("ea1")
        .await
        .accepted(&[interview(app.survey.case(0)), visit(app.survey.case(3), "no_answer")])
        .await;
    app.store().fold_deltas(app.key().await, 3).await.unwrap();
    let mut moved = app.survey.clone();
    // A new level between, and the second estate moves to the other community.
    moved.areas.insert(2, ("410181001-00".into(), A.into(), "quarter".into(), "Old town".into()));
    for area in &mut moved.areas {
        if area.0 == A1 {
            area.1 = "410181001-00".into();
        } else if area.0 == A2 {
            area.1 = crate::support::survey::B.into();
        }
    }

    app.load(&moved).await;

    let cases = async |user: &str, area: &str| {
        app.staff(user).await.get(&format!("/v1/completion?area={area}")).await.ok()["total"]["cases"].clone()
    };
    assert_eq!(cases("sa", A).await, 3);
    assert_eq!(cases("sa", "410181001-00").await, 3);
    assert_eq!(cases("sb", crate::support::survey::B).await, 4);
    assert_eq!(cases("sall", DISTRICT).await, 7);
    let rows = app.staff("sb").await.get("/v1/cases").await.ok();
    assert_eq!(rows["items"].as_array().unwrap().len(), 4);
    app.recount().await;
}

#[tokio::test]
async fn an_area_with_visits_cannot_be_left_out() {
    let app = App::new(Survey::with_dwellings(2).doors(A2, 2)).await;
    app.device("ea1").await.accepted(&[visit(app.survey.case(2), "no_answer")]).await;
    let mut smaller = app.survey.clone();
    smaller.areas.retain(|a| a.0 != A2);
    smaller.doors.retain(|d| d.area != A2);
    smaller.staff.retain(|s| s.2 != A2);

    let refused = app.try_load(&smaller, Mode::Apply, app.clock.now()).await;

    let Err(Error::Setup(lines)) = refused else { panic!("it was taken") };
    assert!(lines[0].contains(A2), "{lines:?}");
    assert_eq!(app.count("select count(*) from survey_case").await, 4);
    let mut without = app.survey.clone();
    without.areas.retain(|a| a.0 != B1);
    app.load(&without).await;
    assert_eq!(app.count("select count(*) from area").await, 5);
    app.recount().await;
}

#[tokio::test]
async fn a_door_that_becomes_a_business_loses_its_case_unless_touched() {
    let app = App::new(Survey::with_dwellings(2)).await;
    app.device("ea1").await.accepted(&[visit(app.survey.case(0), "no_answer")]).await;
    let mut changed = app.survey.clone();
    changed.doors.iter_mut().for_each(|d| d.kind = "business".to_owned());
    app.load(&changed).await;
    assert_eq!(app.count("select count(*) from survey_case").await, 1);
    app.load(&app.survey).await;
    assert_eq!(app.count("select count(*) from survey_case").await, 2);
    app.recount().await;
}

#[tokio::test]
async fn a_door_found_in_the_field_stays_when_set_up_does_not_list_it() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let answer = phone.accepted(&[crate::support::dwelling(A1, "77")]).await;
    app.load(&app.survey).await;
    let case = answer["receipts"][0]["case"]["id"].as_str().unwrap();
    assert_eq!(phone.get(&format!("/v1/cases/{case}")).await["state"], "new");
    app.recount().await;
}

#[tokio::test]
async fn several_surveys_of_one_district_do_not_know_each_other() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let second = Survey::with_dwellings(2).named("census-second");
    app.load_at(&second, "2020-10-31T12:00:00+08:00").await;
    let (one, two) = (app.device("ea1").await, app.device_in("census-second", "ea1").await);
    assert_ne!(app.survey.case(0), second.case(0));
    let record = visit(app.survey.case(0), "no_answer");
    one.accepted(std::slice::from_ref(&record)).await;

    // The same ids in another survey are other records, and the other survey's cases are unknown ones.
    let answer = two.send(&[record, visit(second.case(0), "vacant")]).await;
    assert_eq!(crate::support::record::statuses(&answer), ["held", "accepted"]);
    let batch = one.batch(&[visit(app.survey.case(1), "no_answer")]);
    two.post(&batch).await.problem(404, "unknown-survey");
    two.client.get(&format!("/v1/cases/{}", app.survey.case(0))).await.problem(404, "not-found");
    let states: Vec<_> = two.get("/v1/cases").await["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["state"].to_string())
        .collect();
    assert!(
        states.contains(&"\"verify\"".to_owned()) && states.contains(&"\"new\"".to_owned()),
        "{states:?}"
    );
    app.recount().await;
}

#[tokio::test]
async fn a_survey_never_changes_its_district() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let mut files = app.survey.files();
    let toml = String::from_utf8(files.0["survey.toml"].clone()).unwrap().replace("410181", "410182");
    files.put("survey.toml", toml);
    let setup = std::sync::Arc::new(doorknock::setup::read(&files, &mut |_| {}).unwrap());
    let ingest = &app.shared.ingest;
    let refused = ingest.load_setup(setup, Mode::Apply, app.clock.now(), std::sync::Arc::new(|_| {})).await;
    assert!(matches!(refused, Err(Error::Setup(_))));
}
