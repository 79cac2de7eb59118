//! The maintenance database and `template1`: PUBLIC's rights there are a meeting room for every login.
//!
//! An admin who is no superuser may have come in with PUBLIC. It gets CONNECT of its own first, in the same transaction
//! and in what a DBA is asked for, or closing the door would lock it out.

use std::collections::BTreeSet;

use super::acl::{Acl, Holding};
use super::comparison::{Comparison, StoredLogins};
use crate::contract::{Privilege, Privileges};
use crate::model::{ActualServer, DbName, DesiredServer, Grantee, RoleName};
use crate::plan::action::Action;
use crate::plan::object::Object;
use crate::plan::stage::{Risk, Stage};
use crate::plan::step::Plan;
use crate::sql::{Statement, stmt};

pub fn diff(desired: &DesiredServer, actual: &ActualServer, plan: &mut Plan) {
    if !desired.close_maintenance || desired.services.is_empty() {
        return;
    }
    let stored = StoredLogins::These(BTreeSet::new());
    // Databases that every cluster has and every login can enter by default.
    let names = [actual.maintenance.as_str(), "postgres", "template1"];
    for room in names.into_iter().filter_map(|name| DbName::found(name).ok()).collect::<BTreeSet<_>>() {
        let Some(found) = actual.databases.get(&room) else { continue };
        let mut look = Comparison::new(desired, actual, &stored, None, room.clone());
        let acl = Acl { on: Object::Database(room.clone()), owner: &found.owner, found: &found.acl };
        let own = own(actual, &room);
        acl.beyond(&mut look, &own);
        if !look.steps.is_empty() {
            keep_in(&mut look, &own);
        }
        // What others hold here stays with them.
        plan.steps.append(&mut look.steps);
    }
}

/// The room's way in that is the admin's own.
fn own(actual: &ActualServer, room: &DbName) -> Holding {
    let limited = room.as_str() == actual.maintenance && !actual.admin.superuser;
    let admin = actual.admin_role().filter(|_| limited);
    admin.into_iter().map(|admin| (Grantee::Role(admin), [Privilege::Connect].into())).collect()
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

/// An admin that would lose CONNECT, and the grant that keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lockout {
    pub database: DbName,
    /// The login that makes databases or roles from there.
    pub role: RoleName,
}

impl Lockout {
    pub fn grant(&self) -> Statement {
        stmt!("GRANT CONNECT ON DATABASE {db} TO {role}", db = self.database, role = self.role)
    }
}

/// Other admins, superusers aside, whom the plan would lock out of the maintenance database.
pub fn other_admins_locked_out(desired: &DesiredServer, actual: &ActualServer, plan: &Plan) -> Vec<Lockout> {
    let Ok(room) = DbName::found(actual.maintenance.clone()) else { return vec![] };
    if !closes(plan, &room) {
        return vec![];
    }
    let admins = actual.roles.iter().filter(|(name, found)| {
        let admin = found.login && (found.createrole || found.createdb) && !found.superuser;
        let other = name.as_str() != actual.admin.name && desired.managed_role(name).is_none();
        admin && other && needs_public(actual, &room, name)
    });
    admins.map(|(name, _)| Lockout { database: room.clone(), role: name.clone() }).collect()
}

fn closes(plan: &Plan, room: &DbName) -> bool {
    plan.steps.iter().any(|step| match &step.action {
        Action::Revoke { on: Object::Database(on), privileges, from: Grantee::Public, .. } => {
            on == room && privileges.contains(Privilege::Connect)
        }
        _ => false,
    })
}

/// Whether a role that is no superuser holds CONNECT by no other right than PUBLIC's.
pub fn needs_public(actual: &ActualServer, database: &DbName, role: &RoleName) -> bool {
    let Some(found) = actual.databases.get(database) else { return false };
    let own = actual.inherited_by(role);
    let mut connects = found.acl.iter().filter(|entry| entry.privilege == Privilege::Connect.name());
    !connects.any(|entry| matches!(&entry.grantee, Grantee::Role(to) if own.contains(to)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AclEntry, ActualRole, Membership};
    use crate::plan::diff::tests::{desired, provisioned, role};
    use crate::plan::diff::{Selection, diff};

    fn open_room(acl: &[(&str, &str)]) -> ActualServer {
        let mut actual = provisioned(&desired(&["csca"]), 160_000);
        let entry = |(to, privilege): &(&str, &str)| AclEntry {
            grantee: if *to == "PUBLIC" { Grantee::Public } else { Grantee::Role(role(to)) },
            grantor: role("postgres"),
            privilege: (*privilege).to_owned(),
            grantable: false,
        };
        let room = crate::model::ActualDatabase {
            owner: "postgres".into(),
            allow_connections: true,
            connection_limit: -1,
            acl: acl.iter().map(entry).collect(),
            ..Default::default()
        };
        actual.databases.insert(DbName::found("postgres").unwrap(), room);
        let admin = ActualRole { login: true, createrole: true, inherit: true, ..ActualRole::default() };
        actual.roles.insert(role("adm"), admin);
        actual
    }

    fn told(actual: &ActualServer) -> Vec<String> {
        let desired = desired(&["csca"]);
        let plan = diff(&desired, actual, &StoredLogins::All, &Selection::all(&desired));
        other_admins_locked_out(&desired, actual, &plan).iter().map(|one| one.grant().to_string()).collect()
    }

    #[test]
    fn an_admin_who_comes_in_with_everybody_is_named() {
        let open = [("PUBLIC", "CONNECT"), ("adm", "TEMPORARY")];
        assert_eq!(told(&open_room(&open)), ["GRANT CONNECT ON DATABASE \"postgres\" TO \"adm\""]);
        // Closed already: the role could not connect before either.
        assert_eq!(told(&open_room(&[])), Vec::<String>::new());
    }

    #[test]
    fn a_right_of_its_own_or_of_a_group_is_enough() {
        let none = Vec::<String>::new();
        assert_eq!(told(&open_room(&[("PUBLIC", "CONNECT"), ("adm", "CONNECT")])), none);
        let mut actual = open_room(&[("PUBLIC", "CONNECT"), ("dba", "CONNECT")]);
        let row = |inherit| Membership {
            role: role("dba"),
            member: role("adm"),
            grantor: Some(role("postgres")),
            admin: false,
            inherit,
            set: true,
        };
        actual.memberships.push(row(false));
        assert_eq!(told(&actual).len(), 1);
        actual.memberships.push(row(true));
        assert_eq!(told(&actual), none);
    }
}
