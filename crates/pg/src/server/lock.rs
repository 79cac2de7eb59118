//! Exclusive locks of runs, which end with their connection. Holders other than admins do not count. `claim` decides
//! about a lock that another run holds.

use std::time::{Duration, Instant};

use super::advisory::{self, AdvisoryLock, LockHolder, LockKey};
use super::lock_attempts::{AttemptOutcome, LockAttempts};
use super::{Access, COMMON_DATABASE, Connection, pooler_check, query};
use crate::backoff::Backoff;
use martydb_model::error::{Error, Kind, Result};
use martydb_model::sql::{Statement, stmt};
use martydb_model::sqlstate;

/// First half of every advisory lock key of martydb: "mrty".
pub const LOCK_CLASS: i32 = 0x6d72_7479;

/// Second half for the lock of a whole server.
const SERVER_LOCK: i32 = 1;

const FIRST_PAUSE: Duration = Duration::from_millis(25);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// SQLSTATEs of a database that does not exist, or is closed to the admin.
const SHUT: [&str; 3] = [
    sqlstate::INVALID_CATALOG_NAME,
    sqlstate::INSUFFICIENT_PRIVILEGE,
    sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE,
];

/// Lock of a whole server; dropping it closes the connection, which releases it.
#[derive(Debug)]
pub struct ServerLock(#[allow(dead_code, reason = "kept for its drop")] Connection);

/// Takes the lock of a server, waiting at most `wait`.
///
/// # Errors
/// [`Kind::Locked`], naming the holder.
#[crate::boxed]
pub async fn server(access: &Access, wait: Duration) -> Result<ServerLock> {
    let mut connection = match access.read(COMMON_DATABASE).await {
        // All runs of this admin get the same error and agree on the other database.
        Err(error) if error.sqlstate.as_deref().is_some_and(|state| SHUT.contains(&state)) => {
            access.read(&access.maintenance).await?
        }
        end => end?,
    };
    pooler_check::refuse_standby(&mut connection, &access.server).await?;
    acquire(&mut connection, SERVER_LOCK, wait, &format!("server \"{}\"", access.server)).await?;
    Ok(ServerLock(connection))
}

/// A lock that a session holds until it ends or releases it.
#[derive(Debug, Clone, Copy)]
pub struct SessionLock {
    lock: AdvisoryLock,
    key: LockKey,
}

/// Takes a lock, waiting at most `wait`; `what` is the protected object, for errors.
///
/// # Errors
/// [`Kind::Locked`], naming the holder.
#[crate::boxed]
pub async fn acquire(
    connection: &mut Connection,
    key: i32,
    wait: Duration,
    what: &str,
) -> Result<SessionLock> {
    let lock = AdvisoryLock(LOCK_CLASS, key);
    // Logins that can provision: superusers, those with CREATEROLE, and this session's own.
    let holders = lock.holders(&stmt!("r.rolsuper OR r.rolcreaterole OR r.rolname = session_user"));
    let mut attempts =
        LockAttempts::new(lock, Backoff::until(Instant::now() + wait, FIRST_PAUSE, LONGEST_PAUSE));
    loop {
        let rows = query(connection, &Statement::join(lock.attempt(attempts.key))).await?;
        let (taken, alone) = advisory::attempted(connection.backend(), rows.iter());
        if taken && alone {
            return Ok(SessionLock { lock, key: attempts.key });
        }
        let holder = match attempts.after(connection, taken, &holders).await? {
            AttemptOutcome::Ours(warning) => {
                if let Some(warning) = warning {
                    tracing::warn!(target: "martydb", "warning: {what}: {warning}");
                }
                return Ok(SessionLock { lock, key: attempts.key });
            }
            AttemptOutcome::Again(holder) => holder,
        };
        if !attempts.pause().await {
            return Err(locked(what, holder.as_ref()));
        }
    }
}

/// Releases a lock before its session ends.
#[crate::boxed]
pub async fn release(connection: &mut Connection, held: SessionLock) -> Result<()> {
    query(connection, &held.lock.release(held.key)).await.map(|_| ())
}

fn locked(what: &str, holder: Option<&LockHolder>) -> Error {
    Error::new(Kind::Locked, format!("another run of martydb works on {what}"))
        .causes(holder.map(|holder| format!("the lock is held by {holder}")))
        .hint("wait for it to end, or allow more time with --lock-wait")
}
