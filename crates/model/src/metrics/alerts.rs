//! Alerting rules for Prometheus, one per row. Each has a page in `docs/runbooks/` that explains what it
//! means, where to look and what to do.

/// Urgency of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertSeverity {
    /// Act now.
    Critical,
    /// Act in working hours.
    Warning,
}

impl AlertSeverity {
    /// Returns the value of the label `severity`.
    pub fn word(self) -> &'static str {
        match self {
            AlertSeverity::Critical => "critical",
            AlertSeverity::Warning => "warning",
        }
    }
}

/// A rule of Prometheus (<https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/>).
#[derive(Debug)]
pub struct Alert {
    pub name: &'static str,
    /// Name of its page in `docs/runbooks/`, without the extension.
    pub runbook: &'static str,
    pub expression: &'static str,
    /// Time for which the expression must be true (`for`).
    pub lasting: &'static str,
    pub severity: AlertSeverity,
    /// Annotation of one line; labels and value as Prometheus templates.
    pub summary: &'static str,
}

macro_rules! alerts {
    ($($name:literal $runbook:literal $severity:ident $lasting:literal $expression:literal $summary:literal;)*) => {
        /// Every alert, the gravest first.
        pub const ALERTS: &[Alert] = &[$(Alert {
            name: $name,
            runbook: $runbook,
            expression: $expression,
            lasting: $lasting,
            severity: AlertSeverity::$severity,
            summary: $summary,
        }),*];
    };
}

