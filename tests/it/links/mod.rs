//! Households interviewed twice: found by the job, decided by people, taken back without a trace.

mod arrival;
pub mod family;
mod numbers;
mod people;
mod sight;
