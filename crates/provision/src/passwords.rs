//! Stored passwords that the server does not accept. An admin that may read verifiers compares them: a cheap test
//! of a login, which every plan makes. `--check-logins` tries the logins, which needs no superuser.

use std::collections::BTreeSet;

use secrecy::{ExposeSecret, SecretString};

use super::scope::PlanScope;
use martydb_isolation::probe::{self, ProbeLogin, Task};
use martydb_model::error::{Error, Kind, Result};
use martydb_model::sqlstate;
use martydb_model::{ActualServer, DesiredServer, DesiredService, RoleKind, RoleName, StoredPassword};
use martydb_pg::server::Access;
use martydb_pg::wire::{Outcome, is_kept};
use martydb_secrets::Secrets;

struct LoginPair {
    login: RoleName,
    kept: StoredPassword,
    stored: SecretString,
}

/// Stored passwords of the chosen services on one server.
pub(crate) struct ServicePasswords<'a> {
    pub scope: &'a PlanScope<'a>,
    pub desired: &'a DesiredServer,
    pub actual: &'a ActualServer,
    pub secrets: &'a Secrets,
}

impl ServicePasswords<'_> {
    /// Returns the logins in use whose stored password does not match the server's SCRAM-SHA-256 verifier.
    #[martydb_pg::boxed]
    pub async fn differing(&self) -> Result<BTreeSet<RoleName>> {
        let pairs = self.pairs();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        // Each costs 4,096 rounds of hashing, which would block the threads that serve connections.
        let compared = tokio::task::spawn_blocking(move || compare(&pairs, cores)).await;
        compared.map_err(|error| Error::operation("cannot compare the stored passwords").cause(error))
    }

    fn pairs(&self) -> Vec<LoginPair> {
        let ServicePasswords { scope, desired, actual, secrets } = self;
        let roles =
            scope.services_of(desired).flat_map(|service| RoleKind::LOGINS.map(|kind| service.role(kind)));
        let pair = |role: &RoleName| {
            let (login, stored) = secrets.current(&desired.name, role)?;
            let kept = actual.passwords.get(&login)?.clone();
            Some(LoginPair { login, kept, stored: stored.clone() })
        };
        roles.chain(self.further()).filter_map(pair).collect()
    }

    /// Tries every stored password of the chosen services at its own database, and returns those that were rejected.
    ///
    /// # Errors
    /// If an attempt was neither accepted nor rejected for its password: that proves nothing either way.
    pub(crate) async fn refused(&self, access: &Access) -> Result<BTreeSet<RoleName>> {
        let ServicePasswords { scope, desired, actual, secrets } = self;
        let concurrency = actual.capacity.share(scope.jobs.count, 1);
        let services: Vec<DesiredService> = scope.services_of(desired).cloned().collect();
        let mut task = Task::new(access, desired, &services, secrets, concurrency);
        let further = task.logins.drain(..).filter(|login| login.further && self.may_be_tried(login));
        task.logins = self.logins().into_iter().chain(further).collect();
        let attempts = probe::try_own(&task).await?;
        let mut refused = BTreeSet::new();
        for (login, attempt) in task.logins.iter().zip(&attempts) {
            match &attempt.outcome {
                Outcome::Accepted(_) => {}
                Outcome::Rejected(refusal) if refusal.sqlstate == sqlstate::INVALID_PASSWORD => {
                    refused.insert(login.role.clone());
                }
                // A missing CONNECT is drift of its own and a separate step of the plan.
                Outcome::Rejected(refusal) if refusal.sqlstate == sqlstate::INSUFFICIENT_PRIVILEGE => {}
                _ => return Err(unclear(login, probe::judge_own(&attempt.outcome).why)),
            }
        }
        Ok(refused)
    }

    /// Returns the logins that exist, may log in, have a stored password, and a database that accepts connections.
    fn logins(&self) -> Vec<ProbeLogin> {
        let ServicePasswords { scope, desired, secrets, .. } = self;
        let of = |service: &DesiredService| {
            RoleKind::LOGINS.map(|kind| {
                let role = service.role(kind);
                let password = secrets.get(&desired.name, role).cloned();
                ProbeLogin::new(service.name.clone(), kind, role.clone(), service.database.clone(), password)
            })
        };
        let all = scope.services_of(desired).flat_map(of);
        all.filter(|login| self.may_be_tried(login)).collect()
    }

    fn may_be_tried(&self, login: &ProbeLogin) -> bool {
        let is_open = self.actual.databases.get(&login.database).is_some_and(|found| found.allow_connections);
        let logs_in = self.actual.roles.get(&login.role).is_some_and(|found| found.login);
        is_open && logs_in && login.password.is_some()
    }

    /// Returns the further logins of the chosen services, such as those of the data service.
    fn further(&self) -> impl Iterator<Item = &RoleName> {
        let of = |service: &DesiredService| {
            service.access.iter().map(|grant| grant.role.clone()).collect::<Vec<_>>()
        };
        let used: BTreeSet<RoleName> = self.scope.services_of(self.desired).flat_map(of).collect();
        let declared = self.desired.access.values().filter(|role| role.login && !role.expired);
        declared.map(|role| &role.name).filter(move |name| used.contains(*name))
    }
}

