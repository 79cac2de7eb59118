//! Login attempts: a connection that ends after its few queries, and whose every outcome is a value that a probe can
//! judge.

use std::time::{Duration, Instant};

use fallible_iterator::FallibleIterator;
use postgres_protocol::message::backend::{DataRowBody, Message};
use postgres_protocol::message::frontend;

use super::codec::{Wire, speaking};
use super::dial::Address;
use super::endpoint::{Endpoint, Login};
use super::error_response::ErrorResponse;
use super::fallback::{self, Fallback};
use super::login::{Credentials, LoginError, Startup, enter};
use super::outcome::{Accepted, Answer, Attempt, ConnectionFailure, Outcome, Rejection, Stage};
use super::tls::Transport;
use crate::silence;
use martydb_model::sql::Statement;

/// Limit of rows per probe: they are for verdicts, not for reports.
const MAX_ROWS: usize = 10_000;

/// Limit of the size of all rows of one probe, in bytes.
const MAX_BYTES: usize = 4 << 20;

/// Usual timeout of an attempt.
pub const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, Copy)]
pub struct LoginRequest<'a> {
    pub database: &'a str,
    /// Startup parameters, as in [`Startup`].
    pub parameters: &'a [(&'a str, &'a str)],
    /// Queries to run in order after the login; one that fails does not stop the next.
    pub queries: &'a [Statement],
    /// Timeout of the whole attempt.
    pub timeout: Duration,
}

/// Outcome of one connection, before a second one is considered.
struct SingleAttempt {
    end: Result<Accepted, LoginError>,
    latency: Duration,
    encrypted: bool,
}

fn outcome(end: Result<Accepted, LoginError>) -> Outcome {
    match end {
        Ok(accepted) => Outcome::Accepted(accepted),
        Err(LoginError::Rejected(response)) => Outcome::Rejected(Rejection::from(*response)),
        Err(LoginError::Failed(broken)) => Outcome::Failed(broken),
    }
}

impl Address {
    /// Tries to log in. Every failure is an [`Outcome`].
    #[crate::boxed]
    pub async fn attempt(&self, credentials: &mut Credentials, request: &LoginRequest<'_>) -> Attempt {
        self.attempt_in(credentials, request, ()).await
    }

    /// Like [`attempt`](Self::attempt), holding `turn` until there is an answer: the server takes as long to end a
    /// connection as to make one, and the next login need not wait for that.
    pub async fn attempt_in<T>(
        &self,
        credentials: &mut Credentials,
        request: &LoginRequest<'_>,
        turn: T,
    ) -> Attempt {
        let mut turn = Some(turn);
        let fallback = Fallback::for_address(self);
        let after = |tried: &SingleAttempt| {
            tried.end.as_ref().err().and_then(|end| fallback.after(end, tried.encrypted))
        };
        let tried = self.once(fallback.first, credentials, request, |tried| {
            if after(tried).is_none() {
                drop(turn.take());
            }
        });
        let tried = tried.await;
        let Some(second) = after(&tried) else {
            return Attempt { latency: tried.latency, outcome: outcome(tried.end), connections: 1 };
        };
        let next = self.once(second, credentials, request, |_| drop(turn.take())).await;
        let latency = tried.latency + next.latency;
        let end = match (tried.end, next.end) {
            (Err(first), Err(second)) => Err(fallback::decisive(first, second)),
            (_, end) => end,
        };
        Attempt { outcome: outcome(end), latency, connections: 2 }
    }

