//! Replication streams: the server sends the changes of a replication slot, and the client reports its progress.
//!
//! <https://www.postgresql.org/docs/current/protocol-replication.html>

use std::io;
use std::time::{Duration, SystemTime};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use postgres_protocol::message::backend::Message;
use postgres_protocol::message::frontend;
use tokio::time::Instant;

use super::{Connection, ExchangeResult, Reply};
use crate::wire::codec::{Wire, WireFrame, speaking};
use crate::wire::error_response::ErrorResponse;
use crate::wire::outcome::ConnectionFailure;
use martydb_model::sql::Statement;

/// Size limit of a change: the server's values end at 1 GB, and a change contains a row twice.
const LARGEST_CHANGE: usize = i32::MAX as usize;

/// Time for the server to end the stream.
const GOODBYE: Duration = Duration::from_secs(3);

/// Microseconds from 1970 to 2000, the epoch of the server's timestamps.
const EPOCH: u64 = 946_684_800_000_000;

/// One message of a stream.
#[derive(Debug)]
pub enum StreamFrame {
    Change(Bytes),
    /// LSN up to which the server has read its WAL; everything before was sent.
    ReadUpTo(u64),
}

/// A streaming session. Dropping it ends the stream.
pub struct ReplicationStream {
    connection: Connection,
    /// The last reported LSN.
    reported: u64,
    /// `true` if the server requested a report.
    report_requested: bool,
}

impl Connection {
    /// Runs `START_REPLICATION`. The session must have been opened with the startup parameter `replication=database`.
    ///
    /// # Errors
    /// As [`Connection::run`].
    #[crate::boxed]
    pub async fn replicate(mut self, statement: &Statement) -> ExchangeResult<ReplicationStream> {
        match self.start(statement).await {
            Ok(()) => Ok(ReplicationStream { connection: self, reported: 0, report_requested: false }),
            Err(response) => {
                self.abandon();
                let failed = self.conclude(Err(response), Reply::default(), false);
                Err(failed.expect_err("it was given an error"))
            }
        }
    }

    async fn start(&mut self, statement: &Statement) -> Result<(), ErrorResponse> {
        let _running = self.ticket.begin(false).ok_or_else(ErrorResponse::not_sent)?;
        let wire = speaking_wire(&mut self.wire)?;
        self.in_flight = true;
        wire.accept_up_to(LARGEST_CHANGE);
        wire.send(|out| frontend::query(statement.exact(), out)).await?;
        loop {
            match wire.receive_frame().await? {
                WireFrame::BothWays => return Ok(()),
                WireFrame::Message(Message::ErrorResponse(body)) => {
                    return Err(ErrorResponse::read(body.fields()));
                }
                WireFrame::Message(_) => {}
            }
        }
    }
}

fn speaking_wire(wire: &mut Option<Wire>) -> Result<&mut Wire, ConnectionFailure> {
    wire.as_mut().ok_or_else(|| speaking("the connection was closed after an earlier failure".into()))
}

impl ReplicationStream {
    /// Returns the next message, if one arrives within `patience`. Cancel-safe: dropping it loses nothing.
    ///
    /// # Errors
    /// The reason for the end of the stream.
    pub async fn next(&mut self, patience: Duration) -> ExchangeResult<Option<StreamFrame>> {
        self.receive(patience).await.map_err(|response| self.ended(response))
    }

    async fn receive(&mut self, patience: Duration) -> Result<Option<StreamFrame>, ErrorResponse> {
        let deadline = Instant::now() + patience;
        loop {
            let wire = speaking_wire(&mut self.connection.wire)?;
            let Ok(frame) = tokio::time::timeout_at(deadline, wire.receive_frame()).await else {
                return Ok(None);
            };
            match frame? {
                WireFrame::Message(Message::CopyData(body)) => {
                    if let Some(frame) = self.unpack(body.into_bytes())? {
                        return Ok(Some(frame));
                    }
                }
                WireFrame::Message(Message::ErrorResponse(body)) => {
                    return Err(ErrorResponse::read(body.fields()));
                }
                WireFrame::Message(Message::CopyDone | Message::CommandComplete(_)) => {
                    return Err(speaking("the server ended the stream".into()).into());
                }
                _ => {}
            }
        }
    }

