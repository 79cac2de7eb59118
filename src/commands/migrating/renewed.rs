//! Password that a rotation changed between the reading of the secret store and the login.

use std::time::Duration;

use secrecy::ExposeSecret;

use martydb_migrate::{MigrationOutcome, MigrationTarget};
use martydb_model::{DesiredService, sqlstate};
use martydb_pg::server::Login;
use martydb_provision::run::Run;
use martydb_provision::targets;

/// Pauses in milliseconds before the store is read again. A rotation in place changes the server first, and the store as
/// soon as a login has proven the password.
const PAUSES: [u64; 4] = [0, 200, 600, 1200];

/// Returns `true` if the login failed, so that nothing ran.
pub fn is_password_rejected(outcome: &MigrationOutcome) -> bool {
    let state = outcome.error.as_ref().and_then(|error| error.sqlstate.as_deref());
    state == Some(sqlstate::INVALID_PASSWORD) && outcome.applied.is_empty() && outcome.repeatable.is_empty()
}

/// Returns the target with the store's password, if that is another one by now.
pub async fn target(run: &Run, service: &DesiredService, old: &MigrationTarget) -> Option<MigrationTarget> {
    for pause in PAUSES {
        tokio::time::sleep(Duration::from_millis(pause)).await;
        // A command reads its secrets once; a copy of its context reads them again.
        let again = targets::of(&run.again(), std::slice::from_ref(service)).await.ok()?;
        let target = again.into_iter().next()?.1.ok()?;
        if !is_same_login(&target.login, &old.login) {
            return Some(target);
        }
    }
    None
}

fn is_same_login(one: &Login, other: &Login) -> bool {
    let password = |login: &Login| login.password.as_ref().map(|text| text.expose_secret().to_owned());
    one.role == other.role && password(one) == password(other)
}
