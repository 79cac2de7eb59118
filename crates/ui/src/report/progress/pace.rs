//! Rate and remaining time of an activity, from samples of its count. Pure.
//!
//! A remaining time is a promise: it is made only after some evidence, from the slower of the rates since the beginning
//! and of the last minute. If it is not kept, none is shown until there is twice the evidence.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Span of the samples that the recent rate is computed from.
const WINDOW: Duration = Duration::from_mins(1);

/// Observation before a remaining time is shown.
const EVIDENCE: Duration = Duration::from_secs(10);

/// Part of the whole that is done before a remaining time is shown: one twentieth.
const PART: usize = 20;

#[derive(Debug, Clone)]
pub(crate) struct Pace {
    began: Instant,
    /// Recent counts, oldest first.
    samples: VecDeque<(Instant, usize)>,
    evidence: Duration,
    /// Earliest end that was shown.
    promised: Option<Instant>,
    left: Option<Duration>,
}

impl Pace {
    pub(crate) fn new(now: Instant) -> Pace {
        let samples = VecDeque::from([(now, 0)]);
        Pace { began: now, samples, evidence: EVIDENCE, promised: None, left: None }
    }

    /// Adds a sample; `total` is `None` if it is unknown or may still grow.
    pub(crate) fn sample(&mut self, now: Instant, done: usize, total: Option<usize>) {
        if done == 0 {
            self.began = now;
            self.samples.clear();
        }
        let is_old = |sample: Option<&(Instant, usize)>| sample.is_some_and(|(at, _)| now - *at >= WINDOW);
        while is_old(self.samples.get(1)) {
            self.samples.pop_front();
        }
        self.samples.push_back((now, done));
        self.left = total.and_then(|total| self.estimated(now, done, total));
        let late = |end: Instant| now > end + (end - self.began) / 4;
        if self.promised.is_some_and(late) {
            self.evidence = (now - self.began) * 2;
            (self.promised, self.left) = (None, None);
        }
        let end = self.left.map(|left| now + left);
        self.promised = self.promised.into_iter().chain(end).min();
    }

    /// Returns the recent rate, per second.
    pub(crate) fn rate(&self) -> f64 {
        let (Some(first), Some(last)) = (self.samples.front(), self.samples.back()) else { return 0.0 };
        per_second(last.1.saturating_sub(first.1), last.0 - first.0)
    }

    /// Returns the remaining time, if enough is known.
    pub(crate) fn left(&self) -> Option<Duration> {
        self.left
    }

    fn estimated(&self, now: Instant, done: usize, total: usize) -> Option<Duration> {
        let observed = now - self.began;
        if observed < self.evidence || done >= total || done < total / PART {
            return None;
        }
        let slower = self.rate().min(per_second(done, observed));
        Duration::try_from_secs_f64((total - done) as f64 / slower).ok()
    }
}

fn per_second(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64().max(0.001)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts by second, and the seconds left that are shown after each.
    fn shown(total: usize, samples: &[(u64, usize)]) -> Vec<Option<u64>> {
        let began = Instant::now();
        let mut pace = Pace::new(began);
        let seconds = |&(second, done)| {
            pace.sample(began + Duration::from_secs(second), done, Some(total));
            pace.left().map(|left| left.as_secs())
        };
        samples.iter().map(seconds).collect()
    }

    #[test]
    fn a_time_left_needs_evidence() {
        assert_eq!(shown(1000, &[(4, 400), (9, 900)]), [None, None]);
        assert_eq!(shown(1000, &[(10, 40), (12, 60)]), [None, Some(188)]);
        assert_eq!(shown(1000, &[(10, 100), (20, 200), (100, 1000)]), [Some(90), Some(80), None]);
    }

    #[test]
    fn the_time_before_the_first_unit_does_not_count() {
        assert_eq!(shown(1000, &[(60, 0), (70, 100), (80, 200)]), [None, Some(90), Some(80)]);
    }

    #[test]
    fn the_slower_of_two_rates_decides() {
        // 10 a second in the first minute, 1 a second from then on; and the other way round.
        let slower = [(30, 300), (60, 600), (90, 630), (120, 660)];
        assert_eq!(shown(1000, &slower), [Some(70), Some(40), Some(67), Some(340)]);
        assert_eq!(shown(1000, &[(60, 60), (120, 660)]), [Some(940), Some(61)]);
    }

    #[test]
    fn an_estimate_that_was_wrong_is_not_shown() {
        // 8 s are left at 12 s; at 26 s the promised end has passed. Twice the evidence brings another one.
        let found = shown(1000, &[(12, 600), (20, 640), (26, 700), (40, 800), (52, 850), (60, 1000)]);
        assert_eq!(found, [Some(8), Some(11), None, None, Some(9), None]);
    }

    #[test]
    fn nothing_is_promised_while_nothing_moves() {
        assert_eq!(
            shown(1000, &[(20, 500), (21, 500), (300, 500), (400, 500)]),
            [Some(20), Some(21), None, None]
        );
    }
}
