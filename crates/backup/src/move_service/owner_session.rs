//! Sessions of the migrator that act as the owner, and read what a catalog comparison does not cover.

use martydb_migrate::MigrationTarget;
use martydb_model::DesiredService;
use martydb_model::error::Result;
use martydb_model::sql::{List, Literal, Statement, stmt};
use martydb_pg::server::{Connection, Limits, PATIENCE, connect_with, execute_warned, query, while_full};
use martydb_pg_dump::archive::{BACKUP_SESSION, SESSION_NAME};

/// Settings of a session that acts as the owner and gives the same output on every server.
const SETTINGS: &[(&str, &str)] = &[
    ("search_path", "pg_catalog"),
    ("statement_timeout", "0"),
    ("lock_timeout", "10s"),
    ("idle_in_transaction_session_timeout", "0"),
    ("IntervalStyle", "postgres"),
    ("bytea_output", "hex"),
    ("extra_float_digits", "1"),
    ("lc_monetary", "C"),
    ("xmloption", "content"),
    ("jit", "off"),
    // Parallel workers would count as sessions of others.
    ("max_parallel_workers_per_gather", "0"),
];

/// Opens a session of the migrator that acts as the owner.
pub async fn as_owner(target: &MigrationTarget) -> Result<Connection> {
    log_in(target, target.owner.as_str()).await
}

/// Makes statistics, which archives before 18 do not contain. Functions of indexes run, with the search path of the service's
/// logins; tables that the owner may not analyze only cause warnings.
pub(crate) async fn analyze(session: &mut Connection, target: &MigrationTarget) -> Result<()> {
    let all = [
        stmt!("SET search_path = {schemas}", schemas = List(target.search_path.clone())),
        stmt!("ANALYZE"),
        stmt!("SET search_path = pg_catalog"),
    ];
    for statement in &all {
        execute_warned(session, statement).await?;
    }
    Ok(())
}

/// Ends sessions of programs that dead moves left in the database. No move of it is running.
pub(crate) async fn end_programs(target: &MigrationTarget) -> Result<()> {
    end_sessions(target, &stmt!("a.application_name = {name}", name = Literal(SESSION_NAME.into()))).await
}

/// Ends sessions of programs that dead backups left in the database. Their names contain the process of the session
/// with their snapshot, which has ended.
pub(crate) async fn end_orphans(target: &MigrationTarget) -> Result<()> {
    let orphaned = stmt!(
        "pg_catalog.starts_with(a.application_name, {name}) AND NOT EXISTS (
             SELECT FROM pg_catalog.pg_stat_activity holder
             WHERE holder.datname = a.datname AND holder.usename = a.usename AND holder.backend_start <= a.backend_start
               AND {name} || holder.pid::pg_catalog.text = a.application_name)",
        name = Literal(format!("{BACKUP_SESSION} "))
    );
    end_sessions(target, &orphaned).await
}

/// Ends sessions as the migrator that they belong to.
async fn end_sessions(target: &MigrationTarget, which: &Statement) -> Result<()> {
    let mut session = log_in(target, "none").await?;
    let end = stmt!(
        "SELECT pg_catalog.pg_terminate_backend(a.pid) FROM pg_catalog.pg_stat_activity a
         WHERE a.datname = pg_catalog.current_database() AND a.usename = session_user AND {which}"
    );
    query(&mut session, &end).await?;
    session.close().await;
    Ok(())
}

async fn log_in(target: &MigrationTarget, role: &str) -> Result<Connection> {
    let role = [("role", role)];
    let settings = [SETTINGS, &role].concat();
    let (login, database) = (&target.login, target.database.as_str());
    while_full(PATIENCE, || connect_with(&target.endpoint, login, database, &settings, Limits::WORK)).await
}

/// Returns the key of a lock of this kind: a short hash of the database's name.
pub(crate) fn lock_key(kind: u32, service: &DesiredService) -> i32 {
    let bytes = service.database.as_str().bytes();
    bytes.fold(kind, |key, byte| key.rotate_left(5) ^ u32::from(byte)).cast_signed()
}
