//! Uniqueness: no database and no role belongs to two services of a server, or to the role that keeps orphans.

use std::collections::BTreeMap;

use super::names;
use super::scope::Scope;
use crate::checked::ServerSpec;
use martydb_model::contract::ALTERNATE_SUFFIX;
use martydb_model::error::Result;
use martydb_model::{AccessRole, DesiredService, RoleKind, RoleName, ServerName, ServiceName, project_roles};

pub(crate) type ServiceMap = BTreeMap<ServiceName, DesiredService>;

/// Logins beyond the services' roles, by server.
pub(crate) type ServerLogins = BTreeMap<ServerName, BTreeMap<RoleName, AccessRole>>;

pub(crate) fn check(scope: &Scope, services: &ServiceMap) -> Result<()> {
    let mut taken: BTreeMap<(&str, &str, String), &ServiceName> = BTreeMap::new();
    for service in services.values() {
        let database = ("database", service.database.to_string(), "database", "that");
        let roles = declared_roles(service).into_iter().map(|role| ("roles", role, "role", "a role"));
        for (key, name, what, its) in [database].into_iter().chain(roles) {
            if let Some(other) = taken.insert((&service.server, key, name.clone()), &service.name) {
                let message = format!("{what} \"{name}\" is already {its} of service \"{other}\"");
                return Err(scope
                    .error(["services", service.name.as_str(), key], message)
                    .hint("every service needs its own"));
            }
        }
    }
    check_moved(scope, services)
}

/// Rejects a former database on another server that is another service's.
fn check_moved(scope: &Scope, services: &ServiceMap) -> Result<()> {
    for service in services.values() {
        let Some(former) = &service.moved else { continue };
        let Some(server) = &former.server else { continue };
        let has = |other: &&DesiredService| other.server == *server && other.database == former.database;
        if let Some(other) = services.values().find(has) {
            let message = format!(
                "database \"{}\" of server \"{server}\" is that of service \"{}\"",
                former.database, other.name
            );
            return Err(scope
                .error(["services", service.name.as_str(), "moved"], message)
                .hint("name the service's own former database: `moved: { from: NAME, server: SERVER, database: DATABASE }`"));
        }
    }
    Ok(())
}

/// Checks that no other role has the name of a login that this key of a service brings, and that it can log in.
pub(crate) fn check_login(
    scope: &Scope,
    path: [&str; 3],
    login: &RoleName,
    servers: &BTreeMap<String, ServerSpec>,
    services: &ServiceMap,
    found: &ServerLogins,
) -> Result<()> {
    let wrong = |why: &str| scope.error(path, format!("its login \"{login}\" {why}"));
    names::login(login.as_str()).map_err(|(why, fix)| wrong(&why).hint(fix))?;
    let own = services.values().find(|service| service.name.as_str() == path[1]);
    let Some(own) = own else { return Ok(()) };
    names::not_the_admin(scope, &path, login, &servers[&own.server].location)?;
    let is_role =
        |service: &&DesiredService| declared_roles(service).iter().any(|role| role == login.as_str());
    if let Some(other) = services.values().find(is_role) {
        return Err(wrong(&format!("belongs to service \"{}\"", other.name)).hint("rename that role"));
    }
    if found.get(&own.server).is_some_and(|roles| roles.contains_key(login)) {
        return Err(wrong("is declared under `access` too").hint("remove one of the two"));
    }
    Ok(())
}

/// Rejects the orphans' role as a role of a service, since no service may reach what it owns.
pub(crate) fn check_orphans(
    scope: &Scope,
    project: &str,
    servers: &BTreeMap<String, ServerSpec>,
    services: &ServiceMap,
) -> Result<()> {
    let orphans = project_roles::orphans(project);
    let path = services
        .values()
        .find(|service| declared_roles(service).iter().any(|role| role == orphans.as_str()))
        .map(|service| ["services", service.name.as_str(), "roles"])
        .or_else(|| {
            let owns = |server: &ServerSpec| server.database_owner.as_ref() == Some(&orphans);
            let (name, _) = servers.iter().find(|(_, server)| owns(server))?;
            Some(["servers", name, "database_owner"])
        });
    path.map_or(Ok(()), |path| {
        let message = format!("role \"{orphans}\" owns the objects of removed services");
        Err(scope.error(path, message).hint("choose another name for the role, or another project"))
    })
}

/// Returns the roles of a service, and the alternate logins that a rotation may add.
pub(crate) fn declared_roles(service: &DesiredService) -> Vec<String> {
    let alternates = RoleKind::LOGINS.iter().map(|kind| format!("{}{ALTERNATE_SUFFIX}", service.role(*kind)));
    service.roles.values().map(ToString::to_string).chain(alternates).collect()
}
