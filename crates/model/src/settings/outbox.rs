//! A service's outbox: the table in which it writes events in the transaction of the changes they describe, and the
//! broker that publishes them.

use std::time::Duration;

use crate::{BrokerUrl, EventRoute, RoleName, SchemaName};

/// The manifest's `outbox:` with every default filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outbox {
    /// The login of the relay, `<service>_relay`.
    pub relay: RoleName,
    pub schema: SchemaName,
    pub table: String,
    pub columns: OutboxColumns,
    pub to: EventTarget,
    /// Number of events claimed at a time.
    pub batch: u32,
    pub retry: Redelivery,
    pub dead: DeadPolicy,
    /// Retention of a published event; `None`: forever.
    pub keep: Option<Duration>,
}

impl Outbox {
    /// Returns the destinations of its events, that of dead ones last.
    pub fn targets(&self) -> impl Iterator<Item = &EventTarget> {
        [&self.to].into_iter().chain(self.dead.target())
    }
}

/// Treatment of the events behind a dead one, and of the dead one itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum DeadPolicy {
    /// The later events of its aggregate wait for an operator's decision.
    #[default]
    Stop,
    /// The later events of its aggregate are published; it stays in the outbox until an operator decides.
    Continue,
    /// It is published to another destination, and then its aggregate continues.
    To(EventTarget),
}

impl DeadPolicy {
    /// Returns the destination of dead events.
    pub fn target(&self) -> Option<&EventTarget> {
        match self {
            DeadPolicy::To(target) => Some(target),
            DeadPolicy::Stop | DeadPolicy::Continue => None,
        }
    }
}

/// Column names of an outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxColumns {
    /// Ascending within an aggregate: the order of its events.
    pub id: String,
    pub event_id: String,
    pub aggregate_type: String,
    pub aggregate_id: String,
    pub event_type: String,
    pub payload: String,
    /// `None` if the table has none.
    pub headers: Option<String>,
    /// `None` if the table has none.
    pub occurred_at: Option<String>,
    /// Earliest time of the next attempt; infinity once the event is dead.
    pub available_at: String,
    /// Time of the broker's confirmation; NULL until then.
    pub published_at: String,
    pub attempts: String,
    pub last_error: String,
}

impl OutboxColumns {
    /// Returns the columns about the delivery, which the relay's login may update.
    pub fn of_delivery(&self) -> [&str; 4] {
        [&self.available_at, &self.published_at, &self.attempts, &self.last_error]
    }

    /// Returns all columns that the table must have, by their names there.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        let always = [&self.id, &self.event_id, &self.aggregate_type, &self.aggregate_id, &self.event_type];
        let further = self.headers.iter().chain(&self.occurred_at).chain([&self.payload]);
        always.into_iter().chain(further).map(String::as_str).chain(self.of_delivery())
    }
}

/// Destination of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventTarget {
    /// A subject of a NATS JetStream stream.
    Nats { at: BrokerUrl, subject: EventRoute },
    /// An exchange of RabbitMQ, or of another server that speaks AMQP 0-9-1.
    Amqp { at: BrokerUrl, exchange: String, routing_key: EventRoute },
    /// A topic of Kafka, or of another server with its protocol.
    Kafka {
        /// Addresses of the cluster, at least one, all with the same login.
        cluster: Vec<BrokerUrl>,
        topic: EventRoute,
        /// Key that selects the partition: events of one key stay in order.
        key: EventRoute,
        mechanism: SaslMechanism,
    },
    /// A webhook.
    Http {
        at: BrokerUrl,
        /// Variable with the key that signs each request.
        signature_env: Option<String>,
    },
}

impl EventTarget {
    /// Returns the address; the first of a cluster.
    pub fn at(&self) -> &BrokerUrl {
        &self.addresses()[0]
    }

    /// Returns all addresses, at least one.
    pub fn addresses(&self) -> &[BrokerUrl] {
        match self {
            EventTarget::Nats { at, .. } | EventTarget::Amqp { at, .. } | EventTarget::Http { at, .. } => {
                std::slice::from_ref(at)
            }
            EventTarget::Kafka { cluster, .. } => cluster,
        }
    }
}

/// Authentication mechanism of Kafka's logins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SaslMechanism {
    Plain,
    ScramSha256,
    #[default]
    ScramSha512,
}

impl SaslMechanism {
    /// Mechanisms, by their names: <https://www.iana.org/assignments/sasl-mechanisms>.
    pub const ALL: [SaslMechanism; 3] =
        [SaslMechanism::Plain, SaslMechanism::ScramSha256, SaslMechanism::ScramSha512];

    pub fn name(self) -> &'static str {
        match self {
            SaslMechanism::Plain => "PLAIN",
            SaslMechanism::ScramSha256 => "SCRAM-SHA-256",
            SaslMechanism::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

/// Retry policy for events that the broker did not accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Redelivery {
    /// Number of attempts after which an event is dead.
    pub tries: u32,
    /// Pause after the first attempt; doubled after each further one.
    pub from: Duration,
    /// Longest pause.
    pub to: Duration,
}
