//! One door under several writings is one door: the office's number finds it, its earlier keys lead to it, and what only looks
//! like it is asked about.

use doorknock::domain::{CaseId, DwellingId, door_key};
use doorknock::ingest::Error;
use doorknock::ingest::setup::Mode;
use doorknock::setup::{Answer, Question};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::pages::{Pages, field};
use crate::support::record::{id_of, reasons, statuses, with};
use crate::support::survey::{A1, A2, B1, DISTRICT};
use crate::support::{App, Survey, dwelling, interview, visit};

/// The same doors, every room with a leading zero.
fn with_zeros(survey: &Survey) -> Survey {
    let mut other = survey.clone();
    other.doors.iter_mut().for_each(|d| d.room.insert(0, '0'));
    other
}

/// The same doors, every room with a mark behind it.
fn with_marks(survey: &Survey) -> Survey {
    let mut other = survey.clone();
    other.doors.iter_mut().for_each(|d| d.room.push('室'));
    other
}

/// A listed door as a phone would report it, under this room.
fn reported(room: &str) -> Value {
    with(with(dwelling(A1, room), "building", "1"), "floor", 1)
}

fn by_key(room: &str, household: u32) -> Uuid {
    let door = DwellingId::of_key(&door_key(DISTRICT, A1, "1", "1", room));
    CaseId::of(door, "census-test", household).0
}

async fn doors(app: &App) -> i64 {
    app.count("select count(*) from dwelling").await
}

/// Number and room of every door, by number.
async fn rooms(app: &App) -> Vec<(Uuid, String, Option<String>)> {
    let sql =
        "select id, building || '-' || room, external_id from dwelling order by external_id nulls last, room";
    let rows = app.db.client().await.query(sql, &[]).await.unwrap();
    rows.iter().map(|r| (r.get(0), r.get(1), r.get(2))).collect()
}

#[tokio::test]
async fn a_door_with_the_same_number_is_the_same_door_however_it_is_written() {
    let app = App::new(Survey::with_dwellings(4).numbered()).await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sa").await);
    let case = app.survey.case(0);
    phone.accepted(&[visit(case, "interview_complete"), interview(case)]).await;
    let before = staff.get("/v1/completion").await.ok()["total"].clone();
    let cursor = phone.get("/v1/changes?limit=5000").await["cursor"].as_str().unwrap().to_owned();
    let renamed = with_zeros(&app.survey);

    let dry = app.try_load(&renamed, Mode::Try, app.clock.now()).await.unwrap();
    let report = app.load(&renamed).await;

    for doors in [dry.doors, report.doors] {
        assert_eq!((doors.rewritten, doors.added, doors.removed, doors.kept), (4, 0, 0, 0));
    }
    assert_eq!(doors(&app).await, 4);
    assert_eq!(staff.get("/v1/completion").await.ok()["total"], before, "no rate changes");
    let shown = staff.get(&format!("/v1/cases/{case}")).await.ok();
    assert_eq!((&shown["room"], &shown["state"]), (&json!("0101"), &json!("completed")));
    assert_eq!(shown["other_writings"], json!([{"area": A1, "building": "1", "unit": "1", "room": "101"}]));
    assert_eq!(shown["external_id"], "n1");
    let page = Pages::of(&app).await.0.get(&format!("/cases/{case}")).await.text();
    assert!(page.contains("Also written") && page.contains("1-1-101"), "{page}");
    let changes = phone.get(&format!("/v1/changes?limit=5000&cursor={cursor}")).await;
    let told = changes["changes"].as_array().unwrap().iter().filter(|c| c["kind"] == "dwelling");
    let mut told: Vec<&str> = told.filter_map(|c| c["data"]["room"].as_str()).collect();
    told.sort_unstable();
    assert_eq!(told, ["0101", "0102", "0103", "0104"]);
    app.recount().await;

    let again = app.load(&renamed).await;
    assert_eq!((again.doors.rewritten, again.doors.changed, again.doors.added), (0, 0, 0));
    let back = app.load(&app.survey).await;
    assert_eq!((back.doors.changed, back.doors.added, doors(&app).await), (4, 0, 4));
    app.recount().await;
}

