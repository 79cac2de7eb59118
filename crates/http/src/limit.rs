//! Limit on the connections of a listener: without one, those that send nothing would take every descriptor. What is read passes
//! the filter of targets.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::targets::TargetFilter;

/// Acceptor that closes a connection at once while there are too many others.
#[derive(Clone)]
pub(crate) struct LimitedAcceptor<A> {
    inner: A,
    free: Arc<Semaphore>,
}

impl<A> LimitedAcceptor<A> {
    pub(crate) fn new(inner: A, connections: usize) -> LimitedAcceptor<A> {
        LimitedAcceptor { inner, free: Arc::new(Semaphore::new(connections)) }
    }
}

impl<A, I, S> Accept<I, S> for LimitedAcceptor<A>
where
    A: Accept<I, S>,
    A::Future: Send + 'static,
{
    type Stream = CountedStream<A::Stream>;
    type Service = A::Service;
    type Future = Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let permit = self.free.clone().try_acquire_owned();
        let accepted = permit.map(|permit| (permit, self.inner.accept(stream, service)));
        Box::pin(async move {
            let (permit, accepted) = accepted.map_err(|_| io::Error::other("too many connections"))?;
            let (stream, service) = accepted.await?;
            let (targets, ahead) = (TargetFilter::new(), VecDeque::new());
            Ok((CountedStream { stream, targets, ahead, _permit: permit }, service))
        })
    }
}

/// A connection that counts until it is closed.
pub(crate) struct CountedStream<S> {
    stream: S,
    targets: TargetFilter,
    /// Bytes that the server has not read yet.
    ahead: VecDeque<u8>,
    _permit: OwnedSemaphorePermit,
}

impl<S: AsyncRead + Unpin> AsyncRead for CountedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.ahead.is_empty() {
            let before = buffer.filled().len();
            std::task::ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
            let Some(encoded) = self.targets.filtered(&buffer.filled()[before..]) else {
                return Poll::Ready(Ok(()));
            };
            buffer.set_filled(before);
            self.ahead.extend(encoded);
        }
        let next = self.ahead.len().min(buffer.remaining());
        let next: Vec<u8> = self.ahead.drain(..next).collect();
        buffer.put_slice(&next);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for CountedStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, data)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
