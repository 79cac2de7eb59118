//! A server's error, or the end of a connection, in words that an operator can use: message, detail, hint and
//! SQLSTATE.
//!
//! <https://www.postgresql.org/docs/current/protocol-error-fields.html>

use std::fmt;

use fallible_iterator::FallibleIterator;
use postgres_protocol::message::backend::ErrorFields;

use super::outcome::{Broken, Refused, Stage};
use martydb_model::error::{Error, Kind};
use martydb_model::sql::Statement;
use martydb_model::sqlstate;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fault {
    /// The primary message.
    pub message: String,
    /// The five characters, where a server answered.
    pub sqlstate: Option<String>,
    pub detail: Option<String>,
    pub hint: Option<String>,
    /// Where in the statement, in characters from 1.
    pub position: Option<usize>,
    /// The same in [`internal_query`](Fault::internal_query).
    pub internal_position: Option<usize>,
    /// The statement that a function sent, or the code of a DO block.
    pub internal_query: Option<String>,
    /// The call stack of functions, for errors inside one.
    pub context: Option<String>,
    /// Field `R`: the function in the server's source that reported it, which is never translated.
    pub routine: Option<String>,
    /// Field `V`: `ERROR`, `WARNING` …, never translated.
    pub severity: Option<String>,
    /// The connection broke or was never there.
    pub unreachable: bool,
    pub place: Option<String>,
    /// A signal stopped it: the statement was cancelled, or not sent at all.
    pub interrupted: bool,
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        Refused {
            sqlstate: fault.sqlstate.unwrap_or_default(),
            message: fault.message,
            routine: fault.routine,
        }
    }
}

impl fmt::Display for Fault {
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

impl Fault {
    /// Reads the fields of an error or a notice. Texts that are not UTF-8 (the session's encoding is not yet settled
    /// during a login) are read as far as possible.
    pub fn read(mut fields: ErrorFields<'_>) -> Fault {
        let mut fault = Fault::default();
        while let Ok(Some(field)) = fields.next() {
            let text = String::from_utf8_lossy(field.value_bytes()).into_owned();
            match field.type_() {
                b'M' => fault.message = text,
                b'C' => fault.sqlstate = Some(text),
                b'D' => fault.detail = Some(text),
                b'H' => fault.hint = Some(text),
                b'P' => fault.position = text.parse().ok(),
                b'p' => fault.internal_position = text.parse().ok(),
                b'q' => fault.internal_query = Some(text),
                b'W' => fault.context = Some(text),
                b'R' => fault.routine = Some(text),
                b'V' => fault.severity = Some(text),
                _ => {}
            }
        }
        // Class 08 is a lost connection; 57P01 to 57P03 mean the server is going away or not there yet.
        let state = fault.sqlstate.as_deref().unwrap_or_default();
        fault.unreachable = state.starts_with("08") || state.starts_with("57P0");
        fault
    }

    /// A statement that was not sent because a signal has arrived.
    pub fn not_sent() -> Fault {
        Fault { message: "not sent: the run was interrupted".into(), interrupted: true, ..Fault::default() }
    }

    /// As [`Refused::by_hba`].
    pub fn by_hba(&self) -> bool {
        Refused::from(self.clone()).by_hba()
    }

    /// As the error of a statement that failed.
    pub fn into_error(self, statement: &Statement) -> Error {
        let statement = shorten(statement.shown());
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
            error = error.hint("run the same command again: it goes on where this one stopped");
        }
        error.sqlstate = self.sqlstate;
        error
    }

    /// Whether a signal kept the statement from being sent at all.
    pub fn is_unsent(&self) -> bool {
        self.interrupted && self.sqlstate.is_none() && !self.unreachable
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> Kind {
        match (self.interrupted, self.unreachable) {
            (true, _) => Kind::Interrupted,
            (_, true) => Kind::Unreachable,
            _ => Kind::Operation,
        }
    }

    /// What to try when a login failed this way.
    pub fn login_hint(&self) -> Option<String> {
        let Some(sqlstate) = self.sqlstate.as_deref() else { return self.hint.clone() };
        let hint = match sqlstate {
            sqlstate::INVALID_PASSWORD => {
                "the password is wrong: check the secret store, or for the admin password_env, DB_PASSWORD, PGPASSWORD and ~/.pgpass"
            }
            sqlstate::INVALID_AUTHORIZATION => {
                "pg_hba.conf of that server has no entry that lets this login in"
            }
            sqlstate::INVALID_CATALOG_NAME => "it does not exist yet: run `martydb apply --all`",
            sqlstate::INSUFFICIENT_PRIVILEGE => {
                "the role lacks CONNECT on that database: run `martydb plan` to see what is missing"
            }
            sqlstate::TOO_MANY_CONNECTIONS => {
                "all connections are taken: wait, or raise max_connections or the role's limit"
            }
            // The words are PgBouncer's and those of its kin.
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

impl From<Broken> for Fault {
    fn from(broken: Broken) -> Fault {
        let hint = match broken.stage {
            Stage::Reach => Some("check that the server runs, and that its address in the manifest is right"),
            Stage::Wait => Some("check the address, and that no firewall drops the packets"),
            Stage::Tls | Stage::NoTls => Some("check sslmode and sslrootcert of the server's url"),
            Stage::Authenticate | Stage::Speak | Stage::NotTried => None,
        };
        Fault { message: broken.why, hint: hint.map(Into::into), unreachable: true, ..Fault::default() }
    }
}

/// A statement's first line: the whole text belongs in `-vv`, not in an error.
pub fn shorten(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(160) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unanswered_login_says_what_to_check() {
        let hint = |stage| Fault::from(Broken { stage, why: "x".into() }).login_hint();
        assert!(hint(Stage::Reach).is_some_and(|hint| hint.contains("address in the manifest")));
        assert!(hint(Stage::Tls).is_some_and(|hint| hint.contains("sslmode")));
        assert_eq!(hint(Stage::Authenticate), None);
    }
}
