//! How far a migration outside a transaction has come, so that the next run continues where an interrupted
//! one stopped. Unlike the history this is a note that is rewritten, and gone once the migration has ended.

use super::tables::content;
use crate::files::{Direction, MigrationFile};
use martydb_model::RoleName;
use martydb_model::sql::{Bulk, Ident, List, Literal, ServerText, Statement, stmt};
use martydb_pg::server::{Row, Unreadable};

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResumePoint {
    /// How many statements were finished.
    pub done: usize,
    /// The text that was being run, where it was kept.
    pub content: Option<String>,
    /// Indexes that are INVALID and were not there before the statement that was interrupted.
    pub invalid: Vec<String>,
    /// Names of the valid ones that were not there before.
    pub built: Vec<String>,
}

impl ResumePoint {
    pub fn read(row: &Row) -> Result<ResumePoint, Unreadable> {
        let done: i32 = row.try_get(0)?;
        Ok(ResumePoint {
            done: usize::try_from(done).unwrap_or_default(),
            content: row.try_get(1)?,
            invalid: row.try_get(2)?,
            built: row.try_get(3)?,
        })
    }
}

/// The table, closed like the history. Made when the first migration needs it: most services never have one.
pub fn create(outsiders: &List<Ident>) -> [Statement; 2] {
    [
        stmt!(
            "CREATE TABLE martydb.progress (
                 version bigint NOT NULL,
                 action text NOT NULL,
                 done integer NOT NULL,
                 indexes oid[] NOT NULL,
                 content text,
                 PRIMARY KEY (version, action)
             )"
        ),
        stmt!("REVOKE ALL ON martydb.progress FROM PUBLIC, {r}", r = outsiders),
    ]
}

/// The owner's indexes at this moment.
fn indexes() -> Statement {
    stmt!(
        "ARRAY(SELECT c.oid FROM pg_catalog.pg_class c WHERE c.relkind = 'i' AND pg_catalog.pg_get_userbyid(c.relowner) = current_user)"
    )
}

/// Notes that a migration was begun, or is continued, after `done` statements.
pub fn begin(version: i64, direction: Direction, done: i64, source: &MigrationFile) -> Statement {
    stmt!(
        "INSERT INTO martydb.progress VALUES ({version}, {action}, {done}, {indexes}, {content})
         ON CONFLICT (version, action) DO UPDATE
         SET done = excluded.done, indexes = excluded.indexes, content = excluded.content",
        version = version,
        action = Literal(direction.action().into()),
        done = done,
        indexes = indexes(),
        content = content(&source.text).map(Bulk)
    )
}

pub fn advance(version: i64, direction: Direction, done: i64) -> Statement {
    stmt!(
        "UPDATE martydb.progress SET done = {done}, indexes = {indexes} WHERE version = {version} AND action = {action}",
        version = version,
        action = Literal(direction.action().into()),
        done = done,
        indexes = indexes()
    )
}

pub fn end(version: i64) -> Statement {
    stmt!("DELETE FROM martydb.progress WHERE version = {version}", version = version)
}

/// Reads what there is: the number of finished statements, the text, and the indexes that have appeared since,
/// quoted if INVALID and by their bare names if not. `REINDEX CONCURRENTLY` leaves the old index under the name
/// `…_ccold` where it was interrupted at its very end.
pub fn read(version: i64, direction: Direction) -> Statement {
    stmt!(
        "SELECT p.done, p.content,
                ARRAY(SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
                      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                      WHERE c.relkind = 'i' AND NOT i.indisvalid AND pg_catalog.pg_get_userbyid(c.relowner) = current_user
                        AND (c.oid <> ALL (p.indexes) OR c.relname ~ '_ccold[0-9]*$') ORDER BY 1),
                ARRAY(SELECT c.relname::pg_catalog.text FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
                      WHERE c.relkind = 'i' AND i.indisvalid AND pg_catalog.pg_get_userbyid(c.relowner) = current_user
                        AND c.oid <> ALL (p.indexes) ORDER BY 1)
         FROM martydb.progress p WHERE p.version = {version} AND p.action = {action}",
        version = version,
        action = Literal(direction.action().into())
    )
}

/// Removes an INVALID index without blocking other sessions.
pub fn drop_index(quoted: &str) -> Statement {
    stmt!("DROP INDEX CONCURRENTLY IF EXISTS {index}", index = ServerText::quoted_by_server(quoted.into()))
}

/// Those of these names that are INVALID indexes of the owner.
pub fn invalid_among(names: &[String]) -> Statement {
    let names = List::literals(names);
    stmt!(
        "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind = 'i' AND NOT i.indisvalid AND pg_catalog.pg_get_userbyid(c.relowner) = current_user
           AND c.relname::pg_catalog.text IN ({names}) ORDER BY 1",
        names = names
    )
}

/// What belongs to the login itself, which a migration must not leave behind, and what gives it to the owner.
/// `REASSIGN OWNED` would need a login that inherits the owner's privileges. What belongs to a table goes with it.
pub fn owned_by_login(owner: &RoleName) -> Statement {
    stmt!(
        "SELECT pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid),
                pg_catalog.format('ALTER %s %s OWNER TO %I', o.type, o.identity, {owner}::pg_catalog.text)
         FROM pg_catalog.pg_shdepend d, pg_catalog.pg_identify_object(d.classid, d.objid, d.objsubid) o
         WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.classid = d.classid AND e.objid = d.objid
                                                   AND e.deptype IN ('a', 'i')) AND d.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
           AND d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND d.deptype = 'o' AND pg_catalog.pg_get_userbyid(d.refobjid) = session_user
         ORDER BY 1",
        owner = Literal(owner.as_str().into())
    )
}
