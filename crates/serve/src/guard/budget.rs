//! Budgets of callers: requests, and units of cost, for each second.

use std::collections::HashMap;
use std::time::Instant;

use parking_lot::Mutex;

use super::bucket::TokenBucket;
use crate::callers::ServeCaller;

/// Buckets of the callers that have a limit, by name; the manifest bounds their number.
#[derive(Debug, Default)]
pub(super) struct CallerBudgets(Mutex<HashMap<String, CallerBudget>>);

#[derive(Debug, Default)]
struct CallerBudget {
    requests: Option<TokenBucket>,
    units: Option<TokenBucket>,
}

impl CallerBudgets {
    /// Takes one request and one unit, or returns the seconds to wait.
    pub(super) fn admit(&self, caller: &ServeCaller, now: Instant) -> Result<(), u64> {
        self.with(caller, now, |budget| {
            let buckets = [&mut budget.requests, &mut budget.units];
            let wait = buckets.into_iter().flatten().filter_map(|bucket| bucket.wait(now)).max();
            wait.map_or(Ok(()), Err)?;
            budget.consume(1.0, 1.0);
            Ok(())
        })
        .unwrap_or(Ok(()))
    }

    /// Takes units of cost.
    pub(super) fn charge(&self, caller: &ServeCaller, units: f64, now: Instant) {
        self.with(caller, now, |budget| budget.consume(0.0, units));
    }

    fn with<T>(
        &self,
        caller: &ServeCaller,
        now: Instant,
        work: impl FnOnce(&mut CallerBudget) -> T,
    ) -> Option<T> {
        if caller.rate.is_none() && caller.cost.is_none() {
            return None;
        }
        let mut budgets = self.0.lock();
        let budget = budgets.entry(caller.name.clone()).or_default();
        adapt(&mut budget.requests, caller.rate, now);
        adapt(&mut budget.units, caller.cost, now);
        Some(work(budget))
    }
}

impl CallerBudget {
    fn consume(&mut self, requests: f64, units: f64) {
        for (bucket, tokens) in [(&mut self.requests, requests), (&mut self.units, units)] {
            bucket.iter_mut().for_each(|bucket| bucket.consume(tokens));
        }
    }
}

/// Gives a bucket the rate of the manifest, which may have changed.
fn adapt(bucket: &mut Option<TokenBucket>, rate: Option<u32>, now: Instant) {
    let same = match (&bucket, rate) {
        (Some(bucket), Some(rate)) => bucket.has_rate(rate),
        (known, rate) => known.is_none() && rate.is_none(),
    };
    if !same {
        *bucket = rate.map(|rate| TokenBucket::new(rate, now));
    }
}
