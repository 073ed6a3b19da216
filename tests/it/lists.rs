//! Lists that cannot be the whole truth: nothing of them is applied until somebody has said that they are meant.

use doorknock::ingest::Error;
use doorknock::ingest::setup::{Load, Mode};
use doorknock::setup::{Answer, Question};
use doorknock::store::load::Column;
use serde_json::json;

use crate::support::pages::Pages;
use crate::support::record::{at, visit_at};
use crate::support::survey::{A1, A2, B1};
use crate::support::{App, Survey, interview, visit};

/// 24 doors in one estate, 16 in another.
async fn forty() -> App {
    App::new(Survey::with_dwellings(24).doors(A2, 16)).await
}

async fn cases(app: &App) -> i64 {
    app.count("select count(*) from survey_case").await
}

#[tokio::test]
async fn a_list_without_a_door_removes_nothing() {
    let app = forty().await;
    let mut empty = app.survey.clone();
    empty.doors.clear();
    assert_eq!(app.asked(&empty).await, [Question::NoDoors { there: 40 }]);
    assert_eq!(cases(&app).await, 40);

    app.device("ea1").await.accepted(&[visit(app.survey.case(3), "no_answer")]).await;
    let report = app.load_with(&empty, &[Answer::Remove]).await;

    assert_eq!((report.doors.removed, report.doors.kept, cases(&app).await), (39, 1, 1));
    app.recount().await;
    assert_eq!(app.asked(&empty).await, [Question::NoDoors { there: 1 }], "it is asked each time");
}

#[tokio::test]
async fn a_list_that_lacks_much_is_asked_about_with_the_places() {
    let app = forty().await;
    let case = app.survey.case(30);
    app.device("ea1").await.accepted(&[visit(case, "no_answer")]).await;
    let mut half = app.survey.clone();
    half.doors.drain(2..28);

    let asked = app.asked(&half).await;

    let places = [(A1.to_owned(), "2".to_owned(), 8), (A1.to_owned(), "3".to_owned(), 8)];
    let Question::DoorsGone { removed: 26, kept: 0, there: 40, places: found } = &asked[0] else {
        panic!("{asked:?}")
    };
    assert_eq!(found[..2], places[..]);
    assert_eq!(cases(&app).await, 40);
    assert_eq!(app.load_with(&half, &[Answer::Remove]).await.doors.removed, 26);
    app.recount().await;
}

#[tokio::test]
async fn a_few_doors_or_less_than_a_quarter_go_without_a_question() {
    let app = forty().await;
    let mut fewer = app.survey.clone();
    fewer.doors.truncate(20);
    assert_eq!(app.load(&fewer).await.doors.removed, 20, "no more than twenty");
    let large = app.survey.clone().doors(B1, 120);
    app.load(&large).await;
    let mut fewer = large.clone();
    fewer.doors.truncate(120);
    assert_eq!(app.load(&fewer).await.doors.removed, 40, "no more than a quarter");
    fewer.doors.truncate(89);
    assert!(matches!(app.asked(&fewer).await[..], [Question::DoorsGone { removed: 31, there: 120, .. }]));
    app.recount().await;
}

#[tokio::test]
async fn a_column_that_is_damaged_throughout_removes_nothing() {
    let app = forty().await;
    let mut business = app.survey.clone();
    business.doors.iter_mut().for_each(|d| d.kind = "business".to_owned());
    assert!(matches!(app.asked(&business).await[..], [Question::DoorsGone { removed: 40, .. }]));
    assert_eq!(cases(&app).await, 40);
}

