//! What the server's catalogues answer, row by row.
//!
//! A service decides how much there is to read about it. One document for everything would end where PostgreSQL's
//! values end (256 MB of `jsonb`, 1 GB of text), so each row of an answer is a small document of its own: the section
//! that it belongs to, and the item as JSON. The queries cut long texts; what one answer may hold in all is limited here.

use futures_util::TryStreamExt;
use serde::Deserialize;
use sqlx::postgres::PgRow;
use sqlx::{Executor, PgConnection, Row};

use super::describe;
use crate::error::{Error, Result};

/// Bytes of one answer: about 100,000 objects with their rights. A database with more is not held in memory.
pub const MOST_BYTES: usize = 64 << 20;

/// Why reading ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Everything was read.
    Whole,
    /// The rest would be more than [`MOST_BYTES`].
    TooMuch,
}

/// One row: a section and an item.
#[derive(Debug)]
pub struct Item {
    /// What it is.
    pub section: String,
    /// What it says, as JSON.
    pub text: String,
}

impl Item {
    /// As a type.
    pub fn parse<T: for<'de> Deserialize<'de>>(&self) -> Result<T> {
        serde_json::from_str(&self.text).map_err(|error| unreadable().cause(error))
    }

    /// For a section that the query should not have.
    pub fn unknown<T>(&self) -> Result<T> {
        Err(unreadable().cause(format!("the section {} is not known", self.section)))
    }
}

/// Hands the rows of a query of two columns to `take`, which says how many bytes of each it keeps.
pub async fn read(
    connection: &mut PgConnection,
    sql: &'static str,
    mut take: impl FnMut(&Item) -> Result<usize>,
) -> Result<End> {
    let mut rows = connection.fetch(sqlx::raw_sql(sql));
    let mut kept = 0;
    while let Some(row) = rows.try_next().await.map_err(refused)? {
        kept += take(&Item { section: column(&row, 0)?, text: column(&row, 1)? })?;
        if kept > MOST_BYTES {
            return Ok(End::TooMuch);
        }
    }
    Ok(End::Whole)
}

/// Reads every row, or fails.
pub async fn read_all(
    connection: &mut PgConnection,
    sql: &'static str,
    mut take: impl FnMut(&Item) -> Result<()>,
) -> Result<()> {
    match read(connection, sql, |item| take(item).map(|()| item.text.len())).await? {
        End::Whole => Ok(()),
        End::TooMuch => Err(too_much()),
    }
}

/// The one row of a query of one column, for what no service can make longer.
pub async fn document<T: for<'de> Deserialize<'de>>(
    connection: &mut PgConnection,
    sql: &'static str,
) -> Result<T> {
    let row = connection.fetch_one(sqlx::raw_sql(sql)).await.map_err(refused)?;
    serde_json::from_str(&column(&row, 0)?).map_err(|error| unreadable().cause(error))
}

/// The error for an answer that is longer than it may be.
pub fn too_much() -> Error {
    unreadable().cause(format!("the answer is longer than {} MiB", MOST_BYTES >> 20)).hint(
        "look for a service that makes objects, rights or settings without end, and remove what it does not need",
    )
}

/// A text of another encoding must not stop the reading of everything else.
fn column(row: &PgRow, at: usize) -> Result<String> {
    let value = row.try_get_raw(at).map_err(|error| unreadable().cause(error))?;
    let bytes = value.as_bytes().map_err(|error| unreadable().cause(error))?;
    Ok(String::from_utf8_lossy(bytes).into_owned())
}

#[expect(clippy::needless_pass_by_value, reason = "stands where a function of an error is wanted")]
fn refused(error: sqlx::Error) -> Error {
    let fault = describe(&error);
    let mut failed = unreadable().cause(&fault);
    failed.sqlstate = fault.sqlstate;
    failed
}

fn unreadable() -> Error {
    Error::operation("cannot read the server's catalogues")
}