    fn unpack(&mut self, mut body: Bytes) -> Result<Option<StreamFrame>, ConnectionFailure> {
        let garbled = || speaking("a message of the stream is too short".into());
        if body.is_empty() {
            return Err(garbled());
        }
        match body.get_u8() {
            b'w' if body.len() >= 24 => {
                body.advance(24);
                Ok(Some(StreamFrame::Change(body)))
            }
            b'k' if body.len() >= 17 => {
                let end = body.get_u64();
                body.advance(8);
                self.report_requested |= body.get_u8() != 0;
                Ok(Some(StreamFrame::ReadUpTo(end)))
            }
            b'w' | b'k' => Err(garbled()),
            _ => Ok(None),
        }
    }

    /// Returns `true` if the server requested a report.
    pub fn is_report_requested(&self) -> bool {
        self.report_requested
    }

    /// Reports the LSN before which everything is stored durably: the server may discard it.
    ///
    /// # Errors
    /// The reason for the end of the stream.
    pub async fn report(&mut self, taken: u64) -> ExchangeResult<()> {
        self.report_requested = false;
        self.say(taken, false).await
    }

    /// Like [`report`](Self::report), and requests the server's own position in the WAL.
    ///
    /// # Errors
    /// The reason for the end of the stream.
    pub async fn ask(&mut self, taken: u64) -> ExchangeResult<()> {
        self.say(taken, true).await
    }

    async fn say(&mut self, taken: u64, asking: bool) -> ExchangeResult<()> {
        self.reported = self.reported.max(taken);
        let said = match speaking_wire(&mut self.connection.wire) {
            Ok(wire) => {
                wire.send(|out| status(self.reported, asking, out)).await.map_err(ErrorResponse::from)
            }
            Err(broken) => Err(broken.into()),
        };
        said.map_err(|response| self.ended(response))
    }

    /// Ends the stream and the session, which frees the slot.
    pub async fn close(mut self) {
        let goodbye = async {
            let wire = self.connection.wire.as_mut()?;
            wire.send(|out| {
                frontend::copy_done(out);
                Ok(())
            })
            .await
            .ok()?;
            while !matches!(wire.receive_frame().await.ok()?, WireFrame::Message(Message::ReadyForQuery(_))) {
            }
            Some(())
        };
        if matches!(tokio::time::timeout(GOODBYE, goodbye).await, Ok(Some(()))) {
            self.connection.in_flight = false;
            if let Some(wire) = self.connection.wire.take() {
                wire.close().await;
            }
        }
    }

    fn ended(&mut self, response: ErrorResponse) -> Box<crate::wire::FailedStatement> {
        let failed = self.connection.conclude(Err(response), Reply::default(), false);
        failed.expect_err("it was given an error")
    }
}

/// Builds a standby status update: written, flushed and applied up to one LSN.
fn status(taken: u64, asking: bool, out: &mut BytesMut) -> io::Result<()> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_micros();
    let mut body = [0; 34];
    let mut rest = &mut body[..];
    rest.put_u8(b'r');
    (0..3).for_each(|_| rest.put_u64(taken));
    rest.put_u64(u64::try_from(now).unwrap_or(EPOCH).saturating_sub(EPOCH));
    rest.put_u8(u8::from(asking));
    frontend::CopyData::new(&body[..])?.write(out);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_the_form_that_the_server_reads() {
        let mut out = BytesMut::new();
        status(0x0102, false, &mut out).unwrap();
        assert_eq!(&out[..6], b"d\0\0\0\x26r");
        assert_eq!(&out[6..14], &[0, 0, 0, 0, 0, 0, 1, 2]);
        assert_eq!((out.len(), out[38]), (39, 0));
    }
}
