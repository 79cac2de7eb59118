//! Publishes a batch: aggregates concurrently, the events of each aggregate in sequence, so that no event overtakes
//! an earlier one after a failure.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream;

use super::statements::LARGEST_EVENT;
use super::stop::StopSignal;
use super::verdict::Sent;
use crate::broker::{BrokerLink, OutboxEvent, PublishFailure};

/// Time limit to start further events of a batch: the transaction that holds its locks must not run long.
const LONGEST: Duration = Duration::from_secs(20);

/// Returns the reason why an event cannot be read, if it is too large.
fn too_large(event: &OutboxEvent) -> Option<String> {
    let size = event.excess?;
    Some(format!(
        "the event is too large: {size} bytes with its headers, at most {LARGEST_EVENT} are published"
    ))
}

/// Returns the result of each event that was sent, and the error if the connection was lost.
pub async fn deliver(
    link: &BrokerLink,
    events: &[OutboxEvent],
    lanes: &[std::ops::Range<usize>],
    stop: &StopSignal,
) -> (Vec<Sent>, Option<String>) {
    let begun = Instant::now();
    let sent: Mutex<Vec<Sent>> = Mutex::default();
    let note = |number, end| sent.lock().expect("no code panics while it holds the list").push((number, end));
    let failing = Mutex::new(false);
    let goes_on = || {
        let failing = *failing.lock().expect("no code panics while it holds the flag");
        !failing && begun.elapsed() < LONGEST
    };
    let lane = |lane: &std::ops::Range<usize>| {
        let (note, goes_on, failing, lane) = (&note, &goes_on, &failing, lane.clone());
        async move {
            for (at, number) in lane.enumerate() {
                // After a stop, sent events are finished and no further ones are sent.
                if !goes_on() || (at > 0 && stop.is_asked()) {
                    return;
                }
                let event = &events[number];
                let end = match too_large(event) {
                    Some(why) => Err(PublishFailure::Unfit(why)),
                    None => link.publish(event).await,
                };
                let is_over = end.is_err();
                if matches!(end, Err(PublishFailure::Down(_) | PublishFailure::Closed(_))) {
                    *failing.lock().expect("no code panics while it holds the flag") = true;
                }
                note(number, end);
                if is_over {
                    return;
                }
            }
        }
    };
    let width = link.width().min(lanes.len().max(1));
    let all = stream::iter(lanes.iter().map(lane)).buffer_unordered(width).collect::<()>();
    let lost = tokio::select! {
        () = all => None,
        () = link.lost() => Some("the connection to the broker was lost".to_owned()),
    };
    (sent.into_inner().expect("no code panics while it holds the list"), lost)
}
