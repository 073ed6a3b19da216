//! The supervisor's pages: HTML made on the server, in two languages, readable without script.
//!
//! Each page is one file with its template in `web/templates`. Figures come from the same functions that answer the
//! API; nothing is counted here. A page never holds an inline script or style: the content policy forbids both.

pub mod about;
pub mod alerts;
pub mod answers;
pub mod areas;
pub mod asof;
pub mod assets;
pub mod assign;
pub mod audit;
pub mod bar;
pub mod building;
pub mod card_list;
pub mod card_sheet;
pub mod cards;
pub mod case;
pub mod chart;
pub mod decide;
pub mod devices;
pub mod doors;
pub mod evidence;
pub mod exports;
pub mod figures;
pub mod form;
pub mod forms;
pub mod frame;
pub mod held;
pub mod held_many;
mod leavers;
pub mod login;
pub mod look;
pub mod managers;
pub mod model;
pub mod outlook;
pub mod overview;
pub mod pace;
pub mod panel;
pub mod people;
pub mod plan_svg;
pub mod resume;
pub mod returns;
pub mod review;
pub mod rows;
pub mod self_fill;
pub mod setup;
pub mod shares;
pub mod sheet;
pub mod slip;
pub mod switch;
pub mod telephone;
pub mod trouble;
pub mod visitor;
pub mod when;
pub mod wishes;
pub mod words;
pub mod zip;

#[cfg(test)]
mod tests;

pub use visitor::{reading, writing};
