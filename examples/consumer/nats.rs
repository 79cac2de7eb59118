//! Events of a durable consumer of JetStream, `totals`, which acknowledges explicitly and has `max_ack_pending: 1`: with
//! more, an event whose consumer was killed comes again after later ones of its aggregate.

use std::time::Duration;

use async_nats::Message;
use futures_util::StreamExt;
use sqlx::PgConnection;
use tokio::time::timeout;

use super::{Event, Outcome, handle};

/// Longer than a request waits for an event. One that was lost with the broker's connection is made again.
const PATIENCE: Duration = Duration::from_secs(2);

fn header<'a>(message: &'a Message, name: &str) -> Outcome<&'a str> {
    let found = message.headers.as_ref().and_then(|headers| headers.get(name));
    Ok(found.ok_or_else(|| format!("the event has no {name}"))?.as_str())
}

pub(crate) async fn consume(url: &str, database: &mut PgConnection, stream: &str) -> Outcome {
    let broker = async_nats::connect(url).await?;
    // An inbox of its own: what a stream delivers keeps its subject, by which `request` would not know it.
    let inbox = broker.new_inbox();
    let mut arrivals = broker.subscribe(inbox.clone()).await?;
    loop {
        let next = format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.totals");
        broker.publish_with_reply(next, inbox.clone(), "{\"batch\":1,\"expires\":1000000000}".into()).await?;
        let Ok(message) = timeout(PATIENCE, arrivals.next()).await else { continue };
        let message = message.ok_or("the connection to the broker ended")?;
        // Without a reply it says that nothing came within the time.
        let Some(reply) = message.reply.clone() else { continue };
        let (source, id) = (header(&message, "ce-source")?, header(&message, "ce-id")?);
        let event = Event { source, id, subject: header(&message, "ce-subject")?, payload: &message.payload };
        handle(database, &event).await?;
        // After the commit, never before it.
        broker.publish(reply, "+ACK".into()).await?;
    }
}
