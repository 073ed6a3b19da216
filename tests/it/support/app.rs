//! The service over a test's own database, behind a real listener, with a clock that the test sets.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use doorknock::app::App as Shared;
use doorknock::app::auth;
use doorknock::ingest::Ingest;
use doorknock::ingest::digest::Keys;
use doorknock::ingest::models::Models;
use doorknock::ingest::setup::{Load, Mode, Report};
use doorknock::net::server::{Limits, Server};
use doorknock::routes::routes;
use doorknock::setup::{Answer, Question};
use doorknock::store::access::{Caller, Enrolled, NewToken, TokenKind};
use doorknock::store::{Settings, Store, SurveyKey};
use doorknock::surveys::Surveys;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::client::{Client, Reply};
use super::db::{TestDb, database};
use super::record::{batch, id};
use super::survey::Survey;

/// When every test begins: noon of a Tuesday in Shanghai, ten days into the field work.
pub const OPENING: &str = "2020-11-10T12:00:00+08:00";

/// A clock that goes on by a millisecond each time it is read, so that no two readings are equal.
#[derive(Clone, Debug)]
pub struct TestClock(Arc<AtomicI64>);

impl TestClock {
    fn new() -> Self {
        let opening: Timestamp = OPENING.parse().expect("a constant");
        Self(Arc::new(AtomicI64::new(opening.as_millisecond())))
    }

    /// Now; the next reading is later.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.fetch_add(1, Ordering::Relaxed))
            .expect("a test's time is in range")
    }

    /// Sets the clock.
    pub fn set(&self, at: &str) {
        let at: Timestamp = at.parse().expect("a time with an offset");
        self.0.store(at.as_millisecond(), Ordering::Relaxed);
    }

    /// Goes on by so many minutes.
    pub fn advance(&self, minutes: i64) {
        self.0.fetch_add(minutes * 60_000, Ordering::Relaxed);
    }
}

/// The service of one test.
pub struct App {
    /// Its database.
    pub db: TestDb,
    /// What the handlers share.
    pub shared: Shared,
    /// Its clock.
    pub clock: TestClock,
    /// The survey it was started with.
    pub survey: Survey,
    address: std::net::SocketAddr,
    #[expect(dead_code, reason = "the listener stops when this is dropped")]
    stop: oneshot::Sender<()>,
}

impl App {
    /// The service with `survey` loaded an hour before the survey's first day.
    pub async fn new(survey: Survey) -> Self {
        Self::with(survey, |store| store, |_| {}).await
    }

    /// The same with a changed store and changed shared parts.
    pub async fn with(
        survey: Survey,
        store: impl FnOnce(Store) -> Store,
        change: impl FnOnce(&mut Shared),
    ) -> Self {
        let db = database().await;
        let clock = TestClock::new();
        let settings = Settings::from_url(&db.connection.url()).expect("the suite's own URL");
        let store = store(Store::new(&settings).expect("a pool"));
        let surveys = Surveys::new(store.clone());
        let ingest =
            Ingest { store, surveys, keys: Arc::new(Keys::new(&[7; 32])), models: Models::default() };
        let mut shared = Shared::new(ingest);
        let ticking = clock.clone();
        shared.clock = Arc::new(move || ticking.now());
        change(&mut shared);
        let address = "127.0.0.1:0".parse().expect("a constant");
        let server = Server::bind(address, None, Limits::default(), shared.metrics.clone())
            .await
            .expect("a free port");
        let address = server.address();
        let site = routes().into_filter(shared.clone(), shared.metrics.clone());
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(server.run(site, async move { drop(stopped.await) }));
        let app = Self { db, shared, clock, survey, address, stop };
        app.load_at(&app.survey, "2020-10-31T12:00:00+08:00").await;
        app
    }

    /// Loads a set-up now.
    pub async fn load(&self, survey: &Survey) -> Report {
        self.try_load(survey, Mode::Apply, self.clock.now()).await.expect("the set-up fits")
    }

    /// Loads a set-up at a time of its own; a second survey over the same doors is meant.
    pub async fn load_at(&self, survey: &Survey, at: &str) -> Report {
        let load = Load { mode: Mode::Apply, answers: vec![Answer::NewSurvey], by: None };
        self.try_load(survey, load, at.parse().expect("a time")).await.expect("the set-up fits")
    }

    /// Loads a set-up now, with answers to what it asks.
    pub async fn load_with(&self, survey: &Survey, answers: &[Answer]) -> Report {
        let load = Load { mode: Mode::Apply, answers: answers.to_vec(), by: None };
        self.try_load(survey, load, self.clock.now()).await.expect("the set-up fits")
    }

    /// What a set-up asks, dry and in earnest; nothing must have changed.
    pub async fn asked(&self, survey: &Survey) -> Vec<Question> {
        self.asked_with(survey, &[]).await
    }

    /// What a set-up still asks after these answers, dry and in earnest; nothing must have changed.
    pub async fn asked_with(&self, survey: &Survey, answers: &[Answer]) -> Vec<Question> {
        let mut all = Vec::new();
        for mode in [Mode::Try, Mode::Apply] {
            let load = Load { mode, answers: answers.to_vec(), by: None };
            match self.try_load(survey, load, self.clock.now()).await {
                Err(doorknock::ingest::Error::Asked(questions)) => all.push(questions),
                Err(other) => panic!("{other}"),
                Ok(report) => panic!("nothing was asked: {report:?}"),
            }
        }
        assert_eq!(all[0], all[1], "a dry run asks the same");
        all.remove(0)
    }

