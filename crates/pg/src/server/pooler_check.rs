//! Tests that a session is with the server itself, and that the server accepts writes.
//!
//! A connection pooler such as PgBouncer gives its clients PIDs of its own in place of the backend's, drops settings
//! of the session, and passes a session on with its current role and locks. All that martydb promises about a session
//! would be wrong.
//! <https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-START-UP>

use super::{Connection, query};
use martydb_model::error::{Error, Result};
use martydb_model::sql::{Statement, stmt};

/// Fails with [`DIVISION_BY_ZERO`](martydb_model::sqlstate::DIVISION_BY_ZERO) if the backend is not the one that the login
/// reported; returns no row. It comes first in a message, so that nothing after it runs.
pub fn demand(connection: &Connection) -> Statement {
    stmt!(
        "SELECT WHERE 1 / CASE WHEN pg_catalog.pg_backend_pid() = {pid} THEN 1 ELSE 0 END = 0",
        pid = i64::from(connection.backend())
    )
}

/// Makes the error for a session that is not directly with the server.
pub fn pooled(database: &str, address: impl std::fmt::Display) -> Error {
    Error::operation(format!("a connection pooler is between martydb and database \"{database}\" at {address}"))
        .cause("the backend that answers is not the one that the login reported")
        .hint("name the address of the PostgreSQL server itself in the manifest: a pooler loses settings and keeps locks")
}

/// Rejects a standby: taking a server's lock announces writes.
///
/// # Errors
/// If the server is a standby.
pub(crate) async fn refuse_standby(connection: &mut Connection, server: &str) -> Result<()> {
    let statement = stmt!(
        "SELECT pg_catalog.concat_ws(':', w.sender_host, w.sender_port) FROM (SELECT 1) one
         LEFT JOIN pg_catalog.pg_stat_wal_receiver w ON true WHERE pg_catalog.pg_is_in_recovery()"
    );
    let rows = query(connection, &statement).await?;
    let Some(row) = rows.first() else { return Ok(()) };
    let primary: Option<String> = row.try_get(0).unwrap_or_default();
    Err(standby(format!("server \"{server}\""), primary.as_deref().filter(|address| !address.is_empty())))
}

/// Makes the error for a standby; `primary` is the address of its primary, if known.
pub fn standby(server: impl std::fmt::Display, primary: Option<&str>) -> Error {
    let named = primary.map_or_else(|| "the primary".into(), |address| format!("the primary, {address},"));
    Error::operation(format!("{server} is a standby and takes no writes"))
        .hint(format!("name {named} in the manifest"))
}
