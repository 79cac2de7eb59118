//! Connection to a broker in a build without the feature `brokers`: none can be opened.

use super::event::OutboxEvent;
use super::failure::PublishFailure;
use super::secrets::BrokerSecrets;
use martydb_model::EventTarget;
use martydb_model::error::{Error, Result};

/// Connection that does not exist.
pub enum BrokerLink {}

impl BrokerLink {
    /// # Errors
    /// Always: this build has no client of a broker.
    pub async fn open(_: &EventTarget, _: &BrokerSecrets) -> Result<BrokerLink> {
        Err(Error::usage("this build of martydb has no clients of brokers")
            .hint("build it with the feature `relay`"))
    }

    pub async fn publish(&self, _: &OutboxEvent) -> Result<(), PublishFailure> {
        match *self {}
    }

    pub(crate) fn take_duplicates(&self) -> u64 {
        match *self {}
    }

    pub async fn lost(&self) {
        match *self {}
    }

    pub fn width(&self) -> usize {
        match *self {}
    }

    pub async fn close(self) {
        match self {}
    }
}
