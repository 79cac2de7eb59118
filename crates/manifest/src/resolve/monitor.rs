//! `monitor: true`: a login on every server that has services.

use std::collections::BTreeMap;

use super::scope::Scope;
use super::unique::{ServiceMap, declared_roles};
use crate::checked::ServerSpec;
use martydb_model::error::Result;
use martydb_model::{AccessRole, MONITOR_SERVICE, RoleName, ServerName, project_roles};

/// Connection limit. The exporter keeps one connection; the second is for the moment in which a new exporter takes over,
/// the rest for interactive sessions.
const CONNECTIONS: i32 = 5;

pub(crate) fn add(
    scope: &Scope,
    servers: &BTreeMap<String, ServerSpec>,
    services: &ServiceMap,
    found: &mut BTreeMap<ServerName, BTreeMap<RoleName, AccessRole>>,
) -> Result<()> {
    if !scope.raw.monitor.is_wanted() {
        return Ok(());
    }
    let (name, reason) = (project_roles::monitor(&scope.project()), "the login of martydb monitor".into());
    let role = AccessRole { monitors: true, ..AccessRole::login(name, CONNECTIONS, reason) };
    check_name(scope, servers, services, &role.name)?;
    for service in services.values() {
        let here = found.entry(service.server.clone()).or_default();
        if here.insert(role.name.clone(), role.clone()).is_some_and(|other| !other.monitors) {
            let message = format!("role \"{}\" is the login of `monitor: true`", role.name);
            return Err(scope.error(["access", role.name.as_str()], message).hint("remove one of the two"));
        }
    }
    Ok(())
}

/// Checks that the login is not a service's role or an admin, and that no service has the name of its rows in a matrix.
fn check_name(
    scope: &Scope,
    servers: &BTreeMap<String, ServerSpec>,
    services: &ServiceMap,
    name: &RoleName,
) -> Result<()> {
    super::names::login(name.as_str()).map_err(|(why, fix)| {
        scope
            .error(["monitor"], format!("the login \"{name}\" {why}"))
            .hint(fix)
            .hint("choose another project name")
    })?;
    for service in services.values() {
        super::names::not_the_admin(scope, &["monitor"], name, &servers[&service.server].location)?;
        if service.name.as_str() == MONITOR_SERVICE {
            let message =
                format!("with `monitor: true` no service can be called \"{MONITOR_SERVICE}\": its login is");
            return Err(scope.error(["services", MONITOR_SERVICE], message).hint("choose another name"));
        }
        if declared_roles(service).iter().any(|role| role == name.as_str()) {
            let message = format!("role \"{name}\" is the login of `monitor: true`");
            let path = ["services", service.name.as_str(), "roles"];
            return Err(scope
                .error(path, message)
                .hint("choose another name for the role, or another project"));
        }
    }
    Ok(())
}
