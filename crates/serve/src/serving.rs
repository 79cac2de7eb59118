//! Requests from end to end: parse, plan, compile, run, answer.

mod action;
mod answer;
mod api;
mod cache;
mod cost;
mod cursor;
mod document_ids;
mod etag;
mod exchange;
mod idempotency;
mod open_transactions;
mod openapi;
mod override_headers;
mod part;
mod place;
mod precondition;
mod reading;
mod records;
mod replicas;
mod result;
mod rpc;
mod service;
mod statistics;
mod timed;
mod transaction;

pub use action::RestRequest;
pub use answer::{HttpAnswer, REPLICA};
pub use api::{PREFIX as API_PREFIX, respond_api};
pub use cache::MOST_BYTES as MOST_CACHED_BYTES;
pub use exchange::respond;
pub use idempotency::HEADER as IDEMPOTENCY_KEY;
pub use openapi::respond_openapi;
pub use place::WRITTEN;
pub use replicas::ReplicaTargets;
pub use service::{ServedDatabase, ServedService};
