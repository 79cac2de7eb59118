//! Bytes forwarded unchanged from one connection to another.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use bytes::{Buf, BytesMut};
use postgres_protocol::message::backend::Message;
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};

use super::{Wire, exchange_some, lost, next, speaking};
use crate::wire::outcome::ConnectionFailure;

/// Read size, in bytes.
const PIECE: usize = 256 << 10;

impl Wire {
    /// Returns the received bytes that have not been consumed yet.
    pub(crate) fn arrived(&self) -> &[u8] {
        &self.inbox
    }

    /// Consumes the first bytes of the received data.
    pub(crate) fn forget(&mut self, bytes: usize) {
        self.inbox.advance(bytes);
    }

    /// Waits for more data.
    pub(crate) async fn fill(&mut self) -> Result<(), ConnectionFailure> {
        self.inbox.reserve(PIECE);
        if self.stream.read_buf(&mut self.inbox).await.map_err(lost)? == 0 {
            return Err(speaking("the server closed the connection unexpectedly".into()));
        }
        Ok(())
    }

    /// Forwards the first bytes received from another connection. Messages of the receiver are read meanwhile.
    pub(crate) async fn forward(&mut self, from: &mut Wire, bytes: usize) -> Result<(), ConnectionFailure> {
        let mut left: BytesMut = from.inbox.split_to(bytes);
        while !left.is_empty() {
            let (stream, inbox) = (&mut self.stream, &mut self.inbox);
            poll_fn(|context| exchange_some(stream, &mut left, inbox, context)).await.map_err(lost)?;
        }
        self.take_in().await
    }

    /// Reads what has arrived, without waiting.
    async fn take_in(&mut self) -> Result<(), ConnectionFailure> {
        let (stream, inbox) = (&mut self.stream, &mut self.inbox);
        let closed = poll_fn(|context| {
            let mut bytes = [0; 4096];
            let mut buffer = ReadBuf::new(&mut bytes);
            Poll::Ready(match Pin::new(&mut *stream).poll_read(context, &mut buffer) {
                Poll::Pending => Ok(false),
                Poll::Ready(Ok(())) => {
                    inbox.extend_from_slice(buffer.filled());
                    Ok(buffer.filled().is_empty())
                }
                Poll::Ready(Err(error)) => Err(error),
            })
        });
        match closed.await.map_err(lost)? {
            true if self.inbox.is_empty() => {
                Err(speaking("the server closed the connection unexpectedly".into()))
            }
            _ => Ok(()),
        }
    }

    /// Returns the next complete message that has arrived.
    pub(crate) fn at_hand(&mut self) -> Result<Option<Message>, ConnectionFailure> {
        next(&mut self.inbox, self.largest)
    }
}
