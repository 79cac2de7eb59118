//! Storage of backups in a folder or in object storage, with encryption and retention. The contents are opaque here: a
//! folder of files is stored, and the same files are returned, or an error.
//!
//! A backup is listed once it is complete, and is returned only if every byte is unchanged: `manifest.json` has the size and
//! the SHA-256 of every stored file in order. The sums, encrypted like the files, have that of the manifest and of every file
//! before encryption.

mod backend;
mod blocking_task;
mod check;
mod cipher;
mod fetch;
mod id;
mod manifest;
mod parallel;
mod path;
mod repository;
mod retention;
mod staging;
mod stores;
mod stream_error;
mod summary;
mod sums;
mod verified;
mod workspace;

pub use backend::timeouts::RequestTimeouts;
pub use cipher::Identities;
pub use fetch::ReturnedBackup;
pub use id::BackupId;
pub use manifest::{BackupHeader, BackupManifest, Encryption, StoredFile, json_schema};
pub use repository::{ListedBackup, Listing, Repository};
pub use retention::{Retainable, RetentionRule, retained};
pub use staging::{Staging, StoredBackup};
pub use stores::{BackupHolder, Stores};
pub use summary::{BackupSummary, StoreSummary};
pub use workspace::Workspace;

#[cfg(feature = "encryption")]
#[cfg(test)]
mod tests;
