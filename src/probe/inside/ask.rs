//! The question about rights, put to the server in the login's own session: one statement, one answer row for each
//! object that it can do something with. Every name is the server's own, and nothing that a tenant made is called.

use super::Insider;
use super::table::{Class, RIGHTS, Right};
use crate::sql::{Literal, Literals, ServerText, Statement};
use crate::stmt;

/// Objects told of each right: the first few say it all.
const SHOWN: i64 = 20;

/// The columns of an answer, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The right, by its place in the table.
    pub right: usize,
    /// What it is held on, for people.
    pub object: String,
    /// As `GRANT … ON` spells it; the group for roles, the attribute for attributes.
    pub on: Option<String>,
    /// Whose it is.
    pub owner: Option<String>,
    /// One column of it.
    pub column: Option<String>,
    /// The right as the ACL spells it; `None` where no entry explains it, as with an owner or a superuser.
    pub privilege: Option<String>,
    /// Who holds it; `None` is PUBLIC.
    pub grantee: Option<String>,
    /// Who granted it.
    pub grantor: Option<String>,
}

impl Held {
    /// Reads one row.
    pub fn read(row: &[Option<String>]) -> Option<Held> {
        let [right, object, on, owner, column, privilege, grantee, grantor] = row else { return None };
        let right: usize = right.as_deref()?.parse().ok().filter(|at| *at < RIGHTS.len())?;
        let object = object.as_deref()?;
        let attribute = ATTRIBUTES.iter().find(|(column, _)| *column == object).map(|(_, word)| *word);
        let attribute = attribute.filter(|_| RIGHTS[right].class == Class::Attributes);
        Some(Held {
            right,
            object: attribute.unwrap_or(object).into(),
            on: attribute.map(Into::into).or_else(|| on.clone()),
            owner: owner.clone(),
            column: column.clone(),
            privilege: privilege.clone(),
            grantee: grantee.clone(),
            grantor: grantor.clone(),
        })
    }
}

/// The rights that this login is asked about, by their places in the table.
pub fn applicable(insider: &Insider<'_>) -> Vec<usize> {
    let fits = |row: &Right| row.by.contains(&insider.login.kind) && insider.major >= row.since;
    RIGHTS.iter().enumerate().filter(|(_, row)| fits(row)).map(|(at, _)| at).collect()
}

/// Whether nobody planted a role or a search path into the session.
pub fn alone() -> Statement {
    stmt!(
        "SELECT (current_user = session_user AND pg_catalog.current_setting('search_path') = 'pg_catalog')::text"
    )
}

/// How much is asked about a right that is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// On what: as a rule on nothing, and then there is nothing more to ask.
    What,
    /// And by which entry of which ACL. To plan that costs the server several times what the answer does.
    Why,
}

/// The one statement.
pub fn held(insider: &Insider<'_>, depth: Depth) -> Statement {
    let all = applicable(insider).into_iter().map(|at| of_right(insider, at, depth));
    let all = all.reduce(|one, other| stmt!("{one} UNION ALL {other}", one = one, other = other));
    stmt!(
        "WITH ext AS NOT MATERIALIZED (SELECT d.classid, d.objid FROM pg_catalog.pg_depend d \
           WHERE d.deptype = 'e' AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass), \
         space AS NOT MATERIALIZED (SELECT n.* FROM pg_catalog.pg_namespace n \
           WHERE n.nspname !~ '^pg_(catalog$|toast|temp_)' AND n.nspname <> 'information_schema'), \
         rel AS (SELECT c.*, n.nspname, n.nspname = {history} OR c.relname = {refinery} AND n.nspname = {first} AS history \
           FROM pg_catalog.pg_class c JOIN space n ON n.oid = c.relnamespace \
           WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND NOT EXISTS (SELECT FROM ext x \
             WHERE x.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND x.objid = c.oid)) \
         {all}",
        history = Literal(crate::HISTORY_SCHEMA.into()),
        refinery = Literal(crate::REFINERY_TABLE.into()),
        first = Literal(insider.schemas.first().cloned().unwrap_or_default()),
        all = all.unwrap_or_default(),
    )
}

fn of_right(insider: &Insider<'_>, at: usize, depth: Depth) -> Statement {
    let row = &RIGHTS[at];
    let row = &Asked { row, depth };
    let body = match row.row.class {
        Class::Tables => {
            relations(row, "c.relkind <> 'S' AND NOT c.history", "pg_catalog.has_table_privilege", "r")
        }
        Class::Columns => {
            relations(row, "c.relkind <> 'S' AND NOT c.history", "pg_catalog.has_any_column_privilege", "r")
        }
        Class::History => {
            relations(row, "c.relkind <> 'S' AND c.history", "pg_catalog.has_any_column_privilege", "r")
        }
        Class::Sequences => relations(row, "c.relkind = 'S'", "pg_catalog.has_sequence_privilege", "s"),
        Class::Schemas => schemas(row),
        Class::Database => database(row),
        // The server alone calls a trigger's function.
        Class::Definers => functions(
            row,
            "p.prosecdef AND p.prorettype NOT IN ('pg_catalog.trigger'::pg_catalog.regtype, 'pg_catalog.event_trigger'::pg_catalog.regtype)",
        ),
        Class::Functions => functions(row, "true"),
        Class::Server => server(),
        Class::Roles => roles(insider),
        Class::RoleAdmin => role_admin(insider),
        Class::Attributes => attributes(),
    };
    stmt!(
        "(SELECT {at}::text, a.object::text, a.target::text, a.owner::text, a.part::text, a.privilege::text, \
         a.grantee::text, a.grantor::text FROM ({body}) a LIMIT {shown})",
        at = i64::try_from(at).unwrap_or_default(),
        body = body,
        shown = SHOWN,
    )
}

