//! A service's outbox: the table in which it writes events with the changes they tell of, and where they are published.

use std::time::Duration;

use super::{BrokerUrl, EventRoute, RoleName, SchemaName};

/// The manifest's `outbox:` with every default filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outbox {
    /// The login of the relay, `<service>_relay`.
    pub relay: RoleName,
    pub schema: SchemaName,
    pub table: String,
    pub columns: OutboxColumns,
    pub to: EventTarget,
    /// How many events are claimed at a time.
    pub batch: u32,
    pub retry: Redelivery,
    /// How long a published event stays; `None`: for ever.
    pub keep: Option<Duration>,
}

/// What the columns of an outbox are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxColumns {
    /// Ascends within an aggregate: the order of its events.
    pub id: String,
    pub event_id: String,
    pub aggregate_type: String,
    pub aggregate_id: String,
    pub event_type: String,
    pub payload: String,
    /// `None` where the table has none.
    pub headers: Option<String>,
    /// `None` where the table has none.
    pub occurred_at: Option<String>,
    /// Not before this time; infinite once the event is dead.
    pub available_at: String,
    /// When the broker confirmed it; NULL until then.
    pub published_at: String,
    pub attempts: String,
    pub last_error: String,
}

impl OutboxColumns {
    /// Those that the relay's login may change: what became of a delivery.
    pub fn of_delivery(&self) -> [&str; 4] {
        [&self.available_at, &self.published_at, &self.attempts, &self.last_error]
    }

    /// All that the table must have, by the names it has them under.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        let always = [&self.id, &self.event_id, &self.aggregate_type, &self.aggregate_id, &self.event_type];
        let further = self.headers.iter().chain(&self.occurred_at).chain([&self.payload]);
        always.into_iter().chain(further).map(String::as_str).chain(self.of_delivery())
    }
}

/// Where events go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventTarget {
    /// A stream of NATS JetStream that listens to the subject.
    Nats { at: BrokerUrl, subject: EventRoute },
    /// An exchange of RabbitMQ, or of another server that speaks AMQP 0-9-1.
    Amqp { at: BrokerUrl, exchange: String, routing_key: EventRoute },
    /// A web hook.
    Http {
        at: BrokerUrl,
        /// The variable with the key that each request is signed with.
        signature_env: Option<String>,
    },
}

impl EventTarget {
    pub fn at(&self) -> &BrokerUrl {
        match self {
            EventTarget::Nats { at, .. } | EventTarget::Amqp { at, .. } | EventTarget::Http { at, .. } => at,
        }
    }
}

/// What becomes of an event that the broker did not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Redelivery {
    /// After so many attempts it is dead.
    pub tries: u32,
    /// The pause after the first of them; each is twice as long as the one before.
    pub from: Duration,
    /// The longest pause.
    pub to: Duration,
}
