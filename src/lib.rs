//! Doorknock (敲门): the backend of a door-to-door survey or census.
//!
//! A map of the rooms; each depends only on those below it:
//! - `cli`: one file per command
//! - `routes`: every address of the service
//! - `api`: the JSON face; `pages`: the supervisors' pages; `phone`: the enumerators' page; none knows another
//! - `app`: what the faces share: services, limits, who calls and what is within reach
//! - `net`: the only room that speaks HTTP: server, router, bodies, answers, problems
//! - `ingest`: takes batches, answers receipts; the only writer of field data
//! - `dedupe`: links interviews of one household; leans on `ingest` for folding cases again
//! - `sync`: what a device pulls; `planning`: sheets and pace; `report`: completion; `export`: data out
//! - `visits`: doors as people read them
//! - `shelf`: where pictures lie
//! - `surveys`: surveys with their rules, kept in memory
//! - `store`: the only room that speaks SQL
//! - `forms`: questionnaires as data: import, bindings, filled-in forms as records, answers as tables; pure
//! - `setup`, `rehearsal`, `link`, `plan`, `domain`: pure
//! - `embedded`: the private PostgreSQL cluster

pub mod access;
pub mod api;
pub mod app;
pub mod cli;
pub mod dedupe;
pub mod domain;
pub mod embedded;
pub mod export;
pub mod forms;
pub mod ingest;
pub mod link;
pub mod net;
pub mod odk;
pub mod pages;
pub mod phone;
pub mod plan;
pub mod planning;
pub mod rehearsal;
pub mod report;
pub mod routes;
pub mod setup;
pub mod shelf;
pub mod store;
pub mod surveys;
pub mod sync;
pub mod visits;
