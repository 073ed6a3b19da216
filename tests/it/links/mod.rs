//! Households interviewed twice: found by the job, decided by people, taken back without a trace.

mod arrival;
mod codes;
pub mod family;
mod numbers;
mod people;
mod reading;
mod sight;
