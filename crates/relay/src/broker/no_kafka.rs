//! Kafka in a build without the feature `kafka`: no connection can be opened.

use super::event::OutboxEvent;
use super::failure::PublishFailure;
use super::secrets::BrokerSecrets;
use martydb_model::EventTarget;
use martydb_model::error::{Error, Result};

/// Connection that does not exist.
pub enum KafkaLink {}

/// # Errors
/// Always: this build has no client of Kafka.
pub(super) async fn open(_: &EventTarget, _: &BrokerSecrets) -> Result<KafkaLink> {
    Err(Error::manifest("this build of martydb has no client of Kafka")
        .hint("the packages and the image have one")
        .hint("or build it with `cargo build --features kafka`, which needs a C compiler and OpenSSL"))
}

impl KafkaLink {
    pub async fn publish(&self, _: &OutboxEvent) -> Result<(), PublishFailure> {
        match *self {}
    }

    pub async fn lost(&self) {
        match *self {}
    }

    pub async fn close(self) {
        match self {}
    }
}
