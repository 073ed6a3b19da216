//! Faults that need real processes: the built program and its private database are killed, stopped, frozen, copied.

use std::io::Write;
use std::process::Stdio;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use rand::Rng;
use rand::rngs::StdRng;
use rustix::process::Signal;

use super::house::{House, How, Scratch, children_of, holds, house_faults, program, signal};
use super::phone::{Phone, batch};
use super::{a_moment, dice, seed};

house_faults! {
    the_service_is_killed(house, _dice) {
        let mut child = house.service.take().unwrap();
        child.kill().unwrap();
        drop(child.wait());
        house.serve().await;
    }
    the_database_is_killed(house, dice) {
        for _ in 0..dice.random_range(1..3) {
            if let Some(pid) = house.database_pid() {
                signal(pid, Signal::KILL);
            }
            a_moment(dice, 300).await;
        }
    }
    a_session_of_the_database_is_killed(house, dice) {
        if let Some(pid) = house.database_pid() {
            let all = children_of(pid);
            if let Some(one) = all.get(dice.random_range(0..all.len().max(1))) {
                signal(*one, Signal::KILL);
                // Sessions that begin before its parent has noticed are ended with all others; the law is asked after that.
                while children_of(pid).contains(one) {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
        }
    }
    both_are_killed(house, _dice) {
        let database = house.database_pid();
        let mut child = house.service.take().unwrap();
        child.kill().unwrap();
        if let Some(pid) = database {
            signal(pid, Signal::KILL);
        }
        drop(child.wait());
        house.serve().await;
    }
    the_service_is_stopped_in_good_order(house, _dice) {
        let mut child = house.service.take().unwrap();
        signal(i32::try_from(child.id()).unwrap(), Signal::TERM);
        let began = Instant::now();
        let ended = tokio::task::spawn_blocking(move || child.wait()).await.unwrap().unwrap();
        assert!(ended.success() && began.elapsed() < Duration::from_secs(15), "{ended} after {:?}", began.elapsed());
        house.serve().await;
    }
    the_database_is_stopped_by_somebody_else(house, _dice) {
        if let Some(pid) = house.database_pid() {
            signal(pid, Signal::INT);
        }
    }
    the_database_freezes_for_a_while(house, dice) {
        let Some(pid) = house.database_pid() else { return };
        let all = children_of(pid);
        for pid in &all { signal(*pid, Signal::STOP); }
        a_moment(dice, 1500).await;
        for pid in &all { signal(*pid, Signal::CONT); }
    }
    the_service_freezes_for_a_while(house, dice) {
        let pid = house.service_pid();
        signal(pid, Signal::STOP);
        a_moment(dice, 1500).await;
        signal(pid, Signal::CONT);
    }
}

/// A backup taken under load is whole: restored elsewhere it holds what was acknowledged before it began, its counters fit,
/// old cursors are answered with a full pull, and what the phones send again completes it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_under_load_is_restored_elsewhere_and_phones_carry_on() {
    let seed = seed();
    let mut dice = dice("backup", 0, seed);
    let mut house = House::new().await;
    house.under(&mut dice, async |_, _| {}).await;
    let before = house.told.clone();
    let cursor =
        house.phones[0].call("GET", "/v1/changes?limit=1000", None).await.unwrap().1["cursor"].clone();
    let file = house.scratch.0.join("backup");
    let mut all = Vec::new();
    for phone in house.phones.clone() {
        for _ in 0..4 {
            let (document, ids) = batch(&phone, &[house.cases[dice.random_range(0..40)]]);
            all.push((phone.clone(), document, ids));
        }
    }
    let sending = join_all(all.iter().map(|(phone, document, _)| phone.deliver(document)));
    let (data, into) = (house.data(), file.clone());
    let taking =
        tokio::task::spawn_blocking(move || program(&data).arg("backup").arg(into).status().unwrap());
    let (_, taken) = tokio::join!(sending, taking);
    assert!(taken.unwrap().success());
    assert!(
        !program(&house.data()).arg("backup").arg(&file).status().unwrap().success(),
        "a backup is never replaced"
    );

    let mut other = House {
        scratch: Scratch::new(),
        service: None,
        phones: Vec::new(),
        cases: house.cases.clone(),
        told: Vec::new(),
        how: How::default(),
    };
    assert!(program(&other.data()).arg("restore").arg(&file).status().unwrap().success());
    assert!(
        !program(&other.data()).arg("restore").arg(&file).status().unwrap().success(),
        "only into an empty one"
    );
    // Without the key of the old installation nothing is served.
    assert!(
        !program(&other.data())
            .args(["serve", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::null())
            .status()
            .unwrap()
            .success()
    );
    std::fs::copy(house.data().join("doorknock.key"), other.data().join("doorknock.key")).unwrap();
    other.serve().await;

    let phones: Vec<Phone> =
        house.phones.iter().map(|p| Phone { address: other.address(), ..p.clone() }).collect();
    let path = format!("/v1/changes?limit=1000&cursor={}", cursor.as_str().unwrap());
    let page = phones[0].call("GET", &path, None).await.unwrap().1;
    assert_eq!((&page["reset"], page["resend_since"].is_string()), (&true.into(), true), "{page}");
    let (url, client) = other.database().await;
    let sql = "select count(*) from visit where id = any($1)";
    let kept: i64 = client.query_one(sql, &[&before]).await.unwrap().get(0);
    assert_eq!(usize::try_from(kept).unwrap(), before.len(), "what was acknowledged before the backup");
    for (phone, document, ids) in &all {
        let phone = phones.iter().find(|p| p.device == phone.device).unwrap();
        phone.deliver(document).await;
        other.told.extend(ids);
    }
    other.told.extend(before);
    holds(&url, &client, &other.told).await;
}

/// Ten minutes, or `DOORKNOCK_SOAK_MINUTES`, of load with random kills; the law after each, and memory that stays flat.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "ten minutes; make soak"]
async fn soak() {
    let minutes =
        std::env::var("DOORKNOCK_SOAK_MINUTES").ok().and_then(|text| text.parse().ok()).unwrap_or(10);
    let seed = seed();
    let (began, mut house, mut run) = (Instant::now(), House::new().await, 0);
    let mut out = std::io::stdout();
    while began.elapsed() < Duration::from_secs(60 * minutes) {
        let mut dice = dice("soak", run, seed);
        let what = ["nothing", "service", "database", "both"][dice.random_range(0..4_usize)];
        house
            .under(&mut dice, async |house: &mut House, _: &mut StdRng| {
                let database = house.database_pid().filter(|_| what == "database" || what == "both");
                if what == "service" || what == "both" {
                    let mut child = house.service.take().unwrap();
                    child.kill().unwrap();
                    drop(child.wait());
                }
                if let Some(pid) = database {
                    signal(pid, Signal::KILL);
                }
                if house.service.is_none() {
                    house.serve().await;
                }
            })
            .await;
        house.holds().await;
        let memory =
            std::fs::read_to_string(format!("/proc/{}/statm", house.service_pid())).unwrap_or_default();
        let pages: u64 = memory.split_whitespace().nth(1).and_then(|n| n.parse().ok()).unwrap_or_default();
        writeln!(
            out,
            "{:>4} s, run {run}, killed {what}: {} visits, {} KiB",
            began.elapsed().as_secs(),
            house.told.len(),
            pages * 4
        )
        .unwrap();
        assert!(pages * 4 < 512 << 10, "the service has grown to {} KiB", pages * 4);
        run += 1;
    }
}
