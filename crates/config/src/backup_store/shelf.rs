//! What a store can do, whatever it is made of: files under the name of a backup, which is there once its manifest is.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::Path;

use super::errand::Errand;
use super::id::BackupId;
use martydb_model::error::Result;

/// Bytes of a file that is read as a whole: manifest, sums and notes.
pub const SMALL: u64 = 64 * 1024 * 1024;

/// What lies at the top of a store.
#[derive(Debug, Default)]
pub struct Top {
    /// Names of backups, whole or not.
    pub backups: Vec<BackupId>,
    /// Everything else.
    pub others: Vec<String>,
}

pub trait Shelf: Send + Sync {
    /// For people: the folder or the bucket.
    fn place(&self) -> String;
    /// The folder of the store on this machine, if it is one.
    fn folder(&self) -> Option<&Path>;
    /// Makes the store where it is not there yet and can be made.
    fn prepare(&self) -> Result<()>;
    fn top(&self, errand: &Errand) -> Result<Top>;
    /// Every file of a backup, by path, with its size.
    ///
    /// # Errors
    /// [`martydb_model::error::Kind::Operation`] for what is no plain file.
    fn files(&self, errand: &Errand, id: &BackupId) -> Result<BTreeMap<String, u64>>;
    /// A file of at most [`SMALL`] bytes; `None` if it is not there.
    fn small(&self, errand: &Errand, id: &BackupId, path: &str) -> Result<Option<Vec<u8>>>;
    /// A file of that size; more of it need not be read.
    fn open(&self, errand: &Errand, id: &BackupId, path: &str, size: u64) -> Result<Box<dyn Read + Send>>;
    /// Begins a backup that is not there before it is published.
    fn begin(&self, errand: &Errand, id: &BackupId) -> Result<Box<dyn Incoming>>;
    /// Writes or replaces a small file beside the manifest.
    fn note(&self, errand: &Errand, id: &BackupId, path: &str, text: &[u8]) -> Result<()>;
    /// From its first moment on, the backup is not there any more.
    fn remove(&self, errand: &Errand, id: &BackupId) -> Result<()>;
    /// Removes what dead runs have left.
    fn sweep(&self, errand: &Errand) -> Result<()>;
}

/// A backup on its way into a store. Dropped, it leaves nothing.
pub trait Incoming: Send + Sync {
    /// A new file of about that size.
    fn create(&self, errand: &Errand, path: &str, size: u64) -> Result<Box<dyn FileInlet>>;
    /// The manifest comes last.
    fn publish(self: Box<Self>, errand: &Errand, manifest: &[u8]) -> Result<()>;
}

/// A file on its way into a store. It is there only once it is closed.
pub trait FileInlet: Write + Send {
    fn close(self: Box<Self>) -> Result<()>;
}
