//! Probes beside the matrix, as rows of a table: other addresses, replication, wrong and guessable passwords.
//!
//! CONNECT is the same on every address, but pg_hba.conf is not: a line that trusts `::1` or the socket is seen only
//! by who goes there. What is loaded now, and not what the file says, is what a wrong password finds out.

use std::path::PathBuf;

use futures_util::stream::{self, StreamExt};
use secrecy::{ExposeSecret, SecretString};

use super::login::{Address, Attempt, Credentials, Outcome, Request, Stage};
use super::run::{BACKOFF, TOO_MANY};
use super::{Finding, ProbeLogin, Seen, Source, Task};
use crate::audit::kinds::{GUESSABLE, Kind, REPLICATION_LOGIN, REUSED, WRONG_PASSWORD};
use crate::server::{Endpoint, Host, Login};

/// No login of anybody: 40 characters that no generator of ours makes.
const WRONG: &str = "martydb-tries-a-wrong-password-on-purpose";

/// What everybody tries first, besides the names of role and service.
const GUESSES: &[&str] = &["postgres", "password", "changeme"];

/// One attempt beside the matrix.
struct Trial {
    /// Whose login; `None` for the admin's.
    login: Option<usize>,
    role: String,
    database: String,
    endpoint: Endpoint,
    password: SecretString,
    parameters: &'static [(&'static str, &'static str)],
    /// What it is called if it is let in.
    kind: &'static Kind,
    /// How it was tried, in words.
    way: String,
}

/// What the trials found, and which of them proved nothing.
#[derive(Debug, Default)]
pub struct Tried {
    /// Let in where nobody may be.
    pub findings: Vec<Finding>,
    /// What was tried and why it proves nothing.
    pub unproven: Vec<(String, String)>,
}

/// Tries everything. `admin` is the role and the database of the one who connects.
pub async fn try_trials(task: &Task, seen: &[Seen], elsewhere: &[Endpoint], admin: (&str, &str)) -> Tried {
    let mut tried = Tried { findings: reused(task), unproven: vec![] };
    let all = trials(task, seen, elsewhere, admin);
    let attempts: Vec<(Trial, Option<Attempt>)> = stream::iter(all)
        .map(|trial| async {
            let attempt = attempt(task, &trial).await;
            (trial, attempt)
        })
        .buffered(task.concurrency.max(1))
        .collect()
        .await;
    for (trial, attempt) in attempts {
        judge(task, &trial, attempt, &mut tried);
    }
    tried
}

/// The rows.
fn trials(task: &Task, seen: &[Seen], elsewhere: &[Endpoint], admin: (&str, &str)) -> Vec<Trial> {
    let wrong = || SecretString::from(WRONG);
    let mut all = vec![];
    for endpoint in std::iter::once(&task.endpoint).chain(elsewhere) {
        for (at, login) in task.logins.iter().enumerate() {
            all.push(row(task, at, login, endpoint, wrong(), &[], WRONG_PASSWORD, "with a wrong password"));
        }
        // Over the socket the admin is who the operating system says; pg_hba.conf tells whether that is all.
        if matches!(endpoint.host, Host::Tcp(_)) {
            all.push(Trial {
                login: None,
                role: admin.0.into(),
                database: admin.1.into(),
                endpoint: endpoint.clone(),
                password: wrong(),
                parameters: &[],
                kind: WRONG_PASSWORD,
                way: "with a wrong password".into(),
            });
        }
    }
    for (at, (login, seen)) in task.logins.iter().zip(seen).enumerate() {
        match (&seen.control.outcome, &login.password) {
            (Outcome::LetIn(_), Some(password)) => {
                let way = "with replication=true";
                let parameters: &[(&str, &str)] = &[("replication", "true")];
                for endpoint in std::iter::once(&task.endpoint).chain(elsewhere) {
                    all.push(row(
                        task,
                        at,
                        login,
                        endpoint,
                        password.clone(),
                        parameters,
                        REPLICATION_LOGIN,
                        way,
                    ));
                }
            }
            (Outcome::Refused(refused), _) if refused.sqlstate == "28P01" => {
                guesses(task, at, login, &mut all)
            }
            _ => {}
        }
    }
    all
}

