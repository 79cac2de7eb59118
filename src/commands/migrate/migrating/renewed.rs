//! Password that a rotation changed between the reading of the secret store and the login.

use std::time::Duration;

use secrecy::ExposeSecret;

use crate::app::App;
use martydb_context::targets;
use martydb_migrate::{MigrationOutcome, MigrationTarget};
use martydb_model::{DesiredService, sqlstate};
use martydb_pg::server::Login;

/// Pauses in milliseconds before the store is read again. A rotation in place changes the server first, and the store as
/// soon as a login has proven the password.
const PAUSES: [u64; 4] = [0, 200, 600, 1200];

/// Returns `true` if the login failed, so that nothing ran.
pub(crate) fn is_password_rejected(outcome: &MigrationOutcome) -> bool {
    let state = outcome.error.as_ref().and_then(|error| error.sqlstate.as_deref());
    state == Some(sqlstate::INVALID_PASSWORD) && outcome.applied.is_empty() && outcome.repeatable.is_empty()
}

/// Returns those of the targets that have another password in the store by now. All of them share the pauses: after the loss
/// of a store every password is wrong.
pub(crate) async fn targets(
    app: &App,
    rejected: &[(DesiredService, MigrationTarget)],
) -> Vec<(DesiredService, MigrationTarget)> {
    let services: Vec<DesiredService> = rejected.iter().map(|(service, _)| service.clone()).collect();
    let mut renewed = vec![];
    for pause in PAUSES {
        tokio::time::sleep(Duration::from_millis(pause)).await;
        // A command reads its secrets once; a copy of its context reads them again.
        let Ok(read) = targets::for_services(&app.fresh_copy(), &services).await else { break };
        let read = read.into_iter().zip(rejected);
        let changed = read.filter_map(|((service, target), (_, old))| {
            let target = target.ok().filter(|target| !is_same_login(&target.login, &old.login))?;
            Some((service, target))
        });
        renewed = changed.collect();
        if renewed.len() == services.len() {
            break;
        }
    }
    renewed
}

fn is_same_login(one: &Login, other: &Login) -> bool {
    one.role == other.role && password(one) == password(other)
}

fn password(login: &Login) -> Option<&str> {
    login.password.as_ref().map(ExposeSecret::expose_secret)
}
