//! A server's error in words an operator can use: message, detail, hint and SQLSTATE, and never the line of
//! the server's C source that sqlx appends.

use std::fmt;

use sqlx::postgres::{PgDatabaseError, PgErrorPosition};

use crate::error::{Error, Kind};
use crate::sql::Statement;

/// What went wrong, without the driver's wording.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fault {
    /// The primary message.
    pub message: String,
    /// The five characters, where a server answered.
    pub sqlstate: Option<String>,
    /// More about this case.
    pub detail: Option<String>,
    /// The server's advice.
    pub hint: Option<String>,
    /// Where in the statement, in characters from 1.
    pub position: Option<usize>,
    /// The call stack of functions, for errors inside one.
    pub context: Option<String>,
    /// The connection broke or was never there.
    pub unreachable: bool,
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
    /// As the error of a statement that failed.
    pub fn into_error(self, statement: &Statement) -> Error {
        let kind = if self.unreachable { Kind::Unreachable } else { Kind::Operation };
        let mut error =
            Error::new(kind, format!("the server refused: {}", shorten(statement.shown()))).cause(&self);
        error.hints.extend(self.hint);
        error.sqlstate = self.sqlstate;
        error
    }

    /// What to try when a login failed this way.
    pub fn login_hint(&self) -> Option<String> {
        let Some(sqlstate) = self.sqlstate.as_deref() else { return self.silent_hint() };
        let hint = match sqlstate {
            "28P01" => "the password is wrong: check the secret store, DB_PASSWORD, PGPASSWORD or ~/.pgpass",
            "28000" => "pg_hba.conf of that server has no entry that lets this login in",
            "3D000" => "the database does not exist yet: run `martydb apply`",
            "42501" => "the role lacks CONNECT on that database: run `martydb plan` to see what is missing",
            "53300" => "all connections are taken: wait, or raise max_connections or the role's limit",
            "57P03" => "the server is starting up or shutting down: try again in a moment",
            _ => return self.hint.clone(),
        };
        Some(hint.into())
    }

    /// The same where no server answered. TLS and the protocol say themselves what is wrong.
    fn silent_hint(&self) -> Option<String> {
        let speaks = ["TLS: ", "protocol: "].iter().any(|layer| self.message.starts_with(layer));
        let silent = self.unreachable && !speaks;
        let hint = "check that the server runs, and that its address in the manifest is right";
        self.hint.clone().or_else(|| silent.then(|| hint.into()))
    }
}

/// Takes a driver's error apart.
pub fn describe(error: &sqlx::Error) -> Fault {
    match error {
        sqlx::Error::Database(inner) => match inner.try_downcast_ref::<PgDatabaseError>() {
            Some(server) => from_server(server),
            None => Fault { message: inner.message().into(), ..Fault::default() },
        },
        sqlx::Error::Io(inner) => broken(inner.to_string()),
        sqlx::Error::Tls(inner) => broken(format!("TLS: {inner}")),
        // sqlx would name the character.
        sqlx::Error::Configuration(inner) if inner.to_string().contains("saslprep") => Fault {
            message: "the password holds a character that SASLprep forbids, such as a control character"
                .into(),
            hint: Some("give this login a password without such characters".into()),
            ..Fault::default()
        },
        sqlx::Error::Protocol(inner) => broken(format!("protocol: {inner}")),
        other => Fault { message: other.to_string(), ..Fault::default() },
    }
}

fn broken(message: String) -> Fault {
    Fault { message, unreachable: true, ..Fault::default() }
}

fn from_server(error: &PgDatabaseError) -> Fault {
    let position = match error.position() {
        Some(PgErrorPosition::Original(position)) => Some(position),
        _ => None,
    };
    Fault {
        message: error.message().into(),
        sqlstate: Some(error.code().into()),
        detail: error.detail().map(Into::into),
        hint: error.hint().map(Into::into),
        position,
        context: error.r#where().map(Into::into),
        // Class 08 is a lost connection; 57P01 to 57P03 mean the server is going away or not there yet.
        unreachable: error.code().starts_with("08") || error.code().starts_with("57P0"),
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
    fn a_server_that_does_not_answer_has_a_hint_too() {
        let hint = |error| describe(&error).login_hint();
        let refused = sqlx::Error::Io(std::io::ErrorKind::ConnectionRefused.into());
        assert!(hint(refused).is_some_and(|hint| hint.contains("address in the manifest")));
        assert_eq!(hint(sqlx::Error::Tls("no certificate".into())), None);
        let password = sqlx::Error::Configuration("saslprep".into());
        assert!(hint(password).is_some_and(|hint| hint.contains("password without such characters")));
    }
}
