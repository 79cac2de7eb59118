//! Reload of the manifest that SIGHUP requests, in a run that serves and can do so.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// `true` if the run reloads its manifest. Signals concern the whole process, and so does this.
static RELOADS: AtomicBool = AtomicBool::new(false);

static REQUESTED: Notify = Notify::const_new();

/// Declares that this run reloads its manifest from now on, instead of ending at SIGHUP.
pub fn accept() {
    RELOADS.store(true, Ordering::SeqCst);
}

/// Requests a reload; returns `false` if the run cannot do that.
pub fn request() -> bool {
    let reloads = RELOADS.load(Ordering::SeqCst);
    if reloads {
        REQUESTED.notify_one();
    }
    reloads
}

/// Waits for a request. Requests that arrive meanwhile count as one.
pub async fn requested() {
    REQUESTED.notified().await;
}
