//! Waiting for what comes.

use std::fmt::Display;
use std::time::{Duration, Instant};

/// A failure, not a measure: nothing that is waited for takes a fraction of it on a machine that has other work.
const PATIENCE: Duration = Duration::from_secs(120);

/// Between two looks, at first and later: each may be a login.
const PAUSES: [Duration; 2] = [Duration::from_millis(10), Duration::from_millis(100)];

/// Waits until it holds; `what` it is that was not so in time.
pub(crate) fn until(what: impl Display, mut holds: impl FnMut() -> bool) {
    until_some(what, || holds().then_some(()));
}

/// Waits until there is one, and returns it.
pub(crate) fn until_some<T>(what: impl Display, mut look: impl FnMut() -> Option<T>) -> T {
    let (begun, [mut pause, longest]) = (Instant::now(), PAUSES);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
        std::thread::sleep(pause);
        pause = longest.min(pause * 3 / 2);
    }
}

/// The same as [`until`] for a test within a runtime.
pub(crate) async fn until_async(what: impl Display, mut holds: impl AsyncFnMut() -> bool) {
    let (begun, [mut pause, longest]) = (Instant::now(), PAUSES);
    while !holds().await {
        assert!(begun.elapsed() < PATIENCE, "never: {what}");
        tokio::time::sleep(pause).await;
        pause = longest.min(pause * 3 / 2);
    }
}
