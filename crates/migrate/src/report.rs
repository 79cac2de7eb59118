//! Results of the engine: outcomes of `upgrade`, `downgrade` and `baseline`, events during a run, and the
//! results of `status` and `history`. Commands print them.

mod collation;
mod rehearsed;
mod running;
mod schema;

pub use collation::ChangedCollation;
pub use rehearsed::RehearsedMigration;
pub(crate) use rehearsed::{RelationLock, Rewrite, SkippedMigration};
pub(crate) use running::Blocker;
pub use running::{ProgressUnit, RunningMigration, ServerProgress};
pub use schema::{SchemaChange, SchemaDrift, SchemaState, UnknownSchema, drift_hint, drift_in_words};
use serde::{Serialize, Serializer};
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use super::check::{Divergence, OtherTool};
use super::files::{FileProblem, Mode};
use super::history::Unfinished;
use martydb_model::DesiredService;
use martydb_model::error::{Error, ExitStatus, Kind};

/// A migration that was applied or undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AppliedMigration {
    pub version: i64,
    pub name: String,
    /// Time from sending the migration to the server's answer.
    pub duration_ms: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MigrationId {
    pub version: i64,
    pub name: String,
}

/// Version of every repeatable migration inside the engine; no file can have it.
pub const REPEATABLE: i64 = -1;

impl MigrationId {
    pub(crate) fn is_repeatable(&self) -> bool {
        self.version == REPEATABLE
    }

    /// Returns the label for progress lines.
    pub fn label(&self) -> String {
        if self.is_repeatable() {
            format!("R {}", self.name)
        } else {
            format!("V{} {}", self.version, self.name)
        }
    }
}

impl std::fmt::Display for MigrationId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.is_repeatable() {
            return write!(f, "R__{}", self.name);
        }
        write!(f, "V{}__{}", self.version, self.name)
    }
}

/// A repeatable migration that has run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RepeatedMigration {
    pub name: String,
    /// Time from sending the migration to the server's answer.
    pub duration_ms: u64,
}

