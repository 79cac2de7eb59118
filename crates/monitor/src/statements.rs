//! Queries of the monitor's login: only statistics, in one message, from the maintenance database.
//!
//! With `pg_monitor` every value is visible without access to any service's database
//! (<https://www.postgresql.org/docs/current/monitoring-stats.html>). Without it, sizes and the states of other
//! logins' sessions are hidden, and those series are missing.

use martydb_model::sql::{List, Literal, Statement, stmt};

/// First major with the session columns of `pg_stat_database`.
const SESSION_TIMES: u32 = 14;

/// First major with `pg_stat_checkpointer`.
const CHECKPOINTER: u32 = 17;

/// First major that counts the errors of subscriptions.
const SUBSCRIPTION_ERRORS: u32 = 15;

/// Returns the queries in the order of the answers. `slow` adds those that cost the server more or change seldom.
pub(crate) fn all(major: u32, databases: &[&str], roles: &[&str], slow: bool) -> Vec<Statement> {
    let mut asked = vec![
        server(),
        of_databases(major, databases),
        sessions(databases),
        locks(databases),
        logins(roles),
        standbys(),
        slots(),
        wal(),
        checkpoints(major),
        subscriptions(major),
    ];
    if slow {
        asked.extend([sizes(databases), passwords(roles)]);
    }
    asked
}

/// Settings of the session: read-only, with a short statement timeout.
pub(crate) const SETTINGS: &[(&str, &str)] = &[
    ("search_path", "pg_catalog"),
    ("default_transaction_read_only", "on"),
    ("statement_timeout", "5s"),
    ("lock_timeout", "1s"),
    ("jit", "off"),
    ("max_parallel_workers_per_gather", "0"),
];

fn names(all: &[&str]) -> List<Literal> {
    List::literals(all.iter().copied().chain([""]))
}

fn server() -> Statement {
    stmt!(
        "SELECT pg_catalog.current_setting('server_version'), pg_catalog.pg_is_in_recovery()::int,
           extract(epoch FROM pg_catalog.pg_postmaster_start_time()), pg_catalog.current_setting('max_connections'),
           (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE backend_type = 'client backend'),
           CASE WHEN pg_catalog.pg_is_in_recovery()
             THEN extract(epoch FROM pg_catalog.now() - pg_catalog.pg_last_xact_replay_timestamp()) END"
    )
}

fn of_databases(major: u32, databases: &[&str]) -> Statement {
    let times = if major < SESSION_TIMES {
        stmt!("NULL, NULL, NULL")
    } else {
        stmt!("s.session_time / 1000, s.active_time / 1000, s.idle_in_transaction_time / 1000")
    };
    stmt!(
        "SELECT d.datname, nullif(d.datconnlimit, -1), pg_catalog.age(d.datfrozenxid), pg_catalog.mxid_age(d.datminmxid),
           s.xact_commit, s.xact_rollback, s.blks_hit, s.blks_read,
           s.tup_returned, s.tup_fetched, s.tup_inserted, s.tup_updated, s.tup_deleted,
           s.blk_read_time / 1000, s.blk_write_time / 1000, {times},
           s.temp_files, s.temp_bytes, s.deadlocks, s.conflicts, s.checksum_failures
         FROM pg_catalog.pg_database d JOIN pg_catalog.pg_stat_database s ON s.datid = d.oid
         WHERE d.datname IN ({names})",
        names = names(databases)
    )
}

/// Selects one row per login and state: the waiting sessions, and the age of the oldest.
fn sessions(databases: &[&str]) -> Statement {
    stmt!(
        "SELECT datname, usename, coalesce(state, 'hidden'), count(*),
           count(*) FILTER (WHERE wait_event_type = 'Lock'),
           max(extract(epoch FROM pg_catalog.now() - xact_start)),
           max(extract(epoch FROM pg_catalog.now() - query_start)) FILTER (WHERE state = 'active'),
           max(extract(epoch FROM pg_catalog.now() - query_start)) FILTER (WHERE wait_event_type = 'Lock'),
           max(extract(epoch FROM pg_catalog.now() - state_change)) FILTER (WHERE state LIKE 'idle in transaction%')
         FROM pg_catalog.pg_stat_activity
         WHERE backend_type = 'client backend' AND datname IN ({names}) GROUP BY 1, 2, 3",
        names = names(databases)
    )
}

