//! The question about rights, put to the server in the login's own session: one statement, one answer row for each
//! object that it can do something with. Every name is the server's own, and nothing that a tenant made is called.

mod next;
mod objects;
mod roles;

use super::Insider;
use super::table::{Class, RIGHTS, Right};
use crate::sql::{Literal, Literals, ServerText, Statement};
use crate::stmt;
use objects::{database, functions, large_objects, relations, schemas, types};
use roles::{ATTRIBUTES, attributes, role_admin, server};

pub use roles::SUPERUSER;

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
        Class::Types => types(insider),
        Class::LargeObjects => large_objects(insider),
        Class::Defaults => next::defaults(insider),
        Class::Server => server(),
        Class::Roles => roles::roles(insider),
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

/// An array of names.
fn names(all: &[String]) -> Statement {
    stmt!("ARRAY[{all}]::pg_catalog.name[]", all = Literals(all.to_vec()))
}
