//! Applied migrations according to another tool's history table. The table is read as the service's owner,
//! because it may be a view: its code then runs only with the service's privileges.

use std::time::Duration;

use super::check::OtherTool;
use super::engine::{Intent, MigrationSession, Preflight};
use super::report::EventSender;
use super::target::MigrationTarget;
use martydb_model::error::Result;
use martydb_model::sql::{Qualified, Statement, stmt};
use martydb_pg::server::Row;

/// RowMeaning of the rows of a history table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowMeaning {
    /// One row for each applied migration.
    Each,
    /// Only the last applied migration; all before it are applied too.
    Last,
}

/// Tool, query for the names of its applied migrations, and meaning of the rows.
type HistoryQuery = (&'static str, fn(&Qualified) -> Statement, RowMeaning);

const QUERIES: &[HistoryQuery] = &[
    ("Diesel", |t| stmt!("SELECT version::pg_catalog.text FROM {t}"), RowMeaning::Each),
    ("sqlx", |t| stmt!("SELECT version::pg_catalog.text FROM {t} WHERE success"), RowMeaning::Each),
    (
        "goose",
        |t| {
            stmt!(
                "SELECT version_id::pg_catalog.text FROM (
                     SELECT DISTINCT ON (version_id) version_id, is_applied FROM {t} ORDER BY version_id, id DESC
                 ) last WHERE is_applied AND version_id > 0"
            )
        },
        RowMeaning::Each,
    ),
    ("dbmate", |t| stmt!("SELECT version::pg_catalog.text FROM {t}"), RowMeaning::Each),
    (
        "golang-migrate",
        |t| stmt!("SELECT CASE WHEN dirty THEN 'dirty ' ELSE '' END || version FROM {t}"),
        RowMeaning::Last,
    ),
    (
        "Flyway",
        |t| {
            stmt!(
                "SELECT version::pg_catalog.text FROM {t} WHERE success AND version IS NOT NULL
                 AND type NOT IN ('SCHEMA', 'DELETE') AND type NOT LIKE 'UNDO%'"
            )
        },
        RowMeaning::Each,
    ),
    (
        "Prisma",
        |t| {
            stmt!(
                "SELECT migration_name::pg_catalog.text FROM {t} WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL"
            )
        },
        RowMeaning::Each,
    ),
    ("Alembic", |t| stmt!("SELECT version_num::pg_catalog.text FROM {t}"), RowMeaning::Last),
    (
        "Sqitch",
        |t| {
            stmt!(
                "SELECT change || CASE time WHEN 1 THEN '' ELSE '#' || time END
                 FROM (SELECT change, pg_catalog.row_number() OVER (PARTITION BY change ORDER BY committed_at) AS time FROM {t}) AS all_of"
            )
        },
        RowMeaning::Each,
    ),
    ("node-pg-migrate", |t| stmt!("SELECT name::pg_catalog.text FROM {t}"), RowMeaning::Each),
];

/// Contents of a service's database before martydb has a history there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AdoptionState {
    /// Set if martydb or refinery has a history; nothing has to be adopted.
    pub adopted: bool,
    pub tools: Vec<OtherTool>,
    /// The requested tool's table and the names in it.
    pub applied: Option<(OtherTool, Vec<String>, RowMeaning)>,
}

/// Finds the history tables of other tools and reads that of `tool`, a name of [`OtherTool`].
///
/// # Errors
/// If the migrator cannot log in, or the table cannot be read.
pub async fn inspect_adoption(target: &MigrationTarget, tool: &str, wait: Duration) -> Result<AdoptionState> {
    let mut session = MigrationSession::open(target, Intent::Read, wait, &EventSender::ignored()).await?;
    let found = read(&mut session, tool).await;
    session.close().await;
    found
}

async fn read(session: &mut MigrationSession<'_>, tool: &str) -> Result<AdoptionState> {
    if session.present.history || session.present.refinery.is_some() {
        let rows = session.rows().await?;
        let adopted = !(rows.applied.is_empty() && rows.lost.is_empty());
        if adopted {
            return Ok(AdoptionState { adopted, ..AdoptionState::default() });
        }
    }
    let tools = Preflight::run(session).await?.other_tools;
    let query = QUERIES.iter().find(|row| row.0 == tool);
    let table = tools.iter().find(|found| query.is_some_and(|row| row.0 == found.tool)).cloned();
    let mut found = AdoptionState { tools, ..AdoptionState::default() };
    if let (Some((_, query, meaning)), Some(table)) = (query, table) {
        let place = Qualified(vec![table.schema.clone(), table.name.clone()]);
        let rows = session.query([query(&place)]).await?;
        let names = rows.iter().flatten().map(Row::read).collect::<Result<_, _>>()?;
        found.applied = Some((table, names, *meaning));
    }
    Ok(found)
}
