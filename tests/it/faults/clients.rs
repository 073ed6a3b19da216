//! Faults of the others on the line: clients that stall in the head, in the body or before the answer, five hundred
//! phones at the same moment, a second service over the same database.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use doorknock::app::App as Shared;
use doorknock::ingest::Ingest;
use doorknock::ingest::models::Models;
use doorknock::net::server::{Limits, Server};
use doorknock::routes::routes;
use doorknock::store::{Settings, Store};
use doorknock::surveys::Surveys;
use futures_util::future::join_all;
use rand::Rng;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::Runs;
use super::phone::{Phone, batch};
use super::world::{World, faults};
use crate::support::Survey;

/// Connections that stall at the same moment: more than there are places for uploads.
const STALLED: usize = 60;
/// What a delivery may take beside them: less than it takes until they are sent away.
const UNHINDERED: Duration = Duration::from_secs(9);

/// Sends the beginning of a request, `part` of its bytes, and keeps the line open.
async fn stall(phone: &Phone, document: &Value, part: f64) -> TcpStream {
    let bytes = phone.request(document, part);
    let mut socket = TcpStream::connect(phone.address).await.unwrap();
    socket.write_all(&bytes).await.unwrap();
    socket
}

/// One more service over the same database; ends when the handle is aborted.
async fn beside(world: &World) -> (SocketAddr, JoinHandle<usize>) {
    let settings = Settings::from_url(&world.app.db.connection.url()).unwrap();
    let store = Store::new(&settings).unwrap();
    let surveys = Surveys::new(store.clone());
    let keys = Arc::clone(&world.app.shared.ingest.keys);
    let mut shared = Shared::new(Ingest { store, surveys, keys, models: Models::default() });
    shared.clock = Arc::clone(&world.app.shared.clock);
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let server = Server::bind(any, None, Limits::default(), shared.metrics.clone()).await.unwrap();
    let address = server.address();
    let site = routes().into_filter(shared.clone(), shared.metrics.clone());
    (address, tokio::spawn(server.run(site, std::future::pending())))
}

faults! {
    two_services_take_the_same_batches(world, dice) {
        let (address, other) = beside(world).await;
        for (phone, document, ids) in world.batches(dice, 2) {
            let twin = Phone { address, ..phone.clone() };
            let (a, b) = tokio::join!(phone.deliver(&document), twin.deliver(&document));
            assert_ne!(a["replayed"], b["replayed"], "{a} {b}");
            assert_eq!(a["receipts"], b["receipts"]);
            world.told.extend(ids);
        }
        other.abort();
    }
    others_stall_in_their_heads(world, dice) {
        let phone = world.phones[0].clone();
        let (document, _) = batch(&phone, &world.cases[..2]);
        let lines = join_all((0..STALLED).map(|_| stall(&phone, &document, 0.1))).await;
        let began = Instant::now();
        world.under(dice, async {}).await;
        assert!(began.elapsed() < UNHINDERED, "{:?}", began.elapsed());
        drop(lines);
    }
    others_stall_in_their_bodies(world, dice) {
        let phone = world.phones[0].clone();
        let (document, _) = batch(&phone, &world.cases[..2]);
        let part = dice.random_range(0.6..0.95);
        let lines = join_all((0..STALLED).map(|_| stall(&phone, &document, part))).await;
        let began = Instant::now();
        world.under(dice, async {}).await;
        assert!(began.elapsed() < UNHINDERED, "{:?}", began.elapsed());
        drop(lines);
    }
    others_never_read_their_answers(world, dice) {
        let mut lines = Vec::new();
        let mut theirs = Vec::new();
        for n in 0..STALLED / 4 {
            let phone = world.phones[n % world.phones.len()].clone();
            let (document, ids) = batch(&phone, &[world.cases[n], world.cases[n + 8]]);
            lines.push(stall(&phone, &document, 1.0).await);
            theirs.push((phone, document, ids));
        }
        let began = Instant::now();
        world.under(dice, async {}).await;
        assert!(began.elapsed() < UNHINDERED, "{:?}", began.elapsed());
        drop(lines);
        for (phone, document, ids) in theirs {
            phone.deliver(&document).await;
            world.told.extend(ids);
        }
    }
}

/// As when the mobile network comes back: each with a connection of its own and one batch.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_phones_come_at_once() {
    let runs = Runs::of("five_hundred_phones_come_at_once");
    let mut world = World::of(Survey::with_dwellings(500), 500).await;
    for mut dice in runs.each() {
        let mut all = Vec::new();
        for n in 0..500 {
            let phone = world.phones[n % world.phones.len()].clone();
            let case = world.cases[dice.random_range(0..world.cases.len())];
            let (document, ids) = batch(&phone, &[case]);
            all.push((phone, document, ids));
        }
        let answers = join_all(all.iter().map(|(phone, document, _)| phone.deliver(document))).await;
        assert!(answers.iter().all(|a| a["counts"]["accepted"] == json!(1)));
        let ids: Vec<Uuid> = all.into_iter().flat_map(|(_, _, ids)| ids).collect();
        world.told.extend(ids);
        world.holds().await;
    }
    runs.went_well(world.told.len());
}
