//! Errors about a damaged backup, and about reading and writing one.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;

use super::id::BackupId;
use super::manifest::{BackupManifest, MANIFEST};
use super::stream_error::StreamError;
use super::sums;
use super::verified;
use martydb_model::error::{Error, Result};

pub(crate) fn damaged(id: &BackupId, why: impl fmt::Display) -> Error {
    Error::operation(format!("the backup {id} is damaged, and nothing was restored from it"))
        .cause(why)
        .hint("use another one: `martydb backup list` shows them")
}

pub(crate) fn absent(id: &BackupId, place: &str) -> Error {
    Error::usage(format!("there is no backup {id} in {place}"))
        .hint("`martydb backup list` shows the existing ones")
}

/// Checks that a store contains the files of a manifest and no others. Compares names and sizes, not contents.
pub(crate) fn same_files(manifest: &BackupManifest, found: &BTreeMap<String, u64>) -> Result<(), String> {
    let sums = manifest.encryption.stored_name(sums::NAME);
    for file in &manifest.files {
        match found.get(&file.path) {
            None => return Err(format!("{} is missing", file.path)),
            Some(size) if *size != file.size => {
                return Err(format!("{} has {size} bytes instead of {}", file.path, file.size));
            }
            Some(_) => {}
        }
    }
    if !found.contains_key(&sums) {
        return Err(format!("{sums} is missing"));
    }
    let ours = |path: &str| [MANIFEST, sums.as_str(), verified::NAME].contains(&path);
    let named: BTreeSet<&str> = manifest.files.iter().map(|file| file.path.as_str()).collect();
    match found.keys().find(|path| !ours(path) && !named.contains(path.as_str())) {
        Some(extra) => Err(format!("{extra} does not belong to it")),
        None => Ok(()),
    }
}

/// Returns our own error that passed through a reader or a writer, or the result of `otherwise` for a system's error.
pub(crate) fn of_io(error: io::Error, otherwise: impl FnOnce(io::Error) -> Error) -> Error {
    match error.downcast::<Error>() {
        Ok(ours) => ours,
        Err(error) => otherwise(error),
    }
}

/// Returns the error for a file that was not read completely.
pub(crate) fn of_stream(
    id: &BackupId,
    path: &str,
    error: StreamError,
    with_identity: bool,
    unwritten: impl FnOnce(io::Error) -> Error,
) -> Error {
    match error {
        StreamError::Read(error) => of_io(error, |error| {
            Error::operation(format!("cannot read {path} of the backup {id}")).cause(error)
        }),
        StreamError::Write(error) => of_io(error, unwritten),
        StreamError::Closed if with_identity => Error::usage(format!("no identity opens the backup {id}"))
            .cause("it is encrypted for others, or damaged")
            .hint("MARTYDB_BACKUP_IDENTITY names the file with the identity of one of its recipients"),
        StreamError::Closed => {
            Error::usage(format!("the backup {id} is encrypted, and no identity was given"))
                .hint("MARTYDB_BACKUP_IDENTITY names the file with the identity of one of its recipients")
        }
        StreamError::Damaged => damaged(id, format!("{path} is not a valid age file")),
    }
}

/// Returns the error for a file that was not written completely.
pub(crate) fn of_write(path: &str, error: StreamError) -> Error {
    let doing = |verb: &str, error: io::Error| {
        of_io(error, |error| Error::operation(format!("cannot {verb} {path} of the backup")).cause(error))
    };
    match error {
        StreamError::Read(error) => doing("read", error),
        StreamError::Write(error) => doing("write", error),
        StreamError::Closed | StreamError::Damaged => {
            Error::operation(format!("cannot encrypt {path} of the backup"))
        }
    }
}
