//! Everything that takes "the whole" of a survey ends: on the whole, a part, nothing, and one area that is very large.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use doorknock::domain::{AreaRange, LinkState, State};
use doorknock::export::{Export, Format, Kind};
use doorknock::store::browse::DoorFilter;
use doorknock::store::case::{CasePlace, DuePlace};
use doorknock::store::{Disclosure, Moment, ReadBy};
use jiff::Timestamp;
use uuid::Uuid;

use crate::support::record::{at, interview_with, person, visit_at};
use crate::support::survey::{A1, A2, B1};
use crate::support::{App, Survey};

const KINDS: [Kind; 4] = [Kind::Cases, Kind::Visits, Kind::Households, Kind::Persons];
/// Ranges that somebody may take for the whole.
const WIDE: [AreaRange; 4] = [
    AreaRange::ALL,
    AreaRange { lo: 0, hi: i32::MAX },
    AreaRange { lo: 1, hi: i32::MAX },
    AreaRange { lo: i32::MIN, hi: 1_000 },
];

/// The work ends, and soon: what loops for ever would hold the test for as long.
async fn ends<T>(what: &str, work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), work)
        .await
        .unwrap_or_else(|_| panic!("{what} does not end"))
}

/// The whole text of an export, and its rows.
async fn written(app: &App, range: AreaRange, kind: Kind, format: Format) -> (String, u64) {
    let survey = app.shared.ingest.surveys.all().await.unwrap().into_iter().next().unwrap();
    let (by, read) = (
        ReadBy::operator(survey.key, "tester"),
        Disclosure::Export { kind: "all", format: "any", area: None },
    );
    let witness = app.store().witness(&by, read, Timestamp::now()).await.unwrap();
    let mut export = Export::new(witness, app.store().clone(), survey, range, kind, format);
    let mut text = String::new();
    while let Some(piece) = export.next().await.unwrap() {
        text.push_str(&piece);
    }
    (text, export.rows())
}

#[tokio::test]
async fn every_export_of_the_whole_of_a_part_and_of_nothing_ends() {
    let app = App::new(Survey::with_dwellings(9).doors(A2, 2).doors(B1, 2)).await;
    let phone = app.device("ea1").await;
    let talk =
        interview_with(app.survey.case(0), vec![person(1, "王秀英", "head"), person(2, "李明", "spouse")]);
    phone.accepted(&[talk, visit_at(app.survey.case(9), "vacant", &at(8, "19:00"))]).await;
    let whole = app.store().whole(app.key().await).await.unwrap();
    let part = app.store().areas(app.key().await, doorknock::store::survey::Areas::One(A1.to_owned())).await;
    let part = part.unwrap()[0].range;
    for (kind, all, some) in
        KINDS.into_iter().zip([13, 1, 1, 2]).zip([9, 0, 1, 2]).map(|((k, a), s)| (k, a, s))
    {
        let ranges = WIDE.map(|range| (range, all)).into_iter();
        for (range, rows) in ranges.chain([
            (whole, all),
            (part, some),
            (AreaRange { lo: 7, hi: 7_000 }, 0),
            (AreaRange::NONE, 0),
        ]) {
            let what = format!("{kind:?} of {range:?}");
            let (text, said) = ends(&what, written(&app, range, kind, Format::Csv)).await;
            assert_eq!(
                (csv::Reader::from_reader(text.as_bytes()).records().count() as u64, said),
                (rows, rows),
                "{what}"
            );
            let (text, _) = ends(&what, written(&app, range, kind, Format::GeoJson)).await;
            let document: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(document["features"].as_array().unwrap().len() as u64, rows, "{what}");
        }
    }
}

#[tokio::test]
async fn every_list_of_the_whole_ends() {
    let app = App::new(Survey::with_dwellings(9).doors(A2, 2).doors(B1, 2)).await;
    let phone = app.device("ea1").await;
    phone.accepted(&[visit_at(app.survey.case(1), "no_answer", &at(9, "10:00"))]).await;
    let (store, key, now) = (app.store(), app.key().await, Timestamp::now());
    let states = || Some(vec![State::New, State::InProgress]);
    let filter = || DoorFilter { states: states(), ..DoorFilter::default() };
    for range in WIDE {
        let lists = async || {
            assert_eq!(store.list_cases(key, range, None, CasePlace::START, 500).await.unwrap().len(), 13);
            assert_eq!(
                store.list_cases(key, range, states(), CasePlace::START, 500).await.unwrap().len(),
                13
            );
            assert_eq!(
                store.filtered_doors(key, range, &filter(), CasePlace::START, 500).await.unwrap().len(),
                13
            );
            let nobody = DoorFilter { holder: Some(String::new()), ..filter() };
            assert_eq!(store.count_doors(key, range, &nobody, 500).await.unwrap(), 13);
            assert_eq!(store.list_due(key, range, DuePlace::START, 500).await.unwrap().len(), 13);
            assert_eq!(store.list_unassigned(key, range, CasePlace::START, 500).await.unwrap().len(), 13);
            assert_eq!(store.area_cases(key, range, 500).await.unwrap().len(), 13);
            let start = (Timestamp::UNIX_EPOCH, Uuid::nil());
            assert!(store.list_link_rows(key, LinkState::Merged, range, start, 9).await.unwrap().is_empty());
            assert!(store.count_links(key, range).await.unwrap().is_empty());
            assert!(store.list_held(key, range, start, 9).await.unwrap().is_empty());
            store.devices(key, range, None).await.unwrap();
            store.leases_ending(key, range, now).await.unwrap();
            store.unit_activity(key, range, State::Refused).await.unwrap();
        };
        ends(&format!("a list of {range:?}"), lists()).await;
    }
}

