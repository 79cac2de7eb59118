//! Rows of catalog queries.
//!
//! The size of a catalog depends on the services. A single document would hit PostgreSQL's limits on
//! values (256 MB of `jsonb`, 1 GB of text), so each row is a small document: a section, and one item as JSON.
//! The queries cut long texts; the total size of one answer is limited here.

use serde::Deserialize;

use martydb_model::error::{Error, Kind, Result};
use martydb_model::sql::Statement;
use martydb_pg::server::{Connection, Row, Unreadable, query, query_rows};

/// Most bytes of one answer: about 100,000 objects with their privileges. A larger database is not held in memory.
pub const MOST_BYTES: usize = 64 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completeness {
    Whole,
    /// The answer exceeds [`MOST_BYTES`].
    TooMuch,
}

#[derive(Debug)]
pub struct CatalogRow {
    pub section: String,
    /// The item, as JSON.
    pub text: String,
}

impl CatalogRow {
    pub fn parse<T: for<'de> Deserialize<'de>>(&self) -> Result<T> {
        serde_json::from_str(&self.text).map_err(|error| unreadable().cause(error))
    }

    /// Returns the error for a section that the query should not have.
    pub fn unknown<T>(&self) -> Result<T> {
        Err(unreadable().cause(format!("unknown section {}", self.section)))
    }
}

/// Passes the rows of a two-column query to `take`, which returns how many bytes of each it keeps.
pub async fn read(
    connection: &mut Connection,
    sql: &'static str,
    take: impl FnMut(&CatalogRow) -> Result<usize> + Send,
) -> Result<Completeness> {
    read_statement(connection, &Statement::from_program(sql), take).await
}

/// Does the same for a query with values of its own.
pub(crate) async fn read_statement(
    connection: &mut Connection,
    statement: &Statement,
    mut take: impl FnMut(&CatalogRow) -> Result<usize> + Send,
) -> Result<Completeness> {
    let (mut kept, mut stopped) = (0, None);
    let read = query_rows(connection, statement, |row| {
        let taken = catalog_row(&row).and_then(|row| take(&row));
        let end = taken.map(|bytes| kept += bytes).err();
        if end.is_none() && kept <= MOST_BYTES {
            return Ok(());
        }
        stopped = Some(end);
        Err("the rest is not read".into())
    })
    .await;
    match stopped {
        None => read.map(|()| Completeness::Whole).map_err(refused),
        Some(None) => Ok(Completeness::TooMuch),
        Some(Some(error)) => Err(error),
    }
}

fn catalog_row(row: &Row) -> Result<CatalogRow> {
    let text = |at| row.lossy(at).map_err(|error| unreadable().cause(error));
    Ok(CatalogRow { section: text(0)?, text: text(1)? })
}

pub async fn read_all(
    connection: &mut Connection,
    sql: &'static str,
    mut take: impl FnMut(&CatalogRow) -> Result<()> + Send,
) -> Result<()> {
    match read(connection, sql, |row| take(row).map(|()| row.text.len())).await? {
        Completeness::Whole => Ok(()),
        Completeness::TooMuch => Err(too_much()),
    }
}

/// Reads the one row of a one-column query, for answers whose length no service can influence.
pub async fn document<T: for<'de> Deserialize<'de>>(
    connection: &mut Connection,
    sql: &'static str,
) -> Result<T> {
    document_of(connection, &Statement::from_program(sql)).await
}

/// Does the same for a query with values of its own.
pub(crate) async fn document_of<T: for<'de> Deserialize<'de>>(
    connection: &mut Connection,
    statement: &Statement,
) -> Result<T> {
    let rows = query(connection, statement).await.map_err(refused)?;
    let row = rows.first().ok_or_else(Unreadable::no_row).map_err(|error| unreadable().cause(error))?;
    let text = row.lossy(0).map_err(|error| unreadable().cause(error))?;
    serde_json::from_str(&text).map_err(|error| unreadable().cause(error))
}

pub fn too_much() -> Error {
    unreadable().cause(format!("the answer is longer than {} MiB", MOST_BYTES >> 20)).hint(
        "look for a service that creates objects, grants or settings without end, and remove what it does not need",
    )
}

/// Leaves the statement out of the error: it is long and always the same.
fn refused(error: Error) -> Error {
    let lost = (error.kind == Kind::Unreachable).then(|| error.message.clone());
    let mut failed = Error::new(error.kind, unreadable().message);
    failed.causes.extend(lost.into_iter().chain(error.causes));
    failed.hints = error.hints;
    failed.sqlstate = error.sqlstate;
    failed
}

fn unreadable() -> Error {
    Error::operation("cannot read the server's catalogs")
}
