//! Statistics of a service's database, read by the monitor's login: it sees sizes and sessions, and no row.

use std::sync::Arc;
use std::time::{Duration, Instant};

use martydb_model::sql::{Statement, stmt};
use tokio::sync::Mutex;
use tokio_postgres::types::Type;

use crate::error::{HttpError, HttpResult};
use crate::run::ask;
use crate::session::{LoginPool, unavailable};

/// Maximum age of cached statistics: to measure a database reads its whole folder.
const MAX_AGE: Duration = Duration::from_secs(10);

/// Statistics of one database.
pub(crate) struct DatabaseStatistics {
    pool: Option<LoginPool>,
    database: String,
    last: Mutex<Option<(Instant, Arc<str>)>>,
}

impl DatabaseStatistics {
    /// Makes the statistics of a database; without a pool there are none.
    pub(crate) fn new(database: &str, pool: Option<LoginPool>) -> DatabaseStatistics {
        DatabaseStatistics { pool, database: database.to_owned(), last: Mutex::default() }
    }

    /// Returns `true` if there are any.
    pub(crate) fn are_available(&self) -> bool {
        self.pool.is_some()
    }

    /// Returns the pool that they are read with.
    pub(crate) fn pool(&self) -> Option<&LoginPool> {
        self.pool.as_ref()
    }

    /// Returns them as a JSON object, at most ten seconds old.
    pub(crate) async fn text(&self) -> HttpResult<Arc<str>> {
        let Some(pool) = &self.pool else { return Err(without_monitor()) };
        let mut last = self.last.lock().await;
        if let Some((at, text)) = &*last
            && at.elapsed() < MAX_AGE
        {
            return Ok(text.clone());
        }
        let rows = ask(pool, &of_database(), &[(Some(&self.database), Type::TEXT)]).await?;
        let rows = rows.map_err(|error| error.answer(true, false))?;
        let text = rows.first().and_then(|row| row.try_get::<_, String>(0).ok()).ok_or_else(unavailable)?;
        let text: Arc<str> = text.into();
        *last = Some((Instant::now(), text.clone()));
        Ok(text)
    }
}

fn without_monitor() -> HttpError {
    let message = "sizes and connections are read by the monitor's login, which the manifest does not have";
    HttpError::new(501, "MDB012", message).hint("`monitor: true` in the manifest, then `martydb apply`")
}

/// Returns the statement for the statistics of a database, the parameter. Sessions are grouped by login and state.
fn of_database() -> Statement {
    stmt!(
        "SELECT pg_catalog.json_build_object('database', d.datname, 'size_bytes', pg_catalog.pg_database_size(d.oid),
  'connection_limit', NULLIF(d.datconnlimit, -1),
  'connections', (SELECT COALESCE(pg_catalog.json_agg(pg_catalog.json_build_object('login', a.usename, 'state', a.state, 'number', a.number)), '[]')
    FROM (SELECT s.usename, COALESCE(s.state, 'unknown') AS state, pg_catalog.count(*) AS number FROM pg_catalog.pg_stat_activity s
      WHERE s.datid = d.oid AND s.backend_type = 'client backend' GROUP BY 1, 2 ORDER BY 1, 2 LIMIT 200) a),
  'commits', t.xact_commit, 'rollbacks', t.xact_rollback, 'blocks_read', t.blks_read, 'blocks_hit', t.blks_hit,
  'rows_inserted', t.tup_inserted, 'rows_updated', t.tup_updated, 'rows_deleted', t.tup_deleted,
  'conflicts', t.conflicts, 'deadlocks', t.deadlocks, 'temporary_bytes', t.temp_bytes, 'since', t.stats_reset)::text
FROM pg_catalog.pg_database d LEFT JOIN pg_catalog.pg_stat_database t ON t.datid = d.oid WHERE d.datname = $1"
    )
}
