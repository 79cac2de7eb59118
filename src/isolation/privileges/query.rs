//! The question about privileges, put to the server in the login's own session: one statement, one answer row for each
//! object that it can do something with. Every name is the server's own, and nothing that a service made is called.

use super::catalogue;
use super::classes::{AclSource, Depth};
use super::context::LoginContext;
use super::rules::{Class, ForbiddenPrivilege, PRIVILEGES};
use crate::contract::{HISTORY_SCHEMA, REFINERY_TABLE};
use crate::sql::{Literal, Statement, stmt};

/// Objects reported for each privilege: the first few are enough.
const SHOWN: i64 = 20;

/// The columns of an answer, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldPrivilege {
    /// The rule, by its index in the table.
    pub rule: usize,
    pub object: String,
    /// As `GRANT … ON` spells it; the group for roles, the attribute for attributes.
    pub on: Option<String>,
    pub owner: Option<String>,
    /// One column of it.
    pub column: Option<String>,
    /// As the ACL spells it; `None` where no entry explains it, as with an owner or a superuser.
    pub privilege: Option<String>,
    /// Who holds it; `None` is PUBLIC.
    pub grantee: Option<String>,
    pub grantor: Option<String>,
}

impl HeldPrivilege {
    pub fn read(row: &[Option<String>]) -> Option<HeldPrivilege> {
        let [rule, object, on, owner, column, privilege, grantee, grantor] = row.to_vec().try_into().ok()?;
        let rule: usize = rule?.parse().ok().filter(|at| *at < PRIVILEGES.len())?;
        Some(HeldPrivilege { rule, object: object?, on, owner, column, privilege, grantee, grantor })
    }
}

/// The privileges that this login is asked about, by their indexes in the table.
pub fn applicable(context: &LoginContext<'_>) -> Vec<usize> {
    let fits = |row: &ForbiddenPrivilege| row.is_denied_to(context.login.kind) && context.major >= row.since;
    PRIVILEGES.iter().enumerate().filter(|(_, row)| fits(row)).map(|(at, _)| at).collect()
}

/// Whether the session started without a role or a search path that a login event trigger set.
pub fn unchanged_session() -> Statement {
    stmt!(
        "SELECT (current_user = session_user AND pg_catalog.current_setting('search_path') = 'pg_catalog')::text"
    )
}

pub fn held(context: &LoginContext<'_>, depth: Depth) -> Statement {
    let all = applicable(context).into_iter().map(|at| of_rule(context, at, depth));
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
        history = Literal(HISTORY_SCHEMA.into()),
        refinery = Literal(REFINERY_TABLE.into()),
        first = Literal(context.schemas.first().cloned().unwrap_or_default()),
        all = all.unwrap_or_default(),
    )
}

fn of_rule(context: &LoginContext<'_>, at: usize, depth: Depth) -> Statement {
    let rule = &PRIVILEGES[at];
    let body = match rule.class {
        Class::Types => catalogue::types(context),
        Class::LargeObjects => catalogue::large_objects(context),
        Class::Defaults => catalogue::defaults(context),
        Class::Server => catalogue::server(),
        Class::Roles => catalogue::roles(context),
        Class::RoleAdmin => catalogue::role_admin(context),
        Class::Attributes => catalogue::attributes(),
        class => AclSource::of(class).expect("every other class has an ACL").query(rule, depth),
    };
    stmt!(
        "(SELECT {at}::text, a.object::text, a.target::text, a.owner::text, a.part::text, a.privilege::text, \
         a.grantee::text, a.grantor::text FROM ({body}) a LIMIT {shown})",
        at = i64::try_from(at).unwrap_or_default(),
        body = body,
        shown = SHOWN,
    )
}
