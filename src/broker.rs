//! Brokers: one link to each, over which events go out and are acknowledged one by one.
//!
//! Every event carries the attributes of CloudEvents 1.0 (<https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md>).

mod amqp;
mod event;
mod nats;
mod webhook;

use std::time::Duration;

use secrecy::SecretString;

use crate::credentials;
use crate::environment::Environment;
use crate::error::{Error, Kind, Result};
use crate::model::{BrokerUrl, EventTarget};

pub use event::OutboxEvent;

/// How long a broker gets to acknowledge an event.
const ANSWER: Duration = Duration::from_secs(10);

/// How long it gets to let us in.
const CONNECT: Duration = Duration::from_secs(10);

/// Why an event was not acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublishFailure {
    /// The broker answered, and does not take this event.
    Refused(String),
    /// It did not answer in time.
    Silent(String),
    /// It closed the channel over which this event and others were on their way: one of them may be why.
    Closed(String),
    /// It cannot be used, whatever the event.
    Down(String),
}

/// What it takes to connect, beside the address.
#[derive(Debug, Clone, Default)]
pub struct BrokerSecrets {
    password: Option<SecretString>,
    /// What web hooks are signed with.
    signature: Option<SecretString>,
}

impl BrokerSecrets {
    /// Reads the variables that the target names, now, so that one that changed is taken as it is.
    ///
    /// # Errors
    /// If one is not set, or its file cannot be read.
    pub fn of(target: &EventTarget, environment: &Environment) -> Result<BrokerSecrets> {
        let read = |name: Option<&String>| match name {
            None => Ok(None),
            Some(name) => credentials::named(environment, name).map(Some),
        };
        let signature = match target {
            EventTarget::Http { signature_env, .. } => signature_env.as_ref(),
            _ => None,
        };
        Ok(BrokerSecrets {
            password: read(target.at().password_env.as_ref())?,
            signature: read(signature)?,
        })
    }
}

/// An open connection to a broker.
pub enum BrokerLink {
    Nats(nats::NatsLink),
    Amqp(amqp::AmqpLink),
    Webhook(webhook::WebhookLink),
}

impl BrokerLink {
    /// # Errors
    /// [`Kind::Unreachable`] if the broker does not let us in.
    pub async fn open(target: &EventTarget, secrets: &BrokerSecrets) -> Result<BrokerLink> {
        let opened = async {
            Ok(match target {
                EventTarget::Nats { at, subject } => {
                    BrokerLink::Nats(nats::open(at, subject.clone(), secrets.password.as_ref()).await?)
                }
                EventTarget::Amqp { at, exchange, routing_key } => BrokerLink::Amqp(
                    amqp::open(at, exchange, routing_key.clone(), secrets.password.as_ref()).await?,
                ),
                EventTarget::Http { at, .. } => BrokerLink::Webhook(webhook::open(at, secrets)?),
            })
        };
        match tokio::time::timeout(CONNECT, opened).await {
            Ok(end) => end,
            Err(_) => Err(unreachable(target.at(), &format!("no answer within {} s", CONNECT.as_secs()))),
        }
    }

    /// Brings one event there and waits until the broker has it.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn publish(&self, event: &OutboxEvent) -> Result<(), PublishFailure> {
        let sent = async {
            match self {
                BrokerLink::Nats(link) => link.publish(event).await,
                BrokerLink::Amqp(link) => link.publish(event).await,
                BrokerLink::Webhook(link) => link.publish(event).await,
            }
        };
        let silent = || PublishFailure::Silent(format!("the broker did not answer within {} s", ANSWER.as_secs()));
        tokio::time::timeout(ANSWER, sent).await.unwrap_or_else(|_| Err(silent()))
    }

    /// Waits until the connection is lost. A web hook has none to lose.
    pub async fn lost(&self) {
        match self {
            BrokerLink::Nats(link) => link.lost().await,
            BrokerLink::Amqp(link) => link.lost().await,
            BrokerLink::Webhook(_) => std::future::pending().await,
        }
    }

    /// How many events may be on their way at once.
    pub fn width(&self) -> usize {
        match self {
            BrokerLink::Webhook(_) => webhook::WIDTH,
            _ => usize::MAX,
        }
    }

    /// Ends it, once nothing is on its way.
    pub async fn close(self) {
        match self {
            BrokerLink::Nats(link) => link.close().await,
            BrokerLink::Amqp(link) => link.close().await,
            BrokerLink::Webhook(_) => {}
        }
    }
}

fn unreachable(at: &BrokerUrl, why: &dyn std::fmt::Display) -> Error {
    Error::new(Kind::Unreachable, format!("cannot connect to the broker at {at}")).cause(why)
}
