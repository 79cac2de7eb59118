//! Requests to object storage, from threads that do blocking work.

use std::future::Future;
use std::sync::OnceLock;
use std::time::Duration;

use tokio::runtime::Runtime;

use crate::store::blocking_task::{BlockingTask, abandoned};
use martydb_model::error::Result;

impl BlockingTask {
    /// Waits for a response from a network.
    pub(crate) fn wait<T>(&self, future: impl Future<Output = T>) -> Result<T> {
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
pub(crate) fn soon(limit: Duration, cleaning: impl Future<Output = ()>) {
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
