//! Client side of PostgreSQL's protocol, for sessions and probes.
//!
//! A general driver is not suitable. It answers a request for the password in clear text from any server, sets no
//! bound on what a server may send, and passes notices to a log instead of to the caller. This is a small client over
//! `postgres-protocol`'s codec: the simple query protocol, text format, one message at a time.
//!
//! `dial` opens a stream, `login` authenticates on it under the rules of `auth`, followed by either one `attempt` of
//! a probe or a `connection`. `interrupt` registers every running statement and cancels it on a signal.
//!
//! The protocol: <https://www.postgresql.org/docs/current/protocol.html>.

mod attempt;
mod auth;
mod binding;
mod cancel;
mod codec;
mod connection;
mod dial;
mod endpoint;
mod error_response;
mod fallback;
mod handed;
pub mod interrupt;
mod login;
mod other_engine;
mod outcome;
mod require_auth;
mod row;
mod scram;
mod supported;
pub mod tls;

pub use attempt::{ATTEMPT_TIMEOUT, LoginRequest, wants_password};
pub use auth::{AuthRules, Channel};
pub use binding::{BindingError, BindingMode};
pub use codec::Stream;
pub(crate) use connection::CopiedRows;
pub(crate) use connection::CopyFailure;
pub use connection::CopyListener;
pub use connection::CopyStatements;
pub(crate) use connection::FrameSink;
pub(crate) use connection::copy_rows;
pub use connection::{Connection, ExchangeResult, Limits, ReplicationStream, Reply, ResultSet, StreamFrame};
pub use dial::Address;
pub use endpoint::{ActingLogin, Endpoint, Host, Login, Tls, TlsMode};
pub(crate) use error_response::shorten;
pub use error_response::{ErrorResponse, FailedStatement};
pub use handed::HandedStream;
pub use login::{APPLICATION_NAME, Credentials, LoginError, Startup};
pub use other_engine::NAME_POSTGRES;
pub use outcome::{Accepted, Answer, Attempt, ConnectionFailure, Outcome, Rejection, Stage};
pub use require_auth::{AuthMethod, RequireAuth};
pub use row::{FromText, Row, Unreadable, array};
pub use scram::{digest, verifier};
pub use scram::{is_kept, is_kept_by};
pub use supported::{OLDEST_MAJOR, UPGRADE_SERVER};
