//! One run at a time: an advisory lock that is asked for again and again, and that dies with its connection. Holders
//! that are no admin do not count (see `advisory`).
//!
//! Never the blocking `pg_advisory_lock`: its waiter holds a snapshot, `CREATE INDEX CONCURRENTLY` waits for that
//! snapshot, and the two deadlock.

use std::time::{Duration, Instant};

use super::advisory::{self, Holder, Key, Verdict};
use super::{Access, Connection, query};
use crate::error::{Error, Kind, Result};
use crate::sql::Statement;
use crate::stmt;

/// Advisory locks are per database, so all runs must agree on one; this one exists nearly everywhere.
pub(super) const AGREED_DATABASE: &str = "postgres";

/// The first half of every advisory lock key of martydb: "mrty".
pub const LOCK_CLASS: i32 = 0x6d72_7479;

/// The second half for the lock of a whole server.
const SERVER_LOCK: i32 = 1;

const FIRST_PAUSE: Duration = Duration::from_millis(25);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// A held lock; dropping it closes the connection, which releases it.
#[derive(Debug)]
pub struct Lock(#[allow(dead_code, reason = "kept for its drop")] Connection);

/// Takes the lock of a server, waiting at most `wait`.
///
/// # Errors
/// [`Kind::Locked`], naming who holds it.
pub async fn server(access: &Access, wait: Duration) -> Result<Lock> {
    let mut connection = match access.read(AGREED_DATABASE).await {
        Ok(connection) => connection,
        // Gone, or closed to this admin: all its runs meet the same refusal and agree on the other one.
        Err(error) if matches!(error.sqlstate.as_deref(), Some("3D000" | "42501" | "55000")) => {
            access.read(&access.maintenance).await?
        }
        Err(error) => return Err(error),
    };
    poll(&mut connection, SERVER_LOCK, wait, &format!("server \"{}\"", access.server)).await?;
    Ok(Lock(connection))
}

/// A lock that a session holds until it ends or lets go.
#[derive(Debug, Clone, Copy)]
pub struct Held {
    lock: advisory::Lock,
    key: Key,
}

/// Asks for the lock until it is free or the time is over.
///
/// # Errors
/// [`Kind::Locked`], naming who holds it.
pub async fn poll(connection: &mut Connection, key: i32, wait: Duration, what: &str) -> Result<Held> {
    let (started, lock) = (Instant::now(), advisory::Lock(LOCK_CLASS, key));
    let (mut pause, mut key) = (FIRST_PAUSE, Key::Own);
    loop {
        let (taken, alone) = attempt(connection, lock, key).await?;
        if taken && alone {
            return Ok(Held { lock, key });
        }
        let holders = holders(connection, lock).await?;
        let waited_for = match advisory::verdict(key, taken, &holders)? {
            Verdict::Ours => {
                if let Some(warning) = advisory::passed_over(&holders) {
                    tracing::warn!(target: "martydb", "warning: {what}: {warning}");
                }
                return Ok(Held { lock, key });
            }
            Verdict::Try(next) if key == Key::Own && next != key => {
                key = next;
                continue;
            }
            Verdict::Try(next) => {
                key = next;
                None
            }
            Verdict::Wait(holder) => {
                if taken {
                    release(connection, Held { lock, key }).await?;
                }
                key = Key::Own;
                Some(holder)
            }
        };
        if started.elapsed() + pause > wait {
            return Err(held(what, waited_for.as_ref()));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Lets a lock go before its session ends.
pub async fn release(connection: &mut Connection, held: Held) -> Result<()> {
    query(connection, &held.lock.release(held.key)).await.map(|_| ())
}

async fn attempt(connection: &mut Connection, lock: advisory::Lock, key: Key) -> Result<(bool, bool)> {
    let rows = query(connection, &Statement::join(lock.attempt(key))).await?;
    Ok(advisory::attempted(rows.iter()))
}

/// Who may provision: superusers, whoever may make roles, and this session's own login.
async fn holders(connection: &mut Connection, lock: advisory::Lock) -> Result<Vec<Holder>> {
    let admins = stmt!("r.rolsuper OR r.rolcreaterole OR r.rolname = session_user");
    let rows = query(connection, &lock.holders(&admins)).await?;
    Ok(rows.iter().map(advisory::holder).collect())
}

fn held(what: &str, holder: Option<&Holder>) -> Error {
    let error = Error::new(Kind::Locked, format!("another run of martydb works on {what}"));
    match holder {
        Some(holder) => error.cause(format!("the lock is held by {holder}")),
        None => error,
    }
    .hint("wait for it to end, or allow more time with --lock-wait")
}
