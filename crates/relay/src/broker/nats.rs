//! NATS JetStream. A publication is a request that the stream's leader answers once it has stored the message. The
//! id in `Nats-Msg-Id` lets it drop duplicates within the stream's duplicate window.
//! <https://docs.nats.io/nats-concepts/jetstream/streams>

use std::sync::atomic::{AtomicU64, Ordering};

use async_nats::header::{HeaderMap, HeaderName, HeaderValue};
use async_nats::{Client, ConnectOptions, Event, RequestErrorKind};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::watch;

use super::event::{OutboxEvent, is_attribute};
use super::failure::{PublishFailure, connect_timeout, unreachable};
use super::trust::authorities;
use martydb_model::error::Result;
use martydb_model::{BrokerUrl, EventRoute, is_reserved_by_nats};

/// Bytes of answers to read at a time: about a hundred answers.
const READ_BUFFER_BYTES: u16 = 16 << 10;

pub struct NatsLink {
    client: Client,
    subject: EventRoute,
    /// `true` once the connection was lost. The client would reconnect by itself, and later send messages that were
    /// given up meanwhile.
    lost: watch::Receiver<bool>,
    /// Events since the last look that the stream has already, and drops.
    duplicates: AtomicU64,
}

#[martydb_pg::boxed]
pub(super) async fn open(
    at: &BrokerUrl,
    subject: EventRoute,
    password: Option<&SecretString>,
) -> Result<NatsLink> {
    let (gone, lost) = watch::channel(false);
    let mut options = ConnectOptions::new()
        .name("martydb relay")
        .connection_timeout(connect_timeout())
        // Every publication has a timeout of its own.
        .request_timeout(None)
        .require_tls(at.scheme.tls)
        .ignore_discovered_servers()
        .max_reconnects(1)
        .read_buffer_capacity(READ_BUFFER_BYTES)
        .event_callback(move |event| {
            if matches!(event, Event::Disconnected | Event::Closed) {
                gone.send_replace(true);
            }
            std::future::ready(())
        });
    // With a file, the client reads it again and trusts no other authority.
    if let (Some(path), Some(_)) = (&at.root_certificate, authorities(at)?) {
        options = options.add_root_certificates(path.clone());
    }
    if let Some(password) = password {
        let password = password.expose_secret().to_owned();
        options = match &at.user {
            Some(user) => options.user_and_password(user.clone(), password),
            None => options.token(password),
        };
    }
    let address = format!("{}://{}:{}", at.scheme.word, at.host, at.port);
    let client = options.connect(address).await.map_err(|error| unreachable(at, &error))?;
    Ok(NatsLink { client, subject, lost, duplicates: AtomicU64::new(0) })
}

/// Answer of the stream's leader.
#[derive(Deserialize)]
struct StreamAnswer {
    error: Option<StreamRefusal>,
    stream: Option<String>,
    #[serde(default)]
    duplicate: bool,
}

/// Effect of a message on its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stored {
    New,
    /// It has one with the same id.
    Duplicate,
}

#[derive(Deserialize)]
struct StreamRefusal {
    code: u32,
    #[serde(default)]
    description: String,
}

/// Replaces characters that have a meaning in subjects.
fn escape(c: char) -> char {
    if c.is_whitespace() || c.is_control() || "*>".contains(c) { '_' } else { c }
}

/// Returns the subject of an event.
///
/// # Errors
/// If it would be a command to the broker, or an answer to another client.
fn subject_of(event: &OutboxEvent, route: &EventRoute) -> Result<String, PublishFailure> {
    let subject = event.route(route, escape);
    if is_reserved_by_nats(&subject) {
        let why = format!("the subject \"{subject}\" is reserved for the broker");
        return Err(PublishFailure::Unfit(why));
    }
    Ok(subject)
}

