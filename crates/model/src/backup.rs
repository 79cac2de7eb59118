//! Where backups of services are kept, for how long, and for whom they are encrypted.

use std::path::PathBuf;

/// The manifest's `backup:` with every default filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupSettings {
    pub to: BackupPlace,
    /// Recipients of age, checked by the manifest; empty: backups are not encrypted.
    pub encrypt: Vec<String>,
    /// `None`: nothing is ever removed.
    pub keep: Option<Keep>,
    /// How many processes or threads work on one backup.
    pub jobs: usize,
    pub schedule: BackupTimes,
    /// The manifest's folder: what is in work on this machine lies in martydb's own folder there.
    pub home: PathBuf,
}

/// When backups are taken, pruned and verified where the schedule is rendered, each as the five fields of cron.
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
pub enum BackupPlace {
    Folder(PathBuf),
    /// A bucket of an S3-compatible server; the prefix has no slash at its ends and may be empty.
    S3 {
        bucket: String,
        prefix: String,
    },
}

/// How many backups of each service stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// The newest ones.
    pub last: usize,
    /// The newest one of each of this many days that have one.
    pub daily: usize,
    /// The same for weeks, from Monday on.
    pub weekly: usize,
    pub monthly: usize,
}
