//! No database and no role belongs to two services of a server, nor to the role that keeps orphans.

use std::collections::BTreeMap;

use super::scope::Scope;
use crate::contract::ALTERNATE_SUFFIX;
use crate::error::Result;
use crate::manifest::checked::ServerSpec;
use crate::model::{DesiredService, RoleKind, ServiceName, orphans};

type ServiceMap = BTreeMap<ServiceName, DesiredService>;

pub fn check(scope: &Scope, services: &ServiceMap) -> Result<()> {
    let mut databases: BTreeMap<(&str, &str), &ServiceName> = BTreeMap::new();
    let mut roles: BTreeMap<(&str, String), &ServiceName> = BTreeMap::new();
    for service in services.values() {
        let wrong = |key, message| {
            scope.error(["services", service.name.as_str(), key], message).hint("every service needs its own")
        };
        let server = service.server.as_str();
        if let Some(other) = databases.insert((server, service.database.as_str()), &service.name) {
            let database = &service.database;
            let message = format!("database \"{database}\" is already that of service \"{other}\"");
            return Err(wrong("database", message));
        }
        for role in declared_roles(service) {
            if let Some(other) = roles.insert((server, role.clone()), &service.name) {
                let message = format!("role \"{role}\" is already a role of service \"{other}\"");
                return Err(wrong("roles", message));
            }
        }
    }
    Ok(())
}

/// What the orphans' role owns must be out of reach for every service.
pub fn check_orphans(
    scope: &Scope,
    project: &str,
    servers: &BTreeMap<String, ServerSpec>,
    services: &ServiceMap,
) -> Result<()> {
    let orphans = orphans::name(project);
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
        let message = format!("role \"{orphans}\" keeps what removed services owned");
        Err(scope.error(path, message).hint("choose another name for the role, or another project"))
    })
}

/// The roles of a service, and the alternate logins that a rotation may add.
fn declared_roles(service: &DesiredService) -> Vec<String> {
    let alternates = RoleKind::LOGINS.iter().map(|kind| format!("{}{ALTERNATE_SUFFIX}", service.role(*kind)));
    service.roles.values().map(ToString::to_string).chain(alternates).collect()
}
