//! Kafka, by librdkafka: an idempotent producer whose messages are acknowledged by all in-sync replicas.
//! <https://docs.confluent.io/platform/current/clients/librdkafka/html/md_INTRODUCTION.html#idempotent-producer>

use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord, Producer};
use rdkafka::util::Timeout;
use secrecy::ExposeSecret;
use tokio::sync::watch;

use super::event::{OutboxEvent, is_attribute};
use super::failure::{PublishFailure, connect_timeout, unreachable};
use super::secrets::BrokerSecrets;
use super::trust::authorities;
use martydb_model::error::{Error, Result};
use martydb_model::{BrokerUrl, EventRoute, EventTarget, SaslMechanism};

/// Maximum length of a topic's name.
const MAX_TOPIC_BYTES: usize = 249;

/// Time for messages in flight when the connection is closed.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// Settings of every producer: <https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md>.
const SETTINGS: &[(&str, &str)] = &[
    ("client.id", "martydb-relay"),
    ("enable.idempotence", "true"),
    ("acks", "all"),
    // Less than the time for an answer: a message that was given up must not be sent later.
    ("message.timeout.ms", "8000"),
    ("socket.connection.setup.timeout.ms", "8000"),
    ("linger.ms", "1"),
    ("message.max.bytes", "16000000"),
    // As Java's producer has it, so that both place a key in the same partition.
    ("partitioner", "murmur2_random"),
    // A topic is yours to make, with the partitions and replicas that you want.
    ("allow.auto.create.topics", "false"),
];

/// Errors of a message: no other would be rejected for them.
const REFUSED: &[RDKafkaErrorCode] = &[
    RDKafkaErrorCode::MessageSizeTooLarge,
    RDKafkaErrorCode::InvalidMessageSize,
    RDKafkaErrorCode::InvalidMessage,
    RDKafkaErrorCode::InvalidRecord,
    RDKafkaErrorCode::InvalidTopic,
    RDKafkaErrorCode::UnknownTopic,
    RDKafkaErrorCode::UnknownTopicOrPartition,
    RDKafkaErrorCode::UnknownPartition,
    RDKafkaErrorCode::TopicAuthorizationFailed,
    RDKafkaErrorCode::PolicyViolation,
];

/// Errors of a partition or a queue that may be over at the next attempt.
const BUSY: &[RDKafkaErrorCode] = &[
    RDKafkaErrorCode::QueueFull,
    RDKafkaErrorCode::NotEnoughReplicas,
    RDKafkaErrorCode::NotEnoughReplicasAfterAppend,
    RDKafkaErrorCode::LeaderNotAvailable,
    RDKafkaErrorCode::NotLeaderForPartition,
    RDKafkaErrorCode::ThrottlingQuotaExceeded,
];

/// Errors of a message that was not acknowledged in time.
const SILENT: &[RDKafkaErrorCode] = &[
    RDKafkaErrorCode::MessageTimedOut,
    RDKafkaErrorCode::RequestTimedOut,
    RDKafkaErrorCode::OperationTimedOut,
    RDKafkaErrorCode::TimedOutQueue,
];

/// Errors of the client after which no message can be sent.
const LOST: &[RDKafkaErrorCode] =
    &[RDKafkaErrorCode::AllBrokersDown, RDKafkaErrorCode::Authentication, RDKafkaErrorCode::Fatal];

/// Errors of a broker that answers: it rejects the login, or is not trusted.
const REJECTED: &[RDKafkaErrorCode] = &[RDKafkaErrorCode::Authentication, RDKafkaErrorCode::SSL];

/// State of the cluster, by the errors of the client.
#[derive(Debug, Default)]
struct ClusterState {
    is_lost: bool,
    /// A broker rejected the login, or is not trusted.
    is_rejected: bool,
    are_all_down: bool,
    /// Reason of the last error of one broker.
    why: Option<String>,
}

impl ClusterState {
    fn record(&mut self, code: Option<RDKafkaErrorCode>, said: &str) {
        let is_in = |list: &[RDKafkaErrorCode]| code.is_some_and(|code| list.contains(&code));
        self.is_lost |= is_in(LOST);
        self.is_rejected |= is_in(REJECTED);
        if code == Some(RDKafkaErrorCode::AllBrokersDown) {
            // Its text only counts the brokers.
            self.are_all_down = true;
        } else {
            self.why = Some(reason(said));
        }
    }

    /// Returns `true` if no broker can be used and patience does not help: another one might accept the login.
    fn is_hopeless(&self) -> bool {
        self.is_rejected && self.are_all_down
    }
}

/// Returns a reason of the client without the broker before it and the time behind it:
/// `sasl_ssl://h:9093/bootstrap: SASL authentication error: … (after 2ms in state AUTH_REQ)`.
fn reason(said: &str) -> String {
    let said = said.split_once("/bootstrap: ").map_or(said, |(_, said)| said);
    said.split(" (after ").next().unwrap_or(said).to_owned()
}

/// Receiver of the client's errors.
struct ErrorWatch(watch::Sender<ClusterState>);

impl ClientContext for ErrorWatch {
    fn log(&self, _: rdkafka::config::RDKafkaLogLevel, _: &str, _: &str) {}

    fn error(&self, error: KafkaError, said: &str) {
        self.0.send_modify(|state| state.record(error.rdkafka_error_code(), said));
    }
}

pub struct KafkaLink {
    producer: FutureProducer<ErrorWatch>,
    topic: EventRoute,
    key: EventRoute,
    state: watch::Receiver<ClusterState>,
}

