//! Doorknock (敲门): the backend of a door-to-door survey or census.
//!
//! A map of the rooms; each depends only on those below it:
//! - `cli`: one file per command
//! - `http`: the only room that speaks HTTP
//! - `ingest`: takes batches, answers receipts; the only writer of field data
//! - `dedupe`: links interviews of one household; leans on `ingest` for folding cases again
//! - `sync`: what a device pulls; `planning`: sheets and pace; `report`: completion; `export`: data out
//! - `visits`: doors as people read them
//! - `shelf`: where pictures lie
//! - `surveys`: surveys with their rules, kept in memory
//! - `store`: the only room that speaks SQL
//! - `setup`, `rehearsal`, `link`, `plan`, `domain`: pure
//! - `embedded`: the private PostgreSQL cluster

pub mod access;
pub mod cli;
pub mod dedupe;
pub mod domain;
pub mod embedded;
pub mod export;
pub mod http;
pub mod ingest;
pub mod link;
pub mod plan;
pub mod planning;
pub mod rehearsal;
pub mod report;
pub mod setup;
pub mod shelf;
pub mod store;
pub mod surveys;
pub mod sync;
pub mod visits;
