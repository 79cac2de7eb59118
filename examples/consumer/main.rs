//! A consumer whose effect takes place exactly once, however often events come and it is killed: the same as `consumer.py`.
//!
//! ```text
//! DATABASE_URL=postgresql://… NATS_URL=nats://localhost:4222 cargo run --example consumer STREAM
//! ```
//!
//! The id of an event and its effect are written in one transaction; the acknowledgement follows the commit. The durable consumer
//! `totals` of the stream has to be there, with explicit acknowledgements.

use std::error::Error;

use async_nats::{Client, Message};
use futures_util::StreamExt;
use sqlx::{Connection, PgConnection};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

fn variable(name: &str, default: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| default.into())
}

fn header<'a>(message: &'a Message, name: &str) -> Outcome<&'a str> {
    let found = message.headers.as_ref().and_then(|headers| headers.get(name));
    Ok(found.ok_or_else(|| format!("the event has no {name}"))?.as_str())
}

/// Handles one event; `true` if it had its effect now, `false` if it had it before.
async fn handle(database: &mut PgConnection, message: &Message) -> Outcome<bool> {
    let (source, id) = (header(message, "ce-source")?, header(message, "ce-id")?);
    let data: serde_json::Value = serde_json::from_slice(&message.payload)?;
    let mut transaction = database.begin().await?;
    let known = "INSERT INTO inbox (source, event_id) VALUES ($1, $2::uuid) ON CONFLICT DO NOTHING";
    if sqlx::query(known).bind(source).bind(id).execute(&mut *transaction).await?.rows_affected() == 0 {
        return Ok(false);
    }
    let effect = "INSERT INTO total AS t (subject, events, sum) VALUES ($1, 1, $2) \
                  ON CONFLICT (subject) DO UPDATE SET events = t.events + 1, sum = t.sum + excluded.sum";
    let subject = format!("{source} {}", header(message, "ce-subject")?);
    let number = data["n"].as_i64().ok_or("the event has no number")?;
    sqlx::query(effect).bind(subject).bind(number).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(true)
}

async fn consume(broker: &Client, database: &mut PgConnection, stream: &str) -> Outcome {
    // An inbox of its own: what a stream delivers keeps its subject, by which `request` would not know it.
    let inbox = broker.new_inbox();
    let mut arrivals = broker.subscribe(inbox.clone()).await?;
    loop {
        let next = format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.totals");
        broker.publish_with_reply(next, inbox.clone(), "{\"batch\":1,\"expires\":4000000000}".into()).await?;
        let message = arrivals.next().await.ok_or("the connection to the broker ended")?;
        // Without a reply it says that nothing came within the time.
        let Some(reply) = message.reply.clone() else { continue };
        handle(database, &message).await?;
        // After the commit, never before it.
        broker.publish(reply, "+ACK".into()).await?;
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome {
    let stream = std::env::args().nth(1).ok_or("which stream?")?;
    let broker = async_nats::connect(variable("NATS_URL", "nats://localhost:4222")).await?;
    let mut database = PgConnection::connect(&std::env::var("DATABASE_URL")?).await?;
    consume(&broker, &mut database, &stream).await
}
