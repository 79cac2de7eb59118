//! COPY between two servers: the data of `COPY … TO STDOUT` is forwarded to `COPY … FROM STDIN`. Both directions use
//! the same frames; only their lengths are parsed, and a row of any size takes the memory of one read.
//!
//! <https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-COPY>

use postgres_protocol::message::backend::Message;
use postgres_protocol::message::frontend;

use super::{Connection, ExchangeResult, Reply, StatementExchange};
use crate::wire::FailedStatement;
use crate::wire::codec::{Wire, speaking};
use crate::wire::error_response::ErrorResponse;
use crate::wire::interrupt::{self, RunningStatement};
use crate::wire::outcome::ConnectionFailure;
use martydb_model::sql::Statement;

/// Tag of CopyData, and the size of tag and length.
const DATA: u8 = b'd';
const HEADER: usize = 5;

/// Amount of copied data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CopiedRows {
    pub rows: u64,
    pub bytes: u64,
}

/// The failed side of a copy.
#[derive(Debug)]
pub(crate) enum CopyFailure {
    Reading(Box<FailedStatement>),
    Writing(Box<FailedStatement>),
}

/// The two statements of a copy, in the same format.
pub struct CopyStatements {
    /// `COPY … TO STDOUT`.
    pub out: Statement,
    /// `COPY … FROM STDIN`.
    pub into: Statement,
}

/// Callback for the number of bytes sent.
pub type CopyListener<'a> = dyn Fn(u64) + Send + Sync + 'a;

/// Receives the data of a `COPY … TO STDOUT` in pieces; `true` at the end of a frame: servers send one row per frame.
pub(crate) type FrameSink<'a> = dyn FnMut(&[u8], bool) + Send + 'a;

/// Copies from one session into another. If it fails, nothing is written. Dropping it requests cancellation on both
/// servers.
///
/// # Errors
/// Either server's error, or the end of its connection.
pub(crate) async fn copy_rows(
    from: &mut Connection,
    to: &mut Connection,
    statements: &CopyStatements,
    listener: &CopyListener<'_>,
) -> Result<CopiedRows, CopyFailure> {
    let reading = from.start_copy(&statements.out, CopyDirection::Out).await;
    let reading = reading.map_err(|response| CopyFailure::Reading(from.failed(response)))?;
    let writing = match to.start_copy(&statements.into, CopyDirection::In).await {
        Ok(writing) => writing,
        Err(response) => {
            from.abandon();
            return Err(CopyFailure::Writing(to.failed(response)));
        }
    };
    let mut frames = FrameCount::default();
    let end = match relay(from, to, &mut frames, listener).await {
        Ok(bytes) => finish(from, to).await.map(|rows| CopiedRows { rows, bytes }),
        Err(stopped) => Err(stopped),
    };
    let end = match end {
        Ok(copied) => Ok(copied),
        Err(CopyStop::Sender(response)) => {
            give_up(to, &frames).await;
            Err(CopyFailure::Reading(from.failed(response)))
        }
        Err(CopyStop::Taker(response)) => {
            from.abandon();
            Err(CopyFailure::Writing(to.failed(response)))
        }
    };
    drop((reading, writing));
    end
}

impl Connection {
    /// Runs `COPY … TO STDOUT` and passes on its data as it arrives.
    ///
    /// # Errors
    /// As [`Connection::run`].
    #[crate::boxed]
    pub async fn copy_out(&mut self, statement: &Statement, sink: &mut FrameSink<'_>) -> ExchangeResult<u64> {
        match self.read_copy(statement, sink).await {
            Ok(rows) => Ok(rows),
            Err(response) => Err(self.failed(response)),
        }
    }

    async fn read_copy(
        &mut self,
        statement: &Statement,
        sink: &mut FrameSink<'_>,
    ) -> Result<u64, ErrorResponse> {
        let _running = self.start_copy(statement, CopyDirection::Out).await?;
        let Some(wire) = self.wire.as_mut() else { return Err(closed()) };
        let mut left = 0;
        loop {
            let next = hand_over(&mut left, wire.arrived(), sink)?;
            wire.forget(next.ready);
            if !next.other {
                wire.fill().await?;
            } else if is_done(wire).await? {
                return self.read_rest().await;
            }
        }
    }
}

