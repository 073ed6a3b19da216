//! Forms as data: a questionnaire is imported, bound to the survey's records, and filled-in copies of it become those records
//! and typed answers.
//!
//! - `import`: a spreadsheet or an `XForm` becomes a stored `XForm` and its [`FormModel`], or a list of faults
//! - `binding`: which question means which field of a record
//! - `submission`: the XML (or JSON) of a filled-in form becomes visit, interview, found door and answers
//! - `export`: answers as columns, a codebook
//! - `role`, `changes`: whose form it is, what differs from the version before
//! - `watch`: an import that ends in time
//!
//! All of it is pure. Expressions inside forms are never evaluated here; clients do that.

pub mod binding;
pub mod changes;
pub mod export;
pub mod fault;
pub mod import;
pub mod limits;
pub mod media;
pub mod model;
pub mod role;
pub mod submission;
pub mod watch;
mod xml;

pub use changes::{Change, changes};
pub use fault::Fault;
pub use import::{Imported, Options, import, import_converted};
pub use media::md5_hex;
pub use model::{Choice, EntityUse, FormModel, FormRole, Kind, Labels, Node};
pub use watch::Given;
pub use xml::escape as xml_text;
