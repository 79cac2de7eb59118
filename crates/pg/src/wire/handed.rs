//! A session for another driver: the login is this crate's own, with all that it demands of a server, and the driver gets the stream
//! behind it. It takes the stream for one on which it logs in itself: its startup message goes nowhere, and the answer to it is
//! that of the login. Every message that follows has a largest size.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::codec::Stream;
use super::dial::Address;
use super::error_response::ErrorResponse;
use super::fallback::{self, Fallback};
use super::login::{Credentials, Greeting, LoginError, Startup, enter};
use super::outcome::{ConnectionFailure, Stage};
use super::tls::Transport;

/// Bytes of a message's tag and length.
const HEAD: usize = 5;

/// Bytes of the length at the beginning of a startup message, which has no tag.
const LENGTH: usize = 4;

/// Code of the message AuthenticationOk.
const AUTHENTICATED: i32 = 0;

/// A stream that the driver may use.
pub struct HandedStream {
    stream: Box<dyn Stream>,
    /// The answer to the driver's startup message, which is read before anything else.
    answer: Bytes,
    startup: StartupMessage,
    messages: MessageSizes,
    encrypted: bool,
}

impl HandedStream {
    /// Logs in, and returns the stream for a driver. Once more where another transport may be accepted.
    ///
    /// # Errors
    /// As the login of a session of this crate.
    #[crate::boxed]
    pub async fn open(
        address: &Address,
        credentials: &mut Credentials,
        startup: &Startup<'_>,
        largest: usize,
    ) -> Result<HandedStream, LoginError> {
        let fallback = Fallback::for_address(address);
        let mut encrypted = false;
        let end = once(address, fallback.first, credentials, (startup, largest), &mut encrypted).await;
        let Err(failed) = end else { return end };
        let Some(second) = fallback.after(&failed, encrypted) else { return Err(failed) };
        let end = once(address, second, credentials, (startup, largest), &mut encrypted).await;
        end.map_err(|again| fallback::decisive(failed, again))
    }

    /// Returns the stream on which the driver learns that the login failed, and why.
    pub fn failed(error: &LoginError) -> HandedStream {
        let (answer, failure) = match error {
            LoginError::Rejected(response) => (rejection(response), None),
            LoginError::Failed(failure) => (Bytes::new(), Some(failure.clone())),
        };
        HandedStream::new(Box::new(BrokenStream(failure)), answer, 0, false)
    }

    /// Opens a stream for a request to cancel a statement of a session: its key is not sent in clear text where the session is
    /// `encrypted`.
    ///
    /// # Errors
    /// If the server cannot be reached.
    #[crate::boxed]
    pub async fn for_cancel(address: &Address, encrypted: bool) -> Result<Box<dyn Stream>, LoginError> {
        let transport = if encrypted { Transport::Required } else { Transport::Plain };
        Ok(address.open(transport).await?.wire.into_stream())
    }

    /// Returns `true` if it is encrypted.
    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    fn new(stream: Box<dyn Stream>, answer: Bytes, largest: usize, encrypted: bool) -> HandedStream {
        let (startup, messages) = (StartupMessage::default(), MessageSizes::up_to(largest));
        HandedStream { stream, answer, startup, messages, encrypted }
    }
}

