//! REVOKE of privileges, default privileges and memberships.

use super::fix::{Repair, RepairScope, ident};
use crate::contract::{DefaultKind, Privilege, Privileges};
use crate::sql::{Fragment, Keyword, ServerText, Statement, stmt};
use crate::{AclEntry, DbName, Grantee, RoleName};

/// The object of a REVOKE.
#[derive(Debug, Clone, Copy)]
pub struct Securable<'a> {
    /// Name and kind as in `GRANT … ON`, quoted.
    on: &'a str,
    owner: &'a str,
    scope: RepairScope,
}

impl<'a> Securable<'a> {
    pub fn inside(on: &'a str, owner: &'a str) -> Securable<'a> {
        Securable { on, owner, scope: RepairScope::Database }
    }

    /// Makes one for a database, a tablespace or a parameter.
    pub fn shared(on: &'a str, owner: &'a str) -> Securable<'a> {
        Securable { on, owner, scope: RepairScope::Server }
    }
}

/// Checks a privilege spelled by the server: uppercase letters and spaces; anything else becomes ALL.
pub fn privilege(name: &str) -> ServerText {
    let plain = name.chars().all(|c| c.is_ascii_uppercase() || c == ' ');
    ServerText::quoted_by_server(if plain && !name.is_empty() { name.into() } else { "ALL".into() })
}

/// Builds a REVOKE of privileges, or only of their grant option.
pub fn revocation(only_option: bool, what: impl Fragment, on: impl Fragment, from: &Grantee) -> Statement {
    let option = Keyword(if only_option { "GRANT OPTION FOR " } else { "" });
    stmt!("REVOKE {option}{what} ON {on} FROM {from}")
}

/// Builds ALTER DEFAULT PRIVILEGES for a role's future objects, in one schema or in all.
pub fn default_privileges(
    role: impl Fragment,
    schema: Option<impl Fragment>,
    change: &Statement,
) -> Statement {
    let place = schema.map_or(stmt!(""), |schema| stmt!(" IN SCHEMA {schema}"));
    stmt!("ALTER DEFAULT PRIVILEGES FOR ROLE {role}{place} {change}")
}

pub fn revoke(entry: &AclEntry, column: Option<&str>, on: &Securable<'_>) -> Repair {
    of_privilege(false, entry, column, on)
}

/// Revokes only the grant option of a privilege.
pub fn revoke_option(entry: &AclEntry, column: Option<&str>, on: &Securable<'_>) -> Repair {
    of_privilege(true, entry, column, on)
}

fn of_privilege(only_option: bool, entry: &AclEntry, column: Option<&str>, on: &Securable<'_>) -> Repair {
    let columns = column.map_or(stmt!(""), |column| stmt!(" ({c})", c = ident(column)));
    let what = stmt!("{p}{columns}", p = privilege(&entry.privilege));
    let object = ServerText::quoted_by_server(on.on.into());
    let speaker = Some(entry.grantor.as_str()).filter(|grantor| *grantor != on.owner);
    Repair::revoke(on.scope, revocation(only_option, what, object, &entry.grantee)).run_as_role(speaker)
}

/// Revokes CONNECT on a database, as its owner or as another grantor.
pub fn revoke_connect(database: &DbName, grantee: &Grantee, grantor: Option<&RoleName>) -> Repair {
    let change = stmt!("REVOKE CONNECT ON DATABASE {database} FROM {grantee}");
    Repair::revoke(RepairScope::Server, change).run_as_role(grantor.map(RoleName::as_str))
}

/// Revokes a privilege on future objects of `role`.
pub fn revoke_default(role: &str, schema: Option<&str>, on: DefaultKind, entry: &AclEntry) -> Repair {
    of_default(false, role, schema, on, entry)
}

pub fn revoke_default_option(role: &str, schema: Option<&str>, on: DefaultKind, entry: &AclEntry) -> Repair {
    of_default(true, role, schema, on, entry)
}

fn of_default(
    only_option: bool,
    role: &str,
    schema: Option<&str>,
    on: DefaultKind,
    entry: &AclEntry,
) -> Repair {
    let taken = revocation(only_option, privilege(&entry.privilege), Keyword(on.word()), &entry.grantee);
    let change = default_privileges(ident(role), schema.map(ident), &taken);
    Repair::revoke(RepairScope::Database, change).restrict()
}

/// Revokes a membership. Since 16 each grantor has a row of its own, and REVOKE removes only the named grantor's.
pub fn revoke_membership(group: &str, member: &str, grantor: Option<&str>, major: u32) -> Repair {
    of_membership("", group, member, grantor, major)
}

pub fn revoke_admin_option(group: &str, member: &str, grantor: Option<&str>, major: u32) -> Repair {
    of_membership("ADMIN OPTION FOR ", group, member, grantor, major).part_of(membership("", group, member))
}

fn of_membership(what: &'static str, group: &str, member: &str, grantor: Option<&str>, major: u32) -> Repair {
    let change = membership(what, group, member);
    Repair::revoke(RepairScope::Server, change).granted_by(grantor.filter(|_| major >= 16))
}

fn membership(what: &'static str, group: &str, member: &str) -> Statement {
    let (what, group, member) = (Keyword(what), ident(group), ident(member));
    stmt!("REVOKE {what}{group} FROM {member}")
}

/// Grants the former owner its contract privileges: with the ownership it loses all. `None` if there are none.
pub fn grant_to_former_owner(privileges: &[Privilege], on: &Securable<'_>) -> Option<Repair> {
    let what = Privileges::new(privileges.iter().copied());
    let object = ServerText::quoted_by_server(on.on.into());
    let change = stmt!("GRANT {what} ON {object} TO {owner}", owner = ident(on.owner));
    (!privileges.is_empty()).then(|| Repair::alter(on.scope, change))
}
