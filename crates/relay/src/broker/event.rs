//! An event of an outbox, and its representation as a CloudEvent.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use martydb_model::{EventField, EventRoute};

/// An event to publish; `id` is its position in the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OutboxEvent {
    pub id: String,
    pub event_id: String,
    pub aggregate_type: String,
    pub aggregate_id: String,
    pub event_type: String,
    /// JSON text as the database returns it.
    pub payload: String,
    pub headers: BTreeMap<String, String>,
    /// Time in RFC 3339 format.
    pub occurred_at: Option<String>,
    /// Number of earlier attempts.
    pub attempts: i64,
    /// Source: project and service.
    pub source: Arc<str>,
    /// Size in bytes if it is too large to be read; payload and headers are then empty.
    pub excess: Option<i64>,
}

const JSON: &str = "application/json";

/// Headers of a dead event; names that are extensions of CloudEvents too.
const DEAD_REASON: &str = "deadreason";
const DEAD_ATTEMPTS: &str = "deadattempts";

impl OutboxEvent {
    /// Returns the metadata of a JSON object; none if the text is not an object.
    pub fn headers_of(text: Option<&str>) -> BTreeMap<String, String> {
        let read = text.and_then(|text| serde_json::from_str::<Map<String, Value>>(text).ok());
        let plain = |value: Value| match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        read.into_iter().flatten().map(|(name, value)| (name, one_line(&plain(value)))).collect()
    }

    /// Returns the event as it is published to the dead destination, with the reason.
    #[must_use]
    pub fn dead(&self, why: &str) -> OutboxEvent {
        let mut event = self.clone();
        event.headers.insert(DEAD_REASON.into(), one_line(why));
        event.headers.insert(DEAD_ATTEMPTS.into(), self.attempts.saturating_add(1).to_string());
        event
    }

    fn is_json(&self) -> bool {
        serde_json::from_str::<serde::de::IgnoredAny>(&self.payload).is_ok()
    }

    pub fn content_type(&self) -> &str {
        let own = ["content-type", "content_type", "datacontenttype"];
        let own = own.iter().find_map(|name| self.headers.get(*name)).map(String::as_str);
        own.unwrap_or(if self.is_json() { JSON } else { "text/plain; charset=utf-8" })
    }

    /// Returns the attributes of CloudEvents, by name.
    pub fn attributes(&self) -> Vec<(&'static str, String)> {
        let aggregate = format!("{}/{}", self.aggregate_type, self.aggregate_id);
        let mut all = vec![
            ("specversion", "1.0".to_owned()),
            ("id", self.event_id.clone()),
            ("source", self.source.to_string()),
            ("type", one_line(&self.event_type)),
            ("subject", one_line(&aggregate)),
        ];
        all.extend(self.occurred_at.clone().map(|at| ("time", at)));
        all
    }

    /// Returns the service's own metadata without names that CloudEvents uses.
    pub(crate) fn further_headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let known = ["content-type", "content_type", "datacontenttype"];
        let further = self.headers.iter().filter(move |(name, _)| !known.contains(&name.as_str()));
        further.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns the whole event as one JSON document:
    /// <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md>.
    pub(crate) fn structured(&self) -> String {
        let mut document: Map<String, Value> =
            self.attributes().into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        document.insert("datacontenttype".into(), self.content_type().into());
        for (name, value) in self.further_headers().filter(|(name, _)| is_extension(name)) {
            document.entry(name).or_insert_with(|| value.into());
        }
        let mut text = Value::Object(document).to_string();
        text.pop();
        // As the database returns it: the payload of an event is the same on each attempt.
        let data =
            if self.is_json() { self.payload.clone() } else { Value::from(&*self.payload).to_string() };
        text + ",\"data\":" + &data + "}"
    }

    /// Returns the event's destination; `escape` replaces characters that have a meaning in a route.
    pub fn route(&self, route: &EventRoute, escape: impl Fn(char) -> char) -> String {
        let value = |field| match field {
            EventField::AggregateType => self.aggregate_type.as_str(),
            EventField::AggregateId => &self.aggregate_id,
            EventField::EventType => &self.event_type,
        };
        route.fill(value, escape)
    }
}

/// Attributes that the relay sets.
const ATTRIBUTES: [&str; 6] = ["specversion", "id", "source", "type", "subject", "time"];

/// Returns `true` if a header is one of the relay's attributes with this prefix. An event must not set another
/// service as its source in a header that differs in case only.
#[cfg_attr(not(feature = "brokers"), allow(dead_code))]
pub(super) fn is_attribute(header: &str, prefix: &str) -> bool {
    let start = header.get(..prefix.len()).filter(|start| start.eq_ignore_ascii_case(prefix));
    start.is_some_and(|_| ATTRIBUTES.iter().any(|name| header[prefix.len()..].eq_ignore_ascii_case(name)))
}

/// Returns `true` for a valid attribute name of CloudEvents.
fn is_extension(name: &str) -> bool {
    (1..=20).contains(&name.len()) && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
}

/// Joins lines: a header ends at a line break.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> OutboxEvent {
        OutboxEvent {
            id: "1".into(),
            event_id: "8f14e45f-ceea-467f-a0c1-0d3b7a1f0001".into(),
            aggregate_type: "certificate".into(),
            aggregate_id: "DE-1".into(),
            event_type: "certificate.revoked".into(),
            payload: "{\"b\": 1, \"a\": 2}".into(),
            headers: OutboxEvent::headers_of(Some(
                "{\"traceparent\": \"00-x\", \"bad name\": \"y\", \"n\": 1, \"id\": \"other\"}",
            )),
            occurred_at: Some("2026-11-23T12:00:00Z".into()),
            attempts: 0,
            source: "/marty/csca".into(),
            excess: None,
        }
    }

    #[test]
    fn the_document_holds_attributes_and_the_payload_as_it_is() {
        assert_eq!(
            event().structured(),
            "{\"specversion\":\"1.0\",\"id\":\"8f14e45f-ceea-467f-a0c1-0d3b7a1f0001\",\"source\":\"/marty/csca\",\
             \"type\":\"certificate.revoked\",\"subject\":\"certificate/DE-1\",\"time\":\"2026-11-23T12:00:00Z\",\
             \"datacontenttype\":\"application/json\",\"n\":\"1\",\"traceparent\":\"00-x\",\"data\":{\"b\": 1, \"a\": 2}}"
        );
        let text = OutboxEvent { payload: "not \"json\"".into(), ..event() };
        assert!(text.structured().ends_with(",\"data\":\"not \\\"json\\\"\"}"));
        assert_eq!(text.content_type(), "text/plain; charset=utf-8");
    }

    #[test]
    fn no_header_has_a_second_line() {
        let broken = OutboxEvent {
            event_type: "a\r\nNats-Msg-Id: b".into(),
            headers: OutboxEvent::headers_of(Some("{\"x\": \"1\\r\\n2\"}")),
            ..event()
        };
        let all = broken.attributes().into_iter().map(|(_, value)| value);
        assert!(all.chain(broken.headers.values().cloned()).all(|value| !value.contains(['\r', '\n'])));
    }
}
