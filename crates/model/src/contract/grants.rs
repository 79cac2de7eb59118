//! The table of privileges: by role and class of objects, with the source of each grant.

use super::ObjectClass::{
    self, Database, Extensions, Function, Schema, SecurityDefiner, Sequence, Table, Type,
};
use super::Privilege::{self, Connect, Create, Delete, Execute, Insert, Select, Temporary, Update, Usage};
use crate::RoleKind::{self, App, Migrator, Owner, Readonly};

#[derive(Debug, Clone, Copy)]
pub struct Grant {
    pub class: ObjectClass,
    pub role: RoleKind,
    pub privileges: &'static [Privilege],
    pub by: GrantedBy,
}

/// Source of a grant, which decides if its absence is drift.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantedBy {
    /// `apply`, on each object: a missing grant is drift. On schemas the default privileges grant it too.
    Apply,
    /// Default privileges, on the owner's new objects. A migration may revoke it again.
    DefaultPrivileges,
    /// A migration, if the service needs it.
    Migration,
}

const fn row(class: ObjectClass, role: RoleKind, privileges: &'static [Privilege], by: GrantedBy) -> Grant {
    Grant { class, role, privileges, by }
}

/// Each class and role at most once; no entry means no privilege. No role holds a grant option.
#[rustfmt::skip]
pub const GRANTS: &[Grant] = &[
    row(Database, Owner,    &[Create, Temporary],  GrantedBy::Apply),
    row(Database, Migrator, &[Connect],            GrantedBy::Apply),
    row(Database, App,      &[Connect, Temporary], GrantedBy::Apply),
    row(Database, Readonly, &[Connect],            GrantedBy::Apply),
    row(Schema, App,      &[Usage], GrantedBy::Apply),
    row(Schema, Readonly, &[Usage], GrantedBy::Apply),
    row(Extensions, Owner,    &[Usage], GrantedBy::Apply),
    row(Extensions, Migrator, &[Usage], GrantedBy::Apply),
    row(Extensions, App,      &[Usage], GrantedBy::Apply),
    row(Extensions, Readonly, &[Usage], GrantedBy::Apply),
    row(Table, App,      &[Select, Insert, Update, Delete], GrantedBy::DefaultPrivileges),
    row(Table, Readonly, &[Select],                         GrantedBy::DefaultPrivileges),
    row(Sequence, App,      &[Usage, Select], GrantedBy::DefaultPrivileges),
    row(Sequence, Readonly, &[Select],        GrantedBy::DefaultPrivileges),
    row(Function, App,      &[Execute], GrantedBy::DefaultPrivileges),
    row(Function, Readonly, &[Execute], GrantedBy::Migration),
    row(SecurityDefiner, App, &[Execute], GrantedBy::DefaultPrivileges),
];

/// PostgreSQL's own grants to PUBLIC on a new object, revoked by `apply`
/// (<https://www.postgresql.org/docs/current/ddl-priv.html>).
const BUILTIN: &[(ObjectClass, &[Privilege])] = &[
    (Database, &[Connect, Temporary]),
    (Function, &[Execute]),
    (SecurityDefiner, &[Execute]),
    (Type, &[Usage]),
];

fn find(role: RoleKind, class: ObjectClass) -> Option<&'static Grant> {
    GRANTS.iter().find(|row| row.role == role && row.class == class)
}

/// Returns the most that the role may hold.
pub fn allowed(role: RoleKind, class: ObjectClass) -> &'static [Privilege] {
    find(role, class).map_or(&[], |row| row.privileges)
}

/// Returns what `apply` or the default privileges grant to it.
pub fn granted(role: RoleKind, class: ObjectClass) -> &'static [Privilege] {
    find(role, class).filter(|row| row.by != GrantedBy::Migration).map_or(&[], |row| row.privileges)
}

/// Returns `true` if the role may hold the privilege, by the table or as the object's owner.
pub fn allows(role: RoleKind, class: ObjectClass, privilege: &str) -> bool {
    let owns = role == Owner && class.belongs_to_owner();
    owns || allowed(role, class).contains(&Privilege::named(privilege))
}

/// Returns PUBLIC's privileges on a new object of that class unless they are revoked.
pub fn builtin(class: ObjectClass) -> &'static [Privilege] {
    BUILTIN.iter().find(|row| row.0 == class).map_or(&[], |row| row.1)
}
