//! A second session of the migrator that monitors the first: its progress and its blockers. It only reads.

use std::time::{Duration, Instant};

use super::server_progress::{progress, progress_of};
use crate::engine::session::connect_reader;
use crate::report::{Blocker, ServerProgress};
use crate::target::MigrationTarget;
use martydb_model::sql::{Statement, stmt};
use martydb_pg::server::{Connection, Row, Unreadable, query_each};

/// Time limit of one sample, including the login.
const PATIENCE: Duration = Duration::from_secs(5);

/// Pause before the next login after a failed one.
const PAUSE: Duration = Duration::from_secs(30);

/// One sample.
#[derive(Debug, Default)]
pub(crate) struct BlockSample {
    /// Statement n of m, from the migrating session's `application_name` (see `batch`).
    pub statement: Option<(usize, usize)>,
    pub progress: Option<ServerProgress>,
    pub blockers: Vec<Blocker>,
}

pub(crate) struct BlockMonitor {
    target: MigrationTarget,
    /// Process ID of the migrating session's backend.
    pid: i32,
    session: Option<Connection>,
    /// Earliest time of the next login.
    pause_until: Option<Instant>,
}

impl BlockMonitor {
    pub(crate) fn new(target: MigrationTarget, pid: i32) -> BlockMonitor {
        BlockMonitor { target, pid, session: None, pause_until: None }
    }

    /// Takes a sample; `None` if there is no session for it.
    pub(crate) async fn sample(&mut self) -> Option<BlockSample> {
        if self.pause_until.is_some_and(|until| Instant::now() < until) {
            return None;
        }
        let seen = tokio::time::timeout(PATIENCE, self.ask()).await.ok().flatten();
        if seen.is_none() {
            self.session = None;
            self.pause_until = Some(Instant::now() + PAUSE);
        }
        seen
    }

    async fn ask(&mut self) -> Option<BlockSample> {
        if self.session.is_none() {
            self.session = Some(connect_reader(&self.target, Duration::ZERO).await.ok()?);
        }
        let session = self.session.as_mut()?;
        let query = Statement::join([
            own(self.pid),
            progress(&stmt!("pid = {pid} LIMIT 1", pid = self.pid), session.major()),
            blockers(self.pid),
        ]);
        read(&query_each(session, &query).await.ok()?).ok()
    }

    /// Closes the connection.
    pub(crate) async fn rest(&mut self) {
        self.pause_until = None;
        if let Some(session) = self.session.take() {
            session.close().await;
        }
    }
}

fn own(pid: i32) -> Statement {
    stmt!("SELECT application_name FROM pg_catalog.pg_stat_get_activity({pid})")
}

/// Returns the query for the blockers. Only sent if the session waits for a lock: `pg_blocking_pids` stops the
/// lock manager for a moment.
fn blockers(pid: i32) -> Statement {
    stmt!(
        "SELECT b.pid, r.rolname::pg_catalog.text, a.application_name,
            pg_catalog.to_char(a.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),
            CASE WHEN a.backend_start IS NOT NULL THEN nullif(a.query, '') END
         FROM pg_catalog.pg_stat_get_activity({pid}) w
         CROSS JOIN LATERAL (SELECT DISTINCT pg_catalog.unnest(pg_catalog.pg_blocking_pids(w.pid))) b(pid)
         LEFT JOIN LATERAL pg_catalog.pg_stat_get_activity(b.pid) a ON b.pid <> 0
         LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.usesysid
         WHERE w.wait_event_type = 'Lock' ORDER BY b.pid"
    )
}

fn read(results: &[Vec<Row>]) -> Result<BlockSample, Unreadable> {
    let [own, progress, blockers] = results else { return Err(Unreadable::no_row()) };
    let said: Option<Option<String>> = own.first().map(Row::read).transpose()?;
    Ok(BlockSample {
        statement: said.flatten().as_deref().and_then(statement_count),
        progress: progress.first().map(progress_of).transpose()?,
        blockers: blockers.iter().map(blocker).collect::<Result<_, _>>()?,
    })
}

/// Parses the end of the `application_name` that a batch sets.
pub(crate) fn statement_count(name: &str) -> Option<(usize, usize)> {
    let (at, all) = name.rsplit(' ').next()?.split_once('/')?;
    Some((at.parse().ok()?, all.parse().ok()?))
}

fn blocker(row: &Row) -> Result<Blocker, Unreadable> {
    let (pid, login, application, since, statement) = row.read()?;
    Ok(Blocker { pid, login, application, since, statement })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_read_from_the_end_of_the_name() {
        assert_eq!(statement_count("martydb V12 3/40"), Some((3, 40)));
        for other in ["martydb", "", "a/b", "psql 1/"] {
            assert_eq!(statement_count(other), None, "{other}");
        }
    }
}
