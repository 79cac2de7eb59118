//! What the server's catalogues answer, row by row.
//!
//! A service decides how much there is to read about it. One document for everything would end where PostgreSQL's
//! values end (256 MB of `jsonb`, 1 GB of text), so each row of an answer is a small document of its own: the section
//! that it belongs to, and the item as JSON. The queries cut long texts; what one answer may hold in all is limited here.

use serde::Deserialize;

use super::{Connection, Row, Unreadable, query, query_rows};
use crate::error::{Error, Kind, Result};
use crate::sql::Statement;

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
    connection: &mut Connection,
    sql: &'static str,
    mut take: impl FnMut(&Item) -> Result<usize> + Send,
) -> Result<End> {
    let (mut kept, mut stopped) = (0, None);
    let read = query_rows(connection, &Statement::from_program(sql), |row| {
        let item = item(&row).and_then(|item| take(&item));
        let end = item.map(|bytes| kept += bytes).err();
        if end.is_none() && kept <= MOST_BYTES {
            return Ok(());
        }
        stopped = Some(end);
        Err("the rest is not read".into())
    })
    .await;
    match stopped {
        None => read.map(|()| End::Whole).map_err(refused),
        Some(None) => Ok(End::TooMuch),
        Some(Some(error)) => Err(error),
    }
}

fn item(row: &Row) -> Result<Item> {
    let text = |at| row.lossy(at).map_err(|error| unreadable().cause(error));
    Ok(Item { section: text(0)?, text: text(1)? })
}

/// Reads every row, or fails.
pub async fn read_all(
    connection: &mut Connection,
    sql: &'static str,
    mut take: impl FnMut(&Item) -> Result<()> + Send,
) -> Result<()> {
    match read(connection, sql, |item| take(item).map(|()| item.text.len())).await? {
        End::Whole => Ok(()),
        End::TooMuch => Err(too_much()),
    }
}

/// The one row of a query of one column, for what no service can make longer.
pub async fn document<T: for<'de> Deserialize<'de>>(
    connection: &mut Connection,
    sql: &'static str,
) -> Result<T> {
    let rows = query(connection, &Statement::from_program(sql)).await.map_err(refused)?;
    let row = rows.first().ok_or_else(Unreadable::no_row).map_err(|error| unreadable().cause(error))?;
    let text = row.lossy(0).map_err(|error| unreadable().cause(error))?;
    serde_json::from_str(&text).map_err(|error| unreadable().cause(error))
}

/// The error for an answer that is longer than it may be.
pub fn too_much() -> Error {
    unreadable().cause(format!("the answer is longer than {} MiB", MOST_BYTES >> 20)).hint(
        "look for a service that makes objects, rights or settings without end, and remove what it does not need",
    )
}

/// The statement is long and the same for everybody; what the server said about it is what matters.
fn refused(error: Error) -> Error {
    let lost = (error.kind == Kind::Unreachable).then(|| error.message.clone());
    let mut failed = Error::new(error.kind, unreadable().message);
    failed.causes.extend(lost.into_iter().chain(error.causes));
    failed.hints = error.hints;
    failed.sqlstate = error.sqlstate;
    failed
}

fn unreadable() -> Error {
    Error::operation("cannot read the server's catalogues")
}
