//! The schema and the statements: every statement can be prepared, and the tables keep the rules that let a district move to
//! a node of its own.

use std::collections::{BTreeMap, BTreeSet};

use doorknock::domain::{Outcome, State};
use tokio_postgres::Client;

use crate::support::db::database;
use crate::support::{App, Survey};

/// Small tables, rarely written and held whole by every node, that are looked up before a district is known, so the district is not first in their keys.
const ALONE: [&str; 7] =
    ["account", "access_token", "enrol_code", "installation", "refinery_schema_history", "slip", "staff"];

async fn texts(client: &Client, sql: &str) -> Vec<String> {
    client.query(sql, &[]).await.unwrap().iter().map(|r| r.get(0)).collect()
}

#[tokio::test]
async fn every_statement_can_be_prepared_and_says_its_name() {
    let db = database().await;
    let client = db.client().await;
    // Loading a set-up works on tables that live as long as their transaction.
    let tables = doorknock::store::load::TABLES.replace("on commit drop", "");
    client.batch_execute(&tables).await.unwrap();
    let mut names = BTreeSet::new();
    for statement in doorknock::store::statements() {
        let name = statement.name();
        assert!(statement.sql.starts_with("-- ") && !name.contains(' '), "{name}");
        assert!(names.insert(name), "two statements are called {name}");
        if let Err(error) = client.prepare(statement.sql).await {
            panic!("{name}: {}", error.as_db_error().map_or_else(|| error.to_string(), ToString::to_string));
        }
    }
    assert!(names.len() > 60, "{}", names.len());
}

#[tokio::test]
async fn every_table_and_column_is_commented() {
    let db = database().await;
    let sql = "select c.relname || coalesce('.' || a.attname, '') from pg_class c
        join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public'
        left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where c.relkind in ('r', 'p') and c.relname <> 'refinery_schema_history'
          and (col_description(c.oid, a.attnum) is null or obj_description(c.oid, 'pg_class') is null)";
    assert_eq!(texts(&db.client().await, sql).await, Vec::<String>::new());
}

#[tokio::test]
async fn the_district_comes_first_in_every_key_and_index_of_a_fact_table() {
    let db = database().await;
    let sql = "select t.relname || ' ' || i.relname from pg_index x
        join pg_class t on t.oid = x.indrelid join pg_class i on i.oid = x.indexrelid
        join pg_namespace n on n.oid = t.relnamespace and n.nspname = 'public'
        left join pg_attribute a on a.attrelid = t.oid and a.attnum = x.indkey[0]
        where a.attname is distinct from 'district_id'";
    let odd: Vec<String> = texts(&db.client().await, sql).await;
    let unexpected: Vec<_> = odd
        .iter()
        .filter(|line| {
            !ALONE.contains(&line.split(' ').next().unwrap()) && *line != "survey survey_slug_once"
        })
        .collect();
    assert!(unexpected.is_empty(), "{unexpected:?}");
}

#[tokio::test]
async fn every_fact_table_carries_its_district_and_survey() {
    let db = database().await;
    let sql = "select table_name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'
        except select table_name from information_schema.columns
        where table_schema = 'public' and column_name = 'district_id' and is_nullable = 'NO'";
    let lacking: BTreeSet<_> = texts(&db.client().await, sql).await.into_iter().collect();
    let expected: BTreeSet<_> =
        ["account", "installation", "refinery_schema_history"].map(str::to_owned).into();
    assert_eq!(lacking, expected);
}

#[tokio::test]
async fn foreign_keys_name_the_district_and_have_an_index() {
    let db = database().await;
    let sql = "select c.conname::text from pg_constraint c
        join pg_class t on t.oid = c.conrelid join pg_namespace n on n.oid = t.relnamespace and n.nspname = 'public'
        where c.contype = 'f' and (
            (select attname from pg_attribute where attrelid = c.conrelid and attnum = c.conkey[1]) <> 'district_id'
            or not exists (select 1 from pg_index x where x.indrelid = c.conrelid
                and (x.indkey::smallint[])[0:cardinality(c.conkey) - 1] = c.conkey))";
    assert_eq!(texts(&db.client().await, sql).await, Vec::<String>::new());
}

