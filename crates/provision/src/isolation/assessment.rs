//! The result of a verification: what the observations of each server prove, and flat rows over all servers, with
//! everything decided.

use schemars::JsonSchema;
use serde::Serialize;

use super::provider::ProviderLimits;
use crate::catalog::{NotExamined, Unread};
use crate::plan::PrivilegeGap;
use crate::probe::{Probe, ProbeDatabase, ProbeSummary, Verdict};
use crate::reach::AccessGraph;
use martydb_model::error::{Error, ExitStatus};
use martydb_model::findings::{Finding, Severity};

/// Every row names its server. What is serialised is the document that scripts see.
#[derive(Default, Serialize, JsonSchema)]
pub struct Assessment {
    /// The numbers, of all servers together.
    pub summary: ProbeSummary,
    /// Every probe of the matrix.
    #[schemars(with = "Vec<Probe>")]
    pub matrix: Vec<ProbeRow>,
    /// Every extra probe: other ways to a server, and what logins may do inside their own databases.
    #[serde(rename = "trials")]
    #[schemars(with = "Vec<Probe>")]
    pub extra: Vec<ProbeRow>,
    /// What counts, the worst of each server first.
    pub findings: Vec<Finding>,
    /// What was found and is accepted, by `allow:` or the baseline.
    pub accepted: Vec<AcceptedFinding>,
    /// What no customer of the server's platform can change, each once; the findings that follow from it are accepted.
    pub limits: Vec<PrivilegeGap>,
    /// What could not be looked at; the servers that did not answer come last.
    pub not_examined: Vec<NotExamined>,
    /// What could not be read for any reason but a missing right: inconclusive.
    pub unread: Vec<Unread>,
    /// What every login can reach, server by server, where it was asked for.
    #[serde(skip)]
    pub graphs: Vec<(String, AccessGraph)>,
    /// The servers that answered.
    #[serde(skip)]
    pub servers: Vec<VerifiedServer>,
    /// Those that did not.
    #[serde(skip)]
    pub failed: Vec<(String, Error)>,
    /// What was found and was not asked for.
    #[serde(skip)]
    pub hidden: Vec<Finding>,
    /// Which findings were asked for; all where it is empty.
    #[serde(skip)]
    pub only: Vec<String>,
    #[serde(skip)]
    pub min_severity: Option<Severity>,
    /// Whether `not_examined` fails the run.
    #[serde(skip)]
    pub strict: bool,
}

/// A finding that does not count.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Accepted")]
pub struct AcceptedFinding {
    #[serde(flatten)]
    pub finding: Finding,
    /// Why it is accepted.
    pub reason: String,
    /// Whether one of the limits says so for all of its kind.
    #[serde(skip)]
    pub by_limit: bool,
}

#[derive(Serialize)]
pub struct ProbeRow {
    #[serde(flatten)]
    pub probe: Probe,
    /// `None` unless it is a breach.
    #[serde(skip)]
    pub reported: Option<ReportedAs>,
}

pub enum ReportedAs {
    Shown(Finding),
    /// A filter hides it; the breach still counts.
    Hidden(Finding),
    Accepted,
    Unreported,
}

#[derive(Debug, Default)]
pub struct VerifiedServer {
    pub name: String,
    /// The databases that were tried, in order.
    pub columns: Vec<ProbeDatabase>,
    /// Databases that were not tried because they accept no connections.
    pub closed: Vec<String>,
    /// Databases that restores have replaced: closed on purpose, by martydb, to everybody.
    pub kept: Vec<String>,
    /// Services whose database, or one of whose logins, does not exist.
    pub unprovisioned: Vec<String>,
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
            let is_here = |row: &&ProbeRow| row.probe.server == server.name;
            let matrix: Vec<_> = self.matrix.iter().filter(is_here).collect();
            let extra: Vec<_> = self.extra.iter().filter(is_here).collect();
            let unread = self.unread.iter().filter(|unread| unread.server == server.name).count();
            ServerView {
                server,
                summary: ProbeSummary::of(probes(&matrix), probes(&extra), unread),
                matrix,
                extra,
                findings: self.findings.iter().filter(|finding| finding.server == server.name).collect(),
            }
        })
    }

    /// What could not be looked at on the servers that answered.
    pub fn skipped_checks(&self) -> &[NotExamined] {
        &self.not_examined[..self.not_examined.len() - self.failed.len()]
    }

    /// Inconclusive probes, those of what could not be read not among them.
    pub fn inconclusive(&self) -> usize {
        self.matrix.iter().chain(&self.extra).filter(|row| row.is_inconclusive()).count()
    }

    /// Breaches that count although no finding that is shown reports them.
    pub fn unreported_breaches(&self) -> usize {
        let unreported =
            |row: &&ProbeRow| matches!(row.reported, Some(ReportedAs::Hidden(_) | ReportedAs::Unreported));
        self.matrix.iter().chain(&self.extra).filter(unreported).count()
    }

    pub fn status(&self) -> ExitStatus {
        let breach =
            |row: &ProbeRow| row.reported.as_ref().is_some_and(|one| !matches!(one, ReportedAs::Accepted));
        let proven = self.summary.inconclusive == 0 && !self.matrix.iter().chain(&self.extra).any(breach);
        let clean = self.findings.iter().all(|finding| finding.severity < Severity::Medium);
        let complete = !self.strict || self.not_examined.is_empty();
        let isolation = if proven && clean && complete { ExitStatus::Success } else { ExitStatus::Isolation };
        ExitStatus::worst(self.failed.iter().map(|(_, error)| error.kind.status()).chain([isolation]))
    }
}

fn probes<'a>(rows: &[&'a ProbeRow]) -> impl Iterator<Item = &'a Probe> {
    rows.iter().map(|row| &row.probe)
}

/// Every probe and every finding of one server, nothing filtered.
#[derive(Debug, Default)]
pub struct ServerJudgement {
    pub server: VerifiedServer,
    /// In the order of the logins, each with its own database first.
    pub matrix: Vec<Probe>,
    pub extra: Vec<Probe>,
    /// The worst first.
    pub findings: Vec<Finding>,
    /// Those that are the provider's, and no findings any more.
    pub provider: ProviderLimits,
    pub not_examined: Vec<NotExamined>,
    /// What could not be read, and so proves nothing.
    pub unread: Vec<Unread>,
    /// Where it was asked for.
    pub graph: Option<AccessGraph>,
}

/// What one kind of observations proves.
#[derive(Debug, Default)]
pub struct PartialJudgement {
    pub probes: Vec<Probe>,
    pub findings: Vec<Finding>,
    pub not_examined: Vec<NotExamined>,
}

impl PartialJudgement {
    pub fn extend(&mut self, more: PartialJudgement) {
        self.probes.extend(more.probes);
        self.findings.extend(more.findings);
        self.not_examined.extend(more.not_examined);
    }
}
