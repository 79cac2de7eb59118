//! Counters of a relay, as metrics.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use parking_lot::Mutex;
use time::OffsetDateTime;

use crate::batch::verdict::DeliveryOutcome;
use crate::broker::{FailureKind, PublishFailure};
use crate::outbox::status::Backlog;
use martydb_model::metrics::{
    RELAY_EVENTS, RELAY_FAILURES, RELAY_LAG, RELAY_LAST_SUCCESS, RELAY_PENDING, RELAY_SKIPPED, Sample,
    Subject,
};
use martydb_model::{DesiredService, ServiceName};

/// Counters of one outbox's publishers, since the process started.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub published: AtomicU64,
    /// Published events that the broker has already, and dropped.
    pub duplicates: AtomicU64,
    /// Attempts after which the event waits.
    pub retried: AtomicU64,
    /// Events that became dead.
    pub dead: AtomicU64,
    /// Dead events that the dead destination acknowledged.
    pub diverted: AtomicU64,
    failures: [AtomicU64; FailureKind::ALL.len()],
    /// Time of the last acknowledgement, in milliseconds since 1970; 0 before the first.
    last_success: AtomicI64,
}

/// Returns the counter of an outcome, as the label names it.
fn counter<'a>(tally: &'a Tally, outcome: &DeliveryOutcome) -> &'a AtomicU64 {
    match outcome {
        DeliveryOutcome::Published => &tally.published,
        DeliveryOutcome::PutOff { .. } | DeliveryOutcome::Retried { .. } => &tally.retried,
        DeliveryOutcome::Dead { .. } => &tally.dead,
        DeliveryOutcome::Diverted { .. } => &tally.diverted,
    }
}

