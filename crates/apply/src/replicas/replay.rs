//! Wait until replicas have replayed what was committed on their server: until then a password that was replaced, a
//! login that was closed and a privilege that was revoked work there as before.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::ReplicaAccess;
use martydb_model::error::{Error, Kind, Result};
use martydb_model::sql::{Literal, stmt};
use martydb_model::units::listed;
use martydb_pg::server::{Access, Connection, query};

/// Pauses between two looks at a replica.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LAST_PAUSE: Duration = Duration::from_secs(1);

/// Pauses in the wait for the WAL writer, which writes at intervals of `wal_writer_delay`, 200 ms by default.
const FLUSH_PAUSE: Duration = Duration::from_millis(50);
const FLUSH_TRIES: u32 = 240;

/// A replica that has not replayed a change in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotReplayed {
    pub name: String,
    /// Reason, for people.
    pub why: String,
}

/// Wait for the replicas of one server, whose limit is for all its waits together.
pub struct Replay<'a> {
    primary: &'a Access,
    replicas: &'a [ReplicaAccess],
    until: Instant,
}

impl<'a> Replay<'a> {
    /// Makes a wait that lasts `limit` from now at most.
    pub fn new(primary: &'a Access, replicas: &'a [ReplicaAccess], limit: Duration) -> Replay<'a> {
        Replay { primary, replicas, until: Instant::now() + limit }
    }

    /// Waits until every replica has replayed all that is committed now.
    ///
    /// # Errors
    /// If replicas have not; `what` is what still holds there, such as `the old password of "shop_app" works`.
    #[martydb_pg::boxed]
    pub async fn wait(&self, what: &str) -> Result<()> {
        not_replayed(&self.missing().await, what)
    }

    /// Waits, and returns the replicas that have not replayed all that was committed when it began.
    #[martydb_pg::boxed]
    pub async fn missing(&self) -> Vec<NotReplayed> {
        let following = self.replicas.iter().filter(|replica| replica.replays());
        let following: Vec<_> = following.filter(|replica| !self.is_primary(replica)).collect();
        if following.is_empty() {
            return vec![];
        }
        let behind = |replica: &ReplicaAccess, error: &Error| NotReplayed {
            name: replica.replica.name.clone(),
            why: error.to_string(),
        };
        let target = match written(self.primary).await {
            Ok(target) => target,
            Err(error) => return following.iter().map(|replica| behind(replica, &error)).collect(),
        };
        let one = async |replica: &&ReplicaAccess| {
            self.follow(replica, &target).await.err().map(|error| behind(replica, &error))
        };
        join_all(following.iter().map(one)).await.into_iter().flatten().collect()
    }

    /// Returns `true` for a replica that a failover has made the primary of this run.
    fn is_primary(&self, replica: &ReplicaAccess) -> bool {
        let place = |access: &Access| (access.endpoint.host.clone(), access.endpoint.port);
        replica.access.as_ref().is_ok_and(|access| place(access) == place(self.primary))
    }

    /// Looks at a replica until it has replayed `target`; a replica that restarts meanwhile is queried again.
    async fn follow(&self, replica: &ReplicaAccess, target: &str) -> Result<()> {
        let access = replica.access.as_ref().map_err(Error::clone)?;
        let (mut pause, mut session) = (FIRST_PAUSE, None);
        loop {
            let seen = look(access, &mut session, target).await;
            let error = match seen {
                Ok(Some(ReplayPosition { behind: ..=0, .. })) => return Ok(()),
                Ok(Some(ReplayPosition { behind, .. })) => {
                    Error::operation(format!("{behind} bytes of WAL are not replayed there"))
                }
                // Neither a promotion nor a signal is undone by waiting.
                Ok(None) => return Err(Error::operation("it is not a standby")),
                Err(error) if error.kind == Kind::Interrupted => return Err(error),
                Err(error) => {
                    session = None;
                    error
                }
            };
            if Instant::now() + pause > self.until {
                return Err(error);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LAST_PAUSE);
        }
    }
}

