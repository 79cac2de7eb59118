//! The database itself: its existence, its owner, its privileges.

use super::acl::{Acl, declared, wanted};
use super::comparison::Comparison;
use super::parameters;
use crate::action::Action;
use crate::database_option::DatabaseOption;
use crate::object::Object;
use crate::stage::{Risk, Stage};
use martydb_model::contract::{MEMBERSHIPS, MemberLogin, ObjectClass, builtin, granted};
use martydb_model::{
    AccessTarget, AclEntry, ActualDatabase, ActualParameters, DesiredService, Grantee, MoveNote, RoleName,
};

pub(crate) fn diff(look: &mut Comparison<'_>, service: &DesiredService) {
    match look.actual.databases.get(&service.database) {
        None => create(look, service),
        Some(found) => alter(look, service, found),
    }
}

/// Returns the owner that the database should have, if its present owner is not acceptable.
fn owner(look: &Comparison<'_>, found: Option<&str>) -> Option<RoleName> {
    match (found, look.desired.database_owner.clone()) {
        (None, pinned) => pinned.or_else(|| look.actual.admin_role()),
        (Some(found), Some(pinned)) => (found != pinned.as_str()).then_some(pinned),
        (Some(found), None) if look.actual.is_admins(found, look.desired) => None,
        (Some(_), None) => look.actual.admin_role(),
    }
}

fn create(look: &mut Comparison<'_>, service: &DesiredService) {
    let Some(owner) = owner(look, None) else { return };
    let (database, parameters) = (service.database.clone(), &service.parameters);
    look.add(
        Risk::Safe,
        Action::CreateDatabase {
            database,
            owner: owner.clone(),
            template: None,
            made_with: Box::new(parameters.made_with.clone()),
            tablespace: parameters.tablespace.clone(),
        },
        "missing",
    );
    mark(look, service);
    // PostgreSQL's privileges of PUBLIC on a new database; they are revoked before any login may connect.
    let acl = AclEntry::of_public(&owner, builtin(ObjectClass::Database).iter().map(|one| one.name()));
    let made = ActualParameters {
        tablespace: parameters.tablespace.clone().unwrap_or_default(),
        ..ActualParameters::default()
    };
    let fresh = ActualDatabase {
        owner: owner.to_string(),
        acl,
        connection_limit: -1,
        parameters: made,
        ..ActualDatabase::default()
    };
    rights(look, service, &fresh);
    parameters::diff(look, service, &fresh);
}

fn mark(look: &mut Comparison<'_>, service: &DesiredService) {
    let (database, marker) = (look.database.clone(), look.desired.database_comment(service));
    look.add(Risk::Safe, Action::MarkDatabase { database, marker }, "tag as managed by this manifest");
}

fn alter(look: &mut Comparison<'_>, service: &DesiredService, found: &ActualDatabase) {
    let database = &service.database;
    if let Some(owner) = owner(look, Some(&found.owner)) {
        look.set_owner(Object::Database(database.clone()), &found.owner, &owner);
    }
    if !found.allow_connections && found.comment.is_none() {
        mark(look, service);
    }
    let comment = found.comment.as_deref();
    if look.desired.move_note(comment).is_some() && !look.desired.marks(comment) {
        // An empty text means no comment.
        let marker = look.desired.without_move_note(comment).unwrap_or_default();
        let action = Action::MarkDatabase { database: database.clone(), marker };
        look.add(
            Risk::Safe,
            action,
            "its comment says that it is being moved, but the service is on this server",
        );
    }
    rights(look, service, found);
    if found.is_template {
        let action = Action::AlterDatabase {
            database: database.clone(),
            option: DatabaseOption::Word("IS_TEMPLATE false"),
        };
        look.add(Risk::Safe, action, "any role with CREATEDB can copy a template");
    }
    parameters::diff(look, service, found);
}

/// Closes first and opens afterwards, then lets the service's own logins connect; a database in use grants
/// before it revokes.
fn rights(look: &mut Comparison<'_>, service: &DesiredService, found: &ActualDatabase) {
    let database = &service.database;
    let mut wanted = wanted(service, ObjectClass::Database, granted);
    wanted.extend(declared(service, ObjectClass::Database, AccessTarget::Database));
    // The other alternates inherit it from their primaries.
    let alone = MEMBERSHIPS.iter().filter(|rule| rule.login == MemberLogin::Alternate && !rule.inherit);
    for kind in alone.map(|rule| rule.member) {
        if let Some(alternate) = look.alternate(service, kind) {
            let privileges = granted(kind, ObjectClass::Database).iter().copied().collect();
            wanted.insert(Grantee::Role(alternate), privileges);
        }
    }
    let next = owner(look, Some(&found.owner));
    let next_owner = next.as_ref().map(RoleName::as_str);
    let on = Object::Database(database.clone());
    let acl = Acl { on, owner: &found.owner, next_owner, found: &found.acl };
    let is_entered = |entry: &AclEntry| entry.grantee == Grantee::Public && entry.privilege == "CONNECT";
    if found.allow_connections && found.acl.iter().any(is_entered) {
        // A role that connects by PUBLIC only may keep access as a member of one of our logins, without interruption.
        let first = look.steps.len();
        acl.missing(look, &wanted);
        look.steps[first..].iter_mut().for_each(|step| step.stage = Stage::AlterDatabase);
        acl.beyond(look, &wanted);
        return;
    }
    acl.beyond(look, &wanted);
    if !found.allow_connections {
        let action = Action::AlterDatabase {
            database: database.clone(),
            option: DatabaseOption::Word("ALLOW_CONNECTIONS true"),
        };
        let (risk, reason) = match look.desired.move_note(found.comment.as_deref()) {
            Some(MoveNote::Moved) => (
                Risk::Caution,
                "open the database for connections: it was closed when the service moved to another server, and lacks what was \
                 written there",
            ),
            _ => (Risk::Safe, "open the database for connections"),
        };
        look.add(risk, action, reason);
    }
    acl.missing(look, &wanted);
}
