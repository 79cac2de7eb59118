//! Passwords that others know, found without a login: what the server keeps of a superuser's, a stranger's or an idle
//! twin's password is compared with what anybody tries first and with what the store knows. Logins in use are tried
//! at the door; these would be locked out by nobody, and yet are not martydb's to try.

use secrecy::{ExposeSecret, SecretString};

use super::finding::{Finding, Severity, Source};
use super::guess::GUESSES;
use super::login::{self, verifier};
use super::task::{ProbeLogin, Task};
use crate::audit::kinds::{GUESSABLE, Kind, REUSED};
use crate::model::{ActualServer, DesiredServer, KeptPassword, RoleName};

/// More rounds than this for each guess are somebody's way of keeping a verifier busy; the default is 4,096.
const MOST_ROUNDS: u32 = 20_000;

/// What is compared with what.
struct Riddle {
    role: RoleName,
    kept: KeptPassword,
    /// Worth trying, and whose it is; `None` is everybody's.
    candidates: Vec<(SecretString, Option<ProbeLogin>)>,
}

/// A candidate that fits.
struct Solved {
    role: RoleName,
    whose: Option<ProbeLogin>,
}

/// One finding for each login whose password somebody else knows.
pub async fn known_elsewhere(
    task: &Task,
    desired: &DesiredServer,
    actual: &ActualServer,
    kept: &std::collections::BTreeMap<String, KeptPassword>,
) -> Vec<Finding> {
    let riddles: Vec<Riddle> = actual
        .roles
        .keys()
        .filter(|role| !is_in_use(task, role) && desired.managed_role(role).is_none())
        .filter_map(|role| {
            Some(Riddle {
                role: role.clone(),
                kept: kept.get(role.as_str())?.clone(),
                candidates: candidates(task, role),
            })
        })
        .collect();
    // Each candidate costs thousands of rounds of hashing.
    let solved =
        tokio::task::spawn_blocking(move || riddles.into_iter().filter_map(solve).collect::<Vec<_>>());
    let solved = solved.await.unwrap_or_default();
    solved.iter().map(|one| finding(task, desired, actual, one)).collect()
}

fn is_in_use(task: &Task, role: &RoleName) -> bool {
    task.logins.iter().any(|login| login.login().role == role.as_str())
}

fn candidates(task: &Task, role: &RoleName) -> Vec<(SecretString, Option<ProbeLogin>)> {
    let names = [role.as_str()];
    let guesses = names.iter().chain(GUESSES).map(|guess| (SecretString::from(*guess), None));
    let stored = task.logins.iter().filter_map(|login| Some((login.password.clone()?, Some(login.clone()))));
    guesses.chain(stored).collect()
}

fn solve(riddle: Riddle) -> Option<Solved> {
    let Riddle { role, kept, candidates } = riddle;
    let (salt, rounds, digest) =
        (kept.salt?, kept.rounds.filter(|rounds| *rounds <= MOST_ROUNDS)?, kept.digest?);
    let fits = |password: &SecretString| {
        verifier(password.expose_secret(), &salt, rounds)
            .is_some_and(|expected| login::digest(&expected) == digest)
    };
    let (_, whose) = candidates.into_iter().find(|(password, _)| fits(password))?;
    Some(Solved { role, whose })
}

fn finding(task: &Task, desired: &DesiredServer, actual: &ActualServer, solved: &Solved) -> Finding {
    let Solved { role, whose } = solved;
    let first = role.as_str().strip_suffix(crate::TWIN_SUFFIX).and_then(|name| RoleName::found(name).ok());
    let service = first.and_then(|first| desired.managed_role(&first)).map(|(service, _)| service);
    let mighty = actual.roles.get(role).is_some_and(|found| found.superuser || found.replication);
    let (kind, severity, evidence): (&Kind, Severity, String) = match whose {
        Some(other) if mighty => {
            (REUSED, Severity::Critical, format!("the password of {role} is that of {}", other.role))
        }
        Some(other) if service.is_some() => {
            (REUSED, Severity::High, format!("the password of {role} is that of {}", other.role))
        }
        Some(other) => (REUSED, Severity::Low, format!("the password of {role} is that of {}", other.role)),
        None if service.is_some() => {
            (GUESSABLE, Severity::High, format!("the password of {role} is one that anybody guesses"))
        }
        // Whoever runs the server knows; it is no login of a service.
        None => (GUESSABLE, Severity::Low, format!("the password of {role} is one that anybody guesses")),
    };
    Finding {
        id: kind.id,
        severity,
        kind: Source::Audit,
        service: service.map(|service| service.name.to_string()),
        role: role.to_string(),
        server: task.server.clone(),
        database: None,
        object: Some(format!("role {role}")),
        evidence,
        fix: None,
        close: vec![],
    }
}