#[tokio::test]
async fn every_id_computed_from_a_key_of_the_door_stands_for_it() {
    let app = App::new(Survey::with_dwellings(2).numbered()).await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sa").await);
    let second = with(reported("101"), "household", 2);
    phone.accepted(std::slice::from_ref(&second)).await;
    app.load(&with_zeros(&app.survey)).await;
    let (case, alias) = (app.survey.case(0), by_key("0101", 1));
    assert_ne!(case, alias);

    let answer = phone
        .accepted(&[
            visit(case, "no_answer"),
            visit(alias, "no_answer"),
            visit(by_key("0101", 2), "no_answer"),
        ])
        .await;

    assert_eq!(answer["receipts"][1]["case"]["id"], case.to_string());
    assert_eq!(answer["receipts"][2]["case"]["id"], app.survey.household(0, 2).to_string());
    let shown = staff.get(&format!("/v1/cases/{alias}")).await.ok();
    assert_eq!((&shown["id"], shown["visits"].as_array().unwrap().len()), (&json!(case), 2));
    let third = with(reported("0101"), "household", 3);
    let found = phone.accepted(&[third, reported("101"), visit(by_key("0101", 3), "vacant")]).await;
    assert_eq!(found["receipts"][0]["case"]["id"], app.survey.household(0, 3).to_string());
    assert_eq!(found["receipts"][1]["case"]["id"], case.to_string());
    assert_eq!(found["receipts"][2]["case"]["id"], app.survey.household(0, 3).to_string());
    assert_eq!(doors(&app).await, 2);
    let order = json!({"assignments": [{"case_id": alias, "enumerator": "ea2"}]});
    staff.post("/v1/assignments", &order).await.ok();
    assert_eq!(staff.get(&format!("/v1/cases/{case}")).await.ok()["holder"], "ea2");
    let close = json!({"decision": "close", "class": "NC", "reason": "gone"});
    let decided = staff.post(&format!("/v1/cases/{alias}/decisions"), &close).await.ok();
    assert_eq!((&decided["case_id"], &decided["state"]), (&json!(case), &json!("closed")));
    let merge = json!({"decision": "merge", "into": alias, "reason": "one door"});
    let other = app.survey.case(1);
    assert_eq!(staff.post(&format!("/v1/cases/{other}/decisions"), &merge).await.ok()["state"], "merged");
    let foreign = app.staff("sb").await;
    foreign.get(&format!("/v1/cases/{alias}")).await.problem(404, "not-found");
    app.recount().await;
}

#[tokio::test]
async fn two_numbers_that_change_places_are_asked_about_and_end_as_answered() {
    for answer in [Answer::ByNumber, Answer::ByAddress] {
        let app = App::new(Survey::with_dwellings(2).numbered()).await;
        let (one, two) = (app.survey.doors[0].dwelling().0, app.survey.doors[1].dwelling().0);
        app.device("ea1").await.accepted(&[visit(app.survey.case(0), "no_answer")]).await;
        let mut swapped = app.survey.clone();
        "n2".clone_into(&mut swapped.doors[0].number);
        "n1".clone_into(&mut swapped.doors[1].number);

        let asked = app.asked(&swapped).await;
        assert!(matches!(&asked[..], [Question::NumbersElsewhere { doors: 2, .. }]), "{asked:?}");
        let report = app.load_with(&swapped, &[answer]).await;

        assert_eq!((report.doors.added, report.doors.removed), (0, 0));
        let expected = if answer == Answer::ByNumber {
            [(one, "1-102", "n1"), (two, "1-101", "n2")]
        } else {
            [(two, "1-102", "n1"), (one, "1-101", "n2")]
        };
        let expected = expected.map(|(id, room, number)| (id, room.to_owned(), Some(number.to_owned())));
        assert_eq!(rooms(&app).await, expected);
        let again = app.load(&swapped).await;
        assert_eq!((again.doors.changed, again.doors.rewritten), (0, 0), "it is not asked again");
        app.recount().await;
    }
}