/// Makes the error about replicas that have not replayed a change.
///
/// # Errors
/// If there are any.
pub(crate) fn not_replayed(missing: &[NotReplayed], what: &str) -> Result<()> {
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = missing.iter().map(|one| one.name.as_str()).collect();
    let (noun, has) = if names.len() == 1 { ("replica", "has") } else { ("replicas", "have") };
    let error =
        Error::operation(format!("{noun} {} {has} not replayed the change: {what} there", listed(&names)));
    let error = missing.iter().fold(error, |error, one| error.cause(format!("{}: {}", one.name, one.why)));
    Err(error.hint("see how far they are with `martydb status`, and wait longer with --lock-wait"))
}

async fn look(
    access: &Access,
    session: &mut Option<Connection>,
    target: &str,
) -> Result<Option<ReplayPosition>> {
    if session.is_none() {
        *session = Some(access.read(&access.maintenance).await?);
    }
    let session = session.as_mut().expect("it was opened above");
    replayed(session, target).await
}

/// Place of a standby in the WAL.
pub(crate) struct ReplayPosition {
    /// Bytes up to the target; zero or less if it is replayed.
    pub behind: i64,
    /// Time since the last transaction that was replayed.
    pub idle_ms: Option<i64>,
}

/// Reads the place of a standby relative to `target`; `None` if it is a standby no longer: what it has replayed says nothing
/// about another server then.
pub(crate) async fn replayed(session: &mut Connection, target: &str) -> Result<Option<ReplayPosition>> {
    let statement = stmt!(
        "SELECT pg_catalog.pg_is_in_recovery(),
           pg_catalog.pg_wal_lsn_diff({target}::pg_catalog.pg_lsn,
             coalesce(pg_catalog.pg_last_wal_replay_lsn(), '0/0'::pg_catalog.pg_lsn))::pg_catalog.int8,
           (EXTRACT(epoch FROM pg_catalog.clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp()) * 1000)::pg_catalog.int8",
        target = Literal(target.to_owned()),
    );
    let rows = query(session, &statement).await?;
    let unread = || Error::operation("cannot read how far the standby has replayed");
    let row = rows.first().ok_or_else(unread)?;
    if row.try_get(0) != Ok(true) {
        return Ok(None);
    }
    let behind: Option<i64> = row.try_get(1).map_err(|_| unread())?;
    let idle_ms = row.try_get(2).unwrap_or_default();
    Ok(Some(ReplayPosition { behind: behind.ok_or_else(unread)?, idle_ms }))
}

/// Returns the place in the WAL up to which everything that is committed now is on disk, which is what standbys get. A
/// commit may be on disk a little later (`synchronous_commit = off`).
pub(crate) async fn written(primary: &Access) -> Result<String> {
    let mut session = primary.read(&primary.maintenance).await?;
    let rows = query(&mut session, &stmt!("SELECT pg_catalog.pg_current_wal_insert_lsn()::text")).await?;
    let unread = || Error::operation("cannot read the place of the server in its WAL");
    let inserted: Option<String> = rows.first().ok_or_else(unread)?.try_get(0).map_err(|_| unread())?;
    let inserted = Literal(inserted.ok_or_else(unread)?);
    // At the beginning of a page the next record follows the page's header, of at most 40 bytes (`SizeOfXLogLongPHD`).
    let flushed = stmt!(
        "SELECT f.lsn::text FROM pg_catalog.pg_current_wal_flush_lsn() f(lsn) WHERE f.lsn >= {inserted}::pg_catalog.pg_lsn
           OR pg_catalog.mod(pg_catalog.pg_wal_lsn_diff(f.lsn, '0/0'), 8192) = 0
             AND pg_catalog.pg_wal_lsn_diff({inserted}::pg_catalog.pg_lsn, f.lsn) <= 40"
    );
    for _ in 0..FLUSH_TRIES {
        match query(&mut session, &flushed).await?.first().map(|row| row.try_get(0)) {
            Some(Ok(Some(lsn))) => return Ok(lsn),
            Some(_) => return Err(unread()),
            None => tokio::time::sleep(FLUSH_PAUSE).await,
        }
    }
    Err(Error::operation("the server has not written its WAL to disk"))
}
