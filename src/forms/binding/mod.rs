//! Which question means which field of a record: the one table of bindings, and what may stand where.
//!
//! A binding is the cell of the column `doorknock`. What is not bound is an answer and is never interpreted.

mod check;
mod table;

pub use check::{faults, role_faults};
pub use table::{FIELDS, Field, Place, Want};

/// A binding as written, understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding<'a> {
    /// A field of a record.
    Field(&'static Field),
    /// An answer under a name of the author's choice.
    Answer(&'a str),
}

impl<'a> Binding<'a> {
    /// The binding that a cell names, if there is one of that name.
    pub fn parse(cell: &'a str) -> Option<Self> {
        if let Some(name) = cell.strip_prefix("answer.") {
            let starts = |c: char| c == '_' || c.is_alphabetic();
            let goes_on = |c: char| starts(c) || c.is_numeric() || matches!(c, '-' | '.');
            let is_name = name.starts_with(starts) && name.chars().all(goes_on) && name.chars().count() <= 64;
            return is_name.then_some(Self::Answer(name));
        }
        FIELDS.iter().find(|field| field.name == cell).map(Self::Field)
    }

    /// Whether the node's value goes into a record and is no answer.
    pub fn is_field(self) -> bool {
        matches!(self, Self::Field(_))
    }
}

#[cfg(test)]
mod tests;
