//! The backup stores of the manifest as the commands use it: each stored backup has a record, and each fetched one
//! belongs to a service.

use std::path::{Path, PathBuf};

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::app::App;
use martydb_backup::BackupRecord;
use martydb_backup::store::{
    BackupHeader, BackupHolder, BackupId, BackupManifest, Repository, Staging, Stores, Workspace,
};
use martydb_model::error::{Error, Result};
use martydb_model::{DesiredService, ServiceName};
use martydb_ui::report::printable;

/// Open backup stores.
pub struct BackupStore {
    stores: Stores,
    jobs: usize,
}

/// One of several stores, and why a backup is not in it or the store could not be read.
#[derive(Debug, Clone, Serialize)]
pub struct StoreOutcome {
    pub store: String,
    pub error: Option<Error>,
}

/// Returns the errors of stores as one.
pub(crate) fn error_of(stores: &[StoreOutcome]) -> Option<Error> {
    stores.iter().filter_map(|store| store.error.clone()).reduce(Error::and_also)
}

/// Backup on this machine, verified and decrypted; its files are removed on drop.
pub struct FetchedBackup {
    pub manifest: BackupManifest,
    pub record: BackupRecord,
    /// Store that it was read from.
    repository: Repository,
    folder: PathBuf,
    _workspace: Workspace,
}

impl FetchedBackup {
    pub fn path(&self) -> &Path {
        &self.folder
    }

    pub fn service(&self) -> &str {
        &self.manifest.header.service
    }

    /// Records in the store that it was read from that a restore of it was proven.
    pub async fn mark_verified(&self) -> Result<()> {
        self.repository.mark_verified(&self.manifest.id, OffsetDateTime::now_utc()).await
    }
}

impl BackupStore {
    /// # Errors
    /// If the manifest declares no backup store.
    pub fn open(app: &App) -> Result<BackupStore> {
        let stores = app.backups()?;
        Ok(BackupStore { stores, jobs: app.manifest.backup.as_ref().map_or(1, |settings| settings.jobs) })
    }

    pub fn jobs(&self) -> usize {
        self.jobs
    }

    /// Reports why backups are not encrypted, if so.
    pub(crate) fn warn_unencrypted(&self, app: &App) {
        app.warn_unencrypted(&self.stores);
    }

    pub async fn stage(&self, service: &ServiceName) -> Result<Staging> {
        self.stores.stage(service).await
    }

    /// Stores a backup; returns its name and, if there are several stores, how it came into each.
    pub async fn finish(
        &self,
        app: &App,
        staged: Staging,
        service: &DesiredService,
        taken_at: OffsetDateTime,
        record: &BackupRecord,
    ) -> Result<(String, Vec<StoreOutcome>)> {
        let header = BackupHeader {
            project: app.manifest.project.clone(),
            env: app.manifest.env.clone(),
            service: service.name.to_string(),
            server: service.server.clone(),
            database: service.database.to_string(),
            taken_at: taken_at.format(&Rfc3339).map_err(|error| Error::operation(error.to_string()))?,
            migration_head: record.migration_head.map(|head| head.to_string()),
        };
        let record = serde_json::to_value(record).map_err(|error| Error::operation(error.to_string()))?;
        let stored = staged.finish(header, &record).await?;
        let names = self.stores.iter().filter_map(|repository| self.stores.name_of(repository));
        let outcome = |store: String| {
            let error =
                stored.failures.iter().find(|(place, _)| *place == store).map(|(_, error)| error.clone());
            StoreOutcome { store, error }
        };
        Ok((stored.id.to_string(), names.map(outcome).collect()))
    }

    /// Downloads a backup, and refuses one that differs from its record.
    ///
    /// # Errors
    /// If the backup is missing, damaged, of another project, or cannot be decrypted.
    pub async fn fetch(&self, app: &App, id: &str) -> Result<FetchedBackup> {
        let id: BackupId = id.parse()?;
        let repository = self.holder(app, &id).await?;
        let identities = app.backup_identities(&repository, &id).await?;
        let workspace = repository.workspace()?;
        let folder = workspace.path().join("backup");
        let fetched = repository.fetch(&id, identities, &folder).await?;
        let project = &fetched.manifest.header.project;
        if *project != app.manifest.project {
            return Err(Error::operation(format!("{id} is a backup of project \"{project}\""))
                .cause(format!("this manifest is of project \"{}\"", app.manifest.project)));
        }
        let record = serde_json::from_value(fetched.record).map_err(|error| {
            Error::operation(format!("cannot read the record of {id}"))
                .cause(error)
                .hint("a newer martydb may have written it: use that one")
        })?;
        Ok(FetchedBackup { manifest: fetched.manifest, record, repository, folder, _workspace: workspace })
    }

    /// Returns the first store that has a backup, and reports those that were passed over.
    async fn holder(&self, app: &App, id: &BackupId) -> Result<Repository> {
        let BackupHolder { repository, failures } = self.stores.holder(id).await?;
        for error in &failures {
            app.out.note(&format!("warning: {error}"));
        }
        if self.stores.are_several() {
            app.out.note(&format!("{id} is read from {}", printable(&repository.place())));
        }
        Ok(repository.clone())
    }
}
