//! A consumer whose effect takes place exactly once, however often events come and it is killed: the same as
//! `nats_consumer.py`, `rabbitmq_consumer.py` and `kafka_consumer.py`.
//!
//! ```text
//! DATABASE_URL=postgresql://… NATS_URL=nats://localhost:4222 cargo run --example consumer STREAM
//! DATABASE_URL=postgresql://… AMQP_URL=amqp://guest:guest@localhost:5672/%2f cargo run --example consumer QUEUE
//! DATABASE_URL=postgresql://… KAFKA_CLUSTER=localhost:9092 cargo run --features kafka --example consumer TOPIC
//! ```
//!
//! The id of an event and its effect are written in one transaction; the acknowledgement follows the commit. It ends if the
//! database or the broker is away: something has to start it again.

#[cfg(feature = "kafka")]
mod kafka;
mod nats;
mod rabbitmq;

use std::error::Error;

use sqlx::{Connection, PgConnection};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// An event, independent of its broker.
struct Event<'a> {
    source: &'a str,
    id: &'a str,
    subject: &'a str,
    payload: &'a [u8],
}

/// Handles one event; `true` if it had its effect now, `false` if it had it before.
async fn handle(database: &mut PgConnection, event: &Event<'_>) -> Outcome<bool> {
    let data: serde_json::Value = serde_json::from_slice(event.payload)?;
    let mut transaction = database.begin().await?;
    let known = "INSERT INTO inbox (source, event_id) VALUES ($1, $2::uuid) ON CONFLICT DO NOTHING";
    let known = sqlx::query(known).bind(event.source).bind(event.id).execute(&mut *transaction).await?;
    if known.rows_affected() == 0 {
        return Ok(false);
    }
    let effect = "INSERT INTO total AS t (subject, events, sum) VALUES ($1, 1, $2) \
                  ON CONFLICT (subject) DO UPDATE SET events = t.events + 1, sum = t.sum + excluded.sum";
    let subject = format!("{} {}", event.source, event.subject);
    let number = data["n"].as_i64().ok_or("the event has no number")?;
    sqlx::query(effect).bind(subject).bind(number).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(true)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let from = std::env::args().nth(1).ok_or("which stream or queue?")?;
    let database = &mut PgConnection::connect(&std::env::var("DATABASE_URL")?).await?;
    #[cfg(feature = "kafka")]
    if let Ok(cluster) = std::env::var("KAFKA_CLUSTER") {
        return kafka::consume(&cluster, database, &from).await;
    }
    if let Ok(url) = std::env::var("AMQP_URL") {
        return rabbitmq::consume(&url, database, &from).await;
    }
    let url = std::env::var("NATS_URL").unwrap_or_else(|_| "nats://localhost:4222".into());
    nats::consume(&url, database, &from).await
}
