//! Events of a queue of RabbitMQ. This is its only consumer: what a killed one had not acknowledged goes back to its place
//! in the queue before the next one may begin, so the order of each aggregate is kept.

use std::time::Duration;

use futures_util::StreamExt;
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{Connection, ConnectionProperties};
use sqlx::PgConnection;
use tokio::time::{sleep, timeout};

use super::{Event, Outcome, handle};

/// Events on their way to it.
const AHEAD: u16 = 50;

/// Time limit for connecting.
const CONNECT: Duration = Duration::from_secs(10);

/// Interval for testing the connection.
const LOOK: Duration = Duration::from_millis(200);

fn header<'a>(delivery: &'a Delivery, name: &str) -> Outcome<&'a str> {
    let headers = delivery.properties.headers().as_ref();
    let found = headers.and_then(|headers| headers.inner().get(name)?.as_long_string());
    let found = found.ok_or_else(|| format!("the event has no {name}"))?;
    Ok(std::str::from_utf8(found.as_bytes())?)
}

/// Consumes until the database or the broker is away.
pub(crate) async fn consume(url: &str, database: &mut PgConnection, queue: &str) -> Outcome {
    let broker = timeout(CONNECT, Connection::connect(url, ConnectionProperties::default())).await??;
    // A call to the client may never return if the connection is lost during it.
    tokio::select! {
        end = handle_all(&broker, database, queue) => end,
        () = lost(&broker) => Err("the connection to the broker was lost".into()),
    }
}

async fn handle_all(broker: &Connection, database: &mut PgConnection, queue: &str) -> Outcome {
    let channel = broker.create_channel().await?;
    channel.basic_qos(AHEAD, BasicQosOptions::default()).await?;
    let alone = BasicConsumeOptions { exclusive: true, ..BasicConsumeOptions::default() };
    let mut arrivals = channel.basic_consume(queue.into(), "".into(), alone, FieldTable::default()).await?;
    while let Some(delivery) = arrivals.next().await {
        let delivery = delivery?;
        let source = header(&delivery, "cloudEvents_source")?;
        let (id, subject) = (header(&delivery, "cloudEvents_id")?, header(&delivery, "cloudEvents_subject")?);
        handle(database, &Event { source, id, subject, payload: &delivery.data }).await?;
        // After the commit, never before it.
        delivery.ack(BasicAckOptions::default()).await?;
    }
    Err("the connection to the broker ended".into())
}

async fn lost(broker: &Connection) {
    while broker.status().connected() {
        sleep(LOOK).await;
    }
}
