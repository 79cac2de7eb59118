//! Proof of isolation, as `verify-isolation` prints it, with a matrix that a page can hold.

use serde::{Deserialize, Serialize};

/// Proof and findings.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Isolation {
    pub summary: ProofSummary,
    /// Cells that are neither denied nor a service's own.
    pub matrix: Vec<MatrixCell>,
    /// Counts of all cells.
    pub matrix_counts: Vec<CountsRow>,
    /// Extra probes that did not pass.
    pub trials: Vec<MatrixCell>,
    pub findings: Vec<ShownFinding>,
    pub accepted: Vec<ShownFinding>,
    pub limits: Vec<SkipNote>,
    pub not_examined: Vec<SkipNote>,
    pub unread: Vec<SkipNote>,
    pub errors: Vec<ServerFailure>,
}

/// Counts over all servers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct ProofSummary {
    pub services: u64,
    pub logins: u64,
    pub probes: u64,
    pub passed: u64,
    pub breaches: u64,
    pub inconclusive: u64,
    /// `full`, `sample` or `none`.
    pub extent: String,
    pub pairs: u64,
    pub tried: u64,
}

/// One login at one database.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct MatrixCell {
    pub service: String,
    pub role: String,
    pub server: String,
    /// Replica; `None` for the server itself.
    pub at: Option<String>,
    pub database: String,
    /// `denied`, `allowed`, `breach` or `inconclusive`.
    pub outcome: String,
    pub sqlstate: Option<String>,
    pub why: Option<String>,
    pub way: Option<String>,
}

/// Outcomes of one service's logins at one database. Together the rows of a service hold every cell of its server's matrix.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountsRow {
    pub service: String,
    pub server: String,
    /// Replica; `None` for the server itself.
    pub at: Option<String>,
    /// Database; `None`, in a large report, for each database of the server that no other row of the service names.
    pub database: Option<String>,
    /// `true` for the service's own database.
    pub own: bool,
    pub denied: u64,
    pub allowed: u64,
    pub breach: u64,
    pub inconclusive: u64,
    /// Number of these that follow from the catalogs, without an attempt.
    pub inferred: u64,
}

/// A finding, or one that was accepted, with the reason.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct ShownFinding {
    pub id: String,
    pub severity: String,
    pub service: Option<String>,
    pub role: String,
    pub server: String,
    /// Replica; `None` for the server itself.
    #[serde(default)]
    pub at: Option<String>,
    pub database: Option<String>,
    pub object: Option<String>,
    pub evidence: String,
    pub fix: Option<String>,
    #[serde(default)]
    pub reason: Option<String>,
}

/// A limit, or something that was not examined or not read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct SkipNote {
    pub what: String,
    pub why: String,
    #[serde(default)]
    pub grant: Option<String>,
    #[serde(default)]
    pub server: Option<String>,
    #[serde(default)]
    pub service: Option<String>,
}

/// Error of a server that could not be examined.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct ServerFailure {
    pub server: String,
    pub message: String,
    #[serde(default)]
    pub causes: Vec<String>,
    #[serde(default)]
    pub hints: Vec<String>,
}
