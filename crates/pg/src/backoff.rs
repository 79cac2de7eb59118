//! Growing pauses between attempts that another session or process blocks. Each is randomized a little, so that two
//! runs that collided do not collide again. None begins after a signal.

use std::time::{Duration, Instant};

use crate::wire::interrupt;

pub struct Backoff {
    next: Duration,
    longest: Duration,
    left: Budget,
    started: Instant,
}

#[derive(Clone, Copy)]
enum Budget {
    Tries(u32),
    Until(Instant),
}

impl Backoff {
    pub fn tries(tries: u32, first: Duration, longest: Duration) -> Backoff {
        Backoff { next: first, longest, left: Budget::Tries(tries), started: Instant::now() }
    }

    pub fn until(deadline: Instant, first: Duration, longest: Duration) -> Backoff {
        Backoff { next: first, longest, left: Budget::Until(deadline), started: Instant::now() }
    }

    pub fn waited(&self) -> Duration {
        self.started.elapsed()
    }

    /// Waits; returns `true` if another attempt is due.
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
        };
        let mut random = [0u8; 1];
        let jitter = getrandom::fill(&mut random).map_or(0, |()| u32::from(random[0]));
        let pause = self.next.mul_f64(0.75 + f64::from(jitter) / 512.0);
        tokio::time::sleep(pause.min(most)).await;
        self.next = (self.next * 2).min(self.longest);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_millis(1);

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
