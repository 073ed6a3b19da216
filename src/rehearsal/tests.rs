//! Rehearsals of the invented community: the same for a seed, true to the form, of invented persons only, and with
//! everything in it that a rehearsal is for.

mod committed;
mod shape;

use super::record::{Interview, Record, Visit};
use super::{Batch, Options, Rehearsal, community};
use crate::setup::{self, Setup};
use jiff::Timestamp;
use std::collections::BTreeMap;
use uuid::Uuid;

fn yongxin(seed: u64) -> Setup {
    setup::read(&community::files(seed), &mut |_| {}).unwrap()
}

fn batches(setup: &Setup, seed: u64, days: u16, until: &str) -> Vec<Batch> {
    let options = Options { seed, days, until: until.parse().unwrap() };
    Rehearsal::new(setup, &options).collect()
}

/// A week and a day of the community.
fn week(seed: u64) -> (Setup, Vec<Batch>) {
    let setup = yongxin(seed);
    let batches = batches(&setup, seed, 8, "2020-11-08T23:00:00+08:00");
    (setup, batches)
}

/// Every record once.
fn records(batches: &[Batch]) -> BTreeMap<(Uuid, i32), &Record> {
    let key = |record: &Record| match record {
        Record::Interview(form) => (form.id, form.revision),
        Record::Visit(_) | Record::Dwelling(_) | Record::Submission(_) => (record.id(), 0),
    };
    batches.iter().flat_map(|batch| &batch.document.records).map(|record| (key(record), record)).collect()
}

fn visits(batches: &[Batch]) -> Vec<&Visit> {
    records(batches).into_values().filter_map(Record::visit).collect()
}

fn forms(batches: &[Batch]) -> Vec<&Interview> {
    records(batches).into_values().filter_map(Record::interview).collect()
}

fn text(batches: &[Batch]) -> String {
    batches
        .iter()
        .map(|batch| batch.file_name() + &serde_json::to_string(&*batch.document).unwrap() + "\n")
        .collect()
}

#[test]
fn a_seed_gives_the_same_batches_and_another_seed_others() {
    let (_, first) = week(5);
    let (_, again) = week(5);
    let (_, other) = week(6);
    assert!(text(&first) == text(&again));
    assert!(text(&first) != text(&other));
}

#[test]
fn more_days_and_a_later_end_only_add_to_what_was_sent() {
    let setup = yongxin(3);
    let short = batches(&setup, 3, 2, "2020-11-03T00:00:00+08:00");
    let long = batches(&setup, 3, 5, "2020-11-06T00:00:00+08:00");
    // The last evening of the short one is cut off in the middle of sending again.
    let day_before: Timestamp = "2020-11-02T00:00:00+08:00".parse().unwrap();
    let early = |batches: &[Batch]| -> Vec<String> {
        let early = batches.iter().filter(|batch| batch.sent < day_before);
        early.map(|batch| serde_json::to_string(&*batch.document).unwrap()).collect()
    };
    assert!(!early(&short).is_empty());
    assert_eq!(early(&short), early(&long));
}

#[test]
fn nothing_happens_after_the_end_nor_outside_the_survey() {
    let setup = yongxin(2);
    let until: Timestamp = "2020-11-04T20:00:00+08:00".parse().unwrap();
    let batches = batches(&setup, 2, 99, "2020-11-04T20:00:00+08:00");
    assert!(
        batches.windows(2).all(|pair| pair[0].sent <= pair[1].sent && pair[0].number + 1 == pair[1].number)
    );
    assert!(batches.iter().all(|batch| batch.sent < until));
    let late =
        visits(&batches).into_iter().filter(|visit| visit.at.parse::<Timestamp>().unwrap() > until).count();
    // Only clocks that run ahead.
    assert!(late < 20, "{late}");
    assert!(
        super::Rehearsal::new(&setup, &Options { seed: 1, days: 9, until: Timestamp::UNIX_EPOCH })
            .next()
            .is_none()
    );
}

#[test]
fn a_set_up_without_enumerators_or_positions_can_be_rehearsed_too() {
    let mut files = community::files(1);
    files.put("staff.csv", "user,name,role,area\ns,S,supervisor,410181\n");
    let setup = setup::read(&files, &mut |_| {}).unwrap();
    assert!(batches(&setup, 1, 3, "2020-11-04T00:00:00+08:00").is_empty());
    files.put("staff.csv", "user,name,role,area\ne,E,enumerator,410181\n");
    files.put(
        "dwellings.csv",
        "area,building,unit,floor,room,kind,lon,lat\n410181004006-01,1,,,1,residential,,\n410181004006-01,1,,,2,residential,,\n",
    );
    let setup = setup::read(&files, &mut |_| {}).unwrap();
    let batches = batches(&setup, 1, 9, "2020-11-10T00:00:00+08:00");
    assert!(!visits(&batches).is_empty() && visits(&batches).iter().all(|visit| visit.position.is_none()));
}
