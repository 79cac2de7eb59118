//! The two tables that tell what is applied: refinery's, which stays refinery's in every respect, and martydb's
//! own, which keeps every event and is never rewritten. All their SQL is here.

use super::checksum::Width;
use super::compare::{AppliedRow, End, Unfinished};
use super::directive::Mode;
use super::name::Direction;
use super::progress;
use super::target::{Operator, Target};
use crate::model::SchemaName;
use crate::sql::{Bulk, Idents, Keyword, Literal, Statement};
use crate::stmt;

/// What the server says about a table of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its owner.
    pub owner: String,
    /// The type of its column `version`.
    pub width: Width,
    /// Whether anyone but the owner holds a right on it.
    pub shared: bool,
}

/// Both tables, as far as they exist.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tables {
    /// martydb's.
    pub history: Option<Found>,
    /// refinery's, in the first declared schema that has one.
    pub refinery: Option<(SchemaName, Found)>,
}

/// Asks which of the tables exist: rows of a number (0 is martydb's, n is refinery's in the n-th schema), the
/// owner, whether versions are wide, and whether others hold rights. `to_regclass` reads and never fails.
pub fn find(schemas: &[SchemaName]) -> Statement {
    let mut names = vec![stmt!("to_regclass('martydb.history')")];
    for schema in schemas {
        let name = stmt!("{schema}.refinery_schema_history", schema = schema);
        names.push(stmt!("to_regclass({name})", name = Literal(name.shown().into())));
    }
    stmt!(
        "SELECT t.n::int4, pg_get_userbyid(c.relowner)::text,
                coalesce((SELECT a.atttypid = 'int8'::regtype FROM pg_attribute a
                          WHERE a.attrelid = c.oid AND a.attname = 'version'), false),
                EXISTS (SELECT FROM aclexplode(c.relacl) g WHERE g.grantee <> c.relowner)
         FROM unnest(ARRAY[{names}]::oid[]) WITH ORDINALITY t(oid, n) JOIN pg_class c ON c.oid = t.oid ORDER BY t.n",
        names = Idents(names)
    )
}

impl Tables {
    /// Takes one row of [`find`].
    pub fn take(&mut self, schemas: &[SchemaName], ordinal: i32, found: Found) {
        let schema = usize::try_from(ordinal - 2).ok().and_then(|at| schemas.get(at));
        match schema {
            None => self.history = Some(found),
            Some(schema) => {
                self.refinery.get_or_insert((schema.clone(), found));
            }
        }
    }
}

/// Reads refinery's rows.
pub fn read_refinery(schema: &SchemaName) -> Statement {
    stmt!(
        "SELECT version::int8, coalesce(name, '')::text, coalesce(checksum, '')::text, coalesce(applied_on, '')::text,
                rank() OVER (ORDER BY CASE WHEN applied_on ~ '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}T[0-9:.]+(Z|[+-][0-9:]+)$'
                                           THEN applied_on::timestamptz END NULLS FIRST, version)
         FROM {schema}.refinery_schema_history ORDER BY version",
        schema = schema
    )
}

/// Reads the migrations outside transactions whose last event is no good end.
pub fn read_unfinished() -> Statement {
    stmt!(
        "SELECT version, outcome, action FROM (
             SELECT DISTINCT ON (version) version, outcome, action, mode FROM martydb.history ORDER BY version, id DESC
         ) last WHERE mode = 'no-transaction' AND outcome IN ('started', 'failed') ORDER BY version"
    )
}

/// Reads every event of martydb's history, the oldest first.
pub fn read_history() -> Statement {
    stmt!(
        "SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), action, version, name,
                checksum, duration_ms, coalesce(operator || '@' || host, role), outcome, role, tool, attempts,
                error || coalesce(' (SQLSTATE ' || sqlstate || ')', ''), note
         FROM martydb.history ORDER BY id"
    )
}

/// A row of [`read_unfinished`].
pub fn unfinished(version: i64, outcome: &str, action: &str) -> Unfinished {
    Unfinished {
        version,
        direction: if action == Direction::Down.action() { Direction::Down } else { Direction::Up },
        end: if outcome == "failed" { End::Failed } else { End::Started },
    }
}

/// A row of [`read_refinery`].
pub fn applied(version: i64, name: String, checksum: String) -> AppliedRow {
    AppliedRow { version, name, checksum }
}

/// What makes the tables as they must be; empty if they are. Runs as the owner, in one transaction.
pub fn prepare(target: &Target, tables: &Tables, width: Width) -> Vec<Statement> {
    let strangers = Idents(vec![target.app.ident().clone(), target.readonly.ident().clone()]);
    let mut all = vec![];
    if tables.history.is_none() {
        all.extend(create_history(&strangers));
        all.extend(progress::create(&strangers));
    } else if tables.history.as_ref().is_some_and(|found| found.shared) {
        all.push(stmt!("REVOKE ALL ON martydb.history FROM PUBLIC, {r}", r = strangers));
    }
    match &tables.refinery {
        Some((_, found)) if !found.shared => {}
        Some((schema, _)) => all.push(close_refinery(schema, &strangers)),
        None => {
            all.push(create_refinery(&target.schemas[0], width));
            all.push(close_refinery(&target.schemas[0], &strangers));
        }
    }
    all
}