alerts! {
    "MartydbIsolationBroken" "isolation-broken" Critical "0m"
        "martydb_isolation_ok == 0"
        "The isolation of service {{ $labels.service }} on server {{ $labels.server }} does not hold";
    "MartydbIsolationNotProven" "isolation-not-proven" Critical "15m"
        "(time() - martydb_isolation_proven_timestamp_seconds) > on (job, instance) group_left () (2 * martydb_check_interval_seconds{check=\"isolation\"}) or (martydb_service_info and on (job, instance) martydb_check_interval_seconds{check=\"isolation\"}) unless on (job, instance, service, server) martydb_isolation_proven_timestamp_seconds"
        "The isolation of service {{ $labels.service }} was not proven for two intervals";
    "MartydbServerDown" "server-down" Critical "2m"
        "martydb_up == 0"
        "Server {{ $labels.server }} does not answer the monitor";
    "MartydbRedisDown" "redis-down" Critical "2m"
        "martydb_redis_up == 0"
        "Redis server {{ $labels.server }} does not answer the monitor";
    "MartydbServeBreakerOpen" "serve-breaker-open" Critical "2m"
        "martydb_serve_breaker_open == 1"
        "The data service does not reach server {{ $labels.server }}: it refuses the requests of service {{ $labels.service }}";
    "MartydbMonitorDown" "monitor-down" Critical "5m"
        "absent(martydb_service_info)"
        "Prometheus gets nothing from martydb monitor: no other of its alerts can fire";
    "MartydbChecksumFailure" "checksum-failure" Critical "0m"
        "martydb_checksum_failures_total > 0"
        "Database {{ $labels.database }} on server {{ $labels.server }} has {{ $value }} damaged pages";
    "MartydbTransactionIdsNearLimit" "wraparound" Critical "15m"
        "martydb_transaction_id_age > 1e9 or martydb_multixact_age > 1e9"
        "Database {{ $labels.database }} has not been frozen for {{ $value | humanize }} transactions: at 2.1 G the server stops";
    "MartydbBackupTooOld" "backup-too-old" Critical "15m"
        "(time() - martydb_backup_timestamp_seconds) > on (job, instance) group_left () martydb_age_limit_seconds{of=\"backup\"} or martydb_backups == 0 and on (job, instance) martydb_age_limit_seconds{of=\"backup\"}"
        "Service {{ $labels.service }} has no recent backup";
    "MartydbServerConnectionsNearLimit" "connections-near-limit" Critical "5m"
        "martydb_server_connections > 0.9 * martydb_server_connection_limit"
        "Server {{ $labels.server }} has {{ $value }} sessions, more than 90 % of max_connections";
    "MartydbArchivingFails" "archiving-fails" Critical "5m"
        "martydb_archive_failing == 1"
        "Server {{ $labels.server }} cannot archive its WAL: its backups end at the last archived file, and its disk fills";
    "MartydbConnectionsNearLimit" "connections-near-limit" Warning "5m"
        "martydb_role_connections > 0.8 * martydb_role_connection_limit"
        "Login {{ $labels.role }} has {{ $value }} sessions, more than 80 % of its limit";
    "MartydbDatabaseConnectionsNearLimit" "connections-near-limit" Warning "5m"
        "sum without (role, state) (martydb_connections) > 0.8 * martydb_database_connection_limit"
        "Database {{ $labels.database }} has {{ $value }} sessions, more than 80 % of its limit";
    "MartydbCollationChanged" "collation-changed" Warning "0m"
        "martydb_collations_changed > 0"
        "{{ $value }} collations of service {{ $labels.service }} may sort otherwise than when their indexes were built: queries can miss rows";
    "MartydbServerUnsupported" "server-unsupported" Warning "60m"
        "martydb_server_support_end_timestamp_seconds + 86400 < time()"
        "The support of server {{ $labels.server }}'s version of PostgreSQL is over: it gets no corrections any more";
    "MartydbSchemaDrift" "schema-drift" Warning "5m"
        "martydb_schema_drift > 0"
        "{{ $value }} objects of service {{ $labels.service }} were changed by hand: its migrations did not make them so";
    "MartydbMigrationsDivergent" "migrations-divergent" Warning "5m"
        "martydb_migrations_divergent == 1"
        "Files and history of service {{ $labels.service }} differ, or a migration is half done";
    "MartydbMigrationsPending" "migrations-pending" Warning "30m"
        "martydb_migrations_pending > 0"
        "{{ $value }} migrations of service {{ $labels.service }} are not applied";
    "MartydbNotProvisioned" "not-provisioned" Warning "30m"
        "martydb_provisioned == 0"
        "Service {{ $labels.service }} has no database on server {{ $labels.server }}";
    "MartydbDrift" "drift" Warning "30m"
        "martydb_drift_changes > 0"
        "Server {{ $labels.server }} differs from the manifest by {{ $value }} changes{{ with $labels.service }} (service {{ . }}){{ end }}";
    "MartydbBackupNotVerified" "backup-not-verified" Warning "60m"
        "(time() - martydb_backup_verified_timestamp_seconds) > on (job, instance) group_left () martydb_age_limit_seconds{of=\"restore\"} or (martydb_backups > 0 and on (job, instance) martydb_age_limit_seconds{of=\"restore\"}) unless on (job, instance, service, server) martydb_backup_verified_timestamp_seconds"
        "No restore of a backup of service {{ $labels.service }} was verified recently";
    "MartydbOutboxLag" "outbox-lag" Warning "5m"
        "martydb_outbox_oldest_seconds > 300"
        "An event of service {{ $labels.service }} has waited for {{ $value | humanizeDuration }} to be published";
    "MartydbOutboxDead" "outbox-dead" Warning "0m"
        "martydb_outbox_dead > 0"
        "{{ $value }} events of service {{ $labels.service }} are dead and await a decision";
    "MartydbPartitionsShort" "partitions-short" Warning "30m"
        "martydb_partitions_ahead_seconds < 86400"
        "Table {{ $labels.schema }}.{{ $labels.table }} of service {{ $labels.service }} has partitions for less than one more day";
    "MartydbPartitionsGaps" "partitions-gaps" Warning "5m"
        "martydb_partitions_gaps > 0"
        "Rows of table {{ $labels.schema }}.{{ $labels.table }} of service {{ $labels.service }} have no partition for {{ $value }} times between others";
    "MartydbPartitionsDefault" "partitions-default" Warning "30m"
        "martydb_partitions_default_rows > 0"
        "The default partition of {{ $labels.schema }}.{{ $labels.table }} of service {{ $labels.service }} has {{ $value }} rows";
    "MartydbRedisMemory" "redis-memory" Warning "5m"
        "martydb_redis_memory_used_bytes > on (job, instance, server) group_left () (0.9 * martydb_redis_memory_limit_bytes{policy=\"noeviction\"})"
        "Redis server {{ $labels.server }} uses {{ $value | humanize1024 }}B, more than 90 % of maxmemory: at the limit it refuses writes";
    "MartydbRedisUsersUnsaved" "redis-users-unsaved" Warning "15m"
        "martydb_redis_users_unsaved == 1"
        "A restart of Redis server {{ $labels.server }} would lose or change users";
    "MartydbRedisSaveFails" "redis-save-fails" Warning "5m"
        "martydb_redis_save_failing == 1"
        "Redis server {{ $labels.server }} cannot save its keys";
    "MartydbRedisRefusals" "redis-refusals" Warning "0m"
        "delta(martydb_redis_acl_log_refusals{service!=\"\",reason!=\"auth\"}[15m]) > 0"
        "Redis server {{ $labels.server }} refused user {{ $labels.role }} of service {{ $labels.service }}: {{ $labels.reason }}";
    "MartydbRelayStalled" "relay-stalled" Warning "5m"
        "martydb_relay_pending > 0 unless on (job, instance, service, server) time() - martydb_relay_last_success_timestamp_seconds < 300"
        "{{ $value }} events of service {{ $labels.service }} wait, and a relay has published none for five minutes";
    "MartydbServePoolExhausted" "serve-pool-exhausted" Warning "5m"
        "rate(martydb_serve_refused_total{reason=\"pool\"}[5m]) > 0"
        "Requests of service {{ $labels.service }} find no free connection of the data service in time";
    "MartydbBackupDamaged" "backup-damaged" Warning "60m"
        "martydb_backup_problems > 0"
        "{{ $value }} of the backups are damaged or incomplete";
    "MartydbPasswordTooOld" "password-too-old" Warning "60m"
        "(time() - martydb_password_set_timestamp_seconds) > on (job, instance) group_left () martydb_age_limit_seconds{of=\"password\"}"
        "The password of login {{ $labels.role }} on server {{ $labels.server }} is older than its limit";
    "MartydbCheckFailing" "check-failing" Warning "30m"
        "martydb_check_ok == 0"
        "The check {{ $labels.check }} of martydb monitor does not finish";
    "MartydbReplicationLag" "replication-lag" Warning "5m"
        "martydb_replication_lag_seconds > 60 or martydb_replica_lag_seconds > 60 or (martydb_replay_age_seconds > 300 and on (job, instance, server) martydb_server_in_recovery == 1)"
        "A standby of server {{ $labels.server }} is {{ $value | humanizeDuration }} behind";
    "MartydbSlotRetainsWal" "replication-slot" Warning "15m"
        "martydb_replication_slot_retained_bytes > 1e10"
        "Replication slot {{ $labels.slot }} of server {{ $labels.server }} keeps {{ $value | humanize1024 }}B of WAL";
    "MartydbSlotLost" "replication-slot-lost" Critical "0m"
        "martydb_replication_slot_lost == 1"
        "Replication slot {{ $labels.slot }} of server {{ $labels.server }} is lost: its reader misses changes";
    "MartydbSubscriptionStopped" "subscription-stopped" Warning "5m"
        "martydb_subscription_active == 0"
        "Subscription {{ $labels.subscription }} of server {{ $labels.server }} receives no changes";
    "MartydbLockWait" "lock-wait" Warning "2m"
        "martydb_longest_lock_wait_seconds > 60"
        "A statement in database {{ $labels.database }} has been waiting for a lock for {{ $value | humanizeDuration }}";
    "MartydbLongTransaction" "long-transaction" Warning "5m"
        "martydb_longest_transaction_seconds > 3600 or martydb_longest_idle_transaction_seconds > 900"
        "A transaction in database {{ $labels.database }} has been open for {{ $value | humanizeDuration }}";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::metrics::{METRICS, named};

    #[test]
    fn every_rule_asks_for_series_that_there_are() {
        let known: BTreeSet<&str> = METRICS.iter().map(|metric| metric.name).collect();
        for alert in ALERTS {
            assert!(named(alert.expression).count() > 0, "{}", alert.name);
            for name in named(alert.expression) {
                assert!(known.contains(name), "{} asks for {name}", alert.name);
            }
        }
    }

    #[test]
    fn every_alert_has_a_name_of_its_own() {
        let names: BTreeSet<&str> = ALERTS.iter().map(|alert| alert.name).collect();
        assert_eq!(names.len(), ALERTS.len());
    }
}