#[tokio::test]
async fn nothing_happens_behind_the_statements() {
    let db = database().await;
    let client = db.client().await;
    let triggers = "select tgname::text from pg_trigger where not tgisinternal";
    assert_eq!(texts(&client, triggers).await, Vec::<String>::new());
    let rules = "select rulename::text from pg_rules where schemaname = 'public'";
    assert_eq!(texts(&client, rules).await, Vec::<String>::new());
    let functions = "select proname::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = 'public'";
    assert_eq!(texts(&client, functions).await, Vec::<String>::new());
}

#[tokio::test]
async fn constraints_have_names_of_their_own() {
    let db = database().await;
    let sql =
        "select t.relname || '.' || c.conname from pg_constraint c join pg_class t on t.oid = c.conrelid
        join pg_namespace n on n.oid = t.relnamespace and n.nspname = 'public'
        where t.relname <> 'refinery_schema_history' and c.contype in ('p', 'u', 'f', 'c')
          and (c.conname ~ '_(pkey|key|fkey|check)[0-9]*$')";
    assert_eq!(texts(&db.client().await, sql).await, Vec::<String>::new());
}

#[tokio::test]
async fn migrating_again_or_twice_at_once_changes_nothing() {
    let db = database().await;
    let settings = doorknock::store::Settings::from_url(&db.connection.url()).unwrap();
    doorknock::store::need_fit(&settings, doorknock::store::Aim::Serve).await.unwrap();
    let runs = (0..4).map(|_| doorknock::store::migrate(&settings));
    for run in futures_util::future::join_all(runs).await {
        assert_eq!(run.unwrap(), 0);
    }
}

/// Otherwise PostgreSQL cannot write a case within its page, and an upload costs a third more.
#[tokio::test]
async fn what_every_fold_changes_has_no_index() {
    let db = database().await;
    let sql = "select distinct a.attname::text from pg_index x
        join pg_attribute a on a.attrelid = x.indrelid
          and (a.attnum = any(x.indkey) or pg_get_expr(x.indpred, x.indrelid) ~ ('\\m' || a.attname || '\\M'))
        where x.indrelid = 'survey_case'::regclass order by 1";
    let indexed = texts(&db.client().await, sql).await;
    let fixed = ["area_no", "building_id", "district_id", "holder", "id", "survey_no"];
    let seldom = ["merged_into", "pressing_at", "pressing_class"];
    let mut expected = [fixed.as_slice(), &seldom].concat();
    expected.sort_unstable();
    assert_eq!(indexed, expected);
}

/// Stored numbers are never reused: a changed number would silently re-label old rows.
#[test]
fn numbers_of_states_and_outcomes_are_distinct_and_come_back() {
    let mut seen = BTreeMap::new();
    for state in State::ALL {
        assert_eq!(State::from_number(state.number()), Some(*state));
        assert_eq!(State::from_slug(state.slug()), Some(*state));
        assert!(seen.insert(state.number(), state.slug()).is_none());
    }
    let mut seen = BTreeMap::new();
    for outcome in Outcome::ALL {
        assert_eq!(Outcome::from_number(outcome.number()), Some(*outcome));
        assert_eq!(Outcome::from_slug(outcome.slug()), Some(*outcome));
        assert!(seen.insert(outcome.number(), outcome.slug()).is_none());
    }
}

/// Something else than this program wrote a number that no code has: the row is named, and nothing is guessed.
#[tokio::test]
async fn a_number_that_no_code_has_is_an_error_that_names_the_row() {
    let app = App::new(Survey::with_dwellings(2)).await;
    let (key, case) = (app.key().await, app.survey.case(1));
    let client = app.db.client().await;
    client.execute("update survey_case set state = 99 where id = $1", &[&case]).await.unwrap();
    let other = app.survey.case(0);
    assert_eq!(app.store().cases(key, &[other.into()]).await.unwrap().len(), 1);
    let error = app.store().cases(key, &[case.into()]).await.unwrap_err();
    assert_eq!(error.to_string(), format!("survey_case {case}: state cannot be read"));
}
