//! Interface of a store, whatever its medium: files under the name of a backup, which exists once its manifest does.

#[cfg(feature = "object-storage")]
pub(crate) mod bucket;
#[cfg(feature = "object-storage")]
pub(crate) mod connect;
#[cfg(not(feature = "object-storage"))]
#[path = "backend/no_connect.rs"]
pub(crate) mod connect;
#[cfg(feature = "object-storage")]
pub(crate) mod errors;
pub(crate) mod folder;
pub(crate) mod mirror;
#[cfg(feature = "object-storage")]
pub(crate) mod requests;
pub(crate) mod timeouts;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::path::Path;

use super::blocking_task::BlockingTask;
use super::id::BackupId;
use martydb_model::error::Result;

/// Maximum size of a file that is read as a whole, in bytes: manifest, sums and notes.
pub(crate) const SMALL: u64 = 64 * 1024 * 1024;

/// Top level of a store.
#[derive(Debug, Default)]
pub(crate) struct TopLevel {
    /// Names of backups, complete or not.
    pub backups: Vec<BackupId>,
    /// All other names.
    pub others: Vec<String>,
}

pub(crate) trait Backend: Send + Sync {
    /// Returns the folder or the bucket, for people.
    fn place(&self) -> String;
    /// Returns the folder of the store on this machine, if it is one.
    fn folder(&self) -> Option<&Path>;
    /// Creates the store if it does not exist and can be created.
    fn prepare(&self) -> Result<()>;
    fn top(&self, task: &BlockingTask) -> Result<TopLevel>;
    /// Returns every file of a backup, by path, with its size.
    ///
    /// # Errors
    /// [`martydb_model::error::Kind::Operation`] if there is anything but regular files.
    fn files(&self, task: &BlockingTask, id: &BackupId) -> Result<BTreeMap<String, u64>>;
    /// Reads a file of at most [`SMALL`] bytes; `None` if it does not exist.
    fn small(&self, task: &BlockingTask, id: &BackupId, path: &str) -> Result<Option<Vec<u8>>>;
    /// Opens a file of that size; more of it need not be read.
    fn open(&self, task: &BlockingTask, id: &BackupId, path: &str, size: u64)
    -> Result<Box<dyn Read + Send>>;
    /// Begins a backup, which does not exist before it is published.
    fn begin(&self, task: &BlockingTask, id: &BackupId) -> Result<Box<dyn BackupUpload>>;
    /// Writes or replaces a small file beside the manifest.
    fn note(&self, task: &BlockingTask, id: &BackupId, path: &str, text: &[u8]) -> Result<()>;
    /// Removes a backup. From the first step on it is not a backup any more.
    fn remove(&self, task: &BlockingTask, id: &BackupId) -> Result<()>;
    /// Removes what dead runs have left.
    fn sweep(&self, task: &BlockingTask) -> Result<()>;
}

/// A backup on its way into a store. Dropped, it leaves nothing.
pub(crate) trait BackupUpload: Send + Sync {
    /// Creates a file of about that size.
    fn create(&self, task: &BlockingTask, path: &str, size: u64) -> Result<Box<dyn FileWriter>>;
    /// Writes the manifest, which comes last.
    fn publish(self: Box<Self>, task: &BlockingTask, manifest: &[u8]) -> Result<()>;
}

/// A file on its way into a store. It exists only once it is closed.
pub(crate) trait FileWriter: Write + Send {
    fn close(self: Box<Self>) -> Result<()>;
}
