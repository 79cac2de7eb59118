//! Dead destination of an outbox: events whose last attempt failed are published there, with the reason in their headers.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream;

use crate::batch::verdict::{BatchVerdict, DeliveryOutcome, after_diversion};
use crate::broker::{BrokerLink, BrokerSecrets, OutboxEvent};
use martydb_model::environment::Environment;
use martydb_model::error::Result;
use martydb_model::{EventTarget, Outbox};

/// Time limit to start further dead events of a batch. With the time for an answer, and what the batch took before, it is
/// less than `idle_in_transaction_session_timeout`, after which the results of the whole batch would be lost.
const MAX_DURATION: Duration = Duration::from_secs(5);

/// Link to the dead destination, opened for the first dead event.
#[derive(Default)]
pub(super) struct DeadLetters {
    link: Option<BrokerLink>,
}

impl DeadLetters {
    /// Publishes the dead events of a batch, and returns the verdict with what became of them. An event that is too large
    /// to be read stays in the outbox: nothing of it could be published.
    #[martydb_pg::boxed]
    pub(super) async fn divert(
        &mut self,
        outbox: &Outbox,
        environment: &Environment,
        events: &[OutboxEvent],
        verdict: BatchVerdict,
    ) -> BatchVerdict {
        let Some(target) = outbox.dead.target() else { return verdict };
        let is_dead = |(at, outcome): &(usize, DeliveryOutcome)| {
            matches!(outcome, DeliveryOutcome::Dead { .. }) && events[*at].excess.is_none()
        };
        if !verdict.outcomes.iter().any(is_dead) {
            return verdict;
        }
        let opened = self.open(target, environment).await.map_err(|error| error.to_string());
        let begun = Instant::now();
        let diverted = verdict.outcomes.into_iter().map(|(at, outcome)| {
            let opened = opened.as_ref().copied().map_err(String::as_str);
            async move {
                match outcome {
                    DeliveryOutcome::Dead { why } if events[at].excess.is_none() => {
                        let end = match begun.elapsed() < MAX_DURATION {
                            true => publish(opened, &events[at], &why).await,
                            false => Err("it was too slow for the events before".to_owned()),
                        };
                        let end = end.as_ref().copied().map_err(String::as_str);
                        (at, after_diversion(why, end, &outbox.retry))
                    }
                    other => (at, other),
                }
            }
        });
        let width = opened.as_ref().map_or(1, |link| link.width()).min(diverted.len());
        let outcomes: Vec<_> = stream::iter(diverted).buffer_unordered(width).collect().await;
        if outcomes.iter().any(|(_, outcome)| matches!(outcome, DeliveryOutcome::Retried { .. })) {
            self.link = None;
        }
        BatchVerdict { outcomes, ..verdict }
    }

    async fn open(&mut self, target: &EventTarget, environment: &Environment) -> Result<&BrokerLink> {
        let link = match self.link.take() {
            Some(link) => link,
            None => BrokerLink::open(target, &BrokerSecrets::new(target, environment)?).await?,
        };
        Ok(self.link.insert(link))
    }

    pub(super) async fn close(&mut self) {
        if let Some(link) = self.link.take() {
            link.close().await;
        }
    }
}

async fn publish(link: Result<&BrokerLink, &str>, event: &OutboxEvent, why: &str) -> Result<(), String> {
    let end = link.map_err(str::to_owned)?.publish(&event.dead(why)).await;
    end.map_err(|failure| failure.why().to_owned())
}
