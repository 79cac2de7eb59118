//! Passwords that others know, found without a login: what the server keeps of a superuser's, a stranger's or an idle
//! twin's password is compared with what anybody tries first and with what the store knows. Logins in use are tried
//! at the door; these would be locked out by nobody, and yet are not martydb's to try.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};

use super::finding::{Finding, Severity, Source};
use super::guess::GUESSES;
use super::run::Seen;
use super::task::{ProbeLogin, Task};
use crate::audit::kinds::{GUESSABLE, Kind, REUSED};
use crate::error::{Error, Result};
use crate::model::{ActualServer, DesiredServer, KeptPassword, RoleName};
use crate::wire::{Outcome, is_kept};

/// More rounds than this for each guess are somebody's way of keeping a verifier busy; the default is 4,096.
const MOST_ROUNDS: u32 = 20_000;

/// What is compared with what.
struct Riddle {
    role: RoleName,
    kept: KeptPassword,
    candidates: Vec<Candidate>,
}

/// Worth trying, and whose it is; `None` is everybody's.
type Candidate = (SecretString, Option<ProbeLogin>);

/// A candidate that fits.
struct Solved {
    role: RoleName,
    whose: Option<ProbeLogin>,
}

/// One finding for each login whose password somebody else knows. Fails if the comparison breaks off: what it would
/// have found is not known then.
pub async fn known_elsewhere(
    task: &Task,
    seen: &[Seen],
    desired: &DesiredServer,
    actual: &ActualServer,
    kept: Option<&BTreeMap<String, KeptPassword>>,
) -> Result<Vec<Finding>> {
    let Some(kept) = kept else { return Ok(vec![]) };
    let riddle = |role: &RoleName, candidates: Vec<Candidate>| {
        Some(Riddle { role: role.clone(), kept: kept.get(role.as_str())?.clone(), candidates })
    };
    let idle = |role: &&RoleName| !is_in_use(task, role) && desired.managed_role(role).is_none();
    let others = actual.roles.keys().filter(idle).filter_map(|role| riddle(role, candidates(task, role)));
    let changed = stale(task, seen).filter_map(|login| riddle(&login.role, variants(login)));
    let riddles: Vec<Riddle> = others.chain(changed).collect();
    // Each candidate costs thousands of rounds of hashing.
    let solved =
        tokio::task::spawn_blocking(move || riddles.into_iter().filter_map(solve).collect::<Vec<_>>());
    let solved = solved.await.map_err(|error| Error::operation("the comparison broke off").cause(error))?;
    Ok(solved.iter().map(|one| finding(task, desired, actual, one)).collect())
}

/// Logins in use whose stored password the server refuses. The common words are tried at the door.
fn stale<'a>(task: &'a Task, seen: &'a [Seen]) -> impl Iterator<Item = &'a ProbeLogin> {
    let refused = |seen: &Seen| matches!(&seen.control.outcome, Outcome::Refused(refused) if refused.sqlstate == "28P01");
    task.logins.iter().zip(seen).filter(move |(_, seen)| refused(seen)).map(|(login, _)| login)
}

/// Its names as people write them when a rule wants a capital or a number.
fn variants(login: &ProbeLogin) -> Vec<Candidate> {
    let names = [login.role.as_str(), login.service.as_str(), login.database.as_str()];
    let written = |name: &str| {
        let first: String = name.chars().take(1).flat_map(char::to_uppercase).collect();
        let capital = first + &name.chars().skip(1).collect::<String>();
        let forms =
            [name.to_owned(), name.to_uppercase(), capital, name.replace('_', ""), name.replace('_', "-")];
        forms
            .into_iter()
            .flat_map(|form| ["", "1", "12", "123", "1234", "!"].map(|end| format!("{form}{end}")))
    };
    names.into_iter().flat_map(written).map(|word| (SecretString::from(word), None)).collect()
}

fn is_in_use(task: &Task, role: &RoleName) -> bool {
    task.logins.iter().any(|login| login.role == *role)
}

fn candidates(task: &Task, role: &RoleName) -> Vec<Candidate> {
    let names = [role.as_str()];
    let guesses = names.iter().chain(GUESSES).map(|guess| (SecretString::from(*guess), None));
    let stored = task.logins.iter().filter_map(|login| Some((login.password.clone()?, Some(login.clone()))));
    guesses.chain(stored).collect()
}

fn solve(riddle: Riddle) -> Option<Solved> {
    let Riddle { role, kept, candidates } = riddle;
    if kept.rounds.is_none_or(|rounds| rounds > MOST_ROUNDS) {
        return None;
    }
    let fits = |(password, _): &Candidate| is_kept(password.expose_secret(), &kept);
    let (_, whose) = candidates.into_iter().find(fits)?;
    Some(Solved { role, whose })
}

fn finding(task: &Task, desired: &DesiredServer, actual: &ActualServer, solved: &Solved) -> Finding {
    let Solved { role, whose } = solved;
    let first = role.as_str().strip_suffix(crate::TWIN_SUFFIX).and_then(|name| RoleName::found(name).ok());
    let service =
        [Some(role.clone()), first].into_iter().flatten().find_map(|role| desired.managed_role(&role));
    let service = service.map(|(service, _)| service);
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
