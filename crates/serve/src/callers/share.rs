//! Share of a caller in its service: connections with the database, and answers that are read while they are sent. A caller that takes
//! all of them would leave none to the others.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::error::{HttpError, HttpResult, NO_CONNECTION};

/// Share of a caller.
#[derive(Debug, Clone)]
pub struct CallerShare {
    /// `None` for all of the pool.
    connections: Option<Arc<Semaphore>>,
    streams: Arc<Semaphore>,
}

/// Two callers are the same whatever they use at the time.
impl PartialEq for CallerShare {
    fn eq(&self, _: &CallerShare) -> bool {
        true
    }
}

impl Eq for CallerShare {}

impl Default for CallerShare {
    fn default() -> CallerShare {
        CallerShare { connections: None, streams: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)) }
    }
}

impl CallerShare {
    /// Returns the share of a caller in a pool: all of it but one connection, if there are other callers. Half of the pool serves
    /// streams at most.
    pub fn new(pool: usize, streams: usize, is_alone: bool) -> CallerShare {
        let connections = (!is_alone).then(|| Arc::new(Semaphore::new(pool.saturating_sub(1).max(1))));
        CallerShare { connections, streams: Arc::new(Semaphore::new(streams.min(streams_of(pool)))) }
    }

    /// Takes a place for a connection, for which it waits as for one of the pool.
    pub(crate) async fn connection(&self, wait: Duration) -> HttpResult<Option<OwnedSemaphorePermit>> {
        let Some(all) = &self.connections else { return Ok(None) };
        if let Ok(permit) = all.clone().try_acquire_owned() {
            return Ok(Some(permit));
        }
        let permit = timeout(wait, all.clone().acquire_owned()).await;
        permit.ok().and_then(Result::ok).map(Some).ok_or_else(|| {
            let message = "the caller uses all connections that one caller may use";
            HttpError::new(504, NO_CONNECTION, message)
        })
    }

    /// Takes a place for a stream.
    pub(crate) fn stream(&self) -> Option<OwnedSemaphorePermit> {
        self.streams.clone().try_acquire_owned().ok()
    }
}

/// Returns the streams that a pool serves at a time.
pub(crate) fn streams_of(pool: usize) -> usize {
    (pool / 2).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_caller_leaves_a_connection_to_the_others_and_half_of_the_pool_to_what_is_no_stream() {
        for (pool, streams, is_alone, expected) in [
            (10, 4, false, (Some(9), 4)),
            (10, 40, false, (Some(9), 5)),
            (10, 4, true, (None, 4)),
            (1, 4, false, (Some(1), 1)),
        ] {
            let share = CallerShare::new(pool, streams, is_alone);
            let connections = share.connections.as_ref().map(|all| all.available_permits());
            let found = (connections, share.streams.available_permits());
            assert_eq!(found, expected, "{pool} {streams} {is_alone}");
        }
        let share = CallerShare::new(2, 1, false);
        let held = share.connection(Duration::ZERO).await.unwrap();
        let refused = share.connection(Duration::from_millis(1)).await.unwrap_err();
        assert_eq!((refused.status, refused.code.as_str()), (504, NO_CONNECTION));
        drop(held);
        assert!(share.connection(Duration::ZERO).await.is_ok());
    }
}
