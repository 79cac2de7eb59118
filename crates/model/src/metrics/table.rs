//! The table of metrics.

/// Type of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    Counter,
    Gauge,
}

/// Source of a metric's values, which determines how recent they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MetricSource {
    /// The exporter itself.
    Monitor,
    /// A server's statistics, read as the monitor's login at each scrape.
    Statistics,
    /// A relay, which counts what it does.
    Relay,
    /// A process of the data service, which counts what it does.
    Serve,
    /// A check on its own schedule.
    Check(MonitorCheck),
}

/// A check with a schedule of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MonitorCheck {
    /// `verify-isolation`.
    Isolation,
    /// `status`.
    Migrations,
    /// `plan`.
    Drift,
    /// `backup list`.
    Backups,
    /// `relay status`.
    Outbox,
    /// Statistics of each service's largest tables.
    Tables,
    /// `partitions --dry-run`.
    Partitions,
    /// Statistics of the Redis servers.
    Redis,
}

impl MonitorCheck {
    pub const ALL: [MonitorCheck; 8] = [
        MonitorCheck::Isolation,
        MonitorCheck::Migrations,
        MonitorCheck::Drift,
        MonitorCheck::Backups,
        MonitorCheck::Outbox,
        MonitorCheck::Tables,
        MonitorCheck::Partitions,
        MonitorCheck::Redis,
    ];

    /// Returns the value of the label `check`.
    pub fn name(self) -> &'static str {
        match self {
            MonitorCheck::Isolation => "isolation",
            MonitorCheck::Migrations => "migrations",
            MonitorCheck::Drift => "drift",
            MonitorCheck::Backups => "backups",
            MonitorCheck::Outbox => "outbox",
            MonitorCheck::Tables => "tables",
            MonitorCheck::Partitions => "partitions",
            MonitorCheck::Redis => "redis",
        }
    }
}

/// A metric; name, unit and suffix follow Prometheus's conventions
/// (<https://prometheus.io/docs/practices/naming/>).
#[derive(Debug, PartialEq, Eq)]
pub struct Metric {
    pub name: &'static str,
    pub kind: MetricKind,
    /// Labels in addition to the subject's.
    pub labels: &'static [&'static str],
    pub source: MetricSource,
    pub help: &'static str,
}

macro_rules! metrics {
    ($($source:expr => { $($name:ident = $text:literal, $kind:ident [$($label:literal),*], $help:literal;)* })*) => {
        $($(
            #[doc = $help]
            pub const $name: &Metric = &Metric {
                name: $text,
                kind: MetricKind::$kind,
                labels: &[$($label),*],
                source: $source,
                help: $help,
            };
        )*)*
        /// Every metric, in the order in which they are exposed.
        pub const METRICS: &[&Metric] = &[$($($name),*),*];
    };
}

