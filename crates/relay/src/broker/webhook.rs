//! Webhooks: one request per event, a CloudEvent in structured mode, signed according to Standard Webhooks.
//!
//! <https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md>,
//! <https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::RETRY_AFTER;
use reqwest::{Certificate, Client, StatusCode, redirect};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use super::event::OutboxEvent;
use super::failure::{PublishFailure, connect_timeout, first_cause, unreachable};
use super::secrets::BrokerSecrets;
use super::trust::authorities;
use martydb_model::BrokerUrl;
use martydb_model::error::Result;

/// Number of concurrent requests.
pub(super) const MAX_REQUESTS: usize = 32;

/// Pause after 429 without a header `Retry-After`, or after a connection that was not accepted in time.
const BUSY_PAUSE: Duration = Duration::from_secs(1);

/// Prefix of a base64 key; other keys are used as text.
const ENCODED_KEY: &str = "whsec_";

pub struct WebhookLink {
    client: Client,
    url: String,
    user: Option<(String, Option<SecretString>)>,
    key: Option<SecretString>,
}

pub(super) fn open(at: &BrokerUrl, secrets: &BrokerSecrets) -> Result<WebhookLink> {
    // Uses the same provider as the connections to PostgreSQL; an error means that it is already installed.
    let _present = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder()
        .connect_timeout(connect_timeout())
        .redirect(redirect::Policy::none())
        .pool_max_idle_per_host(MAX_REQUESTS)
        .user_agent(concat!("martydb/", env!("CARGO_PKG_VERSION")));
    let builder = match authorities(at)? {
        None => builder,
        Some(all) => {
            let read = all.iter().map(|one| Certificate::from_der(one)).collect::<Result<Vec<_>, _>>();
            builder.tls_certs_only(read.map_err(|error| unreachable(at, &first_cause(&error)))?)
        }
    };
    Ok(WebhookLink {
        client: builder.build().map_err(|error| unreachable(at, &first_cause(&error)))?,
        url: format!("{}://{}:{}{}", at.scheme.word, at.host, at.port, at.path),
        user: at.user.clone().map(|user| (user, secrets.password.clone())),
        key: secrets.signature.clone(),
    })
}

impl WebhookLink {
    pub async fn publish(&self, event: &OutboxEvent) -> Result<(), PublishFailure> {
        let body = event.structured();
        let mut request = self
            .client
            .post(&self.url)
            .header("content-type", "application/cloudevents+json; charset=utf-8")
            .header("webhook-id", &event.event_id);
        if let Some(key) = &self.key {
            let now = OffsetDateTime::now_utc().unix_timestamp().to_string();
            let signature = signature(key.expose_secret(), &event.event_id, &now, &body);
            request = request.header("webhook-timestamp", now).header("webhook-signature", signature);
        }
        if let Some((user, password)) = &self.user {
            request = request.basic_auth(user, password.as_ref().map(|password| password.expose_secret()));
        }
        let answer = request.body(body).send().await.map_err(|error| failed(&error))?;
        let after = answer.headers().get(RETRY_AFTER).and_then(|text| text.to_str().ok());
        judged(answer.status(), after.and_then(|text| pause_of(text, OffsetDateTime::now_utc())))
    }
}

/// Returns the client's error without the address, whose query may contain a secret.
fn failed(error: &reqwest::Error) -> PublishFailure {
    if error.is_connect() {
        // One of several machines behind the address may be away.
        let why = format!("the web hook cannot be reached: {}", first_cause(error));
        // One that let the time pass is not asked again at once.
        return PublishFailure::Busy { why, after: error.is_timeout().then_some(BUSY_PAUSE) };
    }
    if error.is_timeout() {
        return PublishFailure::Silent("the web hook did not answer in time".into());
    }
    PublishFailure::Broken("the connection to the web hook broke".into())
}

/// Returns the pause of a header `Retry-After`, in seconds or until a date:
/// <https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3>.
fn pause_of(text: &str, now: OffsetDateTime) -> Option<Duration> {
    let text = text.trim();
    let seconds = || text.parse().ok().map(Duration::from_secs);
    let until = || OffsetDateTime::parse(text, &Rfc2822).ok();
    seconds().or_else(|| Some(Duration::try_from(until()? - now).unwrap_or_default()))
}

fn judged(status: StatusCode, after: Option<Duration>) -> Result<(), PublishFailure> {
    let why = format!("the web hook answered {status}");
    Err(match status.as_u16() {
        200..300 => return Ok(()),
        // The receiver does not know the sender: no event is taken.
        401 | 407 => PublishFailure::Down(why),
        // Too many requests: not again at once, even if it names no time.
        429 => PublishFailure::Busy { why, after: after.or(Some(BUSY_PAUSE)) },
        502..=504 => PublishFailure::Busy { why, after },
        500.. => PublishFailure::Failed(why),
        _ => PublishFailure::Refused(why),
    })
}

fn signature(key: &str, id: &str, timestamp: &str, body: &str) -> String {
    let decoded = key.strip_prefix(ENCODED_KEY).and_then(|encoded| STANDARD.decode(encoded).ok());
    let key = decoded.unwrap_or_else(|| key.as_bytes().to_vec());
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key of any length");
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_the_specification() {
        // Example of the reference implementations.
        let key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let signed = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", "{\"test\": 2432232314}");
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn an_error_that_is_not_about_the_event_counts_against_the_hook() {
        let kind = |code| judged(StatusCode::from_u16(code).unwrap(), None);
        assert_eq!(kind(202), Ok(()));
        assert!(matches!(kind(422), Err(PublishFailure::Refused(_))));
        assert!(matches!(kind(301), Err(PublishFailure::Refused(_))));
        assert!(matches!(kind(500), Err(PublishFailure::Failed(_))));
        assert!(matches!(kind(503), Err(PublishFailure::Busy { after: None, .. })));
        assert!(matches!(kind(429), Err(PublishFailure::Busy { after: Some(BUSY_PAUSE), .. })));
        assert!(matches!(kind(401), Err(PublishFailure::Down(_))));
    }

    #[test]
    fn a_pause_is_in_seconds_or_until_a_date() {
        let now = OffsetDateTime::from_unix_timestamp(784_111_777).unwrap();
        for (text, seconds) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("Sun, 06 Nov 1994 08:49:47 GMT", Some(10)),
            // It is over.
            ("Sun, 06 Nov 1994 08:49:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
            ("1.5", None),
        ] {
            assert_eq!(pause_of(text, now), seconds.map(Duration::from_secs), "{text}");
        }
    }
}
