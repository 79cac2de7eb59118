//! The shape of `split.yaml` as it is written.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// Which table of a shared database goes to which service, and what becomes of everything that crosses a boundary.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "martydb split map")]
pub struct RawSplitMap {
    /// The shared database.
    pub source: RawSplitSource,
    /// Services of the manifest, and the tables of each.
    pub services: BTreeMap<String, RawMappedService>,
    /// Tables that several services read, by name: one service owns each, and every reader gets a copy.
    #[serde(default)]
    pub reference: BTreeMap<String, RawReferenceTable>,
    /// Tables that stay where they are.
    #[serde(default)]
    pub ignore: Vec<String>,
    /// What becomes of what crosses a boundary.
    #[serde(default)]
    pub edges: Vec<RawEdgeAnswer>,
}

/// Where the shared database is: on a server of the manifest, or at a URL.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawSplitSource {
    /// A server of the manifest.
    pub server: Option<String>,
    /// The shared database on that server.
    pub database: Option<String>,
    /// Connection URL of an admin of the shared database, in libpq's form. Keep the password out of it.
    pub url: Option<String>,
}

/// What a service gets.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawMappedService {
    /// Tables, views and sequences as `schema.name`; * stands for characters of a name.
    pub tables: Vec<String>,
}

/// Who has a table that several services read.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawReferenceTable {
    /// The service that goes on writing it.
    pub owner: String,
    /// The services that get a copy.
    pub readers: Vec<String>,
}

/// What becomes of one edge.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawEdgeAnswer {
    /// As `martydb split plan` prints it; * stands for any characters.
    pub edge: String,
    /// One of the choices that `martydb split plan` prints for it.
    pub answer: String,
    /// Why, for the next reader.
    pub reason: Option<String>,
}
