//! What the engine answers: finished values, ready to be printed as text or JSON by whoever asked.

use serde::{Serialize, Serializer};

use super::compare::{Divergence, Unfinished};
use super::directive::Mode;
use super::foreign::Foreign;
use super::source::Problem;
use crate::error::{Error, ExitStatus, Kind};
use crate::model::DesiredService;

/// A migration that was applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Applied {
    /// Its version.
    pub version: i64,
    /// Its name.
    pub name: String,
    /// From sending it to the server's answer.
    pub duration_ms: u64,
}

/// A migration by its version and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    /// Its version.
    pub version: i64,
    /// Its name.
    pub name: String,
}

/// A file that a dry run would run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Planned {
    /// The migration's version.
    pub version: i64,
    /// Its name.
    pub name: String,
    /// The file.
    pub file: String,
    /// Whether in a transaction.
    pub mode: Mode,
    /// Its text.
    pub sql: String,
}

/// How a service's run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Ended {
    /// Everything asked for is applied.
    Ok,
    /// An error ended it.
    Failed,
    /// It was not attempted.
    Skipped,
}

/// One service's part of `upgrade` or `downgrade`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// The service.
    pub service: String,
    /// The version before.
    pub from: Option<i64>,
    /// The version after.
    pub to: Option<i64>,
    /// How it ended.
    pub outcome: Ended,
    /// What was applied, in order.
    pub applied: Vec<Applied>,
    /// What a dry run would run, in order.
    pub planned: Vec<Planned>,
    /// Why it failed.
    #[serde(serialize_with = "crate::report::serialize_error")]
    pub error: Option<Error>,
}

impl Outcome {
    /// Nothing done yet.
    pub fn new(service: &str) -> Outcome {
        Outcome {
            service: service.into(),
            from: None,
            to: None,
            outcome: Ended::Ok,
            applied: vec![],
            planned: vec![],
            error: None,
        }
    }

    /// Ends with an error.
    #[must_use]
    pub fn failed(mut self, error: Error) -> Outcome {
        let untouched =
            error.kind == Kind::Interrupted && error.sqlstate.is_none() && self.applied.is_empty();
        self.outcome = if untouched { Ended::Skipped } else { Ended::Failed };
        self.error = Some(error);
        self
    }

    /// What this means for the process.
    pub fn status(&self) -> ExitStatus {
        self.error.as_ref().map_or(ExitStatus::Success, |error| error.kind.status())
    }
}

/// How a service's database compares with its folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Everything in the folder is applied.
    UpToDate,
    /// Something is not yet applied.
    Pending,
    /// The database, or a role, is not there yet.
    NotProvisioned,
    /// The server differs from the manifest; set by whoever looks at that.
    Drifted,
    /// Files and history contradict each other.
    Divergent,
    /// The database could not be asked.
    Unreachable,
}

/// One service's line of `status`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ServiceStatus {
    /// The service.
    pub service: String,
    /// The server's key in the manifest.
    pub server: String,
    /// Its database.
    pub database: String,
    /// How it compares.
    pub state: State,
    /// The highest applied version.
    pub current: Option<i64>,
    /// The highest version in the folder.
    pub latest: Option<i64>,
    /// What `upgrade` would apply.
    pub pending: Vec<Item>,
    /// The database's size on disk, in bytes.
    pub size_bytes: Option<i64>,
    /// Other sessions in the database.
    pub connections: Option<i64>,
    /// Contradictions between files and history.
    pub divergences: Vec<Divergence>,
    /// Histories of other tools, where there is none of ours.
    pub foreign: Vec<Foreign>,
    /// Pending migrations that were begun already.
    #[serde(serialize_with = "serialize_unfinished")]
    pub unfinished: Vec<Unfinished>,
    /// What is wrong with the folder, as sentences with their place.
    #[serde(serialize_with = "serialize_problems")]
    pub problems: Vec<Problem>,
    /// Why the database could not be asked.
    #[serde(serialize_with = "crate::report::serialize_error")]
    pub error: Option<Error>,
}

impl ServiceStatus {
    /// A service whose server could not be asked.
    pub fn unreachable(service: &DesiredService, error: Error) -> ServiceStatus {
        ServiceStatus {
            service: service.name.to_string(),
            server: service.server.clone(),
            database: service.database.to_string(),
            state: State::Unreachable,
            current: None,
            latest: None,
            pending: vec![],
            size_bytes: None,
            connections: None,
            divergences: vec![],
            foreign: vec![],
            unfinished: vec![],
            problems: vec![],
            error: Some(error),
        }
    }
}

/// What a history event was about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HistoryEvent {
    /// RFC 3339, UTC.
    pub at: String,
    /// `upgrade`, `downgrade`, `baseline` or `repair`.
    pub action: String,
    /// The version.
    pub version: i64,
    /// The name.
    pub name: String,
    /// refinery's checksum.
    pub checksum: Option<String>,
    /// How long it took, where that was measured.
    pub duration_ms: Option<i64>,
    /// Account and machine, else the role.
    pub by: String,
    /// `started`, `ok` or `failed`.
    pub outcome: String,
    /// The role that was logged in.
    pub role: Option<String>,
    /// The version of the tool.
    pub tool: Option<String>,
    /// How often it was tried because of locks.
    pub attempts: Option<i32>,
    /// What the server said, with its SQLSTATE.
    pub error: Option<String>,
    /// Why, where a person gave a reason.
    pub note: Option<String>,
}

/// What happens during a run, for a progress view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Another run, or other sessions, are in the way: who.
    Waiting(String),
    /// Something that an operator should look at, and that holds nothing up.
    Noticed(String),
    /// What is going to be applied.
    Planned(Vec<Item>),
    /// A migration was sent.
    Started(Item),
    /// A migration could not get its locks and is tried again; how often it was tried, and why again.
    Retrying(Item, u32, String),
    /// A migration is applied.
    Applied(Applied),
    /// The server warned while a migration ran.
    Warned(Item, String),
}

/// Takes events, from several tasks at once.
pub type OnEvent<'a> = &'a (dyn Fn(Event) + Send + Sync);

fn serialize_unfinished<S: Serializer>(all: &[Unfinished], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(all.iter().map(|begun| begun.version))
}

fn serialize_problems<S: Serializer>(all: &[Problem], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(all.iter().map(ToString::to_string))
}

/// The error of files that cannot run: every problem is a cause, every fix a hint once.
pub fn refused_files(service: &str, problems: &[&Problem]) -> Error {
    let mut error =
        Error::new(Kind::MigrationFile, format!("the migrations of {service} cannot be run as they are"));
    for problem in problems {
        error.causes.push(problem.to_string());
        if !error.hints.contains(&problem.fix) {
            error.hints.push(problem.fix.clone());
        }
    }
    error
}
