//! From attempts to the matrix: who was let in where, and how that adds up. Pure.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::finding::{Finding, Key, findings};
use super::run::Seen;
use super::task::{ProbeDatabase, ProbeLogin, Task};
use super::trials::Tried;
use super::verdict::{Control, Judgement, Verdict, judge_foreign, judge_own};
use crate::model::ActualServer;
use crate::wire::Attempt;

/// One probe: a login at a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Probe {
    /// The service that the login belongs to.
    pub service: String,
    /// The login's role.
    pub role: String,
    /// The server.
    pub server: String,
    /// The database that was tried.
    pub database: String,
    /// What it came to.
    pub outcome: Verdict,
    /// The server's SQLSTATE, where it refused.
    pub sqlstate: Option<String>,
    /// Why, for people, where the outcome does not say it all.
    pub why: Option<String>,
    /// How it was tried, where not in the plain way: another address, `replication`, a wrong password.
    pub way: Option<String>,
    /// Whether this is the login's own database.
    #[serde(skip)]
    pub place: Place,
    /// The finding that a breach beside the matrix was told as.
    #[serde(skip)]
    pub found: Option<Key>,
    /// Connections it took: more than one if the server had none to spare.
    #[serde(skip)]
    pub connections: u32,
}

/// Where a probe was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// At the login's own database: the positive control.
    Own,
    /// Anywhere else.
    Foreign,
}

/// The numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct Summary {
    /// Services with a login that was tried.
    pub services: usize,
    /// Logins that were tried.
    pub logins: usize,
    /// Cells of the matrix, and each attempt beside it that did not pass.
    pub probes: usize,
    /// Denied where it must be, or allowed where it may.
    pub passed: usize,
    /// Let in where it must not be.
    pub breaches: usize,
    /// Probes that proved nothing, and what could not be read.
    pub inconclusive: usize,
}

/// A database that was not tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// The server.
    pub server: String,
    /// The database.
    pub database: String,
    /// Why not.
    pub why: String,
}

/// The result of one server's live probes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Matrix {
    /// The numbers.
    pub summary: Summary,
    /// Every probe, in the order of the logins, each with its own database first.
    pub matrix: Vec<Probe>,
    /// Attempts beside the matrix: other listeners, replication, other passwords, statements.
    #[serde(skip)]
    pub trials: Vec<Probe>,
    /// What has to be closed.
    pub findings: Vec<Finding>,
    /// Databases that accept no connections.
    pub skipped: Vec<Skipped>,
    /// The databases that were tried, in order.
    #[serde(skip)]
    pub columns: Vec<ProbeDatabase>,
}

/// Judges what was seen. `server` is what the catalogue says, if anyone could read it: with it a finding names
/// the grant that lets a login in, and the statement that takes it away.
pub fn judge(task: &Task, seen: &[Seen], server: Option<&ActualServer>) -> Matrix {
    let matrix: Vec<Probe> =
        task.logins.iter().zip(seen).flat_map(|(login, seen)| judge_login(task, login, seen)).collect();
    let (open, closed): (Vec<_>, Vec<_>) =
        task.databases.iter().cloned().partition(|database| database.allow_connections);
    let skipped = closed.into_iter().map(|database| Skipped {
        server: task.server.clone(),
        database: database.name.to_string(),
        why: "it accepts no connections (datallowconn is off)".into(),
    });
    Matrix {
        summary: summarise(&matrix),
        findings: findings(task, &matrix, server),
        skipped: skipped.collect(),
        matrix,
        trials: vec![],
        columns: open,
    }
}

fn judge_login(task: &Task, login: &ProbeLogin, seen: &Seen) -> Vec<Probe> {
    let own = judge_own(&seen.control.outcome);
    let control = match own.verdict {
        Verdict::Allowed => Control::Passed,
        _ => Control::Failed,
    };
    let mut probes = vec![probe(task, login, login.database.as_str(), Place::Own, &seen.control, own)];
    for (place, attempt) in &seen.others {
        let database = &task.databases[*place];
        let judgement = judge_foreign(&attempt.outcome, control, database.door);
        probes.push(probe(task, login, database.name.as_str(), Place::Foreign, attempt, judgement));
    }
    probes
}

fn probe(
    task: &Task,
    login: &ProbeLogin,
    database: &str,
    place: Place,
    attempt: &Attempt,
    judgement: Judgement,
) -> Probe {
    Probe {
        service: login.service.to_string(),
        role: login.role.to_string(),
        server: task.server.clone(),
        database: database.into(),
        outcome: judgement.verdict,
        sqlstate: judgement.sqlstate,
        why: judgement.why,
        way: None,
        place,
        found: None,
        connections: attempt.connections,
    }
}

impl Matrix {
    /// Adds what was tried beside it.
    pub fn add(&mut self, tried: Tried) {
        self.summary = self.summary.beside(&tried.probes);
        self.trials.extend(tried.probes);
        self.findings.extend(tried.findings);
    }
}

impl Summary {
    /// Counts attempts beside the matrix too, where they did not pass: `probes` is the size of the matrix otherwise.
    pub fn beside<'a>(mut self, trials: impl IntoIterator<Item = &'a Probe>) -> Summary {
        for trial in trials {
            let count = match trial.outcome {
                Verdict::Denied | Verdict::Allowed => continue,
                Verdict::Breach => &mut self.breaches,
                Verdict::Inconclusive => &mut self.inconclusive,
            };
            *count += 1;
            self.probes += 1;
        }
        self
    }
}

/// Counts probes; of several servers, chained, as well as of one.
pub fn summarise<'a>(probes: impl IntoIterator<Item = &'a Probe>) -> Summary {
    let (mut services, mut logins) = (BTreeSet::new(), BTreeSet::new());
    let mut summary = Summary::default();
    for probe in probes {
        services.insert(&probe.service);
        logins.insert((&probe.server, &probe.role));
        summary.probes += 1;
        match probe.outcome {
            Verdict::Denied | Verdict::Allowed => summary.passed += 1,
            Verdict::Breach => summary.breaches += 1,
            Verdict::Inconclusive => summary.inconclusive += 1,
        }
    }
    Summary { services: services.len(), logins: logins.len(), ..summary }
}
