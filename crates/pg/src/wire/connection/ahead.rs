//! Pipelining: several messages sent together and answered one by one, because over a slow link the round trips cost
//! more than the bytes. For the server, each message is still an exchange of its own. After an error the later ones
//! run too; the sender must ensure that they then do nothing.

use postgres_protocol::message::frontend;

use super::{Connection, ExchangeResult, PipelinedStatements, Reply, StatementExchange};
use crate::wire::codec::speaking;
use crate::wire::error_response::ErrorResponse;
use martydb_model::sql::Statement;

impl Connection {
    /// Sends each statement as a message of its own, without waiting. [`Connection::next_answer`] returns their
    /// answers in order; no other statement can run until the last of them.
    ///
    /// # Errors
    /// As [`Connection::run`], if the connection ends before all are sent. Then none is answered.
    pub async fn send_ahead(&mut self, all: &[&Statement]) -> Result<(), ErrorResponse> {
        let running = self.ticket.begin(false).ok_or_else(ErrorResponse::not_sent)?;
        if self.in_flight {
            self.wire = None;
        }
        let Some(wire) = self.wire.as_mut() else {
            return Err(speaking("the connection was closed after an earlier failure".into()).into());
        };
        self.in_flight = true;
        let sent = wire
            .send_while_receiving(|out| {
                all.iter().try_for_each(|statement| frontend::query(statement.exact(), out))
            })
            .await;
        self.ahead = Some(PipelinedStatements { _running: running, unanswered: all.len() });
        sent.map_err(|broken| {
            self.abandon();
            ErrorResponse { place: Some(self.place.clone()), ..broken.into() }
        })
    }

    /// Returns `true` if some statements that were sent together are not answered yet.
    pub fn is_ahead(&self) -> bool {
        self.ahead.is_some()
    }

    /// Returns the answer to the next of the statements that were sent together. After an error the remaining answers
    /// are read and dropped.
    ///
    /// # Errors
    /// As [`Connection::run`].
    pub async fn next_answer(&mut self) -> ExchangeResult {
        let mut reply = Reply::default();
        let end = match self.answer(&mut reply).await {
            Ok(refused) => refused.map_or(Ok(()), Err),
            Err(response) => Err(response),
        };
        if end.is_err() {
            self.skip_answers().await;
        }
        self.conclude(end, reply, false)
    }

    /// Reads one answer, without its rows.
    async fn answer(&mut self, reply: &mut Reply) -> Result<Option<ErrorResponse>, ErrorResponse> {
        let (Some(wire), Some(ahead)) = (self.wire.as_mut(), self.ahead.as_mut()) else {
            return Err(speaking("nothing was sent that could be answered".into()).into());
        };
        let end = StatementExchange::new(wire, self.limits, &mut |_, _| Ok(()), reply).read().await;
        ahead.unanswered -= 1;
        if end.is_err() {
            self.abandon();
        } else if ahead.unanswered == 0 {
            (self.ahead, self.in_flight) = (None, false);
        }
        end
    }

    async fn skip_answers(&mut self) {
        while self.ahead.is_some() && self.answer(&mut Reply::default()).await.is_ok() {}
    }
}