#[tokio::test]
async fn rooms_that_all_move_up_make_room_for_a_new_one() {
    let app = App::new(Survey::with_dwellings(3).numbered()).await;
    let ids: Vec<Uuid> = app.survey.doors.iter().map(|d| d.dwelling().0).collect();
    let mut moved = app.survey.clone();
    for (door, room) in moved.doors.iter_mut().zip(["102", "103", "104"]) {
        room.clone_into(&mut door.room);
    }
    let mut new = app.survey.doors[0].clone();
    "n9".clone_into(&mut new.number);
    moved.doors.push(new);

    assert!(matches!(&app.asked(&moved).await[..], [Question::NumbersElsewhere { doors: 3, .. }]));
    let report = app.load_with(&moved, &[Answer::ByNumber]).await;

    assert_eq!((report.doors.added, report.doors.rewritten, report.doors.cases), (1, 3, 1));
    let found = rooms(&app).await;
    let at = |n: usize, room: &str, number: &str| (ids[n], room.to_owned(), Some(number.to_owned()));
    assert_eq!(found[..3], [at(0, "1-102", "n1"), at(1, "1-103", "n2"), at(2, "1-104", "n3")]);
    assert!(found[3].1 == "1-101" && !ids.contains(&found[3].0), "{found:?}");
    let again = app.load(&moved).await;
    assert_eq!((again.doors.added, again.doors.changed, again.doors.rewritten), (0, 0, 0));
    let phone = app.device("ea1").await;
    phone.accepted(&[reported("101"), visit(app.survey.case(0), "no_answer")]).await;
    assert_eq!(doors(&app).await, 4);
    app.recount().await;
}

#[tokio::test]
async fn a_number_in_another_building_or_area_is_asked_about_and_the_counts_go_along() {
    let app = App::new(Survey::with_dwellings(3).doors(A2, 1).numbered()).await;
    let phone = app.device("ea1").await;
    let case = app.survey.case(0);
    phone.accepted(&[visit(case, "interview_complete"), interview(case)]).await;
    let mut moved = app.survey.clone();
    A2.clone_into(&mut moved.doors[0].area);
    "7".clone_into(&mut moved.doors[0].building);

    let asked = app.asked(&moved).await;
    let Question::NumbersElsewhere { doors: 1, examples } = &asked[0] else { panic!("{asked:?}") };
    let at = |area: &str, door: &str| format!("{area} {door}");
    assert_eq!(examples[..], [["n1".to_owned(), at(A1, "1-1-101"), at(A2, "7-1-101")]]);
    app.load_with(&moved, &[Answer::ByNumber]).await;

    assert_eq!(doors(&app).await, 4);
    let staff = app.staff("sa").await;
    let there = staff.get(&format!("/v1/completion?area={A2}")).await.ok();
    assert_eq!((&there["total"]["cases"], &there["total"]["states"]["completed"]), (&json!(2), &json!(1)));
    assert_eq!(staff.get(&format!("/v1/cases/{case}")).await.ok()["area"], A2);
    app.recount().await;
}

#[tokio::test]
async fn a_building_under_another_writing_takes_its_doors_along_without_a_question() {
    let app = App::new(Survey::with_dwellings(3).numbered()).await;
    app.device("ea1").await.accepted(&[visit(app.survey.case(0), "no_answer")]).await;
    let mut other = app.survey.clone();
    other.doors.iter_mut().for_each(|d| "1号楼".clone_into(&mut d.building));

    let report = app.load(&other).await;

    assert_eq!((report.doors.rewritten, report.totals), (3, (3, 3, 1)));
    app.recount().await;
}

#[tokio::test]
async fn rows_that_only_look_like_doors_are_asked_about_once_for_the_list() {
    for answer in [Answer::SameDoors, Answer::NewDoors] {
        let app = App::new(Survey::with_dwellings(24)).await;
        app.device("ea1").await.accepted(&[visit(app.survey.case(0), "no_answer")]).await;
        let renamed = with_zeros(&app.survey);

        let asked = app.asked(&renamed).await;
        let Question::LooksLike { doors: 24, examples } = &asked[..1][0] else { panic!("{asked:?}") };
        assert_eq!((asked.len(), &examples[0][1]), (1, &"1-1-0101".to_owned()));
        let report = app.load_with(&renamed, &[answer, Answer::Remove]).await;

        let doors = (report.doors.rewritten, report.doors.added, report.doors.removed, report.doors.kept);
        assert_eq!(doors, if answer == Answer::SameDoors { (24, 0, 0, 0) } else { (0, 24, 23, 1) });
        let again = app.load(&renamed).await;
        assert_eq!((again.doors.added, again.doors.changed), (0, 0));
        app.recount().await;
    }
}

