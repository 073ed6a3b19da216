//! Nothing outside the own area or survey can be told from what does not exist: every call is answered the same, byte for byte,
//! for the id of something foreign and for one that nobody has.

mod pictures;
mod records;
mod world;

use std::collections::BTreeMap;

use bytes::Bytes;
use http::Method;
use serde_json::json;

use crate::support::survey::A;
use crate::support::{App, Client, Survey, id};
use world::{NOW, World, world};

/// What is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Area,
    Batch,
    Building,
    Case,
    Device,
    Door,
    Held,
    Interview,
    Link,
    Photo,
    Upload,
    User,
    Visit,
}

use Kind::{
    Area, Batch, Building, Case, Device as Phone, Door, Held, Interview, Link, Photo, Upload, User, Visit,
};

/// Something foreign of each kind.
fn foreign(w: &World) -> BTreeMap<Kind, String> {
    let ids = [
        (Batch, w.batch),
        (Building, w.building),
        (Case, w.case),
        (Phone, w.theirs.id),
        (Door, w.door),
        (Held, w.held),
        (Interview, w.interview_id()),
        (Link, w.link),
        (Photo, w.photo),
        (Upload, w.upload),
        (Visit, w.visit_id()),
    ];
    let words = [(Area, crate::support::survey::B1.to_owned()), (User, "eb1".to_owned())];
    ids.map(|(kind, id)| (kind, id.to_string())).into_iter().chain(words).collect()
}

/// What nobody has, of the same kind and length.
fn unknown(kind: Kind) -> String {
    match kind {
        Area => "410181009-01".to_owned(),
        User => "ex9".to_owned(),
        Batch | Building | Case | Phone | Door | Held | Interview | Link | Photo | Upload | Visit => {
            id().to_string()
        }
    }
}

/// An answer without what may differ: the id asked for, the request's own id, the date.
async fn told(
    w: &World,
    client: &Client,
    (method, path, sent): (&Method, &str, &str),
    asked: &str,
) -> String {
    let media = if sent.starts_with('{') { "application/json" } else { "application/x-www-form-urlencoded" };
    let headers: &[(&str, &str)] = if sent.is_empty() { &[] } else { &[("content-type", media)] };
    // Both are asked at the same moment.
    w.app.clock.set(NOW);
    let (path, body) = (path.replace('~', asked), Bytes::from(sent.replace('~', asked)));
    let reply = client.call(method.clone(), &path, headers, body).await;
    let mut lines: Vec<String> = reply
        .headers
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "date" | "x-request-id"))
        .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    lines.push(reply.text().replace(reply.header("x-request-id"), "(request)"));
    let text = format!("{}\n{}", reply.status, lines.join("\n"));
    masked(&without_token(&text), asked)
}

/// The text with `~` for an id, and for a word where it stands alone.
fn masked(text: &str, word: &str) -> String {
    if word.len() == 36 {
        return text.replace(word, "~");
    }
    // As part of an address that is itself written in one.
    let text = text.replace(&format!("%3D{word}"), "%3D~");
    let is_part = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find(word) {
        let (before, after) = (&rest[..at], &rest[at + word.len()..]);
        out.push_str(before);
        let is_whole = !is_part(before.chars().next_back()) && !is_part(after.chars().next());
        out.push_str(if is_whole { "~" } else { word });
        rest = after;
    }
    out + rest
}

/// A page without the token of its forms, which is written anew each time.
fn without_token(text: &str) -> String {
    let mark = "name=\"csrf\" value=\"";
    let mut parts = text.split(mark);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| out + mark + part.split_once('"').map_or("", |p| p.1))
}

/// Every call must answer the same for something foreign and for what does not exist.
async fn must_not_tell(who: &str, client: &Client, w: &World, calls: &[(Kind, Method, String, String)]) {
    let foreign = foreign(w);
    for (kind, method, path, sent) in calls {
        let call = (method, path.as_str(), sent.as_str());
        let known = told(w, client, call, &foreign[kind]).await;
        let nothing = told(w, client, call, &unknown(*kind)).await;
        must_equal(&known, &nothing, &format!("{who} {method} {path} {sent} tells of a {kind:?}"));
    }
}

/// Fails with the place where two answers part.
#[track_caller]
fn must_equal(known: &str, nothing: &str, what: &str) {
    let Some(at) = known.bytes().zip(nothing.bytes()).position(|(a, b)| a != b) else {
        assert_eq!(known.len(), nothing.len(), "{what}");
        return;
    };
    let around = |text: &str| {
        let part = &text.as_bytes()[at.saturating_sub(120)..(at + 120).min(text.len())];
        String::from_utf8_lossy(part).into_owned()
    };
    panic!("{what}\n--- {}\n--- {}", around(known), around(nothing));
}

