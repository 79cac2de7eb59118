//! SQL of the table with the definitions.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::catalog;
use martydb_model::SchemaName;
use martydb_model::error::{Error, Result};
use martydb_model::hex;
use martydb_model::sql::{Bulk, Ident, List, Literal, Statement, stmt};

/// An object that differs from what the runs of a service left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KnownDifference {
    pub kind: String,
    pub name: String,
    /// Its definition as the runs left it; `None` if they left no such object.
    pub expected: Option<String>,
    pub found: Option<String>,
    /// Time of the last run that found it as expected; `None` if that is not known.
    pub since: Option<String>,
}

/// Version of the reader: other queries read other definitions.
static READER: LazyLock<String> = LazyLock::new(|| {
    let mut all = Sha256::new();
    catalog::every_text().for_each(|text| all.update(text));
    hex::encode(&all.finalize()[..8])
});

/// Creates the table, with privileges like the history.
pub(crate) fn create(outsiders: &List<Ident>) -> [Statement; 2] {
    [
        stmt!(
            "CREATE TABLE IF NOT EXISTS martydb.definitions (
                 id integer PRIMARY KEY CHECK (id = 1),
                 at timestamptz NOT NULL,
                 reader text NOT NULL,
                 major integer NOT NULL,
                 position text NOT NULL,
                 fingerprint text NOT NULL,
                 definitions text NOT NULL,
                 differing text NOT NULL
             )"
        ),
        stmt!("REVOKE ALL ON martydb.definitions FROM PUBLIC, {outsiders}"),
    ]
}

/// Returns, as an expression, the position of both histories: every run that may change the schema moves it, refinery's
/// and those of earlier versions too.
fn position(refinery: &SchemaName) -> Statement {
    let repeated = Literal("SELECT pg_catalog.max(id) FROM martydb.repeatable".into());
    stmt!(
        "(SELECT pg_catalog.concat_ws(' ',
              (SELECT pg_catalog.max(id) FROM martydb.history WHERE outcome = 'ok' OR mode::text LIKE 'no%'),
              (SELECT pg_catalog.concat_ws('/', pg_catalog.count(*), pg_catalog.max(version))
               FROM {refinery}.refinery_schema_history),
              CASE WHEN pg_catalog.to_regclass('martydb.repeatable') IS NOT NULL
              THEN pg_catalog.substring(pg_catalog.query_to_xml({repeated}, true, true, '')::text, '<max>([0-9]+)<') END))"
    )
}

/// Returns, as an expression, a number of all rows of the catalogs that describe objects of users.
fn fingerprint(major: u32) -> Statement {
    // A schema of a publication changes no row of the publication.
    let schemas = match major {
        ..15 => stmt!(""),
        _ => {
            stmt!("UNION ALL SELECT 24, oid::pg_catalog.int8, xmin FROM pg_catalog.pg_publication_namespace")
        }
    };
    stmt!(
        "(SELECT pg_catalog.concat_ws(' ', pg_catalog.count(*), pg_catalog.sum(pg_catalog.hashint8extended(
              r.id, r.made::pg_catalog.text::pg_catalog.int8 * 64 + r.source))) FROM (
{rows}
{schemas}) r)",
        rows = Statement::from_program(include_str!("sql/fingerprint.sql"))
    )
}

/// Sets the parameters on which the text of a definition depends. Sessions of martydb fix the others.
pub(crate) fn printing() -> [Statement; 3] {
    [
        stmt!("SET IntervalStyle = 'postgres'"),
        stmt!("SET extra_float_digits = 1"),
        stmt!("SET bytea_output = 'hex'"),
    ]
}

/// Reads the row without the definitions: when it was written, its major, and if its reader, position and fingerprint are
/// those of today; the differences, and if a split is under way in the database.
pub(crate) fn read(refinery: &SchemaName, major: u32) -> Statement {
    stmt!(
        "SELECT pg_catalog.to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), major, reader = {reader},
                position = {position}, fingerprint = {fingerprint}, differing,
                pg_catalog.to_regnamespace('martydb_split') IS NOT NULL FROM martydb.definitions WHERE id = 1",
        reader = Literal(READER.clone()),
        position = position(refinery),
        fingerprint = fingerprint(major)
    )
}

/// Reads the definitions.
pub(crate) fn read_definitions() -> Statement {
    stmt!("SELECT definitions FROM martydb.definitions WHERE id = 1")
}

/// Returns the statements, for one transaction, that keep today's definitions. The row may be lost with the server: the
/// next run then finds that the histories have moved.
///
/// # Errors
/// Never: the differences are plain text.
pub(crate) fn keep(
    refinery: &SchemaName,
    major: u32,
    differing: &[KnownDifference],
) -> Result<Vec<Statement>> {
    let differing = serde_json::to_string(differing)
        .map_err(|error| Error::operation("cannot write the differences").cause(error))?;
    let write = stmt!(
        "INSERT INTO martydb.definitions (id, at, reader, major, position, fingerprint, definitions, differing)
         SELECT 1, pg_catalog.clock_timestamp(), {reader}, {major}, {position}, {fingerprint},
             (SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(c.kind, c.name, c.definition)), '[]')::text
              FROM ({catalog}) c (kind, name, definition)), {differing}
         ON CONFLICT (id) DO UPDATE SET at = excluded.at, reader = excluded.reader, major = excluded.major,
             position = excluded.position, fingerprint = excluded.fingerprint, definitions = excluded.definitions,
             differing = excluded.differing",
        reader = Literal(READER.clone()),
        position = position(refinery),
        fingerprint = fingerprint(major),
        catalog = catalog::bounded(major),
        differing = Bulk(differing)
    );
    let before = [
        stmt!("SET LOCAL search_path = pg_catalog, pg_temp"),
        stmt!("SET LOCAL synchronous_commit = off"),
        stmt!("SET LOCAL statement_timeout = 0"),
        stmt!("SET LOCAL jit = off"),
        stmt!("SET LOCAL IntervalStyle = 'postgres'"),
        stmt!("SET LOCAL extra_float_digits = 1"),
        stmt!("SET LOCAL bytea_output = 'hex'"),
    ];
    Ok(before.into_iter().chain([write]).collect())
}

/// Moves the position of the row, after a run that changed the histories alone.
pub(crate) fn carry(refinery: &SchemaName) -> Statement {
    stmt!("UPDATE martydb.definitions SET position = {position} WHERE id = 1", position = position(refinery))
}

/// Makes the row that of no position, before a change of the schema that no history shows: if it is interrupted, the schema is
/// unknown.
pub(crate) fn suspend() -> Statement {
    stmt!("UPDATE martydb.definitions SET position = 'suspended' WHERE id = 1")
}
