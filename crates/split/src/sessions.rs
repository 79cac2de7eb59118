//! The sessions of a split. At the source it is the admin who reads, and nothing that a service made runs; at a target it is the
//! service's migrator, acting as the owner, as in a migration: what runs there has the service's own rights.

use martydb_migrate::MigrationTarget;
use martydb_model::error::{Error, Result};
use martydb_model::sql::{List, Literal, ServerText, Statement, stmt};
use martydb_pg::server::{Access, Connection, Limits, connect_with, execute, query};

/// How values are written as text, on either side.
const VALUES: &[(&str, &str)] = &[
    ("IntervalStyle", "postgres"),
    ("bytea_output", "hex"),
    ("extra_float_digits", "3"),
    ("lc_monetary", "C"),
    ("xmloption", "content"),
    ("xmlbinary", "base64"),
];

/// For work that takes as long as it takes. A part and the word that it is there are lost together or not at all, so that no commit
/// has to wait for the disk but the last.
const LOADING: &[(&str, &str)] = &[
    ("statement_timeout", "0"),
    ("lock_timeout", "0"),
    ("idle_in_transaction_session_timeout", "0"),
    ("row_security", "off"),
    ("synchronous_commit", "off"),
    ("maintenance_work_mem", "256MB"),
    ("jit", "off"),
];

/// A session that fills a service's database. Names in its functions are looked up as the service looks them up.
///
/// # Errors
/// If the migrator cannot log in.
pub async fn loading(target: &MigrationTarget) -> Result<Connection> {
    let role = [("role", target.owner.as_str())];
    let settings = [VALUES, LOADING, &role].concat();
    let mut session =
        connect_with(&target.endpoint, &target.login, target.database.as_str(), &settings, Limits::WORK)
            .await?;
    watched(&mut session).await;
    Ok(session)
}

/// The same to look at it, and to change its state: names are looked up in `pg_catalog` alone, so that the server prints all others with
/// their schema.
///
/// # Errors
/// As [`loading`].
pub async fn looking(target: &MigrationTarget) -> Result<Connection> {
    let role = [
        ("role", target.owner.as_str()),
        ("search_path", "pg_catalog"),
        ("quote_all_identifiers", "off"),
        ("lock_timeout", "10s"),
        ("synchronous_commit", "on"),
    ];
    let settings = [VALUES, LOADING, &role].concat();
    let mut session =
        connect_with(&target.endpoint, &target.login, target.database.as_str(), &settings, Limits::WORK)
            .await?;
    watched(&mut session).await;
    Ok(session)
}

/// The server looks now and then whether the client still lives. 13 cannot, and neither can every system.
async fn watched(session: &mut Connection) {
    let watch = stmt!(
        "SELECT pg_catalog.set_config(name, '2s', false) FROM pg_catalog.pg_settings WHERE name = 'client_connection_check_interval'"
    );
    let _unwatched = query(session, &watch).await;
    let endless = stmt!(
        "SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name = 'transaction_timeout'"
    );
    let _unknown = query(session, &endless).await;
}

/// A table of the source that is read: what it is called, and its number, which tells it from what may be called so later.
#[derive(Debug, Clone)]
pub struct ReadTable {
    pub oid: u32,
    /// As the server quotes it.
    pub ident: String,
}

/// How tables are locked while they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadLock {
    /// They stay what they are.
    Shared,
    /// They get no indexes and statistics either, whose expressions the planner of a query evaluates. One session for each table has it.
    AgainstIndexes,
}

/// A session of the admin that reads these tables in one transaction: in the moment of a snapshot, or in one of its own. They are locked
/// against DDL, and are what they were: a view in the place of a table would run what its owner wrote.
///
/// # Errors
/// If the snapshot is gone, or a table is.
pub async fn reading(
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
    // Planning must not look at what the tables' owners wrote: their CHECK constraints, and those of partitions.
    let own = stmt!(
        "SELECT pg_catalog.set_config('lock_timeout', '10s', false), pg_catalog.set_config('constraint_exclusion', 'off', false),
             pg_catalog.set_config('jit', 'off', false)"
    );
    query(&mut session, &Statement::join(values.chain([own]))).await?;
    let (begin, mode) = match lock {
        ReadLock::Shared => (stmt!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"), stmt!("ACCESS SHARE")),
        // A transaction that only reads may not take such a lock.
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
    let only = names.iter().map(|name| stmt!("ONLY {name}", name = name.clone()));
    let locking = stmt!("LOCK TABLE {all} IN {mode} MODE", all = List(only.collect()), mode = mode);
    execute(&mut session, &locking).await?;
    same(&mut session, tables).await?;
    Ok(session)
}

/// Whether each name still means the same table. A view has no file.
async fn same(session: &mut Connection, tables: &[ReadTable]) -> Result<()> {
    let rows = tables.iter().map(|table| {
        stmt!("({oid}::pg_catalog.oid, {ident})", oid = table.oid, ident = Literal(table.ident.clone()))
    });
    let asked = stmt!(
        "SELECT ident FROM (VALUES {rows}) AS given (oid, ident)
         WHERE pg_catalog.to_regclass(ident)::pg_catalog.oid IS DISTINCT FROM oid OR pg_catalog.pg_relation_filenode(oid) IS NULL",
        rows = List(rows.collect())
    );
    let other = query(session, &asked).await?;
    let names: Vec<String> = other.iter().filter_map(|row| row.try_get(0).ok()).collect();
    if names.is_empty() {
        return Ok(());
    }
    Err(Error::operation("tables of the source are no longer what they were")
        .causes(names.iter().map(|name| martydb_ui::report::printable(name)))
        .hint("run `martydb split plan` again"))
}
