//! The four degrees of a finding.

use schemars::JsonSchema;
use serde::Serialize;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Low,
    /// Some login can do what it was not given.
    Medium,
    /// A service's data is one step away.
    High,
    /// A service's data is within reach.
    Critical,
}

impl Severity {
    /// The word in JSON and text.
    pub const fn word(self) -> &'static str {
        match self {
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
}
