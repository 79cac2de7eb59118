//! The key `outbox`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::manifest::lenient;

/// The table in which a service writes its events, and where `martydb relay` publishes them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawOutbox {
    /// The table, as schema.table; default: `{service}_outbox` in the first schema.
    pub table: Option<String>,
    /// What its columns are called where it is not what `templates/outbox.sql` calls them.
    pub columns: RawOutboxColumns,
    /// Where the events go.
    pub to: Option<RawEventTarget>,
    /// How many events are claimed at a time; default: 500.
    #[serde(deserialize_with = "lenient::optional")]
    pub batch: Option<u32>,
    /// What becomes of an event that the broker does not take.
    pub retry: RawRedelivery,
    /// How long a published event stays before `relay clean` removes it, such as 7d; default: for ever.
    pub keep: Option<String>,
}

/// Names of columns, by what they hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawOutboxColumns {
    /// A number that ascends: the order of an aggregate's events; default: id.
    pub id: Option<String>,
    /// The event's identity; default: event_id.
    pub event_id: Option<String>,
    /// What kind of thing the event is about; default: aggregate_type.
    pub aggregate_type: Option<String>,
    /// Which one; default: aggregate_id.
    pub aggregate_id: Option<String>,
    /// What happened; default: event_type.
    pub event_type: Option<String>,
    /// The event itself; default: payload.
    pub payload: Option<String>,
    /// Its metadata, a JSON object; default: headers, and an empty text says that there is no such column.
    pub headers: Option<String>,
    /// When it happened; default: occurred_at, and an empty text says that there is no such column.
    pub occurred_at: Option<String>,
    /// Not to be published before this time; default: available_at.
    pub available_at: Option<String>,
    /// When the broker confirmed it; default: published_at.
    pub published_at: Option<String>,
    /// How often publishing it was tried; default: attempts.
    pub attempts: Option<String>,
    /// Why the last attempt failed; default: last_error.
    pub last_error: Option<String>,
}

/// A broker: one of `nats`, `amqp` and `http`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawEventTarget {
    /// NATS with JetStream: nats://host:4222, or tls://.
    pub nats: Option<String>,
    /// RabbitMQ: amqp://user@host:5672/vhost, or amqps://.
    pub amqp: Option<String>,
    /// A web hook: https://host/path.
    pub http: Option<String>,
    /// Of NATS: the subject, with {project}, {service}, {aggregate_type}, {aggregate_id} and {event_type}; default:
    /// `{project}.{service}.{event_type}`.
    pub subject: Option<String>,
    /// Of RabbitMQ: the exchange.
    pub exchange: Option<String>,
    /// Of RabbitMQ: the routing key, with the same places as a subject; default: `{aggregate_type}.{event_type}`.
    pub routing_key: Option<String>,
    /// Of a web hook: the variable that holds the key that requests are signed with.
    pub signature_env: Option<String>,
    /// The variable that holds the password, of NATS without a user the token; the one with `_FILE` behind its name says which file does.
    pub password_env: Option<String>,
    /// Certificates to trust in place of the system's, PEM, relative to the manifest.
    pub root_certificate: Option<String>,
    /// Whether events and passwords may cross a network without TLS.
    #[serde(deserialize_with = "lenient::parsed")]
    pub plaintext: bool,
}

/// How often and in which pauses publishing is tried.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RawRedelivery {
    /// After so many attempts the event is dead, and its aggregate waits for `relay retry` or `relay skip`; default: 12.
    #[serde(deserialize_with = "lenient::optional")]
    pub tries: Option<u32>,
    /// The first pause, such as 1s; each is twice as long as the one before.
    pub from: Option<String>,
    /// The longest pause, such as 5m.
    pub to: Option<String>,
}
