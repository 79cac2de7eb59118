//! Waiting for locks of other sessions: step back, report their holders, and try again later.
//!
//! A session that waits for a strong lock blocks all sessions that want even a weak one, so the admin's
//! sessions wait in the server's queue only briefly (see `access`), and outside of it in between.
//! <https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-LOCK-TIMEOUT>

use std::time::{Duration, Instant};

use martydb_model::error::{Error, Result};
use martydb_model::sql::{Literal, Statement, stmt};
use martydb_model::sqlstate;
use martydb_pg::backoff::Backoff;
use martydb_pg::server::{Connection, Row, query};
use martydb_plan::{Object, Step, locked};

/// Total time of trying: longer than most reports and backups of one table hold a lock.
const PATIENCE: Duration = Duration::from_secs(120);
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Interval between messages about the same wait.
const REPORT_INTERVAL: Duration = Duration::from_secs(10);

pub(crate) struct LockQueue {
    /// Relation that is waited for, if it is known.
    relation: Option<Object>,
    backoff: Backoff,
    reported: Option<Instant>,
}

impl LockQueue {
    pub(crate) fn new(steps: &[Step]) -> LockQueue {
        LockQueue {
            relation: steps.iter().find_map(|step| locked(&step.action)).cloned(),
            backoff: Backoff::until(Instant::now() + PATIENCE, FIRST_PAUSE, LONGEST_PAUSE),
            reported: None,
        }
    }

    /// Returns `true` if the error is a lock of another session that a statement needs.
    pub(crate) fn concerns(error: &Error) -> bool {
        error.sqlstate.as_deref() == Some(sqlstate::LOCK_NOT_AVAILABLE)
    }

    /// Waits outside the queue.
    ///
    /// # Errors
    /// Returns the error itself once the time is up, with the holders of the lock.
    pub(crate) async fn step_back(&mut self, connection: &mut Connection, error: Error) -> Result<()> {
        let holders = self.holders(connection).await;
        if self.reported.is_none_or(|reported| reported.elapsed() >= REPORT_INTERVAL) {
            let what = self.relation.as_ref().map_or_else(|| "a lock".into(), ToString::to_string);
            let who = if holders.is_empty() {
                String::new()
            } else {
                format!(", in use by {}", holders.join("; "))
            };
            tracing::warn!(target: "martydb", "waiting for {what}{who}");
            self.reported = Some(Instant::now());
        }
        if self.backoff.wait().await {
            return Ok(());
        }
        let hint =
            "end the session that holds it, or run the command again when it has ended; nothing is half done";
        Err(holders.into_iter().fold(error, Error::cause).hint(hint))
    }

    /// Returns the holders of a lock on the relation, the longest transaction first; empty if they are unknown.
    async fn holders(&self, connection: &mut Connection) -> Vec<String> {
        let Some(Object::Named { schema, name, .. }) = &self.relation else { return vec![] };
        let rows = query(connection, &holders(schema.as_str(), name)).await;
        rows.unwrap_or_default().iter().map(holder).collect()
    }
}

/// Builds the query, which finds the relation by name because a limited admin may lack USAGE on the schema.
fn holders(schema: &str, relation: &str) -> Statement {
    stmt!(
        "SELECT a.pid::pg_catalog.text, a.usename::pg_catalog.text, a.application_name,
                pg_catalog.to_char(a.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')
         FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
         JOIN pg_catalog.pg_class c ON c.oid = l.relation JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = {schema} AND c.relname = {relation} AND l.granted AND l.pid <> pg_catalog.pg_backend_pid()
           AND a.datname = pg_catalog.current_database()
         GROUP BY 1, 2, 3, a.xact_start ORDER BY a.xact_start LIMIT 3",
        schema = Literal(schema.to_owned()),
        relation = Literal(relation.to_owned())
    )
}

/// Describes a holder; a limited admin does not see the start of its transaction.
fn holder(row: &Row) -> String {
    let text = |at| row.try_get::<Option<String>>(at).ok().flatten();
    let known = |at| text(at).unwrap_or_else(|| "unknown".into());
    let since = text(3).map_or_else(String::new, |since| format!(", in a transaction since {since}"));
    format!("pid {}, login {}, application \"{}\"{since}", known(0), known(1), known(2))
}
