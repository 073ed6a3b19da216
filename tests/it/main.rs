//! The project's own tests: one binary, one file per promise, against the real crate and a real PostgreSQL.
//!
//! A name is a promise. Nothing sleeps to wait for luck, nothing reads the real clock, every seed is printed.

#![allow(
    clippy::unwrap_used,
    clippy::similar_names,
    reason = "a test that unwraps has failed; its names are short"
)]
#![allow(clippy::print_stdout, reason = "seeds and counts are printed")]
#![allow(
    clippy::match_same_arms,
    clippy::needless_pass_by_value,
    clippy::large_stack_arrays,
    reason = "made to be read"
)]

mod assignments;
mod attachments;
mod audit;
mod batches;
mod bodies;
mod broken;
mod certificates;
mod citizen_ids;
mod collect;
mod completion;
mod contract;
mod decided;
mod decisions;
mod detail;
mod docs;
mod doors;
mod embedded;
mod entry;
mod export;
mod faults;
mod feed;
mod files;
mod fleet;
mod foreign;
mod forms;
mod heads;
mod held;
mod killed;
mod leases;
mod links;
mod lists;
mod messages;
mod model;
mod pairing;
mod people;
mod people_day;
mod phones;
mod planning;
mod problems;
mod process;
mod purge;
mod quota;
mod races;
mod readme;
mod records;
mod returns;
mod rooms;
mod schema;
mod scope;
mod sealed;
mod self_response;
mod setup;
mod sheets;
mod strangers;
mod submissions;
mod support;
mod times;
mod upload;
mod values;
mod vendor;
mod whole;
