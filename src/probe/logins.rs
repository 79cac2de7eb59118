//! Where `verify-isolation` and `test-connections` start: the logins of one server with their stored passwords.

use super::task::{ATTEMPT_TIMEOUT, ProbeLogin, Task};
use crate::error::Result;
use crate::model::{DesiredService, RoleKind};
use crate::run::Run;
use crate::secrets::Secrets;
use crate::server::Access;

/// The logins of those services that are on this server; the task names no databases yet.
pub async fn prepare(run: &Run, access: &Access, services: &[DesiredService]) -> Result<Task> {
    let here: Vec<DesiredService> =
        services.iter().filter(|service| service.server == access.server).cloned().collect();
    let secrets = run.secrets(&here).await?;
    Ok(Task {
        server: access.server.clone(),
        endpoint: access.endpoint.clone(),
        logins: here.iter().flat_map(|service| logins(service, &secrets)).collect(),
        databases: vec![],
        concurrency: run.jobs.count,
        timeout: ATTEMPT_TIMEOUT,
        sample: false,
    })
}

fn logins(service: &DesiredService, secrets: &Secrets) -> Vec<ProbeLogin> {
    let login = |kind| {
        let role = service.role(kind);
        let known = secrets.current(&service.server, role);
        let (role, password) = match known {
            Some((login, password)) => (login, Some(password.clone())),
            None => (role.clone(), None),
        };
        ProbeLogin { service: service.name.clone(), kind, role, database: service.database.clone(), password }
    };
    RoleKind::LOGINS.into_iter().map(login).collect()
}
