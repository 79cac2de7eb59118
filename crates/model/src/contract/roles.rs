//! Attributes and memberships of the roles.

use crate::ActualRole;
use crate::RoleKind::{self, App, Migrator, Owner, Readonly};

/// An attribute of a role: its keywords in `ALTER ROLE`, its column in `pg_roles`, and the roles that have it.
#[derive(Debug)]
pub struct RoleAttribute {
    pub on: &'static str,
    pub off: &'static str,
    pub column: &'static str,
    pub is_set: fn(&ActualRole) -> bool,
    roles: &'static [RoleKind],
}

impl RoleAttribute {
    pub fn belongs_to(&self, role: RoleKind) -> bool {
        self.roles.contains(&role)
    }

    pub fn word(&self, role: RoleKind) -> &'static str {
        if self.belongs_to(role) { self.on } else { self.off }
    }

    /// Returns `true` if no role of a service has it.
    pub fn is_power(&self) -> bool {
        self.roles.is_empty()
    }
}

pub const LOGIN: RoleAttribute = RoleAttribute {
    on: "LOGIN",
    off: "NOLOGIN",
    column: "rolcanlogin",
    is_set: |role| role.login,
    roles: &RoleKind::LOGINS,
};

/// With INHERIT, the migrator would silently create objects of its own; without it, such mistakes fail.
pub const INHERIT: RoleAttribute = RoleAttribute {
    on: "INHERIT",
    off: "NOINHERIT",
    column: "rolinherit",
    is_set: |role| role.inherit,
    roles: &[Owner, App, Readonly],
};

#[rustfmt::skip]
pub const ATTRIBUTES: &[RoleAttribute] = &[
    LOGIN,
    INHERIT,
    RoleAttribute { on: "SUPERUSER", off: "NOSUPERUSER", column: "rolsuper", is_set: |role| role.superuser, roles: &[] },
    RoleAttribute { on: "CREATEDB", off: "NOCREATEDB", column: "rolcreatedb", is_set: |role| role.createdb, roles: &[] },
    RoleAttribute { on: "CREATEROLE", off: "NOCREATEROLE", column: "rolcreaterole", is_set: |role| role.createrole, roles: &[] },
    RoleAttribute { on: "REPLICATION", off: "NOREPLICATION", column: "rolreplication", is_set: |role| role.replication, roles: &[] },
    RoleAttribute { on: "BYPASSRLS", off: "NOBYPASSRLS", column: "rolbypassrls", is_set: |role| role.bypassrls, roles: &[] },
];

/// One of the two logins of a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberLogin {
    Primary,
    /// The one made by `rotate --overlap`.
    Alternate,
}

/// A login that is a member of a role of its service, never with ADMIN.
#[derive(Debug, Clone, Copy)]
pub struct MembershipRule {
    pub member: RoleKind,
    pub login: MemberLogin,
    pub of: RoleKind,
    /// If `false`, the member must run `SET ROLE`.
    pub inherit: bool,
}

#[rustfmt::skip]
pub const MEMBERSHIPS: &[MembershipRule] = &[
    MembershipRule { member: Migrator, login: MemberLogin::Primary,   of: Owner,    inherit: false },
    MembershipRule { member: Migrator, login: MemberLogin::Alternate, of: Owner,    inherit: false },
    MembershipRule { member: App,      login: MemberLogin::Alternate, of: App,      inherit: true },
    MembershipRule { member: Readonly, login: MemberLogin::Alternate, of: Readonly, inherit: true },
];

/// Returns the role that a login acts as, by the setting `role` if it is not itself: the migrator as the owner, an
/// alternate as its primary. Row policies and new large objects then see the same `current_user`.
pub fn acts_as(kind: RoleKind) -> RoleKind {
    let rule = MEMBERSHIPS.iter().find(|rule| rule.member == kind && rule.login == MemberLogin::Alternate);
    rule.map_or(kind, |rule| rule.of)
}

pub fn acts_as_owner(kind: RoleKind) -> bool {
    acts_as(kind) == Owner
}
