//! REVOKE of privileges, default privileges and memberships.

use super::fix::{Repair, RepairScope, ident};
use crate::contract::DefaultKind;
use crate::model::{AclEntry, DbName, Grantee, RoleName};
use crate::sql::{Keyword, ServerText, Statement, stmt};

/// What privileges are held on.
#[derive(Debug, Clone, Copy)]
pub struct Securable<'a> {
    /// As `GRANT … ON` spells it, quoted.
    on: &'a str,
    owner: &'a str,
    scope: RepairScope,
}

impl<'a> Securable<'a> {
    pub fn inside(on: &'a str, owner: &'a str) -> Securable<'a> {
        Securable { on, owner, scope: RepairScope::Database }
    }

    /// A database, a tablespace or a parameter.
    pub fn shared(on: &'a str, owner: &'a str) -> Securable<'a> {
        Securable { on, owner, scope: RepairScope::Server }
    }
}

fn words(grantee: &Grantee) -> Statement {
    grantee.role().map_or(stmt!("PUBLIC"), |role| stmt!("{role}", role = role))
}

/// The words of a privilege that the server spelt: letters, digits and spaces only, or all privileges.
pub fn privilege(name: &str) -> ServerText {
    let plain = name.chars().all(|c| c.is_ascii_uppercase() || c == ' ');
    ServerText::quoted_by_server(if plain && !name.is_empty() { name.into() } else { "ALL".into() })
}

const ALL_OF_IT: Keyword = Keyword("");
const GRANT_OPTION: Keyword = Keyword("GRANT OPTION FOR ");

pub fn revoke(entry: &AclEntry, column: Option<&str>, on: &Securable<'_>) -> Repair {
    of_privilege(ALL_OF_IT, entry, column, on)
}

/// The privilege stays and its grant option goes.
pub fn revoke_option(entry: &AclEntry, column: Option<&str>, on: &Securable<'_>) -> Repair {
    of_privilege(GRANT_OPTION, entry, column, on)
}

fn of_privilege(what: Keyword, entry: &AclEntry, column: Option<&str>, on: &Securable<'_>) -> Repair {
    let change = stmt!(
        "REVOKE {what}{p}{columns} ON {on} FROM {who}",
        what = what,
        p = privilege(&entry.privilege),
        columns = column.map_or(stmt!(""), |column| stmt!(" ({c})", c = ident(column))),
        on = ServerText::quoted_by_server(on.on.into()),
        who = words(&entry.grantee),
    );
    let speaker = Some(entry.grantor.as_str()).filter(|grantor| *grantor != on.owner);
    Repair::revoke(on.scope, change).spoken_by(speaker)
}

/// CONNECT on a database, by its owner or by another grantor.
pub fn revoke_connect(database: &DbName, grantee: &Grantee, grantor: Option<&RoleName>) -> Repair {
    let change = stmt!("REVOKE CONNECT ON DATABASE {db} FROM {who}", db = database, who = words(grantee));
    Repair::revoke(RepairScope::Server, change).spoken_by(grantor.map(RoleName::as_str))
}

/// Takes a privilege on what `role` will make.
pub fn revoke_default(role: &str, schema: Option<&str>, on: DefaultKind, entry: &AclEntry) -> Repair {
    of_default(ALL_OF_IT, role, schema, on, entry)
}

pub fn revoke_default_option(role: &str, schema: Option<&str>, on: DefaultKind, entry: &AclEntry) -> Repair {
    of_default(GRANT_OPTION, role, schema, on, entry)
}

fn of_default(what: Keyword, role: &str, schema: Option<&str>, on: DefaultKind, entry: &AclEntry) -> Repair {
    let change = stmt!(
        "ALTER DEFAULT PRIVILEGES FOR ROLE {role}{place} REVOKE {what}{p} ON {on} FROM {who}",
        role = ident(role),
        place = schema.map_or(stmt!(""), |schema| stmt!(" IN SCHEMA {s}", s = ident(schema))),
        what = what,
        p = privilege(&entry.privilege),
        on = Keyword(on.word()),
        who = words(&entry.grantee),
    );
    Repair::revoke(RepairScope::Database, change).restrict()
}

/// Ends a membership. From 16 on each grantor has a row of its own, and REVOKE takes only that of the one it names.
pub fn revoke_membership(group: &str, member: &str, grantor: Option<&str>, major: u32) -> Repair {
    of_membership(ALL_OF_IT, group, member, grantor, major)
}

pub fn revoke_admin_option(group: &str, member: &str, grantor: Option<&str>, major: u32) -> Repair {
    of_membership(Keyword("ADMIN OPTION FOR "), group, member, grantor, major)
}

fn of_membership(what: Keyword, group: &str, member: &str, grantor: Option<&str>, major: u32) -> Repair {
    let (group, member) = (ident(group), ident(member));
    let change = stmt!("REVOKE {what}{group} FROM {member}", what = what, group = group, member = member);
    Repair::revoke(RepairScope::Server, change).granted_by(grantor.filter(|_| major >= 16))
}
