//! Bodies: of requests, which have to arrive, and of answers, which have to be taken.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use futures_util::StreamExt;
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, timeout_at};

use crate::error::{HttpError, HttpResult};
use crate::guard::{BytesInFlight, SMALL};

/// Fewest bytes of a body that arrive in the time limit.
const FEWEST_BYTES: usize = 16 << 10;

/// Reads a body of a request within its limits.
pub(super) async fn received(
    body: Body,
    most: usize,
    progress: Duration,
    in_flight: &Arc<BytesInFlight>,
) -> HttpResult<String> {
    if body.is_end_stream() {
        return Ok(String::new());
    }
    let (mut parts, mut all, mut held) = (body.into_data_stream(), vec![], in_flight.hold(0));
    let (mut end, mut arrived) = (Instant::now() + progress, 0);
    loop {
        let part = timeout_at(end, parts.next()).await;
        let part = part.map_err(|_| HttpError::new(408, "MDB009", "the body did not arrive in time"))?;
        let Some(part) = part else { break };
        let part = part.map_err(|_| HttpError::invalid_body("the body ended too early"))?;
        if all.len() + part.len() > most {
            return Err(HttpError::new(413, "MDB009", format!("the body has more than {most} bytes")));
        }
        held.grow(part.len())?;
        all.extend_from_slice(&part);
        arrived += part.len();
        if arrived >= FEWEST_BYTES {
            (end, arrived) = (Instant::now() + progress, 0);
        }
    }
    String::from_utf8(all).map_err(|_| HttpError::invalid_body("the body is not UTF-8"))
}

/// Returns the body of an answer, whose bytes count until the client has taken them.
pub(super) fn counted(body: Vec<u8>, in_flight: &Arc<BytesInFlight>) -> Body {
    if body.len() < SMALL {
        return Body::from(body);
    }
    Body::new(CountedBody(in_flight.follow(body)))
}

/// A body in parts: what the connection copies for its next write is then bounded.
struct CountedBody(Bytes);

/// Most bytes of a part.
const PART_BYTES: usize = 64 << 10;

impl HttpBody for CountedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let length = self.0.len().min(PART_BYTES);
        Poll::Ready((length > 0).then(|| Ok(Frame::data(self.0.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;

    #[tokio::test]
    async fn an_answer_counts_until_its_last_part_is_taken_and_a_small_one_does_not() {
        let in_flight = Arc::new(BytesInFlight::default());
        let small = counted(vec![0; SMALL - 1], &in_flight);
        let body = counted(vec![7; 3 * PART_BYTES + 1], &in_flight);
        assert_eq!(in_flight.bytes(), 3 * PART_BYTES + 1);
        assert_eq!(body.size_hint().exact(), Some(3 * PART_BYTES as u64 + 1));
        let taken: Vec<Bytes> = body.into_data_stream().map(Result::unwrap).collect().await;
        assert_eq!(taken.iter().map(Bytes::len).collect::<Vec<_>>(), [PART_BYTES, PART_BYTES, PART_BYTES, 1]);
        assert_eq!(in_flight.bytes(), 3 * PART_BYTES + 1);
        drop((taken, small));
        assert_eq!(in_flight.bytes(), 0);
    }

    #[tokio::test]
    async fn a_body_of_a_request_has_to_arrive_within_its_limits() {
        let of = |parts: Vec<&'static str>| {
            Body::from_stream(stream::iter(parts.into_iter().map(Ok::<_, Infallible>)))
        };
        let (second, in_flight) = (Duration::from_secs(1), Arc::new(BytesInFlight::new(6)));
        assert_eq!(received(of(vec!["ab", "cd"]), 4, second, &in_flight).await.unwrap(), "abcd");
        assert_eq!(received(of(vec!["ab", "cde"]), 4, second, &in_flight).await.unwrap_err().status, 413);
        let others = in_flight.hold(5);
        assert_eq!(received(of(vec!["ab", "cd"]), 4, second, &in_flight).await.unwrap_err().code, "MDB016");
        drop(others);
        let silent = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
        let late = received(silent, 4, Duration::from_millis(1), &in_flight).await.unwrap_err();
        assert_eq!((late.status, in_flight.bytes()), (408, 0));
    }
}
