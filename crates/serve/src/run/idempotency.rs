//! Idempotency keys of requests: the same request of the same caller with the same key is done once, and gets the same
//! answer each time. The key, a digest of the request and the answer are a row of `martydb_serve.requests`, which is
//! written in the transaction of the request itself.

use std::collections::BTreeMap;

use martydb_model::hex;
use martydb_model::sql::{Statement, stmt};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::answer::HttpAnswer;
use crate::callers::RequestCaller;
use crate::error::service_headers::{is_status, kept};
use crate::error::{HttpError, HttpResult};
use crate::face::http_request::RestRequest;
use crate::session::{DatabaseError, DatabaseResult, LoginSession};
use crate::settings::ServedExposure;

/// Header with the key (<https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/>).
pub(crate) const HEADER: &str = "idempotency-key";

/// Header of an answer that was given before.
const REPLAYED: &str = "Idempotency-Replayed";

/// Longest key.
const MAX_KEY_BYTES: usize = 255;

/// Most bytes of an answer that is kept.
const MAX_ANSWER_BYTES: usize = 1 << 20;

/// Headers that decide what a request does or how it is answered.
const DECIDING: &[&str] = &["accept", "content-profile", "content-type", "if-match", "prefer"];

/// Claims that differ between two tokens of the same person (RFC 7519, section 4.1).
const VOLATILE_CLAIMS: &[&str] = &["exp", "iat", "nbf", "jti", "auth_time"];

/// Key, caller and fingerprint of a request.
pub(crate) struct IdempotencyKey {
    caller: String,
    /// Digest of the claims that code of the service sees: two persons behind one caller have keys of their own.
    claims: String,
    key: String,
    fingerprint: String,
}

impl IdempotencyKey {
    /// Returns the key of a request, if it has one.
    pub(crate) fn from_request(
        exposure: &ServedExposure,
        caller: &RequestCaller,
        request: &RestRequest,
    ) -> HttpResult<Option<IdempotencyKey>> {
        let mut all = request.headers.iter().filter(|(name, _)| name == HEADER).map(|(_, value)| value);
        let Some(key) = all.next() else { return Ok(None) };
        let is_visible = |byte: u8| (b'!'..=b'~').contains(&byte);
        if all.next().is_some() || key.is_empty() || key.len() > MAX_KEY_BYTES || !key.bytes().all(is_visible)
        {
            let message = format!(
                "an Idempotency-Key is one header of 1 to {MAX_KEY_BYTES} visible characters of ASCII"
            );
            return Err(HttpError::limit(message));
        }
        let claims = if exposure.claims { lasting_claims(caller) } else { String::new() };
        let (caller, key) = (caller.identity.name.clone(), key.clone());
        Ok(Some(IdempotencyKey { caller, claims, key, fingerprint: fingerprint(request) }))
    }

    fn values(&self) -> Vec<(Option<&str>, Type)> {
        [&self.caller, &self.claims, &self.key].map(|text| (Some(text.as_str()), Type::TEXT)).to_vec()
    }

    /// Claims the key in the open transaction: `false` if a request that was done has it. Another one that is in
    /// progress is waited for.
    pub(crate) async fn claim(&self, session: &mut LoginSession) -> DatabaseResult<bool> {
        let statement = stmt!(
            "INSERT INTO martydb_serve.requests (caller, claims, key, fingerprint) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"
        );
        let mut values = self.values();
        values.push((Some(&self.fingerprint), Type::TEXT));
        Ok(session.change(&statement, &values).await? == 1)
    }

    /// Returns the answer that the key's request got.
    pub(crate) async fn answer(&self, session: &mut LoginSession) -> DatabaseResult<HttpResult<HttpAnswer>> {
        let statement = stmt!(
            "SELECT fingerprint, status, headers, body FROM martydb_serve.requests \
             WHERE login = session_user AND caller = $1 AND claims = $2 AND key = $3"
        );
        let rows = session.rows(&statement, &self.values()).await?;
        let found = rows.first().and_then(StoredAnswer::from_row);
        Ok(match found {
            Some(kept) if kept.fingerprint != self.fingerprint => Err(other_request()),
            Some(kept) => Ok(kept.answer()),
            // Expired, or not written by this version.
            None => Err(HttpError::new(409, "MDB006", "the Idempotency-Key has no answer yet")
                .header("Retry-After", "1")),
        })
    }

    /// Keeps the answer in the open transaction, in which the key was claimed.
    pub(crate) async fn keep(&self, session: &mut LoginSession, answer: &HttpAnswer) -> DatabaseResult<()> {
        let statement = stmt!(
            "UPDATE martydb_serve.requests SET status = $4, headers = $5, body = $6 \
             WHERE login = session_user AND caller = $1 AND claims = $2 AND key = $3"
        );
        let pairs: Vec<(&str, &str)> =
            answer.headers.iter().map(|(name, value)| (name.as_ref(), value.as_str())).collect();
        let (status, headers) = (
            answer.status.to_string(),
            Value::from_iter(pairs.iter().map(|(name, value)| Value::from(vec![*name, *value]))).to_string(),
        );
        let body = format!("\\x{}", hex::encode(&answer.body));
        let mut values = self.values();
        values.extend([
            (Some(status.as_str()), Type::INT4),
            (Some(headers.as_str()), Type::TEXT),
            (Some(body.as_str()), Type::BYTEA),
        ]);
        match session.change(&statement, &values).await? {
            1 => Ok(()),
            _ => Err(DatabaseError::NoRecord),
        }
    }

