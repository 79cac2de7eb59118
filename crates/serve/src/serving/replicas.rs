//! Replicas of a service: standbys with the same logins, their pools, and how far each has come.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use martydb_model::error::Result;
use martydb_model::sql::{Statement, stmt};
use secrecy::SecretString;

use super::place::{PrimaryPlaces, WalPlace};
use crate::fault::Served;

use crate::session::{LoginPool, LoginSession, LoginTarget};

/// Lag above which a replica without `max_lag` is not read.
const LONGEST_LAG: Duration = Duration::from_secs(30);

/// Targets at one replica.
#[derive(Clone)]
pub struct ReplicaTargets {
    pub name: String,
    pub read: LoginTarget,
    /// Logins of `access`, by name.
    pub further: Vec<LoginTarget>,
    pub max_lag: Option<Duration>,
}

impl ReplicaTargets {
    /// Returns `true` if what reads at the other reads at this one, too.
    pub fn is_as(&self, other: &ReplicaTargets) -> bool {
        let same = self.further.len() == other.further.len()
            && self.further.iter().zip(&other.further).all(|(one, other)| one.is_as(other));
        same && (&self.name, self.max_lag) == (&other.name, other.max_lag) && self.read.is_as(&other.read)
    }
}

/// A replica, as it was at the last look.
pub struct ServedReplica {
    pub name: Arc<str>,
    read: LoginPool,
    further: HashMap<String, LoginPool>,
    max_lag: Duration,
    state: Mutex<ReplicaLook>,
}

#[derive(Clone, Copy, Default)]
struct ReplicaLook {
    /// `true` if it is a standby, and not too far behind.
    fit: bool,
    answers_in: Duration,
}

/// The replicas of a service.
#[derive(Default)]
pub struct ServiceReplicas {
    all: Vec<ServedReplica>,
    next: AtomicUsize,
    primary: Mutex<(PrimaryPlaces, Duration)>,
}

impl ServedReplica {
    /// Returns the pool of a caller's login, or of the service's own.
    pub fn pool(&self, login: Option<&str>) -> Option<&LoginPool> {
        login.map_or(Some(&self.read), |login| self.further.get(login))
    }
}

impl ServiceReplicas {
    /// Makes the pools.
    ///
    /// # Errors
    /// If a replica cannot be reached safely.
    pub fn new(targets: &[ReplicaTargets]) -> Result<ServiceReplicas> {
        let one = |targets: &ReplicaTargets| {
            let further =
                targets.further.iter().map(|target| Ok((target.role.clone(), LoginPool::new(target)?)));
            Ok(ServedReplica {
                name: targets.name.as_str().into(),
                read: LoginPool::new(&targets.read)?,
                further: further.collect::<Result<_>>()?,
                max_lag: targets.max_lag.unwrap_or(LONGEST_LAG),
                state: Mutex::default(),
            })
        };
        Ok(ServiceReplicas {
            all: targets.iter().map(one).collect::<Result<_>>()?,
            ..ServiceReplicas::default()
        })
    }

    /// Returns `true` if there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Sets the passwords of new connections, by login.
    pub fn set_passwords(&self, passwords: &BTreeMap<String, SecretString>) {
        for pool in self.all.iter().flat_map(|one| one.further.values().chain([&one.read])) {
            pool.set_password(passwords.get(pool.login()));
        }
    }

    /// Looks at the primary and at each replica.
    pub async fn look(&self, primary: &LoginPool) {
        if self.all.is_empty() {
            return;
        }
        let begun = Instant::now();
        if let Ok((_, place)) = place_at(primary).await {
            let mut known = self.primary.lock().unwrap_or_else(PoisonError::into_inner);
            known.0.add(place, Instant::now());
            known.1 = begun.elapsed();
        }
        for replica in &self.all {
            let begun = Instant::now();
            let found = place_at(&replica.read).await;
            let answers_in = begun.elapsed();
            let known = self.primary.lock().unwrap_or_else(PoisonError::into_inner);
            let fit = found.is_ok_and(|(in_recovery, place)| {
                in_recovery && known.0.is_within(place, replica.max_lag, Instant::now())
            });
            *replica.state.lock().unwrap_or_else(PoisonError::into_inner) = ReplicaLook { fit, answers_in };
        }
    }

    /// Returns the replica to ask: each in turn, or the nearest; `None` for the primary.
    pub fn choice(&self, nearest: bool) -> Option<&ServedReplica> {
        let state = |one: &ServedReplica| *one.state.lock().unwrap_or_else(PoisonError::into_inner);
        let fit: Vec<&ServedReplica> = self.all.iter().filter(|one| state(one).fit).collect();
        if !nearest {
            let turn = self.next.fetch_add(1, Ordering::Relaxed);
            return fit.get(turn.checked_rem(fit.len())?).copied();
        }
        let found = fit.into_iter().min_by_key(|one| state(one).answers_in)?;
        let primary = self.primary.lock().unwrap_or_else(PoisonError::into_inner).1;
        (state(found).answers_in <= primary).then_some(found)
    }
}

/// Returns whether a server is a standby, and its place in the WAL.
pub async fn place_at(pool: &LoginPool) -> Served<(bool, WalPlace)> {
    let mut session = pool.get().await?;
    let found = place(&mut session).await.ok_or_else(crate::session::unavailable)?;
    session.release();
    Ok(found)
}

/// Returns the same by a session that is there.
pub async fn place(session: &mut LoginSession) -> Option<(bool, WalPlace)> {
    let rows = session.rows(&where_it_is(), &[]).await.ok()?;
    let text: String = rows.first()?.try_get(0).ok()?;
    let mut parts = text.split(' ');
    let in_recovery = parts.next()? == "true";
    let timeline = u32::from_str_radix(parts.next()?, 16).ok()?;
    let position = parts.next()?.parse().ok()?;
    Some((in_recovery, WalPlace { timeline, position }))
}

/// Returns the statement for a server's role, timeline and place. The primary is told by what it inserts, so after COMMIT; a
/// standby by what it has replayed. A standby's timeline is that of its last restart point: an older one than it is at, never a
/// newer one (<https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-CONTROLDATA>).
fn where_it_is() -> Statement {
    stmt!(
        "SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.concat_ws(' ', 'true',
    (SELECT pg_catalog.to_hex(c.timeline_id) FROM pg_catalog.pg_control_checkpoint() c),
    pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_last_wal_replay_lsn(), '0/0'))
  ELSE pg_catalog.concat_ws(' ', 'false', pg_catalog.substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()), 1, 8),
    pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0')) END"
    )
}
