//! The network: accept loop, TLS, heads, bodies, the router, answers, problems, limits, metrics.
//!
//! The only room that speaks warp and hyper. It knows no store, no survey and nobody's rights: `app` and the faces above do.

pub mod answer;
pub mod body;
mod connection;
mod head;
pub mod json;
pub mod kind;
pub mod limit;
pub mod metrics;
pub mod multipart;
pub mod problem;
pub mod query;
pub mod request;
pub mod route;
pub mod server;
pub mod tls;
mod wire;
