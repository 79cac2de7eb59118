//! What the formats print.

use clap::ValueEnum;

use crate::commands::change::Change;
use crate::isolation::{Assessment, FailedFix};

/// How the result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// For people.
    Table,
    /// One JSON document.
    Json,
    /// JUnit's XML: one test case for each probe and finding.
    Junit,
    /// For a job's summary.
    Markdown,
    /// What every login can reach, as JSON that BloodHound imports.
    Opengraph,
    /// The same for Graphviz.
    Dot,
}

pub struct VerifyReport {
    pub assessment: Assessment,
    /// What was done to close findings, or would be.
    pub changes: Vec<Change>,
    pub unclosed: Vec<FailedFix>,
    pub format: Option<ReportFormat>,
}
