//! Sessions with the database: one pool for each login, and statements with their parameters as text.

mod connector;
mod error;
mod password;
mod pool;
mod statement;
mod target;

use std::future::poll_fn;
use std::task::Poll;
use std::time::{Duration, Instant};

use deadpool_postgres::Object;
use futures_util::future::BoxFuture;
use martydb_model::sql::{Statement, stmt};
use tokio::sync::OwnedSemaphorePermit;
use tokio_postgres::types::{FromSql, Type};
use tokio_postgres::{NoTls, Row, RowStream, Statement as Prepared};

use crate::compile::CompiledStatement;
pub use connector::ServerConnector;
pub(crate) use error::{DatabaseError, DatabaseResult, unavailable};
pub use pool::LoginPool;
pub(crate) use statement::TypedText;
use statement::{ConversionError, as_typed_values, bounded, has_own_types, rows, stream, typed};
pub use target::LoginTarget;

/// Most bytes of the text of a statement that its connection keeps prepared: the server holds about a hundred times as many.
const LARGEST_KEPT: usize = 4 << 10;

/// Time that the server has to end a statement by itself before it is cancelled.
const GRACE: Duration = Duration::from_millis(250);

/// A connection of a login. Only [`release`](LoginSession::release) returns it to its pool; any other drop closes it.
pub struct LoginSession {
    /// `None` only while it is released or dropped.
    client: Option<Object>,
    connector: ServerConnector,
    encrypted: bool,
    timeout: Duration,
    /// `true` while a statement runs.
    runs: bool,
    left: SessionState,
    /// Place of its caller.
    share: Option<OwnedSemaphorePermit>,
}

/// State that requests may have left in a session.
#[derive(Debug, Clone, Copy, Default)]
struct SessionState {
    /// Code of the service may have run: it may have left anything.
    ran_code: bool,
    /// Sequences may have been used that DISCARD SEQUENCES has not forgotten.
    has_sequences: bool,
    /// The driver asked for a type that is not PostgreSQL's own, by statements that it prepared, and relies on.
    asked_for_types: bool,
}

/// Treatment of a session before another request may have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SessionReuse {
    /// Nothing in the session has to be reset.
    AsItIs,
    Reset,
    /// A reset would take from the driver what it relies on.
    Never,
}

impl Drop for LoginSession {
    fn drop(&mut self) {
        let Some(client) = self.client.take() else { return };
        let Some(runtime) = tokio::runtime::Handle::try_current().ok().filter(|_| self.runs) else {
            return drop(Object::take(client));
        };
        // Its place is free only when the server has the request to cancel: the login has few connections more than the pool.
        let (patience, connector, encrypted) = (self.timeout, self.connector.clone(), self.encrypted);
        let share = self.share.take();
        runtime.spawn(async move {
            let _share = share;
            let token = client.cancel_token();
            let cancel = async {
                if let Ok(stream) = connector.for_cancel(encrypted).await {
                    let _sent = token.cancel_query_raw(stream, NoTls).await;
                }
            };
            let _sent = tokio::time::timeout(patience, cancel).await;
            drop(Object::take(client));
        });
    }
}

/// A text, or a JSON value, as the server wrote it.
pub(crate) struct AnswerText(pub String);

impl<'a> FromSql<'a> for AnswerText {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, ConversionError> {
        Ok(AnswerText(std::str::from_utf8(raw)?.to_owned()))
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::JSON | Type::TEXT)
    }
}

impl LoginSession {
    /// Gives the session to a caller, whose place it takes until it is given back.
    pub(crate) fn belongs_to(&mut self, share: Option<OwnedSemaphorePermit>) {
        self.share = share;
    }

    /// Runs work with the connection within the time of a statement; behind it the result is `late`, and work that still runs is
    /// cancelled, and the connection closed, when the session is dropped.
    async fn within<'c, T>(
        &'c mut self,
        late: DatabaseError,
        work: impl FnOnce(&'c Object) -> BoxFuture<'c, DatabaseResult<T>>,
    ) -> DatabaseResult<T> {
        let end = self.end_of_statement();
        self.until(end, late, work).await
    }

    fn end_of_statement(&self) -> tokio::time::Instant {
        tokio::time::Instant::now() + self.timeout + GRACE
    }

