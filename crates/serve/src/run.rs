//! The one way through a request: a handler returns a [`PreparedRequest`], and the runner runs it. It alone takes
//! connections, begins and ends transactions, looks at costs, writes the audit, and decides if a session is used again.

mod at_replica;
pub(crate) mod cache;
mod cost;
pub(crate) mod idempotency;
mod lease;
pub(crate) mod open_transactions;
pub(crate) mod precondition;
mod prepared;
pub(crate) mod read_preference;
pub(crate) mod records;
pub(crate) mod replicas;
mod request_session;
mod runner;
pub(crate) mod service;
mod session_use;
mod stream;
mod timed;
mod transaction;
pub(crate) mod wal_position;

pub(crate) use lease::ask;
pub(crate) use prepared::{Handled, PreparedRequest, RequestContext, RequestStep, RequestWork};
pub(crate) use session_use::{RequestEnd, SessionUse, TransactionMode};
pub(crate) use stream::ServedAnswer;
pub(crate) use transaction::{TransactionSettings, in_own_transaction};
