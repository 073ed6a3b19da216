//! Record linkage: finds interviews of one household and records of one person. Pure rules: no I/O, no
//! clock, no database; the same functions serve the offline command and the arrival of one interview.
//!
//! The way of a pair: [`prepare`] each interview, share a key ([`block::keys`]), [`score_pair`]
//! (persons one to one, then the household), decide, and [`cluster::cluster`] under hard constraints.
//! Model after Fellegi and Sunter (1969); the parts name their own sources.

pub mod address;
mod address_scan;
pub mod assign;
pub mod batch;
pub mod birth;
pub mod block;
pub mod citizen;
pub mod cluster;
pub mod codes;
pub mod compare;
mod compare_latin;
pub mod context;
pub mod estimate;
pub mod explain;
pub mod fit;
pub mod frequency;
pub mod household_compare;
pub mod interview;
mod levels;
pub mod model;
pub mod name;
pub mod person;
pub mod phone;
pub mod prepared;
pub mod resolve;
pub mod score;
mod script;
mod sound;
pub mod text;

pub use batch::{Linked, Stage, link_round};
pub use citizen::{Citizen, Digest, DigestKey, IdGiven, IdQuality};
pub use frequency::Frequencies;
pub use interview::Interview;
pub use model::Model;
pub use prepared::{NORM_VERSION, Prepared, prepare};
pub use resolve::{PairLink, Verdicts, resolve_households, resolve_persons};
pub use score::{Decision, PersonMatch, Scored, score_pair};

#[cfg(test)]
mod tests;
