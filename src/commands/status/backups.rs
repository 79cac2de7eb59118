//! The ages of backups that `status` shows, where the manifest says where backups are kept.

use std::collections::BTreeMap;
use std::time::Duration;

use martydb_config::backup_store::BackupSummary;
use martydb_model::error::{Error, Kind, Result};
use martydb_provision::run::Run;

/// Services are what `status` is about: object storage that takes longer is not waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is known of the backups, by service; `None` where the manifest keeps none, or the store gave no answer.
#[derive(Debug, Clone, Default)]
pub struct KnownBackups(Option<BTreeMap<String, BackupSummary>>);

impl KnownBackups {
    /// Says on standard error why nothing is known.
    pub async fn read(run: &Run) -> KnownBackups {
        if run.manifest.backup.is_none() {
            return KnownBackups(None);
        }
        match tokio::time::timeout(PATIENCE, summaries(run)).await.unwrap_or_else(|_| Err(late())) {
            Ok(all) => KnownBackups(Some(all)),
            Err(error) => {
                run.out.note(&format!("warning: the ages of backups are not known: {error}"));
                KnownBackups(None)
            }
        }
    }

    /// Whether there is anything to show.
    pub fn is_known(&self) -> bool {
        self.0.is_some()
    }

    pub fn of(&self, service: &str) -> Option<BackupSummary> {
        Some(self.0.as_ref()?.get(service).cloned().unwrap_or_default())
    }
}

async fn summaries(run: &Run) -> Result<BTreeMap<String, BackupSummary>> {
    let listing = run.backups()?.list().await?;
    Ok(listing.summaries(&run.manifest.project, &run.manifest.env))
}

fn late() -> Error {
    Error::new(Kind::Unreachable, format!("their store gave no answer within {} s", PATIENCE.as_secs()))
}