/// What the list says nothing about stays as it is known.
#[tokio::test]
async fn a_column_without_any_value_erases_nothing() {
    let app = App::new(Survey::with_dwellings(3).numbered()).await;
    let blank = app.survey.files();
    let text = String::from_utf8(blank.0["dwellings.csv"].clone()).unwrap();
    let mut bare = String::new();
    for (n, line) in text.lines().enumerate() {
        let c: Vec<&str> = line.split(',').collect();
        let line =
            if n == 0 { c[..8].join(",") } else { [c[0], c[1], c[2], "", c[4], c[5], "", ""].join(",") };
        bare.push_str(&(line + "\n"));
    }
    let mut files = app.survey.files();
    files.put("dwellings.csv", bare);
    let setup = std::sync::Arc::new(doorknock::setup::read(&files, &mut |_| {}).unwrap());
    let ingest = &app.shared.ingest;
    let load = ingest.load_setup(setup, Mode::Apply, app.clock.now(), std::sync::Arc::new(|_| {}));

    let report = load.await.unwrap();

    assert_eq!(report.doors.columns_kept, [(Column::Floor, 3), (Column::Position, 3), (Column::Number, 3)]);
    assert_eq!(report.doors.changed, 0);
    let known = "select count(*) from dwelling where floor = 1 and lon is not null and external_id like 'n_'";
    assert_eq!(app.count(known).await, 3);
    let mut one = app.survey.clone();
    one.doors[0].number.clear();
    app.load(&one).await;
    assert_eq!(
        app.count("select count(*) from dwelling where external_id is null").await,
        1,
        "one may be taken back"
    );
}

#[tokio::test]
async fn staff_without_a_row_or_without_a_crew_cut_nobody_off() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let mut none = app.survey.clone();
    none.staff.clear();
    let asked = app.asked(&none).await;
    let Question::StaffGone { roles, users } = &asked[0] else { panic!("{asked:?}") };
    assert_eq!(*roles, [("enumerator", 4, 4), ("supervisor", 3, 3), ("admin", 1, 1)]);
    assert!(users.contains(&"ea1".to_owned()), "{users:?}");
    let mut no_crew = app.survey.clone();
    no_crew.staff.retain(|s| s.1 != "enumerator");
    assert!(
        matches!(&app.asked(&no_crew).await[..], [Question::StaffGone { roles, .. }] if roles.len() == 1)
    );
    let phone = app.device("ea1").await;
    phone.accepted(&[visit(app.survey.case(0), "no_answer")]).await;

    let report = app.load_with(&no_crew, &[Answer::FewerStaff]).await;

    assert_eq!(report.staff.left.len(), 4);
    phone.client.get("/v1/changes").await.problem(403, "device-revoked");
    let mut one_less = app.survey.clone();
    one_less.staff.remove(0);
    app.load(&one_less).await;
}

#[tokio::test]
async fn a_start_after_the_first_visits_is_asked_about() {
    let app = App::new(Survey::with_dwellings(2)).await;
    app.device("ea1")
        .await
        .accepted(&[
            visit_at(app.survey.case(0), "no_answer", &at(3, "10:00")),
            interview(app.survey.case(1)),
        ])
        .await;
    let mut later = app.survey.clone();
    later.days.0 = "2020-11-05".to_owned();
    assert_eq!(app.asked(&later).await, [Question::StartsLater { records: 1, day: "2020-11-05".to_owned() }]);
    let days = "select count(*) from survey where starts_on = '2020-11-01'";
    assert_eq!(app.count(days).await, 1);
    app.load_with(&later, &[Answer::EarlyVisits]).await;
    assert_eq!(app.count(days).await, 0);
    later.days.0 = "2020-11-02".to_owned();
    app.load(&later).await;
    app.recount().await;
}

#[tokio::test]
async fn rules_that_are_gone_are_asked_about_once_there_are_records() {
    let app =
        App::new(Survey::with_dwellings(2).policy("[closing]\nmax_attempts = 9\n[lease]\nhours = 24")).await;
    let bare = app.survey.clone().policy("");
    assert!(app.try_load(&bare, Mode::Try, app.clock.now()).await.unwrap().policy_changed);
    app.device("ea1").await.accepted(&[visit(app.survey.case(0), "no_answer")]).await;
    let tables = vec!["closing".to_owned(), "lease".to_owned()];
    assert_eq!(app.asked(&bare).await, [Question::RulesGone { tables }]);
    assert_eq!(app.count("select count(*) from policy_version").await, 1);
    app.load(&app.survey.clone().policy("[lease]\nhours = 24")).await;
    app.load_with(&bare, &[Answer::DefaultPolicy]).await;
}

