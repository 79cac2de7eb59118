//! The database itself: that it exists, its owner, who may enter it.

use super::acl::{Acl, wanted};
use super::comparison::Comparison;
use super::service_steps::ServiceSteps;
use crate::contract::{MEMBERSHIPS, MemberLogin, ObjectClass, Privilege, builtin, granted};
use crate::model::{AclEntry, ActualDatabase, DbName, DesiredService, Grantee, RoleName};
use crate::plan::action::Action;
use crate::plan::object::Object;
use crate::plan::stage::{Risk, Stage};

pub fn diff(look: &Comparison<'_>, service: &DesiredService, steps: &mut ServiceSteps<'_>) {
    match look.actual.databases.get(&service.database) {
        None => create(look, service, steps),
        Some(found) => alter(look, service, found, steps),
    }
}

/// Who the database should belong to, if its present owner will not do.
fn owner(look: &Comparison<'_>, found: Option<&str>) -> Option<RoleName> {
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
fn acceptable(look: &Comparison<'_>, owner: &str) -> bool {
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

fn create(look: &Comparison<'_>, service: &DesiredService, steps: &mut ServiceSteps<'_>) {
    let database = &service.database;
    let Some(owner) = owner(look, None) else { return };
    let reason = "missing";
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

fn mark(look: &Comparison<'_>, database: &DbName, steps: &mut ServiceSteps<'_>) {
    let marker = look.desired.marker();
    let mark = Action::MarkDatabase { database: database.clone(), marker };
    steps.add(Risk::Safe, mark, "tag as managed by this manifest");
}

fn fresh_acl(owner: &RoleName) -> Vec<AclEntry> {
    let public = |privilege: &Privilege| AclEntry {
        grantee: Grantee::Public,
        grantor: owner.clone(),
        privilege: privilege.name().into(),
        grantable: false,
    };
    builtin(ObjectClass::Database).iter().map(public).collect()
}

fn alter(
    look: &Comparison<'_>,
    service: &DesiredService,
    found: &ActualDatabase,
    steps: &mut ServiceSteps<'_>,
) {
    let database = service.database.clone();
    if let Some(owner) = owner(look, Some(&found.owner)) {
        steps.set_owner(look.caution(&database), Object::Database(database.clone()), &found.owner, &owner);
    }
    if !found.allow_connections && found.comment.is_none() {
        mark(look, &database, steps);
    }
    rights(look, service, found, steps);
    if found.is_template {
        let reason = "any role with CREATEDB can copy a template";
        steps.add(Risk::Safe, Action::NoTemplate { database: database.clone() }, reason);
    }
    if found.connection_limit != -1 {
        let reason = format!("remove the connection limit of the database: {}", found.connection_limit);
        steps.add(Risk::Safe, Action::ClearConnectionLimit { database: database.clone() }, reason);
    }
    for (name, value) in &found.settings {
        let reason = format!("database {database} has {name} = {value}: not in the manifest");
        let action =
            Action::ResetSetting { role: None, database: Some(database.clone()), name: name.clone() };
        steps.add_at(Stage::AlterDatabase, look.caution(&database), action, reason);
    }
}

/// Closes first, opens after, and lets the service's own logins in.
fn rights(
    look: &Comparison<'_>,
    service: &DesiredService,
    found: &ActualDatabase,
    steps: &mut ServiceSteps<'_>,
) {
    let database = &service.database;
    let mut wanted = wanted(service, ObjectClass::Database, granted);
    // The other alternates inherit it from their primaries.
    let alone = MEMBERSHIPS.iter().filter(|rule| rule.login == MemberLogin::Alternate && !rule.inherit);
    for (alternate, kind) in
        alone.filter_map(|rule| Some((look.alternate(service, rule.member)?, rule.member)))
    {
        let privileges = granted(kind, ObjectClass::Database).iter().copied().collect();
        wanted.insert(Grantee::Role(alternate), privileges);
    }
    let acl = Acl {
        on: Object::Database(database.clone()),
        owner: &found.owner,
        found: &found.acl,
        public_risk: look.caution(database),
    };
    acl.beyond(look, &wanted, steps);
    if !found.allow_connections {
        let reason = "open the database for connections";
        steps.add(Risk::Safe, Action::AllowConnections { database: database.clone() }, reason);
    }
    acl.missing(&wanted, steps);
}