impl NatsLink {
    pub async fn publish(&self, event: &OutboxEvent) -> Result<(), PublishFailure> {
        let subject = subject_of(event, &self.subject)?;
        let payload = event.payload.clone().into();
        let end = self.client.request_with_headers(subject.clone(), headers(event), payload).await;
        let answer = end.map_err(|error| match error.kind() {
            RequestErrorKind::NoResponders => {
                PublishFailure::Refused(format!("no JetStream stream has the subject \"{subject}\""))
            }
            RequestErrorKind::MaxPayloadExceeded => {
                PublishFailure::Refused(format!("the broker does not accept {} bytes", event.payload.len()))
            }
            RequestErrorKind::InvalidSubject => {
                PublishFailure::Refused(format!("\"{subject}\" is not a valid subject"))
            }
            RequestErrorKind::TimedOut => PublishFailure::Silent(error.to_string()),
            RequestErrorKind::Other => PublishFailure::Down(error.to_string()),
        })?;
        if judged(&answer.payload, &subject)? == Stored::Duplicate {
            self.duplicates.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Returns the number of duplicates since the last call.
    pub(crate) fn take_duplicates(&self) -> u64 {
        self.duplicates.swap(0, Ordering::Relaxed)
    }

    pub async fn lost(&self) {
        let mut lost = self.lost.clone();
        let _no_more_events = lost.wait_for(|lost| *lost).await;
    }

    pub async fn close(self) {
        let _gone_already = self.client.flush().await;
    }
}

fn judged(answer: &[u8], subject: &str) -> Result<Stored, PublishFailure> {
    let foreign =
        || PublishFailure::Refused(format!("the subscriber of the subject \"{subject}\" is not a stream"));
    match serde_json::from_slice(answer).map_err(|_| foreign())? {
        StreamAnswer { error: Some(error), .. } => {
            let why = format!("the stream refused it: {} ({})", error.description, error.code);
            // The stream is full, has no leader or no space: not a fault of the event, and other streams may be well.
            let unable = matches!(error.code, 500..);
            Err(if unable { PublishFailure::Busy { why, after: None } } else { PublishFailure::Refused(why) })
        }
        StreamAnswer { stream: Some(_), duplicate: true, .. } => Ok(Stored::Duplicate),
        StreamAnswer { stream: Some(_), .. } => Ok(Stored::New),
        _ => Err(foreign()),
    }
}

/// Returns the headers of CloudEvents' binary mode:
/// <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/nats-protocol-binding.md>.
fn headers(event: &OutboxEvent) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut insert = |name: &str, value: &str| {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
            headers.insert(name, value);
        }
    };
    for (name, value) in event.further_headers() {
        let reserved = name.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("nats-"));
        if !reserved && !is_attribute(name, "ce-") {
            insert(name, value);
        }
    }
    for (name, value) in event.attributes() {
        insert(&format!("ce-{name}"), &value);
    }
    insert("content-type", event.content_type());
    // Unique in a stream, which several services may share.
    insert("Nats-Msg-Id", &format!("{}/{}", event.source, event.event_id));
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_event_commands_the_broker() {
        let of = |template: &str, aggregate_type: &str, event_type: &str| {
            let (aggregate_type, event_type) = (aggregate_type.to_owned(), event_type.to_owned());
            let event = OutboxEvent { aggregate_type, event_type, ..OutboxEvent::default() };
            subject_of(&event, &EventRoute::parse(template, &[]).unwrap())
        };
        let both = "{aggregate_type}.{event_type}";
        for (aggregate_type, event_type) in [("$JS", "API.STREAM.DELETE.s"), ("$SYS", "x"), ("_INBOX", "x.y")]
        {
            let end = of(both, aggregate_type, event_type);
            assert!(matches!(end, Err(PublishFailure::Unfit(_))), "{end:?}");
        }
        assert!(of("{event_type}", "", "$JS.API.INFO").is_err());
        assert_eq!(of(both, "_INBOX_", "a b*>").as_deref(), Ok("_INBOX_.a_b__"));
        assert_eq!(of("ev.{event_type}", "", "$JS.API").as_deref(), Ok("ev.$JS.API"));
    }

    #[test]
    fn an_answer_is_an_acknowledgement_only_from_a_stream() {
        let kind = |text: &str| judged(text.as_bytes(), "s");
        assert_eq!(kind("{\"stream\":\"S\",\"seq\":1}"), Ok(Stored::New));
        assert_eq!(kind("{\"stream\":\"S\",\"seq\":1,\"duplicate\":true}"), Ok(Stored::Duplicate));
        assert!(matches!(
            kind("{\"error\":{\"code\":400,\"description\":\"x\"}}"),
            Err(PublishFailure::Refused(_))
        ));
        assert!(matches!(
            kind("{\"error\":{\"code\":503,\"description\":\"x\"}}"),
            Err(PublishFailure::Busy { after: None, .. })
        ));
        assert!(matches!(kind("ok"), Err(PublishFailure::Refused(_))));
        assert!(matches!(kind("{}"), Err(PublishFailure::Refused(_))));
    }
}