impl Tally {
    /// Counts the events of a batch.
    pub(crate) fn count<'a>(&self, outcomes: impl Iterator<Item = &'a DeliveryOutcome>) {
        let mut published = 0;
        for outcome in outcomes {
            match outcome {
                DeliveryOutcome::Published => published += 1,
                other => {
                    counter(self, other).fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        if published > 0 {
            self.published.fetch_add(published, Ordering::Relaxed);
            self.last_success.store(now_ms(), Ordering::Relaxed);
        }
    }

    /// Counts a failure, also one after which the event was sent again within its batch.
    pub(crate) fn count_failure(&self, failure: &PublishFailure) {
        self.count_failure_of(failure.kind());
    }

    pub(crate) fn count_failure_of(&self, kind: FailureKind) {
        self.failures[kind as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Returns the number of attempts that did not publish an event.
    pub(crate) fn refused(&self) -> u64 {
        let all = [&self.retried, &self.dead, &self.diverted];
        all.map(|counter| counter.load(Ordering::Relaxed)).iter().sum()
    }

    fn samples(&self, subject: &Subject) -> Vec<Sample> {
        let duplicates = read(&self.duplicates);
        let outcomes = [
            ("published", read(&self.published) - duplicates),
            ("duplicate", duplicates),
            ("retried", read(&self.retried)),
            ("dead", read(&self.dead)),
            ("diverted", read(&self.diverted)),
        ];
        let mut samples: Vec<Sample> =
            outcomes.map(|(name, count)| Sample::with(RELAY_EVENTS, subject, [name], count)).into();
        let failures = FailureKind::ALL.iter().zip(&self.failures);
        samples.extend(
            failures.map(|(kind, count)| Sample::with(RELAY_FAILURES, subject, [kind.name()], read(count))),
        );
        let last = self.last_success.load(Ordering::Relaxed);
        samples.extend((last > 0).then(|| Sample::new(RELAY_LAST_SUCCESS, subject, seconds(last))));
        samples
    }
}

fn now_ms() -> i64 {
    i64::try_from(OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

#[allow(clippy::cast_precision_loss)] // Counters and milliseconds since 1970 are exact below 2^53.
fn read(counter: &AtomicU64) -> f64 {
    counter.load(Ordering::Relaxed) as f64
}

#[allow(clippy::cast_precision_loss)]
fn number(rows: i64) -> f64 {
    rows as f64
}

#[allow(clippy::cast_precision_loss)]
fn seconds(millis: i64) -> f64 {
    millis as f64 / 1000.0
}

/// Metrics of one outbox.
struct OutboxMetrics {
    service: DesiredService,
    tally: Arc<Tally>,
    /// Pending events, when they were last read; `None` if that failed.
    backlog: Option<Backlog>,
    /// Skipped events, likewise.
    skipped: Option<i64>,
}

/// Metrics of all outboxes that a relay publishes, for as long as the process runs.
#[derive(Default)]
pub struct RelayMetrics(Mutex<BTreeMap<ServiceName, OutboxMetrics>>);

impl RelayMetrics {
    /// Returns the counters of a service, which continue when the manifest is reloaded.
    pub(crate) fn tally(&self, service: &DesiredService) -> Arc<Tally> {
        let mut all = self.0.lock();
        let new = || OutboxMetrics {
            service: service.clone(),
            tally: Arc::default(),
            backlog: None,
            skipped: None,
        };
        let metrics = all.entry(service.name.clone()).or_insert_with(new);
        metrics.service = service.clone();
        metrics.tally.clone()
    }

    /// Removes services that are no longer published.
    pub(crate) fn retain(&self, services: &[ServiceName]) {
        let mut all = self.0.lock();
        all.retain(|name, _| services.contains(name));
    }

    pub(crate) fn set_backlog(&self, service: &ServiceName, backlog: Option<Backlog>) {
        let mut all = self.0.lock();
        if let Some(metrics) = all.get_mut(service) {
            metrics.backlog = backlog;
        }
    }

    pub(crate) fn set_skipped(&self, service: &ServiceName, skipped: Option<i64>) {
        let mut all = self.0.lock();
        if let Some(metrics) = all.get_mut(service) {
            metrics.skipped = skipped;
        }
    }

    /// Returns all current samples.
    pub fn samples(&self) -> Vec<Sample> {
        let all = self.0.lock();
        let of = |metrics: &OutboxMetrics| {
            let subject = Subject::service(&metrics.service);
            let mut samples = metrics.tally.samples(&subject);
            if let Some(backlog) = &metrics.backlog {
                samples.push(Sample::new(RELAY_PENDING, &subject, number(backlog.pending)));
                let lag = seconds(backlog.oldest_age_ms.unwrap_or_default().max(0));
                samples.push(Sample::new(RELAY_LAG, &subject, lag));
            }
            let skipped =
                metrics.skipped.map(|skipped| Sample::new(RELAY_SKIPPED, &subject, number(skipped)));
            samples.extend(skipped);
            samples
        };
        all.values().flat_map(of).collect()
    }

    /// Returns `true` once every outbox was read.
    pub fn is_ready(&self) -> bool {
        let all = self.0.lock();
        !all.is_empty() && all.values().all(|metrics| metrics.backlog.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_outcome_and_each_failure_has_a_series() {
        let tally = Tally::default();
        let (why, pause) = (String::new(), std::time::Duration::ZERO);
        let outcomes = [
            DeliveryOutcome::Published,
            DeliveryOutcome::Published,
            DeliveryOutcome::PutOff { why: why.clone(), pause },
            DeliveryOutcome::Retried { why: why.clone(), pause },
            DeliveryOutcome::Dead { why: why.clone() },
            DeliveryOutcome::Diverted { why: why.clone() },
        ];
        tally.count(outcomes.iter());
        tally.count_failure(&PublishFailure::Busy { why, after: None });
        tally.duplicates.fetch_add(1, Ordering::Relaxed);
        let samples = tally.samples(&Subject::server("s"));
        let value = |label: &str| {
            let found = samples.iter().find(|sample| sample.labels == [label]);
            found.map(|sample| sample.value)
        };
        let all = ["published", "duplicate", "retried", "dead", "diverted", "busy", "refused"].map(value);
        assert_eq!(all, [1.0, 1.0, 2.0, 1.0, 1.0, 1.0, 0.0].map(Some));
        assert_eq!(tally.refused(), 4);
        assert_eq!(samples.len(), 5 + FailureKind::ALL.len() + 1);
    }
}
