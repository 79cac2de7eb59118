//! Access beyond the four roles of a service, as the manifest declares it. Pure.

use martydb_manifest::Manifest;
use martydb_model::{AccessExtent, AccessGrant, AccessLevel, AccessRole, DesiredService};
use martydb_report::values::AccessRow;

/// Returns the access to the given services, and the roles that have none, such as the monitor's login.
pub(crate) fn declared(manifest: &Manifest, services: &[DesiredService]) -> Vec<AccessRow> {
    let grants = services.iter().flat_map(|service| {
        let roles = manifest.access.get(&service.server);
        service.access.iter().filter_map(move |grant| {
            let role = roles?.get(&grant.role)?;
            Some(AccessRow {
                service: Some(service.name.to_string()),
                ..of_grant(&service.server, role, grant)
            })
        })
    });
    let mut all: Vec<AccessRow> = grants.collect();
    for (server, role) in
        manifest.access.iter().flat_map(|(server, roles)| roles.values().map(move |role| (server, role)))
    {
        if !all.iter().any(|one| one.server == *server && one.role == role.name.as_str()) {
            all.push(of_role(server, role));
        }
    }
    all
}

fn of_role(server: &str, role: &AccessRole) -> AccessRow {
    let level = if role.monitors { "statistics of the server" } else { "nothing" };
    AccessRow {
        server: server.to_owned(),
        service: None,
        role: role.name.to_string(),
        kind: if role.login { "login" } else { "group" }.into(),
        level: level.into(),
        extent: None,
        expired: role.expired,
        reason: role.reason.clone(),
    }
}

fn of_grant(server: &str, role: &AccessRole, grant: &AccessGrant) -> AccessRow {
    let level = match grant.level {
        AccessLevel::Connect => "connect".to_owned(),
        AccessLevel::Read => "read".to_owned(),
        AccessLevel::Write => "write".to_owned(),
        AccessLevel::Deliver => "publish the outbox".to_owned(),
        AccessLevel::Like(kind) => format!("all that {} may", kind.key()),
    };
    let extent = match &grant.extent {
        AccessExtent::Whole => None,
        AccessExtent::Schema(schema) => Some(format!("schema {schema}")),
        AccessExtent::Table(schema, table) => Some(format!("table {schema}.{table}")),
    };
    AccessRow { level, extent, ..of_role(server, role) }
}
