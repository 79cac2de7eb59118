//! Events of a topic of Kafka, by the group `totals`. What a killed consumer had not committed is read again from there on, so
//! the order of each key is kept.

use rdkafka::ClientConfig;
use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};
use rdkafka::message::{BorrowedMessage, Headers, Message};
use sqlx::PgConnection;

use super::{Event, Outcome, handle};

fn header<'a>(message: &'a BorrowedMessage<'_>, name: &str) -> Outcome<&'a str> {
    let found = message.headers().and_then(|headers| headers.iter().find(|one| one.key == name)?.value);
    Ok(std::str::from_utf8(found.ok_or_else(|| format!("the event has no {name}"))?)?)
}

pub async fn consume(cluster: &str, database: &mut PgConnection, topic: &str) -> Outcome {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", cluster).set("group.id", "totals").set("session.timeout.ms", "6000");
    config.set("enable.auto.commit", "false").set("auto.offset.reset", "earliest");
    let consumer: StreamConsumer = config.create()?;
    consumer.subscribe(&[topic])?;
    loop {
        let message = consumer.recv().await?;
        let (source, id) = (header(&message, "ce_source")?, header(&message, "ce_id")?);
        let (subject, payload) = (header(&message, "ce_subject")?, message.payload().unwrap_or_default());
        handle(database, &Event { source, id, subject, payload }).await?;
        // After the database's commit, never before it.
        consumer.commit_message(&message, CommitMode::Async)?;
    }
}
