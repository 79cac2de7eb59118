//! End of the process: requests in progress go on until they have ended, or their time is over.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use martydb_http::Drain;
use tokio::time::Instant;

use super::ServedProcess;

/// Time limit for requests in progress, at most and at least; in between it is the longest statement's.
const LONGEST: Duration = Duration::from_secs(30);
const SHORTEST: Duration = Duration::from_secs(3);

/// Time limit for the server to hear that a statement is cancelled, and its interval of looks.
const CANCELS: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(10);

/// Requests in progress of a process.
#[derive(Debug, Default)]
pub(super) struct RunningRequests {
    number: AtomicUsize,
    is_draining: AtomicBool,
    /// Requests that were cancelled at the end of their time.
    cut: AtomicUsize,
}

impl RunningRequests {
    pub(super) fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::Acquire)
    }

    /// Counts a request until the value is dropped.
    pub(super) fn begin(&self) -> RunningRequest<'_> {
        self.number.fetch_add(1, Ordering::AcqRel);
        RunningRequest { all: self, has_ended: false }
    }
}

/// A request in progress.
pub(super) struct RunningRequest<'a> {
    all: &'a RunningRequests,
    has_ended: bool,
}

impl RunningRequest<'_> {
    /// Tells that it has an answer.
    pub(super) fn end(mut self) {
        self.has_ended = true;
    }
}

impl Drop for RunningRequest<'_> {
    fn drop(&mut self) {
        if !self.has_ended && self.all.is_draining() {
            self.all.cut.fetch_add(1, Ordering::AcqRel);
        }
        self.all.number.fetch_sub(1, Ordering::AcqRel);
    }
}

/// What a process left when it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndedRequests {
    /// Requests that were cancelled.
    pub cut: usize,
    /// Connections with a database in which something may still run.
    pub running: usize,
}

impl ServedProcess {
    /// Returns the progress that clients have to make.
    pub(super) fn progress(&self) -> Duration {
        Duration::from_secs(self.limits[martydb_model::ServeLimit::Progress])
    }

    /// Waits until nothing runs any more, at most for the time in which servers hear of cancelled statements.
    pub async fn settled(&self) -> EndedRequests {
        self.stop_following();
        let end = Instant::now() + CANCELS;
        loop {
            let used: usize = self.all().values().map(|service| service.used_connections()).sum();
            let running = used + self.requests.number.load(Ordering::Acquire);
            if running == 0 || Instant::now() >= end {
                return EndedRequests { cut: self.requests.cut.load(Ordering::Acquire), running };
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// End of a process after a signal.
pub struct ProcessDrain(pub Arc<ServedProcess>);

impl Drain for ProcessDrain {
    fn begin(&mut self) -> Duration {
        self.0.requests.is_draining.store(true, Ordering::Release);
        let services = self.0.all();
        services.values().for_each(|service| service.transactions.close());
        let longest = services.values().map(|service| service.exposure.limits.timeout).max();
        longest.unwrap_or_default().clamp(SHORTEST, LONGEST)
    }
}
