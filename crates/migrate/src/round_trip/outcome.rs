//! Result of a round trip.

use serde::Serialize;

use crate::files::Migration;
use crate::history::Difference;
use martydb_model::error::Error;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RoundTrip {
    pub version: i64,
    pub name: String,
    pub outcome: RoundTripResult,
    /// Differences between the catalogs before the first up and after the down.
    pub after_down: Vec<Difference>,
    /// Differences between the catalogs after the first and the second up.
    pub after_up: Vec<Difference>,
    /// Reason why it was not checked.
    pub skipped: Option<String>,
    pub error: Option<Error>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RoundTripResult {
    /// The catalogs are equal.
    Ok,
    Differs,
    /// A file failed, or is missing.
    Failed,
    /// It could not be checked.
    Skipped,
}

impl RoundTrip {
    pub fn new(migration: &Migration, outcome: RoundTripResult) -> RoundTrip {
        let (version, name) = (migration.version, migration.name.clone());
        RoundTrip { version, name, outcome, after_down: vec![], after_up: vec![], skipped: None, error: None }
    }

    pub fn skipped(migration: &Migration, why: String) -> RoundTrip {
        RoundTrip { skipped: Some(why), ..RoundTrip::new(migration, RoundTripResult::Skipped) }
    }
}