fn locks(databases: &[&str]) -> Statement {
    stmt!(
        "SELECT d.datname, count(*) FILTER (WHERE l.granted), count(*) FILTER (WHERE NOT l.granted)
         FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_database d ON d.oid = l.database
         WHERE d.datname IN ({names}) GROUP BY 1",
        names = names(databases)
    )
}

fn logins(roles: &[&str]) -> Statement {
    stmt!(
        "SELECT r.rolname, nullif(r.rolconnlimit, -1), coalesce(a.sessions, 0)
         FROM pg_catalog.pg_roles r
         LEFT JOIN (SELECT usesysid, count(*) AS sessions FROM pg_catalog.pg_stat_activity GROUP BY 1) a ON a.usesysid = r.oid
         WHERE r.rolname IN ({names})",
        names = names(roles)
    )
}

/// Standbys may share a name: the one that is furthest behind counts.
fn standbys() -> Statement {
    stmt!(
        "SELECT coalesce(nullif(application_name, ''), 'unnamed'), max(extract(epoch FROM replay_lag)),
           max(CASE WHEN NOT pg_catalog.pg_is_in_recovery()
             THEN pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), replay_lsn) END)
         FROM pg_catalog.pg_stat_replication WHERE state IS DISTINCT FROM 'backup' GROUP BY 1"
    )
}

fn slots() -> Statement {
    stmt!(
        "SELECT slot_name, active::int,
           CASE WHEN NOT pg_catalog.pg_is_in_recovery()
             THEN coalesce(pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), restart_lsn), 0) END,
           CASE WHEN NOT temporary THEN (coalesce(wal_status, '') = 'lost')::int END
         FROM pg_catalog.pg_replication_slots"
    )
}

/// Selects the amount of WAL and its archiving, whose columns are NULL without an archive.
fn wal() -> Statement {
    stmt!(
        "SELECT CASE WHEN NOT pg_catalog.pg_is_in_recovery()
             THEN pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), '0/0') END,
           a.archived_count, a.failed_count, extract(epoch FROM a.last_archived_time),
           CASE WHEN s.archives THEN (coalesce(a.last_failed_time, '-infinity') > coalesce(a.last_archived_time, '-infinity'))::int END
         FROM (SELECT pg_catalog.current_setting('archive_mode') <> 'off' AS archives) s
         LEFT JOIN pg_catalog.pg_stat_archiver a ON s.archives"
    )
}

fn checkpoints(major: u32) -> Statement {
    if major < CHECKPOINTER {
        return stmt!(
            "SELECT checkpoints_timed, checkpoints_req, checkpoint_write_time / 1000, checkpoint_sync_time / 1000
             FROM pg_catalog.pg_stat_bgwriter"
        );
    }
    stmt!(
        "SELECT num_timed, num_requested, write_time / 1000, sync_time / 1000 FROM pg_catalog.pg_stat_checkpointer"
    )
}

/// Selects a row per subscription of the server, without the workers that copy tables or apply in parallel.
fn subscriptions(major: u32) -> Statement {
    let errors = if major < SUBSCRIPTION_ERRORS {
        stmt!("NULL")
    } else {
        stmt!(
            "(SELECT max(e.apply_error_count + e.sync_error_count)
              FROM pg_catalog.pg_stat_subscription_stats e WHERE e.subid = s.subid)"
        )
    };
    stmt!(
        "SELECT s.subname, (count(s.pid) > 0)::int, min(extract(epoch FROM pg_catalog.now() - s.last_msg_receipt_time)), {errors}
         FROM pg_catalog.pg_stat_subscription s WHERE s.relid IS NULL GROUP BY s.subid, s.subname"
    )
}

/// Selects when passwords were set, from the comment that martydb stored on the login.
fn passwords(roles: &[&str]) -> Statement {
    stmt!(
        "SELECT rolname, pg_catalog.left(pg_catalog.shobj_description(oid, 'pg_authid'), 200) FROM pg_catalog.pg_roles
         WHERE rolcanlogin AND rolname IN ({names})",
        names = names(roles)
    )
}

/// Selects sizes, for which the server examines every file of a database.
fn sizes(databases: &[&str]) -> Statement {
    stmt!(
        "SELECT datname, pg_catalog.pg_database_size(oid) FROM pg_catalog.pg_database WHERE datname IN ({names})",
        names = names(databases)
    )
}
