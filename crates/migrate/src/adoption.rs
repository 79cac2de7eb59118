//! Applied migrations according to another tool's history table. The table is read as the service's owner,
//! because it may be a view: its code then runs only with the service's privileges.

use std::time::Duration;

use serde::Serialize;

use super::check::{OtherTool, other_tools};
use super::engine::{Intent, MigrationSession, Preflight};
use super::report::EventSender;
use super::target::MigrationTarget;
use martydb_model::error::Result;
use martydb_model::sql::{Literal, Qualified, Statement, stmt};
use martydb_model::text::printable;
use martydb_pg::server::Row;

/// Meaning of the rows of a history table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowMeaning {
    /// One row for each applied migration.
    Each,
    /// Only the last applied migration; all before it are applied too.
    Last,
}

/// Query of a tool's table: the name of each migration, and the reason why it does not count as applied, or NULL.
type HistoryQuery = (&'static str, fn(&Qualified) -> Statement, RowMeaning);

/// Query of a further table of a tool, which must exist: its name, and a row for each reason not to trust the history.
type LockQuery = (&'static str, &'static str, fn(&Qualified) -> Statement);

const QUERIES: &[HistoryQuery] = &[
    (
        "Diesel",
        |t| stmt!("SELECT version::pg_catalog.text, NULL::pg_catalog.text FROM {t}"),
        RowMeaning::Each,
    ),
    (
        "sqlx",
        |t| {
            stmt!(
                "SELECT version::pg_catalog.text, CASE WHEN success THEN NULL ELSE 'success is false' END FROM {t} ORDER BY version"
            )
        },
        RowMeaning::Each,
    ),
    (
        "goose",
        // The last row of a version counts.
        |t| {
            stmt!(
                "SELECT version_id::pg_catalog.text, CASE WHEN NOT is_applied THEN 'is_applied is false' END FROM (
                     SELECT DISTINCT ON (version_id) version_id, is_applied FROM {t} ORDER BY version_id, id DESC
                 ) AS last WHERE version_id > 0"
            )
        },
        RowMeaning::Each,
    ),
    (
        "dbmate",
        |t| stmt!("SELECT version::pg_catalog.text, NULL::pg_catalog.text FROM {t}"),
        RowMeaning::Each,
    ),
    (
        "golang-migrate",
        |t| stmt!("SELECT version::pg_catalog.text, CASE WHEN dirty THEN 'dirty is true' END FROM {t}"),
        RowMeaning::Last,
    ),
    (
        "Flyway",
        // A repeatable migration has no version; it is named by its description.
        |t| {
            stmt!(
                "SELECT name, problem FROM (
                     SELECT COALESCE(version::pg_catalog.text, description::pg_catalog.text) AS name,
                            CASE WHEN success THEN NULL ELSE 'success is false' END AS problem
                     FROM {t}
                     WHERE (version IS NOT NULL OR NOT success) AND type NOT IN ('SCHEMA', 'DELETE')
                       AND (type NOT LIKE 'UNDO%' OR NOT success) ORDER BY installed_rank) AS all_of"
            )
        },
        RowMeaning::Each,
    ),
    (
        "Prisma",
        |t| {
            stmt!(
                "SELECT migration_name::pg_catalog.text, CASE WHEN rolled_back_at IS NOT NULL THEN 'rolled_back_at is set'
                     WHEN finished_at IS NULL THEN 'finished_at is null' END
                 FROM (SELECT DISTINCT ON (migration_name) * FROM {t} ORDER BY migration_name, started_at DESC) AS last"
            )
        },
        RowMeaning::Each,
    ),
    (
        "Alembic",
        |t| stmt!("SELECT version_num::pg_catalog.text, NULL::pg_catalog.text FROM {t}"),
        RowMeaning::Last,
    ),
    (
        "Sqitch",
        |t| {
            stmt!(
                "SELECT change || CASE time WHEN 1 THEN '' ELSE '#' || time END, NULL::pg_catalog.text
                 FROM (SELECT change, pg_catalog.row_number() OVER (PARTITION BY change ORDER BY committed_at) AS time FROM {t}) AS all_of"
            )
        },
        RowMeaning::Each,
    ),
    (
        "node-pg-migrate",
        |t| stmt!("SELECT name::pg_catalog.text, NULL::pg_catalog.text FROM {t}"),
        RowMeaning::Each,
    ),
    (
        "Liquibase",
        // FAILED is in no version's DATABASECHANGELOG; other programs that write it have it.
        |t| {
            stmt!(
                "SELECT id || '::' || author || '::' || filename,
                        CASE WHEN exectype IN ('FAILED', 'MARK_RAN') THEN 'exectype is ' || exectype END
                 FROM {t} ORDER BY orderexecuted"
            )
        },
        RowMeaning::Each,
    ),
    (
        "Atlas",
        |t| {
            stmt!(
                "SELECT version::pg_catalog.text, CASE WHEN COALESCE(error, '') <> '' THEN 'it has an error'
                     WHEN applied < total THEN applied || ' of ' || total || ' statements are applied' END
                 FROM {t} WHERE version NOT LIKE '.%' ORDER BY version"
            )
        },
        RowMeaning::Each,
    ),
];

