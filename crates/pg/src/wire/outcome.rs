//! What came of one attempt to log in. Plain data: what it proves is decided in `verdict`.

use martydb_model::sqlstate;
use std::fmt;
use std::time::Duration;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    pub outcome: Outcome,
    /// From the first packet to the server's last word on the login.
    pub latency: Duration,
    /// Connections that it took: one, or two where `sslmode` asks for a second try with or without TLS.
    pub connections: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The server was ready for a query.
    LetIn(LetIn),
    Refused(Refused),
    /// Neither: nothing was proven.
    Broken(Broken),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetIn {
    pub tls: bool,
    pub server_version: String,
    /// What the request's queries answered, in their order.
    pub answers: Vec<Answer>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Its rows, in text form.
    Rows(Vec<Vec<Option<String>>>),
    Refused(Refused),
}

/// A server's error: <https://www.postgresql.org/docs/current/protocol-error-fields.html>.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Refused {
    /// Field `C`.
    pub sqlstate: String,
    /// Field `M`, in whatever language the server speaks.
    pub message: String,
    /// Field `R`: the function in the server's source that reported it. Tells cases apart that share a SQLSTATE, and
    /// is never translated.
    pub routine: Option<String>,
}

impl Refused {
    /// pg_hba.conf has no line for this login, or one that rejects it. The same function of the server also asks for
    /// client certificates under the same SQLSTATE; a file's name is not translated, so it tells the two apart.
    pub fn by_hba(&self) -> bool {
        self.sqlstate == sqlstate::INVALID_AUTHORIZATION
            && self.routine.as_deref() == Some("ClientAuthentication")
            && self.message.contains("pg_hba.conf")
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (SQLSTATE {})", self.message, self.sqlstate)
    }
}

/// An attempt that got no answer about the login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    pub stage: Stage,
    pub why: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Reach,
    Tls,
    /// The server offers no TLS where it is required.
    NoTls,
    /// Exchanging messages.
    Speak,
    Authenticate,
    /// Waiting for an answer that did not come in time.
    Wait,
    /// It was not even begun, because the server had stopped answering.
    NotTried,
}
