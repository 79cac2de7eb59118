//! The client's half of PostgreSQL's protocol, for sessions and for probes alike.
//!
//! A general driver does not serve here. It answers a request for the password in clear text from any server, sets
//! no bound on what a server may send, drops the error field that tells two refusals with one SQLSTATE apart, and
//! hands notices to a log instead of to the caller. This is a small client over `postgres-protocol`'s codec: the
//! simple query protocol, text format, one statement text at a time.
//!
//! `dial` opens a stream, `login` authenticates on it under the rules of `auth`, and what follows is either one
//! `attempt` of a probe or a `connection`. `interrupt` knows every running statement and cancels it on a signal.
//!
//! The protocol: <https://www.postgresql.org/docs/current/protocol.html>.

mod attempt;
mod auth;
mod cancel;
mod codec;
mod connection;
mod dial;
mod endpoint;
mod fault;
pub mod interrupt;
mod login;
mod outcome;
mod pbkdf2;
mod require_auth;
mod row;
mod scram;
pub mod tls;

pub use attempt::{LoginRequest, wants_password};
pub use auth::{AuthRules, Channel};
pub use connection::{
    Connection, CopiedRows, CopyFailure, CopyListener, CopyStatements, Exchanged, FailedStatement, FrameSink,
    Limits, ReplicationStream, Reply, ResultSet, StreamFrame, copy_rows,
};
pub use dial::Address;
pub use endpoint::{Endpoint, Host, Login, Tls, TlsMode};
pub use fault::{Fault, shorten};
pub use login::{APPLICATION_NAME, Credentials, NotLetIn, Startup};
pub use outcome::{Answer, Attempt, Broken, LetIn, Outcome, Refused, Stage};
pub use require_auth::{AuthMethod, RequireAuth};
pub use row::{FromText, Row, Unreadable, array};
pub use scram::{digest, verifier};
pub use scram::{is_kept, is_kept_by};
pub use tls::check_key;