    /// Loads or tries a set-up.
    pub async fn try_load(
        &self,
        survey: &Survey,
        mode: impl Into<Load>,
        now: Timestamp,
    ) -> Result<Report, doorknock::ingest::Error> {
        self.shared.ingest.load_setup(survey.read(), mode, now, Arc::new(|_| {})).await
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.shared.ingest.store
    }

    /// Key of the app's own survey.
    pub async fn key(&self) -> SurveyKey {
        self.key_of(&self.survey.slug).await
    }

    /// Key of a survey.
    pub async fn key_of(&self, slug: &str) -> SurveyKey {
        let all = self.store().surveys().await.expect("surveys can be read");
        all.into_iter().find(|s| s.slug == slug).expect("the survey is loaded").key
    }

    /// Where it listens.
    pub fn address(&self) -> std::net::SocketAddr {
        self.address
    }

    /// Somebody without a token.
    pub fn anyone(&self) -> Client {
        Client { address: self.address, token: None, cookie: None }
    }

    /// A supervisor or admin with a token.
    pub async fn staff(&self, user: &str) -> Client {
        self.staff_in(&self.survey.slug, user).await
    }

    /// A supervisor or admin of another survey.
    pub async fn staff_in(&self, slug: &str, user: &str) -> Client {
        let token = self.token(slug, user, None).await;
        Client { token: Some(token), ..self.anyone() }
    }

    /// A new device of an enumerator.
    pub async fn device(&self, user: &str) -> Device {
        self.device_in(&self.survey.slug, user).await
    }

    /// A new device in another survey.
    pub async fn device_in(&self, slug: &str, user: &str) -> Device {
        let device = id();
        let token = self.token(slug, user, Some(device)).await;
        let client = Client { token: Some(token), ..self.anyone() };
        Device { client, id: device, survey: slug.to_owned() }
    }

    async fn token(&self, slug: &str, user: &str, device: Option<Uuid>) -> String {
        let secret = auth::new_secret();
        let now = self.clock.now();
        let token = NewToken {
            hash: auth::hash(&secret),
            key: self.key_of(slug).await,
            user: user.to_owned(),
            device,
            kind: if device.is_some() { TokenKind::Device } else { TokenKind::Staff },
            csrf: None,
            made_by: None,
            created_at: now,
            expires_at: now + SignedDuration::from_hours(24 * 60),
        };
        assert_eq!(self.store().add_token(token, None).await.expect("stored"), Enrolled::Yes, "{user}");
        secret
    }

    /// Who a client's token stands for.
    pub async fn caller(&self, client: &Client) -> Caller {
        let hash = auth::hash(client.token.as_deref().expect("a client with a token"));
        self.store().caller(&hash, self.clock.now()).await.expect("read").expect("the token is valid")
    }

    /// One number out of the database.
    pub async fn count(&self, sql: &str) -> i64 {
        self.db.client().await.query_one(sql, &[]).await.unwrap_or_else(|e| panic!("{sql}: {e:?}")).get(0)
    }

    /// The counters must equal a fresh count, and every case what its records say.
    #[track_caller]
    pub fn recount(&self) -> impl Future<Output = ()> {
        let place = std::panic::Location::caller();
        async move {
            for key in self.store().survey_keys().await.expect("read") {
                let found = self.store().recount(key).await.expect("counted");
                assert!(found.is_empty(), "{place}: the counters differ from a fresh count: {found:?}");
            }
            let ingest = &self.shared.ingest;
            for survey in ingest.surveys.all().await.expect("read") {
                let found = ingest.recount_cases(&survey, |_| {}).await.expect("folded");
                assert!(found.is_empty(), "{place}: cases differ from their records: {found:?}");
            }
        }
    }
}

/// A phone.
#[derive(Clone, Debug)]
pub struct Device {
    /// Its calls.
    pub client: Client,
    /// Its id.
    pub id: Uuid,
    /// The survey it acts in.
    pub survey: String,
}

impl Device {
    /// A batch of these records, not sent yet.
    pub fn batch(&self, records: &[Value]) -> Value {
        batch(&self.survey, self.id, records)
    }

    /// Sends a batch.
    pub async fn post(&self, batch: &Value) -> Reply {
        self.client.post("/v1/batches", batch).await
    }

    /// Sends records in a batch of their own; the answer must be a 200.
    pub async fn send(&self, records: &[Value]) -> Value {
        self.post(&self.batch(records)).await.ok()
    }

    /// Sends records of which every one must be accepted.
    #[track_caller]
    pub fn accepted(&self, records: &[Value]) -> impl Future<Output = Value> {
        let place = std::panic::Location::caller();
        let records = records.to_vec();
        async move {
            let answer = self.send(&records).await;
            assert_eq!(answer["counts"]["accepted"], records.len(), "{place}: {answer}");
            answer
        }
    }

    /// Reads a path that must be a 200.
    pub async fn get(&self, path: &str) -> Value {
        self.client.get(path).await.ok()
    }
}
