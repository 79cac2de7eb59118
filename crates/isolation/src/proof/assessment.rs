//! Result of a verification: the judgement of each server, and flat rows over all servers with every decision
//! applied.

use schemars::JsonSchema;
use serde::Serialize;

use super::provider::ProviderLimits;
use crate::probe::{Probe, ProbeCoverage, ProbeDatabase, ProbeSummary, Verdict};
use crate::reach::AccessGraph;
use martydb_catalog::{NotExamined, Unread};
use martydb_model::error::{Error, ExitStatus};
use martydb_model::findings::{Finding, Severity};
use martydb_plan::PrivilegeGap;

/// Result over all servers. Every row names its server. The serialized fields are the documented output for
/// scripts.
#[derive(Default, Serialize, JsonSchema)]
pub struct Assessment {
    /// Counts over all servers.
    pub summary: ProbeSummary,
    /// Probes of the matrix.
    #[schemars(with = "Vec<Probe>")]
    pub matrix: Vec<ProbeRow>,
    /// Extra probes: other addresses and passwords, and privileges of logins in their own databases.
    #[serde(rename = "trials")]
    #[schemars(with = "Vec<Probe>")]
    pub extra: Vec<ProbeRow>,
    /// Findings that count, worst first within each server.
    pub findings: Vec<Finding>,
    /// Findings accepted by `allow:` or the baseline.
    pub accepted: Vec<AcceptedFinding>,
    /// Limits that no customer of the server's platform can change, each once; findings that follow from them are
    /// accepted.
    pub limits: Vec<PrivilegeGap>,
    /// Checks that were skipped; servers that did not answer come last.
    pub not_examined: Vec<NotExamined>,
    /// Findings that were left out because they expose only services that were not chosen.
    pub left_out: Vec<LeftOut>,
    /// Data that could not be read for another reason than a missing privilege: inconclusive.
    pub unread: Vec<Unread>,
    /// Access graph of each server, if requested.
    #[serde(skip)]
    pub graphs: Vec<(String, AccessGraph)>,
    /// Servers that answered.
    #[serde(skip)]
    pub servers: Vec<VerifiedServer>,
    /// Servers that did not answer.
    #[serde(skip)]
    pub failed: Vec<(String, Error)>,
    /// Findings that a filter hides.
    #[serde(skip)]
    pub hidden: Vec<Finding>,
    /// Finding ids that were requested; empty for all.
    #[serde(skip)]
    pub only: Vec<String>,
    #[serde(skip)]
    pub min_severity: Option<Severity>,
    /// `true` if `not_examined` fails the run.
    #[serde(skip)]
    pub strict: bool,
}

/// Findings of one service that was not chosen, which expose no other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LeftOut {
    pub server: String,
    pub service: String,
    /// Number of findings.
    pub findings: usize,
}

/// A finding that is accepted.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Accepted")]
pub struct AcceptedFinding {
    #[serde(flatten)]
    pub finding: Finding,
    /// ExitReason for accepting it.
    pub reason: String,
    /// `true` if a platform limit accepts all findings of its kind.
    #[serde(skip)]
    pub by_limit: bool,
}

#[derive(Serialize)]
pub struct ProbeRow {
    #[serde(flatten)]
    pub probe: Probe,
    /// Finding that reports the breach; `None` unless the probe is a breach.
    #[serde(skip)]
    pub reported: Option<BreachReport>,
}

pub enum BreachReport {
    Shown(Finding),
    /// A filter hides the finding; the breach still counts.
    Hidden(Finding),
    Accepted,
    Unreported,
}

#[derive(Debug, Default)]
pub struct VerifiedServer {
    pub name: String,
    /// Replica that was verified; `None` for the server itself.
    pub at: Option<String>,
    /// Databases that were tried, in order.
    pub columns: Vec<ProbeDatabase>,
    /// Databases that were skipped because they accept no connections.
    pub closed: Vec<String>,
    /// Databases that restores have replaced; martydb closed them to all logins.
    pub kept: Vec<String>,
    /// Services without a database or without one of their logins.
    pub unprovisioned: Vec<String>,
    pub coverage: ProbeCoverage,
}

impl VerifiedServer {
    /// Returns the server, or its replica, for people.
    pub fn in_words(&self) -> String {
        match &self.at {
            Some(replica) => format!("replica {replica} of server {}", self.name),
            None => format!("server {}", self.name),
        }
    }

    fn is(&self, server: &str, at: Option<&str>) -> bool {
        self.name == server && self.at.as_deref() == at
    }
}

pub struct ServerView<'a> {
    pub server: &'a VerifiedServer,
    pub summary: ProbeSummary,
    pub matrix: Vec<&'a ProbeRow>,
    pub extra: Vec<&'a ProbeRow>,
    pub findings: Vec<&'a Finding>,
}

impl ProbeRow {
    pub fn is_inconclusive(&self) -> bool {
        self.probe.outcome == Verdict::Inconclusive
    }
}

