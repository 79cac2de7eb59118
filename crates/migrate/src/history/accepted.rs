//! Differences that a restore accepted, in the history of the restored database.

use crate::target::Operator;
use martydb_model::error::Result;
use martydb_model::sql::{Literal, stmt};
use martydb_pg::server::{Connection, execute, query_one};

/// Program that records.
pub(crate) const TOOL: &str = concat!("martydb ", env!("CARGO_PKG_VERSION"));

/// Records differences of a schema that a restore accepted, as a repair of the newest applied version. A database without
/// a history records nothing.
///
/// # Errors
/// If the session may not write the history.
pub async fn record_accepted(session: &mut Connection, note: String) -> Result<()> {
    let there = stmt!("SELECT pg_catalog.to_regclass('martydb.history') IS NOT NULL");
    if !query_one::<bool>(session, &there).await? {
        return Ok(());
    }
    let operator = Operator::current();
    let insert = stmt!(
        "INSERT INTO martydb.history (id, action, version, name, checksum, outcome, mode, attempts, operator, host, tool, note)
         SELECT (SELECT pg_catalog.max(id) FROM martydb.history) + 1, 'repair', version, name, checksum, 'ok', mode, 1,
             {user}, {host}, {tool}, {note} FROM martydb.history WHERE outcome = 'ok' ORDER BY id DESC LIMIT 1",
        user = Literal(operator.user),
        host = Literal(operator.host),
        tool = Literal(TOOL.into()),
        note = Literal(note)
    );
    execute(session, &insert).await.map(drop)
}