async fn once(
    address: &Address,
    transport: Transport,
    credentials: &mut Credentials,
    (startup, largest): (&Startup<'_>, usize),
    encrypted: &mut bool,
) -> Result<HandedStream, LoginError> {
    let mut opened = address.open(transport).await?;
    *encrypted = opened.encrypted;
    let security = (opened.channel, &opened.binding);
    let greeting = enter(&mut opened.wire, security, credentials, startup).await?;
    if !opened.wire.is_read() {
        let why = "the server sent data after the end of the login".into();
        return Err(ConnectionFailure { stage: Stage::Speak, why }.into());
    }
    Ok(HandedStream::new(opened.wire.into_stream(), logged_in(&greeting), largest, *encrypted))
}

/// Returns AuthenticationOk, BackendKeyData and ReadyForQuery.
fn logged_in(greeting: &Greeting) -> Bytes {
    let mut out = BytesMut::new();
    message(&mut out, b'R', &AUTHENTICATED.to_be_bytes());
    message(&mut out, b'K', &[greeting.key.0.to_be_bytes(), greeting.key.1.to_be_bytes()].concat());
    message(&mut out, b'Z', b"I");
    out.freeze()
}

/// Returns ErrorResponse, with the reason why a login was refused.
fn rejection(response: &ErrorResponse) -> Bytes {
    let state = response.sqlstate.as_deref().unwrap_or("XX000");
    let fields = [
        (b'S', Some("FATAL")),
        (b'V', Some("FATAL")),
        (b'C', Some(state)),
        (b'M', Some(response.message.as_str())),
        (b'D', response.detail.as_deref()),
        (b'H', response.hint.as_deref()),
    ];
    let mut body = vec![];
    for (name, text) in fields {
        let Some(text) = text else { continue };
        body.push(name);
        body.extend(text.bytes().filter(|byte| *byte != 0));
        body.push(0);
    }
    body.push(0);
    let mut out = BytesMut::new();
    message(&mut out, b'E', &body);
    out.freeze()
}

fn message(out: &mut BytesMut, tag: u8, body: &[u8]) {
    out.put_u8(tag);
    out.put_u32(u32::try_from(body.len() + LENGTH).unwrap_or(u32::MAX));
    out.put_slice(body);
}

/// The driver's startup message, which is not sent.
#[derive(Default)]
struct StartupMessage {
    length: Vec<u8>,
    taken: usize,
}

impl StartupMessage {
    /// Takes what belongs to the message from the beginning of what the driver writes, and returns the number of these bytes.
    fn consume(&mut self, written: &[u8]) -> usize {
        let mut taken = 0;
        while self.length.len() < LENGTH && taken < written.len() {
            self.length.push(written[taken]);
            taken += 1;
        }
        let Ok(length) = <[u8; LENGTH]>::try_from(&self.length[..]) else { return taken };
        let rest = (u32::from_be_bytes(length) as usize).saturating_sub(LENGTH + self.taken);
        let more = rest.min(written.len() - taken);
        self.taken += more;
        taken + more
    }
}

/// Sizes of the forwarded messages.
struct MessageSizes {
    largest: usize,
    head: Vec<u8>,
    /// Bytes of the message that are still to come.
    left: usize,
}

impl MessageSizes {
    fn up_to(largest: usize) -> MessageSizes {
        MessageSizes { largest, head: Vec::with_capacity(HEAD), left: 0 }
    }

    /// Follows what the server sent, and refuses a message that is too large before it has arrived.
    fn follow(&mut self, mut sent: &[u8]) -> io::Result<()> {
        while !sent.is_empty() {
            let passed = self.left.min(sent.len());
            self.left -= passed;
            sent = &sent[passed..];
            let taken = if self.left == 0 { (HEAD - self.head.len()).min(sent.len()) } else { 0 };
            self.head.extend_from_slice(&sent[..taken]);
            sent = &sent[taken..];
            if self.head.len() == HEAD {
                let mut length = &self.head[1..];
                let length = length.get_u32() as usize;
                if length < LENGTH || length > self.largest {
                    let why = format!("the server announced a message of {length} bytes");
                    return Err(io::Error::new(io::ErrorKind::OutOfMemory, why));
                }
                self.left = length - LENGTH;
                self.head.clear();
            }
        }
        Ok(())
    }
}

impl AsyncRead for HandedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.answer.is_empty() {
            let bytes = self.answer.len().min(buffer.remaining());
            buffer.put_slice(&self.answer.split_to(bytes));
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        Poll::Ready(self.messages.follow(&buffer.filled()[before..]))
    }
}

impl AsyncWrite for HandedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.startup.consume(bytes) {
            0 => Pin::new(&mut self.stream).poll_write(context, bytes),
            taken => Poll::Ready(Ok(taken)),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// A stream that has failed, or ended.
struct BrokenStream(Option<ConnectionFailure>);

impl AsyncRead for BrokenStream {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.0.as_ref().map_or(Ok(()), |failure| {
            let kind = match failure.stage {
                // It answered, and is not trusted.
                Stage::Authenticate => io::ErrorKind::PermissionDenied,
                Stage::Tls | Stage::NoTls | Stage::Bind(_) => io::ErrorKind::InvalidData,
                _ => io::ErrorKind::NotConnected,
            };
            Err(io::Error::new(kind, failure.why.clone()))
        }))
    }
}

impl AsyncWrite for BrokenStream {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_startup_message_is_taken_in_parts_of_any_size() {
        let mut sent = BytesMut::new();
        sent.put_u32(12);
        sent.put_slice(b"\0\x03\0\0user");
        for size in 1..=sent.len() {
            let mut startup = StartupMessage::default();
            let taken: usize = sent.chunks(size).map(|part| startup.consume(part)).sum();
            assert_eq!((taken, startup.consume(b"Q")), (12, 0), "{size}");
        }
        let mut startup = StartupMessage::default();
        assert_eq!(startup.consume(&[&sent[..], b"Q\0"].concat()), 12);
    }

    #[test]
    fn a_message_that_is_too_large_is_refused_by_its_head() {
        let of = |length: u32| [&[b'D'][..], &length.to_be_bytes()].concat();
        let small = [of(6), b"ab".to_vec()].concat();
        for size in 1..=small.len() * 2 {
            let mut sizes = MessageSizes::up_to(100);
            let all = [&small[..], &small].concat();
            assert!(all.chunks(size).all(|part| sizes.follow(part).is_ok()), "{size}");
            assert!(sizes.follow(&of(101)).is_err(), "{size}");
        }
        for wrong in [0, 3, 101, u32::MAX] {
            assert!(MessageSizes::up_to(100).follow(&of(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_driver_reads_why_a_login_was_refused() {
        let response = ErrorResponse {
            sqlstate: Some("28P01".into()),
            message: "password \0authentication failed".into(),
            ..ErrorResponse::default()
        };
        let mut expected = BytesMut::new();
        message(&mut expected, b'E', b"SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed\0\0");
        assert_eq!(rejection(&response), expected);
    }
}
