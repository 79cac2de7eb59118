//! Waiting for an advisory lock by asking for it again and again (see `advisory` for who counts as a holder).
//!
//! Never the blocking `pg_advisory_lock`: its waiter holds a snapshot, `CREATE INDEX CONCURRENTLY` waits for that
//! snapshot, and the two deadlock.

use super::advisory::{self, AdvisoryLock, Claim, LockHolder, LockKey};
use super::{Connection, query};
use crate::backoff::Backoff;
use crate::error::{Error, Result};
use crate::sql::Statement;

pub trait Claimant {
    type Error: From<Error>;

    fn lock(&self) -> AdvisoryLock;

    fn connection(&mut self) -> &mut Connection;

    /// The query for who else holds a key, see [`AdvisoryLock::holders`].
    fn holders(&self) -> Statement;

    /// Sends [`AdvisoryLock::attempt`], and returns what [`advisory::attempted`] reads of the answer.
    fn attempt(&mut self, key: LockKey) -> impl Future<Output = Result<(bool, bool), Self::Error>> + Send;

    fn waiting(&self, _holder: &LockHolder) {}
}

pub enum Claimed {
    /// With the key, which no other session holds.
    Alone(LockKey),
    /// With the key. Others that hold one are not entitled to the lock; `warning` names them.
    Contended {
        key: LockKey,
        warning: Option<String>,
    },
    TimedOut(Option<LockHolder>),
}

pub async fn claim<C: Claimant + Send>(claimant: &mut C, backoff: &mut Backoff) -> Result<Claimed, C::Error> {
    let lock = claimant.lock();
    let mut key = LockKey::Own;
    loop {
        let (taken, alone) = claimant.attempt(key).await?;
        if taken && alone {
            return Ok(Claimed::Alone(key));
        }
        let asked = claimant.holders();
        let rows = query(claimant.connection(), &asked).await?;
        let holders: Vec<LockHolder> = rows.iter().map(advisory::holder).collect();
        let waited_for = match advisory::verdict(key, taken, &holders)? {
            Claim::Ours => {
                return Ok(Claimed::Contended { key, warning: advisory::passed_over(&holders) });
            }
            Claim::Try(next) => {
                let ticket = key == LockKey::Own && next != key;
                key = next;
                if ticket {
                    continue;
                }
                None
            }
            Claim::Wait(holder) => {
                if taken {
                    query(claimant.connection(), &lock.release(key)).await?;
                }
                key = LockKey::Own;
                claimant.waiting(&holder);
                Some(holder)
            }
        };
        if !backoff.wait().await {
            return Ok(Claimed::TimedOut(waited_for));
        }
    }
}
