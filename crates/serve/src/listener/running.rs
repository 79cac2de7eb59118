//! Requests in progress.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

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

    /// Begins the end of the process.
    pub(super) fn drain(&self) {
        self.is_draining.store(true, Ordering::Release);
    }

    /// Returns the number of requests in progress.
    pub(super) fn number(&self) -> usize {
        self.number.load(Ordering::Acquire)
    }

    /// Returns the number of requests that were cancelled.
    pub(super) fn cut(&self) -> usize {
        self.cut.load(Ordering::Acquire)
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
