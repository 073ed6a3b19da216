//! The only room that speaks SQL: connections, transactions, one file per family of tables.
//!
//! Promises: isolation is read committed with row locks taken in id order; a single statement goes by
//! `Store::rows`, `row`, `one` or `run`; several go by [`Store::retrying`], whose closure must do nothing but SQL. Both are
//! repeated when the database asks for that (serialisation, deadlock, lost connection); a transaction that is dropped half-way closes its connection, so
//! PostgreSQL rolls back. No statement here decides anything about the field: rules live in `domain`.

pub mod access;
pub mod answers;
pub mod attachment;
pub mod audit;
pub mod backup;
pub mod batch;
pub mod browse;
pub mod card;
pub mod case;
pub mod completion;
mod connect;
pub mod decision;
pub mod detail;
pub mod device;
pub mod evidence;
pub mod feed;
mod fitness;
pub mod form;
pub mod held;
pub mod installation;
mod lane;
pub mod lease;
pub mod link;
pub mod lists;
pub mod load;
pub mod message;
mod migrate;
pub mod phone;
pub mod plan;
pub mod purge;
pub mod quota;
mod sight;
mod single;
mod sql_types;
pub mod staff;
pub mod submission;
pub mod survey;
pub mod sweep;
pub mod told;
mod tx;
mod wire;
mod witness;
pub mod worker;

pub use connect::{Settings, Store};
pub use fitness::{Aim, Unfit};
pub use migrate::{migrate, need_fit, newest};
pub use sight::{Sight, Whose};
pub use tx::{
    AsStoreError, Error, Fault, Moment, Outcome, Probe, Statement, Tx, begin_item, new_tag, take_item_back,
};
pub use witness::{Disclosure, ReadBy, Way, Witness};

/// Which survey a row belongs to: the distribution key and the survey's number in this installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SurveyKey {
    /// Six-digit district code.
    pub district: i32,
    /// Number of the survey.
    pub no: i32,
}

/// Every statement of the room, so that one test can prepare them all.
pub fn statements() -> Vec<&'static Statement> {
    let (cases, evidence, links, loads) = (case::all(), evidence::all(), link::all(), load::all());
    [
        access::ALL,
        answers::ALL,
        attachment::ALL,
        audit::ALL,
        backup::ALL,
        batch::ALL,
        browse::ALL,
        card::ALL,
        cases.as_slice(),
        completion::ALL,
        decision::ALL,
        detail::ALL,
        device::ALL,
        evidence.as_slice(),
        feed::ALL,
        form::ALL,
        held::ALL,
        installation::ALL,
        links.as_slice(),
        lease::ALL,
        lists::ALL,
        loads.as_slice(),
        message::ALL,
        phone::ALL,
        plan::ALL,
        purge::ALL,
        quota::ALL,
        staff::ALL,
        survey::ALL,
        submission::ALL,
        sweep::ALL,
        told::ALL,
        tx::ALL,
        worker::ALL,
    ]
    .concat()
}
