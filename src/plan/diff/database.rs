//! The database itself: that it exists, its owner, who may enter it.

use super::acl::{Acl, Wanted, entry};
use super::{Look, Steps};
use crate::model::{ActualDatabase, DbName, DesiredService, RoleKind, RoleName};
use crate::plan::{Action, Object, Privilege, Risk};

pub fn diff(look: &Look<'_>, service: &DesiredService, steps: &mut Steps<'_>) {
    match look.actual.databases.get(&service.database) {
        None => create(look, service, steps),
        Some(found) => alter(look, service, found, steps),
    }
}

/// Who the database should belong to, if its present owner will not do.
fn owner(look: &Look<'_>, found: Option<&str>) -> Option<RoleName> {
    let admin = || RoleName::found(look.actual.admin.name.clone()).ok();
    let pinned = look.desired.database_owner.clone();
    match (found, pinned) {
        (None, pinned) => pinned.or_else(admin),
        (Some(found), Some(pinned)) => (found != pinned.as_str()).then_some(pinned),
        (Some(found), None) if acceptable(look, found) => None,
        (Some(_), None) => admin(),
    }
}

/// No service's role, and a superuser, the admin, or a role that the admin is a member of.
fn acceptable(look: &Look<'_>, owner: &str) -> bool {
    let Ok(name) = RoleName::found(owner) else { return false };
    let superuser = look.actual.roles.get(&name).is_some_and(|role| role.superuser);
    let admin = look.actual.admin.name == owner;
    let of_admin = || {
        let mut memberships = look.actual.memberships.iter();
        memberships.any(|found| {
            // From 16 on a membership may consist of ADMIN alone, which does not even open the database's door.
            let usable = look.actual.major() < 16 || (found.inherit && found.set);
            usable && found.role == name && found.member.as_str() == look.actual.admin.name
        })
    };
    look.desired.managed_role(&name).is_none() && (superuser || admin || of_admin())
}

fn create(look: &Look<'_>, service: &DesiredService, steps: &mut Steps<'_>) {
    let database = &service.database;
    let Some(owner) = owner(look, None) else { return };
    let reason = format!("the database of {} does not exist", service.name);
    steps.add(
        Risk::Safe,
        Action::CreateDatabase { database: database.clone(), owner: owner.clone() },
        reason,
    );
    mark(look, database, steps);
    // What PostgreSQL gives everybody on a new database; it is taken away before anyone may connect.
    let fresh = ActualDatabase {
        owner: owner.to_string(),
        acl: fresh_acl(&owner),
        connection_limit: -1,
        ..ActualDatabase::default()
    };
    rights(look, service, &fresh, steps);
}

fn mark(look: &Look<'_>, database: &DbName, steps: &mut Steps<'_>) {
    let marker = look.desired.marker();
    let mark = Action::MarkDatabase { database: database.clone(), marker };
    steps.add(Risk::Safe, mark, "marks the database as made by this manifest");
}

fn fresh_acl(owner: &RoleName) -> Vec<crate::model::AclEntry> {
    let public = |privilege: &str| crate::model::AclEntry {
        grantee: crate::model::Grantee::Public,
        grantor: owner.clone(),
        privilege: privilege.into(),
        grantable: false,
    };
    vec![public("CONNECT"), public("TEMPORARY")]
}

fn alter(look: &Look<'_>, service: &DesiredService, found: &ActualDatabase, steps: &mut Steps<'_>) {
    let database = service.database.clone();
    if let Some(owner) = owner(look, Some(&found.owner)) {
        steps.own(look.caution(&database), Object::Database(database.clone()), &found.owner, &owner);
    }
    if !found.allow_connections && found.comment.is_none() {
        mark(look, &database, steps);
    }
    rights(look, service, found, steps);
    if found.is_template {
        let reason = format!("anyone with CREATEDB may copy {database}, a template");
        steps.add(Risk::Safe, Action::NoTemplate { database: database.clone() }, reason);
    }
    if found.connection_limit != -1 {
        let reason =
            format!("database {database} has a connection limit of its own: {}", found.connection_limit);
        steps.add(Risk::Safe, Action::Unlimit { database: database.clone() }, reason);
    }
    for (name, value) in &found.settings {
        let reason = format!("database {database} has {name} = {value}, and nobody declared it");
        let action =
            Action::ResetSetting { role: None, database: Some(database.clone()), name: name.clone() };
        steps.add_at(crate::plan::Stage::Open, look.caution(&database), action, reason);
    }
}

/// Closes first, opens after, and lets the service's own logins in.
fn rights(look: &Look<'_>, service: &DesiredService, found: &ActualDatabase, steps: &mut Steps<'_>) {
    let database = &service.database;
    let mut wanted: Wanted = [
        entry(service.role(RoleKind::Owner), &[Privilege::Create, Privilege::Temporary]),
        entry(service.role(RoleKind::Migrator), &[Privilege::Connect]),
        entry(service.role(RoleKind::App), &[Privilege::Connect, Privilege::Temporary]),
        entry(service.role(RoleKind::Readonly), &[Privilege::Connect]),
    ]
    .into();
    // The twins of the other logins inherit it; this one inherits nothing, like the migrator itself.
    wanted.extend(look.twin(service, RoleKind::Migrator).map(|twin| entry(&twin, &[Privilege::Connect])));
    let acl = Acl {
        on: Object::Database(database.clone()),
        owner: &found.owner,
        found: &found.acl,
        public_risk: look.caution(database),
    };
    acl.beyond(look, &wanted, steps);
    if !found.allow_connections {
        let reason = format!("database {database} accepts no connections");
        steps.add(Risk::Safe, Action::AllowConnections { database: database.clone() }, reason);
    }
    acl.missing(&wanted, steps);
}
