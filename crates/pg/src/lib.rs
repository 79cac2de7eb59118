//! PostgreSQL client: the wire protocol with strict authentication, and sessions that return the server's notices.
//!
//! - [`wire`]: PostgreSQL's protocol: TLS, SCRAM, queries, notices, cancelling
//! - [`silence`]: the time to answer a login, and servers that did not
//! - [`server`]: sessions: connect, query, execute with the server's warnings, lock, retry
//! - [`password`]: generated passwords, and verifiers of passwords
//! - [`backoff`]: growing pauses between attempts
//! - [`outage`]: one line when something stops working, one when it works again

pub use martydb_macros::boxed;

pub mod backoff;
pub mod outage;
pub mod password;
pub mod server;
pub mod silence;
pub mod wire;
