//! The table of privileges: which role holds what on which class of objects, and who grants it.

use super::ObjectClass::{self, Database, Function, Schema, SecurityDefiner, Sequence, Table, Type};
use super::Privilege::{self, Connect, Create, Delete, Execute, Insert, Select, Temporary, Update, Usage};
use crate::RoleKind::{self, App, Migrator, Owner, Readonly};

#[derive(Debug, Clone, Copy)]
pub struct Grant {
    pub class: ObjectClass,
    pub role: RoleKind,
    pub privileges: &'static [Privilege],
    pub by: GrantedBy,
}

/// Who grants it, and so whether its absence is drift.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantedBy {
    /// `apply`, on each object: a missing grant is drift. On schemas the default privileges grant it too.
    Apply,
    /// The default privileges, on whatever the owner makes. A migration may revoke it again.
    DefaultPrivileges,
    /// A migration, if the service needs it.
    Migration,
}

const fn row(class: ObjectClass, role: RoleKind, privileges: &'static [Privilege], by: GrantedBy) -> Grant {
    Grant { class, role, privileges, by }
}

/// Each class and role at most once; what is missing holds nothing. No role holds a grant option.
#[rustfmt::skip]
pub const GRANTS: &[Grant] = &[
    row(Database, Owner,    &[Create, Temporary],  GrantedBy::Apply),
    row(Database, Migrator, &[Connect],            GrantedBy::Apply),
    row(Database, App,      &[Connect, Temporary], GrantedBy::Apply),
    row(Database, Readonly, &[Connect],            GrantedBy::Apply),
    row(Schema, App,      &[Usage], GrantedBy::Apply),
    row(Schema, Readonly, &[Usage], GrantedBy::Apply),
    row(Table, App,      &[Select, Insert, Update, Delete], GrantedBy::DefaultPrivileges),
    row(Table, Readonly, &[Select],                         GrantedBy::DefaultPrivileges),
    row(Sequence, App,      &[Usage, Select], GrantedBy::DefaultPrivileges),
    row(Sequence, Readonly, &[Select],        GrantedBy::DefaultPrivileges),
    row(Function, App,      &[Execute], GrantedBy::DefaultPrivileges),
    row(Function, Readonly, &[Execute], GrantedBy::Migration),
    row(SecurityDefiner, App, &[Execute], GrantedBy::DefaultPrivileges),
];

/// What PostgreSQL itself grants to PUBLIC on a new object, and `apply` revokes
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

/// What the role may hold at most.
pub fn allowed(role: RoleKind, class: ObjectClass) -> &'static [Privilege] {
    find(role, class).map_or(&[], |row| row.privileges)
}

/// What `apply` or the default privileges grant it.
pub fn granted(role: RoleKind, class: ObjectClass) -> &'static [Privilege] {
    find(role, class).filter(|row| row.by != GrantedBy::Migration).map_or(&[], |row| row.privileges)
}

/// Whether the role may hold the privilege: by the table, or because it owns the object.
pub fn allows(role: RoleKind, class: ObjectClass, privilege: &str) -> bool {
    let owns = role == Owner && class.belongs_to_owner();
    owns || allowed(role, class).contains(&Privilege::named(privilege))
}

/// What PUBLIC holds on a new object of that class unless it is revoked.
pub fn builtin(class: ObjectClass) -> &'static [Privilege] {
    BUILTIN.iter().find(|row| row.0 == class).map_or(&[], |row| row.1)
}
