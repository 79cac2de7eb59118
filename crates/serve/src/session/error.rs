//! Reasons for which a statement has no result, and the answers to them.

use crate::error::raised_errors::raised;
use crate::error::{DatabaseReport, HttpError, of_server};

/// Returns the answer of a service whose database cannot be reached.
pub(crate) fn unavailable() -> HttpError {
    HttpError::new(503, "PGRST000", "Database connection error.").header("Retry-After", "1")
}

/// Result of a statement.
pub(crate) type DatabaseResult<T> = std::result::Result<T, DatabaseError>;

/// Reason for which a statement has no result.
#[derive(Debug)]
pub(crate) enum DatabaseError {
    Reported(tokio_postgres::Error),
    TooSlow,
    /// The connection is back in its pool.
    Released,
    /// A record beside the writes could not be written: see `run::records`.
    Unrecorded(Box<DatabaseError>),
    /// The expected row is missing.
    NoRecord,
    /// The answer to COMMIT was lost.
    UnknownOutcome,
}

impl From<tokio_postgres::Error> for DatabaseError {
    fn from(error: tokio_postgres::Error) -> DatabaseError {
        DatabaseError::Reported(error)
    }
}

impl DatabaseError {
    /// Returns the answer. `authenticated` is `false` for the anonymous caller.
    pub(crate) fn answer(&self, authenticated: bool, may_read_rows: bool) -> HttpError {
        match self {
            DatabaseError::Reported(error) => of_database(error, authenticated, may_read_rows),
            DatabaseError::TooSlow => {
                HttpError::new(504, "57014", "the request took too long, and was cancelled")
            }
            DatabaseError::Released => unavailable(),
            DatabaseError::Unrecorded(error) => match error.sqlstate() {
                // The schema is missing, or the login may not write to it.
                Some(state) if state.starts_with("42") || state.starts_with("3F") => unrecorded(state),
                _ => error.answer(authenticated, may_read_rows),
            },
            DatabaseError::NoRecord => unrecorded("no row"),
            DatabaseError::UnknownOutcome => {
                HttpError::new(504, "MDB008", "the outcome of the request is unknown")
                    .hint("With an Idempotency-Key, repeat it with the same key: it is done once. Without one, read first if it was done.")
            }
        }
    }

    /// Returns the error of a statement that commits: it is unknown if it did where the server's answer is missing, or is that the
    /// session was ended.
    pub(crate) fn of_commit(error: tokio_postgres::Error) -> DatabaseError {
        match error.code().map(tokio_postgres::error::SqlState::code) {
            Some(state) if !state.starts_with("57P") => DatabaseError::Reported(error),
            _ => DatabaseError::UnknownOutcome,
        }
    }

    /// Returns the error of a record beside the writes.
    pub(crate) fn unrecorded(self) -> DatabaseError {
        DatabaseError::Unrecorded(Box::new(self))
    }

    /// Returns the error of a request that only read: a lost answer to COMMIT leaves nothing unknown.
    pub(crate) fn of_read(self) -> DatabaseError {
        if matches!(self, DatabaseError::UnknownOutcome) { DatabaseError::Released } else { self }
    }

    /// Returns `true` for a conflict with another transaction, after which a repetition may succeed.
    pub(crate) fn is_conflict(&self) -> bool {
        matches!(self.sqlstate(), Some("40001" | "40P01"))
    }

    /// Returns `true` if the server rejected a statement, and the session goes on.
    pub(crate) fn is_of_statement(&self) -> bool {
        self.sqlstate().is_some_and(|state| !state.starts_with("57"))
    }

    /// Returns `true` if the time was over: another server is not asked for the same.
    pub(crate) fn is_too_slow(&self) -> bool {
        matches!(self, DatabaseError::TooSlow) || self.sqlstate() == Some("57014")
    }

    /// Returns `true` if it was the time limit that ended the statement, and no administrator.
    pub(crate) fn is_time_limit(&self) -> bool {
        self.is_too_slow() && !self.message().is_some_and(|text| text.contains("user request"))
    }

    /// Returns the message that the server reported.
    pub(crate) fn message(&self) -> Option<&str> {
        match self {
            DatabaseError::Reported(error) => {
                error.as_db_error().map(tokio_postgres::error::DbError::message)
            }
            _ => None,
        }
    }

    /// Returns the SQLSTATE that the server reported.
    pub(crate) fn sqlstate(&self) -> Option<&str> {
        match self {
            DatabaseError::Reported(error) => error.code().map(tokio_postgres::error::SqlState::code),
            DatabaseError::Unrecorded(error) => error.sqlstate(),
            _ => None,
        }
    }
}

/// Returns the answer where records beside the writes cannot be written: nothing was done.
fn unrecorded(why: &str) -> HttpError {
    tracing::warn!("the schema martydb_serve cannot be written ({why}): run `martydb apply`");
    let message = "the data service cannot keep its records: nothing was done";
    HttpError::new(503, "MDB011", message).header("Retry-After", "1")
}

/// Returns the answer to an error that the server reported, or to a connection that ended.
pub(super) fn of_database(
    error: &tokio_postgres::Error,
    authenticated: bool,
    may_read_rows: bool,
) -> HttpError {
    let Some(found) = error.as_db_error() else { return unavailable() };
    let report = DatabaseReport {
        sqlstate: found.code().code().to_owned(),
        message: found.message().to_owned(),
        detail: found.detail().map(str::to_owned),
        hint: found.hint().map(str::to_owned),
    };
    raised(&report).unwrap_or_else(|| of_server(&report, authenticated, may_read_rows))
}
