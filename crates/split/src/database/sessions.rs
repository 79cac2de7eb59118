//! Sessions of a split. At the source the admin reads, without running code of a service; at a target the service's
//! migrator acts as the owner, as in a migration: code there runs with the service's own privileges.

use martydb_migrate::MigrationTarget;
use martydb_model::error::{Error, Result};
use martydb_model::sql::{List, Literal, ServerText, Statement, stmt};
use martydb_pg::server::{Access, Connection, Limits, PATIENCE, connect_with, execute, query, while_full};

/// Format of values as text, on either side.
pub(crate) const VALUES: &[(&str, &str)] = &[
    ("IntervalStyle", "postgres"),
    ("bytea_output", "hex"),
    ("extra_float_digits", "3"),
    ("lc_monetary", "C"),
    ("xmloption", "content"),
    ("xmlbinary", "base64"),
];

/// Settings for long operations. A part and its record are lost together or not at all, so only the last commit must
/// wait for the disk.
const LOADING: &[(&str, &str)] = &[
    ("statement_timeout", "0"),
    ("lock_timeout", "0"),
    ("idle_in_transaction_session_timeout", "0"),
    ("row_security", "off"),
    ("synchronous_commit", "off"),
    ("maintenance_work_mem", "256MB"),
    ("jit", "off"),
];

/// Opens a session that fills a service's database. Names in its functions are resolved as for the service.
///
/// # Errors
/// If the migrator cannot log in.
pub(crate) async fn open_loading(target: &MigrationTarget) -> Result<Connection> {
    open(target, &[("role", target.owner.as_str())]).await
}

/// Opens a session that inspects it and changes its state: names are resolved only in `pg_catalog`, so the server
/// prints all others with their schema.
///
/// # Errors
/// As `open_loading`.
#[martydb_pg::boxed]
pub async fn open_inspecting(target: &MigrationTarget) -> Result<Connection> {
    let own = [
        ("role", target.owner.as_str()),
        ("search_path", "pg_catalog"),
        ("lock_timeout", "10s"),
        ("synchronous_commit", "on"),
    ];
    open(target, &own).await
}

async fn open(target: &MigrationTarget, own: &[(&str, &str)]) -> Result<Connection> {
    let settings = [VALUES, LOADING, own].concat();
    let database = target.database.as_str();
    let connect = || connect_with(&target.endpoint, &target.login, database, &settings, Limits::WORK);
    // Other runs of the service, such as a backup's, have sessions of the same login.
    let mut session = while_full(PATIENCE, connect).await?;
    watch_client(&mut session).await;
    Ok(session)
}

/// Lets the server check from time to time whether the client is alive. Version 13 and some systems cannot.
async fn watch_client(session: &mut Connection) {
    let watch = stmt!(
        "SELECT pg_catalog.set_config(name, '2s', false) FROM pg_catalog.pg_settings WHERE name = 'client_connection_check_interval'"
    );
    let _unwatched = query(session, &watch).await;
    let endless = stmt!(
        "SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name = 'transaction_timeout'"
    );
    let _unknown = query(session, &endless).await;
}

/// Table of the source with its name and its OID, which distinguishes it from a later table of that name.
#[derive(Debug, Clone)]
pub(crate) struct ReadTable {
    pub oid: u32,
    /// Name, quoted by the server.
    pub ident: String,
}

/// Lock on tables while they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadLock {
    /// Prevents changes of their definitions.
    Shared,
    /// Also prevents new indexes and statistics, whose expressions the planner of a query would evaluate. Only one
    /// session per table can hold it.
    AgainstIndexes,
}

/// Opens a session of the admin that reads these tables in one transaction: in the given snapshot, or in its own. The
/// tables are locked against DDL, and verified: a view in the place of a table would run its owner's code.
///
/// # Errors
/// If the snapshot is lost, or a table is gone.
pub(crate) async fn open_reading(
    access: &Access,
    database: &str,
    snapshot: Option<&str>,
    tables: &[ReadTable],
    lock: ReadLock,
) -> Result<Connection> {
    let mut session = access.write(database).await?;
    let values = VALUES.iter().map(|(name, value)| {
        stmt!(
            "SELECT pg_catalog.set_config({name}, {value}, false)",
            name = Literal((*name).into()),
            value = Literal((*value).into())
        )
    });
    // Planning must not evaluate expressions of the tables' owners: CHECK constraints, and those of partitions.
    let own = stmt!(
        "SELECT pg_catalog.set_config('lock_timeout', '10s', false), pg_catalog.set_config('constraint_exclusion', 'off', false),
             pg_catalog.set_config('jit', 'off', false)"
    );
    query(&mut session, &Statement::join(values.chain([own]))).await?;
    let (begin, mode) = match lock {
        ReadLock::Shared => (stmt!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"), stmt!("ACCESS SHARE")),
        // A read-only transaction may not take such a lock.
        ReadLock::AgainstIndexes => {
            (stmt!("BEGIN ISOLATION LEVEL REPEATABLE READ"), stmt!("SHARE UPDATE EXCLUSIVE"))
        }
    };
    let import = snapshot.map(|name| stmt!("SET TRANSACTION SNAPSHOT {name}", name = Literal(name.into())));
    execute(&mut session, &Statement::join([begin].into_iter().chain(import))).await?;
    let names: Vec<ServerText> =
        tables.iter().map(|table| ServerText::quoted_by_server(table.ident.clone())).collect();
    if names.is_empty() {
        return Ok(session);
    }
    let only = names.iter().map(|name| stmt!("ONLY {name}"));
    let locking = stmt!("LOCK TABLE {all} IN {mode} MODE", all = List(only.collect()));
    execute(&mut session, &locking).await?;
    refuse_replaced(&mut session, tables).await?;
    Ok(session)
}

/// Returns an error unless each name still refers to the same table. A view has no file.
async fn refuse_replaced(session: &mut Connection, tables: &[ReadTable]) -> Result<()> {
    let rows = tables.iter().map(|table| {
        stmt!("({oid}::pg_catalog.oid, {ident})", oid = table.oid, ident = Literal(table.ident.clone()))
    });
    let statement = stmt!(
        "SELECT ident FROM (VALUES {rows}) AS given (oid, ident)
         WHERE pg_catalog.to_regclass(ident)::pg_catalog.oid IS DISTINCT FROM oid OR pg_catalog.pg_relation_filenode(oid) IS NULL",
        rows = List(rows.collect())
    );
    let other = query(session, &statement).await?;
    let names: Vec<String> = other.iter().filter_map(|row| row.try_get(0).ok()).collect();
    if names.is_empty() {
        return Ok(());
    }
    Err(Error::operation("tables of the source were replaced")
        .causes(names.iter().map(|name| martydb_model::text::printable(name)))
        .hint("run `martydb split plan` again"))
}
