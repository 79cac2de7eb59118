//! Turns attempts into the matrix of logins and databases, with a summary. Pure.

use std::collections::BTreeSet;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use super::attempts::LoginAttempts;
use super::task::{ProbeLogin, Task};
use super::verdict::{Control, Judgement, Verdict, judge_foreign, judge_own};
use martydb_model::MONITOR_SERVICE;
use martydb_model::findings::FindingKey;

/// One probe: a login at a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Probe {
    /// Service of the login.
    pub service: String,
    /// Role of the login.
    pub role: String,
    /// Server.
    pub server: String,
    /// Replica of the server where it was tried; `None` for the server itself.
    pub at: Option<String>,
    /// Database that was tried.
    pub database: String,
    /// Verdict.
    pub outcome: Verdict,
    /// SQLSTATE of the server's refusal.
    pub sqlstate: Option<String>,
    /// Reason, for people, if the verdict needs one.
    pub why: Option<String>,
    /// Way of the attempt, if it was not plain: another address, `replication`, a wrong password.
    pub way: Option<String>,
    #[serde(skip)]
    pub place: ProbeLocation,
    /// Duration of the attempt; zero if several probes share one session, or none was opened.
    #[serde(skip)]
    pub took: Duration,
    /// Finding that reports the breach of an extra probe.
    #[serde(skip)]
    pub finding: Option<FindingKey>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProbeLocation {
    /// The login's own database: the positive control.
    Own,
    Foreign,
}

impl Probe {
    /// Makes a probe with a plain login of a service.
    pub fn new(
        task: &Task,
        login: &ProbeLogin,
        database: &str,
        place: ProbeLocation,
        judgement: Judgement,
    ) -> Probe {
        Probe {
            service: login.service.to_string(),
            role: login.role.to_string(),
            server: task.server.clone(),
            at: None,
            database: database.into(),
            outcome: judgement.verdict,
            sqlstate: judgement.sqlstate,
            why: judgement.why,
            way: None,
            place,
            took: Duration::ZERO,
            finding: None,
        }
    }
}

/// Counts of probes by verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[schemars(rename = "Summary")]
pub struct ProbeSummary {
    /// Services with a login that was tried.
    pub services: usize,
    /// Logins that were tried.
    pub logins: usize,
    /// Cells of the matrix, and each extra probe that did not pass.
    pub probes: usize,
    /// Denied as required, or allowed as declared.
    pub passed: usize,
    /// Accepted where the server must deny it.
    pub breaches: usize,
    /// Inconclusive probes, and everything that could not be read.
    pub inconclusive: usize,
    #[serde(flatten)]
    pub coverage: ProbeCoverage,
    /// Pairs that were tried.
    pub tried: usize,
}

/// Size of the matrix of one server or several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, JsonSchema)]
pub struct ProbeCoverage {
    pub extent: ProbeExtent,
    /// Pairs of a login and a database that accepts connections.
    pub pairs: usize,
}

/// Extent of the login attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ProbeExtent {
    /// Every pair.
    #[default]
    Full,
    /// Each login's own database, and some of the others.
    Sample,
    /// No logins.
    None,
}

impl ProbeCoverage {
    /// Adds another server's pairs; the smaller extent counts.
    pub fn and(self, other: ProbeCoverage) -> ProbeCoverage {
        ProbeCoverage { extent: self.extent.max(other.extent), pairs: self.pairs + other.pairs }
    }
}

impl ProbeSummary {
    /// Counts the matrix, and the extra probes that did not pass.
    pub fn new<'a>(
        matrix: impl IntoIterator<Item = &'a Probe>,
        extra: impl IntoIterator<Item = &'a Probe>,
        unread: usize,
        coverage: ProbeCoverage,
    ) -> ProbeSummary {
        let (mut services, mut logins) = (BTreeSet::new(), BTreeSet::new());
        let mut summary = ProbeSummary { inconclusive: unread, coverage, ..ProbeSummary::default() };
        for probe in matrix {
            services.insert(probe.service.as_str());
            logins.insert((&probe.server, &probe.role));
            // Inferred probes name how they were made.
            summary.tried += usize::from(probe.way.is_none());
            summary.count(probe);
        }
        extra.into_iter().filter(|probe| !probe.outcome.passed()).for_each(|probe| summary.count(probe));
        // The login of `martydb monitor` belongs to no service.
        services.remove(MONITOR_SERVICE);
        ProbeSummary { services: services.len(), logins: logins.len(), ..summary }
    }

    fn count(&mut self, probe: &Probe) {
        self.probes += 1;
        match probe.outcome {
            Verdict::Denied | Verdict::Allowed => self.passed += 1,
            Verdict::Breach => self.breaches += 1,
            Verdict::Inconclusive => self.inconclusive += 1,
        }
    }
}

/// Judges every probe of the matrix, in the order of the logins, each with its own database first.
pub fn judge(task: &Task, attempts: &[LoginAttempts]) -> Vec<Probe> {
    let mut probes = vec![];
    for (login, attempts) in task.logins.iter().zip(attempts) {
        let own = judge_own(&attempts.control.outcome);
        let control = Control::from_outcome(&attempts.control.outcome);
        let probe = Probe::new(task, login, login.database.as_str(), ProbeLocation::Own, own);
        probes.push(Probe { took: attempts.control.latency, ..probe });
        probes.extend(attempts.others.iter().map(|(index, attempt)| {
            let database = &task.databases[*index];
            let judgement = judge_foreign(&attempt.outcome, control, database.policy);
            let probe = Probe::new(task, login, database.name.as_str(), ProbeLocation::Foreign, judgement);
            Probe { took: attempt.latency, ..probe }
        }));
    }
    probes
}