/// Passes on the data among the bytes; `left` is the size of the incomplete frame at their beginning.
fn hand_over(
    left: &mut usize,
    arrived: &[u8],
    sink: &mut FrameSink<'_>,
) -> Result<FramesAtHand, ConnectionFailure> {
    let mut ready = 0;
    loop {
        let here = (*left).min(arrived.len() - ready);
        if here > 0 {
            sink(&arrived[ready..ready + here], here == *left);
        }
        ready += here;
        *left -= here;
        let rest = &arrived[ready..];
        match rest.first() {
            Some(&tag) if tag != DATA => return Ok(FramesAtHand { ready, other: true }),
            Some(_) if rest.len() >= HEADER => {
                *left = whole(rest)? - HEADER;
                ready += HEADER;
                if *left == 0 {
                    sink(&[], true);
                }
            }
            _ => return Ok(FramesAtHand { ready, other: false }),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CopyDirection {
    Out,
    In,
}

/// The side that ended the copy early.
enum CopyStop {
    Sender(ErrorResponse),
    Taker(ErrorResponse),
}

impl Connection {
    /// Sends the statement and waits for the start of the copy.
    pub(super) async fn start_copy(
        &mut self,
        statement: &Statement,
        direction: CopyDirection,
    ) -> Result<RunningStatement, ErrorResponse> {
        let running = self.ticket.begin(false).ok_or_else(ErrorResponse::not_sent)?;
        if self.in_flight {
            self.wire = None;
        }
        let Some(wire) = self.wire.as_mut() else { return Err(closed()) };
        self.in_flight = true;
        wire.send(|out| frontend::query(statement.exact(), out)).await?;
        loop {
            match wire.receive().await? {
                Message::CopyOutResponse(_) if direction == CopyDirection::Out => return Ok(running),
                Message::CopyInResponse(_) if direction == CopyDirection::In => return Ok(running),
                Message::ErrorResponse(body) => {
                    let response = ErrorResponse::read(body.fields());
                    self.read_rest().await?;
                    return Err(response);
                }
                message if is_aside(&message) => {}
                _ => return Err(speaking("the statement is not a COPY".into()).into()),
            }
        }
    }

    /// Reads the rest of the answer: the number of rows, or the server's error.
    pub(super) async fn read_rest(&mut self) -> Result<u64, ErrorResponse> {
        let mut reply = Reply::default();
        let Some(wire) = self.wire.as_mut() else { return Err(closed()) };
        let mut nothing = |_, _| Ok(());
        let end = StatementExchange::new(wire, self.limits, &mut nothing, &mut reply).read().await;
        self.in_flight = end.is_err();
        end?.map_or(Ok(()), Err)?;
        Ok(reply.results.iter().map(|result| result.affected).sum())
    }

    /// Keeps the session usable only if its answer was read to the end.
    pub(super) fn failed(&mut self, response: ErrorResponse) -> Box<FailedStatement> {
        self.abandon();
        let mut response = response;
        response.interrupted |= interrupt::signal().is_some();
        if response.unreachable {
            response.place = Some(self.place.clone());
        }
        Box::new(FailedStatement { response, completed: 0, warnings: vec![] })
    }
}

pub(super) fn closed() -> ErrorResponse {
    speaking("the connection was closed after an earlier failure".into()).into()
}

/// Returns `true` for messages that a server may send at any time.
fn is_aside(message: &Message) -> bool {
    matches!(
        message,
        Message::NoticeResponse(_) | Message::ParameterStatus(_) | Message::NotificationResponse(_)
    )
}

/// Forwards data until the source has no more; returns the number of bytes.
async fn relay(
    from: &mut Connection,
    to: &mut Connection,
    frames: &mut FrameCount,
    listener: &CopyListener<'_>,
) -> Result<u64, CopyStop> {
    let (Some(source), Some(target)) = (from.wire.as_mut(), to.wire.as_mut()) else {
        return Err(CopyStop::Sender(closed()));
    };
    let sender = |broken: ConnectionFailure| CopyStop::Sender(broken.into());
    let taker = |broken: ConnectionFailure| CopyStop::Taker(broken.into());
    let mut bytes = 0;
    loop {
        let next = frames.count(source.arrived()).map_err(sender)?;
        if next.ready > 0 {
            target.forward(source, next.ready).await.map_err(taker)?;
            bytes += next.ready as u64;
            listener(next.ready as u64);
            refused(target).map_err(|response| CopyStop::Taker(*response))?;
        } else if !next.other {
            source.fill().await.map_err(sender)?;
        } else if is_done(source).await.map_err(CopyStop::Sender)? {
            return Ok(bytes);
        }
    }
}

/// Returns `true` at the end of the data. Asynchronous messages may precede it.
async fn is_done(source: &mut Wire) -> Result<bool, ErrorResponse> {
    match source.receive().await? {
        Message::ErrorResponse(body) => Err(ErrorResponse::read(body.fields())),
        Message::CopyDone => Ok(true),
        message if is_aside(&message) => Ok(false),
        _ => Err(speaking("the server sent a message that has no place in a COPY".into()).into()),
    }
}

/// Reads the target's messages so far; an error ends the copy.
pub(super) fn refused(target: &mut Wire) -> Result<(), Box<ErrorResponse>> {
    while let Some(message) = target.at_hand().map_err(|broken| Box::new(ErrorResponse::from(broken)))? {
        match message {
            Message::ErrorResponse(body) => return Err(Box::new(ErrorResponse::read(body.fields()))),
            message if is_aside(&message) => {}
            _ => {
                let why = "the server sent a message that has no place in a COPY";
                return Err(Box::new(speaking(why.into()).into()));
            }
        }
    }
    Ok(())
}

/// Reads both sides to the end.
async fn finish(from: &mut Connection, to: &mut Connection) -> Result<u64, CopyStop> {
    from.read_rest().await.map_err(CopyStop::Sender)?;
    let Some(wire) = to.wire.as_mut() else { return Err(CopyStop::Taker(closed())) };
    let sent = wire.send(|out| {
        frontend::copy_done(out);
        Ok(())
    });
    sent.await.map_err(|broken| CopyStop::Taker(broken.into()))?;
    to.read_rest().await.map_err(CopyStop::Taker)
}

/// Aborts the target's COPY, so that it stores nothing. In the middle of a frame only closing the connection does
/// that.
async fn give_up(to: &mut Connection, frames: &FrameCount) {
    if let Some(wire) = to.wire.as_mut().filter(|_| frames.left == 0)
        && wire.send(|out| frontend::copy_fail("the rows cannot be read any further", out)).await.is_ok()
    {
        let _refused = to.read_rest().await;
    }
    to.abandon();
}

/// Frame boundaries in a stream of bytes.
#[derive(Debug, Default)]
struct FrameCount {
    /// Remaining bytes of the current frame.
    left: usize,
}

/// The data among the received bytes.
#[derive(Debug, PartialEq, Eq)]
struct FramesAtHand {
    ready: usize,
    /// `true` if another message follows.
    other: bool,
}

impl FrameCount {
    fn count(&mut self, arrived: &[u8]) -> Result<FramesAtHand, ConnectionFailure> {
        let mut ready = 0;
        loop {
            let here = self.left.min(arrived.len() - ready);
            ready += here;
            self.left -= here;
            let rest = &arrived[ready..];
            match rest.first() {
                Some(&tag) if tag != DATA => return Ok(FramesAtHand { ready, other: true }),
                Some(_) if rest.len() >= HEADER => self.left = whole(rest)?,
                _ => return Ok(FramesAtHand { ready, other: false }),
            }
        }
    }
}

/// Returns the size of the frame that begins here, in bytes.
fn whole(frame: &[u8]) -> Result<usize, ConnectionFailure> {
    let length: [u8; 4] = [frame[1], frame[2], frame[3], frame[4]];
    let length = usize::try_from(i32::from_be_bytes(length)).ok().filter(|length| *length >= 4);
    length.map(|length| length + 1).ok_or_else(|| speaking("this is not PostgreSQL's protocol".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_counted_wherever_the_bytes_are_cut() {
        let stream = b"d\0\0\0\x06ab\
            d\0\0\0\x04\
            d\0\0\0\x05xc\0\0\0\x04";
        for cut in 0..=stream.len() {
            let mut frames = FrameCount::default();
            let first = frames.count(&stream[..cut]).unwrap();
            let rest: Vec<u8> = stream[first.ready..].to_vec();
            let second = frames.count(&rest).unwrap();
            assert_eq!(first.ready + second.ready, 18, "{cut}");
            assert!(second.other && frames.left == 0, "{cut}");
        }
        for cut in 0..=stream.len() {
            let (mut left, mut rows, mut row) = (0, vec![], vec![]);
            let mut sink = |piece: &[u8], ends: bool| {
                row.extend_from_slice(piece);
                if ends {
                    rows.push(std::mem::take(&mut row));
                }
            };
            let first = hand_over(&mut left, &stream[..cut], &mut sink).unwrap();
            assert!(hand_over(&mut left, &stream[first.ready..], &mut sink).unwrap().other);
            assert_eq!(rows, [b"ab".to_vec(), vec![], b"x".to_vec()], "{cut}");
        }
        assert!(FrameCount::default().count(b"d\0\0\0\x01").is_err());
        assert!(FrameCount::default().count(b"d\xff\xff\xff\xff").is_err());
    }
}
