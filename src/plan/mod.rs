//! Who knocks where, when, in which order, and why: the at-home model, the worth of a door, the sheets of a day,
//! and the pace of the field work. Pure: no SQL, no network, no clock; the moment is part of the input.

pub mod forecast;
pub mod frailty;
pub mod ground;
pub mod grounds;
pub mod input;
pub mod kinds;
pub mod knock;
pub mod load;
pub mod model;
pub mod outlook;
pub mod pace;
pub mod pins;
pub mod rates;
pub mod reach;
pub mod reason;
pub mod route;
pub mod sheet;
pub mod slot;
pub mod staff;
pub mod stairwise;
pub mod tasks;
pub mod tour;
pub mod types;
pub mod view;
pub mod worth;

pub use forecast::Expected;
pub use input::{DayInput, Doing, Door, Enumerator, Hours, Lease, PastVisit, Place};
pub use pace::{BuildingPace, Pace, Staffing, Warning, pace};
pub use sheet::{Pinned, Sheet, Shift, Spare, Stop, StopAction};
pub use stairwise::{Brain, Insight, Planner, Stairwise};
pub use view::{ModelRow, ModelView, SlotName, heat_svg, view};
pub use worth::Tuning;

#[cfg(test)]
mod tests;
