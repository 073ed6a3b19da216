//! Citizen ids: kept as a keyed digest only. One is planted in every place it could stand in; afterwards it is nowhere.

use serde_json::{Value, json};

use crate::support::record::{interview_with, person, statuses, with};
use crate::support::survey::A1;
use crate::support::{App, Survey, dwelling, id, interview, visit};

/// Invented numbers of an area that is not assigned: valid, with a wrong check digit, impossible.
const NUMBERS: [&str; 4] =
    ["419999198503074514", "419999198503074522", "419999198503074515", "419999198502304517"];
/// What stays the same when a check digit is mended.
const STEMS: [&str; 3] = ["41999919850307451", "41999919850307452", "41999919850230451"];

fn planted(app: &App) -> Vec<Value> {
    let case = app.survey.case(0);
    let mut people: Vec<Value> = NUMBERS
        .iter()
        .zip(1..)
        .map(|(number, no)| {
            with(person(no, "王秀英", if no == 1 { "head" } else { "child" }), "citizen_id", *number)
        })
        .collect();
    people[1]["name"] = json!(format!("李明 {}", NUMBERS[0]));
    let spaced = "4199 9919 8503 0745 14";
    let full_width = "４１９９９９１９８５０３０７４５１４";
    vec![
        interview_with(case, people.clone()),
        with(visit(case, "no_answer"), "note", format!("id {} / {spaced} / {full_width}", NUMBERS[0])),
        with(visit(case, "no_answer"), "remark", json!({"deep": [{"er": NUMBERS[1]}]})),
        with(visit(case, NUMBERS[0]), "note", "x"),
        with(visit(case, "no_answer"), "id", NUMBERS[0]),
        with(visit(case, "no_answer"), "at", NUMBERS[1]),
        with(interview(case), "answers", json!({NUMBERS[0]: NUMBERS[1]})),
        with(interview(case), "address_text", format!("6号楼 {}", NUMBERS[0])),
        with(interview(id()), "persons", json!(people)),
        with(
            interview_with(case, vec![with(person(1, "赵", "child"), "citizen_id", NUMBERS[0])]),
            "note",
            NUMBERS[0],
        ),
        with(dwelling(A1, "9"), "room", NUMBERS[0]),
        with(dwelling(A1, "9"), "area", NUMBERS[0]),
        json!({"type": NUMBERS[0]}),
        json!(NUMBERS[0]),
        json!(419_999_198_503_074_514_u64),
    ]
}

#[track_caller]
fn clean(place: &str, text: &str) {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    for stem in STEMS {
        assert!(!text.contains(stem), "{place} shows {stem}: {}", &text[..text.len().min(2000)]);
    }
    // Also not with marks between the digits, except where lines of many numbers meet.
    if text.len() < 300 {
        assert!(STEMS.iter().all(|stem| !digits.contains(stem)), "{place}: {text}");
    }
}

/// Every text and every unpacked byte string of every table.
async fn dump(app: &App) -> Vec<(String, String)> {
    let client = app.db.client().await;
    let sql = "select table_name, column_name, udt_name from information_schema.columns
               where table_schema = 'public' order by 1, 2";
    let mut all = Vec::new();
    for column in client.query(sql, &[]).await.unwrap() {
        let (table, name, kind): (String, String, String) = (column.get(0), column.get(1), column.get(2));
        if kind == "bytea" {
            for row in client
                .query(&format!("select {name} from {table} where {name} is not null"), &[])
                .await
                .unwrap()
            {
                let bytes: Vec<u8> = row.get(0);
                let plain = zstd::bulk::decompress(&bytes, 32 << 20).unwrap_or(bytes);
                all.push((format!("{table}.{name}"), String::from_utf8_lossy(&plain).into_owned()));
            }
        } else {
            for row in client
                .query(&format!("select {name}::text from {table} where {name} is not null"), &[])
                .await
                .unwrap()
            {
                all.push((format!("{table}.{name}"), row.get(0)));
            }
        }
    }
    all
}

