//! Repeated attempts at an advisory lock (see `advisory` for who counts as a holder): the decision after an attempt
//! that did not simply succeed. The caller makes the attempts, since each has a message of its own.
//!
//! Never the blocking `pg_advisory_lock`: its waiter holds a snapshot, `CREATE INDEX CONCURRENTLY` waits for that
//! snapshot, and the two deadlock.

use super::advisory::{self, AdvisoryLock, Claim, LockHolder, LockKey};
use super::{Connection, query};
use crate::backoff::Backoff;
use martydb_model::error::Result;
use martydb_model::sql::Statement;

/// Attempts at one lock: the key and the time of the next one.
pub struct LockAttempts {
    lock: AdvisoryLock,
    pub key: LockKey,
    backoff: Backoff,
    /// `true` if the next attempt needs no pause.
    at_once: bool,
}

/// Outcome of an attempt that met another session's key.
pub enum AttemptOutcome {
    /// The lock is ours: the other sessions are not entitled to it. Contains a warning that names them.
    Ours(Option<String>),
    /// Another attempt follows [`LockAttempts::pause`]; contains the holder, if any.
    Again(Option<LockHolder>),
}

impl LockAttempts {
    pub fn new(lock: AdvisoryLock, backoff: Backoff) -> LockAttempts {
        LockAttempts { lock, key: LockKey::Own, backoff, at_once: false }
    }

    /// Queries the holders of a key, after an attempt with or without success. `holders` is the query, see
    /// [`AdvisoryLock::holders`].
    #[crate::boxed]
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

    /// Waits before the next attempt if necessary; returns `false` once the time is up.
    #[crate::boxed]
    pub async fn pause(&mut self) -> bool {
        self.at_once || self.backoff.wait().await
    }

    pub fn waited(&self) -> std::time::Duration {
        self.backoff.waited()
    }
}
