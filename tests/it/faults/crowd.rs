//! A field day of two hundred devices: offline and online, answers lost, batches twice and out of order, doors changing
//! hands, cancelled, ending their leases. At the end every device's picture is the server's, and the server's is all that
//! was done.

use std::collections::HashSet;

use doorknock::domain::State;
use futures_util::stream::{self, StreamExt};
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use serde_json::{Value, json};
use uuid::Uuid;

use super::phone::{Phone, batch};
use super::{dice, seed};
use crate::support::survey::{A, A1, A2, B, B1};
use crate::support::{App, Client, Device, Picture, Survey};

const DEVICES: usize = 200;
const HOURS: usize = 6;
/// Devices that act at the same moment.
const AT_ONCE: usize = 16;

/// A device with what it has not delivered and what it holds.
struct Field {
    device: Device,
    phone: Phone,
    outbox: Vec<Value>,
    sent: Vec<Value>,
    picture: Picture,
    made: Vec<Uuid>,
    dice: StdRng,
}

impl Field {
    /// One hour: knocks at doors of its picture, now and then with a signal.
    async fn hour(&mut self) {
        let doors: Vec<Uuid> = self
            .picture
            .things
            .keys()
            .filter(|(kind, _)| kind == "case")
            .filter_map(|(_, id)| id.parse().ok())
            .collect();
        for _ in 0..self.dice.random_range(0..3) {
            let some: Vec<Uuid> = (0..self.dice.random_range(1..4))
                .filter_map(|_| doors.get(self.dice.random_range(0..doors.len().max(1))).copied())
                .collect();
            let (document, ids) = batch(&self.phone, &some);
            self.outbox.push(document);
            self.made.extend(ids);
        }
        if self.dice.random_bool(0.5) {
            self.online().await;
        }
    }

    /// Delivers in any order; some answers get lost, some batches go again.
    async fn online(&mut self) {
        self.outbox.shuffle(&mut self.dice);
        for document in std::mem::take(&mut self.outbox) {
            match self.dice.random_range(0..10) {
                0 => {
                    self.phone.hang_up(&document, 1.0).await;
                    self.outbox.push(document);
                }
                1 => {
                    self.phone.hang_up(&document, 0.6).await;
                    self.outbox.push(document);
                }
                _ => {
                    self.phone.deliver(&document).await;
                    self.sent.push(document);
                }
            }
        }
        if let Some(again) = self.sent.get(self.dice.random_range(0..self.sent.len().max(1))) {
            assert_eq!(self.phone.deliver(again).await["replayed"], true);
        }
        self.picture.page(&self.device, self.dice.random_range(5..60), "").await;
    }

    async fn home(&mut self) {
        for document in std::mem::take(&mut self.outbox) {
            self.phone.deliver(&document).await;
        }
        self.picture.pull(&self.device, 40).await;
    }
}

async fn world(dice: &mut StdRng) -> (App, Vec<Field>) {
    let mut survey = Survey::with_dwellings(60).doors(A2, 40).doors(B1, 40);
    let places = [A, A1, A2, B, B1];
    for n in 0..DEVICES {
        survey.staff.push((format!("f{n}"), "enumerator".to_owned(), places[n % places.len()].to_owned()));
    }
    let app = App::new(survey).await;
    let mut all = Vec::with_capacity(DEVICES);
    for n in 0..DEVICES {
        let device = app.device(&format!("f{n}")).await;
        let picture = Picture::full(&device, 200).await;
        let (phone, dice) =
            (Phone::from(&device), <StdRng as rand::SeedableRng>::seed_from_u64(dice.random()));
        all.push(Field {
            device,
            phone,
            outbox: Vec::new(),
            sent: Vec::new(),
            picture,
            made: Vec::new(),
            dice,
        });
    }
    (app, all)
}

/// What the office does in an hour.
async fn office(app: &App, staff: &Client, dice: &mut StdRng) {
    let cases = app.survey.cases();
    for _ in 0..6 {
        let doors: Vec<Value> = (0..8)
            .map(|_| {
                let user = format!("f{}", dice.random_range(0..DEVICES));
                let until = app.clock.now() + jiff::SignedDuration::from_mins(dice.random_range(30..600));
                let user = if dice.random_bool(0.2) { Value::Null } else { json!(user) };
                json!({"case_id": cases[dice.random_range(0..cases.len())], "enumerator": user, "until": until.to_string()})
            })
            .collect();
        staff.post("/v1/assignments", &json!({"assignments": doors})).await.ok();
    }
    for word in ["cancel", "uncancel", "cancel", "reopen"] {
        let case = cases[dice.random_range(0..cases.len())];
        staff
            .post(&format!("/v1/cases/{case}/decisions"), &json!({"decision": word, "reason": "x"}))
            .await
            .ok();
    }
    app.clock.advance(60);
    app.shared.ingest.end_leases(app.clock.now()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_picture_ends_as_the_server_s_and_the_server_s_as_all_that_was_done() {
    let mut dice = dice("crowd", 0, seed());
    let (app, mut fields) = world(&mut dice).await;
    let staff = app.staff("sall").await;
    for _ in 0..HOURS {
        stream::iter(fields.iter_mut()).for_each_concurrent(AT_ONCE, Field::hour).await;
        office(&app, &staff, &mut dice).await;
    }
    stream::iter(fields.iter_mut()).for_each_concurrent(AT_ONCE, Field::home).await;
    stream::iter(fields.iter_mut()).for_each_concurrent(AT_ONCE, Field::home).await;

    let made: HashSet<Uuid> = fields.iter().flat_map(|f| f.made.iter().copied()).collect();
    let client = app.db.client().await;
    let rows = client.query("select id from visit", &[]).await.unwrap();
    let stored: HashSet<Uuid> = rows.iter().map(|r| r.get(0)).collect();
    assert_eq!(
        (stored.len(), stored == made),
        (made.len(), true),
        "the server holds what was done, each once"
    );
    let held = app.count("select count(*) from visit where status <> 0").await;
    let counted = app.count("select sum(visits)::bigint from survey_case").await;
    assert_eq!(counted, i64::try_from(made.len()).unwrap() - held);
    assert_eq!(held, 0, "work at a door that was lent or in the own area always counts");
    app.recount().await;
    for field in &fields {
        let whole = Picture::full(&field.device, 1000).await;
        field.picture.assert_equals(&whole, &format!("device {}", field.device.id));
    }
    leases_agree(&app).await;
    println!("{} devices, {} visits", fields.len(), made.len());
}

/// An assignment is open exactly while its case is, and its person is the case's holder.
async fn leases_agree(app: &App) {
    let open: Vec<String> =
        State::ALL.iter().filter(|s| s.is_open()).map(|s| s.number().to_string()).collect();
    let sql = format!(
        "select count(*) from survey_case c full join (select * from assignment where ended_at is null) g
           on g.district_id = c.district_id and g.survey_no = c.survey_no and g.case_id = c.id
         where (c.holder is not null and c.state in ({})) <> (g.id is not null) or (g.id is not null and g.enumerator <> c.holder)",
        open.join(",")
    );
    assert_eq!(app.count(&sql).await, 0, "leases and holders disagree");
}
