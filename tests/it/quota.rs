//! What one device may send: no device fills the disk for all, records never stop, and everybody is told when it goes on.

use bytes::Bytes;
use doorknock::shelf::{Shelf, Swept};
use doorknock::store::sweep::GIVEN_UP;
use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::pages::Pages;
use crate::support::record::{at, visit_at, with};
use crate::support::{App, Client, Device, Reply, Survey, id, visit};

const KIB: usize = 1 << 10;

fn picture(n: usize) -> Bytes {
    let mut all = vec![0xff, 0xd8, 0xff, 0xe0];
    all.resize(n, 7);
    all.into()
}

async fn put(phone: &Device, photo: Uuid, n: usize) -> Reply {
    phone.client.call(Method::PUT, &format!("/v1/attachments/{photo}"), &[], picture(n)).await
}

async fn piece(phone: &Device, photo: Uuid, (from, to): (usize, usize), whole: usize) -> Reply {
    let range = format!("bytes {from}-{}/{whole}", to - 1);
    let path = format!("/v1/attachments/{photo}");
    phone.client.call(Method::PUT, &path, &[("content-range", &range)], picture(whole).slice(from..to)).await
}

async fn head(client: &Client, photo: Uuid) -> Reply {
    client.call(Method::HEAD, &format!("/v1/attachments/{photo}"), &[], Bytes::new()).await
}

async fn world(limits: &str) -> (App, Device) {
    let survey = Survey::with_dwellings(4).policy(&format!("[limits]\n{limits}"));
    let app = App::with(
        survey,
        |s| s,
        |shared| {
            let name = format!("doorknock-test-{}-shelf-{}", std::process::id(), Uuid::new_v4());
            shared.shelf = Shelf::directory(std::env::temp_dir().join(name));
        },
    )
    .await;
    let phone = app.device("ea1").await;
    (app, phone)
}

/// A visit that is here and names these pictures.
async fn name(app: &App, phone: &Device, photos: &[Uuid]) {
    phone.accepted(&[with(visit(app.survey.case(0), "no_answer"), "photo", json!(photos))]).await;
}

/// What `GET /v1/devices` says of a device's day.
async fn today(app: &App, phone: &Device) -> Value {
    let all = app.staff("sa").await.get("/v1/devices").await.ok();
    let items = all["items"].as_array().unwrap();
    items.iter().find(|d| d["id"] == phone.id.to_string()).unwrap()["today"].clone()
}

#[track_caller]
fn over(reply: &Reply, quota: &str, goes_on_at: &Value, wait: std::ops::RangeInclusive<i64>) -> Value {
    let problem = reply.problem(429, "device-quota");
    assert_eq!((&problem["quota"], &problem["goes_on_at"]), (&json!(quota), goes_on_at), "{problem}");
    let seconds: i64 = reply.header("retry-after").parse().unwrap();
    assert!(wait.contains(&seconds), "{seconds}");
    assert!(problem["detail_zh"].is_string(), "{problem}");
    problem
}

#[tokio::test]
async fn a_device_that_sent_its_pictures_of_a_day_goes_on_tomorrow_and_its_records_go_on_today() {
    let (app, phone) = world("picture_mib = 1").await;
    let (first, second) = (id(), id());
    name(&app, &phone, &[first, second]).await;
    put(&phone, first, 600 * KIB).await.ok();
    // Noon: half a day is left of the day in Shanghai.
    let midnight = json!("2020-11-10T16:00:00Z");
    let problem = over(&put(&phone, second, 425 * KIB).await, "picture_mib", &midnight, 43_100..=43_200);
    assert!(problem["detail"].as_str().unwrap().contains("2020-11-11"), "{problem}");
    assert_eq!(head(&phone.client, second).await.status, 404);

    // What was sent before costs nothing, and is told as ever.
    assert_eq!(put(&phone, first, 600 * KIB).await.ok()["complete"], true);
    assert_eq!(head(&phone.client, first).await.header("upload-complete"), "?1");
    phone.accepted(&[visit(app.survey.case(1), "no_answer")]).await;
    // The last byte of the day is taken, and another phone has a day of its own.
    piece(&phone, second, (0, 424 * KIB), 425 * KIB).await.ok();
    over(
        &piece(&phone, second, (424 * KIB, 425 * KIB), 425 * KIB).await,
        "picture_mib",
        &midnight,
        1..=43_200,
    );
    assert_eq!(head(&phone.client, second).await.header("upload-offset"), (424 * KIB).to_string());
    put(&app.device("ea2").await, id(), 600 * KIB).await.ok();
    let day = today(&app, &phone).await;
    assert_eq!((&day["on"], &day["picture_bytes"]), (&json!("2020-11-10"), &json!(1024 * KIB)));
    assert_eq!(day["reached"][0]["quota"], "picture_mib");

    app.clock.set("2020-11-10T23:59:59+08:00");
    over(&piece(&phone, second, (424 * KIB, 425 * KIB), 425 * KIB).await, "picture_mib", &midnight, 1..=1);
    app.clock.set("2020-11-11T00:00:00+08:00");
    let done = piece(&phone, second, (424 * KIB, 425 * KIB), 425 * KIB).await.ok();
    assert_eq!(done["complete"], true);
    let day = today(&app, &phone).await;
    // A piece counts as a block of the disk at least.
    assert_eq!((&day["picture_bytes"], &day["reached"]), (&json!(4 * KIB), &json!([])));
}

