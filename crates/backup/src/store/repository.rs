//! The open store of the manifest's `backup:`.

use std::path::Path;
use std::sync::Arc;

use time::OffsetDateTime;

use super::backend::Backend;
use super::blocking_task::BlockingTask;
use super::check::{absent, damaged, same_files};
use super::cipher::{Cipher, Identities};
use super::fetch::{Download, ReturnedBackup};
use super::id::BackupId;
use super::manifest::{BackupManifest, Encryption, MANIFEST};
use super::parallel;
use super::staging::Staging;
use super::sums;
use super::verified;
use super::workspace::Workspace;
use crate::store::backend::connect::connect;
use crate::store::backend::folder::FolderBackend;
use crate::store::backend::timeouts::RequestTimeouts;
use crate::store::cipher::digest::digest;
use martydb_model::environment::Environment;
use martydb_model::error::{Error, Kind, Result};
use martydb_model::{BackupLocation, BackupSettings, ServiceName};
use martydb_os::state_folder::make_state_folder;

/// Number of parallel requests while a store is listed: most of the time is spent waiting.
const LIST_THREADS: usize = 8;

#[derive(Clone)]
pub struct Repository {
    pub(super) backend: Arc<dyn Backend>,
    pub(super) cipher: Arc<Cipher>,
    pub(super) settings: Arc<BackupSettings>,
}

/// A listed backup: its names and sizes are correct, the contents of its files are not checked.
#[derive(Debug, Clone)]
pub struct ListedBackup {
    pub manifest: BackupManifest,
    /// Time of the last proven restore, in RFC 3339.
    pub verified_at: Option<String>,
}

/// Contents of a store, oldest first.
#[derive(Debug, Default)]
pub struct Listing {
    pub backups: Vec<ListedBackup>,
    /// Descriptions of everything that is not a complete backup.
    pub problems: Vec<String>,
}

impl Repository {
    /// Opens the first store of the settings.
    ///
    /// # Errors
    /// If the store's settings cannot be used. Nothing is created, and no server is contacted yet.
    pub fn open(settings: &BackupSettings, variables: &Environment) -> Result<Repository> {
        Repository::within(settings, variables, RequestTimeouts::default())
    }

    /// Opens the first store with other limits than usual.
    pub fn within(
        settings: &BackupSettings,
        variables: &Environment,
        patience: RequestTimeouts,
    ) -> Result<Repository> {
        let to = settings.to.first().ok_or_else(|| Error::manifest("backup.to names no store"))?;
        Repository::at(settings, to, variables, patience)
    }

    /// Opens one of the stores of the settings.
    pub fn at(
        settings: &BackupSettings,
        to: &BackupLocation,
        variables: &Environment,
        patience: RequestTimeouts,
    ) -> Result<Repository> {
        let backend: Arc<dyn Backend> = match to {
            BackupLocation::Folder(folder) => Arc::new(FolderBackend::new(folder.clone())),
            BackupLocation::S3 { bucket, prefix } => connect(bucket, prefix, variables, patience)?,
        };
        let cipher = Arc::new(Cipher::new(&settings.encrypt)?);
        Ok(Repository { backend, cipher, settings: Arc::new(settings.clone()) })
    }

    /// Returns the folder or the bucket, for people.
    pub fn place(&self) -> String {
        self.backend.place()
    }

    /// Returns the note of every run that writes unencrypted backups.
    pub fn unencrypted(&self) -> Option<String> {
        self.unencrypted_in(&self.place())
    }

    /// Returns the same note for stores in other places, too.
    pub(super) fn unencrypted_in(&self, places: &str) -> Option<String> {
        matches!(*self.cipher, Cipher::Plain).then(|| {
            format!("backups in {places} are not encrypted: backup.encrypt names no recipient of age")
        })
    }

    /// Begins a backup. Without encryption and in a folder, its files are written in their final place.
    #[martydb_pg::boxed]
    pub async fn stage(&self, service: &ServiceName) -> Result<Staging> {
        let id = BackupId::new(OffsetDateTime::now_utc(), service)?;
        let Repository { backend, cipher, settings } = self.clone();
        BlockingTask::run(move |task| {
            task.check()?;
            backend.prepare()?;
            let workspace = match backend.folder() {
                Some(folder) if matches!(*cipher, Cipher::Plain) => Workspace::make(folder, id.as_str())?,
                _ => local(&settings, id.as_str())?,
            };
            Ok(Staging {
                id,
                workspace,
                backends: vec![backend],
                failures: vec![None],
                cipher,
                threads: settings.jobs,
            })
        })
        .await
    }

    /// Returns a private folder on this machine. It is removed when dropped, or by the next run if this one is killed.
    pub fn workspace(&self) -> Result<Workspace> {
        let service = ServiceName::new("work").map_err(|error| Error::operation(error.to_string()))?;
        local(&self.settings, BackupId::new(OffsetDateTime::now_utc(), &service)?.as_str())
    }

    /// Returns all complete backups, oldest first.
    #[martydb_pg::boxed]
    pub async fn list(&self) -> Result<Listing> {
        let backend = self.backend.clone();
        BlockingTask::run(move |task| list(task, &*backend)).await
    }

