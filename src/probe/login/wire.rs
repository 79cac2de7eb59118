//! Messages over one connection. The codec reads them; this file adds what an unknown server makes necessary:
//! a limit on their size, so that eight bytes of garbage cannot ask us for gigabytes.
//!
//! <https://www.postgresql.org/docs/current/protocol-message-formats.html>

use std::io;
use std::time::Duration;

use bytes::BytesMut;
use postgres_protocol::message::backend::{Header, Message};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::outcome::{Broken, Stage};

/// More than any message of a login and any row that a probe reads.
const MAX_MESSAGE: usize = 1 << 20;

/// How long the server gets to end its process after we said goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

/// A TCP, TLS or Unix-domain stream.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// One open connection.
pub struct Wire {
    stream: Box<dyn Stream>,
    inbox: BytesMut,
    outbox: BytesMut,
}

impl Wire {
    pub fn new(stream: Box<dyn Stream>) -> Self {
        Wire { stream, inbox: BytesMut::with_capacity(1024), outbox: BytesMut::with_capacity(256) }
    }

    /// Builds one message and sends it.
    pub async fn send(&mut self, build: impl FnOnce(&mut BytesMut) -> io::Result<()>) -> Result<(), Broken> {
        self.outbox.clear();
        build(&mut self.outbox).map_err(|error| speaking(format!("cannot say that: {error}")))?;
        self.stream.write_all(&self.outbox).await.map_err(lost)?;
        self.stream.flush().await.map_err(lost)
    }

    /// Waits for the next message.
    pub async fn receive(&mut self) -> Result<Message, Broken> {
        loop {
            if let Some(message) = next(&mut self.inbox)? {
                return Ok(message);
            }
            if self.stream.read_buf(&mut self.inbox).await.map_err(lost)? == 0 {
                return Err(speaking("the server closed the connection without a word".into()));
            }
        }
    }

    /// Says goodbye and waits for the server to hang up: it does so when its process ends, so that afterwards
    /// the connection no longer counts against the role's or the server's limit.
    pub async fn close(mut self) {
        let goodbye = async {
            let said = self.send(|out| {
                postgres_protocol::message::frontend::terminate(out);
                Ok(())
            });
            // After a refusal the server may have hung up before we could say anything: that is fine too.
            let _hung_up = said.await;
            self.inbox.clear();
            while matches!(self.stream.read_buf(&mut self.inbox).await, Ok(1..)) {
                self.inbox.clear();
            }
        };
        let _gave_up_waiting = tokio::time::timeout(GOODBYE, goodbye).await;
    }
}

/// The next whole message, if it is there.
fn next(inbox: &mut BytesMut) -> Result<Option<Message>, Broken> {
    let garbled = |error: io::Error| speaking(format!("this is not PostgreSQL's protocol: {error}"));
    match Header::parse(inbox).map_err(garbled)? {
        Some(header) if usize::try_from(header.len()).is_ok_and(|len| len <= MAX_MESSAGE) => {
            Message::parse(inbox).map_err(garbled)
        }
        Some(_) => Err(speaking("this is not PostgreSQL's protocol: a message of absurd length".into())),
        None => Ok(None),
    }
}

fn lost(error: io::Error) -> Broken {
    speaking(format!("the connection broke: {error}"))
}

pub(super) fn speaking(why: String) -> Broken {
    Broken { stage: Stage::Speak, why }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn another_protocol_is_recognised_by_its_absurd_length() {
        for garbage in [&b"HTTP/1.1 400 Bad Request"[..], b"SSH-2.0-OpenSSH_9.2", b"R\0\0\0\x03..."] {
            assert!(next(&mut BytesMut::from(garbage)).is_err());
        }
        assert!(next(&mut BytesMut::from(&b"R\0\0"[..])).unwrap().is_none());
    }

    proptest! {
        #[test]
        fn no_bytes_panic(tag in prop::sample::select(b"RSKZENDTvX".to_vec()),
                          body in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut inbox = BytesMut::from(&[tag][..]);
            inbox.extend_from_slice(&(body.len() as u32 + 4).to_be_bytes());
            inbox.extend_from_slice(&body);
            if let Ok(Some(message)) = next(&mut inbox) {
                super::super::outcome::touch(&message);
            }
        }
    }
}
