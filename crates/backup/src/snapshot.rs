//! Snapshot of a database: a session of the migrator locks every table against DDL and TRUNCATE, exports its
//! snapshot for `pg_dump`, and reads the record in it.
//!
//! The locks come first. A snapshot does not cover TRUNCATE: one between the export and pg_dump's own locks would
//! leave dump and counts equal, but without the rows.

use std::collections::BTreeSet;

use super::record::BeyondRecord;
use crate::move_service::archive_progress::RowSizes;
use martydb_compare::{Checksums, RowHash, SummedRelations};
use martydb_migrate::MigrationTarget;
use martydb_migrate::history::Catalog;
use martydb_model::SchemaName;
use martydb_model::contract::REFINERY_TABLE;
use martydb_model::error::{Error, Result};
use martydb_model::sql::{Ident, List, Literal, ServerText, Statement, stmt, with_members};
use martydb_model::sqlstate;
use martydb_pg::server::{Connection, execute, query, query_as, query_first, query_one};

/// Attempts to lock: tables created meanwhile need another one.
const MAX_TRIES: u32 = 5;

/// Setting that would end a session waiting for a dump. Only newer majors have it.
const ENDLESS: &str = "SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name = 'transaction_timeout'";

/// Ends the session soon after its run, even if the run is killed while the server counts rows. `pg_dump` outlives
/// it, which the next run detects. 13 has no such setting, and not every system supports it.
const WATCHED: &str = "SELECT pg_catalog.set_config(name, '2s', false) FROM pg_catalog.pg_settings WHERE name = 'client_connection_check_interval'";

/// Relations that must not change during the dump. Sequences have no such lock.
const TABLES: &str = "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relpersistence <> 't'
       AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT') ORDER BY 1";

/// A database whose tables are locked; [`LockedTables::export`] takes its snapshot.
pub(crate) struct LockedTables {
    session: Connection,
    tables: Vec<String>,
}

/// A snapshot that is valid as long as its session.
pub(crate) struct HeldSnapshot {
    session: Connection,
    pub name: String,
    /// Number of further sessions that the migrator may open; `None` for no limit.
    pub free_sessions: Option<usize>,
}

/// Facts on the database, as of the snapshot.
pub(crate) struct RecordedFacts {
    pub lsn: Option<String>,
    pub server_version: String,
    pub server_version_num: u32,
    pub beyond: BeyondRecord,
    pub migration_head: Option<i64>,
    pub catalog: Catalog,
}

/// Locks all tables of the database.
///
/// # Errors
/// If DDL locks a table for longer than the lock wait.
#[martydb_pg::boxed]
pub async fn lock(mut session: Connection) -> Result<LockedTables> {
    query(&mut session, &Statement::from_program(ENDLESS)).await?;
    let _unwatched = query(&mut session, &Statement::from_program(WATCHED)).await;
    for _ in 0..MAX_TRIES {
        let tables = tables(&mut session).await?;
        match begin(&mut session, &tables).await {
            Ok(()) => return Ok(LockedTables { session, tables }),
            // One of the tables was dropped meanwhile.
            Err(error) if gone(&error) => execute(&mut session, &stmt!("ROLLBACK")).await?,
            Err(error) => {
                return Err(error
                    .while_doing("cannot lock the tables for a backup")
                    .hint("a migration or another change of the schema is running: run the same command again after it"));
            }
        };
    }
    Err(unsettled())
}

fn gone(error: &Error) -> bool {
    matches!(error.sqlstate.as_deref(), Some(sqlstate::UNDEFINED_TABLE | sqlstate::INVALID_SCHEMA_NAME))
}

fn unsettled() -> Error {
    Error::operation("cannot lock the tables for a backup: tables are created and dropped all the time")
        .hint("run the same command again when no migration is running")
}

async fn begin(session: &mut Connection, tables: &[String]) -> Result<()> {
    execute(session, &stmt!("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")).await?;
    if tables.is_empty() {
        return Ok(());
    }
    let names = tables.iter().cloned().map(ServerText::quoted_by_server).map(|name| stmt!("ONLY {name}"));
    let lock = stmt!("LOCK TABLE {all} IN ACCESS SHARE MODE", all = List(names.collect()));
    execute(session, &lock).await.map(drop)
}

async fn tables(session: &mut Connection) -> Result<Vec<String>> {
    query_as(session, &Statement::from_program(TABLES)).await
}

