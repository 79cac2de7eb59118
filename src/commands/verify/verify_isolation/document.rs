//! Result of `verify-isolation`, and its JSON document. `docs/verify-isolation.schema.json` is generated from these
//! types.

use std::path::PathBuf;

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::formats::MatrixExtent;
use crate::commands::support::change::{Change, ServerError};
use martydb_isolation::proof::{Assessment, FailedFix};
use martydb_model::error::Error;
use martydb_ui::annotation::Checkout;

/// Proof, findings, and errors of servers that could not be examined.
#[derive(Serialize, JsonSchema)]
pub struct Document<'a> {
    #[serde(flatten)]
    pub assessment: &'a Assessment,
    /// Changes that --fix and --terminate made, or would make with --dry-run.
    pub changes: &'a [Change],
    /// Errors of servers that could not be examined, and of changes that failed.
    pub errors: Vec<ServerError>,
}

impl Serialize for VerifyReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let failed = self.assessment.failed.iter().map(|(server, error)| (server, error));
        let errors = failed.chain(self.unclosed.iter().map(|failed| (&failed.server, &failed.error)));
        let errors = errors.map(|(server, error)| ServerError::new(server, error)).collect();
        let document = Document { assessment: &self.assessment, changes: &self.changes, errors };
        document.serialize(serializer)
    }
}

/// Output of `martydb verify-isolation -o json`. Keys are always present, null where they do not apply; later versions
/// may add some.
#[derive(JsonSchema)]
#[schemars(title = "martydb verify-isolation", rename = "VerifyIsolation")]
#[expect(dead_code, reason = "only its JSON Schema reads the fields")]
pub(crate) struct Printed {
    /// The version of the documents' layout.
    #[schemars(range(min = 1, max = 1))]
    pub format_version: u32,
    /// The command that printed it.
    #[schemars(regex(pattern = "^verify-isolation$"))]
    pub command: String,
    #[serde(flatten)]
    /// Result of the command.
    pub body: Body,
}

/// A result, or the reason why there is none.
#[derive(JsonSchema)]
#[serde(untagged)]
pub enum Body {
    /// Result of a run that examined the servers.
    Result(Box<Document<'static>>),
    /// Error of a run that examined none.
    Failed(NoResult),
}

/// Run that examined nothing.
#[derive(JsonSchema)]
#[schemars(rename = "Failed")]
pub struct NoResult {
    /// Reason.
    pub error: Error,
}

/// Returns the schema of everything that `verify-isolation -o json` prints.
pub fn json_schema() -> String {
    let schema = schemars::generate::SchemaSettings::draft2020_12().for_serialize().into_generator();
    let schema = schema.into_root_schema_for::<Printed>();
    serde_json::to_string_pretty(&schema).expect("a schema is plain JSON") + "\n"
}

/// Output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// Text.
    Table,
    /// One JSON document.
    Json,
    /// JUnit XML: one test case for each probe and finding.
    Junit,
    /// Markdown for a job summary.
    Markdown,
    /// GitHub workflow annotations.
    Github,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Reach of every login, as JSON that BloodHound imports.
    Opengraph,
    /// Reach of every login, for Graphviz.
    Dot,
}

pub struct VerifyReport {
    pub assessment: Assessment,
    /// Changes that fix findings, made or proposed.
    pub changes: Vec<Change>,
    pub unclosed: Vec<FailedFix>,
    /// Error of a file of `--report`.
    pub unwritten: Option<Error>,
    pub format: Option<ReportFormat>,
    /// Manifest, at which annotations are shown.
    pub manifest: PathBuf,
    pub checkout: Checkout,
    /// Extent of the matrix in the text.
    pub matrix: MatrixExtent,
}

impl VerifyReport {
    /// Creates the report of a run without changes.
    pub fn new(assessment: Assessment, manifest: PathBuf) -> VerifyReport {
        VerifyReport {
            assessment,
            changes: vec![],
            unclosed: vec![],
            unwritten: None,
            format: None,
            manifest,
            checkout: Checkout::default(),
            matrix: MatrixExtent::Findings,
        }
    }

    #[cfg(test)]
    pub(crate) fn without_changes(assessment: Assessment) -> VerifyReport {
        VerifyReport::new(assessment, "martydb.yaml".into())
    }
}