#[expect(clippy::too_many_arguments, reason = "the columns of a row")]
fn row(
    task: &Task,
    at: usize,
    login: &ProbeLogin,
    endpoint: &Endpoint,
    password: SecretString,
    parameters: &'static [(&'static str, &'static str)],
    kind: &'static Kind,
    way: &str,
) -> Trial {
    let place = if *endpoint == task.endpoint { String::new() } else { format!(" at {endpoint}") };
    Trial {
        login: Some(at),
        role: login.role.to_string(),
        database: login.database.to_string(),
        endpoint: endpoint.clone(),
        password,
        parameters,
        kind,
        way: format!("{way}{place}"),
    }
}

/// The stored password is stale: what else could it be?
fn guesses(task: &Task, at: usize, login: &ProbeLogin, all: &mut Vec<Trial>) {
    let names = [login.role.as_str(), login.service.as_str()];
    for guess in names.iter().chain(GUESSES) {
        let guess = SecretString::from(*guess);
        all.push(row(
            task,
            at,
            login,
            &task.endpoint,
            guess,
            &[],
            GUESSABLE,
            "with a password that anybody guesses",
        ));
    }
    for other in task.logins.iter().filter(|other| other.role != login.role) {
        let Some(password) = &other.password else { continue };
        let way = format!("with the password of {}", other.role);
        all.push(row(task, at, login, &task.endpoint, password.clone(), &[], REUSED, &way));
    }
}

async fn attempt(task: &Task, trial: &Trial) -> Option<Attempt> {
    let address = Address::resolve(&trial.endpoint).await.ok()?;
    let mut credentials = Credentials::new(Login::with_password(trial.role.clone(), trial.password.clone()));
    let request = Request {
        database: &trial.database,
        parameters: trial.parameters,
        query: None,
        timeout: task.timeout,
    };
    let mut attempt = address.attempt(&mut credentials, &request).await;
    // Services and the other trials have the connections; that passes.
    for pause in BACKOFF {
        match &attempt.outcome {
            Outcome::Refused(refused) if refused.sqlstate == TOO_MANY => {
                tokio::time::sleep(pause).await;
                attempt = address.attempt(&mut credentials, &request).await;
            }
            _ => break,
        }
    }
    Some(attempt)
}

/// A refusal of the login itself, or of what was asked for, is what is hoped for.
const DENIALS: &[&str] = &["28P01", "28000", "42501"];

fn judge(task: &Task, trial: &Trial, attempt: Option<Attempt>, tried: &mut Tried) {
    let why = match attempt.map(|attempt| attempt.outcome) {
        Some(Outcome::LetIn(_)) => return tried.findings.push(finding(task, trial)),
        Some(Outcome::Refused(refused)) if DENIALS.contains(&refused.sqlstate.as_str()) => return,
        // Nobody listens there; the configured address answered, or there would be no trials.
        Some(Outcome::Broken(broken)) if broken.stage == Stage::Reach && trial.endpoint != task.endpoint => {
            return;
        }
        None if trial.endpoint != task.endpoint => return,
        // Past the password, and stopped by something that comes after it.
        Some(Outcome::Refused(refused)) => format!("an answer that proves nothing: {refused}"),
        Some(Outcome::Broken(broken)) => broken.to_string(),
        None => "the address cannot be resolved".into(),
    };
    tried.unproven.push((format!("{} {}", trial.role, trial.way), why));
}

fn finding(task: &Task, trial: &Trial) -> Finding {
    let service = trial.login.map(|at| task.logins[at].service.to_string());
    // The address only: a password that works is not to be read in a report.
    Finding {
        id: trial.kind.id,
        severity: trial.kind.severity,
        kind: Source::Probe,
        service,
        role: trial.role.clone(),
        server: task.server.clone(),
        database: Some(trial.database.clone()),
        object: Some(format!("address {}", trial.endpoint)),
        evidence: format!("{} was let in {}", trial.role, trial.way),
        fix: None,
        close: vec![],
    }
}

