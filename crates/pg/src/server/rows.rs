//! Rows by type: a tuple has a value for each column, a single value is that of the first.

use martydb_model::error::{Error, Result};
use martydb_model::sql::Statement;

use super::connect::query;
use crate::wire::{Connection, FromText, Row, Unreadable, shorten};

/// A type that a row can be read as.
pub trait FromRow: Sized {
    fn from_row(row: &Row) -> Result<Self, Unreadable>;
}

impl<T: FromText> FromRow for T {
    fn from_row(row: &Row) -> Result<Self, Unreadable> {
        row.try_get(0)
    }
}

macro_rules! tuples {
    ($(($($column:ident $at:literal),+))+) => {$(
        impl<$($column: FromText),+> FromRow for ($($column,)+) {
            fn from_row(row: &Row) -> Result<Self, Unreadable> {
                Ok(($(row.try_get::<$column>($at)?,)+))
            }
        }
    )+};
}

tuples! {
    (A 0, B 1)
    (A 0, B 1, C 2)
    (A 0, B 1, C 2, D 3)
    (A 0, B 1, C 2, D 3, E 4)
    (A 0, B 1, C 2, D 3, E 4, F 5)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6)
    (A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7)
}

impl Row {
    /// Reads it as a value or a tuple.
    ///
    /// # Errors
    /// As [`Row::try_get`].
    pub fn read<T: FromRow>(&self) -> Result<T, Unreadable> {
        T::from_row(self)
    }
}

impl From<Unreadable> for Error {
    fn from(error: Unreadable) -> Error {
        Error::operation("the server's answer cannot be read").cause(error)
    }
}

/// Runs a query and returns its rows.
///
/// # Errors
/// As [`query`], and if a value does not have its type.
pub async fn query_as<T: FromRow>(connection: &mut Connection, statement: &Statement) -> Result<Vec<T>> {
    let rows = query(connection, statement).await?;
    rows.iter().map(T::from_row).collect::<Result<_, _>>().map_err(|error| unreadable(statement, error))
}

/// Like [`query_as`], for the first row.
pub async fn query_first<T: FromRow>(
    connection: &mut Connection,
    statement: &Statement,
) -> Result<Option<T>> {
    let rows = query(connection, statement).await?;
    rows.first().map(T::from_row).transpose().map_err(|error| unreadable(statement, error))
}

/// Like [`query_as`], for a query that always returns a row.
pub async fn query_one<T: FromRow>(connection: &mut Connection, statement: &Statement) -> Result<T> {
    let first = query_first(connection, statement).await?;
    first.ok_or_else(|| unreadable(statement, Unreadable::no_row()))
}

fn unreadable(statement: &Statement, error: Unreadable) -> Error {
    Error::from(error).cause(format!("the statement was: {}", shorten(statement.shown())))
}
