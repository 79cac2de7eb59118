//! martydb's table of repeatable migrations: one row for every run, never updated. refinery does not know of it.

use super::tables::Record;
use crate::target::Operator;
use martydb_model::SchemaName;
use martydb_model::sql::{Bulk, Ident, Keyword, List, Literal, Statement, stmt};
use martydb_pg::server::{Row, Unreadable};

/// The last successful run of a repeatable migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RecordedRepeatable {
    pub name: String,
    pub checksum: String,
    /// Set if no versioned migration was applied or undone since.
    pub current: bool,
}

impl RecordedRepeatable {
    pub(crate) fn read(row: &Row) -> Result<RecordedRepeatable, Unreadable> {
        Ok(RecordedRepeatable { name: row.try_get(0)?, checksum: row.try_get(1)?, current: row.try_get(2)? })
    }
}

/// Creates the table, with privileges like the history. Only done when a repeatable migration runs.
pub(crate) fn create(outsiders: &List<Ident>) -> [Statement; 3] {
    [
        stmt!(
            "CREATE TABLE martydb.repeatable (
                 id bigint PRIMARY KEY,
                 at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
                 name text NOT NULL,
                 checksum text NOT NULL,
                 outcome text NOT NULL CHECK (outcome IN ('ok', 'failed')),
                 event bigint NOT NULL,
                 versions bigint NOT NULL,
                 attempts integer NOT NULL,
                 began timestamptz,
                 role text NOT NULL DEFAULT session_user,
                 operator text,
                 host text,
                 tool text NOT NULL,
                 sqlstate text,
                 error text,
                 content text
             )"
        ),
        stmt!("REVOKE ALL ON martydb.repeatable FROM PUBLIC, {outsiders}"),
        stmt!("REVOKE UPDATE, DELETE, TRUNCATE ON martydb.repeatable FROM CURRENT_USER"),
    ]
}

/// Returns an expression of the last event that applied or undid a version. Together with the number of
/// versions it shows a change, although refinery itself leaves no event.
fn last_change() -> Statement {
    stmt!(
        "(SELECT coalesce(pg_catalog.max(id), 0) FROM martydb.history
          WHERE outcome = 'ok' AND action IN ('upgrade', 'downgrade'))"
    )
}

fn versions(schema: &SchemaName) -> Statement {
    stmt!("(SELECT pg_catalog.count(*) FROM {schema}.refinery_schema_history)")
}

/// Reads the last successful run of each.
pub(crate) fn read(schema: &SchemaName) -> Statement {
    stmt!(
        "SELECT DISTINCT ON (name) name, checksum, event = {event} AND versions = {versions}
         FROM martydb.repeatable WHERE outcome = 'ok' ORDER BY name, id DESC",
        event = last_change(),
        versions = versions(schema)
    )
}

/// Adds a run. The row's version is ignored.
pub(crate) fn insert(schema: &SchemaName, record: &Record, operator: &Operator) -> Statement {
    let (sqlstate, error) = record.error.clone().map_or((None, None), |(state, text)| (state, Some(text)));
    stmt!(
        "INSERT INTO martydb.repeatable (id, name, checksum, outcome, event, versions, attempts, began, operator, host, \
         tool, sqlstate, error, content) VALUES ((SELECT coalesce(pg_catalog.max(id), 0) + 1 FROM martydb.repeatable), \
         {name}, {checksum}, {outcome}, {event}, {versions}, {attempts}, {began}, {by}, {host}, {tool}, {sqlstate}, {error}, \
         {content})",
        name = Literal(record.row.name.clone()),
        checksum = Literal(record.row.checksum.clone()),
        outcome = Literal(record.outcome.into()),
        event = last_change(),
        versions = versions(schema),
        attempts = record.attempts,
        began = record.took.began(),
        by = Literal(operator.user.clone()),
        host = Literal(operator.host.clone()),
        tool = Literal(concat!("martydb ", env!("CARGO_PKG_VERSION")).into()),
        sqlstate = sqlstate.map(Literal),
        error = error.map(Literal),
        content = record.content.clone().map(Bulk)
    )
}

const RUNS: &str = "SELECT at, 'upgrade', NULL::bigint, name, checksum, began, operator, host, outcome, role, tool, attempts,
                error, sqlstate, NULL
         FROM martydb.repeatable ORDER BY id";

/// Reads every run in the columns of the history, the oldest first.
pub(crate) fn read_history() -> Statement {
    stmt!("{runs}", runs = Keyword(RUNS))
}

/// Reads only the newest run, in the same columns.
pub(crate) fn read_newest() -> Statement {
    stmt!("{runs} DESC LIMIT 1", runs = Keyword(RUNS))
}
