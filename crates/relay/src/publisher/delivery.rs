//! Publishes a batch: aggregates concurrently, the events of each aggregate in sequence, so that no event overtakes
//! an earlier one after a failure.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream;

use super::stop::StopSignal;
use super::tally::Tally;
use crate::batch::lane::{BatchFlow, LaneStep};
use crate::batch::verdict::Sent;
use crate::broker::{BrokerLink, OutboxEvent, PublishFailure};
use crate::outbox::statements::MAX_EVENT_BYTES;

/// Time limit to start further events of a batch: the transaction that holds its locks must not run long.
const MAX_DURATION: Duration = Duration::from_secs(20);

/// Returns the reason why an event cannot be read, if it is too large.
fn too_large(event: &OutboxEvent) -> Option<String> {
    let size = event.excess?;
    Some(format!(
        "the event is too large: {size} bytes with its headers, at most {MAX_EVENT_BYTES} are published"
    ))
}

/// A batch that is being delivered.
struct Delivery<'a> {
    link: &'a BrokerLink,
    events: &'a [OutboxEvent],
    stop: &'a StopSignal,
    tally: &'a Tally,
    begun: Instant,
    state: Mutex<DeliveryState>,
}

#[derive(Default)]
struct DeliveryState {
    sent: Vec<Sent>,
    flow: BatchFlow,
}

/// Returns the result of each event that was sent, and the error if the connection was lost.
pub(super) async fn deliver(
    link: &BrokerLink,
    events: &[OutboxEvent],
    lanes: &[Range<usize>],
    stop: &StopSignal,
    tally: &Tally,
) -> (Vec<Sent>, Option<String>) {
    let delivery = Delivery { link, events, stop, tally, begun: Instant::now(), state: Mutex::default() };
    let lost = tokio::select! {
        () = delivery.all(lanes) => None,
        () = link.lost() => Some("the connection to the broker was lost".to_owned()),
    };
    tally.duplicates.fetch_add(link.take_duplicates(), Ordering::Relaxed);
    let state = delivery.state.into_inner().expect("no code panics while it holds the state");
    (state.sent, lost)
}

impl Delivery<'_> {
    /// Sends all lanes side by side.
    #[martydb_pg::boxed]
    async fn all(&self, lanes: &[Range<usize>]) {
        let width = self.link.width().min(lanes.len().max(1));
        let all = stream::iter(lanes.iter().cloned().map(|lane| self.lane(lane)));
        all.buffer_unordered(width).collect::<()>().await;
    }

    /// Sends the events of one aggregate, as far as they are acknowledged.
    #[martydb_pg::boxed]
    async fn lane(&self, lane: Range<usize>) {
        for (at, number) in lane.enumerate() {
            // After a stop, sent events are finished and no further ones are sent.
            if !self.goes_on() || (at > 0 && self.stop.is_requested()) || !self.event(number).await {
                return;
            }
        }
    }

    /// Sends one event, again if that may help, records its end, and returns `true` if it was acknowledged.
    async fn event(&self, number: usize) -> bool {
        for repeats in 0.. {
            let event = &self.events[number];
            let end = match too_large(event) {
                Some(why) => Err(PublishFailure::Unfit(why)),
                None => self.link.publish(event).await,
            };
            if end.is_ok() {
                self.note(number, end);
                return true;
            }
            match self.step(end.as_ref().copied(), repeats) {
                LaneStep::Repeat(pause) if self.may_repeat_after(pause).await => {}
                _ => {
                    self.note(number, end);
                    return false;
                }
            }
        }
        false
    }

    /// Waits, and returns `true` if the event may be sent again then.
    async fn may_repeat_after(&self, pause: Duration) -> bool {
        tokio::select! {
            () = tokio::time::sleep(pause) => self.goes_on(),
            () = self.stop.asked() => false,
        }
    }

    fn goes_on(&self) -> bool {
        let state = self.state.lock().expect("no code panics while it holds the state");
        !state.flow.is_failing() && self.begun.elapsed() < MAX_DURATION
    }

    fn step(&self, end: Result<(), &PublishFailure>, repeats: usize) -> LaneStep {
        if let Err(failure) = end {
            self.tally.count_failure(failure);
        }
        let mut state = self.state.lock().expect("no code panics while it holds the state");
        state.flow.step(end, repeats)
    }

    fn note(&self, number: usize, end: Result<(), PublishFailure>) {
        let mut state = self.state.lock().expect("no code panics while it holds the state");
        if end.is_ok() {
            state.flow.step(Ok(()), 0);
        }
        state.sent.push((number, end));
    }
}
