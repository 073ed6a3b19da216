//! Forms of a set-up directory: read with everything else, published with it, and untouched when they come again.

use std::sync::Arc;

use doorknock::ingest::forms::Taken;
use doorknock::ingest::setup::{Mode, Report};
use doorknock::setup::{self, Memory};

use super::{DAILY, SHEET, seen, upload, xform};
use crate::support::{App, Survey};

/// The files of a survey with these forms.
fn files(survey: &Survey, forms: &[(&str, String)]) -> Memory {
    let mut files = survey.files();
    for (name, text) in forms {
        files.put(&format!("forms/{name}"), text.clone());
    }
    files
}

async fn load(app: &App, files: &Memory) -> Result<Report, doorknock::ingest::Error> {
    let setup = match setup::read(files, &mut |_| {}) {
        Ok(setup) => Arc::new(setup),
        Err(faults) => panic!("{faults}"),
    };
    app.shared.ingest.load_setup(setup, Mode::Apply, app.clock.now(), Arc::new(|_| {})).await
}

fn taken(report: &Report) -> Vec<(&str, Taken)> {
    report.forms.iter().map(|form| (form.id.as_str(), form.taken)).collect()
}

#[test]
fn faults_of_forms_come_with_all_others() {
    let mut survey = Survey::with_dwellings(2).policy("[forms]\nextra = [\"needs\"]");
    survey.staff.push(("zz".to_owned(), "emperor".to_owned(), crate::support::survey::A.to_owned()));
    let bad = files(
        &survey,
        &[
            ("needs.xml", xform("needs", "1", &[SHEET[1]])),
            ("mood.xml", xform("mood", "1", &[("a", "int", "visit.mood")])),
            ("sheet.xml", xform("sheet", "1", &DAILY)),
            ("twin.xml", xform("sheet", "2", &DAILY)),
            ("note.txt", "no form".to_owned()),
            ("cut.xlsx", "PK".to_owned()),
        ],
    );
    let faults = setup::read(&bad, &mut |_| {}).unwrap_err().to_string();
    for line in [
        "staff.csv:",
        "forms/needs.xml: a form offered to Collect needs a question bound to case",
        "forms/mood.xml: /data/a: doorknock: there is no binding visit.mood",
        "forms/cut.xlsx: the workbook cannot be opened",
        "forms/twin.xml: the form_id is that of forms/sheet.xml already",
    ] {
        assert!(faults.contains(line), "{line} in:\n{faults}");
    }
    assert!(!faults.contains("note.txt"));
}

#[tokio::test]
async fn forms_of_the_directory_are_published_once() {
    let survey = Survey::with_dwellings(2).policy("[forms]\nextra = [\"needs\"]");
    let app = App::new(Survey::with_dwellings(2)).await;
    let with = |version: &str, daily: &[super::Question<'_>]| {
        files(
            &survey,
            &[("needs.xml", xform("needs", version, &SHEET)), ("daily.xml", xform("daily", "", daily))],
        )
    };
    let first = load(&app, &with("1", &DAILY)).await.unwrap();
    assert_eq!(taken(&first), [("daily", Taken::New), ("needs", Taken::New)]);
    let again = load(&app, &with("1", &DAILY)).await.unwrap();
    assert_eq!(taken(&again), [("daily", Taken::Same), ("needs", Taken::Same)]);
    assert!(!again.policy_changed);
    let next = load(&app, &with("2", &[DAILY[0]])).await.unwrap();
    assert_eq!(taken(&next), [("daily", Taken::Changed), ("needs", Taken::Changed)]);
    let forms = seen(&app.device("ea1").await.client).await;
    assert_eq!((&forms["needs"]["role"], &forms["needs"]["version"]), (&"extra".into(), &"2".into()));
    assert_eq!((&forms["daily"]["role"], &forms["daily"]["version"]), (&"free".into(), &"2020111002".into()));
}

#[tokio::test]
async fn a_changed_form_under_its_old_version_stops_the_set_up() {
    let survey = Survey::with_dwellings(2);
    let app = App::new(survey.clone()).await;
    load(&app, &files(&survey, &[("daily.xml", xform("daily", "1", &DAILY))])).await.unwrap();
    let error =
        load(&app, &files(&survey, &[("daily.xml", xform("daily", "1", &[DAILY[0]]))])).await.unwrap_err();
    assert!(
        error.to_string().starts_with("forms/daily.xml: this version of the form was published"),
        "{error}"
    );
    let named = survey.clone().policy("[forms]\nmain = \"nothing\"");
    let error = load(&app, &files(&named, &[])).await.unwrap_err();
    assert!(error.to_string().contains("survey.toml: forms.main: there is no form \"nothing\""), "{error}");
    assert_eq!(app.count("select policy_version::bigint from survey").await, 1, "nothing was applied");
}

#[tokio::test]
async fn the_main_form_of_the_set_up_takes_the_place_of_another() {
    let survey = Survey::with_dwellings(2);
    let app = App::new(survey.clone()).await;
    let root = app.staff("root").await;
    let open = async || {
        let forms = seen(&root).await;
        let main = forms.into_values().filter(|f| f["role"] == "main" && f["is_open"] == true);
        main.map(|f| f["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let own = survey.clone().policy("[forms]\nmain = \"own\"\ncollect = [\"own\", \"receipts\"]");
    let directory = files(&own, &[("own.xml", xform("own", "1", &SHEET))]);
    load(&app, &directory).await.unwrap();
    assert_eq!(open().await, ["own"]);
    let offered = seen(&root).await.into_values().filter(|f| f["collect"] == true).count();
    assert_eq!(offered, 2, "as survey.toml says");
    // One that was uploaded before is named by its id alone.
    assert_eq!(upload(&root, "publish=true&role=visit", &xform("next", "1", &SHEET)).await.status, 201);
    load(&app, &files(&survey.clone().policy("[forms]\nmain = \"next\""), &[])).await.unwrap();
    assert_eq!(open().await, ["next"]);
    load(&app, &files(&survey, &[])).await.unwrap();
    assert_eq!(open().await, ["census_short"]);
}

#[tokio::test]
async fn what_was_decided_on_a_page_outlives_the_next_set_up() {
    let survey = Survey::with_dwellings(2).policy("[forms]\nextra = [\"needs\"]");
    let app = App::new(Survey::with_dwellings(2)).await;
    let root = app.staff("root").await;
    let directory = files(&survey, &[("needs.xml", xform("needs", "1", &SHEET))]);
    load(&app, &directory).await.unwrap();
    super::post(&root, "/v1/forms/needs/close").await.ok();
    assert_eq!(upload(&root, "publish=true&role=main", &xform("own", "1", &SHEET)).await.status, 201);
    load(&app, &directory).await.unwrap();
    let forms = seen(&root).await;
    assert_eq!((&forms["needs"]["is_open"], &forms["own"]["is_open"]), (&false.into(), &true.into()));
    assert_eq!(forms["census_short"]["is_open"], false);
}