metrics! {
    MetricSource::Monitor => {
        BUILD_INFO = "martydb_build_info", Gauge ["version"], "1, with the version of martydb";
        UP = "martydb_up", Gauge [], "1 if the server answered the monitor";
        SERVER_READ_SECONDS = "martydb_server_read_seconds", Gauge [], "How long the server's statistics took to read";
        SERVICE_INFO = "martydb_service_info", Gauge [], "1 for each service of the manifest, once on each of its servers";
        CHECK_OK = "martydb_check_ok", Gauge ["check"], "1 if the last run of a check completed, whatever its result";
        CHECK_END = "martydb_check_end_timestamp_seconds", Gauge ["check"], "When the last run of a check ended";
        CHECK_SECONDS = "martydb_check_seconds", Gauge ["check"], "How long the last run of a check took";
        CHECK_INTERVAL = "martydb_check_interval_seconds", Gauge ["check"], "How often a check is due";
        AGE_LIMIT = "martydb_age_limit_seconds", Gauge ["of"], "The age above which an alert fires: of a backup, of a proven restore, of a password; absent where none is wanted";
    }
    MetricSource::Statistics => {
        SERVER_INFO = "martydb_server_info", Gauge ["version"], "1, with the version of PostgreSQL";
        SERVER_SUPPORT_END = "martydb_server_support_end_timestamp_seconds", Gauge [], "Last day of the community's support of the server's major version";
        SERVER_START = "martydb_server_start_timestamp_seconds", Gauge [], "When the server was started";
        SERVER_IN_RECOVERY = "martydb_server_in_recovery", Gauge [], "1 if the server is a standby";
        SERVER_CONNECTIONS = "martydb_server_connections", Gauge [], "Sessions of clients on the whole server";
        SERVER_CONNECTION_LIMIT = "martydb_server_connection_limit", Gauge [], "max_connections of the server";
        REPLICATION_LAG_BYTES = "martydb_replication_lag_bytes", Gauge ["standby"], "WAL that a standby has yet to replay";
        REPLICATION_LAG_SECONDS = "martydb_replication_lag_seconds", Gauge ["standby"], "How long ago a standby's newest replayed WAL was written";
        REPLICA_UP = "martydb_replica_up", Gauge ["replica"], "1 if a replica of the manifest answers and is a standby or a worker";
        REPLICA_LAG_BYTES = "martydb_replica_lag_bytes", Gauge ["replica"], "WAL that a replica of the manifest has yet to replay";
        REPLICA_LAG_SECONDS = "martydb_replica_lag_seconds", Gauge ["replica"], "How long ago a replica of the manifest replayed its last transaction; 0 if it has replayed everything";
        REPLAY_AGE_SECONDS = "martydb_replay_age_seconds", Gauge [], "On a standby: age of the newest transaction that it replayed";
        SLOT_RETAINED_BYTES = "martydb_replication_slot_retained_bytes", Gauge ["slot"], "WAL that a replication slot keeps";
        SLOT_ACTIVE = "martydb_replication_slot_active", Gauge ["slot"], "1 if a replication slot is in use";
        SLOT_LOST = "martydb_replication_slot_lost", Gauge ["slot"], "1 if a replication slot is lost: its WAL was removed, or it was dropped in the last day";
        SUBSCRIPTION_ACTIVE = "martydb_subscription_active", Gauge ["subscription"], "1 if a subscription of the server receives changes, 0 for a day too if it was dropped";
        SUBSCRIPTION_AGE = "martydb_subscription_message_age_seconds", Gauge ["subscription"], "How long ago a subscription last heard from its publisher";
        SUBSCRIPTION_ERRORS = "martydb_subscription_errors_total", Counter ["subscription"], "Changes and copies of tables that a subscription could not apply; from PostgreSQL 15 on";
        WAL_BYTES = "martydb_wal_bytes_total", Counter [], "WAL that the server has written since it was initialized";
        ARCHIVED_FILES = "martydb_archived_wal_files_total", Counter ["outcome"], "WAL files that were archived, and attempts that failed; absent without archive_mode";
        ARCHIVED_LAST = "martydb_archived_timestamp_seconds", Gauge [], "When a WAL file was last archived";
        ARCHIVE_FAILS = "martydb_archive_failing", Gauge [], "1 if the last attempt to archive WAL failed; absent without archive_mode";
        CHECKPOINTS = "martydb_checkpoints_total", Counter ["cause"], "Checkpoints by schedule, and those that WAL or a command requested";
        CHECKPOINT_SECONDS = "martydb_checkpoint_seconds_total", Counter ["phase"], "Time spent to write and to sync files in checkpoints";
        DATABASE_SIZE = "martydb_database_size_bytes", Gauge [], "Size of the database on disk, measured once a minute";
        DATABASE_CONNECTION_LIMIT = "martydb_database_connection_limit", Gauge [], "CONNECTION LIMIT of the database; absent where it has none";
        CONNECTIONS = "martydb_connections", Gauge ["role", "state"], "Sessions in the database, by login and state; logins that the manifest does not declare are \"other\"";
        ROLE_CONNECTIONS = "martydb_role_connections", Gauge ["role"], "Sessions of a login, in all databases";
        ROLE_CONNECTION_LIMIT = "martydb_role_connection_limit", Gauge ["role"], "CONNECTION LIMIT of a login; absent where it has none";
        PASSWORD_SET = "martydb_password_set_timestamp_seconds", Gauge ["role"], "When martydb set the password of a login; absent where others did, and where the login is closed";
        BLOCKED_SESSIONS = "martydb_blocked_sessions", Gauge [], "Sessions that wait for a lock";
        LOCKS = "martydb_locks", Gauge ["granted"], "Locks that are held, and that are waited for";
        LONGEST_TRANSACTION = "martydb_longest_transaction_seconds", Gauge [], "Age of the oldest open transaction";
        LONGEST_STATEMENT = "martydb_longest_statement_seconds", Gauge [], "Age of the oldest running statement";
        LONGEST_WAIT = "martydb_longest_lock_wait_seconds", Gauge [], "Age of the oldest statement that waits for a lock";
        LONGEST_IDLE_TRANSACTION = "martydb_longest_idle_transaction_seconds", Gauge [], "For how long a session has been idle in a transaction";
        TRANSACTIONS = "martydb_transactions_total", Counter ["outcome"], "Transactions that were committed or rolled back";
        BLOCKS = "martydb_blocks_total", Counter ["source"], "Blocks that were found in the cache, and that were read from disk";
        ROWS = "martydb_rows_total", Counter ["operation"], "Rows that were returned, fetched, inserted, updated or deleted";
        BLOCK_SECONDS = "martydb_block_seconds_total", Counter ["operation"], "Time spent to read and write blocks; 0 without track_io_timing";
        SESSION_SECONDS = "martydb_session_seconds_total", Counter ["state"], "Time that sessions spent connected, active, and idle in a transaction; from PostgreSQL 14 on";
        TEMPORARY_FILES = "martydb_temporary_files_total", Counter [], "Temporary files that statements wrote";
        TEMPORARY_BYTES = "martydb_temporary_bytes_total", Counter [], "Bytes that statements wrote to temporary files";
        DEADLOCKS = "martydb_deadlocks_total", Counter [], "Deadlocks that the server broke";
        CONFLICTS = "martydb_conflicts_total", Counter [], "On a standby: statements that recovery cancelled";
        STATEMENT_CALLS = "martydb_statement_calls_total", Counter ["query"], "How often a statement ran, of the ten of the database that took the most time; query is its queryid in pg_stat_statements";
        STATEMENT_SECONDS = "martydb_statement_seconds_total", Counter ["query"], "Time that the statement took to execute";
        STATEMENT_ROWS = "martydb_statement_rows_total", Counter ["query"], "Rows that the statement returned or changed";
        CHECKSUM_FAILURES = "martydb_checksum_failures_total", Counter [], "Pages whose checksum was wrong; absent without checksums";
        TRANSACTION_ID_AGE = "martydb_transaction_id_age", Gauge [], "Age of the oldest transaction ID that is not frozen: at 2,147,483,647 the server would stop";
        MULTIXACT_AGE = "martydb_multixact_age", Gauge [], "Age of the oldest multixact ID, with the same limit";
    }
    MetricSource::Check(MonitorCheck::Isolation) => {
        ISOLATION_OK = "martydb_isolation_ok", Gauge [], "1 if the service's isolation held in the last verification with a clear result; 0 after a breach, or a finding of medium and above";
        ISOLATION_INCONCLUSIVE = "martydb_isolation_inconclusive", Gauge [], "1 if the last verification could not prove the service's isolation and found no breach: a probe had no clear answer, or the service is not provisioned";
        ISOLATION_PROVEN = "martydb_isolation_proven_timestamp_seconds", Gauge [], "When the service's isolation was last proven";
        ISOLATION_FINDINGS = "martydb_isolation_findings", Gauge ["severity"], "Findings about the service, and about its server as a whole";
    }
    MetricSource::Check(MonitorCheck::Migrations) => {
        MIGRATION_CURRENT = "martydb_migration_current_version", Gauge [], "Version of the newest migration that is applied; absent before the first";
        MIGRATION_LATEST = "martydb_migration_latest_version", Gauge [], "Version of the newest migration file";
        MIGRATIONS_PENDING = "martydb_migrations_pending", Gauge [], "Migrations that the next upgrade would run, repeatable ones too";
        MIGRATIONS_DIVERGENT = "martydb_migrations_divergent", Gauge [], "1 if files and history differ, or a migration was left half done";
        SCHEMA_DRIFT = "martydb_schema_drift", Gauge [], "Objects that were changed by hand since the last run; absent while that is unknown";
        COLLATIONS_CHANGED = "martydb_collations_changed", Gauge [], "Collations of which the library has another version than the indexes were built with; absent if it cannot be read";
        PROVISIONED = "martydb_provisioned", Gauge [], "1 if the service's database and roles are there";
    }
    MetricSource::Check(MonitorCheck::Drift) => {
        DRIFT = "martydb_drift_changes", Gauge [], "Changes that `apply` would make; those to the server as a whole have no service";
    }
    MetricSource::Check(MonitorCheck::Outbox) => {
        OUTBOX_PENDING = "martydb_outbox_pending", Gauge [], "Events of the service that are not published yet, dead ones aside";
        OUTBOX_OLDEST = "martydb_outbox_oldest_seconds", Gauge [], "How long the oldest of them has waited; 0 where none does";
        OUTBOX_DEAD = "martydb_outbox_dead", Gauge [], "Events that were given up after too many attempts, and await a decision";
    }
    MetricSource::Relay => {
        RELAY_EVENTS = "martydb_relay_events_total", Counter ["outcome"], "Events that a relay published, that the broker dropped as duplicates, that were put off or retried, given up as dead, and diverted to the dead destination";
        RELAY_FAILURES = "martydb_relay_failures_total", Counter ["kind"], "Requests of a relay that failed, by kind: refused, unfit, failed, broken, busy, silent, closed, down; and outages of broker or database";
        RELAY_LAST_SUCCESS = "martydb_relay_last_success_timestamp_seconds", Gauge [], "When a broker last acknowledged an event of the service to this relay; absent before the first";
        RELAY_PENDING = "martydb_relay_pending", Gauge [], "Events of the service that wait to be published, dead ones aside";
        RELAY_LAG = "martydb_relay_lag_seconds", Gauge [], "How long the oldest of them has waited; 0 where none does";
        RELAY_SKIPPED = "martydb_relay_skipped", Gauge [], "Events of the service that `relay skip` gave up, as far as the outbox still contains them";
    }
    MetricSource::Serve => {
        SERVE_ANSWERS = "martydb_serve_answers_total", Counter ["status"], "Answers of the data service, by status";
        SERVE_SECONDS = "martydb_serve_seconds_total", Counter ["status"], "Time that they took";
        SERVE_REFUSED = "martydb_serve_refused_total", Counter ["reason"], "Requests that were refused: by rate, by cost, because no connection was free in time (pool), because the breaker was open (breaker), or because too many lines (streams) or bytes were being sent";
        SERVE_CONNECTIONS = "martydb_serve_connections", Gauge ["login", "state"], "Connections of a pool that are open and in use, and requests that wait for one";
        SERVE_CONNECTION_LIMIT = "martydb_serve_connection_limit", Gauge ["login"], "Most connections of a pool";
        SERVE_LIMIT = "martydb_serve_limit", Gauge ["limit"], "Limits of the process and of each service, by their keys in the manifest";
        SERVE_BYTES_IN_FLIGHT = "martydb_serve_bytes_in_flight", Gauge [], "Bytes of bodies of requests and answers that are being received or sent";
        SERVE_TRANSACTIONS = "martydb_serve_transactions", Gauge [], "Open transactions of several requests";
        SERVE_CACHE_HITS = "martydb_serve_cache_hits_total", Counter [], "Answers that were kept, and were checked and sent again";
        SERVE_CACHE_MISSES = "martydb_serve_cache_misses_total", Counter [], "Reads of tables with `cache` for which no answer was kept, or an older one";
        SERVE_CACHE_EVICTIONS = "martydb_serve_cache_evictions_total", Counter [], "Cached answers that were evicted because the cache was full";
        SERVE_CACHE_BYTES = "martydb_serve_cache_bytes", Gauge [], "Bytes of the kept answers";
        SERVE_BREAKER_OPEN = "martydb_serve_breaker_open", Gauge [], "1 while the server cannot be reached, so that requests are refused at once";
    }
    MetricSource::Check(MonitorCheck::Tables) => {
        TABLE_SIZE = "martydb_table_size_bytes", Gauge ["schema", "table"], "Size of one of the service's ten largest tables, as of its last VACUUM or ANALYZE";
        TABLE_LIVE = "martydb_table_live_rows", Gauge ["schema", "table"], "Estimated rows of the table";
        TABLE_DEAD = "martydb_table_dead_rows", Gauge ["schema", "table"], "Estimated dead rows of the table, which the next vacuum removes";
        TABLE_AUTOVACUUM = "martydb_table_autovacuum_timestamp_seconds", Gauge ["schema", "table"], "When autovacuum last finished the table; absent before the first time";
    }
    MetricSource::Check(MonitorCheck::Partitions) => {
        PARTITIONS_AHEAD = "martydb_partitions_ahead_seconds", Gauge ["schema", "table"], "For how long new rows have a partition of their own; absent where they always have";
        PARTITIONS_DEFAULT_ROWS = "martydb_partitions_default_rows", Gauge ["schema", "table"], "Rows in the table's default partition, counted up to 10000; absent without one";
        PARTITIONS_GAPS = "martydb_partitions_gaps", Gauge ["schema", "table"], "Times between partitions of the table whose rows have none";
        PARTITIONS_LEFT_OUT = "martydb_partitions_left_out", Gauge ["schema", "table"], "Periods that get no partition, because the default partition has rows of them";
        PARTITIONS_DUE = "martydb_partitions_due", Gauge ["schema", "table"], "Partitions that the next `martydb partitions` would make, remove or finish detaching";
    }
    MetricSource::Check(MonitorCheck::Redis) => {
        REDIS_UP = "martydb_redis_up", Gauge [], "1 if the Redis server answered; without an answer it has no other series";
        REDIS_INFO = "martydb_redis_info", Gauge ["version"], "1, with the version of Redis";
        REDIS_MEMORY = "martydb_redis_memory_used_bytes", Gauge [], "Memory that the Redis server has allocated";
        REDIS_MEMORY_LIMIT = "martydb_redis_memory_limit_bytes", Gauge ["policy"], "maxmemory of the server, with its policy: noeviction refuses writes at the limit; absent without a limit";
        REDIS_EVICTIONS = "martydb_redis_evicted_keys_total", Counter [], "Keys of any service that the server removed at its memory limit";
        REDIS_CLIENTS = "martydb_redis_clients", Gauge ["role"], "Connections of a user; users that the manifest does not declare are \"other\"";
        REDIS_REFUSALS = "martydb_redis_acl_log_refusals", Gauge ["role", "reason"], "Commands, keys, channels and passwords of a user that the server refused, as far as its ACL log goes back";
        REDIS_UNSAVED = "martydb_redis_users_unsaved", Gauge [], "1 if a restart would lose or change users, according to the server";
        REDIS_SAVED = "martydb_redis_saved_timestamp_seconds", Gauge [], "When the server last saved its keys, or started";
        REDIS_SAVE_FAILS = "martydb_redis_save_failing", Gauge [], "1 if the last background save of the keys failed, or the last write of the append-only file";
    }
    MetricSource::Check(MonitorCheck::Backups) => {
        BACKUPS = "martydb_backups", Gauge [], "Complete backups of the service";
        BACKUP_TAKEN = "martydb_backup_timestamp_seconds", Gauge [], "When the newest backup of the service was taken; absent before the first";
        BACKUP_SIZE = "martydb_backup_size_bytes", Gauge [], "Size of the service's newest backup";
        BACKUP_VERIFIED = "martydb_backup_verified_timestamp_seconds", Gauge [], "When a restore of one of the service's backups was last proven; absent before the first";
        BACKUP_PROBLEMS = "martydb_backup_problems", Gauge [], "Damaged or incomplete backups";
    }
}

impl Metric {
    /// Returns the name without the suffix that OpenMetrics reserves for a counter's samples.
    pub fn family(&self) -> &'static str {
        self.name.strip_suffix("_total").filter(|_| self.kind == MetricKind::Counter).unwrap_or(self.name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_follow_the_conventions_of_prometheus() {
        let mut names = BTreeSet::new();
        for metric in METRICS {
            let name = metric.name;
            assert!(names.insert(name), "{name} is listed twice");
            assert!(name.starts_with("martydb_"), "{name}");
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
            assert_eq!(name.ends_with("_total"), metric.kind == MetricKind::Counter, "{name}");
            assert!(!metric.help.ends_with('.') && !metric.help.contains(['\n', '\\']), "{name}");
            let taken = ["service", "server", "database", "project"];
            assert!(metric.labels.iter().all(|label| !taken.contains(label)), "{name}");
        }
    }
}