/// Text of this file as SQL.
fn text(sql: &'static str) -> ServerText {
    ServerText(sql.into())
}

/// A right, and how much is to be known.
struct Asked {
    row: &'static Right,
    depth: Depth,
}

/// Through which entry of an ACL the login holds it: its own, PUBLIC's, or a group's that it inherits from.
fn holder(asked: &Asked, entries: &'static str, owner: &'static str) -> Statement {
    if asked.depth == Depth::What {
        let nobody =
            "CROSS JOIN (SELECT NULL AS part, NULL AS privilege, NULL AS grantee, NULL AS grantor) h";
        return stmt!("{nobody}", nobody = text(nobody));
    }
    let row = asked.row;
    let option = row.asked.contains("GRANT OPTION");
    stmt!(
        "LEFT JOIN LATERAL (SELECT e.part, e.privilege_type AS privilege, \
           CASE WHEN e.grantee = 0 THEN NULL ELSE pg_catalog.pg_get_userbyid(e.grantee) END AS grantee, \
           pg_catalog.pg_get_userbyid(e.grantor) AS grantor FROM ({entries}) e \
         WHERE ({privilege} = '' OR e.privilege_type = {privilege}) AND (e.is_grantable OR NOT {option}) \
           AND e.grantee <> {owner} AND CASE WHEN e.grantee = 0 THEN true \
             ELSE pg_catalog.pg_has_role(session_user, e.grantee, 'USAGE') END) h ON true",
        entries = text(entries),
        privilege = Literal(row.privilege.into()),
        option = text(if option { "true" } else { "false" }),
        owner = text(owner),
    )
}

fn relations(row: &Asked, which: &'static str, has: &'static str, letter: &'static str) -> Statement {
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

fn schemas(row: &Asked) -> Statement {
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

fn database(row: &Asked) -> Statement {
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

fn functions(row: &Asked, which: &'static str) -> Statement {
    let entries = "SELECT NULL::name AS part, x.* FROM pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) x";
    stmt!(
        "SELECT p.oid::pg_catalog.regprocedure AS object, \
           CASE p.prokind WHEN 'p' THEN 'PROCEDURE ' ELSE 'FUNCTION ' END || p.oid::pg_catalog.regprocedure AS target, \
           pg_catalog.pg_get_userbyid(p.proowner) AS owner, h.part, h.privilege, h.grantee, h.grantor \
         FROM pg_catalog.pg_proc p JOIN space n ON n.oid = p.pronamespace {holder} \
         WHERE {which} AND pg_catalog.has_function_privilege(session_user, p.oid, {asked}) \
           AND NOT EXISTS (SELECT FROM ext x \
             WHERE x.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND x.objid = p.oid)",
        holder = holder(row, entries, "p.proowner"),
        which = text(which),
        asked = Literal(row.row.asked.into()),
    )
}

/// No entries are looked up: what goes beyond initdb's is the audit's to name and to close.
fn server() -> Statement {
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
const ATTRIBUTES: &[(&str, &str)] = &[
    ("rolsuper", SUPERUSER),
    ("rolcreatedb", "CREATEDB"),
    ("rolcreaterole", "CREATEROLE"),
    ("rolreplication", "REPLICATION"),
    ("rolbypassrls", "BYPASSRLS"),
];

/// The attribute that passes every check.
pub const SUPERUSER: &str = "SUPERUSER";

/// From 16 on SET is a right of its own.
fn roles(insider: &Insider<'_>) -> Statement {
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

fn role_admin(insider: &Insider<'_>) -> Statement {
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

fn attributes() -> Statement {
    stmt!(
        "SELECT t.word AS object, t.word AS target, NULL AS owner, NULL AS part, NULL AS privilege, NULL AS grantee, NULL AS grantor \
         FROM pg_catalog.pg_roles r, LATERAL (VALUES ('rolsuper', r.rolsuper), ('rolcreatedb', r.rolcreatedb), \
           ('rolcreaterole', r.rolcreaterole), ('rolreplication', r.rolreplication), ('rolbypassrls', r.rolbypassrls)) t (word, held) \
         WHERE r.rolname = session_user AND t.held"
    )
}

/// An array of names.
fn names(all: &[String]) -> Statement {
    stmt!("ARRAY[{all}]::pg_catalog.name[]", all = Literals(all.to_vec()))
}
