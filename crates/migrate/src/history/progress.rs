//! Progress of a non-transactional migration: the next run continues where an interrupted one stopped. Unlike
//! the history this is one row that is updated, and deleted when the migration has ended.

use super::tables::content;
use crate::files::{Direction, MigrationFile};
use martydb_model::RoleName;
use martydb_model::sql::{Bulk, Ident, List, Literal, ServerText, Statement, stmt, with_members};
use martydb_pg::server::{Row, Unreadable};

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ResumePoint {
    /// Number of finished statements.
    pub done: usize,
    /// Text of the file at that time, if it was stored.
    pub content: Option<String>,
    /// INVALID indexes that did not exist before the interrupted statement.
    pub invalid: Vec<String>,
    /// Names of valid indexes that did not exist before it.
    pub built: Vec<String>,
    /// Set if the server rejected the statement: it was not interrupted.
    pub rejected: bool,
}

impl ResumePoint {
    pub(crate) fn read(row: &Row) -> Result<ResumePoint, Unreadable> {
        let done: i32 = row.try_get(0)?;
        Ok(ResumePoint {
            done: usize::try_from(done).unwrap_or_default(),
            content: row.try_get(1)?,
            invalid: row.try_get(2)?,
            built: row.try_get(3)?,
            rejected: row.try_get(4)?,
        })
    }
}

/// Creates the table, with privileges like the history. Only done when a migration needs it: most services
/// never have one.
pub(crate) fn create(outsiders: &List<Ident>) -> [Statement; 2] {
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
        stmt!("REVOKE ALL ON martydb.progress FROM PUBLIC, {outsiders}"),
    ]
}

/// Returns an expression of the owner's present indexes.
fn indexes() -> Statement {
    stmt!(
        "ARRAY(SELECT c.oid FROM pg_catalog.pg_class c WHERE c.relkind = 'i' AND pg_catalog.pg_get_userbyid(c.relowner) = current_user)"
    )
}

/// Notes that a migration begins, or continues, after `done` statements.
pub(crate) fn begin(version: i64, direction: Direction, done: i64, source: &MigrationFile) -> Statement {
    stmt!(
        "INSERT INTO martydb.progress VALUES ({version}, {action}, {done}, {indexes}, {content})
         ON CONFLICT (version, action) DO UPDATE
         SET done = excluded.done, indexes = excluded.indexes, content = excluded.content",
        action = Literal(direction.action().into()),
        indexes = indexes(),
        content = content(&source.text).map(Bulk)
    )
}

pub(crate) fn advance(version: i64, direction: Direction, done: i64) -> Statement {
    stmt!(
        "UPDATE martydb.progress SET done = {done}, indexes = {indexes} WHERE version = {version} AND action = {action}",
        action = Literal(direction.action().into()),
        indexes = indexes()
    )
}

pub(crate) fn end(version: i64) -> Statement {
    stmt!("DELETE FROM martydb.progress WHERE version = {version}")
}

/// Reads the number of finished statements, the text, and the indexes that have appeared since, quoted if
/// INVALID and as bare names if not. `REINDEX CONCURRENTLY` leaves the old index under the name `…_ccold` if it
/// was interrupted at its very end. The newest event tells if the server rejected the statement.
pub(crate) fn read(version: i64, direction: Direction) -> Statement {
    stmt!(
        "SELECT p.done, p.content,
                ARRAY(SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
                      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                      WHERE c.relkind = 'i' AND NOT i.indisvalid AND pg_catalog.pg_get_userbyid(c.relowner) = current_user
                        AND (c.oid <> ALL (p.indexes) OR c.relname ~ '_ccold[0-9]*$') ORDER BY 1),
                ARRAY(SELECT c.relname::pg_catalog.text FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
                      WHERE c.relkind = 'i' AND i.indisvalid AND pg_catalog.pg_get_userbyid(c.relowner) = current_user
                        AND c.oid <> ALL (p.indexes) ORDER BY 1),
                coalesce((SELECT h.outcome = 'failed' FROM martydb.history h WHERE h.version = p.version ORDER BY h.id DESC LIMIT 1), false)
         FROM martydb.progress p WHERE p.version = {version} AND p.action = {action}",
        action = Literal(direction.action().into())
    )
}

/// Drops an INVALID index without blocking other sessions.
pub(crate) fn drop_index(quoted: &str) -> Statement {
    stmt!("DROP INDEX CONCURRENTLY IF EXISTS {index}", index = ServerText::quoted_by_server(quoted.into()))
}

/// Selects the partitions of the owner's tables whose `DETACH … CONCURRENTLY` was interrupted, with the statements that
/// finish it. PostgreSQL 13 has neither.
pub(crate) fn pending_detaches() -> Statement {
    stmt!(
        "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname),
                pg_catalog.format('ALTER TABLE %I.%I DETACH PARTITION %I.%I FINALIZE', pn.nspname, p.relname, n.nspname, c.relname)
         FROM pg_catalog.pg_inherits i
         JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         JOIN pg_catalog.pg_class p ON p.oid = i.inhparent JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
         WHERE (pg_catalog.to_jsonb(i) ->> 'inhdetachpending')::bool AND pg_catalog.pg_get_userbyid(p.relowner) = current_user
         ORDER BY 1"
    )
}

/// Selects the INVALID indexes of the owner among these names.
pub(crate) fn invalid_among(names: &[String]) -> Statement {
    let names = List::literals(names);
    stmt!(
        "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relkind = 'i' AND NOT i.indisvalid AND pg_catalog.pg_get_userbyid(c.relowner) = current_user
           AND c.relname::pg_catalog.text IN ({names}) ORDER BY 1"
    )
}

/// Selects objects that the login itself owns, which a migration must not leave behind, and the statements that
/// give them to the owner. `REASSIGN OWNED` would need a login that inherits the owner's privileges. Parts of a
/// table follow it.
pub(crate) fn owned_by_login(owner: &RoleName) -> Statement {
    stmt!(
        "{members} SELECT pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid),
                pg_catalog.format('ALTER %s %s OWNER TO %I', o.type, o.identity, {owner}::pg_catalog.text)
         FROM pg_catalog.pg_shdepend d, pg_catalog.pg_identify_object(d.classid, d.objid, d.objsubid) o
         WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = d.classid AND m.objid = d.objid)
           AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.classid = d.classid AND e.objid = d.objid
                                                   AND e.deptype IN ('a', 'i')) AND d.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
           AND d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND d.deptype = 'o' AND pg_catalog.pg_get_userbyid(d.refobjid) = session_user
         ORDER BY 1",
        members = with_members(),
        owner = Literal(owner.as_str().into())
    )
}
