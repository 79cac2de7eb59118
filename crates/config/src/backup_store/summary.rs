//! How old each service's backups are: what `status` shows and `monitor` measures. Pure.

use std::collections::BTreeMap;

use serde::Serialize;

use super::id::BackupId;
use super::repository::{Listed, Listing};

/// What a store has of one service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct BackupSummary {
    /// How many whole backups there are.
    pub count: usize,
    /// The newest one.
    pub id: Option<BackupId>,
    pub taken_at: Option<String>,
    pub size_bytes: Option<u64>,
    /// When a restore of any of them was last proven, in RFC 3339.
    pub verified_at: Option<String>,
}

impl BackupSummary {
    /// Of one service's backups, oldest first.
    pub fn of<'a>(backups: impl IntoIterator<Item = &'a Listed>) -> BackupSummary {
        let mut summary = BackupSummary::default();
        for Listed { manifest, verified_at } in backups {
            summary.count += 1;
            summary.id = Some(manifest.id.clone());
            summary.taken_at = Some(manifest.header.taken_at.clone());
            summary.size_bytes = Some(manifest.size());
            // Both are written in one form, in UTC to the second.
            summary.verified_at = summary.verified_at.max(verified_at.clone());
        }
        summary
    }
}

impl Listing {
    /// What is of this project and environment, and how many others there are; a store may be shared.
    pub fn split(self, project: &str, env: &str) -> (Vec<Listed>, usize) {
        let own = |one: &Listed| one.manifest.header.project == project && one.manifest.header.env == env;
        let (ours, others): (Vec<_>, Vec<_>) = self.backups.into_iter().partition(own);
        (ours, others.len())
    }

    /// The backups of this project and environment by service.
    pub fn summaries(self, project: &str, env: &str) -> BTreeMap<String, BackupSummary> {
        let mut by_service: BTreeMap<String, Vec<Listed>> = BTreeMap::new();
        for one in self.split(project, env).0 {
            by_service.entry(one.manifest.header.service.clone()).or_default().push(one);
        }
        by_service.into_iter().map(|(service, all)| (service, BackupSummary::of(&all))).collect()
    }
}
