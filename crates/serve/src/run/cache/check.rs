//! Statements of the check. They ask what decides whether a kept answer is that of the table now: the number of its writes, and the
//! rows of the catalogs that are changed where its columns, its privileges, its trigger or its kind are.

use martydb_model::SERVE_SCHEMA;
use martydb_model::sql::{List, Literal, Qualified, Statement, stmt};

use crate::catalog::CachedTable;

/// Returns the statement for the state of tables, one JSON text. It has `null` for a table whose answers are not kept as it is now, for
/// one that the login may not read, and on a standby, where a sequence is ahead of the writes. `xmin` names the transaction that made a row, so that what was changed and changed back shows.
pub(super) fn versions(tables: &[CachedTable]) -> Statement {
    let all = tables.iter().flat_map(|table| [writes(table), state(table)]).chain([settings()]);
    let all = List(all.collect());
    stmt!("SELECT pg_catalog.json_build_array({all})::text")
}

/// Returns the settings of the session that decide how it reads and writes values.
fn settings() -> Statement {
    stmt!(
        "pg_catalog.concat_ws(';', pg_catalog.current_setting('TimeZone'), pg_catalog.current_setting('DateStyle'),
    pg_catalog.current_setting('IntervalStyle'), pg_catalog.current_setting('extra_float_digits'), pg_catalog.current_setting('bytea_output'),
    pg_catalog.current_setting('lc_monetary'), pg_catalog.current_setting('default_text_search_config'))"
    )
}

/// Returns the number of the writes. The value is that of all sessions, committed or not.
fn writes(table: &CachedTable) -> Statement {
    let sequence = Qualified(vec![SERVE_SCHEMA.into(), table.sequence.clone()]);
    stmt!("(SELECT pg_catalog.concat(s.last_value, s.is_called) FROM {sequence} s)")
}

fn state(table: &CachedTable) -> Statement {
    let (oid, function) = (table.oid, table.function);
    // A statement reads whatever has the name: another table, where a migration has exchanged them.
    let (schema, name) = (Literal(table.name.0.clone()), Literal(table.name.1.clone()));
    stmt!(
        "(SELECT pg_catalog.concat_ws(':', c.xmin, t.xmin,
    (SELECT pg_catalog.string_agg(a.xmin::text, '.' ORDER BY a.attnum) FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0))
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_trigger t ON t.tgrelid = c.oid AND t.tgname = 'martydb_cache'
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid = {oid} AND c.relname = {name} AND n.nspname = {schema} AND NOT pg_catalog.pg_is_in_recovery() AND c.relkind = 'r' AND c.relpersistence = 'p'
    AND NOT c.relrowsecurity AND NOT c.relispartition AND NOT c.relhassubclass
    AND t.tgfoid = {function} AND t.tgenabled = 'A' AND t.tgtype = 60
    AND pg_catalog.has_table_privilege(c.oid, 'SELECT') AND pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE')
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits h WHERE h.inhrelid = c.oid)
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_subscription_rel u WHERE u.srrelid = c.oid))"
    )
}

/// Returns the statement that tells whether a session writes to a table now: a writer that has already counted may commit only after the
/// answer is read. Every write holds one of these locks until its end
/// (<https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES>).
pub(super) fn writers(tables: &[CachedTable]) -> Statement {
    let tables = List(tables.iter().map(|table| table.oid).collect());
    stmt!(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_locks l WHERE l.locktype = 'relation' AND l.relation IN ({tables})
  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()) AND l.granted
  AND l.mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'))::text"
    )
}
