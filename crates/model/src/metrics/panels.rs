//! Panels of the dashboard: a row for the whole project, and one for each service.

/// Subject of a panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The project: every service or server is a line of the panel.
    Project,
    /// One service; its queries have `$service` for its name.
    Service,
}

/// Visualization of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PanelKind {
    /// Lines over time.
    Lines,
    /// The last value; 0 is red.
    GoodIfOne,
    /// The last value; others than 0 are red.
    GoodIfZero,
    /// The last value.
    Value,
}

/// A panel: its queries, with the legend of each.
#[derive(Debug)]
pub struct Panel {
    pub title: &'static str,
    pub reach: Reach,
    pub kind: PanelKind,
    /// Unit, in Grafana's spelling.
    pub unit: &'static str,
    pub queries: &'static [(&'static str, &'static str)],
}

macro_rules! panels {
    ($($reach:ident { $($title:literal $kind:ident $unit:literal [$(($query:literal, $legend:literal)),*];)* })*) => {
        /// Every panel, in the order of the dashboard.
        pub const PANELS: &[Panel] = &[$($(Panel {
            title: $title,
            reach: Reach::$reach,
            kind: PanelKind::$kind,
            unit: $unit,
            queries: &[$(($query, $legend)),*],
        }),*),*];
    };
}

