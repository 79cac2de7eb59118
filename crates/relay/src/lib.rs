//! `martydb relay`: publishes the outboxes of services, each with a login that can do nothing else.
//!
//! A publisher per outbox claims events by aggregate, publishes them to the broker, and records acknowledgements in
//! the transaction that holds their locks. Publication is at least once: if a publisher dies in between, its events
//! are still pending. `claim` decides which events may be published, `lane` what is sent in a batch, and
//! `verdict` what becomes of each event; all three are pure.
//!
//! - [`broker`]: connections over which events are published and acknowledged

#![cfg_attr(
    not(test),
    deny(clippy::disallowed_methods, clippy::print_stderr, clippy::print_stdout, clippy::unwrap_used)
)]

pub mod broker;
mod claim;
mod cleaning;
mod daily_partitions;
mod dead_letters;
mod delivery;
mod examination;
mod intervention;
mod lane;
mod once;
mod operator_statements;
mod partitions;
mod publisher;
mod serving;
mod session;
mod statements;
mod status;
mod stop;
mod tally;
mod verdict;

pub use cleaning::{Cleaned, clean};
pub use examination::examine;
pub use intervention::{Intervention, ReplayStart, count_replay, intervene, replay};
pub use once::{Published, once, preview};
pub use serving::{RelayPlan, serve};
pub use status::{Backlog, OutboxState, read, read_backlog, with_outbox};
pub use tally::RelayMetrics;
