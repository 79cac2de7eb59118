//! Statistics of each service's largest tables, read as its migrator: the monitor's login enters no service's database.

use martydb_migrate::MigrationTarget;
use martydb_model::error::Result;
use martydb_model::sql::{Statement, stmt};
use martydb_pg::server::existence::Existence;
use martydb_pg::server::{Limits, connect_with, query_as};

use super::statements::SETTINGS;

/// Statistics of one table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TableStatistics {
    pub schema: String,
    pub table: String,
    pub bytes: f64,
    pub live: f64,
    pub dead: f64,
    /// Seconds since 1970; `None` before the first time.
    pub autovacuum: Option<f64>,
}

/// Reads the statistics, none of a service that is not provisioned. They take no lock on a table, so one that is being
/// altered does not block them.
///
/// # Errors
/// If the migrator cannot log in.
pub(crate) async fn read(target: &MigrationTarget) -> Result<Vec<TableStatistics>> {
    let (database, login) = (&target.database, &target.login);
    let session = connect_with(&target.endpoint, login, database.as_str(), SETTINGS, Limits::READ).await;
    let mut session = match session {
        Ok(session) => session,
        Err(error) => match target.existence.query(database, &target.owner, &login.role).await {
            Existence::Absent => return Ok(vec![]),
            Existence::Present | Existence::Unknown => return Err(error),
        },
    };
    let rows = query_as(&mut session, &largest()).await;
    session.close().await;
    let statistics = |(schema, table, bytes, live, dead, autovacuum)| TableStatistics {
        schema,
        table,
        bytes,
        live,
        dead,
        autovacuum,
    };
    Ok(rows?.into_iter().map(statistics).collect())
}

fn largest() -> Statement {
    stmt!(
        "SELECT n.nspname, c.relname, c.relpages::float8 * pg_catalog.current_setting('block_size')::float8,
           pg_catalog.pg_stat_get_live_tuples(c.oid), pg_catalog.pg_stat_get_dead_tuples(c.oid),
           extract(epoch FROM pg_catalog.pg_stat_get_last_autovacuum_time(c.oid))
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind = 'r' AND c.relpersistence <> 't'
           AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
         ORDER BY c.relpages DESC, pg_catalog.pg_stat_get_live_tuples(c.oid) + pg_catalog.pg_stat_get_dead_tuples(c.oid) DESC, n.nspname, c.relname LIMIT 10"
    )
}
