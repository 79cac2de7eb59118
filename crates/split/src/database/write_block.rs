//! Closes tables to writes, at either side, by a trigger on each. It is created under one lock that every writer waits
//! for: afterwards no transaction with earlier writes is open. Readers neither wait nor block.
//!
//! Revoking privileges is not enough: a transaction that wrote before the revoke commits after it.

use std::time::{Duration, Instant};

use crate::state::{self, CLOSED_TRIGGER};
use martydb_model::error::{Error, Kind, Result};
use martydb_model::sql::{ArrayLiteral, Ident, List, Literal, ServerText, Statement, stmt};
use martydb_model::sqlstate;
use martydb_pg::server::{Connection, execute, execute_protected, query, query_as, query_first};

/// Pause between two attempts: a session that waits for the lock blocks other writers.
const PAUSE: Duration = Duration::from_millis(300);

/// Tables to close, and the hint for refused writers.
pub(crate) struct WriteBlock<'a> {
    /// OIDs in this database.
    pub tables: &'a [u32],
    /// New location for writes.
    pub hint: &'a str,
    /// Exempt writers: at the source this login, at a target the members of this role.
    pub passes: &'a str,
    /// Statements at the beginning of the closing transaction: they lock tables whose writers may wait for these.
    pub first: Statement,
    /// Statements at the end of the closing transaction, such as the marker's.
    pub last: Statement,
    /// Timeout for other transactions.
    pub wait: Duration,
}

/// Closes tables, all or none; returns the time from which writers wait. Closed tables stay closed.
///
/// # Errors
/// If another session that writes to one of them outlasts the timeout; the error contains its name.
#[martydb_pg::boxed]
pub(crate) async fn close(session: &mut Connection, closing: &WriteBlock<'_>) -> Result<Instant> {
    let deadline = Instant::now() + closing.wait;
    let mut patience = LockTimeout::Short;
    loop {
        let begun = Instant::now();
        let Err(error) = attempt(session, closing, patience).await else { return Ok(begun) };
        execute_protected(session, &stmt!("ROLLBACK")).await?;
        let busy = [sqlstate::LOCK_NOT_AVAILABLE, sqlstate::DEADLOCK_DETECTED];
        if !error.sqlstate.as_deref().is_some_and(|state| busy.contains(&state)) {
            return Err(error);
        }
        if Instant::now() >= deadline {
            return Err(with_writers(session, closing.tables, error).await);
        }
        patience = match is_maintained(session, closing.tables).await? {
            true => LockTimeout::Long,
            false => LockTimeout::Short,
        };
        tokio::time::sleep(PAUSE).await;
    }
}

/// Timeout of one attempt to lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LockTimeout {
    /// Short: a waiting session blocks other writers.
    Short,
    /// Long enough for the server to end a blocking autovacuum, after a session has waited for `deadlock_timeout`.
    Long,
}

impl LockTimeout {
    /// Returns the statement that sets it for the current transaction.
    fn lock_timeout_sql(self) -> Statement {
        match self {
            LockTimeout::Short => stmt!("SET LOCAL lock_timeout = '200ms'"),
            LockTimeout::Long => stmt!(
                "SELECT pg_catalog.set_config('lock_timeout', (s.setting::pg_catalog.int4 + 500)::pg_catalog.text, true)
                 FROM pg_catalog.pg_settings s WHERE s.name = 'deadlock_timeout'"
            ),
        }
    }
}

/// Returns `true` if a VACUUM, an ANALYZE or the like locks one of the tables.
async fn is_maintained(session: &mut Connection, oids: &[u32]) -> Result<bool> {
    let statement = stmt!(
        "{family} SELECT EXISTS (SELECT FROM pg_catalog.pg_locks l WHERE l.relation IN (SELECT oid FROM family) AND l.granted
             AND l.mode = 'ShareUpdateExclusiveLock' AND l.pid <> pg_catalog.pg_backend_pid()
             AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()))",
        family = family_sql(oids)
    );
    Ok(query_first(session, &statement).await?.unwrap_or_default())
}

/// Returns a CTE of these tables and their current partitions.
fn family_sql(oids: &[u32]) -> Statement {
    stmt!(
        "WITH RECURSIVE family (oid) AS (
             SELECT pg_catalog.unnest({oids}::pg_catalog.oid[])
             UNION SELECT i.inhrelid FROM family f JOIN pg_catalog.pg_inherits i ON i.inhparent = f.oid
             JOIN pg_catalog.pg_class p ON p.oid = i.inhrelid AND p.relispartition)",
        oids = numbers(oids)
    )
}