fn compare(pairs: &[LoginPair], threads: usize) -> BTreeSet<RoleName> {
    let differing = |part: &[LoginPair]| -> Vec<RoleName> {
        part.iter().filter(|pair| differs(pair)).map(|pair| pair.login.clone()).collect()
    };
    std::thread::scope(|scope| {
        let parts = pairs.chunks(pairs.len().div_ceil(threads).max(1));
        let parts: Vec<_> = parts.map(|part| scope.spawn(move || differing(part))).collect();
        parts.into_iter().flat_map(|part| part.join().expect("a comparison does not panic")).collect()
    })
}

/// Returns `true` if the password differs. MD5 counts as different, because its hash alone is enough to log in; so
/// does a missing password.
fn differs(pair: &LoginPair) -> bool {
    !is_kept(pair.stored.expose_secret(), &pair.kept)
}

fn unclear(login: &ProbeLogin, why: Option<String>) -> Error {
    let message = format!("cannot tell whether the stored password of \"{}\" works", login.role);
    why.into_iter().fold(Error::new(Kind::Unreachable, message), Error::cause)
}

#[cfg(test)]
mod tests {
    use super::*;
    use martydb_pg::wire::{digest, verifier};

    fn pair(kept: &str, salt: Option<&str>, rounds: Option<u32>) -> LoginPair {
        LoginPair {
            login: RoleName::found("csca_app").unwrap(),
            kept: StoredPassword { digest: Some(digest(kept)), salt: salt.map(str::to_owned), rounds },
            stored: SecretString::from("secret"),
        }
    }

    #[test]
    fn only_the_verifier_of_the_stored_password_is_equal() {
        let kept = |password| verifier(password, "QUFB", 2).unwrap();
        assert!(!differs(&pair(&kept("secret"), Some("QUFB"), Some(2))));
        assert!(differs(&pair(&kept("other"), Some("QUFB"), Some(2))));
        // A verifier with hours of hashing is skipped: its cost is meant to do harm.
        assert!(differs(&pair("SCRAM-SHA-256$", Some("QUFB"), Some(999_999_999))));
    }

    #[test]
    fn anything_but_scram_is_a_difference() {
        assert!(differs(&pair("md5d41d8cd98f00b204e9800998ecf8427e", None, None)));
        assert!(differs(&LoginPair { kept: StoredPassword::default(), ..pair("", None, None) }));
    }

    #[test]
    fn every_pair_is_compared_by_one_of_the_threads() {
        for (count, threads) in [(0, 1), (5, 2), (5, 3), (2, 5), (1, 1)] {
            let login = |n| RoleName::found(format!("login{n}")).unwrap();
            let pairs: Vec<_> =
                (0..count).map(|n| LoginPair { login: login(n), ..pair("", None, None) }).collect();
            assert_eq!(compare(&pairs, threads), (0..count).map(login).collect(), "{count} by {threads}");
        }
    }
}