#[tokio::test]
async fn a_citizen_id_is_in_no_answer_feed_export_or_row() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sa").await);
    let records = planted(&app);
    let answer = phone.post(&phone.batch(&records)).await;
    clean("the receipts", &answer.text());
    let answer = answer.ok();
    let expected = [
        "accepted", "accepted", "accepted", "refused", "refused", "refused", "accepted", "accepted", "held",
        "held", "accepted", "held", "refused", "refused", "refused",
    ];
    assert_eq!(statuses(&answer), expected, "{answer:#}");
    for body in [
        format!("{{\"batch_id\": {}", NUMBERS[0]),
        format!("{} no json", NUMBERS[0]),
        format!("[\"{}\"]", NUMBERS[0]),
    ] {
        let reply = phone.client.post_raw("/v1/batches", &[("content-type", "application/json")], body).await;
        assert!(reply.status.is_client_error());
        clean("a problem", &reply.text());
    }
    let decide = json!({"decision": "close", "class": "NC", "reason": format!("id {}", NUMBERS[0])});
    let path = format!("/v1/cases/{}/decisions", app.survey.case(1));
    clean("a decision", &staff.post(&path, &decide).await.text());
    let note = json!({"decision": "refuse", "note": NUMBERS[1]});
    let held = answer["receipts"][8]["id"].as_str().unwrap();
    clean("a ruling", &staff.post(&format!("/v1/held/{held}/decision"), &note).await.text());
    let lost = app.device("ea2").await;
    let path = format!("/v1/devices/{}/revoke", lost.id);
    clean("a revocation", &staff.post(&path, &json!({"note": NUMBERS[0]})).await.text());

    let batch = format!("/v1/batches/{}", answer["batch_id"].as_str().unwrap());
    for path in [
        batch,
        format!("/v1/cases/{}", app.survey.case(0)),
        format!("/v1/cases/{}", app.survey.case(1)),
        "/v1/cases".to_owned(),
        "/v1/held".to_owned(),
        "/v1/return-visits".to_owned(),
        "/v1/export/persons.csv".to_owned(),
        "/v1/export/households.csv".to_owned(),
        "/v1/export/visits.geojson".to_owned(),
    ] {
        clean(&path, &staff.get(&path).await.text());
    }
    clean("the feed", &phone.client.get("/v1/changes?limit=5000").await.text());
    clean("the metrics", &staff.get("/metrics").await.text());
    for (place, text) in dump(&app).await {
        clean(&place, &text);
    }
}

#[tokio::test]
async fn a_number_is_mended_where_one_repair_fits_and_dropped_with_a_warning_where_none_does() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let (phone, staff) = (app.device("ea1").await, app.staff("sa").await);
    let (case, someone) = (app.survey.case(0), |no: u32, relationship: &str| {
        with(
            with(
                person(no, &format!("人{no}"), relationship),
                "birth",
                json!({"y": 1985, "m": 3, "d": null}),
            ),
            "sex",
            "m",
        )
    });
    let people = vec![
        with(someone(1, "head"), "citizen_id", "419999198503074514"),
        with(someone(2, "child"), "citizen_id", "419999850307451"),
        with(someone(3, "child"), "citizen_id", "419999198502304517"),
        someone(4, "child"),
    ];

    let answer = phone.accepted(&[interview_with(case, people)]).await;

    let warned: Vec<_> = answer["receipts"][0]["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|w| w["pointer"].as_str().unwrap())
        .collect();
    assert_eq!(warned.iter().filter(|p| p.ends_with("/citizen_id")).count(), 2, "{answer}");
    let door = staff.get(&format!("/v1/cases/{case}")).await.ok();
    let seen: Vec<_> = door["interviews"][0]["persons"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["citizen_id"].clone())
        .collect();
    assert_eq!(seen, ["present", "missing", "missing", "missing"]);
    let hashes = app.count("select count(distinct citizen_id_hash) from person").await;
    assert_eq!(hashes, 1);
    assert_eq!(app.count("select count(*) from person where octet_length(citizen_id_hash) = 32").await, 1);
}

#[tokio::test]
async fn the_same_number_has_the_same_digest_under_one_key_only() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let phone = app.device("ea1").await;
    let talk = |n: usize| {
        let who = with(person(1, "王", "head"), "citizen_id", "419999198503074522");
        interview_with(app.survey.case(n), vec![with(who, "birth", json!({"y": 1985, "m": 3, "d": 7}))])
    };
    phone.accepted(&[talk(0), talk(1)]).await;
    assert_eq!(app.count("select count(distinct citizen_id_hash) from person").await, 1);
    let row = app
        .db
        .client()
        .await
        .query_one("select citizen_id_hash, citizen_id_key from person limit 1", &[])
        .await
        .unwrap();
    let (hash, key): (Vec<u8>, String) = (row.get(0), row.get(1));
    let other = doorknock::ingest::digest::Keys::new(&[8; 32]);
    assert_ne!(key, other.key_id());
    assert_eq!(hash.len(), 32);
}

/// A talk with one person, and a correction of it that keeps the person's number without naming it.
fn talk_and_correction(app: &App) -> (Value, Value) {
    let born = |who: Value| with(who, "birth", json!({"y": 1985, "m": 3, "d": 7}));
    let who = with(born(person(1, "王", "head")), "citizen_id", "419999198503074522");
    let talk = interview_with(app.survey.case(0), vec![who]);
    let kept = json!({"revision": 1, "person_no": 1});
    let mut correction = with(talk.clone(), "revision", 2);
    correction["household"]["n_stayed"] = json!(2);
    correction["persons"] = json!([
        with(born(person(1, "李", "head")), "citizen_id", "419999198503074514"),
        with(born(person(2, "王五", "child")), "citizen_id_from", kept),
    ]);
    (talk, correction)
}

