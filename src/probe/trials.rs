//! Probes beside the matrix: other addresses, replication, wrong and guessable passwords.
//!
//! CONNECT is the same on every address, but pg_hba.conf is not: a line that trusts `::1` or the socket is seen only
//! by who goes there. What is loaded now, and not what the file says, is what a wrong password finds out.
//! `rows` says what is tried, `purpose` what an answer proves; here it is done.

mod purpose;
mod rows;

use std::collections::BTreeMap;

use futures_util::stream::{self, StreamExt};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use super::Source;
use super::finding::{Finding, findings, listed};
use super::guess::is_guessable;
use super::listeners::Listener;
use super::matrix::{Place, Probe};
use super::run::{Seen, patiently};
use super::task::{ProbeLogin, Task};
use super::verdict::{Judgement, Verdict};
use crate::audit::NotExamined;
use crate::audit::facts::HbaLine;
use crate::audit::kinds::{GUESSABLE, Kind, REUSED};
use crate::model::ActualServer;
use crate::server::Login;
use crate::wire::{Attempt, Credentials, Request};
use purpose::Purpose;

/// How much is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Wrong passwords everywhere, replication, and what else needs no second look.
    Sample,
    /// Besides, each login at its own and one foreign database on every listener, and what pg_hba.conf treats apart.
    Full,
    /// Every login at every database in every way.
    Exhaustive,
}

/// What the trials stand on.
pub struct Scene<'a> {
    /// Logins and databases.
    pub task: &'a Task,
    /// What the logins met in the matrix.
    pub seen: &'a [Seen],
    /// Breaches that the matrix showed already.
    pub matrix: &'a [Probe],
    /// Where the server listens, the manifest's address first.
    pub listeners: &'a [Listener],
    /// The rules of pg_hba.conf, if the admin may read them.
    pub hba: Option<&'a [HbaLine]>,
    /// Role and database of the one who connects.
    pub admin: (&'a str, &'a str),
    /// What the catalogue says, for the statements that close a breach.
    pub server: Option<&'a ActualServer>,
    /// Replication connections that may be taken at a time; with none the server has none to give.
    pub walsenders: usize,
    /// How much is tried.
    pub extent: Extent,
}

/// One attempt beside the matrix.
struct Trial {
    /// Whose login, by its place in the task; `None` for the admin's.
    login: Option<usize>,
    role: String,
    database: String,
    place: Place,
    /// By its place among the listeners.
    listener: usize,
    password: SecretString,
    purpose: Purpose,
}

/// What the trials found.
#[derive(Debug, Default)]
pub struct Tried {
    /// Every attempt, as a probe that says in which way it was made.
    pub probes: Vec<Probe>,
    /// Let in where nobody may be.
    pub findings: Vec<Finding>,
    /// What a session was not allowed to ask.
    pub missed: Vec<NotExamined>,
}

impl Tried {
    /// Both together.
    pub fn extend(&mut self, more: Tried) {
        self.probes.extend(more.probes);
        self.findings.extend(more.findings);
        self.missed.extend(more.missed);
    }
}

/// Tries everything. A role has one connection at a time, so that none is locked out of its own limit.
pub async fn try_trials(scene: &Scene<'_>) -> Tried {
    let walsenders = Semaphore::new(scene.walsenders.max(1));
    let walks: Vec<Vec<(Trial, Attempt)>> = stream::iter(rows::by_role(scene))
        .map(|trials| walk(scene, trials, &walsenders))
        .buffered(scene.task.concurrency.max(1))
        .collect()
        .await;
    let mut tried = Tried { findings: reused(scene.task), ..Tried::default() };
    for (trial, attempt) in walks.into_iter().flatten() {
        judge(scene, &trial, &attempt, &mut tried);
    }
    tried.findings.extend(entered(scene, &tried.probes));
    tried
}

async fn walk(scene: &Scene<'_>, trials: Vec<Trial>, walsenders: &Semaphore) -> Vec<(Trial, Attempt)> {
    // The key that SCRAM derives from a password is kept with it.
    let mut known: Vec<(String, Credentials)> = vec![];
    let mut walked = vec![];
    for trial in trials {
        let password = trial.password.expose_secret().to_owned();
        let at = known.iter().position(|(other, _)| *other == password).unwrap_or_else(|| {
            let login = Login::with_password(trial.role.clone(), trial.password.clone());
            known.push((password, Credentials::new(login)));
            known.len() - 1
        });
        let _turn = match trial.purpose.is_replication() {
            true => Some(walsenders.acquire().await.expect("nobody closes the queue")),
            false => None,
        };
        let attempt = attempt(scene, &trial, &mut known[at].1).await;
        walked.push((trial, attempt));
    }
    walked
}

async fn attempt(scene: &Scene<'_>, trial: &Trial, credentials: &mut Credentials) -> Attempt {
    let address = &scene.listeners[trial.listener].address;
    let request = Request {
        database: &trial.database,
        parameters: trial.purpose.parameters(),
        queries: &[],
        timeout: scene.task.timeout,
    };
    patiently(address, credentials, &request).await
}

