//! Objects that a finish leaves in the shared database: it removes tables and their views; the owner decides about the
//! rest.

use martydb_model::error::Result;
use martydb_model::sql::{Statement, with_members};
use martydb_pg::server::{Connection, query_as};

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

/// Grant to connect to the shared database.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct OldGrant {
    /// Role, or `PUBLIC`.
    pub grantee: String,
    pub revoke: String,
}

/// Returns all objects in the database, except for the given ones.
///
/// # Errors
/// If the catalog cannot be read.
pub(super) async fn leftovers(session: &mut Connection, removed: &[&[String]]) -> Result<Vec<Leftover>> {
    let rows =
        query_as(session, &Statement::from_program(with_members!(", ", include_str!("../sql/remains.sql"))))
            .await?;
    let found = rows.into_iter().map(|(kind, name)| Leftover { kind, name });
    Ok(found.filter(|one| !removed.iter().any(|names| names.contains(&one.name))).collect())
}

/// Returns the logins that can still connect to the database.
///
/// # Errors
/// If the catalog cannot be read.
pub async fn old_logins(session: &mut Connection) -> Result<Vec<OldLogin>> {
    let rows = query_as(session, &Statement::from_program(include_str!("../sql/old_logins.sql"))).await?;
    Ok(rows.into_iter().map(|(role, databases, tables)| OldLogin { role, databases, tables }).collect())
}

/// Returns the grants to connect to the database.
///
/// # Errors
/// If the catalog cannot be read.
pub async fn old_grants(session: &mut Connection) -> Result<Vec<OldGrant>> {
    let rows = query_as(session, &Statement::from_program(include_str!("../sql/connect.sql"))).await?;
    Ok(rows.into_iter().map(|(grantee, revoke)| OldGrant { grantee, revoke }).collect())
}
