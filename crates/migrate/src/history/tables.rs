//! The two tables of applied migrations: refinery's, which keeps refinery's format in every respect, and
//! martydb's own, which records every event and is never updated. All their SQL is here.

use std::time::Instant;

use super::place;
use super::rows::AppliedRow;
use crate::files::{Mode, VersionType};
use crate::target::Operator;
use martydb_model::SchemaName;
use martydb_model::sql::{Bulk, Ident, Keyword, List, Literal, Statement, stmt};
use martydb_pg::server::{Row, Unreadable};

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ExistingTables {
    pub history: bool,
    /// Set if the table of notes about non-transactional migrations exists; created for the first of them.
    pub progress: bool,
    /// Set if the table of repeatable migrations exists; created for the first of them.
    pub repeatable: bool,
    /// Set if the table of definitions exists.
    pub definitions: bool,
    /// Set if the server is read-only.
    pub standby: bool,
    /// Set if the history ends earlier versions of martydb: see [`place`].
    pub guarded: bool,
    /// The first of [`place::places`] that has refinery's table.
    pub refinery: Option<SchemaName>,
    /// Another one that has it too.
    pub second: Option<SchemaName>,
}

/// Tests for the existing tables, in one column each. `to_regclass` reads and never fails.
pub(crate) fn present(places: &[SchemaName]) -> Statement {
    let mut columns = vec![
        stmt!("pg_catalog.to_regclass('martydb.history') IS NOT NULL"),
        stmt!("pg_catalog.to_regclass('martydb.progress') IS NOT NULL"),
        stmt!("pg_catalog.to_regclass('martydb.repeatable') IS NOT NULL"),
        stmt!("pg_catalog.pg_is_in_recovery()"),
        place::is_guarded(),
        stmt!("pg_catalog.to_regclass('martydb.definitions') IS NOT NULL"),
    ];
    columns.extend(places.iter().map(|schema| place::is_in(std::slice::from_ref(schema))));
    stmt!("SELECT {columns}", columns = List(columns))
}

impl ExistingTables {
    /// Builds it from the result of [`overview_sql`], if the history exists, and refinery's table in this
    /// schema; `None` if that is in another one too. A set of all events also shows the existence of the notes; repeatable migrations are not in the
    /// history, so for these it shows nothing.
    pub(crate) fn from_overview(
        which: OverviewEvents,
        events: &[Row],
        schema: &SchemaName,
    ) -> Result<Option<ExistingTables>, Unreadable> {
        let first = events.first().ok_or(Unreadable::no_row())?;
        if first.try_get(EVENT_COLUMNS + 2)? {
            return Ok(None);
        }
        let (progress, repeatable) = match which {
            OverviewEvents::Newest => (first.try_get(EVENT_COLUMNS + 3)?, first.try_get(EVENT_COLUMNS + 4)?),
            OverviewEvents::Few(_) => {
                let modes = events.iter().map(|event| event.try_get::<String>(EVENT_COLUMNS + 3));
                let modes = modes.collect::<Result<Vec<_>, _>>()?;
                (modes.iter().any(|mode| mode != Mode::Transaction.name()), false)
            }
        };
        let refinery = Some(schema.clone());
        Ok(Some(ExistingTables {
            history: true,
            progress,
            repeatable,
            refinery,
            ..ExistingTables::default()
        }))
    }

    pub(crate) fn read(row: &Row, places: &[SchemaName]) -> Result<ExistingTables, Unreadable> {
        let mut found = vec![];
        for (at, schema) in places.iter().enumerate() {
            if row.try_get(at + 6)? {
                found.push(schema.clone());
            }
        }
        let mut found = found.into_iter();
        let (refinery, second) = (found.next(), found.next());
        let (history, progress, repeatable) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let (standby, guarded, definitions) = (row.try_get(3)?, row.try_get(4)?, row.try_get(5)?);
        Ok(ExistingTables { history, progress, repeatable, definitions, standby, guarded, refinery, second })
    }
}

/// Reads refinery's rows unchanged; [`AppliedRow`] interprets them.
pub(crate) fn read_refinery(schema: &SchemaName) -> Statement {
    stmt!("SELECT version, name, checksum, applied_on FROM {schema}.refinery_schema_history")
}