async fn attempt(session: &mut Connection, closing: &WriteBlock<'_>, patience: LockTimeout) -> Result<()> {
    execute(session, &stmt!("BEGIN")).await?;
    execute(session, &Statement::join([patience.lock_timeout_sql(), closing.first.clone()])).await?;
    let tables = tables(session, closing.tables).await?;
    if !tables.is_empty() {
        let names = tables.iter().map(|table| stmt!("ONLY {table}", table = table.ident));
        let names = List(names.collect());
        execute(session, &stmt!("LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE")).await?;
    }
    // Transactions that held the lock may have changed the tables.
    let open = self::tables(session, closing.tables).await?.into_iter().filter(|table| !table.closed);
    let make = open.map(|table| {
        if table.idle {
            return stmt!(
                "ALTER TABLE ONLY {table} ENABLE TRIGGER martydb_split_closed",
                table = table.ident
            );
        }
        stmt!(
            "CREATE TRIGGER martydb_split_closed BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}
             FOR EACH STATEMENT EXECUTE FUNCTION martydb_split.closed({hint}, {passes})",
            table = table.ident,
            hint = Literal(closing.hint.into()),
            passes = Literal(closing.passes.into())
        )
    });
    let all = make.chain([closing.last.clone(), stmt!("COMMIT")]);
    execute(session, &Statement::join(all)).await.map(drop)
}

/// Returns the statements that open closed tables, for a larger transaction.
///
/// # Errors
/// If the catalog cannot be read.
pub(crate) async fn unblock_sql(session: &mut Connection, oids: &[u32]) -> Result<Vec<Statement>> {
    let trigger = Ident::new(CLOSED_TRIGGER).map_err(|error| Error::operation(error.to_string()))?;
    let tables = tables(session, oids).await?;
    let drop =
        |table: BlockableTable| stmt!("DROP TRIGGER IF EXISTS {trigger} ON {table}", table = table.ident);
    Ok(tables.into_iter().filter(|table| table.closed || table.idle).map(drop).collect())
}

/// Returns the names of tables that accept writes.
///
/// # Errors
/// If the catalog cannot be read.
pub async fn still_open(session: &mut Connection, oids: &[u32]) -> Result<Vec<String>> {
    let open = tables(session, oids).await?.into_iter().filter(|table| !table.closed);
    Ok(open.map(|table| table.name).collect())
}

struct BlockableTable {
    ident: ServerText,
    name: String,
    closed: bool,
    /// `true` if the trigger exists, but is disabled.
    idle: bool,
}

async fn tables(session: &mut Connection, oids: &[u32]) -> Result<Vec<BlockableTable>> {
    let statement = stmt!(
        "{family} SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), coalesce(t.tgenabled IN ('O', 'A'), false), coalesce(t.tgenabled NOT IN ('O', 'A'), false)
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         LEFT JOIN pg_catalog.pg_trigger t ON t.tgrelid = c.oid AND t.tgname = 'martydb_split_closed'
             AND t.tgfoid = 'martydb_split.closed()'::pg_catalog.regprocedure
         WHERE c.oid IN (SELECT oid FROM family) AND c.relkind IN ('r', 'p') ORDER BY c.oid",
        family = family_sql(oids)
    );
    let found = query_as::<(String, bool, bool)>(session, &statement).await?.into_iter();
    let table = |(name, closed, idle): (String, _, _)| BlockableTable {
        ident: ServerText::quoted_by_server(name.clone()),
        name,
        closed,
        idle,
    };
    Ok(found.map(table).collect())
}

/// Returns the OIDs as an array literal.
pub(crate) fn numbers(oids: &[u32]) -> ArrayLiteral {
    ArrayLiteral(oids.iter().map(u32::to_string).collect())
}

/// Adds the sessions with uncommitted writes to the error.
async fn with_writers(session: &mut Connection, oids: &[u32], error: Error) -> Error {
    let statement = stmt!(
        "{family} SELECT DISTINCT pg_catalog.format('process %s of %s (%s, %s) since %s', a.pid, coalesce(a.usename, a.backend_type),
                coalesce(nullif(a.application_name, ''), a.query), a.state, pg_catalog.date_trunc('second', a.xact_start)),
                l.mode = 'ShareUpdateExclusiveLock'
         FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
         WHERE l.relation IN (SELECT oid FROM family) AND l.granted AND l.pid <> pg_catalog.pg_backend_pid()
             AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())
             AND l.mode NOT IN ('AccessShareLock', 'RowShareLock')",
        family = family_sql(oids)
    );
    let found = query(session, &statement).await.unwrap_or_default();
    let holders = found.iter().filter_map(|row| row.try_get::<String>(0).ok());
    let holders: Vec<String> = holders.map(|one| martydb_model::text::printable(&one)).collect();
    let maintained = found.iter().any(|row| row.try_get(1).unwrap_or(false));
    let what = match maintained {
        true => "cannot close the tables: another session has locked them",
        false => "cannot close the tables: another session has uncommitted writes to them",
    };
    Error::new(Kind::Locked, what)
        .causes(if holders.is_empty() { error.causes } else { holders })
        .hint("end that session, or increase --lock-wait; nothing was closed")
}

/// Returns the marker's statement, and the one that records the source as closed.
pub(crate) fn close_source_sql(service: &str) -> Statement {
    Statement::join([
        state::source::change_sql(service, &stmt!("closed = true")),
        state::source::mark_sql(service),
    ])
}
