//! The two tables that tell what is applied: refinery's, which stays refinery's in every respect, and martydb's
//! own, which keeps every event and is never rewritten. All their SQL is here.

use std::time::Instant;

use super::rows::AppliedRow;
use crate::files::{Mode, VersionType};
use crate::target::Operator;
use martydb_model::sql::{Bulk, Ident, Keyword, List, Literal, Statement, stmt};
use martydb_model::{RoleName, SchemaName};
use martydb_pg::server::{Row, Unreadable};

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Present {
    pub history: bool,
    /// The notes about migrations outside transactions; made for the first of them.
    pub progress: bool,
    /// The runs of repeatable migrations; made for the first of them.
    pub repeatable: bool,
    /// Whether the server takes no writes.
    pub standby: bool,
    /// The first declared schema that holds refinery's table.
    pub refinery: Option<SchemaName>,
}

/// Asks which there are, one column each. `to_regclass` reads and never fails.
pub fn present(schemas: &[SchemaName]) -> Statement {
    let mut columns = vec![
        stmt!("pg_catalog.to_regclass('martydb.history') IS NOT NULL"),
        stmt!("pg_catalog.to_regclass('martydb.progress') IS NOT NULL"),
        stmt!("pg_catalog.to_regclass('martydb.repeatable') IS NOT NULL"),
        stmt!("pg_catalog.pg_is_in_recovery()"),
    ];
    for schema in schemas {
        let name = stmt!("{schema}.refinery_schema_history", schema = schema);
        columns
            .push(stmt!("pg_catalog.to_regclass({name}) IS NOT NULL", name = Literal(name.shown().into())));
    }
    stmt!("SELECT {columns}", columns = List(columns))
}

impl Present {
    /// From the answer to [`glance_at_events`], where the history is there, and refinery's table in this schema. All events tell
    /// as much about the notes as their table does; about repeatable migrations, which the history does not have, they tell
    /// nothing.
    pub fn glanced(which: GlancedEvents, events: &[Row], schema: &SchemaName) -> Result<Present, Unreadable> {
        let first = events.first().ok_or(Unreadable::no_row())?;
        let (progress, repeatable) = match which {
            GlancedEvents::Newest => (first.try_get(BESIDE + 2)?, first.try_get(BESIDE + 3)?),
            GlancedEvents::Few(_) => {
                let modes = events.iter().map(|event| event.try_get::<String>(BESIDE + 2));
                let modes = modes.collect::<Result<Vec<_>, _>>()?;
                (modes.iter().any(|mode| mode == Mode::NoTransaction.name()), false)
            }
        };
        let refinery = Some(schema.clone());
        Ok(Present { history: true, progress, repeatable, refinery, ..Present::default() })
    }

    pub fn read(row: &Row, schemas: &[SchemaName]) -> Result<Present, Unreadable> {
        let mut refinery = None;
        for (at, schema) in schemas.iter().enumerate().rev() {
            if row.try_get(at + 4)? {
                refinery = Some(schema.clone());
            }
        }
        let (history, progress, repeatable) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        Ok(Present { history, progress, repeatable, standby: row.try_get(3)?, refinery })
    }
}

/// Reads refinery's rows as they are: what they mean is for [`AppliedRow`] to say.
pub fn read_refinery(schema: &SchemaName) -> Statement {
    stmt!("SELECT version, name, checksum, applied_on FROM {schema}.refinery_schema_history", schema = schema)
}

/// Asks for the type of the versions in a table that is empty.
pub fn read_version_type(schema: &SchemaName) -> Statement {
    let table = stmt!("{schema}.refinery_schema_history", schema = schema);
    stmt!(
        "SELECT atttypid = 'pg_catalog.int8'::pg_catalog.regtype FROM pg_catalog.pg_attribute
         WHERE attrelid = pg_catalog.to_regclass({table}) AND attname = 'version'",
        table = Literal(table.shown().into())
    )
}

/// Asks which of these roles there are.
pub fn existing_roles(names: &[RoleName]) -> Statement {
    let names = List::literals(names.iter().map(RoleName::as_str));
    stmt!(
        "SELECT rolname::pg_catalog.text FROM pg_catalog.pg_roles WHERE rolname IN ({names})",
        names = names
    )
}

pub fn last_event() -> Statement {
    stmt!("SELECT coalesce(pg_catalog.max(id), 0) FROM martydb.history")
}

