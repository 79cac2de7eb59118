//! Waiting for what goes away by itself: another run's lock, a full server, a table that others hold.

use std::time::{Duration, Instant};

use crate::server::Fault;

/// The shortest and the longest pause between two attempts.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(1000));

/// Growing pauses until a deadline, each a little off, so that many waiters do not look at the same moment.
pub struct Pause {
    started: Instant,
    deadline: Instant,
    next: Duration,
}

impl Pause {
    /// Starts with the shortest pause.
    pub fn new(deadline: Instant) -> Pause {
        Pause { started: Instant::now(), deadline, next: PAUSES.0 }
    }

    /// How long it has been.
    pub fn waited(&self) -> Duration {
        self.started.elapsed()
    }

    /// Waits, and says whether another attempt is due; not after the deadline or a signal.
    pub async fn again(&mut self) -> bool {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() || crate::wire::interrupt::signal().is_some() {
            return false;
        }
        let mut random = [0u8; 1];
        let jitter = getrandom::fill(&mut random).map_or(0, |()| u32::from(random[0]));
        let pause = self.next.mul_f64(0.75 + f64::from(jitter) / 512.0);
        tokio::time::sleep(pause.min(left)).await;
        self.next = (self.next * 3 / 2).min(PAUSES.1);
        true
    }
}

/// A fault that goes away by itself once others have let go of their locks: `lock_timeout` or NOWAIT (55P03), a
/// deadlock (40P01), a serialization failure (40001).
pub fn is_passing(fault: &Fault) -> bool {
    matches!(fault.sqlstate.as_deref(), Some("55P03" | "40P01" | "40001"))
}
