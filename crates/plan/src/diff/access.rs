//! Roles beyond the four of each service: their existence and their members. Their privileges in a service's
//! database are compared with everything else in there.
//!
//! They come before all services, because several services may grant them something.

use super::comparison::{Comparison, StoredLogins};
use super::roles;
use crate::action::{Action, Attribute};
use crate::object::Object;
use crate::stage::{Risk, Stage};
use crate::step::{Plan, PrivilegeGap};
use martydb_model::contract::{Privilege, Privileges};
use martydb_model::{
    AccessRole, ActualRole, ActualServer, DbName, DesiredServer, Grantee, Membership, PG_MONITOR, RoleKind,
    RoleName,
};

pub(crate) fn diff(desired: &DesiredServer, actual: &ActualServer, stored: &StoredLogins, plan: &mut Plan) {
    let Ok(maintenance) = DbName::found(actual.maintenance.clone()) else { return };
    for role in desired.access.values() {
        let mut look = Comparison::new(desired, actual, stored, None, maintenance.clone());
        match actual.roles.get(&role.name) {
            // A role that has expired already is not created.
            None if role.expired => {}
            None => create(&mut look, role),
            Some(found) => alter(&mut look, role, found),
        }
        if !role.login {
            members(&mut look, role, plan);
        }
        if role.monitors {
            monitor(&mut look, role);
        }
        look.steps.iter_mut().for_each(|step| step.stage = Stage::Prepare);
        plan.steps.append(&mut look.steps);
        plan.prunable.append(&mut look.prunable);
    }
}

/// Returns the role kind whose attributes the role has.
fn kind(role: &AccessRole) -> RoleKind {
    if role.login && !role.expired { RoleKind::Readonly } else { RoleKind::Owner }
}

fn create(look: &mut Comparison<'_>, role: &AccessRole) {
    let (kind, limit) = (kind(role), role.connection_limit);
    let reason = if role.reason.is_empty() { "missing".into() } else { format!("missing: {}", role.reason) };
    look.add(Risk::Safe, Action::CreateRole { role: role.name.clone(), kind, limit }, reason);
    let marker = look.desired.marker();
    look.add(
        Risk::Safe,
        Action::MarkRole { role: role.name.clone(), marker, dates_password: kind.logs_in() },
        "tag as managed by this manifest",
    );
    replication(look, role, false);
}

/// Sets REPLICATION. PostgreSQL has no smaller privilege for it, so the reason names the consequences.
fn replication(look: &mut Comparison<'_>, role: &AccessRole, has_it: bool) {
    if !role.follows_changes() || has_it {
        return;
    }
    let attributes = vec![Attribute::Word("REPLICATION")];
    let reason =
        format!("set REPLICATION: PostgreSQL then lets {} copy every database of this server", role.name);
    look.add(Risk::Caution, Action::AlterRole { role: role.name.clone(), attributes }, reason);
}

/// Compares a role that exists. One that this manifest did not make keeps its attributes and password; only its
/// privileges here are ours to set.
fn alter(look: &mut Comparison<'_>, role: &AccessRole, found: &ActualRole) {
    let ours = look.is_ours(found.comment.as_deref());
    if role.login && !role.expired && ours {
        roles::password(look, &role.name);
    }
    replication(look, role, found.replication);
    if !ours {
        return;
    }
    let excused = if role.follows_changes() { &["REPLICATION"][..] } else { &[] };
    roles::attributes(look, &role.name, kind(role), found, excused);
    if role.login && !role.expired {
        roles::limit(look, &role.name, role.connection_limit, found);
    } else if found.login {
        look.steps.iter_mut().for_each(|step| step.risk = Risk::Caution);
    }
}

/// Grants what statistics need: membership in a predefined role, and CONNECT on the maintenance database
/// independent of PUBLIC's.
fn monitor(look: &mut Comparison<'_>, role: &AccessRole) {
    let held = |row: &&Membership| row.member == role.name;
    let (right, others): (Vec<_>, Vec<_>) =
        look.actual.memberships.iter().filter(held).partition(|row| row.role.as_str() == PG_MONITOR);
    for row in others.iter().chain(right.iter().filter(|row| row.admin)) {
        let reason = format!("{} is a member of {}: a monitor needs only {PG_MONITOR}", role.name, row.role);
        look.add(Risk::Caution, roles::ending(row), reason);
    }
    if let Ok(of) = RoleName::found(PG_MONITOR)
        && !right.iter().any(|row| row.inherit && !row.admin)
    {
        let reason = format!("{} reads the statistics of every session and database", role.name);
        look.add(
            Risk::Safe,
            Action::GrantMembership { role: of, member: role.name.clone(), inherit: true },
            reason,
        );
    }
    let to = Grantee::Role(role.name.clone());
    let found = look.actual.databases.get(&look.database);
    let entries = found.into_iter().flat_map(|found| &found.acl);
    let connect = Privilege::Connect;
    if !entries.into_iter().any(|entry| entry.grantee == to && entry.privilege == connect.name()) {
        let on = Object::Database(look.database.clone());
        let reason = format!("{} reads statistics there", role.name);
        look.add(Risk::Safe, Action::Grant { on, privileges: Privileges::new([connect]), to }, reason);
    }
}

fn members(look: &mut Comparison<'_>, role: &AccessRole, plan: &mut Plan) {
    let is_member = |found: &&Membership| found.role == role.name;
    let found: Vec<&Membership> = look.actual.memberships.iter().filter(is_member).collect();
    for row in &found {
        let admin = row.member.as_str() == look.actual.admin.name && row.is_admin_alone();
        let declared = role.members.contains(&row.member) && !role.expired;
        if !admin && (!declared || row.admin) {
            let reason = format!("{} is a member of {}: not in the manifest", row.member, role.name);
            look.add(Risk::Caution, roles::ending(row), reason);
        }
    }
    let is_in = |member: &RoleName| found.iter().any(|row| row.member == *member && !row.admin);
    for member in role.members.iter().filter(|member| !role.expired && !is_in(member)) {
        if !look.actual.roles.contains_key(member) && !look.desired.access.contains_key(member) {
            plan.limits.push(absent(look.desired, role, member));
            continue;
        }
        let (role, member) = (role.name.clone(), member.clone());
        let reason = format!("{member} is not a member of {role}");
        look.add(Risk::Safe, Action::GrantMembership { role, member, inherit: true }, reason);
    }
}

/// Reports a missing member: martydb does not create the logins of people.
fn absent(desired: &DesiredServer, role: &AccessRole, member: &RoleName) -> PrivilegeGap {
    let what = format!("make {member} a member of {}", role.name);
    PrivilegeGap::without_grant(&desired.name, None, what, format!("the server has no role {member}"))
}
