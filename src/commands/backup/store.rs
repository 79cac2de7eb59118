//! The backup store of the manifest as the commands use it: each stored backup has a record, and each fetched one
//! belongs to a service.

use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use martydb_config::backup_store::{BackupHeader, BackupId, BackupManifest, Repository, Staging, Workspace};
use martydb_model::error::{Error, Result};
use martydb_model::{DesiredService, ServiceName};
use martydb_provision::backup::BackupRecord;
use martydb_provision::run::Run;

/// Open backup store.
pub struct BackupStore {
    repository: Repository,
    jobs: usize,
}

/// Backup on this machine, verified and decrypted; its files are removed on drop.
pub struct FetchedBackup {
    pub manifest: BackupManifest,
    pub record: BackupRecord,
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
}

impl BackupStore {
    /// # Errors
    /// If the manifest declares no backup store.
    pub fn open(run: &Run) -> Result<BackupStore> {
        let repository = run.backups()?;
        Ok(BackupStore { repository, jobs: run.manifest.backup.as_ref().map_or(1, |settings| settings.jobs) })
    }

    pub fn jobs(&self) -> usize {
        self.jobs
    }

    /// Reports why backups are not encrypted, if so.
    pub fn warn_unencrypted(&self, run: &Run) {
        run.warn_unencrypted(&self.repository);
    }

    pub async fn stage(&self, service: &ServiceName) -> Result<Staging> {
        self.repository.stage(service).await
    }

    /// Stores a backup and returns its name.
    pub async fn finish(
        &self,
        run: &Run,
        staged: Staging,
        service: &DesiredService,
        taken_at: OffsetDateTime,
        record: &BackupRecord,
    ) -> Result<String> {
        let header = BackupHeader {
            project: run.manifest.project.clone(),
            env: run.manifest.env.clone(),
            service: service.name.to_string(),
            server: service.server.clone(),
            database: service.database.to_string(),
            taken_at: taken_at.format(&Rfc3339).map_err(|error| Error::operation(error.to_string()))?,
            migration_head: record.migration_head.map(|head| head.to_string()),
        };
        let record = serde_json::to_value(record).map_err(|error| Error::operation(error.to_string()))?;
        Ok(staged.finish(header, &record).await?.to_string())
    }

    /// Downloads a backup, and refuses one that differs from its record.
    ///
    /// # Errors
    /// If the backup is missing, damaged, of another project, or cannot be decrypted.
    pub async fn fetch(&self, run: &Run, id: &str) -> Result<FetchedBackup> {
        let id: BackupId = id.parse()?;
        let identities = run.backup_identities(&self.repository, &id).await?;
        let workspace = self.repository.workspace()?;
        let folder = workspace.path().join("backup");
        let fetched = self.repository.fetch(&id, identities, &folder).await?;
        let project = &fetched.manifest.header.project;
        if *project != run.manifest.project {
            return Err(Error::operation(format!("{id} is a backup of project \"{project}\""))
                .cause(format!("this manifest is of project \"{}\"", run.manifest.project)));
        }
        let record = serde_json::from_value(fetched.record).map_err(|error| {
            Error::operation(format!("cannot read the record of {id}"))
                .cause(error)
                .hint("a newer martydb may have written it: use that one")
        })?;
        Ok(FetchedBackup { manifest: fetched.manifest, record, folder, _workspace: workspace })
    }

    pub async fn mark_verified(&self, id: &str) -> Result<()> {
        self.repository.mark_verified(&id.parse()?, OffsetDateTime::now_utc()).await
    }
}
