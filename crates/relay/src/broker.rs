//! Brokers: one connection each, over which events are published and acknowledged one by one.
//!
//! Every event has the attributes of CloudEvents 1.0
//! (<https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md>).

mod event;
mod failure;
mod secrets;

#[cfg(feature = "brokers")]
mod amqp;
#[cfg(feature = "kafka")]
mod kafka;
#[cfg(all(feature = "brokers", not(feature = "kafka")))]
#[path = "broker/no_kafka.rs"]
mod kafka;
#[cfg(feature = "brokers")]
mod link;
#[cfg(not(feature = "brokers"))]
#[path = "broker/no_link.rs"]
mod link;
#[cfg(feature = "brokers")]
mod nats;
#[cfg(feature = "brokers")]
mod trust;
#[cfg(feature = "brokers")]
mod webhook;

pub use event::OutboxEvent;
pub(crate) use failure::FailureKind;
pub use failure::PublishFailure;
pub use link::BrokerLink;
pub use secrets::BrokerSecrets;
