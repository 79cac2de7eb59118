//! Who comes into a database by PUBLIC alone, and loses that where the plan closes the door: each of them is named with the
//! GRANT that keeps it in.

use std::collections::BTreeSet;

use crate::contract::{Privilege, managed};
use crate::model::{ActualServer, DbName, DesiredServer, Grantee, RoleName};
use crate::plan::action::Action;
use crate::plan::object::Object;
use crate::plan::stage::Risk;
use crate::plan::step::{Plan, Step};
use crate::sql::{List, Statement, stmt};

/// How many are named in one line.
const NAMED: usize = 5;

/// The logins that would lose CONNECT on a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lockout {
    pub database: DbName,
    /// By name; never empty.
    pub roles: Vec<RoleName>,
}

impl Lockout {
    /// What keeps them in.
    pub fn grant(&self) -> Statement {
        stmt!(
            "GRANT CONNECT ON DATABASE {db} TO {roles}",
            db = self.database,
            roles = List(self.roles.clone())
        )
    }

    /// Their names, the first of them where there are many.
    pub fn names(&self) -> String {
        let names: Vec<_> = self.roles.iter().take(NAMED).map(RoleName::as_str).collect();
        let more = self.roles.len().saturating_sub(NAMED);
        names.join(", ") + &if more == 0 { String::new() } else { format!(" and {more} more") }
    }
}

/// Everyone whom the plan would lock out, superusers and the services' roles aside, and those who get in by another
/// step of it. Losing a template locks no one out.
pub fn locked_out(desired: &DesiredServer, actual: &ActualServer, plan: &Plan) -> Vec<Lockout> {
    let closed: BTreeSet<&DbName> = plan.steps.iter().filter_map(closes).collect();
    let closed = closed.into_iter().filter(|name| {
        actual.databases.get(*name).is_some_and(|found| found.allow_connections && !found.is_template)
    });
    let lockouts = closed.map(|database| {
        let others = actual.roles.iter().filter(|(name, found)| {
            found.login
                && !found.superuser
                && name.as_str() != actual.admin.name
                && managed(desired, name).is_none()
        });
        let others = others.map(|(name, _)| name).filter(|name| needs_public(actual, database, name));
        let roles =
            others.filter(|name| !plan.steps.iter().any(|step| lets_in(step, name))).cloned().collect();
        Lockout { database: database.clone(), roles }
    });
    lockouts.filter(|out| !out.roles.is_empty()).collect()
}

/// The database from which the step takes PUBLIC's CONNECT.
fn closes(step: &Step) -> Option<&DbName> {
    match &step.action {
        Action::Revoke {
            on: Object::Database(on),
            privileges,
            from: Grantee::Public,
            only_option: false,
            ..
        } => privileges.contains(Privilege::Connect).then_some(on),
        _ => None,
    }
}

/// Whether the step makes the role a member of one of the services', as it does with a former owner, or lets it connect.
fn lets_in(step: &Step, role: &RoleName) -> bool {
    match &step.action {
        Action::GrantMembership { member, .. } => member == role,
        Action::Grant { on: Object::Database(_), to: Grantee::Role(to), .. } => to == role,
        _ => false,
    }
}

/// Names them in the steps that close the door, which others feel then.
pub fn name_in_plan(desired: &DesiredServer, actual: &ActualServer, plan: &mut Plan) {
    for out in locked_out(desired, actual, plan) {
        let words =
            format!("; {} can connect by nothing else (to keep: {})", out.names(), out.grant().shown());
        for step in plan.steps.iter_mut().filter(|step| closes(step) == Some(&out.database)) {
            step.reason += &words;
            step.risk = step.risk.max(Risk::Caution);
        }
    }
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
    use crate::plan::diff::{Selection, StoredLogins, diff};

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
        locked_out(&desired, actual, &plan).iter().map(|one| one.grant().to_string()).collect()
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
