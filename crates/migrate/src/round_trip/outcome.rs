//! How a round trip ended.

use serde::Serialize;

use crate::files::Migration;
use crate::history::Difference;
use martydb_model::error::Error;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RoundTrip {
    pub version: i64,
    pub name: String,
    pub outcome: RoundTripResult,
    /// What the down file left other than it was.
    pub after_down: Vec<Difference>,
    /// What the second up made other than the first.
    pub after_up: Vec<Difference>,
    /// Why it was not checked.
    pub skipped: Option<String>,
    pub error: Option<Error>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RoundTripResult {
    /// Both catalogues are the same.
    Ok,
    Differs,
    /// A file failed, or is missing.
    Failed,
    /// It could not be checked.
    Skipped,
}

impl RoundTrip {
    pub fn of(migration: &Migration, outcome: RoundTripResult) -> RoundTrip {
        let (version, name) = (migration.version, migration.name.clone());
        RoundTrip { version, name, outcome, after_down: vec![], after_up: vec![], skipped: None, error: None }
    }

    pub fn skipped(migration: &Migration, why: String) -> RoundTrip {
        RoundTrip { skipped: Some(why), ..RoundTrip::of(migration, RoundTripResult::Skipped) }
    }
}
