//! Waiting for an advisory lock by asking for it again and again (see `advisory` for who counts as a holder): what to do
//! after an attempt that did not simply take it. Who wants the lock makes the attempts, since each has its own message.
//!
//! Never the blocking `pg_advisory_lock`: its waiter holds a snapshot, `CREATE INDEX CONCURRENTLY` waits for that
//! snapshot, and the two deadlock.

use super::advisory::{self, AdvisoryLock, Claim, LockHolder, LockKey};
use super::{Connection, query};
use crate::backoff::Backoff;
use martydb_model::error::Result;
use martydb_model::sql::Statement;

/// Attempts at one lock: with which key the next is made, and when.
pub struct Attempts {
    lock: AdvisoryLock,
    pub key: LockKey,
    backoff: Backoff,
    /// The next attempt needs no pause.
    at_once: bool,
}

/// What an attempt comes to that another session's key stood in the way of.
pub enum AttemptOutcome {
    /// The lock is ours all the same: the other sessions are not entitled to it; the warning names them.
    Ours(Option<String>),
    /// Another attempt, after [`Attempts::pause`]; this session holds the lock, if any does.
    Again(Option<LockHolder>),
}

impl Attempts {
    pub fn new(lock: AdvisoryLock, backoff: Backoff) -> Attempts {
        Attempts { lock, key: LockKey::Own, backoff, at_once: false }
    }

    /// Looks who else holds a key, after an attempt that did or did not take its own. `holders` is the query for that,
    /// see [`AdvisoryLock::holders`].
    pub async fn after(
        &mut self,
        connection: &mut Connection,
        taken: bool,
        holders: &Statement,
    ) -> Result<AttemptOutcome> {
        let rows = query(connection, holders).await?;
        let holders: Vec<LockHolder> = rows.iter().map(advisory::holder).collect();
        Ok(match advisory::verdict(self.key, taken, &holders)? {
            Claim::Ours => AttemptOutcome::Ours(advisory::passed_over(&holders)),
            Claim::Try(next) => {
                self.at_once = self.key == LockKey::Own && next != self.key;
                self.key = next;
                AttemptOutcome::Again(None)
            }
            Claim::Wait(holder) => {
                if taken {
                    query(connection, &self.lock.release(self.key)).await?;
                }
                (self.at_once, self.key) = (false, LockKey::Own);
                AttemptOutcome::Again(Some(holder))
            }
        })
    }

    /// Waits before the next attempt, where that is due; false once the time is up.
    pub async fn pause(&mut self) -> bool {
        self.at_once || self.backoff.wait().await
    }

    pub fn waited(&self) -> std::time::Duration {
        self.backoff.waited()
    }
}
