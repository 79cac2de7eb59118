//! Ages of backups in `status`, if the manifest declares a store.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::app::App;
use martydb_backup::store::BackupSummary;
use martydb_model::error::{Error, Kind, Result};

/// Timeout of the store: the services are what matters, and slow object storage must not delay them.
const PATIENCE: Duration = Duration::from_secs(5);

/// Known backups, by service; `None` without a store in the manifest, or if the store did not answer.
#[derive(Debug, Clone, Default)]
pub struct KnownBackups(Option<BTreeMap<String, BackupSummary>>);

impl KnownBackups {
    /// Reads the backups; reports on standard error why they are unknown.
    pub async fn read(app: &App) -> KnownBackups {
        if app.manifest.backup.is_none() {
            return KnownBackups(None);
        }
        match tokio::time::timeout(PATIENCE, summaries(app)).await.unwrap_or_else(|_| Err(late())) {
            Ok(all) => KnownBackups(Some(all)),
            Err(error) => {
                app.out.note(&format!("warning: backup ages are unknown: {error}"));
                KnownBackups(None)
            }
        }
    }

    /// Returns `true` if there is anything to show.
    pub fn is_known(&self) -> bool {
        self.0.is_some()
    }

    pub(crate) fn summary_of(&self, service: &str) -> Option<BackupSummary> {
        Some(self.0.as_ref()?.get(service).cloned().unwrap_or_default())
    }
}

async fn summaries(app: &App) -> Result<BTreeMap<String, BackupSummary>> {
    Ok(app.backups()?.summaries(&app.manifest.project, &app.manifest.env).await?.services)
}

fn late() -> Error {
    Error::new(Kind::Unreachable, format!("their store did not answer within {} s", PATIENCE.as_secs()))
}