/// The lock of a run that ended half way stays; so does Sqitch's event of a change that failed last.
const LOCKS: &[LockQuery] = &[
    ("Knex", "knex_migrations_lock", |t| {
        stmt!("SELECT 'is_locked is ' || is_locked FROM {t} WHERE is_locked > 0")
    }),
    ("Liquibase", "databasechangeloglock", |t| {
        stmt!("SELECT 'locked is true, by ' || COALESCE(lockedby, '?') FROM {t} WHERE locked")
    }),
    ("Sqitch", "events", |t| {
        stmt!(
            "SELECT 'the change ' || change || ' failed' FROM (
                 SELECT DISTINCT ON (change) change, event FROM {t} ORDER BY change, committed_at DESC
             ) AS last WHERE event = 'fail'"
        )
    }),
];

/// Contents of a service's database before martydb has a history there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AdoptionState {
    /// Set if martydb or refinery has a history; nothing has to be adopted.
    pub adopted: bool,
    pub tools: Vec<OtherTool>,
    /// The requested tool's table and the names in it.
    pub applied: Option<(OtherTool, Vec<String>, RowMeaning)>,
    /// Another table of the tool with other names, such as that of another tenant's schema.
    pub second: Option<OtherTool>,
    /// Rows of any tool's tables that say that something failed, or is not finished.
    pub failed: Vec<FailedRow>,
}

/// Row of another tool's table that does not count as an applied migration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FailedRow {
    /// The table with its schema.
    pub table: String,
    /// Name of the migration in it; empty for a lock.
    pub migration: String,
    /// The row's own columns, in words.
    pub state: String,
    /// Set if the tool has undone it.
    pub undone: bool,
    /// Set if it counts as applied although it never ran.
    pub skipped: bool,
}

impl FailedRow {
    /// Returns `true` if the tool has to finish or undo it.
    pub fn is_open(&self) -> bool {
        !self.undone && !self.skipped
    }
}

impl std::fmt::Display for FailedRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (table, state) = (printable(&self.table), printable(&self.state));
        match self.migration.as_str() {
            "" => write!(f, "{table}: {state}"),
            migration => write!(f, "{} in {table}: {state}", printable(migration)),
        }
    }
}

/// Finds the history tables of other tools and reads that of `tool`, a name of [`OtherTool`]; `table` is its name where the
/// project has changed it.
///
/// # Errors
/// If the migrator cannot log in, or the table cannot be read.
pub async fn inspect_adoption(
    target: &MigrationTarget,
    tool: &str,
    table: Option<&str>,
    wait: Duration,
) -> Result<AdoptionState> {
    let mut session = MigrationSession::open(target, Intent::Read, wait, &EventSender::ignored()).await?;
    let found = read(&mut session, tool, table).await;
    session.close().await;
    found
}

