//! Whoever is shown what somebody said leaves a line in the audit log first: every route and every page, found from the one
//! list of routes, is asked with canaries in the data.

use std::collections::BTreeSet;

use doorknock::pages::frame::masked;
use doorknock::routes::routes;
use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::forms::{upload, xform};
use crate::links::family::{BY_HAND, LU, form, link_all, link_id, people};
use crate::support::pages::Pages;
use crate::support::record::{id_of, visit_at, with};
use crate::support::survey::{A, A1};
use crate::support::{App, Client, Survey, id, visit};

/// What nobody may read unnoticed: a name, a telephone number, an address, another one, an answer, two notes, and the bytes of a
/// picture.
const CANARIES: [&str; 8] = [
    "逯巧梅",
    "10866612345",
    "金丝雀巷七号",
    "黄雀村二组",
    "柠檬色笼子",
    "狗在院里叫丽丽",
    "夜里来电话阿黄",
    "CANARYPIXELS",
];

/// A survey in which the canaries have been said, and the ids of everything.
struct World {
    app: App,
    ids: Vec<Uuid>,
    case: Uuid,
    /// A filled-in form.
    filled: Uuid,
    link: Uuid,
    device: Client,
    office: Client,
    browser: Client,
    csrf: String,
    /// Key of a Collect device.
    collect: String,
    log: tokio_postgres::Client,
}

impl World {
    async fn count(&self, sql: &str) -> i64 {
        self.log.query_one(sql, &[]).await.unwrap_or_else(|e| panic!("{sql}: {e:?}")).get(0)
    }
}

fn said(case: Uuid, clock: &str) -> Value {
    let mut persons = people(&LU);
    persons[0]["other_address"] = json!(CANARIES[3]);
    let mut form = with(form(case, persons, clock), "address_text", CANARIES[2]);
    form["household"]["phone"] = json!(CANARIES[1]);
    form["answers"] = json!({"bird": CANARIES[4]});
    form
}

async fn world() -> World {
    let dir = std::env::temp_dir().join(format!("doorknock-test-{}-canary", std::process::id()));
    let app = App::with(
        Survey::with_dwellings(8).policy(BY_HAND),
        |store| store,
        |shared| shared.shelf = doorknock::shelf::Shelf::directory(dir),
    )
    .await;
    let phone = app.device("ea1").await;
    let (case, photo) = (app.survey.case(0), id());
    let visit = with(visit_at(case, "no_answer", "2020-11-08T10:00:00+08:00"), "note", CANARIES[5]);
    let visit = with(visit, "photo", json!([photo]));
    let (near, far) = (said(case, "10:10"), said(app.survey.case(3), "16:00"));
    let batch = phone.accepted(&[visit.clone(), near.clone(), far.clone()]).await["batch_id"].clone();
    let waiting = with(visit_at(id(), "no_answer", "2020-11-08T11:00:00+08:00"), "note", CANARIES[5]);
    phone.send(std::slice::from_ref(&waiting)).await;
    let picture = [&[0xff, 0xd8, 0xff, 0xe0, 0, 0, 0, 0, 0, 0, 0, 0][..], CANARIES[7].as_bytes()].concat();
    phone.client.call(Method::PUT, &format!("/v1/attachments/{photo}"), &[], picture.into()).await.ok();
    let office = app.staff("root").await;
    let birds = xform("birds", "1", &[("bird", "string", "")]);
    assert_eq!(upload(&office, "publish=true&role=free", &birds).await.status, 201);
    let filled = id();
    let xml = format!(
        "<data id=\"birds\" version=\"1\"><bird>{}</bird><meta><instanceID>uuid:{filled}</instanceID></meta></data>",
        CANARIES[4]
    );
    let sent =
        json!({"type": "submission", "id": filled, "form": {"id": "birds", "version": "1"}, "xml": xml});
    phone.accepted(&[sent]).await;
    let slips = office.post("/v1/slips", &json!({"cases": [case]})).await.ok();
    let code = slips["items"][0]["code"].as_str().unwrap().to_owned();
    let wish = json!({"when": [{"from": "2020-11-12T18:00:00+08:00", "to": "2020-11-12T19:00:00+08:00"}],
        "note": CANARIES[6]});
    app.anyone().post(&format!("/v1/slips/{code}"), &wish).await.ok();
    link_all(&app).await;
    let link = link_id(&near, &far);
    let hash = doorknock::access::hash_password("correct horse").unwrap();
    app.store().set_password("root", &hash, app.clock.now()).await.unwrap();
    let signed = app.anyone().post("/v1/login", &json!({"user": "root", "password": "correct horse"})).await;
    let cookie = signed.cookie(doorknock::app::auth::SESSION);
    let ids = vec![
        case,
        link,
        phone.id,
        photo,
        id_of(&visit),
        id_of(&near),
        id_of(&waiting),
        batch.as_str().unwrap().parse().unwrap(),
        app.survey.doors[0].building_id(),
        app.survey.doors[0].dwelling().0,
        filled,
    ];
    let collect = crate::collect::key(&app, "ea1").await;
    World {
        collect,
        case,
        filled,
        link,
        csrf: masked(signed.ok()["csrf"].as_str().unwrap()),
        browser: Client { cookie, ..app.anyone() },
        device: phone.client,
        log: app.db.client().await,
        office,
        ids,
        app,
    }
}

