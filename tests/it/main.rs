//! The project's own tests: one binary, one file per promise, against the real crate and a real PostgreSQL.
//!
//! A name is a promise. Nothing sleeps to wait for luck, nothing reads the real clock, every seed is printed.

mod batches;
mod embedded;
mod held;
mod links;
mod records;
mod support;
mod times;
