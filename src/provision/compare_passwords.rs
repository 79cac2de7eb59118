//! Stored passwords held against what the server keeps, for admins that may see it: the cheap way to know that a
//! login still works, so every plan takes it. An admin that may not see it tries the logins, see `verify_passwords`.

use std::collections::BTreeSet;

use secrecy::{ExposeSecret, SecretString};

use super::scope::PlanScope;
use crate::error::{Error, Result};
use crate::model::{ActualServer, DesiredServer, KeptPassword, RoleKind, RoleName};
use crate::secrets::Secrets;
use crate::wire::is_kept;

struct Pair {
    login: RoleName,
    kept: KeptPassword,
    stored: SecretString,
}

/// The logins in use whose stored password is not what the server keeps as a SCRAM-SHA-256 verifier.
pub async fn differing(
    scope: &PlanScope<'_>,
    desired: &DesiredServer,
    actual: &ActualServer,
    secrets: &Secrets,
) -> Result<BTreeSet<RoleName>> {
    let pairs = pairs(scope, desired, actual, secrets);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    // Each costs 4,096 rounds of hashing: that is no work for the threads that serve the connections.
    let compared = tokio::task::spawn_blocking(move || compare(&pairs, cores)).await;
    compared.map_err(|error| Error::operation("cannot compare the stored passwords").cause(error))
}

fn compare(pairs: &[Pair], threads: usize) -> BTreeSet<RoleName> {
    let differing = |part: &[Pair]| -> Vec<RoleName> {
        part.iter().filter(|pair| differs(pair)).map(|pair| pair.login.clone()).collect()
    };
    std::thread::scope(|scope| {
        let parts = pairs.chunks(pairs.len().div_ceil(threads).max(1));
        let parts: Vec<_> = parts.map(|part| scope.spawn(move || differing(part))).collect();
        parts.into_iter().flat_map(|part| part.join().expect("a comparison does not panic")).collect()
    })
}

fn pairs(
    scope: &PlanScope<'_>,
    desired: &DesiredServer,
    actual: &ActualServer,
    secrets: &Secrets,
) -> Vec<Pair> {
    let roles =
        scope.services_of(desired).flat_map(|service| RoleKind::LOGINS.map(|kind| service.role(kind)));
    let pair = |role: &RoleName| {
        let (login, stored) = secrets.current(&desired.name, role)?;
        let kept = actual.passwords.get(&login)?.clone();
        Some(Pair { login, kept, stored: stored.clone() })
    };
    roles.filter_map(pair).collect()
}

/// MD5 counts as a difference: its hash alone is enough to log in. So does a missing password.
fn differs(pair: &Pair) -> bool {
    !is_kept(pair.stored.expose_secret(), &pair.kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{digest, verifier};

    fn pair(kept: &str, salt: Option<&str>, rounds: Option<u32>) -> Pair {
        Pair {
            login: RoleName::found("csca_app").unwrap(),
            kept: KeptPassword { digest: Some(digest(kept)), salt: salt.map(str::to_owned), rounds },
            stored: SecretString::from("secret"),
        }
    }

    #[test]
    fn only_the_verifier_of_the_stored_password_is_equal() {
        let kept = |password| verifier(password, "QUFB", 2).unwrap();
        assert!(!differs(&pair(&kept("secret"), Some("QUFB"), Some(2))));
        assert!(differs(&pair(&kept("other"), Some("QUFB"), Some(2))));
        // A verifier that takes hours to compute is not computed: it was set to harm.
        assert!(differs(&pair("SCRAM-SHA-256$", Some("QUFB"), Some(999_999_999))));
    }

    #[test]
    fn anything_but_scram_is_a_difference() {
        assert!(differs(&pair("md5d41d8cd98f00b204e9800998ecf8427e", None, None)));
        assert!(differs(&Pair { kept: KeptPassword::default(), ..pair("", None, None) }));
    }

    #[test]
    fn every_pair_is_compared_by_one_of_the_threads() {
        for (count, threads) in [(0, 1), (5, 2), (5, 3), (2, 5), (1, 1)] {
            let login = |n| RoleName::found(format!("login{n}")).unwrap();
            let pairs: Vec<_> =
                (0..count).map(|n| Pair { login: login(n), ..pair("", None, None) }).collect();
            assert_eq!(compare(&pairs, threads), (0..count).map(login).collect(), "{count} by {threads}");
        }
    }
}
