//! Transactions: their settings, and the statements that begin and end them.

use std::time::Duration;

use martydb_model::sql::{Keyword, Statement, stmt};

use super::lease::{give_back, take};
use super::session_use::{SessionUse, TransactionMode};
use crate::callers::RequestCaller;
use crate::compile::CompiledStatement;
use crate::error::HttpResult;
use crate::face::api::IsolationLevel;
use crate::face::rest::Preferences;
use crate::session::{DatabaseError, DatabaseResult, LoginPool, LoginSession, TypedText};
use crate::settings::ServedExposure;

/// Time zone and claims of a transaction. Both are local to it.
#[derive(Default)]
pub(crate) struct TransactionSettings {
    zone: Option<String>,
    claims: Option<String>,
}

impl TransactionSettings {
    /// Returns the settings of a request.
    pub(crate) fn new(
        exposure: &ServedExposure,
        caller: &RequestCaller,
        preferences: &Preferences,
    ) -> TransactionSettings {
        TransactionSettings {
            zone: preferences.timezone.clone(),
            claims: exposure.claims.then(|| caller.shown_claims()),
        }
    }

    /// Returns the time zone and the claims.
    pub(crate) fn texts(&self) -> [Option<&str>; 2] {
        [self.zone.as_deref(), self.claims.as_deref()]
    }

    /// Returns `true` if there are none: a read needs no transaction.
    pub(crate) fn is_empty(&self) -> bool {
        self.zone.is_none() && self.claims.is_none()
    }
}

/// Begins a transaction with its settings.
pub(super) async fn begin(
    session: &mut LoginSession,
    settings: &TransactionSettings,
    with: SessionUse,
) -> DatabaseResult<()> {
    let writes = with.mode == TransactionMode::ReadWrite;
    if writes {
        session.may_write();
    }
    let mode = Keyword(if writes { "READ WRITE" } else { "READ ONLY" });
    let level = level(with.isolation);
    session.execute(&stmt!("BEGIN {level}{mode}")).await?;
    if let Some(zone) = &settings.zone {
        set(session, stmt!("SELECT pg_catalog.set_config('TimeZone', $1::text, true)"), zone).await?;
    }
    if let Some(claims) = &settings.claims {
        let statement = stmt!("SELECT pg_catalog.set_config('request.jwt.claims', $1::text, true)");
        set(session, statement, claims).await?;
    }
    if let Some(idle) = with.idle {
        // The process's own clock counts; this one is for the case that the process is stuck.
        let statement =
            stmt!("SELECT pg_catalog.set_config('idle_in_transaction_session_timeout', $1::text, true)");
        let idle = (idle + Duration::from_secs(1)).as_millis().to_string();
        set(session, statement, &idle).await?;
    }
    Ok(())
}

async fn set(session: &mut LoginSession, statement: Statement, value: &str) -> DatabaseResult<()> {
    session.query(&CompiledStatement::new(statement, vec![value.to_owned()])).await.map(drop)
}

fn level(isolation: Option<IsolationLevel>) -> Keyword {
    Keyword(match isolation {
        None => "",
        Some(IsolationLevel::ReadCommitted) => "ISOLATION LEVEL READ COMMITTED ",
        Some(IsolationLevel::RepeatableRead) => "ISOLATION LEVEL REPEATABLE READ ",
        Some(IsolationLevel::Serializable) => "ISOLATION LEVEL SERIALIZABLE ",
    })
}

/// Rolls back.
pub(super) async fn roll_back(session: &mut LoginSession) -> DatabaseResult<()> {
    session.execute(&stmt!("ROLLBACK")).await
}

/// Checks deferred constraints now, as COMMIT would.
pub(super) async fn check_constraints(session: &mut LoginSession) -> DatabaseResult<()> {
    session.execute(&stmt!("SET CONSTRAINTS ALL IMMEDIATE")).await
}

/// Commits, with a statement of the program's own before it, which is not waited for. Returns the number of its rows, 1 without one.
/// A COMMIT without an answer is [`DatabaseError::UnknownOutcome`].
pub(super) async fn commit(
    session: &mut LoginSession,
    last: Option<(&Statement, &[TypedText<'_>])>,
) -> DatabaseResult<u64> {
    let (rows, ended) = session.commit(last).await.map_err(|error| match error.sqlstate() {
        Some(_) => error.unrecorded(),
        None => DatabaseError::UnknownOutcome,
    })?;
    ended.map(|()| rows).map_err(|error| match error.sqlstate() {
        Some(_) => error,
        None => DatabaseError::UnknownOutcome,
    })
}

/// Runs a statement of the program's own in a transaction of its own, which writes, and returns the number of its rows.
pub(crate) async fn in_own_transaction(
    pool: &LoginPool,
    statement: &Statement,
    values: &[TypedText<'_>],
) -> HttpResult<DatabaseResult<u64>> {
    let mut session = take(pool).await?;
    session.may_run_code();
    let done = own_transaction(&mut session, statement, values).await;
    Ok(give_back(session, done).await)
}

/// Does so in a session that is in no transaction.
pub(super) async fn own_transaction(
    session: &mut LoginSession,
    statement: &Statement,
    values: &[TypedText<'_>],
) -> DatabaseResult<u64> {
    begin(session, &TransactionSettings::default(), SessionUse::new(true)).await?;
    commit(session, Some((statement, values))).await
}
