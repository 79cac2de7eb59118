//! What `verify-isolation` and `test-connections` start from: the logins of one server with their passwords.

use crate::error::Result;
use crate::model::{DesiredService, RoleKind};
use crate::probe::{ATTEMPT_TIMEOUT, ProbeLogin, Task};
use crate::run::Run;
use crate::secrets::Secrets;
use crate::server::Access;

/// A task without databases yet, and how its server is reached.
pub struct Prepared {
    /// The server.
    pub access: Access,
    /// The logins to try.
    pub task: Task,
}

/// Collects the logins of those services that live on this server.
pub async fn prepare(run: &Run, access: Access, services: &[DesiredService]) -> Result<Prepared> {
    let here: Vec<DesiredService> =
        services.iter().filter(|service| service.server == access.server).cloned().collect();
    let secrets = run.secrets(&here).await?;
    let task = Task {
        server: access.server.clone(),
        endpoint: access.endpoint.clone(),
        logins: here.iter().flat_map(|service| logins(service, &secrets)).collect(),
        databases: vec![],
        concurrency: run.jobs,
        timeout: ATTEMPT_TIMEOUT,
    };
    Ok(Prepared { access, task })
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
