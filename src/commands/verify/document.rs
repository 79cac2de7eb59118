//! The result as scripts see it. `docs/verify-isolation.schema.json` is generated from these types, so that the
//! published schema and what is printed are one.

use schemars::JsonSchema;
use serde::Serialize;

use crate::audit::{NotExamined, Unread};
use crate::commands::plan::Change;
use crate::probe::{Finding, Probe, Summary};
use crate::report::ErrorBody;

/// What was proven, what was found, what could not be looked at.
#[derive(Serialize, JsonSchema)]
pub struct Document<'a> {
    /// The numbers, of all servers together.
    pub summary: Summary,
    /// Every probe of the matrix.
    pub matrix: Vec<&'a Probe>,
    /// Every attempt beside the matrix: other ways to a server, and what logins may do inside their own databases.
    pub trials: Vec<&'a Probe>,
    /// What counts, the worst of each server first.
    pub findings: Vec<&'a Finding>,
    /// What was found and is accepted, by `allow:` or the baseline.
    pub accepted: Vec<Accepted<'a>>,
    /// What could not be looked at.
    pub not_examined: Vec<NotExamined>,
    /// What could not be read for any reason but a missing right: inconclusive.
    pub unread: Vec<&'a Unread>,
    /// What --fix and --terminate did, or with --dry-run would do.
    pub changes: Vec<Change>,
    /// Servers that could not be looked at, and changes that failed.
    pub errors: Vec<ServerError<'a>>,
}

/// A finding that does not count.
#[derive(Serialize, JsonSchema)]
pub struct Accepted<'a> {
    #[serde(flatten)]
    pub finding: &'a Finding,
    /// Why it is accepted.
    pub reason: &'a str,
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
    Failed(Failed),
}

/// Nothing was looked at.
#[derive(JsonSchema)]
pub struct Failed {
    /// What went wrong.
    pub error: ErrorBody,
}

/// The schema of everything that `verify-isolation -o json` prints.
pub fn json_schema() -> String {
    let schema = schemars::generate::SchemaSettings::draft2020_12().for_serialize().into_generator();
    let schema = schema.into_root_schema_for::<Printed>();
    serde_json::to_string_pretty(&schema).expect("a schema is plain JSON") + "\n"
}