panels! {
    Project {
        "Isolation holds" GoodIfOne "none" [("min(martydb_isolation_ok)", "isolation")];
        "Isolation not proven" GoodIfZero "none" [("sum(martydb_isolation_inconclusive)", "services")];
        "Last proof" Value "s" [("time() - min(martydb_isolation_proven_timestamp_seconds)", "age")];
        "Servers that answer" GoodIfOne "none" [("min(martydb_up)", "servers")];
        "Checks that fail" GoodIfZero "none" [("count(martydb_check_ok == 0) or vector(0)", "checks")];
        "Migrations pending" GoodIfZero "none" [("sum(martydb_migrations_pending)", "migrations")];
        "Drift" GoodIfZero "none" [("sum(martydb_drift_changes)", "changes")];
        "Oldest of the newest backups" Value "s" [("time() - min(martydb_backup_timestamp_seconds)", "age")];
        "Services without a backup" GoodIfZero "none" [("count(martydb_backups == 0) or vector(0)", "services")];
        "Oldest password" Value "s" [("time() - min(martydb_password_set_timestamp_seconds)", "age")];
        "Sessions of each server" Lines "none" [
            ("martydb_server_connections", "{{server}}"),
            ("martydb_server_connection_limit", "{{server}}: max_connections")
        ];
        "WAL" Lines "Bps" [("rate(martydb_wal_bytes_total[$__rate_interval])", "{{server}}")];
        "Checkpoints" Lines "none" [
            ("increase(martydb_checkpoints_total[$__rate_interval])", "{{server}}: {{cause}}")
        ];
        "Archiving fails" GoodIfZero "none" [("sum(martydb_archive_failing) or vector(0)", "servers")];
        "Replication lag" Lines "s" [("martydb_replication_lag_seconds", "{{server}} to {{standby}}")];
        "Redis servers that answer" GoodIfOne "none" [("min(martydb_redis_up) or vector(1)", "servers")];
        "Redis: memory" Lines "bytes" [
            ("martydb_redis_memory_used_bytes", "{{server}}"),
            ("martydb_redis_memory_limit_bytes", "{{server}}: maxmemory ({{policy}})")
        ];
        "Redis: evictions" Lines "ops" [("rate(martydb_redis_evicted_keys_total[$__rate_interval])", "{{server}}")];
        "Age of transaction IDs" Lines "none" [("max by (server) (martydb_transaction_id_age)", "{{server}}")];
    }
    Service {
        "Isolation" GoodIfOne "none" [("martydb_isolation_ok{service=\"$service\"}", "isolation")];
        "Isolation not proven" GoodIfZero "none" [("martydb_isolation_inconclusive{service=\"$service\"}", "inconclusive")];
        "Last proof" Value "s" [("time() - martydb_isolation_proven_timestamp_seconds{service=\"$service\"}", "age")];
        "Version" Value "none" [("martydb_migration_current_version{service=\"$service\"}", "version")];
        "Migrations pending" GoodIfZero "none" [("martydb_migrations_pending{service=\"$service\"}", "migrations")];
        "Drift" GoodIfZero "none" [("martydb_drift_changes{service=\"$service\"}", "changes")];
        "Outbox: oldest event" Value "s" [("martydb_outbox_oldest_seconds{service=\"$service\"}", "age")];
        "Outbox: dead events" GoodIfZero "none" [("martydb_outbox_dead{service=\"$service\"}", "events")];
        "Relay: events" Lines "ops" [
            ("rate(martydb_relay_events_total{service=\"$service\"}[$__rate_interval])", "{{outcome}}")
        ];
        "Relay: failures" Lines "ops" [
            ("rate(martydb_relay_failures_total{service=\"$service\"}[$__rate_interval])", "{{kind}}")
        ];
        "Relay: lag" Lines "s" [("martydb_relay_lag_seconds{service=\"$service\"}", "{{instance}}")];
        "Data service: answers" Lines "reqps" [
            ("sum by (status) (rate(martydb_serve_answers_total{service=\"$service\"}[$__rate_interval]))", "{{status}}")
        ];
        "Data service: connections" Lines "none" [
            ("martydb_serve_connections{service=\"$service\"}", "{{login}} {{state}}")
        ];
        "Redis: clients" Lines "none" [("martydb_redis_clients{service=\"$service\"}", "{{role}}")];
        "Redis: refusals" Lines "none" [
            ("martydb_redis_acl_log_refusals{service=\"$service\"}", "{{role}}: {{reason}}")
        ];
        "Backup" Value "s" [("time() - martydb_backup_timestamp_seconds{service=\"$service\"}", "age")];
        "Restore proven" Value "s" [("time() - martydb_backup_verified_timestamp_seconds{service=\"$service\"}", "age")];
        "Size" Value "bytes" [("martydb_database_size_bytes{service=\"$service\"}", "size")];
        "Sessions against the limit" Lines "none" [
            ("martydb_role_connections{service=\"$service\"}", "{{role}}"),
            ("martydb_role_connection_limit{service=\"$service\"}", "{{role}}: limit")
        ];
        "Transactions" Lines "ops" [
            ("rate(martydb_transactions_total{service=\"$service\"}[$__rate_interval])", "{{outcome}}")
        ];
        "Slow and blocked" Lines "s" [
            ("martydb_longest_statement_seconds{service=\"$service\"}", "longest statement"),
            ("martydb_longest_transaction_seconds{service=\"$service\"}", "longest transaction"),
            ("martydb_longest_lock_wait_seconds{service=\"$service\"}", "longest wait for a lock")
        ];
        "Blocked sessions and deadlocks" Lines "none" [
            ("martydb_blocked_sessions{service=\"$service\"}", "blocked"),
            ("increase(martydb_deadlocks_total{service=\"$service\"}[$__rate_interval])", "deadlocks")
        ];
        "Cache hits" Lines "percentunit" [
            ("rate(martydb_blocks_total{service=\"$service\",source=\"cache\"}[$__rate_interval]) / ignoring (source) sum without (source) (rate(martydb_blocks_total{service=\"$service\"}[$__rate_interval]))", "from the cache")
        ];
        "Dead rows" Lines "none" [("martydb_table_dead_rows{service=\"$service\"}", "{{schema}}.{{table}}")];
        "Temporary files" Lines "Bps" [
            ("rate(martydb_temporary_bytes_total{service=\"$service\"}[$__rate_interval])", "written")
        ];
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::metrics::{METRICS, named};

    #[test]
    fn every_panel_asks_for_series_that_there_are() {
        let known: BTreeSet<&str> = METRICS.iter().map(|metric| metric.name).collect();
        for panel in PANELS {
            for (query, _) in panel.queries {
                assert!(named(query).count() > 0, "{}", panel.title);
                assert!(named(query).all(|name| known.contains(name)), "{}: {query}", panel.title);
                assert_eq!(query.contains("$service"), panel.reach == Reach::Service, "{query}");
            }
        }
    }
}
