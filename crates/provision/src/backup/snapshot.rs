//! One moment of a database: a session of the migrator that locks every table against DDL and TRUNCATE, exports its snapshot
//! for `pg_dump`, and reads in it what the record says.
//!
//! The locks come first. A snapshot does not cover TRUNCATE: one between the export and pg_dump's own locks would leave the
//! dump and the counts equal, and the rows of neither.

use std::collections::BTreeSet;

use super::record::BeyondRecord;
use crate::moving::sums::{self, RowHash, Sums, text, unreadable};
use martydb_migrate::MigrationTarget;
use martydb_migrate::history::Catalogue;
use martydb_model::contract::REFINERY_TABLE;
use martydb_model::error::{Error, Result};
use martydb_model::sql::{Ident, List, Literal, ServerText, Statement, stmt};
use martydb_model::sqlstate;
use martydb_pg::server::{Connection, execute, query};

/// Tables that come while the others are locked are met by locking again.
const TRIES: u32 = 5;

/// Settings that would end a session which waits for a dump, and that not every major has.
const ENDLESS: &str = "SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name = 'transaction_timeout'";

/// The session ends soon after its run, also where that is killed while the server counts rows: `pg_dump` outlives it, and the
/// next run knows by this. 13 has no such setting, and not every system can do it.
const WATCHED: &str = "SELECT pg_catalog.set_config(name, '2s', false) FROM pg_catalog.pg_settings WHERE name = 'client_connection_check_interval'";

/// What has to stay as it is while it is dumped. A sequence takes no such lock.
const TABLES: &str = "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relpersistence <> 't'
       AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT') ORDER BY 1";

/// A database whose tables are locked; its snapshot is taken by [`LockedTables::export`].
pub struct LockedTables {
    session: Connection,
    tables: Vec<String>,
}

/// A snapshot that lives as long as its session.
pub struct HeldSnapshot {
    session: Connection,
    pub name: String,
    /// How many more sessions the migrator may open; `None` is no limit.
    pub free_sessions: Option<usize>,
}

/// What the server said of the database in the snapshot.
pub struct RecordedFacts {
    pub lsn: Option<String>,
    pub server_version: String,
    pub server_version_num: u32,
    pub beyond: BeyondRecord,
    pub migration_head: Option<i64>,
    pub catalogue: Catalogue,
}

/// Locks all tables of the database.
///
/// # Errors
/// If a table is locked by DDL for longer than the lock is waited for.
pub async fn lock(mut session: Connection) -> Result<LockedTables> {
    query(&mut session, &Statement::from_program(ENDLESS)).await?;
    let _unwatched = query(&mut session, &Statement::from_program(WATCHED)).await;
    for _ in 0..TRIES {
        let tables = tables(&mut session).await?;
        match begin(&mut session, &tables).await {
            Ok(()) => return Ok(LockedTables { session, tables }),
            // One of them was dropped meanwhile.
            Err(error) if gone(&error) => execute(&mut session, &stmt!("ROLLBACK")).await?,
            Err(error) => {
                return Err(error
                    .while_doing("the tables cannot be locked for a backup")
                    .hint("a migration or another change of the schema is at work: run the same command again after it"));
            }
        };
    }
    Err(unsettled())
}

fn gone(error: &Error) -> bool {
    matches!(error.sqlstate.as_deref(), Some(sqlstate::UNDEFINED_TABLE | sqlstate::INVALID_SCHEMA_NAME))
}

fn unsettled() -> Error {
    Error::operation("the tables of the database come and go, so that they cannot be locked for a backup")
        .hint("run the same command again when no migration is at work")
}

async fn begin(session: &mut Connection, tables: &[String]) -> Result<()> {
    execute(session, &stmt!("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")).await?;
    if tables.is_empty() {
        return Ok(());
    }
    let names = tables
        .iter()
        .cloned()
        .map(ServerText::quoted_by_server)
        .map(|name| stmt!("ONLY {name}", name = name));
    let lock = stmt!("LOCK TABLE {all} IN ACCESS SHARE MODE", all = List(names.collect()));
    execute(session, &lock).await.map(drop)
}

async fn tables(session: &mut Connection) -> Result<Vec<String>> {
    query(session, &Statement::from_program(TABLES)).await?.iter().map(|row| text(row, 0)).collect()
}