impl ServerView<'_> {
    pub fn inconclusive(&self) -> impl Iterator<Item = &Probe> {
        let all = self.matrix.iter().chain(&self.extra);
        all.filter(|row| row.is_inconclusive()).map(|row| &row.probe)
    }
}

impl Assessment {
    pub fn by_server(&self) -> impl Iterator<Item = ServerView<'_>> {
        self.servers.iter().map(|server| {
            let is_here = |row: &&ProbeRow| server.is(&row.probe.server, row.probe.at.as_deref());
            let matrix: Vec<_> = self.matrix.iter().filter(is_here).collect();
            let extra: Vec<_> = self.extra.iter().filter(is_here).collect();
            let unread = self.unread.iter();
            let unread = unread.filter(|one| server.is(&one.server, one.at.as_deref())).count();
            ServerView {
                server,
                summary: ProbeSummary::new(probes(&matrix), probes(&extra), unread, server.coverage),
                matrix,
                extra,
                findings: self
                    .findings
                    .iter()
                    .filter(|finding| server.is(&finding.server, finding.at.as_deref()))
                    .collect(),
            }
        })
    }

    /// Returns skipped checks on servers that answered.
    pub fn skipped_checks(&self) -> &[NotExamined] {
        &self.not_examined[..self.not_examined.len() - self.failed.len()]
    }

    /// Returns the number of inconclusive probes, without those of unread data.
    pub fn inconclusive(&self) -> usize {
        self.matrix.iter().chain(&self.extra).filter(|row| row.is_inconclusive()).count()
    }

    /// Returns the number of breaches that count although no shown finding reports them.
    pub fn unreported_breaches(&self) -> usize {
        let unreported = |row: &&ProbeRow| {
            matches!(row.reported, Some(BreachReport::Hidden(_) | BreachReport::Unreported))
        };
        self.matrix.iter().chain(&self.extra).filter(unreported).count()
    }

    /// Returns how often a reason occurs.
    pub fn count(&self, reason: ExitReason) -> usize {
        let breach =
            |row: &&ProbeRow| row.reported.as_ref().is_some_and(|one| !matches!(one, BreachReport::Accepted));
        match reason {
            ExitReason::Breach => self.matrix.iter().chain(&self.extra).filter(breach).count(),
            ExitReason::Finding => {
                self.findings.iter().filter(|one| one.severity >= Severity::Medium).count()
            }
            ExitReason::Inconclusive => self.inconclusive(),
            ExitReason::Unread => self.unread.len(),
            ExitReason::Unanswered => self.failed.len(),
            ExitReason::Skipped if self.strict => self.skipped_checks().len(),
            ExitReason::Skipped => 0,
        }
    }

    pub fn status(&self) -> ExitStatus {
        let errors = self.failed.iter().map(|(_, error)| error.kind.status());
        let proof = ExitReason::ALL.iter().filter(|reason| **reason != ExitReason::Unanswered);
        let proof = proof.filter(|reason| self.count(**reason) > 0).map(|_| ExitStatus::Isolation);
        ExitStatus::worst(errors.chain(proof))
    }
}

/// A reason of an exit code other than 0. Each format tells all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitReason {
    /// A login that got in, unless that is accepted.
    Breach,
    /// A finding of severity medium and above.
    Finding,
    Inconclusive,
    /// Something that could not be read for another reason than a missing privilege.
    Unread,
    /// A server that did not answer.
    Unanswered,
    /// A check that was skipped, with `--strict`.
    Skipped,
}

impl ExitReason {
    pub const ALL: [ExitReason; 6] = [
        ExitReason::Breach,
        ExitReason::Finding,
        ExitReason::Inconclusive,
        ExitReason::Unread,
        ExitReason::Unanswered,
        ExitReason::Skipped,
    ];
}

fn probes<'a>(rows: &[&'a ProbeRow]) -> impl Iterator<Item = &'a Probe> {
    rows.iter().map(|row| &row.probe)
}

/// Judgement of one server: every probe and finding, unfiltered.
#[derive(Debug, Default)]
pub struct ServerJudgement {
    pub server: VerifiedServer,
    /// In the order of the logins, each login's own database first.
    pub matrix: Vec<Probe>,
    pub extra: Vec<Probe>,
    /// Findings, worst first.
    pub findings: Vec<Finding>,
    /// Findings that are limits of the provider's platform.
    pub provider: ProviderLimits,
    pub not_examined: Vec<NotExamined>,
    /// Data that could not be read, and so proves nothing.
    pub unread: Vec<Unread>,
    /// Findings that expose only services that were not chosen.
    pub left_out: Vec<LeftOut>,
    /// Access graph, if requested.
    pub graph: Option<AccessGraph>,
}

/// Judgement of one kind of observation.
#[derive(Debug, Default)]
pub(crate) struct PartialJudgement {
    pub probes: Vec<Probe>,
    pub findings: Vec<Finding>,
    pub not_examined: Vec<NotExamined>,
}

impl PartialJudgement {
    pub(crate) fn extend(&mut self, more: PartialJudgement) {
        self.probes.extend(more.probes);
        self.findings.extend(more.findings);
        self.not_examined.extend(more.not_examined);
    }
}