fn judge(scene: &Scene<'_>, trial: &Trial, attempt: &Attempt, tried: &mut Tried) {
    let door = scene.task.databases.iter().find(|found| found.name.as_str() == trial.database);
    let judgement = trial.purpose.judge(&attempt.outcome, trial.place, door.map(|found| found.door));
    let mut probe = probe(scene, trial, attempt, judgement);
    if let (Verdict::Breach, Some(kind)) = (probe.outcome, trial.purpose.kind()) {
        let finding = finding(scene, trial, kind);
        probe.found = Some(finding.key());
        tried.findings.push(finding);
    }
    tried.probes.push(probe);
}

fn probe(scene: &Scene<'_>, trial: &Trial, attempt: &Attempt, judgement: Judgement) -> Probe {
    let task = scene.task;
    Probe {
        service: trial.login.map_or_else(|| ADMIN.into(), |at| task.logins[at].service.to_string()),
        role: trial.role.clone(),
        server: task.server.clone(),
        database: trial.database.clone(),
        outcome: judgement.verdict,
        sqlstate: judgement.sqlstate,
        why: judgement.why,
        way: Some(way(scene, trial)),
        place: trial.place,
        found: None,
        connections: attempt.connections,
    }
}

/// Stands where a probe of the admin's login has no service to name.
const ADMIN: &str = "(server)";

fn way(scene: &Scene<'_>, trial: &Trial) -> String {
    let listener = &scene.listeners[trial.listener];
    let place = if listener.configured { String::new() } else { format!("at {}", listener.shown) };
    [trial.purpose.words(), place].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

fn finding(scene: &Scene<'_>, trial: &Trial, kind: &Kind) -> Finding {
    let task = scene.task;
    Finding {
        id: kind.id,
        severity: kind.severity,
        kind: Source::Probe,
        service: trial.login.map(|at| task.logins[at].service.to_string()),
        role: trial.role.clone(),
        server: task.server.clone(),
        database: Some(trial.database.clone()),
        // The address only: a password that works is not to be read in a report.
        object: Some(format!("address {}", scene.listeners[trial.listener].shown)),
        evidence: format!("{} was let in {}", trial.role, way(scene, trial)),
        fix: None,
        close: vec![],
    }
}

/// Foreign databases that were entered on another listener, and not on the manifest's.
fn entered(scene: &Scene<'_>, probes: &[Probe]) -> Vec<Finding> {
    let key = |probe: &Probe| (probe.role.clone(), probe.database.clone());
    let known: Vec<(String, String)> =
        scene.matrix.iter().filter(|probe| probe.outcome == Verdict::Breach).map(key).collect();
    let mut ways: BTreeMap<(String, String), (&Probe, Vec<&str>)> = BTreeMap::new();
    let news = probes.iter().filter(|probe| probe.outcome == Verdict::Breach && probe.found.is_none());
    for probe in news.filter(|probe| !known.contains(&key(probe))) {
        let (_, ways) = ways.entry(key(probe)).or_insert((probe, vec![]));
        ways.extend(probe.way.as_deref());
    }
    let told = |(probe, ways): &(&Probe, Vec<&str>)| {
        let mut found = findings(scene.task, std::slice::from_ref(*probe), scene.server);
        for finding in &mut found {
            finding.evidence = format!("{} ({})", finding.evidence, listed(ways));
        }
        found
    };
    let mut all: Vec<Finding> = vec![];
    for finding in ways.values().flat_map(told) {
        if all.iter().all(|other| other.key() != finding.key()) {
            all.push(finding);
        }
    }
    all
}

/// Equal secrets in the store, and stored ones that anybody guesses: found by comparing, without a login.
fn reused(task: &Task) -> Vec<Finding> {
    let mut found = vec![];
    for (at, login) in task.logins.iter().enumerate() {
        let Some(password) = login.password.as_ref().map(ExposeSecret::expose_secret) else { continue };
        let same = |other: &&ProbeLogin| {
            other.password.as_ref().is_some_and(|other| other.expose_secret() == password)
        };
        if let Some(other) = task.logins[..at].iter().find(same) {
            let evidence =
                format!("the secret store holds the same password for {} and {}", login.role, other.role);
            found.push(stored(task, login, REUSED, &format!("role {}", other.role), evidence));
        }
        let names = [login.role.as_str(), login.service.as_str(), login.database.as_str()];
        if is_guessable(password, &names) {
            let evidence = format!("the stored password of {} is one that anybody guesses", login.role);
            found.push(stored(task, login, GUESSABLE, &format!("role {}", login.role), evidence));
        }
    }
    found
}

fn stored(task: &Task, login: &ProbeLogin, kind: &Kind, object: &str, evidence: String) -> Finding {
    Finding {
        id: kind.id,
        severity: kind.severity,
        kind: Source::Probe,
        service: Some(login.service.to_string()),
        role: login.role.to_string(),
        server: task.server.clone(),
        database: Some(login.database.to_string()),
        object: Some(object.into()),
        evidence,
        fix: None,
        close: vec![],
    }
}
