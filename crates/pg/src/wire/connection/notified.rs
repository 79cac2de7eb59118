//! Waiting for NOTIFY on the channels that the session listens to.

use std::time::Duration;

use postgres_protocol::message::backend::Message;
use tokio::time::Instant;

use super::{Connection, ExchangeResult, Reply};
use crate::wire::codec::speaking;
use crate::wire::error_response::ErrorResponse;

impl Connection {
    /// Waits for a notification, at most for `patience`; returns `true` if one arrived, now or since the last call.
    /// Cancel-safe: dropping it loses nothing.
    ///
    /// # Errors
    /// If the session ends meanwhile.
    pub async fn notified(&mut self, patience: Duration) -> ExchangeResult<bool> {
        if std::mem::take(&mut self.notified) {
            return Ok(true);
        }
        let deadline = Instant::now() + patience;
        loop {
            let Some(wire) = self.wire.as_mut().filter(|_| !self.in_flight) else {
                return Err(
                    self.ended(speaking("the connection was closed after an earlier failure".into()).into())
                );
            };
            let message = match tokio::time::timeout_at(deadline, wire.receive()).await {
                Err(_) => return Ok(false),
                Ok(message) => message,
            };
            match message {
                Ok(Message::NotificationResponse(_)) => return Ok(true),
                Ok(Message::ErrorResponse(body)) => {
                    return Err(self.ended(ErrorResponse::read(body.fields())));
                }
                Ok(_) => {}
                Err(broken) => return Err(self.ended(broken.into())),
            }
        }
    }

    /// An unsolicited message before the end of a session is an error too.
    fn ended(&mut self, response: ErrorResponse) -> Box<crate::wire::FailedStatement> {
        self.wire = None;
        self.conclude(Err(response), Reply::default(), true).expect_err("it was given an error")
    }
}
