//! Migration targets of services: the database, the migrator's login and the folder.

use std::collections::BTreeMap;

use futures_util::future::join_all;

use crate::Context;
use martydb_migrate::MigrationTarget;
use martydb_model::error::{Error, Result};
use martydb_model::{DesiredService, RoleKind};
use martydb_pg::server::existence::ExistenceCheck;
use martydb_pg::server::{Access, Login};

/// Returns the target of each service, or the error if it has none, such as a server that is down.
#[martydb_pg::boxed]
pub async fn of(
    context: &Context,
    services: &[DesiredService],
) -> Result<Vec<(DesiredService, Result<MigrationTarget>)>> {
    let secrets = context.secrets(services).await?;
    let servers = context.servers_of(services).into_iter().map(|server| async move {
        let access = context.access(&server).await;
        (server, access.map(|access| (access.clone(), ExistenceCheck::of(access))))
    });
    let servers: BTreeMap<String, Result<(Access, ExistenceCheck)>> =
        join_all(servers).await.into_iter().collect();
    let target = |service: &DesiredService| {
        let (access, existence) = servers[&service.server].as_ref().map_err(Error::clone)?;
        let role = service.role(RoleKind::Migrator);
        let current = secrets.current(&service.server, role);
        let login = match current {
            Some((login, password)) => Login::with_password(login.as_str(), password.clone()),
            None => Login::of_service(role.as_str(), None),
        };
        Ok(MigrationTarget {
            service: service.name.clone(),
            server: service.server.clone(),
            database: service.database.clone(),
            schemas: service.schemas.clone(),
            owner: service.role(RoleKind::Owner).clone(),
            app: service.role(RoleKind::App).clone(),
            readonly: service.role(RoleKind::Readonly).clone(),
            further: service.further_roles(),
            history_reader: service.serve.as_ref().map(|exposure| exposure.reader.clone()),
            endpoint: access.endpoint.clone(),
            login,
            folder: service.migrations.clone(),
            down: service.down,
            existence: existence.clone(),
            throwaway: false,
            lint: service.lint.clone(),
        })
    };
    Ok(services.iter().map(|service| (service.clone(), target(service))).collect())
}
