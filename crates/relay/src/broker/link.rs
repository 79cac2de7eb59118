//! Connection to a broker of any kind.

use super::event::OutboxEvent;
use super::failure::{ANSWER_TIMEOUT, PublishFailure, connect_timeout, unreachable};
use super::secrets::BrokerSecrets;
use super::{amqp, kafka, nats, webhook};
use martydb_model::EventTarget;
use martydb_model::error::Result;

/// An open connection to a broker.
pub enum BrokerLink {
    Nats(nats::NatsLink),
    Amqp(amqp::AmqpLink),
    Kafka(kafka::KafkaLink),
    Webhook(webhook::WebhookLink),
}

impl BrokerLink {
    /// # Errors
    /// [`Kind::Unreachable`](martydb_model::error::Kind::Unreachable) if the broker does not accept the connection.
    #[martydb_pg::boxed]
    pub async fn open(target: &EventTarget, secrets: &BrokerSecrets) -> Result<BrokerLink> {
        let opened = async {
            Ok(match target {
                EventTarget::Nats { at, subject } => {
                    BrokerLink::Nats(nats::open(at, subject.clone(), secrets.password.as_ref()).await?)
                }
                EventTarget::Amqp { at, exchange, routing_key } => BrokerLink::Amqp(
                    amqp::open(at, exchange, routing_key.clone(), secrets.password.as_ref()).await?,
                ),
                EventTarget::Kafka { .. } => BrokerLink::Kafka(kafka::open(target, secrets).await?),
                EventTarget::Http { at, .. } => BrokerLink::Webhook(webhook::open(at, secrets)?),
            })
        };
        match tokio::time::timeout(connect_timeout(), opened).await {
            Ok(end) => end,
            Err(_) => Err(unreachable(
                target.at(),
                &format!("no answer within {} s", connect_timeout().as_secs_f32()),
            )),
        }
    }

    /// Publishes one event and waits for its acknowledgement.
    ///
    /// # Errors
    /// The reason why it was not acknowledged.
    pub async fn publish(&self, event: &OutboxEvent) -> Result<(), PublishFailure> {
        let sent = async {
            match self {
                BrokerLink::Nats(link) => link.publish(event).await,
                BrokerLink::Amqp(link) => link.publish(event).await,
                BrokerLink::Kafka(link) => link.publish(event).await,
                BrokerLink::Webhook(link) => link.publish(event).await,
            }
        };
        let silent = || {
            let why = match self {
                BrokerLink::Amqp(link) if link.is_blocked() => {
                    "an alarm of the broker for its memory or disk blocks publishers: `rabbitmqctl list_alarms` on it".into()
                }
                _ => format!("the broker did not answer within {} s", ANSWER_TIMEOUT.as_secs()),
            };
            PublishFailure::Silent(why)
        };
        tokio::time::timeout(ANSWER_TIMEOUT, sent).await.unwrap_or_else(|_| Err(silent()))
    }

    /// Returns the number of events since the last call that the broker dropped because it has them already.
    pub(crate) fn take_duplicates(&self) -> u64 {
        match self {
            BrokerLink::Nats(link) => link.take_duplicates(),
            _ => 0,
        }
    }

    /// Waits until the connection is lost. A webhook has no connection, so it waits forever.
    pub async fn lost(&self) {
        match self {
            BrokerLink::Nats(link) => link.lost().await,
            BrokerLink::Amqp(link) => link.lost().await,
            BrokerLink::Kafka(link) => link.lost().await,
            BrokerLink::Webhook(_) => std::future::pending().await,
        }
    }

    /// Returns the number of events that may be unacknowledged at a time.
    pub fn width(&self) -> usize {
        match self {
            BrokerLink::Webhook(_) => webhook::MAX_REQUESTS,
            _ => usize::MAX,
        }
    }

    /// Closes the connection once every event is acknowledged. Waits for at most 10 s (`ANSWER_TIMEOUT`): the client of a broker that
    /// falls silent, or whose connection is lost meanwhile, may never return.
    pub async fn close(self) {
        let closed = async {
            match self {
                BrokerLink::Nats(link) => link.close().await,
                BrokerLink::Amqp(link) => link.close().await,
                BrokerLink::Kafka(link) => link.close().await,
                BrokerLink::Webhook(_) => {}
            }
        };
        let _gone_anyway = tokio::time::timeout(ANSWER_TIMEOUT, closed).await;
    }
}
