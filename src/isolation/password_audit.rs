//! Passwords that are known elsewhere, found without a login: the hash that the server keeps for a superuser, an
//! unmanaged role or an unused alternate login is compared with easy guesses and with the stored passwords. Logins in
//! use are tried over a connection; these are not martydb's to try, and an attempt could lock them out.

use secrecy::{ExposeSecret, SecretString};

use super::observations::{KnownPassword, ServerContext};
use super::stored_passwords::{GUESSES, variants};
use crate::contract::managed;
use crate::error::{Error, Result};
use crate::findings::{Finding, GUESSABLE, REUSED, Severity};
use crate::model::{KeptPassword, RoleName};
use crate::probe::{LoginAttempts, ProbeLogin, Task};
use crate::wire::is_kept;

/// More rounds than this for each guess only keep a verifier busy; the default is 4,096.
const MOST_ROUNDS: u32 = 20_000;

/// What the server keeps of a role's password, and what it is compared with.
type Comparison = (RoleName, KeptPassword, Vec<Candidate>);

/// A password to try, and whose it is; `None` for a guess.
type Candidate = (SecretString, Option<ProbeLogin>);

/// Compares what the server keeps; nothing where the admin may not read it.
///
/// # Errors
/// Where the comparison does not finish: what it would have found is not known then.
pub async fn known_passwords(
    context: &ServerContext,
    attempts: &[LoginAttempts],
) -> Result<Vec<KnownPassword>> {
    let ServerContext { task, desired, catalogue } = context;
    let Some(kept) = &catalogue.kept else { return Ok(vec![]) };
    let comparison = |role: &RoleName, candidates: Vec<Candidate>| {
        Some((role.clone(), kept.get(role)?.clone(), candidates))
    };
    let in_use = |role: &RoleName| task.logins.iter().any(|login| login.role == *role);
    let unused = |role: &&RoleName| !in_use(role) && desired.managed_role(role).is_none();
    let unused = catalogue.actual.roles.keys().filter(unused);
    let unused = unused.filter_map(|role| comparison(role, candidates(task, role)));
    // The common words are tried over a connection.
    let refused = task.logins.iter().zip(attempts).filter(|(_, attempts)| attempts.password_refused());
    let refused = refused.filter_map(|(login, _)| comparison(&login.role, names_as_passwords(login)));
    let all: Vec<Comparison> = unused.chain(refused).collect();
    // Each candidate costs thousands of rounds of hashing.
    let known = tokio::task::spawn_blocking(move || all.into_iter().filter_map(solve).collect());
    known.await.map_err(|error| Error::operation("the comparison of passwords did not finish").cause(error))
}

fn names_as_passwords(login: &ProbeLogin) -> Vec<Candidate> {
    let names = [login.role.as_str(), login.service.as_str(), login.database.as_str()];
    names.into_iter().flat_map(variants).map(|word| (SecretString::from(word), None)).collect()
}

fn candidates(task: &Task, role: &RoleName) -> Vec<Candidate> {
    let guesses = [role.as_str()].into_iter().chain(GUESSES.iter().copied());
    let guesses = guesses.map(|guess| (SecretString::from(guess), None));
    let stored = task.logins.iter().filter_map(|login| Some((login.password.clone()?, Some(login.clone()))));
    guesses.chain(stored).collect()
}

fn solve((role, kept, candidates): Comparison) -> Option<KnownPassword> {
    if kept.rounds.is_none_or(|rounds| rounds > MOST_ROUNDS) {
        return None;
    }
    let fits = |(password, _): &Candidate| is_kept(password.expose_secret(), &kept);
    let (_, owner) = candidates.into_iter().find(fits)?;
    Some(KnownPassword { role, owner })
}

/// That the password of a role is known elsewhere.
pub fn finding(context: &ServerContext, known: &KnownPassword) -> Finding {
    let ServerContext { task, desired, catalogue } = context;
    let KnownPassword { role, owner } = known;
    let service = managed(desired, role).map(|(service, _)| service);
    let powerful = catalogue.actual.roles.get(role).is_some_and(|found| found.superuser || found.replication);
    let (kind, evidence) = match owner {
        Some(other) => (REUSED, format!("the password of {role} is that of {}", other.role)),
        None => (GUESSABLE, format!("the password of {role} is easily guessed")),
    };
    let severity = match (owner, service) {
        (Some(_), _) if powerful => Severity::Critical,
        (_, Some(_)) => Severity::High,
        // No login of a service: the server's administrator decides.
        (_, None) => Severity::Low,
    };
    let found = kind.of(role.as_str()).at(severity).service_name(service.map(|service| &service.name));
    found.object(format!("role {role}")).seen(evidence).on(&task.server)
}
