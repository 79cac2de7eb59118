//! Roles, memberships and databases as facts: the logins under examination, and the databases that each may enter.

use std::collections::BTreeSet;

use super::super::context::Audit;
use super::gather::Gathered;
use super::mappings::locked_tables;
use super::objects::{BoundedFunctions, DatabaseContents, inside};
use crate::reach::{DatabaseId, Member};
use martydb_model::{ActualDatabase, FILE_ROLES};

pub(crate) fn gather<'a>(audit: &Audit<'a>, bounded: &BoundedFunctions) -> Gathered<'a> {
    let mut all = Gathered::new(audit.actual);
    roles(audit, &mut all);
    for (name, found) in &audit.actual.databases {
        database(audit, bounded, name.as_str(), found, &mut all);
    }
    all
}

fn roles<'a>(audit: &Audit<'a>, all: &mut Gathered<'a>) {
    let desired_owner = audit.desired.database_owner.as_ref().map(|role| role.as_str());
    let owners = audit.desired.services.values().filter_map(|it| audit.actual.databases.get(&it.database));
    let owners: BTreeSet<&str> = owners.map(|found| found.owner.as_str()).collect();
    for (name, found) in &audit.actual.roles {
        let id = all.role_id(name.as_str());
        let name = name.as_str();
        let is_admin =
            name == audit.actual.admin.name || desired_owner == Some(name) || owners.contains(name);
        let managed = audit.managed(name);
        let number = managed.map(|(service, _)| all.service_id(&service.name));
        let facts = &mut all.facts;
        facts.roles.push(id);
        // Before 16 only a superuser may change a role that replicates.
        if found.login && (facts.major >= 16 || !found.replication) {
            facts.logins.push(id);
        }
        if name == "pg_database_owner" {
            facts.database_owner_role = Some(id);
        }
        if found.superuser {
            facts.superusers.push(id);
        } else if is_admin && managed.is_none() {
            facts.admins.push(id);
        } else if found.login {
            facts.principals.push(id);
        }
        if found.createrole && !found.superuser {
            facts.createrole.push(id);
        }
        if FILE_ROLES.contains(&name) {
            facts.server_roles.push(id);
        }
        if facts.major >= 16 || found.inherit {
            facts.inheriting.push(id);
        }
        facts.service_roles.extend(number.map(|number| (id, number)));
    }
    for row in &audit.actual.memberships {
        let (member, role) = (all.role_id(row.member.as_str()), all.role_id(row.role.as_str()));
        if all.facts.is_end(member) {
            continue;
        }
        all.facts.members.push(Member { member, role, inherit: row.inherit, set: row.set, admin: row.admin });
    }
}

fn database<'a>(
    audit: &Audit<'a>,
    bounded: &BoundedFunctions,
    name: &'a str,
    found: &'a ActualDatabase,
    all: &mut Gathered<'a>,
) {
    let id = DatabaseId::try_from(all.databases.len()).unwrap_or(DatabaseId::MAX);
    all.databases.push(name);
    if found.allow_connections {
        all.facts.databases.push(id);
    }
    let owner = all.role_id(&found.owner);
    if !all.facts.is_end(owner) {
        all.facts.database_owners.push((id, owner));
        all.facts.connect.push((id, owner));
        all.facts.grants_connect.push((id, owner));
        all.facts.temporary.push((id, owner));
        all.facts.grants_temporary.push((id, owner));
    }
    for entry in &found.acl {
        let holder = all.grantee(&entry.grantee);
        if all.facts.is_end(holder) {
            continue;
        }
        match entry.privilege.as_str() {
            "CONNECT" => {
                all.facts.connect.push((id, holder));
                if entry.grantable {
                    all.facts.grants_connect.push((id, holder));
                }
            }
            "TEMPORARY" => {
                all.facts.temporary.push((id, holder));
                if entry.grantable {
                    all.facts.grants_temporary.push((id, holder));
                }
            }
            _ => {}
        }
    }
    if let Some(service) = audit.service_of(name) {
        let number = all.service_id(&service.name);
        all.facts.service_databases.push((id, number));
    }
    if let Some(catalog) = audit.snapshot.databases.get(name) {
        let bounded = bounded.get(name).cloned().unwrap_or_default();
        let locked = locked_tables(audit, catalog);
        inside(DatabaseContents { audit, id, name, bounded: &bounded, locked, all }, catalog);
    }
}