#[tokio::test]
async fn a_survey_that_has_no_areas_is_empty() {
    let app = App::new(Survey::with_dwellings(1)).await;
    app.db.client().await.batch_execute("delete from area; delete from survey_case").await.unwrap();
    let whole = app.store().whole(app.key().await).await.unwrap();
    for kind in KINDS {
        assert_eq!(ends("nothing", written(&app, whole, kind, Format::Csv)).await.1, 0);
    }
}

/// The work of an export follows its rows: so many statements for each page, whether the doors lie in one area or in many.
#[tokio::test]
async fn an_export_takes_as_many_statements_for_one_large_area_as_for_many_small_ones() {
    for survey in [Survey::with_dwellings(2_400), Survey::with_dwellings(800).doors(A2, 800).doors(B1, 800)] {
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&asked);
        let probe = move |moment: Moment| {
            counter.fetch_add(usize::from(matches!(moment, Moment::Before(_))), Ordering::Relaxed);
            None
        };
        let app = App::with(survey, |store| store.with_probe(Arc::new(probe)), |_| {}).await;
        let whole = app.store().whole(app.key().await).await.unwrap();
        let surveys = app.shared.ingest.surveys.all().await.unwrap();
        drop(surveys);
        let before = asked.load(Ordering::Relaxed);
        assert_eq!(written(&app, whole, Kind::Cases, Format::Csv).await.1, 2_400);
        let pages = 2_400 / 500 + 1;
        let statements = asked.load(Ordering::Relaxed) - before;
        assert!(statements <= pages + 2, "{statements} statements for {pages} pages");
    }
}

/// A page deep in a large area reads its own rows and no more: the index has the order of the list, also in one building, and
/// before the tables have statistics.
#[tokio::test]
async fn a_page_of_a_large_area_reads_no_more_than_its_rows() {
    let mut survey = Survey::with_dwellings(3_000);
    for door in &mut survey.doors[1_500..] {
        door.unit.clone_from(&door.building);
        door.building = "1000".to_owned();
    }
    let app = App::new(survey).await;
    let (client, key) = (app.db.client().await, app.key().await);
    let rows = app
        .store()
        .list_cases(key, AreaRange { lo: 1, hi: i32::MAX }, None, CasePlace::START, 2_900)
        .await
        .unwrap();
    assert_eq!(rows.len(), 2_900);
    let deep = CasePlace::of(&rows[2_800]);
    let place = format!("{}, '{}', '{}'", deep.area_no, deep.building, deep.id);
    for (name, arguments) in [
        ("list_cases", format!("{}, {}, 1, 99, null, {place}, 100, null", key.district, key.no)),
        (
            "filtered_doors",
            format!("{}, {}, 1, 99, null, null, null, null, null, {place}, 100", key.district, key.no),
        ),
        ("list_unassigned_cases", format!("{}, {}, 1, 99, {place}, 100", key.district, key.no)),
    ] {
        let statement = doorknock::store::statements().into_iter().find(|s| s.name() == name).unwrap();
        client.batch_execute("set plan_cache_mode = force_generic_plan").await.unwrap();
        client.batch_execute(&format!("deallocate all; prepare page as {}", statement.sql)).await.unwrap();
        let sql = format!("explain (analyze, timing off, costs off) execute page({arguments})");
        let plan: Vec<String> = client
            .simple_query(&sql)
            .await
            .unwrap()
            .iter()
            .filter_map(|m| {
                if let tokio_postgres::SimpleQueryMessage::Row(r) = m {
                    r.get(0).map(str::to_owned)
                } else {
                    None
                }
            })
            .collect();
        let plan = plan.join("\n");
        assert!(plan.contains("survey_case_in_order"), "{name}: {plan}");
        assert!(!plan.contains("Sort") && !plan.contains("Removed by"), "{name}: {plan}");
    }
}