/// A repeatable migration that is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DueMigration {
    pub name: String,
    pub file: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedFile {
    pub version: i64,
    pub name: String,
    pub file: String,
    pub mode: Mode,
    pub sql: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Ended {
    /// All requested migrations are applied.
    #[default]
    Ok,
    Failed,
    Skipped,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct MigrationOutcome {
    pub service: String,
    pub from: Option<i64>,
    pub to: Option<i64>,
    #[serde(rename = "outcome")]
    pub ended: Ended,
    /// Migrations that were applied or undone, in order.
    pub applied: Vec<AppliedMigration>,
    /// Files that a dry run would run, in order.
    pub planned: Vec<PlannedFile>,
    /// Migrations that a rehearsal ran and rolled back, in order.
    pub rehearsed: Vec<RehearsedMigration>,
    /// Migrations that a rehearsal skipped, with the reason.
    pub skipped: Vec<SkippedMigration>,
    /// Repeatable migrations that were run, in order, after the versioned ones.
    pub repeatable: Vec<RepeatedMigration>,
    /// Repeatable migrations that a dry run would run, in order.
    #[serde(serialize_with = "serialize_repeatables")]
    pub repeatable_planned: Vec<PlannedFile>,
    /// Schema beside what the runs before left; `None` if that was not compared.
    #[serde(skip)]
    pub schema: Option<SchemaState>,
    pub error: Option<Error>,
}

impl MigrationOutcome {
    pub fn new(service: &str) -> MigrationOutcome {
        MigrationOutcome { service: service.into(), ..MigrationOutcome::default() }
    }

    #[must_use]
    pub fn failed(mut self, error: Error) -> MigrationOutcome {
        let untouched = error.kind == Kind::Interrupted
            && error.sqlstate.is_none()
            && self.applied.is_empty()
            && self.repeatable.is_empty();
        self.ended = if untouched { Ended::Skipped } else { Ended::Failed };
        self.error = Some(error);
        self
    }

    pub fn status(&self) -> ExitStatus {
        self.error.as_ref().map_or(ExitStatus::Success, |error| error.kind.status())
    }
}

/// An event of a run, for progress output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Another run, or other sessions, hold a lock: their description.
    Waiting(String),
    /// A note to the operator that stops nothing.
    Noticed(String),
    Planned(Vec<MigrationId>),
    /// A migration was sent.
    Started(MigrationId),
    /// A migration has been running for more than a moment. Sent about every second.
    Running(MigrationId, RunningMigration),
    /// A migration could not get its locks and is retried: number of attempts, and the latest reason.
    Retrying(MigrationId, u32, String),
    /// A migration is applied, or undone.
    Applied(AppliedMigration),
    /// A migration ran in a rehearsal.
    Rehearsed(MigrationId),
    /// A warning of the server while a migration ran, or of the linter before it.
    Warned(MigrationId, String),
}

/// Sender of a run's events. The command that started the run receives them while it runs.
#[derive(Debug, Clone)]
pub struct EventSender(UnboundedSender<Event>);

impl EventSender {
    pub fn channel() -> (EventSender, UnboundedReceiver<Event>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (EventSender(sender), receiver)
    }

    /// Returns a sender for a run whose events no command shows.
    pub fn ignored() -> EventSender {
        EventSender::channel().0
    }

    /// Sends an event; it is lost if the receiver is gone.
    pub fn send(&self, event: Event) {
        drop(self.0.send(event));
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceState {
    UpToDate,
    Pending,
    /// The migrations are another tool's and were not imported.
    NotImported,
    /// The database, or a role, does not exist yet.
    NotProvisioned,
    /// The server differs from the manifest, or the schema from what the runs left. Set by the command, which compares them.
    Drifted,
    /// Files and history differ.
    Divergent,
    /// A migration file cannot run as written; the files before it agree with the history.
    Invalid,
    /// The embedded server is not running, and the command starts none.
    Stopped,
    #[default]
    Unreachable,
}

/// A run that holds a service's lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunningRun {
    pub pid: Option<i32>,
    pub login: Option<String>,
    /// Time of its login, RFC 3339, UTC.
    pub since: Option<String>,
    /// Number of the current statement, from 1, if the file has several.
    pub statement: Option<usize>,
    /// Number of statements of the file.
    pub statements: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct ServiceStatus {
    pub service: String,
    pub server: String,
    pub database: String,
    pub state: ServiceState,
    pub current: Option<i64>,
    pub latest: Option<i64>,
    pub pending: Vec<MigrationId>,
    /// Repeatable migrations that the next upgrade runs, in order.
    pub repeatable_pending: Vec<DueMigration>,
    pub size_bytes: Option<i64>,
    /// Number of other sessions in the database.
    pub connections: Option<i64>,
    pub divergences: Vec<Divergence>,
    /// `same`, `drifted` or `unknown`; `None` if it was not compared.
    pub schema: Option<&'static str>,
    /// Objects that were changed by hand.
    pub schema_drift: Vec<SchemaDrift>,
    /// Reason why the schema is unknown.
    pub schema_unknown: Option<String>,
    /// Histories of other tools, if martydb has none.
    pub foreign: Vec<OtherTool>,
    #[serde(serialize_with = "serialize_unfinished")]
    pub unfinished: Vec<Unfinished>,
    /// Another run in progress.
    pub running: Option<RunningRun>,
    /// The newest event of martydb's own history.
    pub last_event: Option<HistoryEvent>,
    /// Collations that may sort otherwise than when their indexes were built.
    pub collations: Vec<ChangedCollation>,
    /// Reason why the collations were not compared.
    pub collations_error: Option<Error>,
    #[serde(serialize_with = "serialize_problems")]
    pub problems: Vec<FileProblem>,
    pub error: Option<Error>,
    /// Major version of the server, if it answered.
    #[serde(skip)]
    pub major: Option<u32>,
}

impl ServiceState {
    /// Returns `true` if the server did not answer, or was not asked because it is stopped.
    pub fn is_away(self) -> bool {
        matches!(self, ServiceState::Stopped | ServiceState::Unreachable)
    }
}

impl ServiceStatus {
    pub fn unreachable(service: &DesiredService, error: Error) -> ServiceStatus {
        let is_stopped = error.kind == Kind::Stopped;
        ServiceStatus {
            state: if is_stopped { ServiceState::Stopped } else { ServiceState::Unreachable },
            service: service.name.to_string(),
            server: service.server.clone(),
            database: service.database.to_string(),
            error: Some(error),
            ..ServiceStatus::default()
        }
    }
}

/// Serializes repeatable migrations without a version.
fn serialize_repeatables<S: Serializer>(all: &[PlannedFile], serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Shown<'a> {
        name: &'a str,
        file: &'a str,
        sql: &'a str,
    }
    serializer.collect_seq(all.iter().map(|one| Shown { name: &one.name, file: &one.file, sql: &one.sql }))
}

fn serialize_unfinished<S: Serializer>(all: &[Unfinished], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(all.iter().map(|begun| begun.version))
}

fn serialize_problems<S: Serializer>(all: &[FileProblem], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(all.iter().map(ToString::to_string))
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct HistoryEvent {
    /// Time, RFC 3339, UTC.
    pub at: String,
    /// `upgrade`, `downgrade`, `baseline` or `repair`.
    pub action: String,
    /// `None` for a repeatable migration.
    pub version: Option<i64>,
    pub name: String,
    pub checksum: Option<String>,
    /// Duration, if it was measured.
    pub duration_ms: Option<i64>,
    /// Account and host of the operator, else the role.
    pub by: String,
    /// `started`, `ok` or `failed`.
    pub outcome: String,
    /// The login role.
    pub role: Option<String>,
    /// The version of the tool.
    pub tool: Option<String>,
    /// Number of attempts, more than one because of locks.
    pub attempts: Option<i32>,
    pub error: Option<String>,
    /// Reason that an operator gave.
    pub note: Option<String>,
}
