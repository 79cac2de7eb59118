//! RabbitMQ and other brokers that implement AMQP 0-9-1: persistent messages that must reach a queue, each
//! confirmed by the broker. <https://www.rabbitmq.com/docs/confirms>

use std::time::Duration;

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::tcp::{AMQPUriTcpExt, RustlsConnector, RustlsConnectorConfig, TLSConfig};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::uri::{AMQPScheme, AMQPUri};
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties, ErrorKind};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};

use super::event::{OutboxEvent, is_attribute};
use super::failure::{PublishFailure, unreachable};
use super::trust::authorities;
use martydb_model::error::Result;
use martydb_model::{BrokerUrl, EventRoute};

/// Interval for testing the connection.
const CHECK_INTERVAL: Duration = Duration::from_millis(200);

/// Delivery mode of a message that survives a restart of the broker.
const PERSISTENT: u8 = 2;

/// Reply codes about the exchange: ACCESS_REFUSED, NOT_FOUND.
const TARGET: [u16; 2] = [403, 404];

/// Maximum length of a routing key, in bytes.
const MAX_KEY_BYTES: usize = 255;

pub struct AmqpLink {
    connection: Connection,
    channel: Channel,
    exchange: ShortString,
    routing_key: EventRoute,
}

#[martydb_pg::boxed]
pub(super) async fn open(
    at: &BrokerUrl,
    exchange: &str,
    routing_key: EventRoute,
    password: Option<&SecretString>,
) -> Result<AmqpLink> {
    let properties = ConnectionProperties::default().with_connection_name("martydb relay".into());
    let runtime = lapin::runtime::default_runtime().map_err(|error| unreachable(at, &plain(&error)))?;
    let refused = |error: lapin::Error| unreachable(at, &plain(&error));
    // The address contains the password, so the error does not repeat it.
    let uri = address(at, password).parse::<AMQPUri>();
    let uri = uri.map_err(|_| unreachable(at, &"its address is invalid"))?;
    let tls = tls(at)?;
    let connecting = Connection::connector(
        uri,
        runtime,
        async move |uri, runtime| {
            let plain = AMQPUri { scheme: AMQPScheme::AMQP, ..uri };
            let stream = plain.connect_with_config_async(TLSConfig::default(), &runtime).await?;
            Ok(match &tls {
                Some(connector) => stream.into_rustls(connector, &plain.authority.host).await?,
                None => stream,
            })
        },
        properties,
    );
    let connection = connecting.await.map_err(refused)?;
    let channel = connection.create_channel().await.map_err(refused)?;
    channel.confirm_select(ConfirmSelectOptions::default()).await.map_err(refused)?;
    Ok(AmqpLink { connection, channel, exchange: exchange.into(), routing_key })
}

/// Returns the connection address. It contains the password and is passed only to the client.
fn address(at: &BrokerUrl, password: Option<&SecretString>) -> String {
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let login = at.user.as_deref().map_or_else(String::new, |user| {
        let password = password.map_or_else(String::new, |password| encode(password.expose_secret()));
        format!("{}:{password}@", encode(user))
    });
    let path = if at.path.is_empty() { "/%2f" } else { &at.path };
    format!("{}://{login}{}:{}{path}", at.scheme.word, at.host, at.port)
}

/// Returns the TLS configuration. The client's own would also trust the operating system's authorities in addition
/// to those of the manifest.
fn tls(at: &BrokerUrl) -> Result<Option<RustlsConnector>> {
    if !at.scheme.tls {
        return Ok(None);
    }
    let failed = |error: std::io::Error| unreachable(at, &error);
    let config = match authorities(at)? {
        Some(all) => RustlsConnectorConfig::default().with_parsable_certificates(all),
        None => RustlsConnectorConfig::new_with_native_certs().map_err(failed)?,
    };
    config.connector_with_no_client_auth().map(Some).map_err(failed)
}

