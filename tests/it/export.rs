//! Exports: every case once, whatever the page size inside, and nothing that a spreadsheet would run.

use serde_json::{Value, json};

use crate::support::record::{at, interview_with, person, visit_at, with};
use crate::support::survey::{A1, A2, B1};
use crate::support::{App, Survey};

async fn csv_of(app: &App, path: &str) -> Vec<std::collections::HashMap<String, String>> {
    let reply = app.staff("sa").await.get(path).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.header("content-type"), "text/csv; charset=utf-8");
    let text = reply.text();
    let text = text.strip_prefix('\u{feff}').expect("a mark by which spreadsheets know UTF-8");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().map(|row| row.expect("a row of CSV")).collect()
}

async fn world() -> App {
    let app = App::new(Survey::with_dwellings(9).doors(A2, 2).doors(B1, 2)).await;
    let phone = app.device("ea1").await;
    let talk = interview_with(
        app.survey.case(0),
        vec![person(1, "王秀英", "head"), person(2, "李,\"明\"", "spouse")],
    );
    let mended = with(with(talk.clone(), "revision", 2), "address_text", "6号楼");
    let note = with(visit_at(app.survey.case(1), "no_answer", &at(9, "10:00")), "note", "=HYPERLINK(\"x\")");
    phone.accepted(&[talk, mended, note, visit_at(app.survey.case(9), "vacant", &at(8, "19:00"))]).await;
    app
}

#[tokio::test]
async fn cases_are_exported_once_each_within_the_reach() {
    let app = world().await;
    let rows = csv_of(&app, "/v1/export/cases.csv").await;
    let mut ids: Vec<_> = rows.iter().map(|r| r["case_id"].clone()).collect();
    ids.sort_unstable();
    let mut expected: Vec<_> = app.survey.cases()[..11].iter().map(ToString::to_string).collect();
    expected.sort_unstable();
    assert_eq!(ids, expected);
    let states = app.staff("sa").await.get("/v1/completion").await.ok()["total"]["states"].clone();
    for (state, n) in states.as_object().unwrap() {
        let count = rows.iter().filter(|r| r["state"] == *state).count();
        assert_eq!(json!(count), *n, "{state}");
    }
    assert_eq!(csv_of(&app, &format!("/v1/export/cases.csv?area={A1}")).await.len(), 9);
}

#[tokio::test]
async fn visits_households_and_persons_are_those_in_force() {
    let app = world().await;
    let visits = csv_of(&app, "/v1/export/visits.csv").await;
    assert_eq!(visits.len(), 2);
    let noted = visits.iter().find(|v| v["outcome"] == "no_answer").unwrap();
    assert_eq!(noted["note"], "'=HYPERLINK(\"x\")", "a spreadsheet does not run it");
    assert_eq!(noted["at"], at(9, "10:00"));
    let households = csv_of(&app, "/v1/export/households.csv").await;
    assert_eq!((households.len(), households[0]["revision"].as_str()), (1, "2"));
    assert_eq!((households[0]["n_persons"].as_str(), households[0]["address_text"].as_str()), ("2", "6号楼"));
    let persons = csv_of(&app, "/v1/export/persons.csv").await;
    let names: Vec<_> = persons.iter().map(|p| p["name"].as_str()).collect();
    assert_eq!(names, ["王秀英", "李,\"明\""]);
}

#[tokio::test]
async fn geojson_is_one_collection_with_a_point_for_each_door() {
    let app = world().await;
    let reply = app.staff("sa").await.get("/v1/export/cases.geojson").await;
    assert_eq!(reply.header("content-type"), "application/geo+json");
    let document = reply.json();
    assert_eq!(document["type"], "FeatureCollection");
    let features = document["features"].as_array().unwrap();
    assert_eq!(features.len(), 11);
    assert!(
        features
            .iter()
            .all(|f| f["geometry"]["coordinates"][0].is_f64() && f["properties"]["state"].is_string())
    );
    let empty: Value = app.staff("sb").await.get("/v1/export/visits.geojson").await.json();
    assert_eq!(empty["features"], json!([]));
}

#[tokio::test]
async fn more_cases_than_one_page_inside_are_all_there() {
    let app = App::new(Survey::with_dwellings(1203)).await;
    let rows = csv_of(&app, "/v1/export/cases.csv").await;
    let mut ids: Vec<_> = rows.iter().map(|r| r["case_id"].clone()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((rows.len(), ids.len()), (1203, 1203));
}

#[tokio::test]
async fn what_is_no_export_is_not_found() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let staff = app.staff("sa").await;
    for file in ["cases.xlsx", "secrets.csv", "cases", "..%2fcases.csv"] {
        staff.get(&format!("/v1/export/{file}")).await.problem(404, "not-found");
    }
}
