//! Error type of all crates: the failure, its causes, and hints. Its [`Kind`] determines the exit code.
//!
//! Causes are stored as text instead of boxed errors, because a driver's own `Display` may contain a password or a
//! line of the server's C source; code that adds a cause makes it safe to print first.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

/// Class of a failure, for scripts: the `kind` of the JSON error and the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Invalid flags or arguments; nothing was changed.
    Usage,
    /// Invalid manifest, overlay or setting; nothing was changed.
    Manifest,
    /// A migration file cannot be run as written; nothing was changed.
    MigrationFile,
    /// The server rejected a statement, or a local operation failed.
    Operation,
    /// The service has no database or roles yet. Scripts see a failed operation.
    #[serde(rename = "operation")]
    NotProvisioned,
    /// Migration files and the database's history contradict each other.
    Divergent,
    /// The service's migrations are another tool's and were not imported.
    NotImported,
    /// The schema was changed by hand, and the manifest refuses to migrate it.
    SchemaDrift,
    /// A server is unreachable or rejected the login.
    Unreachable,
    /// The server's version is not supported any more. Scripts see a server that cannot be used.
    #[serde(rename = "unreachable")]
    TooOld,
    /// An embedded server is not running, and the command starts none.
    #[serde(rename = "unreachable")]
    Stopped,
    /// Another run holds the lock.
    Locked,
    /// A saved plan no longer matches the server.
    Stale,
    /// The program that replaces martydb does not exist. Scripts see a failed operation.
    #[serde(rename = "operation")]
    ProgramNotFound,
    Interrupted,
}

impl Kind {
    pub fn status(self) -> ExitStatus {
        match self {
            Kind::Usage | Kind::Manifest | Kind::MigrationFile => ExitStatus::Usage,
            Kind::Operation | Kind::NotProvisioned => ExitStatus::Failed,
            Kind::Divergent | Kind::NotImported | Kind::SchemaDrift => ExitStatus::Differences,
            Kind::Unreachable | Kind::TooOld | Kind::Stopped => ExitStatus::Unreachable,
            Kind::Locked | Kind::Stale => ExitStatus::Locked,
            Kind::ProgramNotFound => ExitStatus::ProgramNotFound,
            Kind::Interrupted => ExitStatus::Interrupted,
        }
    }
}

/// Exit status of the process. The numbers are part of the command-line interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// Success, including nothing to do.
    Success = 0,
    Failed = 1,
    /// Invalid usage, settings or manifest; nothing was changed.
    Usage = 2,
    /// A check found differences, or migration histories diverge.
    Differences = 3,
    /// Isolation is breached, or a probe was inconclusive.
    Isolation = 4,
    /// A server is unreachable or rejected the login.
    Unreachable = 5,
    /// Another run holds the lock, or the saved plan is stale.
    Locked = 6,
    /// As a shell's status for a command that it does not find (POSIX, Shell Command Language, 2.8.2).
    ProgramNotFound = 127,
    Interrupted = 130,
}

impl ExitStatus {
    /// Returns the status of a run over several services:
    /// an interruption, else the first of 6, 5, 4, 1, 3, 2 that occurred.
    pub fn worst(all: impl IntoIterator<Item = ExitStatus>) -> ExitStatus {
        const ORDER: [ExitStatus; 9] = [
            ExitStatus::Interrupted,
            ExitStatus::ProgramNotFound,
            ExitStatus::Locked,
            ExitStatus::Unreachable,
            ExitStatus::Isolation,
            ExitStatus::Failed,
            ExitStatus::Differences,
            ExitStatus::Usage,
            ExitStatus::Success,
        ];
        let rank = |status: &ExitStatus| ORDER.iter().position(|other| other == status);
        all.into_iter().min_by_key(rank).unwrap_or(ExitStatus::Success)
    }

    /// Returns the status of a run with these errors.
    pub fn of_errors<'e>(errors: impl IntoIterator<Item = &'e Error>) -> ExitStatus {
        ExitStatus::worst(errors.into_iter().map(|error| error.kind.status()))
    }

    /// Returns the status of a run that `changed` something, or not: one that did has failed, because
    /// [`ExitStatus::Usage`] says that nothing was changed.
    #[must_use]
    pub fn after_changes(self, changed: bool) -> ExitStatus {
        if changed && self == ExitStatus::Usage { ExitStatus::Failed } else { self }
    }

    pub fn code(self) -> u8 {
        self as u8
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(into = "ErrorBody")]
#[schemars(with = "ErrorBody")]
pub struct Error {
    /// Class of the failure.
    pub kind: Kind,
    /// The failure, as one sentence.
    pub message: String,
    /// Causes, the nearest first.
    pub causes: Vec<String>,
    /// Suggested next steps.
    pub hints: Vec<String>,
    /// SQLSTATE of the server's error.
    pub sqlstate: Option<String>,
}

/// Error in machine-readable output.
#[derive(Serialize, JsonSchema)]
struct ErrorBody {
    /// Class of the failure, one word.
    #[schemars(with = "String")]
    kind: Kind,
    /// Exit code of a run without another failure.
    exit_code: u8,
    /// Failure, as one sentence.
    message: String,
    /// Causes, the nearest first.
    causes: Vec<String>,
    /// Suggested next steps.
    hints: Vec<String>,
    /// SQLSTATE of the server's error.
    sqlstate: Option<String>,
}

impl From<Error> for ErrorBody {
    fn from(error: Error) -> ErrorBody {
        let Error { kind, message, causes, hints, sqlstate } = error;
        ErrorBody { exit_code: kind.status().code(), kind, message, causes, hints, sqlstate }
    }
}