#[tokio::test]
async fn pieces_count_as_they_come_and_nothing_counts_twice() {
    let (app, phone) = world("picture_mib = 1").await;
    let (photo, whole) = (id(), 100 * KIB);
    for (range, want) in [
        ((0, 40 * KIB), 40),
        ((0, 40 * KIB), 40),
        ((20 * KIB, 60 * KIB), 60),
        ((60 * KIB, whole), 100),
        ((0, whole), 100),
    ] {
        piece(&phone, photo, range, whole).await.ok();
        let day = today(&app, &phone).await;
        assert_eq!((&day["picture_bytes"], &day["unnamed_bytes"]), (&json!(want * KIB), &json!(want * KIB)));
    }
    piece(&phone, photo, (0, 50 * KIB), 50 * KIB).await.problem(409, "other-content");
    assert_eq!(today(&app, &phone).await["picture_bytes"], 100 * KIB);
    // What is thrown away at its end came all the same.
    let digest = [("repr-digest", "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:")];
    let path = format!("/v1/attachments/{}", id());
    phone.client.call(Method::PUT, &path, &digest, picture(100 * KIB)).await.problem(422, "digest-mismatch");
    let day = today(&app, &phone).await;
    assert_eq!((&day["picture_bytes"], &day["unnamed_bytes"]), (&json!(200 * KIB), &json!(100 * KIB)));
}

#[tokio::test]
async fn pictures_without_a_visit_are_bounded_until_their_visits_are_here() {
    let (app, phone) = world("unnamed_mib = 1").await;
    let photos = [id(), id(), id()];
    put(&phone, photos[0], 600 * KIB).await.ok();
    let refused = put(&phone, photos[1], 500 * KIB).await;
    let since: Timestamp = refused.json()["goes_on_at"].as_str().unwrap().parse().unwrap();
    let begun: Timestamp = "2020-11-17T04:00:00Z".parse().unwrap();
    assert!((0..10).contains(&since.duration_since(begun).as_secs()), "{since}");
    over(&refused, "unnamed_mib", &json!(since), 600..=600);
    // Nothing of its own makes room for a picture that is larger than all of it.
    over(&put(&phone, photos[2], 1025 * KIB).await, "unnamed_mib", &Value::Null, 600..=600);

    // A record that is refused names nothing; one that is held does.
    let bad = with(visit(app.survey.case(0), "went_well"), "photo", json!([photos[0]]));
    assert_eq!(phone.send(&[bad]).await["counts"]["refused"], 1);
    put(&phone, photos[1], 500 * KIB).await.problem(429, "device-quota");
    let held = with(visit(id(), "no_answer"), "photo", json!([photos[0]]));
    assert_eq!(phone.send(&[held]).await["counts"]["held"], 1);
    assert_eq!(today(&app, &phone).await["unnamed_bytes"], 0);
    put(&phone, photos[1], 500 * KIB).await.ok();
    // One that is named before it comes never counts.
    name(&app, &phone, &[photos[2]]).await;
    put(&phone, photos[2], 1025 * KIB).await.ok();
    assert_eq!(today(&app, &phone).await["unnamed_bytes"], 500 * KIB);
}