impl LockedTables {
    /// Takes the snapshot, and exports it.
    ///
    /// # Errors
    /// If tables keep coming that are not locked.
    pub async fn export(self) -> Result<HeldSnapshot> {
        let mut locked = self;
        for _ in 0..TRIES {
            let rows = query(&mut locked.session, &stmt!("SELECT pg_catalog.pg_export_snapshot()")).await?;
            let name = text(rows.first().ok_or_else(unsettled)?, 0)?;
            let there: BTreeSet<String> = tables(&mut locked.session).await?.into_iter().collect();
            if there.iter().eq(locked.tables.iter().collect::<BTreeSet<_>>()) {
                let free_sessions = free_sessions(&mut locked.session).await?;
                return Ok(HeldSnapshot { session: locked.session, name, free_sessions });
            }
            execute(&mut locked.session, &stmt!("ROLLBACK")).await?;
            locked = lock(locked.session).await?;
        }
        Err(unsettled())
    }
}

/// How many more sessions the login may open.
pub async fn free_sessions(session: &mut Connection) -> Result<Option<usize>> {
    let asked = stmt!(
        "SELECT r.rolconnlimit::pg_catalog.int8, (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity a WHERE a.usename = r.rolname)
         FROM pg_catalog.pg_roles r WHERE r.rolname = session_user"
    );
    let rows = query(session, &asked).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let (limit, used): (i64, i64) =
        (row.try_get(0).map_err(unreadable)?, row.try_get(1).map_err(unreadable)?);
    Ok(usize::try_from(limit).ok().map(|limit| limit.saturating_sub(usize::try_from(used).unwrap_or(0))))
}

/// How many sessions may read or write side by side beside the one that leads them, of `wanted`.
pub fn jobs(wanted: usize, free: Option<usize>) -> usize {
    free.map_or(wanted, |free| wanted.min(free.saturating_sub(1))).max(1)
}

impl HeldSnapshot {
    /// Everything but the rows.
    ///
    /// # Errors
    /// If the server says what is not understood.
    pub async fn read(&mut self, target: &MigrationTarget) -> Result<RecordedFacts> {
        let rows =
            query(&mut self.session, &Statement::from_program(include_str!("sql/database.sql"))).await?;
        let said = text(rows.first().ok_or_else(unsettled)?, 0)?;
        let said: serde_json::Value = serde_json::from_str(&said).map_err(|error| strange(&error))?;
        let beyond = serde_json::from_value(said.clone()).map_err(|error| strange(&error))?;
        let migration_head = head(&mut self.session, target).await?;
        let catalogue = Catalogue::read(&mut self.session).await?;
        Ok(RecordedFacts {
            lsn: said["lsn"].as_str().map(str::to_owned),
            server_version: said["server_version"].as_str().unwrap_or_default().to_owned(),
            server_version_num: said["server_version_num"]
                .as_u64()
                .and_then(|n| n.try_into().ok())
                .unwrap_or(0),
            beyond,
            migration_head,
            catalogue,
        })
    }

    /// Rows, hashes and positions; with the largest share of the time.
    pub async fn sums(&mut self, hash: RowHash) -> Result<Sums> {
        sums::read_side_by_side(std::slice::from_mut(&mut self.session), hash).await
    }

    /// How its rows are best hashed.
    pub fn best_hash(&self) -> RowHash {
        RowHash::best(self.session.major())
    }

    /// Its process on the server.
    pub fn process(&self) -> i32 {
        self.session.backend()
    }

    pub async fn close(self) {
        self.session.close().await;
    }
}

/// The newest migration that was applied.
pub async fn head(session: &mut Connection, target: &MigrationTarget) -> Result<Option<i64>> {
    let Some(schema) = target.schemas.first() else { return Ok(None) };
    let name = Ident::new(REFINERY_TABLE).map_err(|error| Error::operation(error.to_string()))?;
    let there = stmt!(
        "SELECT pg_catalog.count(*) > 0 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = {schema} AND c.relname = {name}",
        schema = Literal(schema.to_string()),
        name = Literal(REFINERY_TABLE.into())
    );
    let rows = query(session, &there).await?;
    if !rows.first().is_some_and(|row| row.try_get(0) == Ok(true)) {
        return Ok(None);
    }
    let asked = stmt!(
        "SELECT pg_catalog.max(version)::pg_catalog.int8 FROM {schema}.{name}",
        schema = schema,
        name = name
    );
    let rows = query(session, &asked).await?;
    rows.first().map_or(Ok(None), |row| row.try_get(0)).map_err(unreadable)
}

fn strange(error: &serde_json::Error) -> Error {
    Error::operation("cannot read what the server says of the database").cause(error)
}

#[cfg(test)]
mod tests {
    use super::jobs;

    #[test]
    fn the_login_has_as_many_sessions_as_its_limit_lets_it() {
        for (wanted, free, expected) in [
            (2, None, 2),
            (2, Some(4), 2),
            (2, Some(3), 2),
            (6, Some(4), 3),
            (2, Some(1), 1),
            (2, Some(0), 1),
        ] {
            assert_eq!(jobs(wanted, free), expected, "{wanted} of {free:?}");
        }
    }
}
