//! Age of each service's backups, for `status` and `monitor`. Pure.

use std::collections::{BTreeMap, BTreeSet};

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
    /// Store with this newest backup; `None` if there is only one store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<String>,
}

/// Backups of all stores.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreSummary {
    /// Number of entries that are not complete backups.
    pub problems: usize,
    /// Backups by service.
    pub services: BTreeMap<String, BackupSummary>,
}

/// Returns for each service the summary of the store whose newest backup is the oldest, so that a store without new
/// backups is noticed. A proven restore of a backup counts whichever store it was in.
pub(crate) fn furthest_behind(
    stores: Vec<(Option<String>, BTreeMap<String, BackupSummary>)>,
) -> BTreeMap<String, BackupSummary> {
    let services: BTreeSet<String> = stores.iter().flat_map(|(_, all)| all.keys().cloned()).collect();
    let of = |service: String| {
        let each = stores.iter().map(|(store, all)| BackupSummary {
            store: store.clone(),
            ..all.get(&service).cloned().unwrap_or_default()
        });
        let verified_at = each.clone().filter_map(|summary| summary.verified_at).max();
        let behind = each.min_by(|one, other| one.taken_at.cmp(&other.taken_at)).unwrap_or_default();
        (service, BackupSummary { verified_at, ..behind })
    };
    services.into_iter().map(of).collect()
}

impl BackupSummary {
    /// Summarizes one service's backups, oldest first.
    pub fn new<'a>(backups: impl IntoIterator<Item = &'a ListedBackup>) -> BackupSummary {
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
        by_service.into_iter().map(|(service, all)| (service, BackupSummary::new(&all))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_store_that_is_furthest_behind_counts() {
        let summary = |count, at: &str, verified: Option<&str>| BackupSummary {
            count,
            taken_at: Some(at.to_owned()),
            verified_at: verified.map(str::to_owned),
            ..BackupSummary::default()
        };
        let store = |name: &str, all: &[(&str, BackupSummary)]| {
            let all = all.iter().map(|(service, summary)| ((*service).to_owned(), summary.clone()));
            (Some(name.to_owned()), all.collect::<BTreeMap<_, _>>())
        };
        let found = furthest_behind(vec![
            store(
                "one",
                &[
                    ("a", summary(3, "2026-11-25T", Some("2026-11-24T"))),
                    ("b", summary(1, "2026-11-25T", None)),
                ],
            ),
            store("two", &[("a", summary(2, "2026-11-20T", None))]),
        ]);
        let two = Some("two".to_owned());
        let a = BackupSummary { store: two.clone(), ..summary(2, "2026-11-20T", Some("2026-11-24T")) };
        assert_eq!(
            found,
            BTreeMap::from([
                ("a".into(), a),
                ("b".into(), BackupSummary { store: two, ..Default::default() })
            ])
        );
        let only =
            furthest_behind(vec![(None, BTreeMap::from([("a".into(), summary(3, "2026-11-25T", None))]))]);
        assert_eq!(only["a"], summary(3, "2026-11-25T", None));
    }
}
