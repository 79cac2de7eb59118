//! Files of the repository that the program contains: templates of migrations, the page of findings, runbooks.

use martydb_migrate::files::revision::MigrationTemplate;

/// `docs/findings.md`: one section for each kind of finding, in three points.
pub const FINDINGS: &str = include_str!("../docs/findings.md");

/// JSON Schema of the manifest. The schemas are generated from the Rust types by a test: the generator and the descriptions
/// of all types would take ten times the room of the texts.
pub(crate) const MANIFEST_SCHEMA: &str = include_str!("../docs/manifest.schema.json");

/// JSON Schema of `verify-isolation -o json`.
pub(crate) const VERIFY_ISOLATION_SCHEMA: &str = include_str!("../docs/verify-isolation.schema.json");

/// JSON Schema of the manifest of a backup.
pub(crate) const BACKUP_SCHEMA: &str = include_str!("../docs/backup-manifest.schema.json");

macro_rules! templates {
    ($($name:literal),*) => {
        /// Built-in templates of `revision`, from `templates/`.
        pub const TEMPLATES: &[MigrationTemplate] = &[$(MigrationTemplate {
            name: $name,
            up: include_str!(concat!("../templates/", $name, ".sql")),
            down: include_str!(concat!("../templates/", $name, ".down.sql")),
        }),*];
    };
}

templates!(
    "blank", "collection", "inbox", "outbox", "outbox-daily", "partitioned-hash", "partitioned-range",
    "search"
);

macro_rules! runbooks {
    ($($name:literal),* $(,)?) => {
        const RUNBOOKS: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../docs/runbooks/", $name, ".md")))),*];
    };
}

runbooks!(
    "archiving-fails", "backup-damaged", "backup-not-verified", "backup-too-old", "check-failing",
    "checksum-failure", "collation-changed", "connections-near-limit", "drift", "isolation-broken",
    "isolation-not-proven", "lock-wait", "long-transaction", "migrations-divergent", "migrations-pending",
    "monitor-down", "not-provisioned", "outbox-dead", "outbox-lag", "partitions-default", "partitions-gaps",
    "partitions-short", "password-too-old", "redis-down", "redis-memory", "redis-refusals",
    "redis-save-fails", "redis-users-unsaved", "relay-stalled", "replication-lag", "replication-slot",
    "replication-slot-lost", "schema-drift", "serve-breaker-open", "serve-pool-exhausted", "server-down",
    "server-unsupported", "subscription-stopped", "wraparound",
);

/// Returns the text of a runbook by its file name without the extension; empty where there is none.
pub fn runbook(name: &str) -> &'static str {
    RUNBOOKS.iter().find(|(known, _)| *known == name).map_or("", |(_, text)| text)
}
