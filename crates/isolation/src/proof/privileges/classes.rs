//! Privilege queries. Object classes with ACLs are rows of a table with the catalog that lists them; types, large
//! objects, default privileges, roles and attributes have queries of their own.

use super::rules::{Class, ForbiddenPrivilege, LoginContext};
use martydb_model::contract::{ATTRIBUTES, DefaultKind, RoleAttribute};
use martydb_model::sql::{Keyword, List, Literal, Statement, stmt};

/// Detail of a privilege query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// Only the objects, and of roles more than the rule is about; as a rule there are none, and nothing else is asked.
    What,
    /// The objects of the rule alone, with the ACL entry behind each. Planning that costs the server several times the time of
    /// the answer.
    Why,
}

/// SQL fragments for one class of objects, based on the columns of `from`.
pub(crate) struct AclSource {
    from: &'static str,
    /// Filter on the rows. Checked first: the function fails on an object of another kind.
    only: &'static str,
    oid: &'static str,
    /// Display name, and the name as `GRANT … ON` spells it.
    name: &'static str,
    target: &'static str,
    owner: &'static str,
    acl: &'static str,
    /// Object type letter of `acldefault`.
    letter: &'static str,
    has_privilege: &'static str,
    /// `true` if columns have ACLs of their own.
    columns: bool,
}

const RELATION: AclSource = AclSource {
    from: "rel c",
    only: "c.relkind <> 'S' AND NOT c.history",
    oid: "c.oid",
    name: "c.nspname || '.' || c.relname",
    target: "CASE c.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || pg_catalog.format('%I.%I', c.nspname, c.relname)",
    owner: "c.relowner",
    acl: "c.relacl",
    letter: "r",
    has_privilege: "pg_catalog.has_table_privilege",
    columns: true,
};

/// The server's own three thousand functions have smaller OIDs; checking each of them takes longer than everything
/// else.
const FUNCTION: AclSource = AclSource {
    from: "pg_catalog.pg_proc p JOIN space n ON n.oid = p.pronamespace AND p.oid >= 16384 \
             AND NOT (p.prolang = 12 AND p.prosrc ~ '^(multi)?range_constructor[0-9]$') AND NOT EXISTS (SELECT FROM ext x \
               WHERE x.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND x.objid = p.oid)",
    only: "true",
    oid: "p.oid",
    name: "p.oid::pg_catalog.regprocedure",
    target: "CASE p.prokind WHEN 'p' THEN 'PROCEDURE ' ELSE 'FUNCTION ' END || p.oid::pg_catalog.regprocedure",
    owner: "p.proowner",
    acl: "p.proacl",
    letter: "f",
    has_privilege: "pg_catalog.has_function_privilege",
    columns: false,
};

const SCHEMA: AclSource = AclSource {
    from: "space n",
    only: "NOT EXISTS (SELECT FROM ext x \
             WHERE x.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND x.objid = n.oid)",
    oid: "n.oid",
    name: "n.nspname",
    target: "'SCHEMA ' || pg_catalog.quote_ident(n.nspname)",
    owner: "n.nspowner",
    acl: "n.nspacl",
    letter: "n",
    has_privilege: "pg_catalog.has_schema_privilege",
    columns: false,
};

const DATABASE: AclSource = AclSource {
    from: "pg_catalog.pg_database b",
    only: "b.datname = pg_catalog.current_database()",
    oid: "b.oid",
    name: "b.datname",
    target: "'DATABASE ' || pg_catalog.quote_ident(b.datname)",
    owner: "b.datdba",
    acl: "b.datacl",
    letter: "d",
    has_privilege: "pg_catalog.has_database_privilege",
    columns: false,
};

impl AclSource {
    /// Returns `None` for a class that is not the ACL of one object.
    pub(crate) fn for_class(class: Class) -> Option<AclSource> {
        const ANY_COLUMN: &str = "pg_catalog.has_any_column_privilege";
        Some(match class {
            Class::Tables => RELATION,
            Class::Columns => AclSource { has_privilege: ANY_COLUMN, ..RELATION },
            Class::History => {
                AclSource { only: "c.relkind <> 'S' AND c.history", has_privilege: ANY_COLUMN, ..RELATION }
            }
            Class::Sequences => AclSource {
                only: "c.relkind = 'S'",
                letter: "s",
                has_privilege: "pg_catalog.has_sequence_privilege",
                columns: false,
                ..RELATION
            },
            Class::Schemas => SCHEMA,
            Class::Database => DATABASE,
            // Only the server calls a trigger's function.
            Class::Definers => AclSource {
                only: "p.prosecdef AND p.prorettype NOT IN ('pg_catalog.trigger'::pg_catalog.regtype, \
                         'pg_catalog.event_trigger'::pg_catalog.regtype)",
                ..FUNCTION
            },
            Class::Functions => FUNCTION,
            _ => return None,
        })
    }

