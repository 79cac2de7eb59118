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
    use crate::generated::Choices;

    /// Places that a request holds: in the pool, its caller's, and those of a stream.
    type Held = [Option<OwnedSemaphorePermit>; 4];

    /// Begins a request of a caller, as the runner does; `None` where it is refused.
    async fn begun(share: &CallerShare, all: [&Arc<Semaphore>; 2], is_stream: bool) -> Option<Held> {
        let [pool, streams] = all;
        let stream = match is_stream {
            true => [Some(share.stream()?), Some(streams.clone().try_acquire_owned().ok()?)],
            false => [None, None],
        };
        let own = share.connection(Duration::ZERO).await.ok()?;
        let connection = pool.clone().try_acquire_owned().ok()?;
        let [one, other] = stream;
        Some([Some(connection), own, one, other])
    }

    #[tokio::test]
    async fn whatever_one_caller_begins_another_has_a_connection_and_half_of_the_pool_is_no_stream() {
        for seed in 0..300 {
            let mut choices = Choices::new(seed);
            let (pool, streams) = (1 + choices.up_to(11), choices.up_to(12));
            let all = [Arc::new(Semaphore::new(pool)), Arc::new(Semaphore::new(streams_of(pool)))];
            let all = [&all[0], &all[1]];
            let shares = [(); 2].map(|()| CallerShare::new(pool, streams, false));
            let mut held: Vec<Held> = vec![];
            for _ in 0..60 {
                if choices.happens(4) && !held.is_empty() {
                    held.swap_remove(choices.below(held.len()));
                } else {
                    held.extend(begun(&shares[0], all, choices.happens(2)).await);
                }
                let streaming = held.iter().filter(|one| one[2].is_some()).count();
                assert!(streaming <= streams.min(streams_of(pool)), "{seed}: {streaming} of {pool}");
                assert!(begun(&shares[1], all, false).await.is_some(), "{seed}: {} of {pool}", held.len());
            }
        }
    }

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