#[tokio::test]
async fn two_pictures_at_once_do_not_take_the_same_room() {
    let (app, phone) = world("unnamed_mib = 1").await;
    let sent = futures_util::future::join_all((0..6).map(|_| put(&phone, id(), 400 * KIB))).await;
    let codes: Vec<u16> = sent.iter().map(|r| r.status.as_u16()).collect();
    assert_eq!(codes.iter().filter(|code| **code == 200).count(), 2, "{codes:?}");
    assert_eq!(today(&app, &phone).await["picture_bytes"], 800 * KIB);
}

async fn sweep(app: &App) -> Swept {
    let now = Timestamp::from_microsecond(app.clock.now().as_microsecond()).unwrap();
    let limits = doorknock::domain::policy::Limits { unnamed_days: 7, ..Default::default() };
    let (key, since) = (app.key().await, limits.swept_before(now));
    app.shared.shelf.sweep(app.store(), key, since, now).await.unwrap()
}

#[tokio::test]
async fn a_picture_that_no_visit_names_goes_after_a_week_and_may_come_again() {
    let (app, phone) = world("unnamed_mib = 1").await;
    let (named, lost, half) = (id(), id(), id());
    for photo in [named, lost] {
        put(&phone, photo, 300 * KIB).await.ok();
    }
    piece(&phone, half, (0, 100 * KIB), 200 * KIB).await.ok();
    name(&app, &phone, &[named]).await;
    app.clock.advance(7 * 24 * 60 - 1);
    assert_eq!(sweep(&app).await, Swept::default());
    app.clock.advance(2);
    let went = sweep(&app).await;
    assert_eq!((went.pictures, went.bytes, went.is_more), (2, 400 << 10, false));
    assert_eq!(sweep(&app).await, Swept::default());
    assert_eq!(app.count("select count(*) from attachment_part").await, 0);
    for (photo, is_there) in [(named, true), (lost, false), (half, false)] {
        assert_eq!(app.shared.shelf.has(app.key().await, photo).await.unwrap(), is_there);
        assert_eq!(head(&phone.client, photo).await.status, if is_there { 200 } else { 404 });
    }
    assert_eq!(today(&app, &phone).await["unnamed_bytes"], 0);
    // Its visit comes late: the phone asks, and sends it again.
    name(&app, &phone, &[lost]).await;
    assert_eq!(put(&phone, lost, 300 * KIB).await.ok()["complete"], true);
    assert!(app.shared.shelf.has(app.key().await, lost).await.unwrap());
    assert_eq!(sweep(&app).await, Swept::default());
}

#[tokio::test]
async fn a_picture_that_is_being_named_is_not_removed() {
    let (app, phone) = world("unnamed_mib = 1").await;
    let photo = id();
    let seen = visit(app.survey.case(0), "no_answer");
    phone.accepted(std::slice::from_ref(&seen)).await;
    let other = Uuid::parse_str(seen["id"].as_str().unwrap()).unwrap();
    put(&phone, photo, 10 * KIB).await.ok();
    app.clock.advance(8 * 24 * 60);
    // A visit is being stored: its transaction has named the picture and is not done.
    let mut client = app.db.client().await;
    let tx = client.transaction().await.unwrap();
    let named = "update attachment set named_at = now() where id = $1";
    tx.execute(named, &[&photo]).await.unwrap();
    let link = "insert into attachment_link (district_id, survey_no, attachment_id, visit_id)
        select district_id, survey_no, id, $2 from attachment where id = $1";
    tx.execute(link, &[&photo, &other]).await.unwrap();
    assert_eq!(sweep(&app).await, Swept::default());
    tx.commit().await.unwrap();
    assert_eq!(sweep(&app).await, Swept::default());
    // Visit and picture came at once and did not see each other: the link is the truth.
    client.execute("update attachment set named_at = null where id = $1", &[&photo]).await.unwrap();
    assert_eq!(today(&app, &phone).await["unnamed_bytes"], 0);
    assert_eq!(sweep(&app).await, Swept::default());
    assert_eq!(app.count("select count(*) from attachment where named_at is not null").await, 1);
    assert_eq!(head(&phone.client, photo).await.header("upload-complete"), "?1");
}

