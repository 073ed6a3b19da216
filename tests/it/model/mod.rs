//! The database against a small model: whatever order, split and repetition the field's records arrive in, and whatever is
//! decided in between, the database says what the model says.

mod day;
mod expect;

use std::collections::BTreeMap;

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use serde_json::Value;

use crate::support::survey::A1;
use crate::support::{App, Device, Picture, Survey};
use day::{Day, Op};
use expect::Model;

/// Days tried in an ordinary run. `DOORKNOCK_MODEL_DAYS` asks for more, `DOORKNOCK_SEED` for others.
const DAYS: u32 = 40;
const SEED: u64 = 20_201_101;

fn from_environment<T: std::str::FromStr>(name: &str, usual: T) -> T {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

fn runner(days: u32) -> TestRunner {
    let seed = from_environment("DOORKNOCK_SEED", SEED);
    println!("seed {seed}, {days} days");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config =
        Config { cases: days, max_shrink_iters: 200, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

#[test]
fn the_database_says_what_the_model_says_whatever_the_order_of_arrival() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let app = runtime.block_on(App::new(Survey::with_dwellings(1)));
    let number = std::cell::Cell::new(0);
    let played = runner(from_environment("DOORKNOCK_MODEL_DAYS", DAYS)).run(&day::days(), |day| {
        number.set(number.get() + 1);
        let slug = format!("model-{}", number.get());
        runtime.block_on(play(&app, &slug, &day)).map_err(TestCaseError::fail)
    });
    if let Err(error) = played {
        panic!("{error}");
    }
}

/// Sends a day's records in the order it says, decides what it says, and compares.
async fn play(app: &App, slug: &str, day: &Day) -> Result<(), String> {
    let survey = Survey::with_dwellings(day::LISTED).named(slug);
    app.load_at(&survey, "2020-10-31T12:00:00+08:00").await;
    let key = app.key_of(slug).await;
    let phones = [app.device_in(slug, "ea1").await, app.device_in(slug, "ea2").await];
    let staff = app.staff_in(slug, "sa").await;
    let chief = app.caller(&staff).await;
    let rules = app.store().survey(key).await.map_err(|e| e.to_string())?.expect("it is loaded");
    let rules = doorknock::surveys::Survey::of(rules).expect("it is readable").rules;
    let facts = day.facts(&survey, A1);
    let mut model = Model::new(&facts, &survey, &rules);
    let mut chain = Picture::full(&phones[0], 3).await;
    let mut sent: Vec<(usize, Value)> = Vec::new();
    for op in &day.ops {
        match op {
            Op::Send(which) => {
                for (who, phone) in phones.iter().enumerate() {
                    let own: Vec<usize> = which.iter().copied().filter(|i| facts[*i].by == who).collect();
                    let records: Vec<Value> = own.iter().map(|i| facts[*i].record.clone()).collect();
                    let batch = phone.batch(&records);
                    let now = app.clock.now();
                    post(app, phone, &batch, now).await?;
                    model.arrive(&own, now);
                    sent.push((who, batch));
                }
            }
            Op::Again(n) => {
                if let Some((who, batch)) = sent.get(*n % sent.len().max(1)) {
                    let answer = post(app, &phones[*who], batch, app.clock.now()).await?;
                    if answer["replayed"] != true {
                        return Err(format!("a repeated batch is taken for a new one: {answer}"));
                    }
                }
            }
            Op::Decide(decision) => {
                let (case, kind) = model.spell(decision);
                let now = app.clock.now();
                let request = doorknock::ingest::decide::Request::new(case.into(), kind.clone(), "x");
                let taken = app.shared.ingest.decide(&chief, request, now).await;
                let expected = model.decide(case, &kind, now);
                if taken.is_ok() != expected {
                    return Err(format!("{kind:?} at {case}: {:?}, the model says {expected}", taken.err()));
                }
            }
            Op::Fold => drop(app.store().fold_deltas(key, 3).await.map_err(|e| e.to_string())?),
            Op::Pull => drop(chain.page(&phones[0], 2, "").await),
        }
    }
    compare(app, &model, &staff).await?;
    let survey = app.shared.ingest.surveys.reread(key).await.map_err(|e| e.to_string())?;
    let wrong = app.shared.ingest.recount_cases(&survey, |_| {}).await.map_err(|e| e.to_string())?;
    if !wrong.is_empty() {
        return Err(format!("cases differ from their records: {wrong:?}"));
    }
    chain.pull(&phones[0], 2).await;
    let whole = Picture::full(&phones[0], 500).await;
    for key in chain.things.keys().chain(whole.things.keys()) {
        if chain.things.get(key) != whole.things.get(key) {
            return Err(format!(
                "feed: {key:?} is {:?}, a full pull says {:?}",
                chain.things.get(key),
                whole.things.get(key)
            ));
        }
    }
    Ok(())
}

async fn post(app: &App, phone: &Device, batch: &Value, now: jiff::Timestamp) -> Result<Value, String> {
    let caller = app.caller(&phone.client).await;
    let body = serde_json::to_vec(batch).expect("a value can be written");
    let taken = app.shared.ingest.accept(&caller, body.into(), "http", now).await;
    taken
        .map(|a| serde_json::to_value(&a.answer).expect("an answer can be written"))
        .map_err(|e| e.to_string())
}

async fn compare(app: &App, model: &Model<'_>, staff: &crate::support::Client) -> Result<(), String> {
    let list = staff.get("/v1/cases?limit=1000").await.ok();
    let items = list["items"].as_array().expect("a list");
    let found: BTreeMap<String, (String, i64)> = items
        .iter()
        .map(|c| {
            let text = |name: &str| c[name].as_str().expect("a text").to_owned();
            (text("id"), (text("state"), c["visits"].as_i64().expect("a number")))
        })
        .collect();
    let expected = model.cases();
    if found != expected {
        return Err(format!("cases: {found:#?}, the model says {expected:#?}"));
    }
    let held = staff.get("/v1/held?limit=500").await.ok();
    let mut waiting: Vec<String> = held["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|h| {
            format!(
                "{}/{} {}",
                h["id"].as_str().expect("an id"),
                h["revision"],
                h["reason"].as_str().expect("a reason")
            )
        })
        .collect();
    waiting.sort_unstable();
    let expected = model.held();
    if waiting != expected {
        return Err(format!("held: {waiting:#?}, the model says {expected:#?}"));
    }
    let total = staff.get("/v1/completion").await.ok()["total"].clone();
    for (state, n) in model.states() {
        if total["states"][state] != n {
            return Err(format!("completion: {state} is {}, the model says {n}", total["states"][state]));
        }
    }
    app.recount().await;
    Ok(())
}
