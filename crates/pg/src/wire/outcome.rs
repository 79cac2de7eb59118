//! Outcome of one login attempt. Plain data; `verdict` judges it.

use super::binding::BindingError;
use martydb_model::error::Kind;
use martydb_model::sqlstate;
use std::fmt;
use std::time::Duration;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    pub outcome: Outcome,
    /// Time from the first packet to the server's last message about the login.
    pub latency: Duration,
    /// Number of connections: one, or two if `sslmode` requires a second try with or without TLS.
    pub connections: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The login was accepted and the server ready for a query.
    Accepted(Accepted),
    Rejected(Rejection),
    /// No answer about the login.
    Failed(ConnectionFailure),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    pub tls: bool,
    pub server_version: String,
    /// Answers to the request's queries, in order.
    pub answers: Vec<Answer>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Rows in text format.
    Rows(Vec<Vec<Option<String>>>),
    Rejected(Rejection),
}

/// A server's error: <https://www.postgresql.org/docs/current/protocol-error-fields.html>.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rejection {
    /// Field `C`.
    pub sqlstate: String,
    /// Field `M`, in the server's language.
    pub message: String,
    /// Field `R`: the reporting function in the server's source. Distinguishes cases with the same SQLSTATE; never
    /// translated.
    pub routine: Option<String>,
}

impl Rejection {
    /// Returns `true` if pg_hba.conf has no line for this login, or one that rejects it. The same function of the
    /// server also requests client certificates under the same SQLSTATE; a file's name is not translated and
    /// distinguishes the two.
    pub fn by_hba(&self) -> bool {
        self.sqlstate == sqlstate::INVALID_AUTHORIZATION
            && self.routine.as_deref() == Some("ClientAuthentication")
            && self.message.contains("pg_hba.conf")
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (SQLSTATE {})", self.message, self.sqlstate)
    }
}

/// An attempt that got no answer about the login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionFailure {
    pub stage: Stage,
    pub why: String,
}

impl ConnectionFailure {
    /// Returns the class of the failure: a server that is not PostgreSQL is named by mistake.
    pub fn kind(&self) -> Kind {
        match self.stage {
            Stage::NotPostgres => Kind::Manifest,
            Stage::TooOld => Kind::TooOld,
            _ => Kind::Unreachable,
        }
    }
}

impl fmt::Display for ConnectionFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Reach,
    Tls,
    /// The server does not support TLS, which is required.
    NoTls,
    /// Exchanging messages.
    Speak,
    Authenticate,
    /// Binding the login to its TLS connection.
    Bind(BindingError),
    /// The server is another database system that speaks PostgreSQL's protocol.
    NotPostgres,
    /// The server's version is older than those that martydb works with.
    TooOld,
    /// Waiting for an answer, up to the timeout.
    Wait,
    /// Not started, because the server had stopped answering.
    NotTried,
}
