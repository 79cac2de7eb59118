//! Progress of a client that is sent an answer. One that reads nothing, or hardly anything, would keep its connection, and the
//! answer in memory, for ever.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

/// Fewest bytes that a client takes in the time: less than any network has.
const FEWEST_BYTES: usize = 16 << 10;

/// Progress of the writes of a connection. Only the time counts in which the client takes nothing.
pub(crate) struct WriteProgress {
    limit: Duration,
    /// Bytes that were taken, and the time that was waited, since there was progress.
    bytes: usize,
    waited: Duration,
    /// Beginning of the wait, and its end.
    waits: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl WriteProgress {
    pub(crate) fn new(limit: Duration) -> WriteProgress {
        WriteProgress { limit, bytes: 0, waited: Duration::ZERO, waits: None }
    }

    /// Returns the result of a write, or an error if the client has taken too little for too long.
    pub(crate) fn check<T>(
        &mut self,
        context: &mut Context<'_>,
        result: Poll<io::Result<T>>,
        bytes: impl FnOnce(&T) -> usize,
    ) -> Poll<io::Result<T>> {
        match &result {
            Poll::Ready(Ok(done)) => self.moved(bytes(done)),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => {
                let left = self.limit.saturating_sub(self.waited);
                let (_, end) = self.waits.get_or_insert_with(|| (Instant::now(), Box::pin(sleep(left))));
                if end.as_mut().poll(context).is_ready() {
                    return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
                }
            }
        }
        result
    }

    fn moved(&mut self, bytes: usize) {
        let Some((since, _)) = self.waits.take() else {
            // The usual case: nothing was ever waited for.
            if self.waited > Duration::ZERO {
                self.add(bytes);
            }
            return;
        };
        self.waited += since.elapsed();
        self.add(bytes);
    }

    fn add(&mut self, bytes: usize) {
        self.bytes += bytes;
        if self.bytes >= FEWEST_BYTES {
            (self.bytes, self.waited) = (0, Duration::ZERO);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;

    async fn step(progress: &mut WriteProgress, bytes: Option<usize>) -> Result<(), io::ErrorKind> {
        let result = |bytes: Option<usize>| bytes.map_or(Poll::Pending, |bytes| Poll::Ready(Ok(bytes)));
        poll_fn(|context| match progress.check(context, result(bytes), |bytes| *bytes) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error.kind())),
            _ => Poll::Ready(Ok(())),
        })
        .await
    }

    /// Waits and takes, in turn, and returns the number of turns before the end.
    async fn turns(limit: Duration, bytes: usize) -> usize {
        let mut progress = WriteProgress::new(limit);
        for turn in 0..6 {
            for _ in 0..2 {
                if step(&mut progress, None).await.is_err() {
                    return turn;
                }
                sleep(limit / 5).await;
            }
            step(&mut progress, Some(bytes)).await.unwrap();
        }
        6
    }

    #[tokio::test]
    async fn a_client_that_takes_nothing_or_a_byte_at_a_time_is_ended_and_one_that_rests_is_not() {
        let limit = Duration::from_millis(50);
        assert!(turns(limit, 0).await < 4 && turns(limit, 1).await < 4);
        assert_eq!(turns(limit, FEWEST_BYTES).await, 6);
        let mut progress = WriteProgress::new(limit);
        for _ in 0..2 {
            sleep(2 * limit).await;
            assert_eq!(step(&mut progress, Some(1)).await, Ok(()), "a connection without requests");
        }
    }
}
