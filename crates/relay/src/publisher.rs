//! Publisher of one outbox: claims, delivers, records and waits. It retries after failures with growing pauses.
//! Other outboxes have publishers of their own.

mod dead_letters;
mod delivery;
pub(crate) mod once;
pub(crate) mod serving;
mod stop;
pub(crate) mod tally;

use std::sync::atomic::Ordering;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::batch::claim::{BatchShape, ClaimSizes, width};
use crate::batch::verdict::{BatchVerdict, DeliveryOutcome, judge};
use crate::broker::{BrokerLink, BrokerSecrets, FailureKind, OutboxEvent};
use crate::outbox::session::{self, OutboxSession};
use dead_letters::DeadLetters;
use delivery::deliver;
use martydb_context::Context;
use martydb_model::error::{Error, Kind, Result};
use martydb_model::{DeadPolicy, DesiredService, Outbox};
use martydb_pg::backoff::Backoff;
use martydb_pg::outage::{Outage, OutageChange};
use martydb_pg::silence::connect_timeout;
use stop::StopSignal;
use tally::Tally;

/// Shortest and longest pause after finding nothing.
const MIN_IDLE_PAUSE: Duration = Duration::from_millis(10);
const MAX_IDLE_PAUSE: Duration = Duration::from_secs(1);

/// Pause for more events to arrive, after a look that found few.
const GATHER_PAUSE: Duration = Duration::from_millis(4);

/// Pauses after a failure of the database or broker.
const MIN_PAUSE: Duration = Duration::from_millis(250);
const MAX_PAUSE: Duration = Duration::from_secs(30);

pub(crate) struct Publisher {
    pub context: Arc<Context>,
    pub service: DesiredService,
    pub outbox: Arc<Outbox>,
    pub tally: Arc<Tally>,
    pub stop: StopSignal,
    /// Limit of event bytes in memory.
    pub bytes: i64,
    /// Wakes a helper when there is too much work for one publisher.
    pub busy: Arc<Notify>,
    /// `true` if it reports failures of the outbox.
    pub logs_failures: bool,
    /// Number of failed events whose reasons it still reports.
    pub reasons: usize,
    session: Option<OutboxSession>,
    link: Option<BrokerLink>,
    dead_letters: DeadLetters,
    after: Option<(String, String)>,
    last: ClaimSizes,
    width: BatchShape,
    /// `true` if this pass through the outbox found anything.
    found: bool,
    /// `true` if the last pass through the outbox found nothing.
    idle: bool,
    /// `true` to publish one event at a time.
    alone: bool,
    outage: Outage,
    /// Pauses after failures.
    pauses: Backoff,
    /// Pause that the broker asked for.
    asked: Option<Duration>,
}

/// Result of one look at the outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Poll {
    /// More events may be available at once.
    More,
    /// Few events were found: more may arrive soon.
    Little,
    /// No event can be published now.
    Nothing,
}

/// Returns the time until the next whole second of this process: all idle outboxes are polled at the same time, and
/// the process sleeps in between.
fn until_the_next_look() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let into = Duration::from_nanos(START.elapsed().subsec_nanos().into());
    MAX_IDLE_PAUSE.saturating_sub(into).max(MIN_IDLE_PAUSE)
}

/// Returns `true` if a broker without an acknowledgement took so long that a run that ends does not ask it again. A client may give
/// up within the time to connect, to tell its own reason.
fn cost_its_time(spent: Duration, limit: Duration) -> bool {
    spent >= limit / 2
}

impl Publisher {
    pub(crate) fn new(
        context: &Arc<Context>,
        service: &DesiredService,
        outbox: &Arc<Outbox>,
        stop: &StopSignal,
        bytes: i64,
    ) -> Publisher {
        Publisher {
            context: context.clone(),
            service: service.clone(),
            outbox: outbox.clone(),
            tally: Arc::default(),
            stop: stop.clone(),
            bytes,
            busy: Arc::default(),
            logs_failures: true,
            reasons: 0,
            session: None,
            link: None,
            dead_letters: DeadLetters::default(),
            after: None,
            last: ClaimSizes::default(),
            width: width(
                outbox.batch,
                ClaimSizes::default(),
                BatchShape { aggregates: outbox.batch, each: 1 },
            ),
            found: false,
            idle: false,
            alone: false,
            outage: Outage::default(),
            pauses: Backoff::endless(MIN_PAUSE, MAX_PAUSE),
            asked: None,
        }
    }

    /// Adds to these counters instead of new ones.
    #[must_use]
    pub(crate) fn counting(self, tally: Arc<Tally>) -> Publisher {
        Publisher { tally, ..self }
    }

