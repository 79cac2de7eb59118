//! Transactions of a split that retry while locks are held elsewhere.

use std::time::Duration;

use martydb_model::error::Result;
use martydb_model::sql::{Statement, stmt};
use martydb_model::sqlstate;
use martydb_pg::server::{Connection, execute, execute_protected, execute_warned};

/// Runs statements in one transaction, which is retried while another session holds a lock.
///
/// # Errors
/// The error of the server, or the lock timeout.
pub(crate) async fn transact(session: &mut Connection, wait: Duration, all: &[Statement]) -> Result<()> {
    let message = transaction_sql(all);
    patiently(session, wait, async |session| execute(session, &message).await.map(drop)).await
}

/// Runs statements that may raise warnings.
///
/// # Errors
/// As [`transact`].
pub(crate) async fn transact_warned(
    session: &mut Connection,
    wait: Duration,
    all: &[Statement],
) -> Result<()> {
    let message = transaction_sql(all);
    patiently(session, wait, async |session| execute_warned(session, &message).await.map(drop)).await
}

/// Runs work that looks at the database between its statements, in one transaction.
///
/// # Errors
/// As [`transact`], and those of the work; the transaction is rolled back.
pub(crate) async fn transact_with(
    session: &mut Connection,
    wait: Duration,
    work: impl AsyncFn(&mut Connection) -> Result<()>,
) -> Result<()> {
    patiently(session, wait, async |session| {
        execute(session, &Statement::join(begin())).await?;
        work(session).await?;
        execute(session, &stmt!("COMMIT")).await.map(drop)
    })
    .await
}

fn transaction_sql(all: &[Statement]) -> Statement {
    Statement::join(begin().into_iter().chain(all.iter().cloned()).chain([stmt!("COMMIT")]))
}

fn begin() -> [Statement; 2] {
    [stmt!("BEGIN"), stmt!("SET LOCAL lock_timeout = '200ms'")]
}

async fn patiently(
    session: &mut Connection,
    wait: Duration,
    send: impl AsyncFn(&mut Connection) -> Result<()>,
) -> Result<()> {
    let deadline = std::time::Instant::now() + wait;
    loop {
        let Err(error) = send(session).await else { return Ok(()) };
        execute_protected(session, &stmt!("ROLLBACK")).await?;
        let busy = [sqlstate::LOCK_NOT_AVAILABLE, sqlstate::DEADLOCK_DETECTED];
        let again = error.sqlstate.as_deref().is_some_and(|state| busy.contains(&state));
        if !again || std::time::Instant::now() >= deadline {
            return Err(error);
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}
