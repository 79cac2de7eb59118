//! A backup in the making: an empty folder that its maker fills, and then one step to a complete backup in the store.

use std::fs::Permissions;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use super::backend::{Backend, BackupUpload};
use super::blocking_task::BlockingTask;
use super::check::of_write;
use super::cipher::{Cipher, StreamDigests};
use super::id::BackupId;
use super::manifest::{BackupHeader, BackupManifest, FORMAT_VERSION, RECORD, StoredFile};
use super::parallel;
use super::path::below;
use super::sums;
use super::workspace::{Workspace, failed};
use crate::store::backend::folder::{create, open_plain, publish, tree};
use crate::store::backend::mirror::MirrorStores;
use crate::store::cipher::digest::digest;
use martydb_model::error::{Error, Result};

/// A backup in the making. Dropped before it is finished, it leaves nothing.
pub struct Staging {
    pub(super) id: BackupId,
    pub(super) workspace: Workspace,
    /// Stores that get the backup; if there are several, its folder is in none of them.
    pub(super) backends: Vec<Arc<dyn Backend>>,
    /// Errors of stores that cannot be used, in the same order.
    pub(super) failures: Vec<Option<Error>>,
    pub(super) cipher: Arc<Cipher>,
    pub(super) threads: usize,
}

/// A finished backup.
#[derive(Debug)]
pub struct StoredBackup {
    pub id: BackupId,
    /// Stores that did not get it, with their errors.
    pub failures: Vec<(String, Error)>,
}

impl Staging {
    pub fn id(&self) -> &BackupId {
        &self.id
    }

    /// Returns the folder for the files, which must be in subfolders: `dump/…`.
    pub fn path(&self) -> &Path {
        self.workspace.path()
    }

    /// Hashes, encrypts and stores all files; the backup is listed from then on. `record` is returned with the files.
    ///
    /// # Errors
    /// If anything cannot be read, or no store can be written to; then there is no backup.
    #[martydb_pg::boxed]
    pub async fn finish(self, header: BackupHeader, record: &serde_json::Value) -> Result<StoredBackup> {
        let mut record = serde_json::to_vec_pretty(record).expect("plain data");
        record.push(b'\n');
        BlockingTask::run(move |task| finish(task, self, header, &record)).await
    }
}

fn finish(
    task: &BlockingTask,
    mut staging: Staging,
    header: BackupHeader,
    record: &[u8],
) -> Result<StoredBackup> {
    let path = staging.path().join(RECORD);
    create(&path)?.write_all(record).map_err(failed("write", &path))?;
    let names: Vec<String> = tree(task, staging.path())?.into_keys().collect();
    let stray = names.iter().find(|name| !name.contains('/') && *name != RECORD);
    if let Some(stray) = stray {
        return Err(Error::operation(format!("{stray} is outside the folders of the backup")));
    }
    if header.service != staging.id.service() {
        return Err(Error::operation(format!("{} is not a backup of {}", staging.id, header.service)));
    }
    let (incoming, mirror) = begin(task, &mut staging)?;
    let keep = |name: &String| match &incoming {
        None => keep_in_place(task, &staging, name),
        Some(incoming) => bring(task, &staging, &**incoming, name),
    };
    let passed = parallel::each(staging.threads, &names, keep)?;
    let manifest = manifest(&staging, header, &names, &passed).to_json();
    let sums = sums::text(
        &digest(&manifest),
        names.iter().map(String::as_str).zip(passed.iter().map(|one| &one.plain)),
    );
    let path = staging.path().join(sums::NAME);
    create(&path)?.write_all(sums.as_bytes()).map_err(failed("write", &path))?;
    keep(&sums::NAME.to_owned())?;
    let id = staging.id.clone();
    match incoming {
        Some(incoming) => incoming.publish(task, &manifest)?,
        None => {
            let to = staging.backends[0].folder().unwrap_or(Path::new("")).join(id.as_str());
            publish(task, staging.workspace, &manifest, &to)?;
        }
    }
    Ok(StoredBackup { id, failures: mirror.map_or_else(Vec::new, |mirror| mirror.failures()) })
}

/// Upload of a backup; `None` if it is in its final place already. Of several stores also their states.
type PendingUpload = (Option<Box<dyn BackupUpload>>, Option<MirrorStores>);

fn begin(task: &BlockingTask, staging: &mut Staging) -> Result<PendingUpload> {
    let [only] = staging.backends.as_slice() else {
        let failures = std::mem::take(&mut staging.failures);
        let mirror = MirrorStores::begin(task, &staging.backends, failures, &staging.id)?;
        return Ok((Some(Box::new(mirror.clone())), Some(mirror)));
    };
    let in_place = only.folder().is_some() && matches!(*staging.cipher, Cipher::Plain);
    Ok((if in_place { None } else { Some(only.begin(task, &staging.id)?) }, None))
}

fn manifest(
    staging: &Staging,
    header: BackupHeader,
    names: &[String],
    passed: &[StreamDigests],
) -> BackupManifest {
    let encryption = staging.cipher.encryption();
    let files = names.iter().zip(passed).map(|(name, passed)| StoredFile {
        path: encryption.stored_name(name),
        size: passed.stored.size,
        sha256: passed.stored.sha256.clone(),
    });
    BackupManifest {
        format_version: FORMAT_VERSION,
        id: staging.id.clone(),
        martydb: env!("CARGO_PKG_VERSION").to_owned(),
        header,
        encryption,
        files: files.collect(),
    }
}

/// Hashes and syncs a file that is in its final place already.
fn keep_in_place(task: &BlockingTask, staging: &Staging, name: &str) -> Result<StreamDigests> {
    let path = below(staging.path(), name);
    let mut file = open_plain(&path).map_err(failed("read", &path))?;
    file.set_permissions(Permissions::from_mode(0o600)).map_err(failed("close", &path))?;
    let passed = staging.cipher.write(task, &mut file, &mut io::sink());
    file.sync_all().map_err(failed("write", &path))?;
    passed.map_err(|error| of_write(name, error))
}

fn bring(
    task: &BlockingTask,
    staging: &Staging,
    incoming: &dyn BackupUpload,
    name: &str,
) -> Result<StreamDigests> {
    let path = below(staging.path(), name);
    let mut file = open_plain(&path).map_err(failed("read", &path))?;
    let size = file.metadata().map_err(failed("look at", &path))?.len();
    let mut sink = incoming.create(task, &staging.cipher.encryption().stored_name(name), size)?;
    let passed = staging.cipher.write(task, &mut file, &mut *sink).map_err(|error| of_write(name, error))?;
    sink.close()?;
    Ok(passed)
}
