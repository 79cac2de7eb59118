//! A bucket of tokens: time fills it, requests take from it.

use std::time::Instant;

/// Seconds of its rate by which a bucket may be overdrawn: the longest Retry-After.
const LONGEST_DEBT: f64 = 60.0;

/// A bucket that holds one second of its rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct TokenBucket {
    per_second: f64,
    level: f64,
    at: Instant,
}

impl TokenBucket {
    /// Makes a full bucket.
    pub(super) fn new(per_second: u32, now: Instant) -> TokenBucket {
        let per_second = f64::from(per_second.max(1));
        TokenBucket { per_second, level: per_second, at: now }
    }

    /// Returns `true` if it has this rate.
    pub(super) fn has_rate(&self, per_second: u32) -> bool {
        self.per_second == f64::from(per_second.max(1))
    }

    /// Fills it, and returns the whole seconds after which it has a token, if it has none now.
    pub(super) fn wait(&mut self, now: Instant) -> Option<u64> {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.level = (self.level + passed * self.per_second).min(self.per_second);
        self.at = now;
        (self.level < 1.0).then(|| ((1.0 - self.level) / self.per_second).ceil().max(1.0) as u64)
    }

    /// Takes tokens; costs are known only after a request was admitted, so it may be overdrawn.
    pub(super) fn consume(&mut self, tokens: f64) {
        self.level = (self.level - tokens).max(-LONGEST_DEBT * self.per_second);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn it_allows_its_rate_and_tells_the_wait() {
        let start = Instant::now();
        let mut bucket = TokenBucket::new(2, start);
        for (millis, expected) in
            [(0, None), (0, None), (0, Some(1)), (400, Some(1)), (500, None), (500, Some(1))]
        {
            let wait = bucket.wait(start + Duration::from_millis(millis));
            assert_eq!(wait, expected, "{millis}");
            if wait.is_none() {
                bucket.consume(1.0);
            }
        }
        bucket.consume(1000.0);
        assert_eq!(bucket.wait(start + Duration::from_millis(500)), Some(61));
    }
}