impl Error {
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Error { kind, message: message.into(), causes: vec![], hints: vec![], sqlstate: None }
    }

    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    pub fn manifest(message: impl Into<String>) -> Self {
        Self::new(Kind::Manifest, message)
    }

    pub fn operation(message: impl Into<String>) -> Self {
        Self::new(Kind::Operation, message)
    }

    /// Returns `true` if the server closed the connection or does not answer. A rejected login is an answer.
    pub fn is_lost(&self) -> bool {
        let ends = |state: &str| state.starts_with("08") || state.starts_with("57P");
        self.kind == Kind::Unreachable && self.sqlstate.as_deref().is_none_or(ends)
    }

    /// Adds a cause after the existing ones.
    #[must_use]
    pub fn cause(mut self, cause: impl fmt::Display) -> Self {
        self.causes.push(without_number(cause.to_string()));
        self
    }

    #[must_use]
    pub fn causes(self, all: impl IntoIterator<Item = impl fmt::Display>) -> Self {
        all.into_iter().fold(self, Error::cause)
    }

    /// Adds the first causes of many, and the number of the others.
    #[must_use]
    pub fn first_causes(self, all: &[impl fmt::Display]) -> Self {
        const MAX_SHOWN: usize = 20;
        let more = all.len().saturating_sub(MAX_SHOWN);
        self.causes(all.iter().take(MAX_SHOWN)).causes((more > 0).then(|| format!("and {more} more")))
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    #[must_use]
    pub fn hint_if(mut self, hint: Option<impl Into<String>>) -> Self {
        self.hints.extend(hint.map(Into::into));
        self
    }

    /// Adds a second failure: that of the cleanup after the first.
    #[must_use]
    pub fn and_also(self, other: Error) -> Self {
        let mut both = self.cause(other.message).causes(other.causes);
        let mut hints = other.hints;
        hints.retain(|hint| !both.hints.contains(hint));
        both.hints.extend(hints);
        both
    }

    /// Adds context: `message` becomes the message, and the current one its first cause.
    #[must_use]
    pub fn while_doing(mut self, message: impl Into<String>) -> Self {
        let inner = std::mem::replace(&mut self.message, message.into());
        self.causes.insert(0, inner);
        self
    }
}

/// Removes the error number that `std` appends to the system's messages.
pub fn without_number(message: String) -> String {
    let number = |rest: &str| rest.strip_suffix(')').is_some_and(|n| n.parse::<i32>().is_ok());
    match message.rsplit_once(" (os error ") {
        Some((words, rest)) if number(rest) => words.to_owned(),
        _ => message,
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message)?;
        self.causes.iter().try_for_each(|cause| write!(f, ": {cause}"))
    }
}

impl std::error::Error for Error {}

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_json_name_and_exit_status() {
        let kinds = [
            (Kind::Usage, "usage", ExitStatus::Usage),
            (Kind::Manifest, "manifest", ExitStatus::Usage),
            (Kind::MigrationFile, "migration_file", ExitStatus::Usage),
            (Kind::Operation, "operation", ExitStatus::Failed),
            (Kind::NotProvisioned, "operation", ExitStatus::Failed),
            (Kind::Divergent, "divergent", ExitStatus::Differences),
            (Kind::NotImported, "not_imported", ExitStatus::Differences),
            (Kind::SchemaDrift, "schema_drift", ExitStatus::Differences),
            (Kind::Unreachable, "unreachable", ExitStatus::Unreachable),
            (Kind::TooOld, "unreachable", ExitStatus::Unreachable),
            (Kind::Stopped, "unreachable", ExitStatus::Unreachable),
            (Kind::Locked, "locked", ExitStatus::Locked),
            (Kind::Stale, "stale", ExitStatus::Locked),
            (Kind::ProgramNotFound, "operation", ExitStatus::ProgramNotFound),
            (Kind::Interrupted, "interrupted", ExitStatus::Interrupted),
        ];
        for (kind, name, status) in kinds {
            assert_eq!(serde_json::to_value(kind).unwrap(), name);
            assert_eq!(kind.status(), status);
        }
        assert_eq!(kinds.len(), Kind::Interrupted as usize + 1);
    }

    #[test]
    fn two_failures_with_one_hint_have_it_once() {
        let failure = |message| Error::operation(message).hint("run it again");
        let both = failure("a").and_also(failure("b").hint("wait"));
        assert_eq!(both.causes, ["b"]);
        assert_eq!(both.hints, ["run it again", "wait"]);
    }

    #[test]
    fn a_message_of_the_system_is_shown_without_its_number() {
        let cause = |text: &str| Error::operation("x").cause(text).causes.remove(0);
        let refused = std::io::Error::from_raw_os_error(2).to_string();
        assert_eq!(cause(&refused), "No such file or directory");
        for kept in ["a (os error x)", "(os error 2) b"] {
            assert_eq!(cause(kept), kept);
        }
    }

    #[test]
    fn several_services_end_with_the_first_of_the_contracts_order() {
        use ExitStatus::*;
        let cases: &[(&[ExitStatus], ExitStatus)] = &[
            (&[], Success),
            (&[Success, Differences], Differences),
            (&[Differences, Failed], Failed),
            (&[Failed, Isolation], Isolation),
            (&[Isolation, Unreachable], Unreachable),
            (&[Unreachable, Locked, Success], Locked),
        ];
        for (all, expected) in cases {
            assert_eq!(ExitStatus::worst(all.iter().copied()), *expected, "{all:?}");
        }
    }
}
