//! Forms as data: a questionnaire is imported, bound to the survey's records, and filled-in copies of it become those records
//! and typed answers.
//!
//! - `import`: a spreadsheet or an `XForm` becomes a stored `XForm` and its [`FormModel`], or a list of faults
//! - `binding`: which question means which field of a record
//! - `submission`: the XML (or JSON) of a filled-in form becomes visit, interview, found door and answers
//! - `export`: answers as columns, a codebook
//!
//! All of it is pure. Expressions inside forms are never evaluated here; clients do that.

pub mod binding;
pub mod export;
pub mod fault;
pub mod import;
pub mod limits;
pub mod model;
pub mod submission;
mod xml;

pub use fault::Fault;
pub use import::{Imported, Options, import, import_converted};
pub use model::{Choice, EntityUse, FormModel, FormRole, Kind, Labels, Node};
