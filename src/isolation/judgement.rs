//! What the observations of one server prove.

use crate::catalog::{NotExamined, Unread};
use crate::findings::Finding;
use crate::probe::{Probe, ProbeDatabase};

/// Every probe and every finding of one server, nothing filtered.
#[derive(Debug, Default)]
pub struct ServerJudgement {
    pub server: String,
    /// The databases that were tried, in order.
    pub columns: Vec<ProbeDatabase>,
    /// Databases that were not tried because they accept no connections.
    pub closed: Vec<String>,
    /// In the order of the logins, each with its own database first.
    pub matrix: Vec<Probe>,
    pub extra: Vec<Probe>,
    /// The worst first.
    pub findings: Vec<Finding>,
    pub not_examined: Vec<NotExamined>,
    /// What could not be read, and so proves nothing.
    pub unread: Vec<Unread>,
    /// Services whose database, or one of whose logins, does not exist.
    pub unprovisioned: Vec<String>,
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
