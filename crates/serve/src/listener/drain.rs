//! End of the process: requests in progress go on until they have ended, or their time is over.

use std::sync::Arc;
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

/// Work that a process left when it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndedRequests {
    /// Requests that were cancelled.
    pub cut: usize,
    /// Connections with a database in which something may still run.
    pub running: usize,
}

impl ServedProcess {
    /// Waits until nothing runs any more, at most for the time in which servers hear of cancelled statements.
    pub async fn settled(&self) -> EndedRequests {
        self.stop_following();
        let end = Instant::now() + CANCELS;
        loop {
            let used: usize = self.all().values().map(|service| service.used_connections()).sum();
            let running = used + self.requests.number();
            if running == 0 || Instant::now() >= end {
                return EndedRequests { cut: self.requests.cut(), running };
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// End of a process after a signal.
pub struct ProcessDrain(pub Arc<ServedProcess>);

impl Drain for ProcessDrain {
    fn begin(&mut self) -> Duration {
        self.0.requests.drain();
        let services = self.0.all();
        services.values().for_each(|service| service.transactions.close());
        let longest = services.values().map(|service| service.exposure.limits.timeout).max();
        longest.unwrap_or_default().clamp(SHORTEST, LONGEST)
    }
}
