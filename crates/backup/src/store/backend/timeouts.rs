//! Timeouts of requests to object storage.

use std::time::Duration;

/// Timeouts for a server that does not answer.
#[derive(Debug, Clone, Copy)]
pub struct RequestTimeouts {
    /// Timeout of one request: 8 MiB there or back.
    pub request: Duration,
    pub retries: usize,
    /// Time after which no request is repeated.
    pub altogether: Duration,
}

impl Default for RequestTimeouts {
    fn default() -> RequestTimeouts {
        RequestTimeouts { request: Duration::from_secs(60), retries: 6, altogether: Duration::from_secs(100) }
    }
}
