//! Where backups are kept: in a folder or in object storage, encrypted or not, and how long. What is in a backup is not
//! this room's business: it takes a folder of files and gives the same files back, or an error.
//!
//! A backup is listed once it is whole, and comes back only if every byte of it is as it was: `manifest.json` has the
//! size and the SHA-256 of every stored file in order, and the sums, encrypted like the files, that of the manifest and of every
//! file as it was before encryption.

mod bucket;
mod check;
mod cipher;
mod connect;
mod digest;
mod errand;
mod fetch;
mod folder;
mod id;
mod keep;
mod manifest;
mod parallel;
mod path;
mod refusal;
mod repository;
mod shelf;
mod staging;
mod summary;
mod sums;
mod verified;
mod workspace;

pub use cipher::{Identities, recipient};
pub use connect::Patience;
pub use fetch::ReturnedBackup;
pub use id::BackupId;
pub use keep::{KeepRule, Retainable, staying};
pub use manifest::{BackupHeader, BackupManifest, Encryption, StoredFile, json_schema};
pub use repository::{Listed, Listing, Repository};
pub use staging::Staging;
pub use summary::BackupSummary;
pub use workspace::Workspace;

#[cfg(test)]
mod tests;
