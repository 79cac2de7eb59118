//! Task of a restore: the backup, and the service for which it is loaded.

use std::path::Path;

use super::chosen_tables::RecordedTable;
use super::record::BackupRecord;
use martydb_migrate::MigrationTarget;
use martydb_model::{DesiredServer, DesiredService};
use martydb_pg::server::Access;

/// Server and service for which a backup is loaded.
pub struct RestoreTarget<'a> {
    pub access: &'a Access,
    pub desired: &'a DesiredServer,
    pub service: &'a DesiredService,
    pub target: &'a MigrationTarget,
    /// Number of concurrent sessions that write.
    pub jobs: usize,
}

/// A backup in a folder, completely verified against its checksums.
#[derive(Clone, Copy)]
pub struct LoadSource<'a> {
    pub folder: &'a Path,
    pub record: &'a BackupRecord,
    /// Tables to load; empty for all, with everything else.
    pub tables: &'a [RecordedTable],
    /// Kinds of differences of the schema that are accepted.
    pub accept: &'a [String],
    /// Load the rows of the audit, too.
    pub audit: bool,
}
