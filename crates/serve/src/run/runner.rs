//! The runner: at a replica or at the primary, in one statement or in several, from BEGIN to the release of the session.

use std::time::Duration;

use tokio::time::timeout_at;

use super::prepared::PreparedRequest;
use super::request_session::RequestSession;
use super::session_use::RequestEnd;
use crate::answer::{HttpAnswer, StatementResult};
use crate::compile::WITHOUT_ANSWER;
use crate::error::{HttpError, HttpResult};
use crate::run::open_transactions::{HeldState, TakenTransaction, ended, failed};
use crate::session::{DatabaseError, DatabaseResult};

type Done = DatabaseResult<HttpResult<HttpAnswer>>;

impl PreparedRequest<'_> {
    /// Runs the request, and returns its answer.
    pub(crate) async fn run(mut self) -> HttpResult<HttpAnswer> {
        if let Some(taken) = self.held.take() {
            return self.run_held(taken).await;
        }
        // The primary may answer if the replica cannot, as for a table that it does not have yet.
        if let Some(mut session) = self.at_replica().await {
            match self.several(&mut session).await {
                Err(error) if !error.is_too_slow() => {}
                done => return self.finish(session, done).await,
            }
        }
        let mut repetition = 0;
        loop {
            let mut session = self.take().await?;
            match self.attempt(&mut session).await {
                Err(error) if repetition < self.repetitions && error.is_conflict() => {
                    let rolled_back = session.roll_back().await;
                    let _closed = session.release(rolled_back).await;
                    repetition += 1;
                    tokio::time::sleep(pause(repetition)).await;
                }
                done => return self.finish(session, done).await,
            }
        }
    }

    /// Takes a connection with the primary.
    pub(super) async fn take(&self) -> HttpResult<RequestSession> {
        let pool = self.context.pool(self.session.as_writer)?;
        RequestSession::take(&self.context, pool, self.session).await
    }

    /// Does all that the request is: in one statement where that is possible, and in several steps otherwise.
    async fn attempt(&mut self, session: &mut RequestSession) -> Done {
        if let Some(step) = self.single.take() {
            match session.execute(step, true).await {
                Ok(result) => return Ok(result.and_then(|result| self.work.answer(vec![result]))),
                Err(error) if is_ambiguous(&error) => {}
                // The statement is rolled back, and the session as it was.
                Err(error) if error.sqlstate().is_some() => return Ok(Err(self.context.error(&error))),
                Err(error) => return Err(error),
            }
        }
        session.look_up(self.cache.as_ref()).await?;
        self.several(session).await
    }

    async fn several(&self, session: &mut RequestSession) -> Done {
        if let Some(answer) = session.begin().await? {
            return Ok(answer);
        }
        let holds = match &self.precondition {
            Some(precondition) => session.check(precondition).await?,
            None => Ok(()),
        };
        let done = match holds {
            Ok(()) => self.steps(session).await?,
            Err(error) => Err(error),
        };
        session.end(done.and_then(|done| self.work.answer(done))).await
    }

    async fn steps(&self, session: &mut RequestSession) -> DatabaseResult<HttpResult<Vec<StatementResult>>> {
        let mut done = vec![];
        loop {
            session.step = Some(done.len());
            let result = match self.work.next(&done) {
                Ok(Some(step)) => session.execute(step, false).await?,
                Ok(None) => break,
                Err(error) => Err(error),
            };
            match result {
                Ok(result) => done.push(result),
                Err(error) => return Ok(Err(self.work.explain(done.len(), error))),
            }
        }
        session.step = None;
        Ok(Ok(done))
    }

    /// Gives the session back, and returns the answer.
    pub(super) async fn finish<T>(
        &self,
        session: RequestSession,
        done: DatabaseResult<HttpResult<T>>,
    ) -> HttpResult<T> {
        let step = session.step;
        session.release(done).await.map_err(|error| self.error(step, &error))?
    }

    fn error(&self, step: Option<usize>, error: &DatabaseError) -> HttpError {
        let error = self.context.error(error);
        step.map_or_else(|| error.clone(), |step| self.work.explain(step, error.clone()))
    }

    /// Runs a request that is a part of a transaction of several requests: its session comes from the one before, and goes to the next.
    async fn run_held(mut self, mut taken: TakenTransaction) -> HttpResult<HttpAnswer> {
        let (holds, rolls_back) =
            (self.session.end == RequestEnd::Hold, matches!(self.session.end, RequestEnd::RollBack { .. }));
        let state = taken.take_state();
        let is_new = matches!(state, HeldState::New);
        let mut session = match state {
            HeldState::New => self.take().await?,
            HeldState::Open(session) => RequestSession::resume(&self.context, *session, self.session),
            HeldState::Failed => {
                taken.leave(holds.then_some(HeldState::Failed));
                return if rolls_back { self.work.answer(vec![]) } else { Err(failed()) };
            }
        };
        let done = match timeout_at(taken.deadline, self.attempt(&mut session)).await {
            Ok(done) => done,
            Err(_) if holds => return Err(ended()),
            Err(_) => Err(DatabaseError::UnknownOutcome),
        };
        if holds && let Ok(Ok(answer)) = done {
            taken.leave(Some(HeldState::Open(Box::new(session.session))));
            return Ok(answer);
        }
        let done = match done {
            // The server rejected a statement: the transaction waits for its caller to end it.
            Err(error) if holds && error.is_of_statement() => {
                let answer = Err(self.context.error(&error));
                session.roll_back().await.map(|()| answer)
            }
            done => done,
        };
        match &done {
            Ok(_) if holds && !is_new => taken.leave(Some(HeldState::Failed)),
            Err(_) if holds && !is_new => drop(taken),
            _ => taken.leave(None),
        }
        let answer = self.finish(session, done).await;
        if rolls_back { self.work.answer(vec![]) } else { answer }
    }
}

/// Returns `true` if the error may be about the record, or the answer's size, and not about the rows: of a privilege, a name, a mode.
fn is_ambiguous(error: &DatabaseError) -> bool {
    let is_named = |state: &str| ["42", "3F", "25"].iter().any(|class| state.starts_with(class));
    error.sqlstate().is_some_and(is_named)
        || error.message().is_some_and(|text| text.contains(WITHOUT_ANSWER))
}

/// Returns the pause before a repetition, longer each time.
fn pause(repetition: u32) -> Duration {
    Duration::from_millis(5 << repetition)
}