/// Queries that make a list or a page show more.
fn queries(world: &World, pattern: &str) -> Vec<String> {
    if pattern.contains("{id}") {
        return vec![String::new(), format!("?door={}", world.case)];
    }
    let more =
        ["state=review", "state=double", "format=csv", "enumerator=ea1&on=2020-11-12", "holder=ea1&only=all"];
    let more = more.iter().map(|query| format!("?{query}&area={A1}"));
    std::iter::once(format!("?area={A}")).chain(more).collect()
}

/// The paths of a pattern, every place of an id filled with every id there is.
fn paths(world: &World, pattern: &str) -> Vec<String> {
    let plain = pattern
        .replace("{code}", A1)
        .replace("{slug}", "not-found")
        .replace("{version}", "x")
        .replace("{*name}", "x.js")
        .replace("{*place}", "x")
        .replace("{key}", &world.collect);
    if pattern.starts_with("/odk/{key}/lists/{") {
        let lists = ["doors.csv", "today.csv", "buildings.csv", "receipts.csv"];
        return lists.iter().map(|name| plain.replace("{name}", name)).collect();
    }
    if pattern.contains("/forms/") || pattern.contains("/media/") {
        let filled = plain
            .replace("{id}", "birds")
            .replace("{name}", "x")
            .replace("{submission}", &world.filled.to_string());
        let filled = filled.replace("/versions/x", "/versions/1").replace("/birds/x/", "/birds/1/");
        let files = ["birds.csv", "birds.jsonl", "birds.zip", "1.xml"];
        return files.iter().map(|file| filled.replace("{file}", file)).collect();
    }
    let files = ["cases", "visits", "households", "persons"]
        .iter()
        .flat_map(|kind| ["csv", "geojson"].map(|ending| format!("{kind}.{ending}")));
    if plain.contains("{file}") {
        return files.map(|file| plain.replace("{file}", &file)).collect();
    }
    if !plain.contains("{id}") {
        assert!(!plain.contains('{'), "{pattern}: say here what stands in its braces");
        return vec![plain];
    }
    world.ids.iter().map(|id| plain.replace("{id}", &id.to_string())).collect()
}

/// Bodies that a call understands, so that its answer says as much as it can. A new call gets an empty one.
fn bodies(world: &World, pattern: &str) -> Vec<Value> {
    match pattern {
        "/v1/links/{id}/decision" => {
            vec![json!({"decision": "apart", "version": 1}), json!({"decision": "undo", "version": 2})]
        }
        "/v1/cases/{id}/decisions" => {
            vec![json!({"decision": "cancel", "reason": "x"}), json!({"decision": "uncancel", "reason": "x"})]
        }
        "/v1/held/{id}/decision" => vec![json!({"decision": "refuse", "note": "x"})],
        "/v1/plan" => vec![json!({"on": "2020-11-11", "area": A})],
        "/v1/assignments" => vec![json!({"assignments": [{"case_id": world.case, "enumerator": "ea1"}]})],
        _ => vec![json!({})],
    }
}