/// Opens a producer, and checks that the cluster answers.
#[martydb_pg::boxed]
pub(super) async fn open(target: &EventTarget, secrets: &BrokerSecrets) -> Result<KafkaLink> {
    let EventTarget::Kafka { cluster, topic, key, mechanism } = target else {
        return Err(Error::operation("the destination is not Kafka"));
    };
    let at = target.at();
    let (sender, mut state) = watch::channel(ClusterState::default());
    let config = configured(cluster, *mechanism, secrets)?;
    let refused = |error: KafkaError| unreachable(at, &plain(&error));
    let producer: FutureProducer<ErrorWatch> =
        config.create_with_context(ErrorWatch(sender)).map_err(refused)?;
    let asked = producer.clone();
    let answer = tokio::task::spawn_blocking(move || {
        asked.client().fetch_metadata(None, connect_timeout() / 2).map(drop)
    });
    let answer = tokio::select! {
        answer = answer => answer.map_err(|error| unreachable(at, &error))?.map_err(|error| plain(&error)),
        true = async { state.wait_for(ClusterState::is_hopeless).await.is_ok() } => {
            Err("no broker accepts the client".to_owned())
        }
    };
    if let Err(why) = answer {
        let why = state.borrow().why.clone().unwrap_or(why);
        return Err(unreachable(at, &why));
    }
    Ok(KafkaLink { producer, topic: topic.clone(), key: key.clone(), state })
}

fn configured(
    cluster: &[BrokerUrl],
    mechanism: SaslMechanism,
    secrets: &BrokerSecrets,
) -> Result<ClientConfig> {
    let mut config = ClientConfig::new();
    for (name, value) in SETTINGS {
        config.set(*name, *value);
    }
    let hosts: Vec<String> = cluster.iter().map(|one| format!("{}:{}", one.host, one.port)).collect();
    config.set("bootstrap.servers", hosts.join(","));
    let at = &cluster[0];
    let has_login = at.user.is_some();
    config.set(
        "security.protocol",
        match (at.scheme.tls, has_login) {
            (false, false) => "plaintext",
            (false, true) => "sasl_plaintext",
            (true, false) => "ssl",
            (true, true) => "sasl_ssl",
        },
    );
    // An OpenSSL that is linked in does not know where the system keeps them.
    let location = match (&at.root_certificate, authorities(at)?) {
        (Some(path), Some(_)) => path.display().to_string(),
        _ => "probe".into(),
    };
    config.set("ssl.ca.location", location);
    if let Some(user) = &at.user {
        config.set("sasl.mechanism", mechanism.name()).set("sasl.username", user);
        let password = secrets.password.as_ref().map_or("", |password| password.expose_secret());
        config.set("sasl.password", password);
    }
    Ok(config)
}

/// Returns the client's error without the configuration, which contains the password.
fn plain(error: &KafkaError) -> String {
    match error {
        KafkaError::ClientConfig(_, why, name, _) => format!("{name}: {why}"),
        other => {
            other.rdkafka_error_code().map_or_else(|| "the client failed".into(), |code| code.to_string())
        }
    }
}

/// Replaces characters that a topic's name must not have.
fn escape(c: char) -> char {
    if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }
}

impl KafkaLink {
    pub async fn publish(&self, event: &OutboxEvent) -> Result<(), PublishFailure> {
        let topic = event.route(&self.topic, escape);
        if topic.len() > MAX_TOPIC_BYTES {
            let why = format!("its topic has {} bytes, but Kafka allows only {MAX_TOPIC_BYTES}", topic.len());
            return Err(PublishFailure::Unfit(why));
        }
        let key = event.route(&self.key, |c| c);
        let record = FutureRecord::to(&topic).key(&key).payload(&event.payload).headers(headers(event));
        let sent = self.producer.send(record, Timeout::After(Duration::ZERO)).await;
        sent.map(drop).map_err(|(error, _)| failure(&error, &topic))
    }

    /// Waits until the client cannot send. It would reconnect by itself, but the relay reads the password again.
    pub async fn lost(&self) {
        let mut state = self.state.clone();
        let _no_more_errors = state.wait_for(|state| state.is_lost).await;
    }

    pub async fn close(self) {
        let _given_up = tokio::task::spawn_blocking(move || self.producer.flush(FLUSH_TIMEOUT)).await;
    }
}

fn failure(error: &KafkaError, topic: &str) -> PublishFailure {
    let why = format!("the topic \"{topic}\": {}", plain(error));
    let Some(code) = error.rdkafka_error_code() else { return PublishFailure::Down(why) };
    let is_in = |list: &[RDKafkaErrorCode]| list.contains(&code);
    match () {
        () if is_in(REFUSED) => PublishFailure::Refused(why),
        () if is_in(BUSY) => PublishFailure::Busy { why, after: None },
        () if is_in(SILENT) => PublishFailure::Silent(why),
        () => PublishFailure::Down(why),
    }
}

/// Returns the headers of CloudEvents' binary mode:
/// <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md>.
fn headers(event: &OutboxEvent) -> OwnedHeaders {
    let mut headers = OwnedHeaders::new();
    let mut insert = |name: &str, value: &str| {
        headers = std::mem::take(&mut headers).insert(Header { key: name, value: Some(value) });
    };
    let further =
        event.further_headers().filter(|(name, _)| !is_attribute(name, "ce_") && !name.contains('\0'));
    further.for_each(|(name, value)| insert(name, value));
    event.attributes().iter().for_each(|(name, value)| insert(&format!("ce_{name}"), value));
    insert("content-type", event.content_type());
    headers
}

#[cfg(test)]
#[path = "kafka_tests.rs"]
mod tests;
