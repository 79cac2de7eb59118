//! A store in S3 object storage. The keys of a backup's objects begin with its name, and its manifest is written last:
//! objects without one are not a backup, and are removed once they are too old to be one in progress.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::path::Path as Key;
use object_store::{
    Error as S3Error, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutOptions,
};
use parking_lot::Mutex;
use time::OffsetDateTime;

use crate::store::backend::errors::error_while;
use crate::store::backend::requests::soon;
use crate::store::backend::{Backend, BackupUpload, FileWriter, SMALL, TopLevel};
use crate::store::blocking_task::BlockingTask;
use crate::store::id::BackupId;
use crate::store::manifest::MANIFEST;
use crate::store::parallel;
use crate::store::path;
use martydb_model::error::{Error, Result};

/// Bytes that one request reads, and the minimum size of a part of an upload.
const PIECE: u64 = 8 * 1024 * 1024;
/// Maximum number of parts of an object. S3 accepts 10,000:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>.
const MOST_PARTS: u64 = 9_000;
/// Number of parallel requests where many small ones are needed.
const THREADS: usize = 8;
/// Age at which objects without a manifest belong to no run.
const ABANDONED: time::Duration = time::Duration::hours(24);
/// Time limit of the cleanup after a failed upload.
const CLEANING: Duration = Duration::from_secs(10);
const ATTEMPTS: u32 = 4;

#[derive(Clone)]
pub(crate) struct BucketBackend {
    pub store: Arc<dyn ObjectStore>,
    /// `s3://bucket/prefix`.
    pub place: String,
    pub prefix: Key,
}

impl BucketBackend {
    fn backup_key(&self, id: &BackupId) -> Key {
        self.prefix.clone().join(id.as_str())
    }

    fn key(&self, id: &BackupId, path: &str) -> Key {
        path.split('/').fold(self.backup_key(id), |key, part| key.join(part))
    }

    fn error_while(&self, doing: &str) -> impl Fn(S3Error) -> Error + use<> {
        error_while(format!("cannot {doing} {}", self.place))
    }

    fn objects(&self, task: &BlockingTask, id: &BackupId) -> Result<Vec<ObjectMeta>> {
        task.wait(self.store.list(Some(&self.backup_key(id))).try_collect())?
            .map_err(self.error_while("list"))
    }

    /// Deletes an object. Returns `Ok(false)` if it does not exist any more.
    fn delete(&self, task: &BlockingTask, key: &Key) -> Result<bool> {
        match task.wait(self.store.delete(key))? {
            Err(S3Error::NotFound { .. }) => Ok(false),
            done => done.map(|()| true).map_err(self.error_while("remove from")),
        }
    }

    fn delete_all(&self, task: &BlockingTask, objects: &[ObjectMeta]) -> Result<()> {
        parallel::each(THREADS, objects, |one| self.delete(task, &one.location)).map(drop)
    }

    /// Writes the manifest if there is none. A request may have succeeded although its answer was lost.
    fn create(&self, task: &BlockingTask, key: &Key, text: &[u8]) -> Result<()> {
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        let mut attempt = 0;
        loop {
            attempt += 1;
            let payload = Bytes::copy_from_slice(text).into();
            let error = match task.wait(self.store.put_opts(key, payload, options.clone()))? {
                Ok(_) => return Ok(()),
                // The server does not support conditional requests. The name has a random suffix.
                Err(S3Error::NotImplemented { .. }) => {
                    let payload = Bytes::copy_from_slice(text).into();
                    return task
                        .wait(self.store.put(key, payload))?
                        .map(drop)
                        .map_err(self.error_while("write to"));
                }
                Err(error) => error,
            };
            if matches!(error, S3Error::AlreadyExists { .. } | S3Error::Precondition { .. }) {
                let found = task.wait(async { self.store.get(key).await?.bytes().await })?;
                return match found {
                    Ok(found) if found == text => Ok(()),
                    _ => Err(self.error_while("write to")(error)),
                };
            }
            if attempt == ATTEMPTS || !matches!(error, S3Error::Generic { .. }) {
                return Err(self.error_while("write to")(error));
            }
        }
    }
}

