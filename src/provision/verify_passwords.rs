//! Stored passwords that the server no longer takes, found the only way that needs no superuser: by logging in.

use std::collections::BTreeSet;

use super::scope::PlanScope;
use crate::error::{Error, Kind, Result};
use crate::model::{ActualServer, DesiredServer, RoleKind, RoleName};
use crate::probe::{self, ATTEMPT_TIMEOUT, ProbeLogin, Task};
use crate::secrets::Secrets;
use crate::server::Access;
use crate::sqlstate;
use crate::wire::Outcome;

/// Tries every stored password of the covered services at its own database.
///
/// # Errors
/// Where an attempt neither got in nor was refused for its password: that proves nothing either way.
pub async fn refused(
    scope: &PlanScope<'_>,
    access: &Access,
    desired: &DesiredServer,
    actual: &ActualServer,
    secrets: &Secrets,
) -> Result<BTreeSet<RoleName>> {
    let task = Task {
        server: desired.name.clone(),
        endpoint: access.endpoint.clone(),
        logins: logins(scope, desired, actual, secrets),
        databases: vec![],
        concurrency: actual.capacity.share(scope.jobs.count, 1),
        timeout: ATTEMPT_TIMEOUT,
        sample: false,
    };
    let attempts = probe::try_own(&task).await?;
    let mut refused = BTreeSet::new();
    for (login, attempt) in task.logins.iter().zip(&attempts) {
        match &attempt.outcome {
            Outcome::LetIn(_) => {}
            Outcome::Refused(refusal) if refusal.sqlstate == sqlstate::INVALID_PASSWORD => {
                refused.insert(login.role.clone());
            }
            // Closed doors are drift of their own, and stand in the plan as such.
            Outcome::Refused(refusal) if refusal.sqlstate == sqlstate::INSUFFICIENT_PRIVILEGE => {}
            _ => return Err(unclear(login, probe::judge_own(&attempt.outcome).why)),
        }
    }
    Ok(refused)
}

fn unclear(login: &ProbeLogin, why: Option<String>) -> Error {
    let message = format!("cannot tell whether the stored password of \"{}\" works", login.role);
    why.into_iter().fold(Error::new(Kind::Unreachable, message), Error::cause)
}

/// Those that exist, may log in, have a password in the store and a database that accepts connections.
fn logins(
    scope: &PlanScope<'_>,
    desired: &DesiredServer,
    actual: &ActualServer,
    secrets: &Secrets,
) -> Vec<ProbeLogin> {
    let mut logins = vec![];
    for service in scope.services_of(desired) {
        let open = actual.databases.get(&service.database).is_some_and(|found| found.allow_connections);
        for kind in RoleKind::LOGINS.into_iter().filter(|_| open) {
            let role = service.role(kind);
            let login = actual.roles.get(role).is_some_and(|found| found.login);
            let password = secrets.get(&desired.name, role).filter(|_| login).cloned();
            logins.extend(password.map(|password| ProbeLogin {
                service: service.name.clone(),
                kind,
                role: role.clone(),
                database: service.database.clone(),
                password: Some(password),
            }));
        }
    }
    logins
}
