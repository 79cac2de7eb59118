//! A receiver of web hooks whose effect takes place exactly once, however often events come and it is killed: the same as
//! `receiver.py`.
//!
//! ```text
//! DATABASE_URL=postgresql://… HOOK_KEY=… cargo run --example receiver 127.0.0.1:8080
//! ```
//!
//! The id of an event and its effect are written in one transaction; the answer follows the commit.

use std::error::Error;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header::RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use axum::{Router, routing::post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

/// Maximum age of a request, in seconds.
const OLDEST: u64 = 300;
const LARGEST: usize = 13 << 20;

#[derive(Clone)]
struct Receiver {
    database: PgPool,
    key: Vec<u8>,
}

/// Reason why an event was not handled.
enum Failure {
    /// It never can be.
    Unfit,
    /// The database could not be used: the relay shall send it again.
    Later,
}

impl From<sqlx::Error> for Failure {
    fn from(_: sqlx::Error) -> Failure {
        Failure::Later
    }
}

/// The key as the relay reads it: base64 behind `whsec_`, or else the text.
fn key_of(text: &str) -> Vec<u8> {
    let decoded = text.strip_prefix("whsec_").and_then(|encoded| STANDARD.decode(encoded).ok());
    decoded.unwrap_or_else(|| text.as_bytes().to_vec())
}

/// Returns `true` if the request is the relay's, and not replayed by an attacker.
fn is_signed(key: &[u8], headers: &HeaderMap, body: &str) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let sent = text("webhook-timestamp");
    if !sent.parse::<u64>().is_ok_and(|sent| now.abs_diff(sent) <= OLDEST) {
        return false;
    }
    let Ok(mut mac) = Hmac::<sha2::Sha256>::new_from_slice(key) else { return false };
    mac.update(format!("{}.{sent}.{body}", text("webhook-id")).as_bytes());
    let given =
        text("webhook-signature").split(' ').filter_map(|one| STANDARD.decode(one.strip_prefix("v1,")?).ok());
    given.into_iter().any(|given| mac.clone().verify_slice(&given).is_ok())
}

/// Handles one event; `true` if it had its effect now, `false` if it had it before.
async fn handle(database: &PgPool, event: &Value) -> Result<bool, Failure> {
    let text = |name: &str| event[name].as_str().ok_or(Failure::Unfit);
    let (source, id, subject) = (text("source")?, text("id")?, text("subject")?);
    let number = event["data"]["n"].as_i64().ok_or(Failure::Unfit)?;
    let mut transaction = database.begin().await?;
    let known = "INSERT INTO inbox (source, event_id) VALUES ($1, $2::uuid) ON CONFLICT DO NOTHING";
    if sqlx::query(known).bind(source).bind(id).execute(&mut *transaction).await?.rows_affected() == 0 {
        return Ok(false);
    }
    let effect = "INSERT INTO total AS t (subject, events, sum) VALUES ($1, 1, $2) \
                  ON CONFLICT (subject) DO UPDATE SET events = t.events + 1, sum = t.sum + excluded.sum";
    sqlx::query(effect).bind(format!("{source} {subject}")).bind(number).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(true)
}

async fn take(State(receiver): State<Receiver>, headers: HeaderMap, body: String) -> Response {
    if !is_signed(&receiver.key, &headers, &body) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let Ok(event) = serde_json::from_str(&body) else {
        return StatusCode::UNPROCESSABLE_ENTITY.into_response();
    };
    // After the commit, never before it.
    match handle(&receiver.database, &event).await {
        Ok(_) => StatusCode::NO_CONTENT.into_response(),
        Err(Failure::Unfit) => StatusCode::UNPROCESSABLE_ENTITY.into_response(),
        Err(Failure::Later) => (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "1")]).into_response(),
    }
}

/// Removes old ids, in small steps.
async fn forget(database: PgPool, keep: String) {
    loop {
        let step = sqlx::query_scalar::<_, i64>("SELECT inbox_forget($1::interval)").bind(&keep);
        match step.fetch_one(&database).await {
            Ok(1..) => {}
            _ => tokio::time::sleep(Duration::from_secs(3600)).await,
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).ok_or("on which address?")?;
    let pool = PgPoolOptions::new().max_connections(4).acquire_timeout(Duration::from_secs(5));
    let database = pool.connect_lazy(&std::env::var("DATABASE_URL")?)?;
    let keep = std::env::var("KEEP").unwrap_or_else(|_| "30 days".into());
    tokio::spawn(forget(database.clone(), keep));
    let receiver = Receiver { database, key: key_of(&std::env::var("HOOK_KEY")?) };
    let hook = post(take).layer(DefaultBodyLimit::max(LARGEST));
    let routes = Router::new().route("/in", hook).with_state(receiver);
    axum::serve(tokio::net::TcpListener::bind(address).await?, routes).await?;
    Ok(())
}
