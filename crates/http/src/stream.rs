//! Bytes of a connection: targets as people type them, and an end for a client that takes nothing.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::frames::FrameFilter;
use super::progress::WriteProgress;
use super::targets::TargetFilter;

/// Filter of the targets in what a client sends.
#[derive(Debug)]
pub(crate) enum StreamFilter {
    Lines(TargetFilter),
    Frames(FrameFilter),
}

impl StreamFilter {
    /// Returns the bytes that the server reads in place of these, where they differ.
    fn filtered(&mut self, chunk: &[u8]) -> Option<Vec<u8>> {
        match self {
            StreamFilter::Lines(lines) => lines.filtered(chunk),
            StreamFilter::Frames(frames) => Some(frames.filtered(chunk)).filter(|read| read != chunk),
        }
    }
}

/// A connection that ends if its client takes nothing.
pub(crate) struct LimitedStream<S> {
    stream: S,
    filter: StreamFilter,
    /// Bytes that the server has not read yet.
    ahead: VecDeque<u8>,
    progress: WriteProgress,
}

impl<S> LimitedStream<S> {
    pub(crate) fn new(stream: S, filter: StreamFilter, progress: Duration) -> LimitedStream<S> {
        LimitedStream { stream, filter, ahead: VecDeque::new(), progress: WriteProgress::new(progress) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for LimitedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // A filter may hold bytes back, and an empty read would be the end.
        while self.ahead.is_empty() {
            let before = buffer.filled().len();
            ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
            let Some(encoded) = self.filter.filtered(&buffer.filled()[before..]) else {
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

impl<S: AsyncWrite + Unpin> AsyncWrite for LimitedStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, data);
        self.progress.check(context, written, |bytes| *bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.progress.check(context, flushed, |()| 0)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let closed = Pin::new(&mut self.stream).poll_shutdown(context);
        self.progress.check(context, closed, |()| 0)
    }
}