#[tokio::test]
async fn a_row_that_could_be_several_doors_is_never_added_unasked() {
    let mut app = Survey::with_dwellings(1);
    app.doors.push(app.doors[0].clone());
    "1-01".clone_into(&mut app.doors[1].room);
    let app = App::new(app).await;
    let mut renamed = app.survey.clone();
    renamed.doors.truncate(1);
    "101室".clone_into(&mut renamed.doors[0].room);

    let asked = app.asked_with(&renamed, &[Answer::SameDoors, Answer::Remove]).await;
    let [Question::LooksLikeSeveral { doors: 1, examples }] = &asked[..] else { panic!("{asked:?}") };
    let old = ["1-1-1-01", "1-1-101"].map(str::to_owned);
    assert_eq!(examples[..], [(old.to_vec(), format!("{A1} 1-1-101室"))]);
    assert_eq!(doors(&app).await, 2, "as long as it is open nothing changes");
    let report = app.load_with(&renamed, &[Answer::NewDoors, Answer::Remove]).await;

    assert_eq!((report.doors.added, report.doors.removed), (1, 2));
    app.recount().await;
}

#[tokio::test]
async fn what_waited_for_a_door_counts_once_a_set_up_brings_the_door_or_its_writing() {
    let app = App::new(Survey::with_dwellings(2).numbered()).await;
    let phone = app.device("ea1").await;
    let answer = phone.send(&[visit(by_key("0101", 1), "no_answer"), interview(by_key("0103", 1))]).await;
    assert_eq!(reasons(&answer), ["unknown-case", "unknown-case"]);
    let cursor = phone.get("/v1/changes?limit=5000").await["cursor"].as_str().unwrap().to_owned();

    let rewritten = with_zeros(&app.survey);
    assert_eq!(app.load(&rewritten).await.freed, 1);
    let mut longer = rewritten.clone();
    longer.doors.extend(with_zeros(&Survey::with_dwellings(3).numbered()).doors.pop());
    let dry = app.try_load(&longer, Mode::Try, app.clock.now()).await.unwrap();
    assert_eq!((dry.freed, app.load(&longer).await.freed, app.load(&longer).await.freed), (1, 1, 0));

    let staff = app.staff("sa").await;
    assert_eq!(staff.get("/v1/held").await.ok()["items"], json!([]));
    let shown = staff.get(&format!("/v1/cases/{}", app.survey.case(0))).await.ok();
    assert_eq!((&shown["state"], shown["visits"].as_array().unwrap().len()), (&json!("in_progress"), 1));
    let brought = staff.get(&format!("/v1/cases/{}", by_key("0103", 1))).await.ok();
    assert_eq!(brought["state"], "completed");
    let changes = phone.get(&format!("/v1/changes?limit=5000&cursor={cursor}")).await;
    let told = changes["changes"].as_array().unwrap().iter().filter(|c| c["kind"] == "receipt").count();
    assert_eq!(told, 2, "the phone hears of both");
    app.recount().await;
}

#[tokio::test]
async fn what_waited_beyond_the_own_area_counts_once_the_list_gives_the_person_that_area() {
    let app = App::new(Survey::with_dwellings(1).doors(B1, 1)).await;
    let phone = app.device("ea1").await;
    let beyond = app.survey.case(1);
    assert_eq!(reasons(&phone.send(&[visit(beyond, "no_answer")]).await), ["unknown-case"]);
    let mut wider = app.survey.clone();
    let person = wider.staff.iter_mut().find(|p| p.0 == "ea1").unwrap();
    DISTRICT.clone_into(&mut person.2);

    assert_eq!(app.load(&wider).await.freed, 1);

    let shown = app.staff("sall").await.get(&format!("/v1/cases/{beyond}")).await.ok();
    assert_eq!(shown["visits"].as_array().unwrap().len(), 1);
    app.recount().await;
}

#[tokio::test]
async fn a_number_that_two_doors_had_before_numbers_were_unique_stays_with_the_listed_one() {
    const SCHEMA: &str = include_str!("../../schema/V14__writings.sql");
    let app = App::new(Survey::with_dwellings(3).numbered()).await;
    let client = app.db.client().await;
    let twice =
        "drop index dwelling_number_once; update dwelling set external_id = 'n1', is_listed = room <> '101'";
    client.batch_execute(twice).await.unwrap();
    let (from, to) =
        (SCHEMA.find("update dwelling").unwrap(), SCHEMA.find("create table door_alias").unwrap());

    client.batch_execute(&SCHEMA[from..to]).await.unwrap();

    let sql = "select room from dwelling where external_id = 'n1'";
    let kept: Vec<String> = client.query(sql, &[]).await.unwrap().iter().map(|r| r.get(0)).collect();
    assert_eq!(kept.len(), 1);
    assert_ne!(kept, ["101"], "an unlisted door does not keep it");
}

