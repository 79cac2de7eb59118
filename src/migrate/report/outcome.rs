//! How a service's run of `upgrade`, `downgrade` or `baseline` ended, and what happens during it.

use serde::Serialize;

use crate::error::{Error, ExitStatus, Kind};
use crate::migrate::files::Mode;

/// A migration that was applied or undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AppliedMigration {
    pub version: i64,
    pub name: String,
    /// From sending it to the server's answer.
    pub duration_ms: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MigrationId {
    pub version: i64,
    pub name: String,
}

impl std::fmt::Display for MigrationId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "V{}__{}", self.version, self.name)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedFile {
    pub version: i64,
    pub name: String,
    /// Its path.
    pub file: String,
    pub mode: Mode,
    pub sql: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Ended {
    /// Everything asked for is applied.
    #[default]
    Ok,
    Failed,
    Skipped,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct MigrationOutcome {
    pub service: String,
    /// The version before.
    pub from: Option<i64>,
    /// The version after.
    pub to: Option<i64>,
    pub outcome: Ended,
    /// What was applied or undone, in order.
    pub applied: Vec<AppliedMigration>,
    /// What a dry run would run, in order.
    pub planned: Vec<PlannedFile>,
    pub error: Option<Error>,
}

impl MigrationOutcome {
    pub fn new(service: &str) -> MigrationOutcome {
        MigrationOutcome { service: service.into(), ..MigrationOutcome::default() }
    }

    #[must_use]
    pub fn failed(mut self, error: Error) -> MigrationOutcome {
        let untouched =
            error.kind == Kind::Interrupted && error.sqlstate.is_none() && self.applied.is_empty();
        self.outcome = if untouched { Ended::Skipped } else { Ended::Failed };
        self.error = Some(error);
        self
    }

    pub fn status(&self) -> ExitStatus {
        self.error.as_ref().map_or(ExitStatus::Success, |error| error.kind.status())
    }
}

/// For a progress view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Another run, or other sessions, are in the way: who.
    Waiting(String),
    /// Something that an operator should look at, and that stops nothing.
    Noticed(String),
    Planned(Vec<MigrationId>),
    /// A migration was sent.
    Started(MigrationId),
    /// A migration could not get its locks and is tried again; how often it was tried, and why again.
    Retrying(MigrationId, u32, String),
    /// A migration is applied, or undone.
    Applied(AppliedMigration),
    /// The server warned while a migration ran, or the linter before it.
    Warned(MigrationId, String),
}

/// Takes events, from several tasks at once.
pub type OnEvent<'a> = &'a (dyn Fn(Event) + Send + Sync);
