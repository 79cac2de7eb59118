//! Requests from end to end: parse, plan, compile, run, answer.

mod action;
mod answer;
mod etag;
mod exchange;
mod idempotency;
mod override_headers;
mod part;
mod records;
mod result;
mod rpc;
mod service;
mod transaction;

pub use action::RestRequest;
pub use answer::HttpAnswer;
pub use exchange::respond;
pub use idempotency::HEADER as IDEMPOTENCY_KEY;
pub use service::{ServedDatabase, ServedService};
