//! Faults made inside this process: lost statements and answers, cut lines, quarrels over one row, clocks that jump.

use std::time::Duration;

use doorknock::store::Fault;
use futures_util::future::join_all;
use rand::Rng;
use serde_json::{Value, json};
use uuid::Uuid;

use super::a_moment;
use super::phone::{Phone, batch};
use super::world::{Kind, World, faults};
use crate::support::Picture;
use crate::support::survey::A1;

/// Runs an order of a supervisor until it is taken.
async fn order(world: &World, items: Value) {
    let staff = world.app.staff("sall").await;
    staff.post("/v1/assignments", &json!({"assignments": items})).await.ok();
}

faults! {
    connection_lost_before_a_statement(world, dice) {
        world.plan.arm(Kind::Statement, Fault::Disconnect, dice.random_range(0..80));
        world.under(dice, async {}).await;
    }
    connection_lost_before_commit(world, dice) {
        world.plan.arm(Kind::BeforeCommit, Fault::Disconnect, dice.random_range(0..6));
        world.under(dice, async {}).await;
    }
    the_answer_of_a_commit_is_lost(world, dice) {
        world.plan.arm(Kind::AfterCommit, Fault::Disconnect, dice.random_range(0..8));
        world.under(dice, async {}).await;
    }
    the_database_asks_to_repeat(world, dice) {
        world.plan.arm(Kind::Statement, Fault::Repeat, dice.random_range(0..80));
        world.under(dice, async {}).await;
    }
    sessions_are_terminated(world, dice) {
        let client = world.app.db.client().await;
        let moments: Vec<u64> = (0..3).map(|_| dice.random_range(0..60)).collect();
        world.under(dice, async move {
            for ms in moments {
                tokio::time::sleep(Duration::from_millis(ms)).await;
                let sql = "select pg_terminate_backend(pid) from pg_stat_activity
                    where datname = current_database() and pid <> pg_backend_pid() and application_name = 'doorknock'";
                client.execute(sql, &[]).await.unwrap();
            }
        }).await;
    }
    the_client_hangs_up_in_the_body(world, dice) {
        let all = world.batches(dice, 1);
        for (phone, document, _) in &all {
            phone.hang_up(document, dice.random_range(0.05..0.95)).await;
        }
        world.under(dice, async {}).await;
        for (phone, document, ids) in all {
            phone.deliver(&document).await;
            world.told.extend(ids);
        }
    }
    the_client_hangs_up_before_the_answer(world, dice) {
        let all = world.batches(dice, 1);
        for (phone, document, _) in &all {
            phone.hang_up(document, 1.0).await;
            a_moment(dice, 10).await;
        }
        world.under(dice, async {}).await;
        for (phone, document, ids) in all {
            phone.deliver(&document).await;
            world.told.extend(ids);
        }
    }
    one_batch_comes_from_several_connections(world, dice) {
        let all = world.batches(dice, 1);
        for (phone, document, ids) in all {
            let times = dice.random_range(2..6);
            let answers = join_all((0..times).map(|_| phone.deliver(&document))).await;
            assert_eq!(answers.iter().filter(|a| a["replayed"] == false).count(), 1, "{answers:?}");
            world.told.extend(ids);
        }
    }
    one_record_comes_in_two_batches_at_once(world, dice) {
        let all = world.batches(dice, 1);
        let twins: Vec<Value> = all.iter().map(|(_, document, _)| {
            let mut twin = document.clone();
            twin["batch_id"] = json!(Uuid::now_v7());
            twin["records"].as_array_mut().unwrap().reverse();
            twin
        }).collect();
        let first = join_all(all.iter().map(|(phone, document, _)| phone.deliver(document)));
        let second = join_all(all.iter().zip(&twins).map(|((phone, _, _), twin)| phone.deliver(twin)));
        let (a, b) = tokio::join!(first, second);
        for (a, b) in a.iter().zip(&b) {
            let fresh = |answer: &Value| answer["receipts"].as_array().unwrap().iter().filter(|r| r["replayed"] == false).count();
            assert_eq!(fresh(a) + fresh(b), 3, "{a} {b}");
        }
        world.told.extend(all.into_iter().flat_map(|(_, _, ids)| ids));
    }
    doors_are_locked_in_opposite_order(world, dice) {
        let (a, b) = (world.phones[0].clone(), world.phones[1].clone());
        let mut doors = world.cases[..12].to_vec();
        let (one, ids_a) = batch(&a, &doors);
        doors.reverse();
        let (two, ids_b) = batch(&b, &doors);
        a_moment(dice, 3).await;
        tokio::join!(a.deliver(&one), b.deliver(&two));
        world.told.extend(ids_a.into_iter().chain(ids_b));
    }
    a_held_record_and_its_door_come_at_once(world, dice) {
        let (a, b) = (world.phones[0].clone(), world.phones[1].clone());
        let door = Uuid::now_v7();
        let (visits, ids) = batch(&a, &[door, door]);
        let record = json!({"type": "dwelling", "id": door, "area": A1, "building": "90", "unit": "1", "floor": 1,
            "room": door.simple().to_string()});
        let (mut doors, _) = batch(&b, &[]);
        doors["records"] = json!([record]);
        let wait = dice.random_range(0..4_u64);
        tokio::join!(a.deliver(&visits), async {
            tokio::time::sleep(Duration::from_millis(wait)).await;
            b.deliver(&doors).await
        });
        world.told.extend(ids);
    }
    the_server_clock_jumps_back(world, dice) {
        let back = dice.random_range(1..20_000);
        world.app.clock.advance(-back);
        world.under(dice, async {}).await;
        world.app.clock.advance(back);
    }
    the_server_clock_jumps_ahead(world, dice) {
        let minutes = dice.random_range(1..600);
        let clock = world.app.clock.clone();
        world.under(dice, async move { clock.advance(minutes) }).await;
        world.app.clock.advance(-minutes);
    }
    somebody_holds_the_rows(world, dice) {
        let client = world.app.db.client().await;
        let ms = dice.random_range(50..700);
        world.under(dice, async move {
            // In no order at all: where that ends in a deadlock, either side may be the one that is sent away.
            drop(client.batch_execute("begin; select 1 from survey_case for update").await);
            tokio::time::sleep(Duration::from_millis(ms)).await;
            client.batch_execute("rollback").await.unwrap();
        }).await;
    }
    a_feed_number_is_late(world, dice) {
        // Somebody else's transaction holds the feed's row with its commit outstanding while others want it.
        let client = world.app.db.client().await;
        let ms = dice.random_range(50..400);
        world.under(dice, async move {
            client.batch_execute("begin; update feed set last_seq = last_seq + 1").await.unwrap();
            tokio::time::sleep(Duration::from_millis(ms)).await;
            client.batch_execute("commit").await.unwrap();
        }).await;
    }
    a_reader_pulls_one_by_one_beside_writers(world, dice) {
        let (reader, mut picture) = (world.reader.clone(), world.picture.clone());
        let limit = dice.random_range(1..4);
        let slow = async {
            for _ in 0..40 {
                picture.page(&reader, limit, "").await;
            }
        };
        world.under(dice, slow).await;
        picture.pull(&world.reader, 5).await;
        picture.assert_equals(&Picture::full(&world.reader, 200).await, "read beside writers");
    }
    doors_change_hands_meanwhile(world, dice) {
        let doors: Vec<Value> = (0..12).map(|i| {
            let user = [json!("ea1"), json!("ea2"), json!("eb1"), Value::Null][dice.random_range(0..4_usize)].clone();
            json!({"case_id": world.cases[i * 2], "enumerator": user})
        }).collect();
        let staff = world.app.staff("sall").await;
        let body = json!({"assignments": doors});
        world.under(dice, async move {
            for _ in 0..3 {
                staff.post("/v1/assignments", &body).await.ok();
            }
        }).await;
    }
    leases_end_meanwhile(world, dice) {
        let soon = world.app.clock.now() + jiff::SignedDuration::from_mins(1);
        let items: Vec<Value> = world.cases.iter().take(20)
            .map(|case| json!({"case_id": case, "enumerator": "eb1", "until": soon.to_string()})).collect();
        order(world, json!(items)).await;
        let (ingest, clock) = (world.app.shared.ingest.clone(), world.app.clock.clone());
        let ms = dice.random_range(0..20);
        world.under(dice, async move {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            clock.advance(2);
            let (a, b) = tokio::join!(ingest.end_leases(clock.now()), ingest.end_leases(clock.now()));
            assert_eq!(a.unwrap() + b.unwrap(), 20, "each lease ends once");
        }).await;
    }
    a_phone_is_cut_off_meanwhile(world, dice) {
        let lost = world.app.device("ea2").await;
        let phone = Phone::from(&lost);
        let all: Vec<(Value, Vec<Uuid>)> = (0..6).map(|i| batch(&phone, &[world.cases[i]])).collect();
        let staff = world.app.staff("sall").await;
        let ms = dice.random_range(0..30);
        let sending = join_all(all.iter().map(|(document, _)| phone.call("POST", "/v1/batches", Some(document))));
        let (answers, ()) = tokio::join!(sending, async {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            staff.post(&format!("/v1/devices/{}/revoke", lost.id), &json!({})).await.ok();
        });
        for ((_, ids), answer) in all.iter().zip(answers) {
            let (status, document) = answer.expect("an answer");
            assert!(status == 200 || status == 403, "{status}: {document}");
            if status == 200 {
                world.told.extend(ids);
            }
        }
        assert_eq!(phone.call("GET", "/v1/changes", None).await.expect("an answer").0, 403);
    }
    every_connection_is_taken(world, dice) {
        // More phones at once than the pool and its waiting room have places for.
        let mut all = world.batches(dice, 10);
        let wait = dice.random_range(20..200);
        let client = world.app.db.client().await;
        let sending = join_all(all.iter().map(|(phone, document, _)| phone.deliver(document)));
        tokio::join!(sending, async {
            client.batch_execute("begin; lock table batch in share row exclusive mode").await.unwrap();
            tokio::time::sleep(Duration::from_millis(wait)).await;
            client.batch_execute("rollback").await.unwrap();
        });
        world.told.extend(all.drain(..).flat_map(|(_, _, ids)| ids));
    }
    counters_are_folded_by_two_at_once(world, dice) {
        let (store, key) = (world.app.store().clone(), world.app.key().await);
        let rounds = dice.random_range(3..12);
        world.under(dice, async move {
            for _ in 0..rounds {
                let (a, b) = tokio::join!(store.fold_deltas(key, 10), store.fold_deltas(key, 10));
                assert!(a.is_ok() && b.is_ok(), "{a:?} {b:?}");
            }
        }).await;
    }
}