    /// Returns a query of the objects of this class on which the session's login has the privilege.
    pub(crate) fn query(&self, rule: &ForbiddenPrivilege, depth: Depth) -> Statement {
        stmt!(
            "SELECT {name} AS object, {target} AS target, pg_catalog.pg_get_userbyid({owner}) AS owner, \
               h.part, h.privilege, h.grantee, h.grantor \
             FROM {from} {holder} \
             WHERE CASE WHEN {only} THEN {has}(session_user, {oid}, {asked}) ELSE false END",
            name = Keyword(self.name),
            target = Keyword(self.target),
            owner = Keyword(self.owner),
            from = Keyword(self.from),
            holder = self.holder(rule, depth),
            only = Keyword(self.only),
            has = Keyword(self.has_privilege),
            oid = Keyword(self.oid),
            asked = Literal(rule.asked.into()),
        )
    }

    /// Returns the entries of the object's ACL and of its columns' ACLs.
    fn entries(&self) -> Statement {
        let own = stmt!(
            "SELECT NULL::name AS part, x.* \
             FROM pg_catalog.aclexplode(coalesce({acl}, pg_catalog.acldefault('{letter}', {owner}))) x",
            acl = Keyword(self.acl),
            letter = Keyword(self.letter),
            owner = Keyword(self.owner),
        );
        if !self.columns {
            return own;
        }
        stmt!(
            "{own} UNION ALL SELECT t.attname, x.* FROM pg_catalog.pg_attribute t, pg_catalog.aclexplode(t.attacl) x \
             WHERE t.attrelid = {oid} AND NOT t.attisdropped",
            oid = Keyword(self.oid),
        )
    }

    /// Joins the ACL entry through which the login holds the privilege: its own, PUBLIC's, or one of a group that
    /// it inherits from.
    fn holder(&self, rule: &ForbiddenPrivilege, depth: Depth) -> Statement {
        if depth == Depth::What {
            return stmt!(
                "CROSS JOIN (SELECT NULL AS part, NULL AS privilege, NULL AS grantee, NULL AS grantor) h"
            );
        }
        let option = if rule.asked.contains("GRANT OPTION") { "true" } else { "false" };
        stmt!(
            "LEFT JOIN LATERAL (SELECT e.part, {entry} FROM ({entries}) e \
             WHERE ({privilege} = '' OR e.privilege_type = {privilege}) AND (e.is_grantable OR NOT {option}) \
               AND e.grantee <> {owner} AND CASE WHEN e.grantee = 0 THEN true \
                 ELSE pg_catalog.pg_has_role(session_user, e.grantee, 'USAGE') END) h ON true",
            entry = entry(),
            entries = self.entries(),
            privilege = Literal(rule.in_acl().into()),
            option = Keyword(option),
            owner = Keyword(self.owner),
        )
    }
}

/// Returns privilege, grantee and grantor of one entry.
pub(crate) fn entry() -> Statement {
    stmt!(
        "e.privilege_type AS privilege, \
         CASE WHEN e.grantee = 0 THEN NULL ELSE pg_catalog.pg_get_userbyid(e.grantee) END AS grantee, \
         pg_catalog.pg_get_userbyid(e.grantor) AS grantor"
    )
}

/// Queries types. The row type of a table and the type of an array have no grants of their own. A grant to the
/// login itself is harmless because it creates nothing; a grant to PUBLIC or to a group counts, but for what each new type of a
/// superuser has.
pub(crate) fn types(context: &LoginContext<'_>) -> Statement {
    stmt!(
        "SELECT n.nspname || '.' || t.typname AS object, \
           'TYPE ' || pg_catalog.format('%I.%I', n.nspname, t.typname) AS target, \
           pg_catalog.pg_get_userbyid(t.typowner) AS owner, NULL AS part, {entry} \
         FROM pg_catalog.pg_type t JOIN space n ON n.oid = t.typnamespace \
         CROSS JOIN LATERAL pg_catalog.aclexplode(coalesce(t.typacl, pg_catalog.acldefault('T', t.typowner))) e \
         WHERE t.typtype <> 'm' AND NOT (t.typelem <> 0 AND t.typcategory = 'A') \
           AND (t.typrelid = 0 OR EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c')) \
           AND e.grantee <> t.typowner AND {passed} \
           AND (e.grantee <> 0 OR e.is_grantable OR NOT EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.oid = t.typowner AND r.rolsuper)) \
           AND NOT EXISTS (SELECT FROM ext x \
             WHERE x.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND x.objid = t.oid)",
        entry = entry(),
        passed = passed_on(context),
    )
}