impl LockedTables {
    /// Takes and exports the snapshot.
    ///
    /// # Errors
    /// If new tables keep appearing that are not locked.
    #[martydb_pg::boxed]
    pub async fn export(self) -> Result<HeldSnapshot> {
        let mut locked = self;
        for _ in 0..MAX_TRIES {
            let name =
                query_one(&mut locked.session, &stmt!("SELECT pg_catalog.pg_export_snapshot()")).await?;
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

/// Returns the number of further sessions that the login may open.
pub(crate) async fn free_sessions(session: &mut Connection) -> Result<Option<usize>> {
    let statement = stmt!(
        "SELECT r.rolconnlimit::pg_catalog.int8, (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_activity a WHERE a.usename = r.rolname)
         FROM pg_catalog.pg_roles r WHERE r.rolname = session_user"
    );
    let Some((limit, used)) = query_first::<(i64, i64)>(session, &statement).await? else { return Ok(None) };
    Ok(usize::try_from(limit).ok().map(|limit| limit.saturating_sub(usize::try_from(used).unwrap_or(0))))
}

/// Returns the number of concurrent sessions, in addition to the leading one, out of `wanted`.
pub(crate) fn jobs(wanted: usize, free: Option<usize>) -> usize {
    free.map_or(wanted, |free| wanted.min(free.saturating_sub(1))).max(1)
}

impl HeldSnapshot {
    /// Reads everything but the rows.
    ///
    /// # Errors
    /// If the server's answer is invalid.
    pub(crate) async fn read(&mut self, target: &MigrationTarget) -> Result<RecordedFacts> {
        let statement = Statement::from_program(with_members!(", ", include_str!("sql/database.sql")));
        let said: String = query_one(&mut self.session, &statement).await?;
        let said: serde_json::Value = serde_json::from_str(&said).map_err(|error| strange(&error))?;
        let beyond = serde_json::from_value(said.clone()).map_err(|error| strange(&error))?;
        let migration_head = head(&mut self.session, target).await?;
        let catalog = Catalog::read(&mut self.session).await?;
        Ok(RecordedFacts {
            lsn: said["lsn"].as_str().map(str::to_owned),
            server_version: said["server_version"].as_str().unwrap_or_default().to_owned(),
            server_version_num: said["server_version_num"]
                .as_u64()
                .and_then(|n| n.try_into().ok())
                .unwrap_or(0),
            beyond,
            migration_head,
            catalog,
        })
    }

    /// Reads the positions of the sequences, and lists the tables. If it is done before the dump begins, the dump has
    /// the same positions or later ones.
    pub(crate) async fn positions(&mut self) -> Result<(Checksums, SummedRelations)> {
        let mut relations = SummedRelations::read(&mut self.session).await?;
        Ok((relations.take_sequences(&mut self.session).await?, relations))
    }

    /// Reads the sizes of the tables.
    pub(crate) async fn sizes(&mut self) -> Result<RowSizes> {
        RowSizes::read(&mut self.session).await
    }

    /// Reads rows and hashes of these tables, which takes most of the time.
    pub(crate) async fn sums(&mut self, hash: RowHash, tables: SummedRelations) -> Result<Checksums> {
        tables.checksums(std::slice::from_mut(&mut self.session), hash).await
    }

    /// Returns the best row hash for its server.
    pub(crate) fn best_hash(&self) -> RowHash {
        RowHash::best(self.session.major())
    }

    /// Returns its process ID on the server.
    pub(crate) fn process(&self) -> i32 {
        self.session.backend()
    }

    pub(crate) async fn close(self) {
        self.session.close().await;
    }
}

/// Returns the newest applied migration.
pub(crate) async fn head(session: &mut Connection, target: &MigrationTarget) -> Result<Option<i64>> {
    let name = Ident::new(REFINERY_TABLE).map_err(|error| Error::operation(error.to_string()))?;
    let there = stmt!(
        "SELECT n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname IN ({places}) AND c.relname = {name} ORDER BY n.nspname <> {ours}, n.nspname LIMIT 1",
        places = List::literals(target.schemas.iter().chain([&SchemaName::history()]).map(SchemaName::as_str)),
        name = Literal(REFINERY_TABLE.into()),
        ours = Literal(target.history_schema.to_string())
    );
    let Some(schema) = query_first::<String>(session, &there).await? else { return Ok(None) };
    let schema = Ident::new(&schema).map_err(|error| Error::operation(error.to_string()))?;
    let statement = stmt!("SELECT pg_catalog.max(version)::pg_catalog.int8 FROM {schema}.{name}");
    Ok(query_first(session, &statement).await?.flatten())
}

fn strange(error: &serde_json::Error) -> Error {
    Error::operation("cannot read the server's answer about the database").cause(error)
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
