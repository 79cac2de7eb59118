//! Queries for the contents of a database before its first migration.

use martydb_model::SchemaName;
use martydb_model::sql::{List, Statement, stmt, with_members};

/// Number of objects in a message: enough to recognise the database.
const MAX_NAMED: u32 = 5;

/// The first OID that the server assigns to objects of users.
/// <https://www.postgresql.org/docs/current/system-catalog-initial-data.html#SYSTEM-CATALOG-OID-ASSIGNMENT>
const FIRST_USER_OID: u32 = 16384;

/// Tests for a relation of a user in any schema, or any object in these schemas. It takes two index lookups,
/// where [`some`] reads three catalogs.
pub(crate) fn any(schemas: &[SchemaName]) -> Statement {
    stmt!(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_class WHERE oid >= {first})
             OR EXISTS (SELECT FROM pg_catalog.pg_depend WHERE refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
                 AND refobjid IN (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname IN ({schemas})))",
        first = i64::from(FIRST_USER_OID),
        schemas = List::literals(schemas.iter().map(SchemaName::as_str))
    )
}

/// Selects relations, routines and types in these schemas that no extension created, as `table a.b`. Parts of a
/// table, such as its row type, are not selected.
pub(crate) fn some(schemas: &[SchemaName]) -> Statement {
    stmt!(
        "{members} SELECT found.kind || ' ' || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(found.name) FROM (
             SELECT CASE relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence'
                        WHEN 'f' THEN 'foreign table' WHEN 'c' THEN 'type' ELSE 'table' END AS kind,
                    relname AS name, relnamespace AS namespace, 'pg_catalog.pg_class'::pg_catalog.regclass AS class, oid
             FROM pg_catalog.pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c')
             UNION ALL
             SELECT 'function', proname, pronamespace, 'pg_catalog.pg_proc'::pg_catalog.regclass, oid FROM pg_catalog.pg_proc
             UNION ALL
             SELECT 'type', typname, typnamespace, 'pg_catalog.pg_type'::pg_catalog.regclass, oid FROM pg_catalog.pg_type
             WHERE typtype IN ('e', 'd', 'r') OR typtype = 'b' AND typelem = 0
         ) found JOIN pg_catalog.pg_namespace n ON n.oid = found.namespace
         WHERE n.nspname IN ({schemas}) AND NOT EXISTS (
             SELECT FROM member m WHERE m.classid = found.class AND m.objid = found.oid)
         ORDER BY found.kind = 'table' DESC, 1 LIMIT {limit}",
        members = with_members(),
        schemas = List::literals(schemas.iter().map(SchemaName::as_str)),
        limit = MAX_NAMED
    )
}
