//! Waiting for an advisory lock by asking for it again and again (see `advisory` for who counts as a holder): what to do
//! after an attempt that did not simply take it. Who wants the lock makes the attempts, since each has its own message.
//!
//! Never the blocking `pg_advisory_lock`: its waiter holds a snapshot, `CREATE INDEX CONCURRENTLY` waits for that
//! snapshot, and the two deadlock.

use super::advisory::{self, AdvisoryLock, Claim, LockHolder, LockKey};
use super::{Connection, query};
use crate::error::Result;
use crate::sql::Statement;

pub enum NextAttempt {
    /// None: the lock is ours. Other sessions that hold a key are not entitled to it; the warning names them.
    Unneeded(Option<String>),
    /// With this key, at once.
    Now(LockKey),
    /// With this key, after a pause; the lock is held by this session, if by any.
    Later(LockKey, Option<LockHolder>),
}

/// Looks who else holds a key, after an attempt with `key` that did or did not take it. `holders` is the query for that,
/// see [`AdvisoryLock::holders`].
pub async fn next_attempt(
    connection: &mut Connection,
    lock: AdvisoryLock,
    key: LockKey,
    taken: bool,
    holders: &Statement,
) -> Result<NextAttempt> {
    let rows = query(connection, holders).await?;
    let holders: Vec<LockHolder> = rows.iter().map(advisory::holder).collect();
    Ok(match advisory::verdict(key, taken, &holders)? {
        Claim::Ours => NextAttempt::Unneeded(advisory::passed_over(&holders)),
        Claim::Try(next) if key == LockKey::Own && next != key => NextAttempt::Now(next),
        Claim::Try(next) => NextAttempt::Later(next, None),
        Claim::Wait(holder) => {
            if taken {
                query(connection, &lock.release(key)).await?;
            }
            NextAttempt::Later(LockKey::Own, Some(holder))
        }
    })
}