    async fn until<'c, T>(
        &'c mut self,
        end: tokio::time::Instant,
        late: DatabaseError,
        work: impl FnOnce(&'c Object) -> BoxFuture<'c, DatabaseResult<T>>,
    ) -> DatabaseResult<T> {
        let client = self.client.as_ref().ok_or(DatabaseError::Released)?;
        self.runs = true;
        let done = tokio::time::timeout_at(end, work(client)).await;
        self.runs = done.is_err();
        done.unwrap_or(Err(late))
    }

    /// Prepares a statement on this connection, if it may be prepared: see [`CompiledStatement::may_be_prepared`].
    async fn prepare(
        &mut self,
        compiled: &CompiledStatement,
        end: tokio::time::Instant,
    ) -> DatabaseResult<Option<Prepared>> {
        self.left.ran_code |= compiled.runs_code;
        if !compiled.may_be_prepared() || compiled.statement.exact().len() > LARGEST_KEPT {
            return Ok(None);
        }
        let done = self.until(end, DatabaseError::TooSlow, |client| {
            Box::pin(async move { Ok(client.prepare_cached(compiled.statement.exact()).await?) })
        });
        let prepared = done.await?;
        self.left.asked_for_types |= has_own_types(&prepared);
        Ok(Some(prepared))
    }

    /// Runs a statement with its values, and returns its rows.
    pub(crate) async fn query(&mut self, compiled: &CompiledStatement) -> DatabaseResult<Vec<Row>> {
        let end = self.end_of_statement();
        let prepared = self.prepare(compiled, end).await?;
        self.until(end, DatabaseError::TooSlow, |client| {
            Box::pin(async move {
                rows(client, prepared.as_ref(), compiled).await?.ok_or(DatabaseError::Released)
            })
        })
        .await
    }

    /// Runs a statement that is a transaction of its own and writes, and no code of the service, and returns its rows; behind it the
    /// session forgets the values of the sequences that it used. An error of the statement leaves nothing, and the session as it was.
    pub(crate) async fn query_alone(&mut self, compiled: &CompiledStatement) -> DatabaseResult<Vec<Row>> {
        let end = self.end_of_statement();
        let prepared = self.prepare(compiled, end).await?;
        self.left.has_sequences = true;
        let done = self.until(end, DatabaseError::UnknownOutcome, |client| {
            Box::pin(async move {
                let forget = stmt!("DISCARD SEQUENCES");
                let (rows, forgot) = tokio::join!(
                    rows(client, prepared.as_ref(), compiled),
                    client.batch_execute(forget.exact())
                );
                let rows = rows.map_err(DatabaseError::of_commit)?.ok_or(DatabaseError::UnknownOutcome)?;
                Ok((rows, forgot.is_ok()))
            })
        });
        let (rows, forgot) = done.await?;
        self.left.has_sequences &= !forgot;
        Ok(rows)
    }

    /// Begins a statement whose rows are taken one by one. It runs until [`rests`](LoginSession::rests) is called: dropped before, it
    /// is cancelled.
    pub(crate) async fn stream(&mut self, compiled: &CompiledStatement) -> DatabaseResult<RowStream> {
        let end = self.end_of_statement();
        let prepared = self.prepare(compiled, end).await?;
        let begun = self.until(end, DatabaseError::TooSlow, |client| {
            Box::pin(async move { Ok(stream(client, prepared.as_ref(), compiled).await?) })
        });
        let rows = begun.await?;
        self.runs = true;
        Ok(rows)
    }

    /// Tells that the statement has ended.
    pub(crate) fn rests(&mut self) {
        self.runs = false;
    }

    /// Records that a transaction that may write begins.
    pub(crate) fn may_write(&mut self) {
        self.left.has_sequences = true;
    }

    /// Tells that code of the service may run in it.
    pub(crate) fn may_run_code(&mut self) {
        self.left.ran_code = true;
    }

    /// Returns how the session has to be treated before another request may have it.
    pub(crate) fn reuse(&self) -> SessionReuse {
        match self.left {
            SessionState { asked_for_types: true, .. } => SessionReuse::Never,
            SessionState { ran_code: false, has_sequences: false, .. } => SessionReuse::AsItIs,
            _ => SessionReuse::Reset,
        }
    }

