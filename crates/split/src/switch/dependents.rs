//! Objects of the source that cannot outlive the moved tables: found in `pg_depend`, as `DROP TABLE ... CASCADE` finds them.

use super::leftovers::Leftover;
use crate::database::write_block::numbers;
use martydb_model::error::{Error, Result};
use martydb_model::sql::{ServerText, Statement, stmt};
use martydb_pg::server::{Connection, query_as};

const DETACHED: &str = include_str!("../sql/detached.sql");
const DEPENDENTS: &str = include_str!("../sql/dependents.sql");

/// Returns views, functions and other objects that PostgreSQL drops together with the tables.
///
/// # Errors
/// If a remaining object would lose a part of it; the error names each.
pub(super) async fn dependents(session: &mut Connection, tables: &[u32]) -> Result<Vec<Leftover>> {
    let found: Vec<(String, String, bool)> = query_as(session, &about(tables, DEPENDENTS)).await?;
    let (parts, whole): (Vec<_>, Vec<_>) = found.into_iter().partition(|(_, _, stays)| *stays);
    if parts.is_empty() {
        return Ok(whole.into_iter().map(|(kind, name, _)| Leftover { kind, name }).collect());
    }
    Err(Error::operation("cannot remove the moved tables: remaining objects of the source need them")
        .causes(parts.into_iter().map(|(_, name, _)| name))
        .hint("change or drop these in the source, then run the same command again"))
}

/// Returns the statements that detach remaining tables and sequences from the moved tables.
///
/// # Errors
/// If the catalogs cannot be read.
pub(super) async fn detaching(session: &mut Connection, tables: &[u32]) -> Result<Vec<Statement>> {
    let found: Vec<String> =
        query_as(session, &about(tables, "SELECT statement FROM kept ORDER BY 1")).await?;
    let whole = |statement| {
        let statement = ServerText::quoted_by_server(statement);
        stmt!("{statement}")
    };
    Ok(found.into_iter().map(whole).collect())
}

fn about(tables: &[u32], rest: &'static str) -> Statement {
    stmt!(
        "WITH RECURSIVE moved AS (SELECT pg_catalog.unnest({tables}::pg_catalog.oid[]) AS oid), {kept} {rest}",
        tables = numbers(tables),
        kept = Statement::from_program(DETACHED),
        rest = Statement::from_program(rest)
    )
}