/// Returns a condition: the login holds the privilege without being the grantee.
fn passed_on(context: &LoginContext<'_>) -> Statement {
    stmt!(
        "CASE WHEN e.grantee = 0 THEN true ELSE pg_catalog.pg_has_role(session_user, e.grantee, 'USAGE') \
           AND NOT pg_catalog.pg_get_userbyid(e.grantee) = ANY ({own}) END",
        own = names(&context.own),
    )
}

/// Queries large objects. Before 18 no function tests privileges on them. Every login may create its own and grant
/// it to another by name, so only a grant to PUBLIC or a group counts, and a server that does not check at all.
pub(crate) fn large_objects(context: &LoginContext<'_>) -> Statement {
    stmt!(
        "SELECT o.oid::text AS object, 'LARGE OBJECT ' || o.oid AS target, pg_catalog.pg_get_userbyid(o.lomowner) AS owner, \
           NULL AS part, {entry} \
         FROM pg_catalog.pg_largeobject_metadata o CROSS JOIN LATERAL pg_catalog.aclexplode(o.lomacl) e \
         WHERE e.grantee <> o.lomowner AND pg_catalog.pg_get_userbyid(o.lomowner) <> session_user AND {passed} \
         UNION ALL SELECT 'all of them, because of lo_compat_privileges', NULL, NULL, NULL, NULL, NULL, NULL \
         WHERE pg_catalog.current_setting('lo_compat_privileges') = 'on'",
        entry = entry(),
        passed = passed_on(context),
    )
}

/// Queries default privileges: rows of `pg_default_acl`, or PostgreSQL's default if the service's owner has no row.
/// By default PUBLIC may execute functions and use types. What the login gets on the owner's objects anyway, it may get on
/// those of another role in its database too. The owner column contains the object type letter, the
/// column's name the schema.
pub(crate) fn defaults(context: &LoginContext<'_>) -> Statement {
    stmt!(
        "SELECT e.privilege_type || ' on ' || coalesce(w.word, 'objects of kind ' || d.letter) || ' that ' \
             || pg_catalog.pg_get_userbyid(d.role) || ' makes' AS object, \
           pg_catalog.pg_get_userbyid(d.role) AS target, d.letter AS owner, n.nspname AS part, {entry} \
         FROM (SELECT x.defaclrole AS role, x.defaclnamespace AS space, x.defaclobjtype::text AS letter, x.defaclacl AS acl \
             FROM pg_catalog.pg_default_acl x \
           UNION ALL SELECT r.oid, 0, l.letter, pg_catalog.acldefault(l.letter::\"char\", r.oid) \
             FROM pg_catalog.pg_roles r, (VALUES ('f'), ('T')) l (letter) \
             WHERE r.rolname = {owner} AND NOT EXISTS (SELECT FROM pg_catalog.pg_default_acl x \
               WHERE x.defaclrole = r.oid AND x.defaclnamespace = 0 AND x.defaclobjtype::text = l.letter)) d \
         LEFT JOIN (VALUES ('r', 'tables'), ('S', 'sequences'), ('f', 'functions'), ('T', 'types'), ('n', 'schemas'), \
           ('L', 'large objects')) w (letter, word) ON w.letter = d.letter \
         LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.space \
         CROSS JOIN LATERAL pg_catalog.aclexplode(d.acl) e \
         WHERE e.grantee <> d.role \
           AND CASE WHEN e.grantee = 0 THEN true ELSE pg_catalog.pg_has_role(session_user, e.grantee, 'USAGE') END \
           AND CASE WHEN pg_catalog.pg_get_userbyid(d.role) = {owner} \
             THEN e.grantee = 0 OR NOT d.letter || ' ' || e.privilege_type = ANY (ARRAY[{declared}]::text[]) \
             WHEN e.grantee = 0 THEN d.space <> 0 OR (d.letter, e.privilege_type) NOT IN (('f', 'EXECUTE'), ('T', 'USAGE')) \
             ELSE e.is_grantable OR NOT d.letter || ' ' || e.privilege_type = ANY (ARRAY[{declared}]::text[]) END",
        entry = entry(),
        owner = Literal(context.owner.clone()),
        declared = List::literals(declared(context)),
    )
}

