//! The key `outbox`.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::Error;

use super::forms::forms;
use crate::lenient;

/// Table of a service's events, and the broker to which `martydb relay` publishes them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawOutbox {
    /// Name of the table, as schema.table; default: `{service}_outbox` in the first schema.
    pub table: Option<String>,
    /// Names of the columns, if they differ from those in `templates/outbox.sql`.
    pub columns: RawOutboxColumns,
    /// Broker of the events.
    pub to: Option<RawEventTarget>,
    /// Number of events that are claimed at a time; default: 500.
    #[serde(deserialize_with = "lenient::optional")]
    pub batch: Option<u32>,
    /// Retries of an event that the broker does not accept.
    pub retry: RawRedelivery,
    /// Treatment of an event whose last attempt failed; default: stop.
    pub dead: RawDeadPolicy,
    /// Retention of published events until `relay clean` removes them, such as 7d; default: for ever.
    pub keep: Option<String>,
}

/// Names of columns, by content.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawOutboxColumns {
    /// Ascending number, the order of an aggregate's events; default: id.
    pub id: Option<String>,
    /// Id of the event; default: event_id.
    pub event_id: Option<String>,
    /// Type of the aggregate; default: aggregate_type.
    pub aggregate_type: Option<String>,
    /// Id of the aggregate; default: aggregate_id.
    pub aggregate_id: Option<String>,
    /// Type of the event; default: event_type.
    pub event_type: Option<String>,
    /// Payload of the event; default: payload.
    pub payload: Option<String>,
    /// Metadata of the event, a JSON object; default: headers, and an empty text means that there is no such column.
    pub headers: Option<String>,
    /// Time of the event; default: occurred_at, and an empty text means that there is no such column.
    pub occurred_at: Option<String>,
    /// Earliest time of publication; default: available_at.
    pub available_at: Option<String>,
    /// Time of the broker's confirmation; default: published_at.
    pub published_at: Option<String>,
    /// Number of attempts to publish the event; default: attempts.
    pub attempts: Option<String>,
    /// Error of the last attempt; default: last_error.
    pub last_error: Option<String>,
}

/// A broker: one of `nats`, `amqp`, `kafka` and `http`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawEventTarget {
    /// NATS with JetStream: nats://host:4222, or tls://.
    pub nats: Option<String>,
    /// RabbitMQ: amqp://user@host:5672/vhost, or amqps://.
    pub amqp: Option<String>,
    /// Kafka: host:9092,host2:9092, or kafkas://user@host:9093 with TLS; a build from source needs the feature `kafka`.
    pub kafka: Option<String>,
    /// A webhook: https://host/path.
    pub http: Option<String>,
    /// Subject of NATS, with {project}, {service}, {aggregate_type}, {aggregate_id} and {event_type}; the first token
    /// does not come from the event; default: `{project}.{service}.{event_type}`.
    pub subject: Option<String>,
    /// Topic of Kafka, with the same placeholders as a subject; default: `{project}.{service}`.
    pub topic: Option<String>,
    /// Key of Kafka, which selects the partition, with the same placeholders; default: `{aggregate_type}/{aggregate_id}`.
    pub key: Option<String>,
    /// Authentication of Kafka's user: SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN; default: SCRAM-SHA-512.
    pub mechanism: Option<String>,
    /// Exchange of RabbitMQ; not the default exchange.
    pub exchange: Option<String>,
    /// Routing key of RabbitMQ, with the same placeholders as a subject; the first token does not come from the
    /// event; default: `{service}.{aggregate_type}.{event_type}`.
    pub routing_key: Option<String>,
    /// Variable with the key that signs a webhook's requests.
    pub signature_env: Option<String>,
    /// Variable with the password, or the token for NATS without a user; the variable with the suffix `_FILE` names a file with it.
    pub password_env: Option<String>,
    /// Certificates to trust instead of the system's, in PEM, relative to the manifest.
    pub root_certificate: Option<String>,
    /// Allow events and passwords to cross a network without TLS.
    #[serde(deserialize_with = "lenient::parsed")]
    pub plaintext: bool,
}

/// Number of attempts to publish an event, and the pauses between them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawRedelivery {
    /// Attempts until the event is dead, and its aggregate waits for `relay retry` or `relay skip`; default: 12.
    #[serde(deserialize_with = "lenient::optional")]
    pub tries: Option<u32>,
    /// First pause, such as 1s; each following one is twice as long.
    pub from: Option<String>,
    /// Longest pause, such as 5m.
    pub to: Option<String>,
}

/// Treatment of dead events: stop, continue, or a destination.
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(untagged)]
pub(crate) enum RawDeadPolicy {
    /// stop: later events of its aggregate wait for `relay retry` or `relay skip`; continue: they are published.
    Word(RawDeadWord),
    /// The dead event is published elsewhere, and its aggregate continues.
    Target(Box<RawDeadTarget>),
}

/// Treatment of dead events that stay in the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub(crate) enum RawDeadWord {
    Stop,
    Continue,
}

/// Destination of dead events.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawDeadTarget {
    /// Broker of the dead events.
    pub to: RawEventTarget,
}

impl Default for RawDeadPolicy {
    fn default() -> Self {
        RawDeadPolicy::Word(RawDeadWord::Stop)
    }
}

forms! {
    RawDeadPolicy,
    "stop, continue, or a map with the key to",
    text => |text| match text {
        "stop" => Ok(RawDeadPolicy::Word(RawDeadWord::Stop)),
        "continue" => Ok(RawDeadPolicy::Word(RawDeadWord::Continue)),
        _ => Err(Error::custom(format!("\"{text}\" is neither stop nor continue"))),
    },
    map => RawDeadPolicy::Target
}
