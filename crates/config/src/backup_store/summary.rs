//! Age of each service's backups, for `status` and `monitor`. Pure.

use std::collections::BTreeMap;

use serde::Serialize;

use super::id::BackupId;
use super::repository::{ListedBackup, Listing};

/// Backups of one service in a store.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct BackupSummary {
    /// Number of complete backups.
    pub count: usize,
    /// Newest backup.
    pub id: Option<BackupId>,
    pub taken_at: Option<String>,
    pub size_bytes: Option<u64>,
    /// Time of the last proven restore of any of them, in RFC 3339.
    pub verified_at: Option<String>,
}

impl BackupSummary {
    /// Summarizes one service's backups, oldest first.
    pub fn of<'a>(backups: impl IntoIterator<Item = &'a ListedBackup>) -> BackupSummary {
        let mut summary = BackupSummary::default();
        for ListedBackup { manifest, verified_at } in backups {
            summary.count += 1;
            summary.id = Some(manifest.id.clone());
            summary.taken_at = Some(manifest.header.taken_at.clone());
            summary.size_bytes = Some(manifest.size());
            // Both have one format, in UTC to the second.
            summary.verified_at = summary.verified_at.max(verified_at.clone());
        }
        summary
    }
}

impl Listing {
    /// Splits off the backups of this project and environment, and counts the others; a store may be shared.
    pub fn split(self, project: &str, env: &str) -> (Vec<ListedBackup>, usize) {
        let own =
            |one: &ListedBackup| one.manifest.header.project == project && one.manifest.header.env == env;
        let (ours, others): (Vec<_>, Vec<_>) = self.backups.into_iter().partition(own);
        (ours, others.len())
    }

    /// Returns the backups of this project and environment by service.
    pub fn summaries(self, project: &str, env: &str) -> BTreeMap<String, BackupSummary> {
        let mut by_service: BTreeMap<String, Vec<ListedBackup>> = BTreeMap::new();
        for one in self.split(project, env).0 {
            by_service.entry(one.manifest.header.service.clone()).or_default().push(one);
        }
        by_service.into_iter().map(|(service, all)| (service, BackupSummary::of(&all))).collect()
    }
}