async fn read(session: &mut MigrationSession<'_>, tool: &str, table: Option<&str>) -> Result<AdoptionState> {
    if session.present.history || session.present.refinery.is_some() {
        let rows = session.rows().await?;
        let adopted = !(rows.applied.is_empty() && rows.lost.is_empty());
        if adopted {
            return Ok(AdoptionState { adopted, ..AdoptionState::default() });
        }
    }
    let tools = Preflight::run(session).await?.other_tools;
    let mut found = AdoptionState { tools, ..AdoptionState::default() };
    let named = match table {
        Some(name) => schema_of(session, name).await?.map(|schema| other_tools::table(tool, &schema, name)),
        None => None,
    };
    let tables: Vec<OtherTool> = named.into_iter().chain(found.tools.iter().cloned()).collect();
    for table in tables {
        let rows = rows(session, &table).await;
        if table.tool != tool {
            // Of other tools only the failures count, where they can be read.
            found.failed.extend(rows.map(|rows| rows.failed).unwrap_or_default());
            continue;
        }
        let rows = rows?;
        found.failed.extend(rows.failed);
        match (rows.meaning, &found.applied) {
            (Some(_), Some((_, applied, _))) if *applied != rows.applied => found.second = Some(table),
            (Some(meaning), None) => found.applied = Some((table, rows.applied, meaning)),
            _ => {}
        }
    }
    Ok(found)
}

/// States of a migration that the tool itself has undone: it is pending, and nothing of it is left.
const UNDONE: &[&str] = &["is_applied is false", "rolled_back_at is set"];

/// States of a migration that the tool will never run: its precondition was false.
const SKIPPED: &[&str] = &["exectype is MARK_RAN"];

#[derive(Default)]
struct HistoryRows {
    applied: Vec<String>,
    failed: Vec<FailedRow>,
    meaning: Option<RowMeaning>,
}

async fn rows(session: &mut MigrationSession<'_>, table: &OtherTool) -> Result<HistoryRows> {
    let mut found = HistoryRows { failed: locks(session, table).await?, ..HistoryRows::default() };
    let Some((_, query, meaning)) = QUERIES.iter().find(|row| row.0 == table.tool) else { return Ok(found) };
    found.meaning = Some(*meaning);
    let place = Qualified(vec![table.schema.clone(), table.name.clone()]);
    for row in session.query([query(&place)]).await?.iter().flatten() {
        let (migration, state): (String, Option<String>) = row.read()?;
        let Some(state) = state else {
            found.applied.push(migration);
            continue;
        };
        let (undone, skipped) = (UNDONE.contains(&state.as_str()), SKIPPED.contains(&state.as_str()));
        found.applied.extend(skipped.then(|| migration.clone()));
        let table = table.table.clone();
        found.failed.push(FailedRow { table, migration, state, undone, skipped });
    }
    Ok(found)
}

/// Returns the schema of a table of that name.
async fn schema_of(session: &mut MigrationSession<'_>, name: &str) -> Result<Option<String>> {
    let query = stmt!(
        "SELECT n.nspname::pg_catalog.text FROM pg_catalog.pg_class AS c
         JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
         WHERE c.relkind = 'r' AND c.relname = {name} AND n.nspname NOT LIKE 'pg!_%' ESCAPE '!' ORDER BY 1",
        name = Literal(name.into())
    );
    let rows = session.query([query]).await?;
    Ok(rows.iter().flatten().next().map(Row::read).transpose()?)
}

/// Reads a tool's table of locks or events, if it is beside its history.
async fn locks(session: &mut MigrationSession<'_>, table: &OtherTool) -> Result<Vec<FailedRow>> {
    let mut found = vec![];
    for (_, name, query) in LOCKS.iter().filter(|row| row.0 == table.tool) {
        if schema_of(session, name).await?.as_ref() != Some(&table.schema) {
            continue;
        }
        let place = Qualified(vec![table.schema.clone(), (*name).into()]);
        for row in session.query([query(&place)]).await?.iter().flatten() {
            let table = format!("{}.{name}", table.schema);
            let (migration, state) = (String::new(), row.read()?);
            found.push(FailedRow { table, migration, state, undone: false, skipped: false });
        }
    }
    Ok(found)
}