    /// Runs a statement of the program's own with values of these types, and returns the number of its rows. It uses no
    /// prepared statement: code of the service that ran in the transaction could have put another one in its place.
    pub(crate) async fn change(
        &mut self,
        statement: &Statement,
        values: &[TypedText<'_>],
    ) -> DatabaseResult<u64> {
        self.within(DatabaseError::TooSlow, |client| {
            Box::pin(async move {
                let texts = typed(values);
                Ok(client.execute_typed(statement.exact(), &as_typed_values(&texts)).await?)
            })
        })
        .await
    }

    /// Returns the rows of such a statement.
    pub(crate) async fn rows(
        &mut self,
        statement: &Statement,
        values: &[TypedText<'_>],
    ) -> DatabaseResult<Vec<Row>> {
        self.within(DatabaseError::TooSlow, |client| {
            Box::pin(async move {
                let values = typed(values);
                let rows = client.query_typed_raw(statement.exact(), values).await?;
                bounded(rows).await?.ok_or(DatabaseError::Released)
            })
        })
        .await
    }

    /// Runs a statement of the program's own without values.
    pub(crate) async fn execute(&mut self, statement: &Statement) -> DatabaseResult<()> {
        self.within(DatabaseError::TooSlow, |client| {
            Box::pin(async move { Ok(client.batch_execute(statement.exact()).await?) })
        })
        .await
    }

    /// Ends a transaction that wrote, and forgets the values of the sequences that it used: `lastval()` is not for the next caller.
    /// A statement of the program's own may come before, as [`change`](LoginSession::change) runs it: the end is sent behind it
    /// without waiting in between, and one that fails rolls back.
    ///
    /// Returns the number of its rows, 1 without one, and the result of the end.
    pub(crate) async fn commit(
        &mut self,
        last: Option<(&Statement, &[TypedText<'_>])>,
    ) -> DatabaseResult<(u64, DatabaseResult<()>)> {
        let end = self.end();
        let done = self.within(DatabaseError::TooSlow, |client| {
            Box::pin(async move {
                let Some((statement, values)) = last else {
                    return Ok((1, client.batch_execute(end.exact()).await.map_err(DatabaseError::Reported)));
                };
                let texts = typed(values);
                let values = as_typed_values(&texts);
                let mut changed = std::pin::pin!(client.execute_typed(statement.exact(), &values));
                let (rows, ended) = match poll_fn(|context| Poll::Ready(changed.as_mut().poll(context))).await
                {
                    Poll::Pending => tokio::join!(changed, client.batch_execute(end.exact())),
                    Poll::Ready(Ok(rows)) => (Ok(rows), client.batch_execute(end.exact()).await),
                    // One that was not sent cannot fail at the server: the end must not follow it.
                    Poll::Ready(Err(error)) => (Err(error), Ok(())),
                };
                Ok((rows?, ended.map_err(DatabaseError::Reported)))
            })
        });
        let (rows, ended) = done.await?;
        self.left.has_sequences &= ended.is_err();
        Ok((rows, ended))
    }

    fn end(&self) -> Statement {
        match self.left {
            SessionState { has_sequences: true, ran_code: false, .. } => stmt!("DISCARD SEQUENCES; COMMIT"),
            _ => stmt!("COMMIT"),
        }
    }

    /// Returns the time at which the connection was made.
    pub(crate) fn opened(&self) -> Option<Instant> {
        self.client.as_ref().map(|client| Object::metrics(client).created)
    }

    /// Returns the first column, a JSON value, as text.
    pub fn json(row: &Row) -> Option<String> {
        row.try_get::<_, AnswerText>(0).ok().map(|text| text.0)
    }

    /// Returns the connection to its pool: it is in no transaction, and no statement runs.
    pub(crate) fn release(mut self) {
        drop(self.client.take());
    }

    /// Forgets all state of the session, and returns the connection to its pool; one that cannot forget it is closed.
    pub async fn discard(mut self) {
        if let Some(client) = &self.client {
            client.statement_cache.clear();
        }
        if self.execute(&stmt!("DISCARD ALL")).await.is_ok() {
            self.release();
        }
    }
}
