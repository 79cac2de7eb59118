//! Waiting for what goes away by itself: another run's lock, a full server, a table that others hold.

use std::time::{Duration, Instant};

use crate::backoff::Backoff;
use crate::server::Fault;
use crate::sqlstate;

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

pub fn until(deadline: Instant) -> Backoff {
    Backoff::until(deadline, FIRST_PAUSE, LONGEST_PAUSE)
}

/// A fault that goes away by itself once others have let go of their locks: `lock_timeout` or NOWAIT (55P03), a
/// deadlock (40P01), a serialization failure (40001).
pub fn is_passing(fault: &Fault) -> bool {
    matches!(
        fault.sqlstate.as_deref(),
        Some(sqlstate::LOCK_NOT_AVAILABLE | sqlstate::DEADLOCK_DETECTED | sqlstate::SERIALIZATION_FAILURE)
    )
}
