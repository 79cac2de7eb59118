//! The result as scripts see it. `docs/verify-isolation.schema.json` is generated from these types, so that the
//! published schema and what is printed are one.

use schemars::JsonSchema;
use serde::Serialize;

use super::report::VerifyReport;
use crate::commands::change::Change;
use crate::isolation::Assessment;
use crate::report::ErrorBody;

/// What was proven, what was found, what could not be looked at.
#[derive(Serialize, JsonSchema)]
pub struct Document<'a> {
    #[serde(flatten)]
    pub assessment: &'a Assessment,
    /// What --fix and --terminate did, or with --dry-run would do.
    pub changes: &'a [Change],
    /// Servers that could not be looked at, and changes that failed.
    pub errors: Vec<ServerError<'a>>,
}

impl Document<'_> {
    pub fn of(report: &VerifyReport) -> Document<'_> {
        let failed = report.assessment.failed.iter().map(|(server, error)| (server, error));
        let errors = failed.chain(report.unclosed.iter().map(|failed| (&failed.server, &failed.error)));
        Document {
            assessment: &report.assessment,
            changes: &report.changes,
            errors: errors.map(|(server, error)| ServerError { error: error.into(), server }).collect(),
        }
    }
}

/// What went wrong on a server.
#[derive(Serialize, JsonSchema)]
pub struct ServerError<'a> {
    #[serde(flatten)]
    pub error: ErrorBody,
    /// The server's key in the manifest.
    pub server: &'a str,
}

/// What `martydb verify-isolation -o json` prints. Keys are always there, null where they do not apply; later versions
/// may add some.
#[derive(JsonSchema)]
#[schemars(title = "martydb verify-isolation", rename = "VerifyIsolation")]
pub struct Printed {
    /// The version of the documents' layout.
    #[schemars(range(min = 1, max = 1))]
    pub format_version: u32,
    /// The command that printed it.
    #[schemars(regex(pattern = "^verify-isolation$"))]
    pub command: String,
    #[serde(flatten)]
    /// What the command has to say.
    pub body: Body,
}

/// A result, or the reason why there is none.
#[derive(JsonSchema)]
#[serde(untagged)]
pub enum Body {
    /// It could look.
    Result(Box<Document<'static>>),
    /// It could not.
    Failed(NoResult),
}

/// Nothing was looked at.
#[derive(JsonSchema)]
#[schemars(rename = "Failed")]
pub struct NoResult {
    /// What went wrong.
    pub error: ErrorBody,
}

/// The schema of everything that `verify-isolation -o json` prints.
pub fn json_schema() -> String {
    let schema = schemars::generate::SchemaSettings::draft2020_12().for_serialize().into_generator();
    let schema = schema.into_root_schema_for::<Printed>();
    serde_json::to_string_pretty(&schema).expect("a schema is plain JSON") + "\n"
}
