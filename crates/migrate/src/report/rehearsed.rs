//! Results of a rehearsal of pending migrations.

use serde::Serialize;

/// A migration that ran in the rehearsal's transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RehearsedMigration {
    pub version: i64,
    pub name: String,
    pub duration_ms: u64,
    /// Locks on relations that existed before the rehearsal, by name; each where it was first taken in that mode.
    pub locks: Vec<RelationLock>,
    /// Relations whose readers at the server's standbys would be canceled after `max_standby_streaming_delay`: a standby
    /// replays ACCESS EXCLUSIVE locks. Empty without standbys in the manifest.
    pub standby_conflicts: Vec<String>,
    /// Existing tables that got new files: rewritten, or emptied by TRUNCATE.
    pub rewrites: Vec<Rewrite>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RelationLock {
    pub relation: String,
    /// Lock mode as in `pg_locks`: `AccessExclusiveLock`.
    pub mode: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rewrite {
    pub relation: String,
    /// The server's estimate; `None` if it never counted.
    pub rows: Option<i64>,
    /// Present size of the table without indexes, in bytes.
    pub bytes: i64,
}

/// A pending migration that the rehearsal skipped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SkippedMigration {
    pub version: i64,
    pub name: String,
    pub reason: String,
}
