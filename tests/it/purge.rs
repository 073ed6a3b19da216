//! What a purge removes: column by column, and out of the files of the database.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;
use tokio_postgres::Client;

use crate::support::record::{batch, interview_with, person, with};
use crate::support::{App, Place, Survey, dwelling, id, visit};

/// Stands in every text before a purge.
const CANARY: &str = "zq9kanarie7w";

/// Texts that stay, and why: every other text column loses what stands in it. docs/operations.md lists them too.
const KEPT: &[(&str, &[&str])] = &[
    ("access_token", &["token_hash", "user_name", "csrf"]),
    ("account", &["user_name", "password_hash"]),
    ("area", &["code", "parent", "level", "name", "name_zh"]),
    ("assignment", &["enumerator", "assigned_by", "end_reason"]),
    ("attachment", &["enumerator", "media_type", "sha256"]),
    ("audit", &["user_name", "role", "action", "area", "detail"]),
    ("batch", &["user_name", "digest"]),
    ("batch_content", &["receipts"]),
    ("building", &["area", "building", "name"]),
    ("change", &["user_name"]),
    ("cluster_event", &["by_user"]),
    ("completion_area", &["area"]),
    ("completion_delta", &["area", "holder"]),
    ("completion_detail", &["area", "holder"]),
    ("decision", &["kind", "detail", "decided_by"]),
    ("device", &["user_name", "revoked_by", "client"]),
    ("door_alias", &["door_key", "area", "building", "unit", "room"]),
    ("dwelling", &["area", "building", "unit", "room", "kind", "external_id", "door_key"]),
    ("dwelling_record", &["held_reason", "digest", "enumerator", "area"]),
    ("enrol_code", &["code_hash", "user_name"]),
    ("form", &["form_id", "title", "title_zh"]),
    ("form_file", &["form_id", "version", "name", "media_type", "md5", "bytes"]),
    (
        "form_version",
        &[
            "form_id",
            "version",
            "hash",
            "xform",
            "source",
            "source_name",
            "model",
            "warnings",
            "languages",
            "made_by",
        ],
    ),
    ("hand_receipt", &["receipt"]),
    ("held_decision", &["decided_by", "was_reason"]),
    ("interview", &["held_reason", "digest", "enumerator", "form_id", "form_version"]),
    ("link", &["refusal", "proposal", "bar", "model_name", "decided_by"]),
    ("link_event", &["state", "merged_as", "by_user", "changed"]),
    ("link_model", &["name", "document"]),
    ("message", &["area", "sent_by", "from_name"]),
    ("message_read", &["digest", "enumerator"]),
    ("plan_sheet", &["user_name", "area", "made_by", "model_version"]),
    ("shift_override", &["user_name", "spans", "set_by"]),
    ("staff", &["user_name", "name", "area", "shifts", "user_key"]),
    (
        "submission",
        &["form_id", "version", "held_reason", "digest", "enumerator", "client", "parts", "given"],
    ),
    ("survey_case", &["area", "holder", "evidence"]),
    ("visit", &["held_reason", "digest", "enumerator", "card"]),
];

/// What a column can hold where not every text will do.
fn special(table: &str, column: &str) -> Option<String> {
    let people = json!([{"person_no": 1, "name": CANARY, "surname": CANARY, "given_name": CANARY, "sex": 1, "birth_year": 1984,
        "birth_month": 5, "birth_day": 6, "citizen_id_hash": "AAAA", "citizen_id_key": CANARY, "other_address": CANARY,
        "items": json!({"ethnicity": CANARY}).to_string()}]);
    Some(match (table, column) {
        ("interview", "people") => people.to_string(),
        ("batch", "via") => "http".into(),
        ("held_decision", "decision") => "accept".into(),
        ("staff", "role") => "enumerator".into(),
        ("access_token", "kind") => "device".into(),
        ("link", "state") => "review".into(),
        ("link", "verdict" | "merged_as") => return None,
        ("link_event", "kind") => "found".into(),
        ("cluster_event", "kind") => "merge".into(),
        ("form" | "form_version", "role") => "extra".into(),
        ("message", "to_user" | "to_area") => return None,
        ("message", "end_reason") => "expired".into(),
        ("under_way", "operation") => "purge".into(),
        _ => CANARY.into(),
    })
}

