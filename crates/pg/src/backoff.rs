//! Growing pauses between attempts that another session or process blocks. Each is randomized a little, so that two
//! runs that collided do not collide again. None begins after a signal.

use std::time::{Duration, Instant};

use crate::wire::interrupt;

/// Returns the first of these pauses, in milliseconds, that together take at most `patience`.
pub fn pauses_within(pauses: &[u64], patience: Duration) -> &[u64] {
    let fits = |count: &usize| Duration::from_millis(pauses[..*count].iter().sum()) <= patience;
    &pauses[..(1..=pauses.len()).take_while(fits).count()]
}

pub struct Backoff {
    first: Duration,
    next: Duration,
    longest: Duration,
    left: Budget,
    started: Instant,
}

#[derive(Clone, Copy)]
enum Budget {
    Tries(u32),
    Until(Instant),
    Endless,
}

impl Backoff {
    pub fn tries(tries: u32, first: Duration, longest: Duration) -> Backoff {
        Backoff::new(first, longest, Budget::Tries(tries))
    }

    pub fn until(deadline: Instant, first: Duration, longest: Duration) -> Backoff {
        Backoff::new(first, longest, Budget::Until(deadline))
    }

    /// Makes pauses without an end, for callers with a limit of their own.
    pub fn endless(first: Duration, longest: Duration) -> Backoff {
        Backoff::new(first, longest, Budget::Endless)
    }

    fn new(first: Duration, longest: Duration, left: Budget) -> Backoff {
        Backoff { first, next: first, longest, left, started: Instant::now() }
    }

    /// Begins again with the first pause, after a success.
    pub fn reset(&mut self) {
        (self.next, self.started) = (self.first, Instant::now());
    }

    /// Returns `true` if the pauses no longer grow.
    pub fn is_at_longest(&self) -> bool {
        self.next >= self.longest
    }

    /// Returns the pause that is due now, for callers that wait themselves.
    pub fn pause(&mut self) -> Duration {
        let mut random = [0u8; 1];
        let jitter = getrandom::fill(&mut random).map_or(0, |()| u32::from(random[0]));
        let pause = self.next.mul_f64(0.75 + f64::from(jitter) / 512.0).min(self.longest);
        self.next = (self.next * 2).min(self.longest);
        pause
    }

    pub fn waited(&self) -> Duration {
        self.started.elapsed()
    }

    /// Waits; returns `true` if another attempt is due.
    #[crate::boxed]
    pub async fn wait(&mut self) -> bool {
        if interrupt::signal().is_some() {
            return false;
        }
        let most = match &mut self.left {
            Budget::Tries(0) => return false,
            Budget::Tries(tries) => {
                *tries -= 1;
                self.longest
            }
            Budget::Until(deadline) => match deadline.saturating_duration_since(Instant::now()) {
                Duration::ZERO => return false,
                left => left,
            },
            Budget::Endless => self.longest,
        };
        tokio::time::sleep(self.pause().min(most)).await;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_millis(1);

    #[test]
    fn pauses_double_up_to_the_longest() {
        let (first, longest) = (Duration::from_millis(100), Duration::from_millis(300));
        let mut backoff = Backoff::endless(first, longest);
        for (expected, at_longest) in [(100, false), (200, true), (300, true), (300, true)] {
            let pause = backoff.pause();
            let expected = Duration::from_millis(expected);
            assert!(
                pause >= expected.mul_f64(0.75) && pause <= expected.mul_f64(1.25).min(longest),
                "{pause:?}"
            );
            assert_eq!(backoff.is_at_longest(), at_longest);
        }
        backoff.reset();
        assert!(backoff.pause() <= first.mul_f64(1.25));
    }

    #[test]
    fn pauses_end_with_the_patience() {
        for (patience, expected) in [(0, 0), (99, 0), (100, 1), (400, 2), (1200, 2), (5000, 3)] {
            let within = pauses_within(&[100, 300, 900], Duration::from_millis(patience));
            assert_eq!(within.len(), expected, "{patience}");
        }
    }

    #[tokio::test]
    async fn tries_are_counted_and_deadlines_kept() {
        let mut twice = Backoff::tries(2, FIRST, FIRST);
        assert!(twice.wait().await && twice.wait().await && !twice.wait().await);
        assert!(!Backoff::until(Instant::now(), FIRST, FIRST).wait().await);
        let deadline = Instant::now() + Duration::from_millis(20);
        let mut until = Backoff::until(deadline, FIRST, Duration::from_secs(60));
        while until.wait().await {}
        assert!(until.waited() >= Duration::from_millis(20) && until.waited() < Duration::from_secs(5));
    }
}