impl Backend for BucketBackend {
    fn place(&self) -> String {
        self.place.clone()
    }

    fn folder(&self) -> Option<&Path> {
        None
    }

    fn prepare(&self) -> Result<()> {
        Ok(())
    }

    fn top(&self, task: &BlockingTask) -> Result<TopLevel> {
        let listed = task.wait(self.store.list_with_delimiter(Some(&self.prefix)))?;
        let listed = listed.map_err(self.error_while("list"))?;
        let mut top = TopLevel::default();
        for folder in &listed.common_prefixes {
            let name = folder.parts().next_back().map(|part| part.as_ref().to_owned()).unwrap_or_default();
            match name.parse() {
                Ok(id) => top.backups.push(id),
                Err(_) => top.others.push(name),
            }
        }
        top.others.extend(listed.objects.iter().filter_map(|one| one.location.filename().map(str::to_owned)));
        Ok(top)
    }

    fn files(&self, task: &BlockingTask, id: &BackupId) -> Result<BTreeMap<String, u64>> {
        let of = self.backup_key(id);
        let files = self.objects(task, id)?.into_iter().map(|one| {
            let parts = one.location.prefix_match(&of).into_iter().flatten();
            let name = parts.map(|part| part.as_ref().to_owned()).collect::<Vec<_>>().join("/");
            if path::is_safe(&name) {
                return Ok((name, one.size));
            }
            Err(Error::operation(format!(
                "{} is not a file of a backup",
                one.location.as_ref().escape_debug()
            )))
        });
        files.collect()
    }

    fn small(&self, task: &BlockingTask, id: &BackupId, path: &str) -> Result<Option<Vec<u8>>> {
        let key = self.key(id, path);
        let found = task.wait(async {
            let found = self.store.get(&key).await?;
            if found.meta.size > SMALL { Ok(None) } else { found.bytes().await.map(Some) }
        })?;
        match found {
            Ok(Some(bytes)) => Ok(Some(bytes.to_vec())),
            Ok(None) => Err(Error::operation(format!("{path} of {id} is too large"))),
            Err(S3Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.error_while("read from")(error)),
        }
    }

    fn open(
        &self,
        task: &BlockingTask,
        id: &BackupId,
        path: &str,
        size: u64,
    ) -> Result<Box<dyn Read + Send>> {
        let key = self.key(id, path);
        Ok(Box::new(Pieces {
            backend: self.clone(),
            task: task.clone(),
            key,
            size,
            at: 0,
            piece: Bytes::new(),
        }))
    }

    fn begin(&self, _: &BlockingTask, id: &BackupId) -> Result<Box<dyn BackupUpload>> {
        // The manifest is removed first: a request that failed may have written it.
        let made = Mutex::new(vec![self.key(id, MANIFEST)]);
        Ok(Box::new(BucketUpload { backend: self.clone(), id: id.clone(), made }))
    }

    fn note(&self, task: &BlockingTask, id: &BackupId, path: &str, text: &[u8]) -> Result<()> {
        let payload = Bytes::copy_from_slice(text).into();
        task.wait(self.store.put(&self.key(id, path), payload))?
            .map(drop)
            .map_err(self.error_while("write to"))
    }

    fn remove(&self, task: &BlockingTask, id: &BackupId) -> Result<()> {
        self.delete(task, &self.key(id, MANIFEST))?;
        self.delete_all(task, &self.objects(task, id)?)
    }

    fn sweep(&self, task: &BlockingTask) -> Result<()> {
        let now = OffsetDateTime::now_utc();
        for id in self.top(task)?.backups.iter().filter(|id| now - id.taken_at() > ABANDONED) {
            let objects = self.objects(task, id)?;
            let manifest = self.key(id, MANIFEST);
            let day_ago = (now - ABANDONED).unix_timestamp();
            let old = |one: &ObjectMeta| one.location != manifest && one.last_modified.timestamp() < day_ago;
            if objects.iter().all(old) {
                self.delete_all(task, &objects)?;
            }
        }
        Ok(())
    }
}