struct Column {
    name: String,
    kind: String,
}

/// Every table with its columns, from the catalogue, so that none is forgotten.
async fn tables(client: &Client) -> BTreeMap<String, Vec<Column>> {
    let sql = "select table_name::text, column_name::text, udt_name::text from information_schema.columns c
        join information_schema.tables t using (table_schema, table_name)
        where table_schema = 'public' and table_type = 'BASE TABLE' and table_name <> 'refinery_schema_history'
          and is_identity = 'NO' order by 1, ordinal_position";
    let mut all: BTreeMap<String, Vec<Column>> = BTreeMap::new();
    for row in client.query(sql, &[]).await.unwrap() {
        all.entry(row.get(0)).or_default().push(Column { name: row.get(1), kind: row.get(2) });
    }
    all
}

fn value(table: &str, column: &Column, key: (i32, i32)) -> String {
    match (column.name.as_str(), column.kind.as_str()) {
        ("district_id", _) => key.0.to_string(),
        ("survey_no", _) => key.1.to_string(),
        ("a", "uuid") => "'00000000-0000-4000-8000-000000000001'".into(),
        ("b", "uuid") => "'ffffffff-0000-4000-8000-000000000001'".into(),
        (_, "uuid") => "gen_random_uuid()".into(),
        (name, "text") => {
            special(table, name).map_or("null".into(), |text| format!("'{}'", text.replace('\'', "''")))
        }
        (_, "jsonb") => format!("'{{\"x\": \"{CANARY}\"}}'"),
        (_, "bytea") => format!("'{CANARY}'::bytea"),
        ("wish_to", _) => "now() + interval '1 hour'".into(),
        (_, "timestamptz") => "now()".into(),
        (_, "date") => "current_date".into(),
        (_, "bool") => "false".into(),
        (_, "int2" | "int4" | "int8" | "float4" | "float8") => "1".into(),
        (_, "_text") => format!("array['{CANARY}']"),
        (_, kind) if kind.starts_with('_') => "'{}'".into(),
        (name, kind) => panic!("{table}.{name}: no value for the type {kind} yet"),
    }
}

/// Texts, documents and bytes in which the canary stands, as table.column.
async fn found(client: &Client) -> Vec<String> {
    let mut all = Vec::new();
    for (table, columns) in tables(client).await {
        for column in
            columns.iter().filter(|c| ["text", "jsonb", "bytea", "_text"].contains(&c.kind.as_str()))
        {
            let text = match column.kind.as_str() {
                "bytea" => format!("encode({}, 'escape')", column.name),
                _ => format!("{}::text", column.name),
            };
            let sql = format!("select exists (select 1 from {table} where {text} like '%{CANARY}%')");
            if client.query_one(&sql, &[]).await.unwrap().get(0) {
                all.push(format!("{table}.{}", column.name));
            }
        }
    }
    all
}

#[tokio::test]
async fn every_text_column_is_emptied_or_stays_for_a_reason() {
    let app = App::new(Survey::with_dwellings(1)).await;
    let (client, key) = (app.db.client().await, app.key().await);
    for (table, columns) in tables(&client).await {
        // One row each, which is there already.
        if ["installation", "survey", "feed", "policy_version"].contains(&table.as_str()) {
            continue;
        }
        let names: Vec<&str> = columns.iter().map(|c| c.name.as_str()).collect();
        let values: Vec<String> = columns.iter().map(|c| value(&table, c, (key.district, key.no))).collect();
        let sql = format!("insert into {table} ({}) values ({})", names.join(", "), values.join(", "));
        client.batch_execute(&sql).await.unwrap_or_else(|e| panic!("{table}: {:?}", e.as_db_error()));
    }
    for step in doorknock::store::purge::STEPS {
        let mut rounds = 0;
        while app.store().purge_some(key, step).await.unwrap() > 0 {
            rounds += 1;
            assert!(rounds < 10, "{} does not end", step.name);
        }
    }
    let kept: Vec<String> = KEPT
        .iter()
        .flat_map(|(table, columns)| columns.iter().map(move |c| format!("{table}.{c}")))
        .collect();
    assert_eq!(found(&client).await, kept);
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/operations.md")).unwrap();
    for column in kept {
        assert!(page.contains(&format!("`{column}`")), "docs/operations.md does not say why {column} stays");
    }
}

