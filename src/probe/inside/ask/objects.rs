//! The question about rights on what a database holds, kind by kind.

use super::{Asked, holder, names, text};
use crate::probe::inside::Insider;
use crate::sql::{Literal, Statement};
use crate::stmt;

pub fn relations(row: &Asked, which: &'static str, has: &'static str, letter: &'static str) -> Statement {
    let entries = match letter {
        "s" => {
            "SELECT NULL::name AS part, x.* FROM pg_catalog.aclexplode(coalesce(c.relacl, pg_catalog.acldefault('s', c.relowner))) x"
        }
        _ => {
            "SELECT NULL::name AS part, x.* FROM pg_catalog.aclexplode(coalesce(c.relacl, pg_catalog.acldefault('r', c.relowner))) x \
              UNION ALL SELECT t.attname, x.* FROM pg_catalog.pg_attribute t, pg_catalog.aclexplode(t.attacl) x \
              WHERE t.attrelid = c.oid AND NOT t.attisdropped"
        }
    };
    stmt!(
        "SELECT c.nspname || '.' || c.relname AS object, \
           CASE c.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || pg_catalog.format('%I.%I', c.nspname, c.relname) AS target, \
           pg_catalog.pg_get_userbyid(c.relowner) AS owner, h.part, h.privilege, h.grantee, h.grantor \
         FROM rel c {holder} WHERE CASE WHEN {which} THEN {has}(session_user, c.oid, {asked}) ELSE false END",
        holder = holder(row, entries, "c.relowner"),
        which = text(which),
        has = text(has),
        asked = Literal(row.row.asked.into()),
    )
}

pub fn schemas(row: &Asked) -> Statement {
    let entries = "SELECT NULL::name AS part, x.* FROM pg_catalog.aclexplode(coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) x";
    stmt!(
        "SELECT n.nspname AS object, 'SCHEMA ' || pg_catalog.quote_ident(n.nspname) AS target, \
           pg_catalog.pg_get_userbyid(n.nspowner) AS owner, h.part, h.privilege, h.grantee, h.grantor \
         FROM space n {holder} WHERE pg_catalog.has_schema_privilege(session_user, n.oid, {asked}) \
           AND NOT EXISTS (SELECT FROM ext x \
             WHERE x.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND x.objid = n.oid)",
        holder = holder(row, entries, "n.nspowner"),
        asked = Literal(row.row.asked.into()),
    )
}

pub fn database(row: &Asked) -> Statement {
    let entries = "SELECT NULL::name AS part, x.* FROM pg_catalog.aclexplode(coalesce(b.datacl, pg_catalog.acldefault('d', b.datdba))) x";
    stmt!(
        "SELECT b.datname AS object, 'DATABASE ' || pg_catalog.quote_ident(b.datname) AS target, \
           pg_catalog.pg_get_userbyid(b.datdba) AS owner, h.part, h.privilege, h.grantee, h.grantor \
         FROM pg_catalog.pg_database b {holder} WHERE b.datname = pg_catalog.current_database() \
           AND pg_catalog.has_database_privilege(session_user, b.oid, {asked})",
        holder = holder(row, entries, "b.datdba"),
        asked = Literal(row.row.asked.into()),
    )
}

/// The server's own three thousand have smaller numbers, and asking about each of them takes longer than all the rest.
pub fn functions(row: &Asked, which: &'static str) -> Statement {
    let entries = "SELECT NULL::name AS part, x.* FROM pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) x";
    stmt!(
        "SELECT p.oid::pg_catalog.regprocedure AS object, \
           CASE p.prokind WHEN 'p' THEN 'PROCEDURE ' ELSE 'FUNCTION ' END || p.oid::pg_catalog.regprocedure AS target, \
           pg_catalog.pg_get_userbyid(p.proowner) AS owner, h.part, h.privilege, h.grantee, h.grantor \
         FROM pg_catalog.pg_proc p JOIN space n ON n.oid = p.pronamespace {holder} \
         WHERE p.oid >= 16384 AND {which} AND pg_catalog.has_function_privilege(session_user, p.oid, {asked}) \
           AND NOT EXISTS (SELECT FROM ext x \
             WHERE x.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND x.objid = p.oid) \
           AND NOT (p.prolang = 12 AND p.prosrc ~ '^(multi)?range_constructor[0-9]$')",
        holder = holder(row, entries, "p.proowner"),
        which = text(which),
        asked = Literal(row.row.asked.into()),
    )
}

/// A table's row type and an array's follow their own; nobody grants on them. One that was given to the login by name
/// gives it nothing, since it makes nothing: what counts is what everybody gets, or a group passes on.
pub fn types(insider: &Insider<'_>) -> Statement {
    stmt!(
        "SELECT n.nspname || '.' || t.typname AS object, \
           'TYPE ' || pg_catalog.format('%I.%I', n.nspname, t.typname) AS target, \
           pg_catalog.pg_get_userbyid(t.typowner) AS owner, NULL AS part, {entry} \
         FROM pg_catalog.pg_type t JOIN space n ON n.oid = t.typnamespace \
         CROSS JOIN LATERAL pg_catalog.aclexplode(coalesce(t.typacl, pg_catalog.acldefault('T', t.typowner))) e \
         WHERE t.typtype <> 'm' AND NOT (t.typelem <> 0 AND t.typcategory = 'A') \
           AND (t.typrelid = 0 OR EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c')) \
           AND e.grantee <> t.typowner AND {passed} \
           AND NOT EXISTS (SELECT FROM ext x \
             WHERE x.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND x.objid = t.oid)",
        entry = entry(),
        passed = passed_on(insider),
    )
}

/// Right, grantee and grantor of one entry.
fn entry() -> Statement {
    stmt!(
        "e.privilege_type AS privilege, \
         CASE WHEN e.grantee = 0 THEN NULL ELSE pg_catalog.pg_get_userbyid(e.grantee) END AS grantee, \
         pg_catalog.pg_get_userbyid(e.grantor) AS grantor"
    )
}

/// Whether the login holds it without having been named.
fn passed_on(insider: &Insider<'_>) -> Statement {
    stmt!(
        "CASE WHEN e.grantee = 0 THEN true ELSE pg_catalog.pg_has_role(session_user, e.grantee, 'USAGE') \
           AND NOT pg_catalog.pg_get_userbyid(e.grantee) = ANY ({own}) END",
        own = names(&insider.own),
    )
}

/// Before 18 no function tells who may read one. Every login may make its own, and give it away to one that it
/// names: what counts is what everybody gets, what a group passes on, and a server that asks nobody.
pub fn large_objects(insider: &Insider<'_>) -> Statement {
    stmt!(
        "SELECT o.oid::text AS object, 'LARGE OBJECT ' || o.oid AS target, pg_catalog.pg_get_userbyid(o.lomowner) AS owner, \
           NULL AS part, {entry} \
         FROM pg_catalog.pg_largeobject_metadata o CROSS JOIN LATERAL pg_catalog.aclexplode(o.lomacl) e \
         WHERE e.grantee <> o.lomowner AND pg_catalog.pg_get_userbyid(o.lomowner) <> session_user AND {passed} \
         UNION ALL SELECT 'all of them, because of lo_compat_privileges', NULL, NULL, NULL, NULL, NULL, NULL \
         WHERE pg_catalog.current_setting('lo_compat_privileges') = 'on'",
        entry = entry(),
        passed = passed_on(insider),
    )
}
