//! How types of the domain are kept in the database: codes by their number or by their word, ids as `uuid`.
//!
//! A statement takes and gives these types themselves, so no number and no word of a closed set leaves the room. What no code
//! has cannot be read: [`ReadRow::read`] answers with an error that names table, key and column.

use bytes::BytesMut;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, accepts, to_sql_checked};
use uuid::Uuid;

use super::batch::{RecordKind, Status};
use super::feed::ChangeKind;
use super::tx::Error;
use crate::domain::effort::Unmet;
use crate::domain::{
    BatchId, BuildingId, CaseId, Channel, Class, Datum, DeviceId, DwellingId, FormRole, HeldId, Informant,
    InterviewId, InterviewResult, LinkEventKind, LinkId, LinkState, MergedAs, Outcome, PlanId, Proposal,
    Quota, Refusal, Relationship, ResidenceStatus, Respondent, Role, Sex, State, Verdict, VisitId,
};

/// Why a value could not be read or sent.
type Fault = Box<dyn std::error::Error + Sync + Send>;

/// Kept as `smallint`: what `number` gives and `from_number` takes.
macro_rules! kept_by_number {
    ($($code:ident),+) => {$(
        impl ToSql for $code {
            fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Fault> {
                out.extend_from_slice(&self.number().to_be_bytes());
                Ok(IsNull::No)
            }

            accepts!(INT2);
            to_sql_checked!();
        }

        impl<'a> FromSql<'a> for $code {
            fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Fault> {
                Ok(Self::from_number(i16::from_be_bytes(raw.try_into()?)).ok_or(NO_CODE)?)
            }

            accepts!(INT2);
        }
    )+};
}

/// Kept as `text`: what `slug` gives and `from_slug` takes.
macro_rules! kept_by_word {
    ($($code:ident),+) => {$(
        impl ToSql for $code {
            fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Fault> {
                out.extend_from_slice(self.slug().as_bytes());
                Ok(IsNull::No)
            }

            accepts!(TEXT);
            to_sql_checked!();
        }

        impl<'a> FromSql<'a> for $code {
            fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Fault> {
                Ok(Self::from_slug(std::str::from_utf8(raw)?).ok_or(NO_CODE)?)
            }

            accepts!(TEXT);
        }
    )+};
}

/// Kept as `uuid`.
macro_rules! kept_as_uuid {
    ($($id:ident),+) => {$(
        impl ToSql for $id {
            fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Fault> {
                self.0.to_sql(kind, out)
            }

            accepts!(UUID);
            to_sql_checked!();
        }

        impl<'a> FromSql<'a> for $id {
            fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Fault> {
                Uuid::from_sql(kind, raw).map(Self)
            }

            accepts!(UUID);
        }
    )+};
}

/// What is said of a number or word that no code has.
const NO_CODE: &str = "no code has this number or word";

kept_by_number!(
    State,
    Class,
    Outcome,
    Channel,
    Informant,
    InterviewResult,
    Respondent,
    Sex,
    Relationship,
    ResidenceStatus,
    Datum,
    Quota,
    Status,
    RecordKind,
    ChangeKind,
    Unmet
);
kept_by_word!(FormRole, Role, LinkEventKind, LinkState, MergedAs, Proposal, Refusal, Verdict);
kept_as_uuid!(
    CaseId,
    DwellingId,
    BuildingId,
    VisitId,
    InterviewId,
    BatchId,
    DeviceId,
    LinkId,
    HeldId,
    PlanId
);

/// Reading columns that may hold what no code has.
pub(super) trait ReadRow {
    /// The column of that name in a row of `table`. Errors: [`Error::Impossible`], with the first id in the row as its key.
    fn read<'r, T: FromSql<'r>>(&'r self, table: &'static str, column: &str) -> Result<T, Error>;
}

impl ReadRow for Row {
    fn read<'r, T: FromSql<'r>>(&'r self, table: &'static str, column: &str) -> Result<T, Error> {
        self.try_get(column).map_err(|_| impossible(self, table, column))
    }
}

/// What is said of a row with a value that cannot be: the name of the column, not the value.
pub(super) fn impossible(row: &Row, table: &'static str, column: &str) -> Error {
    let id = row.columns().iter().position(|c| *c.type_() == Type::UUID);
    let key = id.and_then(|at| row.try_get::<_, Option<Uuid>>(at).ok().flatten());
    Error::Impossible { table, key, column: column.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(value: &dyn ToSql, kind: &Type) -> BytesMut {
        let mut out = BytesMut::new();
        assert!(matches!(value.to_sql_checked(kind, &mut out), Ok(IsNull::No)));
        out
    }

    #[test]
    fn codes_come_back_as_they_were_sent() {
        for state in State::ALL {
            let raw = sent(state, &Type::INT2);
            assert_eq!(State::from_sql(&Type::INT2, &raw).unwrap(), *state);
        }
        for role in Role::ALL {
            let raw = sent(role, &Type::TEXT);
            assert_eq!(Role::from_sql(&Type::TEXT, &raw).unwrap(), *role);
        }
        for id in [CaseId(Uuid::nil()), CaseId(Uuid::from_u128(7))] {
            let raw = sent(&id, &Type::UUID);
            assert_eq!(CaseId::from_sql(&Type::UUID, &raw).unwrap(), id);
        }
    }

    #[test]
    fn what_no_code_has_is_a_fault() {
        assert!(State::from_sql(&Type::INT2, &99_i16.to_be_bytes()).is_err());
        assert!(State::from_sql(&Type::INT2, &[1]).is_err());
        assert!(Role::from_sql(&Type::TEXT, b"boss").is_err());
        assert!(!<State as ToSql>::accepts(&Type::INT4));
    }
}
