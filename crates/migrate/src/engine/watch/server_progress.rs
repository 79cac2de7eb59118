//! The server's progress views.

use std::pin::pin;
use std::time::Duration;

use crate::engine::session::connect_reader;
use crate::report::{ProgressUnit, ServerProgress};
use crate::target::MigrationTarget;
use martydb_model::sql::{Keyword, Statement, stmt};
use martydb_pg::server::{Connection, Row, Unreadable, query_each};

/// Interval between two questions of [`watched`].
const INTERVAL: Duration = Duration::from_secs(5);

/// Progress views that can show a statement, with the first major that has each. Blocks are counted as bytes.
/// <https://www.postgresql.org/docs/current/progress-reporting.html>
const VIEWS: &[(u32, &str)] = &[
    (
        13,
        "SELECT command, relid, phase,
            CASE WHEN blocks_done < blocks_total THEN blocks_done * b.size ELSE tuples_done END,
            CASE WHEN blocks_done < blocks_total THEN blocks_total * b.size ELSE tuples_total END, blocks_done < blocks_total, pid
         FROM pg_catalog.pg_stat_progress_create_index, b",
    ),
    (
        13,
        "SELECT command, relid, phase, heap_blks_scanned * b.size, heap_blks_total * b.size, true, pid
         FROM pg_catalog.pg_stat_progress_cluster, b",
    ),
    (
        13,
        "SELECT 'VACUUM', relid, phase, heap_blks_scanned * b.size, heap_blks_total * b.size, true, pid
         FROM pg_catalog.pg_stat_progress_vacuum, b",
    ),
    (
        13,
        "SELECT 'ANALYZE', relid, phase, sample_blks_scanned * b.size, sample_blks_total * b.size, true, pid
         FROM pg_catalog.pg_stat_progress_analyze, b",
    ),
    (
        14,
        "SELECT command, relid, NULL, CASE WHEN bytes_total > 0 THEN bytes_processed ELSE tuples_processed END,
            bytes_total, bytes_total > 0, pid
         FROM pg_catalog.pg_stat_progress_copy",
    ),
];

/// Returns the query for the statements of these sessions: a condition on `p.pid`.
pub(super) fn progress(which: &Statement, major: u32) -> Statement {
    let known = VIEWS.iter().filter(|view| view.0 <= major);
    let union = known.fold(stmt!(""), |all, view| match all == stmt!("") {
        true => stmt!("{view}", view = Keyword(view.1)),
        false => stmt!("{all} UNION ALL {view}", view = Keyword(view.1)),
    });
    stmt!(
        "WITH b(size) AS (SELECT pg_catalog.current_setting('block_size')::pg_catalog.int8)
         SELECT command, relid::pg_catalog.regclass::pg_catalog.text, phase, done, total, bytes
         FROM ({union}) p(command, relid, phase, done, total, bytes, pid) WHERE {which}"
    )
}

pub(super) fn progress_of(row: &Row) -> Result<ServerProgress, Unreadable> {
    let (command, relation, phase, done, total, bytes): (_, _, _, Option<i64>, Option<i64>, Option<bool>) =
        row.read()?;
    let unit = if bytes == Some(true) { ProgressUnit::Bytes } else { ProgressUnit::Rows };
    let (done, total) = (done.unwrap_or_default(), total.unwrap_or_default());
    Ok(ServerProgress { command, relation, phase, done, total, unit })
}

/// Reads the progress of all statements of the session's login in its database.
async fn login_progress(session: &mut Connection) -> Option<Vec<ServerProgress>> {
    let own = stmt!(
        "p.pid IN (SELECT a.pid FROM pg_catalog.pg_stat_activity a
            WHERE a.usename = session_user AND a.datname = pg_catalog.current_database())"
    );
    let rows = query_each(session, &progress(&own, session.major())).await.ok()?;
    rows.iter().flatten().map(|row| progress_of(row).ok()).collect()
}

/// Does the work, and shows what the server says about the statements of this login meanwhile. A session of its own asks,
/// if the work takes longer than a moment; without one nothing is shown.
pub async fn watched<T>(
    target: &MigrationTarget,
    show: impl FnMut(&[ServerProgress]),
    work: impl Future<Output = T>,
) -> T {
    let mut session = None;
    let end = {
        let mut work = pin!(work);
        tokio::select! {
            end = &mut work => end,
            _ = ask(target, show, &mut session) => work.await,
        }
    };
    if let Some(session) = session {
        session.close().await;
    }
    end
}

async fn ask(
    target: &MigrationTarget,
    mut show: impl FnMut(&[ServerProgress]),
    opened: &mut Option<Connection>,
) -> Option<()> {
    tokio::time::sleep(INTERVAL).await;
    let session = opened.insert(connect_reader(target, Duration::ZERO).await.ok()?);
    loop {
        show(&login_progress(session).await?);
        tokio::time::sleep(INTERVAL).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_that_the_server_lacks_is_not_asked() {
        let shown = |major| progress(&stmt!("true"), major).shown().to_string();
        assert!(!shown(13).contains("progress_copy"));
        assert!(shown(14).contains("progress_copy"));
    }
}
