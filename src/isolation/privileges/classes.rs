//! Object classes that have an ACL, as rows: where the server lists them, and how it is asked about a privilege.

use super::rules::{Class, ForbiddenPrivilege};
use crate::sql::{Keyword, Literal, Statement, stmt};

/// How much is asked about a privilege that is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// On what: as a rule on nothing, and then there is nothing more to ask.
    What,
    /// And by which entry of which ACL. To plan that costs the server several times what the answer does.
    Why,
}

/// One class of objects. Everything is SQL; the columns are those of `from`.
pub struct AclSource {
    from: &'static str,
    /// Which rows are meant. Checked first: the function fails on an object of another kind.
    only: &'static str,
    oid: &'static str,
    /// The name for people, and as `GRANT … ON` spells it.
    name: &'static str,
    target: &'static str,
    owner: &'static str,
    acl: &'static str,
    /// The letter of `acldefault`.
    letter: &'static str,
    has_privilege: &'static str,
    /// Whether columns have ACLs of their own.
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

/// The server's own three thousand have smaller numbers, and asking about each of them takes longer than all the rest.
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
    /// `None` for what is no ACL of one object.
    pub fn of(class: Class) -> Option<AclSource> {
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
            // The server alone calls a trigger's function.
            Class::Definers => AclSource {
                only: "p.prosecdef AND p.prorettype NOT IN ('pg_catalog.trigger'::pg_catalog.regtype, \
                         'pg_catalog.event_trigger'::pg_catalog.regtype)",
                ..FUNCTION
            },
            Class::Functions => FUNCTION,
            _ => return None,
        })
    }

    /// Objects of this class on which the session's login has the privilege.
    pub fn query(&self, rule: &ForbiddenPrivilege, depth: Depth) -> Statement {
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

    /// The entries of its ACL, and those of its columns.
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
            own = own,
            oid = Keyword(self.oid),
        )
    }

    /// Through which entry of an ACL the login holds it: its own, PUBLIC's, or a group's that it inherits from.
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

/// Privilege, grantee and grantor of one entry.
pub fn entry() -> Statement {
    stmt!(
        "e.privilege_type AS privilege, \
         CASE WHEN e.grantee = 0 THEN NULL ELSE pg_catalog.pg_get_userbyid(e.grantee) END AS grantee, \
         pg_catalog.pg_get_userbyid(e.grantor) AS grantor"
    )
}

#[cfg(test)]
mod tests {
    use super::super::rules::PRIVILEGES;
    use super::*;

    #[test]
    fn every_class_that_is_asked_for_an_acl_privilege_has_a_row() {
        for rule in PRIVILEGES {
            assert_eq!(AclSource::of(rule.class).is_some(), !rule.asked.is_empty(), "{}", rule.what);
        }
    }
}
