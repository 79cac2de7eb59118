//! Errors of a server or a connection, described for an operator: message, detail, hint and SQLSTATE.
//!
//! <https://www.postgresql.org/docs/current/protocol-error-fields.html>

use std::fmt;

use fallible_iterator::FallibleIterator;
use postgres_protocol::message::backend::ErrorFields;

use super::other_engine::NAME_POSTGRES;
use super::outcome::{ConnectionFailure, Rejection, Stage};
use super::supported::UPGRADE_SERVER;
use martydb_model::error::{Error, Kind};
use martydb_model::sql::Statement;
use martydb_model::sqlstate;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ErrorResponse {
    /// The primary message.
    pub message: String,
    /// SQLSTATE, if the server answered.
    pub sqlstate: Option<String>,
    pub detail: Option<String>,
    pub hint: Option<String>,
    /// Position in the statement, in characters from 1.
    pub position: Option<usize>,
    /// Position in [`internal_query`](ErrorResponse::internal_query).
    pub internal_position: Option<usize>,
    /// Statement of a function, or the code of a DO block.
    pub internal_query: Option<String>,
    /// Call stack, for errors inside a function.
    pub context: Option<String>,
    /// Field `R`: the reporting function in the server's source; never translated.
    pub routine: Option<String>,
    /// Field `V`: `ERROR`, `WARNING` …; never translated.
    pub severity: Option<String>,
    /// `true` if the connection broke or was never made.
    pub unreachable: bool,
    pub place: Option<String>,
    /// `true` if a signal cancelled the statement, or prevented it from being sent.
    pub interrupted: bool,
}

impl From<ErrorResponse> for Rejection {
    fn from(response: ErrorResponse) -> Self {
        Rejection {
            sqlstate: response.sqlstate.unwrap_or_default(),
            message: response.message,
            routine: response.routine,
        }
    }
}

impl fmt::Display for ErrorResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(sqlstate) = &self.sqlstate {
            write!(f, " (SQLSTATE {sqlstate})")?;
        }
        match &self.detail {
            Some(detail) => write!(f, "; {detail}"),
            None => Ok(()),
        }
    }
}

impl ErrorResponse {
    /// Parses the fields of an error or a notice. Text that is not UTF-8 (the session's encoding is not settled
    /// during a login) is converted lossily.
    pub fn read(mut fields: ErrorFields<'_>) -> ErrorResponse {
        let mut response = ErrorResponse::default();
        while let Ok(Some(field)) = fields.next() {
            let text = String::from_utf8_lossy(field.value_bytes()).into_owned();
            match field.type_() {
                b'M' => response.message = text,
                b'C' => response.sqlstate = Some(text),
                b'D' => response.detail = Some(text),
                b'H' => response.hint = Some(text),
                b'P' => response.position = text.parse().ok(),
                b'p' => response.internal_position = text.parse().ok(),
                b'q' => response.internal_query = Some(text),
                b'W' => response.context = Some(text),
                b'R' => response.routine = Some(text),
                b'V' => response.severity = Some(text),
                _ => {}
            }
        }
        // Class 08 is a lost connection; 57P01 to 57P03 are shutdown and startup.
        let state = response.sqlstate.as_deref().unwrap_or_default();
        response.unreachable = state.starts_with("08") || state.starts_with("57P0");
        response
    }

    /// Makes the error of a statement that was not sent because of a signal.
    pub(crate) fn not_sent() -> ErrorResponse {
        ErrorResponse {
            message: "not sent: the run was interrupted".into(),
            interrupted: true,
            ..ErrorResponse::default()
        }
    }

    /// Like [`Rejection::by_hba`].
    pub fn by_hba(&self) -> bool {
        Rejection::from(self.clone()).by_hba()
    }

    /// Returns `true` if the database of a login was renamed or dropped while the login waited for its lock. The refusal of a
    /// database that never existed has no detail; that of one whose folder is missing has one, and costs a second try: <https://github.com/postgres/postgres/blob/REL_18_STABLE/src/backend/utils/init/postinit.c>.
    pub(crate) fn is_of_a_rename(&self) -> bool {
        self.sqlstate.as_deref() == Some(sqlstate::INVALID_CATALOG_NAME) && self.detail.is_some()
    }

    /// Converts it to the error of a failed message, and names the statement in it that failed: the one after those that were
    /// `completed`.
    pub fn into_error(self, message: &Statement, completed: usize) -> Error {
        let statement = shorten(nth_statement(message.shown(), completed));
        let message = match (&self.place, self.interrupted) {
            (_, true) => {
                let signal = super::interrupt::signal().unwrap_or("a signal");
                format!("interrupted by {signal} at: {statement}")
            }
            (Some(place), _) => format!("lost the connection to {place} during: {statement}"),
            (None, _) => format!("the server refused: {statement}"),
        };
        let mut error = Error::new(self.kind(), message).cause(&self);
        error.hints.extend(self.hint);
        if self.interrupted {
            error = error.hint("run the same command again: it continues where this one stopped");
        }
        error.sqlstate = self.sqlstate;
        error
    }

    /// Returns `true` if a signal prevented the statement from being sent.
    pub fn is_unsent(&self) -> bool {
        self.interrupted && self.sqlstate.is_none() && !self.unreachable
    }

