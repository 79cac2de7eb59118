//! `martydb relay`: publishes the outboxes of services, each with a login that can do nothing else.
//!
//! A publisher per outbox claims events by aggregate, publishes them to the broker, and records acknowledgements in
//! the transaction that holds their locks. Publication is at least once: if a publisher dies in between, its events
//! are still pending. `batch` decides, `outbox` reads and changes the table, `publisher` acts, over the connections of
//! `broker`.

mod batch;
mod broker;
mod outbox;
mod publisher;

pub use broker::{BrokerLink, BrokerSecrets, OutboxEvent, PublishFailure};
pub use outbox::cleaning::{Cleaned, clean};
pub use outbox::examination::examine;
pub use outbox::intervention::{Intervention, ReplayStart, count_replay, intervene, replay};
pub use outbox::status::{Backlog, read, read_backlog, with_outbox};
pub use publisher::once::{Published, once, preview};
pub use publisher::serving::{RelayPlan, serve};
pub use publisher::tally::RelayMetrics;