/// An object that is read in pieces: no request takes longer than its limit, whatever the object's size.
struct Pieces {
    backend: BucketBackend,
    task: BlockingTask,
    key: Key,
    size: u64,
    at: u64,
    piece: Bytes,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.piece.is_empty() && self.at < self.size {
            let end = self.size.min(self.at + PIECE);
            let read = self.task.wait(self.backend.store.get_range(&self.key, self.at..end));
            let read = read.and_then(|read| read.map_err(self.backend.error_while("read from")));
            self.piece = read.map_err(io::Error::other)?;
            self.at = end;
        }
        let count = buffer.len().min(self.piece.len());
        buffer[..count].copy_from_slice(&self.piece.split_to(count));
        Ok(count)
    }
}

/// An upload in progress. Dropped before it is published, it removes what it has created, as far as that is quick.
struct BucketUpload {
    backend: BucketBackend,
    id: BackupId,
    made: Mutex<Vec<Key>>,
}

impl BackupUpload for BucketUpload {
    fn create(&self, task: &BlockingTask, path: &str, size: u64) -> Result<Box<dyn FileWriter>> {
        let key = self.backend.key(&self.id, path);
        self.made.lock().push(key.clone());
        let part = size.div_ceil(MOST_PARTS).next_multiple_of(1024 * 1024).max(PIECE);
        let part = usize::try_from(part).unwrap_or(usize::MAX);
        let (backend, task) = (self.backend.clone(), task.clone());
        Ok(Box::new(ObjectWriter { backend, task, key, part, buffer: vec![], upload: None }))
    }

    fn publish(self: Box<Self>, task: &BlockingTask, manifest: &[u8]) -> Result<()> {
        self.backend.create(task, &self.backend.key(&self.id, MANIFEST), manifest)?;
        self.made.lock().clear();
        Ok(())
    }
}

impl Drop for BucketUpload {
    fn drop(&mut self) {
        let made = std::mem::take(&mut *self.made.lock());
        let all = async {
            for key in made {
                let _left = self.backend.store.delete(&key).await;
            }
        };
        soon(CLEANING, all);
    }
}

struct ObjectWriter {
    backend: BucketBackend,
    task: BlockingTask,
    key: Key,
    part: usize,
    buffer: Vec<u8>,
    /// Started once there is more than one part.
    upload: Option<Box<dyn MultipartUpload>>,
}

impl ObjectWriter {
    fn send_part(&mut self) -> Result<()> {
        let failed = self.backend.error_while("write to");
        if self.upload.is_none() {
            let begun = self.task.wait(self.backend.store.put_multipart(&self.key))?;
            self.upload = Some(begun.map_err(&failed)?);
        }
        let part = Bytes::from(std::mem::take(&mut self.buffer)).into();
        let Some(upload) = &mut self.upload else { return Ok(()) };
        self.task.wait(upload.put_part(part))?.map_err(failed)
    }
}

impl Write for ObjectWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.buffer.len() >= self.part {
            self.send_part().map_err(io::Error::other)?;
        }
        let count = bytes.len().min(self.part - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl FileWriter for ObjectWriter {
    fn close(mut self: Box<Self>) -> Result<()> {
        let failed = self.backend.error_while("write to");
        if self.upload.is_none() {
            let payload = Bytes::from(std::mem::take(&mut self.buffer)).into();
            return self.task.wait(self.backend.store.put(&self.key, payload))?.map(drop).map_err(failed);
        }
        self.send_part()?;
        let Some(upload) = &mut self.upload else { return Ok(()) };
        self.task.wait(upload.complete())?.map_err(failed)?;
        self.upload = None;
        Ok(())
    }
}

impl Drop for ObjectWriter {
    fn drop(&mut self) {
        if let Some(upload) = &mut self.upload {
            let abort = upload.abort();
            soon(CLEANING, async { drop(abort.await) });
        }
    }
}