#[tokio::test]
async fn a_row_without_a_number_is_found_by_an_earlier_key_but_not_twice() {
    let app = App::new(Survey::with_dwellings(2).numbered()).await;
    app.load(&with_marks(&app.survey)).await;
    let mut bare = app.survey.clone();
    bare.doors.iter_mut().for_each(|d| d.number.clear());
    assert_eq!((app.load(&bare).await.doors.added, doors(&app).await), (0, 2));
    let mut both = app.survey.clone();
    both.doors.push(with_marks(&bare).doors[0].clone());

    let refused = app.try_load(&both, Mode::Apply, app.clock.now()).await;

    let Err(Error::Setup(faults)) = refused else { panic!("{refused:?}") };
    assert!(faults[0].contains("dwellings.csv:4") && faults[0].contains("line 2"), "{faults:?}");
    app.recount().await;
}

#[tokio::test]
async fn a_list_that_counts_a_door_twice_by_number_keeps_it_once() {
    let app = App::new(Survey::with_dwellings(1).numbered()).await;
    let mut both = app.survey.clone();
    both.doors.push(with_marks(&app.survey).doors[0].clone());
    both.doors[0].number.clear();

    assert!(matches!(&app.asked(&both).await[..], [Question::NumbersElsewhere { doors: 1, .. }]));
    let report = app.load_with(&both, &[Answer::ByNumber]).await;

    assert_eq!((report.doors.rewritten, report.doors.added), (1, 1));
    assert_eq!(rooms(&app).await[0], (app.survey.doors[0].dwelling().0, "1-101室".into(), Some("n1".into())));
    assert_eq!(app.load(&both).await.doors.changed, 0);
    app.recount().await;
}

#[tokio::test]
async fn what_is_known_of_a_removed_door_goes_with_it() {
    let app = App::new(Survey::with_dwellings(2).numbered()).await;
    app.load(&with_zeros(&app.survey)).await;
    let keys = "select (select count(*) from door_alias) + (select count(*) from case_alias)";
    assert_eq!(app.count(keys).await, 6);
    let mut one = with_zeros(&app.survey);
    one.doors.truncate(1);
    assert_eq!(app.load(&one).await.doors.removed, 1);
    assert_eq!(app.count(keys).await, 3);
    assert_eq!(app.load(&app.survey).await.doors.added, 1);
    app.recount().await;
}

#[tokio::test]
async fn a_reported_door_that_looks_like_a_listed_one_waits_for_a_supervisor() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sa").await);
    let door = reported("0101");
    let by_rule = by_key("0101", 1);

    let answer = phone.send(&[door.clone(), visit(id_of(&door), "no_answer"), interview(by_rule)]).await;

    assert_eq!(statuses(&answer), ["held", "held", "held"]);
    assert_eq!(reasons(&answer), ["looks-like", "unknown-case", "unknown-case"]);
    assert_eq!(doors(&app).await, 2);
    let held = staff.get("/v1/held").await.ok();
    let item = held["items"].as_array().unwrap().iter().find(|h| h["type"] == "dwelling").unwrap().clone();
    assert_eq!(item["looks_like"]["case_id"], app.survey.case(0).to_string());
    assert_eq!(item["looks_like"]["address"], "1-1-101");
    let page = Pages::of(&app).await.0.get("/held").await.text();
    assert!(page.contains("It is the listed door") && page.contains("It is a new door"), "{page}");
    let verdict = json!({"decision": "accept", "note": "same door", "case_id": app.survey.case(0)});

    let decided = staff.post(&format!("/v1/held/{}/decision", id_of(&door)), &verdict).await.ok();

    assert_eq!((&decided["status"], &decided["case_id"]), (&json!("accepted"), &json!(app.survey.case(0))));
    let shown = staff.get(&format!("/v1/cases/{}", app.survey.case(0))).await.ok();
    assert_eq!((&shown["state"], shown["visits"].as_array().unwrap().len()), (&json!("completed"), 1));
    assert_eq!(shown["other_writings"][0]["room"], "0101");
    assert_eq!(doors(&app).await, 2);
    assert_eq!(staff.get("/v1/held").await.ok()["items"], json!([]));
    let later = phone.accepted(&[reported("0101"), visit(by_rule, "no_answer")]).await;
    assert_eq!(later["receipts"][1]["case"]["id"], app.survey.case(0).to_string());
    app.recount().await;
}

