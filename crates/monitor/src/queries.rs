//! Statements that took the most time, from the extension pg_stat_statements where the maintenance database has it. Only
//! numbers are read: a text may contain what its author wrote into it.
//! <https://www.postgresql.org/docs/current/pgstatstatements.html>

use super::map::ServerMap;
use martydb_model::SchemaName;
use martydb_model::error::Result;
use martydb_model::metrics::{STATEMENT_CALLS, STATEMENT_ROWS, STATEMENT_SECONDS, Sample};
use martydb_model::sql::{List, Literal, Statement, stmt};
use martydb_pg::server::{Connection, query_as};

/// Statements of one database that are measured.
const MAX_STATEMENTS: i64 = 10;

/// One statement: database, query ID, calls, seconds, rows.
type StatementRow = (String, String, f64, f64, f64);

/// Returns the samples of every service's database; none where the extension is missing, not loaded or closed to the login.
///
/// # Errors
/// If the server does not answer. The extension's own errors are none of the server's.
pub(crate) async fn read(connection: &mut Connection, map: &ServerMap) -> Result<Vec<Sample>> {
    let found: Vec<String> = query_as(connection, &schema()).await?;
    let Some(schema) = found.first().and_then(|name| SchemaName::found(name).ok()) else {
        return Ok(vec![]);
    };
    let databases: Vec<&str> = map.databases.keys().map(String::as_str).collect();
    match query_as::<StatementRow>(connection, &longest(&schema, &databases)).await {
        Ok(rows) => Ok(rows.iter().flat_map(|row| samples(map, row)).collect()),
        Err(error) if error.is_lost() => Err(error),
        Err(_) => Ok(vec![]),
    }
}

fn samples(map: &ServerMap, (database, query, calls, seconds, rows): &StatementRow) -> Vec<Sample> {
    let Some(subject) = map.database(database) else { return vec![] };
    [(STATEMENT_CALLS, calls), (STATEMENT_SECONDS, seconds), (STATEMENT_ROWS, rows)]
        .map(|(metric, value)| Sample::with(metric, subject, [query], *value))
        .into()
}

/// Selects the extension's schema. Its setting exists only where it is loaded, and its function must be the extension's own,
/// with the columns of version 1.8, and be open to the login.
fn schema() -> Statement {
    stmt!(
        "SELECT n.nspname::pg_catalog.text FROM pg_catalog.pg_extension e
         JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
         JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
           AND d.refobjid = e.oid AND d.deptype = 'e' AND d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
         JOIN pg_catalog.pg_proc p ON p.oid = d.objid AND p.pronamespace = n.oid AND p.proname = 'pg_stat_statements'
         WHERE e.extname = 'pg_stat_statements' AND 'total_exec_time' = ANY (p.proargnames)
           AND pg_catalog.current_setting('pg_stat_statements.max', true) IS NOT NULL
           AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_function_privilege(p.oid, 'EXECUTE')"
    )
}

/// Selects the statements of each database that took the most time. `false` leaves the texts on the server.
fn longest(schema: &SchemaName, databases: &[&str]) -> Statement {
    stmt!(
        "SELECT d.datname::pg_catalog.text, q.queryid::pg_catalog.text, q.calls::pg_catalog.float8, q.seconds, q.rows::pg_catalog.float8
         FROM (SELECT s.dbid, s.queryid, sum(s.calls) AS calls, sum(s.total_exec_time) / 1000 AS seconds, sum(s.rows) AS rows,
                 pg_catalog.row_number() OVER (PARTITION BY s.dbid ORDER BY sum(s.total_exec_time) DESC, s.queryid) AS place
               FROM {schema}.pg_stat_statements(false) s WHERE s.queryid IS NOT NULL GROUP BY 1, 2) q
         JOIN pg_catalog.pg_database d ON d.oid = q.dbid
         WHERE q.place <= {most} AND d.datname IN ({names})",
        most = MAX_STATEMENTS,
        names = List::<Literal>::literals(databases.iter().copied().chain([""]))
    )
}