fn forms(pattern: &str) -> &'static str {
    match pattern {
        // Another has been faster: the page shows the pair again.
        "/review/{id}/decision" => "decision=apart&version=0&note=x",
        "/held/{id}/decision" => "decision=accept&note=x&revision=9",
        "/cases/{id}/decisions" => "decision=reopen&reason=x",
        "/print/cards" => "building=x",
        _ => "x=y",
    }
}

/// Asks and, where a canary is shown, looks for the line about it.
async fn ask(
    world: &World,
    who: (&Client, &str, &str),
    call: (&Method, &str),
    sent: Option<(&str, String)>,
) -> bool {
    let (client, user, way) = who;
    let (method, path) = call;
    let last = world.count("select coalesce(max(id), 0) from audit").await;
    let reply = match sent {
        None => client.get(path).await,
        Some((media, body)) => {
            client.call(method.clone(), path, &[("content-type", media)], body.into()).await
        }
    };
    let text = reply.text();
    let shown: Vec<&str> = CANARIES.iter().filter(|c| text.contains(**c)).copied().collect();
    if shown.is_empty() {
        return false;
    }
    let sql = format!(
        "select count(*) from audit where id > {last} and user_name = '{user}' and action like 'read%'
           and detail ->> 'way' = '{way}' and at is not null and area is not null"
    );
    assert!(world.count(&sql).await > 0, "{method} {path} shows {shown:?} to {user} and leaves no line");
    true
}

#[tokio::test]
async fn whoever_is_shown_what_somebody_said_leaves_a_line() {
    let world = world().await;
    let mut showing: BTreeSet<(String, &str)> = BTreeSet::new();
    for (method, pattern) in routes().list() {
        let is_api = pattern.starts_with("/v1/");
        for path in paths(&world, pattern) {
            let mut shows = false;
            if method == Method::GET {
                for query in queries(&world, pattern) {
                    let path = format!("{path}{query}");
                    let call = (&method, path.as_str());
                    if is_api {
                        shows |= ask(&world, (&world.device, "ea1", "api"), call, None).await;
                        shows |= ask(&world, (&world.office, "root", "api"), call, None).await;
                    }
                    let way = if is_api { "api" } else { "page" };
                    shows |= ask(&world, (&world.browser, "root", way), call, None).await;
                }
            } else if is_api {
                for body in bodies(&world, pattern) {
                    let sent = Some(("application/json", body.to_string()));
                    shows |=
                        ask(&world, (&world.office, "root", "api"), (&method, &path), sent.clone()).await;
                    shows |= ask(&world, (&world.device, "ea1", "api"), (&method, &path), sent).await;
                }
            } else if pattern != "/logout" {
                let sent = format!("csrf={}&{}", world.csrf, forms(pattern));
                let sent = Some(("application/x-www-form-urlencoded", sent));
                shows |= ask(&world, (&world.browser, "root", "page"), (&method, &path), sent).await;
            }
            if shows {
                showing.insert((method.to_string(), pattern));
            }
        }
    }
    // These do show it; a route that shows it too needs no entry here, its line has been seen above.
    for known in [
        ("GET", "/v1/cases/{id}"),
        ("GET", "/v1/links"),
        ("GET", "/v1/links/{id}"),
        ("POST", "/v1/links/{id}/decision"),
        ("GET", "/v1/export/{file}"),
        ("GET", "/v1/export/forms/{file}"),
        ("GET", "/forms/{id}/answers"),
        ("GET", "/forms/{id}/answers/{submission}"),
        ("GET", "/v1/attachments/{id}"),
        ("GET", "/cases/{id}"),
        ("GET", "/buildings/{id}"),
        ("GET", "/review"),
        ("GET", "/review/{id}"),
        ("POST", "/review/{id}/decision"),
    ] {
        assert!(
            showing.contains(&(known.0.to_owned(), known.1)),
            "{known:?} was not tried as it should: {showing:?}"
        );
    }
    assert!(world.count("select count(*) from link").await > 0 && world.link != Uuid::nil());
    // The log itself says who and what, never what was said.
    for canary in CANARIES {
        let sql = format!("select count(*) from audit where audit::text like '%{canary}%'");
        assert_eq!(world.count(&sql).await, 0, "{canary}");
    }
}

