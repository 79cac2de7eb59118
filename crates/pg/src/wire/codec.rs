//! Messages over one connection. The codec crate parses them; this module adds a limit on their size, which an
//! unknown server makes necessary: eight bytes of garbage must not claim gigabytes.
//!
//! <https://www.postgresql.org/docs/current/protocol-message-formats.html>

mod forward;

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use postgres_protocol::message::backend::{Header, Message};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

use super::outcome::{ConnectionFailure, Stage};

/// Size limit of a message during a login, and of a row that a probe reads, in bytes.
pub(crate) const LOGIN_MESSAGE: usize = 1 << 20;

/// Tag of CopyBothResponse.
const BOTH_WAYS: u8 = b'W';

/// A message of a streaming session.
pub(crate) enum WireFrame {
    /// Start of the stream: from here on both sides send data.
    BothWays,
    Message(Message),
}

/// Number of bytes before a message's length.
const TAG: usize = 1;

/// Time for the server to end its process after the client's Terminate.
const GOODBYE: Duration = Duration::from_secs(2);

pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send + Sync {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + Sync> Stream for T {}

pub(crate) struct Wire {
    stream: Box<dyn Stream>,
    inbox: BytesMut,
    outbox: BytesMut,
    /// Size limit of a message, in bytes.
    largest: usize,
}

impl Wire {
    pub(crate) fn new(stream: Box<dyn Stream>) -> Self {
        let (inbox, outbox) = (BytesMut::with_capacity(8192), BytesMut::with_capacity(256));
        Wire { stream, inbox, outbox, largest: LOGIN_MESSAGE }
    }

    /// Returns `true` if nothing that the server sent is unread.
    pub(crate) fn is_read(&self) -> bool {
        self.inbox.is_empty()
    }

    /// Returns the stream, for a driver that speaks on it from now on.
    pub(crate) fn into_stream(self) -> Box<dyn Stream> {
        self.stream
    }

    pub(crate) fn accept_up_to(&mut self, bytes: usize) {
        self.largest = bytes;
    }

    pub(crate) async fn send(
        &mut self,
        build: impl FnOnce(&mut BytesMut) -> io::Result<()>,
    ) -> Result<(), ConnectionFailure> {
        self.outbox.clear();
        build(&mut self.outbox).map_err(|error| speaking(format!("cannot encode the message: {error}")))?;
        self.stream.write_all(&self.outbox).await.map_err(lost)?;
        self.stream.flush().await.map_err(lost)
    }

    /// Like [`send`](Self::send), for more than the socket buffers may hold: it receives meanwhile, so that a server
    /// waiting for its answers to be read cannot deadlock with us.
    pub(crate) async fn send_while_receiving(
        &mut self,
        build: impl FnOnce(&mut BytesMut) -> io::Result<()>,
    ) -> Result<(), ConnectionFailure> {
        self.outbox.clear();
        build(&mut self.outbox).map_err(|error| speaking(format!("cannot encode the message: {error}")))?;
        let limit = self.inbox.len() + self.largest;
        while !self.outbox.is_empty() {
            let (stream, outbox, inbox) = (&mut self.stream, &mut self.outbox, &mut self.inbox);
            poll_fn(|context| exchange_some(stream, outbox, inbox, context)).await.map_err(lost)?;
            if self.inbox.len() > limit {
                return Err(speaking(format!(
                    "the server sent more than {} MiB unasked",
                    self.largest >> 20
                )));
            }
        }
        self.stream.flush().await.map_err(lost)
    }

    /// Waits for the next message.
    ///
    /// # Errors
    /// If the connection ends, or the data is not PostgreSQL's protocol.
    pub(crate) async fn receive(&mut self) -> Result<Message, ConnectionFailure> {
        self.receive_counted().await.map(|(message, _)| message)
    }

    /// Like [`receive`](Self::receive), with the message's length in bytes.
    pub(crate) async fn receive_counted(&mut self) -> Result<(Message, usize), ConnectionFailure> {
        loop {
            let before = self.inbox.len();
            if let Some(message) = next(&mut self.inbox, self.largest)? {
                return Ok((message, before - self.inbox.len()));
            }
            make_room(&mut self.inbox);
            if self.stream.read_buf(&mut self.inbox).await.map_err(lost)? == 0 {
                return Err(speaking("the server closed the connection unexpectedly".into()));
            }
        }
    }

    /// Like [`receive`](Self::receive) for a streaming session: the codec crate does not know CopyBothResponse.
    pub(crate) async fn receive_frame(&mut self) -> Result<WireFrame, ConnectionFailure> {
        loop {
            if let Some(frame) = next_frame(&mut self.inbox, self.largest)? {
                return Ok(frame);
            }
            make_room(&mut self.inbox);
            if self.stream.read_buf(&mut self.inbox).await.map_err(lost)? == 0 {
                return Err(speaking("the server closed the connection unexpectedly".into()));
            }
        }
    }

    /// Sends Terminate without waiting for the server to close the connection.
    #[crate::boxed]
    pub async fn terminate(&mut self) {
        let sent = self.send(|out| {
            postgres_protocol::message::frontend::terminate(out);
            Ok(())
        });
        // After rejecting a login the server may have closed it first, which is fine.
        let _hung_up = sent.await;
    }

    /// Sends Terminate and waits for the server to close the connection. It does so when its process ends; afterwards
    /// the connection no longer counts against the role's or the server's limit.
    #[crate::boxed]
    pub async fn close(mut self) {
        let goodbye = async {
            self.terminate().await;
            self.inbox.clear();
            while matches!(self.stream.read_buf(&mut self.inbox).await, Ok(1..)) {
                self.inbox.clear();
            }
        };
        let _gave_up_waiting = tokio::time::timeout(GOODBYE, goodbye).await;
    }
}

/// Writes some of `outbox`, or else reads the data that has arrived.
fn exchange_some(
    stream: &mut Box<dyn Stream>,
    outbox: &mut BytesMut,
    inbox: &mut BytesMut,
    context: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    if let Poll::Ready(written) = Pin::new(&mut *stream).poll_write(context, outbox) {
        return Poll::Ready(written.map(|bytes| outbox.advance(bytes)));
    }
    let mut bytes = [0; 8192];
    let mut buffer = ReadBuf::new(&mut bytes);
    match Pin::new(stream).poll_read(context, &mut buffer) {
        Poll::Ready(Ok(())) if buffer.filled().is_empty() => {
            Poll::Ready(Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed it")))
        }
        Poll::Ready(Ok(())) => {
            inbox.extend_from_slice(buffer.filled());
            Poll::Ready(Ok(()))
        }
        other => other,
    }
}

/// Reserves space for the rest of a message whose length is known, and no more: a stored row keeps its buffer, and a
/// buffer that doubles as it fills would be twice as large as the row.
fn make_room(inbox: &mut BytesMut) {
    let header = Header::parse(inbox).ok().flatten();
    let whole = header.and_then(|header| usize::try_from(header.len()).ok()).unwrap_or(0) + TAG;
    inbox.reserve(whole.saturating_sub(inbox.len()));
}

/// Returns the next complete message in the buffer.
pub(super) fn next(inbox: &mut BytesMut, largest: usize) -> Result<Option<Message>, ConnectionFailure> {
    let garbled = |error: io::Error| speaking(format!("this is not PostgreSQL's protocol: {error}"));
    match Header::parse(inbox).map_err(garbled)? {
        Some(header) if usize::try_from(header.len()).is_ok_and(|len| len <= largest) => {
            Message::parse(inbox).map_err(garbled)
        }
        Some(header) => Err(speaking(format!(
            "the server announced a message of {} bytes; at most {largest} are accepted here",
            header.len()
        ))),
        None => Ok(None),
    }
}

fn next_frame(inbox: &mut BytesMut, largest: usize) -> Result<Option<WireFrame>, ConnectionFailure> {
    let header = Header::parse(inbox).ok().flatten().filter(|header| header.tag() == BOTH_WAYS);
    let Some(header) = header else { return Ok(next(inbox, largest)?.map(WireFrame::Message)) };
    let whole = usize::try_from(header.len()).unwrap_or(0) + TAG;
    if whole > LOGIN_MESSAGE {
        return Err(speaking("this is not PostgreSQL's protocol".into()));
    }
    if inbox.len() < whole {
        return Ok(None);
    }
    inbox.advance(whole);
    Ok(Some(WireFrame::BothWays))
}

fn lost(error: io::Error) -> ConnectionFailure {
    speaking(format!("the connection broke: {error}"))
}

pub(crate) fn speaking(why: String) -> ConnectionFailure {
    ConnectionFailure { stage: Stage::Speak, why }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_protocol_is_recognised_by_its_absurd_length() {
        for garbage in [&b"HTTP/1.1 400 Bad Request"[..], b"SSH-2.0-OpenSSH_9.2", b"R\0\0\0\x03..."] {
            assert!(next(&mut BytesMut::from(garbage), LOGIN_MESSAGE).is_err());
        }
        assert!(next(&mut BytesMut::from(&b"R\0\0"[..]), LOGIN_MESSAGE).unwrap().is_none());
    }

    #[test]
    fn the_begin_of_a_stream_is_recognised_once_it_is_whole() {
        let mut inbox = BytesMut::from(&b"W\0\0\0\x07\0\0"[..]);
        assert!(next_frame(&mut inbox, LOGIN_MESSAGE).unwrap().is_none());
        inbox.extend_from_slice(b"\0Z\0\0\0\x05I");
        assert!(matches!(next_frame(&mut inbox, LOGIN_MESSAGE), Ok(Some(WireFrame::BothWays))));
        let next = next_frame(&mut inbox, LOGIN_MESSAGE);
        assert!(matches!(next, Ok(Some(WireFrame::Message(Message::ReadyForQuery(_))))));
    }

    #[test]
    fn a_message_that_is_announced_gets_its_room_and_no_more() {
        let mut inbox = BytesMut::from(&b"D\0\x0d\xbb\xa0\0\x01"[..]);
        make_room(&mut inbox);
        assert!((900_001..910_000).contains(&inbox.capacity()), "{}", inbox.capacity());
    }
}
