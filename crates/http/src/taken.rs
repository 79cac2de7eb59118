//! Progress of a client that is sent the answers of HTTP/2. Each has a window of its own, so that one may rest while others go on: the
//! bytes of each are followed until the connection has sent them, and an answer without progress is reset, not its connection.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use axum::Error;
use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};
use hyper::rt::Executor;
use tokio::time::{Instant, sleep_until};

use super::requests::OpenRequest;

/// Most bytes of a part: those of a frame, and the fewest that a client takes in the time.
const PART_BYTES: usize = 16 << 10;

tokio::task_local! {
    /// Bytes of the answer that the task sends.
    static TAKEN: Arc<TakenBytes>;
}

/// Runs the requests of a connection, each as a task, until they end or their client makes no progress.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestExecutor(pub Duration);

impl<F: Future<Output: Send> + Send + 'static> Executor<F> for RequestExecutor {
    fn execute(&self, request: F) {
        let (taken, limit) = (Arc::new(TakenBytes::default()), self.0);
        tokio::spawn(async move {
            tokio::select! {
                _ = TAKEN.scope(taken.clone(), request) => {}
                () = taken.stalled(limit) => {}
            }
        });
    }
}

/// Bytes of an answer that the client has not taken yet.
#[derive(Debug, Default)]
struct TakenBytes(Mutex<UntakenBytes>);

#[derive(Debug, Default)]
struct UntakenBytes {
    bytes: usize,
    /// Last progress, and the waker of the task that waits for all.
    since: Option<Instant>,
    waker: Option<Waker>,
}

impl TakenBytes {
    fn state(&self) -> MutexGuard<'_, UntakenBytes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until bytes have been there for a time without progress.
    async fn stalled(&self, limit: Duration) {
        loop {
            let now = Instant::now();
            let since = Some(&*self.state()).filter(|state| state.bytes > 0).and_then(|state| state.since);
            let end = since.unwrap_or(now) + limit;
            if end <= now {
                return;
            }
            sleep_until(end).await;
        }
    }

    /// Follows bytes until they are dropped.
    fn follow(self: &Arc<Self>, bytes: Bytes) -> Bytes {
        let mut state = self.state();
        if state.bytes == 0 {
            state.since = Some(Instant::now());
        }
        state.bytes += bytes.len();
        drop(state);
        Bytes::from_owner(UntakenPart { bytes, taken: self.clone() })
    }

    fn poll_all(&self, context: &Context<'_>) -> Poll<()> {
        let mut state = self.state();
        if state.bytes == 0 {
            return Poll::Ready(());
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

struct UntakenPart {
    bytes: Bytes,
    taken: Arc<TakenBytes>,
}

impl AsRef<[u8]> for UntakenPart {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for UntakenPart {
    fn drop(&mut self) {
        let mut state = self.taken.state();
        state.bytes -= self.bytes.len();
        state.since = Some(Instant::now());
        if state.bytes == 0 {
            state.waker.take().inspect(Waker::wake_by_ref);
        }
    }
}

/// The body of an answer, which ends only when the client has taken all of it: until then its task can reset it.
pub(crate) struct TakenBody {
    body: Body,
    /// Rest of the part that the body gave last.
    rest: Bytes,
    is_over: bool,
    taken: Arc<TakenBytes>,
    request: OpenRequest,
}

impl TakenBody {
    /// Wraps the body of an answer in the task of its request.
    pub(crate) fn wrap(body: Body, mut request: OpenRequest) -> Body {
        if body.is_end_stream() {
            request.end();
            return body;
        }
        let taken = TAKEN.try_with(Arc::clone).unwrap_or_default();
        Body::new(TakenBody { body, rest: Bytes::new(), is_over: false, taken, request })
    }
}

impl HttpBody for TakenBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        while self.rest.is_empty() && !self.is_over {
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => self.rest = frame.into_data().unwrap_or_default(),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => self.is_over = true,
            }
        }
        if self.rest.is_empty() {
            ready!(self.taken.poll_all(context));
            self.request.end();
            return Poll::Ready(None);
        }
        let length = self.rest.len().min(PART_BYTES);
        let part = self.rest.split_to(length);
        Poll::Ready(Some(Ok(Frame::data(self.taken.follow(part)))))
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requests::ConnectionRequests;
    use std::future::poll_fn;
    use tokio::time::{sleep, timeout};

    const MOMENT: Duration = Duration::from_millis(30);

    #[tokio::test]
    async fn an_answer_ends_when_all_of_it_is_taken_and_is_reset_where_nothing_is() {
        let requests = ConnectionRequests::default();
        let ended = Arc::new(tokio::sync::Notify::new());
        for takes in [true, false] {
            let (request, told) = (requests.begin(), ended.clone());
            RequestExecutor(MOMENT).execute(async move {
                let mut body = TakenBody::wrap(Body::from(vec![7; PART_BYTES + 1]), request);
                assert_eq!(body.size_hint().exact(), Some(PART_BYTES as u64 + 1));
                let mut next = async || poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await;
                let parts =
                    [next().await, next().await].map(|part| part.unwrap().unwrap().into_data().unwrap());
                assert_eq!(parts.each_ref().map(Bytes::len), [PART_BYTES, 1]);
                let [first, second] = parts;
                if takes {
                    // Slowly, yet with progress.
                    sleep(MOMENT * 2 / 3).await;
                    drop(first);
                    sleep(MOMENT * 2 / 3).await;
                    drop(second);
                    assert!(next().await.is_none());
                    told.notify_one();
                } else {
                    let _kept = (first, second, next().await);
                    unreachable!("it never ends");
                }
            });
            if takes {
                timeout(20 * MOMENT, ended.notified()).await.unwrap();
            }
        }
        timeout(20 * MOMENT, requests.idle(Duration::ZERO)).await.unwrap();
    }

    #[tokio::test]
    async fn an_answer_that_is_being_made_has_time() {
        let ended = Arc::new(tokio::sync::Notify::new());
        let told = ended.clone();
        RequestExecutor(MOMENT).execute(async move {
            sleep(3 * MOMENT).await;
            told.notify_one();
        });
        timeout(20 * MOMENT, ended.notified()).await.unwrap();
    }
}