/// Returns the client's error without the address.
fn plain(error: &lapin::Error) -> String {
    match error.kind() {
        ErrorKind::ProtocolError(error) => error.get_message().to_string(),
        ErrorKind::IOError(error) => error.to_string(),
        ErrorKind::MissingHeartbeatError => "the broker sends no heartbeats".into(),
        ErrorKind::InvalidChannelState(..) | ErrorKind::InvalidConnectionState(..) => {
            "the connection was lost".into()
        }
        _ => "the connection failed".into(),
    }
}

/// Replaces characters with a meaning in routing keys: a dot separates words, and two others are wildcards in
/// bindings.
fn escape(c: char) -> char {
    if c.is_control() || "*#".contains(c) { '_' } else { c }
}

impl AmqpLink {
    pub async fn publish(&self, event: &OutboxEvent) -> Result<(), PublishFailure> {
        let key = event.route(&self.routing_key, escape);
        if key.len() > MAX_KEY_BYTES {
            return Err(PublishFailure::Refused(format!(
                "its routing key has {} bytes, but AMQP allows only {MAX_KEY_BYTES}",
                key.len()
            )));
        }
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let sent = self.channel.basic_publish(
            self.exchange.clone(),
            key.as_str().into(),
            options,
            event.payload.as_bytes(),
            properties(event),
        );
        let confirmed = sent.await.map_err(|error| lost(&error))?.await.map_err(|error| lost(&error))?;
        match confirmed {
            Confirmation::Ack(None) => Ok(()),
            Confirmation::Ack(Some(_)) => {
                Err(PublishFailure::Refused(format!("no queue is bound for the routing key \"{key}\"")))
            }
            Confirmation::Nack(_) => {
                Err(PublishFailure::Busy { why: "the broker could not store the event".into(), after: None })
            }
            Confirmation::NotRequested => {
                Err(PublishFailure::Down("the broker does not confirm messages".into()))
            }
        }
    }

    /// Returns `true` while the broker blocks publishers (`connection.blocked`).
    pub(crate) fn is_blocked(&self) -> bool {
        self.connection.status().blocked()
    }

    /// Waits until the connection is lost; the channel ends with it.
    pub async fn lost(&self) {
        while self.channel.status().connected() && self.connection.status().connected() {
            tokio::time::sleep(CHECK_INTERVAL).await;
        }
    }

    pub async fn close(self) {
        let _gone_already = self.connection.close(200, "done".into()).await;
    }
}

fn lost(error: &lapin::Error) -> PublishFailure {
    match error.kind() {
        // The exchange is missing, or closed to this user: not a fault of the event.
        ErrorKind::ProtocolError(refusal) if TARGET.contains(&refusal.get_id()) => {
            PublishFailure::Down(plain(error))
        }
        ErrorKind::ProtocolError(_) => PublishFailure::Closed(plain(error)),
        _ => PublishFailure::Down(plain(error)),
    }
}

/// Returns the properties of
/// <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/amqp-protocol-binding.md>, as headers of
/// AMQP 0-9-1 instead of the application properties of 1.0.
fn properties(event: &OutboxEvent) -> BasicProperties {
    let mut headers = FieldTable::default();
    let mut insert = |name: String, value: &str| {
        if name.len() <= MAX_KEY_BYTES {
            headers.insert(name.into(), AMQPValue::LongString(value.into()));
        }
    };
    let further = event.further_headers().filter(|(name, _)| !is_attribute(name, "cloudEvents_"));
    further.for_each(|(name, value)| insert(name.to_owned(), value));
    event.attributes().iter().for_each(|(name, value)| insert(format!("cloudEvents_{name}"), value));
    let short = |text: &str| ShortString::from(cut(text));
    BasicProperties::default()
        .with_delivery_mode(PERSISTENT)
        .with_message_id(short(&event.event_id))
        .with_type(short(&event.event_type))
        .with_content_type(short(event.content_type()))
        .with_headers(headers)
}

/// Truncates to the maximum length of an AMQP short string.
fn cut(text: &str) -> &str {
    let end = (0..=MAX_KEY_BYTES.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or(0)]
}
