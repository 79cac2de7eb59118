//! The format of `split.yaml`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// Assigns each table of a shared database to a service, and answers every edge.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "martydb split map")]
pub(crate) struct RawSplitMap {
    /// Shared database.
    pub source: RawSplitSource,
    /// Services of the manifest, with the tables of each.
    pub services: BTreeMap<String, RawMappedService>,
    /// Tables that several services read, by name: one service owns each, and every reader gets a copy.
    #[serde(default)]
    pub reference: BTreeMap<String, RawReferenceTable>,
    /// Tables that stay where they are.
    #[serde(default)]
    pub ignore: Vec<String>,
    /// Answers for edges.
    #[serde(default)]
    pub edges: Vec<RawEdgeAnswer>,
}

/// Location of the shared database: a server of the manifest, or a URL.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawSplitSource {
    /// Server of the manifest.
    pub server: Option<String>,
    /// Name of the shared database on that server.
    pub database: Option<String>,
    /// Connection URL of an admin of the shared database, in libpq's form. Do not include the password.
    pub url: Option<String>,
}

/// Tables of one service.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawMappedService {
    /// Tables, views and sequences as `schema.name`; * matches characters of a name.
    pub tables: Vec<String>,
}

/// Owner and readers of a reference table.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawReferenceTable {
    /// Service that continues to write it.
    pub owner: String,
    /// Services that get a copy.
    pub readers: Vec<String>,
}

/// Answer for one edge.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawEdgeAnswer {
    /// Edge as `martydb split plan` prints it; * matches any characters.
    pub edge: String,
    /// One of the choices that `martydb split plan` prints for it.
    pub answer: String,
    /// Reason, for the next reader.
    pub reason: Option<String>,
}