fn get(kind: Kind, path: &str) -> (Kind, Method, String, String) {
    (kind, Method::GET, path.to_owned(), String::new())
}

fn post(kind: Kind, path: &str, sent: impl ToString) -> (Kind, Method, String, String) {
    (kind, Method::POST, path.to_owned(), sent.to_string())
}

/// Calls that name one thing by its id.
fn reads() -> Vec<(Kind, Method, String, String)> {
    let mut all = vec![get(Case, "/v1/cases/~"), get(Batch, "/v1/batches/~"), get(Link, "/v1/links/~")];
    for kind in [Photo, Upload, Visit] {
        let path = "/v1/attachments/~".to_owned();
        all.extend([get(kind, &path), (kind, Method::HEAD, path, String::new())]);
    }
    // Ids of one kind asked for as another.
    all.extend([get(Door, "/v1/cases/~"), get(Building, "/v1/cases/~"), get(Visit, "/v1/batches/~")]);
    all
}

/// Calls with which a supervisor names something to act on.
fn orders(own: &World) -> Vec<(Kind, Method, String, String)> {
    let (case, held) = (own.own_case, own.own_held);
    let decide = format!("/v1/cases/{case}/decisions");
    let lend = |doors: serde_json::Value| json!({"assignments": [doors]});
    let mut all = vec![
        post(Case, "/v1/cases/~/decisions", json!({"decision": "close", "class": "NC", "reason": "x"})),
        post(Case, &decide, json!({"decision": "merge", "into": "~", "reason": "x"})),
        post(Visit, &decide, json!({"decision": "void", "visit": "~", "reason": "x"})),
        post(Visit, &decide, json!({"decision": "unvoid", "visit": "~", "reason": "x"})),
        post(
            Interview,
            &decide,
            json!({"decision": "reject_interview", "interview": "~", "revision": 1, "reason": "x"}),
        ),
        post(Case, &format!("/v1/held/{held}/decision"), json!({"decision": "accept", "case_id": "~"})),
        post(Link, "/v1/links/~/decision", json!({"decision": "apart", "version": 0})),
        post(Link, "/v1/links/~/decision", json!({"decision": "apart", "version": 7, "propose": true})),
        post(Phone, "/v1/devices/~/revoke", json!({})),
        post(Case, "/v1/assignments", lend(json!({"case_id": "~", "enumerator": "ea1"}))),
        post(Case, "/v1/assignments", lend(json!({"case_id": "~", "enumerator": null}))),
        post(Building, "/v1/assignments", lend(json!({"building_id": "~", "enumerator": "ea1"}))),
        post(Case, "/v1/slips", json!({"cases": ["~"]})),
    ];
    for kind in [Held, Visit, Interview, Door] {
        for word in ["accept", "refuse"] {
            all.push(post(kind, "/v1/held/~/decision", json!({"decision": word, "note": "x"})));
        }
    }
    all
}

/// Calls that name an area or a person.
fn words() -> Vec<(Kind, Method, String, String)> {
    let mut all: Vec<_> = [
        "cases",
        "return-visits",
        "plan",
        "completion",
        "held",
        "devices",
        "pace",
        "model",
        "shifts",
        "links",
        "assignments",
        "export/cases.csv",
        "export/persons.csv",
        "audit",
    ]
    .map(|path| get(Area, &format!("/v1/{path}?area=~")))
    .to_vec();
    let lend = json!({"assignments": [{"area": "~", "enumerator": "ea1"}]});
    let take = json!({"assignments": [{"held_by": "~", "enumerator": "ea1"}]});
    all.extend([
        post(Area, "/v1/assignments", lend),
        post(User, "/v1/assignments", take),
        post(Area, "/v1/plan", json!({"area": "~", "on": "2020-11-11"})),
        post(User, "/v1/plan", json!({"on": "2020-11-11", "exclude": ["~"]})),
        post(User, "/v1/shifts", json!({"shifts": [{"user": "~", "on": "2020-11-11", "spans": []}]})),
        get(User, &format!("/v1/plan?area={A}&on=2020-11-11&enumerator=~")),
    ]);
    all
}