#[tokio::test]
async fn what_is_out_of_reach_or_unknown_leaves_no_line() {
    let world = world().await;
    let stranger = world.app.staff("sb").await;
    let before = world.count("select count(*) from audit").await;
    for path in ["cases", "links", "attachments"] {
        for id in world.ids.iter().chain([&id()]) {
            stranger.get(&format!("/v1/{path}/{id}")).await.problem(404, "not-found");
        }
    }
    assert_eq!(world.count("select count(*) from audit").await, before);
}

#[tokio::test]
async fn the_line_is_there_before_an_export_s_first_byte_and_what_cannot_be_noted_is_not_read() {
    let world = world().await;
    world.office.get("/v1/export/persons.csv").await.ok_bytes();
    let exports = "select count(*) from audit where action = 'read_export'";
    assert_eq!(world.count(exports).await, 1);
    let client = world.app.db.client().await;
    let name = &world.app.db.connection.database;
    // The database takes no writes any more, as after a failover.
    client
        .batch_execute(&format!("alter database {name} set default_transaction_read_only = on"))
        .await
        .unwrap();
    client
        .batch_execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")
        .await
        .unwrap();
    for path in [
        "/v1/export/persons.csv".to_owned(),
        format!("/v1/cases/{}", world.case),
        format!("/v1/links/{}", world.link),
    ] {
        let reply = world.office.get(&path).await;
        assert_eq!(reply.status, 503, "{path}: {}", reply.text());
        assert!(CANARIES.iter().all(|c| !reply.text().contains(c)), "{path}");
    }
    let page = world.browser.get(&format!("/cases/{}", world.case)).await;
    assert!(page.status == 503 && CANARIES.iter().all(|c| !page.text().contains(c)), "{}", page.status);
}

#[tokio::test]
async fn a_decision_on_a_pair_is_on_record() {
    let world = world().await;
    let body = json!({"decision": "apart", "version": 1, "note": "two families"});
    world.office.post(&format!("/v1/links/{}/decision", world.link), &body).await.ok();
    let lines = world.office.get("/v1/audit?action=decide_link").await.ok()["items"].clone();
    assert_eq!(
        (&lines[0]["subject"], &lines[0]["detail"]["decision"]),
        (&json!(world.link), &json!("apart"))
    );
}

#[tokio::test]
async fn an_administrator_reads_the_log_on_a_page_and_nobody_else() {
    let app = App::new(Survey::with_dwellings(2)).await;
    app.device("ea1").await.accepted(&[visit(app.survey.case(0), "no_answer")]).await;
    app.staff("sa").await.get(&format!("/v1/cases/{}", app.survey.case(0))).await.ok();
    let pages = Pages::of(&app).await;

    let page = pages.0.get("/audit").await.text();
    assert!(
        page.contains("Read a door") && page.contains(&format!("/cases/{}", app.survey.case(0))),
        "{page}"
    );
    assert!(pages.0.get("/").await.text().contains("href=\"/audit\""), "the menu leads there");
    let signed_in = pages.0.get("/audit?action=sign_in&user=ROOT").await.text();
    assert!(signed_in.contains("<td data-l=\"Action\">Signed in</td>"), "{signed_in}");
    assert!(!signed_in.contains("<td data-l=\"Action\">Read a door</td>"), "{signed_in}");
    assert!(pages.0.get("/audit?user=nobody").await.text().contains("Nothing stands here yet."));
    assert_eq!(pages.0.get("/audit?action=made_up").await.status, 400);
    let zh = Pages::speaking(&app, "zh").await.0.get("/audit").await.text();
    assert!(zh.contains("查看住户"), "{zh}");
}
