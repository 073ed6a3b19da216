//! Faults of the others on the line: clients that stall in the head, in the body or before the answer, and five hundred
//! phones at the same moment.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rand::Rng;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use uuid::Uuid;

use super::phone::{Phone, batch};
use super::world::faults;

/// Connections that stall at the same moment: more than there are places for uploads.
const STALLED: usize = 60;
/// What a delivery may take beside them; their own time limits are longer.
const UNHINDERED: Duration = Duration::from_secs(5);

/// Sends the beginning of a request, `part` of its bytes, and keeps the line open.
async fn stall(phone: &Phone, document: &Value, part: f64) -> TcpStream {
    let bytes = phone.request(document, part);
    let mut socket = TcpStream::connect(phone.address).await.unwrap();
    socket.write_all(&bytes).await.unwrap();
    socket
}

faults! {
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
            let (document, ids) = batch(&phone, &world.cases[..2]);
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
    five_hundred_phones_come_at_once(world, dice) {
        // As when the mobile network comes back: each with a connection of its own and one batch.
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
    }
}
