//! The one way through a request: a handler says what is to be done, as a [`PreparedRequest`], and the runner does it. It alone takes
//! connections, begins and ends transactions, looks at costs, writes the audit, and decides if a session is used again.

mod at_replica;
pub mod cache;
mod cost;
pub mod idempotency;
mod lease;
pub mod open_transactions;
pub mod precondition;
mod prepared;
pub mod read_preference;
pub mod records;
pub mod replicas;
mod request_session;
mod runner;
pub mod service;
mod session_use;
mod stream;
mod timed;
mod transaction;
pub mod wal_position;

pub use lease::ask;
pub use prepared::{Handled, PreparedRequest, RequestContext, RequestWork, Step};
pub use session_use::{RequestEnd, SessionUse, TransactionMode};
pub use stream::ServedAnswer;
pub use transaction::{TransactionSettings, in_own_transaction};
