//! Replicas of a service: standbys with the same logins, their pools, and how far each has come.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use martydb_model::error::Result;
use martydb_model::sql::{Statement, stmt};
use parking_lot::Mutex;
use tokio_postgres::Row;

use crate::error::HttpResult;
use crate::run::ask;
use crate::run::wal_position::{PrimaryPositions, WalPosition};
use crate::session::{LoginPool, LoginSession, LoginTarget, unavailable};

/// Lag above which a replica without `max_lag` is not read.
const LONGEST_LAG: Duration = Duration::from_secs(30);

/// Longest look at a server: one that does not answer by then is not read, and holds up no other.
const LOOK_TIMEOUT: Duration = Duration::from_secs(1);

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
    pub fn matches(&self, other: &ReplicaTargets) -> bool {
        let same = self.further.len() == other.further.len()
            && self.further.iter().zip(&other.further).all(|(one, other)| one.matches(other));
        same && (&self.name, self.max_lag) == (&other.name, other.max_lag) && self.read.matches(&other.read)
    }
}

/// A replica, as it was at the last look.
pub(crate) struct ServedReplica {
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
pub(crate) struct ServiceReplicas {
    all: Vec<ServedReplica>,
    next: AtomicUsize,
    primary: Mutex<(PrimaryPositions, Duration)>,
}

impl ServedReplica {
    /// Returns the pool of a caller's login, or of the service's own.
    pub(crate) fn pool(&self, login: Option<&str>) -> Option<&LoginPool> {
        login.map_or(Some(&self.read), |login| self.further.get(login))
    }

    fn set(&self, look: ReplicaLook) {
        let mut state = self.state.lock();
        if state.fit && !look.fit {
            let name = &self.name;
            tracing::warn!(
                "the replica {name} is not read: it does not answer, is not a standby, or is too far behind"
            );
        }
        *state = look;
    }
}

impl ServiceReplicas {
    /// Makes the pools.
    ///
    /// # Errors
    /// If a pool cannot be made.
    pub(crate) fn new(targets: &[ReplicaTargets]) -> Result<ServiceReplicas> {
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
    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Returns the pools of all replicas.
    pub(crate) fn pools(&self) -> impl Iterator<Item = &LoginPool> {
        self.all.iter().flat_map(|one| one.further.values().chain([&one.read]))
    }

    /// Looks at the primary and at each replica.
    pub(crate) async fn look(&self, primary: &LoginPool) {
        if self.all.is_empty() {
            return;
        }
        let (at_primary, found) =
            tokio::join!(looked_at(primary), join_all(self.all.iter().map(|one| looked_at(&one.read))));
        let now = Instant::now();
        let mut known = self.primary.lock();
        if let Some(((false, position), answered_in)) = at_primary {
            known.0.add(position, now);
            known.1 = answered_in;
        }
        for (replica, found) in self.all.iter().zip(found) {
            let found = found.filter(|((in_recovery, position), _)| {
                *in_recovery && known.0.is_within(*position, replica.max_lag, now)
            });
            let answers_in = found.map(|(_, time)| time).unwrap_or_default();
            replica.set(ReplicaLook { fit: found.is_some(), answers_in });
        }
    }

    /// Returns `true` if a replica that is at this position is not too far behind.
    pub(crate) fn is_within(&self, replica: &ServedReplica, position: WalPosition) -> bool {
        let known = self.primary.lock();
        known.0.is_within(position, replica.max_lag, Instant::now())
    }

    /// Returns the replica to ask: each in turn, or the nearest; `None` for the primary.
    pub(crate) fn choice(&self, nearest: bool) -> Option<&ServedReplica> {
        let state = |one: &ServedReplica| *one.state.lock();
        let fit: Vec<&ServedReplica> = self.all.iter().filter(|one| state(one).fit).collect();
        if !nearest {
            let turn = self.next.fetch_add(1, Ordering::Relaxed);
            return fit.get(turn.checked_rem(fit.len())?).copied();
        }
        let found = fit.into_iter().min_by_key(|one| state(one).answers_in)?;
        let primary = self.primary.lock().1;
        (state(found).answers_in <= primary).then_some(found)
    }
}

/// Looks at a server, within a limited time.
async fn looked_at(pool: &LoginPool) -> Option<((bool, WalPosition), Duration)> {
    let begun = Instant::now();
    let found = tokio::time::timeout(LOOK_TIMEOUT, position_at(pool)).await.ok()?.ok()?;
    Some((found, begun.elapsed()))
}

/// Returns the position of a server in the WAL, with `true` if it is a standby.
pub(crate) async fn position_at(pool: &LoginPool) -> HttpResult<(bool, WalPosition)> {
    let rows = ask(pool, &position_query(), &[]).await?;
    rows.ok().and_then(|rows| parsed(&rows)).ok_or_else(unavailable)
}

/// Returns the same by a session that is there.
pub(crate) async fn position(session: &mut LoginSession) -> Option<(bool, WalPosition)> {
    parsed(&session.rows(&position_query(), &[]).await.ok()?)
}

fn parsed(rows: &[Row]) -> Option<(bool, WalPosition)> {
    let text: String = rows.first()?.try_get(0).ok()?;
    let mut parts = text.split(' ');
    let in_recovery = parts.next()? == "true";
    let timeline = u32::from_str_radix(parts.next()?, 16).ok()?;
    let position = parts.next()?.parse().ok()?;
    Some((in_recovery, WalPosition { timeline, position }))
}

/// Returns the statement for a server's role, timeline and position. The primary is asked for its insert position, so after COMMIT; a
/// standby by what it has replayed. A standby's timeline is that of its last restart point: an older one than it is at, never a
/// newer one (<https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-CONTROLDATA>).
fn position_query() -> Statement {
    stmt!(
        "SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.concat_ws(' ', 'true',
    (SELECT pg_catalog.to_hex(c.timeline_id) FROM pg_catalog.pg_control_checkpoint() c),
    pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_last_wal_replay_lsn(), '0/0'))
  ELSE pg_catalog.concat_ws(' ', 'false', pg_catalog.substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()), 1, 8),
    pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0')) END"
    )
}