#[tokio::test]
async fn another_id_makes_no_second_survey_by_accident() {
    let app = App::new(Survey::with_dwellings(4)).await;
    let slip = app.survey.clone().named("census_test");
    app.try_load(&slip, Mode::Try, app.clock.now()).await.expect("nothing was collected yet");
    app.device("ea1").await.accepted(&[visit(app.survey.case(0), "no_answer")]).await;
    let (slug, other) = ("census_test".to_owned(), "census-test".to_owned());
    assert_eq!(app.asked(&slip).await, [Question::SecondSurvey { slug, other, doors: 4 }]);
    assert_eq!(app.count("select count(*) from survey").await, 1);
    let mut next_year = slip.clone();
    next_year.days = ("2021-11-01".to_owned(), "2021-12-10".to_owned());
    app.load(&next_year).await;
    let mut other_people = app.survey.clone().named("third");
    other_people.staff.iter_mut().for_each(|s| s.0 = format!("x{}", s.0));
    app.load(&other_people).await;
    app.load_with(&app.survey.clone().named("fourth"), &[Answer::NewSurvey]).await;
    app.recount().await;
}

#[tokio::test]
async fn everything_is_asked_in_one_go() {
    let app = forty().await;
    app.device("ea1").await.accepted(&[visit_at(app.survey.case(0), "no_answer", &at(3, "10:00"))]).await;
    let mut bad = app.survey.clone();
    bad.doors.clear();
    bad.staff.clear();
    bad.days.0 = "2020-11-05".to_owned();
    let slugs: Vec<_> = app.asked(&bad).await.iter().map(Question::slug).collect();
    assert_eq!(slugs, ["starts-later", "staff-gone", "doors-gone"]);
    let load = Load { mode: Mode::Apply, answers: vec![Answer::Remove, Answer::EarlyVisits], by: None };
    let Err(Error::Asked(left)) = app.try_load(&bad, load, app.clock.now()).await else {
        panic!("it was taken")
    };
    assert_eq!(left.iter().map(Question::slug).collect::<Vec<_>>(), ["staff-gone"]);
    assert_eq!(cases(&app).await, 40);
}

#[tokio::test]
async fn an_area_of_a_door_found_in_the_field_cannot_be_left_out() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let found =
        json!({"type": "dwelling", "id": crate::support::id(), "area": A2, "building": "9", "room": "1"});
    app.device("ea1").await.accepted(&[found]).await;
    let mut smaller = app.survey.clone();
    smaller.areas.retain(|a| a.0 != A2);
    smaller.staff.retain(|s| s.2 != A2);
    let refused = app.try_load(&smaller, Mode::Apply, app.clock.now()).await;
    assert!(matches!(&refused, Err(Error::Setup(lines)) if lines[0].contains(A2)), "{refused:?}");
    app.recount().await;
}

#[tokio::test]
async fn the_page_asks_what_the_command_asks() {
    let app = forty().await;
    let pages = Pages::of(&app).await;
    let mut half = app.survey.clone();
    half.doors.truncate(10);
    let question = app.asked(&half).await[0].text(doorknock::domain::Language::En).replace('\'', "&#39;");

    let page = pages.check(&half.files()).await;
    assert!(page.contains(&question), "{question} is not on the page: {page}");
    assert!(!page.contains("Apply it"), "nothing can be applied yet");
    let again = pages.send("/setup/apply", &page, "do=try").await;
    assert!(again.contains(&question), "without a tick it asks again");
    let tried = pages.send("/setup/apply", &again, "do=try&answer-doors-gone=remove").await;
    assert!(tried.contains("30 no longer listed and removed") && tried.contains("Apply it"), "{tried}");
    assert_eq!(cases(&app).await, 40);
    let done = pages.send("/setup/apply", &tried, "answer=remove").await;
    assert!(done.contains("30 no longer listed and removed"), "{done}");
    assert_eq!(cases(&app).await, 10);
    app.recount().await;
    // Who loaded it stands in the audit log: the shell first, then the admin; trying leaves no line.
    let lines = app.db.client().await;
    let lines = lines
        .query("select user_name, (detail->>'doors_removed')::int from audit where action = 'load_setup' order by id", &[])
        .await
        .unwrap();
    let lines: Vec<(String, i32)> = lines.iter().map(|r| (r.get(0), r.get(1))).collect();
    assert_eq!(lines, [("operator".to_owned(), 0), ("root".to_owned(), 30)]);
}
