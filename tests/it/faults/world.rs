//! The world in which faults within this process happen: a service, its phones, a reader of the feed, and the law that
//! holds after every fault.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use doorknock::store::{Fault, Moment};
use futures_util::future::join_all;
use rand::Rng;
use rand::rngs::StdRng;
use serde_json::Value;
use uuid::Uuid;

use super::phone::{Phone, batch};
use crate::support::survey::{A2, B1};
use crate::support::{App, Device, Picture, Survey};

/// A test per fault: its name, and what happens to the world in one run.
macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident ($world:ident, $dice:ident) $body:block)+) => {
        $(
            $(#[$doc])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                let runs = crate::faults::Runs::of(stringify!($name));
                let mut world = crate::faults::world::World::new().await;
                for mut dice in runs.each() {
                    {
                        let ($world, $dice) = (&mut world, &mut dice);
                        $body
                    }
                    world.holds().await;
                }
                runs.went_well(world.told.len());
            }
        )+
    };
}
pub(super) use faults;

/// What the next transactions are going to suffer.
#[derive(Default)]
pub struct Plan {
    /// Countdown of moments until the fault; below zero none.
    left: AtomicI64,
    fault: Mutex<Option<(Kind, Fault)>>,
}

/// Where in a transaction the fault strikes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Statement,
    BeforeCommit,
    AfterCommit,
}

impl Plan {
    /// The moment of this kind after so many others gets the fault.
    pub fn arm(&self, kind: Kind, fault: Fault, after: i64) {
        *self.fault.lock().unwrap() = Some((kind, fault));
        self.left.store(after, Ordering::SeqCst);
    }

    /// No more faults.
    pub fn disarm(&self) {
        *self.fault.lock().unwrap() = None;
    }

    fn ask(&self, moment: Moment) -> Option<Fault> {
        let (kind, fault) = (*self.fault.lock().unwrap())?;
        let fits = match moment {
            Moment::Before(_) => kind == Kind::Statement,
            Moment::BeforeCommit => kind == Kind::BeforeCommit,
            Moment::AfterCommit => kind == Kind::AfterCommit,
        };
        (fits && self.left.fetch_sub(1, Ordering::SeqCst) == 0).then_some(fault)
    }
}

/// A service with phones, and what they were told.
pub struct World {
    /// The service.
    pub app: App,
    pub plan: Arc<Plan>,
    pub phones: Vec<Phone>,
    pub cases: Vec<Uuid>,
    /// Visits of which a 200 was read.
    pub told: Vec<Uuid>,
    pub picture: Picture,
    pub reader: Device,
}

impl World {
    pub async fn new() -> Self {
        let survey = Survey::with_dwellings(24).doors(A2, 8).doors(B1, 4);
        Self::of(survey, 32).await
    }

    /// A world of its own size, of whose doors the first `doors` are visited.
    pub async fn of(survey: Survey, doors: usize) -> Self {
        let plan = Arc::new(Plan::default());
        let asked = Arc::clone(&plan);
        let app = App::with(survey, |s| s.with_probe(Arc::new(move |m| asked.ask(m))), |_| {}).await;
        let mut phones = Vec::new();
        for user in ["ea1", "ea2", "ea1", "ea2"] {
            phones.push(Phone::from(&app.device(user).await));
        }
        let cases = app.survey.cases()[..doors].to_vec();
        let reader = app.device("ea1").await;
        let picture = Picture::full(&reader, 50).await;
        Self { app, plan, phones, cases, told: Vec::new(), picture, reader }
    }

    /// So many batches of three visits for every phone.
    pub fn batches(&self, dice: &mut StdRng, each: usize) -> Vec<(Phone, Value, Vec<Uuid>)> {
        let mut all = Vec::new();
        for phone in &self.phones {
            for _ in 0..each {
                let doors: Vec<Uuid> =
                    (0..3).map(|_| self.cases[dice.random_range(0..self.cases.len())]).collect();
                let (document, ids) = batch(phone, &doors);
                all.push((phone.clone(), document, ids));
            }
        }
        all
    }

    /// Every batch is delivered at the same time, beside `trouble`.
    pub async fn under(&mut self, dice: &mut StdRng, trouble: impl Future<Output = ()>) {
        let all = self.batches(dice, 2);
        let sending = join_all(all.iter().map(|(phone, document, _)| phone.deliver(document)));
        let (answers, ()) = tokio::join!(sending, trouble);
        for ((_, _, ids), answer) in all.iter().zip(&answers) {
            let fine = answer["receipts"].as_array().unwrap().iter().all(|r| r["status"] == "accepted");
            assert!(fine, "{answer}");
            self.told.extend(ids);
        }
        self.plan.disarm();
    }

    /// The law.
    pub async fn holds(&mut self) {
        let client = self.app.db.client().await;
        let sql = "select count(*) from visit where id = any($1) and status = 0";
        let stored: i64 = client.query_one(sql, &[&self.told]).await.unwrap().get(0);
        assert_eq!(usize::try_from(stored).unwrap(), self.told.len(), "acknowledged and not stored");
        let all = self.app.count("select count(*) from visit where status = 0").await;
        let counted = self.app.count("select sum(visits)::bigint from survey_case").await;
        assert_eq!((all, counted), (stored, stored), "stored without being asked for, or counted twice");
        let sql = "select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'";
        assert_eq!(self.app.count(sql).await, 0, "a transaction was left open");
        self.app.recount().await;
        self.picture.pull(&self.reader, 7).await;
        self.picture.assert_equals(&Picture::full(&self.reader, 200).await, "the reader");
    }
}
