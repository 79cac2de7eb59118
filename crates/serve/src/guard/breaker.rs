//! Breaker of a server: while it cannot be reached, requests are refused at once and not one by one after a wait.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::error::{HttpError, HttpResult};

/// Failures in a row after which it opens. Only a server that does not answer counts, as the pools see it: an error of a statement, or
/// a rejected login, may be the doing of one service, and would close the server to the others.
const FAILURES: u32 = 3;

/// Time between two attempts while it is open.
const HOLD: Duration = Duration::from_millis(900);

/// Breaker of a server.
#[derive(Debug, Default)]
pub struct ServerBreaker(Mutex<BreakerState>);

#[derive(Debug, Default)]
struct BreakerState {
    failures: u32,
    /// Time of the next attempt; `None` while it is closed.
    next: Option<Instant>,
}

impl ServerBreaker {
    /// Rejects a request while the breaker is open; about once a second one may try.
    pub fn check(&self, now: Instant) -> HttpResult<()> {
        let mut state = self.0.lock();
        match state.next {
            Some(next) if now < next => {
                let message = "the database server cannot be reached";
                Err(HttpError::new(503, super::BREAKER_OPEN, message).header("Retry-After", "1"))
            }
            Some(_) => {
                state.next = Some(now + HOLD);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Closes it: the server answered.
    pub(crate) fn succeeded(&self) {
        let mut state = self.0.lock();
        state.failures = 0;
        state.next = None;
    }

    /// Counts a connection that could not be made.
    pub fn failed(&self, now: Instant) {
        let mut state = self.0.lock();
        state.failures = state.failures.saturating_add(1);
        if state.failures >= FAILURES {
            state.next = Some(now + HOLD);
        }
    }

    /// Returns `true` while it is open.
    pub(crate) fn is_open(&self) -> bool {
        self.0.lock().next.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_failures_in_a_row_and_closes_with_the_first_success() {
        let (breaker, now) = (ServerBreaker::default(), Instant::now());
        breaker.failed(now);
        breaker.succeeded();
        for _ in 0..FAILURES {
            assert!(breaker.check(now).is_ok());
            breaker.failed(now);
        }
        let refused = breaker.check(now).unwrap_err();
        assert_eq!((refused.status, refused.code.as_str()), (503, "MDB003"));
        assert!(breaker.check(now + HOLD).is_ok());
        assert!(breaker.check(now + HOLD).is_err(), "one at a time tries");
        breaker.succeeded();
        assert!(breaker.check(now + HOLD).is_ok());
    }
}
