//! The `OpenRosa` face under `/odk/KEY`, for ODK Collect: forms and their files, lists of doors, filled-in forms. One POST is one
//! batch with one record, so all that holds of batches holds here.
//!
//! Statuses and messages are what Collect understands: it keeps and sends again whatever is not answered 201, and shows the
//! message. What is on disk is therefore answered 201, also when it waits for a supervisor.

pub mod answer;
pub mod forms;
mod key;
pub mod lists;
pub mod submit;

pub use answer::paint;
