//! The question about what a login is and may become, and about what the server keeps for itself.

use super::names;
use crate::probe::inside::Insider;
use crate::sql::{Literal, Statement};
use crate::stmt;

/// No entries are looked up: what goes beyond initdb's is the audit's to name and to close.
pub fn server() -> Statement {
    stmt!(
        "SELECT s.name AS object, NULL AS target, NULL AS owner, NULL AS part, NULL AS privilege, NULL AS grantee, NULL AS grantor \
         FROM (SELECT 'pg_catalog.pg_authid' AS name, \
             pg_catalog.has_any_column_privilege(session_user, 'pg_catalog.pg_authid'::pg_catalog.regclass, 'SELECT') AS held \
           UNION ALL SELECT f.name, pg_catalog.has_function_privilege(session_user, pg_catalog.to_regprocedure(f.name), 'EXECUTE') \
           FROM (VALUES ('pg_catalog.pg_read_file(text)'), ('pg_catalog.pg_read_binary_file(text)'), \
             ('pg_catalog.pg_ls_dir(text)'), ('pg_catalog.lo_import(text)'), ('pg_catalog.lo_export(oid,text)'), \
             ('pg_catalog.pg_reload_conf()')) f (name)) s WHERE s.held"
    )
}

/// The columns of `pg_roles` that no login of a service may have set, and what `ALTER ROLE` calls them.
pub const ATTRIBUTES: &[(&str, &str)] = &[
    ("rolsuper", SUPERUSER),
    ("rolcreatedb", "CREATEDB"),
    ("rolcreaterole", "CREATEROLE"),
    ("rolreplication", "REPLICATION"),
    ("rolbypassrls", "BYPASSRLS"),
];

/// The attribute that passes every check.
pub const SUPERUSER: &str = "SUPERUSER";

/// From 16 on SET is a right of its own.
pub fn roles(insider: &Insider<'_>) -> Statement {
    stmt!(
        "SELECT r.rolname AS object, pg_catalog.pg_get_userbyid(m.roleid) AS target, NULL AS owner, NULL AS part, \
           NULL AS privilege, NULL AS grantee, pg_catalog.pg_get_userbyid(m.grantor) AS grantor \
         FROM pg_catalog.pg_roles r JOIN pg_catalog.pg_roles i ON i.rolname = session_user \
         LEFT JOIN pg_catalog.pg_auth_members m ON m.member = i.oid AND pg_catalog.pg_has_role(m.roleid, r.oid, 'MEMBER') \
         WHERE r.oid <> i.oid AND NOT r.rolname = ANY ({own}) AND (r.rolsuper OR r.rolname ~ '^pg_' OR r.rolname = ANY ({all})) \
           AND pg_catalog.pg_has_role(session_user, r.oid, {way})",
        own = names(&insider.own),
        all = names(insider.managed),
        way = Literal(if insider.major >= 16 { "SET" } else { "MEMBER" }.into()),
    )
}

pub fn role_admin(insider: &Insider<'_>) -> Statement {
    stmt!(
        "SELECT r.rolname AS object, pg_catalog.pg_get_userbyid(m.roleid) AS target, NULL AS owner, NULL AS part, \
           NULL AS privilege, NULL AS grantee, pg_catalog.pg_get_userbyid(m.grantor) AS grantor \
         FROM pg_catalog.pg_roles r JOIN pg_catalog.pg_roles i ON i.rolname = session_user \
         LEFT JOIN pg_catalog.pg_auth_members m ON m.member = i.oid AND m.roleid = r.oid AND m.admin_option \
         WHERE r.oid <> i.oid AND (r.rolsuper OR r.rolname ~ '^pg_' OR r.rolname = ANY ({all})) \
           AND pg_catalog.pg_has_role(session_user, r.oid, 'MEMBER WITH ADMIN OPTION')",
        all = names(insider.managed),
    )
}

pub fn attributes() -> Statement {
    stmt!(
        "SELECT t.word AS object, t.word AS target, NULL AS owner, NULL AS part, NULL AS privilege, NULL AS grantee, NULL AS grantor \
         FROM pg_catalog.pg_roles r, LATERAL (VALUES ('rolsuper', r.rolsuper), ('rolcreatedb', r.rolcreatedb), \
           ('rolcreaterole', r.rolcreaterole), ('rolreplication', r.rolreplication), ('rolbypassrls', r.rolbypassrls)) t (word, held) \
         WHERE r.rolname = session_user AND t.held"
    )
}
