//! Rows and parameters of the statements that every upload runs, where the library's general ways cost too much.

use super::sql_types::impossible;
use super::tx::Error;
use bytes::BytesMut;
use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, accepts, to_sql_checked};

/// Microseconds from 1970, where Unix begins to count, to 2000, where PostgreSQL does.
const EPOCH: i64 = 946_684_800_000_000;

/// Reads a row's columns one after the other, in the order of the select list. By name, each would be searched for among all.
pub(super) struct InOrder<'r> {
    row: &'r Row,
    next: usize,
}

impl<'r> InOrder<'r> {
    pub(super) fn of(row: &'r Row) -> Self {
        Self { row, next: 0 }
    }

    /// The next column; one of another type is a fault of this program.
    pub(super) fn take<T: FromSql<'r>>(&mut self) -> T {
        self.next += 1;
        self.row.get(self.next - 1)
    }

    /// The next column of a row of `table`; an error where it holds what no code has.
    pub(super) fn read<T: FromSql<'r>>(&mut self, table: &'static str) -> Result<T, Error> {
        self.next += 1;
        let at = self.next - 1;
        self.row.try_get(at).map_err(|_| impossible(self.row, table, self.row.columns()[at].name()))
    }

    /// The next column, a time.
    pub(super) fn time(&mut self) -> Timestamp {
        self.take::<Stamp>().0
    }

    /// The next column, a time or null.
    pub(super) fn maybe_time(&mut self) -> Option<Timestamp> {
        self.take::<Option<Stamp>>().map(|s| s.0)
    }
}

/// A `timestamptz`, converted by one addition instead of calendar arithmetic. What is finer than a microsecond is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp(pub(super) Timestamp);

impl ToSql for Stamp {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        out.extend_from_slice(&(self.0.as_microsecond() - EPOCH).to_be_bytes());
        Ok(IsNull::No)
    }

    accepts!(TIMESTAMPTZ);
    to_sql_checked!();
}

impl<'a> FromSql<'a> for Stamp {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        let micros = i64::from_be_bytes(raw.try_into()?);
        let since_1970 = micros.checked_add(EPOCH).ok_or("a time beyond the calendar")?;
        Ok(Self(Timestamp::from_microsecond(since_1970)?))
    }

    accepts!(TIMESTAMPTZ);
}

/// Where a row version lies (`ctid`): good for as long as this transaction holds the row's lock and does not write it.
#[derive(Clone, Copy, Debug)]
pub struct Place([u8; 6]);

impl ToSql for Place {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        out.extend_from_slice(&self.0);
        Ok(IsNull::No)
    }

    accepts!(TID);
    to_sql_checked!();
}

impl<'a> FromSql<'a> for Place {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw.try_into()?))
    }

    accepts!(TID);
}

/// A column of which few rows have a value: sent as an empty array where none has. `unnest` fills up with nulls.
pub(super) fn sparse<T>(column: Vec<Option<T>>) -> Vec<Option<T>> {
    if column.iter().all(Option::is_none) { Vec::new() } else { column }
}

/// 1, 2, 3 … for each of `n` rows, by which a statement finds a row's part of a longer array. `generate_series` would do, but
/// PostgreSQL takes it for a thousand rows and then plans the statement anew every time.
pub(super) fn numbers(n: usize) -> Vec<i32> {
    (1..).take(n).collect()
}

/// One column of rows as an array parameter.
macro_rules! column {
    ($rows:expr, $row:ident => $value:expr) => {
        &$rows.iter().map(|$row| $value).collect::<Vec<_>>()
    };
}
pub(super) use column;

/// The same of a column of which few rows have a value.
macro_rules! sparse_column {
    ($rows:expr, $row:ident => $value:expr) => {
        &$crate::store::wire::sparse($rows.iter().map(|$row| $value).collect::<Vec<_>>())
    };
}
pub(super) use sparse_column;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_the_library() {
        for text in ["1969-12-31T23:59:59.999999Z", "2000-01-01T00:00:00Z", "2026-11-24T13:07:23.123456Z"] {
            let time: Timestamp = text.parse().unwrap();
            let (mut ours, mut theirs) = (BytesMut::new(), BytesMut::new());
            let own = Stamp(time).to_sql(&Type::TIMESTAMPTZ, &mut ours);
            assert!(matches!(own, Ok(IsNull::No)));
            assert!(matches!(time.to_sql(&Type::TIMESTAMPTZ, &mut theirs), Ok(IsNull::No)));
            assert_eq!(ours, theirs);
            assert_eq!(Stamp::from_sql(&Type::TIMESTAMPTZ, &ours).unwrap(), Stamp(time));
        }
        assert!(Stamp::from_sql(&Type::TIMESTAMPTZ, &i64::MAX.to_be_bytes()).is_err());
        assert!(Stamp::from_sql(&Type::TIMESTAMPTZ, &[1, 2]).is_err());
    }

    #[test]
    fn a_column_without_values_is_sent_empty() {
        assert_eq!(sparse::<i32>(vec![None, None]), Vec::new());
        assert_eq!(sparse(vec![None, Some(1)]), vec![None, Some(1)]);
    }
}