/// Digests by revision and person.
async fn digests(app: &App) -> Vec<(i32, i32, Vec<u8>)> {
    let sql = "select revision, person_no, citizen_id_hash from person where citizen_id_hash is not null order by 1, 2";
    let rows = app.db.client().await.query(sql, &[]).await.unwrap();
    rows.iter().map(|r| (r.get(0), r.get(1), r.get(2))).collect()
}

fn kept_of_first(found: &[(i32, i32, Vec<u8>)]) {
    let places: Vec<(i32, i32)> = found.iter().map(|f| (f.0, f.1)).collect();
    assert_eq!(places, [(1, 1), (2, 1), (2, 2)]);
    assert!(found[0].2 == found[2].2 && found[1].2 != found[2].2);
}

#[tokio::test]
async fn a_correction_keeps_the_digest_of_an_earlier_revision() {
    for at_once in [false, true] {
        let app = App::new(Survey::with_dwellings(1)).await;
        let phone = app.device("ea1").await;
        let (talk, correction) = talk_and_correction(&app);
        if at_once {
            phone.accepted(&[correction.clone(), talk]).await;
        } else {
            phone.accepted(&[talk]).await;
            phone.accepted(std::slice::from_ref(&correction)).await;
        }
        kept_of_first(&digests(&app).await);
        // The next one keeps what that one kept.
        let mut third = with(correction, "revision", 3);
        third["persons"][0]["citizen_id_from"] = json!({"revision": 2, "person_no": 2});
        third["persons"][0]["citizen_id"] = Value::Null;
        third["persons"][1]["citizen_id_from"] = json!({"revision": 2, "person_no": 9});
        phone.accepted(&[third]).await;
        let found = digests(&app).await;
        assert_eq!(found.len(), 4, "nobody has the number 9 in revision 2");
        assert_eq!((found[3].0, found[3].1, &found[3].2), (3, 1, &found[0].2));
        app.recount().await;
    }
}

#[tokio::test]
async fn a_correction_that_comes_first_waits_for_the_number_that_it_keeps() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let (talk, correction) = talk_and_correction(&app);
    let mut third = with(correction.clone(), "revision", 3);
    third["persons"][1]["citizen_id_from"] = json!({"revision": 2, "person_no": 2});
    for early in [third, correction.clone()] {
        let receipt = phone.send(&[early]).await["receipts"][0].clone();
        assert_eq!(
            (&receipt["status"], &receipt["reason"]),
            (&json!("held"), &json!("edit-before-original"))
        );
    }
    let office = app.staff("sa").await;
    let state =
        || async { office.get(&format!("/v1/cases/{}", app.survey.case(0))).await.ok()["state"].clone() };
    assert_ne!(state().await, "completed");
    assert_eq!(office.get("/v1/held").await.ok()["items"].as_array().unwrap().len(), 2);

    phone.accepted(&[talk]).await;

    assert_eq!(state().await, "completed");
    assert!(office.get("/v1/held").await.ok()["items"].as_array().unwrap().is_empty());
    let found = digests(&app).await;
    kept_of_first(&found[..3]);
    assert_eq!((found[4].0, found[4].1, &found[4].2), (3, 2, &found[0].2));
    let left = app.count("select count(*) from interview where people like '%citizen_id_from%'").await;
    assert_eq!(left, 0);
    // Sent again it is the same record, and gets the receipt that it got first.
    let again = phone.send(&[correction]).await["receipts"][0].clone();
    assert_eq!((&again["status"], &again["replayed"]), (&json!("held"), &json!(true)));
    app.recount().await;
}

#[tokio::test]
async fn what_cannot_name_a_number_is_said_and_keeps_none() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let phone = app.device("ea1").await;
    let (talk, correction) = talk_and_correction(&app);
    phone.accepted(&[talk]).await;
    for (n, wrong) in [
        json!("1/1"),
        json!({"revision": 0, "person_no": 1}),
        json!({"revision": 1}),
        json!({"revision": 9, "person_no": 1}),
    ]
    .iter()
    .enumerate()
    {
        let mut record = with(correction.clone(), "revision", 2 + n);
        record["persons"][1]["citizen_id_from"] = wrong.clone();
        let receipt = phone.send(&[record]).await["receipts"][0].clone();
        assert!(receipt["status"] == "accepted" || receipt["reason"] == "bad-field", "{wrong}: {receipt}");
    }
    assert!(digests(&app).await.iter().all(|found| found.1 == 1), "nobody kept one");
    app.recount().await;
}