#[tokio::test]
async fn a_supervisor_may_say_on_the_page_that_it_is_a_new_door_or_the_listed_one() {
    for (word, doors_after) in [("accept", 3), ("same", 2)] {
        let app = App::new(Survey::with_dwellings(2)).await;
        let phone = app.device("ea1").await;
        let door = reported("1-01");
        phone.send(&[door.clone(), visit(id_of(&door), "no_answer")]).await;
        let pages = Pages::of(&app).await;
        let page = pages.0.get("/held").await.text();
        let form =
            format!("csrf={}&decision={word}&like={}&note=seen", field(&page, "csrf"), field(&page, "like"));
        let head = [("content-type", "application/x-www-form-urlencoded")];

        pages.0.post_raw(&format!("/held/{}/decision", id_of(&door)), &head, form.into_bytes()).await;

        assert_eq!(doors(&app).await, doors_after, "{word}");
        assert_eq!(app.count("select count(*) from visit where status = 0").await, 1);
        app.recount().await;
    }
}

#[tokio::test]
async fn the_order_of_reports_changes_nothing_and_nothing_beyond_the_area_is_told() {
    let app = App::new(Survey::with_dwellings(1).doors(B1, 1).numbered()).await;
    let phone = app.device("ea1").await;
    let far = with(with(dwelling(A1, "7"), "building", "77"), "external_id", "n2");
    let (one, two) = (dwelling(A1, "1201"), dwelling(A1, "01201"));

    let answer = phone.accepted(&[far, two, one, reported("202")]).await;

    assert!(!answer.to_string().contains("looks"), "{answer}");
    assert_eq!(app.count("select count(*) from dwelling where external_id = 'n2'").await, 1);
    let near = with(with(dwelling(A1, "8"), "building", "77"), "external_id", "n1");
    assert_eq!(reasons(&phone.send(&[near]).await), ["looks-like"], "another address with a listed number");
    let number = with(reported("0101"), "external_id", "n1");
    let known = phone.accepted(&[number]).await;
    assert_eq!(known["receipts"][0]["case"]["id"], app.survey.case(0).to_string(), "number and looks agree");
    let other = with(reported("1-01"), "external_id", "n77");
    phone.accepted(&[other]).await;
    app.recount().await;
}

#[tokio::test]
async fn a_found_door_keeps_its_number_and_the_name_of_its_building() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sa").await);
    let named =
        |room: &str| with(with(dwelling(A1, room), "external_id", "x7"), "building_name", "Lotus Court");
    let (one, two) = (named("1201"), named("1202"));

    let answer = phone.accepted(&[one.clone(), two]).await;

    let case = answer["receipts"][0]["case"]["id"].as_str().unwrap();
    let shown = staff.get(&format!("/v1/cases/{case}")).await.ok();
    assert_eq!((&shown["building_name"], &shown["other_writings"]), (&json!("Lotus Court"), &json!([])));
    assert_eq!(
        app.count("select count(*) from dwelling where external_id = 'x7'").await,
        1,
        "a number names one door"
    );
    let content = "select count(*) from dwelling_record where content::json ->> 'external_id' = 'x7'";
    assert_eq!(app.count(content).await, 2, "as reported it stays");
    app.recount().await;
}

#[test]
fn doors_of_a_list_that_look_alike_are_told_with_their_lines() {
    let mut survey = Survey::with_dwellings(3);
    "0101".clone_into(&mut survey.doors[2].room);
    let reading = doorknock::setup::examine(&survey.files(), &mut |_| {});
    let told: Vec<String> = reading.told().map(|one| one.say(doorknock::domain::Language::En)).collect();
    assert!(
        told.iter().any(|t| t.contains("dwellings.csv:4: room") && t.contains("2 1-1-101 = 4 1-1-0101")),
        "{told:?}"
    );
}
