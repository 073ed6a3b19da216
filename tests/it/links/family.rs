//! Invented families, and what the tests of links look at.

use doorknock::dedupe::Step;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::record::{at, id_of, interview_with, with};
use crate::support::{App, Client};

/// Merges across doors by the job from 95 % on: tests of what a merge does must not hang on the model's last decimals.
pub const AUTO: &str = "[link]\nupper = 0.95\nupper_across_doors = 0.95\n";
/// Every merge across doors waits for a person.
pub const BY_HAND: &str = "[link]\nupper = 0.95\nupper_across_doors = 0.95\nauto_across_doors = false\n";

/// A person: name, sex, birth, relationship.
pub type Who = (&'static str, &'static str, (i32, i32, i32), &'static str);

/// A family of four with rare names.
pub const LU: [Who; 4] = [
    ("逯巧梅", "f", (1984, 5, 17), "head"),
    ("阚建国", "m", (1982, 11, 3), "spouse"),
    ("阚思远", "m", (2008, 2, 29), "child"),
    ("阚思齐", "f", (2011, 9, 12), "child"),
];
/// Another one.
pub const ZHAI: [Who; 4] = [
    ("翟文博", "m", (1975, 8, 21), "head"),
    ("芦秀芝", "f", (1977, 1, 30), "spouse"),
    ("翟雨桐", "f", (2001, 6, 6), "child"),
    ("翟守业", "m", (1949, 12, 24), "parent"),
];

/// The number of an invented person: area 419999, a sequence by sex, the right check digit (GB 11643).
pub fn number((_, sex, (y, m, d), _): Who) -> String {
    let seq = 80 + i32::from(sex == "m");
    let head = format!("419999{y:04}{m:02}{d:02}{seq:03}");
    let p = head.bytes().fold(0, |p, c| (p + u32::from(c - b'0')) * 2 % 11);
    let check = (12 - p) % 11;
    if check == 10 { format!("{head}X") } else { format!("{head}{check}") }
}

/// The people as a form lists them, all living and registered there.
pub fn people(family: &[Who]) -> Vec<Value> {
    (1..)
        .zip(family)
        .map(|(no, who)| {
            let (name, sex, (y, m, d), relationship) = *who;
            json!({"person_no": no, "name": name, "sex": sex, "birth": {"y": y, "m": m, "d": d},
                "citizen_id": number(*who), "relationship": relationship, "stayed_here": true, "stayed_at": 1,
                "registered_at": 1, "time_away": 1, "residence_status": "here_registered"})
        })
        .collect()
}

/// The person as somebody registered here who lives elsewhere.
pub fn absent(person: Value) -> Value {
    let mut person = person;
    for (field, value) in [
        ("stayed_here", json!(false)),
        ("stayed_at", json!(3)),
        ("residence_status", json!("absent_registered")),
    ] {
        person[field] = value;
    }
    person
}

/// A form of these people at a door.
pub fn form(case: Uuid, persons: Vec<Value>, clock: &str) -> Value {
    let away = persons.iter().filter(|p| p["stayed_here"] == false).count();
    let stayed = persons.len() - away;
    let mut form = with(interview_with(case, persons), "at", at(9, clock));
    form["household"]["n_stayed"] = json!(stayed);
    form["household"]["n_registered_absent"] = json!(away);
    form
}

/// The family's form with a telephone number of its own.
pub fn home(case: Uuid, family: &[Who], clock: &str) -> Value {
    let mut form = form(case, people(family), clock);
    form["household"]["phone"] = json!(format!("1080000{:04}", family[0].2.0));
    form
}

/// Links until nothing waits; returns how many interviews were linked.
pub async fn link_all(app: &App) -> usize {
    let survey = app.shared.surveys().all().await.expect("surveys").into_iter().next().expect("a survey");
    let mut n = 0;
    loop {
        match app.shared.dedupe.step(&survey, app.clock.now()).await.expect("linked") {
            Step::Idle => return n,
            Step::Linked(_) => n += 1,
            other @ (Step::Elsewhere | Step::Postponed) => panic!("{other:?}"),
        }
    }
}

/// One link between two forms.
pub fn link_id(a: &Value, b: &Value) -> Uuid {
    use doorknock::domain::{InterviewId, LinkId};
    LinkId::of(InterviewId(id_of(a)), InterviewId(id_of(b))).0
}

/// A link as a supervisor sees it.
pub async fn read(client: &Client, link: Uuid) -> Value {
    client.get(&format!("/v1/links/{link}")).await.ok()
}

/// Decides a link at its present version; the answer must be a 200.
pub async fn decide(client: &Client, link: Uuid, decision: &str, merged_as: &str) -> Value {
    let version = read(client, link).await["version"].clone();
    let body = json!({"decision": decision, "as": merged_as, "version": version, "note": "checked"});
    client.post(&format!("/v1/links/{link}/decision"), &body).await.ok()
}

/// Totals of completion for a supervisor of everything: completed, workload, person figures.
pub async fn totals(client: &Client) -> (i64, i64, Value) {
    let total = client.get("/v1/completion").await.ok()["total"].clone();
    let n = |v: &Value| v.as_i64().expect("a number");
    (n(&total["states"]["completed"]), n(&total["completion"]["denominator"]), total["persons"].clone())
}

/// State of a case.
pub async fn state(client: &Client, case: Uuid) -> String {
    let door = client.get(&format!("/v1/cases/{case}")).await.ok();
    door["state"].as_str().expect("a state").to_owned()
}

/// Every row that linking may change, logs and stamps left out: what "the same as before" means.
pub async fn rows(app: &App) -> Vec<String> {
    let client = app.db.client().await;
    let mut all = Vec::new();
    for sql in [
        "select 'case ' || row_to_json(x)::text from (select id, state, class, cell, persons, visits, interviews, absorbed, unmet,
            last_at, last_outcome, due_class, due_at, merged_into, holder, event_at, event_cell, event_persons,
            received_cell[cardinality(received_cell)] as now_cell from survey_case order by id) x",
        "select 'interview ' || row_to_json(x)::text from (select id, revision, case_id, status, counted_elsewhere, paired
            from interview order by id, revision) x",
        "select 'member ' || row_to_json(x)::text from (select interview, cluster_id, is_counted from cluster_member order by 1) x",
        "select 'count ' || row_to_json(x)::text from (select area, measure, sum(amount) as n from (
            select area, measure, amount::bigint as amount from completion_detail union all
            select area, unnest(measure), unnest(amount)::bigint from completion_delta) d
            group by area, measure having sum(amount) <> 0 order by 1, 2) x",
    ] {
        let rows = client.query(sql, &[]).await.unwrap_or_else(|e| panic!("{sql}: {e:?}"));
        all.extend(rows.iter().map(|r| r.get::<_, String>(0)));
    }
    all
}

/// The same without the past: decisions on a case (merge as a door, void) leave their moments in its history.
pub async fn rows_now(app: &App) -> Vec<String> {
    let cut = |row: String| match row.find(",\"event_at\"") {
        Some(from) => format!("{}{}", &row[..from], &row[row.find(",\"now_cell\"").unwrap_or(row.len())..]),
        None => row,
    };
    rows(app).await.into_iter().map(cut).collect()
}

/// The links themselves: what the order of arrival must not change.
pub async fn links(app: &App) -> Vec<String> {
    let sql = "select row_to_json(x)::text from (select id, a, b, state, merged_as, refusal, proposal, weight, a_away, b_away, verdict
        from link where state <> 'withdrawn' order by id) x";
    app.db.client().await.query(sql, &[]).await.expect("read").iter().map(|r| r.get(0)).collect()
}