/// Reads the versions that are applied by the last of martydb's events and have no row in refinery's table: the row was
/// lost, or the whole table if there is no schema of it.
pub(crate) fn read_lost(refinery: Option<&SchemaName>) -> Statement {
    let has_row = match refinery {
        None => stmt!("false"),
        Some(schema) => {
            stmt!("EXISTS (SELECT FROM {schema}.refinery_schema_history r WHERE r.version = last.version)")
        }
    };
    stmt!(
        "SELECT last.version, newest.name, newest.checksum FROM (
             SELECT DISTINCT ON (version) version, action FROM martydb.history
             WHERE outcome = 'ok' AND action <> 'repair' ORDER BY version, id DESC
         ) last JOIN (
             SELECT DISTINCT ON (version) version, name, checksum FROM martydb.history
             WHERE outcome = 'ok' ORDER BY version, id DESC
         ) newest ON newest.version = last.version
         WHERE last.action <> 'downgrade' AND NOT {has_row}
         ORDER BY last.version"
    )
}

/// Reads the type of the version column of an empty table.
pub(crate) fn read_version_type(schema: &SchemaName) -> Statement {
    let table = stmt!("{schema}.refinery_schema_history");
    stmt!(
        "SELECT atttypid = 'pg_catalog.int8'::pg_catalog.regtype FROM pg_catalog.pg_attribute
         WHERE attrelid = pg_catalog.to_regclass({table}) AND attname = 'version'",
        table = Literal(table.shown().into())
    )
}

pub(crate) fn last_event() -> Statement {
    stmt!("SELECT coalesce(pg_catalog.max(id), 0) FROM martydb.history")
}

/// Reads the non-transactional migrations whose last event is not a successful end.
pub(crate) fn read_unfinished() -> Statement {
    stmt!(
        "SELECT version, outcome, action FROM (
             SELECT DISTINCT ON (version) version, outcome, action, mode FROM martydb.history ORDER BY version, id DESC
         ) last WHERE mode::text LIKE 'no%' AND outcome IN ('started', 'failed') ORDER BY version"
    )
}

/// The columns unformatted, for [`event`](crate::events::event()): in a new session, looking up
/// formatting functions takes longer than reading the row.
const EVENT: &str =
    "SELECT at, action, version, name, checksum, began, operator, host, outcome, role, tool, attempts, error,
                sqlstate, note";

/// Reads every event of martydb's history, the oldest first.
pub(crate) fn read_history() -> Statement {
    stmt!("{event} FROM martydb.history ORDER BY id", event = Keyword(EVENT))
}

/// Reads only the newest event.
pub(crate) fn read_newest() -> Statement {
    stmt!("{event} FROM martydb.history ORDER BY id DESC LIMIT 1", event = Keyword(EVENT))
}

/// The events that a glance reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OverviewEvents {
    /// Only the newest, and the existence of the tables beside the history.
    Newest,
    /// At most this many, in no order. In a new session, looking up how to sort and which tables exist costs
    /// more than a hundred rows.
    Few(u32),
}

/// Number of columns of [`EVENT`]; those of [`overview_sql`] follow.
const EVENT_COLUMNS: usize = 15;

/// Reads events, each with its number, the backend's process ID, and whether refinery's table is in one of the other
/// schemas too: in a new session, a separate statement would cost as much as the whole query.
pub(crate) fn overview_sql(which: OverviewEvents, others: &[SchemaName]) -> Statement {
    let event = stmt!(
        "{event}, id, pg_catalog.pg_backend_pid(), (SELECT {elsewhere})",
        event = Keyword(EVENT),
        elsewhere = place::is_in(others)
    );
    match which {
        OverviewEvents::Newest => stmt!(
            "{event}, pg_catalog.to_regclass('martydb.progress') IS NOT NULL,
                pg_catalog.to_regclass('martydb.repeatable') IS NOT NULL
         FROM martydb.history ORDER BY id DESC LIMIT 1"
        ),
        OverviewEvents::Few(most) => stmt!("{event}, mode::text FROM martydb.history LIMIT {most}"),
    }
}

