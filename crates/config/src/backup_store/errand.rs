//! Long work on files, off the threads that answer signals: it ends soon after the run has lost interest in it.

use std::future::Future;
use std::io;
use std::sync::OnceLock;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::watch;

use martydb_model::error::{Error, Kind, Result};

/// The other end of a run that waits; work asks it between two pieces whether it still does.
#[derive(Clone)]
pub struct Errand(watch::Receiver<()>);

impl Errand {
    /// Does `work` on a thread of its own. Where this future is dropped, the work ends at its next question.
    ///
    /// # Errors
    /// What the work says.
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

    /// The same between reads and writes.
    pub fn check_io(&self) -> io::Result<()> {
        self.check().map_err(io::Error::other)
    }

    /// Waits for an answer from a network.
    pub fn wait<T>(&self, future: impl Future<Output = T>) -> Result<T> {
        let mut watched = self.0.clone();
        network().block_on(async {
            tokio::select! {
                done = future => Ok(done),
                // Nothing is ever sent: this is the end of the run.
                _ = watched.changed() => Err(abandoned()),
            }
        })
    }
}

/// Cleans up after something that failed; what takes longer than `limit` stays.
pub fn soon(limit: Duration, cleaning: impl Future<Output = ()>) {
    let _late = network().block_on(async { tokio::time::timeout(limit, cleaning).await });
}

/// Where requests run: apart from the run's own threads, which may be gone when an interrupted upload is taken back.
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
