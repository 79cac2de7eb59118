//! Configuration of backups: store, retention, encryption and schedule.

use std::path::{Path, PathBuf};

/// The manifest's `backup:` with every default filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupSettings {
    /// Stores; each gets every backup, and there is at least one.
    pub to: Vec<BackupLocation>,
    /// age recipients, checked by the manifest; empty: backups are not encrypted.
    pub encrypt: Vec<String>,
    /// Retention policy; `None`: nothing is ever removed.
    pub keep: Option<RetentionPolicy>,
    /// Number of processes or threads per backup.
    pub jobs: usize,
    pub schedule: BackupTimes,
    /// Program to run after a failed backup, with its arguments; empty: none.
    pub on_failure: Vec<String>,
    /// The manifest's folder; unfinished local work is in martydb's own folder there.
    pub home: PathBuf,
}

impl BackupSettings {
    /// Returns the stores that are folders.
    pub fn folders(&self) -> impl Iterator<Item = &Path> {
        self.to.iter().filter_map(|to| match to {
            BackupLocation::Folder(folder) => Some(folder.as_path()),
            BackupLocation::S3 { .. } => None,
        })
    }

    /// Returns `true` if a store is a bucket.
    pub fn has_bucket(&self) -> bool {
        self.to.iter().any(|to| matches!(to, BackupLocation::S3 { .. }))
    }
}

/// Schedules of backup, pruning and verification, each as the five fields of cron.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupTimes {
    pub take: String,
    pub prune: String,
    pub verify: String,
}

impl Default for BackupTimes {
    fn default() -> Self {
        BackupTimes { take: "30 1 * * *".into(), prune: "30 3 * * *".into(), verify: "30 4 * * 0".into() }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackupLocation {
    Folder(PathBuf),
    /// A bucket of an S3-compatible server; the prefix has no slash at its ends and may be empty.
    S3 {
        bucket: String,
        prefix: String,
    },
}

/// Retention policy, per service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionPolicy {
    /// Number of newest backups to keep.
    pub last: usize,
    /// Number of days of which to keep the newest backup, counting only days that have one.
    pub daily: usize,
    /// Number of weeks, which begin on Monday, likewise.
    pub weekly: usize,
    pub monthly: usize,
}
