//! What every test needs: a database of its own, a set-up, an app behind a real listener, devices and staff that call it,
//! and records to send.
//!
//! No promise is tested here and none is weakened: what these files make goes through the same doors as in the field.

pub mod app;
pub mod client;
pub mod contract;
pub mod db;
pub mod pages;
pub mod picture;
pub mod place;
pub mod record;
pub mod survey;

pub use app::{App, Device};
pub use client::{Client, Reply};
pub use picture::Picture;
pub use place::Place;
pub use record::{dwelling, id, interview, visit};
pub use survey::Survey;

use doorknock::store::{Settings, migrate};

/// Brings the empty database at `url` up to date.
pub async fn migrate_template(url: &str) -> Result<(), String> {
    let settings = Settings::from_url(url).map_err(|e| e.to_string())?;
    migrate(&settings).await.map(drop).map_err(|e| e.to_string())
}