/// Reads the migrations outside transactions whose last event is no good end.
pub fn read_unfinished() -> Statement {
    stmt!(
        "SELECT version, outcome, action FROM (
             SELECT DISTINCT ON (version) version, outcome, action, mode FROM martydb.history ORDER BY version, id DESC
         ) last WHERE mode = 'no-transaction' AND outcome IN ('started', 'failed') ORDER BY version"
    )
}

/// The columns as they are, for [`event`](crate::events::event()) to read: a new session pays more for looking up
/// functions that would format them than for the row.
const EVENT: &str =
    "SELECT at, action, version, name, checksum, began, operator, host, outcome, role, tool, attempts, error,
                sqlstate, note";

/// Reads every event of martydb's history, the oldest first.
pub fn read_history() -> Statement {
    stmt!("{event} FROM martydb.history ORDER BY id", event = Keyword(EVENT))
}

/// Reads the newest event alone.
pub fn read_newest() -> Statement {
    stmt!("{event} FROM martydb.history ORDER BY id DESC LIMIT 1", event = Keyword(EVENT))
}

/// The events that a glance reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GlancedEvents {
    /// The newest alone, and which tables there are beside the history.
    Newest,
    /// At most so many in no order. Looking up how to sort, and whether there are tables, costs a new session more than a
    /// hundred rows.
    Few(u32),
}

/// The columns of [`EVENT`], behind which those of [`glance_at_events`] stand.
const BESIDE: usize = 15;

/// Reads events, and beside each its number and in which process we are: a statement of its own would cost a new session as
/// much as all that it asks for.
pub fn glance_at_events(which: GlancedEvents) -> Statement {
    let event = stmt!("{event}, id, pg_catalog.pg_backend_pid()", event = Keyword(EVENT));
    match which {
        GlancedEvents::Newest => stmt!(
            "{event}, pg_catalog.to_regclass('martydb.progress') IS NOT NULL,
                pg_catalog.to_regclass('martydb.repeatable') IS NOT NULL
         FROM martydb.history ORDER BY id DESC LIMIT 1",
            event = event
        ),
        GlancedEvents::Few(most) => {
            stmt!("{event}, mode FROM martydb.history LIMIT {most}", event = event, most = most)
        }
    }
}

/// The number of an event, and the process that read it, in an answer to [`glance_at_events`].
pub fn number_and_process(row: &Row) -> Result<(i64, i32), Unreadable> {
    Ok((row.try_get(BESIDE)?, row.try_get(BESIDE + 1)?))
}

/// The privileges that default privileges have just granted to app and readonly are revoked in the transaction that
/// creates the table. The owner gives up its own privilege to rewrite: the history is only ever added to.
pub fn create_history(outsiders: &List<Ident>) -> [Statement; 5] {
    [
        stmt!("CREATE SCHEMA IF NOT EXISTS martydb"),
        stmt!("REVOKE ALL ON SCHEMA martydb FROM PUBLIC, {r}", r = outsiders),
        stmt!(
            "CREATE TABLE martydb.history (
                 id bigint PRIMARY KEY,
                 at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
                 action text NOT NULL,
                 version bigint NOT NULL,
                 name text NOT NULL,
                 checksum text,
                 outcome text NOT NULL,
                 mode text NOT NULL,
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
                        AND outcome IN ('started', 'ok', 'failed') AND mode IN ('transaction', 'no-transaction'))
             )"
        ),
        stmt!("REVOKE ALL ON martydb.history FROM PUBLIC, {r}", r = outsiders),
        stmt!("REVOKE UPDATE, DELETE, TRUNCATE ON martydb.history FROM CURRENT_USER"),
    ]
}

/// refinery's own statement (`ASSERT_MIGRATIONS_TABLE_QUERY`), the schema named.
pub fn create_refinery(schema: &SchemaName, version_type: VersionType) -> Statement {
    let table = stmt!("{schema}.refinery_schema_history", schema = schema);
    let version_type = Keyword(if version_type == VersionType::Int4 { "int4" } else { "int8" });
    stmt!(
        "CREATE TABLE {table} (version {version_type} PRIMARY KEY, name varchar(255), applied_on varchar(255), \
         checksum varchar(255))",
        table = table,
        version_type = version_type
    )
}

/// Closes tables that other roles can reach.
pub fn close(tables: Vec<Statement>, outsiders: &List<Ident>) -> Statement {
    stmt!("REVOKE ALL ON {tables} FROM PUBLIC, {r}", tables = List(tables), r = outsiders)
}