/// The rights that default privileges have just given to app and readonly are taken back in the transaction that
/// made the table. The owner gives up its own right to rewrite: the history is only ever added to.
fn create_history(strangers: &Idents<crate::sql::Ident>) -> [Statement; 5] {
    [
        stmt!("CREATE SCHEMA IF NOT EXISTS martydb"),
        stmt!("REVOKE ALL ON SCHEMA martydb FROM PUBLIC, {r}", r = strangers),
        stmt!(
            "CREATE TABLE martydb.history (
                 id bigint PRIMARY KEY,
                 at timestamptz NOT NULL DEFAULT clock_timestamp(),
                 action text NOT NULL CHECK (action IN ('upgrade', 'downgrade', 'baseline', 'repair')),
                 version bigint NOT NULL,
                 name text NOT NULL,
                 checksum text,
                 outcome text NOT NULL CHECK (outcome IN ('started', 'ok', 'failed')),
                 mode text NOT NULL CHECK (mode IN ('transaction', 'no-transaction')),
                 attempts integer NOT NULL,
                 duration_ms bigint,
                 role text NOT NULL DEFAULT session_user,
                 operator text,
                 host text,
                 tool text NOT NULL,
                 sqlstate text,
                 error text,
                 note text,
                 content text
             )"
        ),
        stmt!("REVOKE ALL ON martydb.history FROM PUBLIC, {r}", r = strangers),
        stmt!("REVOKE UPDATE, DELETE, TRUNCATE ON martydb.history FROM CURRENT_USER"),
    ]
}

/// refinery's own statement (`ASSERT_MIGRATIONS_TABLE_QUERY`), the schema named.
fn create_refinery(schema: &SchemaName, width: Width) -> Statement {
    let width = Keyword(if width == Width::Int4 { "int4" } else { "int8" });
    stmt!(
        "CREATE TABLE {schema}.refinery_schema_history (version {width} PRIMARY KEY, name varchar(255), \
         applied_on varchar(255), checksum varchar(255))",
        schema = schema,
        width = width
    )
}

fn close_refinery(schema: &SchemaName, strangers: &Idents<crate::sql::Ident>) -> Statement {
    stmt!("REVOKE ALL ON {schema}.refinery_schema_history FROM PUBLIC, {r}", schema = schema, r = strangers)
}

/// Adds refinery's row, its time as refinery writes and reads it (RFC 3339).
pub fn insert_refinery(schema: &SchemaName, row: &AppliedRow) -> Statement {
    stmt!(
        "INSERT INTO {schema}.refinery_schema_history (version, name, applied_on, checksum) VALUES ({version}, {name}, \
         to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), {checksum})",
        schema = schema,
        version = row.version,
        name = Literal(row.name.clone()),
        checksum = Literal(row.checksum.clone())
    )
}

/// Takes refinery's row of a version away, as undoing a migration does.
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

/// Longer texts are not kept: the history is to be read, and a file of 50 MB is data.
const MAX_CONTENT: usize = 1 << 20;

/// A text as the history keeps it.
pub fn content(text: &str) -> Option<String> {
    (text.len() <= MAX_CONTENT).then(|| text.to_owned())
}

/// How long something took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Took {
    /// Since the transaction began.
    Transaction,
    /// So many milliseconds.
    Millis(i64),
    /// Not measured.
    Unknown,
}

/// One event for martydb's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record<'a> {
    /// `upgrade`, `downgrade`, `baseline` or `repair`.
    pub action: &'static str,
    /// What it is about.
    pub row: &'a AppliedRow,
    /// `started`, `ok` or `failed`.
    pub outcome: &'static str,
    /// How it ran.
    pub mode: Mode,
    /// How often it was tried.
    pub attempts: u32,
    /// How long it took.
    pub took: Took,
    /// SQLSTATE and message.
    pub error: Option<(Option<String>, String)>,
    /// A person's reason, or a stand-in for one.
    pub note: Option<String>,
    /// What was run, so that a later edit can be shown.
    pub content: Option<String>,
}

/// Adds an event. Numbers go up by one without gaps, because every writer holds the database's lock.
pub fn insert_history(record: &Record, operator: &Operator) -> Statement {
    let took = match record.took {
        Took::Transaction => {
            stmt!("(extract(epoch FROM clock_timestamp() - transaction_timestamp()) * 1000)::bigint")
        }
        Took::Millis(millis) => stmt!("{millis}", millis = millis),
        Took::Unknown => stmt!("NULL"),
    };
    let (sqlstate, error) = record.error.clone().map_or((None, None), |(state, text)| (state, Some(text)));
    stmt!(
        "INSERT INTO martydb.history (id, action, version, name, checksum, outcome, mode, attempts, duration_ms, \
         operator, host, tool, sqlstate, error, note, content) VALUES ((SELECT coalesce(max(id), 0) + 1 FROM martydb.history), \
         {action}, {version}, {name}, {checksum}, {outcome}, {mode}, {attempts}, {took}, {by}, {host}, {tool}, \
         {sqlstate}, {error}, {note}, {content})",
        action = Literal(record.action.into()),
        version = record.row.version,
        name = Literal(record.row.name.clone()),
        checksum = Literal(record.row.checksum.clone()),
        outcome = Literal(record.outcome.into()),
        mode = Literal(record.mode.name().into()),
        attempts = record.attempts,
        took = took,
        by = Literal(operator.user.clone()),
        host = Literal(operator.host.clone()),
        tool = Literal(concat!("martydb ", env!("CARGO_PKG_VERSION")).into()),
        sqlstate = sqlstate.map(Literal),
        error = error.map(Literal),
        note = record.note.clone().map(Literal),
        content = record.content.clone().map(Bulk)
    )
}