#[tokio::test]
async fn a_picture_under_an_id_that_is_somebody_else_s_waits_for_a_visit_of_its_own_sender() {
    let (app, phone) = world("unnamed_mib = 1").await;
    let other = app.device("ea2").await;
    let photo = id();
    put(&phone, photo, 10 * KIB).await.ok();
    put(&other, photo, 20 * KIB).await.ok();
    phone.accepted(&[visit(app.survey.case(1), "no_answer")]).await;
    name(&app, &other, &[photo]).await;
    let unnamed =
        [today(&app, &phone).await, today(&app, &other).await].map(|day| day["unnamed_bytes"].clone());
    assert_eq!(unnamed, [json!(10 * KIB), json!(0)]);
    app.clock.advance(8 * 24 * 60);
    assert_eq!(sweep(&app).await.pictures, 1);
    assert_eq!(head(&phone.client, photo).await.status, 404);
    assert_eq!(head(&other.client, photo).await.header("upload-complete"), "?1");
}

#[tokio::test]
async fn what_was_taken_in_hand_counts_as_gone_and_is_finished_by_somebody_else() {
    let (app, phone) = world("unnamed_mib = 1").await;
    let photo = id();
    put(&phone, photo, 10 * KIB).await.ok();
    app.clock.advance(8 * 24 * 60);
    // Somebody took it in hand and was killed.
    let (key, now) = (app.key().await, app.clock.now());
    assert_eq!(app.store().take_unnamed(key, now, now, 10).await.unwrap(), vec![(photo, 10 << 10)]);
    assert_eq!(head(&phone.client, photo).await.status, 404);
    put(&phone, photo, 10 * KIB).await.problem(429, "busy");
    assert_eq!(sweep(&app).await, Swept::default());
    app.clock.advance(GIVEN_UP.as_mins() + 1);
    assert_eq!(sweep(&app).await.pictures, 1);
    put(&phone, photo, 10 * KIB).await.ok();
    // He who was thought to be dead comes back: what is there now is not what he took.
    app.store().forget_swept(key, &[photo], now).await.unwrap();
    assert_eq!(head(&phone.client, photo).await.header("upload-complete"), "?1");
}

#[tokio::test]
async fn after_a_restore_pictures_wait_afresh_for_visits_that_are_sent_again() {
    let (app, phone) = world("unnamed_mib = 1").await;
    put(&phone, id(), 10 * KIB).await.ok();
    app.clock.advance(8 * 24 * 60);
    app.db
        .client()
        .await
        .execute("update feed set restored_at = '2020-11-18T12:00:00+08:00'", &[])
        .await
        .unwrap();
    assert_eq!(sweep(&app).await, Swept::default());
    app.clock.advance(8 * 24 * 60);
    assert_eq!(sweep(&app).await.pictures, 1);
}