/// Files under a directory in which some bytes stand.
fn files_with(folder: &Path, bytes: &[u8], all: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files_with(&path, bytes, all);
        } else if let Ok(content) = std::fs::read(&path)
            && content.windows(bytes.len()).any(|w| w == bytes)
        {
            all.push(path.display().to_string());
        }
    }
}

fn holding(place: &Place, canary: &str) -> Vec<String> {
    let mut all = Vec::new();
    files_with(&place.data(), canary.as_bytes(), &mut all);
    all
}

/// The private cluster's own files: tables, statistics, write-ahead log.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_purged_is_gone_from_the_files_of_the_database() {
    let place = Place::new("purge-files");
    place.set_up();
    let service = place.serve();
    let phone = place.device(service.address);
    let case = |n| place.survey.case(n);
    let texts: Vec<String> = (0..60).map(|n| format!("{CANARY}{n:02}{}", id().simple())).collect();
    let talk =
        interview_with(case(0), vec![with(person(1, &texts[0], "head"), "other_address", texts[1].as_str())]);
    let records = [
        with(with(talk, "address_text", texts[2].as_str()), "answers", json!({"q": texts[3]})),
        with(visit(case(1), "no_answer"), "note", texts[4].as_str()),
        with(visit(case(2), "no_answer"), "unheard_of", texts[5].as_str()),
        with(dwelling(&place.survey.doors[0].area, "909"), "note", texts[6].as_str()),
        with(visit(id(), "no_answer"), "note", texts[7].as_str()),
        with(visit(case(3), "no_such_outcome"), "note", texts[8].as_str()),
    ];
    let sent =
        with(batch(&place.survey.slug, phone.id, &records), "sent_at", jiff::Timestamp::now().to_string());
    assert_eq!(phone.post(&sent).await.status, 200);
    // Many of one kind, so that the planner's statistics have something to remember.
    let more: Vec<_> =
        texts[10..].iter().map(|text| with(visit(case(1), "no_answer"), "note", text.as_str())).collect();
    let sent =
        with(batch(&place.survey.slug, phone.id, &more), "sent_at", jiff::Timestamp::now().to_string());
    assert_eq!(phone.post(&sent).await.status, 200);
    let token = place.well(&["token", "sa"]).trim().to_owned();
    let boss = crate::support::Client { token: Some(token), ..phone.client.clone() };
    let decide = |n: usize, text: &str| {
        (
            format!("/v1/cases/{}/decisions", case(n)),
            json!({"decision": "close", "class": "NC", "reason": text}),
        )
    };
    let (path, body) = decide(3, &texts[9]);
    assert_eq!(boss.post(&path, &body).await.status, 200, "decided");
    drop(service);
    psql(&place, "analyze").await;
    assert!(!holding(&place, CANARY).is_empty(), "before");

    place.well(&["purge", "--force"]);

    assert_eq!(holding(&place, CANARY), Vec::<String>::new());
    place.well(&["recount", "--cases"]);
    drop(place.serve());
}

/// Runs a statement in the private database, while a command keeps it up.
async fn psql(place: &Place, sql: &str) {
    let service = place.serve();
    let connection = doorknock::embedded::running(&place.data()).unwrap().expect("it runs");
    crate::support::db::connect(&connection).await.batch_execute(sql).await.unwrap();
    drop(service);
}