/// Equal secrets in the store, and stored ones that anybody guesses: found by comparing, without a login.
fn reused(task: &Task) -> Vec<Finding> {
    let mut found = vec![];
    for (at, login) in task.logins.iter().enumerate() {
        let Some(password) = login.password.as_ref().map(ExposeSecret::expose_secret) else { continue };
        let same = |other: &&ProbeLogin| {
            other.password.as_ref().is_some_and(|other| other.expose_secret() == password)
        };
        let trial = |kind, way: String| Trial {
            way,
            ..row(task, at, login, &task.endpoint, SecretString::from(""), &[], kind, "")
        };
        if let Some(other) = task.logins[..at].iter().find(same) {
            let mut one = finding(task, &trial(REUSED, String::new()));
            one.evidence =
                format!("the secret store holds the same password for {} and {}", login.role, other.role);
            found.push(Finding { object: Some(format!("role {}", other.role)), ..one });
        }
        let names = [login.role.as_str(), login.service.as_str()];
        if names.iter().chain(GUESSES).any(|guess| *guess == password) {
            let mut one = finding(task, &trial(GUESSABLE, String::new()));
            one.evidence = format!("the stored password of {} is one that anybody guesses", login.role);
            found.push(Finding { object: Some(format!("role {}", login.role)), ..one });
        }
    }
    found
}

/// The other addresses of a server on this host, by what it says it listens on: both families and the sockets.
pub fn elsewhere(endpoint: &Endpoint, listen: &str, sockets: &str, port: u16) -> Vec<Endpoint> {
    let local = match &endpoint.host {
        Host::Socket(_) => true,
        Host::Tcp(host) => {
            host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
    };
    if !local {
        return vec![];
    }
    let mut hosts: Vec<Host> = vec![];
    for name in listen.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        match name {
            "*" | "localhost" => hosts.extend(["127.0.0.1", "::1"].map(|host| Host::Tcp(host.into()))),
            "0.0.0.0" => hosts.push(Host::Tcp("127.0.0.1".into())),
            "::" => hosts.push(Host::Tcp("::1".into())),
            name => hosts.push(Host::Tcp(name.into())),
        }
    }
    hosts.extend(
        sockets
            .split(',')
            .map(str::trim)
            .filter(|dir| !dir.is_empty())
            .map(|dir| Host::Socket(PathBuf::from(dir))),
    );
    let mut all: Vec<Endpoint> = vec![];
    for host in hosts {
        let one = Endpoint { host, port, tls: endpoint.tls.clone() };
        let named =
            endpoint.host == Host::Tcp("localhost".into()) && one.host == Host::Tcp("127.0.0.1".into());
        if one.host != endpoint.host && !named && !all.contains(&one) {
            all.push(one);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::Tls;

    #[test]
    fn every_address_of_a_local_server_is_tried_once() {
        let at = |host: &str| Endpoint { host: Host::Tcp(host.into()), port: 5432, tls: Tls::default() };
        let shown = |endpoint: &Endpoint, listen: &str, sockets: &str| -> Vec<String> {
            elsewhere(endpoint, listen, sockets, 5432).iter().map(ToString::to_string).collect()
        };
        assert_eq!(shown(&at("127.0.0.1"), "*", "/run"), ["::1:5432", "/run/.s.PGSQL.5432"]);
        assert_eq!(shown(&at("127.0.0.1"), "localhost", ""), ["::1:5432"]);
        assert_eq!(shown(&at("127.0.0.1"), "127.0.0.1", "/a, /b"), ["/a/.s.PGSQL.5432", "/b/.s.PGSQL.5432"]);
        assert_eq!(shown(&at("db.example.com"), "*", "/run"), Vec::<String>::new());
    }
}