    /// Returns a second publisher for the same outbox, which works when the first has too much to do.
    #[must_use]
    pub(crate) fn helper(&self) -> Publisher {
        let busy = self.busy.clone();
        let new = Publisher::new(&self.context, &self.service, &self.outbox, &self.stop, self.bytes);
        Publisher { busy, logs_failures: false, ..new }.counting(self.tally.clone())
    }

    /// Publishes until it is stopped.
    #[martydb_pg::boxed]
    pub(crate) async fn serve(mut self) {
        let mut idle = Backoff::endless(MIN_IDLE_PAUSE, MAX_IDLE_PAUSE);
        while !self.stop.is_requested() {
            match self.turn().await {
                Ok(Poll::More) => idle.reset(),
                Ok(Poll::Little) => {
                    idle.reset();
                    self.rest(GATHER_PAUSE).await;
                }
                Ok(Poll::Nothing) => {
                    let patience = if idle.is_at_longest() { until_the_next_look() } else { idle.pause() };
                    if self.wait(patience).await {
                        idle.reset();
                    }
                }
                Err(error) => {
                    self.report_outage(Some(&error));
                    self.recover().await;
                }
            }
        }
        self.close().await;
    }

    /// Works only while there is too much for one publisher, and closes its connections in between.
    pub(crate) async fn run_helper(mut self) {
        while !self.stop.is_requested() {
            tokio::select! {
                () = self.stop.asked() => return,
                () = self.busy.notified() => {}
            }
            while !self.stop.is_requested() && matches!(self.turn().await, Ok(Poll::More)) {}
            self.close().await;
        }
    }

    /// Publishes all events that are due now, and returns the error that stopped it.
    #[martydb_pg::boxed]
    pub(crate) async fn once(mut self) -> Result<()> {
        let mut tries = 0;
        let end = loop {
            let (begun, before) = (Instant::now(), self.tally.published.load(Ordering::Relaxed));
            let end = self.turn().await;
            let progressed = self.tally.published.load(Ordering::Relaxed) > before;
            let is_answered = progressed || !cost_its_time(begun.elapsed(), connect_timeout());
            match end {
                _ if self.stop.is_requested() => break Ok(()),
                Ok(Poll::Nothing) => break Ok(()),
                Ok(_) => tries = 0,
                Err(error) if tries < 3 && is_answered && self.may_pass(&error) => {
                    tries += 1;
                    self.recover().await;
                }
                Err(error) => break Err(error),
            }
        };
        self.close().await;
        end
    }

    async fn turn(&mut self) -> Result<Poll> {
        // Connects first, so that nothing is locked while the broker is unavailable.
        self.connect().await?;
        let Some(session) = &mut self.session else { return Ok(Poll::Nothing) };
        // The cheaper query first, if it will probably find nothing.
        if self.idle && !session.has_pending().await? {
            return Ok(Poll::Nothing);
        }
        let wide = width(self.outbox.batch, self.last, self.width);
        self.width = if self.alone { BatchShape { aggregates: 1, each: 1 } } else { wide };
        let claim = session.claim(self.after.as_ref(), self.width, self.bytes).await?;
        let whole = claim.figures.whole;
        (self.after, self.last) = (claim.last.filter(|_| !whole), claim.figures);
        let turn = if claim.lanes.is_empty() {
            session.release().await?;
            Poll::Nothing
        } else {
            self.deliver(claim.lanes, whole).await?
        };
        self.report_outage(None);
        self.found |= turn != Poll::Nothing;
        // Only a pass through the whole outbox proves that nothing is left.
        let more = if whole { std::mem::take(&mut self.found) } else { true };
        let turn = if turn == Poll::Nothing && more { Poll::More } else { turn };
        self.idle = turn == Poll::Nothing;
        Ok(turn)
    }

    async fn connect(&mut self) -> Result<()> {
        if self.session.is_none() {
            let mut session = session::open(&self.context, &self.service, &self.outbox).await?;
            session.listen().await?;
            self.session = Some(session);
            self.after = None;
        }
        if self.link.is_none() {
            let secrets = BrokerSecrets::new(&self.outbox.to, &self.context.environment)?;
            self.link = Some(BrokerLink::open(&self.outbox.to, &secrets).await?);
        }
        Ok(())
    }

