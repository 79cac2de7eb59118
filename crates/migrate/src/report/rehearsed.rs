//! What a rehearsal of pending migrations has shown.

use serde::Serialize;

/// A migration that ran in the rehearsal's transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RehearsedMigration {
    pub version: i64,
    pub name: String,
    pub duration_ms: u64,
    /// On relations that existed before the rehearsal, by name; each where it was first taken in that strength.
    pub locks: Vec<RelationLock>,
    /// Tables that existed before and got new files: rewritten, or emptied by TRUNCATE.
    pub rewrites: Vec<Rewrite>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RelationLock {
    pub relation: String,
    /// As `pg_locks` calls it: `AccessExclusiveLock`.
    pub mode: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rewrite {
    pub relation: String,
    /// An estimate of the server; `None` if it never counted.
    pub rows: Option<i64>,
    /// What the table has now, without indexes.
    pub bytes: i64,
}

/// A pending migration that the rehearsal left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SkippedMigration {
    pub version: i64,
    pub name: String,
    pub reason: String,
}