/// The same on the pages; forms carry the session's token.
fn pages(own: &World, csrf: &str) -> Vec<(Kind, Method, String, String)> {
    let mut all = vec![
        get(Case, "/cases/~"),
        get(Building, "/buildings/~"),
        get(Case, &format!("/buildings/{}?door=~", own.own_building)),
        get(Building, "/doors?building=~"),
        get(Building, "/doors?building=~&format=csv"),
        get(Building, "/assign?building=~"),
        get(Building, "/returns?building=~"),
        get(Phone, "/doors?device=~"),
        get(Link, "/review/~"),
        get(Area, "/areas/~"),
    ];
    for path in ["doors", "assign", "returns", "pace", "model", "print/sheet", "held", "devices", "review"] {
        all.push(get(Area, &format!("/{path}?area=~")));
    }
    for path in ["doors?holder", "assign?holder", "returns?holder", "print/sheet?enumerator"] {
        all.push(get(User, &format!("/{path}=~")));
    }
    let form = |fields: &str| format!("csrf={csrf}&{fields}");
    all.extend([
        post(Case, "/cases/~/decisions", form("decision=reopen&reason=x")),
        post(Held, "/held/~/decision", form("decision=refuse&note=x")),
        post(Link, "/review/~/decision", form("decision=apart&version=0&note=x")),
        post(Phone, "/devices/~/revoke", form("note=x")),
        post(User, "/devices/code", form("user=~")),
        post(User, "/devices/collect", form("user=~")),
        post(Case, "/assign", form("case=~&enumerator=ea1")),
        post(Building, "/print/cards", form("building=~")),
    ]);
    all
}

#[tokio::test]
async fn a_supervisor_cannot_tell_what_is_foreign_from_what_does_not_exist() {
    let w = world().await;
    let staff = w.app.staff("sa").await;
    must_not_tell("supervisor", &staff, &w, &reads()).await;
    must_not_tell("supervisor", &staff, &w, &orders(&w)).await;
    must_not_tell("supervisor", &staff, &w, &words()).await;
    w.must_be_untouched().await;
}

#[tokio::test]
async fn nor_on_the_pages() {
    let w = world().await;
    let hash = doorknock::access::hash_password("correct horse").unwrap();
    w.app.store().set_password("sa", &hash, w.app.clock.now()).await.unwrap();
    let form = json!({"user": "sa", "password": "correct horse"});
    let signed = w.app.anyone().post("/v1/login", &form).await;
    let cookie = signed.cookie(doorknock::app::auth::SESSION);
    let browser = Client { cookie, ..w.app.anyone() };
    let csrf = signed.ok()["csrf"].as_str().unwrap().to_owned();
    must_not_tell("browser", &browser, &w, &pages(&w, &csrf)).await;
    // However the name is written.
    let (known, nobody) = ("EB1", "EX9");
    for path in ["/doors?holder=~", "/assign?holder=~", "/returns?holder=~"] {
        let call = (&Method::GET, path, "");
        let (a, b) = (told(&w, &browser, call, known).await, told(&w, &browser, call, nobody).await);
        must_equal(&a, &b, path);
    }
    w.must_be_untouched().await;
}

#[tokio::test]
async fn a_phone_cannot_tell_what_is_foreign_from_what_does_not_exist() {
    let w = world().await;
    must_not_tell("phone", &w.phone.client, &w, &reads()).await;
    must_not_tell("phone", &w.phone.client, &w, &orders(&w)).await;
    must_not_tell("phone", &w.phone.client, &w, &words()).await;
    w.must_be_untouched().await;
}

#[tokio::test]
async fn nor_can_somebody_of_another_survey() {
    let w = world().await;
    let second = Survey::with_dwellings(2).named("census-second");
    w.app.load_at(&second, "2020-10-31T12:00:00+08:00").await;
    let phone = w.app.device_in("census-second", "ea1").await;
    let staff = w.app.staff_in("census-second", "sall").await;
    let mut own = w;
    own.own_case = second.case(0);
    own.own_held = hold(&own.app, &phone).await;
    for (who, client) in [("another survey's phone", &phone.client), ("another survey's supervisor", &staff)]
    {
        must_not_tell(who, client, &own, &reads()).await;
        must_not_tell(who, client, &own, &orders(&own)).await;
    }
    own.must_be_untouched().await;
}

/// A record of another survey that waits for its door.
async fn hold(app: &App, phone: &crate::support::Device) -> uuid::Uuid {
    let waiting = crate::support::visit(id(), "no_answer");
    assert_eq!(phone.send(std::slice::from_ref(&waiting)).await["counts"]["held"], 1);
    assert_eq!(app.count("select count(*) from survey").await, 2);
    crate::support::record::id_of(&waiting)
}
