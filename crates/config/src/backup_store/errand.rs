//! Long work on files, off the threads that handle signals. It ends soon after the run no longer waits for it.

use std::future::Future;
use std::io;
use std::sync::OnceLock;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::watch;

use martydb_model::error::{Error, Kind, Result};

/// Handle of the run that waits; work checks between two pieces whether it still does.
#[derive(Clone)]
pub struct Errand(watch::Receiver<()>);

impl Errand {
    /// Runs `work` on a thread of its own. If this future is dropped, the work ends at its next check.
    ///
    /// # Errors
    /// Those of `work`.
    pub async fn run<T: Send + 'static>(
        work: impl FnOnce(&Errand) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (waiting, watched) = watch::channel(());
        let errand = Errand(watched);
        let done = tokio::task::spawn_blocking(move || work(&errand)).await;
        drop(waiting);
        done.unwrap_or_else(|error| match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(abandoned()),
        })
    }

    pub fn check(&self) -> Result<()> {
        if self.0.has_changed().is_err() { Err(abandoned()) } else { Ok(()) }
    }

    /// As [`Errand::check`], between reads and writes.
    pub fn check_io(&self) -> io::Result<()> {
        self.check().map_err(io::Error::other)
    }

    /// Waits for a response from a network.
    pub fn wait<T>(&self, future: impl Future<Output = T>) -> Result<T> {
        let mut watched = self.0.clone();
        network().block_on(async {
            tokio::select! {
                done = future => Ok(done),
                // Nothing is ever sent: a change is the end of the run.
                _ = watched.changed() => Err(abandoned()),
            }
        })
    }
}

/// Cleans up after a failure; what takes longer than `limit` is left.
pub fn soon(limit: Duration, cleaning: impl Future<Output = ()>) {
    let _late = network().block_on(async { tokio::time::timeout(limit, cleaning).await });
}

/// Returns the runtime of requests. It is not the run's own, which may be gone when an interrupted upload is undone.
fn network() -> &'static Runtime {
    static NETWORK: OnceLock<Runtime> = OnceLock::new();
    NETWORK.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        runtime.expect("a thread, as the run itself has some")
    })
}

fn abandoned() -> Error {
    Error::new(Kind::Interrupted, "interrupted while a backup was read or written")
}