    async fn once(
        &self,
        transport: Transport,
        credentials: &mut Credentials,
        request: &LoginRequest<'_>,
        answered: impl FnOnce(&SingleAttempt),
    ) -> SingleAttempt {
        let begun = Instant::now();
        let mut encrypted = false;
        let conversation = async {
            let mut opened = self.open(transport).await?;
            encrypted = opened.encrypted;
            let startup = Startup { database: request.database, parameters: request.parameters };
            let end = match enter(&mut opened.wire, (opened.channel, &opened.binding), credentials, &startup)
                .await
            {
                Ok(greeting) => {
                    let mut answers = vec![];
                    for statement in request.queries {
                        answers.push(ask(&mut opened.wire, statement).await?);
                    }
                    Ok(Accepted { tls: encrypted, server_version: greeting.version, answers })
                }
                Err(LoginError::Failed(broken)) => return Err(broken),
                Err(refused) => Err(refused),
            };
            Ok((end, opened.wire, begun.elapsed()))
        };
        let alone = request.queries.is_empty();
        let limit = if alone { request.timeout.min(silence::connect_timeout()) } else { request.timeout };
        let broken = match silence::unless_never_heard(&self.name, limit, conversation).await {
            Some(Ok((end, wire, latency))) => {
                let tried = SingleAttempt { end, latency, encrypted };
                answered(&tried);
                wire.close().await;
                return tried;
            }
            Some(Err(broken)) => broken,
            None => ConnectionFailure { stage: Stage::Wait, why: silence::no_answer(limit) },
        };
        SingleAttempt { end: Err(broken.into()), latency: begun.elapsed(), encrypted }
    }
}

/// Returns `true` if the server requests a password for this login, tested by an attempt without one.
#[crate::boxed]
pub async fn wants_password(endpoint: &Endpoint, login: &Login, database: &str) -> bool {
    let Ok(address) = Address::resolve(endpoint).await else { return false };
    let request = LoginRequest { database, parameters: &[], queries: &[], timeout: ATTEMPT_TIMEOUT };
    let attempt = address.attempt(&mut Credentials::new(login.clone()), &request).await;
    matches!(attempt.outcome, Outcome::Failed(ConnectionFailure { stage: Stage::Authenticate, .. }))
}

/// Runs one simple query and reads its answer, up to the next `ReadyForQuery`.
async fn ask(wire: &mut Wire, statement: &Statement) -> Result<Answer, ConnectionFailure> {
    wire.send(|out| frontend::query(statement.exact(), out)).await?;
    let (mut rows, mut bytes) = (vec![], 0);
    let mut refusal = None;
    loop {
        match wire.receive().await? {
            Message::DataRow(body) => {
                bytes += body.buffer().len();
                if rows.len() >= MAX_ROWS || bytes > MAX_BYTES {
                    return Err(speaking("the answer is larger than a probe reads".into()));
                }
                rows.push(read_row(&body)?);
            }
            Message::ErrorResponse(body) => {
                refusal = Some(Rejection::from(ErrorResponse::read(body.fields())))
            }
            Message::ReadyForQuery(_) => return Ok(refusal.map_or(Answer::Rows(rows), Answer::Rejected)),
            Message::CopyInResponse(_) => return Err(speaking("a probe's query must not copy".into())),
            _ => {}
        }
    }
}

fn read_row(body: &DataRowBody) -> Result<Vec<Option<String>>, ConnectionFailure> {
    let bytes = body.buffer();
    body.ranges()
        .map(|range| Ok(range.map(|range| String::from_utf8_lossy(&bytes[range]).into_owned())))
        .collect()
        .map_err(|error| speaking(format!("a malformed row: {error}")))
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use proptest::prelude::*;

    use super::super::codec::{LOGIN_MESSAGE, next};
    use super::*;

    /// Reads all fields of a message that a client would read.
    fn touch(message: &Message) {
        match message {
            Message::ErrorResponse(body) => drop(ErrorResponse::read(body.fields())),
            Message::AuthenticationSasl(body) => drop(body.mechanisms().collect::<Vec<_>>()),
            Message::DataRow(body) => drop(read_row(body)),
            Message::ParameterStatus(body) => drop((body.name().is_ok(), body.value().is_ok())),
            _ => {}
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(tag in prop::sample::select(b"RSKZENDTvX".to_vec()),
                          body in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut inbox = BytesMut::from(&[tag][..]);
            inbox.extend_from_slice(&(body.len() as u32 + 4).to_be_bytes());
            inbox.extend_from_slice(&body);
            if let Ok(Some(message)) = next(&mut inbox, LOGIN_MESSAGE) {
                touch(&message);
            }
        }
    }
}
