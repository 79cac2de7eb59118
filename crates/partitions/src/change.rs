//! Changes of one partition, in a transaction of its own that waits only briefly for its locks.

use std::time::Duration;

use super::calendar::{Span, TimePartition, bound};
use martydb_model::error::{Error, Result};
use martydb_model::sql::{Ident, Literal, Qualified, Statement, stmt};
use martydb_model::sqlstate;
use martydb_model::{DETACHED_PARTITION, MADE_PARTITION};
use martydb_pg::server::{Connection, Row, execute_protected, query_each};

/// Attempts to get the locks of a transaction.
#[derive(Debug, Clone, Copy)]
pub struct LockTries {
    pub tries: u32,
    /// Pause between two, in which those go on who waited behind it.
    pub pause: Duration,
    /// `lock_timeout` of the first lock of a transaction.
    pub lock: &'static str,
    /// `lock_timeout` of each further one: others wait behind those that the transaction has by then.
    pub next: &'static str,
}

/// A table with partitions.
#[derive(Debug, Clone, Copy)]
pub struct Parent<'a> {
    pub schema: &'a str,
    pub table: &'a str,
    /// Its default partition.
    pub rest: Option<&'a TimePartition>,
    /// Storage parameters of a new partition, such as `autovacuum_vacuum_scale_factor = 0.02`.
    pub storage: Option<&'a Statement>,
}

impl Parent<'_> {
    pub fn name(&self) -> Qualified {
        Qualified(vec![self.schema.to_owned(), self.table.to_owned()])
    }
}

/// Returns the name of a partition.
pub fn name(part: &TimePartition) -> Qualified {
    Qualified(vec![part.schema.clone(), part.name.clone()])
}

/// Returns the transaction that makes a partition: as a separate table that is then attached, because `CREATE TABLE …
/// PARTITION OF` waits for every reader of the parent. ATTACH locks the default partition against all others and reads
/// it, so that lock is taken last and by itself.
/// <https://www.postgresql.org/docs/current/ddl-partitioning.html#DDL-PARTITIONING-DECLARATIVE-MAINTENANCE>
///
/// # Errors
/// If the name is too long.
pub fn attached(parent: &Parent<'_>, name: &str, span: Span, tries: LockTries) -> Result<Statement> {
    let name = Ident::new(name)
        .map_err(|error| Error::operation(format!("cannot create the partition \"{name}\"")).cause(error))?;
    let new = Qualified(vec![parent.schema.to_owned(), name.as_str().to_owned()]);
    let storage = match parent.storage {
        Some(storage) => stmt!(" WITH ({storage})"),
        None => stmt!(""),
    };
    let own = parent.name();
    let mut all = vec![
        stmt!("BEGIN"),
        limit(tries.lock),
        stmt!(
            "CREATE TABLE {new} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED INCLUDING STORAGE){storage}",
            table = own,
        ),
        stmt!("COMMENT ON TABLE {new} IS {made}", made = Literal(MADE_PARTITION.into())),
        stmt!("LOCK TABLE ONLY {own} IN SHARE UPDATE EXCLUSIVE MODE"),
    ];
    let rest =
        parent.rest.map(|rest| stmt!("LOCK TABLE {rest} IN ACCESS EXCLUSIVE MODE", rest = self::name(rest)));
    all.extend(rest);
    all.extend([
        limit(tries.next),
        stmt!(
            "ALTER TABLE {own} ATTACH PARTITION {new} FOR VALUES FROM ({from}) TO ({to})",
            from = Literal(bound(span.from)),
            to = Literal(bound(span.to)),
        ),
        stmt!("COMMIT"),
    ]);
    Ok(Statement::join(all))
}

/// Returns the transaction that detaches a partition, and drops it if `drops`.
pub(crate) fn removed(parent: &Parent<'_>, part: &TimePartition, drops: bool, tries: LockTries) -> Statement {
    let (table, gone) = (parent.name(), name(part));
    let last = match drops {
        true => stmt!("DROP TABLE {gone}"),
        false => {
            stmt!("COMMENT ON TABLE {gone} IS {detached}", detached = Literal(DETACHED_PARTITION.into()))
        }
    };
    Statement::join([
        stmt!("BEGIN"),
        limit(tries.lock),
        stmt!("LOCK TABLE ONLY {table} IN ACCESS EXCLUSIVE MODE"),
        limit(tries.next),
        stmt!("ALTER TABLE {table} DETACH PARTITION {gone}"),
        last,
        stmt!("COMMIT"),
    ])
}

/// Returns the transaction that finishes an interrupted `DETACH … CONCURRENTLY`. It locks nothing that a query of the
/// table uses. <https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DETACH-PARTITION>
pub(crate) fn finished(parent: &Parent<'_>, part: &TimePartition, tries: LockTries) -> Statement {
    let (table, gone) = (parent.name(), name(part));
    let finalize = stmt!("ALTER TABLE {table} DETACH PARTITION {gone} FINALIZE");
    Statement::join([stmt!("BEGIN"), limit(tries.lock), finalize, stmt!("COMMIT")])
}

/// Returns the setting of a transaction's wait for its next locks.
pub fn limit(longest: &'static str) -> Statement {
    stmt!("SET LOCAL lock_timeout = {longest}", longest = Literal(longest.into()))
}

/// Runs a transaction, and repeats it if another session holds a lock.
pub async fn patiently(
    connection: &mut Connection,
    transaction: &Statement,
    tries: LockTries,
) -> Result<Vec<Vec<Row>>> {
    let mut tried = 1;
    loop {
        let error = match query_each(connection, transaction).await {
            Ok(answers) => return Ok(answers),
            Err(error) => error,
        };
        execute_protected(connection, &stmt!("ROLLBACK")).await?;
        let is_locked = matches!(
            error.sqlstate.as_deref(),
            Some(sqlstate::LOCK_NOT_AVAILABLE | sqlstate::DEADLOCK_DETECTED)
        );
        if !is_locked || tried == tries.tries {
            return Err(error);
        }
        tried += 1;
        tokio::time::sleep(tries.pause).await;
    }
}