    async fn deliver(&mut self, lanes: Vec<Vec<OutboxEvent>>, whole: bool) -> Result<Poll> {
        let (Some(session), Some(link)) = (&mut self.session, &self.link) else {
            return Ok(Poll::Nothing);
        };
        let mut ranges = vec![];
        let mut events = vec![];
        for lane in lanes {
            ranges.push(events.len()..events.len() + lane.len());
            events.extend(lane);
        }
        let batch = self.outbox.batch as usize;
        if !whole && events.len() > batch / 2 {
            self.busy.notify_one();
        }
        let (sent, lost) = deliver(link, &events, &ranges, &self.stop, &self.tally).await;
        let attempts: Vec<i64> = events.iter().map(|event| event.attempts).collect();
        let verdict = judge(sent, lost, &attempts, &self.outbox.retry);
        let environment = &self.context.environment;
        let verdict = self.dead_letters.divert(&self.outbox, environment, &events, verdict).await;
        session.settle(&events, &verdict).await?;
        self.count(&events, &verdict);
        self.alone = verdict.suspicious;
        if verdict.closed {
            self.link = None;
        }
        if verdict.has_progress() {
            self.pauses.reset();
        }
        if let Some(down) = verdict.down {
            let at = self.outbox.to.at();
            self.asked = down.pause;
            return Err(
                Error::new(Kind::Unreachable, format!("cannot use the broker at {at}")).cause(down.why)
            );
        }
        Ok(match events.len() {
            few if whole && few < batch / 8 => Poll::Little,
            _ => Poll::More,
        })
    }

    fn count(&mut self, events: &[OutboxEvent], verdict: &BatchVerdict) {
        self.tally.count(verdict.outcomes.iter().map(|(_, outcome)| outcome));
        for (at, outcome) in &verdict.outcomes {
            match outcome {
                DeliveryOutcome::Published => {}
                DeliveryOutcome::Dead { why } | DeliveryOutcome::Diverted { why } => {
                    self.lament(&events[*at], why, outcome);
                }
                DeliveryOutcome::PutOff { why, .. } | DeliveryOutcome::Retried { why, .. } => {
                    if let Some(left) = self.reasons.checked_sub(1) {
                        self.reasons = left;
                        let event = &events[*at].event_id;
                        let name = &self.service.name;
                        self.context.note(&format!("service {name}: event {event} was not published: {why}"));
                    }
                }
            }
        }
    }

    /// Reports a dead event.
    fn lament(&self, event: &OutboxEvent, why: &str, outcome: &DeliveryOutcome) {
        let OutboxEvent { event_id, aggregate_type, aggregate_id, .. } = event;
        let aggregate = format!("{aggregate_type}/{aggregate_id}");
        let then = match (outcome, &self.outbox.dead) {
            (DeliveryOutcome::Diverted { .. }, DeadPolicy::To(target)) => {
                format!("it was published to {}", target.at())
            }
            (_, DeadPolicy::Continue) => format!("later events of its aggregate {aggregate} are published"),
            _ => format!("its aggregate {aggregate} waits for `relay retry` or `relay skip`"),
        };
        self.context.note(&format!("service {}: event {event_id} is dead: {why}; {then}", self.service.name));
    }

    /// Waits for events for at most `patience`; returns `true` if the service sent a notification.
    async fn wait(&mut self, patience: Duration) -> bool {
        let Some(session) = &mut self.session else { return false };
        let woken = tokio::select! {
            woken = session.wait(patience) => woken,
            () = self.stop.asked() => return false,
        };
        woken.unwrap_or_else(|error| {
            self.session = None;
            self.report_outage(Some(&error));
            false
        })
    }

    /// Returns `true` if a run that ends may see the end of a failure: the manifest is not the reason, and the broker did not ask
    /// for a long pause.
    fn may_pass(&self, error: &Error) -> bool {
        error.kind != Kind::Manifest && self.asked.is_none_or(|pause| pause <= MAX_PAUSE)
    }

    async fn rest(&self, time: Duration) {
        tokio::select! {
            () = tokio::time::sleep(time) => {}
            () = self.stop.asked() => {}
        }
    }

    /// Drops both connections, which may be broken, and pauses longer after each consecutive failure, or as long as
    /// the broker asked for.
    async fn recover(&mut self) {
        self.tally.count_failure_of(FailureKind::Outage);
        self.session = None;
        self.link = None;
        let pause = self.pauses.pause().max(self.asked.take().unwrap_or_default());
        self.rest(pause).await;
    }

    /// Reports once that the outbox cannot be published, and once that it can again.
    fn report_outage(&mut self, error: Option<&Error>) {
        if error.is_none() {
            self.pauses.reset();
        }
        let (name, change) = (&self.service.name, self.outage.record(error));
        match change.filter(|_| self.logs_failures && !self.stop.is_requested()) {
            Some(OutageChange::Began(why)) => {
                self.context.note(&format!("service {name}: cannot publish events: {why}"));
            }
            Some(OutageChange::Ended) => {
                self.context.note(&format!("service {name}: events are published again"));
            }
            None => {}
        }
    }

    async fn close(&mut self) {
        if let Some(session) = self.session.take() {
            session.close().await;
        }
        if let Some(link) = self.link.take() {
            link.close().await;
        }
        self.dead_letters.close().await;
    }
}
