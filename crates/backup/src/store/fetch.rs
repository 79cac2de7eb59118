//! Retrieval of a backup: all of its files, every byte checked and decrypted, or an error and no files.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use super::backend::Backend;
use super::blocking_task::BlockingTask;
use super::check::{absent, damaged, of_stream, same_files};
use super::cipher::{self, Identities, StreamDigests};
use super::id::BackupId;
use super::manifest::{BackupManifest, MANIFEST, RECORD, StoredFile};
use super::parallel;
use super::path::below;
use super::stream_error::StreamError;
use super::sums;
use super::workspace::failed;
use crate::store::backend::folder::{create, make_parents};
use crate::store::cipher::digest::digest;
use martydb_model::error::{Error, Result};

/// A fetched backup; its files are in the given folder.
#[derive(Debug)]
pub struct ReturnedBackup {
    pub manifest: BackupManifest,
    /// Record of the backup's maker.
    pub record: serde_json::Value,
}

/// A fetch: its source and its target.
pub(crate) struct Download<'a> {
    pub task: &'a BlockingTask,
    pub backend: &'a dyn Backend,
    pub id: &'a BackupId,
    pub identities: Option<&'a Identities>,
    /// A folder that does not exist yet, and is removed after an error.
    pub into: &'a Path,
    pub threads: usize,
}

/// One backup that is being read.
struct ActiveDownload<'a> {
    from: &'a Download<'a>,
    manifest: BackupManifest,
}

impl Download<'_> {
    /// Fetches all files.
    pub(crate) fn fetch(&self) -> Result<ReturnedBackup> {
        let into = self.into;
        DirBuilder::new().mode(0o700).create(into).map_err(failed("make the folder", into))?;
        let fetched = self.all();
        if fetched.is_err() {
            // A folder that stays contains only correct files; the first error matters more.
            let _gone = fs::remove_dir_all(into);
        }
        fetched
    }

    fn all(&self) -> Result<ReturnedBackup> {
        let Download { task, backend, id, into, .. } = *self;
        let text = backend.small(task, id, MANIFEST)?.ok_or_else(|| absent(id, &backend.place()))?;
        let manifest = BackupManifest::parse(&text, id).map_err(|why| damaged(id, why))?;
        let outgoing = ActiveDownload { from: self, manifest };
        let sums = outgoing.sums()?;
        let own = digest(&text);
        if !sums.starts_with(&sums::first_line(&own)) {
            return Err(damaged(id, "manifest.json is not as it was written"));
        }
        same_files(&outgoing.manifest, &backend.files(task, id)?).map_err(|why| damaged(id, why))?;
        let passed = parallel::each(self.threads, &outgoing.manifest.files, |file| outgoing.bring(file))?;
        let files = outgoing.manifest.files.iter().zip(&passed);
        let files = files.map(|(file, passed)| (outgoing.plain_name(file), &passed.plain));
        if sums != sums::text(&own, files) {
            return Err(damaged(id, "the sums of its files are not those that were written"));
        }
        let record = record(id, into)?;
        Ok(ReturnedBackup { manifest: outgoing.manifest, record })
    }
}

fn record(id: &BackupId, into: &Path) -> Result<serde_json::Value> {
    let path = into.join(RECORD);
    let text = fs::read(&path).map_err(|error| damaged(id, RECORD).cause(error))?;
    serde_json::from_slice(&text).map_err(|error| damaged(id, RECORD).cause(error))
}

impl ActiveDownload<'_> {
    fn sums(&self) -> Result<String> {
        let Download { task, backend, id, .. } = *self.from;
        let name = self.manifest.encryption.stored_name(sums::NAME);
        let stored = backend.small(task, id, &name)?;
        let stored = stored.ok_or_else(|| damaged(id, format!("{name} is missing")))?;
        let mut plain = vec![];
        cipher::read(
            task,
            self.manifest.encryption,
            self.from.identities,
            &mut stored.as_slice(),
            &mut plain,
        )
        .map_err(|error| self.stopped(&name, error, |error| Error::operation("no memory").cause(error)))?;
        String::from_utf8(plain).map_err(|_| damaged(id, format!("{name} is not as it was written")))
    }

    fn bring(&self, file: &StoredFile) -> Result<StreamDigests> {
        let Download { task, backend, id, into, .. } = *self.from;
        let plain = self.plain_name(file);
        make_parents(into, plain)?;
        let path = below(into, plain);
        let mut to = create(&path)?;
        // One byte more than expected is enough to detect a difference.
        let from = backend.open(task, id, &file.path, file.size)?;
        let mut from = io::Read::take(from, file.size.saturating_add(1));
        let passed = cipher::read(task, self.manifest.encryption, self.from.identities, &mut from, &mut to)
            .map_err(|error| self.stopped(&file.path, error, failed("write", &path)))?;
        if passed.stored.size != file.size || passed.stored.sha256 != file.sha256 {
            return Err(damaged(id, format!("{} is not as it was written", file.path)));
        }
        Ok(passed)
    }

    fn plain_name<'f>(&self, file: &'f StoredFile) -> &'f str {
        self.manifest.encryption.plain_name(&file.path).expect("checked when the manifest was read")
    }

    fn stopped(&self, path: &str, error: StreamError, unwritten: impl FnOnce(io::Error) -> Error) -> Error {
        of_stream(self.from.id, path, error, self.from.identities.is_some(), unwritten)
    }
}