    /// Returns the class of the failure.
    pub fn kind(&self) -> Kind {
        match (self.interrupted, self.unreachable) {
            (true, _) => Kind::Interrupted,
            (_, true) => Kind::Unreachable,
            _ => Kind::Operation,
        }
    }

    /// Returns a hint for a failed login.
    pub(crate) fn login_hint(&self) -> Option<String> {
        let Some(sqlstate) = self.sqlstate.as_deref() else { return self.hint.clone() };
        let hint = match sqlstate {
            sqlstate::INVALID_PASSWORD => {
                "the password is wrong: check the secret store, or for the admin password_env, DB_PASSWORD, PGPASSWORD and ~/.pgpass"
            }
            sqlstate::INVALID_AUTHORIZATION => {
                "pg_hba.conf of that server has no entry that accepts this login"
            }
            sqlstate::INVALID_CATALOG_NAME => "it does not exist yet: run `martydb apply --all`",
            sqlstate::INSUFFICIENT_PRIVILEGE => {
                "the role lacks CONNECT on that database: run `martydb plan` to see what is missing"
            }
            sqlstate::TOO_MANY_CONNECTIONS => {
                "all connections are taken: wait, or raise max_connections or the role's limit"
            }
            // The wording of PgBouncer and similar poolers.
            sqlstate::PROTOCOL_VIOLATION if self.message.contains("startup parameter") => {
                "this looks like a connection pooler: name the address of the PostgreSQL server itself in the manifest"
            }
            sqlstate::CANNOT_CONNECT_NOW => {
                "the server is starting up or shutting down: try again in a moment"
            }
            _ => return self.hint.clone(),
        };
        Some(hint.into())
    }
}

impl From<ConnectionFailure> for ErrorResponse {
    fn from(broken: ConnectionFailure) -> ErrorResponse {
        let hint = match broken.stage {
            Stage::Reach => Some("check that the server runs, and that its address in the manifest is right"),
            Stage::Wait => Some("check the address, and that no firewall drops the packets"),
            Stage::Tls | Stage::NoTls => Some("check sslmode and sslrootcert of the server's url"),
            Stage::Bind(error) => Some(error.hint()),
            Stage::NotPostgres => Some(NAME_POSTGRES),
            Stage::TooOld => Some(UPGRADE_SERVER),
            Stage::Authenticate | Stage::Speak | Stage::NotTried => None,
        };
        ErrorResponse {
            message: broken.why,
            hint: hint.map(Into::into),
            unreachable: true,
            ..ErrorResponse::default()
        }
    }
}

/// Failure of a message.
#[derive(Debug)]
pub struct FailedStatement {
    pub response: ErrorResponse,
    /// Number of statements completed before.
    pub completed: usize,
    /// Warnings received before.
    pub warnings: Vec<String>,
}

impl FailedStatement {
    /// Converts it to the error of the message that it was part of.
    pub fn into_error(self, message: &Statement) -> Error {
        self.response.into_error(message, self.completed)
    }
}

/// Returns the statement with this index of a message, and the whole message where its statements cannot be told apart.
fn nth_statement(message: &str, index: usize) -> &str {
    let single = |text: &str| {
        let quotes = text.matches('\'').count() % 2 + text.matches('"').count() % 2;
        quotes == 0 && !text.contains([';', '$']) && !text.contains("/*")
    };
    let statements = || message.split(";\n").map(uncommented).filter(|text| !text.is_empty());
    if statements().all(single) { statements().nth(index).unwrap_or(message) } else { message }
}

/// Returns a statement without the comment lines before it.
fn uncommented(mut text: &str) -> &str {
    loop {
        text = text.trim();
        if !text.starts_with("--") {
            return text;
        }
        text = text.split_once('\n').map_or("", |(_, rest)| rest);
    }
}

/// Returns a statement's first line: the whole text belongs in `-vv`, not in an error.
pub(crate) fn shorten(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(160) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::binding::BindingError;
    use super::*;

    #[test]
    fn the_statement_that_failed_is_named() {
        let message = "BEGIN;\nSET LOCAL x = 'a';\n-- the rest;\nDROP TABLE t";
        assert_eq!(nth_statement(message, 0), "BEGIN");
        assert_eq!(nth_statement(message, 2), "DROP TABLE t");
        assert_eq!(nth_statement(message, 3), message);
        assert_eq!(nth_statement("BEGIN;\nDO $$ x;\n y $$;\nCOMMIT", 1), "BEGIN;\nDO $$ x;\n y $$;\nCOMMIT");
        assert_eq!(nth_statement("-- one\nUPDATE a;\n-- two\nUPDATE b;\n", 0), "UPDATE a");
        assert_eq!(nth_statement("SELECT 'a;\nb'", 1), "SELECT 'a;\nb'");
    }

    #[test]
    fn an_unanswered_login_says_what_to_check() {
        let hint = |stage| ErrorResponse::from(ConnectionFailure { stage, why: "x".into() }).login_hint();
        assert!(hint(Stage::Reach).is_some_and(|hint| hint.contains("address in the manifest")));
        assert!(hint(Stage::Tls).is_some_and(|hint| hint.contains("sslmode")));
        assert!(hint(Stage::Bind(BindingError::NoTls)).is_some_and(|hint| hint.contains("sslmode=require")));
        assert_eq!(hint(Stage::Authenticate), None);
    }
}