/// Returns the number of an event and the process ID of the backend that read it, from a result of
/// [`overview_sql`].
pub(crate) fn number_and_process(row: &Row) -> Result<(i64, i32), Unreadable> {
    Ok((row.try_get(EVENT_COLUMNS)?, row.try_get(EVENT_COLUMNS + 1)?))
}

/// Creates the history. Default privileges grant access to app and readonly; that is revoked in the transaction
/// that creates the table. The owner gives up its own privilege to update: rows are only ever added.
pub(crate) fn create_history(outsiders: &List<Ident>, guarded: bool, has_guard: bool) -> Vec<Statement> {
    let mut all = vec![
        stmt!("CREATE SCHEMA IF NOT EXISTS martydb"),
        stmt!("REVOKE ALL ON SCHEMA martydb FROM PUBLIC, {outsiders}"),
    ];
    if guarded && !has_guard {
        all.extend(place::create_guard(outsiders));
    }
    all.extend([
        stmt!(
            "CREATE TABLE martydb.history (
                 id bigint PRIMARY KEY,
                 at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
                 action text NOT NULL,
                 version bigint NOT NULL,
                 name text NOT NULL,
                 checksum text,
                 outcome text NOT NULL,
                 mode {mode} NOT NULL,
                 attempts integer NOT NULL,
                 began timestamptz,
                 role text NOT NULL DEFAULT session_user,
                 operator text,
                 host text,
                 tool text NOT NULL,
                 sqlstate text,
                 error text,
                 note text,
                 content text,
                 CHECK (action IN ('upgrade', 'downgrade', 'baseline', 'repair')
                        AND outcome IN ('started', 'ok', 'failed')
                        AND mode::text IN ('transaction', 'no-transaction', 'no transaction'))
             )",
            mode = place::mode_type(guarded)
        ),
        stmt!("REVOKE ALL ON martydb.history FROM PUBLIC, {outsiders}"),
        stmt!("REVOKE UPDATE, DELETE, TRUNCATE ON martydb.history FROM CURRENT_USER"),
    ]);
    all
}

/// Creates refinery's table by refinery's own statement (`ASSERT_MIGRATIONS_TABLE_QUERY`), with the schema added.
pub(crate) fn create_refinery(schema: &SchemaName, version_type: VersionType) -> Statement {
    let table = stmt!("{schema}.refinery_schema_history");
    let version_type = Keyword(if version_type == VersionType::Int4 { "int4" } else { "int8" });
    stmt!(
        "CREATE TABLE {table} (version {version_type} PRIMARY KEY, name varchar(255), applied_on varchar(255), \
         checksum varchar(255))"
    )
}

/// Revokes other roles' privileges on tables.
pub(crate) fn close(tables: Vec<Statement>, outsiders: &List<Ident>) -> Statement {
    stmt!("REVOKE ALL ON {tables} FROM PUBLIC, {outsiders}", tables = List(tables))
}

/// Adds refinery's row, with its time as refinery writes and reads it (RFC 3339).
pub(crate) fn insert_refinery(schema: &SchemaName, row: &AppliedRow) -> Statement {
    stmt!(
        "INSERT INTO {schema}.refinery_schema_history (version, name, applied_on, checksum) VALUES ({version}, {name}, \
         pg_catalog.to_char(pg_catalog.clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), {checksum})",
        version = row.version,
        name = Literal(row.name.clone()),
        checksum = Literal(row.checksum.clone())
    )
}

/// Adds refinery's row again, with the time at which martydb's history has the version applied: the times order the rows.
pub(crate) fn restore_refinery(schema: &SchemaName, row: &AppliedRow) -> Statement {
    stmt!(
        "INSERT INTO {schema}.refinery_schema_history (version, name, applied_on, checksum)
         SELECT version, {name}, pg_catalog.to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), {checksum}
         FROM martydb.history WHERE version = {version} AND outcome = 'ok' AND action <> 'repair' ORDER BY id DESC LIMIT 1",
        version = row.version,
        name = Literal(row.name.clone()),
        checksum = Literal(row.checksum.clone())
    )
}

pub(crate) fn delete_refinery(schema: &SchemaName, version: i64) -> Statement {
    stmt!("DELETE FROM {schema}.refinery_schema_history WHERE version = {version}")
}

