//! The maintenance database and `template1`: PUBLIC's privileges there give all logins a common place.
//!
//! An admin that is not a superuser may be connected through PUBLIC. It is granted CONNECT itself first, in the
//! same transaction and in the request to a DBA; revoking PUBLIC's would lock it out otherwise.

use std::collections::BTreeSet;

use super::acl::{Acl, Holding};
use super::comparison::{Comparison, StoredLogins};
use crate::action::Action;
use crate::object::Object;
use crate::stage::{Risk, Stage};
use crate::step::Plan;
use martydb_model::contract::{Privilege, Privileges};
use martydb_model::{ActualServer, DbName, DesiredServer, Grantee, RoleName};

pub(crate) fn diff(desired: &DesiredServer, actual: &ActualServer, plan: &mut Plan) {
    if !desired.close_maintenance || desired.services.is_empty() {
        return;
    }
    let stored = StoredLogins::These(BTreeSet::new());
    // Databases that every cluster has and every login can enter by default.
    let names = [actual.maintenance.as_str(), "postgres", "template1"];
    for database in names.into_iter().filter_map(|name| DbName::found(name).ok()).collect::<BTreeSet<_>>() {
        let Some(found) = actual.databases.get(&database) else { continue };
        let mut look = Comparison::new(desired, actual, &stored, None, database.clone());
        let acl = Acl {
            on: Object::Database(database.clone()),
            owner: &found.owner,
            next_owner: None,
            found: &found.acl,
        };
        let admin = admin(actual, &database);
        let mut declared = admin.clone();
        declared.extend(monitors(desired, actual, &database));
        acl.beyond(&mut look, &declared);
        if !look.steps.is_empty() {
            keep_in(&mut look, &admin);
        }
        // Privileges of other roles here are left alone.
        plan.steps.append(&mut look.steps);
    }
}

/// Returns the privileges of the login of `martydb monitor`, which reads statistics in the maintenance database.
fn monitors(desired: &DesiredServer, actual: &ActualServer, database: &DbName) -> Holding {
    let here = database.as_str() == actual.maintenance;
    let monitors = desired.access.values().filter(|role| here && role.monitors);
    monitors.map(|role| (Grantee::Role(role.name.clone()), [Privilege::Connect].into())).collect()
}

/// Returns the admin's own CONNECT.
fn admin(actual: &ActualServer, database: &DbName) -> Holding {
    let limited = database.as_str() == actual.maintenance && !actual.admin.superuser;
    let admin = actual.admin_role().filter(|_| limited);
    admin.into_iter().map(|admin| (Grantee::Role(admin), [Privilege::Connect].into())).collect()
}

/// Returns `true` if a role is not a superuser and holds CONNECT only through PUBLIC.
fn needs_public(actual: &ActualServer, database: &DbName, role: &RoleName) -> bool {
    let Some(found) = actual.databases.get(database) else { return false };
    let own = actual.inherited_by(role);
    let mut connects = found.acl.iter().filter(|entry| entry.privilege == Privilege::Connect.name());
    !connects.any(|entry| matches!(&entry.grantee, Grantee::Role(to) if own.contains(to)))
}

fn keep_in(look: &mut Comparison<'_>, own: &Holding) {
    for admin in own.keys().filter_map(Grantee::role) {
        if needs_public(look.actual, &look.database, admin) {
            let reason = format!("{admin} can connect to {} only through PUBLIC", look.database);
            let privileges = Privileges::new([Privilege::Connect]);
            let (on, to) = (Object::Database(look.database.clone()), Grantee::Role(admin.clone()));
            let action = Action::Grant { on, privileges, to };
            look.steps.insert(0, look.step(Stage::AlterDatabase, Risk::Safe, action, reason));
        }
    }
}