    /// Fetches all files of a backup into `into`, a folder that does not exist yet, checked and decrypted. A file that was
    /// changed, exchanged, left out or added is an error, and then the folder does not exist.
    #[martydb_pg::boxed]
    pub async fn fetch(
        &self,
        id: &BackupId,
        identities: Option<Arc<Identities>>,
        into: &Path,
    ) -> Result<ReturnedBackup> {
        let (backend, id, into) = (self.backend.clone(), id.clone(), into.to_owned());
        let threads = self.settings.jobs;
        BlockingTask::run(move |task| {
            let identities = identities.as_deref();
            Download { task, backend: &*backend, id: &id, identities, into: &into, threads }.fetch()
        })
        .await
    }

    /// Returns the encryption of a backup, to be known before prompting for an identity.
    #[martydb_pg::boxed]
    pub async fn encryption(&self, id: &BackupId) -> Result<Encryption> {
        let (backend, id) = (self.backend.clone(), id.clone());
        BlockingTask::run(move |task| Ok(manifest(task, &*backend, &id)?.0.encryption)).await
    }

    #[martydb_pg::boxed]
    pub async fn remove(&self, id: &BackupId) -> Result<()> {
        let (backend, id) = (self.backend.clone(), id.clone());
        BlockingTask::run(move |task| {
            manifest_text(task, &*backend, &id)?;
            backend.remove(task, &id)
        })
        .await
    }

    /// Removes what dead runs have left; never a backup.
    #[martydb_pg::boxed]
    pub async fn sweep(&self) -> Result<()> {
        let backend = self.backend.clone();
        BlockingTask::run(move |task| backend.sweep(task)).await
    }

    /// Records beside a backup that a restore of it was proven.
    ///
    /// # Errors
    /// If the store cannot be written to.
    #[martydb_pg::boxed]
    pub async fn mark_verified(&self, id: &BackupId, at: OffsetDateTime) -> Result<()> {
        let (backend, id) = (self.backend.clone(), id.clone());
        BlockingTask::run(move |task| {
            let text = manifest_text(task, &*backend, &id)?;
            let note = verified::text(&id, &digest(&text), at);
            backend.note(task, &id, verified::NAME, note.as_bytes()).map_err(|error| {
                error.while_doing(format!("{id} is verified, but its store cannot record that"))
            })
        })
        .await
    }
}

/// Creates a private folder of that name in martydb's own folder beside the manifest.
pub(crate) fn local(settings: &BackupSettings, name: &str) -> Result<Workspace> {
    let folder = make_state_folder(&settings.home)?.join("backup");
    Workspace::make(&folder, name)
}

fn manifest_text(task: &BlockingTask, backend: &dyn Backend, id: &BackupId) -> Result<Vec<u8>> {
    backend.small(task, id, MANIFEST)?.ok_or_else(|| absent(id, &backend.place()))
}

fn manifest(task: &BlockingTask, backend: &dyn Backend, id: &BackupId) -> Result<(BackupManifest, Vec<u8>)> {
    let text = manifest_text(task, backend, id)?;
    let manifest = BackupManifest::parse(&text, id).map_err(|why| damaged(id, why))?;
    Ok((manifest, text))
}

fn list(task: &BlockingTask, backend: &dyn Backend) -> Result<Listing> {
    let mut top = backend.top(task)?;
    top.backups.sort();
    let looked = parallel::each(LIST_THREADS, &top.backups, |id| examine(task, backend, id))?;
    let mut listing = Listing::default();
    let others = top.others.iter().map(|name| format!("{} is not a backup", name.escape_debug()));
    listing.problems.extend(others);
    for (listed, problem) in looked {
        listing.backups.extend(listed);
        listing.problems.extend(problem);
    }
    Ok(listing)
}

/// A backup if it is complete, and what is wrong with it otherwise.
type ExaminedBackup = (Option<ListedBackup>, Option<String>);

/// Examines a backup. An error of the store is one of the list; a problem of one backup is not.
fn examine(task: &BlockingTask, backend: &dyn Backend, id: &BackupId) -> Result<ExaminedBackup> {
    match examine_complete(task, backend, id) {
        Err(error) if error.kind == Kind::Operation => {
            let why = error.causes.iter().fold(error.message.clone(), |all, cause| format!("{all}: {cause}"));
            Ok((None, Some(format!("{id} is not a complete backup: {why}"))))
        }
        looked => looked,
    }
}

fn examine_complete(task: &BlockingTask, backend: &dyn Backend, id: &BackupId) -> Result<ExaminedBackup> {
    let text = backend.small(task, id, MANIFEST)?.ok_or_else(|| {
        Error::operation("it has no manifest.json").cause("a run writes or removes it, or was killed")
    })?;
    let own = digest(&text);
    let manifest = BackupManifest::parse(&text, id).map_err(Error::operation)?;
    let files = backend.files(task, id)?;
    same_files(&manifest, &files).map_err(Error::operation)?;
    if manifest.encryption == Encryption::None {
        let sums = backend.small(task, id, sums::NAME)?.unwrap_or_default();
        if !sums.starts_with(sums::first_line(&own).as_bytes()) {
            return Err(Error::operation("manifest.json is not as it was written"));
        }
    }
    let note =
        if files.contains_key(verified::NAME) { backend.small(task, id, verified::NAME)? } else { None };
    let (verified_at, problem) = match note.map(|note| verified::parse(&note, id, &own)) {
        None => (None, None),
        Some(Ok(at)) => (Some(at), None),
        Some(Err(why)) => (None, Some(format!("{id}: {why}"))),
    };
    Ok((Some(ListedBackup { manifest, verified_at }), problem))
}
