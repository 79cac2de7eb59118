//! Long work on files, off the threads that handle signals. It ends soon after the run no longer waits for it.

use std::io;

use tokio::sync::watch;

use martydb_model::error::{Error, Kind, Result};

/// Handle of the run that waits; work checks between two pieces whether it still does.
#[derive(Clone)]
pub(crate) struct BlockingTask(pub(super) watch::Receiver<()>);

impl BlockingTask {
    /// Runs `work` on a thread of its own. If this future is dropped, the work ends at its next check.
    ///
    /// # Errors
    /// Those of `work`.
    pub(crate) async fn run<T: Send + 'static>(
        work: impl FnOnce(&BlockingTask) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (waiting, watched) = watch::channel(());
        let task = BlockingTask(watched);
        let done = tokio::task::spawn_blocking(move || work(&task)).await;
        drop(waiting);
        done.unwrap_or_else(|error| match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(abandoned()),
        })
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.0.has_changed().is_err() { Err(abandoned()) } else { Ok(()) }
    }

    /// As [`BlockingTask::check`], between reads and writes.
    pub(crate) fn check_io(&self) -> io::Result<()> {
        self.check().map_err(io::Error::other)
    }
}

/// Returns the error of work whose run no longer waits for it.
pub(crate) fn abandoned() -> Error {
    Error::new(Kind::Interrupted, "interrupted while a backup was read or written")
}