async fn raw_of(app: &App, batch: &Value) -> Value {
    let id: Uuid = batch["batch_id"].as_str().unwrap().parse().unwrap();
    let sql = "select raw, raw_length from batch_content where batch_id = $1";
    let row = app.db.client().await.query_one(sql, &[&id]).await.unwrap();
    let text = doorknock::store::batch::unpacked(row.get("raw")).unwrap();
    assert_eq!(row.get::<_, i32>("raw_length"), i32::try_from(text.len()).unwrap());
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn refused_records_above_the_limit_are_answered_and_counted_and_not_kept() {
    let (app, phone) = world("refused = 3").await;
    let bad = || visit(app.survey.case(0), "went_well");
    let good = visit(app.survey.case(1), "no_answer");
    let reused = with(good.clone(), "note", json!("another"));
    let first = phone.batch(&[bad(), good.clone(), bad()]);
    phone.post(&first).await.ok();
    assert_eq!(raw_of(&app, &first).await["records"], first["records"]);

    let second = phone.batch(&[bad(), visit(app.survey.case(2), "no_answer"), reused, bad()]);
    let answer = phone.post(&second).await.ok();
    assert_eq!(answer["counts"], json!({"accepted": 1, "held": 0, "refused": 3}));
    for (i, reason) in [(0, "unknown-outcome"), (2, "id-reused"), (3, "unknown-outcome")] {
        assert_eq!(answer["receipts"][i]["reason"], reason);
    }
    let kept = raw_of(&app, &second).await;
    let sent = &second["records"];
    assert_eq!(kept["records"], json!([sent[0], sent[1], null, null]));
    let counted = |day: &Value| (day["refused"].clone(), day["refused_left_out"].clone());
    assert_eq!(counted(&today(&app, &phone).await), (json!(5), json!(2)));

    // The same batch once more counts nothing and gets the same receipts.
    let again = phone.post(&second).await.ok();
    assert_eq!((&again["replayed"], &again["receipts"]), (&json!(true), &answer["receipts"]));
    let day = today(&app, &phone).await;
    assert_eq!(counted(&day), (json!(5), json!(2)));
    assert_eq!(day["reached"][0]["quota"], "refused");

    app.clock.set("2020-11-11T00:00:00+08:00");
    let next = phone.batch(&[bad()]);
    phone.post(&next).await.ok();
    assert_eq!(raw_of(&app, &next).await["records"], next["records"]);
    assert_eq!(counted(&today(&app, &phone).await), (json!(1), json!(0)));
    app.recount().await;
}

#[tokio::test]
async fn records_are_counted_by_day_and_never_stopped() {
    let (app, phone) = world("picture_mib = 1").await;
    let batch = phone.batch(&[visit(app.survey.case(0), "no_answer")]);
    phone.post(&batch).await.ok();
    phone.post(&batch).await.ok();
    let length = serde_json::to_vec(&batch).unwrap().len();
    assert_eq!(today(&app, &phone).await["record_bytes"], length + 512);
    let empty = phone.batch(&[]);
    phone.post(&empty).await.ok();
    let both = length + serde_json::to_vec(&empty).unwrap().len() + 1024;
    assert_eq!(today(&app, &phone).await["record_bytes"], both);
    app.clock.set("2020-11-11T00:00:00+08:00");
    assert_eq!(today(&app, &phone).await["record_bytes"], 0);
    phone.post(&phone.batch(&[])).await.ok();
    assert_eq!(today(&app, &phone).await["record_bytes"], both - length - 512);
}

#[tokio::test]
async fn a_visit_names_a_hundred_pictures_at_most_and_is_stored() {
    let (app, phone) = world("").await;
    let photos: Vec<Uuid> = (0..101).map(|_| id()).collect();
    let sent = with(visit_at(app.survey.case(0), "no_answer", &at(9, "11:00")), "photo", json!(photos));
    let answer = phone.accepted(&[sent]).await;
    assert_eq!(answer["receipts"][0]["warnings"][0]["pointer"], "/records/0/photo");
    assert_eq!(app.count("select count(*) from attachment_link").await, 100);
}

#[tokio::test]
async fn a_supervisor_is_told_which_device_reached_which_limit() {
    let (app, phone) = world("picture_mib = 2\nunnamed_mib = 1\nrefused = 1").await;
    let en = Pages::of(&app).await.0;
    let in_chinese = en.cookie.as_ref().map(|cookie| cookie.replace("language=en", "language=zh"));
    let zh = Client { cookie: in_chinese, ..en.clone() };
    let words = [
        ("today’s limit for pictures is reached", "今日图片已达上限"),
        ("too many pictures that no visit names", "未被访问引用的图片过多"),
        ("2 refused records were not kept today", "今日有 2 条被拒记录未留存"),
        ("64 MiB of records today", "今日记录 64 MiB"),
    ];
    let told = async |path: &str| {
        let (english, chinese) = (en.get(path).await.text(), zh.get(path).await.text());
        words.map(|(a, b)| {
            assert_eq!(english.contains(a), chinese.contains(b), "{a}");
            english.contains(a)
        })
    };
    assert_eq!(told("/").await, [false; 4]);
    put(&phone, id(), 1000 * KIB).await.ok();
    put(&phone, id(), 1000 * KIB).await.problem(429, "device-quota");
    assert_eq!(told("/").await, [false, true, false, false]);
    let photos = [id(), id()];
    name(&app, &phone, &photos).await;
    put(&phone, photos[0], 1000 * KIB).await.ok();
    put(&phone, photos[1], 1000 * KIB).await.problem(429, "device-quota");
    let bad = || visit(app.survey.case(0), "went_well");
    phone.send(&[bad(), bad(), bad()]).await;
    let sql = "update device_contact set day_bytes = 64 << 20";
    app.db.client().await.execute(sql, &[]).await.unwrap();
    assert_eq!(told("/").await, [true; 4]);
    // Of another area nobody is told, and tomorrow it is over.
    assert_eq!(told(&format!("/areas/{}", crate::support::survey::B)).await, [false; 4]);
    app.clock.set("2020-11-11T00:00:00+08:00");
    assert_eq!(told("/").await, [false; 4]);
}