/// Adds refinery's row, its time as refinery writes and reads it (RFC 3339).
pub fn insert_refinery(schema: &SchemaName, row: &AppliedRow) -> Statement {
    stmt!(
        "INSERT INTO {schema}.refinery_schema_history (version, name, applied_on, checksum) VALUES ({version}, {name}, \
         pg_catalog.to_char(pg_catalog.clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), {checksum})",
        schema = schema,
        version = row.version,
        name = Literal(row.name.clone()),
        checksum = Literal(row.checksum.clone())
    )
}

pub fn delete_refinery(schema: &SchemaName, version: i64) -> Statement {
    stmt!(
        "DELETE FROM {schema}.refinery_schema_history WHERE version = {version}",
        schema = schema,
        version = version
    )
}

/// Gives refinery's row of a version another name and checksum.
pub fn accept_refinery(schema: &SchemaName, row: &AppliedRow) -> Statement {
    stmt!(
        "UPDATE {schema}.refinery_schema_history SET name = {name}, checksum = {checksum} WHERE version = {version}",
        schema = schema,
        version = row.version,
        name = Literal(row.name.clone()),
        checksum = Literal(row.checksum.clone())
    )
}

/// Reads the text of a version as it was last applied or accepted, where it was kept.
pub fn read_content(version: i64) -> Statement {
    stmt!(
        "SELECT content FROM martydb.history WHERE version = {version} AND outcome = 'ok' AND content IS NOT NULL
         AND action <> 'downgrade' ORDER BY id DESC LIMIT 1",
        version = version
    )
}

/// Longer texts are not kept: the history is for people to read, and a file of 50 MB is data.
const MAX_CONTENT: usize = 1 << 20;

pub fn content(text: &str) -> Option<String> {
    (text.len() <= MAX_CONTENT).then(|| text.to_owned())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Took {
    /// Since the transaction began.
    Transaction,
    Millis(i64),
    Unknown,
}

impl Took {
    /// When it began, as an expression of the server.
    pub fn began(self) -> Statement {
        match self {
            Took::Transaction => stmt!("pg_catalog.transaction_timestamp()"),
            Took::Millis(millis) => {
                let took = Literal(format!("{millis} milliseconds"));
                stmt!("pg_catalog.clock_timestamp() - {took}::interval", took = took)
            }
            Took::Unknown => stmt!("NULL"),
        }
    }

    pub fn since(started: Instant) -> Took {
        Took::Millis(i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record<'a> {
    /// `upgrade`, `downgrade`, `baseline` or `repair`.
    pub action: &'static str,
    pub row: &'a AppliedRow,
    /// `started`, `ok` or `failed`.
    pub outcome: &'static str,
    pub mode: Mode,
    pub attempts: u32,
    pub took: Took,
    /// SQLSTATE and message.
    pub error: Option<(Option<String>, String)>,
    /// The reason that an operator gave, or what martydb notes instead.
    pub note: Option<String>,
    /// What was run, so that a later edit can be shown.
    pub content: Option<String>,
}

impl<'a> Record<'a> {
    /// An event with nothing measured yet.
    pub fn new(action: &'static str, row: &'a AppliedRow, outcome: &'static str) -> Record<'a> {
        Record {
            action,
            row,
            outcome,
            mode: Mode::Transaction,
            attempts: 1,
            took: Took::Unknown,
            error: None,
            note: None,
            content: None,
        }
    }
}

/// Adds an event. Numbers go up by one without gaps, because every writer holds the database's lock: it counts.
pub fn insert_history(number: i64, record: &Record, operator: &Operator) -> Statement {
    let (sqlstate, error) = record.error.clone().map_or((None, None), |(state, text)| (state, Some(text)));
    stmt!(
        "INSERT INTO martydb.history (id, action, version, name, checksum, outcome, mode, attempts, began, \
         operator, host, tool, sqlstate, error, note, content) VALUES ({number}, \
         {action}, {version}, {name}, {checksum}, {outcome}, {mode}, {attempts}, {began}, {by}, {host}, {tool}, \
         {sqlstate}, {error}, {note}, {content})",
        number = number,
        action = Literal(record.action.into()),
        version = record.row.version,
        name = Literal(record.row.name.clone()),
        checksum = Literal(record.row.checksum.clone()),
        outcome = Literal(record.outcome.into()),
        mode = Literal(record.mode.name().into()),
        attempts = record.attempts,
        began = record.took.began(),
        by = Literal(operator.user.clone()),
        host = Literal(operator.host.clone()),
        tool = Literal(concat!("martydb ", env!("CARGO_PKG_VERSION")).into()),
        sqlstate = sqlstate.map(Literal),
        error = error.map(Literal),
        note = record.note.clone().map(Literal),
        content = record.content.clone().map(Bulk)
    )
}