/// Changes name and checksum of refinery's row of a version.
pub(crate) fn accept_refinery(schema: &SchemaName, row: &AppliedRow) -> Statement {
    stmt!(
        "UPDATE {schema}.refinery_schema_history SET name = {name}, checksum = {checksum} WHERE version = {version}",
        version = row.version,
        name = Literal(row.name.clone()),
        checksum = Literal(row.checksum.clone())
    )
}

/// Reads the text of a version as it was last applied or accepted, if it was stored.
pub(crate) fn read_content(version: i64) -> Statement {
    stmt!(
        "SELECT content FROM martydb.history WHERE version = {version} AND outcome = 'ok' AND content IS NOT NULL
         AND action <> 'downgrade' ORDER BY id DESC LIMIT 1"
    )
}

/// Maximum size of a stored text, in bytes: the history is for people to read, and a file of 50 MB is data.
const MAX_CONTENT: usize = 1 << 20;

pub(crate) fn content(text: &str) -> Option<String> {
    (text.len() <= MAX_CONTENT).then(|| text.to_owned())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Elapsed {
    /// Time since the transaction began.
    Transaction,
    Millis(i64),
    Unknown,
}

impl Elapsed {
    /// Returns the start time as an SQL expression.
    pub(crate) fn began(self) -> Statement {
        match self {
            Elapsed::Transaction => stmt!("pg_catalog.transaction_timestamp()"),
            Elapsed::Millis(millis) => {
                let took = Literal(format!("{millis} milliseconds"));
                stmt!("pg_catalog.clock_timestamp() - {took}::interval")
            }
            Elapsed::Unknown => stmt!("NULL"),
        }
    }

    pub(crate) fn since(started: Instant) -> Elapsed {
        Elapsed::Millis(i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    /// `upgrade`, `downgrade`, `baseline` or `repair`.
    pub action: &'static str,
    pub row: &'a AppliedRow,
    /// `started`, `ok` or `failed`.
    pub outcome: &'static str,
    pub mode: Mode,
    pub attempts: u32,
    pub took: Elapsed,
    /// SQLSTATE and message.
    pub error: Option<(Option<String>, String)>,
    /// Reason that an operator gave, or martydb's own note.
    pub note: Option<String>,
    /// Text of the file, to show a later edit.
    pub content: Option<String>,
}

impl<'a> Record<'a> {
    /// Returns an event without a measured duration.
    pub(crate) fn new(action: &'static str, row: &'a AppliedRow, outcome: &'static str) -> Record<'a> {
        Record {
            action,
            row,
            outcome,
            mode: Mode::Transaction,
            attempts: 1,
            took: Elapsed::Unknown,
            error: None,
            note: None,
            content: None,
        }
    }
}

/// Adds an event. Numbers increase by one without gaps, because every writer holds the database's lock; the
/// caller counts them.
pub(crate) fn insert_history(
    present: &ExistingTables,
    number: i64,
    record: &Record,
    operator: &Operator,
) -> Statement {
    let (sqlstate, error) = record.error.clone().map_or((None, None), |(state, text)| (state, Some(text)));
    stmt!(
        "INSERT INTO martydb.history (id, action, version, name, checksum, outcome, mode, attempts, began, \
         operator, host, tool, sqlstate, error, note, content) VALUES ({number}, \
         {action}, {version}, {name}, {checksum}, {outcome}, {mode}, {attempts}, {began}, {by}, {host}, {tool}, \
         {sqlstate}, {error}, {note}, {content})",
        action = Literal(record.action.into()),
        version = record.row.version,
        name = Literal(record.row.name.clone()),
        checksum = Literal(record.row.checksum.clone()),
        outcome = Literal(record.outcome.into()),
        mode = Literal(place::mode_text(record.mode, present.guarded)),
        attempts = record.attempts,
        began = record.took.began(),
        by = Literal(operator.user.clone()),
        host = Literal(operator.host.clone()),
        tool = Literal(super::accepted::TOOL.into()),
        sqlstate = sqlstate.map(Literal),
        error = error.map(Literal),
        note = record.note.clone().map(Literal),
        content = record.content.clone().map(Bulk)
    )
}
