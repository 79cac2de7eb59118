//! Objects that a finish leaves in the shared database: it removes tables and their views; the owner decides about the
//! rest.

use martydb_model::error::{Error, Result};
use martydb_model::sql::Statement;
use martydb_pg::server::{Connection, Row, Unreadable, query};

/// Remaining object.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Leftover {
    pub kind: String,
    /// Name, quoted by the server.
    pub name: String,
}

/// Login of the shared database, and what it can still access.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct OldLogin {
    pub role: String,
    /// Databases of the source's server that it may connect to.
    pub databases: Vec<String>,
    /// Tables and views of the shared database that it may read or change.
    pub tables: i64,
}

/// Returns all objects in the database, except for the given ones.
///
/// # Errors
/// If the catalog cannot be read.
pub async fn leftovers(session: &mut Connection, removed: &[&[String]]) -> Result<Vec<Leftover>> {
    let read = |row: &Row| Ok(Leftover { kind: row.try_get(0)?, name: row.try_get(1)? });
    let rows = query(session, &Statement::from_program(include_str!("../sql/remains.sql"))).await?;
    let found: Result<Vec<Leftover>, Unreadable> = rows.iter().map(read).collect();
    let stays = |one: &Leftover| !removed.iter().any(|names| names.contains(&one.name));
    Ok(found.map_err(unreadable)?.into_iter().filter(stays).collect())
}

/// Returns the logins that can still connect to the database.
///
/// # Errors
/// If the catalog cannot be read.
pub async fn old_logins(session: &mut Connection) -> Result<Vec<OldLogin>> {
    let read = |row: &Row| {
        Ok(OldLogin { role: row.try_get(0)?, databases: row.try_get(1)?, tables: row.try_get(2)? })
    };
    let rows = query(session, &Statement::from_program(include_str!("../sql/old_logins.sql"))).await?;
    rows.iter().map(read).collect::<Result<_, Unreadable>>().map_err(unreadable)
}

fn unreadable(error: Unreadable) -> Error {
    Error::operation("cannot read the remaining objects of the shared database").cause(error)
}