fn declared(context: &LoginContext<'_>) -> Vec<String> {
    let granted = DefaultKind::granted_to(context.login.kind);
    granted.map(|(kind, privilege)| format!("{} {}", kind.letter(), privilege.name())).collect()
}

/// Queries files and passwords of the server. Without ACL entries: the audit reports and closes what exceeds
/// initdb's.
pub(crate) fn server() -> Statement {
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

/// Attribute that passes every check.
pub(crate) const SUPERUSER: &str = "SUPERUSER";

/// Queries roles that the login may become. From 16 on SET is a separate option of a membership.
pub(crate) fn roles(context: &LoginContext<'_>, depth: Depth) -> Statement {
    let held = stmt!(
        "NOT r.rolname = ANY ({own}) AND pg_catalog.pg_has_role(session_user, r.oid, {way})",
        own = names(&context.own),
        way = Literal(if context.major >= 16 { "SET" } else { "MEMBER" }.into()),
    );
    held_roles(context, depth, &stmt!("pg_catalog.pg_has_role(m.roleid, r.oid, 'MEMBER')"), &held)
}

pub(crate) fn role_admin(context: &LoginContext<'_>, depth: Depth) -> Statement {
    let held = stmt!("pg_catalog.pg_has_role(session_user, r.oid, 'MEMBER WITH ADMIN OPTION')");
    held_roles(context, depth, &stmt!("m.roleid = r.oid AND m.admin_option"), &held)
}

/// Queries roles that no login may hold beyond its own: superusers, predefined roles and services' roles. `through`
/// selects the login's membership behind it. [`Depth::What`] asks for any role, because as a rule there is none: the names of
/// all services' roles in the question of each login would grow with the square of the services.
fn held_roles(context: &LoginContext<'_>, depth: Depth, through: &Statement, held: &Statement) -> Statement {
    let reserved = match depth {
        Depth::What => stmt!("true"),
        Depth::Why => stmt!(
            "(r.rolsuper OR r.rolname ~ '^pg_' OR r.rolname = ANY ({all}))",
            all = names(context.managed)
        ),
    };
    stmt!(
        "SELECT r.rolname AS object, pg_catalog.pg_get_userbyid(m.roleid) AS target, NULL AS owner, NULL AS part, \
           NULL AS privilege, NULL AS grantee, pg_catalog.pg_get_userbyid(m.grantor) AS grantor \
         FROM pg_catalog.pg_roles r JOIN pg_catalog.pg_roles i ON i.rolname = session_user \
         LEFT JOIN pg_catalog.pg_auth_members m ON m.member = i.oid AND {through} \
         WHERE r.oid <> i.oid AND {reserved} AND {held}",
    )
}

pub(crate) fn attributes() -> Statement {
    let powers = ATTRIBUTES.iter().filter(|attribute| attribute.is_power());
    let row = |attribute: &RoleAttribute| {
        stmt!("({word}, r.{column})", word = Literal(attribute.on.into()), column = Keyword(attribute.column))
    };
    let rows = powers.map(row).reduce(|one, other| stmt!("{one}, {other}"));
    stmt!(
        "SELECT t.word AS object, t.word AS target, NULL AS owner, NULL AS part, NULL AS privilege, NULL AS grantee, NULL AS grantor \
         FROM pg_catalog.pg_roles r, LATERAL (VALUES {rows}) t (word, held) WHERE r.rolname = session_user AND t.held",
        rows = rows.unwrap_or_default(),
    )
}

/// Returns an array of names.
fn names<'n>(all: impl IntoIterator<Item = &'n String>) -> Statement {
    stmt!("ARRAY[{all}]::pg_catalog.name[]", all = List::literals(all))
}

#[cfg(test)]
mod tests {
    use super::super::rules::PRIVILEGES;
    use super::*;

    #[test]
    fn every_class_that_is_asked_for_an_acl_privilege_has_a_row() {
        for rule in PRIVILEGES {
            assert_eq!(AclSource::for_class(rule.class).is_some(), !rule.asked.is_empty(), "{}", rule.what);
        }
    }
}