    /// Checks that the answer is small enough to be kept.
    pub(crate) fn check(&self, answer: &HttpAnswer) -> HttpResult<()> {
        if answer.body.len() <= MAX_ANSWER_BYTES {
            return Ok(());
        }
        let message =
            format!("the answer to a request with an Idempotency-Key has more than {MAX_ANSWER_BYTES} bytes");
        Err(HttpError::limit(message).hint("Prefer: return=minimal"))
    }
}

/// Expired answers that one statement removes.
pub(crate) const EXPIRED_AT_ONCE: u64 = 10_000;

/// Returns the statement that removes some of the answers that have expired: row security shows the login only those of its own, and
/// lets it remove only old ones.
pub(crate) fn expire() -> Statement {
    stmt!(
        "DELETE FROM martydb_serve.requests WHERE ctid IN (SELECT ctid FROM martydb_serve.requests \
         WHERE login = session_user AND at < pg_catalog.now() - pg_catalog.make_interval(hours => 24) ORDER BY at LIMIT {most})",
        most = EXPIRED_AT_ONCE as i64
    )
}

fn other_request() -> HttpError {
    HttpError::new(422, "MDB006", "the Idempotency-Key was used with another request")
}

/// An answer as it was kept.
struct StoredAnswer {
    fingerprint: String,
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl StoredAnswer {
    fn from_row(row: &Row) -> Option<StoredAnswer> {
        let status: i32 = row.try_get::<_, Option<i32>>(1).ok()??;
        let headers: String = row.try_get::<_, Option<String>>(2).ok()??;
        Some(StoredAnswer {
            fingerprint: row.try_get(0).ok()?,
            status: u16::try_from(status).ok().filter(|status| is_status(*status))?,
            headers: serde_json::from_str(&headers).ok()?,
            body: row.try_get::<_, Option<Vec<u8>>>(3).ok()??,
        })
    }

    fn answer(self) -> HttpAnswer {
        let mut headers = kept(self.headers);
        headers.push((REPLAYED.into(), "true".into()));
        HttpAnswer { status: self.status, headers, body: self.body }
    }
}

/// Returns a digest of the request: all that decides what it does.
fn fingerprint(request: &RestRequest) -> String {
    let mut digest = Sha256::new();
    let mut add = |text: &str| {
        digest.update((text.len() as u64).to_be_bytes());
        digest.update(text.as_bytes());
    };
    [&request.method, &request.path, &request.query].into_iter().for_each(|text| add(text));
    for (name, value) in request.headers.iter().filter(|(name, _)| DECIDING.contains(&name.as_str())) {
        add(name);
        add(value);
    }
    add("");
    add(&request.body);
    hex::encode(digest.finalize())
}

/// Returns a digest of the claims that two tokens of the same person have in common.
pub(crate) fn lasting_claims(caller: &RequestCaller) -> String {
    let lasting: BTreeMap<_, _> =
        caller.claims.iter().filter(|(name, _)| !VOLATILE_CLAIMS.contains(&name.as_str())).collect();
    if lasting.is_empty() {
        return String::new();
    }
    let mut digest = Sha256::new();
    for (name, value) in lasting {
        let text = format!("{}:{name}={value}", name.len());
        digest.update((text.len() as u64).to_be_bytes());
        digest.update(text);
    }
    hex::encode(digest.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::callers::{CallerRight, ServeCaller};
    use serde_json::json;

    fn request(method: &str, prefer: &str, body: &str) -> RestRequest {
        let headers = vec![("prefer".into(), prefer.into()), (HEADER.into(), "one".into())];
        RestRequest {
            method: method.into(),
            path: "t".into(),
            query: String::new(),
            headers,
            body: body.into(),
            ..RestRequest::default()
        }
    }

    fn caller(claims: Value) -> RequestCaller {
        let caller = ServeCaller {
            name: "web".into(),
            service: "shop".into(),
            right: CallerRight::Write,
            login: None,
            rate: None,
            cost: None,
            share: crate::CallerShare::default(),
        };
        RequestCaller { identity: caller.into(), claims: claims.as_object().cloned().unwrap_or_default() }
    }

    #[test]
    fn another_request_has_another_digest() {
        let one = fingerprint(&request("POST", "return=minimal", "{}"));
        assert_eq!(one, fingerprint(&request("POST", "return=minimal", "{}")));
        for other in [
            request("PUT", "return=minimal", "{}"),
            request("POST", "", "{}"),
            request("POST", "return=minimal", "[]"),
        ] {
            assert_ne!(one, fingerprint(&other));
        }
    }

    #[test]
    fn two_persons_behind_one_caller_have_keys_of_their_own_and_a_new_token_changes_nothing() {
        let digest = |claims: Value| claims_of(&claims);
        let ada = digest(json!({"sub": "ada", "exp": 1}));
        assert_eq!(ada, digest(json!({"exp": 2, "jti": "x", "sub": "ada"})));
        assert_ne!(ada, digest(json!({"sub": "bob", "exp": 1})));
        assert_eq!(digest(json!({"exp": 2})), "");
    }

    fn claims_of(value: &Value) -> String {
        lasting_claims(&caller(value.clone()))
    }

    #[test]
    fn a_key_is_one_short_visible_text() {
        for (key, allowed) in
            [("a-1", true), ("", false), ("a b", false), ("ä", false), (&"x".repeat(256), false)]
        {
            let mut sent = request("POST", "", "");
            sent.headers[1].1 = key.into();
            let found = IdempotencyKey::from_request(&ServedExposure::default(), &caller(json!({})), &sent);
            assert_eq!(found.is_ok(), allowed, "{key}");
        }
        let mut twice = request("POST", "", "");
        twice.headers.push((HEADER.into(), "two".into()));
        assert!(
            IdempotencyKey::from_request(&ServedExposure::default(), &caller(json!({})), &twice).is_err()
        );
    }
}
