//! The JSON face under `/v1`: one resource a file. A handler reads a request, asks a service, and writes an answer.

pub mod assignments;
pub mod attachments;
pub mod audit;
pub mod batches;
pub mod bulk;
pub mod cards;
pub mod cases;
pub mod changes;
pub mod completion;
pub mod devices;
pub mod enrol;
pub mod exports;
pub mod forms;
pub mod held;
pub mod links;
pub mod messages;
pub mod openapi;
pub mod pace;
pub mod plan;
pub mod problem_page;
pub mod returns;
pub mod self_response;
pub mod shifts;
pub mod slips;
pub mod submissions;
pub mod system;
